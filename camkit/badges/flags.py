"""What looks odd in a badge log: hints with their evidence, never verdicts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import time, tzinfo
from typing import Any

import numpy as np
import pandas as pd

from camkit.badges.door_events import checked_events, site_timezone, true_time
from camkit.badges.doors import checked_doors
from camkit.badges.identifiers import cell_text
from camkit.badges.profiles import plain
from camkit.errors import InputError, TimestampError

FLAGS = {
    "outside_hours": "outside the hours given",
    "denied_then_granted": "granted soon after the same cardholder was denied",
    "repeated_swipe": "the same cardholder at the same reader again, soon after",
    "too_fast": "at another reader sooner than one can walk there",
    "first_time_at_reader": "the cardholder's first time at this reader in the log",
    "unknown_cardholder": "no cardholder, or one who is not known",
    "two_names": "a credential that also appears with another name",
    "clock_backwards": "out of order in the reader's log: its clock was set back, or rows were moved",
}
"""Each flag in words."""

Evidence = tuple[np.ndarray, np.ndarray]
"""Positions of flagged events, and for each of them that of the event it rests on."""

WALK = "walk_s_"
"""What the doors' columns of walking seconds begin with; the reader walked to follows."""


def flag_events(
    events: pd.DataFrame,
    doors: pd.DataFrame | None = None,
    hours: tuple[str | time, str | time] | None = None,
    *,
    timezone: str | tzinfo | None = None,
    known: Iterable[str] | None = None,
    retry_s: float = 120.0,
    repeat_s: float = 30.0,
    walk_s: float = 30.0,
) -> pd.DataFrame:
    """Flag the badge events that look odd, each with the other event that makes it so.

    A flag is a place to look. People forget things, doors are held open, clocks are wrong.

    Parameters
    ----------
    events : pandas.DataFrame
        Events as `load_badges` returns them, all or some, in any order.
    doors : pandas.DataFrame, optional
        The readers, as `load_doors` returns them. The main camera's ``clock_offset_s`` is subtracted from a reader's
        times. Readers with the same ``door`` are 0 seconds apart. A column ``walk_s_R2`` holds the seconds it takes
        to walk to reader ``R2``; one of the two directions is enough.
    hours : tuple of str or datetime.time, optional
        When people are expected, such as ``("07:00", "19:00")``: the end is outside. A start after the end is a night
        shift. Without it nothing is outside hours.
    timezone : str or datetime.tzinfo, optional
        The zone of `hours`. If left out, the site's zone that `load_badges` put in ``events.attrs["timezone"]``.
    known : iterable of str, optional
        The cardholder IDs that are known, from the directory, say. Without it, every ID is.
    retry_s, repeat_s : float
        Longest time, seconds, between a denied swipe and a granted one, and between repeated swipes.
    walk_s : float
        Seconds it takes to walk from one reader to another where `doors` does not say.

    Returns
    -------
    pandas.DataFrame
        The index of `events`. For each flag a bool column, and where it rests on another event, its index label in
        ``<flag>_event`` (Int64, missing where there is no flag):

        ====================  ==========================================================  =================
        column                the event is                                                ``_event`` is
        ====================  ==========================================================  =================
        outside_hours         outside `hours`, by the clock of the site
        denied_then_granted   granted within `retry_s` after the cardholder's last        that one
                              swipe, which was denied
        repeated_swipe        the cardholder's, at the same reader within `repeat_s`       the swipe before
        too_fast              at another reader than the cardholder's last swipe,         that one
                              sooner than one can walk
        first_time_at_reader  the cardholder's first at this reader in these events
        unknown_cardholder    without a cardholder, or one not in `known`
        two_names             of a credential (or, without one, a cardholder) that        the earliest with
                              appears with another ``cardholder_name`` too                another name
        clock_backwards       earlier than the one before it in the reader's log          the one before it
        ====================  ==========================================================  =================

        ``attrs["settings"]`` has what was given: ``hours``, ``timezone``, the seconds, and how many are ``known``.

    Raises
    ------
    InputError
        If `events` lacks a column or has an index without unique whole numbers, or `hours` or the doors' walking
        seconds cannot be read.
    TimestampError
        If ``event_time`` is not aware or has gaps, or `hours` is given and the zone is not known.

    Notes
    -----
    An alarm of a door, with a ``kind`` other than ``swipe``, gets ``outside_hours`` and ``clock_backwards`` only; the
    other flags are about swipes, and look at swipes alone. In a table without ``kind`` every event is a swipe.

    Events of the same time, and ``clock_backwards``, go by ``file`` and ``line``, and by the order of `events` without
    them; the events of a file show whether its newest event is first. A file that is sorted in some other way
    gets no ``clock_backwards``.
    """
    events = _checked(events)
    rules = Rules.of(events, doors, hours, timezone, known, retry_s, repeat_s, walk_s)
    at = rules.true_time(events)
    who, where = codes(events["cardholder_id"]), codes(events["reader_id"])
    swipe = is_swipe(events)
    who[~swipe] = -1  # who opened a door from a desk did not walk there

    backwards, in_file = read_in_order(events, where)
    order = np.lexsort((*in_file, at))
    evidence, is_first = by_cardholder(events, at, who, order, rules)
    evidence["two_names"] = by_credential(events, order, swipe)
    evidence["clock_backwards"] = backwards
    flags = {
        "outside_hours": rules.outside_hours(at),
        "first_time_at_reader": is_first,
        "unknown_cardholder": rules.unknown(events),
    }
    labels = {name: (rows, events.index[others]) for name, (rows, others) in evidence.items()}
    table = flag_table(events.index, flags, labels)
    table.attrs["settings"] = dict(rules.settings)
    return table


