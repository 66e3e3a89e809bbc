"""Read delimited text: with commas, semicolons, tabs or pipes.

There are two ways to split it, with the same result: pyarrow's reader for files where every line is a row, and a
careful one, on the standard library's `csv`, for blank lines, quoted line ends, unbalanced quotes and rows of the
wrong length.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from camkit.badges.encoding import MIXED, Utf8Stream, decoded, open_text
from camkit.badges.files import Export
from camkit.badges.given import Given
from camkit.badges.table import ExportTable, Record, Rows, find_layout

DELIMITERS = (",", ";", "\t", "|")

START = 60
"""How many lines at the file's start are searched for the header."""

BATCH = 1 << 16
"""Rows that the careful way turns into columns at a time."""


def read_delimited(export: Export, given: Given) -> ExportTable:
    """Read the export in the first encoding that fits it.

    Raises
    ------
    BadgeFileError
        If it is not text, or no profile fits it, or not the wanted one.
    """
    candidates = given.candidates()

    def read(encoding: str) -> ExportTable:
        with open_text(export, encoding) as stream:
            lines = list(islice(stream.lines(), START))
        starts = {delimiter: [*records(lines, delimiter)] for delimiter in DELIMITERS}
        layout = find_layout(export, starts, candidates)
        rows = read_rows(export, encoding, layout.delimiter, len(layout.names), layout.first_line)
        return ExportTable(export, MIXED if rows.stray_lines else encoding, layout, rows)

    return decoded(export, read)


def read_rows(export: Export, encoding: str, delimiter: str, width: int, first_line: int) -> Rows:
    """Split the export from `first_line` on into rows of `width` cells."""
    with open_text(export, encoding) as stream:
        rows = split_fast(stream, delimiter, width, first_line)
    if rows is None:
        with open_text(export, encoding) as stream:
            rows = split_carefully(stream, delimiter, width, first_line)
    return rows


def split_fast(stream: Utf8Stream, delimiter: str, width: int, first_line: int) -> Rows | None:
    """Split with pyarrow, or return None where a line is not exactly a row."""
    names = [str(position) for position in range(width)]
    try:
        table = arrow_csv.read_csv(
            stream,
            read_options=arrow_csv.ReadOptions(column_names=names, skip_rows=first_line - 1),
            # Without newlines_in_values a quoted line end where two blocks meet would split a row in two.
            parse_options=arrow_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid:
        return None
    # pyarrow skips blank lines and joins quoted ones: both leave fewer rows than lines, and nothing adds any.
    if stream.space_before_quote or table.num_rows != stream.last_line - first_line + 1:
        return None
    cells = [pc.utf8_trim_whitespace(column) for column in table.columns]
    return Rows(cells, np.arange(first_line, stream.last_line + 1), stray_lines=stream.stray_lines)


def split_carefully(stream: Utf8Stream, delimiter: str, width: int, first_line: int) -> Rows:
    """Split with the standard library, row by row."""
    chunks: list[list[pa.Array]] = [[] for _ in range(width)]
    lines = [np.empty(0, np.int64)]
    ragged: list[Record] = []
    below_header = islice(stream.lines(), first_line - 1, None)
    rows = records(below_header, delimiter, width=width, first_line=first_line)
    while batch := list(islice(rows, BATCH)):
        ragged += [(line, [cell.strip() for cell in row]) for line, row in batch if not _fits(row, width)]
        fitting = [(line, row[:width]) for line, row in batch if _fits(row, width)]
        lines.append(np.array([line for line, _ in fitting], np.int64))
        columns = zip(*(row for _, row in fitting), strict=True)
        for chunk, column in zip(chunks, columns, strict=False):  # no columns where no row fits
            chunk.append(pc.utf8_trim_whitespace(pa.array(column, pa.string())))
    cells = [pa.chunked_array(chunk, pa.string()) for chunk in chunks]
    return Rows(cells, np.concatenate(lines), ragged, stream.stray_lines)


def records(
    lines: Iterable[str], delimiter: str, *, width: int | None = None, first_line: int = 1
) -> Iterator[Record]:
    """Yield the line number and the cells of each row that is not blank.

    A quote that is never closed would swallow the rows after it. So a row of several lines that does not have
    `width` cells is undone, and only its first line becomes the row, with its quotes kept as text.
    """
    feed = _Feed(lines, first_line)
    reader = csv.reader(feed, delimiter=delimiter, skipinitialspace=True)
    while True:
        feed.taken.clear()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:  # a cell above the module's limit
            cells = []
        line = feed.line - len(feed.taken) + 1
        swallowed = any(map(str.strip, feed.taken[1:]))
        if not cells or (swallowed and (feed.ended or (width is not None and not _fits(cells, width)))):
            cells = feed.keep_first_line().rstrip("\n").split(delimiter)
        if len(cells) > 1 or cells[0].strip():
            yield line, cells


def _fits(cells: list[str], width: int) -> bool:
    """Whether the row has `width` cells, apart from empty ones at its end."""
    return len(cells) == width or (len(cells) > width and not any(map(str.strip, cells[width:])))


class _Feed:
    """Lines for the reader, which can be put back."""

    def __init__(self, lines: Iterable[str], first_line: int) -> None:
        self._lines = iter(lines)
        self._again: deque[str] = deque()
        self.taken: list[str] = []
        self.line = first_line - 1
        self.ended = False

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        try:
            text = self._again.popleft() if self._again else next(self._lines)
        except StopIteration:
            self.ended = True
            raise
        self.taken.append(text)
        self.line += 1
        return text

    def keep_first_line(self) -> str:
        first, *rest = self.taken
        self._again.extendleft(reversed(rest))
        self.line -= len(rest)
        self.ended = False
        return first
