"""Which zone times are in, by their column's heading, or by letters or a name behind each, and what is doubtful."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone, tzinfo

import numpy as np

from camkit.badges.localize import localize, utc_offset
from camkit.badges.sentences import some_lines
from camkit.badges.time_words import ELSEWHERE, MINUTES_EAST, OF_UTC
from camkit.badges.timestamps import Timestamps
from camkit.errors import TimestampError
from camkit.support.timezones import as_zone

UTC_NAME = re.compile(
    r"(?:UTC|GMT|Utc|Gmt|(?:(?<![a-z])|(?<=time)|(?<=date)|(?<=stamp))(?:utc|gmt))"
    r"(?:(?![A-Za-z])|(?=[A-Z][a-z])|(?=(?i:time|date|stamp)))"
    r"|(?<![A-Za-z])(?i:zulu)(?![A-Za-z])|(?<=[(\[])Z(?=[)\]])"
    r"|(?:^|(?<=[\s(\[_]))(?=[+\-−–]\d\d:?\d\d[\s)\]]*$)"
)
"""UTC in any of its names, or where an offset from it follows, as in "Time (+02:00)"."""

DENIED = re.compile(r"(?<![a-z])(?:not|no|non|from|vs|versus)(?:[\W_]+in)?[\W_]+$", re.IGNORECASE)
"""What precedes the name where the times are in another zone, as in "local, not UTC" or "converted from UTC"."""

OFFSET = re.compile(
    r"[\s(]*(?P<sign>[+\-−–±])\s*(?P<hours>\d{1,2})(?::?(?P<minutes>\d\d))?(?!\d|[.,:]\d|[¼½¾]|\s*/)"
)

LIKE_OFFSET = re.compile(r"[^\w,;)\]]*\d|[^\w;)\]]*[+\-−–±]\s*\d|\W*(?:plus|minus|offset)\b", re.IGNORECASE)
"""What may be an offset in a form that is not read, as in "UTC+5.5" or "UTC, -6"."""

MAX_OFFSET = 14 * 60
"""The largest offset from UTC in use, minutes."""

WORD = re.compile(r"[^\W\d_]+")

HUMP = re.compile(r"(?<=[a-zà-ÿ])(?=[A-Z])|(?<=UTC|GMT)(?=[A-Z])")
"""Where one word ends and the next begins in "LocalTimeUTC"."""

# Words of the languages seen in exports; the lists are not complete. A word missing from the first list makes local
# times UTC; a word missing from the last one leaves a doubt, which is reported.
DOUBTFUL_WORDS = frozenset(
    "local locale locally lokal lokale lokaler lokalzeit localtime ortszeit standard daylight summer winter "
    "sommerzeit winterzeit sommer verano invierno peninsular été hiver legale solare "
    "london dublin lisbon edinburgh british irish".split()
)
"""Beside UTC or GMT they mean local time: what Windows calls "GMT Daylight Time" is an hour from GMT."""

OTHER_ZONES = frozenset(MINUTES_EAST) - OF_UTC
"""Abbreviations of other zones, as in "GMT/BST"."""

ALSO_WORDS = frozenset({"WEST", "CAT", "EAT", "WIT", "IST"})
"""Those that are also words, which name a zone only in brackets."""

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
"""What may be beside an offset that is the same all year round. A place or a zone may not: what Windows calls
"(UTC-07:00) Mountain Time" is at UTC-06:00 in summer."""

MINUTE = np.timedelta64(1, "m")

NOWHERE = 24 * 60
"""Minutes ahead of UTC that no clock is."""

WITHOUT_SUMMER_TIME = {
    "EST": "America/New_York",
    "MST": "America/Denver",
    "HST": "America/Adak",
    "GMT": "Europe/London",
}
"""Zones of the IANA database that stay at one offset, and the place whose clocks may have been meant."""


REGION = re.compile(
    r"\b(?:Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Europe|Indian|Pacific)(?:/[A-Za-z_-]+)+"
)
"""A zone of the IANA database."""

AMERICAN = re.compile(
    r"\b(?:(?i:(?P<name>eastern|central|mountain|pacific)(?: standard| daylight)? time)|(?P<letter>[ECMP])T\b)"
)
AMERICAN_ZONES = {
    "e": "America/New_York", "c": "America/Chicago", "m": "America/Denver", "p": "America/Los_Angeles",
}  # fmt: skip
"""Zones by the first letter of what they are called in America."""

ZONE_COLUMN = re.compile(
    r"tz|.*(?:timezone|zeitzone|tijdzone|tidszone?|zonahoraria|fusohor[aá]rio|fuseauhoraire|fusoorario"
    r"|strefaczasowa|часовойпояс|(?:utc|gmt|tz|time|zone)offset).*"
)
"""What a column is called that says in which zone the times are, without spaces."""

ZONE_VALUE = re.compile(rf"(?:UTC|GMT)?[+\-−]\d\d?:\d\d|{REGION.pattern}")
"""What such a column has in it, if it is called otherwise."""


def zone_in_heading(heading: str) -> tzinfo | None:
    """Return the zone that a column's heading names, as in "Time (UTC+02:00)"; None where it is not clear."""
    if region := REGION.search(heading):
        rest = f"{heading[: region.start()]} {heading[region.end() :]}"
        is_clear = not (
            DENIED.search(heading[: region.start()]) or UTC_NAME.search(rest) or REGION.search(rest)
        )
        if is_clear and not _letters(rest) and DOUBTFUL_WORDS.intersection(_words(rest)) <= {"local"}:
            return _known(region[0])
    words = WORD.findall(HUMP.sub(" ", heading))
    plain = {word.lower() for word in words}
    if DOUBTFUL_WORDS & plain or OTHER_ZONES.intersection(words) or OTHER_ZONE_NAME.search(heading):
        return None
    names = [*UTC_NAME.finditer(heading)]
    offsets = {_offset_at(heading, name) for name in names}
    if any(OFFSET.match(heading, name.end()) for name in names) and not plain <= WORDS_BESIDE_OFFSET:
        return None
    return offsets.pop() if len(offsets) == 1 else None


