"""Load badge exports: the way from paths to a `BadgeLog`."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import tzinfo
from functools import partial
from os import PathLike
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from camkit.badges.duplicates import chosen, find_duplicates
from camkit.badges.file_facts import FileFacts
from camkit.badges.files import (
    Export,
    LeftOut,
    SourceFile,
    find_exports,
    nothing_to_read,
    unchanged,
)
from camkit.badges.given import Column, Given
from camkit.badges.identifiers import TEXT
from camkit.badges.interpret import FileEvents, interpret
from camkit.badges.log import SAMPLES, BadgeLog
from camkit.badges.read import read_export
from camkit.badges.shapes import reshape
from camkit.badges.table import ExportTable
from camkit.errors import BadgeFileError
from camkit.support.timezones import as_zone
from camkit.visible import visible

MAX_COPIED = 1 << 30
"""The largest log, bytes, whose text is copied into one piece."""

SAMPLE = "a sample of camkit; name the file itself if it is to be read too"

PROOF = re.compile(r"(day|month) first, shown by (line \d+)")
"""How `Times.dates` reads where an export's own dates show their order."""


def load_badges(  # noqa: PLR0913 - each says one thing about an export, and all but the zone by keyword
    path_or_paths: str | PathLike[str] | Iterable[str | PathLike[str]],
    timezone: str | tzinfo | None = None,
    *,
    profile: str | None = None,
    columns: Mapping[str, Column] | None = None,
    day_first: bool | None = None,
    granted: Iterable[str] = (),
    denied: Iterable[str] = (),
    encoding: str | None = None,
    sheet: str | None = None,
) -> BadgeLog:
    """Load badge events from exports of any access-control system, with an account of every row.

    Parameters
    ----------
    path_or_paths : path-like or iterable of path-like
        A file, several, or a folder: text with commas, semicolons, tabs or pipes, workbooks (``.xlsx``, ``.xlsm``,
        ``.xlsb``, ``.xls``, ``.ods``), tables of web pages, JSON, and what databases print, plain or in ``.gz`` or
        ``.zip``. The first bytes decide, not the name. What a folder or an archive holds beside exports is in
        `BadgeLog.left_out`; so are the samples of camkit in a folder with others.
    timezone : str or datetime.tzinfo, optional
        The site's zone, such as ``"America/Denver"``: for display, and for times that carry no offset. Not needed
        where they do, or where the heading of their column names it, as in "Time (UTC-06:00)".
    profile : str, optional
        The system that wrote the export, a name from `profiles.toml`. Recognised from the file if left out.
    columns : mapping of str to str, int or sequence, optional
        What the columns of an unknown export are for: ``{"event_time": "When", "cardholder_id": "Badge"}``. A column is
        its heading, or its position from 1; several, such as ``("Date", "Time")``, are joined. Other keys: ``date`` and
        ``time`` (instead of ``event_time``), ``first_in`` and ``last_out`` (two events in a row), ``reader_id``,
        ``outcome``, ``cardholder_name``, ``credential``, ``minutes_east`` and ``minutes_west`` (of UTC).
    day_first : bool, optional
        Whether 01/05/2026 is the first of May. If left out, decided from the whole column, from another export of the
        same system and columns that shows it, or by the profile.
    granted, denied : iterable of str, optional
        The export's own words for these outcomes; ``*`` stands for any text without a word that denies, and case does
        not matter. They go before the words that are known.
    encoding : str, optional
        Of a text file, as Python names it. If left out, UTF-8 and UTF-16 are recognised, and others guessed by their
        letters, which `BadgeLog.problems` says.
    sheet : str, optional
        The sheet of a workbook to read. If left out, the one that fits; several that fit equally well are an error.

    Returns
    -------
    BadgeLog
        Events, rejected rows, duplicates and ignored rows. Together they are the rows read.

    Raises
    ------
    BadgeFileError
        If a file is missing, empty, damaged, binary, changing, too large to be a badge log, or fits no profile or
        several; of a folder or an archive, if that is so of everything in it. If an export does not show whether day or
        month comes first.
    TimestampError
        If no time carries an offset and `timezone` is not given, or the zone does not exist.

    Notes
    -----
    Rows of one file are the same event if every column is equal and the times have seconds. Rows of different files are
    if time, cardholder and the other columns that both files have are equal (but for one that only numbers the rows),
    and either they have a reader and seconds, or the files have the same rows wherever both have any. That shows it
    also where rows with a reader and seconds differ in columns without a role, such as the day of printing. Other rows
    that are equal or look alike are kept; `BadgeLog.problems` tells of all of them.

    A time in the hour that a clock change repeats is placed if the file's order shows in which pass it is, else
    rejected.
    """
    zone = as_zone(timezone)
    given = Given(zone, profile, columns, day_first, (*granted,), (*denied,), encoding, sheet)
    given.candidates()  # what it says is checked before anything is read
    exports, left_out = find_exports(path_or_paths)
    exports = without_samples(exports, left_out)
    digests: dict[Path, str] = {}
    loaded = _load_all(exports, given, digests, left_out)
    files = pd.DataFrame([one.report for one in loaded])
    named_in_full = not files["file"].is_unique
    if named_in_full:
        files["file"] = [one.export.full_name for one in loaded]
    offsets = {one.part.times.offset for one in loaded}
    log = _join(files, loaded, zone or (offsets.pop() if len(offsets) == 1 else None))
    sources = [
        SourceFile(path, visible(str(path) if named_in_full else path.name), digest)
        for path in dict.fromkeys(export.path for export in exports)
        if (digest := digests.get(path))
    ]
    others = [(other.file, other.reason) for other in left_out]
    return replace(
        log,
        sources=tuple(sources),
        given=given.as_dict(),
        left_out=pd.DataFrame(others, columns=["file", "reason"], dtype="str"),
    )


