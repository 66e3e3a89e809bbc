"""The SQLite file of a case: made whole, opened by several at once, only ever added to."""

from __future__ import annotations

import getpass
import os
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from typing import Any

from camkit._version import __version__
from camkit.case import chain, schema
from camkit.case.opening import BUSY_S, open_database
from camkit.case.times import now_text
from camkit.errors import CaseError, OutputError

SOFTWARE = f"camkit {__version__}"
"""What rows are added with."""


@dataclass(frozen=True)
class Stamp:
    """Who adds a row."""

    operator: str

    def columns(self, time_column: str) -> dict[str, str]:
        """The columns that say so, when and with what."""
        return {time_column: now_text(), "operator": self.operator, "software": SOFTWARE}


def this_user() -> str:
    """Who works on this machine."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # an account without a name, as in some containers
        return "unknown"


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
    case_name : str
        What the case was called when it was made.

    Raises
    ------
    CaseError
        If the file is something else, is damaged, was made by another version of camkit, or lies in a folder that
        cannot be written while its latest rows are in a file beside it.
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
            self._opened = open_database(path)
            with _closed_unless_fine(self._opened.connection) as connection:
                _check_kind(connection, path)
                self._about = _about(connection, path)
                self.case_name = str(self._about[0])

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
            self._opened.connection.close()

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        with self._lock, _translated(self.path):
            if self.closed:
                raise CaseError(f"The case {self.path.parent} is closed; open it again with camkit.Case().")
            if self._opened.is_stale(self.path):
                self._reopen()
            connection = self._opened.connection
            connection.execute(begin)
            try:
                yield connection
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    def _reopen(self) -> None:
        """Read the file anew that somebody else has written to, if it still is this case."""
        fresh = open_database(self.path)
        with _closed_unless_fine(fresh.connection) as connection:
            _check_kind(connection, self.path)
            if _about(connection, self.path) != self._about:
                raise CaseError(f"{self.path} holds another case by now; open it again with camkit.Case().")
        self._opened.connection.close()
        self._opened = fresh


@contextmanager
def _closed_unless_fine(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    try:
        yield connection
    except BaseException:
        connection.close()
        raise


def _check_kind(connection: sqlite3.Connection, path: Path) -> None:
    (kind,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if kind != schema.APPLICATION_ID:
        raise CaseError(f"{path} is no case of camkit; choose another folder.")
    if version != schema.VERSION:
        found = f"its database has version {version}, this camkit knows version {schema.VERSION}"
        if version > schema.VERSION:
            raise CaseError(f"{path} was made by a newer camkit ({found}); update camkit to open it.")
        raise CaseError(
            f"{path} was made by an older camkit ({found}); open it with that one, or make the case anew in another "
            "folder."
        )


def _about(connection: sqlite3.Connection, path: Path) -> tuple[Any, ...]:
    """What the case is called, and what else was recorded when it was made."""
    found = connection.execute("SELECT name, created_at, operator, software FROM about").fetchone()
    if found is None:
        raise CaseError(f"{path} has lost the case's name; restore it from a copy or a bag.")
    return tuple(found)


def insert(connection: sqlite3.Connection, table: str, row: Mapping[str, Any]) -> int:
    """Add a row and its link of the chain, in a transaction that alone may write; its number is returned."""
    marks = ", ".join("?" * len(row))
    statement = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})"  # noqa: S608 - our own names
    number = connection.execute(statement, [*row.values()]).lastrowid or 0
    chain.add_link(connection, table, schema.KEYS[table], number)
    return number


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
                connection.executescript(schema.script())
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


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    """Say in camkit's words what SQLite reports."""
    try:
        yield
    except UnicodeDecodeError as error:  # in what SQLite says of a damaged schema
        raise _damaged(path, error) from None
    except sqlite3.DatabaseError as error:
        name = _kind(error)
        if name.startswith("SQLITE_CONSTRAINT_TRIGGER"):
            raise CaseError(f"{path} did not take what was added ({error}). Run verify().") from None
        if name.startswith("SQLITE_READONLY"):
            raise OutputError(
                f"{path} is read-only, so nothing can be added: copy the case to a folder that can be written."
            ) from None
        if name.startswith(("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_CANTOPEN")):
            raise OutputError(f"{path} cannot be written: {error}. Make room or check the folder.") from None
        if name.startswith("SQLITE_BUSY"):
            raise CaseError(
                f"Someone else has been writing to {path} for {BUSY_S:.0f} s; try again later."
            ) from None
        unreadable = not name and isinstance(error, sqlite3.OperationalError)  # text that is no UTF-8
        if unreadable or name.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")) or "no such" in str(error):
            raise _damaged(path, error) from None
        raise


def _kind(error: sqlite3.Error) -> str:
    """SQLite's name of the error; empty where Python found it."""
    return getattr(error, "sqlite_errorname", "")


def _damaged(path: Path, error: Exception) -> CaseError:
    return CaseError(f"{path} is damaged or no database ({error}); restore it from a copy or a bag.")
