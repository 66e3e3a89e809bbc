"""The events of API v3 that tell the history of a camera's status.

Source: EENCloud/VMS-Developer-Portal, ``Open API Specifications``, ``GET /events``,
``een.deviceCloudStatusUpdateEvent.v1``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from camkit.cameras.een.history import Report
from camkit.cameras.een.v3.formats import parse_iso_time
from camkit.errors import BadResponse

STATUS_EVENT = "een.deviceCloudStatusUpdateEvent.v1"
STATUS_DATA = "een.deviceCloudStatusUpdate.v1"
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""Before any camera of the vendor's: the status at a time may be from long before it."""


def status_query(camera_id: str) -> dict[str, str]:
    """Return the part of a query that asks for the status events of a camera."""
    return {"actor": f"camera:{camera_id}", "type__in": STATUS_EVENT, "include": f"data.{STATUS_DATA}"}


def read_reports(camera_id: str, events: Iterable[Any]) -> tuple[list[Report], list[str]]:
    """Read what the status events of a camera report, and say in a sentence which of them cannot be used."""
    reports, wrong = [], []
    for event in events:
        try:
            reports.append(_report(camera_id, event))
        except BadResponse as error:
            wrong.append(str(error))
    more = f" ({len(wrong)} like this)" if len(wrong) > 1 else ""
    return reports, [f"Camera {camera_id}: a status event is left out{more}: {text}" for text in wrong[:1]]


def _report(camera_id: str, event: Any) -> Report:
    """What one event reports; raise `BadResponse` if it is not as documented."""
    if not isinstance(event, Mapping) or event.get("type") != STATUS_EVENT:
        raise BadResponse("Eagle Eye sent something that is not a status event.")
    if str(event.get("actorId")).lower() != camera_id.lower():
        raise BadResponse(f"Eagle Eye sent an event of {str(event.get('actorId'))[:40]!r} instead.")
    start = parse_iso_time(event.get("startTimestamp"))
    ended = event.get("endTimestamp")
    # An event without a span is the moment of the change: the status holds until the next one.
    end = parse_iso_time(ended) if ended and event.get("span") is not False else None
    if end is not None and end < start:
        raise BadResponse(
            f"Eagle Eye sent an event that ends before it begins, at {start:%Y-%m-%d %H:%M:%S} UTC."
        )
    data = event.get("data")
    for part in data if isinstance(data, list) else []:
        if isinstance(part, Mapping) and part.get("type") == STATUS_DATA:
            status = part.get("newStatus")
            word = status.get("connectionStatus") if isinstance(status, Mapping) else None
            if isinstance(word, str) and word:
                return Report(start, end, word[:40])
    raise BadResponse("Eagle Eye sent a status event that does not name a status.")
