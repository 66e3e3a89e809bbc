"""Read a request of API v3 and answer it: arguments, times, pages, errors.

Source: EENCloud/VMS-Developer-Portal, ``Open API Specifications``; error bodies as in its ``ApiV3Error``.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, NoReturn, TypeVar

from flask import Response, abort, jsonify, make_response, request

T = TypeVar("T")

PAGE_SIZES = range(1, 501)
PAGE_SIZE = 100
LARGEST = 10**11
"""Numbers in tokens: of an image, the largest that still has a date."""
NAMES = {
    400: "invalidArgument",
    401: "unauthenticated",
    403: "permissionDenied",
    404: "notFound",
    405: "methodNotSupported",
    429: "tooManyRequests",
    503: "unavailable",
}


def refuse(status: int, reason: str, message: str, *details: dict[str, Any]) -> NoReturn:
    """End the request with the vendor's error body."""
    abort(error(status, reason, message, *details))


def error(status: int, reason: str, message: str, *details: dict[str, Any]) -> Response:
    """The vendor's error body, with further details."""
    where = {"path": request.path, "method": request.method}
    info = {"type": "errorInfo", "reason": reason, "domain": "apiv3", "metadata": where}
    body = {"code": status, "status": NAMES[status], "message": message, "details": [info, *details]}
    return make_response(jsonify(body), status)


def refuse_argument(name: str, reason: str, description: str) -> NoReturn:
    """End the request because of one argument."""
    said = {
        "unexpectedArgument": "Unexpected argument",
        "missingRequiredArgument": "Missing required arguments",
    }
    violation = {"argumentName": name, "description": description}
    detail = {"type": "badRequest", "argumentViolations": [violation]}
    refuse(400, reason, f"{said.get(reason, 'Wrong argument value')}: {name}", detail)


def refuse_resource(resource: str, identity: str) -> NoReturn:
    """End the request because something with this id does not exist."""
    refuse(
        404,
        "resourceNotFound",
        "Resource not found",
        {"type": "resourceInfo", "resource": resource, "ids": [identity]},
    )


def arguments(known: Iterable[str], required: Iterable[str] = ()) -> dict[str, str]:
    """The query's arguments; those that are not known, come twice or are missing are refused."""
    found = request.args
    for name in found:
        if name not in known:
            refuse_argument(name, "unexpectedArgument", "this argument is not known here")
        if len(found.getlist(name)) > 1:
            refuse_argument(name, "wrongArgumentValue", "give it once")
    for name in required:
        if name not in found:
            refuse_argument(name, "missingRequiredArgument", "this argument is required")
    return found.to_dict()


def words(params: dict[str, str], name: str, allowed: Iterable[str] | None = None) -> list[str]:
    """The parts of an argument that is a list with commas; parts that are not allowed are refused."""
    parts = [part for part in params.get(name, "").split(",") if part]
    for part in parts:
        if allowed is not None and part not in allowed:
            refuse_argument(name, "wrongArgumentValue", f"{part!r} is not one of its values")
    return parts


def time_in(params: dict[str, str], name: str) -> datetime | None:
    """A time of the query; ``Z``, a missing offset and other texts are refused."""
    text = params.get(name)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
        if not text.endswith(("Z", "z")) and "T" in text and moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    refuse_argument(name, "wrongArgumentValue", "a time is written 2019-04-12T20:45:00.000+00:00")


def format_time(moment: datetime) -> str:
    """Write a time as the vendor does, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")


def token_of(*parts: object) -> str:
    """An opaque token."""
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def token_parts(text: str, kind: str, *types: type) -> list[Any]:
    """What a token of a kind holds after its kind: parts of these types, numbers to `LARGEST`; others are refused."""
    try:
        found = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        found = None
    if not isinstance(found, list) or [type(part) for part in found] != [str, *types] or found[0] != kind:
        refuse_argument("pageToken", "wrongArgumentValue", "this token is not known")
    if any(type(part) is int and not 0 <= part <= LARGEST for part in found):
        refuse_argument("pageToken", "wrongArgumentValue", "this token is not known")
    return found[1:]


class Pages:
    """Answers with pages of lists.

    Parameters
    ----------
    end : {"empty", "null", "absent"}
        How a last page says that there is no next one.
    """

    def __init__(self, end: str) -> None:
        self._end = end

    def answer(
        self, items: list[T], render: Callable[[T], Any], params: dict[str, str], total: int | None = None
    ) -> Response:
        """One page of `items`; a size out of range is clamped. Without a `total` the answer has none."""
        text = params.get("pageSize", str(PAGE_SIZE))
        try:
            size = min(max(int(text), PAGE_SIZES[0]), PAGE_SIZES[-1])
        except ValueError:
            refuse_argument("pageSize", "wrongArgumentValue", "a whole number is expected")
        start = 0
        if token := params.get("pageToken"):
            (start,) = token_parts(token, request.path, int)
        body = {
            **self._link("nextPageToken", start + size if start + size < len(items) else None),
            **self._link("prevPageToken", max(0, start - size) if start else None),
            "results": [render(item) for item in items[start : start + size]],
        }
        return jsonify(body if total is None else body | {"totalSize": total})

    def _link(self, name: str, start: int | None) -> dict[str, str | None]:
        if start is not None:
            return {name: token_of(request.path, start)}
        return {} if self._end == "absent" else {name: None if self._end == "null" else ""}
