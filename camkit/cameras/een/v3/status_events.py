"""The history of a camera's connection status, as API v3 keeps it.

Source: EENCloud/VMS-Developer-Portal, ``events_category.yaml``, ``een.deviceCloudStatusUpdateEvent.v1``: a span of one
status, whose end is null for the present one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from camkit.cameras.een.history import StatusRecord
from camkit.cameras.een.status_rules import CONNECTION_STATUS, UNKNOWN_CONNECTION
from camkit.cameras.een.v3.formats import parse_iso_time
from camkit.errors import BadResponse

EVENT = "een.deviceCloudStatusUpdateEvent.v1"
DATA = "een.deviceCloudStatusUpdate.v1"


def spans_of(events: Iterable[Any], camera_id: str, name: str) -> tuple[list[StatusRecord], list[str]]:
    """The spans of a camera's statuses, for `StatusHistory.from_records`, and a sentence on events that are not one."""
    spans, odd = [], []
    for event in events:
        try:
            spans.append(_span_of(event, camera_id, name))
        except BadResponse as error:
            odd.append(str(error))
    more = f" and {len(odd) - 1} others are" if len(odd) > 1 else " is"
    return spans, [f"A status event of camera {camera_id}{more} left out: {text}" for text in odd[:1]]


def _span_of(event: Any, camera_id: str, name: str) -> StatusRecord:
    """One span; raise `BadResponse` if the event is not one."""
    if not isinstance(event, Mapping) or event.get("type") != EVENT:
        raise BadResponse("Eagle Eye sent something else instead of a status event.")
    if str(event.get("actorId")).casefold() != camera_id.casefold():
        raise BadResponse("Eagle Eye sent a status event of another camera.")
    start, ended = parse_iso_time(event.get("startTimestamp")), event.get("endTimestamp")
    # One that is not a span is the moment of a change: the status holds until the next one.
    end = parse_iso_time(ended) if ended and event.get("span") is not False else None
    if end is not None and end < start:
        raise BadResponse("Eagle Eye sent a status event that ends before it begins.")
    word = _status_in(event.get("data"))
    meant = CONNECTION_STATUS.get(word, UNKNOWN_CONNECTION)
    return camera_id, name, start, end, word, meant.overall.value


def _status_in(data: Any) -> str:
    """The new status among an event's data."""
    for part in data if isinstance(data, list) else []:
        status = part.get("newStatus") if isinstance(part, Mapping) else None
        word = status.get("connectionStatus") if isinstance(status, Mapping) else None
        if isinstance(word, str):
            return word[:40]
    raise BadResponse("Eagle Eye sent a status event without a status.")
