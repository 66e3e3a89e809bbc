"""Rows of several exports that look alike, without being shown to be the same events: what is said of them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import pandas as pd

from camkit.badges.file_facts import MINUTE, READER, ROLE, SECOND, WHEN, WHO, Files, count_rows

SHOWN = 5
"""Most sentences on one file."""


def as_written_anyhow(identifier: object) -> str:
    """Return an identifier without what may be written in two ways: capitals, and zeros in front."""
    return str(identifier).casefold().lstrip("0")


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
    return f"{count_rows(pairs)} like rows of {other}{but}; all are kept, so events may be counted twice"


def _filled(column: pd.Series) -> pd.Series:
    return column.astype("str").fillna("")


def _plain(column: pd.Series) -> np.ndarray:
    """Number texts, those alike that differ only in capitals and in zeros in front; a missing one is -1."""
    codes, texts = pd.factorize(column.array)
    plain = pd.factorize(np.array([as_written_anyhow(text) for text in texts], dtype=object))[0]
    return np.append(plain, -1)[codes]


def any_overlap(spans: Iterable[tuple[int, int]]) -> bool:
    """Whether any two of these stretches of time, first and last, overlap."""
    return any(two[0] <= one[1] for one, two in pairwise(sorted(spans)))


def shorten(sentences: list[str]) -> None:
    """Keep as many sentences as a reader takes in."""
    if len(sentences) > SHOWN:
        sentences[SHOWN:] = ["more files have rows in common with it, which are not named here"]
