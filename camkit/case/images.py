"""Images on disk by their SHA-256: the same bytes are stored once, and are never overwritten."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from camkit.errors import CaseError, InputError, OutputError
from camkit.support.files import make_folder, write_whole

FOLDER = "images"

SUFFIXES = {"image/jpeg": ".jpg", "image/png": ".png", "image/gif": ".gif", "image/webp": ".webp"}
"""File name endings by media type; any other type gets ``.bin``."""

_PATH = re.compile(rf"{FOLDER}/[0-9a-f]{{2}}/[0-9a-f]{{64}}\.[a-z]+")


@dataclass(frozen=True)
class StoredImage:
    """An image that is on disk.

    Attributes
    ----------
    path : str
        Relative to the folder of the case, with ``/``.
    """

    sha256: str
    path: str
    bytes: int
    media_type: str


def store_image(folder: Path, content: bytes, media_type: str, claimed: str | None = None) -> StoredImage:
    """Write an image below the folder of a case, unless it is there.

    Parameters
    ----------
    claimed : str, optional
        The SHA-256 that the image is said to have.

    Returns
    -------
    StoredImage
        Its path is ``images/ab/abcd….jpg``, after the SHA-256.

    Raises
    ------
    InputError
        If it does not have the SHA-256 that is claimed.
    CaseError
        If a file of that name holds something else.
    OutputError
        If it cannot be written; nothing half-written is left behind.
    """
    digest = sha256(content).hexdigest()
    if claimed not in (None, digest):
        raise InputError(
            f"An image does not have the SHA-256 that it claims: it has {digest}, not {claimed}."
        )
    path = folder / FOLDER / digest[:2] / f"{digest}{SUFFIXES.get(media_type, '.bin')}"
    if not path.exists():
        make_folder(path.parent)
        write_whole(path, content)
    elif _read(path) != content:
        raise _altered(path)
    return StoredImage(digest, path.relative_to(folder).as_posix(), len(content), media_type)


def is_image_path(path: str) -> bool:
    """Whether a path from the database is in the folder of images."""
    return _PATH.fullmatch(path) is not None


def image_path(folder: Path, path: str) -> Path:
    """Return where a case's image is.

    Raises
    ------
    CaseError
        If the database, which may be from somebody else, names a place outside the folder of images.
    """
    if not is_image_path(path):
        raise CaseError(
            f"The database of {folder} names an image {path!r}, which is not in its folder of images."
        )
    return folder / path


def read_image(path: Path, expected: str) -> bytes:
    """Read an image that was stored.

    Raises
    ------
    CaseError
        If the file cannot be read, or does not have the expected SHA-256.
    """
    content = _read(path)
    if sha256(content).hexdigest() != expected:
        raise _altered(path)
    return content


def copy_images(folder: Path, target: Path, paths: Iterable[str]) -> None:
    """Copy images from the folder of one case to that of another; skip those that are missing.

    Raises
    ------
    CaseError
        If a path is not in the folder of images.
    OutputError
        If one cannot be written.
    """
    for path in paths:
        source = image_path(folder, path)
        make_folder((target / path).parent)
        try:
            shutil.copyfile(source, target / path)
        except FileNotFoundError:
            continue  # verify() says so
        except OSError as error:
            raise OutputError(f"{target / path} cannot be written: {error.strerror}. Make room.") from None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CaseError(f"{path} cannot be read: {error.strerror}. Run verify() on the case.") from None


def _altered(path: Path) -> CaseError:
    return CaseError(f"{path} is not what was stored: its SHA-256 differs. Run verify() on the case.")
