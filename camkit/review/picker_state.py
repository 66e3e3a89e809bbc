"""Which events are picked, and which are shown during a search: the state behind `EventPicker`."""

from __future__ import annotations

import re
from collections.abc import Collection, Hashable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

import numpy as np
import pandas as pd

from camkit.badges import NEEDED, require_events, site_timezone
from camkit.errors import InputError, TimestampError

MISSING = "(none)"
"""Stands for a missing reader or outcome in the lists to choose from."""

LISTED = 5000
"""The most rows shown at once: with more, a browser's table gets slow."""


@dataclass(frozen=True)
class Filters:
    """What an event must match to be shown; an empty field matches every event.

    Attributes
    ----------
    start, end : datetime.datetime, optional
        From `start`, included, to `end`, excluded; both UTC-aware.
    cardholder : str
        Part of a cardholder's number or name; several are separated by commas, any may match.
    readers, outcomes : collection of str
        Any of these.
    text : str
        Part of any other cell.
    """

    start: datetime | None = None
    end: datetime | None = None
    cardholder: str = ""
    readers: Collection[str] = ()
    outcomes: Collection[str] = ()
    text: str = ""


class PickState:
    """Events, filters, and picks that survive the filters.

    Parameters and exceptions are those of `EventPicker`. Of the events, the columns ``event_time`` (UTC-aware),
    ``cardholder_id``, ``reader_id`` and ``outcome`` are needed; there may be any more.

    Attributes
    ----------
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
    ) -> None:
        require_events(events, "outcome")
        self.events = events
        self.zone = site_timezone(events, timezone) or UTC
        self._is_picked = _default_picks(events, default)
        self.show(Filters())

    @property
    def picked(self) -> pd.DataFrame:
        """The picked rows of `events`, in its order, with all columns and labels."""
        return self.events[self._is_picked]

    def show(self, filters: Filters) -> None:
        """Show the events that match the filters; the picks stay as they are."""
        self.matching = np.flatnonzero(_match(self.events, filters))
        self.shown = self.matching[:LISTED]

    def table(self) -> pd.DataFrame:
        """Return the shown events for display: local times, text, empty cells for missing values."""
        events = self.events.iloc[self.shown]
        columns = events.drop(columns="event_time").astype("string").fillna("")
        if "file" in columns and self.events["file"].nunique() < 2:
            columns = columns.drop(columns="file")  # one file for all says nothing
        local = events["event_time"].dt.tz_convert(self.zone).dt.strftime("%Y-%m-%d %H:%M:%S %Z")
        columns.insert(0, "time", local.fillna(""), allow_duplicates=True)
        return columns

    def local(self, moment: pd.Timestamp) -> str:
        """Write a time in the site's zone, to the minute; empty for a missing one."""
        return "" if pd.isna(moment) else f"{moment.tz_convert(self.zone):%Y-%m-%d %H:%M}"

    def picked_in_table(self) -> list[int]:
        """Return the rows of the table that are picked."""
        return np.flatnonzero(self._is_picked[self.shown]).tolist()

    def pick_in_table(self, rows: Iterable[int]) -> None:
        """Pick these rows of the table and no others of it; picks that the filters hide stay."""
        self._is_picked[self.shown] = False
        self._is_picked[self.shown[list(rows)]] = True

    def clear(self) -> None:
        """Pick nothing, hidden events included."""
        self._is_picked[:] = False

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
            ``2019-04-12``, ``2019-04-12 14:20`` or another ISO 8601 form; empty for no limit.
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
        text = text.strip()
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
    ours = begun[list(NEEDED)]
    theirs = events[list(NEEDED)].reindex(ours.index)
    text = [name for name in NEEDED if name != "event_time"]
    same = ours["event_time"].eq(theirs["event_time"])
    for name in text:
        same &= ours[name].astype("string").fillna("").eq(theirs[name].astype("string").fillna(""))
    if not same.all():
        raise InputError(
            f"{int((~same).sum()):,} of the case's {len(ours):,} events are not in this badge log: the case was made "
            "with another export, or with another time zone. Choose another folder for the case of this one, or "
            "correct TIMEZONE."
        )


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


def _match(events: pd.DataFrame, filters: Filters) -> np.ndarray:
    """Return which events match the filters."""
    matches = np.ones(len(events), dtype=bool)
    if filters.start is not None:
        matches &= (events["event_time"] >= filters.start).to_numpy()
    if filters.end is not None:
        matches &= (events["event_time"] < filters.end).to_numpy()
    if filters.readers:
        matches &= choices(events["reader_id"]).isin(filters.readers).to_numpy()
    if filters.outcomes:
        matches &= choices(events["outcome"]).isin(filters.outcomes).to_numpy()
    people = [part.strip() for part in filters.cardholder.split(",") if part.strip()]
    if people:
        who = events[events.columns.intersection(["cardholder_id", "cardholder_name"])]
        matches &= np.logical_or.reduce([_contain(who, part) for part in people])
    if filters.text.strip():
        matches &= _contain(events.drop(columns="event_time"), filters.text.strip())
    return matches


def _contain(cells: pd.DataFrame, part: str) -> np.ndarray:
    """Return which rows have the text in one of their cells, in upper or lower case."""
    columns = [column.astype("string").fillna("") for _, column in cells.items()]
    hits = [column.str.contains(part, case=False, regex=False).to_numpy(bool) for column in columns]
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
