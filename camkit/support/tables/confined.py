"""Start the process that reads, and take its tables."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from threading import Timer
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

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
    with TemporaryFile() as unpacked:
        if not _is_plain(file):  # a member of an archive
            shutil.copyfileobj(file, unpacked)
            unpacked.flush()
            file = unpacked
        # The child shares the position, which what Python has read ahead has moved.
        os.lseek(file.fileno(), 0, os.SEEK_SET)
        return _answer(command, file, limits)


def _answer(command: list[str], file: IO[bytes], limits: Limits) -> list[ForeignTable]:
    """Run the child, and take its tables while it reads on."""
    with subprocess.Popen(  # noqa: S603 - our own
        command, stdin=file, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=child_environment()
    ) as process:
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        timer = Timer(2 * limits.seconds, process.kill)
        timer.start()
        try:
            return _tables(process.stdout)
        except (json.JSONDecodeError, pa.ArrowInvalid, OSError):  # it broke off
            raise Unreadable(_why_ended(process, limits)) from None
        finally:
            timer.cancel()
            process.kill()


def _why_ended(process: subprocess.Popen[bytes], limits: Limits) -> str:
    """Say why the child broke off, by the signal that ended it."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(5)
    memory, seconds = f"more than {limits.memory >> 30} GiB of memory", f"more than {limits.seconds} s"
    if process.returncode == -signal.SIGABRT:  # as the workbook library ends where memory is refused
        return f"it needs {memory}: a sheet may have a cell far below or to the right of the others"
    return f"it is damaged, or needs {memory} or {seconds}"


def _is_plain(file: IO[bytes]) -> bool:
    """Whether it is a file of its own, not a member of an archive."""
    try:
        return file.fileno() >= 0
    except OSError:
        return False


def _tables(answer: IO[bytes]) -> list[ForeignTable]:
    """Put the messages together; a JSONDecodeError if the last is missing."""
    tables: list[ForeignTable] = []
    lines: list[np.ndarray] = []
    columns: list[list[pa.Array]] = []
    while "end" not in (message := json.loads(answer.readline())):
        if "problem" in message:
            raise Unreadable(message["problem"])
        if "table" in message:
            tables.append(ForeignTable(message["table"]))
            lines, columns = [], []
        elif "rows" in message:
            at, *cells = pa.ipc.open_stream(answer.read(message["rows"])).read_next_batch().columns
            lines.append(at.to_numpy())
            columns.append([pc.utf8_trim_whitespace(column) for column in cells])
        elif lines:
            tables[-1].lines = np.concatenate(lines)
            tables[-1].columns = [pa.chunked_array(it, pa.string()) for it in zip(*columns, strict=True)]
        tables[-1].facts = message.get("facts", {})
    return tables
