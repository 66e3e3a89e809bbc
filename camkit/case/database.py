"""The SQLite file of a case: made whole, opened by several at once, only ever added to."""

from __future__ import annotations

import getpass
import os
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import RLock
from typing import Any

from camkit._version import __version__
from camkit.case import chain, schema
from camkit.case.opening import BUSY_S, Opened, closed_on_error, open_database
from camkit.case.times import utc_text
from camkit.errors import CaseError, OutputError

SOFTWARE = f"camkit {__version__}"
"""The software that adds rows."""


@dataclass(frozen=True)
class Stamp:
    """Who adds a row."""

    operator: str

    def columns(self, time_column: str) -> dict[str, str]:
        """Return the columns that say who added a row, when (by this machine's clock) and with what."""
        return {time_column: utc_text(datetime.now(UTC)), "operator": self.operator, "software": SOFTWARE}


def this_user() -> str:
    """Return the name of this machine's user."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # an account without a name, as in some containers
        return "unknown"


class Database:
    """One connection to an existing database, to be used from any thread, one at a time.

    A database of an earlier version can be read; it must be upgraded before it can be written. `about` is the
    case's name, and what else was recorded when it was made; `version` is that of the schema when it was opened.

    `CaseError` if the file is something else, is damaged, is of a version that this camkit cannot read, or is in a
    folder that cannot be written while its latest rows are in a file beside it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.closed = False
        self._lock = RLock()
        with _translated(path):
            self._opened, self.about = _open(path)
            self.version = schema.version_of(self._opened.connection)

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Begin a transaction that alone may write; all of it counts, or nothing if an exception leaves it.

        `CaseError` if the database is of an earlier version, or was upgraded since it was opened.
        """
        with self._transaction("BEGIN IMMEDIATE") as connection:
            version = schema.version_of(connection)
            if version != self.version:
                raise CaseError(
                    f"{self.path} was upgraded meanwhile, from version {self.version} to {version}; open it again "
                    "with camkit.Case()."
                )
            if version < schema.VERSION:
                raise CaseError(
                    f"{self.path} was made by an older camkit (its database has version {version}) and can only be "
                    "read: call case.upgrade() before you add to it."
                )
            yield connection

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Begin a transaction that sees one state of the database, whatever others add meanwhile."""
        with self._transaction("BEGIN") as connection:
            yield connection

    def upgrade(self, stamp: Stamp) -> None:
        """Bring the database to this camkit's version, and record that; see `Case.upgrade`."""
        with self._transaction("BEGIN IMMEDIATE") as connection:
            version = schema.version_of(connection)
            if version == schema.VERSION:
                self.version = version
                return
            if difference := next(schema.differences(connection), None):
                raise CaseError(f"{self.path} cannot be upgraded: {difference}. Run verify().")
            row = {
                "from_version": version,
                "to_version": schema.VERSION,
                "seal": chain.seal(connection),
                "schema_sha256": schema.digest(schema.found_in(connection)),
            }
            for statement in schema.statements(after=version):
                connection.execute(statement)
            insert(connection, "upgrades", {**row, **stamp.columns("upgraded_at")})
        self.version = schema.VERSION

    def copy_to(self, path: Path) -> None:
        """Write one consistent state to a new file, which needs no other files beside it."""
        with self.reading() as connection, closing(sqlite3.connect(path)) as copy:
            connection.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")

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
                fresh, _ = _open(self.path, self.about)
                self._opened.connection.close()
                self._opened = fresh
            connection = self._opened.connection
            connection.execute(begin)
            with connection:
                _check_version(connection, self.path)  # somebody else may have upgraded it
                yield connection


def _open(path: Path, expected: tuple[Any, ...] | None = None) -> tuple[Opened, tuple[Any, ...]]:
    """Connect to a case; return also its name and what else was recorded when it was made, which may be expected."""
    opened = open_database(path)
    with closed_on_error(opened.connection):
        _check_version(opened.connection, path)
        about = opened.connection.execute("SELECT name, created_at, operator, software FROM about").fetchone()
        if about is None:
            raise CaseError(f"{path} has lost the case's name; restore it from a copy or a bag.")
        if expected not in (None, about):
            raise CaseError(f"{path} now holds another case; open it again with camkit.Case().")
    return opened, about