def without_samples(exports: list[Export], left_out: list[LeftOut]) -> list[Export]:
    """Leave out the samples of camkit in a folder that also has other exports."""
    samples = {
        export: export.found_in
        for export in exports
        if export.found_in is not None
        and export.name in SAMPLES
        and export.is_small()
        and export.sha256() == SAMPLES[export.name]
    }
    with_others = {export.found_in for export in exports if export not in samples} - {None}
    left_out += [
        LeftOut(folder, export.name, SAMPLE) for export, folder in samples.items() if folder in with_others
    ]
    return [export for export in exports if samples.get(export) not in with_others]


@dataclass(frozen=True)
class Loaded:
    """One export: its row of `BadgeLog.files`, its events, and what its rows can show."""

    export: Export
    report: dict[str, object]
    part: FileEvents
    facts: FileFacts
    has_seconds: np.ndarray  # for each event, whether its time has seconds

    def proof(self) -> tuple[bool, str] | None:
        """Whether its own dates show that the day comes first, and where; None if they do not."""
        proof = PROOF.fullmatch(self.part.times.dates)
        return (proof[1] == "day", f"{self.export.name}, {proof[2]}") if proof else None


def _load_all(
    exports: Sequence[Export], given: Given, digests: dict[Path, str], left_out: list[LeftOut]
) -> list[Loaded]:
    """Load the exports, in their order.

    An export that does not show whether day or month comes first waits for one of the same profile and columns that
    does.
    """
    loaded: dict[Export, Loaded] = {}
    waiting: dict[Export, tuple[ExportTable, BadgeFileError | None]] = {}
    shown: dict[tuple[str, tuple[str, ...]], dict[bool, str]] = defaultdict(dict)
    for table in _read_all(exports, given, digests, left_out):
        export = table.export
        try:
            loaded[export] = interpreted(table, given)
        except BadgeFileError as error:
            waiting[export] = table, error
            continue
        if proof := loaded[export].proof():
            shown[shape_of(table)].setdefault(*proof)
        elif loaded[export].part.times.dates and given.day_first is None:
            waiting[export] = table, None
    for export, (table, problem) in waiting.items():
        proofs = shown[shape_of(table)]
        if len(proofs) == 1:
            loaded[export] = interpreted(table, given, *proofs.items())
        elif problem is not None:
            raise problem
    return [loaded[export] for export in exports if export in loaded]


def _read_all(
    exports: Sequence[Export], given: Given, digests: dict[Path, str], left_out: list[LeftOut]
) -> Iterator[ExportTable]:
    """Read the exports, one by one, and add the SHA-256 of each file to `digests`.

    What a folder or an archive has that cannot be read is added to `left_out`; it is an error if that is all it has.
    """
    failed: dict[Path, list[BadgeFileError]] = defaultdict(list)
    for export, table_of in _ahead(exports, partial(read_table, given=given, digests=digests)):
        try:
            table = table_of()
        except BadgeFileError as error:
            if export.found_in is None:
                raise
            left_out.append(LeftOut(export.found_in, export.name, str(error)))
            failed[export.found_in].append(error)
        else:
            yield table
    for found_in, errors in failed.items():
        if len(errors) == sum(export.found_in == found_in for export in exports):
            raise errors[0] if len(errors) == 1 else nothing_to_read(found_in, left_out)


