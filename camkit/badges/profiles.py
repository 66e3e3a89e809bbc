"""The export profiles: what each system writes, as data in `profiles.toml`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from camkit.badges.vocabulary import kind_of, matches, outcome_of, phrases, wording

ROLES = (
    "event_time",
    "date",
    "time",
    "minutes_east",
    "minutes_west",
    "cardholder_id",
    "cardholder_name",
    "credential",
    "reader_id",
    "outcome",
)
"""What a column can be for: the keys of a profile's `columns` and of ``load_badges(columns=...)``."""

MAX_COLUMNS = 1000
"""The widest header that is recognised."""


@dataclass(frozen=True)
class Profile:
    """How one system writes its exports; the fields are explained at the top of `profiles.toml`."""

    name: str
    title: str
    columns: Mapping[str, tuple[str, ...]]
    recognise: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    shape: tuple[re.Pattern[str], ...] = ()
    extract: Mapping[str, re.Pattern[str]] = field(default_factory=dict)
    keep: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    day_first: bool | None = None
    granted: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    given_granted: tuple[str, ...] = ()
    given_denied: tuple[str, ...] = ()

    def sources(self, header: Sequence[str]) -> dict[str, tuple[int, ...]]:
        """Return for each role the positions of its columns in the header; a role without columns is left out."""
        position = positions(header)
        found = {}
        for role, alternatives in self.columns.items():
            for alternative in alternatives:
                wanted = [plain(name) for name in alternative.split(" + ")]
                if all(name in position for name in wanted):
                    found[role] = tuple(position[name] for name in wanted)
                    break
        if {"date", "time"} <= found.keys():
            found.setdefault("event_time", found["date"] + found["time"])
        return {role: source for role, source in found.items() if role not in ("date", "time")}

    def fits_header(self, header: Sequence[str]) -> bool:
        """Whether the header has a time, and every column that identifies this system."""
        if not self.recognise or len(header) > MAX_COLUMNS:
            return False
        there = positions(header)
        return all(plain(name) in there for name in self.recognise) and "event_time" in self.sources(header)

    def fits_rows(self, rows: Sequence[Sequence[str]]) -> bool:
        """Whether most rows of more than one cell have the shape of this system."""
        rows = [row for row in rows if len(row) > 1]
        return bool(self.shape) and 2 * sum(map(self._has_shape, rows)) > len(rows)

    def outcome(self, text: str) -> str:
        """Translate an outcome into ``granted``, ``denied``, ``ignored`` or ``unknown``.

        The words of the caller come first, then those of the profile, then those of `vocabulary.toml`. An alarm's
        outcome is unknown: nobody was granted or denied anything. A ``*`` in the caller's `granted` never makes a
        known refusal granted; a word that is given in full does.
        """
        words = wording(text)
        return self._as_given(text, words) or self._by_words(words)

    def _as_given(self, text: str, words: str) -> str | None:
        """The outcome by the caller's words; None if it is none of them."""
        if matches(text, self.given_denied):
            return "denied"
        if not matches(text, self.given_granted):
            return None
        in_full = text.casefold() in map(str.casefold, self.given_granted)
        return "granted" if in_full or self._by_words(words) != "denied" else "denied"

    def _by_words(self, words: str) -> str:
        if kind_of(words) != "swipe":
            return "unknown"
        own = ("denied", "granted", "ignored")
        return next((it for it in own if phrases(getattr(self, it)).match(words)), None) or outcome_of(words)

    def _has_shape(self, row: Sequence[str]) -> bool:
        return len(row) == len(self.shape) and all(
            pattern.fullmatch(cell.strip()) for pattern, cell in zip(self.shape, row, strict=True)
        )


def plain(name: str) -> str:
    """Normalise a column's name: case and spaces differ between exports."""
    return " ".join(name.split()).casefold()


def positions(header: Sequence[str]) -> dict[str, int]:
    """Map the normalised name of each column to its first position."""
    return {plain(name): position for position, name in reversed(list(enumerate(header)))}


@cache
def profiles() -> dict[str, Profile]:
    """Return all profiles by name."""
    return {name: _profile(name, entry) for name, entry in _toml()["profile"].items()}


def given_columns(columns: Mapping[str, str]) -> Profile:
    """Make a profile of the columns that the caller names."""
    names = [name for source in columns.values() for name in source.split(" + ")]
    entry = {"title": "the columns given", "columns": dict(columns), "recognise": names}
    return _profile("columns given", entry)


@cache
def _toml() -> dict[str, Any]:
    return tomllib.loads((files(__package__) / "profiles.toml").read_text("utf-8"))


def _profile(name: str, entry: Mapping[str, Any]) -> Profile:
    return Profile(
        name=name,
        title=entry["title"],
        columns={role: (it,) if isinstance(it, str) else tuple(it) for role, it in entry["columns"].items()},
        recognise=tuple(entry.get("recognise", ())),
        names=tuple(entry.get("names", ())),
        shape=tuple(re.compile(pattern) for pattern in entry.get("shape", ())),
        extract={role: re.compile(pattern, re.DOTALL) for role, pattern in entry.get("extract", {}).items()},
        keep={column: tuple(patterns) for column, patterns in entry.get("keep", {}).items()},
        day_first=entry.get("day_first"),
        **{key: tuple(entry.get(key, ())) for key in ("granted", "denied", "ignored")},
    )
