"""The chain of hashes over everything that was ever added to a case.

Each row gets a link when it is added: the SHA-256 over the row and over the link before it. So a row that is changed,
removed or inserted later shows. The last link is the case's seal: it stands for everything up to there, and whoever
noted it elsewhere can tell even that the whole chain was made again.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Container, Iterable, Iterator
from hashlib import sha256
from typing import Any

from camkit.errors import CaseError

_as_json = json.JSONEncoder(
    ensure_ascii=False,
    separators=(",", ":"),
    default=lambda blob: {"blob": blob.hex()},  # camkit never adds a blob, and no text is written like this
).encode


def add_link(connection: sqlite3.Connection, table: str, key: str, rowid: int) -> None:
    """Add the link of a row that was just inserted, in a transaction that alone may write.

    `CaseError` if the row is not there, because the database has a trigger that camkit did not make.
    """
    # Read back, since a column's type can change a value on its way in.
    added = connection.execute(f"SELECT {key}, * FROM {table} WHERE rowid = ?", [rowid]).fetchone()  # noqa: S608 - our own names
    if added is None:
        raise CaseError(
            f"The database did not accept a row of {table}: it has a trigger that camkit did not make. Run verify()."
        )
    name, *row = added
    connection.execute(
        "INSERT INTO chain (table_name, row_key, sha256) VALUES (?, ?, ?)",
        [table, name, _link(seal(connection), table, row)],
    )


def seal(connection: sqlite3.Connection) -> str:
    """Return the last link; an empty text before the first."""
    last = connection.execute("SELECT sha256 FROM chain ORDER BY number DESC LIMIT 1").fetchone()
    return last[0] if last else ""


def seal_problems(connection: sqlite3.Connection, noted: str) -> Iterator[str]:
    """Say it if a seal that was noted once is not among the links."""
    if connection.execute("SELECT 1 FROM chain WHERE sha256 = ?", [noted]).fetchone() is None:
        yield f"it never had the seal {noted}: that is another case's, or what was recorded by then was replaced"


def broken_links(
    connection: sqlite3.Connection, table: str, key: str, left_out: Container[Any] = ()
) -> Iterator[str]:
    """Say of each row of a table that is not as it was added what happened to it, unless it was left out of a copy."""
    thing = table.removesuffix("s")
    cursor = connection.execute(
        f"SELECT chain.row_key, chain.sha256, ifnull(before.sha256, ''), added.rowid, added.* FROM chain"  # noqa: S608 - our own names
        " LEFT JOIN chain AS before ON before.number = chain.number - 1"
        f" LEFT JOIN {table} AS added ON added.{key} = chain.row_key"
        " WHERE chain.table_name = ? ORDER BY chain.number",
        [table],
    )
    places: list[int] = []
    for name, recorded, before, place, *row in cursor:
        if place is None:
            if name not in left_out:
                yield f"{thing} {name} was removed"
            continue
        if _link(before, table, row) != recorded:
            yield f"{thing} {name} was changed, or something recorded before it was changed or removed"
        places.append(place)
    if places != sorted(places):  # no link holds a row's position, and events are shown in that order
        yield f"the rows of {table} are not in the order in which they were added"
    strange = connection.execute(
        f"SELECT {key} FROM {table} WHERE {key} NOT IN (SELECT row_key FROM chain WHERE table_name = ?)",  # noqa: S608 - our own names
        [table],
    )
    for (name,) in strange:
        yield f"{thing} {name} was not added by camkit"


def stray_links(connection: sqlite3.Connection, tables: Iterable[str]) -> Iterator[str]:
    """Say of each link that belongs to none of the tables that camkit did not make it."""
    query = "SELECT number FROM chain WHERE table_name NOT IN (SELECT value FROM json_each(?))"
    for (number,) in connection.execute(query, [_as_json([*tables])]):
        yield f"link {number} of the chain was not added by camkit"


def _link(before: str, table: str, row: list[Any]) -> str:
    return sha256(_as_json([before, table, *row]).encode()).hexdigest()