def _ahead(
    exports: Iterable[Export], read: Callable[[Export], ExportTable]
) -> Iterator[tuple[Export, Callable[[], ExportTable]]]:
    """Yield each export with what returns its table; a small one is read while the one before it is interpreted."""
    waiting: list[tuple[Export, Callable[[], ExportTable]]] = []
    with ThreadPoolExecutor(1) as pool:
        for export in exports:
            table_of = pool.submit(read, export).result if export.is_small() else partial(read, export)
            waiting.append((export, table_of))
            if len(waiting) > 1:
                yield waiting.pop(0)
        yield from waiting


def read_table(export: Export, given: Given, digests: dict[Path, str]) -> ExportTable:
    """Read one export, and meanwhile the SHA-256 of its file, into `digests`."""
    with unchanged(export.path), ThreadPoolExecutor(1) as pool:
        held = export.held()
        digest = None if export.path in digests else pool.submit(held.sha256)
        table = reshape(read_export(held, given))
        if digest is not None:
            digests[export.path] = digest.result()
    return replace(table, export=export)


def shape_of(table: ExportTable) -> tuple[str, tuple[str, ...]]:
    """What exports of the same kind have in common: the profile, and the columns."""
    return table.layout.profile.name, table.layout.names


def interpreted(table: ExportTable, given: Given, shown: tuple[bool, str] | None = None) -> Loaded:
    """Read the rows of an export; for `shown` see `interpret`."""
    part = interpret(table, given, shown)
    doubts = [*table.doubts, *part.doubts]
    if "cardholder_id" not in table.layout.sources and len(part.events):
        doubts.append("no column says who, so its events do not have a cardholder")
    rows = len(table) + len(table.rows.ragged)
    report = {
        "file": table.export.name,
        "profile": table.layout.profile.name,
        "encoding": table.encoding,
        "not_utf8": table.rows.stray_lines,
        "delimiter": table.layout.delimiter,
        "titles": table.layout.titles,
        "rows": rows,
        "dates": part.times.dates,
        "times": part.times.placed,
        "doubts": doubts,
        "unknown_outcomes": part.unknown,
    }

    def written() -> pa.ChunkedArray:
        return table.text("event_time").filter(pa.array(part.is_event))  # type: ignore[union-attr]

    return Loaded(table.export, report, part, *FileFacts.of(part.events, rows, written))


def _join(files: pd.DataFrame, loaded: Sequence[Loaded], zone: tzinfo | None) -> BadgeLog:
    """Put the files together and set the duplicates apart."""
    names = pd.Index(files["file"])
    events = _concat([one.part.events for one in loaded], names)
    events["event_time"] = events["event_time"].dt.tz_localize("UTC")
    has_seconds = np.concatenate([one.has_seconds for one in loaded])
    found = find_duplicates(events, has_seconds, [one.facts for one in loaded], zone)
    files["doubts"] = [[*doubts, *found.said.get(at, [])] for at, doubts in enumerate(files["doubts"])]
    kept = events
    if len(found.again):
        kept = chosen(events, np.delete(np.arange(len(events)), found.again))
    duplicates = chosen(events, found.again)
    # A kept event moves up by the number of duplicates before it.
    duplicates["same_as"] = found.same_as - np.searchsorted(found.again, found.same_as)
    if zone is not None:
        kept.attrs["timezone"] = str(zone)
    others = {
        kind: _concat([getattr(one.part, kind) for one in loaded], names) for kind in ("rejected", "ignored")
    }
    for kind, table in others.items():
        others[kind] = table[["file", "line", "column", "value", "reason"]]
    return BadgeLog(kept, others["rejected"], duplicates, others["ignored"], files, zone)


def _concat(tables: Sequence[pa.Table], names: pd.Index) -> pd.DataFrame:
    """Concatenate tables, with the name of the file each came from, and the line last."""
    joined = pa.concat_tables(tables, promote_options="default")
    if len(tables) > 1 and joined.nbytes < MAX_COPIED:
        joined = joined.combine_chunks()  # what is in many pieces is slow to use
    table = joined.to_pandas(types_mapper={pa.string(): TEXT}.get)
    codes = np.repeat(np.arange(len(names)), [len(it) for it in tables])
    table["file"] = pd.Categorical.from_codes(codes, categories=names)
    table["line"] = table.pop("line")
    return table
