"""The forms in which systems write a date and time: where in a text each number is.

A text's shape is the text with every digit as 0. A column has few different shapes, so each is looked at once, with
care, and the numbers are then read from all the texts of a shape together (see `timestamps`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from camkit.badges.time_words import (
    AFTERNOON,
    FILLERS,
    MINUTES_EAST,
    MORNING,
    OF_UTC,
    is_weekday,
    month_of,
)
from camkit.errors import TimestampError
from camkit.support.timezones import as_zone

MORNING_SIGN, AFTERNOON_SIGN = "<", ">"

UNREAD, YEAR_FIRST, YEAR_LAST, NAMED, EPOCH, SERIAL = range(6)
"""Kinds of forms. Where the year comes last, the month may be before or behind the day; NAMED has the month's name."""

LONGEST = 100
"""Characters of the longest shape that is looked at."""

FEWEST_DIGITS = 6
"""Of a date with a time, as in 1/5/26 9:05 (which has seven)."""

PLAIN = {
    **dict.fromkeys([0x09, 0xA0, *range(0x2000, 0x200B), 0x202F, 0x3000], " "),
    **dict(zip(map(ord, "：／．－"), ":/.-", strict=True)),
}
"""Spaces of any width, and full-width signs, as the plain ones."""

INVISIBLE = frozenset(
    "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff\u061c"
)
"""Marks of the direction of writing, which Windows and browsers put around dates, and spaces without a width."""

# A skeleton is a shape in which the words are replaced: a month by M, a half of the day by < or >, the letters
# of a zone by Z, a word that says nothing by spaces. Units such as 年 and h stay.
HALF = re.compile(
    "|".join(
        word if word > "一" else r"(?<![^\W\d_])" + "[. ]{0,2}".join(word) + r"\.?(?!\w)"
        for word in MORNING + AFTERNOON
    ),
    re.IGNORECASE,
)
CJK_WEEKDAY = re.compile(
    r"(?:星期|周|週)[一二三四五六日天]|[月火水木金土日]曜日?|[월화수목금토일]요일|\([月火水木金土日一二三四五六월화수목금토일]\)"
)
WORD = re.compile(r"[^\W\d_年月日时時分秒년월일시초분]+(?:-feira)?[.º]?")
UNITS = frozenset({"T", "h", "H", "min", "m", "s"})
REGION = re.compile(r"\[?\b(?P<region>[A-Z][A-Za-z]+(?:/[A-Za-z_-]+)+)\]?$")
IN_BRACKETS = re.compile(r"(?:(?<=[+\-−]0000)|(?<=[+\-−]00:00)) *\([^()0]+\)$")
"""A zone's name behind its offset, as browsers write it: "GMT-0600 (Mountain Daylight Time)"."""

