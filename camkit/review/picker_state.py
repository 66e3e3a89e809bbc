"""Which events are picked, and which are shown during a search: the state behind `EventPicker`."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

import numpy as np
import pandas as pd

from camkit.badges import FLAGS, are_different, require_events, site_timezone
from camkit.errors import InputError, TimestampError
from camkit.review.picks import KeptPicks

DOTTED = re.compile(r"^(\d{1,2})\.(\d{1,2})\.(\d{4})\b")
"""A date with dots, which has the day first everywhere."""

MISSING = "(none)"
"""Stands for a missing reader or outcome, and for no flag, in the lists to choose from."""

LISTED = 2000
"""The most rows shown at once: they go to the browser with each change of a filter, half a megabyte of them."""


@dataclass(frozen=True)
class Filters:
    """What an event must match to be shown; an empty field matches every event.

    Attributes
    ----------
    start, end : datetime.datetime, optional
        From `start`, included, to `end`, excluded; both UTC-aware.
    cardholder : str
        Part of a cardholder's number or name; several are separated by commas, any may match.
    readers, outcomes, kinds : collection of str
        Any of these.
    flags : collection of str
        Any of these, in words.
    text : str
        Part of any other cell.
    undecided : bool
        Nobody has decided on it.
    """

    start: datetime | None = None
    end: datetime | None = None
    cardholder: str = ""
    readers: Collection[str] = ()
    outcomes: Collection[str] = ()
    text: str = ""
    kinds: Collection[str] = ()
    flags: Collection[str] = ()
    undecided: bool = False


class PickState:
    """Events, filters, and picks that survive the filters.

    Parameters and exceptions are those of `EventPicker`. Of the events, the columns ``event_time`` (UTC-aware),
    ``cardholder_id``, ``reader_id`` and ``outcome`` are needed; there may be any more.

    Parameters
    ----------
    keep : KeptPicks, optional
        Where the picks are kept.
    decided : callable, optional
        Returns the labels of the events on which somebody has decided.

    Attributes
    ----------
    names : dict of str to str
        The directory's names by number, those that are known so far.
    found, not_found : int
        How many of the kept picks are among the events, and how many are not.
    matching : numpy.ndarray
        Positions of the events that match the filters.
    shown : numpy.ndarray
        Positions of the events in the table: the first `LISTED` of those that match.
    """

    def __init__(
        self,
        events: pd.DataFrame,
        default: pd.DataFrame | int | Iterable[Hashable] | None = None,
        timezone: tzinfo | str | None = None,
        *,
        begun: pd.DataFrame | None = None,
        flags: pd.DataFrame | None = None,
        keep: KeptPicks | None = None,
        decided: Callable[[], pd.Index] = lambda: pd.Index([]),
    ) -> None:
        require_events(events, "outcome")
        self.events = events
        self.zone = site_timezone(events, timezone) or UTC
        self.names: dict[str, str] = {}
        self.found = self.not_found = 0
        self._flags = None if flags is None else _flags_of(events, flags)
        self._keep, self._decided = keep, decided
        before = self._picked_before(begun)
        self._is_picked = _default_picks(events, default) if before is None else before
        self.show(Filters())

    def _picked_before(self, begun: pd.DataFrame | None) -> np.ndarray | None:
        """Return which events are in the case or among the kept picks; None without either."""
        kept = self._keep.positions(self.events) if self._keep is not None else None
        in_case = begun is not None and not begun.empty
        if kept is None and not in_case:
            return None
        picked = np.zeros(len(self.events), dtype=bool)
        if kept is not None:
            places, self.not_found = kept
            self.found = len(places)
            picked[places] = True
        if begun is not None and in_case:
            check_same_log(self.events, begun)
            picked |= self.events.index.isin(begun.index)
        return picked

    @property
    def picked(self) -> pd.DataFrame:
        """The picked rows of `events`, in its order, with all columns and labels."""
        return self.events.loc[self._is_picked]

    def show(self, filters: Filters) -> None:
        """Show the events that match the filters; the picks stay as they are."""
        matches = _match(self.events, filters, self.names)
        if filters.flags and self._flags is not None:
            chosen = self._flags.columns.intersection(list(filters.flags))
            unflagged = MISSING in filters.flags and ~self._flags.any(axis=1)
            matches &= (self._flags[chosen].any(axis=1) | unflagged).to_numpy()
        if filters.undecided:
            matches &= ~self.events.index.isin(self._decided())
        self.matching = np.flatnonzero(matches)
        self.shown = self.matching[:LISTED]

    @property
    def flags(self) -> list[str] | None:
        """The flags that some event has, in words, and `MISSING`; None if it is not known which have one."""
        if self._flags is None:
            return None
        return [*self._flags.columns[self._flags.any()], MISSING]

    @property
    def has_names(self) -> bool:
        """Whether the log or the directory gives a name."""
        in_log = "cardholder_name" in self.events and bool(self.events["cardholder_name"].notna().any())
        return in_log or any(self.names.values())

    def nameless(self, limit: int) -> list[str]:
        """Return the first numbers in the table of which it is not known what name the directory has."""
        shown = self.events["cardholder_id"].iloc[self.shown].dropna().astype(str).unique()
        return [number for number in shown if number not in self.names][:limit]

    def table(self) -> pd.DataFrame:
        """Return the shown events for display: local times, text, empty cells for missing values."""
        events = self.events.iloc[self.shown]
        columns = events.drop(columns="event_time").astype("string").fillna("")
        if "file" in columns and self.events["file"].nunique() < 2:
            columns = columns.drop(columns="file")  # one file for all says nothing
        local = events["event_time"].dt.tz_convert(self.zone).dt.strftime("%Y-%m-%d %H:%M:%S %Z")
        if self.names:
            names = events["cardholder_id"].map(self.names).fillna("")
            place = [*columns].index("cardholder_id") + 1
            columns.insert(place, "name in directory", names, allow_duplicates=True)
        columns.insert(0, "time", local.fillna(""), allow_duplicates=True)
        if self._flags is not None:
            raised = self._flags.iloc[self.shown]
            words = ["; ".join(raised.columns[row]) for row in raised.to_numpy(bool)]
            columns.insert([*columns].index("outcome") + 1, "flags", words, allow_duplicates=True)
        return columns

    def local(self, moment: pd.Timestamp) -> str:
        """Write a time in the site's zone, to the minute; empty for a missing one."""
        return "" if pd.isna(moment) else f"{moment.tz_convert(self.zone):%Y-%m-%d %H:%M}"

    def picked_in_table(self) -> list[int]:
        """Return the rows of the table that are picked."""
        return np.flatnonzero(self._is_picked[self.shown]).tolist()

    def pick_in_table(self, rows: Iterable[int]) -> None:
        """Pick these rows of the table and no others of it; picks that the filters hide stay.

        Raises
        ------
        InputError, OutputError
            If the picks cannot be kept. They are picked all the same.
        """
        picked = self._is_picked.copy()
        picked[self.shown] = False
        picked[self.shown[list(rows)]] = True
        self._pick(picked)

    def clear(self) -> None:
        """Pick nothing, hidden events included; raises what `pick_in_table` raises."""
        self._pick(np.zeros(len(self.events), dtype=bool))

    def _pick(self, picked: np.ndarray) -> None:
        before, self._is_picked = self._is_picked, picked
        if self._keep is not None and (before != picked).any():
            self._keep.change(self.events, before, picked)

    def summary(self) -> str:
        """Say how many events are picked and shown."""
        picked = int(self._is_picked.sum())
        hidden = picked - len(self.picked_in_table())
        line = f"{picked:,} of {len(self.events):,} events picked, {len(self.shown):,} shown"
        if hidden:
            line += f"; {hidden:,} of the picked not shown"
        if len(self.shown) < len(self.matching):
            line += f"; {len(self.matching):,} match, narrow the filters to see the rest"
        return line

    def read_time(self, text: str, *, is_end: bool = False) -> datetime | None:
        """Read a typed time, in the site's zone unless it carries an offset.

        Parameters
        ----------
        text : str
            ``2019-04-12``, ``2019-04-12 14:20`` or another ISO 8601 form, or with dots and the day first, as in
            ``12.04.2019 14:20``; empty for no limit.
        is_end : bool
            Whether the time ends a range: then the day, hour, minute or second that it names lies within.

        Returns
        -------
        datetime.datetime or None
            In UTC; the first moment of what is named, or with `is_end` the first moment after it.

        Raises
        ------
        TimestampError
            If it cannot be read as a time, or a clock change skips or repeats it.
        """
        text = DOTTED.sub(lambda found: f"{found[3]}-{found[2]:0>2}-{found[1]:0>2}", text.strip())
        if not text:
            return None
        try:
            if _is_date(text):
                first = date.fromisoformat(text)
                day = first + timedelta(days=1) if is_end else first
                return datetime.combine(day, time(), self.zone).astimezone(UTC)
            moment = self._place(datetime.fromisoformat(text), text)
            return moment + _length(text) if is_end else moment
        except TimestampError:
            raise
        except (ValueError, OverflowError):
            message = f"{text!r} is not a time: write it like 2019-04-12 or 2019-04-12 14:20."
            raise TimestampError(message) from None

    def _place(self, moment: datetime, text: str) -> datetime:
        """Convert a time to UTC, if the site's clock shows it exactly once."""
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
        early, late = (moment.replace(tzinfo=self.zone, fold=fold).astimezone(UTC) for fold in (0, 1))
        if early != late:
            what = "repeats" if early < late else "skips"
            raise TimestampError(
                f"{text!r} is in the hour that a clock change {what}: add its offset, as in 01:30-06:00."
            )
        return early


