"""Read the times of one export, in whatever form systems write them, into UTC."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta, timezone, tzinfo
from functools import partial

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from camkit.badges.account import RowAccount
from camkit.badges.clock import YEARS
from camkit.badges.day_order import decide_order
from camkit.badges.forms import UNREAD
from camkit.badges.identifiers import as_mask
from camkit.badges.localize import localize
from camkit.badges.plausible import (
    digits_of_a_date,
    implausible,
    in_wrong_order,
    latest_possible,
    midnights,
    serial_numbers,
    swapped_by_spreadsheet,
    without_half,
    year_day_month,
)
from camkit.badges.table import ExportTable
from camkit.badges.time_words import LANGUAGE_AT, SHARED_MONTHS
from camkit.badges.timestamps import NO_OFFSET, Order, Timestamps
from camkit.badges.zones import (
    may_be_zone,
    names_another,
    out_of_season,
    place_zones,
    without_summer_time,
    zone_in_heading,
)
from camkit.errors import TimestampError

BUDDHIST = 543
"""Years that the Buddhist calendar is ahead, by which Thai systems write."""

(
    FINE, EMPTY, UNREADABLE, UNDECIDED, NONEXISTENT, IMPLAUSIBLE, BUDDHIST_YEAR, NO_ZONE, LETTERS, REPEATED, SKIPPED,
    MONTH,
) = range(12)  # fmt: skip
"""What became of each time."""

REASONS = {
    EMPTY: "the time is missing",
    UNREADABLE: "not a date and time",
    UNDECIDED: "day or month may come first; say which, with day_first=",
    NONEXISTENT: "this date or time of day does not exist",
    IMPLAUSIBLE: f"not a year from {YEARS[0]} to {YEARS[1]}",
    BUDDHIST_YEAR: f"a year of the Buddhist calendar, {BUDDHIST} ahead; export with years such as 2026",
    NO_ZONE: "a time without an offset; say the zone, with timezone=",
    LETTERS: "several zones have these letters, and the site's clocks do not show them at that time",
    REPEATED: "in the hour that a clock change repeats, and the file's order does not show in which pass",
    SKIPPED: "in the hour that a clock change skips",
    MONTH: "the month's name is another month in another language; say the zone, as in timezone='Europe/Zagreb'",
}

SHARED_MONTH = rf"(?i)\d[ ./-]*\b({'|'.join(SHARED_MONTHS)})\b\.?[ ./-]*\d"

NOTES = 100
"""How many lines of text beside the table, and values of a column, are looked at for a zone."""

SORTED_BY = ("reader_id", "cardholder_id", "cardholder_name", "credential", "outcome")
"""Roles by which an export may be sorted, rather than by time."""


@dataclass(frozen=True)
class Times:
    """A column of times in UTC, and how they were read."""

    utc: np.ndarray  # datetime64[us] in UTC, NaT where `problem` is not FINE
    problem: np.ndarray  # int8, one of the codes above
    offset: timezone | None  # the one offset from UTC that all the times have
    first: Order | None = None  # what comes first in dates such as 01/05/2026, if that matters
    dates: str = ""  # how day and month were distinguished, if they had to be
    by_zone: bool = False  # whether any time was placed by the zone alone
    placed: str = ""  # how times without an offset were placed, if the column's heading says
    doubts: tuple[str, ...] = ()  # sentences, without the file's name, on what may have been misread


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
        fixed = in_heading.utcoffset(None)
        if fixed is None:
            zone = in_heading
        else:
            minutes_east = np.full(len(text), fixed / timedelta(minutes=1))
    times = read_times(
        text,
        order=partial(decide_order, table, day_first, sibling),
        minutes_east=minutes_east,
        zone=zone,
        sorted_by=lambda: [column for role in SORTED_BY if (column := table.text(role)) is not None],
        lines=table.rows.lines,
        days_later=table.days_later,
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
    doubts = [*times.doubts]
    fine = account.is_event if account.is_event.all() else np.flatnonzero(account.is_event)
    if times.by_zone and zone is not None:
        doubts += _other_zones(table, zone, times, fine)
    doubts += implausible(times.utc[fine], table.rows.lines[fine], latest_possible(table))
    if times.dates:
        doubts += in_wrong_order(times.utc[fine], zone)
    return replace(times, offset=times.offset or offset, placed=placed, doubts=tuple(doubts))


def _other_zones(table: ExportTable, zone: tzinfo, times: Times, fine: np.ndarray) -> Iterator[str]:
    """Yield a sentence on each place in an export that names another zone than its times were read in."""
    heading = table.heading("event_time")
    utc = times.utc[fine]
    if names_another(heading, zone, utc):
        yield (
            f"times were read in {zone} as given, though their heading {heading!r} names a zone: check whether that "
            "is right, and say another timezone= if it is not"
        )
    notes = [
        *(" ".join(cells).strip() for _, cells in table.layout.above),
        *(" ".join(cells) for _, cells in table.rows.ragged[:NOTES] if len(cells) == 1),
    ]
    for note in (note for note in notes if names_another(note, zone, utc)):
        yield (
            f"times were read in {zone} as given, though there is a line {note[:80]!r}: check whether that is right, "
            "and say another timezone= if it is not"
        )
        break
    text = table.text("event_time")
    for position in sorted(set(range(len(table.layout.names))) - table.layout.used):
        name, column = table.layout.names[position], table.rows.cells[position]
        value = next(filter(None, column.slice(0, NOTES).to_pylist()), "")
        if not may_be_zone(name, value):
            continue
        beside = read_times(
            pc.utf8_trim_whitespace(pc.binary_join_element_wise(text, column, " ")),
            order=lambda _: (times.first, None),
            days_later=table.days_later,
            zone=zone,
        )
        other = (times.problem == FINE) & ((beside.problem != FINE) | (beside.utc != times.utc))
        if other.any():
            row = int(np.argmax(other))
            yield (
                f"times were read in {zone} as given, though the column {name!r} may name their zone, such as "
                f"{column[row].as_py()[:40]!r} in line {table.rows.lines[row]}: check whether that is right"
            )


def read_times(
    text: pa.ChunkedArray,
    *,
    order: Callable[[Timestamps], tuple[Order | None, str | None]],
    minutes_east: np.ndarray | None = None,
    zone: tzinfo | None = None,
    sorted_by: Callable[[], list[pa.ChunkedArray]] = list,
    lines: np.ndarray | None = None,
    days_later: np.ndarray | None = None,
) -> Times:
    """Read a column of trimmed texts into UTC.

    `order` decides, from the whole column, what comes first in dates such as 01/05/2026 (None if that is open), and
    says why. `sorted_by` returns the columns that the rows may be sorted by, rather than by time. Both are called only
    where it matters. `minutes_east` is how far times without an offset are ahead of UTC, float64, NaN where unknown;
    `zone` is that of the times that have no offset in either way. `lines` is where the texts are, for the doubts;
    `days_later` is how many days after its date each time is.
    """
    parsed = Timestamps.parse(text, LANGUAGE_AT.get(str(zone), ""))
    lines = np.arange(len(text)) if lines is None else lines
    matters = parsed.order_matters()
    first, why = order(parsed) if matters.any() else (None, None)
    wall = parsed.in_order(first or "month")
    if days_later is not None:
        wall = wall + days_later.astype("timedelta64[D]")
    problem = _problems(parsed, wall, text)
    if first is None:
        problem[matters] = UNDECIDED
    fine = problem == FINE
    only_offset = _only_value(parsed.offset[fine])
    problem[place_zones(parsed, wall, fine, zone)] = NO_ZONE if zone is None else LETTERS
    doubts = [
        *serial_numbers(parsed, lines),
        *swapped_by_spreadsheet(parsed, lines),
        *year_day_month(parsed, lines),
        *without_half(parsed, lines),
        *digits_of_a_date(parsed, lines),
        *midnights(parsed, wall, fine, lines),
        *out_of_season(parsed, wall, fine, zone, lines),
    ]

    has_offset = parsed.offset != NO_OFFSET
    utc = wall - np.where(has_offset, parsed.offset, 0).astype("timedelta64[m]")
    local = np.flatnonzero(~has_offset & (problem == FINE))
    if minutes_east is not None:
        utc[local] -= (np.nan_to_num(minutes_east[local]) * 60_000_000).astype("timedelta64[us]")
        local = local[np.isnan(minutes_east[local])]
    if zone is None:
        problem[local] = NO_ZONE
    else:
        utc[local], skipped, ambiguous = localize(
            wall[local], zone, lambda rows: [_codes(column, local[rows]) for column in sorted_by()]
        )
        problem[local[skipped]] = SKIPPED
        problem[local[ambiguous]] = REPEATED
    utc[problem != FINE] = np.datetime64("NaT")
    doubts += without_summer_time(utc[local[problem[local] == FINE]], zone)
    dates = "" if first is None else f"{first} first, {why}"
    return Times(
        utc, problem, only_offset, first, dates, zone is not None and len(local) > 0, doubts=tuple(doubts)
    )


def _codes(column: pa.ChunkedArray, rows: np.ndarray) -> np.ndarray:
    """A number for each different text in these rows."""
    return pd.factorize(column.take(pa.array(rows)).to_pandas())[0]


def _problems(parsed: Timestamps, wall: np.ndarray, text: pa.ChunkedArray) -> np.ndarray:
    """What is wrong with each time, before it is placed in a zone."""
    problem = np.full(len(wall), FINE, np.int8)
    problem[np.isnat(wall)] = NONEXISTENT
    if parsed.strange.any():
        problem[parsed.strange > 0] = IMPLAUSIBLE
        year = parsed.strange - BUDDHIST
        problem[(year >= YEARS[0]) & (year <= YEARS[1])] = BUDDHIST_YEAR
    unread = parsed.kind == UNREAD
    if unread.any():
        problem[unread] = UNREADABLE
        problem[pc.equal(text, "").to_numpy()] = EMPTY
        problem[unread & as_mask(pc.match_substring_regex(text, SHARED_MONTH))] = MONTH
    return problem


def _only_value(minutes_east: np.ndarray) -> timezone | None:
    """The offset of so many minutes, if it is the same everywhere; NaN and NO_OFFSET are none."""
    if len(minutes_east) == 0 or minutes_east[0] == NO_OFFSET or not (minutes_east == minutes_east[0]).all():
        return None
    return timezone(timedelta(minutes=float(minutes_east[0])))


def _minutes_east(table: ExportTable) -> np.ndarray | None:
    """Minutes that local time is ahead of UTC, from a column of offsets; NaN where it cannot be read."""
    for role, sign in (("minutes_east", 1), ("minutes_west", -1)):
        if (text := table.text(role)) is not None:
            minutes = sign * pd.to_numeric(text.to_pandas(), errors="coerce").to_numpy(dtype=float)
            return np.where(np.abs(minutes) < 24 * 60, minutes, np.nan)
    return None
