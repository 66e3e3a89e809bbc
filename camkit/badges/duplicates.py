"""Find the events that exports repeat: within one file, and across files.

A row of one file repeats another one if every column is equal and the times have seconds. Across files it does if time,
cardholder, reader, outcome and the other columns that both files have are equal, and one of two things shows that it is
the same event: it has a reader and seconds, or the files have the same rows wherever both have any.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

ROLES = ("cardholder_id", "reader_id", "outcome")
"""With the time, what says which event a row is."""

SECONDS = re.compile(r"\d[:.]\d{1,2}[:.]\d|\d{9}")
"""A time of day with seconds, or so many digits that they count seconds."""

WHOLE_MINUTES = 20
"""So many events on whole minutes show that a file does not have seconds, even where it writes ":00"."""

START = 1_000
"""So many events show that a file has seconds, unless it does not."""

SAME_TIMES = {2: 1, 1: 3, 0: 10}
"""At how many different times at least two files must have the same rows to overlap, by how many of seconds and reader
they have. The less a row says, the more rows are needed: a cardholder may pass two doors in the same minute."""


SHOWN = 5
"""Most sentences on one file."""


@dataclass(frozen=True)
class FileRows:
    """What the rows of one file can show."""

    columns: frozenset[str]  # all that can be compared across files: not those that only count its rows
    has_seconds: bool
    has_reader: bool

    @classmethod
    def of(cls, events: pa.Table, rows: int, first_time: str) -> FileRows:
        """Look at a file's events, the number of its rows, and the first event's time as it is written."""
        names = set(events.column_names) - {"event_time", "line"}
        counters = {name for name in names - {*ROLES} if _counts_rows(events[name], rows)}
        at = events["event_time"].cast(pa.int64()).to_numpy()
        written = bool(SECONDS.search(first_time)) and len(events) < WHOLE_MINUTES
        return cls(
            frozenset(names - counters),
            has_seconds=written or any((some % 60_000_000).any() for some in (at[:START], at)),
            has_reader=events["reader_id"].null_count < len(events),
        )


@dataclass(frozen=True)
class Duplicates:
    """Positions of events that are the same as an earlier one, and sentences on them."""

    again: np.ndarray  # int64, in order
    same_as: np.ndarray  # int64, for each of these the position of the event that is kept
    said: dict[int, list[str]]  # by number of the file, without its name


def find_duplicates(events: pd.DataFrame, files: Sequence[FileRows], zone: tzinfo | None) -> Duplicates:
    """Find them in the events of all files, in the order of the files; ``file`` is categorical, in the same order.

    Nothing is dropped that is not shown to be the same event. Rows that are equal without that are said, and kept.
    """
    at = events["event_time"].dt.tz_localize(None).to_numpy()
    # Few events share their time and cardholder, and only those are compared further.
    shares = _shares_its_time(at)
    few = np.flatnonzero(shares)
    who = pd.factorize(events["cardholder_id"].array[shares])[0]
    few = few[pd.DataFrame({"at": at[few], "who": who}).duplicated(keep=False).to_numpy()]
    same_as = np.full(len(events), -1)
    said: dict[int, list[str]] = defaultdict(list)
    if len(few):
        codes = events["file"].cat.codes.to_numpy()
        rows = chosen(events, few).assign(event_time=at[few], file=codes[few], position=few)
        _within_files(rows, files, same_as, said)
        if len(files) > 1:
            names = [str(name) for name in events["file"].cat.categories]
            times = _times_of_files(at, codes, same_as, len(files))
            _AcrossFiles(rows[same_as[few] < 0], files, names, times, zone).find(same_as, said)
    again = np.flatnonzero(same_as >= 0)
    kept = same_as[again]
    return Duplicates(again, np.where(same_as[kept] >= 0, same_as[kept], kept), said)


def chosen(events: pd.DataFrame, rows: np.ndarray) -> pd.DataFrame:
    """The events at these positions, in order. Unlike ``iloc`` it does not copy a column of many pieces first."""
    if not len(rows):
        return events.iloc[:0]
    mask = np.zeros(len(events), dtype=bool)
    mask[rows] = True
    return pd.DataFrame({name: events[name].array[mask] for name in events})


def _within_files(
    rows: pd.DataFrame, files: Sequence[FileRows], same_as: np.ndarray, said: dict[int, list[str]]
) -> None:
    """Find the rows of one file that repeat another one in full."""
    compared = [name for name in rows if name not in ("line", "position")]
    first = rows.groupby(compared, dropna=False, sort=False)["position"].transform("first")
    repeated = rows.assign(first=first)[first != rows["position"]]
    for number in np.unique(repeated["file"]).tolist():
        again = repeated[repeated["file"] == number]
        if files[number].has_seconds:
            same_as[again["position"]] = again["first"]
            said[number].append(f"{_rows(again)} repeated in full, and counted once")
        else:
            why = "times without seconds do not show whether these are one event"
            said[number].append(f"{_rows(again)} repeated in full; {why}, so all are kept")


class _AcrossFiles:
    """The rows of several files that may be the same events, compared file by file with the earlier ones."""

    def __init__(
        self,
        rows: pd.DataFrame,
        files: Sequence[FileRows],
        names: Sequence[str],
        times: Sequence[np.ndarray],
        zone: tzinfo | None,
    ) -> None:
        role = rows.groupby(["event_time", *ROLES], dropna=False, sort=False).ngroup()
        of_role = rows.groupby(role)["file"]
        several = of_role.transform("min") != of_role.transform("max")
        self._rows = rows.assign(role=role)[several].reset_index(drop=True)
        self._role, self._file, self._position, self._at = (
            self._rows[name].to_numpy() for name in ("role", "file", "position", "event_time")
        )
        self._files, self._names, self._times, self._zone = files, names, times, zone
        self._keys: dict[frozenset[str], np.ndarray] = {}

    def find(self, same_as: np.ndarray, said: dict[int, list[str]]) -> None:
        """Note in `same_as` the kept event of each row that repeats one of an earlier file, and say it."""
        for number in np.unique(self._file).tolist():
            mine = np.flatnonzero(self._file == number)
            equal = np.full(len(mine), -1)  # the file with an equal row that is not shown to be the same
            for other in self._earlier(number, mine):
                waiting = same_as[self._position[mine]] < 0
                if not waiting.any():
                    break
                here, theirs, shown = self._compared(number, mine, other)
                equal[here[~shown]] = other
                here, theirs = (some[shown & waiting[here]] for some in (here, theirs))
                kept = self._position[theirs]
                same_as[self._position[mine[here]]] = np.where(same_as[kept] >= 0, same_as[kept], kept)
                if len(here):
                    merged = (
                        f"the same as in {self._names[other]}, {self._span(mine[here])}, and counted once"
                    )
                    said[number].append(f"{_rows(self._rows.iloc[mine[here]])} {merged}")
            equal[same_as[self._position[mine]] >= 0] = -1
            for other in np.unique(equal[equal >= 0]).tolist():
                kept_rows = _rows(self._rows.iloc[mine[equal == other]])
                said[number].append(
                    f"{kept_rows} equal to rows of {self._names[other]}; {self._lack(number, other)}"
                )
            _shorten(said[number])

    def _earlier(self, number: int, mine: np.ndarray) -> list[int]:
        """The earlier files with a row of the same time, cardholder, reader and outcome as one of these."""
        wanted = np.zeros(self._role.max() + 1, dtype=bool)
        wanted[self._role[mine]] = True
        return np.unique(self._file[wanted[self._role] & (self._file < number)]).tolist()

    def _compared(
        self, number: int, mine: np.ndarray, other: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Match rows of two files one to one; return which of `mine`, their rows, and whether they are the same."""
        one, two = self._files[number], self._files[other]
        keys = self._numbered(one.columns & two.columns)
        theirs = np.flatnonzero(self._file == other)
        _, here, there = np.intersect1d(keys[mine], keys[theirs], return_indices=True)
        says = (one.has_seconds and two.has_seconds) + (one.has_reader and two.has_reader)
        if _overlap(self._at[mine[here]], self._times[number], self._times[other], SAME_TIMES[says]):
            shown = np.ones(len(here), dtype=bool)
        else:
            shown = self._rows["reader_id"].notna().to_numpy()[mine[here]] & (says == 2)
        return here, theirs[there], shown

    def _numbered(self, columns: frozenset[str]) -> np.ndarray:
        """Number the rows that are equal in these columns alike; the second such row of a file has another number."""
        if columns not in self._keys:
            compared = ["role", *sorted(columns - {*ROLES})]
            alike = self._rows.groupby(compared, dropna=False, sort=False).ngroup()
            turn = self._rows.groupby(["file", alike]).cumcount()
            self._keys[columns] = (alike * (turn.max() + 1) + turn).to_numpy()
        return self._keys[columns]

    def _span(self, rows: np.ndarray) -> str:
        """When these events were."""
        ends = pd.DatetimeIndex([self._at[rows].min(), self._at[rows].max()], tz="UTC").tz_convert(self._zone)
        return " to ".join(dict.fromkeys(ends.strftime("%Y-%m-%d %H:%M")))

    def _lack(self, number: int, other: int) -> str:
        """Say why equal rows of two files may be different events."""
        pair = self._files[number], self._files[other]
        lacks = [
            what
            for what, known in (("a reader", "has_reader"), ("seconds", "has_seconds"))
            if not all(getattr(one, known) for one in pair)
        ]
        return f"without {' and '.join(lacks) or 'a reader'} they may be different events, so all are kept"


