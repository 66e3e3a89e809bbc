"""Load the frames of the event in front and of the next ones, in one background thread."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable, Hashable, Iterable, Mapping
from functools import partial
from typing import Any

import gevent
from gevent.event import Event

from camkit.cameras import SnapshotFetcher, SnapshotSource
from camkit.directory import Directory
from camkit.review.event_review import EventReview
from camkit.review.state import ReviewState
from camkit.support.workers import run_together

AHEAD = 4
"""How many events after the one in front are loaded ahead."""

WORKERS = 5
"""Frames of one view that are fetched at a time."""

EXIT_S = 5.0
"""How long the interpreter, when it ends, waits for what is under way to stop, seconds."""

Job = tuple[EventReview, int]
"""An event and one of its views."""


class FrameLoader:
    """Loads what a review is about to show: from the case what it has, the rest from the cameras.

    Parameters
    ----------
    state : ReviewState
        Takes the frames.
    source, directory
        As for `camkit.snapshots_for`.
    on_end : callable
        Called in the background thread when nothing is left to load.

    Attributes
    ----------
    begun : bool
        Whether `load` was ever called.
    """

    def __init__(
        self,
        state: ReviewState,
        source: SnapshotSource | Mapping[str, SnapshotSource],
        directory: Directory | None,
        on_end: Callable[[], object],
    ) -> None:
        self._state, self._source, self._directory = state, source, directory
        self._thread = BackgroundJobs(self._load, close=self._close, ended=on_end)
        self.begun = False
        self._is_active = False

    @property
    def busy(self) -> bool:
        """Whether something is being loaded."""
        return self._thread.busy

    def load(self) -> None:
        """Begin to load, or load again, also what could not be loaded before."""
        self.begun = self._is_active = True
        self._state.ask_again()
        self.follow()

    def follow(self) -> None:
        """Load for the event that is now in front; nothing before `load` or after `stop`."""
        if self._is_active:
            self._thread.want(wanted(self._state, AHEAD))

    def stop(self) -> None:
        """Stop what is being loaded, and load nothing more until `load`; what has come stays."""
        self._is_active = False
        self._thread.stop()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until nothing is being loaded; return whether that happened in time."""
        return self._thread.wait(timeout_s)

    def _load(self, job: Job) -> None:
        """Load one view of an event."""
        item, view = job
        problem = None
        try:
            self._state.read_frames(item)
            if item.event.cameras or self._directory is not None:
                self._fetch(item, view)
        except Exception as error:  # noqa: BLE001 - a defect too is shown in the panel, else the thread would hide it
            # As text: the exception itself would keep sockets beyond the hub's end.
            problem = str(error) or type(error).__name__
        self._state.note_asked(item, view, problem)

    def _fetch(self, item: EventReview, view: int) -> None:
        """Ask for the frames of a view that are missing, the nearest to the event first."""
        # One for each job: what it remembers belongs to the thread that made it, and is to be asked again next time.
        fetcher = SnapshotFetcher(self._source, self._directory)

        def fetch(step_s: float) -> None:
            frame = fetcher.fetch(item.event, item.views[view], step_s)
            self._state.keep(item, (view, step_s), frame)

        run_together((partial(fetch, step) for step in item.missing(view, self._state.steps_s)), WORKERS)

    def _close(self) -> None:
        """Close the connections of the background thread; not every source has some."""
        sources = self._source.values() if isinstance(self._source, Mapping) else [self._source]
        for service in (*sources, self._directory):
            getattr(service, "close", lambda: None)()


def wanted(state: ReviewState, ahead: int) -> list[Job]:
    """Return the events and views to load, the most urgent first, without those that were asked for.

    First the view that one looks at; then the main views of the event in front and of the `ahead` next ones, so that
    going on meets no delay; then the other views, in the same order.
    """
    near = state.queue[state.position : state.position + 1 + ahead]
    main = [(item, 0) for item in near]
    others = [(item, view) for item in near for view in range(1, len(item.views))]
    urgent = dict.fromkeys([(state.current, state.shown_key[0]), *main, *others])
    return [job for job in urgent if job[1] not in job[0].asked and job[0].missing(job[1], state.steps_s)]


class BackgroundJobs:
    """Do a job for each wanted key, the most wanted first, in a thread with a gevent hub of its own.

    Parameters
    ----------
    job : callable
        Called with a key, in a greenlet of the background thread; raises nothing.
    close : callable
        Called there when nothing is left to do: closes the connections that belong to the thread.
    ended : callable
        Called there after that, when `busy` is False.
    at_once : int
        Jobs under way at a time. The first key wanted does not count: it never waits for another.

    Notes
    -----
    The thread begins when something is wanted and ends when nothing is left, hub and sockets with it. Every
    method can be called from any thread. When the interpreter ends, what is under way is stopped between two
    steps, never within one.
    """

    def __init__(
        self,
        job: Callable[[Any], object],
        *,
        close: Callable[[], object] = lambda: None,
        ended: Callable[[], object] = lambda: None,
        at_once: int = 2,
    ) -> None:
        self._job, self._close, self._ended, self._at_once = job, close, ended, at_once
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
                self._thread = threading.Thread(target=self._run, name="camkit-loading", daemon=True)
                self._thread.start()
            elif self._loop is not None:
                self._loop.run_callback_threadsafe(self._start_jobs)

    def stop(self) -> None:
        """Want nothing more and stop what is under way; returns at once."""
        with self._lock:
            self._wanted = []
            if self._loop is not None:
                self._loop.run_callback_threadsafe(self._stop_jobs)

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until nothing is left to do; return whether that happened in time."""
        thread = self._thread
        if thread is not None:
            thread.join(timeout_s)
        return not self._busy

    def _run(self) -> None:
        """Do the jobs; this is the thread."""
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
                self._running[key] = greenlet = gevent.spawn(self._job, key)
                greenlet.link(partial(self._finish, key))
            if not self._running:
                self._busy, self._loop = False, None
                self._all_done()

    def _finish(self, key: Hashable, _greenlet: gevent.Greenlet) -> None:
        with self._lock:
            del self._running[key]
        self._start_jobs()

    def _stop_jobs(self) -> None:
        for greenlet in self._running.values():
            greenlet.kill(block=False)
