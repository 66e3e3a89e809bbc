"""What the cameras saw at each badge event: one `Snapshot` per event and camera, with a picture or without."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum
from html import escape
from itertools import groupby
from operator import attrgetter
from typing import overload
from zoneinfo import ZoneInfo

import pandas as pd

from camkit.badges import Camera, DoorEvent
from camkit.cameras.source import Picture
from camkit.directory import Cardholder, cardholder_html
from camkit.errors import TimestampError
from camkit.support.html import GREY, block_html, image_html, local_time, text_html
from camkit.support.timezones import as_zone


class Result(StrEnum):
    """What came of asking a camera about an event."""

    PICTURE = "picture"
    NO_DOOR = "no door"
    """The event does not name a reader, or one that is not in the doors table."""
    NO_TIME = "no time"
    """The event has no time."""
    NO_SOURCE = "no source"
    """The camera belongs to a vendor that is not connected."""
    NO_PICTURE = "no picture"
    """The camera has no picture of that moment."""
    FAILED = "failed"
    """The service refused or failed."""


@dataclass(frozen=True)
class Snapshot:
    """A resolved badge event, and what one camera saw at that moment.

    Attributes
    ----------
    event : DoorEvent
        The event, with its door.
    camera : Camera or None
        The camera that was asked, one of the door's; None where there is none to ask.
    result : Result
        What came of it.
    reason : str
        Why there is no picture; empty where there is one.
    picture : Picture or None
        What the camera saw.
    cardholder : Cardholder or None
        The directory's entry; None where nobody looked it up.
    """

    event: DoorEvent
    camera: Camera | None
    result: Result
    reason: str = ""
    picture: Picture | None = None
    cardholder: Cardholder | None = None

    @property
    def ok(self) -> bool:
        """Whether there is a picture."""
        return self.picture is not None

    @property
    def sha256(self) -> str:
        """Of the picture, in hexadecimal; empty where there is none."""
        return self.picture.sha256 if self.picture else ""

    @property
    def at(self) -> datetime | None:
        """The moment of the event by the camera's clock, UTC-aware; None where there is no camera to ask."""
        return self.event.at(self.camera) if self.camera else None

    @property
    def offset_s(self) -> float | None:
        """Picture minus event by the camera's clock, seconds; None where the vendor does not give a time."""
        if self.picture is None or self.picture.captured_at is None or self.at is None:
            return None
        return (self.picture.captured_at - self.at).total_seconds()

    def _repr_html_(self) -> str:
        return block_html(_card_html([self]))


_COLUMNS = (
    "event_time cardholder_id name reader_id door view vendor camera_id outcome result reason offset_s sha256"
).split()


class Snapshots(Sequence[Snapshot]):
    """The snapshots of a selection of events: one for each event and camera, in the order of the events."""

    def __init__(self, items: Sequence[Snapshot], zones: Mapping[str, str] | None = None) -> None:
        self._items = tuple(items)
        self._zones = zones or {}  # of the vendors' accounts, where they say it

    @overload
    def __getitem__(self, index: int) -> Snapshot: ...
    @overload
    def __getitem__(self, index: slice) -> Snapshots: ...
    def __getitem__(self, index: int | slice) -> Snapshot | Snapshots:
        found = self._items[index]
        return Snapshots(found, self._zones) if isinstance(found, tuple) else found

    def __len__(self) -> int:
        return len(self._items)

    def __repr__(self) -> str:
        counts = Counter(item.result for item in self).most_common()
        said = ", ".join(f"{count} x {result}" for result, count in counts)
        events = len(self._by_event())
        several = f"{len(self)} snapshots of " if len(self) != events else ""
        return f"{several}{events} events: {said or 'none'}"

    def to_frame(self) -> pd.DataFrame:
        """Return one row per snapshot.

        Returns
        -------
        pandas.DataFrame
            Indexed by the events' labels; ``event_time`` (datetime64, UTC), ``cardholder_id``, ``name``,
            ``reader_id``, ``door``, ``view``, ``vendor``, ``camera_id``, ``outcome`` (what the reader did), ``result``
            (what came of asking the camera), ``reason``, ``sha256`` (string) and ``offset_s`` (float64, seconds,
            picture minus event by the camera's clock; NaN where the vendor does not give the time).
        """
        rows = [
            {
                "event_time": item.event.event_time,
                "cardholder_id": item.event.cardholder_id,
                "name": item.cardholder.name if item.cardholder else None,
                "reader_id": item.event.reader_id,
                "door": item.event.door.name if item.event.door else None,
                "view": item.camera.view if item.camera else None,
                "vendor": item.camera.vendor if item.camera else None,
                "camera_id": item.camera.camera_id if item.camera else None,
                "outcome": item.event.outcome,
                "result": str(item.result),
                "reason": item.reason,
                "offset_s": item.offset_s,
                "sha256": item.sha256,
            }
            for item in self
        ]
        labels = [item.event.event_id for item in self]
        table = pd.DataFrame(rows, columns=_COLUMNS, index=labels)
        text = dict.fromkeys(table.columns.difference(["event_time", "offset_s"]), "string")
        table["event_time"] = pd.to_datetime(table["event_time"], utc=True)
        return table.astype({**text, "offset_s": "float64"})

    def problems(self) -> list[str]:
        """One sentence for each snapshot without a picture, and for each event with an incomplete directory entry.

        An account in another time zone than the badge log is a problem as well: the log may have been read in the wrong
        one. So is the very same picture for several moments, where the vendor does not say which moment it shows.
        """
        found = self._other_zones() + self._repeated()
        found += [f"{_name(item)}: {item.result}: {item.reason}" for item in self if not item.ok]
        for event, person in ((group[0].event, group[0].cardholder) for group in self._by_event()):
            if person and person.note:
                found.append(f"{_described(event)}: {person.note}.")
            if person and person.name and not person.is_named(event.cardholder_name):
                found.append(
                    f"{_described(event)}: the directory gives the name {person.name}, the badge log "
                    f"{event.cardholder_name}."
                )
        return found

    def _repeated(self) -> list[str]:
        """A camera that gave the same bytes for different moments: all but one are of another moment than asked for."""
        moments: dict[tuple[str, str], set[datetime]] = defaultdict(set)
        for item in self:
            if item.picture is not None and item.picture.captured_at is None:
                moments[item.picture.camera_id, item.sha256].add(item.picture.requested_at)
        return [
            f"Camera {camera_id} gave the very same picture for {len(asked)} different moments, so it does not show "
            "all of them. Look at the time in the picture."
            for (camera_id, _), asked in moments.items()
            if len(asked) > 1
        ]

    def _other_zones(self) -> list[str]:
        found = []
        for vendor, name in self._zones.items():
            with suppress(TimestampError):  # a name that Python does not know says nothing
                zone = as_zone(name)
                asked = [item.event for item in self if item.camera and item.camera.vendor == vendor]
                others = {str(event.timezone) for event in asked if _is_other_zone(event, zone)}
                found += [
                    f"The account of the {vendor} cameras is in the time zone {name}, and the badge log is "
                    f"read in {other}: check in which one the doors are."
                    for other in sorted(others)
                ]
        return found

    def _by_event(self) -> list[list[Snapshot]]:
        """The snapshots of each event."""
        return [list(group) for _, group in groupby(self, key=attrgetter("event"))]

    def _repr_html_(self) -> str:
        return block_html(f"<p>{escape(repr(self))}</p>", *map(_card_html, self._by_event()))


