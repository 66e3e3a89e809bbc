"""What the title of a column of times says of their zone."""

from __future__ import annotations

import re
from datetime import UTC, timedelta, timezone

NAME = re.compile(r"(?:UTC|GMT|(?<![a-z])(?:utc|gmt))(?![a-z])")

DENIED = re.compile(r"(?<![a-z])(?:not|no|non|from|vs|versus)(?:[\W_]+in)?[\W_]+$", re.IGNORECASE)
"""What stands before the name where the times are in another zone, as in "local, not UTC" or "converted from UTC"."""

OFFSET = re.compile(
    r"[\s(]*(?P<sign>[+\-−–±])\s*(?P<hours>\d{1,2})(?::?(?P<minutes>\d\d))?(?!\d|[.,:]\d|[¼½¾]|\s*/)"
)

LIKE_OFFSET = re.compile(r"[^\w,;)\]]*\d|[^\w;)\]]*[+\-−–±]\s*\d|\W*(?:plus|minus|offset)\b", re.IGNORECASE)
"""What may be an offset in a form that is not read, as in "UTC+5.5" or "UTC, -6"."""

FARTHEST = 14 * 60
"""No place's clocks are farther from UTC, minutes."""

WORD = re.compile(r"[^\W\d_]+")

HUMP = re.compile(r"(?<=[a-zà-ÿ])(?=[A-Z])")
"""Where one word ends and the next begins in "LocalTimeUTC"."""

# Words of the languages that exports have been seen in, without a claim to know them all: what is missed among the
# first makes times of one place UTC, what is missed among the last leaves a doubt, which is told.
DOUBTFUL_WORDS = frozenset(
    "local locale locally lokal lokale lokaler lokalzeit localtime ortszeit standard daylight summer winter "
    "sommerzeit winterzeit sommer verano invierno peninsular été hiver legale solare "
    "london dublin lisbon edinburgh british irish".split()
)
"""Beside UTC or GMT they tell of a place's own time: what Windows calls "GMT Daylight Time" is an hour from GMT."""

OTHER_ZONES = frozenset(
    "EST EDT CST CDT MST MDT PST PDT AKST AKDT HST AST ADT NST NDT ACST ACDT AEST AEDT AWST NZST NZDT "
    "BST WET CET CEST MEZ MESZ EET EEST MSK IST SGT HKT JST".split()
)
"""Abbreviations of other zones, as in "GMT/BST"."""

OTHER_ZONE_NAME = re.compile(
    r"\b(?:eastern|central|mountain|pacific|atlantic|alaskan?|hawaiian?|european)\s+time\b"
    r"|\b(?:africa|america|antarctica|arctic|asia|atlantic|australia|europe|indian|pacific)/[a-z]",
    re.IGNORECASE,
)
"""Names of other zones, such as "Pacific Time" and "Europe/Berlin"."""

WORDS_BESIDE_OFFSET = frozenset(
    "utc gmt z ms h hr hrs hour hours s sec "
    "event badge swipe access card reader door log entry record message transaction "
    "date time datetime timestamp stamp when occurred created received at of on in the and "
    "zeit datum uhrzeit zeitpunkt zeitstempel ereignis und um "
    "fecha hora evento del de y heure événement du data ora e tijd tijdstip en tid dato klokkeslett og och".split()
)
"""What may stand beside an offset that is one all year round. A place or a zone may not: what Windows calls
"(UTC-07:00) Mountain Time" is at UTC-06:00 in summer."""


def zone_in_title(title: str) -> timezone | None:
    """Give the offset that a column's title names, as in "Time (UTC+02:00)"; None where it does not clearly tell."""
    words = WORD.findall(HUMP.sub(" ", title))
    plain = {word.lower() for word in words}
    if DOUBTFUL_WORDS & plain or OTHER_ZONES.intersection(words) or OTHER_ZONE_NAME.search(title):
        return None
    names = [*NAME.finditer(title)]
    told = {_offset_at(title, name) for name in names}
    if any(OFFSET.match(title, name.end()) for name in names) and not plain <= WORDS_BESIDE_OFFSET:
        return None
    return told.pop() if len(told) == 1 else None


def leaves_doubt(title: str) -> bool:
    """Whether a column's title names UTC, but not so that it clearly tells."""
    names = [name for name in NAME.finditer(title) if not DENIED.search(title[: name.start()])]
    return bool(names) and zone_in_title(title) is None


def _offset_at(title: str, name: re.Match[str]) -> timezone | None:
    """The offset told where the title names UTC; None where it denies it, or goes on in a way that is not read."""
    if DENIED.search(title[: name.start()]):
        return None
    offset = OFFSET.match(title, name.end())
    if offset is None:
        return None if LIKE_OFFSET.match(title, name.end()) else UTC
    hours, minutes = int(offset["hours"]), int(offset["minutes"] or 0)
    total = hours * 60 + minutes
    if minutes > 59 or total > FARTHEST or (offset["sign"] == "±" and total):
        return None
    return timezone(timedelta(minutes=total if offset["sign"] == "+" else -total))
