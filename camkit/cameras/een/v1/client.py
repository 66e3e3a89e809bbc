"""A client of one Eagle Eye account by API v1: its devices, and its preview frames by time.

Sources: EENCloud/api-docs; how real bursts behave from public code (SwyftG/EEN).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

import pandas as pd

from camkit.cameras.een.account import EagleEye
from camkit.cameras.een.formats import parse_een_time, require_camera_id
from camkit.cameras.een.frames import Frame, ReceivedFrame
from camkit.cameras.een.history import StatusHistory, choose_cameras
from camkit.cameras.een.moments import Moment
from camkit.cameras.een.v1.devices import table_of_rows
from camkit.cameras.een.v1.formats import MILLISECOND, asset_time, stamp
from camkit.cameras.een.v1.login import Session
from camkit.errors import BadResponse, InputError, NoPicture, NotFound
from camkit.http import Meanings, Reply, secrets_stay_inside

LISTS = 1000
"""How many device lists a client remembers, for `status_history`."""

F = TypeVar("F", bound=ReceivedFrame)

_NO_FRAME: Meanings = {
    400: (NotFound, "no camera of this account has this id"),
    404: (NoPicture, "there is none"),
    410: (NoPicture, "it is no longer kept"),
}


class EagleEyeV1(Session, EagleEye):
    """A client of one Eagle Eye account by API v1, with user name and password.

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

    api = "v1"

    @secrets_stay_inside
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._lists: deque[tuple[datetime, pd.DataFrame]] = deque(maxlen=LISTS)

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
        devices = table_of_rows(self._get("/g/device/list", {}, "Listing the Eagle Eye devices", read=_list))
        self._lists.append((datetime.now(UTC), devices[["id", "name", "type", "device_status"]]))
        return devices

    def status_history(
        self, start: datetime, end: datetime | None = None, camera_ids: Sequence[str] | None = None
    ) -> StatusHistory:
        """Say what the device lists said that this client has fetched; see `EagleEye.status_history`.

        API v1 keeps no history: call `devices` again and again to make one. The last `LISTS` are remembered; what is
        after the last of them is not known.
        """
        listed = {camera_id for _, devices in self._lists for camera_id in devices["id"].dropna()}
        chosen, silent = choose_cameras(sorted(listed), camera_ids)
        lists = [(at, devices[devices["id"].isin(chosen)]) for at, devices in self._lists]
        return StatusHistory.from_lists(lists, start, end or datetime.now(UTC), silent)

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

    def newest_frame(self, camera_id: str, *, attempts: int | None = None) -> Frame:
        """Fetch the newest preview image that there is, checked."""
        return self.frame(camera_id, "now", attempts=attempts)

    def frame_before(self, camera_id: str, at: datetime) -> Frame:
        """Fetch the last preview image at or before a moment, checked."""
        # One millisecond later, because the vendor does not say whether `prev` includes the moment itself.
        return self.frame(camera_id, at + MILLISECOND)

    def frame_after(self, camera_id: str, at: datetime) -> Frame:
        """Fetch the first preview image after a moment, checked."""
        return self.frame(camera_id, at, verb="after")

    def receive_frame(self, camera_id: str, moment: Moment, *, attempts: int | None = None) -> ReceivedFrame:
        """Fetch the last preview image before a moment without decoding it."""
        return self._frame(ReceivedFrame, camera_id, moment, "prev", attempts)

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

    def _next_at(self, frame: ReceivedFrame) -> datetime | None:
        """When the frame after one was taken; None where that is not known."""
        try:
            return parse_een_time(frame.next) if frame.next else None
        except BadResponse:  # a hint that cannot be read is ignored
            return None

    def _frame(
        self, kind: type[F], camera_id: str, at: datetime | Moment | str, verb: str, attempts: int | None
    ) -> F:
        require_camera_id(camera_id)
        return self._get(
            f"/asset/{verb}/image.jpeg",
            {"id": camera_id, "timestamp": stamp(at), "asset_class": "pre"},
            f"Fetching a preview of camera {camera_id}",
            read=partial(_read_frame, kind, camera_id),
            meanings=_NO_FRAME,
            attempts=attempts,
        )


def _read_frame(kind: type[F], camera_id: str, reply: Reply) -> F:
    """Read a frame from an answer; raise `BadResponse` if it is not one."""
    at = parse_een_time(asset_time(reply, "x-ee-timestamp") or "")
    return kind.read(camera_id, reply, at, asset_time(reply, "x-ee-prev"), asset_time(reply, "x-ee-next"))


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
