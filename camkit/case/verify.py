"""Hash everything anew and say, all at once, what is not as it was recorded."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from pathlib import Path

import pandas as pd

from camkit.case.database import Database, guards
from camkit.case.events import altered_events
from camkit.case.images import FOLDER, is_image_path

THREADS = max(2, os.cpu_count() or 1)
"""One waits for the disk while another hashes; hashlib lets go of the interpreter while it works."""

_COUNTED = ("events", "images", "snapshots", "requests", "choices", "verdicts")


@dataclass(frozen=True, eq=False, repr=False)
class Verification:
    """What came of checking a case.

    Attributes
    ----------
    case : str
        Its name.
    counts : mapping of str to int
        Rows by table.
    bytes : int
        Of the files that were hashed.
    findings : pandas.DataFrame
        One row for each thing that is not as it should be: ``kind`` (``missing``, ``altered``, ``extra`` or
        ``database``), ``path`` (below the case's folder) and ``detail`` (string).
    """

    case: str
    counts: Mapping[str, int]
    bytes: int
    findings: pd.DataFrame

    @property
    def ok(self) -> bool:
        """Whether everything is as it was recorded."""
        return self.findings.empty

    def problems(self) -> list[str]:
        """One sentence for each finding."""
        return [f"{row.path}: {row.kind}: {row.detail}." for row in self.findings.itertuples()]

    def summary(self) -> str:
        """One sentence: what was checked, and how many things are wrong."""
        size = f"{self.counts['images']:,} images ({self.bytes / 1e6:,.1f} MB) and the database"
        if self.ok:
            return f"Case {self.case}: {size} are as they were recorded."
        wrong = "1 thing is" if len(self.findings) == 1 else f"{len(self.findings):,} things are"
        return f"Case {self.case}: {wrong} wrong among {size}."

    def __repr__(self) -> str:
        return "\n".join([self.summary(), *(f"- {problem}" for problem in self.problems())])

    def _repr_html_(self) -> str:
        table = "" if self.ok else self.findings.to_html(index=False, escape=True, border=0)
        return f"<div><p><b>{escape(self.summary())}</b></p>{table}</div>"


def verify(database: Database, folder: Path) -> Verification:
    """Check a case; see `Case.verify`."""
    with database.reading() as connection:
        images = connection.execute("SELECT path, sha256, bytes FROM images ORDER BY path").fetchall()
        (name,) = connection.execute("SELECT name FROM about").fetchone()
        counts = {table: _count(connection, table) for table in _COUNTED}
        findings = [("database", database.path.name, detail) for detail in _database_problems(connection)]
        altered = [*_event_problems(connection), *_guard_problems(connection)]
        findings += [("altered", database.path.name, detail) for detail in altered]
    strange = [path for path, _, _ in images if not is_image_path(path)]
    findings += [
        ("altered", path, "the database names a place outside the folder of images") for path in strange
    ]
    images = [row for row in images if row[0] not in strange]
    digests = _hash_all([folder / path for path, _, _ in images])
    for (path, expected, _), found in zip(images, digests, strict=True):
        if found is None:
            findings.append(("missing", path, "the file is not there or cannot be read"))
        elif found != expected:
            findings.append(("altered", path, f"its SHA-256 is {found}"))
    recorded = {path for path, _, _ in images}
    for path in sorted(_files(folder) - recorded):
        findings.append(
            ("extra", path, "the database does not know it; a write was interrupted, or it was put there")
        )
    table = pd.DataFrame(findings, columns=["kind", "path", "detail"], dtype="string")
    return Verification(name, counts, sum(size for _, _, size in images), table)


def _count(connection: sqlite3.Connection, table: str) -> int:
    return connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 - our own names


def _database_problems(connection: sqlite3.Connection) -> Iterator[str]:
    for (said,) in connection.execute("PRAGMA integrity_check"):
        if said != "ok":
            yield str(said)
    for table, row, parent, _ in connection.execute("PRAGMA foreign_key_check"):
        yield f"row {row} of {table} points to nothing in {parent}"


def _guard_problems(connection: sqlite3.Connection) -> Iterator[str]:
    """What keeps rows from being changed must be there, as it was made."""
    present = dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"))
    for name, sql in guards().items():
        if present.get(name) != sql:
            yield f"the trigger {name}, which keeps rows from being changed, is gone or altered"


def _event_problems(connection: sqlite3.Connection) -> Iterator[str]:
    for event in altered_events(connection):
        yield f"event {event} no longer says what was recorded"


def _hash_all(paths: Sequence[Path]) -> list[str | None]:
    """The SHA-256 of each file, None where it cannot be read; each thread takes every n-th file."""
    digests: list[str | None] = [None] * len(paths)

    def work(first: int) -> None:
        for place in range(first, len(paths), THREADS):
            digests[place] = _hash(paths[place])

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, range(THREADS)))
    return digests


def _hash(path: Path) -> str | None:
    try:
        return sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None


def _files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in (folder / FOLDER).rglob("*") if not path.is_dir()}
