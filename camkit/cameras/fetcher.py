"""Fetch snapshots, several at a time, and nothing twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Mapping
from datetime import datetime
from typing import Generic, TypeVar

from gevent.lock import BoundedSemaphore

from camkit.badges import Camera, DoorEvent
from camkit.cameras.snapshots import Result, Snapshot
from camkit.cameras.source import Picture, SnapshotSource
from camkit.directory import Cardholder, Directory
from camkit.errors import InputError, LoginRefused, NoPicture, ServiceError, ServiceUnreachable

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class SnapshotFetcher:
    """Fetches snapshots, several at a time, and nothing twice.

    Parameters
    ----------
    source : SnapshotSource or mapping of str to SnapshotSource
        One vendor's client, or several by vendor.
    directory : Directory, optional
        Looks the cardholders up.

    Notes
    -----
    Several greenlets of one thread may use it at once. Each cardholder is looked up once, and each moment of a
    camera is asked for once, also if that fails. A vendor that could not be reached and has never answered is not
    asked again.
    """

    def __init__(
        self, source: SnapshotSource | Mapping[str, SnapshotSource], directory: Directory | None = None
    ) -> None:
        self.sources = source if isinstance(source, Mapping) else {source.vendor: source}
        self._directory = directory
        self._cardholders: _Once[str, Cardholder] = _Once()
        self._answers: _Once[tuple[str, str, datetime], Answer] = _Once()
        # Why a vendor cannot be reached; None once it has answered.
        self._unreachable: dict[str, str | None] = {}

    @property
    def pictures(self) -> int:
        """How many pictures have come."""
        return sum(result is Result.PICTURE for result, _, _ in self._answers.results.values())

    def take_over(self, earlier: SnapshotFetcher) -> None:
        """Take the pictures and the complete directory entries that another fetcher has from the same clients."""
        for key, answer in earlier._answers.results.items():
            if answer[0] is Result.PICTURE and earlier.sources.get(key[0]) is self.sources.get(key[0]):
                self._answers.results[key] = answer
        if earlier._directory is self._directory:
            complete = {who: entry for who, entry in earlier._cardholders.results.items() if not entry.note}
            self._cardholders.results.update(complete)

    def can_reach(self, vendor: str) -> bool:
        """Whether a vendor has answered, or was not asked."""
        return not self._unreachable.get(vendor)

    def has_answer(self, vendor: str, camera_id: str, at: datetime) -> bool:
        """Whether a camera was asked for a moment."""
        return (vendor, camera_id, at) in self._answers.results

    def take_answers(self, answers: Mapping[tuple[str, str, datetime], Answer]) -> None:
        """Take what was asked elsewhere, by vendor, camera and moment; it is not asked again."""
        self._answers.results.update(answers)

    def ask(self, vendor: str, camera_id: str, at: datetime) -> Answer:
        """Ask a camera for its picture of a moment, unless that was done before."""
        return self._answers.get((vendor, camera_id, at), lambda: self._ask(vendor, camera_id, at))

    def fetch(self, event: DoorEvent, camera: Camera | None, step_s: float = 0.0) -> Snapshot:
        """Fetch what one of the event's cameras saw.

        Parameters
        ----------
        camera : Camera or None
            None where the event has none.
        step_s : float
            How long after the event, seconds; negative for before it.

        Raises
        ------
        LoginRefused
            If the vendor refuses the login.
        """
        person = None
        if (directory := self._directory) is not None and (who := event.cardholder_id):
            person = self._cardholders.get(who, lambda: directory.lookup(who))
        if camera is None:
            result = Result.NO_TIME if event.event_time is None else Result.NO_DOOR
            return Snapshot(event, None, result, event.why_no_camera, cardholder=person)
        vendor, camera_id, at = camera.vendor, camera.camera_id, event.at(camera, step_s)
        return Snapshot(event, camera, *self.ask(vendor, camera_id, at), cardholder=person)

    def _ask(self, vendor: str, camera_id: str, at: datetime) -> Answer:
        source = self.sources.get(vendor)
        if source is None:
            reason = f"camera {camera_id} is of vendor {vendor}, and no {vendor} account is connected"
            return Result.NO_SOURCE, reason, None
        if why := self._unreachable.get(vendor):
            return Result.FAILED, why, None
        try:
            answer: Answer = Result.PICTURE, "", source.snapshot(camera_id, at)
        except LoginRefused:
            raise
        except NoPicture as error:
            answer = Result.NO_PICTURE, str(error), None
        except (ServiceError, InputError) as error:
            # An InputError says that the camera_id in the doors table is malformed.
            if isinstance(error, ServiceUnreachable):
                self._unreachable.setdefault(vendor, str(error))
            return Result.FAILED, str(error), None
        self._unreachable[vendor] = None
        return answer


Answer = tuple[Result, str, Picture | None]
"""What came of asking a camera; why there is no picture, and the picture."""


class _Once(Generic[K, T]):
    """Results by key: the first greenlet that asks does the work, the others wait for its result.

    An exception is not a result: the next one that asks tries again.
    """

    def __init__(self) -> None:
        self.results: dict[K, T] = {}
        self._locks: dict[K, BoundedSemaphore] = defaultdict(BoundedSemaphore)

    def get(self, key: K, make: Callable[[], T]) -> T:
        with self._locks[key]:
            if key not in self.results:
                self.results[key] = make()
            return self.results[key]
