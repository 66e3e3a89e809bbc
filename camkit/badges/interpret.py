"""Turn the rows of one export into events, and account for the others."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from camkit.badges.account import RowAccount
from camkit.badges.beside import beside
from camkit.badges.given import Given
from camkit.badges.identifiers import NO_TEXT, Identifiers, as_mask, keep_apart, read_identifiers, spoilt
from camkit.badges.profiles import unique
from camkit.badges.table import ExportTable
from camkit.badges.times import Times, read_event_times
from camkit.badges.vocabulary import KINDS, kind_of, matches, nobody, wording
from camkit.badges.words import Words


@dataclass(frozen=True)
class FileEvents:
    """One export's events, before duplicates are looked for, and the account of its other rows."""

    events: pa.Table  # event_time (timestamp in us, UTC), the columns of text, line
    rejected: pa.Table  # with the columns of `account.ENTRY`, as `ignored`
    ignored: pa.Table
    times: Times
    doubts: list[str]  # sentences, without the file's name, on what may have been misread
    unknown: dict[str, int]  # how often each unknown word for an outcome occurs
    is_event: np.ndarray  # for each row of the table, whether it is an event


def interpret(table: ExportTable, given: Given, shown: tuple[bool, str] | None = None) -> FileEvents:
    """Read the times, identifiers and outcomes of an export.

    `shown` is whether the day comes first in the dates of an export of the same shape, and where that is shown.

    A row with a readable time is an event. Its cardholder is missing where nobody is named: a refused card of nobody is
    an event, and so is a row whose words are not known. But

    - a swipe that was granted to nobody is rejected: part of the row is lost;
    - an identifier that a spreadsheet rounded, or replaced by an error, is rejected: whose it was is lost;
    - what the profile says is not a badge event is ignored, unless it is an alarm of a door.
    """
    account = RowAccount(table)
    text = table.text("outcome")
    reader_doubts: list[str] = []
    with beside(len(table)) as pool:
        reading = pool.submit(_identifiers, table), pool.submit(_text, table, "reader_id", reader_doubts)
        words = Words.of(_constant("", len(table)) if text is None else text)
        outcome = words.map(table.layout.profile.outcome)
        kind = _kinds(table, words)
        swipe = kind.where("swipe".__eq__)
        _ignore(table, account, outcome, swipe)
        times = read_event_times(table, account, given.zone, given.day_first, shown)
        people, readers = (column.result() for column in reading)
    _close_nobody(table, account, people, swipe & outcome.where("granted".__eq__))
    account.enter_ragged_rows()

    doubts = [*times.doubts, *people.doubts, *reader_doubts]
    columns = {"cardholder_id": people.text, "reader_id": readers}
    columns |= {
        "outcome": text if text is not None and outcome.values == words.values else outcome.text(),
        "kind": kind.text(),
    }
    extras = _extras(table, columns["outcome"], columns["kind"], account.is_event)
    if people.names is not None:
        columns["cardholder_name"] = people.names
        extras[table.heading("cardholder_id")] = table.text("cardholder_id")
    for role in ("cardholder_name", "credential"):
        if table.heading(role):
            columns[role] = _text(table, role, doubts)
    taken = ("event_time", *columns, "file", "line")
    columns |= dict(zip(unique([*taken, *extras])[len(taken) :], extras.values(), strict=True))
    return FileEvents(
        events=_events(columns, times.utc, table.rows.lines, account.is_event),
        rejected=account.entries("rejected"),
        ignored=account.entries("ignored"),
        times=times,
        doubts=doubts,
        unknown=_unknown(words, swipe & account.is_event & outcome.where("unknown".__eq__)),
        is_event=account.is_event,
    )


def _kinds(table: ExportTable, words: Words) -> Words:
    """Tell swipes from alarms by the outcome's words, else by the columns that tell what is a badge event."""
    kept = (table.column(name) for name in table.layout.profile.keep)
    sources = [words, *(Words.of(column) for column in (table.text("kind"), *kept) if column is not None)]
    codes = np.zeros(len(table), dtype=np.int8)
    for source in sources:
        found = [KINDS.index(value if value in KINDS else kind_of(wording(value))) for value in source.values]
        if any(found):
            codes = np.where(codes == 0, np.array(found, dtype=np.int8)[source.codes], codes)
    return Words(KINDS, codes)


