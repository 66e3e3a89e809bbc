"""``/events``: the history of a camera's connection status.

Source: EENCloud/VMS-Developer-Portal, ``events_category.yaml``, ``een.deviceCloudStatusUpdateEvent.v1``. Other
types are known and have no events here. The file's text wants ``startTimestamp__lte`` or ``endTimestamp__lte``, its
schema neither, and eensdk-python sends neither: so the demo answers without.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

from flask import Blueprint, Response

from camkit.demo.een.devices import ACCOUNT_ID, Device
from camkit.demo.een.outages import Span
from camkit.demo.een.v3.answers import (
    Pages,
    arguments,
    format_time,
    refuse_argument,
    refuse_resource,
    time_in,
    words,
)

STATUS_EVENT = "een.deviceCloudStatusUpdateEvent.v1"
STATUS_DATA = "een.deviceCloudStatusUpdate.v1"
_TYPE = re.compile(r"een\.[A-Za-z0-9]+Event\.v[0-9]")
_TIMES = ("startTimestamp__gte", "startTimestamp__lte", "endTimestamp__gte", "endTimestamp__lte")


def create_blueprint(devices: list[Device], pages: Pages) -> Blueprint:
    """The route of one account."""
    routes = Blueprint("een_v3_events", __name__)
    cameras = {device.id: device for device in devices if device.type == "camera" and device.id}

    @routes.get("/events")
    def events() -> Response:
        known = (*_TIMES, "actor", "type__in", "sort", "include", "pageToken", "pageSize")
        params = arguments(known, ("actor", "type__in", "startTimestamp__gte"))
        kind, _, device_id = params["actor"].partition(":")
        if not device_id:
            refuse_argument("actor", "wrongArgumentValue", "an actor is written camera:1007b3c4")
        device = cameras.get(device_id.lower()) if kind == "camera" else None
        if device is None:
            refuse_resource("actors", params["actor"][:40])
        types = words(params, "type__in")
        if not types or not all(_TYPE.fullmatch(name) for name in types):
            refuse_argument("type__in", "wrongArgumentValue", "these are not types of events")
        include = words(params, "include")
        if not all(name.startswith(("data.", "een.")) for name in include):  # EagleEyev3 leaves "data." out
            refuse_argument(
                "include", "wrongArgumentValue", "a schema is written data.een.objectDetection.v1"
            )
        order = params.get("sort", "-startTimestamp")
        if order not in ("+startTimestamp", "-startTimestamp"):
            refuse_argument("sort", "wrongArgumentValue", "+startTimestamp or -startTimestamp")
        found = [span for span in device.history if _is_within(span, params)] if STATUS_EVENT in types else []
        if order.startswith("-"):
            found = found[::-1]
        return pages.answer(found, lambda span: _event(device, span, include), params, len(found))

    return routes


def _is_within(span: Span, params: dict[str, str]) -> bool:
    """Whether a span is one that the times of the query want; one that has not ended ends later than any time."""
    least, most, ends_least, ends_most = (time_in(params, name) for name in _TIMES)
    return (
        (least is None or span.start >= least)
        and (most is None or span.start <= most)
        and (ends_least is None or span.end is None or span.end >= ends_least)
        and (ends_most is None or (span.end is not None and span.end <= ends_most))
    )


def _event(device: Device, span: Span, include: list[str]) -> dict[str, Any]:
    started = format_time(span.start)
    digest = hashlib.sha256(f"{device.id} {started}".encode()).hexdigest()
    status = {"connectionStatus": span.status}
    data = {"type": STATUS_DATA, "creatorId": "een.systemHealth", "newStatus": status}
    return {
        "id": digest[:20],
        "startTimestamp": started,
        "endTimestamp": format_time(span.end) if span.end else None,
        "span": True,
        "accountId": ACCOUNT_ID,
        "actorId": device.id,
        "actorAccountId": ACCOUNT_ID,
        "actorType": "camera",
        "creatorId": "een.systemHealth",
        "type": STATUS_EVENT,
        "dataSchemas": [STATUS_DATA],
        "data": [data] if f"data.{STATUS_DATA}" in include else [],
    }
