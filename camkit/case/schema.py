"""The schema of a case's database, version by version.

``schemas/2.sql`` makes a database of version 2; each later file makes the version of its name from the one before. A
file is never edited once a case was made with it: `verify` compares a case with what the files of its version make. So
a later version adds tables and replaces views, and leaves the tables as they are whose rows are in the chain.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from functools import cache
from hashlib import sha256
from importlib.resources import files

OLDEST, VERSION = 2, 3
"""The first version that can be read, and the one that is written (``PRAGMA user_version``)."""

APPLICATION_ID = 0x63616D6B
"""Marks the file as a case of camkit: the letters "camk"."""

_TABLES_2 = "about events flags images cardholders snapshots requests choices verdicts".split()
_KEYS_2 = {**dict.fromkeys(_TABLES_2, "id"), "events": "event", "images": "sha256"}

_NEW_3 = {
    **dict.fromkeys("upgrades verdict_labels decisions notes exclusions documents settings".split(), "id"),
    "camera_views": "snapshot",
    "flag_evidence": "flag",
    "withdrawals": "decision",
}

KEYS = {2: _KEYS_2, 3: {**_KEYS_2, **_NEW_3}}
"""By version: each table whose rows are in the chain, with its key."""


Owners = list[tuple[str, str, str]]
"""Kind, name and table of each table, view, index and trigger."""

_BEYOND = 2**63 - 1
"""No row has a lower number than its negative."""

_FITS = {
    "TEXT": "'text', 'null'",
    "INTEGER": "'integer', 'null'",
    "REAL": "'real', 'null'",
    "BLOB": "'blob', 'null'",
    "": "'text', 'integer', 'null'",  # a label of an event
}
"""By declared type of a column, what its values are."""

_TIME = "dddd-dd-ddTdd:dd:dd.ddddddZ".replace("d", "[0-9]")
_SECOND = "substr({0}, 1, 19)"
NO_TIME = (
    f"({{0}} IS NOT NULL AND NOT ({{0}} GLOB '{_TIME}' AND {{0}} > '0001'"
    f" AND strftime('%Y-%m-%dT%H:%M:%S', {_SECOND}, '+0 days') IS {_SECOND}))"
)
"""SQL: true for a text that is not a time as `camkit.case.times.utc_text` writes it, such as one of 30 February."""


def version_of(connection: sqlite3.Connection) -> int:
    """Return the version of a database's schema."""
    return connection.execute("PRAGMA user_version").fetchone()[0]


def statements(after: int = 0, up_to: int = VERSION) -> Iterator[str]:
    """Give the statements that make a version from an earlier one, or from nothing."""
    for version in range(max(after + 1, OLDEST), up_to + 1):
        script = files("camkit.case").joinpath(f"schemas/{version}.sql").read_text(encoding="utf-8")
        statement = ""
        for line in script.splitlines(keepends=True):
            statement += line
            if sqlite3.complete_statement(statement):
                yield statement
                statement = ""


def as_made(version: int) -> Mapping[str, bytes]:
    """Return what `found_in` gives for an unaltered database of a version."""
    return _made(version)[0]


def columns(version: int) -> Mapping[str, Mapping[str, str]]:
    """Return the declared type of each column, by table, of an unaltered database of a version."""
    return _made(version)[1]


def times(version: int, table: str) -> list[str]:
    """Return the columns of a table that hold a time."""
    return [name for name in columns(version)[table] if name == "at" or name.endswith(("_at", "_time"))]


def numbered(version: int) -> frozenset[str]:
    """Return the tables of `KEYS` whose rows are numbered as they are added, not by the rows of another table."""
    return frozenset(
        table
        for table, key in KEYS[version].items()
        if key == "id" or columns(version)[table][key] != "INTEGER"
    )


@cache
def _made(version: int) -> tuple[Mapping[str, bytes], Mapping[str, Mapping[str, str]], Owners]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as fresh:
        for statement in statements(up_to=version):
            fresh.execute(statement)
        types = {
            table: dict(fresh.execute("SELECT name, type FROM pragma_table_info(?)", [table]).fetchall())
            for table in (*KEYS[version], "chain")
        }
        return found_in(fresh), types, _owners(fresh)


