"""A lock that ends with its process, however that ends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from camkit.errors import InUse, OutputError
from camkit.support.interrupts import interrupts_wait

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

__all__ = ["CAN_LOCK", "locked", "take"]

CAN_LOCK = fcntl is not None
"""Whether the system has locks that end with their process. Windows does not."""


def take(handle: int) -> None:
    """Lock an open file or folder until it is closed.

    Raises
    ------
    BlockingIOError
        If somebody else holds it.
    OSError
        If the file system has no locks.
    """
    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def locked(path: Path, doing: str) -> Iterator[None]:
    """Hold a lock while the block runs; nobody waits for it.

    Parameters
    ----------
    path : pathlib.Path
        The lock's file: it is there while the lock is held. One that a killed process left does not matter.
    doing : str
        What the lock is for, as in "download of camera 1003b18a into out".

    Raises
    ------
    InUse
        If somebody else holds it, in this process or another.
    OutputError
        If the file cannot be written.

    Notes
    -----
    The operating system keeps the lock (``flock``) and releases it when the process ends. Without `CAN_LOCK` there is
    none.
    """
    if not CAN_LOCK:
        yield
        return
    file = None
    try:
        with interrupts_wait():
            file = _opened(path, doing)
        yield
    finally:
        if file is not None:
            with interrupts_wait(), file:
                path.unlink(
                    missing_ok=True
                )  # while it is held: whoever has opened this file meanwhile tries again


def _opened(path: Path, doing: str) -> IO[bytes]:
    """The lock's file, locked."""
    while True:
        try:
            file = open(path, "ab", opener=_open)  # noqa: SIM115 - closed by the caller
        except OSError as error:
            raise OutputError(f"{path} cannot be written: {error.strerror}. Choose another folder.") from None
        try:
            take(file.fileno())
            if _is_at(file, path):
                return file
        except BlockingIOError:
            file.close()
            raise InUse(
                f"Another {doing} is running. Wait until it has ended, or choose another folder."
            ) from None
        except OSError as error:
            file.close()
            raise OutputError(
                f"{path} cannot be locked: {error.strerror}. Choose a folder on a disk of this machine."
            ) from None
        file.close()


def _open(path: str, flags: int) -> int:
    """Open without following a link or waiting for the reader of a pipe."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)


def _is_at(file: IO[bytes], path: Path) -> bool:
    """Whether a file is still at its path: whoever held the lock before may have removed it meanwhile."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.lstat())
    except FileNotFoundError:
        return False
