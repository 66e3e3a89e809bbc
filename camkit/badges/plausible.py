"""Times that can be read but are hardly true: they stay events, and the log says which they are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo

import numpy as np
import pandas as pd

from camkit.badges.clock import DAY as MICROS
from camkit.badges.clock import date, full_year
from camkit.badges.forms import EPOCH, NAMED, SERIAL, YEAR_FIRST, YEAR_LAST
from camkit.badges.sentences import some_lines
from camkit.badges.table import ExportTable
from camkit.badges.timestamps import Timestamps

DAY = np.timedelta64(1, "D")
GAP = np.timedelta64(5 * 366, "D")
"""A log does not pause for so long: an event that far from all the others is of a clock that was wrong."""

NEVER_SET = np.datetime64("1970-01-02", "us")
"""Before this is what a clock or a field shows that was never set: zero, in some zone."""

SURPRISING = 20
"""So many times as many midnights as chance gives are not chance."""

MIDDLE = 12
"""Numbers up to this may be a month."""

SEVERAL = 3
"""So many days show whether they are close together."""


def latest_possible(table: ExportTable) -> np.datetime64:
    """Return the last moment that an event of this export can have, UTC: a day after the file was last written."""
    try:
        written = table.export.path.stat().st_mtime
    except OSError:
        return np.datetime64("2101-01-01", "us")
    return np.datetime64(int(written), "s").astype("datetime64[us]") + DAY


def implausible(utc: np.ndarray, lines: np.ndarray, latest: np.datetime64) -> Iterator[str]:
    """Yield a sentence on the events that are later than the file, were on a clock never set, or far from the rest."""
    if len(utc) == 0 or (utc.max() <= latest and utc.min() >= NEVER_SET and utc.max() - utc.min() < GAP):
        return
    future, zero = utc > latest, utc < NEVER_SET
    if future.any():
        yield (
            f"{some_lines(lines[future])}: later than the file itself, which was written on "
            f"{latest - DAY:.10}: check the clock of the system, and the order of day, month and year"
        )
    if zero.any():
        yield f"{some_lines(lines[zero])}: 1970-01-01 is what a clock or a field shows that was never set"
    rest = np.flatnonzero(~future & ~zero)
    if far := _far_from_most(utc[rest]).tolist():
        yield f"{some_lines(lines[rest[far]])}: years away from the other events: check the clock of the system"


def swapped_by_spreadsheet(parsed: Timestamps, lines: np.ndarray) -> Iterator[str]:
    """Yield a sentence if a spreadsheet seems to have swapped day and month where it could.

    It makes a date of its own of what it can read in its order, 05/01 as well as 01/05, and leaves 13/05 as it is.
    """
    own, left = parsed.kind == YEAR_FIRST, parsed.kind == YEAR_LAST
    if not (own.any() and left.any()):
        return
    days = pd.DatetimeIndex(parsed.wall[own]).day
    only = max(len(parsed.only("day")), len(parsed.only("month")))
    if not (days > MIDDLE).any() and only == np.count_nonzero(left & parsed.order_matters()):
        yield (
            f"the dates that begin with the year, such as in {some_lines(lines[own][:1])}, all have days up to 12, and "
            f"the others, such as in {some_lines(lines[left][:1])}, all have days above 12: a spreadsheet seems to "
            "have swapped day and month in the first ones. Export again, and do not open the file in a spreadsheet"
        )


def in_wrong_order(utc: np.ndarray, zone: tzinfo | None) -> Iterator[str]:
    """Yield a sentence if the days would be much closer together with day and month exchanged."""
    hours = pd.DatetimeIndex(pd.unique(utc.astype("datetime64[h]").astype("datetime64[s]")), tz="UTC")
    days = np.unique(hours.tz_convert(zone or "UTC").tz_localize(None).to_numpy("datetime64[D]"))
    years, months = days.astype("datetime64[Y]"), days.astype("datetime64[M]")
    day = (days - months).astype(int)
    if len(days) < SEVERAL or day.max() >= MIDDLE:
        return
    month = (months - years).astype(int)
    other = np.sort((years.astype("datetime64[M]") + day).astype("datetime64[D]") + month)
    if 2 * (other[-1] - other[0]) < days[-1] - days[0]:
        yield (
            f"the events are from {days[0]} to {days[-1]}, and would be from {other[0]} to {other[-1]} if day and "
            "month were exchanged: check which comes first, and say it, with day_first=True or day_first=False"
        )


def serial_numbers(parsed: Timestamps, lines: np.ndarray) -> Iterator[str]:
    """Yield a sentence if times were read as a spreadsheet's serial numbers."""
    rows = parsed.kind == SERIAL
    if rows.any():
        yield (
            f"{some_lines(lines[rows])}: numbers were read as a spreadsheet's dates, in days since 1900 and in local "
            "time: check one of them in the spreadsheet"
        )


