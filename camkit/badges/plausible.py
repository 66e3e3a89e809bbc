"""Times that can be read but are hardly true: they stay events, and the log says which they are."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo

import numpy as np
import pandas as pd

from camkit.badges.forms import SERIAL, YEAR_FIRST, YEAR_LAST
from camkit.badges.sentences import some_lines
from camkit.badges.table import ExportTable
from camkit.badges.timestamps import Timestamps

DAY = np.timedelta64(1, "D")
GAP = np.timedelta64(5 * 366, "D")
"""A log does not pause for so long: an event that far from all the others is of a clock that was wrong."""

NEVER_SET = np.datetime64("1970-01-02", "us")
"""Before this is what a clock or a field shows that was never set: zero, in some zone."""

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
