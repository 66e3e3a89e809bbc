"""Read what SQL Server prints: columns of a fixed width, underlined with dashes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from camkit.badges.encoding import decoded, open_text
from camkit.badges.files import Export
from camkit.badges.formats import UNDERLINE
from camkit.badges.given import Given
from camkit.badges.table import ExportTable, Record, Rows, find_layout

START = 500
"""How many lines at the file's start are searched for the underline."""

BATCH = 1 << 16


def read_printed(export: Export, given: Given) -> ExportTable:
    """Read the export in the first encoding that fits it; blank lines do not count as rows.

    Raises
    ------
    BadgeFileError
        If it is not text, or no profile fits it, or not the wanted one.
    """
    candidates = given.candidates()

    def read(encoding: str) -> ExportTable:
        with open_text(export, encoding) as stream:
            lines = list(islice(stream.lines(), START))
        columns = next((spans for line in lines if (spans := _spans(line))), [slice(None)])
        start = list(_records(lines, columns, 1))
        layout = find_layout(export, {"": start}, candidates)
        with open_text(export, encoding) as stream:
            below = islice(stream.lines(), layout.first_line - 1, None)
            rows = _rows(_records(below, columns, layout.first_line), len(layout.names))
        return ExportTable(export, encoding, layout, rows)

    return decoded(export, read)


def _spans(line: str) -> list[slice]:
    """Return where the columns stand, by the line that underlines their names; nothing if it is another line."""
    if not UNDERLINE.fullmatch(line.strip().encode()):
        return []
    starts = [at for at, letter in enumerate(line) if letter == "-" and line[at - 1 : at] != "-"]
    return [slice(start, end) for start, end in zip(starts, [*starts[1:], None], strict=True)]


def _records(lines: Iterable[str], columns: list[slice], first_line: int) -> Iterator[Record]:
    """Yield each line that is not blank and does not underline; one with letters between the columns is one cell."""
    between = [column.start - 1 for column in columns[1:]]
    for number, line in enumerate(lines, start=first_line):
        if line.strip() and not _spans(line):
            is_row = all(line[at : at + 1].strip() == "" for at in between)
            yield number, [line[span].strip() for span in columns] if is_row else [line.strip()]


def _rows(records: Iterable[Record], width: int) -> Rows:
    """Turn records into columns; what is not `width` cells wide is set apart."""
    chunks: list[list[pa.Array]] = [[] for _ in range(width)]
    lines = [np.empty(0, np.int64)]
    ragged: list[Record] = []
    while batch := list(islice(records, BATCH)):
        fitting = [record for record in batch if len(record[1]) == width]
        ragged += [record for record in batch if len(record[1]) != width]
        lines.append(np.array([line for line, _ in fitting], np.int64))
        for chunk, column in zip(chunks, zip(*(row for _, row in fitting), strict=True), strict=False):
            chunk.append(pc.utf8_trim_whitespace(pa.array(column, pa.string())))
    return Rows([pa.chunked_array(chunk, pa.string()) for chunk in chunks], np.concatenate(lines), ragged)
