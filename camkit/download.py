"""Download different preview frames of one Eagle Eye camera, several at a time.

Asking for ``now`` again and again gives the same frame again and again (a published run saved 20 files
with 9 different pictures: SwyftG/EEN). So each request asks for another moment, further back.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from gevent.event import Event
from tqdm.auto import tqdm

from camkit.een import EagleEye
from camkit.een.devices import CAMERA_TYPES
from camkit.een.wire import een_time, require_camera_id
from camkit.errors import AccessDenied, InputError, LoginRefused, NotFound, ServiceError
from camkit.files import make_folder, write_whole
from camkit.greenlets import run_together
from camkit.runs import DownloadRun, Failure, SavedFrame, frame_path, saved_frames

STEP_S = 2.1
"""Seconds from one moment asked for to the next: just over the longest gap between frames seen in public."""

STEP_MAX_S = 3600.0

NEWEST = "now"

ANCHOR_WAIT_S = 1.0
"""How long the later requests wait for the newest frame's time before they go on without it, seconds."""

GIVE_UP_AFTER = 10
"""Failures in a row, without a single frame, after which a camera counts as silent."""


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
        Requests under way at a time.
    attempts : int
        Requests at most. A failed one is repeated within this number.
    out : str or pathlib.Path
        The folder. Frames of this camera that are there already count, and are not fetched again, so
        that an interrupted run goes on where it ended; for a new run choose a new folder. Files are called
        ``<index>-<camera>-preview-<YYYYMMDDhhmmss.mmm>.jpeg``, time in UTC.
    seed : int, optional
        For the choice of the camera.
    progress : bool
        Show a progress bar in a notebook or terminal.

    Returns
    -------
    DownloadRun
        What is on disk, what failed and why. Too few frames is a result, not an exception.

    Raises
    ------
    InputError
        If a number is not positive or `camera_id` is malformed.
    NotFound
        If the account has no such camera.
    LoginRefused
        If the vendor refuses the login.
    OutputError
        If the folder cannot be written; what was saved before stays.

    Notes
    -----
    Each request asks for the last frame before a moment, `STEP_S` further back than the one before. When that
    turns up a frame seen already (a camera with rarer previews, a gap) the step doubles.
    """
    for name, number in {"count": count, "workers": workers, "attempts": attempts}.items():
        if number < 1:
            raise InputError(f"{name} is {number}; it has to be at least 1.")
    if camera_id is None:
        camera_id = een.healthy_camera(seed=seed)
    require_camera_id(camera_id)
    download = _Download(een, camera_id, make_folder(out), count, workers, attempts)
    started = time.perf_counter()
    with tqdm(total=count, desc=f"camera {camera_id}", unit=" frames", disable=not progress) as bar:
        download.show(bar)
        run_together([download.work] * workers, workers)
    run = download.result(time.perf_counter() - started)
    if not run.saved and any(failure.status in (400, 404) for failure in run.failures):
        _require_known(een, camera_id)
    return run


def _require_known(een: EagleEye, camera_id: str) -> None:
    """Tell a silent camera from one that is none of this account's."""
    devices = een.devices()
    mine = devices.loc[devices["id"].str.lower() == camera_id.lower()]
    if mine.empty:
        raise NotFound(f"This account has no device {camera_id}; usable_cameras(devices) lists those it has.")
    if mine["type"].iloc[0] not in CAMERA_TYPES:
        raise NotFound(
            f"Device {camera_id} ({mine['name'].iloc[0]}) is a {mine['type'].iloc[0]}, not a camera."
        )


class _Moments:
    """Which moments to ask for, newest first.

    The first ones, which go out together, are told relative to the server's own ``now``. The others are
    told in the vendor's time, counted back from the newest frame, so that neither this machine's clock
    nor the time that passes meanwhile matters, and the same camera gives the same frames.
    """

    def __init__(self, together: int) -> None:
        self._blind = together
        self._step = timedelta(seconds=STEP_S)
        self._back = timedelta(0)
        self._newest: datetime | None = None
        self._anchored = Event()

    def take(self) -> str:
        """The next moment, in the vendor's words; waits a little for the newest frame to be known."""
        if self._blind > 0:
            self._blind -= 1
        else:
            self._anchored.wait(ANCHOR_WAIT_S)
        back, self._back = self._back, self._back + self._step
        if self._newest is not None:
            return een_time(self._newest - back)
        return f"-{back // timedelta(milliseconds=1)}" if back else NEWEST

    def found(self, at: datetime, moment: str) -> None:
        """Learn from a frame: from the moment that led to it back to the frame itself there is no other."""
        if moment == NEWEST:
            self._newest = at
            self._anchored.set()
        if self._newest is not None:
            # One millisecond more, because it is not settled whether "before" includes the moment itself.
            self._back = max(self._back, self._newest - at + timedelta(milliseconds=1))

    def failed(self, moment: str) -> None:
        """Learn that the newest frame did not come, so that nobody waits for it."""
        if moment == NEWEST:
            self._anchored.set()

    def repeated(self) -> None:
        """Learn from a frame that was known already: this camera's frames are further apart."""
        self._step = min(self._step * 2, timedelta(seconds=STEP_MAX_S))


