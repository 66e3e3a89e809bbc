"""Connect to the database of a case, also in a folder that cannot be written."""

from __future__ import annotations

import sqlite3
import stat
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from camkit.errors import CaseError
from camkit.support.disks import network_disk
from camkit.support.files import advice
from camkit.support.interrupts import Waiting

BUSY_S = 30.0
"""How long to wait for somebody else who writes, seconds."""

QUERY_S = 120.0
"""How long the queries of one transaction may take, seconds: a database from somebody else may never end."""

LOOK_S = 0.05
"""How long SQLite itself waits: it does not look for Ctrl-C meanwhile."""

BUSY = ("SQLITE_BUSY", "SQLITE_PROTOCOL")
"""SQLite's errors when somebody else is writing; the latter when that lasts while a write-ahead log is opened."""

_TRIES = 5
"""How often to read a file that changes while it is read."""

_MAGIC = b"SQLite format 3\0"

_LEGACY, _LOGGED = b"\1\1", b"\2\2"
"""In bytes 18 and 19: without and with a write-ahead log. SQLite opens only the former in memory."""

_BESIDE = ("-wal", "-shm", "-journal")
"""Endings of the files that SQLite keeps beside a database."""

_LONGEST = 1 << 26
"""Of a value in the database, bytes."""


class Watch:
    """Ends a query that takes too long, or when Ctrl-C is pressed; SQLite asks it from time to time."""

    def __init__(self) -> None:
        self.start(Waiting())

    def start(self, waiting: Waiting) -> None:
        """Begin to count."""
        self._waiting, self._until = waiting, monotonic() + QUERY_S

    def __call__(self) -> int:
        """Return whether to end the query."""
        return self._waiting.wanted or monotonic() > self._until


@dataclass(frozen=True)
class Opened:
    """A connection; if it is to a copy of the file, with the file's inode, time and size at that moment."""

    connection: sqlite3.Connection
    copied: tuple[int, ...] | None = None
    files: Mapping[Path, tuple[int, int]] = field(default_factory=dict)

    def is_stale(self, path: Path) -> bool:
        """Whether the file has changed since it was copied, or is about to."""
        return self.copied is not None and (self.copied != _mark(path) or _beside(path) is not None)

    def check_there(self) -> None:
        """Make sure that the files are those that were opened: SQLite goes on with files that were deleted or moved."""
        for path, known in self.files.items():
            if _identity(path) != known:
                raise CaseError(
                    f"{path} is not there any more, or is another file now: the folder was moved, deleted or replaced, "
                    "or its disk was removed. Nothing was added. Put it back and open it again with camkit.Case(), or "
                    "restore it from a copy or a bag."
                )


def open_database(path: Path, watch: Watch) -> Opened:
    """Connect to the file, or to a copy in memory if its folder cannot be written.

    SQLite cannot open a database with a write-ahead log unless it may write beside it, or is promised that
    the file never changes. On a share, somebody else may change it: hence the copy.

    `CaseError` if the latest rows are in a file beside it that SQLite cannot use, or the file cannot be read, or is a
    link or something else; `sqlite3.Error` if SQLite finds it damaged.
    """
    _check_regular(path)
    try:
        connection = _connect(f"{path.absolute().as_uri()}?mode=rw", watch)
    except sqlite3.OperationalError as error:
        if not error.sqlite_errorname.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY")):
            raise
    else:
        with closed_on_error(connection):
            _fit_to_disk(connection, path)
            files = {file: known for file in (path, _wal(path)) if (known := _identity(file))}
            return Opened(connection, files=files)
    content, mark = _read_whole(path)
    return Opened(_connect(":memory:", watch, as_single_file(content)), mark)


def as_single_file(content: bytes) -> bytes:
    """Mark the bytes of a database as one that has no write-ahead log."""
    return content[:18] + _LEGACY + content[20:] if content.startswith(_MAGIC) else content


def as_new_file(content: bytes, folder: Path) -> bytes:
    """Mark the bytes of a new database for a folder: with a write-ahead log, unless it is on a network disk."""
    return content[:18] + (_LEGACY if network_disk(folder) else _LOGGED) + content[20:]


def is_busy(error: sqlite3.Error) -> bool:
    """Whether somebody else is writing, so that it may succeed a moment later."""
    return getattr(error, "sqlite_errorname", "").startswith(BUSY)


@contextmanager
def closed_on_error(connection: sqlite3.Connection) -> Iterator[None]:
    """Close a connection if an exception leaves the block."""
    try:
        yield
    except BaseException:
        connection.close()
        raise


def _connect(uri: str, watch: Watch, content: bytes | None = None) -> sqlite3.Connection:
    """Connect to a file, or to a read-only copy of one."""
    connection = sqlite3.connect(uri, uri=True, timeout=LOOK_S, isolation_level=None, check_same_thread=False)
    with closed_on_error(connection):
        connection.set_progress_handler(watch, 100_000)
        # The file may be from somebody else: what its schema says is not trusted.
        connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
        connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA cell_size_check = ON")
        if content is not None:
            connection.deserialize(content)
            connection.execute("PRAGMA query_only = ON")
        connection.execute("PRAGMA user_version")  # only now SQLite opens the files
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")  # a verdict survives a power cut
        connection.execute(
            "PRAGMA fullfsync = ON"
        )  # on macOS as well, whose fsync leaves bytes in the disk's memory
        connection.execute("PRAGMA cache_spill = OFF")  # so that only BEGIN and COMMIT wait for others
    return connection


def _fit_to_disk(connection: sqlite3.Connection, path: Path) -> None:
    """Use no write-ahead log on a network disk: it is in memory that other machines do not share. Say what is safe."""
    kind = network_disk(path.parent)
    if kind is None:
        return
    said = (
        "adding to the case is as safe there as the locks of the file server; if in doubt, let only one computer have "
        "it open, or move the folder to this computer's own disk"
    )
    try:
        connection.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.OperationalError as error:
        if is_busy(error):  # else it cannot be written at all
            said = (
                "somebody else has the case open in a way that is not safe there: close it everywhere and open it "
                "again, or move the folder to this computer's own disk"
            )
    warnings.warn(f"{path.parent} is on a network disk ({kind}): {said}.", stacklevel=2)


def _check_regular(path: Path) -> None:
    """Refuse links, pipes and devices in place of the files of a database."""
    for file in (path, *(path.with_name(path.name + ending) for ending in _BESIDE)):
        with suppress(FileNotFoundError, NotADirectoryError):
            if not stat.S_ISREG(file.lstat().st_mode):
                raise CaseError(
                    f"{file} is a link or something else that is not a file, so the case is not opened: put "
                    "the file itself there."
                )


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _wal(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


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
    return CaseError(f"{path} cannot be read: {error.strerror}. {advice(error)}")