def found_in(connection: sqlite3.Connection) -> dict[str, bytes]:
    """Return the SQL of each table, view, index and trigger, by its kind and name; as bytes, since it may be damaged.

    Without the tables that SQLite keeps for itself, such as those that ANALYZE makes.
    """
    return dict(
        connection.execute(
            "SELECT type || ' ' || name, CAST(sql AS BLOB) FROM sqlite_master"
            " WHERE sql IS NOT NULL AND NOT (type = 'table' AND name GLOB 'sqlite_*') ORDER BY type, name"
        )
    )


def digest(found: Mapping[str, bytes]) -> str:
    """Return the SHA-256 of a schema, of what `found_in` or `as_made` gave."""
    return sha256(b"\n".join(found.values())).hexdigest()


def differences(connection: sqlite3.Connection) -> Iterator[str]:
    """Say what was altered: the triggers that keep rows from being changed, the views that show them, the tables."""
    present, (made, _, owners) = found_in(connection), _made(version_of(connection))
    for name, statement in made.items():
        if present.get(name) != statement:
            yield f"the {name} is missing or altered"
    for name in present.keys() - made.keys():
        yield f"the {name} was not made by camkit"
    if present.keys() == made.keys() and _owners(connection) != owners:
        yield "the list of the database's tables and triggers is altered"


def unreadable(connection: sqlite3.Connection, *kinds: str) -> str | None:
    """Name a table or a view, of these kinds, that is not as camkit made it: what it shows may be wrong, or endless."""
    present, made = found_in(connection), as_made(version_of(connection))
    altered = (
        name for name, statement in made.items() if name.startswith(kinds) and present.get(name) != statement
    )
    return next(altered, None)


def misfit(connection: sqlite3.Connection, checked: dict[str, int]) -> str | None:
    """Name a column of a table that holds something of another type or form than camkit puts there.

    `checked` holds how far each table was looked at before, since rows are only ever added; it is brought up to date.
    """
    version = version_of(connection)
    for table, types in columns(version).items():
        wrong = {name: f"typeof({name}) NOT IN ({_FITS[declared]})" for name, declared in types.items()}
        wrong |= {name: f"({wrong[name]} OR {NO_TIME.format(name)})" for name in times(version, table)}
        new = f"FROM {table} WHERE rowid > {checked.get(table, -_BEYOND)}"
        found = connection.execute(
            f"SELECT {', '.join(wrong.values())} {new} AND ({' OR '.join(wrong.values())}) LIMIT 1"
        ).fetchone()
        if found is not None:
            return f"the column {[*wrong][found.index(1)]} of the table {table}"
        (last,) = connection.execute(f"SELECT max(rowid) {new}").fetchone()
        checked[table] = checked.get(table, -_BEYOND) if last is None else last
    return None


def dangling(connection: sqlite3.Connection) -> Iterator[str]:
    """Say which rows point to a row that is not there, or are about a picture that their event does not have."""
    for table, row, parent, _ in connection.execute("PRAGMA foreign_key_check"):
        yield f"row {row} of {table} points to a row of {parent} that does not exist"
    for table in KEYS[version_of(connection)].keys() & {"choices", "verdicts", "decisions"}:
        query = f"""
            SELECT id, event FROM {table} WHERE event IN (SELECT event FROM events) AND image IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM snapshots WHERE event = {table}.event AND image = {table}.image) ORDER BY id
        """  # noqa: S608 - our own names
        for number, event in connection.execute(query):
            yield f"row {number} of {table} is about a picture that event {event} does not have"


def _owners(connection: sqlite3.Connection) -> Owners:
    return connection.execute(
        "SELECT type, name, tbl_name FROM sqlite_master WHERE sql IS NOT NULL"
        " AND NOT (type = 'table' AND name GLOB 'sqlite_*') ORDER BY type, name"
    ).fetchall()
