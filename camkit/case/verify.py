"""Hash everything again and list everything that is not as it was recorded."""

from __future__ import annotations

import os
import re
import sqlite3
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from threading import Event

import pandas as pd

from camkit.case import chain, handover, schema
from camkit.case.database import Database
from camkit.case.images import check_folders, files_below, is_image_path, unreadable
from camkit.case.sources import read_setting
from camkit.errors import CaseError, InputError
from camkit.support.files import TOO_MANY, hash_regular, is_leftover
from camkit.support.html import block_html, table_html, text_html, visible
from camkit.visible import one_line

SHOWN = 10
"""How many files that are not part of the case the summary names."""

EXTRA, LEFTOVER = "extra", "leftover"
HARMLESS = (EXTRA, LEFTOVER, chain.CLOCK)
"""The kinds of findings that do not count against the case."""

# Cast, since somebody may have put values of other types there.
_FILES = "SELECT CAST(path AS TEXT), sha256, CAST(bytes AS INTEGER) FROM {}"
_LATE_VIEWS = """
    SELECT link.row_key FROM chain AS link LEFT JOIN chain AS before ON before.number = link.number - 1
    WHERE link.table_name = 'camera_views' AND (before.table_name, before.row_key) IS NOT ('snapshots', link.row_key)
    ORDER BY link.number
"""
_SAME_LABELS = "SELECT CAST(event AS TEXT) FROM events GROUP BY 1 HAVING count(*) > 1"
_TWO_MOMENTS = """
    SELECT event, image, camera_id FROM snapshots WHERE image IS NOT NULL GROUP BY event, image, vendor, camera_id
    HAVING count(DISTINCT ifnull(captured_at, '')) > 1
"""
_UPGRADES = """
    SELECT link.number, before.sha256, id, from_version, to_version, seal, schema_sha256
    FROM chain AS link JOIN upgrades ON id = link.row_key LEFT JOIN chain AS before ON before.number = link.number - 1
    WHERE link.table_name = 'upgrades' ORDER BY link.number
"""
_WITHDRAWALS = """
    SELECT decision, withdrawals.operator, withdrawn_at, event,
        withdrawals.operator IS decisions.operator AND withdrawn_at >= decided_at
        AND (julianday(withdrawn_at) - julianday(decided_at)) * 86400 <= 6
    FROM withdrawals LEFT JOIN decisions ON id = decision
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
        One row for each thing that is not as it was recorded: ``kind`` (``missing``, ``altered``, ``database``,
        ``extra``, ``leftover`` or ``clock``), ``path`` (relative to the case's folder) and ``detail`` (string). Three
        kinds do not count against the case: ``extra`` is a file that is not part of it, such as a file manager's;
        ``leftover`` is what an interrupted write left behind; ``clock`` is a row whose time is before that of the row
        added before it, because a clock was set back, or because somebody gave the row another time.
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
        """One sentence for each finding that counts against the case."""
        return _sentences(self._wrong)

    def summary(self) -> str:
        """Say in a sentence or two what was checked, how many things are wrong, and which files do not belong."""
        images = f"{self.counts['images']:,} images"
        if documents := self.counts.get("documents"):
            images += f" and {documents:,} document{'s' if documents > 1 else ''}"
        images += f" ({self.bytes / 1e6:,.1f} MB)"
        said = f"Case {self.case}: {_are(len(self._wrong), 'thing')} wrong among {images} and the database."
        if self.ok:
            said = (
                f"Case {self.case}: {images} have their recorded SHA-256, and all rows of the database match the chain "
                "of hashes that was made with them."
            )
        if taken_back := self.counts.get("withdrawals"):
            said += (
                " 1 verdict was taken back within seconds and counts nowhere."
                if taken_back == 1
                else f" {taken_back:,} verdicts were taken back within seconds and count nowhere."
            )
        if self.counts.get("left_out_rows"):
            left_out = self.counts["left_out"]
            events = "1 event that was" if left_out == 1 else f"{left_out:,} events that were"
            said += (
                f" This is a copy that was handed over: {events} excluded, with what belongs there, is not in it; only "
                "the case itself can show that nothing else was left out."
            )
        kinds = self.findings["kind"]
        extra = self.findings.loc[kinds.isin([EXTRA, LEFTOVER]), "path"].tolist()
        if extra:
            more = f" and {len(extra) - SHOWN:,} more" if len(extra) > SHOWN else ""
            said += f" Besides, {_are(len(extra), 'file')} not part of the case: {', '.join(extra[:SHOWN])}{more}."
        back = (kinds == chain.CLOCK).sum()
        if back:
            rows = "1 row has a time" if back == 1 else f"{back:,} rows have times"
            said += f" Besides, {rows} before that of what was added before: see the findings."
        return visible(said)

    def __repr__(self) -> str:
        return visible(
            "\n".join([self.summary(), *(f"- {problem}" for problem in _sentences(self.findings))])
        )

    def _repr_html_(self) -> str:
        table = "" if self.findings.empty else table_html(self.findings, index=False, border=0)
        return block_html(f"<p><b>{text_html(self.summary())}</b></p>", table)

    @property
    def _wrong(self) -> pd.DataFrame:
        return self.findings[~self.findings["kind"].isin(HARMLESS)]


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
    with ExitStack() as hashing:
        with database.reading(checked=False) as connection:
            problems: list[tuple[str, str]] = []
            listed, counts = _listed(connection, problems)
            images = [row for row in listed if is_image_path(row[0])]
            hashed = hashing.enter_context(_hashed(folder, images))
            problems = [*_database_problems(connection, noted), *problems]
        checked = [found for together in hashed for found in together]
    findings = [(kind, database.path.name, detail) for kind, detail in dict.fromkeys(problems)]
    findings += [
        ("altered", path, "the database names a place outside the folder of images or documents")
        for path, _, _ in listed
        if not is_image_path(path)
    ]
    findings += [
        (kind, path, detail) for (path, _, _), (kind, detail) in zip(images, checked, strict=True) if kind
    ]
    unknown = files_below(folder) - {path for path, _, _ in images}
    if unknown:  # somebody may add images while others are hashed
        with suppress(CaseError), database.reading(checked=False) as connection:  # damaged: a finding already
            unknown -= {path for path, _, _ in _listed(connection, [])[0]}
    findings += [_unlisted(folder, path) for path in sorted(unknown)]
    shown = [
        [one_line(text) for text in finding] for finding in findings
    ]  # before a table, which holds UTF-8 only
    table = pd.DataFrame(shown, columns=["kind", "path", "detail"], dtype="string")
    return Verification(case, counts, sum(size for _, _, size in images), table)


def _listed(
    connection: sqlite3.Connection, problems: list[tuple[str, str]]
) -> tuple[list[tuple[str, str, int]], dict[str, int]]:
    """Return images and documents, and the number of rows by table; it is a problem if they cannot be read."""
    try:
        if schema.unreadable(connection, "table") is None:
            return _files_in(connection), _counts(connection)
    except chain.DAMAGE as error:
        problems.append(("database", _damaged(error)))
    return [], dict.fromkeys(_COUNTED, 0)


def _unlisted(folder: Path, path: str) -> tuple[str, str, str]:
    """Say what a file is that the database does not list."""
    if is_leftover(path.rpartition("/")[2]):
        size = f"{_size(folder / path) / 1e6:,.1f} MB"
        return LEFTOVER, path, f"{size} that a write left behind which was interrupted, or is still going on"
    return EXTRA, path, "the database does not list it: a write was interrupted, or somebody put it there"


def _size(path: Path) -> int:
    """Return the bytes of a file, or of all files in a folder; links are not followed."""
    found = 0
    with suppress(OSError):
        found += path.lstat().st_size
        if stat.S_ISDIR(path.lstat().st_mode):
            found = sum(_size(inside) for inside in path.iterdir())
    return found


def _files_in(connection: sqlite3.Connection) -> list[tuple[str, str, int]]:
    """Return path, SHA-256 and size of each image and each document that the database lists."""
    tables = [
        table for table in ("images", "documents") if table in schema.KEYS[schema.version_of(connection)]
    ]
    return connection.execute(" UNION ".join(map(_FILES.format, tables)) + " ORDER BY 1").fetchall()


def _counts(connection: sqlite3.Connection) -> dict[str, int]:
    """Count rows by table; also the rows, and the events, that are left out of a copy."""
    counts = dict(connection.execute(_COUNTS).fetchall())
    if schema.version_of(connection) > schema.OLDEST:
        (counts["documents"],) = connection.execute("SELECT count(DISTINCT path) FROM documents").fetchone()
        (counts["withdrawals"],) = connection.execute("SELECT count(*) FROM withdrawals").fetchone()
        query = "SELECT count(*), count(*) FILTER (WHERE table_name = 'events') FROM left_out"
        counts["left_out_rows"], counts["left_out"] = connection.execute(query).fetchone()
    return counts


def _database_problems(connection: sqlite3.Connection, noted: str | None) -> Iterator[tuple[str, str]]:
    """Give kind and detail of everything that is wrong; if the database cannot be read here, the rest goes on."""
    yield from _said(connection, "altered", schema.differences)
    try:
        unreadable = schema.unreadable(connection, "table")
    except chain.DAMAGE:
        return  # said already
    if unreadable is not None:
        yield "database", f"nothing more of it is checked, since the {unreadable} is not as camkit made it"
        return
    keys = schema.KEYS[schema.version_of(connection)]
    yield from _said(connection, "database", _structure_problems)
    yield from _said(connection, "altered", _no_times)
    yield from _said(connection, "altered", _contradictions)
    try:
        yield from chain.broken_links(connection, keys)
    except chain.DAMAGE as error:
        yield "database", _damaged(error)
    if "upgrades" in keys:
        yield from _said(connection, "altered", _late_views)
        yield from _said(connection, "altered", _false_upgrades)
        yield from _said(connection, "altered", _false_withdrawals)
        yield from _said(connection, "altered", handover.false_omissions)
    if noted is not None:
        yield from _said(connection, "altered", lambda connection: chain.seal_problems(connection, noted))


def _said(
    connection: sqlite3.Connection, kind: str, check: Callable[[sqlite3.Connection], Iterable[str]]
) -> Iterator[tuple[str, str]]:
    """Give what a check says; that the database is damaged, if it cannot be read there."""
    try:
        for detail in check(connection):
            yield kind, detail
    except chain.DAMAGE as error:
        yield "database", _damaged(error)


def _damaged(error: Exception) -> str:
    """Say that it is; an error that only says that a query was stopped is raised."""
    if getattr(error, "sqlite_errorname", "").startswith("SQLITE_INTERRUPT"):
        raise error
    return f"it is damaged: {error}"


def _structure_problems(connection: sqlite3.Connection) -> Iterator[str]:
    for (said,) in connection.execute("PRAGMA integrity_check"):
        if said != "ok":
            yield str(said)
    yield from schema.dangling(connection)


def _late_views(connection: sqlite3.Connection) -> Iterator[str]:
    """Say of each view that was given to a snapshot later that it was."""
    for (snapshot,) in connection.execute(_LATE_VIEWS):
        yield f"the view of snapshot {snapshot} was not recorded with it"


def _false_withdrawals(connection: sqlite3.Connection) -> Iterator[str]:
    """Say which verdicts were taken back by somebody else, too late, or after another one: camkit refuses that."""
    taken_back = connection.execute(_WITHDRAWALS).fetchall()
    if not taken_back:
        return
    links = chain.links(connection)
    last = len(links) + 1
    later = "SELECT id FROM decisions WHERE event IS ? AND operator IS ? AND id > ?"
    for decision, operator, withdrawn_at, event, in_time in taken_back:
        link = links.get(("withdrawals", decision), 0)
        others = [name for (name,) in connection.execute(later, [event, operator, decision])]
        in_between = [
            name
            for name in others
            if links.get(("decisions", name), last) < link <= links.get(("withdrawals", name), last)
        ]
        if not in_time or in_between:
            yield f"decision {decision} was taken back by {operator} at {withdrawn_at}, which camkit does not do"


def _no_times(connection: sqlite3.Connection) -> Iterator[str]:
    """Say which rows have a time that camkit does not write: in another form, or of a day that does not exist."""
    version = schema.version_of(connection)
    for table, key in schema.KEYS[version].items():
        for column in schema.times(version, table):
            query = f"SELECT {key}, {column} FROM {table} WHERE {schema.NO_TIME.format(column)}"  # noqa: S608 - our own names
            for name, value in connection.execute(query):
                what = f"{column} of {table.removesuffix('s')} {name}"
                yield f"{what} is {value!r}, which is not a time as camkit writes it"


def _contradictions(connection: sqlite3.Connection) -> Iterator[str]:
    """Say what camkit does not add: a picture's second moment, labels that read the same, a strange setting."""
    if schema.version_of(connection) > schema.OLDEST:
        for number, name, value in connection.execute("SELECT id, name, value FROM settings"):
            with suppress(CaseError):
                read_setting(name, value)
                continue
            yield f"setting {number} does not say what camkit puts there"
    for event, image, camera in connection.execute(_TWO_MOMENTS):
        yield f"the picture {image} of event {event} was recorded with two moments of camera {camera}"
    for (label,) in connection.execute(_SAME_LABELS):
        yield f"two events have the label {label}, one as a number and one as text"


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


