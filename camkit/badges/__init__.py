"""What an investigator brings: badge exports, doors, and what looks odd in them."""

from camkit.badges.doors import Door, doors_by_reader, load_doors
from camkit.badges.export import export_table
from camkit.badges.flags import FLAGS, flag_events
from camkit.badges.load import load_badges
from camkit.badges.log import BadgeLog
from camkit.badges.require import NEEDED, require_events

__all__ = [
    "FLAGS",
    "NEEDED",
    "BadgeLog",
    "Door",
    "doors_by_reader",
    "export_table",
    "flag_events",
    "load_badges",
    "load_doors",
    "require_events",
]
