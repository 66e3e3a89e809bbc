"""Print the first sheet of a spreadsheet as JSON: a program of its own, which `sheets` runs within limits.

A file of one kilobyte can make the library ask for more memory than there is, which ends the process.
"""

from __future__ import annotations

import json
import re
import sys
import zipfile
from contextlib import suppress

from python_calamine import CalamineError, CalamineWorkbook

MEMORY_BYTES = 1 << 30
SECONDS = 20
UNPACKED_BYTES = 64 << 20
ROWS, COLUMNS = 20_000, 200
NO_VALUE = re.compile(rb't="e"|value-type="error"|(?:</f>|<f[^>]*/>)\s*(?:<v\s*/>|<v></v>)?\s*</c>')
"""A cell with an error such as #N/A, or a formula without a stored value: the library gives an empty cell for both."""


def limit() -> None:
    """Limit memory and processor time, on systems that can."""
    with suppress(ImportError):
        import resource  # noqa: PLC0415 - not on Windows

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))


def read(path: str) -> list[tuple[int, list[str]]]:
    """Return line and cells of each row that is not blank; whole numbers are written without a fraction."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if sum(part.file_size for part in archive.infolist()) > UNPACKED_BYTES:
                raise ValueError(f"it unpacks to more than {UNPACKED_BYTES >> 20} MiB")
            sheets = [name for name in archive.namelist() if "worksheets/" in name or name == "content.xml"]
            if any(NO_VALUE.search(archive.read(name)) for name in sheets):
                raise ValueError("a cell has an error such as #N/A, or a formula without a value; correct it")
    sheet = CalamineWorkbook.from_path(path).get_sheet_by_index(0)
    if sheet.height > ROWS or sheet.width > COLUMNS:
        raise ValueError(f"the sheet has more than {ROWS:,} rows or {COLUMNS} columns")
    rows = []
    for line, cells in enumerate(sheet.to_python(skip_empty_area=False), start=1):
        whole = [int(cell) if isinstance(cell, float) and cell.is_integer() else cell for cell in cells]
        row = [str(cell).strip() for cell in whole]
        if any(row):
            rows.append((line, row))
    return rows


if __name__ == "__main__":
    limit()
    try:
        answer: dict[str, object] = {"rows": read(sys.argv[1])}
    except (CalamineError, ValueError, zipfile.BadZipFile, MemoryError) as error:
        answer = {"problem": str(error) or "it needs too much memory"}
    json.dump(answer, sys.stdout)
