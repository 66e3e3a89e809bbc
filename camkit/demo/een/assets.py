"""``/asset``: preview images by time, and the list of them.

Where the vendor's documents are silent, the demo decides: ``asset`` takes the frame at the time asked for
or the nearest before it within `TOLERANCE`; ``prev`` is strictly before, and with ``now`` the newest frame;
``next`` waits for a frame that does not exist yet, up to `LOOKAHEAD` ahead.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import gevent
from flask import Blueprint, Response, jsonify, request

from camkit.demo.clock import Clock
from camkit.demo.een.devices import Device
from camkit.demo.een.frames import FrameTimes
from camkit.demo.een.login import Login
from camkit.demo.een.population import Answer
from camkit.demo.een.timestamps import Asked, format_timestamp, parse_timestamp
from camkit.demo.een.wire import image_query, refuse, require_session
from camkit.demo.pictures.previews import preview_jpeg
from camkit.demo.world.world import World

TOLERANCE = timedelta(seconds=5)
LOOKAHEAD = timedelta(seconds=60)
RETENTION = timedelta(days=30)
ARCHIVED_AFTER = timedelta(hours=1)
LONGEST_LIST = 100_000

_CLASSES = {"pre": "preview", "all": "preview", "thumb": "thumb"}
_BAD_ARGUMENTS = "unexpected or unidentifiable arguments"


class Assets:
    """The image store of one account.

    Parameters
    ----------
    timeout_ms : int
        How long the proxy tries before it gives up on a camera it cannot reach.
    """

    def __init__(self, world: World, clock: Clock, devices: list[Device], timeout_ms: int) -> None:
        self._world = world
        self.clock = clock
        self._timeout_s = timeout_ms / 1000
        self._devices = {device.id: device for device in devices if device.id is not None}

    def device(self, device_id: str) -> Device:
        """The device a request names; refused when it is none, no camera, or cannot be reached."""
        if len(device_id) != 8:
            refuse(400, "Invalid Camera ID (c= or id=)")
        device = self._devices.get(device_id)
        if device is None:
            refuse(404, "camera not provisioned")
        if device.answer is Answer.NOT_A_CAMERA:
            refuse(400, Answer.NOT_A_CAMERA.value)
        if device.answer is Answer.TIMEOUT:
            gevent.sleep(self._timeout_s)
            refuse(504, Answer.TIMEOUT.value)
        return device

    def asked(self, text: str | None) -> Asked:
        """A timestamp parameter; refused when malformed or beyond retention."""
        try:
            asked = parse_timestamp(text or "", self.clock.now())
        except ValueError:
            refuse(400, _BAD_ARGUMENTS)
        if asked.moment < self.clock.now() - RETENTION:
            refuse(410, "out of retention")
        return asked

    def frame(self, verb: str, device: Device, asked: Asked) -> int:
        """The number of the frame that `verb` names; waits where the vendor does."""
        if device.answer is Answer.NOTHING:
            refuse(404, Answer.NOTHING.value)
        times = self.times(device)
        newest = times.at_or_before(self.clock.now())
        if verb == "next":
            return self._wait_for(times, asked)
        if verb == "after":
            found = newest + 1 if asked.is_now else times.after(asked.moment)
        elif verb == "prev" and not asked.is_now:
            found = min(times.before(asked.moment), newest)
        else:
            found = min(times.at_or_before(asked.moment), newest)
        too_old = verb == "asset" and asked.moment - times.time_of(found) > TOLERANCE
        if found > newest or too_old:
            refuse(404, Answer.NOTHING.value)
        return found

    def times(self, device: Device) -> FrameTimes:
        """When the camera took its frames."""
        return FrameTimes(self._world.seed, device.id or "")

    def jpeg(self, device: Device, index: int) -> bytes:
        """The picture."""
        return preview_jpeg(self._world, device.id or "", device.name, self.times(device).time_of(index))

    def _wait_for(self, times: FrameTimes, asked: Asked) -> int:
        if asked.moment > self.clock.now() + LOOKAHEAD:
            refuse(404, Answer.NOTHING.value)
        index = times.after(asked.moment)
        gevent.sleep(self.clock.seconds_until(times.time_of(index), asked.moment))
        return index


def create_blueprint(login: Login, assets: Assets, archiver: str | None) -> Blueprint:
    """The image routes.

    Parameters
    ----------
    archiver : str or None
        The origin that older pictures of the archived camera are redirected to; None on that origin itself.
    """
    routes = Blueprint("een_assets", __name__, url_prefix="/asset")
    routes.before_request(lambda: require_session(login))

    def image(verb: str) -> Response:
        params = image_query()
        kind = _asset_class(params)
        device = assets.device(params.get("id", ""))
        asked = assets.asked(params.get("timestamp"))
        index = assets.frame(verb, device, asked)
        taken = assets.times(device).time_of(index)
        if archiver and device.archived and taken < assets.clock.now() - ARCHIVED_AFTER:
            return Response(status=301, headers={"location": archiver + request.full_path})
        return _picture(assets, device, index, kind, cacheable=not asked.relative)

    for verb in ("asset", "prev", "next", "after"):
        for path in (f"/{verb}/image.jpeg", f"/{verb}/image.jpg"):
            routes.add_url_rule(path, view_func=image, defaults={"verb": verb})

    @routes.get("/list/image")
    @routes.get("/list/image.jpeg")
    def image_list() -> Response:
        params = image_query()
        code = "PRTH" if _asset_class(params) == "thumb" else "PRFR"
        device = assets.device(params.get("id", ""))
        start = assets.asked(params.get("timestamp")).moment
        end = assets.asked(params["end_timestamp"]).moment if "end_timestamp" in params else None
        moments = _listed(assets, device, start, end, _count(params))
        return jsonify([{"t": code, "s": format_timestamp(moment)} for moment in moments])

    return routes


def _asset_class(params: dict[str, str]) -> str:
    kind = _CLASSES.get(params.get("asset_class", ""))
    if kind is None:
        refuse(400, _BAD_ARGUMENTS)
    return kind


def _count(params: dict[str, str]) -> int | None:
    try:
        count = int(params["count"]) if "count" in params else None
    except ValueError:
        refuse(400, _BAD_ARGUMENTS)
    if count is not None and abs(count) > LONGEST_LIST:
        refuse(400, f"count is more than this demo lists at once: {LONGEST_LIST}")
    return count


def _listed(
    assets: Assets, device: Device, start: datetime, end: datetime | None, count: int | None
) -> list[datetime]:
    """The frame times of a list request: from `start` on, or, where `count` is negative, back from it."""
    if end is None and count is None:
        refuse(400, _BAD_ARGUMENTS)
    if device.answer is Answer.NOTHING:
        return []
    times = assets.times(device)
    newest = times.at_or_before(assets.clock.now())
    first = times.before(start) + 1
    if count is not None and count < 0:
        newest = min(newest, first - 1)
        return [times.time_of(index) for index in range(newest, newest + count, -1)]
    last = newest if end is None else min(newest, times.at_or_before(end))
    if count is not None:
        last = min(last, first + count - 1)
    if last - first >= LONGEST_LIST:
        refuse(400, f"the range holds more than this demo lists at once: {LONGEST_LIST} frames")
    return [times.time_of(index) for index in range(first, last + 1)]


def _picture(assets: Assets, device: Device, index: int, kind: str, *, cacheable: bool) -> Response:
    times = assets.times(device)
    taken = format_timestamp(times.time_of(index))
    newest = times.at_or_before(assets.clock.now())
    costly = index % 7 == 0
    previous = "unknown" if costly else f"{kind}-{format_timestamp(times.time_of(index - 1))}"
    following = (
        "unknown" if costly or index >= newest else f"{kind}-{format_timestamp(times.time_of(index + 1))}"
    )
    short_kind = "thumb" if kind == "thumb" else "pre"
    asset = f"/asset/asset/image.jpeg?timestamp={taken}&id={device.id}&asset_class={short_kind}"
    answer = Response(assets.jpeg(device, index), mimetype="image/jpeg")
    answer.headers["x-ee-timestamp"] = f"{kind}-{taken}"
    answer.headers["x-ee-prev"] = previous
    answer.headers["x-ee-next"] = following
    answer.headers["location"] = asset
    if cacheable:
        answer.headers["cache-control"] = "private, max-age=3600"
    return answer
