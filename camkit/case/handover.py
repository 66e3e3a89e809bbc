"""What is handed over of a case: all of it but the events that are excluded.

The rows about an excluded event are taken out of a copy of the database, with the picture and the photo that nothing
else shows: a bystander's name and face are nobody else's business. Their links stay in the copy's chain of hashes, so
every other row can be checked, and the seal is that of the case.
"""

# ruff: noqa: S608 - all names in the SQL are our own

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from camkit.case import chain, schema
from camkit.case.database import Database

_EXCLUDED = "SELECT event FROM excluded"
_ABOUT = {
    "requests": "snapshot IN (SELECT id FROM snapshots WHERE event IN ({gone}))",
    "camera_views": "snapshot IN (SELECT id FROM snapshots WHERE event IN ({gone}))",
    "withdrawals": "decision IN (SELECT id FROM decisions WHERE event IN ({gone}))",
    "decisions": "event IN ({gone})",
    "verdicts": "event IN ({gone})",
    "choices": "event IN ({gone})",
    "notes": "event IN ({gone})",
    "flag_evidence": "flag IN (SELECT id FROM flags WHERE event IN ({gone}) OR other_event IN ({gone}))",
    "flags": "event IN ({gone})",
    "snapshots": "event IN ({gone})",
}
"""Which rows are about an event, by table; a row before those that it points to."""

_SHOWN = "SELECT photo AS image FROM cardholders UNION " + " UNION ".join(
    f"SELECT image FROM {table}" for table in ("snapshots", "choices", "verdicts", "decisions")
)

_LEFT_OUT = {
    **{table: which.format(gone=_EXCLUDED) for table, which in _ABOUT.items()},
    "cardholders": "id NOT IN (SELECT cardholder FROM snapshots WHERE cardholder IS NOT NULL)",
    "images": f"sha256 NOT IN (SELECT image FROM ({_SHOWN}) WHERE image IS NOT NULL)",
    # Only the reason that counts now is handed over: an earlier one may say more than it should.
    "exclusions": f"event IN ({_EXCLUDED}) AND id NOT IN (SELECT max(id) FROM exclusions GROUP BY event)",
    "events": f"event IN ({_EXCLUDED})",
}
"""Which rows are taken out, by table; a row before those that it points to."""


@contextmanager
def handed_over(database: Database) -> Iterator[sqlite3.Connection]:
    """Give a copy of what is handed over of a case, in one state.

    It is a file without a name, which SQLite keeps in memory as long as it is small.
    """
    with closing(sqlite3.connect("", isolation_level=None)) as copy:
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
    copy.execute("BEGIN")
    with copy:
        # All of them: one that somebody else made could run for ever. They come back as they were, for verify().
        triggers = copy.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            copy.execute(f"""DROP TRIGGER "{name.replace('"', '""')}" """)
        for table, which in _LEFT_OUT.items():
            key = keys[table]
            copy.execute(f"INSERT INTO left_out SELECT '{table}', {key} FROM {table} WHERE {which}")
            copy.execute(
                f"DELETE FROM {table} WHERE {key} IN (SELECT row_key FROM left_out WHERE table_name = '{table}')"
            )
        for _, sql in triggers:
            copy.execute(sql)
    copy.execute("VACUUM")  # unused bytes of the case's own file are in the copy, too


def belonging(connection: sqlite3.Connection, event: int | str) -> str:
    """Return the keys of the rows about an event, by table, as JSON: they are recorded when it is excluded.

    So a row that was there by then cannot be said to be about the event later.
    """
    keys = schema.KEYS[schema.VERSION]
    found = {"exclusions": "event IS :event"}
    found |= {table: which.format(gone="SELECT :event") for table, which in _ABOUT.items()}
    rows = {
        table: [
            key
            for (key,) in connection.execute(
                f"SELECT {keys[table]} FROM {table} WHERE {which} ORDER BY 1", {"event": event}
            )
        ]
        for table, which in found.items()
    }
    return json.dumps({table: listed for table, listed in rows.items() if listed}, separators=(",", ":"))


def false_omissions(connection: sqlite3.Connection) -> Iterator[str]:
    """Say of each row that is not there why it cannot be left out: only excluded events are, and all of them."""
    omitted = connection.execute("SELECT table_name, row_key FROM left_out").fetchall()
    gone = {key for table, key in omitted if table == "events"}
    excluded = {event for (event,) in connection.execute(_EXCLUDED)}
    present = {event for (event,) in connection.execute("SELECT event FROM events")}
    for event in sorted(excluded - present - gone, key=str):
        yield f"event {event} is excluded, but is not an event of the case"
    if not omitted:
        return
    for event in sorted(excluded & present, key=str):
        yield f"event {event} is excluded, but it is in this copy, from which the excluded events are left out"
    links = chain.links(connection)
    known = [
        (links.get(("events", event), 0), links.get(("exclusions", id), 0), _listed(belongs))
        for id, event, belongs in connection.execute(_REASONS).fetchall()
        if event in gone
    ]
    for table, key in omitted:
        if reason := _why_not_left_out(table, key, excluded, links, known):
            yield f"{table.removesuffix('s')} {key} is said to be left out of a copy, but {reason}"


_REASONS = """
    SELECT id, event, belongs FROM exclusions WHERE id IN (SELECT max(id) FROM exclusions GROUP BY event)
    AND is_excluded
"""

_Links = dict[tuple[str, int | str], int]
_Rows = set[tuple[str, int | str]]


def _why_not_left_out(
    table: str, key: int | str, excluded: set[int | str], links: _Links, known: list[tuple[int, int, _Rows]]
) -> str | None:
    """Say why a row cannot be left out; None if it can.

    `known` has, for each event that is left out, its link, that of its exclusion, and the rows that it had by then.
    """
    added = links.get((table, key))
    if table not in _LEFT_OUT or not known:
        return "nothing that is excluded belongs to it"
    if added is None:
        return "it was never added"
    if table == "events":
        return None if key in excluded else "it is not excluded"
    # Another row of the case would point to a picture or an entry that is not there.
    if table in ("images", "cardholders"):
        return None
    for event, exclusion, rows in known:
        # Only a flag's evidence may be described before that event is in the case.
        if added > exclusion or ((table, key) in rows and (added > event or table == "flag_evidence")):
            return None
    return "it is not among what belonged to the excluded events"


def _listed(belongs: str | None) -> _Rows:
    """Read what `belonging` gave; nothing, if somebody else wrote it."""
    try:
        found = json.loads(belongs or "{}")
        return {(table, key) for table, keys in found.items() for key in keys}
    except (ValueError, TypeError, AttributeError, RecursionError):
        return set()
