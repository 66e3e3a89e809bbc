"""Read a column of times, in whatever form systems write them, into UTC."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta, timezone, tzinfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from camkit.badges.clocktext import ClockText
from camkit.badges.columns import holds, numbered
from camkit.badges.repeated import passes

YEARS = (1970, 2100)
"""First and last year, inclusive, that a badge event can have: outside them are null dates and misreadings."""

FINE, EMPTY, UNREADABLE, UNDECIDED, NO_SUCH_TIME, IMPLAUSIBLE, NO_ZONE, REPEATED, SKIPPED = range(9)
"""What became of each time."""

REASONS = {
    EMPTY: "there is no time",
    UNREADABLE: "not a date and time",
    UNDECIDED: "day or month may stand first; day_first= would tell",
    NO_SUCH_TIME: "there is no such date or time of day",
    IMPLAUSIBLE: f"not a year from {YEARS[0]} to {YEARS[1]}",
    NO_ZONE: "a time without an offset; timezone= would place it",
    REPEATED: "in the hour that a clock change repeats, and the file does not tell which time",
    SKIPPED: "in the hour that a clock change skips",
}


@dataclass(frozen=True)
class Times:
    """A column of times, placed.

    Attributes
    ----------
    utc : numpy.ndarray
        datetime64[us] in UTC, NaT where `problem` is not FINE.
    problem : numpy.ndarray
        int8, one of the codes above.
    offset : datetime.timezone or None
        The one offset from UTC that all the times carry, if they do.
    by_zone : bool
        Whether any was placed by the zone alone.
    """

    utc: np.ndarray
    problem: np.ndarray
    offset: timezone | None
    by_zone: bool = False


def read_times(
    text: pa.ChunkedArray,
    *,
    day_first: Callable[[ClockText], bool | None],
    minutes_east: np.ndarray | None = None,
    zone: tzinfo | None = None,
    sorted_by: Callable[[], list[pa.ChunkedArray]] = list,
) -> Times:
    """Place a column of texts in time.

    Parameters
    ----------
    text : pyarrow.ChunkedArray
        Trimmed text.
    day_first : callable
        Decides, from the whole column, how dates such as 01/05/2026 are meant; None if that is open. Asked only
        where it matters.
    minutes_east : numpy.ndarray, optional
        Minutes by which times without an offset are ahead of UTC, float64, NaN where unknown.
    zone : datetime.tzinfo, optional
        The zone of the times that have no offset in either way.
    sorted_by : callable
        Gives the columns that the rows may be sorted by, rather than by time. Asked only where it matters.
    """
    iso = _cast_iso(text)
    if iso is not None:
        return iso
    clock = ClockText.parse(text)
    matters = clock.order_matters()
    order = day_first(clock) if matters.any() else None
    wall, exists = clock.wall_time(bool(order))
    problem = np.full(len(wall), FINE, np.int8)
    problem[(clock.year < YEARS[0]) | (clock.year > YEARS[1])] = IMPLAUSIBLE
    problem[~exists] = NO_SUCH_TIME
    if order is None:
        problem[matters] = UNDECIDED
    problem[~clock.readable] = UNREADABLE
    problem[holds(text, "")] = EMPTY

    east = np.where(clock.has_offset, clock.offset, np.nan)
    if minutes_east is not None:
        east = np.where(np.isnan(east), minutes_east, east)
    fine = problem == FINE
    naive = np.isnan(east)
    if zone is None:
        problem[fine & naive] = NO_ZONE
        east[naive] = 0
    else:
        local = np.flatnonzero(fine & naive)
        east[naive] = 0
        placed, problem[local] = localize(
            wall[local], zone, lambda: [numbered(column)[local] for column in sorted_by()]
        )
        wall[local] = placed
    utc = wall - (east * 60_000_000).astype("timedelta64[us]")
    utc[problem != FINE] = np.datetime64("NaT")
    return Times(
        utc, problem, _only_offset(clock, fine), by_zone=zone is not None and bool((fine & naive).any())
    )


def localize(
    wall: np.ndarray, zone: tzinfo, sorted_by: Callable[[], list[np.ndarray]]
) -> tuple[np.ndarray, np.ndarray]:
    """Place local times, in the file's order, in UTC; give the code of each as well."""
    index = pd.DatetimeIndex(wall)
    later = index.tz_localize(zone, ambiguous=np.zeros(len(wall), bool), nonexistent="NaT")
    earlier = index.tz_localize(zone, ambiguous=np.ones(len(wall), bool), nonexistent="NaT")
    skipped = np.asarray(later.isna())
    repeated = np.asarray(later != earlier) & ~skipped
    utc, utc_earlier = (_naive_utc(it) for it in (later, earlier))
    problem = np.where(skipped, SKIPPED, FINE).astype(np.int8)
    if repeated.any():
        first, second = passes(wall, repeated, sorted_by())
        utc[first] = utc_earlier[first]
        problem[repeated & ~first & ~second] = REPEATED
    return utc, problem


def _cast_iso(text: pa.ChunkedArray) -> Times | None:
    """Read a column that is ISO 8601 with an offset throughout, the fast way, or give None."""
    # pyarrow reads "2019-04-12T14Z" too, which is no time of day to rely on: the hour must be followed by minutes.
    after_hour = pc.binary_slice(pc.cast(text, pa.binary()), 13, 14)
    if len(text) == 0 or not pc.all(pc.equal(after_hour, b":")).as_py():
        return None
    try:
        utc = pc.cast(text, pa.timestamp("us", "UTC"))
    except pa.ArrowInvalid:
        return None
    extremes = pc.min_max(utc).as_py()
    if extremes["min"].year < YEARS[0] or extremes["max"].year > YEARS[1]:
        return None
    suffix = re.search(r"(?:[+-]\d\d(?::?\d\d)?|Z)$", text[0].as_py())
    offset = None
    if suffix and pc.all(pc.ends_with(text, suffix[0])).as_py():
        offset = _only_offset(ClockText.parse(text.slice(0, 1)), np.array([0]))
    return Times(utc.cast(pa.timestamp("us")).to_numpy(), np.full(len(text), FINE, np.int8), offset)


def _naive_utc(index: pd.DatetimeIndex) -> np.ndarray:
    return index.tz_convert("UTC").tz_localize(None).to_numpy(copy=True)


def _only_offset(clock: ClockText, rows: np.ndarray) -> timezone | None:
    """The offset that these texts say, if all say the same."""
    offsets = np.unique(clock.offset[rows])
    if len(offsets) != 1 or not clock.has_offset[rows].all():
        return None
    return timezone(timedelta(minutes=int(offsets[0])))
