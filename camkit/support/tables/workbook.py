"""Read the sheets of a workbook with python-calamine, and from an .xlsx what the library leaves out.

It gives an empty cell for an error such as #N/A and for a formula without a stored value, and does not tell the format
of a number. So a sheet in which there can be one of these is looked through once more, as XML.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from importlib import import_module
from itertools import islice
from operator import itemgetter
from typing import IO, Any

from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
)

from camkit.support.tables.limits import Limits, Unreadable
from camkit.support.tables.sheet_xml import Notes, ods_notes, sheet_notes

__all__ = ["read"]

START, BATCH = 100, 20_000
"""Rows that are turned into text at a time: at first, where a header is above cells of another kind, and later."""

DAMAGED = (CalamineError, zipfile.BadZipFile, OSError, EOFError, NotImplementedError)


def read(
    file: IO[bytes], limits: Limits, *, sheet: str | None = None, first: bool = False
) -> Iterator[dict[str, Any]]:
    """Yield the tables of all sheets, of the one with this name, or of the first; see `child`."""
    data = file.read()
    try:
        kind = _kind(data, limits)
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        names = [it.name for it in book.sheets_metadata if it.typ == SheetTypeEnum.WorkSheet]
        if sheet is not None and sheet not in names:
            raise Unreadable(
                f"it does not have a sheet {sheet!r}; its sheets are {', '.join(map(repr, names[:20]))}"
            )
        for name in [sheet] if sheet is not None else names[:1] if first else names:
            with ThreadPoolExecutor(1) as pool:  # while the library reads the sheet; both leave Python's lock
                looks = {"xlsx": partial(sheet_notes, data, name), "ods": partial(ods_notes, data, name)}
                notes = pool.submit(looks.get(kind, Notes))
                for message in _sheet(book.get_sheet_by_name(name), notes, limits):
                    if "facts" in message:
                        message["facts"]["kind"] = kind
                    yield message
    except PasswordError:
        raise Unreadable("it is protected by a password; open it, remove the password and save it") from None
    except MemoryError:
        raise Unreadable(f"it needs more than {limits.memory >> 30} GiB of memory") from None
    except DAMAGED as error:
        raise Unreadable(f"it is damaged, or not a workbook ({error})") from None


def _kind(data: bytes, limits: Limits) -> str:
    """Name the format by its parts; refuse an archive that unpacks to too much."""
    if not data.startswith(b"PK"):
        return "xls"
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(part.file_size for part in archive.infolist()) > limits.unpacked:
            raise Unreadable(f"it unpacks to more than {limits.unpacked >> 20:,} MiB")
        names = archive.namelist()
    return "xlsx" if "xl/workbook.xml" in names else "xlsb" if "xl/workbook.bin" in names else "ods"


def _sheet(sheet: CalamineSheet, noted: Future[Notes], limits: Limits) -> Iterator[dict[str, Any]]:
    yield {"table": sheet.name}
    rows, columns = sheet.total_height, sheet.total_width
    limits.check(rows, columns, f"the sheet {sheet.name!r}")
    notes = noted.result()
    as_texts = import_module("camkit.support.tables.texts").as_texts  # takes longer than a small sheet
    merged = _Merged(sheet)
    numbers: set[int] = set()
    left = [""] * (sheet.start[1] if sheet.start else 0)
    cells, line = sheet.iter_rows(), 1
    size = START
    while batch := list(islice(cells, size)):
        size = BATCH
        lines = list(range(line, line + len(batch)))
        line += len(batch)
        filled: Sequence[int] = range(len(batch))
        if not all(map(itemgetter(0), batch)):
            filled = [n for n, row in enumerate(batch) if any(row) or row.count("") < len(row)]
        if notes.errors:
            filled = sorted({*filled, *(at - lines[0] for at in notes.errors if lines[0] <= at < line)})
        if len(filled) < len(batch):
            batch, lines = [batch[n] for n in filled], [lines[n] for n in filled]
        if left:
            batch = [left + row for row in batch]
        texts = []
        for at, column in enumerate(zip(*batch, strict=True)):
            kinds = set(map(type, column))
            if kinds & {float, int}:
                numbers.add(at)
            texts.append(notes.amend(at, lines, as_texts(column, kinds)))
        merged.fill(lines, texts)
        if lines:
            yield {"lines": lines, "columns": texts}
    facts = {
        "numbers": sorted(numbers),
        "known_formats": notes.known,
        "unknown_formats": [*notes.unknown.items()],
    }
    yield {"facts": facts | {"no_value": notes.no_value, "errors": notes.first_error}}


class _Merged:
    """Cells that are merged downwards: a day, or a person, above several events.

    A value is not repeated to its right: a title over all columns, or a person above their events, stays one cell.
    """

    def __init__(self, sheet: CalamineSheet) -> None:
        ranges = sheet.merged_cell_ranges or []
        self._below = sorted((top[0] + 1, end[0] + 1, top[1]) for top, end in ranges if end[0] > top[0])
        self._last: dict[tuple[int, int], str] = {}

    def fill(self, lines: list[int], texts: list[Any]) -> None:
        """Write the value of each range into the rows below its first that have other cells."""
        at = {line: n for n, line in enumerate(lines)} if self._below else {}
        for first, last, column in self._below:
            if column >= len(texts) or not lines or last < lines[0] or first > lines[-1]:
                continue
            cells = texts[column] = list(map(str, texts[column]))
            if first in at:
                self._last[first, column] = cells[at[first]]
            value = self._last.get((first, column), "")
            for line in range(max(first + 1, lines[0]), min(last, lines[-1]) + 1):
                if line in at:
                    cells[at[line]] = cells[at[line]] or value
