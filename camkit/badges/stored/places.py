"""What is where in the folder of a stored log."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import pyarrow as pa

from camkit.errors import InputError

T = TypeVar("T")

FORMAT = 1
"""Of the folder; a later version that changes it counts on."""

LOG, REASONS = "log.json", "reasons.parquet"

LABEL = "log_label"
"""The column of an event's label, which is the index of `StoredLog.events`."""

KINDS = ("events", "rejected", "duplicates", "ignored")
"""What rows can be; each kind has a folder."""

SITE, MONTH = PLACE = ("log_site", "log_month")
"""The columns by which the folder is divided."""

EMPTY = "no-events.parquet"
"""A table without rows: the columns of the events."""

PARTS = (*KINDS, REASONS, EMPTY)
"""What a log has in its folder beside `LOG`, which says that it is complete."""


_LONGEST = 255
"""Of the name of a folder, bytes."""


def site_folder(site: str) -> str:
    """Return the name of the folder for a site, from which its name is read again.

    Raises
    ------
    InputError
        If it is too long for a folder.
    """
    # Letters of other alphabets stay as they are: written with % they are three times as long.
    name = f"{SITE}=" + "".join(one if one > "~" or one == " " else quote(one, safe="") for one in site)
    if len(name.encode("utf-8", "surrogateescape")) > _LONGEST:
        raise InputError(
            f"The folder {site[:40]}… has too long a name for a site of the log: give it a shorter one."
        )
    return name


def require_plain(folder: Path) -> None:
    """Refuse a folder in whose name a reader of Parquet files would see a pattern, an address or a value.

    Raises
    ------
    InputError
        If there is such a character.
    """
    if taken := [sign for sign in ("*", "?", "[", "]", "::", "=") if sign in str(folder)]:
        raise InputError(
            f"The folder {folder} has {taken[0]!r} in its name, which Parquet reads as something else: choose another.",
            path=folder,
        )


def read_part(path: Path, read: Callable[[Path], T]) -> T:
    """Return what `read` makes of a file of a log.

    Raises
    ------
    InputError
        If it is not there, not a file, or cannot be read.
    """
    if not path.is_file():
        raise damaged(path.parent, f"{path.name} is not there or not a file")
    try:
        return read(path)
    except (OSError, ValueError, KeyError, pa.ArrowException):
        raise damaged(path.parent, f"{path.name} cannot be read") from None


def damaged(folder: Path, why: str) -> InputError:
    """Return the error for a log that was changed or damaged."""
    return InputError(
        f"The log in {folder} is damaged: {why}. Store it again, into another folder.", path=folder
    )
