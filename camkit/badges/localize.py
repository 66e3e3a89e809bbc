"""Place local times in UTC: by the zone that a column's heading names, and around clock changes."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, timedelta, timezone, tzinfo

import numpy as np
import pandas as pd

from camkit.badges.zone_letters import MINUTES_EAST, OF_UTC

NAME = re.compile(r"(?:UTC|GMT|(?<![a-z])(?:utc|gmt))(?![a-z])")

DENIED = re.compile(r"(?<![a-z])(?:not|no|non|from|vs|versus)(?:[\W_]+in)?[\W_]+$", re.IGNORECASE)
"""What precedes the name where the times are in another zone, as in "local, not UTC" or "converted from UTC"."""

OFFSET = re.compile(
    r"[\s(]*(?P<sign>[+\-−–±])\s*(?P<hours>\d{1,2})(?::?(?P<minutes>\d\d))?(?!\d|[.,:]\d|[¼½¾]|\s*/)"
)

LIKE_OFFSET = re.compile(r"[^\w,;)\]]*\d|[^\w;)\]]*[+\-−–±]\s*\d|\W*(?:plus|minus|offset)\b", re.IGNORECASE)
"""What may be an offset in a form that is not read, as in "UTC+5.5" or "UTC, -6"."""

UNDECIDED, FIRST, SECOND = range(3)
"""In which pass of an hour that a clock change repeats a time is."""

OFTEN = 10
"""Rows that go back in fewer than one in so many days came late; in more days, they are sorted by something else."""

ZERO = np.timedelta64(0)

SortedBy = Callable[[np.ndarray], list[np.ndarray]]

MAX_OFFSET = 14 * 60
"""The largest offset from UTC in use, minutes."""

WORD = re.compile(r"[^\W\d_]+")

HUMP = re.compile(r"(?<=[a-zà-ÿ])(?=[A-Z])")
"""Where one word ends and the next begins in "LocalTimeUTC"."""

# Words of the languages seen in exports; the lists are not complete. A word missing from the first list makes local
# times UTC; a word missing from the last one leaves a doubt, which is reported.
DOUBTFUL_WORDS = frozenset(
    "local locale locally lokal lokale lokaler lokalzeit localtime ortszeit standard daylight summer winter "
    "sommerzeit winterzeit sommer verano invierno peninsular été hiver legale solare "
    "london dublin lisbon edinburgh british irish".split()
)
"""Beside UTC or GMT they mean local time: what Windows calls "GMT Daylight Time" is an hour from GMT."""

OTHER_ZONES = frozenset(MINUTES_EAST) - OF_UTC
"""Abbreviations of other zones, as in "GMT/BST"."""

OTHER_ZONE_NAME = re.compile(
    r"\b(?:eastern|central|mountain|pacific|atlantic|alaskan?|hawaiian?|european)\s+time\b"
    r"|\b(?:africa|america|antarctica|arctic|asia|atlantic|australia|europe|indian|pacific)/[a-z]",
    re.IGNORECASE,
)
"""Names of other zones, such as "Pacific Time" and "Europe/Berlin"."""

WORDS_BESIDE_OFFSET = frozenset(
    "utc gmt z ms h hr hrs hour hours s sec "
    "event badge swipe access card reader door log entry record message transaction "
    "date time datetime timestamp stamp when occurred created received at of on in the and "
    "zeit datum uhrzeit zeitpunkt zeitstempel ereignis und um "
    "fecha hora evento del de y heure événement du data ora e tijd tijdstip en tid dato klokkeslett og och".split()
)
"""What may be beside an offset that is the same all year round. A place or a zone may not: what Windows calls
"(UTC-07:00) Mountain Time" is at UTC-06:00 in summer."""


def zone_in_heading(heading: str) -> timezone | None:
    """Return the offset that a column's heading names, as in "Time (UTC+02:00)"; None where it is not clear."""
    words = WORD.findall(HUMP.sub(" ", heading))
    plain = {word.lower() for word in words}
    if DOUBTFUL_WORDS & plain or OTHER_ZONES.intersection(words) or OTHER_ZONE_NAME.search(heading):
        return None
    names = [*NAME.finditer(heading)]
    offsets = {_offset_at(heading, name) for name in names}
    if any(OFFSET.match(heading, name.end()) for name in names) and not plain <= WORDS_BESIDE_OFFSET:
        return None
    return offsets.pop() if len(offsets) == 1 else None


