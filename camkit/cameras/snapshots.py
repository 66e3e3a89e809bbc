"""What the camera saw at each badge event: one `Snapshot` per event, picture or not.

A vendor's client is a `SnapshotSource`; this module knows neither vendor nor wire.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from functools import partial
from html import escape
from typing import Any

import pandas as pd
from gevent.event import AsyncResult

from camkit.badges import Door, doors_by_reader, require_events
from camkit.cameras.source import Picture, SnapshotSource
from camkit.directory import Cardholder, Directory, cardholder_html
from camkit.errors import (
    InputError,
    LoginRefused,
    NoPicture,
    ServiceError,
    ServiceUnreachable,
)
from camkit.support.html import GREY, image_html, local_time, text_html
from camkit.support.timezones import as_zone
from camkit.support.workers import run_together


class Outcome(StrEnum):
    """What came of one event."""

    PICTURE = "picture"
    NO_DOOR = "no door"
    """The event names no reader, or one that is not in the doors table."""
    NO_TIME = "no time"
    """The event has no time."""
    NO_SOURCE = "no source"
    """The door's camera belongs to a vendor that is not connected."""
    NO_PICTURE = "no picture"
    """The camera has none for that moment."""
    FAILED = "failed"
    """The service refused or failed."""


@dataclass(frozen=True)
class Snapshot:
    """One badge event and what its door's camera saw.

    Attributes
    ----------
    event_id : object
        The event's label in the index of ``events``.
    event_time : datetime.datetime or None
        By the reader's clock, UTC-aware; None where the event has none.
    at : datetime.datetime or None
        The same moment by the camera's clock: event time minus the door's clock offset.
    outcome : Outcome
    reason : str
        Why there is no picture; empty when there is one.
    """

    event_id: Any
    event_time: datetime | None
    cardholder_id: str
    reader_id: str
    access: str
    outcome: Outcome
    reason: str = ""
    door: Door | None = None
    at: datetime | None = None
    picture: Picture | None = None
    cardholder: Cardholder | None = None
    timezone: tzinfo = UTC

    @property
    def ok(self) -> bool:
        """Whether there is a picture."""
        return self.picture is not None

    @property
    def sha256(self) -> str:
        """Of the picture, in hexadecimal; empty when there is none."""
        return self.picture.sha256 if self.picture else ""

    @property
    def offset_s(self) -> float | None:
        """Picture minus event by the camera's clock, seconds; None where the vendor gives no time."""
        if self.picture is None or self.picture.captured_at is None or self.at is None:
            return None
        return (self.picture.captured_at - self.at).total_seconds()

    def _repr_html_(self) -> str:
        return snapshot_html(self)


