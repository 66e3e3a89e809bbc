"""Look through a sheet's XML in an .xlsx for errors, formulas without a value, and numbers shown with zeros."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO
from xml.parsers import expat

from camkit.support.tables.limits import Unreadable

__all__ = ["Notes", "cell_name", "sheet_notes"]

PIECE = 1 << 20
ZEROS = re.compile(r"(0{2,})(?:;.*)?")
"""A number format that only fills up with zeros."""

MARKS = (b'"e"', b"'e'", b"<f", b":f")
"""One of these is in a sheet that has errors or formulas. They are only a reason to look."""

CELL = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")


@dataclass
class Notes:
    """What a sheet's cells are beside their values; columns count from 0, rows from 1."""

    known: bool = False  # whether the formats of numbers are known
    errors: dict[int, dict[int, str]] = field(default_factory=dict)  # by row and column
    first_error: str = ""  # a cell's name
    no_value: str = ""  # the name of the first cell with a formula and no value
    digits: dict[int, bytearray] = field(default_factory=dict)  # by column: for each row, how many are shown

    def amend(self, column: int, lines: list[int], texts: list[str]) -> list[str]:
        """Put errors and zeros into the texts of a column."""
        if digits := self.digits.get(column):
            wanted = (digits[line] if line < len(digits) else 0 for line in lines)
            texts = [
                text.zfill(count) if count and text.isdecimal() else text
                for text, count in zip(texts, wanted, strict=True)
            ]
        if self.errors:
            texts = [
                self.errors.get(line, {}).get(column, text) for line, text in zip(lines, texts, strict=True)
            ]
        return texts


def cell_name(row: int, column: int) -> str:
    """Name a cell as a spreadsheet does; the row counts from 1, the column from 0.

    Examples
    --------
    >>> cell_name(2, 4), cell_name(1, 27)
    ('E2', 'AB1')
    """
    letters = ""
    column += 1
    while column:
        column, letter = divmod(column - 1, 26)
        letters = chr(65 + letter) + letters
    return f"{letters}{row}"


def sheet_notes(data: bytes, name: str) -> Notes:
    """Return what there is to know of the sheet of this name."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        part = _part_of(archive, name)
        if part is None:
            return Notes()
        digits = _digits_by_style(archive)
        notes = Notes(known=True)
        if digits or _has_marks(archive, part):
            with archive.open(part) as file:
                _Cells(notes, digits).read(file)
        return notes


def _part_of(archive: zipfile.ZipFile, name: str) -> str | None:
    """Name the part of the archive that the sheet is in."""
    found, targets = [], {}

    def sheet(tag: str, attributes: dict[str, str]) -> None:
        if tag == "sheet" and attributes.get("name") == name:
            found.append(attributes.get("id", ""))

    def relation(tag: str, attributes: dict[str, str]) -> None:
        if tag == "Relationship":
            targets[attributes.get("Id", "")] = attributes.get("Target", "")

    _parse_part(archive, "xl/workbook.xml", sheet)
    _parse_part(archive, "xl/_rels/workbook.xml.rels", relation)
    target = targets.get(found[0]) if found else None
    path = posixpath.normpath(posixpath.join("/xl", target))[1:] if target else None
    return path if path in archive.namelist() else None


def _digits_by_style(archive: zipfile.ZipFile) -> dict[str, int]:
    """Return for each style that fills up numbers with zeros how many digits it shows."""
    formats: dict[str, int] = {}
    styles: list[int] = []
    inside: list[str] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        inside.append(tag)
        if tag == "numFmt" and (zeros := ZEROS.fullmatch(attributes.get("formatCode", ""))):
            formats[attributes.get("numFmtId", "")] = min(len(zeros[1]), 255)
        elif tag == "xf" and "cellXfs" in inside:
            styles.append(formats.get(attributes.get("numFmtId", ""), 0))

    _parse_part(archive, "xl/styles.xml", start, lambda _: inside.pop())
    return {str(number): digits for number, digits in enumerate(styles) if digits}


def _has_marks(archive: zipfile.ZipFile, part: str) -> bool:
    with archive.open(part) as file:
        before = b""
        while piece := file.read(PIECE):
            text = before + piece
            if b"\0" in text or any(
                mark in text for mark in MARKS
            ):  # a zero: UTF-16, where no mark would be found
                return True
            before = piece[-3:]
    return False


class _Cells:
    """The handler of a sheet's cells."""

    def __init__(self, notes: Notes, digits: dict[str, int]) -> None:
        self._notes = notes
        self._digits_by_style = digits
        self._row = self._column = 0
        self._kind = ""
        self._formula = self._in_value = self._has_value = False
        self._text = ""

    def read(self, file: IO[bytes]) -> None:
        _parse(file, self._start, self._end, self._characters)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "row":
            self._row = _whole(attributes.get("r")) or self._row + 1
            self._column = -1
        elif tag == "c":
            self._begin_cell(attributes)
        elif tag == "f":
            self._formula = True
        elif tag in ("v", "is"):
            self._in_value, self._text = True, ""
            self._has_value = tag == "is" or self._kind == "str"

    def _begin_cell(self, attributes: dict[str, str]) -> None:
        place = CELL.fullmatch(attributes.get("r", ""))
        if place:
            self._row, self._column = int(place[2]), _column(place[1])
        else:
            self._column += 1
        self._kind = attributes.get("t", "n")
        self._formula = self._in_value = self._has_value = False
        digits = self._digits_by_style.get(attributes.get("s", ""))
        if digits and self._kind == "n":
            rows = self._notes.digits.setdefault(self._column, bytearray())
            if len(rows) <= self._row:
                rows.extend(bytes(self._row + 1 - len(rows)))
            rows[self._row] = digits

    def _characters(self, text: str) -> None:
        if self._in_value:
            self._text += text
            self._has_value = True

    def _end(self, tag: str) -> None:
        if tag == "v":
            self._in_value = False
            if self._kind == "e":
                self._notes.errors.setdefault(self._row, {})[self._column] = self._text[:40]
                self._notes.first_error = self._notes.first_error or cell_name(self._row, self._column)
        elif tag == "c" and self._formula and not self._has_value:
            self._notes.no_value = self._notes.no_value or cell_name(self._row, self._column)


def _whole(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 8 else 0


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - 64
    return number - 1


def _parse_part(
    archive: zipfile.ZipFile,
    part: str,
    start: Callable[[str, dict[str, str]], object],
    end: Callable[[str], object] | None = None,
) -> None:
    if part in archive.namelist():
        with archive.open(part) as file:
            _parse(file, start, end)


def _parse(
    file: IO[bytes],
    start: Callable[[str, dict[str, str]], object],
    end: Callable[[str], object] | None = None,
    characters: Callable[[str], object] | None = None,
) -> None:
    """Parse XML, with names without their namespace; refuse entities, which no spreadsheet program writes."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = lambda tag, attributes: start(
        _local(tag), {_local(name): value for name, value in attributes.items()}
    )
    if end is not None:
        parser.EndElementHandler = lambda tag: end(_local(tag))
    if characters is not None:
        parser.CharacterDataHandler = characters
    parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.ParseFile(file)
    except expat.ExpatError as error:
        raise Unreadable(f"its XML is damaged ({error})") from None


def _refuse(*_: object) -> None:
    raise Unreadable("its XML declares a document type or entities, which spreadsheet programs do not write")


def _local(name: str) -> str:
    return name.rpartition(":")[2]