class _Download:
    """One download under way; its workers are greenlets of one hub, so it needs no lock."""

    def __init__(
        self, een: EagleEye, camera_id: str, out: Path, count: int, workers: int, attempts: int
    ) -> None:
        self._een, self._camera_id, self._out = een, camera_id, out
        self._count, self._attempts = count, attempts
        self._saved = {frame.timestamp: frame for frame in reversed(saved_frames(out, camera_id))}
        self._found_before = len(self._saved)
        self._digests = {frame.sha256 for frame in self._saved.values()}
        self._numbers = _Numbers(frame.number for frame in self._saved.values())
        self._moments = _Moments(workers)
        for number, timestamp in enumerate(sorted(self._saved, reverse=True)):
            self._moments.found(self._saved[timestamp].at, timestamp if number else NEWEST)
        self._again: list[str] = []
        self._failures: list[Failure] = []
        self._requests = self._repeated = self._under_way = 0
        self._dead_end = ""
        self._bar: Any = None

    def work(self) -> None:
        """One worker: ask for the next moment as long as frames are missing."""
        while self._missing() > self._under_way and self._requests < self._attempts and not self._dead_end:
            moment = self._again.pop(0) if self._again else self._moments.take()
            number = self._numbers.take()
            self._requests += 1
            self._under_way += 1
            try:
                kept = self._try(moment, number)
            finally:
                self._under_way -= 1
            if not kept:
                self._numbers.give_back(number)

    def show(self, bar: Any) -> None:
        """Report to a progress bar from now on."""
        self._bar = bar
        bar.update(min(self._found_before, self._count))

    def result(self, elapsed_s: float) -> DownloadRun:
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
            elapsed_s=elapsed_s,
            shortfall=self._shortfall(),
        )

    def _try(self, moment: str, number: int) -> bool:
        """One request; whether it put a new frame on disk under this number."""
        try:
            frame = self._een.frame(self._camera_id, moment, attempts=1)
        except (LoginRefused, AccessDenied):
            raise
        except ServiceError as error:
            self._learn_from(error, moment)
            return False
        self._moments.found(frame.at, moment)
        if frame.timestamp in self._saved or frame.sha256 in self._digests:
            self._repeated += 1
            self._moments.repeated()
            return False
        path = frame_path(self._out, number, self._camera_id, frame.timestamp)
        latency_s = frame.reply.latency_s
        saved = SavedFrame(path, number, frame.timestamp, len(frame.content), frame.sha256, latency_s)
        write_whole(path, frame.content)
        self._saved[frame.timestamp] = saved
        self._digests.add(frame.sha256)
        if self._bar is not None:
            self._bar.update()
        return True

    def _learn_from(self, error: ServiceError, moment: str) -> None:
        self._failures.append(Failure(moment, str(error), error.status))
        self._moments.failed(moment)
        if error.transient:
            self._again.append(moment)
        else:
            self._dead_end = str(error)
        if not self._saved and len(self._failures) >= GIVE_UP_AFTER:
            self._dead_end = f"The camera gave nothing {GIVE_UP_AFTER} times in a row, the last time: {error}"

    def _missing(self) -> int:
        return self._count - len(self._saved)

    def _shortfall(self) -> str:
        if self._missing() <= 0:
            return ""
        tried = f"{self._requests} requests gave {self._repeated} repeated frames and {len(self._failures)} failures"
        if self._dead_end:
            return f"{tried}. {self._dead_end}"
        return f"The {self._attempts} attempts are used up: {tried}. Give more attempts."


class _Numbers:
    """The lowest free number each time, so that the files are numbered without holes."""

    def __init__(self, taken: Iterable[int]) -> None:
        self._taken = set(taken)

    def take(self) -> int:
        """The lowest number nobody has."""
        number = next(n for n in itertools.count() if n not in self._taken)
        self._taken.add(number)
        return number

    def give_back(self, number: int) -> None:
        """It was not used after all."""
        self._taken.discard(number)