class Snapshots(Sequence[Snapshot]):
    """The snapshots of a selection of events, in their order."""

    def __init__(self, items: Sequence[Snapshot]) -> None:
        self._items = tuple(items)

    def __getitem__(self, index: Any) -> Any:
        return Snapshots(self._items[index]) if isinstance(index, slice) else self._items[index]

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Snapshot]:
        return iter(self._items)

    def __repr__(self) -> str:
        counts = pd.Series([str(item.outcome) for item in self._items], dtype="string").value_counts()
        said = ", ".join(f"{count} {outcome}" for outcome, count in counts.items())
        return f"{len(self)} events: {said or 'none'}"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per event.

        Returns
        -------
        pandas.DataFrame
            Indexed like the events; ``event_time`` (datetime64, UTC), ``cardholder_id``, ``name``,
            ``reader_id``, ``door``, ``vendor``, ``camera_id``, ``outcome``, ``reason``, ``sha256`` (string) and
            ``offset_s`` (float64, seconds, picture minus event by the camera's clock; NaN where
            the vendor gives no time).
        """
        rows = [
            {
                "event_time": item.event_time,
                "cardholder_id": item.cardholder_id,
                "name": item.cardholder.name if item.cardholder else None,
                "reader_id": item.reader_id,
                "door": item.door.name if item.door else None,
                "vendor": item.door.vendor if item.door else None,
                "camera_id": item.door.camera_id if item.door else None,
                "outcome": str(item.outcome),
                "reason": item.reason,
                "offset_s": item.offset_s,
                "sha256": item.sha256,
            }
            for item in self._items
        ]
        columns = (
            "event_time cardholder_id name reader_id door vendor camera_id outcome reason offset_s sha256"
        )
        table = pd.DataFrame(rows, columns=columns.split(), index=[item.event_id for item in self._items])
        text = dict.fromkeys(table.columns.difference(["event_time", "offset_s"]), "string")
        table["event_time"] = pd.to_datetime(table["event_time"], utc=True)
        return table.astype({**text, "offset_s": "float64"})

    def problems(self) -> list[str]:
        """One sentence for each event without a picture, or without a directory entry."""
        found = [f"Event {item.event_id}: {item.outcome}: {item.reason}" for item in self if not item.ok]
        found += [
            f"Event {item.event_id}: cardholder {item.cardholder_id}: {item.cardholder.note}"
            for item in self
            if item.cardholder and item.cardholder.note
        ]
        return found

    def _repr_html_(self) -> str:
        return snapshots_html(self)


def snapshots_for(
    events: pd.DataFrame,
    source: SnapshotSource | Mapping[str, SnapshotSource],
    doors: pd.DataFrame,
    *,
    directory: Directory | None = None,
    workers: int = 5,
    timezone: tzinfo | str | None = None,
    progress: Callable[[Snapshot], object] | None = None,
) -> Snapshots:
    """Fetch, for each event, what its door's camera saw at that moment.

    Parameters
    ----------
    events : pandas.DataFrame
        With ``event_time`` (UTC-aware), ``cardholder_id``, ``reader_id`` and, if there is one, ``outcome``.
    source : SnapshotSource or mapping of str to SnapshotSource
        One vendor's client, or several by vendor, as ``site.sources`` gives them.
    doors : pandas.DataFrame
        As `camkit.load_doors` returns it.
    directory : Directory, optional
        Looks each cardholder up, who is then shown beside the picture.
    workers : int
        How many are fetched at a time.
    timezone : datetime.tzinfo or str, optional
        The zone to show times in; by default the one in ``events.attrs["timezone"]``, else UTC.
    progress : callable, optional
        Called with each snapshot as it is done, in the thread of the call.

    Returns
    -------
    Snapshots
        One per event, in their order. A picture that could not be had is in it, with the reason.

    Raises
    ------
    TimestampError
        If ``event_time`` is not UTC-aware, or there is no such zone.
    InputError
        If `events` is no table of events, or a column is missing.
    """
    require_events(events)
    sources = source if isinstance(source, Mapping) else {source.vendor: source}
    zone = as_zone(timezone or events.attrs.get("timezone")) or UTC
    by_reader = doors_by_reader(doors)
    shared = _Shared()

    def fetch(label: Any, row: Mapping[Any, Any]) -> Snapshot:
        event = _blank(label, row, by_reader, zone)
        who = event.cardholder_id
        if directory is not None and who:
            event = replace(event, cardholder=shared(("who", who), lambda: directory.lookup(who)))
        found = _look(event, sources, shared)
        if progress is not None:
            progress(found)
        return found

    rows = zip(events.index, events.to_dict("records"), strict=True)
    return Snapshots(run_together((partial(fetch, label, row) for label, row in rows), workers))


def _blank(label: Any, row: Mapping[Any, Any], doors: Mapping[str, Door], zone: tzinfo) -> Snapshot:
    """The event as it is before anything was fetched."""
    reader = _text(row["reader_id"])
    event_time = None if pd.isna(row["event_time"]) else row["event_time"].to_pydatetime(warn=False)
    door, outcome, at = doors.get(reader), Outcome.NO_DOOR, None
    reason = f"reader {reader} is not in the doors table" if reader else "the event names no reader"
    if event_time is None:
        outcome, reason = Outcome.NO_TIME, "the event has no time"
    elif door is not None:
        at = event_time - timedelta(seconds=door.clock_offset_s)
    return Snapshot(
        event_id=label,
        event_time=event_time,
        cardholder_id=_text(row["cardholder_id"]),
        reader_id=reader,
        access=_text(row.get("outcome")),
        outcome=outcome,
        reason=reason,
        door=door,
        at=at,
        timezone=zone,
    )


def _look(event: Snapshot, sources: Mapping[str, SnapshotSource], shared: _Shared) -> Snapshot:
    """Fetch the picture of one event; two that ask for the same camera and moment ask once."""
    door, at = event.door, event.at
    if door is None or at is None:
        return event
    source = sources.get(door.vendor)
    if source is None:
        reason = (
            f"camera {door.camera_id} is of vendor {door.vendor}, and no {door.vendor} account is connected"
        )
        return replace(event, outcome=Outcome.NO_SOURCE, reason=reason)
    if door.vendor in shared.gone and door.vendor not in shared.reached:
        return replace(event, outcome=Outcome.FAILED, reason=shared.gone[door.vendor])
    try:
        picture = shared((door.vendor, door.camera_id, at), lambda: source.snapshot(door.camera_id, at))
    except LoginRefused:
        raise
    except NoPicture as error:
        return replace(event, outcome=Outcome.NO_PICTURE, reason=str(error))
    except ServiceUnreachable as error:
        shared.gone.setdefault(door.vendor, str(error))
        return replace(event, outcome=Outcome.FAILED, reason=str(error))
    except (ServiceError, InputError) as error:  # an InputError: the camera's id in the doors table is none
        return replace(event, outcome=Outcome.FAILED, reason=str(error))
    shared.reached.add(door.vendor)
    return replace(event, outcome=Outcome.PICTURE, reason="", picture=picture)


class _Shared:
    """Results by key: the first greenlet that asks works, the others wait for what it finds."""

    def __init__(self) -> None:
        self._results: dict[Any, AsyncResult] = {}
        self.reached: set[str] = set()
        """Vendors that gave a picture."""
        self.gone: dict[str, str] = {}
        """Vendors that could not be reached, and why: unless one of them gave a picture, it is not tried on and on."""

    def __call__(self, key: Any, make: Callable[[], Any]) -> Any:
        if key not in self._results:
            result = self._results[key] = AsyncResult()
            try:
                result.set(make())
            except BaseException as error:
                result.set_exception(error)
                raise
        return self._results[key].get()


def _text(value: Any) -> str:
    return "" if value is None or value is pd.NA or value != value else str(value)


_CARD = "display:flex;gap:16px;align-items:flex-start;margin:4px 0 22px 0"
_NONE = (
    "width:480px;height:270px;display:flex;align-items:center;justify-content:center;text-align:center;"
    "background:var(--jp-layout-color2, #f2f2f2);border:1px dashed #999;color:var(--jp-ui-font-color1, #444);"
    "padding:12px;box-sizing:border-box"
)


def snapshot_html(snapshot: Snapshot) -> str:
    """The event's heading, the picture beside the directory entry, and how the picture was come by."""
    picture, door = snapshot.picture, snapshot.door
    reader = text_html(snapshot.reader_id)
    place = f"{text_html(door.name)} ({reader})" if door else reader or "no reader"
    when = local_time(snapshot.event_time, snapshot.timezone) if snapshot.event_time else "no time"
    heading = " · ".join(part for part in (when, place, text_html(snapshot.access)) if part)
    if picture is not None:
        left = image_html(
            picture.content, "image/jpeg", f"What camera {picture.camera_id} saw", "width:480px"
        )
    else:
        left = f'<div style="{_NONE}"><span>No picture: {text_html(snapshot.reason)}</span></div>'
    who = cardholder_html(snapshot.cardholder) if snapshot.cardholder else text_html(snapshot.cardholder_id)
    facts = "".join(f"<div>{line}</div>" for line in _facts(snapshot))
    return (
        f'<div><b>{heading}</b></div><div style="{_CARD}"><div>{left}'
        f'<div style="{GREY};font-size:12px;max-width:480px">{facts}</div></div>{who}</div>'
    )


def snapshots_html(snapshots: Snapshots) -> str:
    """All of them, one below the other."""
    return f"<div><p>{escape(repr(snapshots))}</p>{''.join(map(snapshot_html, snapshots))}</div>"


def _facts(snapshot: Snapshot) -> list[str]:
    """How the picture's moment relates to the event's, and what proves the picture."""
    picture, door, at = snapshot.picture, snapshot.door, snapshot.at
    lines = []
    if door is not None and door.clock_offset_s:
        lines.append(
            f"The reader's clock is {door.clock_offset_s:+g} s against the camera's, which is taken off."
        )
    if picture is not None and at is not None:
        asked = f"Asked for {local_time(picture.requested_at, snapshot.timezone)}"
        taken = snapshot.offset_s
        said = (
            "the vendor does not say when it was taken" if taken is None else f"taken {taken:+.1f} s from it"
        )
        lines += [f"{asked}; {said}.", f"SHA-256 {snapshot.sha256}"]
    return [escape(line) for line in lines]
