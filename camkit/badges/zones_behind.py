"""Zones that stand behind a time, as letters or by name, and zones that say less than they seem to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo

import numpy as np

from camkit.badges.localize import localize, utc_offset
from camkit.badges.plausible import some_lines
from camkit.badges.timestamps import NO_OFFSET, Timestamps
from camkit.badges.zone_letters import MINUTES_EAST
from camkit.support.timezones import as_zone

MINUTE = np.timedelta64(1, "m")

WITHOUT_SUMMER_TIME = {
    "EST": "America/New_York",
    "MST": "America/Denver",
    "HST": "America/Adak",
    "GMT": "Europe/London",
}
"""Zones of the IANA database that stay at one offset, and the place whose clocks may have been meant."""


def place_zones(parsed: Timestamps, wall: np.ndarray, fine: np.ndarray, zone: tzinfo | None) -> np.ndarray:
    """Fill in, in place, the offsets of the times that a zone stands behind, and return where that was not possible.

    Letters that several zones have are those of the site's zone, where its clocks show them at that moment. A name's
    clock changes leave a time without an offset.
    """
    failed = np.zeros(len(wall), bool)
    for position, name in enumerate(parsed.zones):
        rows = np.flatnonzero(fine & (parsed.zone == position) & (parsed.offset == NO_OFFSET))
        if not len(rows):
            continue
        if "/" in name:
            offset, placed = _by_name(name, wall[rows])
        else:
            offset, placed = _by_letters(name, zone, wall[rows])
        parsed.offset[rows[placed]] = offset[placed]
        failed[rows[~placed]] = True
    return failed


def out_of_season(
    parsed: Timestamps, wall: np.ndarray, fine: np.ndarray, zone: tzinfo | None, lines: np.ndarray
) -> Iterator[str]:
    """Yield a sentence on letters that the site's clocks show in the other half of the year, as EST in July."""
    if zone is None:
        return
    for position, name in enumerate(parsed.zones):
        rows = np.flatnonzero(fine & (parsed.zone == position))
        known = MINUTES_EAST.get(name)
        if known is None or not len(rows) or known not in _shown(name, zone, wall[rows]):
            continue
        odd = rows[~_is_shown(wall[rows], known, zone)]
        if len(odd):
            yield (
                f"{some_lines(lines[odd])}: read in {name} as written, though the clocks in {zone} do not show it "
                "then: check whether these times are an hour off"
            )


def without_summer_time(utc: np.ndarray, zone: tzinfo | None) -> Iterator[str]:
    """Yield a sentence if times were placed by a zone without summer time whose name also stands for one with it."""
    meant = WITHOUT_SUMMER_TIME.get(str(zone))
    if meant is None or zone is None or not len(utc):
        return
    noons = np.unique(utc.astype("datetime64[D]")).astype("datetime64[us]") + np.timedelta64(12, "h")
    place = as_zone(meant)
    assert place is not None  # noqa: S101  (it is one of ours)
    if (utc_offset(noons, zone) != utc_offset(noons, place)).any():
        yield (
            f"times were read in {zone} as given, which does not have summer time: if the clocks at the site change, "
            f"pass a region and a city, such as timezone='{meant}'"
        )


def _by_name(name: str, wall: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The offsets, minutes, of times in a zone, and where they are certain."""
    zone = as_zone(name)
    assert zone is not None  # noqa: S101  (the form was read with it)
    utc, skipped, repeated = localize(wall, zone, lambda rows: [])
    return (wall - utc) // MINUTE, ~(skipped | repeated)


def _by_letters(letters: str, zone: tzinfo | None, wall: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The offsets, minutes, at which the clocks of a zone show these letters, and where they do at that moment."""
    offset, placed = np.zeros(len(wall), int), np.zeros(len(wall), bool)
    if zone is not None:
        for minutes in _shown(letters, zone, wall):
            fits = _is_shown(wall, minutes, zone)
            offset[fits] = minutes
            placed |= fits
    return offset, placed


def _shown(letters: str, zone: tzinfo, wall: np.ndarray) -> set[int]:
    """The offsets, minutes, at which the clocks of a zone show these letters in the years of these times."""
    years = range(
        wall.min().astype("datetime64[Y]").astype(int) + 1970,
        wall.max().astype("datetime64[Y]").astype(int) + 1971,
    )
    moments = (
        datetime(year, month, 1, tzinfo=UTC).astimezone(zone) for year in years for month in range(1, 13)
    )
    return {
        int((moment.utcoffset() or timedelta()) / timedelta(minutes=1))
        for moment in moments
        if (moment.tzname() or "").upper() == letters
    }


def _is_shown(wall: np.ndarray, minutes: int, zone: tzinfo) -> np.ndarray:
    """Whether the zone's clocks show these times, at this offset."""
    offset = minutes * MINUTE
    return utc_offset(wall - offset, zone) == offset
