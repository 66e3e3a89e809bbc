"""Find the events that exports repeat: within one file, and across files.

A row of one file repeats another one if every column is equal and the times have seconds. Across files it does if time,
cardholder and the other columns that both files have are equal, and one of two things shows that it is the same event:
it has a reader and seconds, or the files have the same rows wherever both have any. With a reader and seconds, that
shows it also where only columns without a role differ, such as the day of printing. Rows that look alike without that
are all kept, and said.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from camkit.badges.identifiers import as_mask

MINUTES_ONLY = r"(?:^|[T ,])\d{1,2}[:.h]\d{2}(?:$|[^:.\d])|^20\d{10}$"
"""A time of day without seconds, as pyarrow's regular expressions have it."""

WHOLE_MINUTES = 3
"""So many events on whole minutes, or two in the same one, show that a file does not have seconds."""

MINUTE, SECOND = 60_000_000, 1_000_000  # microseconds

MEANING = frozenset({"reader_id", "outcome", "outcome_text", "kind", "kind_text"})
"""What an event is, beside its time and cardholder; other columns may say something about the export."""

SAME_TIMES = {2: 1, 1: 3, 0: 10}
"""At how many different times at least two files must have the same rows to overlap, by how many of seconds and reader
they have. The less a row says, the more rows are needed: a cardholder may pass two doors in the same minute."""

DIFFERENT = 2
"""The same, where rows have a reader and seconds, and differ in columns without a role."""

SHOWN = 5
"""Most sentences on one file."""

POSITION, ROLE, HAS_SECONDS, WHEN, WHO, READER = (
    "|position",
    "|role",
    "|has_seconds",
    "|when",
    "|who",
    "|reader",
)
"""Columns beside those of the export, called as no column of an export is."""


@dataclass(frozen=True)
class FileFacts:
    """What the rows of one file can show."""

    columns: frozenset[str]  # all that can be compared across files: not those that only count its rows
    is_exact: bool  # whether all events have seconds

    @classmethod
    def of(
        cls, events: pa.Table, rows: int, times: Callable[[], pa.ChunkedArray]
    ) -> tuple[FileFacts, np.ndarray]:
        """Look at a file's events, the number of its rows, and the events' times as they are written.

        Return also for each event whether its time has seconds.
        """
        names = set(events.column_names) - {"event_time", "cardholder_id", "line"}
        names -= {name for name in names - MEANING if _counts_rows(events[name], rows)}
        if events["reader_id"].null_count == len(events):
            names.remove("reader_id")
        says_outcome = "outcome_text" in names or pc.any(pc.not_equal(events["outcome"], "unknown")).as_py()
        names = (
            names | {"outcome_text", "kind_text"} if says_outcome else names - MEANING | names & {"reader_id"}
        )
        at = events["event_time"].cast(pa.int64()).to_numpy()
        has_seconds = at % MINUTE != 0
        whole = np.flatnonzero(~has_seconds)
        # A system that rounds to minutes may write ":00". Of another one, a row may lack them.
        if 0 < len(whole) < len(at) or len(np.unique(at[:WHOLE_MINUTES])) == len(at) < WHOLE_MINUTES:
            has_seconds[whole] = ~as_mask(
                pc.match_substring_regex(times().take(pa.array(whole)), MINUTES_ONLY)
            )
        return cls(frozenset(names), bool(has_seconds.all())), has_seconds

    @property
    def has_reader(self) -> bool:
        """Whether any event has a reader."""
        return "reader_id" in self.columns


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


class Files:
    """What is known of all files that are compared.

    Attributes
    ----------
    facts : sequence of FileFacts
    names : sequence of str
    zone : datetime.tzinfo or None
        For display.
    have_readers : bool
        Whether every file has a reader.
    order : numpy.ndarray
        Which file comes first: its event is kept. It is the one with a reader and an outcome, else the earlier one.
    """

    def __init__(self, facts: Sequence[FileFacts], names: Sequence[str], zone: tzinfo | None) -> None:
        self.facts, self.names, self.zone = facts, names, zone
        self.have_readers = all(file.has_reader for file in facts)
        says = [len(file.columns & {"reader_id", "outcome"}) for file in facts]
        self.order = np.argsort(np.argsort([-some for some in says], kind="stable"), kind="stable")


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
                said.append(f"{_rows(again)} repeated in full{then}")
        found[number] = shown[POSITION].to_numpy(), first[shown.index].to_numpy(), said
    return found


@dataclass(frozen=True)
class Found:
    """What a file has in common with those before it."""

    again: np.ndarray  # positions of its rows that repeat one of another file
    same_as: np.ndarray  # the positions of those
    equal: np.ndarray  # positions of its rows that are equal to one without being shown to be the same
    said: list[str]


