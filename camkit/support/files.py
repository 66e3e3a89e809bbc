"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex

from camkit.errors import OutputError

__all__ = ["make_folder", "write_whole", "written_whole"]

_CANNOT_WRITE = {
    errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EACCES, errno.EPERM, errno.EROFS, errno.EISDIR,
    errno.ENOTDIR, errno.ENOTEMPTY, errno.EEXIST, errno.EIO,
}  # fmt: skip
"""What goes wrong with a disk; other errors of the system are somebody else's."""


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
    except FileExistsError:
        raise OutputError(f"{path} is a file, not a folder. Choose another.") from None
    except ValueError:
        raise OutputError(
            f"The folder {str(path)!r} has a character that no name of a file may have. Choose another."
        ) from None
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
    temporary = path.with_name(f".{path.name}.{token_hex(4)}.part")
    try:
        with temporary.open("xb") as file:
            file.write(content)
        temporary.replace(path)
    except BaseException as error:  # an interrupt leaves nothing behind either
        with suppress(OSError):
            temporary.unlink()
        if isinstance(error, OSError):
            raise OutputError(
                f"{path} cannot be written: {error.strerror}. Make room or choose another folder."
            ) from None
        raise


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Give a path in a new folder beside the target to write to; what is there at the end becomes the target.

    The folder is there for other things as well, and is removed.

    Raises
    ------
    OutputError
        If the disk is full, or nothing may be written there; nothing is left behind.
    """
    make_folder(path.parent)
    try:
        with tempfile.TemporaryDirectory(prefix=".new-", dir=path.parent) as aside:
            part = Path(aside) / path.name
            yield part
            part.replace(path)
    except OSError as error:
        if error.errno not in _CANNOT_WRITE:
            raise
        raise OutputError(
            f"{path} cannot be written: {error.strerror}. Make room or choose another folder."
        ) from None
