"""Find the events that exports repeat, with the code of `camkit.badges.duplicates`, on the workers.

Events that may be alike are brought together by a shuffle on minute and cardholder. What they have in common is then
compared file by file, each with its rows that another file may have, and only with those.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from camkit.badges.across_files import AcrossFiles
from camkit.badges.file_facts import MINUTE, POSITION, WHEN, FileFacts, Files
from camkit.badges.identifiers import TEXT
from camkit.badges.look_alikes import alike, any_overlap, as_written_anyhow, say_alike, shorten
from camkit.badges.stored.reading import AGAIN, EVENTS, ReadFile
from camkit.badges.stored.runs import buckets_of, hashed, read_bucket, write_run
from camkit.support.cluster import on_each
from camkit.support.files import replacing

KEY, REPEATED = "|key", "|repeated"
"""Columns beside those of the export, called as no column of an export is."""

ROWS_AT_ONCE = 2_000_000
"""About how many rows a bucket of a shuffle has."""


@dataclass(frozen=True)
class Plan:
    """What every task has to know.

    Attributes
    ----------
    folder : pathlib.Path
        Of what tasks leave for each other.
    read : tuple of pathlib.Path
        By number of a file, the folder with its events.
    facts, names, zone
        As `camkit.badges.file_facts.Files` takes them.
    spans : tuple
        By number of a file, the first and the last minute of its events; None if it has none.
    columns : tuple of str
        Of all events, in their order.
    begins : tuple of int
        By number of a file, how many events the files before it have.
    buckets : int
        Of the shuffle.
    """

    folder: Path
    read: tuple[Path, ...]
    facts: tuple[FileFacts, ...]
    names: tuple[str, ...]
    zone: tzinfo | None
    spans: tuple[tuple[int, int] | None, ...]
    columns: tuple[str, ...]
    begins: tuple[int, ...]
    buckets: int

    def files(self) -> Files:
        """What is known of all files, as the comparison takes it."""
        return Files(self.facts, self.names, self.zone)

    def path(self, what: str, number: int) -> Path:
        """Where the result of a kind for a file or a bucket is."""
        return self.folder / f"{what}-{number:06}.arrow"


@dataclass(frozen=True)
class Repeats:
    """Which events repeat another one, and sentences.

    Attributes
    ----------
    again, same_as : numpy.ndarray
        Positions in all events, in the order of the files; int64, `again` in order.
    said : dict of int to list of str
        By number of the file.
    """

    again: np.ndarray
    same_as: np.ndarray
    said: dict[int, list[str]]


def find_repeats(
    client: Any,
    read: Sequence[ReadFile],
    names: Sequence[str],
    zone: tzinfo | None,
    folder: Path,
    what_stays: str,
) -> Repeats:
    """Find the events that repeat another one, of the same file or of another."""
    counts = [one.events for one in read]
    begins = np.cumsum([0, *counts])
    plan = Plan(
        folder,
        tuple(one.folder for one in read),
        tuple(one.facts for one in read),  # type: ignore[misc]  # of each that was read
        tuple(names),
        zone,
        tuple(one.span for one in read),
        tuple(dict.fromkeys(name for one in read if one.schema is not None for name in one.schema.names)),
        tuple(begins.tolist()),
        max(1, sum(counts) // ROWS_AT_ONCE),
    )
    said: dict[int, list[str]] = defaultdict(list)
    within = []
    for number, one in enumerate(read):
        said[number] += one.said
        within.append(np.load(one.folder / AGAIN) + begins[number])
    pairs = np.concatenate(within) if within else np.empty((0, 2), np.int64)
    if any_overlap(span for span in plan.spans if span is not None):
        together = _together(client, plan, what_stays)
        for _ in on_each(client, take_common, sorted(together), plan, what_stays=what_stays):
            pass
        numbers = sorted(together, key=plan.files().order.__getitem__)
        work = [(number, sorted(together[number])) for number in numbers]
        found = [pairs]
        for (number, _), (rows, sentences) in zip(
            work,
            on_each(client, compare, work, plan, what_stays=what_stays, doing="Comparing exports"),
            strict=True,
        ):
            found.append(rows)
            said[number] += sentences
        pairs = np.concatenate(found)
        again, same_as = _resolved(pairs)
        with replacing(plan.path("again", 0)) as part, part.open("wb") as target:
            np.save(target, again)
        late = [(number, others, said[number]) for number, others in work]
        for (number, _), sentences in zip(
            work, on_each(client, compare_loosely, late, plan, what_stays=what_stays), strict=True
        ):
            said[number] = sentences
    else:
        again, same_as = _resolved(pairs)
    for sentences in said.values():
        shorten(sentences)
    return Repeats(again, same_as, said)


def _resolved(pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sort pairs of an event and the one that it repeats, and follow each to the event that is kept."""
    again, same_as = pairs[np.argsort(pairs[:, 0], kind="stable")].T
    while len(again):
        at = np.searchsorted(again, same_as).clip(max=len(again) - 1)
        moves = again[at] == same_as
        if not moves.any():
            break
        same_as = np.where(moves, same_as[at], same_as)
    return again, same_as


