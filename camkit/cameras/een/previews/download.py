"""Download different preview frames of one Eagle Eye camera, several at a time."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass
from math import inf
from pathlib import Path

import gevent
from gevent.event import Event
from gevent.lock import BoundedSemaphore

from camkit.cameras.een import EagleEye, Moment, ReceivedFrame
from camkit.cameras.een.devices import CAMERA_TYPES
from camkit.cameras.een.formats import require_camera_id
from camkit.cameras.een.previews.collection import Collection
from camkit.cameras.een.previews.failures import Failures
from camkit.cameras.een.previews.run import DownloadRun
from camkit.cameras.een.previews.schedule import Schedule
from camkit.errors import AccessDenied, BadResponse, LoginRefused, NotFound, ServiceError
from camkit.support.bar import BAR_AFTER_S, Bar
from camkit.support.files import make_folder, remove_leftovers
from camkit.support.locks import locked
from camkit.support.workers import interruptible, run_together, whole_number


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
        How many different frames to save. Frames differ by the vendor's time; two frames with different
        times and the same bytes count once.
    workers : int
        The most requests at the same time.
    attempts : int
        The most requests in all. A failed one is repeated within this number.
    out : str or pathlib.Path
        The folder. Frames of this camera that are there already count and are not fetched again, so an
        interrupted run goes on where it ended; for a new run choose a new folder. Files are named
        ``<index>-<camera>-preview-<YYYYMMDDhhmmss.mmm>.jpeg``, time in UTC.
    seed : int, optional
        For the choice of the camera.
    progress : bool
        Show a progress bar in a notebook or terminal if it takes longer than `BAR_AFTER_S`.

    Returns
    -------
    DownloadRun
        What is on disk, what failed and why. Too few frames is a result, not an exception.

    Raises
    ------
    InputError
        If a number is not whole and positive, or `camera_id` is malformed.
    NotFound
        If the account does not have this camera.
    LoginRefused, ServiceUnreachable
        If the vendor refuses the login, or cannot be reached.
    OutputError
        If the folder cannot be written, in which case what was saved before stays; or if another download of this
        camera into this folder is running, in this kernel or another.
    Interrupted
        If it is stopped; what was saved before stays.

    Notes
    -----
    Each request asks for the last frame before a moment, `schedule.STEP_S` further back than the previous
    one. If that gives a frame seen already (a camera with rarer previews, a gap) the step doubles; if nothing
    is older, the download looks just before each frame that was found.
    After a failure a worker waits a little; when the service asks to wait, all of them do; a wait longer
    than `failures.LONGEST_WAIT_S` ends the download.
    """
    count, attempts = whole_number("count", count), whole_number("attempts", attempts)
    workers = min(whole_number("workers", workers), count, attempts)
    folder = make_folder(out)
    remove_leftovers(folder)
    if camera_id is None:
        camera_id = een.healthy_camera(seed=seed)
    else:
        require_camera_id(camera_id)
        een.ensure_login()
    lock = locked(folder / f".{camera_id.lower()}.lock", f"download of camera {camera_id} into {folder}")
    with (
        lock,
        closing(
            Bar(f"camera {camera_id}", count, " frames", after_s=BAR_AFTER_S if progress else inf)
        ) as bar,
    ):
        download = _Download(een, camera_id, folder, _Budget(count, attempts), workers, bar)
        with interruptible(download.kept):
            run_together([download.work] * (2 * workers), 2 * workers)
    run = download.result()
    if not run.saved and any(failure.status in (400, 404) for failure in run.failures):
        _require_known(een, camera_id)
    return run


def _require_known(een: EagleEye, camera_id: str) -> None:
    """Raise `NotFound` unless this is a camera of the account, though a silent one."""
    try:
        devices = een.devices()
    except ServiceError:
        return
    mine = devices.loc[devices["id"].str.lower() == camera_id.lower()]
    if mine.empty:
        raise NotFound(f"This account has no device {camera_id}: notebook 03 lists those that it has.")
    if not mine["type"].isin(CAMERA_TYPES).any():
        raise NotFound(
            f"Device {camera_id} ({mine['name'].iloc[0]}) is a {mine['type'].iloc[0]}, not a camera."
        )


@dataclass
class _Budget:
    """How many frames a download is to get with how many requests, and how far it is."""

    wanted: int
    attempts: int
    requests: int = 0
    under_way: int = 0  # requests and received pictures that may still become frames on disk

    def allows_request(self, saved: int) -> bool:
        """Whether another request is needed and allowed."""
        return self.wanted - saved > self.under_way and self.requests < self.attempts


