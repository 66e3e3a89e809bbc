"""A lock for greenlets of several threads: with those of gevent, a thread can wait for ever for another one."""

from __future__ import annotations

import threading

import gevent

from camkit.support.interrupts import interrupts_wait

__all__ = ["GreenletLock"]

LOOK_S = 0.01
"""How often a greenlet that waits looks whether the lock is free, seconds."""


class GreenletLock:
    """Held by one greenlet of any thread at a time, which may take it again; the other greenlets of a thread go on."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owner: object = None
        self._times = 0

    def __enter__(self) -> None:
        me = gevent.getcurrent()
        try:
            while not self._is_taken_by(me):
                gevent.sleep(LOOK_S)
            self._times += 1
        except BaseException:
            if self._owner is me and not self._times:
                self._release()
            raise

    def __exit__(self, *_: object) -> None:
        with interrupts_wait():  # between the two it would stay locked
            self._times -= 1
            if not self._times:
                self._release()

    def _is_taken_by(self, greenlet: object) -> bool:
        if self._owner is greenlet:
            return True
        with interrupts_wait():  # between the two it would stay locked
            taken = self._lock.acquire(blocking=False)
            if taken:
                self._owner = greenlet
        return taken

    def _release(self) -> None:
        self._owner = None
        self._lock.release()
