"""Account for every row of an export: each is an event until it is rejected or ignored, once."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

from camkit.badges.profiles import footer_patterns, matches
from camkit.badges.table import ExportTable, Kind

ENTRY = {"line": "int64", "column": "str", "value": "str", "reason": "str"}
"""Columns of the tables of rejected and ignored rows, beside ``file``."""

CLOCK_TIME = re.compile(r"\d:\d\d")


class RowAccount:
    """What became of each row of one export."""

    def __init__(self, table: ExportTable) -> None:
        self.is_event = np.ones(len(table), dtype=bool)  # for each row, whether it is still an event
        self._table = table
        self._entries: dict[Kind, list[tuple[int, str, str, str]]] = {"rejected": [], "ignored": []}

    def close(self, kind: Kind, rows: np.ndarray, column: str, values: pa.ChunkedArray, reason: str) -> None:
        """Reject or ignore those of the rows that are still events, because of their values in this column."""
        positions = np.flatnonzero(rows & self.is_event)
        self.is_event[positions] = False
        lines = self._table.rows.lines[positions].tolist()
        closed = zip(lines, values.take(pa.array(positions)).to_pylist(), strict=True)
        self._entries[kind] += [(line, column, value, reason) for line, value in closed]

    def ignore_footers(self, candidates: np.ndarray) -> None:
        """Ignore totals, notes, empty rows and repeated headers among these rows, whose time cannot be read."""
        positions = np.flatnonzero(candidates & self.is_event)
        cells = (column.take(pa.array(positions)).to_pylist() for column in self._table.rows.cells)
        for position, row in zip(positions, zip(*cells, strict=True), strict=True):
            if reason := _why_not_an_event(row, self._table.layout.names):
                self.is_event[position] = False
                line = int(self._table.rows.lines[position])
                self._entries["ignored"].append((line, "", _filled(row), reason))

    def enter_ragged_rows(self) -> None:
        """Ignore the rows of the wrong length that are totals, notes and the like; reject the others."""
        names, delimiter = self._table.layout.names, self._table.layout.delimiter
        for line, row in self._table.rows.ragged:
            if known := self._table.rows.reasons.get(line):
                kind, why = known
                value = _filled(row) if kind == "ignored" else delimiter.join(row)
                self._entries[kind].append((line, "", value, why))
                continue
            reason = _why_not_an_event(row, names)
            if reason is None and len(row) == 1 and not CLOCK_TIME.search(row[0]):
                reason = "a line of text"
            if reason:
                self._entries["ignored"].append((line, "", _filled(row), reason))
            else:
                count = f"{len(row)} cells instead of {len(names)}"
                self._entries["rejected"].append((line, "", delimiter.join(row), count))

    def entries(self, kind: Kind) -> pd.DataFrame:
        """Return the entries of a kind in the order of the lines."""
        entries = pd.DataFrame(self._entries[kind], columns=list(ENTRY))
        return entries.astype(ENTRY).sort_values("line", ignore_index=True)


def _filled(row: Sequence[str]) -> str:
    return " ".join(filter(None, row))


def _why_not_an_event(row: Sequence[str], names: Sequence[str]) -> str | None:
    """Say why a row without a time is not an event; None if it should be one."""
    filled = [cell for cell in row if cell]
    if not filled:
        return "an empty row"
    if tuple(row) == tuple(names):
        return "the header again"
    return "a total or a note" if matches(filled[0], footer_patterns()) else None
