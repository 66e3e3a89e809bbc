"""``/asset``: preview images by time, and the list of them.

Where the vendor does not document the behaviour, the demo decides: ``asset`` selects the frame at the
requested time or the nearest before it within `TOLERANCE`; ``prev`` is strictly before, and with ``now`` the
newest frame; ``next`` waits for a frame that does not exist yet, up to `LOOKAHEAD` ahead.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import gevent
from flask import Blueprint, Response, jsonify, request

from camkit.demo.clock import Clock
from camkit.demo.een.devices import Device
from camkit.demo.een.frames import FrameTimes
from camkit.demo.een.login import Login
from camkit.demo.een.outages import gaps
from camkit.demo.een.population import Answer
from camkit.demo.een.request import BAD_ARGUMENTS, image_query, refuse, require_session
from camkit.demo.een.timestamps import RequestedTime, format_timestamp, parse_timestamp
from camkit.demo.pictures.previews import preview_jpeg
from camkit.demo.world.world import World

TOLERANCE = timedelta(seconds=5)
LOOKAHEAD = timedelta(seconds=60)
FURTHEST = timedelta(days=365)
"""Later moments are answered like this one, so that frames after them still have a date."""
RETENTION = timedelta(days=30)
ARCHIVED_AFTER = timedelta(hours=1)
LONGEST_LIST = 100_000

_CLASSES = {"pre": "preview", "all": "preview", "thumb": "thumb"}


class Assets:
    """The image store of one account.

    Parameters
    ----------
    timeout_ms : int
        How long the proxy tries to reach a camera that does not answer, milliseconds.
    """

    def __init__(self, world: World, clock: Clock, devices: list[Device], timeout_ms: int) -> None:
        self._world = world
        self.clock = clock
        self._timeout_s = timeout_ms / 1000
        self._devices = {device.id: device for device in devices if device.id is not None}

    def device(self, device_id: str) -> Device:
        """The device with this id. Refused if it is unknown, not a camera, or cannot be reached."""
        if len(device_id) != 8:
            refuse(400, "Invalid Camera ID (c= or id=)")
        device = self.find(device_id)
        if device is None:
            refuse(404, "camera not provisioned")
        if device.answer is Answer.NOT_A_CAMERA:
            refuse(400, Answer.NOT_A_CAMERA.value)
        if device.answer is Answer.TIMEOUT:
            gevent.sleep(self._timeout_s)
            refuse(504, Answer.TIMEOUT.value)
        return device

    def find(self, device_id: str) -> Device | None:
        """The device with this id, in any case, whatever it answers."""
        return self._devices.get(device_id.lower())

    def requested_time(self, text: str | None) -> RequestedTime:
        """Parse a timestamp parameter. Refused if it is malformed or beyond retention."""
        try:
            requested = parse_timestamp(text or "", self.clock.now())
        except ValueError:
            refuse(400, BAD_ARGUMENTS)
        if requested.moment < self.clock.now() - RETENTION:
            refuse(410, "out of retention")
        latest = self.clock.now() + FURTHEST
        return requested if requested.moment < latest else replace(requested, moment=latest)

    def frame(self, verb: str, device: Device, requested: RequestedTime) -> int:
        """The number of the frame that `verb` selects; waits if the frame is still to come, as the vendor does."""
        if device.answer is Answer.NOTHING:
            refuse(404, Answer.NOTHING.value)
        times = self.times(device)
        newest = times.at_or_before(self.clock.now())
        if verb == "next":
            return self._wait_for(times, requested)
        if verb == "after":
            found = newest + 1 if requested.is_now else times.after(requested.moment)
        elif verb == "prev" and not requested.is_now:
            found = min(times.before(requested.moment), newest)
        else:
            found = min(times.at_or_before(requested.moment), newest)
        too_old = verb == "asset" and requested.moment - times.time_of(found) > TOLERANCE
        if found > newest or too_old:
            refuse(404, Answer.NOTHING.value)
        return found

    def times(self, device: Device) -> FrameTimes:
        """When the camera took its frames."""
        return FrameTimes(self._world.seed, device.id or "", gaps(device.history))

    def jpeg(self, device: Device, index: int) -> bytes:
        """The picture of frame `index`."""
        return preview_jpeg(self._world, device.id or "", device.name, self.times(device).time_of(index))

    def _wait_for(self, times: FrameTimes, requested: RequestedTime) -> int:
        if requested.moment > self.clock.now() + LOOKAHEAD:
            refuse(404, Answer.NOTHING.value)
        index = times.after(requested.moment)
        gevent.sleep(self.clock.seconds_until(times.time_of(index), requested.moment))
        return index


def create_blueprint(login: Login, assets: Assets, archiver: str | None) -> Blueprint:
    """The image routes.

    Parameters
    ----------
    archiver : str or None
        The origin that older pictures of the archived camera are redirected to; None on that origin.
    """
    routes = Blueprint("een_assets", __name__, url_prefix="/asset")
    routes.before_request(lambda: require_session(login))

    def image(verb: str) -> Response:
        params = image_query()
        kind = _asset_class(params)
        device = assets.device(params.get("id", ""))
        requested = assets.requested_time(params.get("timestamp"))
        index = assets.frame(verb, device, requested)
        taken = assets.times(device).time_of(index)
        if archiver and device.archived and taken < assets.clock.now() - ARCHIVED_AFTER:
            return Response(status=301, headers={"location": archiver + request.full_path})
        return _picture(assets, device, index, kind, cacheable=not requested.relative)

    for verb in ("asset", "prev", "next", "after"):
        for path in (f"/{verb}/image.jpeg", f"/{verb}/image.jpg"):
            routes.add_url_rule(path, view_func=image, defaults={"verb": verb})

    @routes.get("/list/image")
    @routes.get("/list/image.jpeg")
    def image_list() -> Response:
        params = image_query()
        code = "PRTH" if _asset_class(params) == "thumb" else "PRFR"
        device = assets.device(params.get("id", ""))
        start = assets.requested_time(params.get("timestamp")).moment
        end = assets.requested_time(params["end_timestamp"]).moment if "end_timestamp" in params else None
        moments = _listed(assets, device, start, end, count_of(params))
        return jsonify([{"t": code, "s": format_timestamp(moment)} for moment in moments])

    return routes


def _asset_class(params: dict[str, str]) -> str:
    kind = _CLASSES.get(params.get("asset_class", ""))
    if kind is None:
        refuse(400, BAD_ARGUMENTS)
    return kind


def count_of(params: dict[str, str]) -> int | None:
    """The parameter ``count``, None if there is none. Refused if it is not a number, or a large one."""
    try:
        count = int(params["count"]) if "count" in params else None
    except ValueError:
        refuse(400, BAD_ARGUMENTS)
    if count is not None and abs(count) > LONGEST_LIST:
        refuse(400, f"count is larger than the demo allows: {LONGEST_LIST}")
    return count


def _listed(
    assets: Assets, device: Device, start: datetime, end: datetime | None, count: int | None
) -> list[datetime]:
    """The frame times of a list request: from `start` on, or back from it if `count` is negative."""
    if end is None and count is None:
        refuse(400, BAD_ARGUMENTS)
    if device.answer is Answer.NOTHING:
        return []
    times = assets.times(device)
    newest = times.at_or_before(assets.clock.now())
    first = times.before(start) + 1
    if count is not None and count < 0:
        newest = min(newest, first - 1)
        return _times(times, range(newest, newest + count, -1))
    last = newest if end is None else min(newest, times.at_or_before(end))
    if count is not None:
        last = min(last, first + count - 1)
    if last - first >= LONGEST_LIST:
        refuse(400, f"the range has more frames than the demo allows: {LONGEST_LIST}")
    return _times(times, range(first, last + 1))


def _times(times: FrameTimes, indices: range) -> list[datetime]:
    return [times.time_of(index) for index in indices if times.exists(index)]


def _picture(assets: Assets, device: Device, index: int, kind: str, *, cacheable: bool) -> Response:
    times = assets.times(device)
    moment = times.time_of(index)
    taken = format_timestamp(moment)
    newest = times.at_or_before(assets.clock.now())
    costly = index % 7 == 0
    previous = "unknown" if costly else f"{kind}-{format_timestamp(times.time_of(times.before(moment)))}"
    following = (
        "unknown"
        if costly or index >= newest
        else f"{kind}-{format_timestamp(times.time_of(times.after(moment)))}"
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
