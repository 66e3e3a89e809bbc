"""Read the times of one export, in whatever form systems write them, into UTC."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta, timezone, tzinfo
from functools import partial

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from camkit.badges.account import RowAccount
from camkit.badges.localize import leaves_doubt, localize, zone_in_heading
from camkit.badges.table import ExportTable
from camkit.badges.timestamps import Timestamps
from camkit.errors import BadgeFileError, TimestampError

YEARS = (1970, 2100)
"""First and last year, inclusive, that a badge event can have: outside them are null dates and misreadings."""

FINE, EMPTY, UNREADABLE, UNDECIDED, NONEXISTENT, IMPLAUSIBLE, NO_ZONE, REPEATED, SKIPPED = range(9)
"""What became of each time."""

REASONS = {
    EMPTY: "the time is missing",
    UNREADABLE: "not a date and time",
    UNDECIDED: "day or month may come first; pass day_first=",
    NONEXISTENT: "this date or time of day does not exist",
    IMPLAUSIBLE: f"not a year from {YEARS[0]} to {YEARS[1]}",
    NO_ZONE: "a time without an offset; pass timezone=",
    REPEATED: "in the hour that a clock change repeats, and the file's order does not show in which pass",
    SKIPPED: "in the hour that a clock change skips",
}

SORTED_BY = ("reader_id", "cardholder_id", "cardholder_name", "credential", "outcome")
"""Roles by which an export may be sorted, rather than by time."""


@dataclass(frozen=True)
class Times:
    """A column of times in UTC, and how they were read."""

    utc: np.ndarray  # datetime64[us] in UTC, NaT where `problem` is not FINE
    problem: np.ndarray  # int8, one of the codes above
    offset: timezone | None  # the one offset from UTC that all the times have
    dates: str = ""  # how day and month were distinguished, if they had to be
    by_zone: bool = False  # whether any time was placed by the zone alone
    placed: str = ""  # how times without an offset were placed, if the column's heading says
    doubts: tuple[str, ...] = ()  # sentences, without the file's name, on what may have been misread


def day_order_shown(table: ExportTable) -> tuple[bool | None, int | None]:
    """Return whether the export's dates show that the day comes first, and the line that shows it.

    ``(None, None)`` if none shows it, or if they contradict each other.
    """
    text = table.text("event_time")
    if text is None:
        return None, None
    parsed = Timestamps.parse(text)
    day, month = parsed.only_day_first(), parsed.only_month_first()
    if bool(len(day)) == bool(len(month)):
        return None, None
    return len(day) > 0, int(table.rows.lines[[*day, *month][0]])


def read_event_times(
    table: ExportTable,
    account: RowAccount,
    zone: tzinfo | None,
    day_first: bool | None,
    sibling: tuple[bool, str] | None = None,
) -> Times:
    """Read an export's times; ignore the rows without one that are totals and the like, and reject the others.

    `sibling` is what `day_order_shown` found in another export of the same shape: whether the day comes first, and
    where that is shown, as in ``(True, "b.csv, line 2")``. It decides where the caller and this export do not.

    Raises
    ------
    BadgeFileError
        If the export does not show whether day or month comes first.
    TimestampError
        If none of the times has an offset, and no zone is given.
    """
    heading, text = table.heading("event_time"), table.text("event_time")
    assert text is not None  # noqa: S101  (every layout has one)
    minutes_east = _minutes_east(table)
    offset = None if minutes_east is None else _only_value(minutes_east)
    in_heading = zone_in_heading(heading)
    if in_heading is not None:
        minutes_east = np.full(len(text), in_heading.utcoffset(None) / timedelta(minutes=1))
    times = read_times(
        text,
        day_first=partial(_day_first, table, day_first, sibling),
        minutes_east=minutes_east,
        zone=zone,
        sorted_by=lambda: [column for role in SORTED_BY if (column := table.text(role)) is not None],
    )
    naive = times.problem == NO_ZONE
    if naive.any() and not (times.problem == FINE).any():
        first = int(np.argmax(naive))
        raise TimestampError(
            f"{table.export.name} has times without an offset, such as {text[first].as_py()!r} in line "
            f"{table.rows.lines[first]}: say in which time zone the doors are, as in timezone='America/Denver'."
        )
    account.ignore_footers((times.problem == EMPTY) | (times.problem == UNREADABLE))
    for problem in np.unique(times.problem[times.problem != FINE]):
        account.close("rejected", times.problem == problem, heading, text, REASONS[problem])
    placed = f"in {in_heading}, by the heading {heading!r}" if in_heading else ""
    doubts = []
    if times.by_zone and leaves_doubt(heading):
        doubts.append(
            f"times were read in {zone} as given, though their heading {heading!r} names UTC: check whether that is "
            "right, and pass timezone='UTC' if it is not"
        )
    return replace(times, offset=times.offset or offset, placed=placed, doubts=tuple(doubts))


def read_times(
    text: pa.ChunkedArray,
    *,
    day_first: Callable[[Timestamps], tuple[bool | None, str | None]],
    minutes_east: np.ndarray | None = None,
    zone: tzinfo | None = None,
    sorted_by: Callable[[], list[pa.ChunkedArray]] = list,
) -> Times:
    """Read a column of trimmed texts into UTC.

    `day_first` decides, from the whole column, whether the day comes first in dates such as 01/05/2026 (None if that is
    open), and says why. `sorted_by` returns the columns that the rows may be sorted by, rather than by time. Both are
    called only where it matters. `minutes_east` is how far times without an offset are ahead of UTC, float64, NaN where
    unknown; `zone` is that of the times that have no offset in either way.
    """
    iso = _cast_iso(text)
    if iso is not None:
        return iso
    parsed = Timestamps.parse(text)
    matters = parsed.order_matters()
    order, why = day_first(parsed) if matters.any() else (None, None)
    wall, exists = parsed.wall_time(bool(order))
    problem = np.full(len(wall), FINE, np.int8)
    problem[(parsed.year < YEARS[0]) | (parsed.year > YEARS[1])] = IMPLAUSIBLE
    problem[~exists] = NONEXISTENT
    if order is None:
        problem[matters] = UNDECIDED
    problem[~parsed.readable] = UNREADABLE
    problem[pc.equal(text, "").to_numpy()] = EMPTY

    east = np.where(parsed.has_offset, parsed.offset, np.nan)
    if minutes_east is not None:
        east = np.where(np.isnan(east), minutes_east, east)
    fine = problem == FINE
    local = np.flatnonzero(fine & np.isnan(east))
    east[np.isnan(east)] = 0
    if zone is None:
        problem[local] = NO_ZONE
    else:
        wall[local], skipped, ambiguous = localize(
            wall[local], zone, lambda: [pd.factorize(column.to_pandas())[0][local] for column in sorted_by()]
        )
        problem[local[skipped]] = SKIPPED
        problem[local[ambiguous]] = REPEATED
    utc = wall - (east * 60_000_000).astype("timedelta64[us]")
    utc[problem != FINE] = np.datetime64("NaT")
    dates = "" if order is None else f"{'day' if order else 'month'} first, {why}"
    return Times(utc, problem, _only_offset(parsed, fine), dates, by_zone=zone is not None and len(local) > 0)


def _cast_iso(text: pa.ChunkedArray) -> Times | None:
    """Read a column that is ISO 8601 with an offset throughout, the fast way; None if it is not."""
    # pyarrow also reads "2019-04-12T14Z", which may not be a time of day: the hour must be followed by minutes.
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
        offset = _only_offset(Timestamps.parse(text.slice(0, 1)), np.array([0]))
    return Times(utc.cast(pa.timestamp("us")).to_numpy(), np.full(len(text), FINE, np.int8), offset)


def _only_offset(parsed: Timestamps, rows: np.ndarray) -> timezone | None:
    """The offset in these texts, if it is the same in all of them."""
    return _only_value(parsed.offset[rows]) if parsed.has_offset[rows].all() else None


def _only_value(minutes_east: np.ndarray) -> timezone | None:
    """The offset of so many minutes, if there is only one; NaN is none."""
    minutes = np.unique(minutes_east)
    if len(minutes) != 1 or np.isnan(minutes[0]):
        return None
    return timezone(timedelta(minutes=float(minutes[0])))


def _minutes_east(table: ExportTable) -> np.ndarray | None:
    """Minutes that local time is ahead of UTC, from a column of offsets; NaN where it cannot be read."""
    for role, sign in (("minutes_east", 1), ("minutes_west", -1)):
        if (text := table.text(role)) is not None:
            minutes = sign * pd.to_numeric(text.to_pandas(), errors="coerce").to_numpy(dtype=float)
            return np.where(np.abs(minutes) < 24 * 60, minutes, np.nan)
    return None


def _day_first(
    table: ExportTable, given: bool | None, sibling: tuple[bool, str] | None, parsed: Timestamps
) -> tuple[bool | None, str | None]:
    """Decide whether 01/05/2026 is the first of May, by the caller, the column, a sibling, or the profile; say why.

    None means that only a few dates of another form than the rest depend on it: they do not stop the file.
    """
    profile, lines = table.layout.profile, table.rows.lines
    day, month = parsed.only_day_first(), parsed.only_month_first()
    if given is not None:
        return given, "as passed"
    if len(day) and len(month):
        problem = f"line {lines[day[0]]} has the day first and line {lines[month[0]]} the month"
    elif len(day) or len(month):
        return len(day) > 0, f"shown by line {lines[[*day, *month][0]]}"
    elif sibling is not None:
        return sibling[0], f"shown by {sibling[1]}"
    elif profile.day_first is not None:
        return profile.day_first, f"as {profile.title} writes them"
    elif 2 * parsed.year_last.sum() < parsed.readable.sum():
        return None, None
    else:
        problem = "no date has a day above 12, so either day or month may come first"
    message = f"{table.export.name}: {problem}. Say which, with day_first=True or day_first=False."
    raise BadgeFileError(message, path=table.export.path)
