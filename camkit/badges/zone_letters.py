"""Letters that stand for a zone behind a time, as in "06:58 PM MDT"."""

from __future__ import annotations

MINUTES_EAST: dict[str, int | None] = {
    "Z": 0, "UTC": 0, "GMT": 0, "WET": 0, "WEST": 60,
    "CET": 60, "MEZ": 60, "CEST": 120, "MESZ": 120, "EET": 120, "EEST": 180, "MSK": 180,
    "NST": -210, "NDT": -150, "EST": -300, "EDT": -240, "CDT": -300, "MST": -420, "MDT": -360, "PDT": -420,
    "AKST": -540, "AKDT": -480, "HST": -600,
    "WAT": 60, "CAT": 120, "SAST": 120, "EAT": 180, "PKT": 300,
    "WIB": 420, "WITA": 480, "WIT": 540, "SGT": 480, "HKT": 480, "JST": 540, "KST": 540,
    "AWST": 480, "ACST": 570, "ACDT": 630, "AEST": 600, "AEDT": 660, "NZST": 720, "NZDT": 780,
    "AST": None, "ADT": None, "BST": None, "CST": None, "IST": None, "PST": None,
}  # fmt: skip
"""Minutes ahead of UTC; None where the letters are of several zones: Indian, Irish and Israeli time are all IST.

From the abbreviations in the IANA time zone database. There CDT is also Cuba's and EST was Australia's; both are read
as American, as systems write them.
"""

OF_UTC = frozenset({"Z", "UTC", "GMT"})
"""Letters that no clock change concerns."""
