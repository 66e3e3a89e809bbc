"""What an investigator brings: badge exports, doors, and what looks odd in them."""

from camkit.badges.door_events import (
    NEEDED,
    DoorEvent,
    DoorEvents,
    require_events,
    require_resolved,
    resolve,
    site_timezone,
)
from camkit.badges.doors import Camera, Door, load_doors
from camkit.badges.files import SourceFile
from camkit.badges.flags import FLAGS, flag_events
from camkit.badges.load import load_badges
from camkit.badges.log import BadgeLog

__all__ = [
    "FLAGS",
    "NEEDED",
    "BadgeLog",
    "Camera",
    "Door",
    "DoorEvent",
    "DoorEvents",
    "SourceFile",
    "flag_events",
    "load_badges",
    "load_doors",
    "require_events",
    "require_resolved",
    "resolve",
    "site_timezone",
]