def year_day_month(parsed: Timestamps, lines: np.ndarray) -> Iterator[str]:
    """Yield a sentence if the day seems to follow the year, where that cannot be seen in all dates."""
    if parsed.day_second is None or not parsed.day_second.any():
        return
    read = (parsed.kind == YEAR_FIRST) & ~np.isnat(parsed.wall)
    open_ = np.flatnonzero(read)[pd.DatetimeIndex(parsed.wall[read]).day <= MIDDLE]
    if len(open_):
        yield (
            f"{some_lines(lines[open_])}: read with the month behind the year, though the day is behind it in "
            f"{some_lines(lines[parsed.day_second])}: check these dates"
        )


def without_half(parsed: Timestamps, lines: np.ndarray) -> Iterator[str]:
    """Yield a sentence on times without AM or PM among others that have it."""
    if parsed.half is None:
        return
    hour = pd.DatetimeIndex(parsed.wall).hour.to_numpy()
    dated = (parsed.kind == YEAR_FIRST) | (parsed.kind == YEAR_LAST) | (parsed.kind == NAMED)
    without = dated & ~parsed.half
    odd = without & (hour >= 1) & (hour <= MIDDLE)
    if odd.any() and (odd == without).all():  # else they are of a clock of 24 hours
        yield (
            f"{some_lines(lines[odd])}: without AM or PM, which other times have: read as in the morning, and 12 as "
            "noon: check these times"
        )


def digits_of_a_date(parsed: Timestamps, lines: np.ndarray) -> Iterator[str]:
    """Yield a sentence if numbers that were read as seconds since 1970 are all a date and a time as well."""
    rows = parsed.kind == EPOCH
    if not rows.any():
        return
    number = parsed.wall[rows].astype("datetime64[s]").astype(np.int64)
    first, second, third, hour, minute = (number // 100**place % 100 for place in (4, 3, 2, 1, 0))
    is_time = (hour < 24) & (minute < 60)
    for year, month, day in ((first, second, third), (third, second, first), (third, first, second)):
        if (is_time & ~np.isnat(date(full_year(year), month, day))).all():
            yield (
                f"{some_lines(lines[rows])}: numbers were read as seconds since 1970, such as "
                f"{number[0]:010} as {parsed.wall[rows][0]:.16} UTC, but may be a date "
                "with hour and minute: check one of them"
            )
            return


def midnights(parsed: Timestamps, wall: np.ndarray, fine: np.ndarray, lines: np.ndarray) -> Iterator[str]:
    """Yield a sentence if more times than chance would have it are midnight, as a date without a time is shown."""
    rows = np.flatnonzero(fine & (parsed.kind != EPOCH) & (wall >= NEVER_SET))
    micros = wall[rows].view("int64") % MICROS
    zero = micros == 0
    count = int(np.count_nonzero(zero))
    slots = 24 * 60 if not (micros % 60_000_000).any() else 24 * 60 * 60
    if count > len(rows) * SURPRISING / slots and (count < len(rows) or count > 2):
        yield (
            f"{some_lines(lines[rows[zero]])}: at midnight, as a date without a time of day is shown in a "
            "spreadsheet: check whether these have a time"
        )


def _far_from_most(utc: np.ndarray) -> np.ndarray:
    """Positions of the events that are not in the largest group, where groups are far from each other."""
    if len(utc) == 0:
        return np.array([], int)
    days = (utc - utc.min()) // DAY
    counts = np.bincount(days)
    there = np.flatnonzero(counts)
    starts = there[np.flatnonzero(np.diff(there, prepend=there[0]) > GAP // DAY)]
    group = np.searchsorted(starts, days, side="right")
    sizes = np.bincount(group)
    return np.flatnonzero(group != sizes.argmax())
