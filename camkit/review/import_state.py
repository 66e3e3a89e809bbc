"""How an export is to be read, while that is being chosen: the state behind `ImportDialog`."""

from __future__ import annotations

import glob
import os
import re
from itertools import islice
from pathlib import Path
from typing import Any

from camkit.badges import (
    ROLES,
    SUFFIXES,
    TIME_ROLES,
    BadgeLog,
    Column,
    Given,
    Preview,
    load_badges,
    load_doors,
    preview,
)
from camkit.errors import InputError, OutputError
from camkit.investigation import Investigation
from camkit.support.files import write_new

KEPT = ""
"""The role of a column that is kept as it is."""

SECOND_PARTS = {"event_time": "time", "first_in": "first_in", "last_out": "last_out"}
"""Roles that may be in two columns, the first being the date, and what the second one is then."""

OUTCOMES = ("granted", "denied")
SITE = ("doors", "directory", "hours", "operator")
TABLES = (".csv", ".xlsx", ".xls", ".ods")
MOST_FILES = 500
UNSAFE = re.compile(r"[^\w .()+-]")
"""What the name of an uploaded file does not keep."""


class ImportState:
    """An export, what each of its columns is for, and how it is read.

    Attributes
    ----------
    investigation : Investigation
        What is said so far; after `apply`, what is in its file then.
    path : pathlib.Path
        The export.
    reading : dict of str to Any
        How it is read: the arguments of `load_badges`, by name.
    site : dict of str to Any
        ``doors``, ``directory``, ``hours`` and ``operator``, as `Investigation` has them.
    preview : Preview or None
        Its first rows; None if they cannot be read.
    roles : list of str
        What each column is for: one of `camkit.badges.ROLES`, or `KEPT`.
    words : dict of str to tuple of int and str
        The words for an outcome: how often each occurs, and what it is taken for if nothing is said of it.
    overruled : list of str
        What `apply` saved although the notebook says something else, which goes before the file.
    """

    def __init__(self, investigation: Investigation) -> None:
        self.investigation = self._begun = investigation
        self.path = investigation.badges[0]
        self.reading = dict(investigation.reading, timezone=investigation.timezone)
        self.site = {key: getattr(investigation, key) for key in SITE}
        self.preview: Preview | None = None
        self.roles: list[str] = []
        self.words: dict[str, tuple[int, str]] = {}
        self.overruled: list[str] = []
        self._recognised: list[str] = []

    def files(self) -> list[Path]:
        """List the exports to choose from: the present one, those in the folder of data, and those beside the file."""
        folders = dict.fromkeys((self._data(), self.investigation.file.parent, self.path.parent))
        found = [
            path
            for folder in folders
            if folder.is_dir()
            for path in sorted(folder.iterdir())[:MOST_FILES]
            if path.suffix.lower() in SUFFIXES and path.is_file() and path != self.investigation.doors
        ]
        return [*dict.fromkeys([self.path, *found])]

    def tables(self) -> list[Path]:
        """List what may be a doors file or a list of people: in the folder of data, one level down, and beside."""
        folders = (self._data(), self.investigation.file.parent)
        found = [
            path
            for folder in folders
            for kind in ("*", "*/*")
            for path in islice(folder.glob(kind), MOST_FILES)
        ]
        return sorted({path for path in found if path.suffix.lower() in TABLES and path.is_file()})

    def choose(self, path: Path) -> None:
        """Take another export. What was said of the last one is forgotten, but for the site's zone.

        The sample's zone is not that of any site.
        """
        zone = self.reading["timezone"] if "timezone" in self.investigation.origin else None
        self.path = path
        self.reading = {**dict.fromkeys(self.reading), "granted": (), "denied": (), "timezone": zone}
        self.look()

    def upload(self, name: str, content: bytes) -> None:
        """Keep a file that was uploaded, whole and under a name that is free, and take it."""
        plain = Path(UNSAFE.sub("_", re.split(r"[/\\]", name)[-1]).strip(" .")[-100:] or "export.csv")
        folder = self._data() if self._data().is_dir() else self.investigation.file.parent
        for number in range(1, MOST_FILES):
            path = folder / (plain.name if number == 1 else f"{plain.stem}-{number}{plain.suffix}")
            if write_new(path, content) or (path.is_file() and path.read_bytes() == content):
                return self.choose(path)
        raise OutputError(f"{folder} has many files called {plain.name}. Give yours another name.")

    def look(self) -> None:
        """Read the first rows, and begin with what is recognised."""
        self.preview, self.roles, self.words = None, [], {}
        patterns = {key: tuple(word for word in self.reading[key] if "*" in word) for key in OUTCOMES}
        reading: dict[str, Any] = {key: known for key, known in self.reading.items() if key != "timezone"}
        self.preview = preview(self.path, Given(**reading | patterns))
        self.roles = [KEPT] * len(self.preview.headings)
        for role in reversed([*ROLES]):  # of two roles of one column, the first is shown
            places = self.preview.roles.get(role, ())
            if role == "event_time" and places == self.preview.roles.get("first_in"):
                continue
            is_pair = role in SECOND_PARTS and len(places) == 2
            parts = ("date", SECOND_PARTS[role]) if is_pair else (role,) * len(places)
            for place, part in zip(places, parts, strict=True):
                self.roles[place] = part
        self._recognised = [*self.roles]
        self._find_words()

    def set(self, key: str, value: Any) -> None:
        """Say something of the export or the site; the export is read again if that may change its first rows."""
        (self.site if key in self.site else self.reading)[key] = value
        if key not in ("encoding", "sheet"):
            return
        headings, roles = self.preview.headings if self.preview else (), self.roles
        self.look()
        # In another encoding the headings read otherwise.
        is_recoded = key == "encoding" and len(headings) == len(self.roles)
        if self.preview and (is_recoded or headings == self.preview.headings):
            self.roles = roles
            self._find_words()

    def set_role(self, position: int, role: str) -> None:
        """Say what a column is for."""
        self.roles[position] = role
        self._find_words()

    def outcome(self, word: str) -> str:
        """Return what a word for an outcome means: what was said, else what it is taken for."""
        said = (outcome for outcome in OUTCOMES if glob.escape(word) in self.reading[outcome])
        return next(said, self.words[word][1])

    def say(self, word: str, outcome: str) -> None:
        """Say what a word for an outcome means."""
        exactly = glob.escape(word)  # a star in it is a star
        for key in OUTCOMES:
            self.reading[key] = tuple(known for known in self.reading[key] if known != exactly)
        if outcome in OUTCOMES and outcome != self.words[word][1]:
            self.reading[outcome] += (exactly,)

    def columns(self) -> dict[str, Any]:
        """Return the profile and the columns to load with: none of them where what was recognised stays."""
        now, before = self._by_role(self.roles), self._by_role(self._recognised)
        if now == before and self.preview and self.preview.roles:
            return {key: self.reading[key] for key in ("profile", "columns")}
        if not any(times <= now.keys() for times in TIME_ROLES):
            raise InputError(
                "Choose the column of the date and time, or those of the date and of the time of day."
            )
        if self.preview and self.preview.profile and before.keys() <= now.keys():
            changed = {role: column for role, column in now.items() if before.get(role) != column}
            return {
                "profile": self.preview.profile,
                "columns": {**(self.reading["columns"] or {}), **changed},
            }
        return {"profile": None, "columns": now}

    def apply(self) -> BadgeLog:
        """Load the export as chosen, write all of it into the investigation's file, and return the log."""
        if self.preview is None:
            self.look()
        self.reading |= self.columns()
        is_same = self.path == self.investigation.badges[0]
        badges = self.investigation.badges if is_same else (self.path,)
        log = load_badges(badges, **self.reading)
        load_doors(self.site["doors"])
        changes = {
            key: [*value] if isinstance(value, tuple) else value for key, value in self.reading.items()
        }
        changes["badges"] = (
            [self._name(path) for path in badges] if len(badges) > 1 else self._name(badges[0])
        )
        old_case, case = (self._case(path) for path in (self.investigation.badges[0], self.path))
        if "case" not in self.investigation.origin or self.investigation.case == old_case:
            changes["case"] = self._name(case)  # else the case would get the events of another export
        for key, value in self.site.items():
            if value != getattr(self.investigation, key):
                changes[key] = self._name(value) if isinstance(value, Path) else value
        self.investigation = self.investigation.save(
            **{key: None if value == [] else value for key, value in changes.items()}
        )
        begun = self._begun
        self.overruled = [
            key for key in begun.said if getattr(begun, key) != getattr(self.investigation, key)
        ]
        self.look()
        return log

    def summary(self) -> str:
        """Say in a line what is recognised, and what is to be done."""
        if self.preview is None:
            return f"{self.path.name}: its first rows cannot be read"
        if self.preview.problem:
            asked = self.reading["profile"] or self.reading["columns"]
            problem = (
                self.preview.problem
                if asked
                else f"{self.preview.name} is not of a system that camkit knows."
            )
            return f"{problem} Choose what its columns are for"
        system = f"as {self.preview.profile}" if self.preview.profile else "by its columns"
        return f"{self.preview.name} is recognised {system}"

    def _find_words(self) -> None:
        places = [place for place, role in enumerate(self.roles) if role == "outcome"]
        self.words = self.preview.outcomes(places) if self.preview and places else {}

    def _by_role(self, roles: list[str]) -> dict[str, Column]:
        """The column of each role, as `load_badges` takes it."""
        named: dict[str, list[str | int]] = {}
        for place, role in enumerate(roles):
            if role != KEPT and self.preview:
                named.setdefault(role, []).append(self.preview.column(place))
        return {role: parts if len(parts) > 1 else parts[0] for role, parts in named.items()}

    def _data(self) -> Path:
        return self.investigation.file.parent / "../data"

    def _case(self, badges: Path) -> Path:
        """The folder of the case that is proposed for an export."""
        return self.investigation.out / UNSAFE.sub("_", badges.stem)

    def _name(self, path: Path) -> str:
        """A path as the investigation's file has it."""
        folder = self.investigation.file.parent
        return path.as_posix() if path.is_absolute() else Path(os.path.relpath(path, folder)).as_posix()
