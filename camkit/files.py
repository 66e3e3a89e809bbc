"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from camkit.errors import OutputError


def make_folder(path: str | Path) -> Path:
    """Create a folder where it is missing.

    Raises
    ------
    OutputError
        If it cannot be created, or something else is in its place.
    """
    path = Path(path)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"The folder {path} cannot be made: {error.strerror}. Choose another.") from None
    return path


def write_whole(path: Path, content: bytes) -> None:
    """Write a file under a temporary name in its folder, then give it its name.

    Raises
    ------
    OutputError
        If it cannot be written; nothing is left behind.
    """
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(prefix=".", suffix=".part", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise OutputError(
                f"{path} cannot be written: {error.strerror}. Make room or choose another folder."
            ) from None
        raise
