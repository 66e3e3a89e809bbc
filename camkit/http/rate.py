"""A rate limit that all greenlets share."""

from __future__ import annotations

import time

import gevent


class TokenBucket:
    """Let calls through at a steady rate, after a first burst.

    Parameters
    ----------
    per_s : float
        Calls per second in the long run.
    burst : int
        Calls that may go at once after an idle time.

    Notes
    -----
    Each caller books its moment before it waits, so callers go in the order they came. Booking needs no
    lock: the greenlets of one thread switch only where they wait, and if another thread books too early,
    the service answers 429.
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
        """Let no call through before `seconds` have passed: the service said that it is too much."""
        self._held_until = max(self._held_until, time.monotonic() + seconds)
        self._next = max(self._next, self._held_until)

    @property
    def held_s(self) -> float:
        """Seconds until calls are let through again; 0 if `hold` was never called."""
        return max(0.0, self._held_until - time.monotonic())
