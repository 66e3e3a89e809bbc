"""How long to wait, how many attempts to make, how much to accept, and the rate that all greenlets share."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import gevent

from camkit.errors import InputError
from camkit.support.workers import whole_number

RETRY_STATUSES = frozenset({429, 500, 502, 503, 504})
"""Failures that may pass by themselves; a 429 also says that nothing was done."""


@dataclass(frozen=True)
class Limits:
    """How long to wait and how much to accept.

    Attributes
    ----------
    connect_s, read_s : float
        Longest wait for a connection, and for the next byte, seconds.
    deadline_s : float
        Longest time for one call with all its attempts and pauses, seconds.
    attempts : int
        Maximum number of requests per call, not counting redirects.
    backoff_s, backoff_max_s : float
        First and longest pause between attempts, seconds; doubled each time, and jittered by half.
    max_bytes : int
        Size of the largest answer accepted, unpacked, bytes.
    redirects : int
        Maximum number of redirects followed in a row.

    Raises
    ------
    InputError
        If `attempts` is not a whole number of at least 1, or a time is not positive (a pause may be 0).
    """

    connect_s: float = 5.0
    read_s: float = 20.0
    deadline_s: float = 60.0
    attempts: int = 4
    backoff_s: float = 0.4
    backoff_max_s: float = 8.0
    max_bytes: int = 25 * 1024 * 1024
    redirects: int = 5

    def __post_init__(self) -> None:
        whole_number("attempts", self.attempts)
        for name in ("connect_s", "read_s", "deadline_s"):
            if not (seconds := getattr(self, name)) > 0:
                raise InputError(f"{name} is {seconds!r}; it must be more than 0 seconds.")

    def pause_s(self, attempt: int, asked_s: float | None = None) -> float:
        """Seconds to wait after a failed attempt, the first being 1.

        If the service asked for a wait, that long and up to a tenth longer, so that those who were asked
        at once do not all come back at once; otherwise doubled each time and jittered.
        """
        if asked_s is not None:
            return asked_s * random.uniform(1.0, 1.1)  # noqa: S311 - jitter, not a secret
        pause = min(self.backoff_s * 2 ** min(attempt - 1, 30), self.backoff_max_s)
        return pause * random.uniform(0.5, 1.5)  # noqa: S311 - jitter, not a secret


@contextmanager
def within(deadline: gevent.Timeout) -> Iterator[None]:
    """Let a deadline run for a block; its own ``with`` would let it run on if an interrupt came as it starts."""
    try:
        deadline.start()
        yield
    finally:
        deadline.close()


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
        self.set_rate(per_s, burst)
        self._next = 0.0
        self._held_until = 0.0

    def set_rate(self, per_s: float, burst: int) -> None:
        """Let calls through at another rate from now on."""
        self._interval_s = 1.0 / per_s
        self._allowance_s = (burst - 1) * self._interval_s

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
