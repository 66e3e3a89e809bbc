"""Read exports on the workers: each into a folder of its own, with what is to be known of it to go on."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from camkit._version import __version__
from camkit.badges.duplicates import share_time_and_cardholder, within_files
from camkit.badges.file_facts import HAS_SECONDS, POSITION, FileFacts
from camkit.badges.files import Export, LeftOut, nothing_to_read
from camkit.badges.given import Given
from camkit.badges.identifiers import TEXT
from camkit.badges.load import interpreted, read_table, shape_of
from camkit.badges.log import reasons_of
from camkit.errors import BadgeFileError
from camkit.support.cluster import on_each
from camkit.support.files import make_folder, replacing, sync, write_whole
from camkit.support.timezones import as_zone

EVENTS, REJECTED, IGNORED, AGAIN = "events.parquet", "rejected.parquet", "ignored.parquet", "again.npy"
REASONS, DONE = "reasons.parquet", "read.json"


@dataclass(frozen=True)
class Task:
    """An export to read, and where what is read goes."""

    export: Export
    given: Given
    folder: Path
    shown: tuple[bool, str] | None = None


@dataclass(frozen=True)
class ReadFile:
    """An export that was read, or the reason why it was not.

    Attributes
    ----------
    folder : pathlib.Path
        Has its events, of which `again` are those that repeat one of the same file.
    shape : object
        Equal for exports whose dates show the same order of day and month.
    problem : BadgeFileError or None
        Why its rows were not read.
    is_unreadable : bool
        Whether the problem is the file's, not its dates'.
    span : tuple of int or None
        The first and the last minute of its events, since 1970.
    """

    export: Export
    folder: Path
    given: Given = field(default_factory=Given)
    sha256: str | None = None
    shape: object = None
    problem: BadgeFileError | None = None
    is_unreadable: bool = False
    report: dict[str, Any] = field(default_factory=dict)
    facts: FileFacts | None = None
    offset: tzinfo | None = None
    proof: tuple[bool, str] | None = None
    span: tuple[int, int] | None = None
    events: int = 0
    schema: pa.Schema | None = None
    reasons: pd.DataFrame | None = None
    said: tuple[str, ...] = ()

    @property
    def zone(self) -> tzinfo | None:
        """The site's zone, as it was said, or the offset that all its times have."""
        return self.given.zone or self.offset


def read_all(
    client: Any,
    exports: Sequence[tuple[Export, Given]],
    staging: Path,
    left_out: list[LeftOut],
    what_stays: str,
) -> list[ReadFile]:
    """Read the exports on the workers, as `load_badges` does; what was read before is not read again."""
    tasks = [Task(_absolute(export), given, _folder(staging, export, given)) for export, given in exports]
    done = on_each(client, read_file, tasks, what_stays=what_stays, doing="Reading the exports")
    found = [
        replace(one, export=export, given=given) for one, (export, given) in zip(done, exports, strict=True)
    ]
    failed: dict[Path, list[BadgeFileError]] = defaultdict(list)
    for one in found:
        if one.is_unreadable and one.problem is not None:
            if one.export.found_in is None:
                raise one.problem
            left_out.append(LeftOut(one.export.found_in, one.export.name, str(one.problem)))
            failed[one.export.found_in].append(one.problem)
    for found_in, errors in failed.items():
        if len(errors) == sum(export.found_in == found_in for export, _ in exports):
            raise errors[0] if len(errors) == 1 else nothing_to_read(found_in, left_out)
    return _with_proofs(client, [one for one in found if not one.is_unreadable], staging, what_stays)


def _with_proofs(client: Any, found: list[ReadFile], staging: Path, what_stays: str) -> list[ReadFile]:
    """Read those again whose dates do not show whether day or month comes first, where another export shows it."""
    shown: dict[object, dict[bool, str]] = defaultdict(dict)
    for one in found:
        if one.proof is not None:
            shown[one.shape].setdefault(*one.proof)
    again = {}
    for number, one in enumerate(found):
        given = one.given
        waits = one.problem is not None or (one.report["dates"] and not one.proof and given.day_first is None)
        if waits and len(proofs := shown[one.shape]) == 1:
            (proof,) = proofs.items()
            again[number] = Task(
                _absolute(one.export), given, _folder(staging, one.export, given, proof), proof
            )
        elif one.problem is not None:
            raise one.problem
    found = [*found]
    for number, one in zip(
        again, on_each(client, read_file, [*again.values()], what_stays=what_stays), strict=True
    ):
        if one.problem is not None:
            raise one.problem
        found[number] = replace(one, export=found[number].export, given=found[number].given)
    return found


def _absolute(export: Export) -> Export:
    """The same, as a worker in another folder finds it."""
    return replace(export, path=export.path.absolute())


