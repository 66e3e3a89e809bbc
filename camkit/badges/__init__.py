"""What an investigator brings: badge exports, doors, and what looks odd in them."""

from camkit.badges.door_events import (
    ALARMS,
    NEEDED,
    DoorEvent,
    DoorEvents,
    require_events,
    require_resolved,
    resolve,
    site_timezone,
)
from camkit.badges.doors import Camera, Door, load_doors
from camkit.badges.encoding import ENCODINGS
from camkit.badges.files import SUFFIXES, SourceFile
from camkit.badges.flags import FLAGS, flag_events
from camkit.badges.given import TIME_ROLES, Column, Given
from camkit.badges.identifiers import clean_id
from camkit.badges.load import load_badges
from camkit.badges.log import BadgeLog
from camkit.badges.matching import IDENTITY, are_different, find_events, identities, renumbered
from camkit.badges.preview import Preview, preview
from camkit.badges.profiles import ROLES
from camkit.badges.sentences import some_lines
from camkit.badges.small_table import read_small_table
from camkit.badges.table import Record

__all__ = [
    "ALARMS",
    "ENCODINGS",
    "FLAGS",
    "IDENTITY",
    "NEEDED",
    "ROLES",
    "SUFFIXES",
    "TIME_ROLES",
    "BadgeLog",
    "Camera",
    "Column",
    "Door",
    "DoorEvent",
    "DoorEvents",
    "Given",
    "Preview",
    "Record",
    "SourceFile",
    "are_different",
    "clean_id",
    "find_events",
    "flag_events",
    "identities",
    "load_badges",
    "load_doors",
    "preview",
    "read_small_table",
    "renumbered",
    "require_events",
    "require_resolved",
    "resolve",
    "site_timezone",
    "some_lines",
]