def leaves_doubt(heading: str) -> bool:
    """Whether a column's heading names UTC, but does not clearly name the zone of its times."""
    names = [name for name in NAME.finditer(heading) if not DENIED.search(heading[: name.start()])]
    return bool(names) and zone_in_heading(heading) is None


def _offset_at(heading: str, name: re.Match[str]) -> timezone | None:
    """The offset given where the heading names UTC; None where it denies it, or goes on in a form that is not read."""
    if DENIED.search(heading[: name.start()]):
        return None
    offset = OFFSET.match(heading, name.end())
    if offset is None:
        return None if LIKE_OFFSET.match(heading, name.end()) else UTC
    hours, minutes = int(offset["hours"]), int(offset["minutes"] or 0)
    total = hours * 60 + minutes
    if minutes > 59 or total > MAX_OFFSET or (offset["sign"] == "±" and total):
        return None
    return timezone(timedelta(minutes=total if offset["sign"] == "+" else -total))


def localize(
    wall: np.ndarray, zone: tzinfo, sorted_by: SortedBy
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Place local times, datetime64[us] in the file's order, in UTC.

    `sorted_by` returns the columns that the rows may be sorted by, rather than by time: of the rows at these positions
    a number for each different value. It is called only if an hour is repeated. The second array returned is whether a
    clock change skips the time, the third whether one repeats it and the order of the file does not show in which pass
    it is.
    """
    skipped, repeated = np.zeros(len(wall), bool), np.zeros(len(wall), bool)
    if len(wall) == 0:
        return wall, skipped, repeated
    offset, near_change = _offsets_by_day(wall, zone)
    utc = wall - offset
    rows = np.flatnonzero(near_change)
    if not len(rows):
        return utc, skipped, repeated
    index = pd.DatetimeIndex(wall[rows])
    later = index.tz_localize(zone, ambiguous=np.zeros(len(rows), bool), nonexistent="NaT")
    earlier = index.tz_localize(zone, ambiguous=np.ones(len(rows), bool), nonexistent="NaT")
    skipped[rows] = later.isna()
    repeated[rows] = np.asarray(later != earlier) & ~skipped[rows]
    utc[rows] = _naive_utc(later)
    if not repeated.any():
        return utc, skipped, repeated
    passes = _passes(wall, repeated, sorted_by)
    first = passes[rows] == FIRST
    utc[rows[first]] = _naive_utc(earlier)[first]
    return utc, skipped, repeated & (passes == UNDECIDED)


def utc_offset(utc: np.ndarray, zone: tzinfo) -> np.ndarray:
    """Return how far the zone is ahead of UTC at each of these moments, timedelta64[us]."""
    index = pd.DatetimeIndex(utc).tz_localize("UTC").tz_convert(zone)
    return index.tz_localize(None).to_numpy() - utc


def _offsets_by_day(wall: np.ndarray, zone: tzinfo) -> tuple[np.ndarray, np.ndarray]:
    """How far the zone is ahead of UTC on the day of each local time, and whether it may change around that day."""
    day = wall.astype("datetime64[D]")
    first = day.min()
    days = np.arange(first - 1, day.max() + 3)
    offsets = utc_offset(days.astype("datetime64[us]"), zone)
    # A local day is within the UTC day before and the one after it.
    changes = (
        (offsets[:-3] != offsets[1:-2]) | (offsets[1:-2] != offsets[2:-1]) | (offsets[2:-1] != offsets[3:])
    )
    position = (day - first).astype(int)
    return offsets[position + 1], changes[position]


def _passes(wall: np.ndarray, repeated: np.ndarray, sorted_by: SortedBy) -> np.ndarray:
    """Find the pass of each repeated local time, where the rows of that night, and of the days beside it, show it.

    Rows in order of time go back once in that hour. But so may those of a file that is sorted by reader, say, where one
    reader follows another: there, each reader's own rows must prove it.
    """
    passes = np.full(len(wall), UNDECIDED)
    day = wall.astype("datetime64[D]").astype(int)
    nights = np.unique(day[repeated])
    near = np.flatnonzero(np.isin(day, np.concatenate([nights - 1, nights, nights + 1])))
    columns = sorted_by(near)
    borders = _borders(wall[near], columns)
    if len(borders):  # sorted there, but perhaps by chance: then the rest of the file is not
        whole = sorted_by(np.arange(len(wall)))
        kept = [
            column
            for column, all_of_it in zip(columns, whole, strict=True)
            if len(_borders(wall, [all_of_it]))
        ]
        borders = _borders(wall[near], kept)
    if len(borders):
        waiting = np.split(np.arange(len(near)), borders)
    else:
        waiting, columns = [np.arange(len(near))], []
    while waiting:
        rows = waiting.pop()
        at = near[rows]
        if not repeated[at].any():
            continue
        borders = _borders(wall[at], [column[rows] for column in columns])
        if len(borders):
            waiting += np.split(rows, borders)
        else:
            passes[at] = _passes_in_order(wall[at], repeated[at], at)
    if (passes != UNDECIDED).any() and _goes_back_within_days(np.delete(wall, near), np.delete(day, near)):
        passes[:] = UNDECIDED
    return passes


def _borders(wall: np.ndarray, columns: list[np.ndarray]) -> np.ndarray:
    """Where one value follows another within a day, in columns by which each day's rows may be sorted.

    They may be if no value returns on the same day. If each row has a value of its own, that proves nothing.
    """
    day = wall.astype("datetime64[D]").astype("int64")
    borders = np.zeros(max(len(wall) - 1, 0), dtype=bool)
    for column in columns:
        stretch = day * (column.max(initial=0) + 1) + column
        changes = stretch[1:] != stretch[:-1]
        if changes.sum() + 1 == len(pd.unique(stretch)) < len(wall):
            borders |= changes & (day[1:] == day[:-1])
    return np.flatnonzero(borders) + 1


def _passes_in_order(wall: np.ndarray, repeated: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Find the passes in each stretch of rows that follow each other in the file."""
    stretches = np.split(np.arange(len(wall)), np.flatnonzero(np.diff(positions) > 1) + 1)
    return np.concatenate([_passes_of_night(wall[rows], repeated[rows]) for rows in stretches])


def _goes_back_within_days(wall: np.ndarray, day: np.ndarray) -> bool:
    """Whether rows go back, and go on, within one day on more than a tenth of the days.

    A row elsewhere that came late proves nothing about the night of a clock change. But rows that often go back may be
    sorted by something else each day, and the step back in that night may be such a step.
    """
    if len(day) == 0:
        return False
    days, steps = day[1:] - day.min(), np.diff(wall)
    steps[days != day[:-1] - day.min()] = ZERO
    counts = [int(np.count_nonzero(np.bincount(days[way]))) for way in (steps < ZERO, steps > ZERO)]
    return OFTEN * min(counts) > max(counts)  # the file's own order is the larger one


def _passes_of_night(wall: np.ndarray, repeated: np.ndarray) -> np.ndarray:
    """Find the passes in rows that follow each other, if they are in order of time apart from one step back."""
    passes = np.full(len(wall), UNDECIDED)
    steps = np.diff(wall)
    elsewhere = steps[~(repeated[1:] & repeated[:-1])]
    if (elsewhere <= ZERO).all() and (elsewhere < ZERO).any():  # newest first
        return _passes_of_night(wall[::-1], repeated[::-1])[::-1]
    if not ((elsewhere >= ZERO).all() and (elsewhere > ZERO).any()):
        return passes
    rows = np.flatnonzero(repeated)
    for run in np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1):
        back = np.flatnonzero(np.diff(wall[run]) < ZERO)
        if len(back) == 1:
            passes[run[: back[0] + 1]] = FIRST
            passes[run[back[0] + 1 :]] = SECOND
    return passes


def _naive_utc(index: pd.DatetimeIndex) -> np.ndarray:
    return index.tz_convert("UTC").tz_localize(None).to_numpy(copy=True)