@dataclass(frozen=True)
class Rules:
    """What `flag_events` was told, checked.

    Attributes
    ----------
    offsets : dict of str to float
        By reader, how far the clock of its main camera is ahead, seconds.
    walks : pandas.Series
        Seconds by two readers, where the doors give them.
    hours : tuple of int or None
        Seconds of the day.
    zone : datetime.tzinfo or None
        Of the hours.
    known : frozenset of str or None
        Cardholder IDs.
    settings : dict
        For ``attrs["settings"]``.
    """

    offsets: dict[str, float]
    walks: pd.Series
    hours: tuple[int, int] | None
    zone: tzinfo | None
    known: frozenset[str] | None
    retry_s: float
    repeat_s: float
    walk_s: float
    settings: Mapping[str, object]

    @classmethod
    def of(
        cls,
        events: pd.DataFrame,
        doors: pd.DataFrame | None,
        hours: tuple[str | time, str | time] | None,
        timezone: str | tzinfo | None,
        known: Iterable[str] | None,
        retry_s: float,
        repeat_s: float,
        walk_s: float,
    ) -> Rules:
        """Check what is given; of the events only the site's zone matters."""
        doors = checked_doors(pd.DataFrame(columns=["reader_id"]) if doors is None else doors)
        main = doors.drop_duplicates("reader_id")
        zone = site_timezone(events, timezone)
        ids = None if known is None else frozenset(cell_text(one) for one in known)
        settings: dict[str, object] = {
            "hours": None if hours is None else [str(hour) for hour in hours],
            "timezone": str(zone) if zone else None,
            "retry_s": retry_s,
            "repeat_s": repeat_s,
            "walk_s": walk_s,
            "known": None if ids is None else len(ids),
        }
        offsets = dict(zip(main["reader_id"], main["clock_offset_s"], strict=True))
        seconds = _hours(hours, zone)
        return cls(offsets, _walks(doors), seconds, zone, ids, retry_s, repeat_s, walk_s, settings)

    def true_time(self, events: pd.DataFrame) -> np.ndarray:
        """When the events were by the cameras' clocks, microseconds since 1970."""
        return _microseconds(true_time(events, self.offsets))

    def outside_hours(self, at: np.ndarray) -> np.ndarray:
        """Whether each of these times is outside the hours."""
        if self.hours is None:
            return np.zeros(len(at), dtype=bool)
        moment = pd.Series(at.view("datetime64[us]")).dt.tz_localize("UTC")
        second = _microseconds(moment.dt.tz_convert(self.zone).dt.tz_localize(None)) // 1_000_000 % 86_400
        start, end = self.hours
        if start <= end:
            return (second < start) | (second >= end)
        return (second < start) & (second >= end)

    def unknown(self, events: pd.DataFrame) -> np.ndarray:
        """Whether each is a swipe without a cardholder, or of one who is not known."""
        who = events["cardholder_id"]
        strangers = who.isna() if self.known is None else ~who.isin(self.known)
        return is_swipe(events) & (strangers | who.isna()).to_numpy()