def choices(column: pd.Series) -> pd.Series:
    """Return a column's values as they are in the lists to choose from."""
    return column.astype("string").fillna(MISSING)


def check_same_log(events: pd.DataFrame, begun: pd.DataFrame) -> None:
    """Make sure that a case's events are those of the same labels in a log; `InputError` if it is of another one."""
    others = int(are_different(events, begun).sum())
    if others:
        raise InputError(
            f"{others:,} of the case's {len(begun):,} events do not have the same number in this badge log: give the "
            "picker the log with the case's numbers, case.numbered(log)."
        )


def _flags_of(events: pd.DataFrame, flags: pd.DataFrame) -> pd.DataFrame:
    """Return the flags of these events, in words."""
    raised = flags.select_dtypes("bool").rename(columns=FLAGS)
    if raised.index.equals(events.index):
        return raised
    if not events.index.isin(raised.index).all():
        raise InputError("The flags do not cover all of the events: use flag_events() on the same events.")
    return raised.loc[events.index]


def _default_picks(
    events: pd.DataFrame, default: pd.DataFrame | int | Iterable[Hashable] | None
) -> np.ndarray:
    """Return which events are picked at the start."""
    if default is None:
        return np.zeros(len(events), dtype=bool)
    if isinstance(default, int | np.integer):
        return np.arange(len(events)) < default
    labels = pd.Index(default.index if isinstance(default, pd.DataFrame) else list(default))
    unknown = labels[~labels.isin(events.index)]
    if len(unknown):
        raise InputError(f"The default picks are not among the events: {', '.join(map(str, unknown[:5]))}.")
    return events.index.isin(labels)


