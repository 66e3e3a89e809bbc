"""How Eagle Eye writes times, as files are named by them, and ids.

Source: EENCloud/api-docs.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime

from camkit.errors import BadResponse, InputError
from camkit.support.timezones import aware

ID = re.compile(r"[0-9a-fA-F]{8}")
_TIME = re.compile(r"[0-9]{14}\.[0-9]{3}")
_YEARS = "1970", "2261"
"""Earlier is a clock that was never set; later does not fit into the nanoseconds of pandas."""


def een_time(at: datetime) -> str:
    """Write a time as the vendor does; raise `TimestampError` if it has no zone.

    Examples
    --------
    >>> from datetime import UTC
    >>> een_time(datetime(2019, 4, 12, 20, 45, 0, 65_000, tzinfo=UTC))
    '20190412204500.065'
    """
    at = aware(at)
    return f"{at:%Y%m%d%H%M%S}.{at.microsecond // 1000:03d}"


def parse_een_time(text: str) -> datetime:
    """Read a time as the vendor writes it, UTC-aware; raise `BadResponse` if it is not such a time, or out of range."""
    first, last = _YEARS
    if _TIME.fullmatch(text) and first <= text[:4] <= last:
        with suppress(ValueError):
            return datetime.fromisoformat(f"{text[:8]}T{text[8:]}+00:00")
    raise BadResponse(
        f"Eagle Eye sent {text[:40]!r} instead of a time YYYYMMDDhhmmss.mmm of the years {first} to {last}."
    )


def require_camera_id(camera_id: str) -> None:
    """Raise `InputError` unless this is an Eagle Eye id: eight hexadecimal digits."""
    if not isinstance(camera_id, str) or not ID.fullmatch(camera_id):
        raise InputError(
            f"{camera_id!r} is not an Eagle Eye camera id (eight hexadecimal digits): notebook 03 lists them."
        )
