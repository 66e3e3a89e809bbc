"""The chain of hashes over everything that was ever added to a case.

Each row gets a link when it is added: the SHA-256 over the row and over the link before it. So a row that is changed,
removed or inserted later shows. The last link is the case's seal: it stands for everything up to there, and whoever
noted it elsewhere can tell even that the whole chain was made again.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

from camkit.case import schema
from camkit.errors import CaseError

ALTERED = "altered"
CLOCK = "clock"
"""The kinds of what is found: something that was recorded is different; a time is before an earlier row's."""

DAMAGE = (sqlite3.DatabaseError, UnicodeDecodeError)
"""The errors of reading a damaged database: the latter if SQLite's message quotes a piece of it."""

_LAST = "SELECT number, sha256 FROM chain ORDER BY number DESC LIMIT 1"

_HIGHEST = 2**63 - 1
"""SQLite's greatest whole number."""

_as_json = json.JSONEncoder(
    ensure_ascii=False,
    separators=(",", ":"),
    default=lambda blob: {"blob": blob.hex()},  # camkit never adds a blob, and no text is written like this
).encode


def add_link(connection: sqlite3.Connection, table: str, key: str, rowid: int) -> None:
    """Add the link of a row that was just inserted, in a transaction that alone may write.

    `CaseError` if the row is not there, because the database has a trigger that camkit did not make, or if the link
    would not directly follow the one before.
    """
    # Read back, since a column's type can change a value on its way in.
    added = connection.execute(f"SELECT {key}, * FROM {table} WHERE rowid = ?", [rowid]).fetchone()  # noqa: S608 - our own names
    if added is None:
        raise CaseError(
            f"The database did not accept a row of {table}: it has a trigger that camkit did not make. Run verify()."
        )
    name, *row = added
    last, before = connection.execute(_LAST).fetchone() or (0, "")
    number = min(last + 1, _HIGHEST)  # SQLite holds no greater one, and does not add another of this number
    connection.execute(
        "INSERT INTO chain (number, table_name, row_key, sha256) VALUES (?, ?, ?, ?)",
        [number, table, name, _link(before, table, row)],
    )
    check_next(connection, "chain", number)


def seal(connection: sqlite3.Connection) -> str:
    """Return the last link; an empty text before the first."""
    _, last = connection.execute(_LAST).fetchone() or (0, "")
    return last


def links(connection: sqlite3.Connection) -> dict[tuple[str, int | str], int]:
    """Return the number of each row's link, by its table and its key."""
    return {
        (table, key): number
        for number, table, key in connection.execute("SELECT number, table_name, row_key FROM chain")
    }


def latest_time(connection: sqlite3.Connection) -> str:
    """Return when the last row was added that says so; an empty text if there is none."""
    version = schema.version_of(connection)
    for table, key in connection.execute("SELECT table_name, row_key FROM chain ORDER BY number DESC"):
        if (column := _time_of(version, table)) is not None:
            query = f"SELECT {column} FROM {table} WHERE {schema.KEYS[version][table]} = ?"  # noqa: S608 - our own names
            return next((time for (time,) in connection.execute(query, [key])), "")
    return ""


def _time_of(version: int, table: str) -> str | None:
    """Name the column that says when a row of a table was added: it and who adds the row come from one stamp."""
    names = list(schema.columns(version)[table])
    return names[names.index("operator") - 1] if "operator" in names else None


def seal_problems(connection: sqlite3.Connection, noted: str) -> Iterator[str]:
    """Say it if a seal that was noted once is not among the links."""
    if connection.execute("SELECT 1 FROM chain WHERE sha256 = ?", [noted]).fetchone() is None:
        yield f"it never had the seal {noted}: that is another case's, or what was recorded by then was replaced"


