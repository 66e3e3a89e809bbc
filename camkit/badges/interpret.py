"""Turn the rows of one file into events, and account for the others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta, timezone, tzinfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from camkit.badges.cells import clean_id
from camkit.badges.columns import TEXT, constant, holds, matching, missing, missing_if_empty, translate
from camkit.badges.dayfirst import DayFirst
from camkit.badges.layout import unique
from camkit.badges.ledger import Ledger
from camkit.badges.noevents import enter_ragged_rows, ignore_footers
from camkit.badges.sheet import Sheet
from camkit.badges.times import EMPTY, FINE, NO_ZONE, REASONS, UNREADABLE, Times, read_times
from camkit.badges.titles import leaves_doubt, zone_in_title
from camkit.errors import TimestampError

SORTED_BY = ("reader_id", "cardholder_id", "cardholder_name", "credential", "outcome")
"""Roles by which an export may be sorted, rather than by time."""


@dataclass(frozen=True)
class FileEvents:
    """One file's rows: its events, before duplicates are looked for, and the account of the others.

    Attributes
    ----------
    offset : datetime.timezone or None
        The one offset from UTC that all its times carry.
    dates : str
        How day and month were told apart, if they had to be.
    times : str
        How times without an offset were placed, if the column's title tells.
    doubt : str
        Why they may have been misplaced.
    unknown : dict of str to int
        How often each word for an outcome comes that is not known.
    """

    events: pd.DataFrame
    rejected: pd.DataFrame
    ignored: pd.DataFrame
    offset: timezone | None
    dates: str
    times: str
    doubt: str
    unknown: dict[str, int]


def interpret(sheet: Sheet, zone: tzinfo | None, day_first: bool | None) -> FileEvents:
    """Read the times, identifiers and outcomes of a file."""
    ledger = Ledger(sheet.rows.lines)
    order = DayFirst(sheet, day_first)
    _ignore_other_kinds(sheet, ledger)
    outcome = _outcomes(sheet, ledger)
    heading = sheet.heading("event_time")
    titled = zone_in_title(heading)
    times = _times(sheet, ledger, zone, titled, order)
    cardholder = _cardholders(sheet, ledger, outcome)
    enter_ragged_rows(sheet, ledger)

    columns = {"cardholder_id": cardholder, "reader_id": _text(sheet, "reader_id"), "outcome": outcome}
    columns |= {role: _text(sheet, role) for role in ("cardholder_name", "credential") if sheet.heading(role)}
    extras = _extras(sheet, outcome, ledger.open)
    taken = ("event_time", *columns, "file", "line")
    columns |= dict(zip(unique([*taken, *extras])[len(taken) :], extras.values(), strict=True))
    return FileEvents(
        events=_frame(columns, times.utc, sheet.rows.lines, ledger.open),
        rejected=ledger.table("rejected"),
        ignored=ledger.table("ignored"),
        offset=times.offset or _constant_offset(sheet),
        dates=order.why,
        times=f"in {titled}, by the title {heading!r}" if titled else "",
        doubt=_doubt(heading, zone) if times.by_zone else "",
        unknown=_unknown_words(sheet, outcome, ledger.open),
    )


def _doubt(heading: str, zone: tzinfo | None) -> str:
    """Why times that the zone placed may be in another one."""
    if not leaves_doubt(heading):
        return ""
    return (
        f"times were read in {zone} as given, though their title {heading!r} names UTC: look whether that is right, "
        "and pass timezone='UTC' if it is not"
    )


def _unknown_words(sheet: Sheet, outcome: pa.ChunkedArray, is_event: np.ndarray) -> dict[str, int]:
    """How often each word for an outcome comes, in the events, that is not known."""
    text = sheet.text("outcome")
    if text is None:
        return {}
    words = text.filter(pa.array(holds(outcome, "unknown") & ~holds(text, "") & is_event)).value_counts()
    return {str(each["values"]): int(each["counts"]) for each in words.to_pylist()}


def _ignore_other_kinds(sheet: Sheet, ledger: Ledger) -> None:
    """Ignore the rows that by the profile's columns of kinds are no badge events."""
    for heading, patterns in sheet.layout.profile.keep.items():
        if (kind := sheet.column(heading)) is not None:
            ledger.ignore(~matching(kind, patterns), heading, kind, "not a badge event")


def _outcomes(sheet: Sheet, ledger: Ledger) -> pa.ChunkedArray:
    """Translate the outcomes; ignore the rows whose outcome is a system message."""
    text = sheet.text("outcome")
    if text is None:
        return constant("unknown", len(sheet.rows.lines))
    outcome = translate(text, sheet.layout.profile.outcome)
    ledger.ignore(holds(outcome, "ignored"), sheet.heading("outcome"), text, "a system message")
    return outcome


