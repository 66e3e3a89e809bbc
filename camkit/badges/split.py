"""Split delimited text into rows.

There are two ways, with the same result: pyarrow's reader for stretches of text whose rows can be told without doubt,
and a careful one, on the standard library's `csv`, for unbalanced quotes and the like. An odd line costs a short
stretch around it, not the whole file.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from camkit.badges.encoding import BLOCKS, CACHED, Utf8Text, count_lines
from camkit.badges.rows import Fit, Group, RowsBuilder, trimmed
from camkit.badges.table import Record, Rows

LEAST = 1 << 16
"""How much text is left to the careful way at a time, bytes."""

PARALLEL = 1 << 20
"""How much text pyarrow gives to one thread, bytes."""

MOST_SPACES = 16
"""Most spaces before a quote that the quick way reads."""


class Dialect(NamedTuple):
    """How the cells of a row are set apart."""

    delimiter: str
    quote: str = '"'


def split(
    text: Utf8Text, dialect: Dialect, fit: Fit, first_line: int, stretch: tuple[int, int] = (LEAST, BLOCKS[1])
) -> Rows:
    """Split the text from `first_line` on into rows, in stretches of at least and at most so many bytes."""
    rows = RowsBuilder(fit)
    cursor = Cursor(_ahead(text.blocks(BLOCKS[1])))
    cursor.skip(first_line - 1)
    least, most = stretch
    size = most
    while piece := cursor.peek(size):
        newlines = count_lines(piece)
        groups = split_quickly(piece, dialect, fit.width, cursor.line, newlines)
        if groups is not None:
            rows.add(groups)
            cursor.advance(len(piece), newlines)
            size = min(2 * size, most)
        elif min(size, len(piece)) > least:
            size = max(min(size, len(piece)) // 2, least)
        else:
            rows.add_records(split_carefully(cursor, dialect, fit.width, len(piece)))
    return rows.finish(text.stray_lines, is_ended=text.is_ended)


def _ahead(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the blocks; while one is parsed, the next one is read."""
    first = next(blocks, b"")
    yield first
    if len(first) < BLOCKS[1] // 2:
        yield from blocks
        return
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, blocks, b"")
        while block := coming.result():
            coming = pool.submit(next, blocks, b"")
            yield block


def split_quickly(
    piece: bytes, dialect: Dialect, width: int, first_line: int, newlines: int
) -> list[Group] | None:
    """Split whole lines with pyarrow; None where their rows cannot be told without the careful way."""
    quote = dialect.quote.encode()
    quoted = quote in piece
    # A space before a quote is where readers of CSV differ.
    if not (quoted and b" " + quote in piece):
        lines = newlines + (not piece.endswith(b"\n"))
        columns = _parsed(piece, dialect, width, lines)
        if columns is not None and not (quoted and _ends_open(piece, dialect)):
            return [_without_blank(columns, np.arange(first_line, first_line + lines))]
    return _split_by_length(piece, dialect, width, first_line)


def _split_by_length(piece: bytes, dialect: Dialect, width: int, first_line: int) -> list[Group] | None:
    """Split rows of different lengths, each length by itself; None if a quote is not simply around a cell."""
    delimiter, quote, newline = map(ord, (*dialect, "\n"))
    data = np.frombuffer(piece if piece.endswith(b"\n") else piece + b"\n", np.uint8)
    quotes = np.flatnonzero(data == quote)
    if len(quotes) % 2:
        return None
    if len(quotes):
        data = _without_spaces_before(quotes[::2], data)
        quotes = np.flatnonzero(data == quote)
    newlines = np.flatnonzero(data == newline)
    ends, delimiters = newlines, np.flatnonzero(data == delimiter)
    if len(quotes):
        opening, closing = quotes[::2], quotes[1::2]
        around = [data[opening[opening > 0] - 1], data[closing + 1]]
        if not all(np.isin(neighbours, (delimiter, newline)).all() for neighbours in around):
            return None
        ends = newlines[np.searchsorted(quotes, newlines) % 2 == 0]
        delimiters = delimiters[np.searchsorted(quotes, delimiters) % 2 == 0]
    starts = np.concatenate([[0], ends[:-1] + 1])
    lengths = np.diff(np.searchsorted(delimiters, ends), prepend=0) + 1
    if len(ends) < len(newlines):
        first = np.searchsorted(newlines, starts)
        several = np.searchsorted(newlines, ends) > first
        if (lengths[several] != width).any():  # the careful way would not join these lines
            return None
    else:
        first = np.arange(len(ends))
    groups = []
    for length in np.unique(lengths).tolist():
        chosen = lengths == length
        rows = data[slice(None) if chosen.all() else np.repeat(chosen, ends + 1 - starts)].tobytes()
        lines = first_line + first[chosen]
        columns = _parsed(rows, dialect, length, len(lines))
        if columns is None:
            return None
        groups.append(_without_blank(columns, lines))
    return groups