def by_cardholder(
    events: pd.DataFrame, at: np.ndarray, who: np.ndarray, order: np.ndarray, rules: Rules
) -> tuple[dict[str, Evidence], np.ndarray]:
    """Flag what rests on a cardholder's other swipes; `who` is a number for each, -1 for those that do not count.

    Return the evidence, and whether each event is the first of its cardholder at its reader.
    """
    where = codes(events["reader_id"])
    granted, denied = ((events["outcome"] == outcome).to_numpy() for outcome in ("granted", "denied"))
    last_swipe = _previous(order, who)
    last_here = _previous(order, who, where)
    since_last, since_here = _seconds(at, last_swipe), _seconds(at, last_here)
    retried = granted & denied[last_swipe] & (since_last <= rules.retry_s)
    elsewhere = (where >= 0) & (where[last_swipe] >= 0) & (where != where[last_swipe])
    evidence = {
        "denied_then_granted": _rests_on(last_swipe, retried),
        "repeated_swipe": _rests_on(last_here, since_here <= rules.repeat_s),
        "too_fast": _too_fast(events["reader_id"], last_swipe, since_last, elsewhere, rules),
    }
    return evidence, (who >= 0) & (where >= 0) & (last_here < 0)


def _rests_on(before: np.ndarray, flagged: np.ndarray) -> Evidence:
    """Where events are flagged, and the position of the event before each."""
    rows = np.flatnonzero(flagged)
    return rows, before[rows]


def _previous(order: np.ndarray, *keys: np.ndarray) -> np.ndarray:
    """Position of the event before each one, in this order, with the same keys; -1 if none, or a key is missing."""
    joined, count = np.zeros(len(order), dtype=np.int64), 1
    for key in keys:
        values = int(key.max(initial=0)) + 1
        joined, count = joined * values + key, count * values
    if count > len(order):
        joined, count = pd.factorize(joined)[0], len(order)
    joined[np.logical_or.reduce([key < 0 for key in keys])] = -1
    groups = pd.Categorical.from_codes(joined[order], categories=pd.RangeIndex(count))
    before = np.empty(len(order), dtype=np.int64)
    before[order] = (
        pd.Series(order)
        .groupby(pd.CategoricalIndex(groups), observed=False, sort=False)
        .shift(1, fill_value=-1)
    )
    return before