@contextmanager
def _hashed(
    folder: Path, images: Sequence[tuple[str, str, int]]
) -> Iterator[Iterator[list[tuple[str, str]]]]:
    """Begin to hash, and give what is wrong with each image, its kind and a detail; two empty texts if nothing is."""
    stopped = Event()

    def check(together: list[tuple[str, str, int]]) -> list[tuple[str, str]]:
        try:
            check_folders(folder, together[0][0])
        except OSError as error:
            return [_missing(error)] * len(together)
        return [_checked(folder, image, stopped) for image in together]

    # One thread waits for the disk while another hashes, and the database is checked meanwhile: hashlib releases the
    # interpreter while it works. A thread gets the images of one folder at a time: handing them over one by one takes
    # longer than hashing small ones.
    folders = [[*together] for _, together in groupby(images, lambda image: image[0].rpartition("/")[0])]
    with ThreadPoolExecutor(max(2, os.cpu_count() or 1)) as pool:
        try:
            yield pool.map(check, folders)
        finally:  # an interrupt does not wait for the rest
            stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)


def _checked(folder: Path, image: tuple[str, str, int], stopped: Event) -> tuple[str, str]:
    """Return what is wrong with an image in a folder that is one."""
    path, expected, size = image
    try:
        found, digest = hash_regular(f"{folder}/{path}", size, stopped.is_set)
    except OSError as error:
        if error.errno in TOO_MANY:  # says nothing about the file
            raise unreadable(folder / path, error) from None
        return _missing(error)
    if found != size:
        return "altered", f"it has {found:,} bytes instead of {size:,}"
    return ("", "") if digest == expected else ("altered", f"its SHA-256 is {digest}")


def _missing(error: OSError) -> tuple[str, str]:
    return "missing", f"the file is not there or cannot be read ({error.strerror})"