def _is_other_zone(event: DoorEvent, zone: tzinfo | None) -> bool:
    """Whether the event's zone is a region whose clocks differ then; a fixed offset is the log's own, and certain."""
    at, own = event.event_time, event.timezone
    return (
        at is not None
        and isinstance(own, ZoneInfo)
        and at.astimezone(zone).utcoffset() != at.astimezone(own).utcoffset()
    )


def _name(snapshot: Snapshot) -> str:
    """The event, and which of its door's cameras where there are several."""
    view = f", view {snapshot.camera.view}" if snapshot.camera and snapshot.camera.view else ""
    return f"{_described(snapshot.event)}{view}"


def _described(event: DoorEvent) -> str:
    """Name an event by who, where and when: its label in the log says nothing to a reader."""
    who = event.cardholder_name or event.cardholder_id or "no cardholder"
    where = event.door.name if event.door else event.reader_id or "no reader"
    when = local_time(event.event_time, event.timezone) if event.event_time else "no time"
    return f"{who}, {where}, {when}"


_CARD = "display:flex;gap:16px;align-items:flex-start;margin:4px 0 22px 0"
_VIEW = "flex:0 1 480px;min-width:200px"
_NONE = (
    "aspect-ratio:16/9;display:flex;align-items:center;justify-content:center;text-align:center;"
    "background:var(--jp-layout-color2, #f2f2f2);border:1px dashed #999;color:var(--jp-ui-font-color1, #444);"
    "padding:12px;box-sizing:border-box"
)


def _card_html(snapshots: Sequence[Snapshot]) -> str:
    """One event: its heading, what each camera saw, and the directory's entry beside it."""
    event, person = snapshots[0].event, snapshots[0].cardholder
    reader = text_html(event.reader_id)
    place = f"{text_html(event.door.name)} ({reader})" if event.door else reader or "no reader"
    when = local_time(event.event_time, event.timezone) if event.event_time else "no time"
    heading = " · ".join(part for part in (when, place, text_html(event.what)) if part)
    who = cardholder_html(person or Cardholder(event.cardholder_id), event.cardholder_name)
    pictures = "".join(map(_picture_html, snapshots))
    return f'<div><b>{heading}</b></div><div style="{_CARD}">{pictures}<div>{who}</div></div>'


def _picture_html(snapshot: Snapshot) -> str:
    """What one camera saw, and how that was fetched."""
    picture = snapshot.picture
    if picture is not None:
        alt = f"What camera {picture.camera_id} saw"
        shown = image_html(picture.content, "image/jpeg", alt, "width:100%")
    else:
        shown = f'<div style="{_NONE}"><span>No picture: {text_html(snapshot.reason)}</span></div>'
    facts = "".join(f"<div>{line}</div>" for line in _facts(snapshot))
    return f'<div style="{_VIEW}">{shown}<div style="{GREY};font-size:12px;overflow-wrap:anywhere">{facts}</div></div>'


def _facts(snapshot: Snapshot) -> list[str]:
    """Which view it is, how the picture's moment relates to the event's, and what proves the picture."""
    picture, camera = snapshot.picture, snapshot.camera
    lines = []
    if camera and camera.view:
        lines.append(f"View: {text_html(camera.view)}")
    if camera and camera.clock_offset_s:
        side = "ahead of" if camera.clock_offset_s > 0 else "behind"
        lines.append(
            f"The reader's clock is {abs(camera.clock_offset_s):g} s {side} the camera's; corrected."
        )
    if picture:
        said = "the vendor does not say when it was taken"
        if picture.captured_at is not None:
            taken_s = (picture.captured_at - picture.requested_at).total_seconds()
            said = f"taken {abs(taken_s):.1f} s {'after' if taken_s >= 0 else 'before'} that"
        asked = local_time(picture.requested_at, snapshot.event.timezone)
        lines += [escape(f"Asked for {asked}; {said}."), f"SHA-256 {snapshot.sha256}"]
    return lines
