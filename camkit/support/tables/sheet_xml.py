"""Look through a sheet's XML for errors, and in an .xlsx for formulas without a value, and how numbers are shown."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import IO
from xml.parsers import expat

from camkit.support.tables.limits import Unreadable

__all__ = ["Notes", "cell_name", "ods_notes", "sheet_notes"]

PIECE = 1 << 20

FORMAT_PART = re.compile(
    r"""(?P<digit>0)|"(?P<quoted>[^"]*)"|\\(?P<escaped>.)|(?P<letter>[-+/():!^&'~{}<>=$ ])"""
    r"""|\[\$(?P<sign>[^]-]*)[^]]*\]|_.|\*.|\[(?:color ?\d+|black|blue|cyan|green|magenta|red|white|yellow)\]""",
    re.IGNORECASE,
)
"""A part of a number format whose effect on a whole number is known: digits, letters, and what shows nothing."""

NOT_SHOWN = re.compile(r"""\.[^;]*|;.*|\[[^]<>=]*\]""")
MAY_CHANGE = re.compile(r"""0[^#?;.]*0|"|\[[<>=]""")
OF_DATES = re.compile(r"[dmyhs]", re.IGNORECASE)
"""A format that is not known and has one of these shows more than the number, unless it is one of dates."""

Shown = tuple[str | None, ...]
"""What a number format shows: letters, and None for each digit."""

OTHER = 255
"""Stands for a number format that shows more than the number, in a way that is not known."""

ROW = re.compile(rb"""<row\s[^>]*?\br=["'](\d{1,7})""")

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
    formats: list[Shown] = field(default_factory=list)
    styles: dict[int, bytearray] = field(
        default_factory=dict
    )  # by column: for each row, its format's place from 1
    unknown: dict[int, str] = field(
        default_factory=dict
    )  # by column: the first cell with a format that is not known

    def amend(self, column: int, lines: list[int], texts: Iterable[object]) -> Iterable[object]:
        """Put errors, and what the formats of numbers add, into the texts of a column."""
        styles = self.styles.get(column)
        if not (styles or self.errors):
            return texts
        amended = list(map(str, texts))
        if styles:
            wanted = (styles[line] if line < len(styles) else 0 for line in lines)
            amended = [
                _shown(text, self.formats[style - 1]) if style and text.isdecimal() else text
                for text, style in zip(amended, wanted, strict=True)
            ]
        return [
            self.errors.get(line, {}).get(column, text) for line, text in zip(lines, amended, strict=True)
        ]


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
        notes = Notes(known=True)
        styles = _styles(archive, notes.formats)
        if styles or _has_marks(archive, part):
            with archive.open(part) as file:
                _Cells(notes, styles).read(file)
        return notes


def ods_notes(data: bytes, name: str) -> Notes:
    """Return the errors in a sheet of an .ods."""
    notes = Notes()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if "content.xml" in archive.namelist() and _has_marks(archive, "content.xml", (b"error",)):
            with archive.open("content.xml") as file:
                errors = _OdsErrors(notes, name)
                _parse(file, errors.start, errors.end, errors.characters, whole_names=True)
    return notes


def _shown(number: str, letters: Shown) -> str:
    """Write a whole number as its format shows it.

    Examples
    --------
    >>> _shown("42", ("E", None, None, None)), _shown("12345", (None, "-", None))
    ('E042', '1234-5')
    """
    places = letters.count(None)
    digits = iter(number.zfill(places))
    first = "".join(islice(digits, len(number) - places)) if len(number) > places else ""
    at = letters.index(None)
    return "".join(
        (first if n == at else "") + (next(digits) if letter is None else letter)
        for n, letter in enumerate(letters)
    )


def _format(code: str) -> Shown | None:
    """Return what a number format shows; nothing if that is only the number, None if it is not known."""
    letters: list[str | None] = []
    at = 0
    while at < len(code) and code[at] != ";":
        part = FORMAT_PART.match(code, at)
        if part is None:
            rest = NOT_SHOWN.sub("", code)
            return (
                None if MAY_CHANGE.search(rest) and not OF_DATES.search(re.sub('"[^"]*"', "", rest)) else ()
            )
        letters += (
            [None] if part["digit"] else filter(None, part.group("quoted", "escaped", "letter", "sign"))
        )
        at = part.end()
    places = letters.count(None)
    says_more = places > 1 or any(letter and letter.strip() for letter in letters)
    return (tuple(letters) if places else None) if says_more else ()


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


