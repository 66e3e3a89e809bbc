"""A client of one Eagle Eye account: its devices, its preview frames, the frame nearest to a moment.

Sources: EENCloud/api-docs; how real bursts behave from public code (SwyftG/EEN).
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import pandas as pd
from pydantic import SecretStr

from camkit.een.devices import device_table, usable_cameras
from camkit.een.login import LOGIN_URL, Account, Session
from camkit.een.wire import asset_time, check_frame, parse_een_time, require_camera_id, stamp
from camkit.errors import BadResponse, InputError, LoginRefused, NoPicture, NotFound, ServiceError
from camkit.http import Limits, Reply, raise_for_status
from camkit.snapshots import Picture
from camkit.status import overall_status


@dataclass(frozen=True)
class Frame:
    """One preview image of one camera, checked.

    Attributes
    ----------
    timestamp : str
        The vendor's time of the frame, ``YYYYMMDDhhmmss.mmm``, UTC.
    at : datetime.datetime
        The same, UTC-aware.
    prev, next : str or None
        The neighbouring frames' timestamps where the server knows them.
    """

    camera_id: str
    timestamp: str
    at: datetime
    content: bytes = field(repr=False)
    sha256: str
    prev: str | None
    next: str | None
    reply: Reply = field(repr=False)


class EagleEye:
    """A client of one Eagle Eye account.

    Parameters
    ----------
    username : str
        The user's e-mail address.
    password : pydantic.SecretStr
        Sent to the login host only.
    api_key : pydantic.SecretStr, optional
        Sent as ``Authorization``; most accounts need none.
    base_url : str
        The login host.
    ask_code : callable, optional
        Called with a sentence when the account wants a second factor; returns the code, which is used
        once and not kept. By default the code is asked for in the notebook.
    limits : Limits, optional
        Deadlines and caps.

    Notes
    -----
    It logs in by itself when a call needs it, and once more when the session has expired, for all
    greenlets together.
    """

    vendor = "een"

    def __init__(
        self,
        username: str,
        password: SecretStr,
        api_key: SecretStr | None = None,
        *,
        base_url: str = LOGIN_URL,
        ask_code: Callable[[str], str] = input,
        limits: Limits | None = None,
    ) -> None:
        self._session = Session(
            username, password, api_key, base_url=base_url, ask_code=ask_code, limits=limits
        )

    def login(self, send_code_by: str = "sms") -> Account:
        """Log in: authenticate, authorize, and move to the account's branded host.

        Parameters
        ----------
        send_code_by : {"sms", "email"}
            How the vendor sends the code, if the account wants a second factor.

        Returns
        -------
        Account

        Raises
        ------
        LoginRefused
            If the vendor turns the user, the account or the code down; the message says which.
        ServiceError
            If the login host fails or is not there.
        """
        return self._session.login(send_code_by)

    def logout(self) -> None:
        """End the session at the vendor; nothing happens when there is none."""
        self._session.logout()

    @property
    def host(self) -> str:
        """The address that serves every call after the login."""
        return self._session.host

    def close(self) -> None:
        """Close this thread's idle connections."""
        self._session.close()

    def devices(self) -> pd.DataFrame:
        """List every device of the account, all documented columns by name.

        Returns
        -------
        pandas.DataFrame
            See `camkit.devices.device_table`.

        Raises
        ------
        ServiceError
            If the service refuses or fails.
        """
        reply = self._get("/g/device/list", {}, "Listing the Eagle Eye devices", check=Reply.json)
        rows = reply.json()
        if not isinstance(rows, list):
            raise BadResponse(f"{reply.url} sent no list of devices.", url=reply.url, status=reply.status)
        return device_table(rows)

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
            If no camera qualifies.

        Notes
        -----
        A status that says online is not enough: the bridge behind it may still time out. So one frame
        is asked for, and another camera drawn when none comes.
        """
        devices = self.devices() if devices is None else devices
        fleet = usable_cameras(devices)
        online = overall_status(devices["device_status"], device_type=devices["type"]) == "Online"
        candidates = fleet.loc[fleet["usable"] & online, "id"].tolist()
        random.Random(seed).shuffle(candidates)  # noqa: S311 - a draw, not a secret
        for camera_id in candidates:
            try:
                self.frame(camera_id, "now", attempts=1)
            except ServiceError as error:
                if isinstance(error, LoginRefused):
                    raise
                continue
            return str(camera_id)
        raise NotFound(
            f"None of the {len(devices)} devices is a camera that is online and answers; "
            "see usable_cameras(devices) for the reasons.",
            url=self._session.host,
        )

    def frame(
        self, camera_id: str, at: datetime | str = "now", *, verb: str = "prev", attempts: int | None = None
    ) -> Frame:
        """Fetch one preview image.

        Parameters
        ----------
        camera_id : str
            Eight hexadecimal digits.
        at : datetime.datetime or str
            UTC-aware, or in the vendor's words: ``now``, ``-2000`` (milliseconds from now),
            ``20190412204500.000``.
        verb : {"prev", "next", "after", "asset"}
            Which frame: the last before, the next (waits for it when it is still to come), the first
            after, or the one at that time.

        Returns
        -------
        Frame

        Raises
        ------
        NoPicture
            If the camera gives none for that time.
        NotFound
            If the id belongs to no camera.
        BadResponse
            If what came is no whole JPEG with a time.
        """
        require_camera_id(camera_id)
        reply = self._get(
            f"/asset/{verb}/image.jpeg",
            {"id": camera_id, "timestamp": stamp(at), "asset_class": "pre"},
            f"Fetching a preview of camera {camera_id}",
            check=check_frame,
            attempts=attempts,
        )
        timestamp = asset_time(reply, "x-ee-timestamp")
        return Frame(
            camera_id=camera_id,
            timestamp=timestamp or "",
            at=parse_een_time(timestamp or ""),
            content=reply.content,
            sha256=sha256(reply.content).hexdigest(),
            prev=asset_time(reply, "x-ee-prev"),
            next=asset_time(reply, "x-ee-next"),
            reply=reply,
        )

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
            At most so many from `start`; a negative number lists those before `start`, newest first.

        Returns
        -------
        list of datetime.datetime
            UTC-aware, in the service's order.
        """
        require_camera_id(camera_id)
        if end is None and count is None:
            raise InputError("Say where the list ends: give end or count.")
        params: dict[str, Any] = {"id": camera_id, "asset_class": "pre", "start_timestamp": stamp(start)}
        if end is not None:
            params["end_timestamp"] = stamp(end)
        if count is not None:
            params["count"] = count
        doing = f"Listing the previews of camera {camera_id}"
        reply = self._get("/asset/list/image", params, doing, check=Reply.json)
        try:
            return [parse_een_time(entry["s"]) for entry in reply.json()]
        except (TypeError, KeyError):
            raise BadResponse(
                f"{reply.url} sent no list of frames.", url=reply.url, status=reply.status
            ) from None

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
        # One millisecond later, because it is not settled whether `prev` includes the moment itself.
        found = self._frame_or_none(camera_id, at + timedelta(milliseconds=1), "prev")
        distance = abs(found.at - at) if found else timedelta.max
        known_next = parse_een_time(found.next) if found and found.next else None
        if found is None or (known_next is None and distance) or (known_next and known_next - at < distance):
            after = self._frame_or_none(camera_id, at, "after")
            if after is not None and abs(after.at - at) < distance:
                found, distance = after, abs(after.at - at)
        if found is None or distance > timedelta(seconds=tolerance_s):
            near = "none at all" if found is None else f"the nearest is {distance.total_seconds():.0f} s away"
            raise NoPicture(
                f"Camera {camera_id} has no frame within {tolerance_s:g} s of {at:%Y-%m-%d %H:%M:%S} UTC ({near}).",
                url=self._session.host,
            )
        return Picture.from_reply(self.vendor, camera_id, found.reply, requested_at=at, captured_at=found.at)

    def _frame_or_none(self, camera_id: str, at: datetime, verb: str) -> Frame | None:
        try:
            return self.frame(camera_id, at, verb=verb)
        except NoPicture:
            return None

    def _get(
        self,
        path: str,
        params: dict[str, Any],
        doing: str,
        *,
        check: Callable[[Reply], object],
        attempts: int | None = None,
    ) -> Reply:
        reply = self._session.get(path, params, check=check, attempts=attempts)
        if reply.status in (400, 404, 410) and path.startswith("/asset/"):
            kind = NotFound if reply.status == 400 else NoPicture
            said = f" It said: {reply.text!r}." if reply.text and "<" not in reply.text else ""
            raise kind(
                f"{doing}: there is none (HTTP {reply.status}).{said}", url=reply.url, status=reply.status
            )
        raise_for_status(reply, doing)
        return reply
