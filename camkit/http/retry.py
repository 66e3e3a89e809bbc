"""Try again: one loop for requests, and for what waits for a service to be ready."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from itertools import count
from typing import TypeVar

import gevent

from camkit.errors import ServiceError

T = TypeVar("T")

log = logging.getLogger(__name__)


def retry(
    attempt: Callable[[], T],
    pause_s: Callable[[T | ServiceError, int], float | None],
    *,
    attempts: int | None = None,
    deadline_s: float = math.inf,
    sleep: Callable[[float], None] = gevent.sleep,
) -> T:
    """Call a function until its result is good enough, or no further attempt is allowed.

    Parameters
    ----------
    attempt : callable
        What to try. A `ServiceError` that it raises counts as its result; other exceptions end the loop.
    pause_s : callable
        Called with the result and the number of the attempt, from 1. Returns the seconds to wait before
        the next attempt, or None if there should be none.
    attempts : int, optional
        Maximum number of attempts.
    deadline_s : float
        No wait begins that would end later than this after the call, seconds.
    sleep : callable
        Waits for so many seconds, and may wait longer, such as for a rate.

    Returns
    -------
    object
        The last result.

    Raises
    ------
    ServiceError
        If that is the last result.
    """
    ends = time.monotonic() + deadline_s
    for number in count(1):
        result: T | ServiceError
        try:
            result = attempt()
        except ServiceError as error:
            result = error.with_traceback(None)  # without the frames it came through, which may hold sockets
        wait_s = pause_s(result, number)
        if wait_s is None or number == attempts or time.monotonic() + wait_s >= ends:
            break
        log.debug("Attempt %d failed, trying again in %.2f s: %s", number, wait_s, result)
        sleep(wait_s)
    if isinstance(result, ServiceError):
        raise result
    return result
