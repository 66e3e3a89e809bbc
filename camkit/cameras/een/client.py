"""A client of one Eagle Eye account: its devices, its preview frames, the frame nearest to a moment, who is silent.

Sources: EENCloud/api-docs; how real bursts behave from public code (SwyftG/EEN).
"""

from __future__ import annotations

import random
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

import pandas as pd

from camkit.cameras import Picture
from camkit.cameras.een.devices import device_table, usable_cameras
from camkit.cameras.een.formats import parse_een_time, require_camera_id, stamp
from camkit.cameras.een.frames import Frame, ReceivedFrame
from camkit.cameras.een.login import Session
from camkit.cameras.een.status import overall_status
from camkit.errors import (
    BadResponse,
    InputError,
    LoginRefused,
    NoPicture,
    NotFound,
    ServiceError,
    ServiceUnreachable,
)
from camkit.http import Meanings, Reply
from camkit.support.timezones import aware
from camkit.support.workers import interruptible, run_together

CAMERAS_TRIED = 10
"""How many cameras `EagleEye.healthy_camera` asks before it gives up."""

F = TypeVar("F", bound=ReceivedFrame)

_NO_FRAME: Meanings = {
    400: (NotFound, "no camera of this account has this id"),
    404: (NoPicture, "there is none"),
    410: (NoPicture, "it is no longer kept"),
}


class EagleEye(Session):
    """A client of one Eagle Eye account.

    Parameters
    ----------
    username : str
        The user's e-mail address.
    password : pydantic.SecretStr or str
        Sent to the login host only, or where it redirects to within the vendor's domains.
    api_key : pydantic.SecretStr or str, optional
        Sent as ``Authorization``; most accounts need none.
    base_url : str
        The login host.
    ask_code : callable, optional
        Called with a sentence when the account wants a second factor; returns the code, which is used
        once and not kept. By default the notebook asks for it, and does not show or store what is typed.
    limits : Limits, optional
        Deadlines and caps.
    demo_origin : str, optional
        Only for the built-in demo site: its second address, to which it redirects requests for some pictures.

    Attributes
    ----------
    is_demo : bool
        Whether it is the built-in demo site, so that its pictures are drawn.
    at_vendor : bool
        Whether `base_url` is an address of the vendor's own.
    host : str
        The address that serves every call after the login.

    Notes
    -----
    It logs in when a call needs it, and again when the session has expired, once for all greenlets. A refused
    login, whatever its status, is not repeated automatically, as that would lock the user out: call `login` for
    another try. One that the vendor could not answer (429, 5xx) is repeated by a later call, after a pause.
    """

    vendor = "een"

    def devices(self) -> pd.DataFrame:
        """List every device of the account, all documented columns by name.

        Returns
        -------
        pandas.DataFrame
            See `camkit.cameras.een.devices.device_table`.

        Raises
        ------
        ServiceError
            If the service refuses or fails.
        """
        return device_table(self._get("/g/device/list", {}, "Listing the Eagle Eye devices", read=_list))

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
        online = overall_status(devices["device_status"], device_type=devices["type"]) == "Online"
        candidates = fleet.loc[fleet["usable"] & online, "id"].tolist()
        random.Random(seed).shuffle(candidates)  # noqa: S311 - a draw, not a secret
        tried = candidates[:CAMERAS_TRIED]
        for camera_id in tried:
            try:
                self.frame(camera_id, "now", attempts=1)
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

    def frame(
        self, camera_id: str, at: datetime | str = "now", *, verb: str = "prev", attempts: int | None = None
    ) -> Frame:
        """Fetch one preview image as a `Frame`: it is whole and has a time.

        Parameters
        ----------
        camera_id : str
            Eight hexadecimal digits.
        at : datetime.datetime or str
            UTC-aware, or in the vendor's words: ``now``, ``-2000`` (milliseconds from now),
            ``20190412204500.000``.
        verb : {"prev", "next", "after", "asset"}
            Which frame: the last before, the next (waits for one that is not there yet), the first
            after, or the one at that time.
        attempts : int, optional
            The most requests; by default that of the client's limits. A damaged picture counts as a failed one.

        Raises
        ------
        NoPicture
            If the camera gives none for that time.
        NotFound
            If the id does not belong to a camera.
        BadResponse
            If the answer is not a whole JPEG with a time.
        """
        return self._frame(Frame, camera_id, at, verb, attempts)

    def receive_frame(
        self, camera_id: str, at: datetime | str, *, attempts: int | None = None
    ) -> ReceivedFrame:
        """Fetch the last preview image before a moment without decoding it.

        `ReceivedFrame.check` decodes it; otherwise as `frame`.
        """
        return self._frame(ReceivedFrame, camera_id, at, "prev", attempts)

    def frame_times(
        self,
        camera_id: str,
        start: datetime | str,
        end: datetime | str | None = None,
        *,
        count: int | None = None,
    ) -> list[datetime]:
        """List when a camera's preview frames were taken.

        Parameters
        ----------
        start, end : datetime.datetime or str
            As `at` of `frame`.
        count : int, optional
            The most frames from `start` on; a negative number lists those before `start`, newest first.

        Returns
        -------
        list of datetime.datetime
            UTC-aware, in the service's order.
        """
        require_camera_id(camera_id)
        if end is None and count is None:
            raise InputError(
                "Say where the list of frames ends: give end, a time, or count, a number of frames."
            )
        params = {
            "id": camera_id,
            "asset_class": "pre",
            "start_timestamp": stamp(start),
            "end_timestamp": None if end is None else stamp(end),
            "count": count,
        }
        doing = f"Listing the previews of camera {camera_id}"
        return self._get("/asset/list/image", params, doing, read=_times, meanings=_NO_FRAME)

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
        at = aware(at)
        found: list[Frame] = []
        refused: list[NoPicture] = []
        # One millisecond later, because the vendor does not say whether `prev` includes the moment itself.
        for verb, moment in (("prev", at + timedelta(milliseconds=1)), ("after", at)):
            if found and not _next_may_be_nearer(found[0], at):
                break
            try:
                found.append(self.frame(camera_id, moment, verb=verb))
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

    def _frame(self, kind: type[F], camera_id: str, at: datetime | str, verb: str, attempts: int | None) -> F:
        require_camera_id(camera_id)
        return self._get(
            f"/asset/{verb}/image.jpeg",
            {"id": camera_id, "timestamp": stamp(at), "asset_class": "pre"},
            f"Fetching a preview of camera {camera_id}",
            read=partial(kind.from_reply, camera_id),
            meanings=_NO_FRAME,
            attempts=attempts,
        )