def _together(client: Any, plan: Plan, what_stays: str) -> dict[int, set[int]]:
    """Shuffle the events that may be alike; return for each file those with which it has some in common."""
    numbers = [number for number, span in enumerate(plan.spans) if span is not None and _others(plan, number)]
    for _ in on_each(client, write_keys, numbers, plan, what_stays=what_stays, doing="Looking for repeats"):
        pass
    together: dict[int, set[int]] = defaultdict(set)
    work = [(bucket, tuple(numbers)) for bucket in range(plan.buckets)]
    for pairs in on_each(client, write_common, work, plan, what_stays=what_stays):
        for one, other in pairs.tolist():
            together[one].add(other)
            together[other].add(one)
    return together


def _others(plan: Plan, number: int) -> list[tuple[int, int]]:
    """The spans of the other files that overlap with that of a file."""
    own = plan.spans[number]
    spans = [span for other, span in enumerate(plan.spans) if other != number and span is not None]
    return [span for span in spans if own is not None and span[0] <= own[1] and own[0] <= span[1]]


def write_keys(number: int, plan: Plan) -> None:
    """Write what an event's minute and cardholder are, for those at times that another file has too."""
    table = pq.read_table(plan.read[number] / EVENTS, columns=["event_time", "cardholder_id"])
    minutes = table["event_time"].cast(pa.int64()).to_numpy() // MINUTE
    first, last = map(np.array, zip(*_others(plan, number), strict=True))
    # In a stretch that some file covers, more of them have begun than ended.
    begun = np.searchsorted(np.sort(first), minutes, "right")
    rows = np.flatnonzero(begun > np.searchsorted(np.sort(last), minutes, "left"))
    who = table["cardholder_id"].take(pa.array(rows)).to_pandas(types_mapper={pa.string(): TEXT}.get)
    codes, texts = pd.factorize(who)
    plain = np.array([*map(as_written_anyhow, texts), ""], dtype=object)
    keys = hashed(minutes[rows], pd.Series(plain[codes], dtype=object))
    files = np.full(len(rows), number, dtype=np.int32)
    run = pa.table({"key": keys, "file": files, "row": rows})
    write_run(plan.path("keys", number), run, buckets_of(keys, plan.buckets), plan.buckets)


def write_common(work: tuple[int, Sequence[int]], plan: Plan) -> np.ndarray:
    """Write the rows of a bucket whose key another file has too, by file; return the pairs of files."""
    bucket, numbers = work
    rows = read_bucket([plan.path("keys", number) for number in numbers], bucket).to_pandas()
    files = rows.groupby("key")["file"]
    rows = rows[files.transform("min") != files.transform("max")]
    write_run(
        plan.path("common", bucket),
        pa.Table.from_pandas(rows, preserve_index=False),
        rows["file"].to_numpy(),
        len(plan.read),
    )
    by_key = rows[["key", "file"]].drop_duplicates().sort_values(["key", "file"]).groupby("key")["file"]
    groups = {tuple(files) for files in by_key.agg(list)}
    pairs = {(one, other) for group in groups for at, one in enumerate(group) for other in group[at + 1 :]}
    return np.array([*pairs], dtype=np.int64).reshape(-1, 2)


