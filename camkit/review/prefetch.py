"""Do jobs ahead of time, in one background thread with a gevent hub of its own."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable, Hashable, Iterable
from functools import partial
from typing import Any

import gevent
from gevent.event import Event


def _nothing() -> None:
    """What happens at an end that nobody waits for."""


EXIT_S = 5.0
"""How long the interpreter, when it ends, waits for what is broken off, seconds."""


class Prefetcher:
    """Do a job for each wanted key, the most wanted first.

    Parameters
    ----------
    job : callable
        Called with a key, in a greenlet of the background thread.
    failed : callable
        Called there with the key and the text of the exception, if the job raises one.
    close : callable, optional
        Called there when nothing is left to do: closes the connections that belong to the thread.
    ended : callable, optional
        Called there after that, when `busy` is False.
    at_once : int
        Jobs under way at a time. The first key wanted does not count: it never waits for another.

    Notes
    -----
    The thread begins when something is wanted and ends when nothing is left, hub and sockets with it. Every
    method can be called from any thread. When the interpreter ends, what is under way is broken off between two
    steps, never within one.
    """

    def __init__(
        self,
        job: Callable[[Any], object],
        failed: Callable[[Any, str], object],
        *,
        close: Callable[[], object] = _nothing,
        ended: Callable[[], object] = _nothing,
        at_once: int = 2,
    ) -> None:
        self._job, self._failed, self._close, self._ended = job, failed, close, ended
        self._at_once = at_once
        self._lock = threading.Lock()  # guards all below
        self._wanted: list[Hashable] = []
        self._first: Hashable = None
        self._running: dict[Hashable, gevent.Greenlet] = {}
        self._thread: threading.Thread | None = None
        self._busy = False
        self._loop: Any = None  # of the thread's hub, as long as it may be called

    @property
    def busy(self) -> bool:
        """Whether something is under way."""
        return self._busy

    def want(self, keys: Iterable[Hashable]) -> None:
        """Want these from now on, in this order, instead of what was wanted before; what is under way goes on."""
        keys = list(keys)
        with self._lock:
            self._first = keys[0] if keys else None
            self._wanted = [key for key in keys if key not in self._running]
            if not self._wanted:
                return
            if not self._busy:
                self._busy = True
                self._thread = threading.Thread(target=self._run, name="camkit-prefetch", daemon=True)
                self._thread.start()
            elif self._loop is not None:
                self._loop.run_callback_threadsafe(self._start_jobs)

    def stop(self) -> None:
        """Want nothing more and break off what is under way; returns at once."""
        with self._lock:
            self._wanted = []
            if self._loop is not None:
                self._loop.run_callback_threadsafe(self._break_off)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until nothing is left to do; whether that came about in time."""
        thread = self._thread
        if thread is not None:
            thread.join(timeout_s)
        return not self._busy

    def _run(self) -> None:
        """The thread."""
        hub = gevent.get_hub()
        all_done = Event()
        self._all_done = all_done.set
        atexit.register(self._leave)
        try:
            with self._lock:
                self._loop = hub.loop
            self._start_jobs()
            all_done.wait()
            self._close()
        finally:
            hub.destroy(destroy_loop=True)
            atexit.unregister(self._leave)
        self._ended()

    def _leave(self) -> None:
        """End with the interpreter, which would cut off the thread wherever it is."""
        self.stop()
        self.wait(EXIT_S)

    def _start_jobs(self) -> None:
        """Start what may start; if there is nothing left, let the thread end."""
        with self._lock:
            if self._loop is not gevent.get_hub().loop:  # a call that came too late, to a thread that ends
                return
            while self._wanted and (len(self._running) < self._at_once or self._wanted[0] == self._first):
                key = self._wanted.pop(0)
                self._running[key] = greenlet = gevent.spawn(self._do, key)
                greenlet.link(partial(self._finish, key))
            if not self._running:
                self._busy, self._loop = False, None
                self._all_done()

    def _do(self, key: Hashable) -> None:
        try:
            self._job(key)
        except (
            Exception
        ) as error:  # only its text is kept: an exception would keep sockets beyond the hub's end
            self._failed(key, str(error) or type(error).__name__)

    def _finish(self, key: Hashable, _greenlet: gevent.Greenlet) -> None:
        with self._lock:
            del self._running[key]
        self._start_jobs()

    def _break_off(self) -> None:
        for greenlet in self._running.values():
            greenlet.kill(block=False)
