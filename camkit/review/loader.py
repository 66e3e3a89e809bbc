"""Brings the frames of the event in front and of the next ones, in the background."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import pandas as pd

from camkit.cameras import Snapshot, SnapshotSource
from camkit.directory import Directory
from camkit.review.event import EventReview
from camkit.review.frames import RecordedFrames, fetch_frames
from camkit.review.prefetch import Prefetcher
from camkit.review.state import ReviewState

AHEAD = 4
"""How many events after the one in front are loaded ahead."""


class FrameLoader:
    """Loads what a review is about to show: from the case what it has, the rest from the cameras.

    Parameters
    ----------
    state : ReviewState
        Takes the frames.
    source, doors, directory
        As for `camkit.snapshots_for`.
    on_end : callable
        Called in the background thread when nothing is left to load.

    Attributes
    ----------
    stopped : bool
        Whether `stop` was called, and `resume` not since.
    """

    def __init__(
        self,
        state: ReviewState,
        source: SnapshotSource | Mapping[str, SnapshotSource],
        doors: pd.DataFrame,
        directory: Directory | None,
        on_end: Callable[[], object],
    ) -> None:
        self._state = state
        self._services = [*(source.values() if isinstance(source, Mapping) else [source]), directory]
        self._fetch = partial(fetch_frames, source=source, doors=doors, directory=directory)
        self._recorded = RecordedFrames(state.case)
        self._prefetcher = Prefetcher(self._load, state.asked, close=self._close, ended=on_end)
        self.stopped = False

    @property
    def busy(self) -> bool:
        """Whether something is being loaded."""
        return self._prefetcher.busy

    def follow(self) -> None:
        """Load for the event that is now in front, unless stopped."""
        if not self.stopped:
            self._prefetcher.want(self._state.wanted(AHEAD))

    def stop(self) -> None:
        """Break off what is being loaded, and load nothing more until `resume`; what has come stays."""
        self.stopped = True
        self._prefetcher.stop()

    def resume(self) -> None:
        """Load again, also what could not be had before."""
        self.stopped = False
        self._state.ask_again()
        self.follow()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until nothing is being loaded; whether that came about in time."""
        return self._prefetcher.wait(timeout_s)

    def _load(self, item: EventReview) -> None:
        """Bring the frames of one event."""
        steps_s, lost = self._state.steps_s, set()

        def recorded(step_s: float, frame: Snapshot) -> None:
            self._state.keep(item, step_s, frame, recorded=True)
            if not frame.ok:
                lost.add(step_s)

        def fetched(step_s: float, frame: Snapshot) -> None:
            if frame.ok or step_s not in lost:  # else what became of the recorded picture is said on
                self._state.keep(item, step_s, frame)

        self._recorded.find(item.event, item.missing(steps_s), recorded)
        if missing := item.missing(steps_s):
            self._fetch(item.event, missing, fetched)
        self._state.asked(item)

    def _close(self) -> None:
        """Close the connections of the background thread; not every source has some."""
        for service in self._services:
            close = getattr(service, "close", None)
            if close is not None:
                close()
