"""Images on disk by their SHA-256: the same bytes are kept once, and never written over."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from camkit.errors import CaseError, OutputError
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
        Below the folder of the case, with ``/``.
    """

    sha256: str
    path: str
    bytes: int
    media_type: str


def store_image(folder: Path, content: bytes, media_type: str) -> StoredImage:
    """Write an image below the folder of a case, unless it is there.

    Returns
    -------
    StoredImage
        Its path is ``images/ab/abcd….jpg``, after the SHA-256.

    Raises
    ------
    CaseError
        If a file of that name holds something else.
    OutputError
        If it cannot be written; nothing half-written is left behind.
    """
    digest = sha256(content).hexdigest()
    suffix = SUFFIXES.get(media_type, ".bin")
    path = folder / FOLDER / digest[:2] / f"{digest}{suffix}"
    if not path.exists():
        make_folder(path.parent)
        write_whole(path, content)
    else:
        read_image(path, digest)
    return StoredImage(digest, path.relative_to(folder).as_posix(), len(content), media_type)


def is_image_path(path: str) -> bool:
    """Whether a path from the database lies in the folder of images."""
    return _PATH.fullmatch(path) is not None


def image_path(folder: Path, path: str) -> Path:
    """Where a case's image lies.

    Raises
    ------
    CaseError
        If the database, which may be somebody else's, names a place outside the folder of images.
    """
    if not is_image_path(path):
        raise CaseError(f"The database of {folder} names an image {path!r}, which is no place for one.")
    return folder / path


def read_image(path: Path, expected: str) -> bytes:
    """Read an image that is on disk.

    Raises
    ------
    CaseError
        If it is gone, or is not what was stored.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CaseError(f"{path} cannot be read: {error.strerror}. Run verify() on the case.") from None
    if sha256(content).hexdigest() != expected:
        raise CaseError(f"{path} is not what was stored: its SHA-256 differs. Run verify() on the case.")
    return content


def copy_images(folder: Path, target: Path, paths: Iterable[str]) -> None:
    """Copy images from the folder of one case to that of another; one that is missing is passed over.

    Raises
    ------
    CaseError
        If a path does not lie in the folder of images.
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
