"""Which moments a download asks for, and how it numbers the frames it gets.

Asking for ``now`` again and again gives the same frame again and again (a published run saved 20 files
with 9 different pictures: SwyftG/EEN). So each request asks for another moment, further back.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterable
from datetime import datetime, timedelta

from gevent.event import Event

from camkit.cameras.een.wire import een_time

STEP_S = 2.1
"""Seconds from one moment asked for to the next: just over the longest gap between frames seen in public."""

STEP_MAX_S = 3600.0

NEWEST = "now"

ANCHOR_WAIT_S = 1.0
"""How long the later requests wait for the newest frame's time before they go on without it, seconds."""

MILLISECOND = timedelta(milliseconds=1)
"""The vendor's resolution. Just before a frame is that much earlier: whether "before" includes is not settled."""


class Moments:
    """Which moments to ask for, newest first; then, where there is nothing older, those between.

    The first ones, which go out together, are told relative to the server's own ``now``. The others are
    told in the vendor's time, counted back from the newest frame, so that neither this machine's clock
    nor the time that passes meanwhile matters, and the same camera gives the same frames.

    Parameters
    ----------
    together : int
        How many go out before any answer is awaited; 0 when frames are known already.
    """

    def __init__(self, together: int) -> None:
        self._blind = together
        self._step = timedelta(seconds=STEP_S)
        self._back = timedelta(0)
        self._newest: datetime | None = None
        self._anchored = Event()
        self._at_the_end = False
        self._between: list[datetime] = []

    def take(self) -> str | None:
        """The next moment, in the vendor's words; waits a little for the newest frame to be known.

        None when there is nothing further back, and nothing known to look before.
        """
        blind = self._blind > 0
        if blind:
            self._blind -= 1
        else:
            self._anchored.wait(ANCHOR_WAIT_S)
        if self._at_the_end and not blind:
            return een_time(self._between.pop(0) - MILLISECOND) if self._between else None
        back, self._back = self._back, self._back + self._step
        if self._newest is not None and not blind:
            return een_time(self._newest - back)
        return f"-{back // MILLISECOND}" if back else NEWEST

    def found(self, at: datetime, moment: str, *, is_new: bool = True) -> None:
        """Learn from a frame: from the moment that led to it back to the frame itself there is no other.

        One that was known already says moreover that this camera's frames are further apart.
        """
        if moment == NEWEST:
            self._newest = at
            self._anchored.set()
        if self._newest is not None:
            self._back = max(self._back, self._newest - at + MILLISECOND)
        if is_new:
            self._between.append(at)
        else:
            self._step = min(self._step * 2, timedelta(seconds=STEP_MAX_S))

    def failed(self, moment: str) -> None:
        """Learn that the newest frame did not come, so that nobody waits for it."""
        if moment == NEWEST:
            self._anchored.set()

    def nothing_before(self) -> None:
        """Learn that there is no older frame: from now on, look just before each frame that was found."""
        self._at_the_end = True


class Numbers:
    """The lowest free number each time, so that the files are numbered without holes."""

    def __init__(self, taken: Iterable[int]) -> None:
        taken = set(taken)
        self._unused = (number for number in itertools.count() if number not in taken)
        self._given_back: list[int] = []

    def take(self) -> int:
        """The lowest number nobody has."""
        return heapq.heappop(self._given_back) if self._given_back else next(self._unused)

    def give_back(self, number: int) -> None:
        """It was not used after all."""
        heapq.heappush(self._given_back, number)
