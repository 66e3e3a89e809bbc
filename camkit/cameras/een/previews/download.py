"""Download different preview frames of one Eagle Eye camera, several at a time."""

from __future__ import annotations

import time
from contextlib import closing
from math import inf
from pathlib import Path
from typing import Any

import gevent
from gevent.event import Event
from gevent.lock import BoundedSemaphore
from tqdm.auto import tqdm

from camkit.cameras.een import EagleEye, Frame
from camkit.cameras.een.devices import CAMERA_TYPES
from camkit.cameras.een.previews.run import (
    DownloadRun,
    Failure,
    SavedFrame,
    different_frames,
    frame_path,
    saved_frames,
)
from camkit.cameras.een.previews.schedule import NEWEST, Moments, Numbers
from camkit.cameras.een.wire import require_camera_id
from camkit.errors import (
    AccessDenied,
    BadResponse,
    LoginRefused,
    NoPicture,
    NotFound,
    ServiceError,
)
from camkit.http import Limits
from camkit.support.files import make_folder, write_whole
from camkit.support.workers import run_together, whole_number

GIVE_UP_AFTER = 10
"""Failures in a row, without a single frame, after which a camera counts as silent."""

PAUSES = Limits(backoff_s=0.2, backoff_max_s=1.0)
"""How long a worker waits after a failure."""

BAR_AFTER_S = 2.0
"""What is done sooner than this shows no progress bar, seconds."""

LONGEST_WAIT_S = 60.0
"""A service that asks to wait longer than this ends the download, seconds."""


def download_previews(
    een: EagleEye,
    camera_id: str | None = None,
    *,
    count: int = 20,
    workers: int = 5,
    attempts: int = 30,
    out: str | Path = "out",
    seed: int | None = None,
    progress: bool = True,
) -> DownloadRun:
    """Save different preview frames of a camera, the newest first.

    Parameters
    ----------
    camera_id : str, optional
        By default a random healthy camera, see `EagleEye.healthy_camera`.
    count : int
        How many different frames to have. Different means by camera and by the vendor's time of the
        frame; two frames with other times and the same bytes count once.
    workers : int
        Requests under way at a time, at most.
    attempts : int
        Requests at most. A failed one is repeated within this number.
    out : str or pathlib.Path
        The folder. Frames of this camera that are there already count, and are not fetched again, so
        that an interrupted run goes on where it ended; for a new run choose a new folder. Files are called
        ``<index>-<camera>-preview-<YYYYMMDDhhmmss.mmm>.jpeg``, time in UTC.
    seed : int, optional
        For the choice of the camera.
    progress : bool
        Show a progress bar in a notebook or terminal, when it takes longer than a moment.

    Returns
    -------
    DownloadRun
        What is on disk, what failed and why. Too few frames is a result, not an exception.

    Raises
    ------
    InputError
        If a number is not whole and positive, or `camera_id` is malformed.
    NotFound
        If the account has no such camera.
    LoginRefused, ServiceUnreachable
        If the vendor refuses the login, or is not there for it.
    OutputError
        If the folder cannot be written; what was saved before stays.

    Notes
    -----
    Each request asks for the last frame before a moment, `schedule.STEP_S` further back than the one
    before. When that turns up a frame seen already (a camera with rarer previews, a gap) the step doubles; when
    there is nothing so far back, it looks just before each frame that was found.
    After a failure a worker waits a little; when the service asks to wait, all of them do; a wait longer
    than `LONGEST_WAIT_S` ends the download.
    """
    count, attempts = whole_number("count", count), whole_number("attempts", attempts)
    workers = min(whole_number("workers", workers), count, attempts)
    folder = make_folder(out)
    if camera_id is None:
        camera_id = een.healthy_camera(seed=seed)
    else:
        require_camera_id(camera_id)
        een.ensure_login()
    with closing(_Bar(camera_id, count, after_s=BAR_AFTER_S if progress else inf)) as bar:
        download = _Download(een, camera_id, folder, count, workers, attempts, bar)
        run_together([download.work] * (2 * workers), 2 * workers)
    run = download.result()
    if not run.saved and any(failure.status in (400, 404) for failure in run.failures):
        _require_known(een, camera_id)
    return run


def _require_known(een: EagleEye, camera_id: str) -> None:
    """Tell a silent camera from one that is none of this account's."""
    try:
        devices = een.devices()
    except ServiceError:
        return
    mine = devices.loc[devices["id"].str.lower() == camera_id.lower()]
    if mine.empty:
        raise NotFound(f"This account has no device {camera_id}; usable_cameras(devices) lists those it has.")
    if not mine["type"].isin(CAMERA_TYPES).any():
        raise NotFound(
            f"Device {camera_id} ({mine['name'].iloc[0]}) is a {mine['type'].iloc[0]}, not a camera."
        )


class _Bar:
    """A progress bar that appears late or never; tqdm's first takes longer to make than ten images to save."""

    def __init__(self, camera_id: str, total: int, *, after_s: float) -> None:
        self._options = {"desc": f"camera {camera_id}", "unit": " frames", "total": total}
        self._due = time.monotonic() + after_s
        self._bar: tqdm[Any] | None = None

    def at(self, done: int) -> None:
        """Show how many there are."""
        if self._bar is not None:
            self._bar.update(done - self._bar.n)
        elif time.monotonic() >= self._due:
            self._bar = tqdm(initial=done, **self._options)

    def close(self) -> None:
        """Leave it as it is."""
        if self._bar is not None:
            self._bar.close()