def _match(events: pd.DataFrame, filters: Filters, names: Mapping[str, str]) -> np.ndarray:
    """Return which events match the filters."""
    matches = np.ones(len(events), dtype=bool)
    if filters.start is not None:
        matches &= (events["event_time"] >= filters.start).to_numpy()
    if filters.end is not None:
        matches &= (events["event_time"] < filters.end).to_numpy()
    chosen = {"reader_id": filters.readers, "outcome": filters.outcomes, "kind": filters.kinds}
    for name, values in chosen.items():
        if values:
            column = events[name].astype("string")
            matches &= (column.isin(values) | (column.isna() & (MISSING in values))).to_numpy(bool)
    people = [part.strip() for part in filters.cardholder.split(",") if part.strip()]
    if people:
        who = events[events.columns.intersection(["cardholder_id", "cardholder_name"])]
        if names:
            who = who.assign(directory=events["cardholder_id"].map(names))
        matches &= np.logical_or.reduce([_contain(who, part) for part in people])
    if filters.text.strip():
        matches &= _contain(events.drop(columns="event_time"), filters.text.strip())
    return matches


def _contain(cells: pd.DataFrame, part: str) -> np.ndarray:
    """Return which rows have the text in one of their cells, in upper or lower case."""
    columns = [column.astype("string") for _, column in cells.items()]
    hits = [column.str.contains(part, case=False, regex=False, na=False).to_numpy(bool) for column in columns]
    return np.logical_or.reduce(hits)


def _length(text: str) -> timedelta:
    """Return how long what the text names lasts: an hour, a minute or a second."""
    clock = re.search(r"[Tt ]\d\d(?P<minute>:?\d\d)?(?P<second>:?\d\d)?", text)
    if clock is None or clock["second"]:
        return timedelta(seconds=1)
    return timedelta(minutes=1) if clock["minute"] else timedelta(hours=1)


def _is_date(text: str) -> bool:
    """Return whether it names a day without a time of day."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