class AcrossFiles:
    """The rows of several files that may be the same events, compared file by file.

    Parameters
    ----------
    rows : pandas.DataFrame
        Events with ``file`` as a number, and the columns `POSITION` and `HAS_SECONDS`; without those that repeat
        another one of their file.
    files : Files
    times : indexable by the number of a file
        The times of its events, sorted, without those of rows that it repeats.
    """

    def __init__(
        self, rows: pd.DataFrame, files: Files, times: Sequence[np.ndarray] | Mapping[int, np.ndarray]
    ) -> None:
        reader = ["reader_id"] if files.have_readers else []
        role = rows.groupby(["event_time", "cardholder_id", *reader], dropna=False, sort=False).ngroup()
        of_role = rows.groupby(role)["file"]
        several = of_role.transform("min") != of_role.transform("max")
        self._rows = rows.assign(**{ROLE: role})[several].reset_index(drop=True)
        self._role, self._file, self._position, self._at, self._has_seconds = (
            self._rows[name].to_numpy() for name in (ROLE, "file", POSITION, "event_time", HAS_SECONDS)
        )
        self._all, self._times = files, times
        self._keys: dict[frozenset[str], np.ndarray] = {}

    def numbers(self) -> list[int]:
        """Return the files that have rows in common with another one, in the order in which they come first."""
        return sorted(np.unique(self._file).tolist(), key=self._all.order.__getitem__)

    def find(self, number: int) -> Found:
        """Compare a file with those before it."""
        mine = np.flatnonzero(self._file == number)
        equal = np.full(len(mine), -1)  # the file with an equal row that is not shown to be the same
        same_as = np.full(len(mine), -1)
        said = []
        for other in self._before(number, mine) if len(mine) else ():
            waiting = same_as < 0
            if not waiting.any():
                break
            here, theirs, shown = self._compared(number, mine, other)
            equal[here[~shown]] = other
            here, theirs = (some[shown & waiting[here]] for some in (here, theirs))
            same_as[here] = self._position[theirs]
            if len(here):
                merged = (
                    f"the same as in {self._all.names[other]}, {self._span(mine[here])}, and counted once"
                )
                said.append(f"{_rows(self._rows.iloc[mine[here]])} {merged}")
        equal[same_as >= 0] = -1
        for other in np.unique(equal[equal >= 0]).tolist():
            kept_rows = _rows(self._rows.iloc[mine[equal == other]])
            said.append(f"{kept_rows} equal to rows of {self._all.names[other]}; {self._lack(number, other)}")
        position, again = self._position[mine], same_as >= 0
        return Found(position[again], same_as[again], position[equal >= 0], said)

    def _before(self, number: int, mine: np.ndarray) -> list[int]:
        """The files before this one with a row of the same time, cardholder and reader as one of these."""
        wanted = np.zeros(self._role.max() + 1, dtype=bool)
        wanted[self._role[mine]] = True
        others = self._file[wanted[self._role] & (self._all.order[self._file] < self._all.order[number])]
        return np.unique(others).tolist()

    def _compared(
        self, number: int, mine: np.ndarray, other: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Match rows of two files one to one; return which of `mine`, their rows, and whether they are the same."""
        one, two = self._all.facts[number], self._all.facts[other]
        theirs = np.flatnonzero(self._file == other)
        shared = one.columns & two.columns
        says = (one.is_exact and two.is_exact) + ("reader_id" in shared)
        here, there = self._matched(shared, mine, theirs)
        same = np.ones(len(here), dtype=bool)
        spans = self._times[number], self._times[other]
        if _overlap(self._at[mine[here]], *spans, SAME_TIMES[says]):
            return here, theirs[there], same
        if says == len(SAME_TIMES) - 1 and not shared <= MEANING:
            wide, there_too = self._matched(shared & MEANING, mine, theirs)
            if len(wide) > len(here) and _overlap(self._at[mine[wide]], *spans, DIFFERENT):
                return wide, theirs[there_too], np.ones(len(wide), dtype=bool)
        has_seconds = self._has_seconds[mine[here]] & self._has_seconds[theirs[there]]
        has_reader = self._rows["reader_id"].notna().to_numpy()[mine[here]] & ("reader_id" in shared)
        return here, theirs[there], has_seconds & has_reader

    def _matched(
        self, columns: frozenset[str], mine: np.ndarray, theirs: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Match rows that are equal in these columns, one to one: which of `mine`, and which of `theirs`."""
        keys = self._numbered(columns)
        _, here, there = np.intersect1d(keys[mine], keys[theirs], return_indices=True)
        in_order = np.argsort(here)
        return here[in_order], there[in_order]

    def _numbered(self, columns: frozenset[str]) -> np.ndarray:
        """Number the rows that are equal in these columns alike; the second such row of a file has another number."""
        if columns not in self._keys:
            compared = [ROLE, *(name for name in self._rows if name in columns)]
            alike = self._rows.groupby(compared, dropna=False, sort=False).ngroup()
            turn = self._rows.groupby(["file", alike]).cumcount()
            self._keys[columns] = (alike * (turn.max() + 1) + turn).to_numpy()
        return self._keys[columns]

    def _span(self, rows: np.ndarray) -> str:
        """When these events were."""
        ends = pd.DatetimeIndex([self._at[rows].min(), self._at[rows].max()], tz="UTC").tz_convert(
            self._all.zone
        )
        return " to ".join(dict.fromkeys(ends.strftime("%Y-%m-%d %H:%M")))

    def _lack(self, number: int, other: int) -> str:
        """Say why equal rows of two files may be different events."""
        pair = self._all.facts[number], self._all.facts[other]
        lacks = [
            what
            for what, known in (("a reader", "has_reader"), ("seconds", "is_exact"))
            if not all(getattr(one, known) for one in pair)
        ]
        return f"without {' and '.join(lacks) or 'a reader'} they may be different events, so all are kept"


def alike(
    events: pd.DataFrame, at: np.ndarray, positions: np.ndarray, files: Files
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Find events with the minute, the cardholder and the reader of one in another file, but for how it is written.

    `at` is their time, microseconds. Return the positions of those that do, and of each a number for what it shares
    (`ROLE`), for its cardholder (`WHO`) and its reader (`READER`).
    """
    who, reader = _plain(events["cardholder_id"]), _plain(events["reader_id"])
    keys = at // MINUTE
    for column in [who, reader] if files.have_readers else [who]:
        keys = keys * (column.max(initial=0) + 2) + column
    codes = (
        events["file"].cat.codes.to_numpy() if hasattr(events["file"], "cat") else events["file"].to_numpy()
    )
    few = np.flatnonzero(who >= 0)
    few = few[pd.Series(keys[few]).duplicated(keep=False).to_numpy()]
    by_key = pd.Series(codes[few]).groupby(keys[few])
    few = few[(by_key.transform("min") != by_key.transform("max")).to_numpy()]
    return positions[few], {ROLE: keys[few], WHO: who[few], READER: reader[few]}


def say_alike(
    rows: pd.DataFrame, files: Files, said: dict[int, list[str]], numbers: Iterable[int] | None = None
) -> None:
    """Say which of these rows of different files look alike, but for capitals, zeros in front, seconds and the like.

    `rows` have the columns of `alike`, and `WHEN`, microseconds. Of some files it is said, or of all.
    """
    file_of = rows["file"].to_numpy()
    for number in np.unique(file_of).tolist() if numbers is None else numbers:
        mine = rows[file_of == number]
        before = rows[(file_of < number) & rows[ROLE].isin(mine[ROLE])]
        for other in before["file"].unique().tolist():
            if len(said[number]) > SHOWN:
                break
            one, two = files.facts[number], files.facts[other]
            step = SECOND if one.is_exact and two.is_exact else MINUTE
            on = [WHEN, WHO, *([READER] if one.has_reader and two.has_reader else [])]
            mine_once, theirs_once = (
                side.assign(**{WHEN: side[WHEN] // step}).drop_duplicates(on)
                for side in (mine, before[before["file"] == other])
            )
            pairs = mine_once.merge(theirs_once, on=on, suffixes=("", "|other"))
            if len(pairs):
                said[number].append(_how_alike(pairs, one.columns & two.columns, files.names[other]))


def _how_alike(pairs: pd.DataFrame, shared: frozenset[str], other: str) -> str:
    """Say that rows of two files look alike, and in which columns they differ."""
    compared = ["event_time", "cardholder_id", *(name for name in pairs if name in shared)]
    differ = [name for name in compared if (_filled(pairs[name]) != _filled(pairs[f"{name}|other"])).any()]
    but = f" but for {', '.join(map(repr, differ[:SHOWN]))}" if differ else ""
    return f"{_rows(pairs)} like rows of {other}{but}; all are kept, so events may be counted twice"


def _filled(column: pd.Series) -> pd.Series:
    return column.astype("str").fillna("")


def _plain(column: pd.Series) -> np.ndarray:
    """Number texts, those alike that differ only in capitals and in zeros in front; a missing one is -1."""
    codes, texts = pd.factorize(column.array)
    plain = pd.factorize(np.array([str(text).casefold().lstrip("0") for text in texts], dtype=object))[0]
    return np.append(plain, -1)[codes]


def any_overlap(spans: Iterable[tuple[int, int]]) -> bool:
    """Whether any two of these stretches of time, first and last, overlap."""
    return any(two[0] <= one[1] for one, two in pairwise(sorted(spans)))


def shorten(sentences: list[str]) -> None:
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
