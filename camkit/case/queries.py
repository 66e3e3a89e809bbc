"""The tables of a case, as rows, as DataFrames, and as CSV and Parquet files, whatever the version of its schema."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from operator import itemgetter
from pathlib import Path
from typing import Any

import pandas as pd

from camkit.case import schema
from camkit.case.sources import read_setting
from camkit.errors import InputError
from camkit.support.export import export_table
from camkit.support.files import make_folder, write_whole

Row = dict[str, Any]
"""A row as the database holds it: times as text, None where there is nothing."""

_COMMON = {
    "about": "SELECT * FROM about",
    "events": "SELECT * FROM overview",
    "snapshots": "SELECT * FROM results ORDER BY id",
    "requests": "SELECT snapshots.event, requests.* FROM requests"
    " JOIN snapshots ON snapshots.id = requests.snapshot ORDER BY requests.id",
    "verdicts": "SELECT judged.*, noted.note FROM judged LEFT JOIN noted USING (event, operator) ORDER BY id",
    "choices": "SELECT * FROM choices ORDER BY id",
    "flags": "SELECT * FROM flags ORDER BY id",
    "cardholders": "SELECT * FROM cardholders ORDER BY id",
    "images": "SELECT * FROM images ORDER BY rowid",
}

_AGREED_2 = """
    SELECT iif(count(DISTINCT verdict) = 1, max(verdict), iif(count(*), 'disputed', NULL)) FROM (
        SELECT verdict, max(id) FROM verdicts WHERE verdicts.event = overview.event GROUP BY operator
    )
"""
"""What the latest verdicts of an event's reviewers say; the view of version 2 knows the last one only."""

_CHOICES_3 = """
    SELECT * FROM choices WHERE id NOT IN (
        SELECT choice FROM decisions JOIN withdrawals ON decision = decisions.id WHERE choice IS NOT NULL
    ) ORDER BY id
"""

_ADDED_3 = "verdict_labels notes exclusions documents settings upgrades".split()
_FLAGS = "SELECT flags.*, description FROM flags LEFT JOIN flag_evidence AS other ON other.flag = flags.id"

QUERIES = {
    2: {
        **_COMMON,
        # Of two columns of one name the last one counts.
        "events": "SELECT *, NULL AS view, NULL AS excluded, 0 AS entry_changed,"  # noqa: S608 - our own names
        f" ({_AGREED_2}) AS verdict FROM overview",
        "snapshots": "SELECT *, NULL AS view, 0 AS camera_rank, 0 AS is_demo FROM snapshots ORDER BY id",
        "verdicts": "SELECT *, NULL AS decision FROM verdicts ORDER BY id",
        "flags": "SELECT *, NULL AS description FROM flags ORDER BY id",
    },
    3: {
        **_COMMON,
        "choices": _CHOICES_3,
        "flags": f"{_FLAGS} ORDER BY flags.id",
        **{name: f"SELECT * FROM {name} ORDER BY id" for name in _ADDED_3},  # noqa: S608 - our own names
    },
}
"""By schema version, each table that can be read and is exported."""

_RENAMED = {
    2: {"events": {"access": "outcome", "outcome": "result"}, "snapshots": {"outcome": "result"}},
    3: {},
}
"""By schema version and table, the columns that now have another name."""

_WHOLE = set(
    "id line bytes length status pictures snapshot cardholder camera_rank is_demo entry_changed decision needs_picture"
    " is_excluded from_version to_version".split()
)
_LABELS = {"event", "other_event"}


def read_rows(connection: sqlite3.Connection, name: str, event: int | str | None = None) -> list[Row]:
    """Read a table of `QUERIES` as rows; if an event is given, only its rows."""
    columns, cursor = _read(connection, name, event)
    return [dict(zip(columns, row, strict=True)) for row in cursor]


def stream_rows(connection: sqlite3.Connection, name: str) -> tuple[list[str], sqlite3.Cursor]:
    """Return the columns of a table of `QUERIES`, and its rows one by one."""
    return _read(connection, name)


