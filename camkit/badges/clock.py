"""Put the numbers of dates and times together, for whole columns."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from camkit.badges.forms import AFTERNOON_SIGN, MORNING_SIGN

YEARS = (1970, 2100)
"""First and last year, inclusive, that a badge event can have: outside them are null dates and misreadings."""

NOWHERE = np.datetime64("NaT", "us")

DAY = 86_400_000_000
"""Microseconds of a day."""

_FIRSTS = (
    np.arange(f"{YEARS[0]}-01", f"{YEARS[1] + 1}-02", dtype="datetime64[M]")
    .astype("datetime64[D]")
    .astype(int)
)
FIRST_DAYS, LENGTHS = _FIRSTS[:-1], np.diff(_FIRSTS)
"""Of each month from the first year to the last: its first day, counted from 1970, and its length."""

SERIAL_ZERO = int(np.datetime64("1899-12-30").astype(int))
"""The day that a spreadsheet counts from, counted from 1970."""

Numbers = Mapping[str, np.ndarray]


def full_year(year: np.ndarray) -> np.ndarray:
    """Return the year that two digits mean, as POSIX reads %y."""
    return year + np.where(year < 69, 2000, 1900)


def date(year: np.ndarray, month: np.ndarray, day: np.ndarray) -> np.ndarray:
    """Return the date, datetime64[us]; NaT if it does not exist or is not in a year that an event can have."""
    exists = (year >= YEARS[0]) & (year <= YEARS[1]) & (month >= 1) & (month <= 12)
    index = np.where(exists, (year - YEARS[0]) * 12 + month - 1, 0)
    exists &= (day >= 1) & (day <= LENGTHS[index])
    moment = ((FIRST_DAYS[index] + day - 1) * DAY).astype("datetime64[us]")
    moment[~exists] = NOWHERE
    return moment


def time_of_day(number: Numbers, half: str, fraction_digits: int) -> np.ndarray:
    """Return the time since midnight, timedelta64[us]; NaT where it is not a time of day.

    24:00:00 is the midnight that follows. A clock of 24 hours may have AM or PM beside it, as .NET's "HH:mm:ss tt"
    writes 14:20:29 PM and 00:10:00 AM.
    """
    hour = number["hour"]
    minute, second = (number.get(name, np.zeros_like(hour)) for name in ("minute", "second"))
    exists = (minute <= 59) & (second <= 59)
    if half == MORNING_SIGN:
        exists &= hour <= 12
        hour = hour % 12
    elif half == AFTERNOON_SIGN:
        exists &= (hour >= 1) & (hour <= 23)
        hour = np.where(hour < 12, hour + 12, hour)
    micros = ((hour * 60 + minute) * 60 + second) * 1_000_000
    if "fraction" in number:
        micros += micros_of(number["fraction"], fraction_digits)
    exists &= (hour <= 23) | (micros == DAY)
    time = micros.astype("timedelta64[us]")
    time[~exists] = np.timedelta64("NaT")
    return time


def micros_of(fraction: np.ndarray, digits: int) -> np.ndarray:
    """Return the microseconds of a fraction of a second with so many digits."""
    return fraction * 10 ** (6 - digits) if digits <= 6 else fraction // 10 ** (digits - 6)


def epoch(number: Numbers, fraction_digits: int) -> np.ndarray:
    """Return the moment so many seconds after 1970, datetime64[us]."""
    micros = number["epoch"] * 1_000_000
    if "fraction" in number:
        micros += micros_of(number["fraction"], fraction_digits)
    return micros.astype("datetime64[us]")


def serial(number: Numbers, fraction_digits: int) -> np.ndarray:
    """Return the local time of a spreadsheet's serial number, datetime64[us]; NaT if it is not exact to the second.

    A spreadsheet writes as many digits as it can. Fewer than five are exact only if the rest were zeros.
    """
    step = 1_000 if fraction_digits > 7 else 1_000_000  # a unit of the eighth digit is 0.9 ms
    exact = number["fraction"] * (DAY / step / 10**fraction_digits)
    steps = np.round(exact).astype(np.int64)
    moment = ((number["serial"] + SERIAL_ZERO) * DAY + steps * step).astype("datetime64[us]")
    if fraction_digits < 5:
        moment[np.abs(exact - steps) > 1e-6] = NOWHERE
    return moment