BETWEEN = (
    r"(?:T|\.?[ ,()]+(?:- +)?|(?<=0000):|(?<=[日일])|[-_](?=00?[:.]00?[:.]00)|(?<=00000000)[-_]?(?=000000))"
)
JOIN = r"(?:[-/]|\. ?)"
DATES = (
    (YEAR_FIRST, rf"(?P<year>0000){JOIN}(?P<month>00?){JOIN}(?P<day>00?)"),
    (YEAR_LAST, rf"(?P<month>00?){JOIN}(?P<day>00?){JOIN}(?P<year>0000|00)"),
    (YEAR_FIRST, r"(?P<year>0000)(?P<month>00)(?P<day>00)"),
    (YEAR_FIRST, r"(?P<year>0000) ?[年년] ?(?P<month>00?) ?[月월] ?(?P<day>00?) ?[日일]"),
    (NAMED, r"(?P<day>00?)[-/., ]*M+[-/., ]*(?P<year>0000|00)"),
    (NAMED, r"M+[-/ ]*(?P<day>00?)[-/., ]+(?P<year>0000)"),
    (NAMED, r"(?P<year>0000)[-/. ]*M+[-/. ]*(?P<day>00?)"),
)
TIMES = (
    r"(?P<hour>00?)(?P<colon>[:.])(?P<minute>00|0(?=(?P=colon)))"
    r"(?:(?P=colon)(?P<second>00?)(?:[.,:](?P<fraction>0{1,9}))?)?(?: ?h)?",
    r"(?P<hour>00)(?P<minute>00)(?:(?P<second>00)(?:(?:[.,]|(?=000$))(?P<fraction>0{1,9}))?)?",
    r"(?P<hour>00?) ?[hH时時시] ?(?P<minute>00?) ?(?:[分분]|min|m)? ?(?:(?P<second>00?) ?[秒초s]?)?",
)
HALF_BEFORE, HALF_BEHIND = r"(?:(?P<before>[<>])[<>]* *)?", r"(?: *(?P<behind>[<>])[<>]*)?"
ZONE = (
    r"(?: *(?P<utc>Z+)? ?(?P<sign>[+\-−])(?P<zone_hours>00?)(?::?(?P<zone_minutes>00))?(?: Z+)?"
    r"| *\(?(?P<letters>Z+)\)?)?"
)
TIMES_OF_DAY = tuple(rf"{HALF_BEFORE}{time}(?!0){HALF_BEHIND}" for time in TIMES)

CLOCK_OR_NUMBER = re.compile(r"0 ?[:.hH时時시] ?0|^0{8}[T _-]?0{4,6}|^0+[.,]?0*$")
EPOCHS = re.compile(r"(?P<epoch>0{10})(?:(?:[.,]|(?=(?:000){1,3}(?:\.0+)?$))(?P<fraction>0{1,9}))?(?:\.0+)?")
"""Seconds since 1970, from 2001 to 2286, with a fraction; without a point, milli-, micro- or nanoseconds."""

SERIALS = re.compile(r"(?P<serial>0{5})[.,](?P<fraction>0{1,9})0*")
"""Days since 1899-12-30, as a spreadsheet counts them, with the time of day as a fraction."""

PATTERNS = [
    (kind, re.compile(rf"[ ,(]*{pattern}[ .()]*"))
    for kind, date in DATES
    for time in TIMES_OF_DAY
    for pattern in (rf"{date}{BETWEEN}{time}{ZONE}", rf"{time}[ ,(]+(?:- )?{date}")
] + [(NAMED, re.compile(rf" *M+ +(?P<day>00?) +{time}{ZONE} +(?P<year>0000) *")) for time in TIMES_OF_DAY[:1]]


@dataclass(frozen=True)
class Form:
    """Where the numbers of a date and time are in the texts of one shape, and what its words say."""

    kind: int
    numbers: dict[str, tuple[int, int]]  # by name: the first byte, and how many digits
    month: int = 0  # by its name
    half: str = ""  # MORNING_SIGN, AFTERNOON_SIGN, or empty if it does not say
    sign: int = 0  # of the offset, if it is in numbers
    zone: str = ""  # letters of a zone, in capitals, or a name such as America/Denver

    def digits(self, name: str) -> int:
        """Return how many digits the number of this name has, 0 if there is none."""
        return self.numbers.get(name, (0, 0))[1]


@dataclass
class _Words:
    """A skeleton under construction."""

    characters: list[str]
    language: str = ""
    months: list[tuple[int, int, str]] = field(default_factory=list)
    zone: str = ""

    def put(self, start: int, end: int, character: str) -> None:
        self.characters[start:end] = character * (end - start)