def _styles(archive: zipfile.ZipFile, known: list[Shown]) -> dict[str, int]:
    """Return for each style that shows more than a number the place of its format, from 1, or `OTHER`; add formats."""
    formats: dict[str, int] = {}
    styles: list[int] = []
    inside: list[str] = []

    def start(tag: str, attributes: dict[str, str]) -> None:
        inside.append(tag)
        if tag == "numFmt" and (shown := _format(attributes.get("formatCode", "")[:255])) != ():
            if shown is not None and len(known) < OTHER - 1:
                known.append(shown)
            formats[attributes.get("numFmtId", "")] = OTHER if shown is None else len(known)
        elif tag == "xf" and "cellXfs" in inside:
            styles.append(formats.get(attributes.get("numFmtId", ""), 0))

    _parse_part(archive, "xl/styles.xml", start, lambda _: inside.pop())
    return {str(number): style for number, style in enumerate(styles) if style}


def _has_marks(archive: zipfile.ZipFile, part: str, marks: tuple[bytes, ...] = MARKS) -> bool:
    """Whether a part has one of the marks, or rows whose numbers do not grow."""
    with archive.open(part) as file:
        before, last = b"", 0
        while piece := file.read(PIECE):
            text = before + piece
            if b"\0" in text or any(
                mark in text for mark in marks
            ):  # a zero: UTF-16, where no mark would be found
                return True
            for row in map(int, ROW.findall(text)):
                if row <= last:
                    return True
                last = row
            before = piece[-5:]
    return False


class _Cells:
    """The handler of a sheet's cells."""

    def __init__(self, notes: Notes, styles: dict[str, int]) -> None:
        self._notes = notes
        self._styles = styles
        self._row = self._column = 0
        self._rows: set[int] = set()
        self._kind = ""
        self._formula = self._in_value = self._has_value = False
        self._text = ""

    def read(self, file: IO[bytes]) -> None:
        _parse(file, self._start, self._end, self._characters)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "row":
            self._row = _whole(attributes.get("r")) or self._row + 1
            self._column = -1
            if self._row in self._rows:
                raise Unreadable(f"it has row {self._row} twice, and only one of them would be read")
            self._rows.add(self._row)
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
        style = self._styles.get(attributes.get("s", ""))
        if style == OTHER and self._kind == "n":
            self._notes.unknown.setdefault(self._column, cell_name(self._row, self._column))
        elif style and self._kind == "n":
            rows = self._notes.styles.setdefault(self._column, bytearray())
            if len(rows) <= self._row:
                rows.extend(bytes(self._row + 1 - len(rows)))
            rows[self._row] = style

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


class _OdsErrors:
    """The handler of an .ods: it finds the cells of a sheet that have an error."""

    def __init__(self, notes: Notes, name: str) -> None:
        self._notes = notes
        self._name = name
        self._inside = False
        self._row = self._column = 1  # where the next cell is; both from 1
        self._high = self._wide = 1
        self._text: list[str] | None = None

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "table:table":
            self._inside = attributes.get("table:name") == self._name
            self._row, self._high = 0, 1
        elif tag == "table:table-row":
            self._row += self._high
            self._high = _whole(attributes.get("table:number-rows-repeated")) or 1
            self._column = self._wide = 0
        elif tag in ("table:table-cell", "table:covered-table-cell"):
            self._column += self._wide
            self._wide = _whole(attributes.get("table:number-columns-repeated")) or 1
            is_error = attributes.get("calcext:value-type") == "error"
            self._text = [] if self._inside and is_error else None

    def characters(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def end(self, tag: str) -> None:
        if tag == "table:table-cell" and self._text is not None:
            text, self._text = "".join(self._text)[:40] or "#ERR!", None
            for row in range(self._row, self._row + min(self._high, 1_000)):
                cells = dict.fromkeys(range(self._column, self._column + min(self._wide, 1_000)), text)
                self._notes.errors.setdefault(row, {}).update(cells)
            self._notes.first_error = self._notes.first_error or cell_name(self._row, self._column)


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
    *,
    whole_names: bool = False,
) -> None:
    """Parse XML, with names without their namespace or whole; refuse entities, which no spreadsheet program writes."""
    local: Callable[[str], str] = str if whole_names else _local
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = lambda tag, attributes: start(
        local(tag), {local(name): value for name, value in attributes.items()}
    )
    if end is not None:
        parser.EndElementHandler = lambda tag: end(local(tag))
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
