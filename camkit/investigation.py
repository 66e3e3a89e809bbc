"""What one investigation is about, named once: ``investigation.toml`` beside the notebooks, which all of them read."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from os import PathLike
from os.path import exists
from pathlib import Path
from typing import Any

import pandas as pd
import tomlkit
from tomlkit.exceptions import TOMLKitError

from camkit.badges import BadgeLog, Column, load_badges, load_doors
from camkit.errors import InputError
from camkit.support.files import open_regular, write_whole
from camkit.visible import one_line

__all__ = ["INVESTIGATION_FILE", "Investigation", "load_investigation"]

INVESTIGATION_FILE = "investigation.toml"

SAMPLE = {"badges": (Path("../data/sample_badges.csv"),), "timezone": "America/Denver"}
"""What is read where no export is named. The zone goes with the sample: it says nothing about another export."""

HEADER = (
    "What this investigation is about. Every notebook beside this file reads it; what the first cell of a notebook",
    "says goes before it. Paths are relative to this file. Keys and passwords go into .env, never in here.",
)
LARGEST = 1 << 20  # bytes
LONGEST = 200  # of a name in a message, characters
SECRET = re.compile(r"(?i)key|passw|secret|token|credential|login")
HERE = "the notebook's first cell"
NOT_TOML = (ValueError, RecursionError, TOMLKitError)
"""What reading such a file fails with: the errors of both libraries, long numbers, lists in too many lists."""


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_file(value: object) -> bool:
    return isinstance(value, str | PathLike)


def _is_heading(value: object) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)


def _one_or_several(is_one: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: all(map(is_one, value if isinstance(value, list | tuple) else [value]))


def _is_columns(value: object) -> bool:
    return isinstance(value, Mapping) and all(map(_one_or_several(_is_heading), value.values()))


def _is_hours(value: object) -> bool:
    return isinstance(value, list | tuple) and len(value) == 2 and all(map(_is_text, value))


Kind = tuple[Callable[[object], bool], str]
TEXT: Kind = (_is_text, "text in quotation marks")
FILE: Kind = (_is_file, "the name of a file or folder, in quotation marks")
FILES: Kind = (
    _one_or_several(_is_file),
    'the name of a file or folder, or a list of them, such as ["may.csv", "june.csv"]',
)
WORDS: Kind = (_one_or_several(_is_text), 'a list of words, such as ["Zutritt erlaubt", "OK*"]')
YES_NO: Kind = (lambda value: isinstance(value, bool), "true or false")
HOURS: Kind = (_is_hours, 'two times of day, such as ["06:00", "20:00"]')
COLUMNS: Kind = (
    _is_columns,
    'headings by what they are for, such as {event_time = "When", cardholder_id = "Badge"}',
)

KEYS: dict[str, Kind] = {
    "badges": FILES, "timezone": TEXT, "profile": TEXT, "columns": COLUMNS, "day_first": YES_NO, "granted": WORDS,
    "denied": WORDS, "encoding": TEXT, "sheet": TEXT, "doors": FILE, "hours": HOURS, "directory": FILE,
    "operator": TEXT, "organization": TEXT, "case": FILE, "out": FILE,
}  # fmt: skip
"""What can be said of an investigation, and what each has to be."""


@dataclass(frozen=True, repr=False)
class Investigation:
    """One investigation: what `load_investigation` read, with the sample's values where nothing is said.

    Attributes
    ----------
    badges : tuple of pathlib.Path
        The exports: files or folders.
    timezone, profile, columns, day_first, granted, denied, encoding, sheet
        How they are read, as `load_badges` takes it.
    doors : pathlib.Path
        Which cameras look at which reader.
    hours : tuple of str
        When people are expected at the doors.
    directory : pathlib.Path or None
        A table of people, with their photos beside it.
    operator, organization : str
        Who investigates, and for whom.
    case, out : pathlib.Path
        The folder of the case, and the one for plots.
    file : pathlib.Path
        Where `save` writes.
    origin : mapping of str to str
        For each key that is said, who says it. The others are the sample's.
    """

    badges: tuple[Path, ...] = SAMPLE["badges"]  # type: ignore[assignment]
    timezone: str | None = None
    profile: str | None = None
    columns: Mapping[str, Column] | None = None
    day_first: bool | None = None
    granted: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    encoding: str | None = None
    sheet: str | None = None
    doors: Path = Path("../data/doors.csv")
    hours: tuple[str, ...] = ("06:00", "20:00")
    directory: Path | None = None
    operator: str = "Investigator"
    organization: str = "Corporate Security"
    case: Path = Path("../out/front-door")
    out: Path = Path("../out")
    file: Path = Path(INVESTIGATION_FILE)
    origin: Mapping[str, str] = field(default_factory=dict)
    said: Mapping[str, Any] = field(default_factory=dict)  # by the notebook

    def load_badges(self) -> BadgeLog:
        """Load the exports; see `camkit.load_badges`."""
        self._require("badges", *self.badges)
        return load_badges(self.badges, self.timezone, **self.reading)

    def load_doors(self, otherwise: Path | None = None) -> pd.DataFrame:
        """Load the doors file: the one that is said, else `otherwise`, else the sample's; see `camkit.load_doors`."""
        self._require("doors", self.doors)
        return load_doors(self.doors if "doors" in self.origin else otherwise or self.doors)

    @property
    def picks(self) -> Path:
        """The file beside the investigation's that keeps which events are picked."""
        return self.file.with_name("picked.json")

    @property
    def reading(self) -> dict[str, Any]:
        """How the exports are read, but for their zone: arguments of `camkit.load_badges`."""
        keys = ("profile", "columns", "day_first", "granted", "denied", "encoding", "sheet")
        return {key: getattr(self, key) for key in keys}

    def save(self, **changes: Any) -> Investigation:
        """Write what has changed into the file, and return the investigation as it is then.

        Parameters
        ----------
        **changes
            Values by key, as the file has them; None removes a key. Other keys and the comments stay.

        Raises
        ------
        InputError
            If a key is unknown, a value is not what it has to be, or the file that is there cannot be read.
        OutputError
            If it cannot be written.
        """
        _check({key: value for key, value in changes.items() if value is not None}, "What is to be saved")
        if (text := _read(self.file)) is None:
            text = "".join(f"# {line}\n" for line in HEADER) + "\n"
        try:
            document = tomlkit.parse(text)
            for key in sorted(changes, key=list(KEYS).index):
                if changes[key] is None:
                    document.pop(key, None)
                elif document.get(key) != changes[key]:
                    document[key] = changes[key]
        except NOT_TOML as error:
            raise _malformed(self.file, error) from None
        write_whole(self.file, tomlkit.dumps(document).encode())
        return load_investigation(
            self.file, **{key: value for key, value in self.said.items() if key not in changes}
        )

    def __repr__(self) -> str:
        shown = [key for key in KEYS if getattr(self, key) not in (None, ())]
        return "\n".join(f"{key}: {one_line(_shown(getattr(self, key)))}{self._by(key)}" for key in shown)

    def _by(self, key: str) -> str:
        return f"  ({self.origin[key]})" if key in self.origin else ""

    def _require(self, key: str, *paths: Path) -> None:
        """Say of a file that is missing who names it."""
        for path in paths:
            if key in self.origin and not exists(path):  # noqa: PTH110 - pathlib fails where a name is too long
                raise InputError(
                    f"{key} in {self.origin[key]} names {str(path)[:LONGEST]}, which does not exist. Correct the name: "
                    "it is relative to the folder of that file or notebook.",
                    path=path,
                )


