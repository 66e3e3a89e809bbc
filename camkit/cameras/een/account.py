"""One Eagle Eye account, by whichever version of the API: its devices, its preview frames, who is silent."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, ClassVar

import pandas as pd

from camkit.cameras import Picture
from camkit.cameras.een.devices import usable_cameras
from camkit.cameras.een.frames import Frame, ReceivedFrame
from camkit.cameras.een.history import StatusHistory
from camkit.cameras.een.moments import Moment
from camkit.cameras.een.status import overall_of
from camkit.cameras.een.status_rules import OverallStatus
from camkit.cameras.lent import Lendable, borrowed, lend
from camkit.errors import LoginRefused, NoPicture, NotFound, ServiceError, ServiceUnreachable
from camkit.support.cluster import on_each
from camkit.support.timezones import aware
from camkit.support.workers import interruptible, run_together

if TYPE_CHECKING:
    from distributed import Client

ASKED_TOGETHER = 25
"""How many cameras `probe_cameras` gives a worker of a cluster at a time."""

CAMERAS_TRIED = 10
"""How many cameras `EagleEye.healthy_camera` asks before it gives up."""


@dataclass(frozen=True)
class Account:
    """Who is signed in, and where the account lives.

    Attributes
    ----------
    host : str
        The branded host, which serves every call after the login.
    user_id : str
        The vendor's id of the user; empty by API v1.
    """

    name: str
    email: str
    account_id: str
    host: str
    timezone: str
    user_id: str = field(default="", repr=False)


class EagleEye(Lendable, ABC):
    """What the clients of both API versions offer: calls and results are the same.

    Attributes
    ----------
    api : str
        ``v1`` or ``v3``.
    is_demo : bool
        Whether it is the built-in demo site, so that its pictures are drawn.
    at_vendor : bool
        Whether it logs in at an address of the vendor's own.
    host : str
        The address that serves every call after the login.
    """

    vendor = "een"
    api: ClassVar[str]
    is_demo: bool
    at_vendor: bool
    host: str

    @abstractmethod
    def login(self) -> Account:
        """Log in, whether there is a session or not."""

    @abstractmethod
    def ensure_login(self) -> None:
        """Log in if necessary, so that a refusal or an unreachable host is found before the work begins."""

    @abstractmethod
    def logout(self) -> None:
        """End the session at the vendor; nothing happens when there is none."""

    @abstractmethod
    def close(self) -> None:
        """Close this thread's idle connections."""

    @property
    @abstractmethod
    def account(self) -> dict[str, str]:
        """What is known of the account, without a request and without a secret, for a record of who was asked."""

    @abstractmethod
    def devices(self) -> pd.DataFrame:
        """List every device of the account.

        Returns
        -------
        pandas.DataFrame
            See `camkit.cameras.een.devices.device_table`.

        Raises
        ------
        ServiceError
            If the service refuses or fails.
        """

    @abstractmethod
    def status_history(
        self, start: datetime, end: datetime | None = None, camera_ids: Sequence[str] | None = None
    ) -> StatusHistory:
        """Say when each camera had which status.

        Parameters
        ----------
        start, end : datetime.datetime
            UTC-aware; `end` is now if it is not given.
        camera_ids : sequence of str, optional
            By default every camera of the account.

        Raises
        ------
        ServiceError
            If the devices cannot be listed. A camera whose history cannot be fetched is in `StatusHistory.silent`.
        """

    @abstractmethod
    def newest_frame(self, camera_id: str, *, attempts: int | None = None) -> Frame:
        """Fetch the newest preview image, checked.

        Parameters
        ----------
        camera_id : str
            Eight hexadecimal digits.
        attempts : int, optional
            The most requests; by default that of the client's limits. A damaged picture counts as a failed one.

        Raises
        ------
        NoPicture
            If the camera gives none.
        NotFound
            If the id does not belong to a camera.
        BadResponse
            If the answer is not a whole JPEG with a time.
        """

    @abstractmethod
    def frame_before(self, camera_id: str, at: datetime) -> Frame:
        """Fetch the last preview image at or before a moment, checked; otherwise as `newest_frame`."""

    @abstractmethod
    def frame_after(self, camera_id: str, at: datetime) -> Frame:
        """Fetch the first preview image at or after a moment, checked; otherwise as `newest_frame`.

        Where `frame_before` would give one of exactly that moment, this may give the one after it.
        """

    @abstractmethod
    def receive_frame(self, camera_id: str, moment: Moment, *, attempts: int | None = None) -> ReceivedFrame:
        """Fetch the last preview image before a moment without decoding it.

        `ReceivedFrame.check` decodes it; otherwise as `newest_frame`.
        """

    def healthy_camera(self, devices: pd.DataFrame | None = None, *, seed: int | None = None) -> str:
        """Pick at random a camera that is usable, says it is online, and answers.

        Parameters
        ----------
        devices : pandas.DataFrame, optional
            As `devices` returns it; fetched when not given.
        seed : int, optional
            The same seed picks the same camera from the same fleet.

        Returns
        -------
        str
            Its id.

        Raises
        ------
        NotFound
            If no camera qualifies, or `CAMERAS_TRIED` of them gave no picture.
        ServiceUnreachable, LoginRefused
            If the service cannot be reached, or refuses the login.

        Notes
        -----
        A status that says online is not enough: the bridge of the camera may still time out. So one frame
        is asked for, and another camera is drawn when none comes.
        """
        devices = self.devices() if devices is None else devices
        fleet = usable_cameras(devices)
        online = overall_of(devices) == OverallStatus.ONLINE
        candidates = sorted(fleet.loc[fleet["usable"] & online, "id"])  # in whatever order they are listed
        random.Random(seed).shuffle(candidates)  # noqa: S311 - a draw, not a secret
        tried = candidates[:CAMERAS_TRIED]
        for camera_id in tried:
            try:
                self.newest_frame(camera_id, attempts=1)
            except (LoginRefused, ServiceUnreachable):
                raise
            except ServiceError:
                continue
            return str(camera_id)
        raise NotFound(
            f"Of the {len(devices)} devices, {len(candidates)} are cameras that are online, and the {len(tried)} that "
            "were asked gave no picture: notebook 04 shows what each of them says.",
            url=self.host,
        )

    def snapshot(self, camera_id: str, at: datetime, *, tolerance_s: float = 30.0) -> Picture:
        """Fetch the frame nearest to a moment: the last one before it, or the first one after.

        Parameters
        ----------
        at : datetime.datetime
            UTC-aware.
        tolerance_s : float
            How far the frame may be from that moment, seconds.

        Returns
        -------
        Picture
            Of two frames equally near, the earlier.

        Raises
        ------
        NoPicture
            If there is no frame within the tolerance.
        """
        return self._nearest(camera_id, at, tolerance_s, self.frame_before, self.frame_after)

    def _nearest(
        self,
        camera_id: str,
        at: datetime,
        tolerance_s: float,
        before: Callable[[str, datetime], Frame],
        after: Callable[[str, datetime], Frame],
    ) -> Picture:
        """The nearer of the frames before and after a moment."""
        at = aware(at)
        found: list[Frame] = []
        refused: list[NoPicture] = []
        for fetch in (before, after):
            if found and not self._next_may_be_nearer(found[0], at):
                break
            try:
                found.append(fetch(camera_id, at))
            except NoPicture as error:
                refused.append(error)
        nearest = min(found, key=lambda frame: _distance_s(frame, at), default=None)
        if nearest is None or _distance_s(nearest, at) > tolerance_s:
            first = refused[0] if refused else NoPicture("")
            near = f"it said {first.said!r}" if first.said else "it has none at all"
            if nearest is not None:
                near = f"the nearest is {_distance_s(nearest, at):.0f} s away"
            raise NoPicture(
                f"Camera {camera_id} has no frame within {tolerance_s:g} s of {at:%Y-%m-%d %H:%M:%S} UTC: {near}.",
                url=first.url,
                status=first.status,
                said=first.said,
            )
        content, digest, replies = nearest.content, nearest.sha256, (nearest.reply,)
        return Picture(self.vendor, camera_id, content, digest, at, nearest.at, replies, is_demo=self.is_demo)

    def _next_at(self, frame: ReceivedFrame) -> datetime | None:
        """When the frame after one was taken; None where that is not known."""
        return None

    def _next_may_be_nearer(self, before: Frame, at: datetime) -> bool:
        """Whether the frame after `before`, if there is one, may be nearer to the moment."""
        distance_s = _distance_s(before, at)
        next_at = self._next_at(before)
        return bool(distance_s) if next_at is None else (next_at - at).total_seconds() < distance_s