def read_form(shape: str, language: str = "") -> Form | None:
    """Return the form of the texts of this shape; None if they are not a date and time.

    The language decides where a month's name is another one's in another language.
    """
    if len(shape) > LONGEST or shape.count("0") < FEWEST_DIGITS:
        return None
    plain = shape.translate(PLAIN)
    if not CLOCK_OR_NUMBER.search(plain):
        return None
    kept = [(position, it) for position, it in enumerate(plain) if it not in INVISIBLE]
    bytes_before = [0]
    for it in shape:
        bytes_before.append(bytes_before[-1] + len(it.encode()))
    text = "".join(it for _, it in kept)
    at = [bytes_before[position] for position, _ in kept]
    found = _number(text) or _date_and_time(text, language)
    if found is None:
        return None
    kind, match, month, zone = found
    part = match.groupdict()
    numbers = {}
    for name, value in part.items():
        if value and not value.strip("0"):
            start, end = match.span(name)
            if at[end - 1] - at[start] != end - 1 - start:
                return None  # an invisible mark within a number
            numbers[name] = (at[start], end - start)
    sign = {"+": 1, None: 0}.get(part.get("sign"), -1)
    return Form(
        kind=kind,
        numbers=numbers,
        month=month,
        half=part.get("before") or part.get("behind") or "",
        sign=sign,
        zone="" if sign else zone,
    )


Found = tuple[int, re.Match[str], int, str]
"""The kind of a form, the numbers that were found, the month by its name, the zone."""


def _number(text: str) -> Found | None:
    """Epochs and serial numbers."""
    for kind, pattern in ((EPOCH, EPOCHS), (SERIAL, SERIALS)):
        if match := pattern.fullmatch(text):
            return kind, match, 0, ""
    return None


def _date_and_time(text: str, language: str) -> Found | None:
    words = _Words(list(text), language)
    region = REGION.search(text)
    if region:
        if not _is_zone(region["region"]):
            return None
        words.zone = region["region"]
        words.put(*region.span(), " ")
    if in_full := IN_BRACKETS.search(text):
        words.put(*in_full.span(), " ")
    if not _replace_words(words):
        return None
    month = _one_month(words)
    skeleton = "".join(words.characters)
    for kind, pattern in PATTERNS:
        match = pattern.fullmatch(skeleton)
        if match and _is_sound(match, named=kind == NAMED, month=month, zone=words.zone):
            return kind, match, month, words.zone
    return None


def _replace_words(words: _Words) -> bool:
    """Replace the words of a skeleton by what they mean; False if one of them is not known."""
    for half in HALF.finditer("".join(words.characters)):
        word = re.sub(r"[. ]", "", half[0]).casefold()
        words.put(*half.span(), MORNING_SIGN if word in MORNING else AFTERNOON_SIGN)
    taken = "".join(words.characters)
    for weekday in CJK_WEEKDAY.finditer(taken):
        words.put(*weekday.span(), " ")
    for found in WORD.finditer("".join(words.characters)):
        word, (start, end) = found[0].rstrip("."), found.span()
        before = taken[start - 1 : start]
        if word in UNITS and (before.isdigit() or before.isspace()):
            words.put(start + len(word), end, " ")
        elif month_of(word, words.language):
            words.months.append((start, end, word))
        elif word.casefold() in FILLERS or is_weekday(word):
            words.put(start, end, " ")
        elif word.upper() in MINUTES_EAST and (not words.zone or word.upper() in OF_UTC):
            words.zone = word.upper()
            words.put(start, end, "Z")
        else:
            return False
    return True


def _one_month(words: _Words) -> int:
    """Replace the month; of several words that name one, all but the last must be weekdays, as "mar" is in French."""
    if not words.months:
        return 0
    *others, (start, end, month) = words.months
    for first, last, word in others:
        words.put(first, last, " " if is_weekday(word) else "?")
    words.put(start, end, "M")
    return month_of(month, words.language) or 0


def _is_sound(match: re.Match[str], *, named: bool, month: int, zone: str) -> bool:
    """Whether the parts that were found go together."""
    part = match.groupdict()
    if named != bool(month) or (part["before"] and part["behind"]):
        return False
    if part.get("sign") is None:
        return True
    if part["utc"] and zone not in OF_UTC:
        return False  # such as "EST-0500": how far from which?
    return len(part["zone_hours"]) > 1 or bool(part["utc"])


def _is_zone(name: str) -> bool:
    try:
        return as_zone(name) is not None
    except TimestampError:
        return False
