"""The demo world in one object: what happened, and who a camera sees at a moment."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from camkit.demo.world.badge_log import BadgeEvent, badge_log
from camkit.demo.world.doors import BY_CAMERA, BY_READER
from camkit.demo.world.people import BY_ID, STRANGER, Looks

DEFAULT_SEED = 20190412

BEFORE_S, AFTER_S = 3.0, 5.0
"""A person is in the picture from this long before a swipe to this long after it, seconds."""


@dataclass(frozen=True)
class Sighting:
    """Somebody in a picture.

    Attributes
    ----------
    progress : float
        How far through the doorway, from 0 (just in view) to 1 (about to leave it).
    place : int
        0 for the one at the reader, 1 for one who follows.
    """

    looks: Looks
    progress: float
    place: int


class World:
    """Everything that is true in the demo, for one seed.

    Parameters
    ----------
    seed : int
        Same seed, same world.

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
            door = BY_READER[event.reader_id]
            true_time = (event.time - timedelta(seconds=door.clock_offset_s)).astimezone(UTC)
            self._passages[door.camera_id].append((true_time, event))
        for passages in self._passages.values():
            passages.sort(key=lambda passage: passage[0])

    def people_at(self, camera_id: str, moment: datetime) -> list[Sighting]:
        """Who the camera sees at `moment` by its own clock, the one at the reader first.

        Parameters
        ----------
        camera_id : str
            Meraki serial or Eagle Eye id; a camera at no door sees nobody.
        moment : datetime.datetime
            UTC-aware.
        """
        passages = self._passages.get(camera_id, [])
        first = bisect_left(passages, moment - timedelta(seconds=AFTER_S), key=lambda passage: passage[0])
        last = bisect_right(passages, moment + timedelta(seconds=BEFORE_S), key=lambda passage: passage[0])
        seen: dict[str, Sighting] = {}
        for true_time, event in passages[first:last]:
            progress = ((moment - true_time).total_seconds() + BEFORE_S) / (BEFORE_S + AFTER_S)
            for place, who in enumerate(event.seen):
                looks = BY_ID[who].looks if who in BY_ID else STRANGER
                seen.setdefault(who, Sighting(looks, progress, place))
        return list(seen.values())
