"""Who a cardholder is according to a list of people and a folder of photos."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Generic, TypeVar

from camkit.badges import Record, clean_id, read_small_table, some_lines
from camkit.directory.cardholder import MAX_BYTES, Cardholder
from camkit.errors import InputError
from camkit.support.files import open_regular
from camkit.support.jpeg import BadImage, check_photo

COLUMNS = {
    "number": "number no id userid cardholderid cardholder cardholdernumber badge badgeid badgenumber badgeno card "
    "cardid cardnumber cardno credential employeeid employeenumber employeeno empid personid personnelnumber staffid "
    "staffnumber nummer ausweis ausweisnummer ausweisnr personalnummer personalnr kartennummer matricule numéro",
    "name": "name fullname displayname cardholdername employeename personname nom nombre nome",
    "first": "firstname givenname first vorname prénom prenom",
    "last": "lastname surname familyname last nachname",
    "title": "title jobtitle position job role funktion",
    "department": "department dept division team abteilung",
}
"""How the columns of a list of people are called, in small letters and without spaces and signs.

Of several that fit, the one whose name comes first here is taken.
"""

SUFFIXES = (".jpg", ".jpeg", ".png", ".gif", ".webp")
"""Of photos; in large letters, too."""

HEADER_WITHIN = 20
"""The header is in one of the first rows; there may be a title above it."""

MOST_PHOTOS = 500_000
"""Files in a folder of photos; no organization has so many people."""

SEVERAL = 3
"""How many things of one number are kept: two are too many already."""

NO_NUMBER = "do not have a number that can be read, such as one that a spreadsheet rounded"
MORE_CELLS = "have more cells than the header, such as a name with a comma that is not in quotation marks"

Columns = dict[str, list[tuple[int, str]]]
"""For each thing that is known of a person, the columns it may be in: position and heading, the one taken first."""

T = TypeVar("T")


def load_directory(path: str | Path, photos: str | Path | None = None) -> SheetDirectory:
    """Read a list of people, and find their photos.

    Parameters
    ----------
    path : str or pathlib.Path
        A CSV file, or the first sheet of a spreadsheet, with a header: a column with the number that is in the badge
        log (``number``, ``badge``, ``employee id``, ...), and a column ``name``, or ``first name`` and ``last name``;
        perhaps ``title`` and ``department``. Other columns do not matter. Of several with numbers, ``number`` is taken,
        else the first there is of ``no``, ``id``, ``user id``, ``cardholder``, ``badge``, ``card``, ``employee id``;
        `SheetDirectory.problems` says which.
    photos : str or pathlib.Path, optional
        The folder of photos (JPEG, PNG, GIF, WebP), each named by its person's number, such as ``00042.jpg``. By
        default the folder ``photos`` beside the list, if there is one.

    Returns
    -------
    SheetDirectory

    Raises
    ------
    InputError
        If the list is missing, cannot be read, lacks a column or has two of one name for the number or the person, or
        the folder is missing or cannot be read.
    """
    return SheetDirectory(path, photos)


class SheetDirectory:
    """A directory in files of one's own: a list of people and a folder of photos; see `load_directory`.

    Attributes
    ----------
    path : pathlib.Path
        The list.
    photos : pathlib.Path or None
        The folder of photos.
    sha256 : str
        Of the list, when it was read.

    Notes
    -----
    A number that is there only with more or fewer leading zeros, as a spreadsheet leaves them, is taken for the same
    if no other one could be meant, and the entry's note says so. Photos are read when they are asked for, from
    regular files in the folder itself: links are not followed.
    """

    def __init__(self, path: str | Path, photos: str | Path | None = None) -> None:
        self.path = Path(path)
        rows, self.sha256 = read_small_table(self.path, "list of people")
        self._unread: dict[str, list[int]] = {}
        start, self._columns = _header(self.path, rows)
        self._people = Numbered(_people(rows[start:], self._columns, self._unread))
        self._elsewhere = _elsewhere(rows[start + 1 :], self._columns["number"])
        beside = self.path.parent / "photos"
        self.photos = Path(photos) if photos is not None else beside if beside.is_dir() else None
        self._files = Numbered(_photo_files(self.photos) if self.photos is not None else ())

    @property
    def account(self) -> dict[str, str]:
        """What a case records of it."""
        return {"file": self.path.name, "sha256": self.sha256}

    def __repr__(self) -> str:
        return f"SheetDirectory({str(self.path)!r}, {len(self._people):,} people)"

    def problems(self) -> list[str]:
        """Say which rows of the list were left out, for `camkit.check`."""
        found = [
            f"{self.path.name}: {len(lines):,} rows {why} ({some_lines(lines)}); their people are not found."
            for why, lines in self._unread.items()
        ]
        number, *others = self._columns["number"]
        if others:
            named = " and ".join(repr(heading) for _, heading in others)
            found.append(
                f"{self.path.name}: the badge log's numbers were taken to be in the column {number[1]!r}, and not in "
                f"{named}. If that is wrong, call the right column number."
            )
        return found

    def close(self) -> None:
        """Do nothing: no file stays open."""

    def lookup(self, cardholder_id: str) -> Cardholder:
        """Look up one number.

        Returns
        -------
        Cardholder
            If the person or the photo is missing, or may be somebody else's, its ``note`` says why.
        """
        entries, doubt = self._people.find(cardholder_id)
        if len(entries) > 1:
            note = f"{self.path.name} has this number in several rows, so it does not say whose it is"
            return Cardholder(cardholder_id, note=note)
        person = replace(entries[0], cardholder_id=cardholder_id) if entries else Cardholder(cardholder_id)
        notes = [f"{self.path.name} has the number {doubt}, without the same zeros"] if doubt else []
        if not entries:
            notes = ["not in the directory"]
        if cardholder_id in self._elsewhere:
            column = self._elsewhere[cardholder_id]
            notes.append(f"the column {column!r} has this number{', for somebody else' if entries else ''}")
        files, other = self._files.find(cardholder_id)
        if other and len(files) == 1:
            notes.append(f"the photo is called {files[0]}, without the same zeros")
        try:
            photo, kind = self._photo(files, bool(entries))
        except BadImage as problem:
            return replace(person, note="; ".join([*notes, *filter(None, [str(problem)])]))
        return replace(person, photo=photo, photo_type=kind, note="; ".join(notes))

    def names_of(self, numbers: Iterable[str]) -> dict[str, str]:
        """Return the names of those of these numbers that have one, without their photos.

        Where the list has the number only with other zeros, it is behind the name.
        """
        names = {}
        for number in map(str, numbers):
            entries, doubt = self._people.find(number)
            if len(entries) == 1 and entries[0].name:
                names[number] = f"{entries[0].name} ({doubt}?)" if doubt else entries[0].name
        return names

    def _photo(self, files: list[str], is_known: bool) -> tuple[bytes, str]:
        """Read a photo; `BadImage` says why there is none, or nothing where that is said already."""
        if self.photos is None:
            raise BadImage("there is no folder of photos" if is_known else "")
        if not files:
            raise BadImage(f"{self.photos.name} has no photo of this number" if is_known else "")
        if len(files) > 1:
            raise BadImage(f"{self.photos.name} has several photos of this number: {', '.join(files[:3])}")
        try:
            with open_regular(self.photos / files[0]) as file:
                content = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise BadImage(f"the photo {files[0]} cannot be read: {error.strerror}") from None
        if len(content) > MAX_BYTES:
            raise BadImage(f"the photo {files[0]} is larger than {MAX_BYTES >> 20} MiB")
        try:
            return content, check_photo(content)
        except BadImage as error:
            raise BadImage(f"the photo {files[0]} cannot be shown: {error}") from None


class Numbered(Generic[T]):
    """Things by number; several may have the same one."""

    def __init__(self, pairs: Iterable[tuple[str, T]]) -> None:
        self._things: dict[str, list[T]] = {}
        self._alike: dict[str, set[str]] = {}
        for number, thing in pairs:
            things = self._things.setdefault(number, [])
            if len(things) < SEVERAL and thing not in things:
                things.append(thing)
            self._alike.setdefault(_without_zeros(number), set()).add(number)

    def __len__(self) -> int:
        return sum(map(len, self._things.values()))

    def find(self, number: str) -> tuple[list[T], str]:
        """Return what has a number, and ""; else what has the only one that differs in leading zeros, and that one."""
        if number in self._things:
            return self._things[number], ""
        alike = self._alike.get(_without_zeros(number), set())
        if len(alike) != 1:
            return [], ""
        (other,) = alike
        return self._things[other], other


def _without_zeros(number: str) -> str:
    """Return a number of digits without leading zeros, anything else as it is."""
    return number.lstrip("0") or "0" if number.isdecimal() else number


def _people(
    rows: Sequence[Record], columns: Columns, unread: dict[str, list[int]]
) -> Iterator[tuple[str, Cardholder]]:
    """Yield number and entry of each person below the header, the first row; note in `unread` why others are not."""
    width = len(rows[0][1])
    for line, cells in rows[1:]:
        said = {
            what: cells[found[0][0]].strip() for what, found in columns.items() if found[0][0] < len(cells)
        }
        number = clean_id(said.get("number", ""))
        if any(map(str.strip, cells[width:])):
            unread.setdefault(MORE_CELLS, []).append(line)
        elif not number:
            unread.setdefault(NO_NUMBER, []).append(line)
        else:
            name = said.get("name") or f"{said.get('first', '')} {said.get('last', '')}".strip()
            yield number, Cardholder("", name, said.get("title", ""), said.get("department", ""))


def _elsewhere(rows: Sequence[Record], columns: Sequence[tuple[int, str]]) -> dict[str, str]:
    """Return the numbers in the columns that were not taken, each with the heading of its column."""
    taken = columns[0][0]
    return {
        number: heading
        for place, heading in columns[1:]
        for _, cells in rows
        if max(taken, place) < len(cells) and cells[place].strip() != cells[taken].strip()
        if (number := clean_id(cells[place]))
    }


def _header(path: Path, rows: Sequence[Record]) -> tuple[int, Columns]:
    """Return which row is the header, and what its columns are for."""
    for start, (_line, cells) in enumerate(rows[:HEADER_WITHIN]):
        headings = [re.sub(r"[\W_]", "", cell.casefold()) for cell in cells]
        columns: Columns = {}
        for what, known in COLUMNS.items():
            found = [name for name in known.split() if name in headings]
            columns |= (
                {what: [(headings.index(it), cells[headings.index(it)].strip()) for it in found]}
                if found
                else {}
            )
            if found and headings.count(found[0]) > 1 and what in ("number", "name", "first", "last"):
                raise InputError(
                    f"{path.name} has {headings.count(found[0])} columns that are called "
                    f"{cells[headings.index(found[0])].strip()!r}. Give those that are not meant another name.",
                    path=path,
                )
        if "number" in columns and ("name" in columns or "last" in columns):
            return start, columns
    first = ", ".join(cell.strip()[:40] for cell in rows[0][1][:20]) if rows else "nothing"
    raise InputError(
        f"{path.name} does not show who has which number: its first row has {first}. Call the columns number and name.",
        path=path,
    )


def _photo_files(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield number and name of each photo in a folder; neither links nor what is in folders below it."""
    try:
        with os.scandir(folder) as entries:
            for entry in islice(entries, MOST_PHOTOS):
                number, suffix = os.path.splitext(entry.name)  # noqa: PTH122 - of a name, half a million times
                if suffix.lower() in SUFFIXES and entry.is_file(follow_symlinks=False):
                    yield number.strip(), entry.name
    except OSError as error:
        raise InputError(
            f"The folder of photos {folder} cannot be read: {error.strerror}. Check the path.", path=folder
        ) from None
