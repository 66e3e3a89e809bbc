"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex

from camkit.errors import OutputError

__all__ = ["make_folder", "replacing", "write_whole"]

_CANNOT_WRITE = {
    errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EACCES, errno.EPERM, errno.EROFS, errno.EISDIR,
    errno.ENOTDIR, errno.ENOTEMPTY, errno.EEXIST, errno.EIO,
}  # fmt: skip
"""What can go wrong with a disk; other errors of the system have other causes."""


def make_folder(path: str | Path) -> Path:
    """Create a folder, with its parents, unless it exists.

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
            f"The name of the folder {str(path)!r} has a character that file names cannot have. Choose another."
        ) from None
    except OSError as error:
        raise OutputError(f"The folder {path} cannot be created: {error.strerror}. Choose another.") from None
    return path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path` to write to; what is there at the end becomes `path`.

    The folder has to exist.

    Raises
    ------
    OutputError
        If it cannot be written; the temporary file is removed, and what was at `path` before stays.
    """
    temporary = path.with_name(f".{path.name}.{token_hex(4)}.part")
    try:
        yield temporary
        temporary.replace(path)
    except BaseException as error:  # an interrupt leaves nothing behind either
        with suppress(OSError):
            temporary.unlink()
        if not isinstance(error, OSError):
            raise
        if error.errno not in _CANNOT_WRITE and error.filename != str(temporary):
            raise  # of another file, which was read meanwhile
        raise OutputError(
            f"{path} cannot be written: {error.strerror}. Make room or choose another folder."
        ) from None


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that is complete as soon as it appears.

    Raises
    ------
    OutputError
        As `replacing`.
    """
    with replacing(path) as temporary:
        temporary.write_bytes(content)