def _folder(staging: Path, export: Export, given: Given, shown: tuple[bool, str] | None = None) -> Path:
    """The folder for an export, by all that its events depend on: another version of the file has another one."""
    try:
        stat = export.path.stat()
    except OSError as error:
        raise BadgeFileError(
            f"{export.name} cannot be read: {error.strerror}. Bring it back, or leave it out.",
            path=export.path,
        ) from None
    told = [
        __version__,
        str(export.path.absolute()),
        export.member,
        export.number,
        stat.st_size,
        stat.st_mtime_ns,
        shown,
    ]
    text = json.dumps([*told, given.as_dict()], sort_keys=True, default=str)
    return staging / sha256(text.encode()).hexdigest()[:32]


def read_file(task: Task) -> ReadFile:
    """Read one export into its folder; this runs on a worker."""
    with suppress(OSError, ValueError, KeyError):  # nothing, or what a power cut left, is read again
        return _read_before(task)
    make_folder(task.folder)
    digests: dict[Path, str] = {}
    try:
        table = read_table(task.export, task.given, digests)
    except BadgeFileError as error:
        return ReadFile(task.export, task.folder, problem=error, is_unreadable=True)
    try:
        loaded = interpreted(table, task.given, task.shown)
    except BadgeFileError as error:
        return ReadFile(task.export, task.folder, shape=repr(shape_of(table)), problem=error)
    part = loaded.part
    events = part.events.append_column(HAS_SECONDS, pa.array(loaded.has_seconds))
    again, said = _repeated(events)
    reasons = reasons_of(*(rows.to_pandas().assign(file="") for rows in (part.rejected, part.ignored)))
    written = {
        EVENTS: events,
        REJECTED: part.rejected,
        IGNORED: part.ignored,
        REASONS: pa.Table.from_pandas(reasons, preserve_index=False),
    }
    for name, rows in written.items():
        with replacing(task.folder / name) as file:
            pq.write_table(rows, file)
    with replacing(task.folder / AGAIN) as file, file.open("wb") as target:
        np.save(target, again)
    known = {
        "sha256": digests.get(task.export.path),
        "shape": repr(shape_of(table)),
        "report": loaded.report,
        "columns": sorted(loaded.facts.columns),
        "is_exact": loaded.facts.is_exact,
        "offset": None if part.times.offset is None else str(part.times.offset),
        "proof": loaded.proof(),
        "said": said,
    }
    parts = [task.folder / name for name in (*written, AGAIN)]
    sync(parts, [task.folder])
    known["sizes"] = {path.name: path.stat().st_size for path in parts}
    # Last: it says that all is there.
    write_whole(task.folder / DONE, json.dumps(known, default=int).encode())
    return _read_before(task)


def _read_before(task: Task) -> ReadFile:
    """What is known of an export that was read into its folder."""
    known = json.loads((task.folder / DONE).read_bytes())
    if any((task.folder / name).stat().st_size != size for name, size in known["sizes"].items()):
        raise ValueError("a part is not as it was written")
    file = pq.ParquetFile(task.folder / EVENTS)
    minutes = [
        int(pd.Timestamp(moment).timestamp() // 60)
        for group in range(file.num_row_groups)
        if (statistics := _statistics(file, group)) is not None
        for moment in (statistics.min, statistics.max)
    ]
    return ReadFile(
        task.export,
        task.folder,
        task.given,
        known["sha256"],
        known["shape"],
        report=known["report"],
        facts=FileFacts(frozenset(known["columns"]), known["is_exact"]),
        offset=as_zone(known["offset"]),
        proof=tuple(known["proof"]) if known["proof"] else None,
        span=(min(minutes), max(minutes)) if minutes else None,
        events=file.metadata.num_rows,
        schema=file.schema_arrow.remove_metadata(),
        reasons=pd.read_parquet(task.folder / REASONS),
        said=tuple(known["said"]),
    )


def _statistics(file: pq.ParquetFile, group: int) -> Any:
    """The least and the largest time in a row group; None if it has no rows."""
    part = file.metadata.row_group(group)
    return part.column(file.schema_arrow.get_field_index("event_time")).statistics if part.num_rows else None


def _repeated(events: pa.Table) -> tuple[np.ndarray, list[str]]:
    """The rows that repeat another one in full, each with that one, int64 of shape (n, 2); and sentences."""
    frame = events.to_pandas(types_mapper={pa.string(): TEXT}.get).assign(file=0)
    few = share_time_and_cardholder(frame, frame["event_time"].dt.tz_localize(None).to_numpy())
    if len(few):
        rows = frame.iloc[few].reset_index(drop=True).assign(**{POSITION: few})
        for again, first, said in within_files(rows).values():
            return np.column_stack([again, first]), said
    return np.empty((0, 2), dtype=np.int64), []
