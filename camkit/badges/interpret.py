"""Turn the rows of one export into events, and account for the others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from camkit.badges.account import RowAccount
from camkit.badges.given import Given
from camkit.badges.identifiers import clean_id
from camkit.badges.profiles import matches
from camkit.badges.table import ExportTable, translate, unique
from camkit.badges.times import Times, read_event_times


@dataclass(frozen=True)
class FileEvents:
    """One export's events, before duplicates are looked for, and the account of its other rows."""

    events: pa.Table  # event_time (timestamp in us, UTC), the columns of text, line
    rejected: pa.Table  # with the columns of `account.ENTRY`, as `ignored`
    ignored: pa.Table
    times: Times
    doubts: list[str]  # sentences, without the file's name, on what may have been misread
    unknown: dict[str, int]  # how often each unknown word for an outcome occurs


def interpret(table: ExportTable, given: Given, shown: tuple[bool, str] | None = None) -> FileEvents:
    """Read the times, identifiers and outcomes of an export.

    `shown` is whether the day comes first in the dates of an export of the same shape, and where that is shown.
    """
    account = RowAccount(table)
    for column, patterns in table.layout.profile.keep.items():
        if (kind := table.column(column)) is not None:
            account.close("ignored", ~_matching(kind, patterns), column, kind, "not a badge event")
    outcome = _outcomes(table, account)
    times = read_event_times(table, account, given.zone, given.day_first, shown)
    cardholder = _cardholders(table, account, outcome)
    account.enter_ragged_rows()

    columns = {"cardholder_id": cardholder, "reader_id": _text(table, "reader_id"), "outcome": outcome}
    columns |= {role: _text(table, role) for role in ("cardholder_name", "credential") if table.heading(role)}
    extras = _extras(table, outcome, account.is_event)
    taken = ("event_time", *columns, "file", "line")
    columns |= dict(zip(unique([*taken, *extras])[len(taken) :], extras.values(), strict=True))
    return FileEvents(
        events=_events(columns, times.utc, table.rows.lines, account.is_event),
        rejected=account.entries("rejected"),
        ignored=account.entries("ignored"),
        times=times,
        doubts=list(times.doubts),
        unknown=_unknown_words(table, outcome, account.is_event),
    )


def _outcomes(table: ExportTable, account: RowAccount) -> pa.ChunkedArray:
    """Translate the outcomes; ignore the rows whose outcome is a system message."""
    text = table.text("outcome")
    if text is None:
        return _constant("unknown", len(table))
    outcome = translate(text, table.layout.profile.outcome)
    account.close("ignored", _is(outcome, "ignored"), table.heading("outcome"), text, "a system message")
    return outcome


def _cardholders(table: ExportTable, account: RowAccount, outcome: pa.ChunkedArray) -> pa.ChunkedArray:
    """Clean the identifiers; reject those that lost digits, and empty ones where nobody was denied."""
    text = table.text("cardholder_id")
    if text is None:
        return _constant(None, len(table))
    heading = table.heading("cardholder_id")
    cleaned = translate(text, clean_id)
    account.close(
        "rejected", _mask(pc.is_null(cleaned)), heading, text, "a spreadsheet rounded this identifier"
    )
    empty = _is(cleaned, "")
    account.close(
        "rejected", empty & _is(outcome, "granted"), heading, text, "no cardholder, though not denied"
    )
    account.close(
        "rejected", empty & _is(outcome, "unknown"), heading, text, "no cardholder, and no known outcome"
    )
    return _missing_if_empty(cleaned)


def _text(table: ExportTable, role: str) -> pa.ChunkedArray:
    """A role's text, missing where empty, and everywhere if the export does not have the column."""
    text = table.text(role)
    return _constant(None, len(table)) if text is None else _missing_if_empty(text)


def _extras(table: ExportTable, outcome: pa.ChunkedArray, is_event: np.ndarray) -> dict[str, pa.ChunkedArray]:
    """The columns to keep as they are; the outcome's own words only where they say more than the outcome.

    Each event has or lacks them by itself, so that it is the same whatever other rows the export has.
    """
    extras = table.extras()
    words = extras.pop("outcome", None)
    if words is not None and not words.equals(outcome):
        says_more = pc.and_(pc.not_equal(words, outcome), pc.not_equal(words, ""))
        if (_mask(says_more) & is_event).any():
            name = unique([*extras, "outcome_text"])[-1]
            extras[name] = pc.if_else(says_more, words, pa.scalar(None, pa.string()))
    return extras


def _unknown_words(table: ExportTable, outcome: pa.ChunkedArray, is_event: np.ndarray) -> dict[str, int]:
    """How often each word for an outcome occurs, in the events, that is not in the vocabulary."""
    text = table.text("outcome")
    if text is None:
        return {}
    words = text.filter(pa.array(_is(outcome, "unknown") & ~_is(text, "") & is_event)).value_counts()
    return {str(each["values"]): int(each["counts"]) for each in words.to_pylist()}


def _events(
    columns: dict[str, pa.ChunkedArray], utc: np.ndarray, lines: np.ndarray, chosen: np.ndarray
) -> pa.Table:
    """Make a table of the chosen rows."""
    table = pa.table({"event_time": pa.array(utc), **columns, "line": pa.array(lines)})
    return table if chosen.all() else table.filter(pa.array(chosen))


def _constant(value: str | None, count: int) -> pa.ChunkedArray:
    """A column of one value."""
    return pa.chunked_array([pa.repeat(pa.scalar(value, pa.string()), count)])


def _missing_if_empty(text: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)


def _is(text: pa.ChunkedArray, value: str) -> np.ndarray:
    """Whether each text is this one; a missing text is not."""
    return _mask(pc.fill_null(pc.equal(text, value), False))


def _matching(text: pa.ChunkedArray, patterns: tuple[str, ...]) -> np.ndarray:
    """Whether each text is one of the patterns."""
    return ~_mask(pc.is_null(translate(text, lambda value: value if matches(value, patterns) else None)))


def _mask(column: pa.ChunkedArray) -> np.ndarray:
    return np.asarray(column.to_numpy(), dtype=bool)
