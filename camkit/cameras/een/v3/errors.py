"""What API v3 says when it refuses.

Source: EENCloud/VMS-Developer-Portal, ``Open API Specifications``, ``ApiV3Error``; its guide shows the same without
``details``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from camkit.errors import BadResponse, NotFound
from camkit.http import Meanings, Reply, raise_for_status, scrub_text

LONGEST_BYTES = 64 * 1024
"""A longer body is not an error of the vendor's, and is not read."""

_CAMERAS = ("camera", "cameras", "device", "devices")
_UNKNOWN: Meanings = {404: (NotFound, "no camera of this account has this id")}


def raise_for_answer(reply: Reply, doing: str, meanings: Meanings | None = None) -> None:
    """Raise the exception for an unsuccessful answer, with the vendor's words; return if it is a success.

    As `camkit.http.raise_for_status`. A 404 that names a camera is a `NotFound`, whatever `meanings` says: the
    camera is missing, and not its picture.
    """
    if reply.ok:
        return
    error = _error_in(reply)
    if reply.status == 404 and any(detail.get("resource") in _CAMERAS for detail in _details(error)):
        meanings = _UNKNOWN
    raise_for_status(replace(reply, content=_words(error).encode() or reply.content), doing, meanings)


def raise_for_refusal(reply: Reply, doing: str, meanings: Meanings) -> None:
    """Raise the exception for an unsuccessful answer of the login host; return if it is a success.

    Only what OAuth calls the error is shown (RFC 6749, 5.2): beside it may be anything, such as new tokens.
    """
    if reply.ok:
        return
    error = {name: value for name, value in _error_in(reply).items() if isinstance(value, str)}
    said = ": ".join(error.pop(name) for name in ("error", "error_description") if name in error)
    raise_for_status(replace(reply, content=scrub_text(said, error.values())[:200].encode()), doing, meanings)


def _error_in(reply: Reply) -> dict[str, Any]:
    if len(reply.content) > LONGEST_BYTES:
        return {}
    try:
        found = reply.json()
    except BadResponse:
        return {}
    return found if isinstance(found, dict) else {}


def _details(error: dict[str, Any]) -> Iterator[dict[str, Any]]:
    details = error.get("details")
    return (detail for detail in (details if isinstance(details, list) else []) if isinstance(detail, dict))


def _words(error: dict[str, Any]) -> str:
    """The message and the reasons as one line; empty if there are none."""
    reasons = [detail.get("reason") for detail in _details(error)] or [error.get("status")]
    named = ", ".join(reason for reason in reasons[:3] if isinstance(reason, str))
    message = error.get("message")
    said = message if isinstance(message, str) else ""
    return f"{said[:200]} ({named[:80]})" if said and named else said[:200] or named[:80]
