"""Decide what comes first in dates such as 01/05/2026 and 26-05-30: by the caller, the whole column, or the system."""

from __future__ import annotations

import numpy as np

from camkit.badges.forms import UNREAD, YEAR_LAST
from camkit.badges.plausible import GAP, latest_possible
from camkit.badges.table import ExportTable
from camkit.badges.timestamps import Order, Timestamps
from camkit.errors import BadgeFileError

YEARS_APART = np.timedelta64(2 * 366, "D")
CLEAR = 10
"""Dates that are spread over more than two years, ten times as widely as in another order, are in the wrong order."""

MISREAD = 0.25
"""Largest share of dates that do not exist, or are in the future, in an order that is considered."""


def decide_order(
    table: ExportTable, given: bool | None, sibling: tuple[bool, str] | None, parsed: Timestamps
) -> tuple[Order | None, str | None]:
    """Decide which order the dates have, by the caller, the column, a sibling, or the profile; and say why.

    None means that only a few dates of another form than the rest depend on it: they do not stop the file.

    Raises
    ------
    BadgeFileError
        If it remains open.
    """
    profile, lines = table.layout.profile, table.rows.lines
    if given is not None:
        return _order(given), "as passed"
    if sibling is None and profile.day_first is None:
        year_first = _year_comes_first(parsed, latest_possible(table))
        if year_first:
            return "year", "as the dates would otherwise be years apart or later than the file"
        if year_first is None:
            raise _open(
                table,
                f"the dates, such as {_first(table, parsed)}, may begin or end with the year. If they begin with "
                "it, export them again with years of four digits. Else say whether the day or the month comes first",
            )
    day, month = parsed.only("day"), parsed.only("month")
    if len(day) and len(month):
        raise _open(
            table,
            f"line {lines[day[0]]} has the day first and line {lines[month[0]]} the month. Say which",
        )
    if len(day) or len(month):
        return _order(len(day) > 0), f"shown by line {lines[(day if len(day) else month)[0]]}"
    if sibling is not None:
        return _order(sibling[0]), f"shown by {sibling[1]}"
    if profile.day_first is not None:
        return _order(profile.day_first), f"as {profile.title} writes them"
    if 2 * np.count_nonzero(parsed.kind == YEAR_LAST) < np.count_nonzero(parsed.kind != UNREAD):
        return None, None
    raise _open(table, "no date has a day above 12, so either day or month may come first. Say which")


def _year_comes_first(parsed: Timestamps, latest: np.datetime64) -> bool | None:
    """Whether dates of three numbers of two digits, such as 26-05-30, begin with the year; None if that is open.

    The right order has dates that exist, are not later than the file, and are not spread over decades.
    """
    if parsed.year_first is None or parsed.day_first is None:
        return False
    readings = [
        array[parsed.kind == YEAR_LAST] for array in (parsed.year_first, parsed.day_first, parsed.wall)
    ]
    exists = np.logical_or.reduce([~np.isnat(reading) for reading in readings])
    year, *last = (_spread(reading[exists], latest) for reading in readings)
    if year is None or np.isnat(readings[0][exists]).any():
        return False
    widths = [width for width in last if width is not None]
    if not widths:
        return True
    narrow, wide = sorted((year, min(widths)))
    clear = 2 * narrow < wide > GAP or CLEAR * narrow < wide > YEARS_APART
    return year == narrow if clear else None


def _spread(reading: np.ndarray, latest: np.datetime64) -> np.timedelta64 | None:
    """The time in which three quarters of the dates are, in this order; None if it is not the right one."""
    possible = np.sort(reading[reading <= latest])
    if len(possible) < (1 - MISREAD) * len(reading):
        return None
    eighth = len(possible) // 8
    return possible[-1 - eighth] - possible[eighth]


def _order(day_first: bool) -> Order:
    return "day" if day_first else "month"


def _first(table: ExportTable, parsed: Timestamps) -> str:
    """The first date in question, and its line."""
    row = int(np.argmax(parsed.kind == YEAR_LAST))
    text = table.text("event_time")
    return f"{text[row].as_py()!r} in line {table.rows.lines[row]}" if text is not None else ""


def _open(table: ExportTable, problem: str) -> BadgeFileError:
    message = f"{table.export.name}: {problem}, with day_first=True or day_first=False."
    return BadgeFileError(message, path=table.export.path)