def load_investigation(file: str | PathLike[str] = INVESTIGATION_FILE, **said: Any) -> Investigation:
    """Say what an investigation is about: what is said here, else in its file, else what the sample needs.

    Parameters
    ----------
    file : path-like
        A TOML file with the keys of `Investigation`. It may be missing. Its paths are relative to it. An empty value
        says nothing.
    **said
        The same keys; they go before the file. None says nothing, either. Paths are relative to the notebook.

    Returns
    -------
    Investigation
        Nothing that it names has been read yet.

    Raises
    ------
    InputError
        If the file cannot be read, a key is unknown, or a value is not what it has to be.
    """
    file = Path(file)
    here = _not_empty(said)
    text = _read(file)
    try:
        there = tomllib.loads(text or "")
    except NOT_TOML as error:
        raise _malformed(file, error) from None
    _check(there, str(file))
    _check(here, HERE)
    there = _not_empty(there)
    values = _values(there, file.parent) | _values(here, Path())
    if "badges" not in values:
        values = SAMPLE | values
    origin = dict.fromkeys(there, file.name) | dict.fromkeys(here, HERE)
    return Investigation(**values, file=file, origin=origin, said=here)


def _not_empty(said: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in said.items() if value not in (None, "", (), [], {})}


def _read(file: Path) -> str | None:
    """The text of the file; None if there is none."""
    try:
        with open_regular(file, links=True) as opened:
            content = opened.read(LARGEST + 1)
        if len(content) > LARGEST:
            raise InputError(
                f"{file} is larger than {LARGEST >> 20} MiB, too large for what it is.", path=file
            )
        return content.decode("utf-8-sig")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise InputError(f"{file} is not UTF-8 text: save it as UTF-8.", path=file) from None
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}.", path=file) from None


def _malformed(file: Path, error: Exception) -> InputError:
    is_about_toml = isinstance(error, tomllib.TOMLDecodeError | TOMLKitError)
    said = str(error) if is_about_toml else "a number is too long, or lists are in too many others"
    return InputError(
        f"{file} cannot be read: {said}. Each line is a key, an equals sign and a value; text is in quotation marks, "
        "and paths have / in them.",
        path=file,
    )


def _check(values: Mapping[str, object], where: str) -> None:
    """Make sure that each key is known and has a value of its kind."""
    for key, value in values.items():
        if key not in KEYS and SECRET.search(key):
            raise InputError(
                f"{where}: {key!r} looks like a key or a password. Remove it, and put it into the environment or "
                ".env, which are not handed on."
            )
        if key not in KEYS:
            near = get_close_matches(key, KEYS, 1)
            hint = f"Did you mean {near[0]}?" if near else f"Choose from {', '.join(KEYS)}."
            raise InputError(f"{where}: the key {key!r} is not known. {hint}")
        is_right, what = KEYS[key]
        if not is_right(value):
            raise InputError(f"{where}: {key} has to be {what}.")
    if "://" in str(values.get("directory", "")):
        raise InputError(
            f"{where}: directory has to be a file. A web address of a directory goes into .env, as "
            "CAMKIT_DIRECTORY_URL, since it is sent badge numbers."
        )


def _values(values: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The values as `Investigation` has them."""
    made = dict(values)
    for key, value in values.items():
        if KEYS[key] is FILE:
            made[key] = folder / value
        elif KEYS[key] in (FILES, WORDS, HOURS):
            texts = tuple(value) if isinstance(value, list | tuple) else (value,)
            made[key] = tuple(folder / text for text in texts) if KEYS[key] is FILES else texts
    return made


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} = {_shown(part)}" for key, part in value.items())
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value))
    return str(value)
