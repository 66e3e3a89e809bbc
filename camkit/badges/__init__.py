"""Badge logs: any access-control export in, every row accounted for."""

from camkit.badges.export import export_table
from camkit.badges.load import load_badges
from camkit.badges.log import BadgeLog

__all__ = ["BadgeLog", "export_table", "load_badges"]
