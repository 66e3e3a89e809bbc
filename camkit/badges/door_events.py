"""Badge events resolved: each with its door, its cameras and its time by their clocks."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cached_property
from typing import overload

import numpy as np
import pandas as pd

from camkit.badges.doors import Camera, Door, doors_by_reader
from camkit.badges.identifiers import column_text
from camkit.badges.sentences import SHOWN, and_more, counted
from camkit.errors import InputError, TimestampError
from camkit.support.timezones import as_zone

NEEDED = ("event_time", "cardholder_id", "reader_id")
"""The columns without which an event says nothing."""

TEXTS = ("cardholder_id", "reader_id", "outcome", "cardholder_name", "credential")
"""The columns of text that are interpreted."""

WHOLE = "take them from the log as they are, as in log.events"


ALARMS = {
    "forced": "door forced open",
    "held": "door held open",
    "rex": "opened by the exit button",
    "operator": "opened by an operator",
}
"""What happened at a door besides a swipe, in words."""


@dataclass(frozen=True)
class DoorEvent:
    """One badge event and the door it was at.

    Attributes
    ----------
    event_id : hashable
        The event's label in the index of the events.
    event_time : datetime.datetime or None
        By the reader's clock, UTC-aware; None where the log has none.
    true_time : datetime.datetime or None
        By the main camera's clock: `event_time` minus its clock offset. Without a door, `event_time`.
    outcome : str
        What the reader did: ``granted``, ``denied`` or ``unknown``; empty where the log does not say.
    cardholder_id, reader_id : str
        As in the log; empty where they are missing.
    door : Door or None
        None where the reader is not in the doors table.
    timezone : datetime.tzinfo
        The site's zone, in which times are shown.
    cardholder_name : str
        As in the log; empty where it has none.
    kind : str
        ``swipe``, or the alarm that it is, as `load_badges` says it.
    """

    event_id: Hashable
    event_time: datetime | None
    true_time: datetime | None
    outcome: str
    cardholder_id: str
    reader_id: str
    door: Door | None
    timezone: tzinfo = UTC
    cardholder_name: str = ""
    kind: str = "swipe"

    @property
    def what(self) -> str:
        """What happened at the door, in words: an alarm, else the outcome."""
        return ALARMS.get(self.kind, self.outcome)

    @property
    def cameras(self) -> tuple[Camera, ...]:
        """The cameras to ask, the main one first; none without a door or a time."""
        return self.door.cameras if self.door is not None and self.event_time is not None else ()

    @property
    def why_no_camera(self) -> str:
        """Why there is no camera to ask; empty where there is one."""
        if self.event_time is None:
            return "the event has no time"
        if self.door is not None:
            return ""
        if not self.reader_id:
            return "the event does not name a reader"
        return f"reader {self.reader_id} is not in the doors table"

    def at(self, camera: Camera, step_s: float = 0.0) -> datetime:
        """Return the moment of the event by a camera's clock.

        Parameters
        ----------
        camera : Camera
            One of `cameras`.
        step_s : float
            Seconds after the event; negative for before it.

        Returns
        -------
        datetime.datetime
            UTC-aware.

        Raises
        ------
        TimestampError
            If the event has no time.
        """
        if self.event_time is None:
            raise TimestampError(f"Event {self.event_id} has no time.")
        return self.event_time + timedelta(seconds=step_s - camera.clock_offset_s)


@dataclass(eq=False, repr=False)
class DoorEvents(Sequence[DoorEvent]):
    """Resolved badge events, in the order of the table they come from; made by `resolve`.

    Attributes
    ----------
    table : pandas.DataFrame
        The events as they were given, with all their columns; identifiers as text.
    doors : mapping of str to Door
        The doors by reader.
    timezone : datetime.tzinfo
        The site's zone, in which times are shown.
    """

    table: pd.DataFrame
    doors: Mapping[str, Door]
    timezone: tzinfo

    def problems(self) -> list[str]:
        """Name the readers that do not have a door, in one sentence, for `camkit.check`."""
        readers = self.table["reader_id"].dropna().unique()
        missing = [str(reader) for reader in readers if reader not in self.doors]
        if not missing:
            return []
        named = ", ".join(sorted(missing)[:SHOWN]) + and_more(len(missing))
        are, their, each = ("is", "its", "it") if len(missing) == 1 else ("are", "their", "each")
        return [
            f"{len(missing):,} of {counted(len(readers), 'reader')} {are} not in the doors file, so no camera is asked "
            f"for {their} events: {named}. Add a row with the camera of {each}."
        ]

    @cached_property
    def true_time(self) -> pd.Series:
        """The times by the main cameras' clocks, datetime64[us, UTC], indexed like the events."""
        offsets = {reader: door.main.clock_offset_s for reader, door in self.doors.items()}
        return true_time(self.table, offsets)

    @overload
    def __getitem__(self, index: int) -> DoorEvent: ...
    @overload
    def __getitem__(self, index: slice) -> DoorEvents: ...
    def __getitem__(self, index: int | slice) -> DoorEvent | DoorEvents:
        if isinstance(index, slice):
            return DoorEvents(self.table.iloc[index], self.doors, self.timezone)
        return self._events[index]

    def __len__(self) -> int:
        return len(self.table)

    def __repr__(self) -> str:
        watched = sum(bool(event.cameras) for event in self)
        return f"{len(self)} events, {watched} at a door with a camera; times in {self.timezone}"

    @cached_property
    def _events(self) -> tuple[DoorEvent, ...]:
        event_time, true_time = (
            [None if at is pd.NaT else at for at in pd.DatetimeIndex(times).tz_convert("UTC").to_pydatetime()]
            for times in (self.table["event_time"], self.true_time)
        )
        names = ["outcome", "cardholder_id", "reader_id", "cardholder_name", "kind"]
        texts = self.table.reindex(columns=names)
        given = (column_text(texts[name]).fillna("").to_numpy() for name in texts)
        columns = zip(self.table.index, event_time, true_time, *given, strict=True)
        return tuple(
            DoorEvent(
                label,
                at,
                true_at,
                what,
                who,
                where,
                self.doors.get(where),
                self.timezone,
                name,
                kind or "swipe",
            )
            for label, at, true_at, what, who, where, name, kind in columns
        )


