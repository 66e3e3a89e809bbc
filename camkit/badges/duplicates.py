"""Tell events that say the same as an earlier one: where exports overlap, rows come twice."""

from __future__ import annotations

import numpy as np
import pandas as pd


def set_duplicates_apart(events: pd.DataFrame, columns: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split events into those kept and their duplicates, which say the same in these columns.

    Both get a RangeIndex. The duplicates have ``same_as``: the index of the kept event that says the same.
    """
    # Few events share their time, and only those are compared in full.
    candidates = events.loc[_shares_its_time(events["event_time"]), columns]
    groups = candidates.groupby(columns, sort=False, dropna=False, observed=True).ngroup()
    first = candidates.index.to_series().groupby(groups).transform("first")
    again = first[first != first.index]
    duplicates = events.loc[again.index].reset_index(drop=True)
    # A kept event moves up by the number of duplicates before it.
    duplicates["same_as"] = (again - np.searchsorted(again.index, again)).to_numpy(dtype="int64")
    kept = events.drop(index=again.index).reset_index(drop=True) if len(again) else events
    return kept, duplicates


def _shares_its_time(times: pd.Series) -> np.ndarray:
    """Whether each event has the time of another one; in a log in order that is one of its neighbours."""
    if times.is_monotonic_increasing or times.is_monotonic_decreasing:
        at = times.dt.tz_localize(None).to_numpy()
        shares = np.zeros(len(at), dtype=bool)
        shares[1:] = at[1:] == at[:-1]
        shares[:-1] |= shares[1:]
        return shares
    return times.duplicated(keep=False).to_numpy()
