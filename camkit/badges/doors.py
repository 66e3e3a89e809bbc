"""Which camera looks at which reader, and by how much their clocks differ."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from camkit.badges.require import require_doors
from camkit.errors import DoorsFileError

COLUMNS = ("reader_id", "door", "vendor", "camera_id", "clock_offset_s")
VENDORS = ("meraki", "een")

MAX_OFFSET_S = 10 * 366 * 86400.0
"""No two clocks are further apart than ten years, seconds; a larger number is a mistake."""


@dataclass(frozen=True)
class Door:
    """One reader and the camera that looks at it.

    Attributes
    ----------
    clock_offset_s : float
        The reader's clock minus the camera's, seconds.
    """

    reader_id: str
    name: str
    vendor: str
    camera_id: str
    clock_offset_s: float = 0.0


def load_doors(path: str | Path) -> pd.DataFrame:
    """Read the map from readers to cameras.

    Parameters
    ----------
    path : str or pathlib.Path
        A CSV (UTF-8) with the columns ``reader_id``, ``vendor`` (``meraki`` or ``een``) and ``camera_id``, and if
        wanted ``door`` (a name for people) and ``clock_offset_s`` (the reader's clock minus the
        camera's, seconds; 0 where empty). Further columns are kept.

    Returns
    -------
    pandas.DataFrame
        One row per reader; text columns ``string``, ``clock_offset_s`` float64.

    Raises
    ------
    DoorsFileError
        If the file is missing, lacks a column, or a row cannot be used; every such row is named.
    """
    path = Path(path)
    table = _read_csv(path)
    lacking = [name for name in ("reader_id", "vendor", "camera_id") if name not in table]
    if lacking:
        raise DoorsFileError(
            f"{path} has no column {', '.join(lacking)}; its columns are {', '.join(table.columns)}. "
            f"A doors file has {', '.join(COLUMNS)}.",
            path=path,
        )
    table["vendor"] = table["vendor"].str.lower()
    if "door" not in table:
        table["door"] = table["reader_id"]
    given = table.get("clock_offset_s", pd.Series(pd.NA, index=table.index, dtype="string"))
    offset: pd.Series = pd.to_numeric(given.fillna("").str.strip(), errors="coerce")
    problems = {
        "no reader_id": table["reader_id"].fillna("") == "",
        "the reader stands there twice": table["reader_id"].duplicated(keep=False)
        & table["reader_id"].notna(),
        "vendor is neither meraki nor een": ~table["vendor"].isin(VENDORS),
        "no camera_id": table["camera_id"].fillna("") == "",
        "clock_offset_s is no number of seconds": given.fillna("").str.strip().ne("")
        & ~(offset.abs() < MAX_OFFSET_S),
    }
    wrong = [
        f"line {line}: {problem}"
        for problem, applies in problems.items()
        for line in table.index[applies.to_numpy(dtype=bool, na_value=True)]
    ]
    if wrong:
        raise DoorsFileError(f"{path} has rows that cannot be used: {'; '.join(wrong)}.", path=path)
    table = table.reset_index(drop=True)
    offset = offset.reset_index(drop=True)
    table["door"] = table["door"].fillna(table["reader_id"])
    table["clock_offset_s"] = offset.fillna(0.0).astype("float64")
    return table[[*COLUMNS, *(name for name in table.columns if name not in COLUMNS)]]


def _read_csv(path: Path) -> pd.DataFrame:
    """The rows as text, indexed by their lines; only an empty cell is missing: a reader may well be called NA."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise DoorsFileError(f"There is no doors file {path}. Check the path.", path=path) from None
    except OSError as error:
        raise DoorsFileError(f"The doors file {path} cannot be read: {error.strerror}.", path=path) from None
    except UnicodeDecodeError:
        raise DoorsFileError(f"{path} is not UTF-8 text; save it as a CSV in UTF-8.", path=path) from None
    reader = csv.reader(io.StringIO(text, newline=""), skipinitialspace=True, strict=True)
    try:
        rows = [
            (reader.line_num, [cell.strip() for cell in row]) for row in reader if any(map(str.strip, row))
        ]
    except csv.Error as error:
        raise DoorsFileError(f"{path}, line {reader.line_num}, is no CSV: {error}.", path=path) from None
    if not rows:
        raise DoorsFileError(f"{path} is empty. A doors file has {', '.join(COLUMNS)}.", path=path)
    (_, header), *body = rows
    if len(header) == 1 and ";" in header[0]:
        raise DoorsFileError(f"{path} is separated by semicolons; save it with commas.", path=path)
    if len(set(header)) < len(header):
        raise DoorsFileError(f"{path} has a column twice: {', '.join(header)}.", path=path)
    for line, row in body:
        if len(row) != len(header):
            raise DoorsFileError(
                f"{path}, line {line}, has {len(row)} cells, the header {len(header)}.", path=path, line=line
            )
    lines = [line for line, _ in body]
    table = pd.DataFrame([row for _, row in body], columns=header, index=lines, dtype="string")
    return table.replace("", pd.NA)


def doors_by_reader(doors: pd.DataFrame) -> dict[str, Door]:
    """Return the table of doors as a look-up by reader.

    Raises
    ------
    InputError
        If it is no table of doors, lacks a column or has a reader twice.
    """
    require_doors(doors, *COLUMNS[1:])
    return {
        str(row["reader_id"]): Door(
            str(row["reader_id"]),
            str(row["door"]),
            str(row["vendor"]),
            str(row["camera_id"]),
            float(row["clock_offset_s"]),
        )
        for row in doors.to_dict("records")
    }
