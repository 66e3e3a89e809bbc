"""A column of texts as dates and times: whole slices of ISO 8601 at once, all else by its shape (see `forms`)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from camkit.badges import clock
from camkit.badges.beside import beside
from camkit.badges.clock import NOWHERE, YEARS, Numbers
from camkit.badges.forms import EPOCH, LONGEST, SERIAL, UNREAD, YEAR_FIRST, YEAR_LAST, Form, read_form
from camkit.badges.table import translate
from camkit.badges.time_words import MINUTES_EAST, OF_UTC

Order = Literal["month", "day", "year"]
"""What comes first in a date such as 01/05/26."""

NO_OFFSET = np.iinfo(np.int16).min
"""In `Timestamps.offset`: the text has no offset from UTC."""

SLICE, BATCH = 1 << 14, 1 << 20
"""How many texts are cast at once, and how many of those that could not be cast are read at once."""

MAX_ZONES = 1000
"""The most letters and names of zones in one export; there are about 600."""

LOWEST, HIGHEST = (np.datetime64(f"{year}-01-01", "us") for year in (YEARS[0], YEARS[1] + 1))

ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")
SUFFIX = re.compile(r"(?:Z|(?P<sign>[+-])(?P<hours>\d\d):?(?P<minutes>\d\d))$")

AS_ZERO = np.arange(256, dtype=np.uint8)
AS_ZERO[ord("0") : ord("9") + 1] = ord("0")
"""For each byte the byte of the shape."""

OTHER_DIGITS = {ord(first) + n: str(n) for first in "٠۰０" for n in range(10)}
"""Arabic, Persian and full-width digits."""

IS_OTHER_DIGIT = "[٠-٩۰-۹０-９]"

_read_form = lru_cache(maxsize=4096)(read_form)


@dataclass
class Timestamps:
    """A parsed column of texts; all arrays have one element per text.

    Attributes
    ----------
    kind : numpy.ndarray
        int8, the kind of its form: UNREAD if it is not a date and time.
    wall : numpy.ndarray
        datetime64[us] as written, with the month first where that is open; NaT if it does not exist.
    offset : numpy.ndarray
        int16, minutes ahead of UTC, or NO_OFFSET.
    strange : numpy.ndarray
        int32, the year where it is not one that an event can have, else 0.
    day_first : numpy.ndarray or None
        As `wall`, of those whose year comes last.
    year_first : numpy.ndarray or None
        As `wall`, of those that are three numbers of two digits.
    zone : numpy.ndarray or None
        int16, the index in `zones` of what is behind the time, or -1.
    zones : tuple of str
        Letters or names of zones; the offset of letters is in `offset` if it is clear.
    half : numpy.ndarray or None
        bool, whether AM or PM is beside the time.
    day_second : numpy.ndarray or None
        bool, whether the year comes first and the date exists only if the day follows it.
    """

    kind: np.ndarray
    wall: np.ndarray
    offset: np.ndarray
    strange: np.ndarray
    day_first: np.ndarray | None = None
    year_first: np.ndarray | None = None
    zone: np.ndarray | None = None
    zones: tuple[str, ...] = ()
    half: np.ndarray | None = None
    day_second: np.ndarray | None = None

    @classmethod
    def parse(cls, text: pa.ChunkedArray, language: str = "") -> Timestamps:
        """Parse the texts."""
        count = len(text)
        parsed = cls(
            kind=np.zeros(count, np.int8),
            wall=np.full(count, NOWHERE),
            offset=np.full(count, NO_OFFSET, np.int16),
            strange=np.zeros(count, np.int32),
        )
        starts = range(0, count, SLICE)
        with beside(count) as pool:
            cast = pool.map(lambda start: parsed._cast(start, text.slice(start, SLICE)), starts)
            left = [start for start, is_read in zip(starts, cast, strict=True) if not is_read]
        for start, length in _batches(left):
            parsed._read(start, text.slice(start, length), language)
        return parsed

    def order_matters(self) -> np.ndarray:
        """Whether each date would be another one, or impossible, if its numbers had another order."""
        matters = np.zeros(len(self.wall), bool)
        for other in (self.day_first, self.year_first):
            if other is not None:
                matters |= (self.kind == YEAR_LAST) & (other.view("int64") != self.wall.view("int64"))
        return matters

    def only(self, order: Literal["month", "day"]) -> np.ndarray:
        """Positions of the dates that exist in this order of month and day, and not in the other."""
        if self.day_first is None:
            return np.array([], int)
        this, other = (self.day_first, self.wall) if order == "day" else (self.wall, self.day_first)
        return np.flatnonzero((self.kind == YEAR_LAST) & ~np.isnat(this) & np.isnat(other))

    def in_order(self, order: Order) -> np.ndarray:
        """Return the times as datetime64[us] without a zone; NaT where they do not exist in this order."""
        other = {"month": None, "day": self.day_first, "year": self.year_first}[order]
        return self.wall if other is None else np.where(self.kind == YEAR_LAST, other, self.wall)

    def _cast(self, start: int, text: pa.ChunkedArray) -> bool:
        """Read a slice that is ISO 8601 throughout, with one offset or none, the fast way; False if it is not."""
        if not (ISO.match(text[0].as_py()) and ISO.match(text[-1].as_py())):
            return False  # pyarrow takes long to say so
        # pyarrow also reads "2019-04-12T14Z", which may not be a time of day: the hour must be followed by minutes.
        after_hour = pc.binary_slice(pc.cast(text, pa.binary()), 13, 14)
        if not pc.all(pc.equal(after_hour, b":")).as_py():
            return False
        suffix = SUFFIX.search(text[0].as_py())
        if suffix and not pc.all(pc.ends_with(text, suffix[0])).as_py():
            return False
        try:
            moments = pc.cast(text, pa.timestamp("us", "UTC" if suffix else None))
        except pa.ArrowInvalid:
            return False
        wall = moments.cast(pa.timestamp("us")).to_numpy()
        minutes = _minutes(suffix) if suffix else NO_OFFSET
        if suffix and minutes:
            wall = wall + np.timedelta64(minutes, "m")
        if wall.min() < LOWEST or wall.max() >= HIGHEST:
            return False
        rows = slice(start, start + len(wall))
        self.kind[rows], self.wall[rows], self.offset[rows] = YEAR_FIRST, wall, minutes
        return True

    def _read(self, start: int, text: pa.ChunkedArray, language: str) -> None:
        """Read texts of any form."""
        shaped = Shaped(text)
        for shape, rows in shaped.groups():
            form = _read_form(shape, language)
            if form is not None:
                self._enter(form, start + rows, shaped.numbers(rows, form.numbers))

    def _enter(self, form: Form, rows: np.ndarray, number: Numbers) -> None:
        """Enter the texts of one form."""
        self.kind[rows] = form.kind
        if form.kind == EPOCH:
            self._enter_moment(rows, clock.epoch(number, form.digits("fraction")))
            self.offset[rows] = 0
        elif form.kind == SERIAL:
            self._enter_moment(rows, clock.serial(number, form.digits("fraction")))
            self.kind[rows[np.isnat(self.wall[rows])]] = UNREAD
        else:
            time = clock.time_of_day(number, form.half, form.digits("fraction"))
            if form.sign:
                self._enter_offset(form, rows, number, time)
            elif form.zone:
                self._enter_zone(form, rows)
            if form.half:
                self.half = np.zeros(len(self.wall), bool) if self.half is None else self.half
                self.half[rows] = True
            self._enter_date(form, rows, number, time)

    def _enter_moment(self, rows: np.ndarray, moment: np.ndarray) -> None:
        strange = (moment < LOWEST) | (moment >= HIGHEST)
        self.strange[rows[strange]] = moment[strange].astype("datetime64[Y]").astype(int) + 1970
        self.wall[rows] = moment

    def _enter_date(self, form: Form, rows: np.ndarray, number: Numbers, time: np.ndarray) -> None:
        """Enter the date, in all the orders that its numbers may have."""
        two_digits = form.digits("year") == 2
        year, day = number["year"], number["day"]
        month = number["month"] if "month" in number else np.full(len(rows), form.month)
        year = clock.full_year(year) if two_digits else year
        self.wall[rows] = clock.date(year, month, day) + time
        strange = (year < YEARS[0]) | (year > YEARS[1])
        self.strange[rows[strange]] = np.maximum(year[strange], 1)
        if form.kind == YEAR_FIRST and (month > 12).any():
            if self.day_second is None:
                self.day_second = np.zeros(len(self.wall), bool)
            self.day_second[rows] = (month > 12) & ~np.isnat(clock.date(year, day, month))
        if form.kind != YEAR_LAST:
            return
        if self.day_first is None:
            self.day_first = np.full(len(self.wall), NOWHERE)
        self.day_first[rows] = clock.date(year, day, month) + time
        if two_digits and form.digits("month") == form.digits("day") == 2:
            if self.year_first is None:
                self.year_first = np.full(len(self.wall), NOWHERE)
            self.year_first[rows] = clock.date(clock.full_year(month), day, number["year"]) + time

    def _enter_offset(self, form: Form, rows: np.ndarray, number: Numbers, time: np.ndarray) -> None:
        """Enter the offset; where it is not an offset, the time is not one either."""
        hours, minutes = number["zone_hours"], number.get("zone_minutes", np.zeros(len(rows), int))
        time[(hours > 23) | (minutes > 59)] = np.timedelta64("NaT")
        self.offset[rows] = form.sign * (hours * 60 + minutes)

    def _enter_zone(self, form: Form, rows: np.ndarray) -> None:
        """Enter the zone that is behind the time, and its offset if it is clear."""
        minutes = MINUTES_EAST.get(form.zone)
        if minutes is not None:
            self.offset[rows] = minutes
        if form.zone in OF_UTC:
            return
        if self.zone is None:
            self.zone = np.full(len(self.wall), -1, np.int16)
        if form.zone not in self.zones:
            if len(self.zones) == MAX_ZONES:
                self.kind[rows] = UNREAD
                return
            self.zones += (form.zone,)
        self.zone[rows] = self.zones.index(form.zone)


class Shaped:
    """Texts grouped by their shape, which has 0 for every digit."""

    def __init__(self, column: pa.ChunkedArray) -> None:
        text = pa.concat_arrays(_with_plain_digits(_short(column)).cast(pa.string()).chunks)
        _, offsets, data = text.buffers()
        ends = np.frombuffer(offsets, np.int32)[text.offset : text.offset + len(text) + 1]
        self._bytes = np.frombuffer(data or b"", np.uint8)[ends[0] : ends[-1]]
        self._starts = ends - ends[0]
        shapes = [None, pa.py_buffer(self._starts), pa.py_buffer(AS_ZERO[self._bytes])]
        self._encoded = pa.Array.from_buffers(pa.string(), len(text), shapes).dictionary_encode()

    def groups(self) -> Iterator[tuple[str, np.ndarray]]:
        """Yield each shape with the positions of its texts."""
        shapes = self._encoded.dictionary.to_pylist()
        codes = self._encoded.indices.to_numpy()
        if len(shapes) < 1 << 15:
            codes = codes.astype(np.int16)  # which numpy sorts in linear time
        order = np.argsort(codes, kind="stable")
        ends = np.cumsum(np.bincount(codes, minlength=len(shapes)))
        for shape, start, end in zip(shapes, [0, *ends[:-1]], ends, strict=True):
            yield shape, order[start:end]

    def numbers(self, rows: np.ndarray, places: Mapping[str, tuple[int, int]]) -> dict[str, np.ndarray]:
        """Return the numbers, int64, of these texts, by the place of each: its first byte, and how many digits."""
        starts = self._starts[rows].astype(np.int64)
        return {name: self._number(starts, *place) for name, place in places.items()}

    def _number(self, starts: np.ndarray, first: int, width: int) -> np.ndarray:
        value = np.zeros(len(starts), np.int64)
        for position in range(first, first + width):
            value *= 10
            value += self._bytes[position:][starts]
        value -= int("1" * width) * ord("0")
        return value


def _batches(starts: list[int]) -> Iterator[tuple[int, int]]:
    """Join slices that follow each other, up to a batch: where each batch starts, and its length."""
    while starts:
        count = 1
        while count < min(len(starts), BATCH // SLICE) and starts[count] == starts[count - 1] + SLICE:
            count += 1
        yield starts[0], count * SLICE
        starts = starts[count:]


def _minutes(suffix: re.Match[str]) -> int:
    """Minutes ahead of UTC."""
    if suffix["sign"] is None:
        return 0
    return (int(suffix["hours"]) * 60 + int(suffix["minutes"])) * (-1 if suffix["sign"] == "-" else 1)


def _short(text: pa.ChunkedArray) -> pa.ChunkedArray:
    """Cut texts that are too long for a date and time, so that a batch of them fits into one array."""
    longest = pc.max(pc.binary_length(text)).as_py()
    return pc.utf8_slice_codeunits(text, 0, LONGEST + 1) if longest > 4 * LONGEST else text


def _with_plain_digits(text: pa.ChunkedArray) -> pa.ChunkedArray:
    """Write other digits as ours."""
    if (
        pc.all(pc.string_is_ascii(text)).as_py()
        or not pc.any(pc.match_substring_regex(text, IS_OTHER_DIGIT)).as_py()
    ):
        return text
    return translate(text, lambda value: value.translate(OTHER_DIGITS))
