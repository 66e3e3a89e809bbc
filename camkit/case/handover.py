"""What is handed over of a case: all of it but the events that are excluded.

The rows about an excluded event are taken out of a copy of the database, with the picture and the photo that nothing
else shows: a bystander's name and face are nobody else's business. Their links stay in the copy's chain of hashes, so
every other row can be checked, and the seal is that of the case.
"""

# ruff: noqa: S608 - all names in the SQL are our own

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from camkit.case import schema
from camkit.case.database import Database

_GONE = "(SELECT event FROM excluded)"
_SNAPSHOTS = f"(SELECT id FROM snapshots WHERE event IN {_GONE})"
_FLAGS = f"(SELECT id FROM flags WHERE event IN {_GONE} OR other_event IN {_GONE})"
_DECISIONS = f"(SELECT id FROM decisions WHERE event IN {_GONE})"
_SHOWN = "SELECT photo AS image FROM cardholders UNION " + " UNION ".join(
    f"SELECT image FROM {table}" for table in ("snapshots", "choices", "verdicts", "decisions")
)

_LEFT_OUT = {
    "requests": f"snapshot IN {_SNAPSHOTS}",
    "camera_views": f"snapshot IN {_SNAPSHOTS}",
    "withdrawals": f"decision IN {_DECISIONS}",
    "decisions": f"event IN {_GONE}",
    "verdicts": f"event IN {_GONE}",
    "choices": f"event IN {_GONE}",
    "notes": f"event IN {_GONE}",
    "flag_evidence": f"flag IN {_FLAGS}",
    "flags": f"event IN {_GONE}",
    "snapshots": f"event IN {_GONE}",
    "cardholders": "id NOT IN (SELECT cardholder FROM snapshots WHERE cardholder IS NOT NULL)",
    "images": f"sha256 NOT IN (SELECT image FROM ({_SHOWN}) WHERE image IS NOT NULL)",
    "events": f"event IN {_GONE}",
}
"""Which rows are taken out, by table; a row before those that it points to."""


@contextmanager
def handed_over(database: Database) -> Iterator[sqlite3.Connection]:
    """Give a copy in memory of what is handed over of a case, in one state."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as copy:
        with database.reading() as connection:
            connection.backup(copy)
        leave_out(copy)
        yield copy


def copy_to(database: Database, path: Path) -> None:
    """Write what is handed over of a case to a new file, in one state."""
    database.copy_to(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as copy:
        leave_out(copy)


def leave_out(copy: sqlite3.Connection) -> None:
    """Take the excluded events out of a copy of a database, and list what was taken out."""
    if schema.version_of(copy) == schema.OLDEST or not copy.execute("SELECT 1 FROM excluded").fetchone():
        return
    copy.execute("PRAGMA secure_delete = ON")  # else the deleted text stays in the file's unused bytes
    keys = schema.KEYS[schema.version_of(copy)]
    refusing = [f"{table}_no_delete" for table in _LEFT_OUT]
    copy.execute("BEGIN")
    with copy:
        made = {
            name: sql for name, sql in copy.execute("SELECT name, sql FROM sqlite_master") if name in refusing
        }
        for name in made:
            copy.execute(f"DROP TRIGGER {name}")
        for table, which in _LEFT_OUT.items():
            key = keys[table]
            copy.execute(f"INSERT INTO left_out SELECT '{table}', {key} FROM {table} WHERE {which}")
            copy.execute(
                f"DELETE FROM {table} WHERE {key} IN (SELECT row_key FROM left_out WHERE table_name = '{table}')"
            )
        for sql in made.values():
            copy.execute(sql)
    copy.execute("VACUUM")  # unused bytes of the case's own file are in the copy, too


def false_omissions(connection: sqlite3.Connection) -> Iterator[str]:
    """Say of each row that is said to be left out why it cannot be: only excluded events are, and all of them."""
    excluded = {event for (event,) in connection.execute("SELECT event FROM excluded")}
    rows = connection.execute("SELECT table_name, row_key FROM left_out").fetchall()
    if rows:
        present = "SELECT event FROM events WHERE event IN (SELECT event FROM excluded)"
        for (event,) in connection.execute(present):
            yield f"event {event} is excluded, but it is in this copy, from which the excluded events are left out"
    for table, key in rows:
        thing = f"{table.removesuffix('s')} {key} is said to be left out of a copy"
        if table not in _LEFT_OUT or not excluded:
            yield f"{thing}, but nothing that is excluded belongs to it"
        elif table == "events" and key not in excluded:
            yield f"{thing}, but is not excluded"
