"""The export profiles: what each system writes, as data in `profiles.toml`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

from camkit.badges.vocabulary import (
    beside,
    denies,
    granting,
    has_sign,
    kind_of,
    matches,
    outcome_of,
    phrases,
    says_both,
    table_of,
    wording,
)

ROLES = {
    "event_time": "date and time",
    "date": "date",
    "time": "time of day",
    "first_in": "first in",
    "last_out": "last out",
    "minutes_east": "minutes east of UTC",
    "minutes_west": "minutes west of UTC",
    "cardholder_id": "cardholder number",
    "cardholder_name": "name",
    "credential": "card",
    "reader_id": "door or reader",
    "outcome": "outcome",
    "kind": "swipe or alarm",
}
"""What a column can be for, with its title: the keys of a profile's `columns` and of ``load_badges(columns=...)``."""

MAX_COLUMNS = 1000
"""The widest header that is recognised."""


class Header:
    """What may name the columns: their headings, as they are and as the log has them, or their numbers from 1."""

    def __init__(self, cells: Iterable[str]) -> None:
        self.cells = [cell.strip() for cell in cells]
        self.headings = positions(unique(self.cells)) | positions(self.cells)

    def find(self, name: str) -> int | None:
        """Return the position of a column, or None."""
        if (position := self.headings.get(plain(name))) is not None:
            return position
        return int(name) - 1 if name.isdecimal() and 0 < int(name) <= len(self.cells) else None

    def source(self, names: Sequence[str]) -> tuple[int, ...] | None:
        """Return the positions of columns that are joined; None if one is not there."""
        found = tuple(position for name in names if (position := self.find(name)) is not None)
        return found if len(found) == len(names) else None


@dataclass(frozen=True)
class Profile:
    """How one system writes its exports; the fields are explained at the top of `profiles.toml`."""

    name: str
    title: str
    columns: Mapping[
        str, tuple[tuple[str, ...], ...]
    ]  # of each role: the first of these of which all are there
    recognise: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    shape: tuple[re.Pattern[str], ...] = ()
    optional: int = 0
    extract: Mapping[str, re.Pattern[str]] = field(default_factory=dict)
    keep: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    day_first: bool | None = None
    granted: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    given_granted: tuple[str, ...] = ()
    given_denied: tuple[str, ...] = ()

    def sources(self, header: Header) -> dict[str, tuple[int, ...]]:
        """Return for each role the positions of its columns in the header; a role without columns is left out."""
        found = {}
        for role, alternatives in self.columns.items():
            source = next(filter(None, map(header.source, alternatives)), None)
            if source is not None:
                found[role] = source
        for time in ("time", "first_in", "last_out"):
            if time in found:
                found[time] = found.get("date", ()) + found[time]
        for time in ("time", "first_in"):
            if time in found and ("date" in found or time != "time"):
                found.setdefault("event_time", found[time])
        return {role: source for role, source in found.items() if role not in ("date", "time")}

    def fits_header(self, header: Header) -> bool:
        """Whether a header has a time, and every column that identifies this system."""
        headings = [name in header.headings for name in self._recognise]
        if not any(headings):
            return False
        # A row with the numbers 1 and 2 somewhere is not a header because columns 1 and 2 are asked for.
        if self.least_width and not (all(headings) and not any(map(_is_value, header.cells))):
            return False
        return all(
            header.find(name) is not None for name in self._recognise
        ) and "event_time" in self.sources(header)

    @cached_property
    def in_header(self) -> frozenset[str]:
        """What a header of this system has at least one of, as it is written where a name is there twice."""
        numbered = (re.sub(r" \d+$", "", name) for name in self._recognise)
        nameless = any(name.startswith("column ") for name in self._recognise)
        return frozenset({*self._recognise, *numbered, *([""] if nameless else [])})

    @cached_property
    def _recognise(self) -> tuple[str, ...]:
        return tuple(map(plain, self.recognise))

    def fits_rows(self, rows: Sequence[Sequence[str]]) -> bool:
        """Whether most rows of more than one cell have the shape of this system.

        Where columns are given by position, the first row may be a header, which does not count.
        """
        fits = [self.has_shape(row) for row in rows if len(row) > 1]
        has_header = bool(self.least_width and fits and not fits[0])
        return sum(fits) > fits.count(False) - has_header

    def has_shape(self, row: Sequence[str]) -> bool:
        """Whether a row without a header is one of this system."""
        if self.shape:
            cells = zip(self.shape, row, strict=False)
            return len(self.shape) - self.optional <= len(row) <= len(self.shape) and all(
                pattern.fullmatch(cell.strip()) for pattern, cell in cells
            )
        least = self.least_width
        if not 0 < least <= len(row):
            return False
        time = self.sources(Header([""] * len(row))).get("event_time", ())
        return any(has_digit(row[position]) for position in time)

    @cached_property
    def least_width(self) -> int:
        """How many columns a file has at least, if all columns are given by their position; else 0."""
        names = [name for alternatives in self.columns.values() for joined in alternatives for name in joined]
        return max(map(int, names), default=0) if all(map(str.isdecimal, names)) else 0

    def outcome(self, text: str) -> str:
        """Translate an outcome into ``granted``, ``denied``, ``ignored`` or ``unknown``.

        The words of the caller come first, then those of the profile, then those of `vocabulary.toml`. An alarm's
        outcome is unknown: nobody was granted or denied anything. What stands beside a phrase for granted must be
        harmless, else the outcome is unknown. In the caller's `granted` a ``*`` stands for more, but neither makes a
        known refusal granted nor stands for a word that denies; a text that is given in full is granted.
        """
        words = wording(text)
        return self._as_given(text, words) or self._by_words(text, words)

    def _as_given(self, text: str, words: str) -> str | None:
        """The outcome by the caller's words; None if it is none of them."""
        if matches(text, self.given_denied):
            return "denied"
        if text.casefold() in map(str.casefold, self.given_granted):
            return "granted"
        fits = [pattern for pattern in self.given_granted if matches(text, (pattern,))]
        if not fits:
            return None
        if self._by_words(text, words) == "denied":
            return "denied"
        return "unknown" if all(denies(beside(text, pattern)) for pattern in fits) else "granted"

    def _by_words(self, text: str, words: str) -> str:
        if kind_of(words) != "swipe":
            return "unknown"
        own = {
            "denied": phrases(self.denied),
            "granted": granting(self.granted),
            "ignored": phrases(self.ignored),
        }
        outcome = next((it for it in own if own[it].match(words)), None) or outcome_of(words)
        undone = (outcome == "granted" and has_sign(text)) or (outcome == "denied" and says_both(words))
        return "unknown" if undone else outcome


