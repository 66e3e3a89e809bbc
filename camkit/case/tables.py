"""The tables of a case: as rows, as DataFrames, and as CSV and Parquet files."""

from __future__ import annotations

import io
import sqlite3
from pathlib import Path
from typing import Any

import pandas as pd

from camkit.badges import export_table
from camkit.errors import InputError
from camkit.support.files import make_folder, write_whole

QUERIES = {
    "about": "SELECT * FROM about",
    "events": "SELECT * FROM overview",
    "snapshots": "SELECT * FROM snapshots ORDER BY id",
    "requests": "SELECT snapshots.event, requests.* FROM requests"
    " JOIN snapshots ON snapshots.id = requests.snapshot ORDER BY requests.id",
    "verdicts": "SELECT * FROM verdicts ORDER BY id",
    "choices": "SELECT * FROM choices ORDER BY id",
    "flags": "SELECT * FROM flags ORDER BY id",
    "cardholders": "SELECT * FROM cardholders ORDER BY id",
    "images": "SELECT * FROM images ORDER BY rowid",
}
"""Each table that can be read and is exported."""

_WHOLE = {"id", "line", "bytes", "length", "status", "pictures", "snapshot", "cardholder"}
_LABELS = {"event", "other_event"}


def read_rows(connection: sqlite3.Connection, name: str) -> list[dict[str, Any]]:
    """Read one of `QUERIES` as the database holds it: times as text, None where there is nothing."""
    cursor = connection.execute(QUERIES[name])
    columns = [column[0] for column in cursor.description]
    return [dict(zip(columns, row, strict=True)) for row in cursor]


def read_table(connection: sqlite3.Connection, name: str) -> pd.DataFrame:
    """Read one of `QUERIES` as a table; see `Case.table`."""
    if name not in QUERIES:
        raise InputError(f"A case has no table {name!r}; it has {', '.join(QUERIES)}.")
    cursor = connection.execute(QUERIES[name])
    columns = [column[0] for column in cursor.description]
    table = pd.DataFrame(cursor.fetchall(), columns=columns, dtype=object)
    return pd.DataFrame({column: _typed(column, values) for column, values in table.items()})


def export_tables(connection: sqlite3.Connection, folder: Path) -> list[Path]:
    """Write every table as CSV and as Parquet; see `Case.export_tables`."""
    make_folder(folder)
    written = []
    for name in QUERIES:
        table = read_table(connection, name)
        written.append(export_table(table, folder / f"{name}.csv"))
        written.append(_export_parquet(table, folder / f"{name}.parquet"))
    return written


def _export_parquet(table: pd.DataFrame, path: Path) -> Path:
    # Parquet knows no column of numbers and text: such labels become text.
    mixed = [name for name in _LABELS & set(table) if table[name].dtype == object]
    content = io.BytesIO()
    table.astype(dict.fromkeys(mixed, "string")).to_parquet(content, index=False)
    write_whole(path, content.getvalue())
    return path


def _typed(name: Any, column: pd.Series) -> pd.Series:
    """Give a column the type that its name tells."""
    if name == "at" or name.endswith(("_at", "_time")):
        return pd.to_datetime(column, utc=True, format="ISO8601").astype("datetime64[us, UTC]")
    if name.endswith("_s"):
        return column.astype("float64")
    if name in _LABELS and column.map(lambda label: isinstance(label, str)).any():
        return column
    return column.astype("Int64" if name in _WHOLE | _LABELS else "string")
