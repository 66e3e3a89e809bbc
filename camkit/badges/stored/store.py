"""Read any number of exports into a folder of Parquet files, on all cores or on a cluster."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from camkit.badges.file_facts import HAS_SECONDS
from camkit.badges.files import find_exports
from camkit.badges.given import Column
from camkit.badges.load import without_samples
from camkit.badges.stored.log import StoredLog
from camkit.badges.stored.opening import open_log
from camkit.badges.stored.places import (
    EMPTY,
    FORMAT,
    KINDS,
    LABEL,
    LOG,
    MONTH,
    PARTS,
    PLACE,
    REASONS,
    require_plain,
    site_folder,
)
from camkit.badges.stored.reading import EVENTS, IGNORED, REJECTED, ReadFile, read_all
from camkit.badges.stored.repeats import Repeats, find_repeats
from camkit.badges.stored.said import Said, site_of, with_sites
from camkit.errors import InputError, OutputError
from camkit.support.cluster import cluster, on_each
from camkit.support.files import make_folder, replacing, sync, working_folder, write_whole
from camkit.support.locks import locked
from camkit.support.workers import interruptible
from camkit.visible import visible

if TYPE_CHECKING:
    from distributed import Client

STAGING = "camkit-reading"
"""The folder, in that of the log, of what has been read so far."""

OURS = "of-an-unfinished-log"
"""A file in it: only a folder that has it is gone on with, and removed at the end."""

MOVING = "is-put-in-place"
"""A file in it, once parts of the log may be in their place: before, what is called so is somebody's own."""

LOCK = ".camkit-storing.lock"
"""In the folder of the log while a call is storing one there."""


def store_badges(  # noqa: PLR0913 - as `load_badges`
    path_or_paths: str | PathLike[str] | Iterable[str | PathLike[str]],
    into: str | PathLike[str],
    timezone: str | tzinfo | None = None,
    *,
    profile: str | None = None,
    columns: Mapping[str, Column] | None = None,
    day_first: bool | None = None,
    granted: Iterable[str] = (),
    denied: Iterable[str] = (),
    encoding: str | None = None,
    sheet: str | None = None,
    sites: Mapping[str, Mapping[str, Any]] | None = None,
    client: Client | None = None,
) -> StoredLog:
    """Load badge events as `load_badges` does, but into a folder of Parquet files: more than fits into memory.

    The exports are read one by one, on all cores of this machine or on a Dask cluster. The same rows become events,
    duplicates, rejected or ignored rows, with the same labels. What fits into memory is faster
    there.

    Parameters
    ----------
    path_or_paths, timezone, profile, columns, day_first, granted, denied, encoding, sheet
        As for `load_badges`; but a folder is looked into one level deeper, where each folder is a site.
    into : path-like
        The folder of the log: a new one, an empty one, or one of a call that was stopped, which goes on then.
    sites : mapping of str to mapping, optional
        By site, what is to be said of its exports instead: ``{"berlin": {"timezone": "Europe/Berlin"}}``.
    client : distributed.Client, optional
        Where to work. If left out, the active client, or else one process for each core of this machine. The workers
        have to see the exports and `into` by the same names.

    Returns
    -------
    StoredLog
        What `open_log(into)` returns later.

    Raises
    ------
    BadgeFileError, TimestampError
        As `load_badges`.
    InputError
        If Dask is not installed, an export has a column that the log itself has, or `sites` names another site.
    OutputError
        If `into` has a log or something else in it, cannot be written, or another call is storing a log there.
    ClusterError
        If the cluster goes away. What has been read stays: the same call goes on.
    Interrupted
        If it is stopped, likewise.

    Notes
    -----
    A worker has in memory one export, or some million rows of a shuffle; the calling process has 16 bytes for each
    duplicate. While it runs, the folder needs about the size of the log a second time.

    The site of an event is the name of the folder that its export is in. Each site and month, in UTC, has a folder.

    In a script, call it below ``if __name__ == "__main__":``, since processes of this machine import the script.
    """
    said = Said(timezone, profile, columns, day_first, granted, denied, encoding, sheet, sites=sites)
    folder = Path(into).absolute()  # a worker may be in another folder
    require_plain(folder)
    _require_room(folder)
    exports, left_out = find_exports(with_sites(path_or_paths))
    exports = without_samples(exports, left_out)
    told = said.of(exports)
    with locked(make_folder(folder) / LOCK, f"storing of a log in {folder}"):
        _require_room(folder)
        staging = make_folder(folder / STAGING)
        write_whole(staging / OURS, b"")
        stays = f"What has been read stays in {folder}: the same call goes on with it."
        for former in staging.glob(
            ".log.*"
        ):  # of calls that were killed; on any disk, since the lock is held
            shutil.rmtree(former, ignore_errors=True)
        with (
            interruptible(lambda: stays),
            # Of this call only: what a stopped one was doing on a cluster may still run there, with other exports.
            working_folder(staging / "log") as work,
            cluster(client, "A log in parts") as workers,
        ):
            whole = make_folder(work / "log")
            read = read_all(workers, told, staging, left_out, stays)
            names = [str(one.report["file"]) for one in read]
            named_in_full = len({*names}) < len(names)
            if named_in_full:
                names = [one.export.full_name for one in read]
            zones = {one.zone for one in read}
            zone = zones.pop() if len(zones) == 1 else None
            repeats = find_repeats(workers, read, names, zone, make_folder(work / "shuffle"), stays)
            pieces = _pieces(whole, read, names, repeats)
            written = _Written()
            for part in on_each(workers, write_piece, pieces, what_stays=stays, doing="Writing the log"):
                written.add(part)
            sources = [
                {
                    "path": quote(os.fsencode(path)),
                    "name": visible(str(path) if named_in_full else path.name),
                    "sha256": digest,
                }
                for path, digest in {one.export.path: one.sha256 for one in read}.items()
            ]
            known = {
                "timezone": str(zone) if zone else None,
                "people": len(written.people),
                "readers": len(written.readers),
                "parts": written.parts,
                "span": written.span,
                "sources": sources,
                "given": said.as_dict(),
                "left_out": [[other.file, other.reason] for other in left_out],
            }
            _write_account(whole, read, pieces, repeats, known, written.rows)
            _put_in_place(whole, folder)
        shutil.rmtree(staging, ignore_errors=True)
    return open_log(folder)


