"""Decide whether 01/05/2026 is the first of May or the fifth of January, from the whole column."""

from __future__ import annotations

from dataclasses import dataclass

from camkit.badges.clocktext import ClockText
from camkit.badges.sheet import Sheet
from camkit.errors import BadgeFileError


@dataclass
class DayFirst:
    """The decision for one file: called with the column, it decides and remembers why.

    Attributes
    ----------
    given : bool or None
        What the caller says; None leaves it to the file.
    why : str
        The decision in words, once there is one.
    """

    sheet: Sheet
    given: bool | None
    why: str = ""

    def __call__(self, clock: ClockText) -> bool | None:
        """Decide by what the caller says, what the column proves, and what the profile knows, in this order.

        None means that only a few dates of another form than the rest hang on it: they are not worth the file.

        Raises
        ------
        BadgeFileError
            If none of them decides, or the column proves both.
        """
        if self.given is not None:
            return self._because(self.given, "as told")
        day, month = clock.only_day_first(), clock.only_month_first()
        if len(day) and len(month):
            where = f"line {self._line(day[0])} has the day first and line {self._line(month[0])} the month"
            raise self._undecided(where)
        if len(day):
            return self._because(True, f"shown by line {self._line(day[0])}")
        if len(month):
            return self._because(False, f"shown by line {self._line(month[0])}")
        profile = self.sheet.layout.profile
        if profile.day_first is not None:
            return self._because(profile.day_first, f"as {profile.title} writes them")
        if 2 * clock.year_last.sum() < clock.readable.sum():
            return None
        raise self._undecided("no date has a day above 12, so day and month may stand either way")

    def _because(self, day_first: bool, why: str) -> bool:
        self.why = f"{'day' if day_first else 'month'} first, {why}"
        return day_first

    def _line(self, position: int) -> int:
        return int(self.sheet.rows.lines[position])

    def _undecided(self, what: str) -> BadgeFileError:
        message = f"{self.sheet.export.name}: {what}. Pass day_first=True or day_first=False."
        return BadgeFileError(message, path=self.sheet.export.path)