class _Download:
    """One download under way; its workers are greenlets of one hub, so it needs no lock."""

    def __init__(
        self, een: EagleEye, camera_id: str, out: Path, count: int, workers: int, attempts: int, bar: _Bar
    ) -> None:
        self._een, self._camera_id, self._out = een, camera_id, out
        self._count, self._attempts = count, attempts
        found = saved_frames(out, camera_id)
        self._saved = {frame.timestamp: frame for frame in different_frames(found)}
        self._found_before = len(self._saved)
        self._known = {mark for frame in found for mark in (frame.timestamp, frame.sha256)}
        self._numbers = Numbers(frame.number for frame in found)
        self._moments = Moments(0 if self._saved else workers)
        for number, timestamp in enumerate(sorted(self._saved, reverse=True)):
            self._moments.found(self._saved[timestamp].at, timestamp if number else NEWEST)
        self._again: list[str] = []
        self._failures: list[Failure] = []
        self._requests = self._repeated = self._under_way = self._failed_in_a_row = 0
        self._not_before = 0.0
        self._dead_end = self._nothing_more = ""
        self._on_the_wire = BoundedSemaphore(workers)
        self._desk = BoundedSemaphore()  # one picture at a time is decoded and written
        self._over = Event()
        self._started = time.perf_counter()
        self._bar = bar

    def work(self) -> None:
        """One worker: fetch frames as long as some are missing, and keep each while others are on their way."""
        while True:
            with self._on_the_wire:
                if not self._may_ask():
                    break
                if (wait_s := self._not_before - time.monotonic()) > 0:
                    self._over.wait(wait_s)
                    continue
                number, moment = self._begin()
                frame = self._fetch(moment) if moment else None
            kept = frame is not None and self._keep(frame, moment, number)
            self._under_way -= 1
            if not kept:
                self._numbers.give_back(number)
            if not moment:
                break
        if not self._under_way:
            self._over.set()

    def result(self) -> DownloadRun:
        """What came of it."""
        return DownloadRun(
            camera_id=self._camera_id,
            out=self._out,
            wanted=self._count,
            saved=tuple(sorted(self._saved.values(), key=lambda frame: frame.number)),
            failures=tuple(self._failures),
            requests=self._requests,
            repeated=self._repeated,
            found_before=self._found_before,
            elapsed_s=time.perf_counter() - self._started,
            shortfall=self._shortfall(),
        )

    def _begin(self) -> tuple[int, str]:
        """The number that the next frame will have, and the moment to ask for; empty when there is none."""
        self._under_way += 1  # before it waits for a moment, so that nobody else counts on this place
        self._requests += 1
        number = self._numbers.take()
        moment = self._again.pop(0) if self._again else self._moments.take()
        if moment is None:
            self._requests -= 1
        return number, moment or ""

    def _fetch(self, moment: str) -> Frame | None:
        """One request; the frame if it is new, not yet decoded."""
        try:
            frame = self._een.frame(self._camera_id, moment, attempts=1, decode=False)
        except (LoginRefused, AccessDenied):
            raise
        except ServiceError as error:
            self._learn_from(error, moment)
            self._over.wait(PAUSES.pause_s(self._failed_in_a_row))
            return None
        is_new = self._known.isdisjoint((frame.timestamp, frame.sha256))
        self._moments.found(frame.at, moment, is_new=is_new)
        if not is_new:
            self._failed_in_a_row = 0
            self._repeated += 1
            return None
        self._known.update((frame.timestamp, frame.sha256))
        return frame

    def _keep(self, frame: Frame, moment: str, number: int) -> bool:
        """Put a frame on disk under this number, unless it is damaged."""
        with self._desk:
            gevent.idle()  # what waits to be read or sent comes first
            try:
                frame.require_whole()
            except BadResponse as error:
                self._known.difference_update((frame.timestamp, frame.sha256))
                self._learn_from(error, moment)
                return False
            path = frame_path(self._out, number, self._camera_id, frame.timestamp)
            write_whole(path, frame.content)
        self._saved[frame.timestamp] = SavedFrame(
            path, number, frame.timestamp, len(frame.content), frame.sha256, frame.reply.latency_s
        )
        self._failed_in_a_row = 0
        self._bar.at(len(self._saved))
        return True

    def _learn_from(self, error: ServiceError, moment: str) -> None:
        self._failures.append(Failure(moment, str(error), error.status))
        self._failed_in_a_row += 1
        self._moments.failed(moment)
        told_s = error.retry_after_s or 0.0
        self._not_before = max(self._not_before, time.monotonic() + told_s)
        if told_s > LONGEST_WAIT_S:
            self._dead_end = f"Eagle Eye asks to wait {told_s:.0f} s; run the cell again after that. {error}"
        elif isinstance(error, NoPicture):
            self._moments.nothing_before()
            self._nothing_more = str(error)
        elif error.transient:
            self._again.append(moment)
        else:
            self._dead_end = str(error)
        if not (self._saved or self._dead_end) and len(self._failures) >= GIVE_UP_AFTER:
            self._dead_end = f"The camera gave nothing {GIVE_UP_AFTER} times in a row, the last time: {error}"

    def _may_ask(self) -> bool:
        return self._missing() > self._under_way and self._requests < self._attempts and not self._dead_end

    def _missing(self) -> int:
        return self._count - len(self._saved)

    def _shortfall(self) -> str:
        if self._missing() <= 0:
            return ""
        tried = f"{self._requests} requests gave {self._repeated} repeated frames and {len(self._failures)} failures"
        if self._dead_end or self._requests < self._attempts:
            return f"{tried}. {self._dead_end or self._nothing_more}"
        return f"The {self._attempts} attempts are used up: {tried}. Give more attempts."
