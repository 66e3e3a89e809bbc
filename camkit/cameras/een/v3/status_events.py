"""The history of a camera's connection status, as API v3 keeps it.

Source: EENCloud/VMS-Developer-Portal, ``events_category.yaml``, ``een.deviceCloudStatusUpdateEvent.v1``: a span of one
status, whose end is null for the present one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from camkit.cameras.een.history import StatusRecord
from camkit.cameras.een.status_rules import CONNECTION_STATUS, UNKNOWN_CONNECTION
from camkit.cameras.een.v3.formats import parse_iso_time
from camkit.errors import BadResponse

EVENT = "een.deviceCloudStatusUpdateEvent.v1"
DATA = "een.deviceCloudStatusUpdate.v1"


@dataclass(frozen=True)
class Present:
    """What the list of devices says of a camera.

    Attributes
    ----------
    word : str or None
        Its status; None where the list has none.
    at : datetime.datetime
        The server's time before the list was fetched.
    is_end : bool
        Whether all events until then were asked for.
    """

    word: str | None
    at: datetime
    is_end: bool


def spans_of(
    events: Iterable[Any], camera_id: str, name: str, present: Present
) -> tuple[list[StatusRecord], list[str]]:
    """The spans of a camera's statuses, for `StatusHistory.from_records`, and sentences on what is odd.

    An event that cannot be read is a change all the same: what follows it is not known. If its time cannot be read
    either, no status without an end is known, since it may have ended then.
    """
    spans: list[StatusRecord] = []
    changes: set[datetime] = set()
    unread, foreign = [], []
    is_undated = False
    for event in events:
        start = None
        try:
            if problem := _foreign(event, camera_id):
                foreign.append(problem)
                continue
            start = parse_iso_time(event.get("startTimestamp"))
            spans.append((camera_id, name, start, *_told(event, start)))
            if event.get("span") is False:
                changes.add(start)
        except BadResponse as error:
            unread.append(str(error))
            if start is None:
                is_undated = True
            else:
                spans.append((camera_id, name, start, None, None, None))
    if is_undated:
        spans = [(*span[:4], None, None) if span[3] is None else span for span in spans]
    notes = [
        f"Camera {camera_id}: {_count(problems)} {what}. {problems[0]}"
        for problems, what in (
            (unread, "of its status cannot be read, and what follows is not known"),
            (foreign, "left out of its history"),
        )
        if problems
    ]
    begun = [span for span in spans if span[2] < present.at]  # what began later, the list could not say
    newest = max(begun, key=lambda span: (span[2], span[3] is not None), default=None)
    if newest is not None and _contradicts(present, newest, is_change=newest[2] in changes):
        spans.append((*newest[:3], None, None, None))
        notes.append(
            f"Camera {camera_id}: its last event says {newest[4]!r} since {newest[2]:%Y-%m-%d %H:%M:%S} UTC, and the "
            f"list of devices says {str(present.word)[:40]!r} now. Its status since then is not known."
        )
    return spans, notes


def _count(events: list[str]) -> str:
    return "1 event" if len(events) == 1 else f"{len(events)} events"


def _contradicts(present: Present, newest: StatusRecord, *, is_change: bool) -> bool:
    """Whether the list of devices says something else than the last event, which still holds by what it says."""
    _, _, _, end, word, _ = newest
    holds_now = end is None and (present.is_end or not is_change)
    return holds_now and None not in (word, present.word) and word != present.word


def _foreign(event: Any, camera_id: str) -> str | None:
    """What an event is that says nothing of this camera's status; None if it may."""
    if not isinstance(event, Mapping):
        raise BadResponse("Eagle Eye sent something else instead of a status event.")
    kind, actor = event.get("type"), event.get("actorId")
    if isinstance(kind, str) and kind != EVENT:
        return "Eagle Eye sent another kind of event."
    if isinstance(actor, str) and actor.casefold() != camera_id.casefold():
        return "Eagle Eye sent a status event of another camera."
    return None


def _told(event: Mapping[str, Any], start: datetime) -> tuple[datetime | None, str, str]:
    """The end, the status and the overall status of an event; raise `BadResponse` if they cannot be read."""
    if not isinstance(event.get("type"), str) or not isinstance(event.get("actorId"), str):
        raise BadResponse("Eagle Eye sent a status event that does not say of what it is.")
    ended = event.get("endTimestamp")
    # One that is not a span is the moment of a change: the status holds until the next one.
    is_open = ended is None or ended == "" or event.get("span") is False
    end = None if is_open else parse_iso_time(ended)
    if end is not None and end < start:
        raise BadResponse("Eagle Eye sent a status event that ends before it begins.")
    word = _status_in(event.get("data"))
    meant = CONNECTION_STATUS.get(word, UNKNOWN_CONNECTION)
    return end, word, meant.overall.value


def _status_in(data: Any) -> str:
    """The new status among an event's data."""
    for part in data if isinstance(data, list) else []:
        status = part.get("newStatus") if isinstance(part, Mapping) else None
        word = status.get("connectionStatus") if isinstance(status, Mapping) else None
        if isinstance(word, str):
            return word[:40]
    raise BadResponse("Eagle Eye sent a status event without a status.")
