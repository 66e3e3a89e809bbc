"""A rate that all greenlets keep together."""

from __future__ import annotations

import time

import gevent


class TokenBucket:
    """Let through so many calls a second, evenly, after a first burst.

    Parameters
    ----------
    per_s : float
        Calls per second in the long run.
    burst : int
        Calls that may go at once after a pause.

    Notes
    -----
    Each caller books its moment before it waits, so callers go in the order they came and none is
    overtaken. Booking takes no lock: greenlets of one thread switch only where they wait, and one
    booking too early by another thread is what the service's 429 is for.
    """

    def __init__(self, per_s: float, burst: int = 10) -> None:
        self._interval_s = 1.0 / per_s
        self._allowance_s = (burst - 1) * self._interval_s
        self._next = 0.0
        self._held_until = 0.0

    def take(self) -> None:
        """Wait for the next free moment."""
        now = time.monotonic()
        self._next = max(self._next, now - self._allowance_s) + self._interval_s
        wait_s = self._next - self._interval_s - now
        if wait_s > 0:
            gevent.sleep(wait_s)

    def hold(self, seconds: float) -> None:
        """Give no further moment before `seconds` have passed: the service said it is too much."""
        self._held_until = max(self._held_until, time.monotonic() + seconds)
        self._next = max(self._next, self._held_until)

    @property
    def held_s(self) -> float:
        """Seconds until the service is ready for more; 0 when it never said it was too much."""
        return max(0.0, self._held_until - time.monotonic())
