"""Times and zones as the database holds them: text."""

from __future__ import annotations

from datetime import UTC, datetime, timezone, tzinfo

from camkit.errors import TimestampError
from camkit.support.timezones import as_zone


def utc_text(moment: datetime) -> str:
    """Write a moment in UTC, as in ``2019-04-12T20:20:29.000000Z``; `TimestampError` if it has no zone."""
    if moment.tzinfo is None:
        raise TimestampError(f"The time {moment} does not have a time zone; give it one.")
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def zone_text(zone: tzinfo) -> str:
    """Name a zone by its IANA name, or its offset, as in ``UTC-06:00``; `TimestampError` if it has neither."""
    # An offset is named by its value: its own name may be anything.
    text = str(timezone(zone.utcoffset(None)) if isinstance(zone, timezone) else zone)
    try:
        zone_from_text(text)
    except TimestampError:
        raise TimestampError(
            f"The time zone {zone!r} cannot be kept: give an IANA name such as 'America/Denver', or an offset "
            "such as 'UTC-06:00'."
        ) from None
    return text


def zone_from_text(text: str) -> tzinfo:
    """Return the zone that `zone_text` named; `TimestampError` if it is none."""
    if text.startswith("UTC") and len(text) > len("UTC"):
        try:
            return datetime.strptime(text.removeprefix("UTC"), "%z").tzinfo or UTC
        except ValueError:
            raise TimestampError(f"The time zone {text!r} is not known.") from None
    return as_zone(text) or UTC
