"""``/media``: recorded intervals, recorded images by time and by token, the live image.

Source: EENCloud/VMS-Developer-Portal, ``media_category.yaml``. Where it is silent, the demo decides: zero or several
timestamps are refused; a camera that API v1 cannot reach gives 503, one without images 404; full-resolution recordings
exist of the door's camera only, five images a second, and more than `BURST` requests for them within a second are
refused with 429.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import gevent
from flask import Blueprint, Response, jsonify, make_response

from camkit.demo.een.assets import Assets
from camkit.demo.een.devices import Device
from camkit.demo.een.outages import ONLINE
from camkit.demo.een.population import Answer
from camkit.demo.een.v3 import media_session
from camkit.demo.een.v3.answers import (
    Pages,
    arguments,
    format_time,
    refuse,
    refuse_argument,
    refuse_resource,
    time_in,
    token_of,
    token_parts,
    words,
)
from camkit.demo.pictures.snapshots import snapshot_jpeg
from camkit.demo.world.doors import BY_CAMERA
from camkit.demo.world.world import World

KINDS = ("preview", "main")
BURST = 2
MAIN_MS = 200
RETENTION = timedelta(days=30)
_TIMES = ("timestamp__lt", "timestamp__lte", "timestamp", "timestamp__gte", "timestamp__gt")
_MILLISECOND = timedelta(milliseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class MainFrames:
    """The images of a full-resolution recording: one every `MAIN_MS`, but for the camera's outages."""

    def __init__(self, device: Device) -> None:
        self._outages = [span for span in device.history if span.status != ONLINE]

    def time_of(self, index: int) -> datetime:
        """When image `index` was taken."""
        return _EPOCH + index * timedelta(milliseconds=MAIN_MS)

    def at_or_before(self, moment: datetime) -> int:
        """The number of the newest image not after `moment`."""
        index = (moment - _EPOCH) // timedelta(milliseconds=MAIN_MS)
        for span in self._outages:
            if span.start <= self.time_of(index) and (span.end is None or self.time_of(index) <= span.end):
                return self.at_or_before(span.start - _MILLISECOND)
        return index

    def after(self, moment: datetime) -> int:
        """The number of the oldest image strictly after `moment`."""
        index = (moment - _EPOCH) // timedelta(milliseconds=MAIN_MS) + 1
        for span in self._outages:
            if span.end is not None and span.start <= self.time_of(index) <= span.end:
                return self.after(span.end)
        return index


class Media:
    """The images of one account."""

    def __init__(self, world: World, assets: Assets, devices: list[Device], timeout_ms: int) -> None:
        self._world, self._assets, self._timeout_s = world, assets, timeout_ms / 1000
        self._cameras = {device.id: device for device in devices if device.type == "camera" and device.id}
        self._main_asked: deque[float] = deque(maxlen=BURST)

    @property
    def now(self) -> datetime:
        """The world's time."""
        return self._assets.clock.now()

    def camera(self, device_id: str) -> Device:
        """The camera with this id; others are refused."""
        device = self._cameras.get(device_id.lower())
        if device is None:
            refuse_resource("cameras", device_id)
        return device

    def frames(self, device: Device, kind: str) -> Any:
        """When the camera took its images of a kind; a camera that gives none is refused."""
        if device.answer is Answer.TIMEOUT:
            gevent.sleep(self._timeout_s)
            refuse(503, "deviceUnavailable", "The device is not available, try again later")
        if device.answer is Answer.NOTHING or (kind == "main" and device.id not in BY_CAMERA):
            refuse_resource("media", device.id or "")
        if kind == "main":
            self._limit()
            return MainFrames(device)
        return self._assets.times(device)

    def answer(self, device: Device, kind: str, index: int, *, with_next: bool = True) -> Response:
        """The image with this number; refused if it is not there yet, or no longer."""
        frames = self._assets.times(device) if kind == "preview" else MainFrames(device)
        moment = frames.time_of(index)
        if not self.now - RETENTION <= moment <= self.now:
            refuse_resource("media", device.id or "")
        if kind == "preview":
            content = self._assets.jpeg(device, index)
        else:
            content = snapshot_jpeg(self._world, device.id or "", device.name, moment)
        reply = make_response(content, 200, {"Content-Type": "image/jpeg"})
        reply.headers["X-Een-Timestamp"] = format_time(moment)
        reply.headers["X-Een-PrevToken"] = token_of(
            "image", device.id, kind, frames.at_or_before(moment - _MILLISECOND)
        )
        following = frames.after(moment)
        if with_next and frames.time_of(following) <= self.now:
            reply.headers["X-Een-NextToken"] = token_of("image", device.id, kind, following)
        return reply

    @property
    def is_running(self) -> bool:
        """Whether the world's time runs."""
        return self._assets.clock.running

    def intervals(
        self, device: Device, kind: str, first: datetime, last: datetime
    ) -> list[tuple[datetime, datetime]]:
        """When there are recordings of a kind, within a time and the retention."""
        if device.answer is not Answer.PICTURE or (kind == "main" and device.id not in BY_CAMERA):
            return []
        first, last = max(first, self.now - RETENTION), min(last, self.now)
        spans = [(span.start, span.end or self.now) for span in device.history if span.status == ONLINE]
        cut = [(max(start, first), min(end, last)) for start, end in spans]
        return [(start, end) for start, end in cut if start < end]

    def _limit(self) -> None:
        now = time.monotonic()
        if len(self._main_asked) == BURST and now - self._main_asked[0] < 1.0:
            refuse(429, "tooManyRequests", "Too many requests for images of the main stream")
        self._main_asked.append(now)


