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
from camkit.badges.files import SUFFIXES, SourceFile
from camkit.badges.flags import FLAGS, flag_events
from camkit.badges.given import Column, Given
from camkit.badges.load import load_badges
from camkit.badges.log import BadgeLog
from camkit.badges.preview import Preview, preview
from camkit.badges.profiles import ROLES

__all__ = [
    "FLAGS",
    "NEEDED",
    "ROLES",
    "SUFFIXES",
    "BadgeLog",
    "Camera",
    "Column",
    "Door",
    "DoorEvent",
    "DoorEvents",
    "Given",
    "Preview",
    "SourceFile",
    "flag_events",
    "load_badges",
    "load_doors",
    "preview",
    "require_events",
    "require_resolved",
    "resolve",
    "site_timezone",
]