def probe_cameras(
    een: EagleEye,
    devices: pd.DataFrame | None = None,
    *,
    workers: int = 5,
    client: Client | None = None,
) -> pd.DataFrame:
    """Ask every usable camera for its newest preview, once.

    Parameters
    ----------
    devices : pandas.DataFrame, optional
        As `EagleEye.devices` returns it; fetched when not given.
    workers : int
        How many are asked at the same time, in each process.
    client : distributed.Client, optional
        A Dask cluster over which the cameras are spread.

    Returns
    -------
    pandas.DataFrame
        One row per usable camera, indexed like `devices`: ``id``, ``name`` (string), ``answered`` (bool) and
        ``said`` (string: why there was no picture; missing where there was one).

    Raises
    ------
    LoginRefused
        If the vendor refuses the login.
    Interrupted
        If it is stopped.
    """
    with interruptible(lambda: "The cameras were not all asked. Run the cell again: it asks each of them."):
        devices = een.devices() if devices is None else devices
        fleet = usable_cameras(devices)
        table = fleet.loc[fleet["usable"], ["id", "name"]].copy()
        ids = table["id"].tolist()
        if client is None:
            said = run_together((partial(_ask, een, camera_id) for camera_id in ids), workers)
        else:
            groups = [ids[first : first + ASKED_TOGETHER] for first in range(0, len(ids), ASKED_TOGETHER)]
            with lend(client, een) as name:
                done = on_each(client, _ask_some, groups, name, workers, what_stays="Nothing is lost.")
                said = [text for some in done for text in some]
    table["answered"] = [text is None for text in said]
    table["said"] = pd.array(said, dtype="string")
    return table


def _ask_some(ids: list[str], name: str, workers: int) -> list[str | None]:
    """What some cameras said instead of giving a picture; this runs on a worker."""
    een = borrowed(name)
    try:
        return run_together((partial(_ask, een, camera_id) for camera_id in ids), workers)
    finally:
        een.close()  # its sockets belong to the hub of this task


def _ask(een: EagleEye, camera_id: str) -> str | None:
    """What a camera said instead of giving a picture."""
    try:
        een.newest_frame(camera_id, attempts=1)
    except LoginRefused:
        raise
    except ServiceError as error:
        return error.said or str(error)
    return None


def _distance_s(frame: Frame, at: datetime) -> float:
    return abs((frame.at - at).total_seconds())
