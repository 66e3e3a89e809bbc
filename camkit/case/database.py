"""The SQLite file of a case: made whole, opened by several at once, only ever added to."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from threading import RLock
from typing import Any

from camkit import __version__
from camkit.case.times import now_text
from camkit.errors import CaseError, OutputError

VERSION = 1
"""Of the schema, in ``PRAGMA user_version``."""

APPLICATION_ID = 0x63616D6B
"""Marks the file as a case of camkit: the letters "camk"."""

SOFTWARE = f"camkit {__version__}"
"""What rows are added with."""

BUSY_S = 30.0
"""How long one waits for another who writes, seconds."""

KEYS = {
    "about": "id",
    "events": "event",
    "flags": "id",
    "images": "sha256",
    "cardholders": "id",
    "snapshots": "id",
    "requests": "id",
    "choices": "id",
    "verdicts": "id",
}
"""Each table with its key."""

_APPEND_ONLY = """
CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table}
BEGIN SELECT RAISE(ABORT, '{table}: rows are only ever added'); END;
CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table}
BEGIN SELECT RAISE(ABORT, '{table}: rows are only ever added'); END;
CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table}
WHEN EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key})
BEGIN SELECT RAISE(ABORT, '{table}: rows are only ever added'); END;
"""


@dataclass(frozen=True)
class Stamp:
    """Who adds a row."""

    operator: str

    def columns(self, time_column: str) -> dict[str, str]:
        """The columns that say so, when and with what."""
        return {time_column: now_text(), "operator": self.operator, "software": SOFTWARE}


class Database:
    """One connection, to be used from any thread, one at a time.

    Parameters
    ----------
    path : pathlib.Path
        Made if it is not there.
    about : mapping of str to str
        The row of ``about`` in a database that is made.

    Attributes
    ----------
    closed : bool

    Raises
    ------
    CaseError
        If the file is something else, is damaged, or was made by a newer camkit.
    OutputError
        If it cannot be made.
    """

    def __init__(self, path: Path, about: Mapping[str, str]) -> None:
        self.path = path
        self._lock = RLock()
        self.closed = False
        with _translated(path):
            if not path.exists():
                _create(path, about)
            self._connection = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode=rw",
                uri=True,
                timeout=BUSY_S,
                isolation_level=None,
                check_same_thread=False,
            )
            try:
                self._check_kind()
                self._connection.execute("PRAGMA foreign_keys = ON")
            except BaseException:
                self._connection.close()
                raise

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction that alone may write; all of it counts, or nothing if an exception leaves it."""
        with self._transaction("BEGIN IMMEDIATE") as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A transaction that sees one state of the database, whatever others add meanwhile."""
        with self._transaction("BEGIN") as connection:
            yield connection

    def copy_to(self, path: Path) -> None:
        """Write one consistent state to a new file, which needs no other files beside it."""
        with self.reading() as connection:
            copy = sqlite3.connect(path)
            try:
                connection.backup(copy)
                copy.execute("PRAGMA journal_mode = DELETE")
            finally:
                copy.close()

    def close(self) -> None:
        """Close the connection; a second time does nothing."""
        with self._lock:
            self.closed = True
            self._connection.close()

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        with self._lock, _translated(self.path):
            if self.closed:
                raise CaseError(f"The case {self.path.parent} is closed; open it again with camkit.Case().")
            connection = self._connection
            connection.execute(begin)
            try:
                yield connection
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    def _check_kind(self) -> None:
        (kind,) = self._connection.execute("PRAGMA application_id").fetchone()
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if kind != APPLICATION_ID:
            raise CaseError(f"{self.path} is no case of camkit; choose another folder.")
        if version > VERSION:
            raise CaseError(
                f"{self.path} was made by a newer camkit (its database has version {version}, this camkit "
                f"knows version {VERSION}); update camkit to open it."
            )


def insert(connection: sqlite3.Connection, table: str, row: Mapping[str, Any]) -> int:
    """Add a row; its number is returned."""
    marks = ", ".join("?" * len(row))
    statement = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})"  # noqa: S608 - our own names
    return connection.execute(statement, [*row.values()]).lastrowid or 0


def find(connection: sqlite3.Connection, table: str, row: Mapping[str, Any]) -> int | None:
    """Give the ``id`` of the first row that has these values, if there is one."""
    where = " AND ".join(f"{name} IS ?" for name in row)
    statement = f"SELECT id FROM {table} WHERE {where} ORDER BY id"  # noqa: S608 - our own names
    found = connection.execute(statement, [*row.values()]).fetchone()
    return found[0] if found else None


def _create(path: Path, about: Mapping[str, str]) -> None:
    """Make the database aside and link it into place: of several who do so at once, the first one's stands.

    It cannot be made in place, since the change to write-ahead logging does not wait for others.
    """
    try:
        with tempfile.TemporaryDirectory(prefix=".new-", dir=path.parent) as aside:
            made = Path(aside) / path.name
            connection = sqlite3.connect(made, isolation_level=None)
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.executescript(_schema())
                insert(connection, "about", about)
            finally:
                connection.close()
            try:
                os.link(made, path)
            except FileExistsError:
                pass  # someone else was quicker
            except OSError:  # a file system without hard links, such as a memory stick's
                made.rename(path)
    except OSError as error:
        raise OutputError(
            f"{path} cannot be made: {error.strerror}. Make room or choose another folder."
        ) from None


def _schema() -> str:
    tables = files("camkit.case").joinpath("schema.sql").read_text(encoding="utf-8")
    triggers = "".join(_APPEND_ONLY.format(table=table, key=key) for table, key in KEYS.items())
    marks = f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION};"
    return f"BEGIN; {tables} {triggers} {marks} COMMIT;"


def guards() -> dict[str, str]:
    """The triggers that refuse to change, replace or delete a row, by name, as SQLite keeps them."""
    with closing(sqlite3.connect(":memory:")) as fresh:
        fresh.executescript(_schema())
        return dict(fresh.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    """Say in camkit's words what SQLite reports."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        name = getattr(error, "sqlite_errorname", "")
        if name.startswith(("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_READONLY", "SQLITE_CANTOPEN")):
            raise OutputError(f"{path} cannot be written: {error}. Make room or check the folder.") from None
        if name.startswith("SQLITE_BUSY"):
            raise CaseError(
                f"Someone else has been writing to {path} for {BUSY_S:.0f} s; try again later."
            ) from None
        if name.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
            raise CaseError(
                f"{path} is damaged or no database ({error}); restore it from a copy or a bag."
            ) from None
        raise
