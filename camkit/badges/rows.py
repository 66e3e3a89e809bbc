"""Put the rows of an export together: which of them fit its header, and what becomes of the others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from camkit.badges.profiles import nameless
from camkit.badges.table import Kind, Layout, Record, Rows

Group = tuple[list[pa.ChunkedArray], np.ndarray]
"""Rows of the same number of cells: their columns, and the line where each row starts."""

TEXT = pa.string()

CUT_OFF = "cut off at the end of the file"


class Fit(NamedTuple):
    """Which rows fit a header."""

    width: int  # cells of the header
    least: int  # cells that a row must have, if those that are missing at its end are taken as empty
    blank: tuple[
        int, ...
    ] = ()  # cells outside the bars of a printed table: a row with text there has a bar in a cell

    @classmethod
    def of(cls, layout: Layout) -> Fit:
        """A row must have a time and a cardholder, where the export has them."""
        needed = [max(layout.sources.get(role, (0,))) for role in ("event_time", "cardholder_id")]
        width = len(layout.names)
        ends = (0, width - 1)
        in_bars = (
            layout.delimiter == "|" and width > 2 and all(layout.names[at] == nameless(at) for at in ends)
        )
        return cls(width, min(width, max(2, *(position + 1 for position in needed))), ends if in_bars else ())


class RowsBuilder:
    """Rows that are put together from stretches of an export, in the order of its lines."""

    def __init__(self, fit: Fit) -> None:
        self._fit = fit
        self._chunks: list[list[pa.Array]] = [[] for _ in range(fit.width)]
        self._lines = [np.empty(0, np.int64)]
        self._ragged: list[Record] = []
        self._short: dict[int, list[int]] = defaultdict(
            list
        )  # the lines of short rows, by their number of cells

    def add(self, groups: Iterable[Group]) -> None:
        """Add the rows of one stretch."""
        fitting = [self._fitting(columns, lines) for columns, lines in groups]
        if len(fitting) > 1:
            lines = np.concatenate([lines for _, lines in fitting])
            order = np.argsort(lines, kind="stable")
            together = zip(*(columns for columns, _ in fitting), strict=True)
            joined = [
                pa.chunked_array([chunk for it in same for chunk in it.chunks], TEXT) for same in together
            ]
            fitting = [([column.take(pa.array(order)) for column in joined], lines[order])]
        for columns, lines in fitting:
            self._lines.append(lines)
            for chunks, column in zip(self._chunks, columns, strict=True):
                chunks.extend(column.chunks)

    def add_records(self, records: Iterable[Record]) -> None:
        """Add rows one by one."""
        by_length: dict[int, list[Record]] = defaultdict(list)
        for line, cells in records:
            by_length[len(cells)].append((line, cells))
        groups = []
        for rows in by_length.values():
            columns = zip(*(cells for _, cells in rows), strict=True)
            arrays = [trimmed(pa.chunked_array([pa.array(column, TEXT)])) for column in columns]
            groups.append((arrays, np.array([line for line, _ in rows], np.int64)))
        self.add(groups)

    def finish(self, stray_lines: list[int], *, is_ended: bool) -> Rows:
        """Return all rows; `is_ended` says whether the last one has its line end."""
        lines = np.concatenate(self._lines)
        cells = [pa.chunked_array(chunks, TEXT) for chunks in self._chunks]
        reasons: dict[int, tuple[Kind, str]] = {}
        if not is_ended and (cut := self._cut_off(lines)):
            reasons[cut] = ("rejected", CUT_OFF)
        for length, short in self._short.items():
            # A single row that ends with its identifier may end within it.
            if len(short) == 1 and (short[0] in reasons or length == self._fit.least):
                at = int(np.searchsorted(lines, short[0]))
                self._ragged.append((short.pop(), [column[at].as_py() for column in cells[:length]]))
                lines = np.delete(lines, at)
                others = pa.array(np.delete(np.arange(len(lines) + 1), at))
                cells = [column.take(others) for column in cells]
        return Rows(cells, lines, sorted(self._ragged), stray_lines, reasons, dict(self._short))

    def _fitting(self, columns: list[pa.ChunkedArray], lines: np.ndarray) -> Group:
        """Give the rows the header's width; those that do not fit are set aside."""
        width, length = self._fit.width, len(columns)
        if self._fit.least <= length < width:
            self._short[length] += lines.tolist()
            empty = pa.chunked_array([pa.repeat(pa.scalar("", TEXT), len(lines))])
            return [*columns, *[empty] * (width - length)], lines
        fits = np.full(len(lines), length >= width)
        for column in columns[width:] + [columns[at] for at in self._fit.blank if at < length]:
            fits &= pc.equal(column, "").to_numpy()
        if not fits.all():
            odd = pa.array(~fits)
            rows = zip(*(column.filter(odd).to_pylist() for column in columns), strict=True)
            self._ragged += zip(lines[~fits].tolist(), map(list, rows), strict=True)
        columns = columns[:width] if length >= width else columns + columns[:1] * (width - length)
        return [column if fits.all() else column.filter(pa.array(fits)) for column in columns], lines[fits]

    def _cut_off(self, lines: np.ndarray) -> int | None:
        """The last row's line, if it is short as no other row is."""
        last = max([*lines[-1:].tolist(), *(line for line, _ in self._ragged)], default=0)
        if any(line == last and len(cells) < self._fit.width for line, cells in self._ragged):
            return last
        return last if [last] in self._short.values() else None


def trimmed(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Remove white space at both ends of each cell."""
    return pc.utf8_trim_whitespace(column)