def _ignore(table: ExportTable, account: RowAccount, outcome: Words, swipe: np.ndarray) -> None:
    """Ignore what the profile says is not a badge event."""
    for name, patterns in table.layout.profile.keep.items():
        if (column := table.column(name)) is not None:
            other = ~Words.of(column).where(partial(matches, patterns=patterns))
            account.close("ignored", other & swipe, name, column, "not a badge event")
    if "ignored" in outcome.values and (text := table.text("outcome")) is not None:
        rows = outcome.where("ignored".__eq__)
        account.close("ignored", rows, table.heading("outcome"), text, "a system message")


def _identifiers(table: ExportTable) -> Identifiers:
    text = table.text("cardholder_id")
    if text is None:
        none = np.zeros(len(table), dtype=bool)
        return Identifiers(_constant(None, len(table)), None, none, none, [])
    read = read_identifiers(text, table.rows.lines)
    sources = table.layout.sources
    whole = table.text("credential") if sources.get("credential") == sources["cardholder_id"] else None
    return read if whole is None else keep_apart(read, whole, table.rows.lines)


def _close_nobody(table: ExportTable, account: RowAccount, people: Identifiers, granted: np.ndarray) -> None:
    """Reject identifiers that a spreadsheet spoilt, and missing ones where nobody was denied."""
    text = table.text("cardholder_id")
    if text is None:
        return
    heading, missing = table.heading("cardholder_id"), as_mask(pc.is_null(people.text))
    account.close("rejected", people.failed, heading, text, "a spreadsheet's error instead of an identifier")
    account.close("rejected", people.rounded, heading, text, "a spreadsheet rounded this identifier")
    account.close("rejected", missing & granted, heading, text, "no cardholder, though not denied")


def _text(table: ExportTable, role: str, doubts: list[str]) -> pa.ChunkedArray:
    """A role's text, missing where there is nothing, and everywhere if the export does not have the column."""
    text = table.text(role)
    if text is None:
        return _constant(None, len(table))
    nothing = nobody(person=role != "reader_id")
    failed = spoilt(text)
    gone = pc.or_(pc.is_in(text, value_set=pa.array(nothing)), failed)
    if not pc.any(gone).as_py():
        return text
    if (first := pc.index(failed, True).as_py()) >= 0:
        doubts.append(
            f"the column {table.heading(role)!r} has a spreadsheet's error, such as {text[first].as_py()!r} in line "
            f"{table.rows.lines[first]}: it was read as missing"
        )
    return pc.if_else(gone, NO_TEXT, text)


def _extras(
    table: ExportTable, outcome: pa.ChunkedArray, kind: pa.ChunkedArray, is_event: np.ndarray
) -> dict[str, pa.ChunkedArray]:
    """The columns to keep as they are; the words for outcome and kind only where they say more than these.

    Each event has or lacks them by itself, so that it is the same whatever other rows the export has.
    """
    extras = table.extras()
    own = (
        ("outcome", outcome, extras.pop("outcome", None)),
        ("kind", kind, extras.pop(table.heading("kind"), None)),
    )
    for role, known, words in own:
        if words is not None and not words.equals(known):
            says_more = pc.and_(pc.not_equal(words, known), pc.not_equal(words, ""))
            if (as_mask(says_more) & is_event).any():
                name = unique([*extras, f"{role}_text"])[-1]
                extras[name] = pc.if_else(says_more, words, NO_TEXT)
    return extras


def _unknown(words: Words, rows: np.ndarray) -> dict[str, int]:
    """How often each word for an outcome occurs in these rows."""
    counts = np.bincount(words.codes[rows], minlength=len(words.values)).tolist()
    nothing = nobody(person=False)
    return {
        word: count for word, count in zip(words.values, counts, strict=True) if count and word not in nothing
    }


def _events(
    columns: dict[str, pa.ChunkedArray], utc: np.ndarray, lines: np.ndarray, chosen: np.ndarray
) -> pa.Table:
    """Make a table of the chosen rows."""
    table = pa.table({"event_time": pa.array(utc), **columns, "line": pa.array(lines)})
    return table if chosen.all() else table.filter(pa.array(chosen))


def _constant(value: str | None, count: int) -> pa.ChunkedArray:
    """A column of one value."""
    return pa.chunked_array([pa.repeat(pa.scalar(value, pa.string()), count)])
