"""Find badge events again in a newer export, by their time, cardholder, reader and outcome: the rows may have moved."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from camkit.badges.door_events import NEEDED
from camkit.badges.log import BadgeLog
from camkit.errors import InputError

IDENTITY = (*NEEDED, "outcome")
"""The columns by which an event is found again."""


def find_events(events: pd.DataFrame, wanted: pd.DataFrame) -> pd.Series:
    """Find the events that have the same `IDENTITY` as the wanted ones.

    Parameters
    ----------
    events : pandas.DataFrame
        Badge events, with unique labels.
    wanted : pandas.DataFrame
        The columns `IDENTITY`, and perhaps ``number``: which one it is of those that are equal in them, counted from 0.
        Without it they are counted in their order.

    Returns
    -------
    pandas.Series
        For each of the wanted, the label of the event in `events`; missing where it is not there. Of dtype object.
    """
    near = identities(events[events["event_time"].isin(wanted["event_time"])])
    keys = identities(wanted).assign(**wanted.filter(["number"]))
    found = keys.merge(near.assign(label=near.index.to_numpy(object)), on=[*IDENTITY, "number"], how="left")
    return found["label"].set_axis(wanted.index)


def identities(events: pd.DataFrame) -> pd.DataFrame:
    """Return the columns `IDENTITY`, a missing text as an empty one, and ``number``, counted among equal ones."""
    table = pd.DataFrame({"event_time": events["event_time"].dt.as_unit("us")}, index=events.index)
    for name in IDENTITY[1:]:
        table[name] = events[name].astype(object).where(events[name].notna(), "").map(str)
    return table.assign(number=table.groupby(list(IDENTITY), dropna=False).cumcount())


def are_different(events: pd.DataFrame, known: pd.DataFrame) -> np.ndarray:
    """Return for each of the known events whether its label is that of another event, or of none, in `events`."""
    theirs = events[list(NEEDED)].reindex(known.index)
    same = known["event_time"].eq(theirs["event_time"])
    for name in NEEDED[1:]:
        same &= known[name].astype("string").fillna("").eq(theirs[name].astype("string").fillna(""))
    return ~same.to_numpy(bool)


def renumbered(log: BadgeLog, known: pd.DataFrame) -> BadgeLog:
    """Return the log with the labels that its events have elsewhere.

    Parameters
    ----------
    log : BadgeLog
        Perhaps of an export that has grown since.
    known : pandas.DataFrame
        Events of an earlier reading, such as `Case.events`, indexed by their labels.

    Returns
    -------
    BadgeLog
        The same log if the labels are the same. Else the known events have theirs, and an event whose label one of
        them has got has a new one.

    Raises
    ------
    InputError
        If one of the known events is not in the log.
    """
    moved = known[are_different(log.events, known)]
    if moved.empty:
        return log
    labels = log.events.index
    found = find_events(log.events.drop(index=known.index.difference(moved.index)), moved)
    if found.isna().any() or not pd.api.types.is_integer_dtype(known.index):
        raise InputError(
            f"{int(found.isna().sum()) or len(moved):,} of the case's {len(known):,} events are not in this badge log: "
            "the case was made with another export, or with another time zone. Choose another folder for the case of "
            "this one, or correct TIMEZONE."
        )
    places = labels.get_indexer(pd.Index(found))
    new = labels.to_numpy("int64", copy=True)
    new[places] = moved.index.to_numpy("int64")
    taken = np.isin(new, moved.index.to_numpy("int64"))
    taken[places] = False
    new[taken] = max(new.max(), labels.max()) + 1 + np.arange(taken.sum())
    kept_as = pd.Series(new, labels)
    duplicates = log.duplicates
    if len(duplicates):
        duplicates = duplicates.assign(same_as=duplicates["same_as"].map(kept_as))
    return replace(log, events=log.events.set_axis(pd.Index(new)), duplicates=duplicates)
