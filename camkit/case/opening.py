"""Connect to the database of a case, also in a folder that cannot be written."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from camkit.errors import CaseError

BUSY_S = 30.0
"""How long to wait for somebody else who writes, seconds."""

_TRIES = 5
"""How often to read a file that changes while it is read."""

_MAGIC = b"SQLite format 3\0"

_LEGACY = b"\1\1"
"""In bytes 18 and 19: the database has no write-ahead log. SQLite opens no other kind in memory."""


@dataclass(frozen=True)
class Opened:
    """A connection; if it is to a copy of the file, with the file's inode, time and size at that moment."""

    connection: sqlite3.Connection
    copied: tuple[int, ...] | None = None

    def is_stale(self, path: Path) -> bool:
        """Whether the file has changed since it was copied, or is about to."""
        return self.copied is not None and (self.copied != _mark(path) or _beside(path) is not None)


def open_database(path: Path) -> Opened:
    """Connect to the file, or to a copy in memory if its folder cannot be written.

    SQLite cannot open a database with a write-ahead log unless it may write beside it, or is promised that
    the file never changes. On a share, somebody else may change it: hence the copy.

    `CaseError` if the latest rows are in a file beside it that SQLite cannot use, or the file cannot be read;
    `sqlite3.Error` if SQLite finds it damaged.
    """
    try:
        return Opened(_connect(f"{path.absolute().as_uri()}?mode=rw"))
    except sqlite3.OperationalError as error:
        if not error.sqlite_errorname.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY")):
            raise
    content, mark = _read_whole(path)
    if content.startswith(_MAGIC):
        content = content[:18] + _LEGACY + content[20:]
    return Opened(_connect(":memory:", content), mark)


@contextmanager
def closed_on_error(connection: sqlite3.Connection) -> Iterator[None]:
    """Close a connection if an exception leaves the block."""
    try:
        yield
    except BaseException:
        connection.close()
        raise


def _connect(uri: str, content: bytes | None = None) -> sqlite3.Connection:
    """Connect to a file, or to a read-only copy of one."""
    connection = sqlite3.connect(uri, uri=True, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
    with closed_on_error(connection):
        if content is not None:
            connection.deserialize(content)
            connection.execute("PRAGMA query_only = ON")
        connection.execute("PRAGMA user_version")  # only now SQLite opens the files
        connection.execute("PRAGMA foreign_keys = ON")
    return connection


def _read_whole(path: Path) -> tuple[bytes, tuple[int, ...]]:
    """Read one state of a file that somebody else may be writing, with its mark."""
    for _ in range(_TRIES):
        before = _mark(path)
        try:
            content = path.read_bytes()
        except OSError as error:
            raise _unreadable(path, error) from None
        if beside := _beside(path):
            raise CaseError(
                f"{path} is not complete without {beside}, and its folder cannot be written: copy the folder to where "
                "it can be written, and open the copy; or, if somebody else has the case open, wait until it is closed."
            )
        if _mark(path) == before:
            return content, before
    raise CaseError(f"Somebody else keeps writing to {path}; try again later.")


def _mark(path: Path) -> tuple[int, ...]:
    try:
        found = path.stat()
    except OSError as error:
        raise _unreadable(path, error) from None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _beside(path: Path) -> str | None:
    """Return the name of the file beside it that holds its latest rows, if there is one."""
    for ending in ("-wal", "-journal"):
        beside = path.with_name(path.name + ending)
        with suppress(OSError):
            if beside.stat().st_size:
                return beside.name
    return None


def _unreadable(path: Path, error: OSError) -> CaseError:
    return CaseError(f"{path} cannot be read: {error.strerror}. Check the folder.")
