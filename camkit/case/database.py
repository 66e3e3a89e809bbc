"""The SQLite file of a case: made whole, opened by several at once, only ever added to."""

from __future__ import annotations

import getpass
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import RLock
from time import monotonic
from typing import Any

from camkit._version import __version__
from camkit.case import chain, schema
from camkit.case.opening import (
    BUSY,
    BUSY_S,
    LOOK_S,
    QUERY_S,
    Opened,
    Watch,
    as_new_file,
    as_single_file,
    closed_on_error,
    is_busy,
    open_database,
)
from camkit.case.times import utc_text
from camkit.errors import CamkitError, CaseError, InputError, OutputError
from camkit.support.files import TOO_MANY, advice, out_of_files, write_new, write_whole
from camkit.support.interrupts import Waiting, interrupts_wait

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
        self._watch = Watch()
        self._checked: tuple[int, int] | None = None
        self._typed: dict[str, int] = {}
        with interrupts_wait() as waiting, _translated(path):
            self._watch.start(waiting)
            until = monotonic() + BUSY_S
            while True:
                try:
                    self._opened, self.about = _open(path, self._watch)
                    break
                except sqlite3.OperationalError as error:
                    _wait_or_raise(error, waiting, until)
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
            self._check_sound(connection)
            yield connection
            typed = {**self._typed}
            if misfit := schema.misfit(connection, typed):
                raise InputError(
                    f"Nothing was added: {misfit} cannot hold what was given, such as a text in place of a number."
                )
            self._opened.check_there()
        self._typed = typed

    @contextmanager
    def reading(self, *, checked: bool = True) -> Iterator[sqlite3.Connection]:
        """Begin a transaction that sees one state of the database, whatever others add meanwhile.

        `CaseError` if its tables or views are not those that camkit made, or hold what camkit does not put there,
        unless it is not to be checked, since that is what is to be found out.
        """
        with self._transaction("BEGIN") as connection:
            if checked:
                self._check_sound(connection)
            yield connection

    def upgrade(self, stamp: Stamp, then: Callable[[sqlite3.Connection], None]) -> None:
        """Bring the database to this camkit's version, and record that; see `Case.upgrade`.

        `then` adds in the same transaction what a case of this version has from the start.
        """
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
            then(connection)
        self.version = schema.VERSION

    def copy_to(self, path: Path) -> None:
        """Write one consistent state to a new file, which needs no other files beside it."""
        with self.reading() as connection:
            content = connection.serialize()
        write_whole(path, as_single_file(content))

    def close(self) -> None:
        """Close the connection; a second time does nothing."""
        with self._lock:
            self.closed = True
            self._opened.connection.close()

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        """Begin, and commit at the end, or roll back; Ctrl-C takes effect while waiting for others, and afterwards."""
        with interrupts_wait() as waiting, _translated(self.path):
            until = monotonic() + BUSY_S
            while not self._lock.acquire(timeout=LOOK_S):
                waiting.stop_if_wanted()
            try:
                connection = self._connection()
                self._watch.start(waiting)
                try:
                    _begin(connection, begin, self.path, waiting, until)
                    yield connection
                    _retried(connection, "COMMIT", waiting, until)
                finally:
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
            finally:
                self._lock.release()

    def _connection(self) -> sqlite3.Connection:
        """Return the connection, a new one if it is to a copy of a file that has changed."""
        if self.closed:
            raise CaseError(f"The case {self.path.parent} is closed; open it again with camkit.Case().")
        self._opened.check_there()
        if self._opened.is_stale(self.path):
            fresh, _ = _open(self.path, self._watch, self.about)
            self._opened.connection.close()
            self._opened, self._checked, self._typed = fresh, None, {}
        return self._opened.connection

    def _check_sound(self, connection: sqlite3.Connection) -> None:
        """Refuse a database that somebody altered; again only when another connection has written to it."""
        state = (
            connection.execute("PRAGMA schema_version").fetchone()[0],
            connection.execute("PRAGMA data_version").fetchone()[0],
        )
        if state == self._checked:
            return
        if altered := schema.unreadable(connection, "table", "view"):
            raise CaseError(
                f"{self.path} is damaged or was altered: the {altered} is not as camkit made it. Run verify(), and "
                "restore it from a copy or a bag."
            )
        if misfit := schema.misfit(connection, self._typed):
            raise CaseError(
                f"{self.path} is damaged or was altered: {misfit} holds something that camkit does not put there. Run "
                "verify(), and restore it from a copy or a bag."
            )
        if lost := next(schema.dangling(connection), None):
            raise CaseError(
                f"{self.path} is damaged or was altered: {lost}. Run verify(), and restore it from a copy or a bag."
            )
        self._checked = state


def _begin(connection: sqlite3.Connection, begin: str, path: Path, waiting: Waiting, until: float) -> None:
    """Begin a transaction, and read something, since only then it sees one state; wait for others."""
    while True:
        try:
            connection.execute(begin)
            _check_version(connection, path)  # somebody else may have upgraded it
        except sqlite3.OperationalError as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            _wait_or_raise(error, waiting, until)
        else:
            return