def _check_version(connection: sqlite3.Connection, path: Path) -> None:
    (kind,) = connection.execute("PRAGMA application_id").fetchone()
    version = schema.version_of(connection)
    if kind != schema.APPLICATION_ID:
        raise CaseError(f"{path} is not a case of camkit; choose another folder.")
    known = (
        f"its database has version {version}, this camkit reads versions {schema.OLDEST} to {schema.VERSION}"
    )
    if version > schema.VERSION:
        raise CaseError(f"{path} was made by a newer camkit ({known}); update camkit to open it.")
    if version < schema.OLDEST:
        raise CaseError(f"{path} was made by an older camkit ({known}); open it with that one.")


def insert(connection: sqlite3.Connection, table: str, row: Mapping[str, Any]) -> int:
    """Add a row and its link of the chain, in a transaction that alone may write; return its number."""
    marks = ", ".join("?" * len(row))
    statement = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})"  # noqa: S608 - our own names
    number = connection.execute(statement, [*row.values()]).lastrowid or 0
    chain.add_link(connection, table, schema.KEYS[schema.VERSION][table], number)
    return number


def find(connection: sqlite3.Connection, table: str, row: Mapping[str, Any]) -> Any:
    """Return the key of the first row of a table that has these values; else None."""
    key = schema.KEYS[schema.VERSION][table]
    where = " AND ".join(f"{name} IS ?" for name in row)
    statement = f"SELECT {key} FROM {table} WHERE {where} ORDER BY {key}"  # noqa: S608 - our own names
    found = connection.execute(statement, [*row.values()]).fetchone()
    return found[0] if found else None


def create_database(path: Path, about: Mapping[str, str]) -> None:
    """Make a database elsewhere and link it into place: of several who do so at once, the first one's stays.

    It cannot be made in place, since the change to write-ahead logging does not wait for others. `about` is the row of
    the table of that name. `OutputError` if it cannot be made.
    """
    try:
        with _translated(path), tempfile.TemporaryDirectory(prefix=".new-", dir=path.parent) as aside:
            made = Path(aside) / path.name
            with closing(sqlite3.connect(made, isolation_level=None)) as connection:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("BEGIN")
                with connection:
                    for statement in schema.statements():
                        connection.execute(statement)
                    insert(connection, "about", about)
            try:
                with suppress(FileExistsError):  # another one was faster
                    os.link(made, path)
            except OSError:  # a file system without hard links, such as a memory stick's
                made.rename(path)
    except OSError as error:
        raise OutputError(
            f"{path} cannot be made: {error.strerror}. Make room or choose another folder."
        ) from None


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into camkit's."""
    try:
        yield
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        name = getattr(error, "sqlite_errorname", "")  # empty for an error that Python found
        if name.startswith("SQLITE_CONSTRAINT_TRIGGER"):
            raise CaseError(f"{path} did not accept what was added ({error}). Run verify().") from None
        if name.startswith("SQLITE_READONLY"):
            raise OutputError(
                f"{path} is read-only, so nothing can be added: copy the case to a folder that can be written."
            ) from None
        if name.startswith(("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_CANTOPEN")):
            raise OutputError(f"{path} cannot be written: {error}. Make room or check the folder.") from None
        if name.startswith("SQLITE_BUSY"):
            raise CaseError(
                f"Somebody else has been writing to {path} for {BUSY_S:.0f} s; try again later."
            ) from None
        # Text that is not UTF-8: in a row, or in SQLite's message about a damaged schema.
        unreadable = not name and isinstance(error, sqlite3.OperationalError | UnicodeDecodeError)
        if unreadable or name.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")) or "no such" in str(error):
            raise CaseError(
                f"{path} is damaged or not a database ({error}); restore it from a copy or a bag."
            ) from None
        raise
