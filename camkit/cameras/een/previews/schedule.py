"""Which moments a download asks for.

Asking for ``now`` again and again gives the same frame again and again (a published run saved 20 files
with 9 different pictures: SwyftG/EEN). So each request asks for another moment, further back.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from gevent.event import Event

from camkit.cameras.een.frames import ReceivedFrame
from camkit.cameras.een.moments import Moment
from camkit.cameras.een.previews.failures import Reaction

STEP_S = 2.1
"""Seconds between the moments asked for: just over the longest gap between frames in published runs."""

STEP_MAX_S = 3600.0

NEWEST = Moment.now()

NEWEST_WAIT_S = 1.0
"""How long later requests wait for the newest frame's time before they go on without it, seconds."""

MILLISECOND = timedelta(milliseconds=1)
"""The vendor's resolution."""


class Schedule:
    """Which moments to ask for: the newest first, then older ones; when nothing is older, those between.

    The first requests, which go out together, name a moment relative to the server's own ``now``. The others
    name the vendor's time, counted back from the newest frame. So neither this machine's clock nor the time
    that passes meanwhile matters, and the same camera gives the same frames.

    Parameters
    ----------
    together : int
        How many requests go out before the first answer.
    known : iterable of datetime.datetime
        When the frames were taken that are there already.
    """

    def __init__(self, together: int, known: Iterable[datetime] = ()) -> None:
        newest_first = sorted(known, reverse=True)
        self._newest = newest_first[0] if newest_first else None
        self._newest_tried = Event()
        self._relative_left = 0 if newest_first else together
        self._step = timedelta(seconds=STEP_S)
        self._back = timedelta(0)
        self._nothing_older = False
        self._between: list[Moment] = []
        self._repeat: list[Moment] = []
        if newest_first:
            self._newest_tried.set()
        for at in newest_first:
            self._pass(at)
            self._between.append(Moment.before(at))

    def take(self) -> Moment | None:
        """The next moment; waits a little for the newest frame to be known.

        None when nothing older is left to ask for.
        """
        if self._repeat:
            return self._repeat.pop(0)
        is_relative = self._relative_left > 0
        if is_relative:
            self._relative_left -= 1
        else:
            self._newest_tried.wait(NEWEST_WAIT_S)
        if self._nothing_older and not is_relative:
            return self._between.pop(0) if self._between else None
        back, self._back = self._back, self._back + self._step
        if self._newest is not None and not is_relative:
            return Moment.at(self._newest - back)
        return Moment.now(back)

    def found(self, moment: Moment, frame: ReceivedFrame, *, is_new: bool) -> None:
        """Learn from the frame that a moment led to.

        One that was known already shows that this camera's frames are further apart.
        """
        if moment == NEWEST:
            self._newest = frame.at
            self._newest_tried.set()
        self._pass(frame.at)
        if is_new:
            self._between.append(Moment.before(frame.at, frame.prev))
        else:
            self._step = min(self._step * 2, timedelta(seconds=STEP_MAX_S))

    def failed(self, moment: Moment, reaction: Reaction) -> None:
        """Learn from a failure."""
        if moment == NEWEST:
            self._newest_tried.set()  # so that nobody waits for it
        if reaction is Reaction.REPEAT:
            self._repeat.append(moment)
        elif reaction is Reaction.LOOK_BETWEEN:
            self._nothing_older = True

    def _pass(self, at: datetime) -> None:
        """Skip the time back to a frame: from the moment that led to it there is no other frame before it."""
        if self._newest is not None:
            self._back = max(self._back, self._newest - at + MILLISECOND)
