"""``/poll``: what a client wants to hear of which cameras, and what there is to say.

Source: EENCloud/api-docs, "Poll". The answer to the subscription has each camera's status; the calls after it have
news. The vendor does not say how long it holds such a call; here it is `HOLD_S`. There is none while time stands still.
"""

from __future__ import annotations

import secrets
from typing import Any

import gevent
from flask import Blueprint, Response, jsonify, request

from camkit.demo.een.assets import Assets
from camkit.demo.een.devices import Device
from camkit.demo.een.login import Login
from camkit.demo.een.population import Answer
from camkit.demo.een.request import BAD_ARGUMENTS, refuse, require_session
from camkit.demo.een.timestamps import format_timestamp

HOLD_S = 1.0
MOST = 100  # subscriptions that are kept
RESOURCES = {"pre", "thumb", "status", "event", "video"}

_Wanted = dict[str, set[str]]


def create_blueprint(login: Login, assets: Assets) -> Blueprint:
    """The poll routes of one account."""
    routes = Blueprint("een_poll", __name__)
    routes.before_request(lambda: require_session(login))
    subscriptions: dict[str, _Wanted] = {}

    @routes.post("/poll")
    def subscribe() -> Response:
        wanted = _wanted(request.get_json(silent=True))
        found = {each: _first(assets.listed(each), resources) for each, resources in wanted.items()}
        token = secrets.token_hex(16)
        subscriptions[token] = wanted
        for old in [*subscriptions][:-MOST]:
            del subscriptions[old]
        answer = jsonify({"cameras": found, "token": token})
        answer.set_cookie("ee-poll-ses", token, httponly=True)
        answer.set_cookie("poll_id", token, httponly=True)
        return answer

    @routes.get("/poll")
    def poll() -> Response:
        cookies = request.cookies
        wanted = subscriptions.get(cookies.get("ee-poll-ses") or cookies.get("poll_id") or "")
        if wanted is None:
            refuse(400, BAD_ARGUMENTS)
        before = {each: _newest(assets, assets.listed(each)) for each in wanted}
        gevent.sleep(HOLD_S)
        news = {}
        for each, resources in wanted.items():
            newest = _newest(assets, assets.listed(each))
            if newest != before[each] and "pre" in resources:
                news[each] = {"pre": newest}
        return jsonify({"cameras": news})

    return routes


def _wanted(body: Any) -> _Wanted:
    """The resources that a subscription wants, by camera."""
    cameras = body.get("cameras") if isinstance(body, dict) else None
    if not isinstance(cameras, dict) or len(cameras) > 1000:
        refuse(400, BAD_ARGUMENTS)
    wanted = {}
    for device_id, each in cameras.items():
        resources = each.get("resource") if isinstance(each, dict) else None
        if not isinstance(resources, list) or not all(name in RESOURCES for name in map(str, resources)):
            refuse(400, BAD_ARGUMENTS)
        wanted[str(device_id).lower()] = {str(name) for name in resources}
    return wanted


def _first(device: Device | None, resources: set[str]) -> dict[str, int]:
    """What the answer to a subscription says of a camera: its status, where that is wanted."""
    return {"status": device.status} if device is not None and "status" in resources else {}


def _newest(assets: Assets, device: Device | None) -> str | None:
    """The time of a camera's newest frame."""
    if device is None or device.answer is not Answer.PICTURE:
        return None
    times = assets.times(device)
    return format_timestamp(times.time_of(times.at_or_before(assets.clock.now())))
