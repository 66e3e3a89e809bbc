"""The history of a camera's connection status, as API v3 keeps it.

Source: EENCloud/VMS-Developer-Portal, ``events_category.yaml``, ``een.deviceCloudStatusUpdateEvent.v1``: a span of one
status, whose end is null for the present one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from camkit.cameras.een.history import StatusRecord
from camkit.cameras.een.status_rules import CONNECTION_STATUS, UNKNOWN_CONNECTION
from camkit.cameras.een.v3.formats import parse_iso_time
from camkit.errors import BadResponse

EVENT = "een.deviceCloudStatusUpdateEvent.v1"
DATA = "een.deviceCloudStatusUpdate.v1"


def span_of(event: Any, camera_id: str, name: str) -> StatusRecord:
    """A span of one status, for `StatusHistory.from_records`; raise `BadResponse` if the event is not one."""
    if not isinstance(event, Mapping):
        raise BadResponse("Eagle Eye sent something else instead of a status event.")
    start, end = parse_iso_time(event.get("startTimestamp")), event.get("endTimestamp")
    word = _status_in(event.get("data"))
    meant = CONNECTION_STATUS.get(word, UNKNOWN_CONNECTION)
    return camera_id, name, start, None if end is None else parse_iso_time(end), word, meant.overall.value


def _status_in(data: Any) -> str:
    """The new status among an event's data."""
    for part in data if isinstance(data, list) else []:
        status = part.get("newStatus") if isinstance(part, Mapping) else None
        word = status.get("connectionStatus") if isinstance(status, Mapping) else None
        if isinstance(word, str):
            return word[:40]
    raise BadResponse("Eagle Eye sent a status event without a status.")
