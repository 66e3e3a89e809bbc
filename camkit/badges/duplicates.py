"""Find the events that exports repeat: within one file, and across files.

A row of one file repeats another one if every column is equal and the times have seconds. Across files it does if time,
cardholder and the other columns that both files have are equal, and one of two things shows that it is the same event:
it has a reader and seconds, or the files have the same rows wherever both have any. With a reader and seconds, that
shows it also where only columns without a role differ, such as the day of printing. Rows that look alike without that
are all kept, and said.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo

import numpy as np
import pandas as pd

from camkit.badges.across_files import AcrossFiles
from camkit.badges.file_facts import HAS_SECONDS, MINUTE, POSITION, WHEN, FileFacts, Files, count_rows
from camkit.badges.look_alikes import alike, any_overlap, say_alike, shorten


@dataclass(frozen=True)
class Duplicates:
    """Positions of events that are the same as another one, and sentences on them."""

    again: np.ndarray  # int64, in order
    same_as: np.ndarray  # int64, for each of these the position of the event that is kept
    said: dict[int, list[str]]  # by number of the file, without its name


def find_duplicates(
    events: pd.DataFrame, has_seconds: np.ndarray, files: Sequence[FileFacts], zone: tzinfo | None
) -> Duplicates:
    """Find them in the events of all files, in the order of the files; ``file`` is categorical, in the same order.

    Nothing is dropped that is not shown to be the same event. Rows that look alike without that are said, and kept.
    """
    at = events["event_time"].dt.tz_localize(None).to_numpy()
    same_as = np.full(len(events), -1)
    said: dict[int, list[str]] = defaultdict(list)
    codes = events["file"].cat.codes.to_numpy()
    files_of = Files(files, [str(name) for name in events["file"].cat.categories], zone)
    is_said = np.zeros(len(events), dtype=bool)
    few = share_time_and_cardholder(events, at)
    if len(few):
        rows = chosen(events, few).assign(event_time=at[few], file=codes[few])
        rows = rows.assign(**{POSITION: few, HAS_SECONDS: has_seconds[few]})
        for number, (again, first, sentences) in within_files(rows).items():
            same_as[again] = first
            said[number] += sentences
        if len(files) > 1:
            times = _times_of_files(at, codes, same_as, len(files))
            across = AcrossFiles(rows[same_as[few] < 0], files_of, times)
            for number in across.numbers():
                found = across.find(number)
                same_as[found.again], is_said[found.equal] = found.same_as, True
                said[number] += found.said
    if len(files) > 1:
        minutes = at.view("int64") // MINUTE
        spans = [
            (some.min(), some.max())
            for some in np.split(minutes, np.searchsorted(codes, np.arange(1, len(files))))
            if len(some)
        ]
        if any_overlap(spans):
            few = np.flatnonzero((same_as < 0) & ~is_said)
            keys_of = events[["cardholder_id", "reader_id", "file"]]
            few, keys = alike(chosen(keys_of, few), at.view("int64")[few], few, files_of)
            if len(few):
                rows = chosen(events, few).assign(file=codes[few])
                say_alike(rows.assign(**{WHEN: at.view("int64")[few], **keys}), files_of, said)
    for sentences in said.values():
        shorten(sentences)
    again = np.flatnonzero(same_as >= 0)
    return Duplicates(again, _last_of(same_as, again), said)


def _last_of(same_as: np.ndarray, again: np.ndarray) -> np.ndarray:
    """Follow each of these to the event that is kept: the one that it repeats may repeat another one."""
    kept = same_as[again]
    while len(more := np.flatnonzero(same_as[kept] >= 0)):
        kept[more] = same_as[kept[more]]
    return kept


def chosen(events: pd.DataFrame, rows: np.ndarray) -> pd.DataFrame:
    """The events at these positions, in order. Unlike ``iloc`` it does not copy a column of many pieces first."""
    if not len(rows):
        return events.iloc[:0]
    mask = np.zeros(len(events), dtype=bool)
    mask[rows] = True
    return pd.DataFrame({name: events[name].array[mask] for name in events})


def share_time_and_cardholder(events: pd.DataFrame, at: np.ndarray) -> np.ndarray:
    """Return the positions of events that have the time, `at`, and the cardholder of another one: few do."""
    shares = _shares_its_time(at)
    few = np.flatnonzero(shares)
    who = pd.factorize(events["cardholder_id"].array[shares])[0]
    return few[pd.DataFrame({"at": at[few], "who": who}).duplicated(keep=False).to_numpy()]


def within_files(rows: pd.DataFrame) -> dict[int, tuple[np.ndarray, np.ndarray, list[str]]]:
    """Find the rows of one file that repeat another one in full.

    Return by number of the file their positions, those of the rows that they repeat, and sentences.
    """
    compared = [name for name in rows if name not in ("line", POSITION)]
    first = rows.groupby(compared, dropna=False, sort=False)[POSITION].transform("first")
    repeated = rows[first != rows[POSITION]]
    why = "times without seconds do not show whether these are one event"
    found = {}
    for number in np.unique(repeated["file"]).tolist():
        mine = repeated[repeated["file"] == number]
        shown = mine[mine[HAS_SECONDS]]
        said = []
        for again, then in (
            (shown, ", and counted once"),
            (mine[~mine[HAS_SECONDS]], f"; {why}, so all are kept"),
        ):
            if len(again):
                said.append(f"{count_rows(again)} repeated in full{then}")
        found[number] = shown[POSITION].to_numpy(), first[shown.index].to_numpy(), said
    return found


def _times_of_files(at: np.ndarray, codes: np.ndarray, same_as: np.ndarray, files: int) -> list[np.ndarray]:
    """The times of each file's events, sorted, without those of rows that it repeats."""
    borders = np.searchsorted(codes, np.arange(1, files))
    kept = np.split(same_as < 0, borders)
    return [np.sort(times[rows]) for times, rows in zip(np.split(at, borders), kept, strict=True)]


def _shares_its_time(at: np.ndarray) -> np.ndarray:
    """Whether each event has the time of another one; in a log in order that is one of its neighbours."""
    steps = np.diff(at.view("int64"))
    if (steps >= 0).all() or (steps <= 0).all():
        shares = np.zeros(len(at), dtype=bool)
        shares[1:] = steps == 0
        shares[:-1] |= shares[1:]
        return shares
    return pd.Series(at).duplicated(keep=False).to_numpy()