def resolve(events: pd.DataFrame, doors: pd.DataFrame, *, timezone: tzinfo | str | None = None) -> DoorEvents:
    """Resolve badge events: look up each one's door, cameras and true time, once.

    Parameters
    ----------
    events : pandas.DataFrame
        Events as `camkit.load_badges` returns them, all or some.
    doors : pandas.DataFrame
        As `camkit.load_doors` returns it.
    timezone : datetime.tzinfo or str, optional
        The site's zone; by default the one that `camkit.load_badges` was given, which is in
        ``events.attrs["timezone"]``, else UTC.

    Returns
    -------
    DoorEvents
        One `DoorEvent` per event, in their order. An event whose reader is not in `doors`, or without a time, is
        among them; it has no cameras and says why.

    Raises
    ------
    InputError
        If `events` or `doors` is not such a table, or lacks a column.
    TimestampError
        If ``event_time`` is not UTC-aware, or the zone does not exist.
    """
    table = checked_events(events)
    return DoorEvents(table, doors_by_reader(doors), site_timezone(events, timezone) or UTC)


def require_events(events: object, *others: str) -> None:
    """Refuse what is not a table of events, such as those of `camkit.load_badges`.

    Raises
    ------
    InputError
        If it is not a table, or lacks a column of `NEEDED` or `others`.
    TimestampError
        If ``event_time`` has no time zone.
    """
    if not isinstance(events, pd.DataFrame):
        inside = isinstance(getattr(events, "events", None), pd.DataFrame)
        hint = (
            "give the events in it, as in log.events"
            if inside
            else "give the events of a log, as in log.events"
        )
        raise InputError(f"A {type(events).__name__} is not a table of events: {hint}.")
    if lacking := [name for name in (*NEEDED, *others) if name not in events]:
        raise InputError(f"The events have no column {', '.join(lacking)}: {WHOLE}.")
    if not isinstance(events["event_time"].dtype, pd.DatetimeTZDtype):
        raise TimestampError(f"The times of the events (event_time) have no time zone: {WHOLE}.")


def checked_events(events: pd.DataFrame, *others: str) -> pd.DataFrame:
    """Return a table of events with its identifiers as text; refuse what `require_events` refuses."""
    require_events(events, *others)
    return events.assign(**{name: column_text(events[name]) for name in TEXTS if name in events})


def require_resolved(events: object) -> None:
    """Refuse what is not resolved events, such as a table of events.

    Raises
    ------
    InputError
        If it is not what `camkit.resolve` returns.
    """
    if not isinstance(events, DoorEvents):
        raise InputError(
            "These events do not say at which door they were: give what camkit.resolve(events, doors) makes of them."
        )


def site_timezone(events: pd.DataFrame, timezone: tzinfo | str | None = None) -> tzinfo | None:
    """Return the site's zone: the one given, else the one that the events came with, else None."""
    return as_zone(timezone or events.attrs.get("timezone"))


def true_time(events: pd.DataFrame, offset_s: Mapping[str, float]) -> pd.Series:
    """Return the times by the cameras' clocks, datetime64[us, UTC]; a reader without an offset, seconds, has 0."""
    at = events["event_time"].dt.tz_convert("UTC").dt.as_unit("us")
    if not any(offset_s.values()):
        return at
    codes, readers = pd.factorize(events["reader_id"])
    # The last one is for code -1: no reader.
    seconds = np.array([*(offset_s.get(reader, 0.0) for reader in readers), 0.0])
    offset = np.round(seconds * 1e6).astype("timedelta64[us]")
    return at - offset[codes]
