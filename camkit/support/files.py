"""Files that appear whole or not at all, that nobody else can read, and that a power cut does not take away."""

from __future__ import annotations

import errno
import os
import re
import shutil
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from hashlib import sha256
from io import BufferedReader
from pathlib import Path
from secrets import token_hex

from camkit.errors import OutputError
from camkit.support.disks import network_disk
from camkit.support.interrupts import interrupts_wait
from camkit.support.locks import CAN_LOCK, take

__all__ = [
    "TOO_MANY",
    "advice",
    "creating",
    "hash_regular",
    "is_leftover",
    "make_folder",
    "open_regular",
    "out_of_files",
    "remove_leftovers",
    "replacing",
    "sync",
    "working_folder",
    "write_new",
    "write_whole",
]

TOO_MANY = (errno.EMFILE, errno.ENFILE)
"""The errors of a process, or a system, that has too many files open: nothing is wrong with the file."""

_ADVICE = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), "Make room or choose another folder."),
    **dict.fromkeys(
        TOO_MANY,
        "Close other notebooks, or restart this notebook's kernel, and try again.",
    ),
    errno.EIO: "Have the disk checked, and choose another folder.",
    **dict.fromkeys(
        (
            errno.EACCES, errno.EPERM, errno.EROFS, errno.EISDIR, errno.ENOTDIR, errno.ENOTEMPTY, errno.EEXIST,
            errno.ENAMETOOLONG, errno.ELOOP, errno.ESTALE, errno.ENOENT,
        ),
        "Choose another folder.",
    ),
}  # fmt: skip
"""What to do about what can go wrong with a disk."""

_OF_DISKS = _ADVICE.keys() - {errno.ENOENT}
"""Errors that have no other causes, whatever file they name."""

_FOLLOW = os.O_RDONLY | sum(getattr(os, flag, 0) for flag in ("O_NONBLOCK", "O_CLOEXEC", "O_BINARY"))
_READ = _FOLLOW | getattr(os, "O_NOFOLLOW", 0)
"""How to open what somebody else may have put there; a system has the flags that it needs."""

_PIECE = 1 << 20
"""How much of a file is read at a time, bytes."""

_PART = re.compile(r"\..+\.[0-9a-f]{8}\.camkit\.part", re.DOTALL)
"""The names of files and folders that are being written."""


def advice(error: OSError) -> str:
    """Say what to do about something that could not be written or read."""
    return _ADVICE.get(error.errno or 0, "Check the folder.")


def out_of_files() -> OSError | None:
    """Return the error of a system that opens no more files for this process; None if it does."""
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError as error:
        return error
    return None


def make_folder(path: str | Path) -> Path:
    """Create a folder, with its parents, unless it exists; nobody else can look into those that are created.

    Raises
    ------
    OutputError
        If it cannot be created, or something else is in its place.
    """
    path = Path(path)
    try:
        missing = [folder for folder in (path, *path.parents) if not folder.exists()]
        for folder in reversed(missing):
            folder.mkdir(mode=0o700, exist_ok=True)
        path.mkdir(exist_ok=True)  # complains about a file in its place
    except FileExistsError:
        raise OutputError(f"{path} is a file, not a folder. Choose another.") from None
    except ValueError:
        raise OutputError(
            f"The name of the folder {str(path)!r} has a character that file names cannot have. Choose another."
        ) from None
    except OSError as error:
        raise OutputError(f"The folder {path} cannot be created: {error.strerror}. {advice(error)}") from None
    return path


@contextmanager
def replacing(path: Path, beside: Path | None = None) -> Iterator[Path]:
    """Give a temporary path to write to; what is there at the end becomes `path`, readable for its owner only.

    The temporary path is beside `path`, or in another folder of the same disk. The folders have to exist.

    Raises
    ------
    OutputError
        If it cannot be written; the temporary file is removed, and what was at `path` before stays.
    """
    with _part(beside or path.parent, path) as temporary:
        yield temporary
        temporary.replace(path)


@contextmanager
def creating(path: Path) -> Iterator[Path]:
    """Give a temporary path to write to; what is there at the end becomes the new file `path`, whole and on the disk.

    Raises
    ------
    FileExistsError
        If there is a file at `path` by then: it stays.
    OutputError
        As `replacing`.
    """
    with _part(path.parent, path) as temporary:
        yield temporary
        with interrupts_wait():
            ours = _placed(temporary, path)
    sync([], [path.parent])
    if not ours:
        raise FileExistsError(errno.EEXIST, "There is a file of this name", str(path))


