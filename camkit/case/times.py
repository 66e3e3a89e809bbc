"""Times and zones as the database holds them: text."""

from __future__ import annotations

from datetime import UTC, datetime, timezone, tzinfo

from camkit.errors import TimestampError
from camkit.support.timezones import as_zone


def utc_text(moment: datetime) -> str:
    """Write a moment in UTC, ISO 8601 with microseconds.

    Raises
    ------
    TimestampError
        If the moment has no zone.

    Examples
    --------
    >>> from datetime import timezone, timedelta
    >>> utc_text(datetime(2019, 4, 12, 14, 20, 29, tzinfo=timezone(timedelta(hours=-6))))
    '2019-04-12T20:20:29.000000Z'
    """
    if moment.tzinfo is None:
        raise TimestampError(f"The time {moment} does not have a zone; give an aware one.")
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def now_text() -> str:
    """Return the present time, by this machine's clock."""
    return utc_text(datetime.now(UTC))


def zone_text(zone: tzinfo) -> str:
    """Name a zone so that `zone_from_text` finds it: its IANA name, or its offset, as in ``UTC-06:00``.

    Raises
    ------
    TimestampError
        If the zone has neither.
    """
    if isinstance(zone, timezone):  # by its offset: its name may be anything
        return str(timezone(zone.utcoffset(None)))
    try:
        zone_from_text(str(zone))
    except (TimestampError, ValueError):
        raise TimestampError(
            f"The time zone {zone!r} cannot be kept: give an IANA name such as 'America/Denver', or an offset "
            "such as 'UTC-06:00'."
        ) from None
    return str(zone)


def zone_from_text(text: str) -> tzinfo:
    """Return the zone that `zone_text` named."""
    if text.startswith("UTC") and len(text) > len("UTC"):
        return datetime.strptime(text.removeprefix("UTC"), "%z").tzinfo or UTC
    return as_zone(text) or UTC
