"""Images and documents on disk by their SHA-256: the same bytes are stored once, and true bytes stay."""

from __future__ import annotations

import errno
import os
import re
import shutil
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from camkit.errors import CaseError, InputError, OutputError
from camkit.support.files import (
    TOO_MANY,
    advice,
    is_leftover,
    make_folder,
    open_regular,
    replacing,
    sync,
    write_whole,
)

FOLDER = "images"

DOCUMENTS = "documents"

LARGEST = 1 << 28
"""Of an image that is read into memory, bytes."""

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

    A file of that name that holds something else, as after a power cut, is replaced: only these bytes have that hash.
    The image does not survive a power cut before `sync_stored`.

    `InputError` if it does not have the SHA-256 that is claimed, `CaseError` if the folder of images is a link or
    something else, `OutputError` if it cannot be written; nothing half-written is left behind.
    """
    digest = sha256(content).hexdigest()
    if claimed not in (None, digest):
        raise InputError(
            f"An image does not have the SHA-256 that it claims: it has {digest}, not {claimed}."
        )
    path = f"{FOLDER}/{digest[:2]}/{digest}{SUFFIXES.get(media_type, '.bin')}"
    _write(folder, path, content)
    return StoredImage(digest, path, len(content), media_type)


def store_document(folder: Path, content: bytes, name: str) -> dict[str, str | int]:
    """Write a file to ``documents/ab/abcd….csv`` in the same way; return columns of the table ``documents``.

    Its name gives the ending, and is kept in the table.
    """
    digest, ending = sha256(content).hexdigest(), _ENDING.search(name.lower())
    path = f"{DOCUMENTS}/{digest[:2]}/{digest}{ending[0] if ending else '.bin'}"
    _write(folder, path, content)
    return {"name": name, "sha256": digest, "path": path, "bytes": len(content)}


def sync_stored(folder: Path, paths: Iterable[str]) -> None:
    """Return when these files are on the disk; to be called before the database vouches for them."""
    files = {folder / path for path in paths}
    if files:
        sync(files, [*{file.parent.parent for file in files}, folder])


def is_image_path(path: str) -> bool:
    """Whether a path from the database is in the folder of images, or in that of documents."""
    return _PATH.fullmatch(path) is not None


def open_image(folder: Path, path: str) -> BinaryIO:
    """Open an image or a document; `OSError` if it, or a folder above it, is a link or not what camkit makes."""
    check_folders(folder, path)
    return open_regular(folder / path)


def check_folders(folder: Path, path: str) -> None:
    """Make sure that the folders above an image or a document are folders; `OSError` if not."""
    place = folder / path
    for above in (place.parent.parent, place.parent):
        if not stat.S_ISDIR(above.lstat().st_mode):
            raise NotADirectoryError(errno.ENOTDIR, f"{above.name} is not a folder, or is a link", str(above))


def files_below(folder: Path) -> set[str]:
    """Return the files of images and documents, and leftovers of interrupted writes; no link is followed."""
    try:
        found = {path.relative_to(folder).as_posix() for path in folder.iterdir() if is_leftover(path.name)}
    except OSError as error:
        raise unreadable(folder, error) from None
    for below in (FOLDER, DOCUMENTS):
        if (folder / below).is_symlink():
            found.add(below)
            continue
        for above, folders, files in os.walk(folder / below):
            place = Path(above)
            links = [name for name in folders if (place / name).is_symlink()]
            found |= {(place / name).relative_to(folder).as_posix() for name in (*links, *files)}
    return found


def unreadable(path: Path, error: OSError) -> CaseError:
    """Say that a file or folder of a case cannot be read, and what to do."""
    said = advice(error) if error.errno in TOO_MANY else "Run verify() on the case."
    return CaseError(f"{path} cannot be read: {error.strerror}. {said}")


def read_image(folder: Path, path: str, expected: str) -> bytes:
    """Read an image of a case; `CaseError` if it is outside its folder, cannot be read, or was altered."""
    content = _read(folder, path)
    if sha256(content).hexdigest() != expected:
        raise CaseError(
            f"{folder / path} is not what was stored: its SHA-256 differs. Run verify() on the case."
        )
    return content


def copy_image(folder: Path, target: Path, path: str) -> None:
    """Give an image of one case to another on the same disk, or copy it, unless it is missing, as `verify` says.

    `CaseError` if it is outside its folder or cannot be read, `OutputError` if it cannot be written.
    """
    _check_inside(folder, path)
    try:
        open_image(folder, path).close()
    except FileNotFoundError:
        return
    except OSError as error:
        raise unreadable(folder / path, error) from None
    make_folder((target / path).parent)
    try:
        os.link(folder / path, target / path)  # one file with two names: nothing ever changes its bytes
    except OSError:
        with open_image(folder, path) as source, replacing(target / path) as part, part.open("wb") as copy:
            shutil.copyfileobj(source, copy)


def _write(folder: Path, path: str, content: bytes) -> None:
    """Write a file unless it is there and holds these bytes."""
    try:
        with open_image(folder, path) as file:
            if file.read(len(content) + 1) == content:
                return
    except NotADirectoryError as error:
        raise CaseError(
            f"{error.filename} is not a folder, or is a link. Run verify() on the case."
        ) from None
    except OSError:
        pass  # not there, or something that is not a file: it is replaced
    for above in ((folder / path).parent.parent, (folder / path).parent):
        try:
            above.mkdir(
                mode=0o700, exist_ok=True
            )  # but not the folder of the case, which may have been moved
        except OSError as error:
            raise OutputError(
                f"The folder {above} cannot be made: {error.strerror}. {advice(error)}"
            ) from None
    write_whole(folder / path, content, beside=folder)


def _check_inside(folder: Path, path: str) -> None:
    """Refuse another place; the database may be from somebody else."""
    if not is_image_path(path):
        raise CaseError(
            f"The database of {folder} names a file {path!r}, which is not in its folder of images or documents."
        )


def _read(folder: Path, path: str) -> bytes:
    _check_inside(folder, path)
    try:
        with open_image(folder, path) as file:
            if os.fstat(file.fileno()).st_size > LARGEST:
                raise OSError(errno.EFBIG, "it is larger than any picture")
            return file.read()
    except OSError as error:
        raise unreadable(folder / path, error) from None