class _Download:
    """The workers of one download; they are greenlets of one hub that switch only where they wait, so need no lock."""

    def __init__(
        self, een: EagleEye, camera_id: str, out: Path, budget: _Budget, workers: int, bar: Bar
    ) -> None:
        self._een, self._camera_id, self._out = een, camera_id, out
        self._budget, self._bar = budget, bar
        self._collection = Collection(out, camera_id)
        self._schedule = Schedule(workers, known=(frame.at for frame in self._collection.frames))
        self._failures = Failures()
        self._repeated = 0
        self._requesting = BoundedSemaphore(workers)
        self._saving = BoundedSemaphore()  # one picture at a time is decoded and written
        self._finished = Event()
        self._started = time.perf_counter()

    def work(self) -> None:
        """One worker: fetch frames as long as some are missing, and save each while others are requested."""
        while self._take_one():
            pass
        if not self._budget.under_way:
            self._finished.set()

    def kept(self) -> str:
        """Say what an interrupt leaves."""
        frames = Collection(
            self._out, self._camera_id
        ).frames  # an interrupt may come between writing and noting
        kept = f"{len(frames)} of {self._budget.wanted} frames are in the folder {self._out}"
        return f"{kept}. Run the cell again: it fetches the others only."

    def result(self) -> DownloadRun:
        """What is on disk now, and what failed."""
        return DownloadRun(
            camera_id=self._camera_id,
            out=self._out,
            wanted=self._budget.wanted,
            saved=self._collection.frames,
            failures=tuple(self._failures.all),
            requests=self._budget.requests,
            repeated=self._repeated,
            found_before=self._collection.found_before,
            elapsed_s=time.perf_counter() - self._started,
            shortfall=self._shortfall(),
        )

    def _take_one(self) -> bool:
        """Request one frame and save it; False if there is nothing more to request."""
        with self._requesting:
            if self._failures.stopped or not self._budget.allows_request(len(self._collection)):
                return False
            if (wait_s := self._failures.wait_s) > 0:
                self._finished.wait(wait_s)
                return True
            self._budget.under_way += 1
            self._budget.requests += 1  # before waiting for a moment, so that nobody else uses this attempt
            number = self._collection.take_number()
            moment = self._schedule.take()
            frame = self._request(moment) if moment else None
        if moment is None:
            self._budget.requests -= 1
        if moment is None or frame is None or not self._save(frame, moment, number):
            self._collection.return_number(number)
        self._budget.under_way -= 1
        return moment is not None

    def _request(self, moment: Moment) -> ReceivedFrame | None:
        """One request; the frame if it is new."""
        try:
            frame = self._een.receive_frame(self._camera_id, moment, attempts=1)
        except (LoginRefused, AccessDenied):
            raise
        except ServiceError as error:
            self._fail(moment, error)
            self._finished.wait(self._failures.pause_s)
            return None
        is_new = self._collection.claim(frame)
        self._schedule.found(moment, frame, is_new=is_new)
        if is_new:
            return frame
        self._failures.succeeded()
        self._repeated += 1
        return None

    def _save(self, frame: ReceivedFrame, moment: Moment, number: int) -> bool:
        """Decode a frame and write it under a number; False if it is damaged."""
        with self._saving:
            gevent.idle()  # requests and answers that wait come first
            try:
                checked = frame.check()
            except BadResponse as error:
                self._collection.release(frame)
                self._fail(moment, error)
                return False
            self._collection.save(checked, number)
        self._failures.succeeded()
        self._bar.at(len(self._collection))
        return True

    def _fail(self, moment: Moment, error: ServiceError) -> None:
        reaction = self._failures.add(moment, error, is_silent=not len(self._collection))
        self._schedule.failed(moment, reaction)

    def _shortfall(self) -> str:
        """Why there are too few frames; empty if there are enough."""
        saved, failures, budget = len(self._collection), self._failures, self._budget
        if saved >= budget.wanted:
            return ""
        tried = f"{budget.requests} requests gave {self._repeated} repeated frames and {len(failures.all)} failures"
        if failures.stopped or budget.requests < budget.attempts:
            return f"{tried}. {failures.stopped or failures.nothing_older}"
        return f"The {budget.attempts} attempts are used up: {tried}. Give more attempts."