def _retried(connection: sqlite3.Connection, statement: str, waiting: Waiting, until: float) -> None:
    """Run a statement that may have to wait for others."""
    while True:
        try:
            connection.execute(statement)
        except sqlite3.OperationalError as error:
            _wait_or_raise(error, waiting, until)
        else:
            return


def _wait_or_raise(error: sqlite3.OperationalError, waiting: Waiting, until: float) -> None:
    """Return if it is worth trying again; SQLite has waited a moment already."""
    waiting.stop_if_wanted()
    if not is_busy(error) or monotonic() > until:
        raise error


def _open(
    path: Path, watch: Watch, expected: tuple[Any, ...] | None = None
) -> tuple[Opened, tuple[Any, ...]]:
    """Connect to a case; return also its name and what else was recorded when it was made, which may be expected."""
    opened = open_database(path, watch)
    with closed_on_error(opened.connection):
        _check_version(opened.connection, path)
        version = schema.version_of(opened.connection)
        if schema.found_in(opened.connection).get("table about") != schema.as_made(version)["table about"]:
            raise CaseError(
                f"{path} is damaged or was altered: its table about is not as camkit made it; restore it "
                "from a copy or a bag."
            )
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
    if table in schema.numbered(schema.VERSION):
        chain.check_next(connection, table, number)
    return number


def find(connection: sqlite3.Connection, table: str, row: Mapping[str, Any]) -> Any:
    """Return the key of the first row of a table that has these values; else None."""
    key = schema.KEYS[schema.VERSION][table]
    where = " AND ".join(f"{name} IS ?" for name in row)
    statement = f"SELECT {key} FROM {table} WHERE {where} ORDER BY {key}"  # noqa: S608 - our own names
    found = connection.execute(statement, [*row.values()]).fetchone()
    return found[0] if found else None


def create_database(
    path: Path, about: Mapping[str, str], then: Callable[[sqlite3.Connection], None] = lambda connection: None
) -> None:
    """Make a database in memory and write it whole: of several who do so at once, the first one's stays.

    `about` is the row of the table of that name; `then` adds what else is in it from the start. `OutputError` if it
    cannot be made.
    """
    with (
        _translated(path),
        closing(sqlite3.connect(":memory:", isolation_level=None)) as connection,
    ):
        connection.execute("BEGIN")
        with connection:
            for statement in schema.statements():
                connection.execute(statement)
            insert(connection, "about", about)
            then(connection)
        write_new(path, as_new_file(connection.serialize(), path.parent))


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    """Turn SQLite's errors, and those of values that it cannot keep, into camkit's."""
    try:
        yield
    except UnicodeEncodeError as error:
        code = ord(error.object[error.start])
        raise InputError(
            f"Nothing was added: the text {error.object!r} has half of a character (U+{code:04X}), which cannot be "
            "kept. Remove it."
        ) from None
    except OverflowError:
        raise InputError(
            "Nothing was added: a whole number, such as an event's label, has more than 64 bits, which cannot be kept; "
            "give it as text."
        ) from None
    except OSError as error:
        if error.errno not in TOO_MANY:
            raise
        raise OutputError(f"{path} cannot be opened: {error.strerror}. {advice(error)}") from None
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        ours = _in_our_words(path, error)
        if ours is None:
            raise
        raise ours from None


def _in_our_words(path: Path, error: Exception) -> CamkitError | None:
    """Return camkit's error for one of SQLite's; None if it is a fault of the program."""
    name = getattr(error, "sqlite_errorname", "")  # empty for an error that Python found
    for start, kind, said in _SAID:
        if name.startswith(start):
            return kind(said.format(path=path, error=error))
    if name.startswith(("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_CANTOPEN")):
        if (cause := out_of_files()) is not None:
            return OutputError(f"{path} cannot be opened: {cause.strerror}. {advice(cause)}")
        return OutputError(f"{path} cannot be written: {error}. Make room or check the folder.")
    # Text that is not UTF-8: in a row, or in SQLite's message about a damaged schema.
    unreadable = not name and isinstance(error, sqlite3.OperationalError | UnicodeDecodeError)
    if unreadable or name.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")) or "no such" in str(error):
        return CaseError(f"{path} is damaged or not a database ({error}); restore it from a copy or a bag.")
    return None


_SAID = (
    (
        "SQLITE_CONSTRAINT_TRIGGER", CaseError,
        "{path} did not accept what was added ({error}). Run verify().",
    ),
    (
        "SQLITE_READONLY", OutputError,
        "{path} is read-only, so nothing can be added: copy the case to a folder that can be written.",
    ),
    (
        BUSY, CaseError,
        f"Somebody else has been writing to {{path}} for {BUSY_S:.0f} s; try again later.",
    ),
    (
        "SQLITE_INTERRUPT", CaseError,
        f"{{path}} did not answer within {QUERY_S:.0f} s: somebody may have made it so. Use a copy that you trust.",
    ),
    ("SQLITE_TOOBIG", CaseError, "{path} holds, or was given, a value that is too long to be kept."),
)  # fmt: skip
"""What SQLite's errors begin with, and what is said of them."""
