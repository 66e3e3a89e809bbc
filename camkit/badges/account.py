"""Account for every row of an export: each is an event until it is rejected or ignored, once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from camkit.badges.identifiers import as_mask
from camkit.badges.profiles import headings, unique
from camkit.badges.table import ExportTable, Kind
from camkit.badges.vocabulary import footer_patterns, matches

ENTRY = pa.schema({"line": pa.int64(), "column": pa.string(), "value": pa.string(), "reason": pa.string()})
"""Columns of the tables of rejected and ignored rows, beside ``file``."""

NONE = ENTRY.empty_table()

CLOCK_TIME = re.compile(r"\d[:.]\d\d")

MAX_FILLED = 2
"""Most cells of a total or a note that have text: "Total", "1,204". A swipe has more."""


class RowAccount:
    """What became of each row of one export."""

    def __init__(self, table: ExportTable) -> None:
        self.is_event = np.ones(len(table), dtype=bool)  # for each row, whether it is still an event
        self._table = table
        self._entries: dict[Kind, list[pa.Table]] = {"rejected": [], "ignored": []}

    def close(self, kind: Kind, rows: np.ndarray, column: str, values: pa.ChunkedArray, reason: str) -> None:
        """Reject or ignore those of the rows that are still events, because of their values in this column."""
        positions = np.flatnonzero(rows & self.is_event)
        if not len(positions):
            return
        self.is_event[positions] = False
        lines, closed = self._table.rows.lines[positions], values.take(pa.array(positions))
        names, reasons = (pa.repeat(pa.scalar(text, pa.string()), len(lines)) for text in (column, reason))
        self._entries[kind].append(pa.table([lines, names, closed, reasons], schema=ENTRY))

    def ignore_footers(self, candidates: np.ndarray) -> None:
        """Ignore totals, notes, empty rows and repeated headers among these rows, whose time cannot be read."""
        self._reject_below_other_headers(candidates)
        positions = np.flatnonzero(candidates & self.is_event)
        if not len(positions):
            return
        names = self._table.layout.names
        cells = [column.take(pa.array(positions)) for column in self._table.rows.cells]
        like_others = as_mask(pc.equal(cells[0], names[0]))
        for column in cells[:2]:  # the first is empty in a table whose rows begin with a bar
            like_others |= as_mask(pc.match_substring_regex(column, r"^[-=_+]+$"))
        few = np.flatnonzero((filled_cells(cells) <= MAX_FILLED) | like_others)
        rows = zip(*(column.take(pa.array(few)).to_pylist() for column in cells), strict=True)
        ignored = []
        for position, row in zip(positions[few], rows, strict=True):
            if reason := _why_not_an_event(row, names):
                self.is_event[position] = False
                ignored.append((int(self._table.rows.lines[position]), _filled(row), reason))
        self._enter("ignored", ignored)

    def _reject_below_other_headers(self, candidates: np.ndarray) -> None:
        """Reject the rows below a header with other columns, up to the first header again."""
        rows, names = self._table.rows, self._table.layout.names
        known = headings() | {*names}
        positions = np.flatnonzero(candidates & self.is_event)
        cells = [column.take(pa.array(positions)) for column in rows.cells]
        hits = np.sum([as_mask(pc.is_in(column, value_set=pa.array([*known]))) for column in cells], axis=0)
        like = np.flatnonzero((hits > 1) & (2 * hits >= filled_cells(cells)))
        texts = zip(*(column.take(pa.array(like)).to_pylist() for column in cells), strict=True)
        headers = [*zip(rows.lines[positions[like]].tolist(), texts, strict=True)]
        headers += [(line, tuple(row)) for line, row in rows.ragged]
        headers = [(line, row) for line, row in headers if len(known.intersection(row)) > 1]
        others = [(line, any(map(_differs, row, unique(row), names))) for line, row in sorted(headers)]
        if not any(is_other for _, is_other in others):
            return
        lines, is_other = map(np.array, zip(*others, strict=True))
        first = lines[is_other][0]
        other = np.append(False, is_other)[np.searchsorted(lines, rows.lines, "right")]
        heading, text = self._table.heading("event_time"), self._table.text("event_time")
        assert text is not None  # noqa: S101  (every layout has one)
        self.close("ignored", other & np.isin(rows.lines, lines), heading, text, "another header")
        self.close("rejected", other, heading, text, f"below another header, as in line {first}")

    def enter_ragged_rows(self) -> None:
        """Ignore the rows of the wrong length that are totals, notes and the like; reject the others."""
        names, delimiter = self._table.layout.names, self._table.layout.delimiter
        entered: dict[Kind, list[tuple[int, str, str]]] = {"rejected": [], "ignored": []}
        for line, row in self._table.rows.ragged:
            kind, reason = self._table.rows.reasons.get(line) or _why_ragged(row, names)
            text = _filled(row) if kind == "ignored" else delimiter.join(row)
            entered[kind].append((line, text, reason))
        for kind, entries in entered.items():
            self._enter(kind, entries)

    def entries(self, kind: Kind) -> pa.Table:
        """Return the entries of a kind in the order of the lines: a table with the columns of `ENTRY`."""
        if not self._entries[kind]:
            return NONE
        entries = pa.concat_tables(self._entries[kind])
        if len(self._entries[kind]) < 2:
            return entries
        return entries.take(pa.array(np.argsort(entries["line"].to_numpy(), kind="stable")))

    def _enter(self, kind: Kind, entries: Iterable[tuple[int, str, str]]) -> None:
        """Enter whole rows: line, text and reason of each."""
        if columns := [*zip(*entries, strict=True)]:
            line, text, reason = columns
            self._entries[kind].append(pa.table([line, [""] * len(line), text, reason], schema=ENTRY))


def _differs(cell: str, numbered: str, name: str) -> bool:
    """Whether a heading, as it is and with its number, is not that of the same column in the first header."""
    return cell != "" and numbered != name


def filled_cells(columns: Sequence[pa.ChunkedArray]) -> np.ndarray:
    """Count the cells of each row that have text."""
    return np.sum([as_mask(pc.not_equal(column, "")) for column in columns], axis=0)


def _filled(row: Sequence[str]) -> str:
    return " ".join(filter(None, row))


def _why_ragged(row: Sequence[str], names: Sequence[str]) -> tuple[Kind, str]:
    """Say what becomes of a row of the wrong length, and why."""
    reason = _why_not_an_event(row, names)
    if reason is None and len(row) == 1 and not CLOCK_TIME.search(row[0]):
        reason = "a line of text"
    return ("ignored", reason) if reason else ("rejected", f"{len(row)} cells instead of {len(names)}")


def _why_not_an_event(row: Sequence[str], names: Sequence[str]) -> str | None:
    """Say why a row without a time is not an event; None if it should be one."""
    filled = [cell for cell in row if cell]
    if not filled:
        return "an empty row"
    if unique(row) == tuple(names):
        return "the header again"
    if not re.search(r"[^-=_+:]", "".join(filled)):
        return "a line between rows"
    if len(filled) > MAX_FILLED or any(map(CLOCK_TIME.search, filled[1:])):
        return None
    return "a total or a note" if matches(filled[0], footer_patterns()) else None