def create_blueprint(media: Media, pages: Pages, origin: str) -> Blueprint:
    """The image routes of one account; `origin` is where streams would be."""
    routes = Blueprint("een_v3_media", __name__)
    routes.add_url_rule("/media/recordedImage.jpeg", "recorded", lambda: _recorded(media))
    routes.add_url_rule("/media/liveImage.jpeg", "live", lambda: _live(media))
    routes.add_url_rule("/media", "intervals", lambda: _intervals(media, pages, origin))
    routes.add_url_rule("/media/session", "session", lambda: _session(origin))
    return routes


def _recorded(media: Media) -> Response:
    params = arguments((*_TIMES, "deviceId", "type", "pageToken", "include", "overlayId__in"))
    if token := params.get("pageToken"):
        return _by_token(media, token)
    for name in ("deviceId", "type"):
        if name not in params:
            refuse_argument(name, "missingRequiredArgument", "without a pageToken this is required")
    overlays = words(params, "include", ("overlayEmbedded", "overlaySvgHeader"))
    if overlays and "overlayId__in" not in params:
        refuse_argument("overlayId__in", "missingRequiredArgument", "an overlay has to be named")
    device, kind = media.camera(params["deviceId"]), _kind(params)
    given = [name for name in _TIMES if name in params]
    if len(given) != 1:
        refuse_argument("timestamp", "wrongArgumentValue", "exactly one timestamp has to be given")
    moment = min(time_in(params, given[0]) or _LATEST, _LATEST)
    if moment < media.now - RETENTION:
        refuse(404, "outOfRetention", "The recording is no longer kept")
    return media.answer(device, kind, _chosen(media.frames(device, kind), given[0], moment, media.now))


def _live(media: Media) -> Response:
    params = arguments(("deviceId", "type"), ("deviceId", "type"))
    if params["type"] != "preview":
        refuse_argument("type", "wrongArgumentValue", "only preview is allowed")
    device = media.camera(params["deviceId"])
    frames = media.frames(device, "preview")
    index = frames.at_or_before(media.now)
    if media.is_running:
        index = frames.after(media.now)
        gevent.sleep(max(0.0, (frames.time_of(index) - media.now).total_seconds()) + 0.001)
    return media.answer(device, "preview", index, with_next=False)


def _intervals(media: Media, pages: Pages, origin: str) -> Response:
    required = ("deviceId", "type", "mediaType", "startTimestamp__gte")
    params = arguments(
        (*required, "endTimestamp__lte", "coalesce", "include", "pageToken", "pageSize"), required
    )
    device, kind = media.camera(params["deviceId"]), _kind(params)
    if params["mediaType"] not in ("video", "image"):
        refuse_argument("mediaType", "wrongArgumentValue", "video or image")
    if params.get("coalesce", "true") not in ("true", "false"):
        refuse_argument("coalesce", "wrongArgumentValue", "true or false")
    urls = words(params, "include", ("flvUrl", "rtspUrl", "rtspsUrl", "multipartUrl", "mp4Url"))
    first, last = time_in(params, "startTimestamp__gte"), time_in(params, "endTimestamp__lte") or media.now
    base = {"type": kind, "deviceId": device.id, "mediaType": params["mediaType"]}
    base |= dict.fromkeys(urls, f"{origin}/media/streams/{device.id}")
    return pages.answer(
        media.intervals(device, kind, first or last, last),
        lambda pair: base | {"startTimestamp": format_time(pair[0]), "endTimestamp": format_time(pair[1])},
        params,
    )


def _session(origin: str) -> Response:
    arguments(())
    return jsonify({"url": origin + media_session.PATH})


_LATEST = datetime(9000, 1, 1, tzinfo=UTC)


def _kind(params: dict[str, str]) -> str:
    if params["type"] not in KINDS:
        refuse_argument("type", "wrongArgumentValue", "preview or main")
    return params["type"]


def _chosen(frames: Any, operator: str, moment: datetime, now: datetime) -> int:
    """The number of the image that an operator and a moment name; the newest there is, for moments to come."""
    newest = frames.at_or_before(now)
    choose: dict[str, Callable[[], int]] = {
        "timestamp__lt": lambda: min(frames.at_or_before(moment - _MILLISECOND), newest),
        "timestamp__lte": lambda: min(frames.at_or_before(moment), newest),
        "timestamp": lambda: frames.at_or_before(moment),
        "timestamp__gte": lambda: frames.after(moment - _MILLISECOND),
        "timestamp__gt": lambda: frames.after(moment),
    }
    index = choose[operator]()
    if operator == "timestamp" and frames.time_of(index) != moment:
        refuse_resource("media", "")
    return index


def _by_token(media: Media, token: str) -> Response:
    """The image that a token names; everything else in the request is ignored."""
    device_id, kind, index = token_parts(token, "image", str, str, int)
    if kind not in KINDS:
        refuse_argument("pageToken", "wrongArgumentValue", "this token is not known")
    device = media.camera(device_id)
    media.frames(device, kind)
    return media.answer(device, kind, index)
