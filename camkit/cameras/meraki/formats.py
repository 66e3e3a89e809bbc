"""The format of Meraki's times, addresses, errors and lists.

Source: meraki/openapi, spec 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pandas as pd

from camkit.cameras.source import aware
from camkit.errors import BadResponse
from camkit.http import Address, Reply

DEVICE_COLUMNS = tuple("serial name model productType networkId address lanIp mac firmware".split())

ERRORS, ERROR_LENGTH = 5, 200
"""How many of the vendor's texts a message repeats, and how many characters of each."""


def errors_of(reply: Reply) -> list[str]:
    """The first texts of the vendor's ``errors`` array, if there is one, each as one short line."""
    try:
        found = reply.json()
    except BadResponse:
        return []
    errors = found.get("errors") if isinstance(found, dict) else None
    texts = [text for text in errors if isinstance(text, str)] if isinstance(errors, list) else []
    return [line for text in texts[:ERRORS] if (line := _line(text))]


def _line(text: str) -> str:
    """A text without line breaks and control characters, shortened."""
    seen = (letter for letter in text[: 5 * ERROR_LENGTH] if letter.isprintable() or letter.isspace())
    return " ".join("".join(seen).split())[:ERROR_LENGTH]


def link_of(reply: Reply) -> Address:
    """The address that an answer holds."""
    found = reply.json()
    url = found.get("url") if isinstance(found, dict) else None
    if not isinstance(url, str) or not url.startswith(("https://", "http://")):
        raise reply.bad("did not send an address")
    return Address(url)


def rows_of(reply: Reply) -> list[dict[str, Any]]:
    """The objects in the list that an answer holds."""
    found = reply.json()
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise reply.bad("did not send a list of objects")
    return found


def camera_path(camera_id: str, call: str) -> str:
    """The path of one of a camera's calls."""
    return f"/devices/{quote(camera_id, safe='')}/camera/{call}"


def iso_time(at: datetime) -> str:
    """A time as the vendor writes it, to the second."""
    return f"{aware(at).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def table_of(rows: list[dict[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    """Some of the vendor's fields as a table of text."""
    table = pd.DataFrame(rows)
    return table.reindex(columns=[*columns]).astype("string")
