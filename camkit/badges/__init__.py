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
from camkit.badges.identifiers import clean_id
from camkit.badges.load import load_badges
from camkit.badges.log import BadgeLog
from camkit.badges.matching import SAID, are_others, find_events, renumbered, said
from camkit.badges.small_table import read_small_table
from camkit.badges.table import Record

__all__ = [
    "FLAGS",
    "NEEDED",
    "SAID",
    "BadgeLog",
    "Camera",
    "Door",
    "DoorEvent",
    "DoorEvents",
    "Record",
    "SourceFile",
    "are_others",
    "clean_id",
    "find_events",
    "flag_events",
    "load_badges",
    "load_doors",
    "read_small_table",
    "renumbered",
    "require_events",
    "require_resolved",
    "resolve",
    "said",
    "site_timezone",
]