def write_whole(path: Path, content: bytes, beside: Path | None = None) -> None:
    """Write a file that is complete as soon as it appears.

    Raises
    ------
    OutputError
        As `replacing`.
    """
    with interrupts_wait():  # nothing comes between these steps, so the care of `replacing` is not needed
        part, held = None, None
        try:
            part, held = _claimed(beside or path.parent, path.name)
            _write(part, held, content)
            part.replace(path)
            part = None
        except OSError as error:
            raise _cannot_write(path, error) from None
        finally:
            _give_back(part, held)


def write_new(path: Path, content: bytes) -> bool:
    """Write a file unless there is one; of several who do so at once, the first one's stays. Return whether it is ours.

    It survives a power cut from then on.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    try:
        with interrupts_wait(), creating(path) as part:
            part.write_bytes(content)
    except FileExistsError:
        return False
    return True


@contextmanager
def working_folder(beside: Path) -> Iterator[Path]:
    """Give a folder to work in, beside a file that is made from what is in it; it is removed at the end.

    Raises
    ------
    OutputError
        If it cannot be made.
    """
    with _claiming(beside.parent, beside, folder=True) as folder:
        yield folder


def is_leftover(name: str) -> bool:
    """Whether a file or folder of this name is one that is, or was, being written, also by an earlier release."""
    return _PART.fullmatch(name) is not None or name.startswith(".new-") or name.endswith(".part")


def remove_leftovers(folder: Path, name: str = "") -> None:
    """Remove what processes that have ended left behind in a folder while they were writing to it.

    With a name, only what became a file or folder whose name begins so.

    Whoever writes holds a lock. Where there are none, and on a network disk, whose locks another machine may not see,
    nothing is removed.
    """
    if not CAN_LOCK or network_disk(folder):
        return
    with suppress(OSError):
        for entry in [*os.scandir(folder)]:
            if _PART.fullmatch(entry.name) and entry.name.startswith(f".{name}"):
                with suppress(OSError):
                    _remove_dead(entry)


def open_regular(path: Path, *, links: bool = False) -> BufferedReader:
    """Open a file to read it if it is one, and neither a pipe nor a device, which might be waited for, or never end.

    A link is refused, too, unless `links`: those in a folder from somebody else may lead anywhere, those to a file that
    the user names are the user's.

    Raises
    ------
    OSError
        If it is something else, or cannot be opened.
    """
    with interrupts_wait():  # the number of a file that no object holds yet would stay open
        return os.fdopen(_open_regular(path, _FOLLOW if links else _READ), "rb")


def hash_regular(path: str, size: int, stopped: Callable[[], bool]) -> tuple[int, str]:
    """Return size and SHA-256 of a file, read in pieces; without a hash if it does not have the size that it should.

    For many files in threads of their own, which are not interrupted: an open file is a number here, not an object,
    since that alone takes longer than hashing a small one. A link, a pipe or a device is refused.

    Raises
    ------
    OSError
        If it is something else, or cannot be opened or read.
    """
    handle = _open_regular(path, _READ)
    try:
        found = os.fstat(handle).st_size
        digest = sha256()
        while found == size and not stopped() and (piece := os.read(handle, _PIECE)):
            digest.update(piece)
        return found, digest.hexdigest()
    finally:
        os.close(handle)


def _open_regular(path: str | Path, flags: int) -> int:
    """Open a file and return its number; `OSError` if it is not a regular one."""
    handle = os.open(path, flags)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "It is not a regular file", str(path))
    return handle


def sync(files: Iterable[Path], folders: Iterable[Path] = ()) -> None:
    """Return when files, their folders and other folders are on the disk, so that a power cut cannot take them away.

    Many at once cost hardly more than one: the file system writes them together.

    Raises
    ------
    OutputError
        If the disk does not take them.
    """
    files = [*files]
    above = {file.parent for file in files} | {*folders}
    try:
        if len(files) + len(above) < 3:
            for path in (*files, *above):
                _sync(path)
            return
        with ThreadPoolExecutor(8) as pool:
            [*pool.map(_sync, files)]
            [*pool.map(_sync, above)]
    except OSError as error:
        raise _cannot_write(Path(error.filename), error) from None


def _cannot_write(path: Path, error: OSError) -> OutputError:
    return OutputError(f"{path} cannot be written: {error.strerror}. {advice(error)}")


@contextmanager
def _part(folder: Path, path: Path) -> Iterator[Path]:
    """Give a temporary file in a folder; say of what goes wrong with it that `path` cannot be written."""
    with _claiming(folder, path) as temporary:
        try:
            yield temporary
        except OSError as error:
            if error.errno not in _OF_DISKS and error.filename not in (str(temporary), str(path)):
                raise  # of another file, which was read meanwhile
            raise _cannot_write(path, error) from None


@contextmanager
def _claiming(parent: Path, path: Path, *, folder: bool = False) -> Iterator[Path]:
    """Give a temporary file or folder for `path`, with a lock on it; it goes whatever ends the block."""
    claims: list[tuple[Path, int | None]] = []

    def give_back() -> None:
        with interrupts_wait():
            for claim, held in claims:
                if folder:
                    shutil.rmtree(claim, ignore_errors=True)
                _give_back(None if folder else claim, held)
            claims.clear()

    try:
        try:
            with interrupts_wait():
                claims.append(_claimed(parent, path.name, folder=folder))
            yield claims[0][0]
        except OSError as error:
            if claims:
                raise
            raise _cannot_write(path, error) from None
        finally:
            give_back()
    finally:
        give_back()  # Ctrl-C may come just before the first time begins


def _write(part: Path, held: int | None, content: bytes) -> None:
    """Write all of a claimed file: by the handle that holds its lock, as opening it again costs as much as writing."""
    if held is None:
        part.write_bytes(content)
        return
    left = memoryview(content)
    while left:
        left = left[os.write(held, left) :]


def _give_back(part: Path | None, held: int | None) -> None:
    """Remove a claimed file, unless it has its name by now, and end its lock."""
    if part is not None:
        with suppress(OSError):
            part.unlink()
    if held is not None:
        os.close(held)


def _placed(part: Path, path: Path) -> bool:
    """Give a new file its name unless there is one; return whether it has it."""
    sync([part])
    try:
        os.link(part, path)
    except FileExistsError:
        return False
    except OSError:  # a file system without hard links, such as a memory stick's
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError:
            return False
        try:
            part.replace(path)
        except OSError:
            path.unlink()
            raise
    return True


def _sync(path: Path) -> None:
    if sys.platform == "win32":
        if path.is_dir():
            return  # a folder cannot be opened there
        handle = os.open(path, os.O_RDWR | os.O_BINARY)  # nor a file be synced that is open for reading only
    else:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if sys.platform == "darwin":
            import fcntl  # noqa: PLC0415 - not on every system

            fcntl.fcntl(handle, fcntl.F_FULLFSYNC)  # its fsync leaves the bytes in the disk's own memory
        else:
            os.fsync(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):  # some shares cannot sync a folder
            raise OSError(error.errno, error.strerror, str(path)) from None
    finally:
        os.close(handle)


def _claimed(parent: Path, name: str, *, folder: bool = False) -> tuple[Path, int | None]:
    """Make a file or a folder to write to, with a lock on it that ends with this process; return both."""
    while True:
        path = parent / f".{name}.{token_hex(4)}.camkit.part"
        if folder:
            path.mkdir(mode=0o700)
        handle = None if folder else os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        if not CAN_LOCK:  # an open file could not be renamed there
            if handle is not None:
                os.close(handle)
            return path, None
        try:
            handle = os.open(path, _READ) if handle is None else handle
        except FileNotFoundError:  # somebody took it for a dead one's already
            continue
        with suppress(OSError):  # a file system without locks: nobody removes anything there that is in use
            take(handle)
        if path.exists():  # nobody took it for a dead one's before it was locked
            return path, handle
        os.close(handle)


def _remove_dead(entry: os.DirEntry[str]) -> None:
    """Remove what is left of a process that has ended; `OSError` if it has not."""
    handle = os.open(entry.path, _READ)
    try:
        kind = os.fstat(handle).st_mode
        take(handle)
        if stat.S_ISREG(kind):
            Path(entry.path).unlink()
        elif stat.S_ISDIR(kind):
            shutil.rmtree(entry.path)
    finally:
        os.close(handle)
