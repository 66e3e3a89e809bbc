"""What the database of a case is made of: its tables, and the triggers that refuse to change a row."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from importlib.resources import files

VERSION = 2
"""Of the schema, in ``PRAGMA user_version``; raised with each change of ``schema.sql``, which `verify` compares."""

APPLICATION_ID = 0x63616D6B
"""Marks the file as a case of camkit: the letters "camk"."""

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

APPEND_ONLY = {**KEYS, "chain": "number"}
"""Those, and the one with their links."""

_GUARDS = """
CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table}
BEGIN SELECT RAISE(ABORT, '{table}: rows are only ever added'); END;
CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table}
BEGIN SELECT RAISE(ABORT, '{table}: rows are only ever added'); END;
CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table}
WHEN EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key} OR rowid = NEW.rowid)
BEGIN SELECT RAISE(ABORT, '{table}: rows are only ever added'); END;
"""


def script() -> str:
    """The statements that make the database of a case."""
    tables = files("camkit.case").joinpath("schema.sql").read_text(encoding="utf-8")
    triggers = "".join(_GUARDS.format(table=table, key=key) for table, key in APPEND_ONLY.items())
    marks = f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION};"
    return f"BEGIN; {tables} {triggers} {marks} COMMIT;"


def as_made() -> dict[str, bytes]:
    """What `found_in` gives for a database that nobody has touched."""
    with closing(sqlite3.connect(":memory:")) as fresh:
        fresh.executescript(script())
        return found_in(fresh)


def found_in(connection: sqlite3.Connection) -> dict[str, bytes]:
    """What made each table, view, index and trigger, by its kind and name; as bytes, since it may be damaged.

    Without the tables that SQLite keeps for itself, such as those that ANALYZE makes.
    """
    return dict(
        connection.execute(
            "SELECT type || ' ' || name, CAST(sql AS BLOB) FROM sqlite_master"
            " WHERE sql IS NOT NULL AND NOT (type = 'table' AND name GLOB 'sqlite_*')"
        )
    )