def probe_cameras(een: EagleEye, devices: pd.DataFrame | None = None, *, workers: int = 5) -> pd.DataFrame:
    """Ask every usable camera for its newest preview, once.

    Parameters
    ----------
    devices : pandas.DataFrame, optional
        As `EagleEye.devices` returns it; fetched when not given.
    workers : int
        How many are asked at the same time.

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
        said = run_together((partial(_ask, een, camera_id) for camera_id in table["id"]), workers)
    table["answered"] = [text is None for text in said]
    table["said"] = pd.array(said, dtype="string")
    return table


def _ask(een: EagleEye, camera_id: str) -> str | None:
    """What a camera said instead of giving a picture."""
    try:
        een.frame(camera_id, "now", attempts=1)
    except LoginRefused:
        raise
    except ServiceError as error:
        return error.said or str(error)
    return None


def _distance_s(frame: Frame, at: datetime) -> float:
    return abs((frame.at - at).total_seconds())


def _next_may_be_nearer(before: Frame, at: datetime) -> bool:
    """Whether the frame after `before`, if there is one, may be nearer to the moment."""
    distance_s = _distance_s(before, at)
    with suppress(BadResponse):  # a hint that cannot be read is ignored
        if before.next:
            return (parse_een_time(before.next) - at).total_seconds() < distance_s
    return bool(distance_s)


def _list(reply: Reply) -> list[Any]:
    """The array in an answer."""
    found = reply.json()
    if not isinstance(found, list):
        raise reply.bad("did not send a list")
    return found


def _times(reply: Reply) -> list[datetime]:
    """The times in a list of frames."""
    try:
        return [parse_een_time(entry["s"]) for entry in _list(reply)]
    except (TypeError, KeyError):
        pass
    raise reply.bad("did not send a list of frames")
