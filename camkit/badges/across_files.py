"""Which events of one export are the same as those of another one, where that can be shown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from camkit.badges.file_facts import HAS_SECONDS, MEANING, POSITION, ROLE, Files, count_rows

SAME_TIMES = {2: 1, 1: 3, 0: 10}
"""At how many different times at least two files must have the same rows to overlap, by how many of seconds and reader
they have. The less a row says, the more rows are needed: a cardholder may pass two doors in the same minute."""

DIFFERENT = 2
"""The same, where rows have a reader and seconds, and differ in columns without a role."""


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
                said.append(f"{count_rows(self._rows.iloc[mine[here]])} {merged}")
        equal[same_as >= 0] = -1
        for other in np.unique(equal[equal >= 0]).tolist():
            kept_rows = count_rows(self._rows.iloc[mine[equal == other]])
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
