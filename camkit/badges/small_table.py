"""Read a small table that the investigator brings, such as the doors: text in any encoding, or a spreadsheet."""

from __future__ import annotations

from pathlib import Path

from camkit.badges.delimited import DELIMITERS
from camkit.badges.documents import first_sheet
from camkit.badges.encoding import decoded, open_text
from camkit.badges.files import Export, sha256_of, unchanged
from camkit.badges.formats import Format, format_of
from camkit.badges.given import Given
from camkit.badges.split import Dialect, records
from camkit.badges.table import Record
from camkit.errors import BadgeFileError, InputError

MAX_TEXT = 16 << 20
"""Longest accepted text, characters: no site has so many doors."""

START = 20
"""How many lines show which delimiter the text has."""


def read_small_table(
    path: Path, what: str, error_type: type[InputError] = InputError
) -> tuple[list[Record], str]:
    """Read all rows of a table.

    Parameters
    ----------
    path : pathlib.Path
        Text with commas, semicolons, tabs or pipes in any encoding that badge logs are read in, or a spreadsheet, of
        which the first sheet is read.
    what : str
        What it is, for messages, such as ``doors file``.
    error_type : type
        Of the exception.

    Returns
    -------
    tuple of list of Record and str
        Line and cells of each row that is not blank; and the SHA-256 of the file.

    Raises
    ------
    InputError
        If it is missing, is a folder, is too large or cannot be read.
    """

    def problem(said: str) -> InputError:
        return error_type(said, path=path)

    try:
        path.stat()  # a missing file is not a file that is not text
        if path.is_dir():
            raise problem(f"{path} is a folder. Give the {what} in it.")
        with unchanged(path):
            digest = sha256_of(path)
            is_workbook = format_of(Export(path)) is Format.WORKBOOK
            found = first_sheet(path) if is_workbook else _text_rows(path, what)
    except FileNotFoundError:
        raise problem(f"The {what} {path} does not exist. Check the path.") from None
    except OSError as error:
        raise problem(f"The {what} {path} cannot be read: {error.strerror}.") from None
    except BadgeFileError as error:
        raise problem(f"{what.capitalize()}: {error}") from None
    return [(line, cells) for line, cells in found if any(map(str.strip, cells))], digest


def _text_rows(path: Path, what: str) -> list[Record]:
    """The rows of a text file, split by the delimiter that its first lines have most of."""
    export = Export(path)

    def lines(encoding: str, _doubts: list[str]) -> list[str]:
        found, size = [], 0
        with open_text(export, encoding) as stream:
            for line in stream.lines():
                found.append(line)
                size += len(line)
                if size > MAX_TEXT:
                    raise BadgeFileError(f"{path.name} is too large for a {what}.", path=path)
        return found

    text = decoded(export, lines, Given())
    start = "".join(text[:START])
    return list(records(text, Dialect(max(DELIMITERS, key=start.count))))
