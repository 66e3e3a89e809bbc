"""A site's time zone, by whatever name it is given."""

from __future__ import annotations

import re
from datetime import timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

from camkit.errors import TimestampError

__all__ = ["as_zone"]


def as_zone(zone: str | tzinfo | None) -> tzinfo | None:
    """Take a time zone by its IANA name, by a fixed offset such as ``UTC-06:00``, or as it is.

    Raises
    ------
    TimestampError
        If there is no zone of that name.
    """
    if zone is None or isinstance(zone, tzinfo):
        return zone
    if not isinstance(zone, str):
        raise TimestampError(f"{zone!r} is no time zone: give an IANA name such as 'America/Denver'.")
    if fixed := re.fullmatch(r"(?:UTC)?([+-])(\d\d):?(\d\d)", zone):
        minutes = int(fixed[2]) * 60 + int(fixed[3])
        if minutes < 24 * 60:
            return timezone(timedelta(minutes=minutes if fixed[1] == "+" else -minutes))
    try:
        return ZoneInfo(zone)
    except (KeyError, ValueError, OSError) as error:  # OSError: the name of a folder, such as "America"
        raise TimestampError(
            f"There is no time zone {zone!r}: give an IANA name such as 'America/Denver'."
        ) from error
