"""What failed in a download, and what follows from it: repeat, look elsewhere, wait, or stop."""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import Enum

from camkit.cameras.een.moments import Moment
from camkit.errors import NoPicture, ServiceError
from camkit.http import Limits

GIVE_UP_AFTER = 10
"""Failures without a single frame after which a camera counts as silent."""

PAUSES = Limits(backoff_s=0.2, backoff_max_s=1.0)
"""How long a worker waits after a failure."""

LONGEST_WAIT_S = 60.0
"""A service that asks to wait longer than this ends the download, seconds."""


@dataclass(frozen=True)
class Failure:
    """One request that did not give a new frame.

    Attributes
    ----------
    moment : str
        What was asked for.
    """

    moment: str
    reason: str
    status: int | None


class Reaction(Enum):
    """What a download does after a failed request."""

    REPEAT = "ask for the same moment again"
    LOOK_BETWEEN = "there is nothing older: look between the frames that were found"
    STOP = "make no more requests"


class Failures:
    """The failures of one download, and the rules for going on after them.

    Attributes
    ----------
    all : list of Failure
        In order.
    stopped : str or None
        Why no more requests are made; None as long as they are.
    nothing_older : str or None
        What the camera said when there was nothing older; None before that.
    """

    def __init__(self) -> None:
        self.all: list[Failure] = []
        self.stopped: str | None = None
        self.nothing_older: str | None = None
        self._in_a_row = 0
        self._resume_at = 0.0

    def add(self, moment: Moment, error: ServiceError, *, is_silent: bool) -> Reaction:
        """Record a failure and decide what follows; `is_silent` if the camera has given no frame at all."""
        self.all.append(Failure(str(moment), str(error), error.status))
        self._in_a_row += 1
        wait_s = error.retry_after_s or 0.0
        self._resume_at = max(self._resume_at, time.monotonic() + wait_s)
        reaction = Reaction.STOP
        if wait_s > LONGEST_WAIT_S:
            self.stopped = f"Eagle Eye asks to wait {wait_s:.0f} s; run the cell again after that. {error}"
        elif isinstance(error, NoPicture):
            self.nothing_older = str(error)
            reaction = Reaction.LOOK_BETWEEN
        elif error.transient:
            reaction = Reaction.REPEAT
        else:
            self.stopped = str(error)
        if is_silent and self.stopped is None and len(self.all) >= GIVE_UP_AFTER:
            self.stopped = f"The camera failed {GIVE_UP_AFTER} times in a row, the last time: {error}"
            reaction = Reaction.STOP
        return reaction

    def succeeded(self) -> None:
        """Note that the camera answers, so that the next pause is short again."""
        self._in_a_row = 0

    @property
    def pause_s(self) -> float:
        """How long the worker of the last failure waits, seconds."""
        return PAUSES.pause_s(self._in_a_row)

    @property
    def wait_s(self) -> float:
        """How long all workers wait because the service asked for it, seconds; not positive when they need not."""
        return self._resume_at - time.monotonic()
