"""Place local times in UTC, also around clock changes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo

import numpy as np
import pandas as pd

UNDECIDED, FIRST, SECOND = range(3)
"""In which pass of an hour that a clock change repeats a time is."""

OFTEN = 10
"""Rows that go back in fewer than one in so many days came late; in more days, they are sorted by something else."""

ZERO = np.timedelta64(0)

SortedBy = Callable[[np.ndarray], list[np.ndarray]]


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
