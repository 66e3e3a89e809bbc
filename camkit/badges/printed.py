"""Read what SQL Server prints: columns of a fixed width, underlined with dashes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from camkit.badges.encoding import decoded, open_text
from camkit.badges.files import Export
from camkit.badges.formats import UNDERLINE
from camkit.badges.given import Given
from camkit.badges.rows import Fit, RowsBuilder
from camkit.badges.table import ExportTable, Record, find_layout

START = 500
"""How many lines at the file's start are searched for the underline."""

BATCH = 1 << 16


def read_printed(export: Export, given: Given) -> ExportTable:
    """Read the export in the encoding that is wanted or that its bytes show; blank lines do not count as rows.

    Raises
    ------
    BadgeFileError
        If it is not text, or no profile fits it, or not the wanted one.
    """

    def read(encoding: str, doubts: list[str]) -> ExportTable:
        with open_text(export, encoding) as text:
            lines = list(islice(text.lines(), START))
        columns = next((spans for line in lines if (spans := _spans(line))), [slice(None)])
        start = list(_records(lines, columns, 1))
        layout = find_layout(export, {"": start}, given.candidates())
        builder = RowsBuilder(Fit.of(layout))
        with open_text(export, encoding) as text:
            records = _records(islice(text.lines(), layout.first_line - 1, None), columns, layout.first_line)
            while batch := list(islice(records, BATCH)):
                builder.add_records(batch)
        rows = builder.finish(text.stray_lines, is_ended=True)
        rows.ignore_header(layout)
        return ExportTable(export, text.encoding, layout, rows, [*doubts, *text.doubts, *layout.doubts])

    return decoded(export, read, given)


def _spans(line: str) -> list[slice]:
    """Return where the columns are, by the line that underlines their names; nothing if it is another line."""
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
