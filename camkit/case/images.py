"""Images and documents on disk by their SHA-256: the same bytes are stored once, and are never overwritten."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from camkit.errors import CaseError, InputError
from camkit.support.files import make_folder, write_whole

FOLDER = "images"

DOCUMENTS = "documents"

SUFFIXES = {"image/jpeg": ".jpg", "image/png": ".png", "image/gif": ".gif", "image/webp": ".webp"}
"""File name endings by media type; any other type gets ``.bin``."""

_PATH = re.compile(rf"({FOLDER}|{DOCUMENTS})/[0-9a-f]{{2}}/[0-9a-f]{{64}}\.[a-z]+")

_ENDING = re.compile(r"\.[a-z]{1,8}\Z")


@dataclass(frozen=True)
class StoredImage:
    """An image on disk, as a row of the table ``images``; its path is below the folder of the case, with ``/``."""

    sha256: str
    path: str
    bytes: int
    media_type: str


def store_image(folder: Path, content: bytes, media_type: str, claimed: str | None = None) -> StoredImage:
    """Write an image to ``images/ab/abcd….jpg`` below the folder of a case, after its SHA-256, unless it is there.

    `InputError` if it does not have the SHA-256 that is claimed, `CaseError` if a file of that name holds something
    else, `OutputError` if it cannot be written; nothing half-written is left behind.
    """
    digest = sha256(content).hexdigest()
    if claimed not in (None, digest):
        raise InputError(
            f"An image does not have the SHA-256 that it claims: it has {digest}, not {claimed}."
        )
    path = f"{FOLDER}/{digest[:2]}/{digest}{SUFFIXES.get(media_type, '.bin')}"
    _write(folder / path, content)
    return StoredImage(digest, path, len(content), media_type)


def store_document(folder: Path, content: bytes, name: str) -> dict[str, str | int]:
    """Write a file to ``documents/ab/abcd….csv`` in the same way; return columns of the table ``documents``.

    Its name gives the ending, and is kept in the table.
    """
    digest, ending = sha256(content).hexdigest(), _ENDING.search(name.lower())
    path = f"{DOCUMENTS}/{digest[:2]}/{digest}{ending[0] if ending else '.bin'}"
    _write(folder / path, content)
    return {"name": name, "sha256": digest, "path": path, "bytes": len(content)}


def is_image_path(path: str) -> bool:
    """Whether a path from the database is in the folder of images, or in that of documents."""
    return _PATH.fullmatch(path) is not None


def read_image(folder: Path, path: str, expected: str) -> bytes:
    """Read an image of a case; `CaseError` if it is outside its folder, cannot be read, or was altered."""
    content = _read(_inside(folder, path))
    if sha256(content).hexdigest() != expected:
        raise _altered(folder / path)
    return content


def copy_image(folder: Path, target: Path, path: str) -> None:
    """Copy an image from one case to another, unless it is missing, as `verify` says.

    `CaseError` if it is outside its folder or cannot be read, `OutputError` if it cannot be written.
    """
    source = _inside(folder, path)
    if source.exists():
        make_folder((target / path).parent)
        write_whole(target / path, _read(source))


def _write(path: Path, content: bytes) -> None:
    if not path.exists():
        make_folder(path.parent)
        write_whole(path, content)
    elif _read(path) != content:
        raise _altered(path)


def _inside(folder: Path, path: str) -> Path:
    """Return where an image is; the database may be from somebody else, and name any place."""
    if not is_image_path(path):
        raise CaseError(
            f"The database of {folder} names a file {path!r}, which is not in its folders of images and documents."
        )
    return folder / path


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CaseError(f"{path} cannot be read: {error.strerror}. Run verify() on the case.") from None


def _altered(path: Path) -> CaseError:
    return CaseError(f"{path} is not what was stored: its SHA-256 differs. Run verify() on the case.")
