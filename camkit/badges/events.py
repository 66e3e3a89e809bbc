"""Badge events resolved: each with its door, its cameras and its time by their clocks."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cached_property
from typing import Any, overload

import pandas as pd

from camkit.badges.doors import Camera, Door, doors_by_reader
from camkit.badges.require import require_events
from camkit.errors import TimestampError
from camkit.support.timezones import as_zone


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
    """

    event_id: Hashable
    event_time: datetime | None
    true_time: datetime | None
    outcome: str
    cardholder_id: str
    reader_id: str
    door: Door | None
    timezone: tzinfo = UTC

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


class DoorEvents(Sequence[DoorEvent]):
    """Resolved badge events, in the order of the table they come from; made by `resolve`.

    Attributes
    ----------
    table : pandas.DataFrame
        The events as they were given, with all their columns.
    doors : mapping of str to Door
        The doors by reader.
    timezone : datetime.tzinfo
        The site's zone, in which times are shown.
    """

    def __init__(self, table: pd.DataFrame, doors: Mapping[str, Door], timezone: tzinfo) -> None:
        self.table = table
        self.doors = doors
        self.timezone = timezone

    @cached_property
    def true_time(self) -> pd.Series:
        """The times by the main cameras' clocks, datetime64[us, UTC], indexed like the events."""
        return true_time(
            self.table, {reader: door.main.clock_offset_s for reader, door in self.doors.items()}
        )

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

    def __iter__(self) -> Iterator[DoorEvent]:
        return iter(self._events)

    def __repr__(self) -> str:
        watched = sum(bool(event.cameras) for event in self)
        return f"{len(self)} events, {watched} at a door with a camera"

    @cached_property
    def _events(self) -> tuple[DoorEvent, ...]:
        table = self.table
        outcome = table["outcome"] if "outcome" in table else [None] * len(table)
        columns = (
            table.index,
            table["event_time"],
            self.true_time,
            outcome,
            table["cardholder_id"],
            table["reader_id"],
        )
        return tuple(
            DoorEvent(
                event_id,
                _moment(event_time),
                _moment(true_time),
                text(outcome),
                text(cardholder),
                text(reader),
                self.doors.get(text(reader)),
                self.timezone,
            )
            for event_id, event_time, true_time, outcome, cardholder, reader in zip(*columns, strict=True)
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
        If ``event_time`` is not UTC-aware, or there is no such zone.
    """
    require_events(events)
    return DoorEvents(events, doors_by_reader(doors), site_timezone(events, timezone) or UTC)


def site_timezone(events: pd.DataFrame, timezone: tzinfo | str | None = None) -> tzinfo | None:
    """Return the site's zone: the one given, else the one that the events came with, else None."""
    return as_zone(timezone or events.attrs.get("timezone"))


def true_time(events: pd.DataFrame, offset_s: Mapping[str, float]) -> pd.Series:
    """Return the times of events by the cameras' clocks.

    Parameters
    ----------
    events : pandas.DataFrame
        With ``event_time`` (datetime64, UTC-aware) and ``reader_id``.
    offset_s : mapping of str to float
        For each reader, its clock minus the camera's, seconds; 0 for readers that are not in it.

    Returns
    -------
    pandas.Series
        datetime64[us, UTC], indexed like the events.
    """
    seconds = events["reader_id"].map(dict(offset_s)).astype(float).fillna(0.0)
    offset = pd.to_timedelta(seconds, unit="s").dt.as_unit("us")
    return events["event_time"].dt.tz_convert("UTC").dt.as_unit("us") - offset


def text(value: Any) -> str:
    """Return a cell as text, empty where it is missing."""
    return "" if pd.isna(value) else str(value)


def _moment(value: Any) -> datetime | None:
    return None if pd.isna(value) else value.to_pydatetime(warn=False)
