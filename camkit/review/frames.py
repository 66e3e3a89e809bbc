"""The frames of an event: what its camera saw at the moment itself, and some seconds before and after.

A frame is a `Snapshot` of the event whose picture was asked for at ``at`` plus so many seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from camkit.case import Case
from camkit.directory import Cardholder, Directory
from camkit.images import check_photo
from camkit.pictures import Picture, SnapshotSource
from camkit.snapshots import Outcome, Snapshot, snapshots_for

Found = Callable[[float, Snapshot], object]
"""Is given a frame: how many seconds from the event it was asked for, and the snapshot."""


def fetch_frames(
    event: pd.DataFrame,
    steps_s: Sequence[float],
    source: SnapshotSource | Mapping[str, SnapshotSource],
    doors: pd.DataFrame,
    found: Found,
    *,
    directory: Directory | None,
    timezone: Any,
) -> None:
    """Ask an event's camera for several frames together.

    Parameters
    ----------
    event : pandas.DataFrame
        One row of the events.
    steps_s : sequence of float
        Seconds from the event; the first ones are asked for first.
    found : callable
        Called with each frame as it is done, picture or not.

    Raises
    ------
    LoginRefused
        If a vendor refuses the login.
    """
    (label,) = event.index
    moments = event.loc[[label] * len(steps_s)].set_axis(list(steps_s))
    moments["event_time"] += pd.to_timedelta(list(steps_s), unit="s")

    def back_to_event(moment: Snapshot) -> None:
        step = moment.event_id
        found(step, replace(moment, event_id=label, **_times_moved(moment, -step)))

    snapshots_for(moments, source, doors, directory=directory, timezone=timezone, progress=back_to_event)


class RecordedFrames:
    """The pictures that a case has when it is opened.

    Parameters
    ----------
    case : Case
        It is read once; what is added later is not seen.
    """

    def __init__(self, case: Case) -> None:
        self._case = case
        pictures = case.table("snapshots").dropna(subset=["image"])
        self._by_event = {label: rows for label, rows in pictures.groupby("event")}
        self._cardholders = case.table("cardholders").set_index("id")

    def find(self, event: Snapshot, steps_s: Iterable[float], found: Found) -> None:
        """Give those frames of an event that the case has.

        Parameters
        ----------
        event : Snapshot
            The event without a picture.

        Raises
        ------
        CaseError
            If an image is gone or altered.
        """
        if event.at is None or event.event_id not in self._by_event:
            return
        steps = {event.at + timedelta(seconds=step): step for step in steps_s}
        for row in self._by_event[event.event_id].to_dict("records"):
            step = steps.pop(row["requested_at"].to_pydatetime(), None)
            if step is not None:
                found(step, self._snapshot(event, row))

    def _snapshot(self, event: Snapshot, row: Mapping[Hashable, Any]) -> Snapshot:
        picture = Picture(
            vendor=row["vendor"],
            camera_id=row["camera_id"],
            content=self._case.image(row["image"]),
            sha256=row["image"],
            requested_at=row["requested_at"].to_pydatetime(),
            captured_at=None if pd.isna(row["captured_at"]) else row["captured_at"].to_pydatetime(),
        )
        person = None if pd.isna(row["cardholder"]) else self._cardholder(row["cardholder"])
        return replace(event, outcome=Outcome.PICTURE, reason="", picture=picture, cardholder=person)

    def _cardholder(self, number: int) -> Cardholder:
        row = self._cardholders.loc[number].fillna("")
        photo = self._case.image(row["photo"]) if row["photo"] else None
        return Cardholder(
            cardholder_id=row["cardholder_id"],
            name=row["name"],
            title=row["title"],
            department=row["department"],
            photo=photo,
            photo_type=check_photo(photo) if photo else "",
            note=row["note"],
        )


def _times_moved(snapshot: Snapshot, seconds: float) -> dict[str, datetime | None]:
    """The event's time by both clocks, so many seconds later."""
    moved = timedelta(seconds=seconds)
    times = {"event_time": snapshot.event_time, "at": snapshot.at}
    return {name: moment + moved if moment else None for name, moment in times.items()}