def plain(name: str) -> str:
    """Normalise a column's name: case and spaces differ between exports."""
    return " ".join(name.split()).casefold()


def positions(header: Sequence[str]) -> dict[str, int]:
    """Map the normalised name of each column to its first position."""
    return {plain(name): position for position, name in reversed(list(enumerate(header)))}


def unique(names: Iterable[str]) -> tuple[str, ...]:
    """Name nameless columns, and number those whose name an earlier one has."""
    taken: dict[str, None] = {}
    numbers: dict[str, int] = {}  # the next one of each name that is there again
    for position, name in enumerate(names):
        candidate = base = name or nameless(position)
        number = numbers.get(base, 2)
        while candidate in taken:
            candidate = f"{base} {number}"
            number += 1
        taken[candidate] = None
        numbers[base] = number
    return tuple(taken)


def nameless(position: int) -> str:
    """Name a column without a heading."""
    return f"column {position + 1}"


def _is_value(text: str) -> bool:
    """Whether a cell is hardly a heading: it has digits, and is not a small number."""
    return has_digit(text) and not (text.isdecimal() and len(text) < 5)


def has_digit(text: str) -> bool:
    """Whether there is a digit, as in every time."""
    return any(map(str.isdigit, text))


@cache
def profiles() -> dict[str, Profile]:
    """Return all profiles by name."""
    return {name: _profile(name, entry) for name, entry in table_of("profiles.toml")["profile"].items()}


@cache
def headings() -> frozenset[str]:
    """Return the headings that systems write."""
    return frozenset(
        name
        for profile in profiles().values()
        for alternatives in profile.columns.values()
        for joined in alternatives
        for name in joined
    )


def given_columns(columns: Mapping[str, tuple[str, ...]]) -> Profile:
    """Make a profile of the columns that the caller names: for each role those that are joined."""
    names = tuple(name for joined in columns.values() for name in joined)
    return Profile(
        "columns given", "the columns given", {role: (joined,) for role, joined in columns.items()}, names
    )


def _profile(name: str, entry: Mapping[str, Any]) -> Profile:
    columns = {role: [it] if isinstance(it, str) else it for role, it in entry["columns"].items()}
    return Profile(
        name=name,
        title=entry["title"],
        columns={role: tuple(tuple(it.split(" + ")) for it in columns[role]) for role in columns},
        recognise=tuple(entry.get("recognise", ())),
        names=tuple(entry.get("names", ())),
        shape=tuple(re.compile(pattern) for pattern in entry.get("shape", ())),
        optional=entry.get("optional", 0),
        extract={role: re.compile(pattern, re.DOTALL) for role, pattern in entry.get("extract", {}).items()},
        keep={column: tuple(patterns) for column, patterns in entry.get("keep", {}).items()},
        day_first=entry.get("day_first"),
        **{key: tuple(entry.get(key, ())) for key in ("granted", "denied", "ignored")},
    )
