"""Hash everything again and list everything that is not as it was recorded."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from multiprocessing.pool import ThreadPool
from pathlib import Path

import pandas as pd

from camkit.case import chain, schema
from camkit.case.database import Database
from camkit.case.images import FOLDER, is_image_path
from camkit.errors import CaseError, InputError
from camkit.support.html import block_html, table_html, text_html, visible

SHOWN = 10
"""How many files that are not part of the case the summary names."""

EXTRA = "extra"
"""The kind of a finding that does not count against the case."""

_DAMAGE = (sqlite3.DatabaseError, UnicodeDecodeError)
"""The errors of reading a damaged database: the latter if SQLite's message quotes a piece of it."""

# Cast, since somebody may have put values of other types there.
_IMAGES = "SELECT CAST(path AS TEXT), sha256, CAST(bytes AS INTEGER) FROM images ORDER BY path"
_LATE_VIEWS = """
    SELECT link.row_key FROM chain AS link LEFT JOIN chain AS before ON before.number = link.number - 1
    WHERE link.table_name = 'camera_views' AND (before.table_name, before.row_key) IS NOT ('snapshots', link.row_key)
    ORDER BY link.number
"""
_UPGRADES = """
    SELECT link.number, ifnull(before.sha256, ''), id, from_version, to_version, seal, schema_sha256
    FROM chain AS link JOIN upgrades ON id = link.row_key LEFT JOIN chain AS before ON before.number = link.number - 1
    WHERE link.table_name = 'upgrades' ORDER BY link.number
"""
_COUNTED = ("events", "images", "snapshots", "requests", "choices", "verdicts")
_COUNTS = " UNION ALL ".join(f"SELECT '{table}', count(*) FROM {table}" for table in _COUNTED)  # noqa: S608 - our own names


@dataclass(frozen=True, eq=False, repr=False)
class Verification:
    """The result of checking a case.

    Attributes
    ----------
    case : str
        Its name.
    counts : mapping of str to int
        Rows by table.
    bytes : int
        Of the files that were hashed.
    findings : pandas.DataFrame
        One row for each thing that is not as it was recorded: ``kind`` (``missing``, ``altered``, ``database`` or
        ``extra``), ``path`` (relative to the case's folder) and ``detail`` (string). ``extra`` is a file that is not
        part of the case, such as a file manager's or an interrupted write's; it does not count against the case.
    """

    case: str
    counts: Mapping[str, int]
    bytes: int
    findings: pd.DataFrame

    @property
    def ok(self) -> bool:
        """Whether everything that was recorded is as it was recorded."""
        return self._wrong.empty

    def problems(self) -> list[str]:
        """One sentence for each finding but the ``extra`` files."""
        return _sentences(self._wrong)

    def summary(self) -> str:
        """Say in a sentence or two what was checked, how many things are wrong, and which files do not belong."""
        images = f"{self.counts['images']:,} images ({self.bytes / 1e6:,.1f} MB)"
        said = f"Case {self.case}: {_are(len(self._wrong), 'thing')} wrong among {images} and the database."
        if self.ok:
            said = (
                f"Case {self.case}: {images} have their recorded SHA-256, and all rows of the database match the chain "
                "of hashes that was made with them."
            )
        extra = self.findings.loc[self.findings["kind"] == EXTRA, "path"].tolist()
        if not extra:
            return visible(said)
        more = f" and {len(extra) - SHOWN:,} more" if len(extra) > SHOWN else ""
        named = ", ".join(extra[:SHOWN])
        return visible(f"{said} Besides, {_are(len(extra), 'file')} not part of the case: {named}{more}.")

    def __repr__(self) -> str:
        return visible(
            "\n".join([self.summary(), *(f"- {problem}" for problem in _sentences(self.findings))])
        )

    def _repr_html_(self) -> str:
        table = "" if self.findings.empty else table_html(self.findings, index=False, border=0)
        return block_html(f"<p><b>{text_html(self.summary())}</b></p>", table)

    @property
    def _wrong(self) -> pd.DataFrame:
        return self.findings[self.findings["kind"] != EXTRA]


def _are(number: int, noun: str) -> str:
    return f"1 {noun} is" if number == 1 else f"{number:,} {noun}s are"


def _sentences(findings: pd.DataFrame) -> list[str]:
    return [f"{row.path}: {row.kind}: {row.detail}." for row in findings.itertuples()]


