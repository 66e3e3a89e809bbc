"""How API v3 writes times.

Source: EENCloud/VMS-Developer-Portal: ISO 8601 with an offset; ``Z`` is refused in requests.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

from camkit.errors import BadResponse
from camkit.support.timezones import aware

YEARS = range(1970, 2262)
"""Earlier is a clock that was never set; later does not fit into the nanoseconds of pandas."""


def iso_time(at: datetime) -> str:
    """Write a time as requests have to; raise `TimestampError` if it has no zone.

    Examples
    --------
    >>> iso_time(datetime(2019, 4, 12, 20, 45, 0, 65_000, tzinfo=UTC))
    '2019-04-12T20:45:00.065+00:00'
    """
    return aware(at).astimezone(UTC).isoformat(timespec="milliseconds")


def parse_iso_time(text: object) -> datetime:
    """Read a time of an answer, UTC-aware, to the millisecond; raise `BadResponse` if it is not one."""
    if isinstance(text, str):
        with suppress(ValueError, OverflowError):
            at = datetime.fromisoformat(text.strip())
            if at.tzinfo is not None and (at := at.astimezone(UTC)).year in YEARS:
                return at.replace(microsecond=at.microsecond // 1000 * 1000)
    raise BadResponse(
        f"Eagle Eye sent {str(text)[:40]!r} instead of a time such as 2019-04-12T20:45:00.065+00:00."
    )