def names_another(text: str, zone: tzinfo, utc: np.ndarray) -> bool:
    """Whether a text, such as a heading, names a zone whose clocks may have shown another time at these moments."""
    if not len(utc):
        return False
    shown = utc_offset(utc, zone)

    def differs(other: tzinfo | None) -> bool:
        return other is None or bool((utc_offset(utc, other) != shown).any())

    names = [name for name in UTC_NAME.finditer(text) if not DENIED.search(text[: name.start()])]
    others: list[tzinfo | None] = [_offset_at(text, name) for name in names]
    others += [
        _known(region[0]) for region in REGION.finditer(text) if not DENIED.search(text[: region.start()])
    ]
    others += [
        _known(AMERICAN_ZONES[(found["name"] or found["letter"])[0].lower()])
        for found in AMERICAN.finditer(text)
    ]
    return any(map(differs, others)) or any(
        (shown != minutes * MINUTE).any()
        for letters in _letters(text)
        for minutes in (_shown(letters, zone, utc) or {MINUTES_EAST[letters] or NOWHERE})
    )


def may_be_zone(heading: str, value: str) -> bool:
    """Whether a column with this heading, and this value in it, may say in which zone the times are."""
    return bool(
        ZONE_COLUMN.fullmatch("".join(WORD.findall(heading.casefold()))) or ZONE_VALUE.fullmatch(value)
    )


def _words(text: str) -> list[str]:
    return [word.lower() for word in WORD.findall(HUMP.sub(" ", text))]


def _letters(text: str) -> frozenset[str]:
    """The letters of zones other than UTC in a text: in capitals, or as the last word, as in "event_time_est"."""
    *words, last = WORD.findall(HUMP.sub(" ", text)) or [""]
    found = OTHER_ZONES.intersection([*words, last.upper() if words else last])
    return found - {word for word in ALSO_WORDS if f"({word})" not in text}


def _known(name: str) -> tzinfo | None:
    """The zone of this name, if there is one."""
    try:
        return as_zone(name)
    except TimestampError:
        return None


def _offset_at(heading: str, name: re.Match[str]) -> timezone | None:
    """The offset given where the heading names UTC; None where it denies it, or goes on in a form that is not read."""
    if DENIED.search(heading[: name.start()]):
        return None
    offset = OFFSET.match(heading, name.end())
    if offset is None:
        return None if LIKE_OFFSET.match(heading, name.end()) else UTC
    hours, minutes = int(offset["hours"]), int(offset["minutes"] or 0)
    total = hours * 60 + minutes
    if minutes > 59 or total > MAX_OFFSET or (offset["sign"] == "±" and total):
        return None
    return timezone(timedelta(minutes=total if offset["sign"] == "+" else -total))


