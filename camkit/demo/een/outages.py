"""The history of each camera's connection: since when it is as it is, and when it was not online before.

The words are those of API v3 (EENCloud/VMS-Developer-Portal, ``devices_category.yaml``). While a camera is not
online, it has no frames, whichever version of the API is asked.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from camkit.demo.een import population

ONLINE = "online"
BEGINNING = datetime(2019, 3, 13, tzinfo=UTC)
"""The account's first day: nothing is known from before."""


@dataclass(frozen=True)
class Span:
    """A time in which a camera had one status; `end` is None for the present one."""

    start: datetime
    end: datetime | None
    status: str


def _utc(day: str) -> datetime:
    return datetime.fromisoformat(f"2019-{day}+00:00")


_SINCE = {
    25: ("off", _utc("04-05T16:02:11.204")),
    32: ("bridgeOffline", _utc("04-11T03:12:47.881")),
    44: ("invalidCredentials", _utc("04-09T14:20:05.016")),
    52: ("deviceOffline", _utc("04-12T11:05:31.650")),
    55: ("off", _utc("04-01T22:40:00.118")),
    68: ("bridgeOffline", _utc("04-11T03:12:47.881")),
    77: ("error", _utc("04-12T19:38:52.407")),
}
"""The cameras that are not online now, those of `population.SILENT` but for 72, and since when."""

_DOOR = (_utc("04-08T18:04:09.330"), _utc("04-08T19:11:40.092"), "deviceOffline")
"""The outage of the camera at the loading dock: one swipe there has no picture."""

_WAREHOUSE = (_utc("04-10T06:15:20.500"), _utc("04-10T06:58:03.975"), "bridgeOffline")
"""The outage of the bridge at position 38, and so of the cameras behind it."""

WAREHOUSE_BRIDGE = 38


def history(position: int, *, is_door: bool = False, behind: int | None = None) -> list[Span]:
    """The history of the camera at a position, in order, without gaps, up to now.

    Parameters
    ----------
    is_door : bool
        Whether it is the camera of `population.DOOR_READER`.
    behind : int, optional
        The position of its bridge.
    """
    if position in population.UNSUPPORTED:
        return [Span(BEGINNING, None, "unknown")]
    outages = [_DOOR] if is_door else _flaky(position)
    if behind == WAREHOUSE_BRIDGE:
        outages = sorted([*outages, _WAREHOUSE])
    marks = [(BEGINNING, ONLINE)]
    for start, end, status in outages:
        marks += [(start, status), (end, ONLINE)]
    if position in _SINCE:
        status, since = _SINCE[position]
        marks = [mark for mark in marks if mark[0] < since]
        marks.append((since, status))
    ends: list[datetime | None] = [later for (_, _), (later, _) in pairwise(marks)]
    return [Span(start, end, status) for (start, status), end in zip(marks, [*ends, None], strict=True)]


def gaps(spans: list[Span]) -> tuple[tuple[datetime, datetime], ...]:
    """When a camera was not online, apart from the present."""
    return tuple((span.start, span.end) for span in spans if span.status != ONLINE and span.end is not None)


def _flaky(position: int) -> list[tuple[datetime, datetime, str]]:
    """The outages of a camera whose network is bad: every ninth has some, of minutes to hours, none on the last day."""
    if position % 9 != 4:
        return []
    outages, noise = [], hashlib.sha256(f"camkit demo outages {position}".encode()).digest()
    for number in range(1 + noise[0] % 3):
        day, minute, length = noise[3 * number + 1 : 3 * number + 4]
        start = BEGINNING + timedelta(
            days=16 + day % 4 + 4 * number, minutes=5 * minute, milliseconds=137 * day
        )
        outages.append((start, start + timedelta(minutes=3 + length), "deviceOffline"))
    return outages