def _require_room(folder: Path) -> None:
    """Refuse a folder that has something else in it: nothing of it would be safe."""
    if not folder.is_dir():
        return
    entries = [*folder.iterdir()]
    names = {path.name for path in entries} - {LOCK}
    if LOG in names:
        raise OutputError(
            f"The folder {folder} has a log already: open it with open_log, or choose another for this one."
        )
    begun: set[str] = set()
    if (folder / STAGING / OURS).is_file():
        begun = {STAGING, *PARTS} if (folder / STAGING / MOVING).is_file() else {STAGING}
    if names - begun or any(path.is_symlink() for path in entries):
        raise OutputError(f"The folder {folder} is not empty: choose another for this log.")


def _put_in_place(whole: Path, folder: Path) -> None:
    """Move the log to its place: the file that says that it is complete comes last, and survives a power cut."""
    _require_room(folder)
    write_whole(folder / STAGING / MOVING, b"")
    for name in PARTS:
        if (folder / name).is_dir():  # of a call that was stopped here
            shutil.rmtree(folder / name)
        if (whole / name).exists():
            (whole / name).replace(folder / name)
    sync([folder / REASONS, folder / EMPTY, whole / LOG], [folder])
    (whole / LOG).replace(folder / LOG)
    sync([], [folder])


class _Written:
    """What the pieces of a log have."""

    def __init__(self) -> None:
        self.people: set[str] = set()
        self.readers: set[str] = set()
        self.rows = 0
        self.parts = 0
        self.span: tuple[int, int] | None = None

    def add(self, piece: tuple[list[str], list[str], int, int, tuple[int, int] | None]) -> None:
        people, readers, rows, parts, span = piece
        self.people.update(people)
        self.readers.update(readers)
        self.rows += rows
        self.parts += parts
        if span is not None:
            first, last = self.span or span
            self.span = min(first, span[0]), max(last, span[1])


@dataclass(frozen=True)
class Piece:
    """A file's part of the log, and what has to be known to write it."""

    number: int
    folder: Path
    read: Path
    name: str
    site: str
    schema: pa.Schema
    first_label: int
    again: np.ndarray  # rows of the file that repeat another event
    same_as: np.ndarray  # for each the label of that

    def path(self, *folders: str) -> Path:
        """The file for its rows in a folder of the log."""
        return self.folder.joinpath(*folders, f"{self.number:06}.parquet")


def _pieces(folder: Path, read: Sequence[ReadFile], names: Sequence[str], repeats: Repeats) -> list[Piece]:
    """Plan the files of the log."""
    schemas = [one.schema for one in read if one.schema is not None]
    schema = pa.unify_schemas(schemas, promote_options="default")
    schema = pa.schema([field for field in schema if field.name not in (HAS_SECONDS, "line")])
    if taken := sorted({LABEL, *PLACE, "__null_dask_index__"} & {*schema.names}):
        raise InputError(
            f"The exports have a column {taken[0]!r}, as the log itself has: give it another name in the export."
        )
    schema = schema.set(
        schema.get_field_index("event_time"), pa.field("event_time", pa.timestamp("us", "UTC"))
    )
    label_of = repeats.same_as - np.searchsorted(repeats.again, repeats.same_as)
    pieces, begin = [], 0
    for number, one in enumerate(read):
        first, end = np.searchsorted(repeats.again, [begin, begin + one.events])
        rows = repeats.again[first:end] - begin
        site = site_folder(site_of(one.export))
        labels = label_of[first:end]
        pieces.append(
            Piece(number, folder, one.folder, names[number], site, schema, begin - int(first), rows, labels)
        )
        begin += one.events
    return pieces