def place_zones(parsed: Timestamps, wall: np.ndarray, fine: np.ndarray, zone: tzinfo | None) -> np.ndarray:
    """Fill in, in place, the offsets of the times that have a zone behind them, and return where that was not possible.

    Letters that several zones have are those of the site's zone, where its clocks show them at that moment. A name's
    clock changes leave a time without an offset.
    """
    failed = np.zeros(len(wall), bool)
    for position, name in enumerate(parsed.zones):
        rows = np.flatnonzero(fine & (parsed.zone == position))
        if not len(rows) or not _is_open(name, zone, wall[rows]):
            continue
        if "/" in name:
            offset, placed = _by_name(name, wall[rows])
        else:
            offset, placed = _by_letters(name, zone, wall[rows])
        parsed.offset[rows[placed]] = offset[placed]
        failed[rows[~placed]] = True
    return failed


def _is_open(name: str, zone: tzinfo | None, wall: np.ndarray) -> bool:
    """Whether what is behind times leaves their offset open: a name, or letters of several zones where the site is."""
    known = MINUTES_EAST.get(name)
    if known is None or zone is None:
        return known is None
    shown = _shown(name, zone, wall)
    if shown:
        return known not in shown
    return ELSEWHERE.get(name) in {minutes for _, minutes in _clocks(zone, wall)}


def out_of_season(
    parsed: Timestamps, wall: np.ndarray, fine: np.ndarray, zone: tzinfo | None, lines: np.ndarray
) -> Iterator[str]:
    """Yield a sentence on letters that the site's clocks show in the other half of the year, as EST in July."""
    if zone is None:
        return
    for position, name in enumerate(parsed.zones):
        rows = np.flatnonzero(fine & (parsed.zone == position))
        known = MINUTES_EAST.get(name)
        if known is None or not len(rows) or known not in _shown(name, zone, wall[rows]):
            continue
        odd = rows[~_is_shown(wall[rows], known, zone)]
        if len(odd):
            yield (
                f"{some_lines(lines[odd])}: read in {name} as written, though the clocks in {zone} do not show it "
                "then: check whether these times are an hour off"
            )


def without_summer_time(utc: np.ndarray, zone: tzinfo | None) -> Iterator[str]:
    """Yield a sentence if times were placed by a zone without summer time whose name is also used for one with it."""
    meant = WITHOUT_SUMMER_TIME.get(str(zone))
    if meant is None or zone is None or not len(utc):
        return
    noons = np.unique(utc.astype("datetime64[D]")).astype("datetime64[us]") + np.timedelta64(12, "h")
    place = as_zone(meant)
    assert place is not None  # noqa: S101  (it is one of ours)
    if (utc_offset(noons, zone) != utc_offset(noons, place)).any():
        yield (
            f"times were read in {zone} as given, which does not have summer time: if the clocks at the site change, "
            f"say a region and a city, such as timezone='{meant}'"
        )


def _by_name(name: str, wall: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The offsets, minutes, of times in a zone, and where they are certain."""
    zone = as_zone(name)
    assert zone is not None  # noqa: S101  (the form was read with it)
    utc, skipped, repeated = localize(wall, zone, lambda rows: [])
    return (wall - utc) // MINUTE, ~(skipped | repeated)


def _by_letters(letters: str, zone: tzinfo | None, wall: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The offsets, minutes, at which the clocks of a zone show these letters, and where they do at that moment."""
    offset, placed = np.zeros(len(wall), int), np.zeros(len(wall), bool)
    if zone is not None:
        for minutes in _shown(letters, zone, wall):
            fits = _is_shown(wall, minutes, zone)
            offset[fits] = minutes
            placed |= fits
    return offset, placed


def _shown(letters: str, zone: tzinfo, wall: np.ndarray) -> set[int]:
    """The offsets, minutes, at which the clocks of a zone show these letters in the years of these times."""
    return {minutes for name, minutes in _clocks(zone, wall) if name == letters}


def _clocks(zone: tzinfo, wall: np.ndarray) -> set[tuple[str, int]]:
    """The letters that the clocks of a zone show in the years of these times, and their offsets, minutes."""
    years = range(
        wall.min().astype("datetime64[Y]").astype(int) + 1970,
        wall.max().astype("datetime64[Y]").astype(int) + 1971,
    )
    moments = (
        datetime(year, month, 1, tzinfo=UTC).astimezone(zone) for year in years for month in range(1, 13)
    )
    return {
        ((moment.tzname() or "").upper(), int((moment.utcoffset() or timedelta()) / timedelta(minutes=1)))
        for moment in moments
    }


def _is_shown(wall: np.ndarray, minutes: int, zone: tzinfo) -> np.ndarray:
    """Whether the zone's clocks show these times, at this offset."""
    offset = minutes * MINUTE
    return utc_offset(wall - offset, zone) == offset