def _without_spaces_before(quotes: np.ndarray, data: np.ndarray) -> np.ndarray:
    """Remove the spaces before opening quotes, where readers of CSV differ."""
    keep = np.ones(len(data), dtype=bool)
    for _ in range(MOST_SPACES):
        quotes = quotes[(quotes > 0) & (data[quotes - 1] == ord(" "))] - 1
        if not len(quotes):
            break
        keep[quotes] = False
    return data if keep.all() else data[keep]


def _without_blank(columns: list[pa.ChunkedArray], lines: np.ndarray) -> Group:
    """Leave out blank lines: those of a single cell that is empty."""
    if len(columns) > 1:
        return columns, lines
    filled = pc.not_equal(trimmed(columns[0]), "")
    return [columns[0].filter(filled)], lines[filled.to_numpy()]


def _parsed(rows: bytes, dialect: Dialect, width: int, count: int) -> list[pa.ChunkedArray] | None:
    """Parse `count` rows of `width` cells, and trim those that may need it; None if they are not that."""
    names = [str(position) for position in range(width)]
    quoted = dialect.quote.encode() in rows
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(rows),
            read_options=arrow_csv.ReadOptions(column_names=names, use_threads=len(rows) > PARALLEL),
            # Without newlines_in_values a quoted line end where two blocks meet would split a row in two.
            parse_options=arrow_csv.ParseOptions(
                delimiter=dialect.delimiter,
                quote_char=dialect.quote,
                newlines_in_values=quoted,
                ignore_empty_lines=width > 1,  # kept, they would be rows of empty cells
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid:
        return None
    if table.num_rows != count:
        return None
    white = quoted or _is_white_at_edges(rows, dialect.delimiter)
    ascii_only = rows.isascii()
    return [
        trimmed(column) if white or not (ascii_only or pc.all(pc.string_is_ascii(column)).as_py()) else column
        for column in table.columns
    ]


def _is_white_at_edges(rows: bytes, delimiter: str) -> bool:
    """Whether a cell may begin or end with white space, apart from what is not ASCII, in rows without quotes."""
    data = np.frombuffer(rows, np.uint8)
    for start in range(0, len(data), CACHED):
        piece = data[start : start + CACHED + 1]
        white = piece <= ord(" ")
        edge = piece == ord("\n")
        if np.count_nonzero(white) > np.count_nonzero(edge):
            edge |= piece == ord(delimiter)
            white &= ~edge
            if (white[1:] & edge[:-1]).any() or (white[:-1] & edge[1:]).any():
                return True
    return bool(data[0] <= ord(" ") or (data[-1] <= ord(" ") and data[-1] != ord("\n")))


def _ends_open(piece: bytes, dialect: Dialect) -> bool:
    """Whether the last line has a quote that is not closed, so that the next one may belong to it."""
    last = piece[piece.rfind(b"\n", 0, len(piece) - 1) + 1 :].decode()
    reader = _reader([last, "\n"], dialect)
    next(reader)
    return reader.line_num > 1


def split_carefully(cursor: Cursor, dialect: Dialect, width: int, size: int) -> Iterator[Record]:
    """Yield the rows of the next `size` bytes, split with the standard library, and move the cursor behind them."""
    sizes: list[int] = []
    feed = Feed(cursor.lines(sizes), cursor.line)
    start = cursor.line
    done = used = 0
    for record in records(feed, dialect, width=width):
        yield record
        while used < feed.line - start + 1:
            done += sizes[used]
            used += 1
        if done >= size:
            break
    else:
        done, used = sum(sizes), len(sizes)
    cursor.advance(done, used)


def records(
    lines: Iterable[str], dialect: Dialect, *, width: int | None = None, first_line: int = 1
) -> Iterator[Record]:
    """Yield the line number and the cells of each row that is not blank.

    A quote that is never closed would swallow the rows after it. So a row of several lines is undone if it does not
    have `width` cells, or has other rows' lines in it and ends at a quote that is not the end of a cell. Only its first
    line becomes the row, with its quotes kept as text.
    """
    feed = lines if isinstance(lines, Feed) else Feed(lines, first_line)
    reader = _reader(feed, dialect)
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
        if not cells or (
            swallowed
            and (
                feed.ended
                or (width is not None and not _has_width(cells, width))
                or _swallows_rows(feed.taken, cells, dialect)
            )
        ):
            cells = feed.keep_first_line().rstrip("\n").split(dialect.delimiter)
        if len(cells) > 1 or cells[0].strip():
            yield line, cells


def _reader(lines: Iterable[str], dialect: Dialect, *, strict: bool = False) -> Any:
    return csv.reader(
        lines, delimiter=dialect.delimiter, quotechar=dialect.quote, skipinitialspace=True, strict=strict
    )


def _swallows_rows(lines: Sequence[str], cells: Sequence[str], dialect: Dialect) -> bool:
    """Whether a quote of one row is closed by one at the start of a cell of another."""
    if not any(line.count(dialect.delimiter) >= len(cells) - 1 for line in lines[1:]):
        return False
    try:
        next(_reader(lines, dialect, strict=True))
    except csv.Error:
        return True
    return False


def lines_in_cells(rows: Rows, delimiter: str) -> list[int]:
    """Return the lines of rows whose quoted text goes on over lines that look like rows of their own."""
    several = np.flatnonzero(np.diff(rows.lines, append=np.iinfo(np.int64).max) > 1)
    found: set[int] = set()
    for column in rows.cells:
        text = column.take(pa.array(several))
        # The line that closes the quote ends in the cell, so the delimiters behind it are not in the text.
        odd = pc.match_substring_regex(text, rf"\n[^\n]*(?:{re.escape(delimiter)}|\d[:.]\d\d)")
        found.update(rows.lines[several[odd.to_numpy()]].tolist())
    return sorted(found)


def _has_width(cells: list[str], width: int) -> bool:
    """Whether the row has `width` cells, apart from empty ones at its end."""
    return len(cells) == width or (len(cells) > width and not any(map(str.strip, cells[width:])))


class Feed:
    """Lines for the reader, which can be put back."""

    def __init__(self, lines: Iterable[str], first_line: int) -> None:
        self._lines = iter(lines)
        self._again: deque[str] = deque()
        self.taken: list[str] = []
        self.line = first_line - 1
        self.ended = False

    def __iter__(self) -> Feed:
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
        """Put all lines but the first back."""
        first, *rest = self.taken
        self._again.extendleft(reversed(rest))
        self.line -= len(rest)
        self.ended = False
        return first


class Cursor:
    """A place in the text, always at the start of a line."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._data = b""
        self._at = 0
        self.line = 1

    def peek(self, size: int) -> bytes:
        """Return the next lines: at least one if there is one, else at most `size` bytes of this block."""
        if self._at == len(self._data):
            self._data, self._at = next(self._blocks, b""), 0
        if len(self._data) - self._at <= size:
            return self._data[self._at :] if self._at else self._data
        cut = self._data.rfind(b"\n", self._at, self._at + size)
        if cut < 0:
            cut = self._data.find(b"\n", self._at)
        return self._data[self._at : cut + 1 if cut >= 0 else None]

    def advance(self, size: int, lines: int) -> None:
        """Move behind so many bytes and lines, which were seen."""
        self._at += size
        self.line += lines

    def skip(self, lines: int) -> None:
        """Move behind so many lines."""
        sizes: list[int] = []
        for _ in islice(self.lines(sizes), lines):
            pass
        self.advance(sum(sizes[:lines]), lines)

    def lines(self, sizes: list[int]) -> Iterator[str]:
        """Iterate over the lines from here on without moving, and note the size of each."""
        at = self._at
        while True:
            if at == len(self._data):
                block = next(self._blocks, b"")
                if not block:
                    return
                self._data, self._at, at = self._data[self._at :] + block, 0, at - self._at
            end = self._data.find(b"\n", at) + 1 or len(self._data)
            sizes.append(end - at)
            yield self._data[at:end].decode()
            at = end