def readable(connection: sqlite3.Connection) -> Collection[str]:
    """Return the names of the tables that can be read."""
    return QUERIES[schema.version_of(connection)].keys()


def read_all(connection: sqlite3.Connection) -> dict[str, list[Row]]:
    """Read every table of `QUERIES` as rows."""
    return {name: read_rows(connection, name) for name in QUERIES[schema.version_of(connection)]}


def read_table(connection: sqlite3.Connection, name: str) -> pd.DataFrame:
    """Read a table of `QUERIES` as a DataFrame; see `Record.table`."""
    columns, cursor = _read(connection, name)
    table = pd.DataFrame(cursor.fetchall(), columns=columns, dtype=object)
    return pd.DataFrame({column: _typed(str(column), values) for column, values in table.items()})


def grouped(rows: list[Row], *columns: str) -> dict[Any, list[Row]]:
    """Return the rows by the value of a column, or by the values of several."""
    groups: dict[Any, list[Row]] = {}
    key = itemgetter(*columns)
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return groups


def last_choices(connection: sqlite3.Connection) -> dict[int | str, str]:
    """Return the SHA-256 of the picture that was chosen last for each event, unless that was taken back."""
    table = "choices" if schema.version_of(connection) == 2 else "last_choices"
    return dict(connection.execute(f"SELECT event, image FROM {table} ORDER BY id"))  # noqa: S608 - our own names


def exclusions(connection: sqlite3.Connection) -> dict[int | str, str]:
    """Return why each event that is left out at present is left out."""
    if schema.version_of(connection) == 2:
        return {}
    return dict(connection.execute("SELECT event, reason FROM excluded"))


def is_demo(connection: sqlite3.Connection) -> bool:
    """Whether all pictures of a case are from the demo site; without a picture, whether it was made there."""
    if schema.version_of(connection) == schema.OLDEST:
        return False
    origins = {demo for (demo,) in connection.execute("SELECT is_demo FROM results WHERE image IS NOT NULL")}
    if origins:
        return origins == {1}
    # What was recorded first: a real case does not become a demo later.
    query = "SELECT value FROM settings WHERE name = 'site' ORDER BY id LIMIT 1"
    return any(read_setting("site", value).get("is_demo", False) for (value,) in connection.execute(query))


def export_tables(connection: sqlite3.Connection, folder: Path) -> list[Path]:
    """Write every table as CSV and as Parquet; see `Record.export_tables`."""
    make_folder(folder)
    written = []
    for name in QUERIES[schema.version_of(connection)]:
        table = read_table(connection, name)
        # A column of Parquet cannot hold both numbers and text: such labels become text.
        mixed = [name for name in _LABELS & set(table) if table[name].dtype == object]
        parquet = folder / f"{name}.parquet"
        write_whole(parquet, table.astype(dict.fromkeys(mixed, "string")).to_parquet(index=False))
        written += [export_table(table, folder / f"{name}.csv"), parquet]
    return written


def _read(
    connection: sqlite3.Connection, name: str, event: int | str | None = None
) -> tuple[list[str], sqlite3.Cursor]:
    """Run a query; return the columns by their present names, and the rows."""
    version = schema.version_of(connection)
    if name not in QUERIES[version]:
        raise InputError(f"A case has no table {name!r}; it has {', '.join(QUERIES[version])}.")
    query = QUERIES[version][name]
    if event is not None:
        query = f"SELECT * FROM ({query}) WHERE event IS :event ORDER BY id"  # noqa: S608 - our own queries
    cursor = connection.execute(query, {"event": event})
    renamed = _RENAMED[version].get(name, {})
    return [renamed.get(column[0], column[0]) for column in cursor.description], cursor


def _typed(name: str, column: pd.Series) -> pd.Series:
    """Give a column the type that its name implies."""
    if name == "at" or name.endswith(("_at", "_time")):
        return pd.to_datetime(column, utc=True, format="ISO8601").astype("datetime64[us, UTC]")
    if name.endswith("_s"):
        return column.astype("float64")
    if name in _LABELS and column.map(lambda label: isinstance(label, str)).any():
        return column
    return column.astype("Int64" if name in _WHOLE | _LABELS else "string")