def take_common(number: int, plan: Plan) -> None:
    """Take from a file the events that another one may have, and all its times in order: it is read whole only here."""
    runs = [plan.path("common", bucket) for bucket in range(plan.buckets)]
    common = read_bucket(runs, number).sort_by("row")
    table = pq.read_table(plan.read[number] / EVENTS)
    again = np.load(plan.read[number] / AGAIN)[:, 0]
    rows = common["row"].to_numpy()
    taken = table.take(common["row"]).append_column(KEY, common["key"])
    taken = taken.append_column(POSITION, pa.array(rows + plan.begins[number]))
    taken = taken.append_column(REPEATED, pa.array(np.isin(rows, again)))
    with replacing(plan.path("events", number)) as part:
        pq.write_table(taken, part)
    times = table["event_time"].cast(pa.timestamp("us")).to_numpy()
    with replacing(plan.path("times", number)) as part, part.open("wb") as target:
        np.save(target, np.sort(np.delete(times, again)))


def compare(work: tuple[int, Sequence[int]], plan: Plan) -> tuple[np.ndarray, list[str]]:
    """Compare a file with others; return its rows that repeat one of theirs, with that one, and sentences."""
    number, others = work
    events = _common(plan, number, others)
    across = AcrossFiles(events[~events[REPEATED]].reset_index(drop=True), plan.files(), _Times(plan))
    found = across.find(number)
    with replacing(plan.path("equal", number)) as part, part.open("wb") as target:
        np.save(target, found.equal)
    return np.column_stack([found.again, found.same_as]), found.said


def compare_loosely(work: tuple[int, Sequence[int], list[str]], plan: Plan) -> list[str]:
    """Say which rows of a file look like some of others; return all sentences on the file."""
    number, others, said = work
    events = _common(plan, number, others)
    gone = [np.load(plan.path("equal", one)) for one in (number, *others)]
    again = np.load(plan.path("again", 0), mmap_mode="r")
    position = events[POSITION].to_numpy()
    is_again = np.zeros(len(events), dtype=bool)
    if len(again):
        is_again = again[np.searchsorted(again, position).clip(max=len(again) - 1)] == position
    events = events[~(is_again | np.isin(position, np.concatenate(gone)))].reset_index(drop=True)
    at = events["event_time"].to_numpy().view("int64")
    few, keys = alike(events, at, np.arange(len(events)), plan.files())
    sentences = {number: [*said]}
    if len(few):
        rows = events.iloc[few].assign(**{WHEN: at[few], **keys})
        say_alike(rows, plan.files(), sentences, numbers=[number])
    return sentences[number]


def _common(plan: Plan, number: int, others: Sequence[int]) -> pd.DataFrame:
    """The events of a file that others may have, and theirs, in the order of all."""
    mine = pq.read_table(plan.path("events", number))
    keys = mine[KEY].combine_chunks()
    tables = {number: mine}
    for other in others:
        theirs = pq.read_table(plan.path("events", other))
        tables[other] = theirs.filter(pc.is_in(theirs[KEY], value_set=keys))
    frames = [
        tables[one].to_pandas(types_mapper={pa.string(): TEXT}.get).assign(file=one) for one in sorted(tables)
    ]
    events = pd.concat(frames, ignore_index=True)
    events["event_time"] = events["event_time"].dt.tz_localize(None)
    names = [name for name in plan.columns if name in events]
    return events[[*names, *events.columns.difference(names, sort=False)]]


class _Times(dict[int, np.ndarray]):
    """The times of each file's events, sorted, without those of rows that it repeats; on the disk until looked at."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def __missing__(self, number: int) -> np.ndarray:
        self[number] = np.load(self._plan.path("times", number), mmap_mode="r")
        return self[number]