def verify(database: Database, folder: Path, case: str, noted: str | None) -> Verification:
    """Check a case, and whether it had a seal that was noted; see `Record.verify`."""
    if noted is not None:
        noted = str(noted).strip().lower()
        if not re.fullmatch("[0-9a-f]{64}", noted):
            raise InputError(
                f"seal is {noted!r}; a seal has 64 hexadecimal digits, as stated in the case's report."
            )
    with database.reading() as connection:
        problems = [*_database_problems(connection, noted)]
        try:
            images = connection.execute(_IMAGES).fetchall()
            counts = dict(connection.execute(_COUNTS).fetchall())
        except _DAMAGE as error:
            images, counts = [], dict.fromkeys(_COUNTED, 0)
            problems.append(("database", f"it is damaged: {error}"))
    findings = [(kind, database.path.name, detail) for kind, detail in dict.fromkeys(problems)]
    findings += [
        ("altered", path, "the database names a place outside the folder of images")
        for path, _, _ in images
        if not is_image_path(path)
    ]
    images = [row for row in images if is_image_path(row[0])]
    digests = _hash_all([folder / path for path, _, _ in images])
    for (path, expected, _), found in zip(images, digests, strict=True):
        if found is None:
            findings.append(("missing", path, "the file is not there or cannot be read"))
        elif found != expected:
            findings.append(("altered", path, f"its SHA-256 is {found}"))
    unknown = _files(folder) - {path for path, _, _ in images}
    if unknown:  # somebody may add images while others are hashed
        with suppress(CaseError), database.reading() as connection:  # damaged, which is a finding already
            unknown -= {path for path, _, _ in connection.execute(_IMAGES)}
    findings += [
        (EXTRA, path, "the database does not list it: a write was interrupted, or somebody put it there")
        for path in sorted(unknown)
    ]
    table = pd.DataFrame(findings, columns=["kind", "path", "detail"], dtype="string")
    return Verification(case, counts, sum(size for _, _, size in images), table)


def _database_problems(connection: sqlite3.Connection, noted: str | None) -> Iterator[tuple[str, str]]:
    """Give kind and detail of everything that is wrong; if the database cannot be read here, the rest goes on."""
    keys = schema.KEYS[schema.version_of(connection)]
    checks = [
        ("database", _structure_problems(connection)),
        ("altered", schema.differences(connection)),
        *(("altered", chain.broken_links(connection, table, key)) for table, key in keys.items()),
        ("altered", chain.stray_links(connection, keys)),
    ]
    if "upgrades" in keys:
        checks += [("altered", _late_views(connection)), ("altered", _false_upgrades(connection))]
    if noted is not None:
        checks.append(("altered", chain.seal_problems(connection, noted)))
    for kind, problems in checks:
        try:
            for detail in problems:
                yield kind, detail
        except _DAMAGE as error:
            yield "database", f"it is damaged: {error}"


def _structure_problems(connection: sqlite3.Connection) -> Iterator[str]:
    for (said,) in connection.execute("PRAGMA integrity_check"):
        if said != "ok":
            yield str(said)
    for table, row, parent, _ in connection.execute("PRAGMA foreign_key_check"):
        yield f"row {row} of {table} points to a row of {parent} that does not exist"


def _late_views(connection: sqlite3.Connection) -> Iterator[str]:
    """Say of each view that was given to a snapshot later that it was."""
    for (snapshot,) in connection.execute(_LATE_VIEWS):
        yield f"the view of snapshot {snapshot} was not recorded with it"


def _false_upgrades(connection: sqlite3.Connection) -> Iterator[str]:
    """Say what contradicts an upgrade: the versions, the seal before it, the schema, or what was added before it."""
    for number, before, name, old, new, seal, schema_sha256 in connection.execute(_UPGRADES).fetchall():
        if old not in schema.KEYS or new not in schema.KEYS or old >= new:
            yield f"upgrade {name} is from version {old} to {new}, which camkit does not do"
            continue
        if seal != before:
            yield f"upgrade {name} does not have the seal of what was recorded before it"
        if schema_sha256 != schema.digest(schema.as_made(old)):
            yield f"upgrade {name} is from a schema that is not that of version {old}"
        earlier = {
            table
            for (table,) in connection.execute("SELECT table_name FROM chain WHERE number < ?", [number])
        }
        for table in sorted((schema.KEYS[new].keys() - schema.KEYS[old].keys()) & earlier):
            yield f"upgrade {name} is from version {old}, but a row of {table} was added before it"


def _hash_all(paths: Sequence[Path]) -> list[str | None]:
    """Return the SHA-256 of each file, None if it cannot be read."""
    # One thread waits for the disk while another hashes: hashlib releases the interpreter while it works.
    with ThreadPool(max(2, os.cpu_count() or 1)) as pool:
        return pool.map(_hash, paths)


def _hash(path: Path) -> str | None:
    try:
        return sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None


def _files(folder: Path) -> set[str]:
    """Return all files in the folder of images, except parts of files that are or were being written."""
    return {
        path.relative_to(folder).as_posix()
        for path in (folder / FOLDER).rglob("*")
        if not (path.name.startswith(".") and path.suffix == ".part") and not path.is_dir()
    }
