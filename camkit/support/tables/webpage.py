"""Read the tables of a web page."""

from __future__ import annotations

import codecs
import re
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

HIDDEN = re.compile(r"(?:display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all)", re.IGNORECASE)
COMMENT_END = re.compile("--!?>")
VOID = ("br", "col", "hr", "wbr")
"""Styles of what is not shown, the end of a comment, and elements that have no end."""

DEEPEST = 20
"""How many tables may be in one another."""


def read(file: IO[bytes], limits: Limits, *, encoding: str | None = None) -> Iterator[dict[str, Any]]:
    """Yield the page's tables, those of one width as one: a printed report has one on each page; see `child`.

    The number of a row is its place among all rows of the page. The facts have the ``encoding`` and the ``width``, the
    ``loose`` rows, which are those of tables of one column beside others, and what is ``unclosed``.
    """
    data = file.read(limits.unpacked + 1)
    if len(data) > limits.unpacked:
        raise Unreadable(f"it is larger than {limits.unpacked >> 20:,} MiB")
    text, encoding = _decoded(data, encoding)
    page = _Page(limits)
    after = max((end.end() for end in COMMENT_END.finditer(text)), default=0)
    if "<!--" in text[after:]:
        page.unclosed = "comment"
        text = text[:after] + text[after:].replace("<!--", "")
    for at in range(0, len(text), PIECE):
        page.feed(text[at : at + PIECE])
    page.close()
    page.finish()
    loose = page.lines if page.tables else []
    for width, rows in _by_width(page.tables or [page.lines], limits):
        yield {"table": ""}
        columns = [list(column) for column in zip(*(cells for _, cells in rows), strict=True)]
        yield {"lines": [line for line, _ in rows], "columns": columns}
        facts = {"encoding": encoding, "width": width, "unclosed": page.unclosed}
        yield {"facts": facts | {"loose": [(number, cells[0]) for number, cells in loose]}}


def _by_width(tables: list[list[Row]], limits: Limits) -> list[tuple[int, list[Row]]]:
    """Join the tables of the same width, largest first; cells that a row leaves out at its end are empty."""
    groups: dict[int, list[Row]] = defaultdict(list)
    for rows in filter(None, tables):
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
        self.instead: list[str] = []  # what a cell without text shows: a field, or a picture's words
        self.is_frame = False  # whether there is a table in it
        self.span = (1, 1)
        self.below: dict[int, tuple[int, str]] = {}


class _Page(HTMLParser):
    """Collect the rows of all tables."""

    def __init__(self, limits: Limits) -> None:
        super().__init__()
        self.tables: list[list[Row]] = []
        self.lines: list[Row] = []  # the rows of tables of one column
        self.unclosed = ""
        self._limits = limits
        self._open: list[_Table] = []
        self._number = self._cells = 0
        self._raw: list[str] = []  # what is in a script or a style
        self._hiding, self._depth = (
            "",
            0,
        )  # the element in a cell that is not shown, and how many of it are open

    def finish(self) -> None:
        """End what the page leaves open; what follows a script or a style without an end is read as if it had one."""
        if self.cdata_elem is not None:
            self.unclosed = f"<{self.cdata_elem}>"
            self.clear_cdata_mode()
            rest, self._raw = "".join(self._raw), []
            for at in range(0, len(rest), PIECE):
                self.feed(rest[at : at + PIECE])
            self.close()
        while self._open:
            self._end_table()

    def set_cdata_mode(self, elem: str, **how: Any) -> None:
        self._raw = []
        if not self.unclosed.startswith("<"):  # else the rest would be read again and again
            super().set_cdata_mode(elem, **how)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            if len(self._open) == DEEPEST:
                raise Unreadable(f"more than {DEEPEST} tables are in one another")
            for table in self._open[-1:]:
                table.is_frame = True
            self._open.append(_Table())
        elif not self._open:
            return
        elif tag == "tr":
            self._end_row()
            self._open[-1].cells = []
        elif tag in ("td", "th"):
            self._start_cell(dict(attrs))
        else:
            self._start_part(tag, dict(attrs))

    def _start_part(self, tag: str, attributes: dict[str, str | None]) -> None:
        """Start an element in a cell."""
        if tag in ("br", "p", "div"):
            self.handle_data(" ")
        if tag == "option":
            self._hiding, self._depth = ("" if "selected" in attributes else "select"), 1
        elif self._hiding:
            self._depth += tag == self._hiding
        elif tag in ("input", "img"):
            if attributes.get("type") not in ("hidden", "password"):
                self._open[-1].instead.append(attributes.get("value" if tag == "input" else "alt") or "")
        elif "hidden" in attributes or HIDDEN.search(attributes.get("style") or ""):
            self._hiding, self._depth = ("" if tag in VOID else tag), 1

    def handle_endtag(self, tag: str) -> None:
        if not self._open:
            return
        if tag == self._hiding:
            self._depth -= 1
            self._hiding = self._hiding if self._depth else ""
        if tag in ("td", "th"):
            self._end_cell()
        elif tag == "tr":
            self._end_row()
        elif tag == "table":
            self._end_table()

    def handle_data(self, data: str) -> None:
        if self.cdata_elem is not None:
            self._raw.append(data)
            if self.cdata_elem in ("script", "style"):
                return
        if self._open and not self._hiding and (text := self._open[-1].text) is not None:
            text.append(data)

    def _start_cell(self, attributes: dict[str, str | None]) -> None:
        self._end_cell()
        table = self._open[-1]
        if table.cells is None:
            table.cells = []
        table.text, table.instead = [], []
        table.span = (
            _span(attributes.get("colspan"), self._limits.columns),
            _span(attributes.get("rowspan"), self._limits.rows),
        )

    def _end_cell(self) -> None:
        table = self._open[-1]
        self._hiding = ""
        if table.text is None or table.cells is None:
            return
        text = " ".join("".join(table.text).split()) or " ".join(" ".join(table.instead).split())
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
        table = self._open.pop()
        if not table.is_frame and all(len(cells) == 1 for _, cells in table.rows):
            self.lines += table.rows
        elif table.rows:
            self.tables.append(table.rows)

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