def _shorten(sentences: list[str]) -> None:
    """Keep as many sentences as a reader takes in."""
    if len(sentences) > SHOWN:
        sentences[SHOWN:] = [f"{len(sentences) - SHOWN:,} more files have rows in common with it"]


def _overlap(at: np.ndarray, one: np.ndarray, other: np.ndarray, needed: int) -> bool:
    """Whether two files with these times overlap: the rows that match, at times `at`, are all that both have there.

    At the first and the last time that both have, one of them may have been cut.
    """
    if len(np.unique(at)) < needed:
        return False
    first, last = max(one[0], other[0]), min(one[-1], other[-1])
    matched = np.count_nonzero((at > first) & (at < last))
    inside = (
        np.searchsorted(times, last, "left") - np.searchsorted(times, first, "right")
        for times in (one, other)
    )
    return all(max(count, 0) == matched for count in inside)


def _times_of_files(at: np.ndarray, codes: np.ndarray, same_as: np.ndarray, files: int) -> list[np.ndarray]:
    """The times of each file's events, sorted, without those of rows that it repeats."""
    borders = np.searchsorted(codes, np.arange(1, files))
    kept = np.split(same_as < 0, borders)
    return [np.sort(times[rows]) for times, rows in zip(np.split(at, borders), kept, strict=True)]


