"""Which cameras look at which reader, and by how much their clocks differ."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from python_calamine import CalamineError, CalamineWorkbook

from camkit.badges.delimited import DELIMITERS, records
from camkit.badges.encoding import decoded, open_text
from camkit.badges.files import Export
from camkit.badges.identifiers import cell_text, column_text
from camkit.badges.table import Record, unique
from camkit.errors import BadgeFileError, DoorsFileError, InputError

COLUMNS = ("reader_id", "door", "view", "vendor", "camera_id", "clock_offset_s")
VENDORS = ("meraki", "een")
SHEETS = frozenset({".xlsx", ".xls", ".xlsb", ".xlsm", ".ods"})
"""Suffixes of spreadsheets."""

MAX_OFFSET_S = 10 * 366 * 86400.0
"""No two clocks are further apart than ten years, seconds; a larger number is a mistake."""


@dataclass(frozen=True)
class Camera:
    """One camera that looks at a door.

    Attributes
    ----------
    vendor : str
        ``meraki`` or ``een``.
    camera_id : str
        The vendor's identifier.
    view : str
        What it shows of the door, such as ``inside``; empty for the only camera of a door.
    clock_offset_s : float
        The reader's clock minus this camera's, seconds.
    """

    vendor: str
    camera_id: str
    view: str = ""
    clock_offset_s: float = 0.0


@dataclass(frozen=True)
class Door:
    """One reader and the cameras that look at it.

    Attributes
    ----------
    reader_id : str
        As in the badge log.
    name : str
        What people call the door.
    cameras : tuple of Camera
        At least one; the first is the main camera.
    """

    reader_id: str
    name: str
    cameras: tuple[Camera, ...]

    @property
    def main(self) -> Camera:
        """The main camera."""
        return self.cameras[0]


def load_doors(path: str | Path) -> pd.DataFrame:
    """Read the map from readers to cameras.

    Parameters
    ----------
    path : str or pathlib.Path
        Text with commas, semicolons, tabs or pipes in any encoding that badge logs are read in, or the first sheet of
        a spreadsheet (``.xlsx``, ``.xls``, ``.xlsb``, ``.ods``), where a cell with an error counts as empty. It has
        the columns ``reader_id``, ``vendor`` (``meraki`` or ``een``) and ``camera_id``, and optionally ``door`` (a
        name for people), ``view`` (which of the door's cameras it is, such as ``inside``) and ``clock_offset_s`` (the
        reader's clock minus the camera's, seconds; 0 where empty). A reader has one row for each of its cameras; the
        first is the main camera. Other columns are kept.

    Returns
    -------
    pandas.DataFrame
        One row per reader and camera; text columns ``string``, ``clock_offset_s`` float64.

    Raises
    ------
    DoorsFileError
        If the file is missing or cannot be read, lacks a column, or a row cannot be used; every such row is named.
    """
    path = Path(path)
    table = _read(path)
    lacking = [name for name in ("reader_id", "vendor", "camera_id") if name not in table]
    if lacking:
        raise DoorsFileError(
            f"{path} has no column {', '.join(lacking)}; its columns are {', '.join(table.columns)}. "
            f"A doors file has {', '.join(COLUMNS)}.",
            path=path,
        )
    others = [name for name in table if name not in COLUMNS]
    table = table.reindex(columns=[*COLUMNS, *others]).astype("string")
    table["vendor"] = table["vendor"].str.lower()
    names = table.groupby("reader_id")["door"]
    table["door"] = table["door"].fillna(names.transform("first")).fillna(table["reader_id"])
    several = table["reader_id"].duplicated(keep=False)
    table["view"] = table["view"].fillna(table["camera_id"].where(several, ""))
    offset = pd.to_numeric(table["clock_offset_s"].str.replace(",", "."), errors="coerce")
    problems = {
        "no reader_id": table["reader_id"].isna(),
        "the reader has another door name above": names.transform("nunique") > 1,
        "the reader has this camera twice": _repeats(table, "vendor", "camera_id"),
        "the reader has this view twice": _repeats(table, "view"),
        "vendor is neither meraki nor een": ~table["vendor"].isin(VENDORS),
        "no camera_id": table["camera_id"].isna(),
        "clock_offset_s is not a number of seconds": table["clock_offset_s"].notna()
        & ~(offset.abs() < MAX_OFFSET_S),
    }
    wrong = [
        f"line {line}: {problem}"
        for problem, applies in problems.items()
        for line in table.index[applies.to_numpy(dtype=bool, na_value=True)]
    ]
    if wrong:
        raise DoorsFileError(f"{path} has rows that cannot be used: {'; '.join(wrong)}.", path=path)
    table["clock_offset_s"] = offset.fillna(0.0).astype("float64")
    return table.reset_index(drop=True)


def checked_doors(doors: object, *columns: str) -> pd.DataFrame:
    """Return a table of doors, of `load_doors` or made by hand, with identifiers as text and without gaps.

    Raises
    ------
    InputError
        If it is not a table, lacks ``reader_id`` or one of `columns`, or has a row that cannot be used.
    """
    if not isinstance(doors, pd.DataFrame):
        raise InputError(f"A {type(doors).__name__} is not a table of doors: give what load_doors() returns.")
    if lacking := [name for name in ("reader_id", *columns) if name not in doors]:
        raise InputError(f"The doors have no column {', '.join(lacking)}: give what load_doors() returns.")
    doors = doors.assign(**{name: column_text(doors[name]) for name in COLUMNS[:-1] if name in doors})
    identifiers = [name for name in ("reader_id", "vendor", "camera_id") if name in doors]
    for name in identifiers:
        if doors[name].isna().any():
            raise InputError(f"The doors have a row without {name}: fill it in, or leave the row out.")
    twice = doors.loc[doors.duplicated(identifiers), "reader_id"]
    if len(twice):
        raise InputError(f"The doors have a camera of reader {twice.iloc[0]} twice: leave one row for each.")
    given = doors.get("clock_offset_s", pd.Series(0.0, doors.index))
    offset = pd.to_numeric(given, errors="coerce").astype(float)
    wrong = given.notna() & ~(offset.abs() < MAX_OFFSET_S)
    if wrong.any():
        raise InputError(
            f"The doors' clock_offset_s has {given[wrong].iloc[0]}, which is not a number of seconds."
        )
    return doors.assign(clock_offset_s=offset.fillna(0.0))


def doors_by_reader(doors: pd.DataFrame) -> dict[str, Door]:
    """Return the table of doors as a look-up by reader; refuse the same as `checked_doors`."""
    table = checked_doors(doors, "door", "vendor", "camera_id", "clock_offset_s")
    table["door"] = table["door"].fillna(table["reader_id"])
    table["view"] = table["view"].fillna("") if "view" in table else ""
    found = {}
    for reader, rows in table.groupby("reader_id", sort=False):
        cameras = map(Camera, rows["vendor"], rows["camera_id"], rows["view"], rows["clock_offset_s"])
        found[str(reader)] = Door(str(reader), rows["door"].iloc[0], tuple(cameras))
    return found


def _repeats(table: pd.DataFrame, *columns: str) -> pd.Series:
    """Whether a row says the same of its reader as another row; rows without a reader do not."""
    given = table[["reader_id", *columns]]
    return given.duplicated(keep=False) & given.notna().all(axis=1)


def _read(path: Path) -> pd.DataFrame:
    """The rows as text, indexed by their lines; only an empty cell is missing: a reader may well be called NA."""
    try:
        path.stat()  # a missing file is not a file that is not text
        found = _sheet_rows(path) if path.suffix.lower() in SHEETS else _text_rows(path)
    except FileNotFoundError:
        raise DoorsFileError(f"The doors file {path} does not exist. Check the path.", path=path) from None
    except OSError as error:
        raise DoorsFileError(f"The doors file {path} cannot be read: {error.strerror}.", path=path) from None
    except (BadgeFileError, CalamineError) as error:
        raise DoorsFileError(f"The doors file {path} cannot be read: {error}", path=path) from None
    rows = [(line, [cell.strip() for cell in cells]) for line, cells in found if any(map(str.strip, cells))]
    if not rows:
        raise DoorsFileError(f"{path} is empty. A doors file has {', '.join(COLUMNS)}.", path=path)
    (_, header), *body = rows
    named = [name for name in header if name]
    if len(set(named)) < len(named):
        raise DoorsFileError(f"{path} has a column twice: {', '.join(named)}.", path=path)
    for line, row in body:
        if len(row) != len(header):
            raise DoorsFileError(
                f"{path}, line {line}, has {len(row)} cells, the header {len(header)}.", path=path, line=line
            )
    lines, cells = [line for line, _ in body], [row for _, row in body]
    return pd.DataFrame(cells, lines, unique(header), dtype="string").replace("", pd.NA)


def _text_rows(path: Path) -> list[Record]:
    """The rows of a text file, split by the delimiter that its header has most of."""
    export = Export(path)

    def lines(encoding: str) -> list[str]:
        with open_text(export, encoding) as stream:
            return list(stream.lines())

    text = decoded(export, lines)
    header = next((line for line in text if line.strip()), "")
    return list(records(text, max(DELIMITERS, key=header.count)))


def _sheet_rows(path: Path) -> list[Record]:
    """The rows of the first sheet; whole numbers are written without a fraction."""
    sheet = CalamineWorkbook.from_path(path).get_sheet_by_index(0)
    rows = enumerate(sheet.to_python(skip_empty_area=False), start=1)
    return [(line, [cell_text(cell) for cell in cells]) for line, cells in rows]
