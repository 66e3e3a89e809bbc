"""The rows of a report, a page of events at a time: what a report takes of memory does not grow with the case."""

# ruff: noqa: S608 - all names in the SQL are our own

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from itertools import repeat

from camkit.case.decisions import read_note_rows
from camkit.case.queries import Row, stream_rows

PAGE = 300
"""How many events are on a page."""

_BY_EVENT = ("snapshots", "requests", "verdicts", "notes", "flags")
_ORDER = "CREATE TABLE report_order AS SELECT number FROM report_events ORDER BY {}, number"
_EVENTS = """
    SELECT report_events.* FROM report_order JOIN report_events USING (number)
    WHERE report_order.rowid BETWEEN ? AND ? ORDER BY report_order.rowid
"""
_OTHERS = "SELECT * FROM report_{} WHERE about IN (SELECT value FROM json_each(?)) ORDER BY number"
_UNSHOWN = """
    SELECT sha256 FROM images WHERE sha256 NOT IN (SELECT image FROM snapshots WHERE image IS NOT NULL)
    AND sha256 NOT IN (
        SELECT photo FROM cardholders JOIN snapshots ON snapshots.cardholder = cardholders.id WHERE photo IS NOT NULL
    )
"""
_Rows = dict[str, list[Row]]


class Pages:
    """The events of a case by their time, in pages, each with all that is about them.

    What the views of the database say is written down once, in tables of the connection that SQLite keeps on the disk
    as far as they do not fit into its cache: a view would be worked out anew for each page.

    Parameters
    ----------
    connection : sqlite3.Connection
        To a copy of a case, as `camkit.case.handover.handed_over` gives it.

    Attributes
    ----------
    count : int
        How many pages there are, at least one.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._columns: dict[str, list[str]] = {}
        connection.execute("BEGIN")
        self._keep("events", *stream_rows(connection, "events"))
        for name in _BY_EVENT:
            if name == "notes":
                notes = read_note_rows(connection)
                self._keep(name, [*(notes or [{"event": None}])[0]], (tuple(note.values()) for note in notes))
            else:
                self._keep(name, *stream_rows(connection, name))
        connection.execute(_ORDER.format(f"c{self._columns['events'].index('event_time')}"))
        connection.execute("COMMIT")
        (events,) = connection.execute("SELECT count(*) FROM report_order").fetchone()
        self.count = max(1, -(-events // PAGE))

    def __iter__(self) -> Iterator[_Rows]:
        """Give the rows of each page by their tables, those of images and directory entries included."""
        return map(self._page, range(self.count))

    def event(self, label: int | str | None) -> Row | None:
        """Return an event on any page; None if there is none."""
        if label is None:
            return None
        found = self._connection.execute("SELECT * FROM report_events WHERE about IS ?", [label])
        return next(self._rows("events", found), None)

    def unshown(self) -> list[Row]:
        """Return the images that no event shows."""
        return self._images(sha256 for (sha256,) in self._connection.execute(_UNSHOWN).fetchall())

    def _page(self, number: int) -> _Rows:
        first = number * PAGE + 1
        events = [*self._rows("events", self._connection.execute(_EVENTS, [first, first + PAGE - 1]))]
        labels = json.dumps([event["event"] for event in events])
        rows = {"events": events}
        for name in _BY_EVENT:
            rows[name] = [*self._rows(name, self._connection.execute(_OTHERS.format(name), [labels]))]
        people = {row["cardholder"] for row in rows["snapshots"]} - {None}
        rows["cardholders"] = self._listed("cardholders", "id", people)
        shown = {row["image"] for row in rows["snapshots"]} | {row["photo"] for row in rows["cardholders"]}
        rows["images"] = self._images(shown - {None})
        return rows

    def _images(self, digests: Iterable[str]) -> list[Row]:
        return self._listed("images", "sha256", digests)

    def _listed(self, table: str, key: str, values: Iterable[object]) -> list[Row]:
        """Return the rows of a table that have one of these keys, in the order they were added."""
        query = f"SELECT * FROM {table} WHERE {key} IN (SELECT value FROM json_each(?)) ORDER BY rowid"
        cursor = self._connection.execute(query, [json.dumps([*values])])
        columns = [column[0] for column in cursor.description]
        return [dict(zip(columns, row, strict=True)) for row in cursor]

    def _keep(self, name: str, columns: list[str], rows: Iterable[tuple[object, ...]]) -> None:
        """Write rows to a table of their own, found by their event; of two columns of one name the last one counts."""
        self._columns[name] = columns
        place = columns.index("event")
        fields = [f"c{number}" for number in range(len(columns))]
        self._connection.execute(
            f"CREATE TABLE report_{name} (number INTEGER PRIMARY KEY, about, {', '.join(fields)})"
        )
        self._connection.executemany(
            f"INSERT INTO report_{name} VALUES ({', '.join(repeat('?', len(columns) + 2))})",
            ((None, row[place], *row) for row in rows),
        )
        self._connection.execute(f"CREATE INDEX report_{name}_about ON report_{name} (about)")

    def _rows(self, name: str, cursor: Iterable[tuple[object, ...]]) -> Iterator[Row]:
        return (dict(zip(self._columns[name], row[2:], strict=True)) for row in cursor)