def _rows(rows: pd.DataFrame) -> str:
    """Count rows, and name the line of the first one."""
    count, line = len(rows), rows["line"].iloc[0]
    return f"line {line} is" if count == 1 else f"{count:,} rows, the first in line {line}, are"


def _shares_its_time(at: np.ndarray) -> np.ndarray:
    """Whether each event has the time of another one; in a log in order that is one of its neighbours."""
    steps = np.diff(at.view("int64"))
    if (steps >= 0).all() or (steps <= 0).all():
        shares = np.zeros(len(at), dtype=bool)
        shares[1:] = steps == 0
        shares[:-1] |= shares[1:]
        return shares
    return pd.Series(at).duplicated(keep=False).to_numpy()


def _counts_rows(column: pa.ChunkedArray, rows: int) -> bool:
    """Whether a column only numbers the rows of its file: it rises with each, and never above their number."""
    ends = [column[0].as_py(), column[-1].as_py()] if len(column) else [None]
    if column.null_count or not all(
        text and text.isascii() and text.isdigit() and int(text[:19]) <= rows for text in ends
    ):
        return False
    try:
        numbers = pc.cast(column, pa.int64()).to_numpy()
    except pa.ArrowInvalid:
        return False
    steps = np.diff(numbers)
    rises = bool((steps > 0).all() or (steps < 0).all())
    return rises and 0 <= numbers.min() <= numbers.max() <= rows
