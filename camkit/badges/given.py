"""What the caller of `load_badges` says about the exports."""

from __future__ import annotations

import codecs
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from typing import Any

from camkit.badges.profiles import ROLES, Profile, given_columns, profiles
from camkit.errors import BadgeFileError

Column = str | int | Sequence[str | int]
"""A column's heading, its position from 1, or several of them, which are joined."""

TIME_ROLES = ({"event_time"}, {"date", "time"}, {"first_in", "last_out"})
"""What says when something happened: one of these must be among the columns."""


@dataclass(frozen=True)
class Given:
    """What is said about the exports; what is left out is found out.

    Attributes
    ----------
    zone : datetime.tzinfo or None
        Of times without an offset, and for display.
    profile : str or None
        A name from `profiles.toml`.
    columns : mapping of str to Column or None
        The columns of each role.
    day_first : bool or None
        Whether 01/05/2026 is the first of May.
    granted, denied : tuple of str
        The export's own words for these outcomes; ``*`` stands for any text.
    encoding : str or None
        Of a text file, as Python names it.
    sheet : str or None
        The sheet of a workbook to read.
    """

    zone: tzinfo | None = None
    profile: str | None = None
    columns: Mapping[str, Column] | None = None
    day_first: bool | None = None
    granted: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    encoding: str | None = None
    sheet: str | None = None
    layouts: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)
    """By the header's line, the layout that was found under it: many files of one system have the same."""

    def candidates(self) -> list[Profile]:
        """Return the profiles to choose from: one if the caller names it or the columns, else all.

        Raises
        ------
        BadgeFileError
            If a name of a profile or a role is unknown, the columns lack a time, or a word is both granted and denied.
        """
        wanted = self._wanted()
        if self.encoding is not None:
            known_encoding(self.encoding)
        if both := {word.casefold() for word in self.granted} & {word.casefold() for word in self.denied}:
            raise BadgeFileError(
                f"The word {min(both)!r} is in granted= and in denied=: leave it in one of them."
            )
        return [
            replace(profile, given_granted=self.granted, given_denied=self.denied)
            for profile in ([wanted] if wanted else profiles().values())
        ]

    def headings(self) -> list[str]:
        """Return the headings that the caller names."""
        return [name for column in (self.columns or {}).values() for name in _parts(column)]

    def as_dict(self) -> dict[str, Any]:
        """Return it as values that JSON has: None where nothing was said."""
        return {
            "timezone": str(self.zone) if self.zone else None,
            "profile": self.profile,
            "columns": dict(self.columns) if self.columns else None,
            "day_first": self.day_first,
            "granted": list(self.granted) or None,
            "denied": list(self.denied) or None,
            "encoding": self.encoding,
            "sheet": self.sheet,
        }

    def _wanted(self) -> Profile | None:
        """Make the profile that is asked for; None if none is."""
        name, columns = self.profile, self.columns
        if name is not None and name not in profiles():
            raise BadgeFileError(f"Unknown profile {name!r}: choose from {', '.join(profiles())}.")
        known = profiles()[name] if name is not None else None
        if columns is None:
            return known
        if strange := [role for role in columns if role not in ROLES]:
            words = ", ".join(f"{role} ({meaning})" for role, meaning in ROLES.items())
            raise BadgeFileError(f"Unknown word {strange[0]!r} in columns=: choose from {words}.")
        given = given_columns({role: _parts(column) for role, column in columns.items()})
        if known is not None:
            recognise = given.recognise if known.recognise else ()
            return replace(known, columns={**known.columns, **given.columns}, recognise=recognise)
        if not any(times <= columns.keys() for times in TIME_ROLES):
            raise BadgeFileError(
                "columns= must say which column is the event_time, or the date and the time, or the first_in and the "
                "last_out."
            )
        return given


def _parts(column: Column) -> tuple[str, ...]:
    """Return the headings and positions that are joined, also of "First + Last", as a profile has it."""
    parts = [column] if isinstance(column, str | int) else column
    return tuple(name for part in parts for name in str(part).split(" + "))


def known_encoding(name: str) -> str:
    """Return Python's name of an encoding of text.

    Raises
    ------
    BadgeFileError
        If there is not one of that name.
    """
    try:
        "".encode(name)  # a codec that is not for text, such as "zip", fails here
        return codecs.lookup(name).name
    except (LookupError, ValueError, TypeError):
        raise BadgeFileError(
            f"Unknown encoding {name!r}: use a name such as 'utf-8', 'cp1252' (Western Windows), 'cp1251' (Cyrillic), "
            "'cp1256' (Arabic), 'gbk' (Chinese) or 'shift_jis' (Japanese)."
        ) from None
