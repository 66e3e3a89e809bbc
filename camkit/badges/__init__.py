"""What an investigator brings: badge exports, doors, and what looks odd in them."""

from camkit.badges.doors import Camera, Door, load_doors, main_cameras
from camkit.badges.events import DoorEvent, DoorEvents, resolve, site_timezone
from camkit.badges.flags import FLAGS, flag_events
from camkit.badges.load import load_badges
from camkit.badges.log import BadgeLog
from camkit.badges.require import NEEDED, require_events

__all__ = [
    "FLAGS",
    "NEEDED",
    "BadgeLog",
    "Camera",
    "Door",
    "DoorEvent",
    "DoorEvents",
    "flag_events",
    "load_badges",
    "load_doors",
    "main_cameras",
    "require_events",
    "resolve",
    "site_timezone",
]
