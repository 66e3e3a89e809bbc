"""The frames of an event: what its camera saw at the moment itself, and some seconds before and after.

A frame is a `Snapshot` of the event whose picture was asked for so many seconds from ``at``.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pandas as pd

from camkit.cameras import Outcome, Picture, Snapshot, SnapshotSource, snapshots_for
from camkit.case import Case
from camkit.directory import Cardholder, Directory
from camkit.errors import CaseError

Found = Callable[[float, Snapshot], object]
"""Is given a frame: how many seconds from the event it was asked for, and the snapshot."""


def fetch_frames(
    event: Snapshot,
    steps_s: Sequence[float],
    found: Found,
    source: SnapshotSource | Mapping[str, SnapshotSource],
    doors: pd.DataFrame,
    directory: Directory | None,
) -> None:
    """Ask an event's camera for several frames together.

    Parameters
    ----------
    event : Snapshot
        The event without a picture; one that has a camera to ask.
    steps_s : sequence of float
        Seconds from the event; the first ones are asked for first.
    found : callable
        Called with each frame as it is done, picture or not.

    Raises
    ------
    LoginRefused
        If a vendor refuses the login.
    """
    assert event.event_time is not None  # noqa: S101 - else there were no moment to ask a camera for
    moments = pd.DataFrame(
        {
            "event_time": [event.event_time + timedelta(seconds=step) for step in steps_s],
            "cardholder_id": event.cardholder_id,
            "reader_id": event.reader_id,
            "outcome": event.access,
        },
        index=list(steps_s),
    )

    def of_the_event(moment: Snapshot) -> None:
        frame = replace(moment, event_id=event.event_id, event_time=event.event_time, at=event.at)
        found(moment.event_id, frame)

    snapshots_for(moments, source, doors, directory=directory, timezone=event.timezone, progress=of_the_event)


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
        people = case.table("cardholders").fillna({"photo": ""})
        images = case.table("images")
        self._pictures: dict[Hashable, pd.DataFrame] = dict(iter(pictures.groupby("event")))
        self._cardholders = {row["id"]: row for row in people.to_dict("records")}
        self._types: dict[str, str] = dict(zip(images["sha256"], images["media_type"], strict=True))

    def find(self, event: Snapshot, steps_s: Iterable[float], found: Found) -> None:
        """Give those frames of an event that the case has.

        Parameters
        ----------
        event : Snapshot
            The event without a picture.
        found : callable
            Called with each; one whose image is gone or altered has no picture, and the reason.
        """
        if event.at is None or event.event_id not in self._pictures:
            return
        steps = {event.at + timedelta(seconds=step): step for step in steps_s}
        for row in self._pictures[event.event_id].to_dict("records"):
            moment = row["requested_at"].to_pydatetime()
            if moment in steps:
                frame = self._snapshot(event, row)
                found(steps[moment], frame)
                if frame.ok:
                    del steps[moment]

    def _snapshot(self, event: Snapshot, row: Mapping[Hashable, Any]) -> Snapshot:
        try:
            content = self._case.image(row["image"])
        except CaseError as error:
            return replace(event, outcome=Outcome.FAILED, reason=str(error))
        picture = Picture(
            vendor=row["vendor"],
            camera_id=row["camera_id"],
            content=content,
            sha256=row["image"],
            requested_at=row["requested_at"].to_pydatetime(),
            captured_at=None if pd.isna(row["captured_at"]) else row["captured_at"].to_pydatetime(),
        )
        person = None if pd.isna(row["cardholder"]) else self._cardholder(row["cardholder"])
        return replace(event, outcome=Outcome.PICTURE, reason="", picture=picture, cardholder=person)

    def _cardholder(self, number: int) -> Cardholder:
        row = self._cardholders[number]
        photo, note = None, row["note"]
        if row["photo"]:
            try:
                photo = self._case.image(row["photo"])
            except CaseError as error:
                note = "; ".join(filter(None, [note, str(error)]))
        return Cardholder(
            row["cardholder_id"],
            name=row["name"],
            title=row["title"],
            department=row["department"],
            photo=photo,
            photo_type=self._types.get(row["photo"], "") if photo is not None else "",
            note=note,
        )
