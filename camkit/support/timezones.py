"""A time zone from its name, an offset, or an object."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from camkit.errors import TimestampError

__all__ = ["as_zone", "aware"]


def as_zone(zone: str | tzinfo | None) -> tzinfo | None:
    """Return the time zone with an IANA name or a fixed offset such as ``UTC-06:00``; anything else as it is.

    Raises
    ------
    TimestampError
        If it is not a time zone, or not the name of one.
    """
    if zone is None or isinstance(zone, tzinfo):
        return zone
    if not isinstance(zone, str):
        raise TimestampError(
            f"{zone!r} is not a time zone: write a region and a city, such as 'America/Denver'."
        )
    if fixed := re.fullmatch(r"(?:UTC)?([+-])(\d\d):?(\d\d)", zone):
        minutes = int(fixed[2]) * 60 + int(fixed[3])
        if minutes < 24 * 60:
            return timezone(timedelta(minutes=minutes if fixed[1] == "+" else -minutes))
    try:
        return ZoneInfo(zone)
    except (KeyError, ValueError, OSError) as error:  # OSError: the name of a folder, such as "America"
        raise TimestampError(
            f"{zone!r} is not a known time zone: write a region and a city, such as 'America/Denver'."
        ) from error


def aware(at: datetime) -> datetime:
    """Return a moment in UTC.

    Raises
    ------
    TimestampError
        If it has no zone.
    """
    if at.tzinfo is None:
        raise TimestampError(
            f"The time {at} has no zone: add one, as in datetime(2019, 4, 12, 14, 20, tzinfo=UTC)."
        )
    return at.astimezone(UTC)
