"""The demo world in one object: the events, and the people that a camera sees at a moment."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from camkit.demo.world.badge_log import BadgeEvent, badge_log
from camkit.demo.world.doors import BY_CAMERA, BY_READER
from camkit.demo.world.people import BY_ID, STRANGER, Looks

DEFAULT_SEED = 20190412

IN_VIEW_S = {"": (3.0, 5.0), "inside": (3.0, 5.0), "outside": (5.0, 3.0)}
"""By a camera's view: how long before a swipe a person comes into view, and how long after it the person
leaves it, seconds. People come from outside, so the camera there sees them earlier."""


@dataclass(frozen=True)
class Sighting:
    """A person in a picture.

    Attributes
    ----------
    progress : float
        How far through the view, from 0 (just in view) to 1 (about to leave it).
    place : int
        0 for the person at the reader, 1 for a person who follows.
    """

    looks: Looks
    progress: float
    place: int


class World:
    """Everything that happens in the demo, for one seed.

    Parameters
    ----------
    seed : int
        The same seed gives the same world.

    Attributes
    ----------
    events : list of BadgeEvent
        The badge log, in the order of ``data/sample_badges.csv``.
    """

    def __init__(self, seed: int = DEFAULT_SEED) -> None:
        self.seed = seed
        self.events = badge_log(seed)
        self._passages: dict[str, list[tuple[datetime, BadgeEvent]]] = {camera: [] for camera in BY_CAMERA}
        for event in self.events:
            for camera in BY_READER[event.reader_id].cameras:
                swipe = (event.time - timedelta(seconds=camera.clock_offset_s)).astimezone(UTC)
                self._passages[camera.camera_id].append((swipe, event))
        for passages in self._passages.values():
            passages.sort(key=lambda passage: passage[0])

    def people_at(self, camera_id: str, moment: datetime) -> list[Sighting]:
        """The people that a camera sees at `moment` by its own clock, the one at the reader first.

        Parameters
        ----------
        camera_id : str
            Meraki serial or Eagle Eye id; a camera that does not watch a door sees nobody.
        moment : datetime.datetime
            UTC-aware.
        """
        if camera_id not in BY_CAMERA:
            return []
        passages = self._passages[camera_id]
        before_s, after_s = IN_VIEW_S[BY_CAMERA[camera_id].view]
        first = bisect_left(passages, moment - timedelta(seconds=after_s), key=lambda passage: passage[0])
        last = bisect_right(passages, moment + timedelta(seconds=before_s), key=lambda passage: passage[0])
        seen: dict[str, Sighting] = {}
        for swipe, event in passages[first:last]:
            progress = ((moment - swipe).total_seconds() + before_s) / (before_s + after_s)
            for place, who in enumerate(event.seen):
                looks = BY_ID[who].looks if who in BY_ID else STRANGER
                seen.setdefault(who, Sighting(looks, progress, place))
        return list(seen.values())