def broken_links(connection: sqlite3.Connection, keys: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Say what happened to each link, and to each row, that is not as it was added.

    The links are followed one by one from the first, so a link stands for everything before it. What is said of each is
    its kind, ``altered`` or ``clock``, and the detail.
    """
    tables = {table: _Table(connection, table, key) for table, key in keys.items()}
    before, previous, latest = "", 0, ""
    for number, table, name, recorded in connection.execute(
        "SELECT number, table_name, row_key, sha256 FROM chain ORDER BY number"
    ):
        if number != previous + 1:
            yield ALTERED, f"the chain of hashes jumps from link {previous} to link {number}"
        if table not in tables:
            yield ALTERED, f"link {number} of the chain was not added by camkit"
        else:
            yield from tables[table].problems(name, recorded, before)
            if (added_at := tables[table].added_at) is not None:
                if added_at < latest:
                    thing = f"{_thing(table)} {name}"
                    # A verdict may be taken back for some seconds: whoever says that it was had a reason to go back.
                    kind = ALTERED if table == "withdrawals" else CLOCK
                    yield kind, f"{thing} was added at {added_at}, but what was added before it at {latest}"
                latest = added_at
        before, previous = recorded, number
    for table in tables.values():
        yield from ((ALTERED, problem) for problem in table.strange())


class _Table:
    """One table of the chain, while its links are followed."""

    def __init__(self, connection: sqlite3.Connection, table: str, key: str) -> None:
        version = schema.version_of(connection)
        names = list(schema.columns(version)[table])
        self.added_at: str | None = None
        self._connection, self._table, self._key = connection, table, key
        rows = f"SELECT rowid, {key}, * FROM {table}"  # noqa: S608 - our own names
        self._query = f"{rows} WHERE {key} = ?"
        self._rows: Iterator[Any] = connection.execute(f"{rows} ORDER BY rowid")
        self._ahead: tuple[Any, ...] = ()
        self._numbered = table in schema.numbered(version)
        time = _time_of(version, table)
        self._time = names.index(time) if time else None
        self._left_out = left_out(connection, table)
        self._links = 0

    def problems(self, name: Any, recorded: Any, before: Any) -> Iterator[tuple[str, str]]:
        """Say what is wrong with the row of the table's next link."""
        self._links += 1
        self.added_at = None
        thing = f"{_thing(self._table)} {name}"
        try:
            found = self._row(name)
        except DAMAGE as error:
            if getattr(error, "sqlite_errorname", ""):
                raise
            yield (
                "database",
                f"it is damaged: {error}",
            )  # a text that is not UTF-8; the other rows are checked
            return
        if found is None:
            if name not in self._left_out:
                yield ALTERED, f"{thing} was removed"
            return
        place, known_as, *row = found
        # SQLite also finds the number 1 by the text "1 ".
        if type(known_as) is not type(name) or _link(before, self._table, row) != recorded:
            yield ALTERED, f"{thing} was changed, or something recorded before it was changed or removed"
        # No link holds the place of a row whose key is a text, and events are shown in that order.
        if self._numbered and place != self._links:
            yield (
                ALTERED,
                f"the rows of {self._table} are not numbered in the order in which they were added",
            )
        if self._time is not None and isinstance(row[self._time], str):
            self.added_at = row[self._time]

    def _row(self, name: Any) -> Any:
        """Return the row of a key, None if there is none: the next one, or else where it is.

        Rows are in the order of their links, unless somebody altered them: asking for each one by its key takes three
        times as long.
        """
        try:
            ahead = self._ahead or next(self._rows, ())
        except (
            DAMAGE
        ):  # SQLite does not go on after that; by its key each row can be read that is not damaged
            self._rows, ahead = iter(()), ()
        is_next = bool(ahead) and type(ahead[1]) is type(name) and ahead[1] == name
        self._ahead = () if is_next else ahead
        return ahead if is_next else self._connection.execute(self._query, [name]).fetchone()

    def strange(self) -> Iterator[str]:
        """Say which rows have no link."""
        rows = self._connection.execute(
            f"SELECT {self._key} FROM {self._table} WHERE {self._key} NOT IN"  # noqa: S608 - our own names
            " (SELECT row_key FROM chain WHERE table_name = ?)",
            [self._table],
        )
        for (name,) in rows:
            yield f"{_thing(self._table)} {name} was not added by camkit"


def check_next(connection: sqlite3.Connection, table: str, added: int) -> None:
    """Make sure that a row that was inserted follows the one before it, and that one its own.

    The highest number decides which verdict is the latest: somebody may have taken one far ahead. `CaseError` if so.
    """
    query = f"SELECT rowid FROM {table} ORDER BY rowid DESC LIMIT 3"  # noqa: S608 - our own names
    last = [number for (number,) in connection.execute(query)]
    if last != [*range(added, max(added - 3, 0), -1)]:
        raise CaseError(
            f"Nothing was added: camkit numbers the rows of {table} 1, 2, 3 and so on, and somebody added others "
            f"(the last ones are {', '.join(map(str, last))}). Run verify()."
        )


def _thing(table: str) -> str:
    return table.removesuffix("s")


def left_out(connection: sqlite3.Connection, table: str) -> set[Any]:
    """Return the keys of the rows of a table that are not in a copy that was handed over; none for a case."""
    if schema.version_of(connection) == schema.OLDEST:
        return set()
    query = "SELECT row_key FROM left_out WHERE table_name = ?"
    return {key for (key,) in connection.execute(query, [table])}


def _link(before: str, table: str, row: list[Any]) -> str:
    return sha256(_as_json([before, table, *row]).encode()).hexdigest()
