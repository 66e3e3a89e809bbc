"""A client of one Eagle Eye account by API v3: its devices, its preview frames, its pictures of full resolution.

Source: EENCloud/VMS-Developer-Portal, ``Open API Specifications``, devices and media.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

import pandas as pd

from camkit.cameras import Picture
from camkit.cameras.een.account import EagleEye
from camkit.cameras.een.devices import device_table
from camkit.cameras.een.formats import require_camera_id
from camkit.cameras.een.frames import Frame, ReceivedFrame
from camkit.cameras.een.history import StatusHistory, StatusRecord, choose_cameras
from camkit.cameras.een.moments import Moment
from camkit.cameras.een.v3.devices import BRIDGE_PARTS, CAMERA_PARTS, problem_of, record_of
from camkit.cameras.een.v3.formats import iso_time, parse_iso_time
from camkit.cameras.een.v3.login import Session
from camkit.cameras.een.v3.status_events import DATA, EVENT, Present, spans_of
from camkit.errors import InputError, LoginRefused, NoPicture, NotFound, ServiceError, ServiceUnreachable
from camkit.http import Meanings, Reply, TokenBucket
from camkit.support.timezones import aware
from camkit.support.workers import interruptible, run_together

PAGE_SIZE = 500
"""Devices on a page; the vendor may send fewer."""

PAGES, LIST_BYTES = 1000, 100 * 2**20
"""More pages, and more bytes of all pages together, than any account fills."""

LOOK_BACK, STATUS_WORKERS = timedelta(days=3660), 5
"""How far before its start the status at the start is looked for, and how many cameras are asked at a time."""

MAIN_PER_S = 1.0
"""How often pictures of full resolution are asked for. The vendor says "not in quick succession", without a figure."""

F = TypeVar("F", bound=ReceivedFrame)

_NO_FRAME: Meanings = {
    400: (NotFound, "the request was not accepted: perhaps this is not a camera"),
    404: (NoPicture, "there is none"),
}


class EagleEyeV3(Session, EagleEye):
    """A client of one Eagle Eye account by API v3, with an application's id and secret and a user's consent.

    Parameters
    ----------
    client_id : str
        Of the application that the organization has registered at the vendor.
    client_secret : pydantic.SecretStr or str
        Sent to the login host only.
    redirect_uri : str
        The application's redirect address, letter by letter.
    auth_url : str
        The login host.
    consent : callable, optional
        Called with the address of the vendor's page; returns the address on which the browser ended. By default the
        notebook shows a link and waits, see `camkit.cameras.een.v3.consent.consent_in_browser`.
    store : TokenStore, optional
        Where the login is kept; by default in the system's keyring or a file of the user's own.
    limits : Limits, optional
        Deadlines and caps.
    demo_origin : str, optional
        Only for the built-in demo site.

    Attributes
    ----------
    full_resolution : bool
        Whether `snapshot` asks for pictures of full resolution first; False to begin with.

    Notes
    -----
    It logs in when a call needs it: by the login that is kept, renewed where necessary, else by a consent. When the
    vendor refuses to renew a login, calls fail until `login` is called.
    """

    api = "v3"
    full_resolution = False
    KEPT = ("full_resolution",)
    _main_rate = TokenBucket(MAIN_PER_S, burst=1)

    def share_rate(self, rate: TokenBucket, parts: int) -> None:
        """Wait for a turn there before each request, and for a part of the rate of full resolution."""
        super().share_rate(rate, parts)
        self._main_rate = TokenBucket(MAIN_PER_S / parts, burst=1)

    def devices(self) -> pd.DataFrame:
        """List the account's cameras and bridges; see `EagleEye.devices`."""
        found = [
            (device, kind)
            for kind, parts in (("camera", CAMERA_PARTS), ("bridge", BRIDGE_PARTS))
            for device in self._listed(f"/{kind}s", {"include": parts}, f"Listing the Eagle Eye {kind}s")
        ]
        # A device that moved to another page meanwhile was listed twice: it counts once, as it was last.
        once = {_which(device, kind) or number: (device, kind) for number, (device, kind) in enumerate(found)}
        records = [
            record_of(device, kind) if isinstance(device, Mapping) else {} for device, kind in once.values()
        ]
        return device_table(records, [problem_of(device) for device, _ in once.values()])

    def newest_frame(self, camera_id: str, *, attempts: int | None = None) -> Frame:
        """Wait for the camera's next preview image, and fetch it, checked."""
        params = {"deviceId": camera_id, "type": "preview"}
        return self._image(Frame, camera_id, "liveImage", params, attempts)

    def frame_before(self, camera_id: str, at: datetime) -> Frame:
        """Fetch the last preview image at or before a moment, checked."""
        return self._recorded(camera_id, at, "lte", "preview")

    def frame_after(self, camera_id: str, at: datetime) -> Frame:
        """Fetch the first preview image at or after a moment, checked."""
        return self._recorded(camera_id, at, "gte", "preview")

    def receive_frame(self, camera_id: str, moment: Moment, *, attempts: int | None = None) -> ReceivedFrame:
        """Fetch the last preview image before a moment without decoding it."""
        if moment.token is not None:
            try:  # with a token, the vendor ignores everything else
                return self._image(
                    ReceivedFrame, camera_id, "recordedImage", {"pageToken": moment.token}, attempts
                )
            except NotFound as error:
                if error.status != 400:
                    raise  # 400: how long a token holds is not documented, and the time says the same
        time = moment.time or self._server_now() - moment.back
        name = "timestamp__lt" if moment.is_before else "timestamp__lte"
        params = {"deviceId": camera_id, "type": "preview", name: iso_time(time)}
        return self._image(ReceivedFrame, camera_id, "recordedImage", params, attempts)

    def status_history(
        self, start: datetime, end: datetime | None = None, camera_ids: Sequence[str] | None = None
    ) -> StatusHistory:
        """Fetch the history of the cameras' connection status; see `EagleEye.status_history`.

        The vendor makes an event of every change. Of a camera without one since `LOOK_BACK` before the start nothing is
        known: how long events are kept is not documented, so its present status says nothing of the past. Where the
        list of devices contradicts the last event, the status since that event is not known.
        """
        now = self._server_now()
        start, end = aware(start), min(aware(end or now), now)  # what comes is not known
        if start >= end:
            raise InputError(
                f"The history is to begin at {start:%Y-%m-%d %H:%M} UTC, which is not before its end or before now, "
                f"{end:%Y-%m-%d %H:%M} UTC by Eagle Eye's clock."
            )
        devices = self.devices()
        cameras = devices[devices["type"].eq("camera") & devices["row_problem"].isna()]
        ids, silent = choose_cameras(cameras["id"], camera_ids)
        cameras = cameras[cameras["id"].isin(ids)]
        words = cameras["connection_status"].astype(object).where(cameras["connection_status"].notna(), None)
        present = [Present(word, now, end == now) for word in words]
        rows = zip(cameras["id"], cameras["name"], present, strict=True)
        with interruptible(lambda: "The history was not fetched. Run the cell again."):
            found = run_together((partial(self._spans, *row, start, end) for row in rows), STATUS_WORKERS)
        records: list[StatusRecord] = []
        notes: list[str] = []
        for camera_id, spans in zip(cameras["id"], found, strict=True):
            if isinstance(spans, str):
                silent[camera_id] = spans
                continue
            told, odd = spans
            records += told
            if told:
                notes += odd
            else:
                silent[camera_id] = odd[0] if odd else "the vendor has no event of its status"
        return StatusHistory.from_records(records, start, end, silent, notes)

    def _spans(
        self, camera_id: str, name: str, present: Present, start: datetime, end: datetime
    ) -> tuple[list[StatusRecord], list[str]] | str:
        """The spans of a camera's statuses, and what was odd; what was said instead if they cannot be fetched."""
        params = {
            "actor": f"camera:{camera_id}",
            "type__in": EVENT,
            "include": f"data.{DATA}",
        }
        # The status at the start is from the last event before it. What is open has no end, so ends are not asked for.
        before = {"startTimestamp__gte": iso_time(start - LOOK_BACK), "startTimestamp__lte": iso_time(start)}
        within = {"startTimestamp__gte": iso_time(start), "startTimestamp__lte": iso_time(end)}
        last = {**params, **before, "sort": "-startTimestamp", "pageSize": 1}
        doing = f"Fetching the status history of camera {camera_id}"
        try:
            events = self._get("/events", last, doing, read=_page)[0]
            events = events + self._listed("/events", {**params, **within, "sort": "+startTimestamp"}, doing)
        except (LoginRefused, ServiceUnreachable):
            raise
        except ServiceError as error:
            return error.said or str(error)
        return spans_of(events, camera_id, name, present)

    def snapshot(self, camera_id: str, at: datetime, *, tolerance_s: float = 30.0) -> Picture:
        """Fetch the picture nearest to a moment; see `EagleEye.snapshot`.

        With `full_resolution` one from the recording, which is asked for once a second at most; a preview if that
        cannot be had. The addresses in `Picture.replies` say which it is.
        """
        if self.full_resolution:
            before, after = (
                lambda camera_id, at, op=op: self._recorded(camera_id, at, op, "main")
                for op in ("lte", "gte")
            )
            try:
                return self._nearest(camera_id, at, tolerance_s, before, after)
            except (LoginRefused, ServiceUnreachable):
                raise
            except ServiceError:  # what a preview cannot be had of either is said below
                pass
        return super().snapshot(camera_id, at, tolerance_s=tolerance_s)

    def _recorded(self, camera_id: str, at: datetime, operator: str, kind: str) -> Frame:
        """The image before or after a moment, of one kind."""
        params = {"deviceId": camera_id, "type": kind, f"timestamp__{operator}": iso_time(at)}
        rate = self._main_rate if kind == "main" else None
        return self._image(Frame, camera_id, "recordedImage", params, None, rate)

    def _image(
        self,
        kind: type[F],
        camera_id: str,
        call: str,
        params: dict[str, Any],
        attempts: int | None,
        rate: TokenBucket | None = None,
    ) -> F:
        require_camera_id(camera_id)
        return self._get(
            f"/media/{call}.jpeg",
            params,
            f"Fetching an image of camera {camera_id}",
            read=partial(_read_frame, kind, camera_id),
            meanings=_NO_FRAME,
            attempts=attempts,
            rate=rate,
        )

    def _listed(self, path: str, params: dict[str, Any], doing: str) -> list[Any]:
        """The results of all pages; the last has no token for another."""
        results: list[Any] = []
        tokens: set[str] = set()
        token: str | None = None
        size = 0
        for _ in range(PAGES):
            page = {**params, "pageSize": PAGE_SIZE, "pageToken": token}
            found, token, reply = self._get(path, page, doing, read=_page)
            results += found
            if token is None:
                return results
            size += len(reply.content)
            if size > LIST_BYTES:
                raise reply.bad(f"has more than {LIST_BYTES // 2**20} MiB in its pages; camkit stopped there")
            if token in tokens:
                raise reply.bad("sends the same page again and again")
            tokens.add(token)
        raise reply.bad(f"has more than {PAGES} pages; camkit stopped there")


def _which(device: object, kind: str) -> tuple[str, str] | None:
    """What tells a device from others; None if it says nothing of that kind."""
    id_ = device.get("id") if isinstance(device, Mapping) else None
    return (kind, id_) if isinstance(id_, str) else None


def _read_frame(kind: type[F], camera_id: str, reply: Reply) -> F:
    """Read a frame from an answer; raise `BadResponse` if it is not one."""
    headers = reply.headers
    if "X-Een-Timestamp" not in headers:
        raise reply.bad("did not send the time of its picture")
    at = parse_iso_time(headers["X-Een-Timestamp"])
    tokens = (headers.get("X-Een-PrevToken") or None, headers.get("X-Een-NextToken") or None)
    return kind.read(camera_id, reply, at, *tokens)


def _page(reply: Reply) -> tuple[list[Any], str | None, Reply]:
    """The results of one page, and the token of the next; none, null and an empty text end a list."""
    page = reply.json()
    results = page.get("results") if isinstance(page, dict) else None
    if not isinstance(results, list):
        raise reply.bad("did not send a list of results")
    token = page.get("nextPageToken") or None
    if not isinstance(token, str | None):  # taken for the end, it would make a list short without a word
        raise reply.bad("names its next page by something that is not text")
    return results, token, reply
