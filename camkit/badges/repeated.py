"""Tell by a file's order which local times belong to the first and the second pass of an hour that comes twice."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd


def passes(
    wall: np.ndarray, repeated: np.ndarray, sorted_by: Sequence[np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    """Tell which of the repeated local times surely are of the first pass, and which of the second.

    A file in order of time goes back once in that hour. But so may one that is sorted by reader, say, where one reader
    follows on another: there, each reader's own rows must prove it.

    Parameters
    ----------
    wall : numpy.ndarray
        datetime64[us], local times in the file's order.
    repeated : numpy.ndarray
        bool, whether the time is in an hour that comes twice.
    sorted_by : sequence of numpy.ndarray
        Columns that the rows may be sorted by, as a number for each different value.
    """
    first, second = np.zeros_like(repeated), np.zeros_like(repeated)
    waiting = [np.arange(len(wall))]
    while waiting:
        rows = waiting.pop()
        if not repeated[rows].any():
            continue
        borders = _borders(wall[rows], [column[rows] for column in sorted_by])
        if len(borders):
            waiting += np.split(rows, borders)
        else:
            first[rows], second[rows] = _by_order_of_time(wall[rows], repeated[rows])
    return first, second


def _borders(wall: np.ndarray, columns: list[np.ndarray]) -> np.ndarray:
    """Where one value follows on another within a day, in columns by which each day's rows may be sorted.

    That is so if no value comes back on the same day; and if each row has a value of its own, that tells nothing.
    """
    day = wall.astype("datetime64[D]").astype("int64")
    borders = np.zeros(max(len(wall) - 1, 0), dtype=bool)
    for column in columns:
        stretch = day * (column.max(initial=0) + 1) + column
        changes = stretch[1:] != stretch[:-1]
        if changes.sum() + 1 == len(pd.unique(stretch)) < len(wall):
            borders |= changes & (day[1:] == day[:-1])
    return np.flatnonzero(borders) + 1


def _by_order_of_time(wall: np.ndarray, repeated: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Tell the passes of rows that are in order of time everywhere else, and go back once in that hour; or none."""
    first, second = np.zeros_like(repeated), np.zeros_like(repeated)
    zero = np.timedelta64(0)
    steps = np.diff(wall)
    elsewhere = steps[~(repeated[1:] & repeated[:-1])]
    if (elsewhere <= zero).all() and (elsewhere < zero).any():  # newest first
        first[:], second[:] = (it[::-1] for it in _by_order_of_time(wall[::-1], repeated[::-1]))
        return first, second
    if not ((elsewhere >= zero).all() and (elsewhere > zero).any()):
        return first, second
    rows = np.flatnonzero(repeated)
    for run in np.split(rows, np.flatnonzero(np.diff(rows) > 1) + 1):
        back = np.flatnonzero(np.diff(wall[run]) < zero)
        if len(back) == 1:
            first[run[: back[0] + 1]] = True
            second[run[back[0] + 1 :]] = True
    return first, second
