"""``/poll``: subscribe to what changes, then ask for it again and again.

Source: EENCloud/api-docs, ``_api_poll.md``. ``POST`` subscribes and tells how things are, ``status`` alone where it is
asked for; ``GET`` tells what is new since, without ``status``. How long a ``GET`` waits is not documented: here until
there is a new frame, at most `HOLD`; then its answer names no camera. Of the events, the demo has those of frames:
``PRFR`` and ``PRTH``. With a clock that stands still, each subscription sees one frame after the other.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import gevent
from flask import Blueprint, Response, jsonify, request

from camkit.demo.een.assets import Assets
from camkit.demo.een.devices import Device
from camkit.demo.een.login import Login
from camkit.demo.een.population import Answer
from camkit.demo.een.request import BAD_ARGUMENTS, json_body, query, refuse, require_session
from camkit.demo.een.timestamps import format_timestamp

HOLD = timedelta(seconds=2)
MOST = 200
"""Subscriptions that are kept; the oldest goes first."""

RESOURCES = {"pre", "thumb", "video", "status", "status64", "event"}
_COOKIES = ("ee-poll-ses", "poll_id")
_EVENTS = {"pre": "PRFR", "thumb": "PRTH"}


@dataclass(frozen=True)
class Watch:
    """What one subscription asks of one device."""

    device: Device
    resources: frozenset[str]
    events: frozenset[str]

    @property
    def has_frames(self) -> bool:
        """Whether there will be news: of a device that takes frames, of frames."""
        return self.device.answer is Answer.PICTURE and bool(
            self.resources & {"pre", "thumb"} or self.events & {"PRFR", "PRTH"}
        )


@dataclass
class Subscription:
    """What a client asked for, and the moment up to which it was told."""

    watches: list[Watch]
    seen: datetime


class Subscriptions:
    """The subscriptions by their token."""

    def __init__(self) -> None:
        self._kept: dict[str, Subscription] = {}

    def add(self, watches: list[Watch], now: datetime) -> str:
        """Keep a new one and return its token."""
        token = secrets.token_urlsafe(9)
        self._kept[token] = Subscription(watches, now)
        while len(self._kept) > MOST:
            del self._kept[next(iter(self._kept))]
        return token

    def get(self, token: str | None) -> Subscription | None:
        """The one with this token."""
        return self._kept.get(token or "")

    def reset(self) -> None:
        """Forget all."""
        self._kept.clear()


def create_blueprint(login: Login, assets: Assets, subscriptions: Subscriptions) -> Blueprint:
    """The poll of one account."""
    routes = Blueprint("een_poll", __name__)
    routes.before_request(lambda: require_session(login))

    @routes.post("/poll")
    def subscribe() -> Response:
        watches = _watches(json_body(), assets)
        now = assets.clock.now()
        token = subscriptions.add(watches, now)
        answer = jsonify(
            {"cameras": {watch.device.id: _state(watch, assets, now) for watch in watches}, "token": token}
        )
        for name in _COOKIES:
            answer.set_cookie(name, token, path="/")
        return answer

    @routes.get("/poll")
    def poll() -> Response:
        tokens = [*(request.cookies.get(name) for name in _COOKIES), query().get("token")]
        subscription = next((found for found in map(subscriptions.get, tokens) if found), None)
        if subscription is None:
            refuse(400, BAD_ARGUMENTS)
        return jsonify({"cameras": _news(subscription, assets)})

    return routes


def _watches(body: Any, assets: Assets) -> list[Watch]:
    cameras = body.get("cameras") if isinstance(body, dict) else None
    if not isinstance(cameras, dict) or not cameras:
        refuse(400, BAD_ARGUMENTS)
    found = [_watch(str(device_id), asked, assets) for device_id, asked in cameras.items()]
    return list({watch.device.id: watch for watch in found}.values())


def _watch(device_id: str, asked: Any, assets: Assets) -> Watch:
    resources = _words(asked, "resource")
    events = _words(asked, "event") if "event" in asked else frozenset()
    if not resources or not resources <= RESOURCES or ("event" in resources and not events):
        refuse(400, BAD_ARGUMENTS)
    device = assets.find(device_id)
    if device is None:
        refuse(403, "missing privilege")
    return Watch(device, resources, events if "event" in resources else frozenset())


def _words(asked: Any, name: str) -> frozenset[str]:
    words = asked.get(name) if isinstance(asked, dict) else None
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        refuse(400, BAD_ARGUMENTS)
    return frozenset(words)


def _state(watch: Watch, assets: Assets, now: datetime) -> dict[str, Any]:
    """How a device is: the status alone if it is asked for, else its newest frame."""
    status: dict[str, Any] = {
        name: watch.device.status for name in ("status", "status64") if name in watch.resources
    }
    if status or not watch.has_frames:
        return status
    times = assets.times(watch.device)
    return _frame(watch, times.time_of(times.at_or_before(now)))


def _news(subscription: Subscription, assets: Assets) -> dict[str | None, Any]:
    """The next frames of the devices of a subscription; waits for them, but not longer than `HOLD`."""
    seen = subscription.seen
    coming = [(_next_frame(watch, assets, seen), watch) for watch in subscription.watches if watch.has_frames]
    until = min((moment for moment, _ in coming), default=seen + HOLD)
    until = min(until, max(seen, assets.clock.now()) + HOLD)
    gevent.sleep(assets.clock.seconds_until(until, seen))
    until = max(until, assets.clock.now()) if assets.clock.running else until
    subscription.seen = max(subscription.seen, until)
    return {watch.device.id: _newest(watch, assets, until) for moment, watch in coming if moment <= until}


def _next_frame(watch: Watch, assets: Assets, seen: datetime) -> datetime:
    times = assets.times(watch.device)
    return times.time_of(times.after(seen))


def _newest(watch: Watch, assets: Assets, until: datetime) -> dict[str, Any]:
    times = assets.times(watch.device)
    return _frame(watch, times.time_of(times.at_or_before(until)))


def _frame(watch: Watch, moment: datetime) -> dict[str, Any]:
    stamp = format_timestamp(moment)
    found: dict[str, Any] = {name: stamp for name in _EVENTS if name in watch.resources}
    events = {
        code: {"timestamp": stamp, "cameraid": watch.device.id}
        for code in _EVENTS.values()
        if code in watch.events
    }
    return found | ({"event": events} if events else {})