def write_piece(piece: Piece) -> tuple[list[str], list[str], int, int, tuple[int, int] | None]:
    """Write a file's part of the log.

    Returned are its cardholders, its readers, how many events there are in how many files, and their first and last
    time.
    """
    if not piece.folder.is_dir():  # the call was stopped: nobody reads this
        raise OutputError(f"{piece.folder} is not there any more.")
    name = piece.name
    table = pq.read_table(piece.read / EVENTS).drop_columns([HAS_SECONDS])
    lines = table["line"]
    columns = [
        table[field.name].cast(field.type)
        if field.name in table.column_names
        else pa.nulls(len(table), field.type)
        for field in piece.schema
    ]
    table = pa.table(columns, schema=piece.schema.remove_metadata())
    named = pa.DictionaryArray.from_arrays(np.zeros(len(table), dtype=np.int32), pa.array([name]))
    table = table.append_column("file", named).append_column("line", lines)
    kept = np.ones(len(table), dtype=bool)
    kept[piece.again] = False
    events = table.filter(pa.array(kept)) if len(piece.again) else table
    labels = piece.first_label + np.arange(len(events))
    events = events.add_column(0, LABEL, pa.array(labels, pa.int64()))
    months = events["event_time"].cast(pa.int64()).to_numpy().view("datetime64[us]").astype("datetime64[M]")
    written = []
    parts = np.unique(months)
    for month in parts:
        target = piece.path("events", piece.site, f"{MONTH}={month}")
        make_folder(target.parent)
        of_month = months == month
        _write(target, events if of_month.all() else events.filter(pa.array(of_month)))
        written.append(target)
    others_names = [name for name in table.column_names if name != "same_as"]
    again = (
        table.select(others_names)
        .take(pa.array(piece.again))
        .append_column("same_as", pa.array(piece.same_as, pa.int64()))
    )
    others = {"duplicates": again}
    for kind, file in (("rejected", REJECTED), ("ignored", IGNORED)):
        entries = pq.read_table(piece.read / file)
        entries = entries.add_column(0, "file", pa.array([name] * len(entries), pa.string()))
        others[kind] = entries.select(["file", "line", "column", "value", "reason"])
    for kind, rows in others.items():
        make_folder(piece.folder / kind)
        _write(piece.path(kind), rows)
        written.append(piece.path(kind))
    sync(written, {path.parent for path in written})
    ids, doors = (pc.unique(events[role].drop_null()).to_pylist() for role in ("cardholder_id", "reader_id"))
    at = events["event_time"].cast(pa.int64()).to_numpy()
    span = (int(at.min()), int(at.max())) if len(at) else None
    return ids, doors, len(events), len(parts), span


def _write(path: Path, table: pa.Table) -> None:
    with replacing(path) as part:
        pq.write_table(table, part)


def _write_account(
    folder: Path,
    read: Sequence[ReadFile],
    pieces: Sequence[Piece],
    repeats: Repeats,
    said: Mapping[str, object],
    rows: int,
) -> None:
    """Write what is known of the whole log, last: the folder is a log from then on."""
    files = []
    for number, one in enumerate(read):
        doubts = [*one.report["doubts"], *repeats.said.get(number, [])]
        events = one.events - len(pieces[number].again)
        zone = str(one.zone) if one.zone else None
        more = {"file": pieces[number].name, "doubts": doubts, "events": events, "timezone": zone}
        files.append({**one.report, **more})
    reasons = pd.concat(
        [
            one.reasons.assign(file=piece.name)
            for one, piece in zip(read, pieces, strict=True)
            if one.reasons is not None
        ]
    )
    # As in one table: all rejected rows come before the ignored ones.
    reasons = reasons.sort_values("kind", key=lambda kind: kind != "rejected", kind="stable")
    counts = {
        kind: int(reasons.loc[reasons["kind"] == kind, "rows"].sum()) for kind in ("rejected", "ignored")
    }
    total = sum(one.events for one in read)
    counts |= {"events": total - len(repeats.again), "duplicates": len(repeats.again)}
    if rows != counts["events"]:
        raise OutputError(f"The log has {rows:,} events instead of {counts['events']:,}: store it again.")
    names = pa.field("file", pa.dictionary(pa.int32(), pa.string()))
    schema = pa.schema([pa.field(LABEL, pa.int64()), *pieces[0].schema, names, pa.field("line", pa.int64())])
    _write(folder / EMPTY, schema.empty_table())
    with replacing(folder / REASONS) as part:
        reasons.to_parquet(part, index=False)
    log = {"format": FORMAT, "counts": {kind: counts[kind] for kind in KINDS}, "files": files, **said}
    write_whole(folder / LOG, json.dumps(log, default=int).encode())
