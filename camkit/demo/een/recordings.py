"""Full-resolution recordings: ``/asset/list/video``, and the snapshot of API v2.

Source: EENCloud/api-docs, ``_api_asset.md``: a video has at most five minutes; the list's rows have ``s``, ``e`` and
``id``; ``coalesce`` joins what touches (the two versions of that text call its parameter ``o`` and ``options``). The
snapshot is the image at or before a time, where a video is; its errors are JSON. Which headers it has is not
documented, so here it has the image's time only, in the form of the other images. As in API v3 of the demo, only the
door's camera records.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NoReturn

from flask import Blueprint, Response, abort, jsonify, make_response

from camkit.demo.een.assets import RETENTION, Assets, count_of
from camkit.demo.een.login import Login
from camkit.demo.een.population import Answer
from camkit.demo.een.request import BAD_ARGUMENTS, image_query, query, refuse, require_session, session_id
from camkit.demo.een.timestamps import RequestedTime, format_timestamp, parse_timestamp
from camkit.demo.een.v3.media import MainFrames, Media
from camkit.demo.pictures.snapshots import snapshot_jpeg
from camkit.demo.world.doors import BY_CAMERA
from camkit.demo.world.world import World

SEGMENT = timedelta(minutes=5)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Span = tuple[datetime, datetime]


def create_blueprint(login: Login, assets: Assets, media: Media, world: World) -> Blueprint:
    """The routes of the recordings of one account."""
    routes = Blueprint("een_recordings", __name__)

    @routes.get("/asset/list/video")
    def video_list() -> Response:
        require_session(login)
        params = image_query()
        device = assets.device(params.get("id", ""))
        start = assets.requested_time(params.get("timestamp")).moment
        end = assets.requested_time(params["end_timestamp"]).moment if "end_timestamp" in params else None
        recorded = media.intervals(device, "main", media.now - RETENTION, media.now)
        joined = "coalesce" in (params.get("o"), params.get("options"))
        videos = recorded if joined else [video for span in recorded for video in _segments(span)]
        return jsonify([_row(video) for video in _chosen(videos, start, end, count_of(params))])

    @routes.get("/api/v2/media/<device_id>/Snapshot")
    def snapshot(device_id: str) -> Response:
        if not login.is_valid(session_id()):
            _refuse_json(401, "invalid session cookie")
        device = assets.find(device_id)
        if device is None or device.answer is Answer.NOT_A_CAMERA:
            _refuse_json(405, "camera not provisioned")
        if device.answer is Answer.TIMEOUT:
            _refuse_json(504, Answer.TIMEOUT.value)
        requested = _time(query().get("timestamp", ""), media.now)
        if requested.moment < media.now - RETENTION:
            _refuse_json(410, "out of retention")
        if device.id not in BY_CAMERA:
            _refuse_json(404, "image not found")
        frames = MainFrames(device)
        moment = frames.time_of(frames.at_or_before(min(requested.moment, media.now)))
        answer = make_response(snapshot_jpeg(world, device.id or "", device.name, moment))
        answer.mimetype = "image/jpeg"
        answer.headers["x-ee-timestamp"] = f"video-{format_timestamp(moment)}"
        return answer

    return routes


def _segments(span: Span) -> list[Span]:
    """The videos of a recording: they begin at every fifth minute, so they stay the same as time goes on."""
    start, end = span
    first = (start - _EPOCH) // SEGMENT
    marks = [_EPOCH + number * SEGMENT for number in range(first, (end - _EPOCH) // SEGMENT + 1)]
    videos = [(max(mark, start), min(mark + SEGMENT, end)) for mark in marks]
    return [(begins, ends) for begins, ends in videos if begins < ends]


def _chosen(videos: list[Span], start: datetime, end: datetime | None, count: int | None) -> list[Span]:
    """The videos from `start` on, or back from it, newest first, if `count` is negative."""
    if end is None and count is None:
        refuse(400, BAD_ARGUMENTS)
    if count is not None and count < 0:
        return [video for video in reversed(videos) if video[0] < start][:-count]
    found = [video for video in videos if start <= video[1] and (end is None or video[0] <= end)]
    return found[:count]


def _row(video: Span) -> dict[str, object]:
    start, end = video
    return {"s": format_timestamp(start), "e": format_timestamp(end), "id": int(start.timestamp())}


def _time(text: str, now: datetime) -> RequestedTime:
    try:
        return parse_timestamp(text, now)
    except ValueError:
        _refuse_json(400, BAD_ARGUMENTS)


def _refuse_json(status: int, text: str) -> NoReturn:
    abort(
        make_response(jsonify({"status_code": status, "message": text, "reason": text, "data": None}), status)
    )
