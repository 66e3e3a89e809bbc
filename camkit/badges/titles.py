"""What the title of a column of times says of their zone."""

from __future__ import annotations

import re
from datetime import UTC, timedelta, timezone

NAME = re.compile(r"(?:UTC|GMT|(?<![a-z])(?:utc|gmt))(?![a-z])")

DENIED = re.compile(r"(?<![a-z])(?:not|no|non)(?:[\W_]+in)?[\W_]+$", re.IGNORECASE)
"""What stands before the name where the times are in another zone, as in "local, not UTC"."""

OFFSET = re.compile(
    r"[\s(]*(?P<sign>[+\-−–±])\s*(?P<hours>\d{1,2})(?::?(?P<minutes>\d\d))?(?!\d|[.,:]\d|[¼½¾]|\s*/)"
)

LIKE_OFFSET = re.compile(r"[^\w,;)\]]*\d|\W*(?:plus|minus|offset)\b", re.IGNORECASE)
"""What may be an offset in a form that is not read, as in "UTC+5.5"."""

FARTHEST = 14 * 60
"""No place's clocks are farther from UTC, minutes."""


def zone_in_title(title: str) -> timezone | None:
    """Give the offset that a column's title names, as in "Time (UTC+02:00)"; None where it does not clearly tell."""
    told = {_offset_at(title, name) for name in NAME.finditer(title)}
    return told.pop() if len(told) == 1 else None


def _offset_at(title: str, name: re.Match[str]) -> timezone | None:
    """The offset told where the title names UTC; None where it denies it, or goes on in a way that is not read."""
    after = title[name.end() :]
    if DENIED.search(title[: name.start()]):
        return None
    offset = OFFSET.match(after)
    if offset is None:
        return None if LIKE_OFFSET.match(after) else UTC
    hours, minutes = int(offset["hours"]), int(offset["minutes"] or 0)
    total = hours * 60 + minutes
    if minutes > 59 or total > FARTHEST or (offset["sign"] == "±" and total):
        return None
    return timezone(timedelta(minutes=total if offset["sign"] == "+" else -total))
