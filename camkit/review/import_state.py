"""How an export is to be read, while that is being chosen: the state behind `ImportDialog`."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator
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
    find_events,
    flag_events,
    load_badges,
    load_doors,
    preview,
    resolve,
)
from camkit.case import DATABASE, Record
from camkit.directory import load_directory
from camkit.errors import BadgeFileError, InputError, OutputError
from camkit.investigation import Investigation, load_investigation
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

QUOTES = "\"'\u201c\u201d\u201e"
"""What Windows and people put around a path."""


class ImportState:
    """An export, what each of its columns is for, and how it is read.

    Parameters
    ----------
    investigation : Investigation
        Its file is read again: it may have been saved since.

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
    case : pathlib.Path or None
        The folder of the case that was named here; None if `apply` is to find one.
    remarks : list of str
        A sentence for each thing that may be wrong with what `apply` loaded, besides the log's own problems.
    overruled : list of str
        What `apply` saved although the notebook says something else, which goes before the file.
    """

    def __init__(self, investigation: Investigation) -> None:
        investigation = load_investigation(investigation.file, **investigation.said)
        self.investigation = self._begun = investigation
        self.path = investigation.badges[0]
        self.reading = dict(investigation.reading, timezone=investigation.timezone)
        self.site = {key: getattr(investigation, key) for key in SITE}
        self.preview: Preview | None = None
        self.roles: list[str] = []
        self.words: dict[str, tuple[int, str]] = {}
        self.case: Path | None = None
        self.remarks: list[str] = []
        self.overruled: list[str] = []
        self._recognised: list[str] = []
        self._saved_headings: tuple[str, ...] | None = None

    def files(self) -> list[Path]:
        """List the exports to choose from: the present one, those in the folder of data, and those beside the file."""
        folders = dict.fromkeys((self._data(), self.investigation.file.parent, self.path.parent))
        others = (self.investigation.doors, self.investigation.picks)
        found = [
            path
            for folder in folders
            if folder.is_dir()
            for path in sorted(folder.iterdir())[:MOST_FILES]
            if path.suffix.lower() in SUFFIXES and path.is_file() and path not in others
        ]
        return [*dict.fromkeys([self.path, *found])]

    def others(self) -> list[str]:
        """List the names of the files in the folder of data that are not offered."""
        found = islice(self._data().glob("[!.]*"), MOST_FILES)
        return sorted(path.name for path in found if path.is_file() and path.suffix.lower() not in SUFFIXES)

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

        The sample's zone is not that of any site. What was saved counts for an export with the same headings.
        """
        zone = self.reading["timezone"] if "timezone" in self.investigation.origin else None
        self.path = path
        saved = {**self.investigation.reading, "timezone": zone}
        for reading in (saved, {**saved, "sheet": None, "encoding": None}) if self._saved_headings else ():
            self.reading = reading
            try:
                self.look()
            except BadgeFileError:
                continue
            if self.preview and self.preview.headings == self._saved_headings:
                return
        self.reading = {**dict.fromkeys(self.reading), "granted": (), "denied": (), "timezone": zone}
        self.look()

    def type(self, text: str) -> None:
        """Take the export of a path as people type it: perhaps in quotation marks, or only the name of a file."""
        plain = text.strip().strip(QUOTES).strip()
        folders = (Path(), self.investigation.file.parent, self._data())
        path = next((folder / plain for folder in folders if (folder / plain).exists()), None)
        if path is None:
            raise InputError(
                f"{plain} does not exist: it is neither beside this notebook nor in {self._data().resolve()}. "
                "Check the path, or upload the file."
            )
        self.choose(path)

    def name_case(self, text: str) -> None:
        """Name the folder of the case; relative to the investigation's file. An empty name leaves it to `apply`."""
        plain = text.strip().strip(QUOTES).strip()
        self.case = self.investigation.file.parent / plain if plain else None

    def case_name(self) -> str:
        """Return the folder of the case as far as it is known, as the investigation's file has it."""
        if self.case is not None:
            return self._name(self.case)
        is_said = "case" in self.investigation.origin and self.path == self.investigation.badges[0]
        return self._name(self.investigation.case) if is_said else ""

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
        if self.path == self.investigation.badges[0] and "badges" in self.investigation.origin:
            self._saved_headings = self.preview.headings
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

    def set_role(self, position: int, role: str | None) -> None:
        """Say what a column is for."""
        self.roles[position] = role or KEPT
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
        self.remarks = [*self._check(log), *self._strange(log)]
        case = self._case_for(log)
        changes = {
            key: [*value] if isinstance(value, tuple) else value for key, value in self.reading.items()
        }
        changes["badges"] = (
            [self._name(path) for path in badges] if len(badges) > 1 else self._name(badges[0])
        )
        if "case" not in self.investigation.origin or self.investigation.case != case:
            changes["case"] = self._name(case)
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
        self.case = None
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

    def _check(self, log: BadgeLog) -> list[str]:
        """Refuse what the next cells and notebooks would stop at; return a sentence on what they would lack."""
        if log.events.empty:
            raise InputError(
                f"Nothing is saved: none of the {log.rows_read:,} rows is a badge event. "
                f"{' '.join(log.problems()[1:4])} Check what the columns are for: a column with the date alone is "
                "Date, not Date and time."
            )
        if not self.site["operator"].strip():
            raise InputError("Write your name: every verdict is signed with it.")
        flag_events(log.events.head(1), hours=self.site["hours"])
        found = resolve(log.events, load_doors(self.site["doors"])).problems()
        people = self.site["directory"]
        if people is None:
            return found
        if people.resolve() == self.path.resolve():
            raise InputError(f"{people.name} is the badge export. Choose a list of people, or none.")
        numbers = log.events["cardholder_id"].dropna().unique()
        if len(numbers) and not load_directory(people).names_of(numbers):
            found.append(
                f"None of the {len(numbers):,} cardholders is in {people.name}: check which column has their number."
            )
        return found

    def _strange(self, log: BadgeLog) -> Iterator[str]:
        """Yield a sentence on each column that is hardly what it was chosen for."""
        ids = log.events["cardholder_id"].dropna().astype(str)
        if ids.empty:
            yield "No column says who: choose the column of the cardholder number."
        elif (names := ids[~ids.str.contains(r"\d")]).size * 2 > ids.size:
            yield (
                f"The cardholder numbers, such as {names.iloc[0]!r}, do not have digits. If another column has the "
                "number, choose that one."
            )
        for role in ("cardholder_id", "reader_id"):
            if self.roles.count(role) > 1:
                yield (
                    f"{self.roles.count(role)} columns are joined as the {ROLES[role]}, such as "
                    f"{log.events[role].dropna().head(1).tolist()}: if that is not right, choose one of them."
                )

    def _case_for(self, log: BadgeLog) -> Path:
        """The folder of the case for a log: as named, if all events that it has are in the log, else a free one."""
        if self.case is not None:
            there, missing = _held(self.case, log)
            if missing:
                raise InputError(
                    f"{missing:,} of the {there:,} events of the case {self._name(self.case)} are not in this export "
                    "as it is read now. Write another folder under Case, or leave it empty."
                )
            return self.case
        said = self.investigation
        proposed = self._proposed_case(self.path, self.reading["sheet"])
        if "case" in said.origin:
            there, missing = _held(said.case, log)
            by_hand = said.case not in (proposed, self._proposed_case(said.badges[0], said.sheet))
            if not missing and (there or by_hand or said.case == proposed):
                return said.case
        folders = (
            proposed.with_name(f"{proposed.name}{number}") for number in ("", *range(-2, -MOST_FILES, -1))
        )
        case = next(folder for folder in folders if not _held(folder, log)[1])
        if "case" in said.origin and missing:
            self.remarks.append(
                f"{missing:,} of the {there:,} events of the case {self._name(said.case)} are not in this export, so "
                f"this one has the case {self._name(case)}. For one case of both, put the exports into one folder and "
                "write its path as the export's."
            )
        return case

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

    def _proposed_case(self, badges: Path, sheet: str | None) -> Path:
        """The folder of the case that is proposed for an export, or for one sheet of it."""
        name = "-".join(filter(None, (badges.stem, sheet)))
        return self.investigation.out / (UNSAFE.sub("_", name).strip(" .") or "case")

    def _name(self, path: Path) -> str:
        """A path as the investigation's file has it."""
        folder = self.investigation.file.parent
        return path.as_posix() if path.is_absolute() else Path(os.path.relpath(path, folder)).as_posix()


def _held(case: Path, log: BadgeLog) -> tuple[int, int]:
    """Return how many events a case has, and how many of them are not in a log."""
    if not (case / DATABASE).exists():
        return 0, 0
    with Record(case) as record:
        events = record.events()
    return len(events), int(find_events(log.events, events).isna().sum())
