"""Read the tables of a web page."""

from __future__ import annotations

import codecs
from collections import defaultdict
from collections.abc import Iterator
from html.parser import HTMLParser
from operator import itemgetter
from typing import IO, Any

from bs4.dammit import EncodingDetector

from camkit.support.tables.limits import Limits, Unreadable

__all__ = ["read"]

PIECE = 1 << 20
Row = tuple[int, list[str]]

DEEPEST = 20
"""How many tables may be in one another."""


def read(file: IO[bytes], limits: Limits, *, encoding: str | None = None) -> Iterator[dict[str, Any]]:
    """Yield the page's tables, those of one width as one: a printed report has one on each page; see `child`.

    The number of a row is its place among all rows of the page. The facts have the ``encoding`` and the ``width``.
    """
    data = file.read(limits.unpacked + 1)
    if len(data) > limits.unpacked:
        raise Unreadable(f"it is larger than {limits.unpacked >> 20:,} MiB")
    text, encoding = _decoded(data, encoding)
    page = _Page(limits)
    for at in range(0, len(text), PIECE):
        page.feed(text[at : at + PIECE])
    page.close()
    page.finish()
    for width, rows in _by_width(page.tables, limits):
        yield {"table": ""}
        columns = [list(column) for column in zip(*(cells for _, cells in rows), strict=True)]
        yield {"lines": [line for line, _ in rows], "columns": columns}
        yield {"facts": {"encoding": encoding, "width": width}}


def _by_width(tables: list[list[Row]], limits: Limits) -> list[tuple[int, list[Row]]]:
    """Join the tables of the same width, largest first; cells that a row leaves out at its end are empty."""
    groups: dict[int, list[Row]] = defaultdict(list)
    for rows in tables:
        width = max(len(cells) for _, cells in rows)
        limits.check(len(rows) + len(groups[width]), width, "its table")
        groups[width] += [(number, cells + [""] * (width - len(cells))) for number, cells in rows]
    for rows in groups.values():
        rows.sort(key=itemgetter(0))  # a table in another ends before it
    return sorted(groups.items(), key=lambda group: -group[0] * len(group[1]))


def _decoded(data: bytes, encoding: str | None) -> tuple[str, str]:
    """Decode by the encoding given, the byte order mark, the page's own word, or else UTF-8 or cp1252."""
    rest, marked = EncodingDetector.strip_byte_order_mark(data)
    declared = EncodingDetector.find_declared_encoding(rest, is_html=True, search_entire_document=False)
    for name in filter(None, (encoding, marked, declared, "utf-8", "cp1252")):
        try:
            return rest.decode(codecs.lookup(name).name), name
        except (LookupError, UnicodeDecodeError):
            continue
    return rest.decode("latin-1"), "latin-1"


class _Table:
    """An open table: its rows, its open row and cell, and the values of cells that reach into the rows below."""

    def __init__(self) -> None:
        self.rows: list[Row] = []
        self.cells: list[str] | None = None
        self.text: list[str] | None = None
        self.span = (1, 1)
        self.below: dict[int, tuple[int, str]] = {}


class _Page(HTMLParser):
    """Collect the rows of all tables."""

    def __init__(self, limits: Limits) -> None:
        super().__init__()
        self.tables: list[list[Row]] = []
        self._limits = limits
        self._open: list[_Table] = []
        self._number = self._cells = 0
        self._hidden = False

    def finish(self) -> None:
        """End what the page leaves open."""
        while self._open:
            self._end_table()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            if len(self._open) == DEEPEST:
                raise Unreadable(f"more than {DEEPEST} tables are in one another")
            self._open.append(_Table())
        elif tag in ("script", "style"):
            self._hidden = True
        elif not self._open:
            return
        elif tag == "tr":
            self._end_row()
            self._open[-1].cells = []
        elif tag in ("td", "th"):
            self._start_cell(dict(attrs))
        elif tag in ("br", "p", "div"):
            self.handle_data(" ")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._hidden = False
        elif not self._open:
            return
        elif tag in ("td", "th"):
            self._end_cell()
        elif tag == "tr":
            self._end_row()
        elif tag == "table":
            self._end_table()

    def handle_data(self, data: str) -> None:
        if self._open and not self._hidden and (text := self._open[-1].text) is not None:
            text.append(data)

    def _start_cell(self, attributes: dict[str, str | None]) -> None:
        self._end_cell()
        table = self._open[-1]
        if table.cells is None:
            table.cells = []
        table.text = []
        table.span = (
            _span(attributes.get("colspan"), self._limits.columns),
            _span(attributes.get("rowspan"), self._limits.rows),
        )

    def _end_cell(self) -> None:
        table = self._open[-1]
        if table.text is None or table.cells is None:
            return
        text = " ".join("".join(table.text).split())
        self._take_from_above(table)
        wide, high = table.span
        if high > 1:
            table.below[len(table.cells)] = (high - 1, text)
        self._require_room(len(table.cells) + wide)
        table.cells += [text, *[""] * (wide - 1)]
        table.text = None

    def _end_row(self) -> None:
        self._end_cell()
        table = self._open[-1]
        if table.cells is None:
            return
        self._take_from_above(table)
        self._number += 1
        self._cells += len(table.cells)
        if self._cells > self._limits.cells or self._number > self._limits.rows:
            raise Unreadable(f"it has more than {self._limits.rows:,} rows or {self._limits.cells:,} cells")
        if any(table.cells):
            table.rows.append((self._number, table.cells))
        table.cells = None

    def _end_table(self) -> None:
        self._end_row()
        if rows := self._open.pop().rows:
            self.tables.append(rows)

    def _take_from_above(self, table: _Table) -> None:
        """Add the cells of earlier rows that reach down to here."""
        cells = table.cells
        while cells is not None and (at := len(cells)) in table.below:
            left, text = table.below.pop(at)
            if left > 1:
                table.below[at] = (left - 1, text)
            cells.append(text)
            self._require_room(len(cells))

    def _require_room(self, columns: int) -> None:
        if columns > self._limits.columns:
            raise Unreadable(f"a row has more than {self._limits.columns:,} columns")


def _span(text: str | None, most: int) -> int:
    return max(1, min(int(text), most)) if text and text.isdecimal() and len(text) < 8 else 1
