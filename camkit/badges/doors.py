"""Which cameras look at which reader, and by how much their clocks differ."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import pandas as pd

from camkit.badges.identifiers import column_text
from camkit.badges.profiles import unique
from camkit.badges.small_table import read_small_table
from camkit.errors import DoorsFileError, InputError

COLUMNS = ("reader_id", "door", "view", "vendor", "camera_id", "clock_offset_s")
VENDORS = ("meraki", "een")
HEADER_WITHIN = 20
"""The header is in one of the first rows; there may be a title above it."""

NAMED = 20
"""How many rows that cannot be used a message names."""

DECIMAL_COMMA = re.compile(r"^([+-]?\d+),(\d{1,2}|\d{4,})$")
"""A number with a decimal comma; 1,000 may be a thousand and is not read."""

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
        a spreadsheet (``.xlsx``, ``.xls``, ``.xlsb``, ``.ods``). It has the columns ``reader_id``, ``vendor``
        (``meraki`` or ``een``) and ``camera_id``, and optionally ``door`` (a name for people), ``view`` (which of the
        door's cameras it is, such as ``inside``) and ``clock_offset_s`` (the reader's clock minus the camera's,
        seconds; 0 where empty). A reader has one row for each of its cameras; the first is the main camera. There may
        be a title above the header. Other columns are kept.

    Returns
    -------
    pandas.DataFrame
        One row per reader and camera; text columns ``string``, ``clock_offset_s`` float64. ``attrs["file"]`` has the
        ``path`` of the file and the ``sha256`` of what was read.

    Raises
    ------
    DoorsFileError
        If the file is missing or cannot be read, lacks a column, or a row cannot be used; every such row is named.
    """
    path = Path(path)
    table = _read(path)
    read = table.attrs
    _check_columns(path, [str(name) for name in table])
    if table.empty:
        raise DoorsFileError(f"{path} has a header but no doors below it.", path=path)
    others = [name for name in table if name not in COLUMNS]
    table = table.reindex(columns=[*COLUMNS, *others]).astype("string")
    table["vendor"] = table["vendor"].str.lower()
    names = table.groupby("reader_id")["door"]
    table["door"] = table["door"].fillna(names.transform("first")).fillna(table["reader_id"])
    several = table["reader_id"].duplicated(keep=False)
    table["view"] = table["view"].fillna(table["camera_id"].where(several, ""))
    given = table["clock_offset_s"]
    offset = pd.to_numeric(given.str.replace(DECIMAL_COMMA, r"\1.\2", regex=True), errors="coerce")
    problems = {
        "no reader_id": table["reader_id"].isna(),
        "the reader has several door names": names.transform("nunique") > 1,
        "the reader has this camera twice": _repeats(table, "vendor", "camera_id"),
        "the reader has this view twice": _repeats(table, "view"),
        "vendor is neither meraki nor een": ~table["vendor"].isin(VENDORS),
        "no camera_id": table["camera_id"].isna(),
        "clock_offset_s is not a number of seconds": given.notna() & ~(offset.abs() < MAX_OFFSET_S),
    }
    wrong = sorted(
        (line, problem)
        for problem, applies in problems.items()
        for line in table.index[applies.to_numpy(dtype=bool, na_value=True)]
    )
    if wrong:
        listed = "; ".join(f"line {line}: {problem}" for line, problem in wrong[:NAMED])
        more = f"; and {len(wrong) - NAMED:,} more" if len(wrong) > NAMED else ""
        raise DoorsFileError(f"{path} has rows that cannot be used: {listed}{more}.", path=path)
    table["clock_offset_s"] = offset.fillna(0.0).astype("float64")
    table = table.reset_index(drop=True)
    table.attrs = read
    return table


def checked_doors(doors: object, *columns: str) -> pd.DataFrame:
    """Return a table of doors, of `load_doors` or made by hand, with identifiers as text and without gaps.

    Raises
    ------
    InputError
        If it is not a table, lacks ``reader_id`` or one of `columns`, or has a row that cannot be used.
    """
    if not isinstance(doors, pd.DataFrame):
        raise InputError(
            f"A {type(doors).__name__} is not a table of doors: read one with investigation.load_doors()."
        )
    if lacking := [name for name in ("reader_id", *columns) if name not in doors]:
        raise InputError(
            f"The doors have no column {', '.join(lacking)}: read it with investigation.load_doors()."
        )
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


def _check_columns(path: Path, names: list[str]) -> None:
    """Refuse a table that lacks a column, or has one that is probably misspelt."""
    shown = ", ".join(name[:40] for name in names[:20])
    if lacking := [name for name in ("reader_id", "vendor", "camera_id") if name not in names]:
        raise DoorsFileError(
            f"{path} has no column {', '.join(lacking)}; its columns are {shown}. "
            f"A doors file has {', '.join(COLUMNS)}.",
            path=path,
        )
    absent = [name for name in COLUMNS if name not in names]
    for name in names:
        if meant := get_close_matches(name, absent, n=1, cutoff=0.85):
            raise DoorsFileError(f"{path} has a column {name}: write {meant[0]}, or rename it.", path=path)


def _read(path: Path) -> pd.DataFrame:
    """The rows as text, indexed by their lines; only an empty cell is missing: a reader may well be called NA."""
    found, digest = read_small_table(path, "doors file", DoorsFileError)
    rows = [(line, [cell.strip() for cell in cells]) for line, cells in found]
    start = next(
        (n for n, (_, cells) in enumerate(rows[:HEADER_WITHIN]) if "reader_id" in map(_known, cells)), 0
    )
    if not rows:
        raise DoorsFileError(f"{path} is empty. A doors file has {', '.join(COLUMNS)}.", path=path)
    (_, cells), *body = rows[start:]
    header = [_known(cell) for cell in cells]
    if twice := [name for name in header if name and header.count(name) > 1]:
        raise DoorsFileError(f"{path} has a column twice: {twice[0][:40]}.", path=path)
    for line, row in body:
        if len(row) != len(header):
            raise DoorsFileError(
                f"{path}, line {line}, has {len(row)} cells, the header {len(header)}.", path=path, line=line
            )
    lines, values = [line for line, _ in body], [row for _, row in body]
    table = pd.DataFrame(values, lines, unique(header), dtype="string").replace("", pd.NA)
    table.attrs["file"] = {"path": str(path), "sha256": digest}
    return table


def _known(heading: str) -> str:
    """The name of a known column however it is written, such as "Reader ID"; any other heading as it is."""
    name = re.sub(r"[\s_-]+", "_", heading.strip()).casefold()
    return name if name in COLUMNS else heading.strip()