def _seconds(at: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Seconds since the event before; infinite where there is none."""
    return np.where(before >= 0, (at - at[before]) / 1e6, np.inf)


def _hours(hours: tuple[str | time, str | time] | None, zone: tzinfo | None) -> tuple[int, int] | None:
    """The two times of day, in seconds."""
    if hours is None:
        return None
    if zone is None:
        raise TimestampError(
            "The hours are those of the doors' time zone, which is not known: name it, as in timezone='America/Denver'."
        )
    try:
        start, end = map(_seconds_of_day, hours)
    except (ValueError, TypeError) as error:
        raise InputError(
            f"The hours are {hours!r}: write two times of day, such as ('07:00', '19:00')."
        ) from error
    return start, end


def _seconds_of_day(hour: str | time) -> int:
    at = hour if isinstance(hour, time) else time.fromisoformat(hour)
    if at.tzinfo is not None:
        raise ValueError("the time zone is said elsewhere")
    return at.hour * 3600 + at.minute * 60 + at.second


def _too_fast(
    reader: pd.Series,
    before: np.ndarray,
    since: np.ndarray,
    elsewhere: np.ndarray,
    rules: Rules,
) -> Evidence:
    """The events where the one before is at another reader and too near in time for the walk."""
    rows = np.flatnonzero(elsewhere & (since < max([rules.walk_s, *rules.walks])))
    pairs = pd.MultiIndex.from_arrays([reader.iloc[before[rows]], reader.iloc[rows]])
    needed = rules.walks.reindex(pairs).fillna(rules.walk_s).to_numpy()
    rows = rows[since[rows] < needed]
    return rows, before[rows]


def _walks(doors: pd.DataFrame) -> pd.Series:
    """Seconds from reader to reader, where the doors give them."""
    seconds = doors.set_index("reader_id").filter(regex=f"^{WALK}")
    seconds.columns = seconds.columns.str.removeprefix(WALK)
    try:
        given = pd.Series(seconds.replace("", pd.NA).stack().dropna().astype(float))
    except ValueError as error:
        raise InputError(
            f"The doors file has something other than a number of seconds in a column {WALK}...: {error}."
        ) from error
    door = doors.reindex(columns=["reader_id", "door"]).dropna().drop_duplicates("reader_id")
    one_door = pd.MultiIndex.from_frame(door.merge(door, on="door")[["reader_id_x", "reader_id_y"]])
    walks = pd.concat([given, given.swaplevel(), pd.Series(0.0, index=one_door)])
    return walks.loc[~walks.index.duplicated()]


def by_credential(events: pd.DataFrame, order: np.ndarray, swipe: np.ndarray) -> Evidence:
    """The events with a credential that appears with another name too, and the earliest of those."""
    if "cardholder_name" not in events:
        return np.array([], int), np.array([], int)
    credential = events["cardholder_id"]
    if "credential" in events:
        credential = events["credential"].fillna(credential)
    name = events["cardholder_name"].map(plain, na_action="ignore")
    swipes = pd.DataFrame({"card": codes(credential), "name": codes(name), "at": np.arange(len(events))})
    swipes = swipes.iloc[order]
    swipes = swipes[(swipes["card"] >= 0) & (swipes["name"] >= 0) & swipe[swipes["at"]]]
    first = swipes.groupby("card").transform("first")
    differs = swipes["name"] != first["name"]
    earliest_other = swipes["at"].where(differs).groupby(swipes["card"]).transform("first")
    other = first["at"].where(differs, earliest_other).dropna().astype(int)
    return other.index.to_numpy(), other.to_numpy()


def read_in_order(events: pd.DataFrame, where: np.ndarray) -> tuple[Evidence, tuple[np.ndarray, ...]]:
    """Read each file in the direction in which its readers' clocks mostly go on.

    Return the events that are earlier than the one before them in their reader's log, with that one; and the keys, the
    last one first, that put events of the same time in order.
    """
    by_reader = _microseconds(events["event_time"])
    file = codes(events["file"]) + 1 if "file" in events else np.zeros(len(events), dtype=int)
    line = events["line"].to_numpy() if "line" in events else np.arange(len(events))
    files = file.max(initial=0) + 1

    def steps(line: np.ndarray, *keys: np.ndarray) -> tuple[Evidence, np.ndarray, np.ndarray]:
        before = _previous(np.lexsort((line, file)), *keys)
        back = (before >= 0) & (by_reader < by_reader[before])
        on = (before >= 0) & (by_reader > by_reader[before])
        return (
            _rests_on(before, back),
            np.bincount(file[back], minlength=files),
            np.bincount(file[on], minlength=files),
        )

    evidence, back, on = steps(line, file, where)
    newest_first = back > on
    undecided = (back == on) & (np.bincount(file, minlength=files) > 1)
    if undecided.any():  # its readers do not show the order of a file: all of its events do
        _, file_back, file_on = steps(line, file)
        newest_first |= undecided & (file_back > file_on)
    if newest_first.any():
        evidence, back, on = steps(np.where(newest_first[file], -line, line), file, where)
    in_no_order = (back > 10) & (back > on / 10)
    rows, before = evidence
    known = ~in_no_order[file[rows]]
    turned = newest_first & ~in_no_order
    line = np.where(turned[file], -line, line) if turned.any() else line
    return (rows[known], before[known]), (line, file) if "line" in events else ()


def flag_table(
    index: pd.Index, flags: Mapping[str, np.ndarray], evidence: Mapping[str, tuple[np.ndarray, Any]]
) -> pd.DataFrame:
    """Put the flags in their order; of those that rest on another event, the positions and the labels of the others."""
    columns: dict[str, object] = {}
    for name in FLAGS:
        if name in flags:
            columns[name] = flags[name]
            continue
        rows, others = evidence[name]
        flagged, label = np.zeros(len(index), dtype=bool), np.zeros(len(index), dtype="int64")
        flagged[rows], label[rows] = True, others
        columns[name] = flagged
        columns[f"{name}_event"] = pd.arrays.IntegerArray(label, ~flagged)
    return pd.DataFrame(columns, index=index, copy=False)


def _checked(events: pd.DataFrame) -> pd.DataFrame:
    """Return the events with their identifiers as text; refuse what are not events."""
    events = checked_events(events, "outcome")
    if not pd.api.types.is_integer_dtype(events.index) or not events.index.is_unique:
        raise InputError(
            "The events are not numbered, or two have the same number, so no flag could say which it means: take them "
            "from one log (log.events), with the numbers that they have there."
        )
    if events["event_time"].hasnans:
        raise TimestampError("Some of the events have no time: leave them out.")
    return events


def is_swipe(events: pd.DataFrame) -> np.ndarray:
    """Whether each event is a swipe, rather than an alarm of a door; in a table that does not say, all are."""
    return (
        (events["kind"].fillna("swipe") == "swipe").to_numpy()
        if "kind" in events
        else np.ones(len(events), dtype=bool)
    )


def codes(values: pd.Series) -> np.ndarray:
    """A number for each different value; -1 where it is missing."""
    return pd.factorize(values)[0]


def _microseconds(moment: pd.Series) -> np.ndarray:
    return moment.dt.as_unit("us").astype("int64").to_numpy()
