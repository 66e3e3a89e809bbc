"""The truth behind the badge log: every event that is more than the cardholder walking through the door.

It says who was really in the picture, for tests and for readers who want to check their verdicts. An event
of the log that is not listed shows exactly its cardholder.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

__all__ = ["FIRST_ROWS", "STORY", "STRANGER", "UNKNOWN_BADGE", "StoryEvent"]

STRANGER = "stranger"
"""In `StoryEvent.seen`: a person who is not in the directory."""

UNKNOWN_BADGE = "86549999"


@dataclass(frozen=True)
class StoryEvent:
    """One event of the badge log, and the truth about it.

    Attributes
    ----------
    timestamp : str
        The time by the reader's clock, ISO 8601 with the site's offset, as in the log.
    kind : str
        ``match``, ``borrowed``, ``tailgating``, ``empty``, ``camera_off``, ``clock_offset``,
        ``unknown_badge``, ``denied_then_granted``, ``repeated``, ``too_soon`` or ``night``.
    seen : tuple of str
        The people who are really in the picture: UserIDs, or `STRANGER`.
    sentence : str
        What happened.
    """

    timestamp: str
    cardholder_id: str
    reader_id: str
    outcome: str
    kind: str
    seen: tuple[str, ...]
    sentence: str

    @property
    def time(self) -> datetime:
        """The time by the reader's clock, aware."""
        return datetime.fromisoformat(self.timestamp)


def _match(timestamp: str, cardholder_id: str, reader_id: str) -> StoryEvent:
    return StoryEvent(
        timestamp, cardholder_id, reader_id, "granted", "match", (cardholder_id,), "The cardholder comes in."
    )


FIRST_ROWS = (
    _match("2019-04-12T14:20:29-06:00", "85063715", "HQ-R1"),
    StoryEvent(
        "2019-04-12T11:40:33-06:00",
        "86543202",
        "HQ-R2",
        "granted",
        "borrowed",
        ("85063694",),
        "Jonas Weidmüller's badge opens the server room, but David Cohen is the one who walks in.",
    ),
    _match("2019-04-12T11:32:33-06:00", "86543201", "HQ-R1"),
    _match("2019-04-12T11:33:36-06:00", "85063685", "HQ-R3"),
    StoryEvent(
        "2019-04-12T14:41:12-06:00",
        "86543215",
        "HQ-R1",
        "granted",
        "tailgating",
        ("86543215", STRANGER),
        "Lucía Fernández swipes once, and a stranger comes in behind her.",
    ),
    StoryEvent(
        "2019-04-12T14:36:48-06:00",
        "85063731",
        "HQ-R5",
        "granted",
        "empty",
        (),
        "Gareth O'Neill's badge opens the warehouse, and no one comes through.",
    ),
    StoryEvent(
        "2019-04-12T14:31:05-06:00",
        "00082310",
        "HQ-R6",
        "granted",
        "camera_off",
        ("00082310",),
        "Ingrid Sørensen comes in from the garage, where the camera is offline.",
    ),
    StoryEvent(
        "2019-04-12T14:26:19-06:00",
        "00071234",
        "HQ-R4",
        "granted",
        "clock_offset",
        ("00071234",),
        "Zoë Lindqvist enters the laboratory; its reader's clock runs 47 seconds ahead.",
    ),
)
"""The first eight rows of the log: the four published events, then the four newest."""

LATER_ROWS = (
    StoryEvent(
        "2019-04-11T22:47:31-06:00",
        UNKNOWN_BADGE,
        "HQ-R5",
        "denied",
        "unknown_badge",
        (STRANGER,),
        "A badge that is not in the directory is refused at the warehouse, at night.",
    ),
    StoryEvent(
        "2019-04-10T09:14:22-06:00",
        "86543230",
        "HQ-R4",
        "denied",
        "denied_then_granted",
        ("86543230",),
        "Fatima Al-Hassan is refused at the laboratory.",
    ),
    StoryEvent(
        "2019-04-10T09:14:41-06:00",
        "86543230",
        "HQ-R4",
        "granted",
        "denied_then_granted",
        ("86543230",),
        "Her second try, 19 seconds later, opens it.",
    ),
    StoryEvent(
        "2019-04-09T13:05:02-06:00",
        "85063694",
        "HQ-R1",
        "granted",
        "repeated",
        ("85063694",),
        "David Cohen swipes at the main entrance.",
    ),
    StoryEvent(
        "2019-04-09T13:05:05-06:00",
        "85063694",
        "HQ-R1",
        "granted",
        "repeated",
        ("85063694",),
        "He swipes again three seconds later.",
    ),
    StoryEvent(
        "2019-04-09T13:05:09-06:00",
        "85063694",
        "HQ-R1",
        "granted",
        "repeated",
        ("85063694",),
        "And once more.",
    ),
    StoryEvent(
        "2019-04-08T15:22:10-06:00",
        "86543188",
        "HQ-R2",
        "granted",
        "too_soon",
        ("86543188",),
        "Kenji Watanabe enters the server room.",
    ),
    StoryEvent(
        "2019-04-08T15:22:34-06:00",
        "86543188",
        "HQ-R3",
        "denied",
        "too_soon",
        ("85063685",),
        "His number is used at the far end of the site 24 seconds later, by Tom Halloran.",
    ),
    StoryEvent(
        "2019-04-04T02:13:54-06:00",
        "86543202",
        "HQ-R2",
        "granted",
        "night",
        ("86543202",),
        "Jonas Weidmüller is called out to the server room in the night.",
    ),
    StoryEvent(
        "2019-04-02T23:31:40-06:00",
        "85063685",
        "HQ-R3",
        "granted",
        "night",
        ("85063685",),
        "Tom Halloran lets in a late delivery.",
    ),
)

STORY = FIRST_ROWS + LATER_ROWS
