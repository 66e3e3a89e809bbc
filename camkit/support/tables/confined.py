"""Start the process that reads, and take its tables."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

import numpy as np
import pyarrow as pa

from camkit.support.children import child_environment
from camkit.support.tables.limits import Limits, Unreadable

__all__ = ["ForeignTable", "Limits", "Unreadable", "read_tables"]

ROOT = str(Path(__file__).resolve().parents[3])
START = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); from camkit.support.tables.child import main; main()"
)


@dataclass
class ForeignTable:
    """One table of a file: a sheet, a table of a web page, a list of objects.

    Attributes
    ----------
    name : str
        The sheet's; empty where tables do not have names.
    columns : list of pyarrow.ChunkedArray
        Trimmed text, all of one length.
    lines : numpy.ndarray
        int64, the number of each row in the file.
    facts : dict
        What the reader noted.
    """

    name: str
    columns: list[pa.ChunkedArray] = field(default_factory=list)
    lines: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    facts: dict[str, Any] = field(default_factory=dict)

    def start(self, count: int) -> list[tuple[int, list[str]]]:
        """Return line and cells of the first rows."""
        cells = [column.slice(0, count).to_pylist() for column in self.columns]
        return [(line, list(row)) for line, *row in zip(self.lines[:count].tolist(), *cells, strict=True)]


def read_tables(file: IO[bytes], reader: str, limits: Limits, **options: object) -> list[ForeignTable]:
    """Read the tables of an open file.

    Parameters
    ----------
    file : binary file
        From its start.
    reader : str
        The module that reads it: ``workbook``, ``webpage`` or ``objects``.
    limits : Limits
        What it may ask for.
    **options
        The reader's own; values that JSON has.

    Returns
    -------
    list of ForeignTable
        In the file's order.

    Raises
    ------
    Unreadable
        If it is damaged, or needs more than the limits.
    """
    told = json.dumps({**options, "limits": asdict(limits)})
    command = [sys.executable, "-I", "-c", START, ROOT, reader, told]
    with TemporaryFile() as unpacked, TemporaryFile() as answer:
        if not _is_plain(file):  # a member of an archive
            shutil.copyfileobj(file, unpacked)
            unpacked.flush()
            file = unpacked
        os.lseek(
            file.fileno(), 0, os.SEEK_SET
        )  # the child shares the position; what Python has buffered does not move it
        try:
            done = subprocess.run(  # noqa: S603 - our own
                command,
                stdin=file,
                stdout=answer,
                stderr=subprocess.DEVNULL,
                check=False,
                timeout=2 * limits.seconds,
                env=child_environment(),
            )
        except subprocess.TimeoutExpired:
            done = None
        answer.seek(0)
        if done is None or done.returncode:
            raise Unreadable(
                f"it is damaged, or needs more than {limits.memory >> 30} GiB of memory or {limits.seconds} s"
            )
        return _tables(map(json.loads, answer))


def _is_plain(file: IO[bytes]) -> bool:
    """Whether it is a file of its own, not a member of an archive."""
    try:
        return file.fileno() >= 0
    except OSError:
        return False


def _tables(messages: Iterable[dict[str, Any]]) -> list[ForeignTable]:
    tables: list[ForeignTable] = []
    parts: list[dict[str, Any]] = []
    for message in messages:
        if "problem" in message:
            raise Unreadable(message["problem"])
        if "table" in message:
            tables.append(ForeignTable(message["table"]))
            parts = []
        elif "lines" in message:
            parts.append(
                {
                    "lines": np.array(message["lines"], np.int64),
                    "columns": [pa.array(cells, pa.string()) for cells in message["columns"]],
                }
            )
        elif "facts" in message:
            table = tables[-1]
            table.facts = message["facts"]
            if parts:
                table.lines = np.concatenate([part["lines"] for part in parts])
                columns = zip(*(part["columns"] for part in parts), strict=True)
                table.columns = [pa.chunked_array(chunks, pa.string()) for chunks in columns]
    return tables
