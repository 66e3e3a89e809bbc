"""Parse texts of dates and times: year first or last, 12 or 24 hours, fractions, offsets, epochs."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

DATE_AND_TIME = (
    r"^(?:(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})"
    r"|(?P<one>\d{1,2})[-/.](?P<two>\d{1,2})[-/.](?P<end>\d{4}|\d{2}))"
    r"(?:T|,? +)(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"(?:[ \x{A0}\x{202F}]?(?P<half>[AaPp])\.?[Mm]\.?)?"
    r"(?: ?(?P<zone>Z|UTC|GMT|(?P<sign>[+-])(?P<zone_hours>\d{2})(?::?(?P<zone_minutes>\d{2}))?))?$"
)

MONTHS = (
    "Jan(?:uary)?", "Feb(?:ruary)?", "Mar(?:ch)?", "Apr(?:il)?", "May", "June?",
    "July?", "Aug(?:ust)?", "Sep(?:t|tember)?", "Oct(?:ober)?", "Nov(?:ember)?", "Dec(?:ember)?",
)  # fmt: skip

MONTH_BY_NAME = rf"(?i)^(?:\d{{1,2}}[-/. ]+)?(?:{'|'.join(MONTHS)})\b"

EPOCH = r"^\d{10}(?:\d{3})?$"
"""Seconds or milliseconds since 1970, from 2001 to 2286."""


@dataclass(frozen=True)
class Timestamps:
    """A parsed column of texts: arrays of bool or int64 with one element per text."""

    readable: np.ndarray  # whether the text has the form of a date and time
    year: np.ndarray
    one: np.ndarray  # the month, or the day if `year_last` and the day comes first
    two: np.ndarray  # the other of the two
    year_last: np.ndarray  # whether the year comes last, so that `one` and `two` may be either
    micros: np.ndarray  # time of day, microseconds; -1 where it does not exist
    has_offset: np.ndarray  # whether the text has an offset from UTC
    offset: np.ndarray  # minutes ahead of UTC, where it has

    @classmethod
    def parse(cls, text: pa.ChunkedArray) -> Timestamps:
        """Parse the texts."""
        parts = [_parse(chunk) for chunk in text.chunks] or [_parse(pa.array([], pa.string()))]
        return cls(*(np.concatenate([getattr(part, it.name) for part in parts]) for it in fields(cls)))

    def order_matters(self) -> np.ndarray:
        """Whether exchanging day and month would change each date, or make it impossible."""
        return self.year_last & (self.one != self.two)

    def only_day_first(self) -> np.ndarray:
        """Positions of the dates that can only be read with the day first."""
        return np.flatnonzero(self.year_last & _is_month(self.two) & (self.one > 12) & (self.one <= 31))

    def only_month_first(self) -> np.ndarray:
        """Positions of the dates that can only be read with the month first."""
        return np.flatnonzero(self.year_last & _is_month(self.one) & (self.two > 12) & (self.two <= 31))

    def wall_time(self, day_first: bool) -> tuple[np.ndarray, np.ndarray]:
        """Return the times as datetime64[us] without a zone, and whether each of them exists."""
        swap = self.year_last & day_first
        month = np.where(swap, self.two, self.one)
        day = np.where(swap, self.one, self.two)
        months = (self.year - 1970) * 12 + month - 1
        start = months.astype("datetime64[M]")
        date = start.astype("datetime64[D]") + (day - 1)
        exists = self.readable & _is_month(month) & (day >= 1) & (date.astype("datetime64[M]") == start)
        exists &= self.micros >= 0
        return date.astype("datetime64[us]") + self.micros.astype("timedelta64[us]"), exists


def _parse(text: pa.Array) -> Timestamps:
    found = pc.extract_regex(_with_numbered_months(text), DATE_AND_TIME)
    part = {field.name: pc.fill_null(pc.struct_field(found, field.name), "") for field in found.type}
    number = {name: _number(value) for name, value in part.items() if name not in ("half", "zone", "sign")}
    year_last = _is_filled(part["end"])
    two_digits = _array(pc.equal(pc.binary_length(part["end"]), 2))
    century = np.where(two_digits, np.where(number["end"] < 69, 2000, 1900), 0)  # as POSIX reads %y
    parsed = Timestamps(
        readable=_array(pc.is_valid(found)),
        year=np.where(year_last, number["end"] + century, number["year"]),
        one=np.where(year_last, number["one"], number["month"]),
        two=np.where(year_last, number["two"], number["day"]),
        year_last=year_last,
        micros=_time_of_day(part, number),
        has_offset=_is_filled(part["zone"]),
        offset=np.where(_array(pc.equal(part["sign"], "-")), -1, 1)
        * (number["zone_hours"] * 60 + number["zone_minutes"]),
    )
    _read_epochs(text, parsed)
    return parsed


def _with_numbered_months(text: pa.Array) -> pa.Array:
    """Write dates such as 12-Apr-2019 and Apr 12, 2019 with the year first and the month as a number."""
    if not pc.any(pc.match_substring_regex(text, MONTH_BY_NAME)).as_py():
        return text
    for number, name in enumerate(MONTHS, start=1):
        day_first = rf"(?i)^(\d{{1,2}})[-/. ]+{name}\.?[-/, ]+(\d{{4}})(\D)"
        month_first = rf"(?i)^{name}\.? +(\d{{1,2}}),? +(\d{{4}})(\D)"
        for form in (day_first, month_first):
            text = pc.replace_substring_regex(text, form, rf"\2-{number}-\1\3")
    return text


def _time_of_day(part: dict[str, pa.Array], number: dict[str, np.ndarray]) -> np.ndarray:
    """Microseconds since midnight, -1 where the time of day or the offset does not exist."""
    hour, half = number["hour"], pc.utf8_lower(part["half"])
    twelve = _is_filled(half)
    exists = np.where(twelve, (hour >= 1) & (hour <= 12), hour <= 23)
    exists &= (number["minute"] <= 59) & (number["second"] <= 59)
    exists &= (number["zone_hours"] <= 23) & (number["zone_minutes"] <= 59)
    hour = np.where(twelve, hour % 12 + 12 * _array(pc.equal(half, "p")), hour)
    seconds = (hour * 60 + number["minute"]) * 60 + number["second"]
    fraction = _number(pc.utf8_rpad(part["fraction"], 9, "0")) // 1000
    return np.where(exists, seconds * 1_000_000 + fraction, -1)


def _read_epochs(text: pa.Array, parsed: Timestamps) -> None:
    """Fill in, in place, the texts that count seconds or milliseconds since 1970."""
    epoch = _array(pc.match_substring_regex(text, EPOCH))
    if not epoch.any():
        return
    digits = text.filter(pa.array(epoch))
    scale = np.where(_array(pc.equal(pc.binary_length(digits), 10)), 1_000_000, 1_000)
    moment = (_number(digits) * scale).astype("datetime64[us]")
    day, month = moment.astype("datetime64[D]"), moment.astype("datetime64[M]")
    parsed.year[epoch] = moment.astype("datetime64[Y]").astype(int) + 1970
    parsed.one[epoch] = month.astype(int) % 12 + 1
    parsed.two[epoch] = (day - month.astype("datetime64[D]")).astype(int) + 1
    parsed.micros[epoch] = (moment - day).astype("timedelta64[us]").astype(int)
    parsed.readable[epoch] = parsed.has_offset[epoch] = True


def _number(digits: pa.Array) -> np.ndarray:
    """Whole numbers from texts of digits; an empty one is 0."""
    filled = pc.if_else(pc.equal(digits, ""), "0", digits)
    return pc.cast(filled, pa.int64()).to_numpy(zero_copy_only=False)


def _is_filled(text: pa.Array) -> np.ndarray:
    return _array(pc.not_equal(text, ""))


def _is_month(number: np.ndarray) -> np.ndarray:
    return (number >= 1) & (number <= 12)


def _array(mask: pa.Array) -> np.ndarray:
    return np.array(mask.to_numpy(zero_copy_only=False))