def _times(
    sheet: Sheet, ledger: Ledger, zone: tzinfo | None, titled: timezone | None, order: DayFirst
) -> Times:
    """Place the times, those without an offset by the column's title first; reject those that cannot be read."""
    heading, text = sheet.heading("event_time"), sheet.text("event_time")
    assert text is not None  # noqa: S101  (no layout is without)
    minutes_east = _minutes_east(sheet)
    if titled is not None:
        minutes_east = np.full(len(text), titled.utcoffset(None) / timedelta(minutes=1))
    times = read_times(
        text,
        day_first=order,
        minutes_east=minutes_east,
        zone=zone,
        sorted_by=lambda: [column for role in SORTED_BY if (column := sheet.text(role)) is not None],
    )
    naive = times.problem == NO_ZONE
    if naive.any() and not (times.problem == FINE).any():
        first = int(np.argmax(naive))
        raise TimestampError(
            f"{sheet.export.name} has times without an offset, such as {text[first].as_py()!r} in line "
            f"{sheet.rows.lines[first]}: pass timezone= with the site's zone, such as 'America/Denver'."
        )
    ignore_footers(sheet, ledger, (times.problem == EMPTY) | (times.problem == UNREADABLE))
    for problem in np.unique(times.problem[times.problem != FINE]):
        ledger.reject(times.problem == problem, heading, text, REASONS[problem])
    return times


def _minutes_east(sheet: Sheet) -> np.ndarray | None:
    """Minutes that local time is ahead of UTC, from a column of offsets; NaN where it cannot be read."""
    for role, sign in (("minutes_east", 1), ("minutes_west", -1)):
        if (text := sheet.text(role)) is not None:
            minutes = sign * pd.to_numeric(text.to_pandas(), errors="coerce").to_numpy(dtype=float)
            return np.where(np.abs(minutes) < 24 * 60, minutes, np.nan)
    return None


def _constant_offset(sheet: Sheet) -> timezone | None:
    """The site's offset from UTC, if the column of offsets holds one only."""
    minutes = _minutes_east(sheet)
    if minutes is None or len(minutes) == 0 or not (minutes == minutes[0]).all():
        return None
    return timezone(timedelta(minutes=float(minutes[0])))


def _cardholders(sheet: Sheet, ledger: Ledger, outcome: pa.ChunkedArray) -> pa.ChunkedArray:
    """Clean the identifiers; reject those that lost digits, and empty ones where nobody was denied."""
    text = sheet.text("cardholder_id")
    if text is None:
        return constant(None, len(sheet.rows.lines))
    heading = sheet.heading("cardholder_id")
    cleaned = translate(text, clean_id)
    ledger.reject(missing(cleaned), heading, text, "a spreadsheet rounded this identifier")
    empty = holds(cleaned, "")
    ledger.reject(empty & holds(outcome, "granted"), heading, text, "no cardholder, though not denied")
    ledger.reject(empty & holds(outcome, "unknown"), heading, text, "no cardholder, and no known outcome")
    return missing_if_empty(cleaned)


def _text(sheet: Sheet, role: str) -> pa.ChunkedArray:
    """A role's text, missing where empty, and everywhere if the file has no such column."""
    text = sheet.text(role)
    return constant(None, len(sheet.rows.lines)) if text is None else missing_if_empty(text)


def _extras(sheet: Sheet, outcome: pa.ChunkedArray, is_event: np.ndarray) -> dict[str, pa.ChunkedArray]:
    """The columns to keep as they are; the outcome's own words only where they say more than the outcome.

    Each event has or lacks them by itself, so that it says the same whatever other rows the file has.
    """
    extras = sheet.extras()
    words = extras.pop("outcome", None)
    if words is not None and not words.equals(outcome):
        says_more = pc.and_(pc.not_equal(words, outcome), pc.not_equal(words, ""))
        if pc.any(pc.and_(says_more, pa.array(is_event))).as_py():
            name = unique([*extras, "outcome_text"])[-1]
            extras[name] = pc.if_else(says_more, words, pa.scalar(None, pa.string()))
    return extras


def _frame(
    columns: dict[str, pa.ChunkedArray], utc: np.ndarray, lines: np.ndarray, chosen: np.ndarray
) -> pd.DataFrame:
    """Make a DataFrame of the chosen rows."""
    cells = pa.table(columns)
    if not chosen.all():
        cells = cells.filter(pa.array(chosen))
    frame = cells.to_pandas(types_mapper={pa.string(): TEXT}.get)
    frame.insert(0, "event_time", pd.Series(utc[chosen]).dt.tz_localize("UTC"))
    frame["line"] = lines[chosen]
    return frame
