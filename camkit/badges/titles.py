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

LIKE_OFFSET = re.compile(r"[^\w;)\]]*\d|[^\w;)\]]*[+\-−–±]\s*\d|\W*(?:plus|minus|offset)\b", re.IGNORECASE)
"""What may be an offset in a form that is not read, as in "UTC+5.5" or "UTC, -6"."""

FARTHEST = 14 * 60
"""No place's clocks are farther from UTC, minutes."""

DOUBT = re.compile(
    r"local|lokal|(?<![a-z])(?:standard|daylight|summer|winter|from|vs|versus|next"
    r"|eastern|central|mountain|pacific|atlantic|alaska|hawaii|european)(?![a-z])",
    re.IGNORECASE,
)
"""Words beside the name by which the times may be in another zone, or in one that changes its clocks: what Windows
calls "(UTC-07:00) Mountain Time" is at UTC-06:00 in summer, and "GMT Daylight Time" is an hour from GMT."""

OTHER_ZONE = re.compile(
    r"(?<![A-Za-z])(?:[ECMP][SD]T|AK[SD]T|HST|A[CEW][SD]T|NZ[SD]T|BST|WES?T|CES?T|ME[SZ]Z?|EES?T|MSK|IST|SGT|JST)(?![a-z])"
)
"""Abbreviations of other zones, as in "GMT/BST"."""

AFTER_OFFSET = re.compile(
    r"(?:[\W_]|(?<![a-z])(?:date|time|datetime|timestamp|stamp|event|of|and|datum|zeit|uhrzeit)(?![a-z]))*",
    re.IGNORECASE,
)
"""What may follow an offset that is one all year round; a place or the name of a zone may not."""


def zone_in_title(title: str) -> timezone | None:
    """Give the offset that a column's title names, as in "Time (UTC+02:00)"; None where it does not clearly tell."""
    if DOUBT.search(title) or OTHER_ZONE.search(title):
        return None
    told = {_offset_at(title, name) for name in NAME.finditer(title)}
    return told.pop() if len(told) == 1 else None


def leaves_doubt(title: str) -> bool:
    """Whether a column's title names UTC, but not so that it clearly tells."""
    names = [name for name in NAME.finditer(title) if not DENIED.search(title[: name.start()])]
    return bool(names) and zone_in_title(title) is None


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
    if not AFTER_OFFSET.fullmatch(after, offset.end()):
        return None
    return timezone(timedelta(minutes=total if offset["sign"] == "+" else -total))
