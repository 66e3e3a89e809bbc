"""Find the exports: files, folders and archives, opened as bytes with a limit on what they unpack to."""

from __future__ import annotations

import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from os import PathLike
from pathlib import Path, PurePosixPath
from typing import IO, Any

from camkit.errors import BadgeFileError

SUFFIXES = frozenset({".csv", ".tsv", ".txt", ".dat", ".log", ".gz", ".zip"})
"""The files that are taken from a folder or an archive. A file that is named itself may have any suffix."""

MAX_UNPACKED = 8 << 30
"""Largest unpacked size of one export, bytes."""

MAX_RATIO = 200
"""Largest unpacked size over packed size. Badge logs shrink to a tenth or a fortieth."""

RATIO_COUNTS_FROM = 16 << 20
"""Below this unpacked size, bytes, the ratio does not matter."""


@dataclass(frozen=True)
class Export:
    """One file to read, or a member of a zip archive."""

    path: Path
    member: str | None = None

    @property
    def name(self) -> str:
        """The name in the log: the file's, and the member's after a slash."""
        return self.path.name if self.member is None else f"{self.path.name}/{self.member}"

    @property
    def full_name(self) -> str:
        """The name with the path that was passed, for files of the same name."""
        return str(self.path) if self.member is None else f"{self.path}/{self.member}"

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """Open the unpacked bytes; a failure while they are read is a `BadgeFileError`."""
        with _explained(self.path, self.name), self.path.open("rb") as packed:
            if self.member is not None:
                with zipfile.ZipFile(packed) as archive, archive.open(self.member) as unpacked:
                    size = archive.getinfo(self.member).compress_size
                    yield io.BufferedReader(_Capped(unpacked, size, self))
            elif _starts_with(packed, b"\x1f\x8b"):
                with gzip.GzipFile(fileobj=packed) as unpacked:
                    yield io.BufferedReader(_Capped(unpacked, self.path.stat().st_size, self))
            else:
                yield packed


def find_exports(paths: str | PathLike[str] | Iterable[str | PathLike[str]]) -> list[Export]:
    """List the exports behind one path or several: files as they are, folders and archives by their members."""
    given: list[Any] = (
        list(paths) if isinstance(paths, Iterable) and not isinstance(paths, str | PathLike) else [paths]
    )
    if not given:
        raise BadgeFileError("No file is named: name a badge export, several in a list, or a folder of them.")
    for path in given:
        if not isinstance(path, str | PathLike):
            raise BadgeFileError(
                f"{path!r} is not the name of a file: name a badge export, several in a list, or a folder of them."
            )
        if "://" in str(path):
            raise BadgeFileError(f"{path} is a web address: download the export and name that file.")
    return [export for path in given for export in _behind(Path(path))]


def _behind(path: Path) -> list[Export]:
    with _explained(path, str(path)):
        return [export for file in _files(path) for export in _members(file)]


@contextmanager
def _explained(path: Path, name: str) -> Iterator[None]:
    """Turn what goes wrong with a file into a `BadgeFileError`."""
    try:
        yield
    except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError) as error:
        raise BadgeFileError(f"{name} is a damaged archive: {error}.", path=path) from error
    except OSError as error:
        raise BadgeFileError(f"{name} cannot be read: {error.strerror or error}.", path=path) from error


@contextmanager
def unchanged(path: Path) -> Iterator[None]:
    """Fail if the file is written to while the block runs: what was read would be incomplete or mixed."""
    before = _identity(path)
    yield
    if _identity(path) != before:
        raise BadgeFileError(
            f"{path.name} changed while it was read: wait until the export is complete, or copy the file first.",
            path=path,
        )


def _identity(path: Path) -> tuple[int, int, int]:
    with _explained(path, str(path)):
        stat = path.stat()
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if _looks_like_export(file.name) and file.is_file())
        if not files:
            suffixes = " ".join(sorted(SUFFIXES))
            raise BadgeFileError(
                f"The folder {path} does not contain a badge export ({suffixes}).", path=path
            )
        return files
    if not path.exists():
        raise BadgeFileError(f"The file {path} does not exist: check the path.", path=path)
    if not path.is_file():
        raise BadgeFileError(f"{path} is not a regular file: copy the export to a file first.", path=path)
    return [path]


def _members(path: Path) -> list[Export]:
    with path.open("rb") as file:
        if not _starts_with(file, b"PK\x03\x04"):
            return [Export(path)]
        with zipfile.ZipFile(file) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
    if any(info.filename == "[Content_Types].xml" for info in infos):
        raise BadgeFileError(f"{path.name} is an Office document: save the sheet as CSV first.", path=path)
    texts = [info for info in infos if _looks_like_export(info.filename)]
    if not texts:
        raise BadgeFileError(
            f"{path.name} does not contain a badge export among its {len(infos)} files.", path=path
        )
    for info in texts:
        if info.flag_bits & 1:
            raise BadgeFileError(f"{path.name} is protected by a password: unpack it first.", path=path)
    return [Export(path, info.filename) for info in texts]


def _looks_like_export(name: str) -> bool:
    *folders, file = PurePosixPath(name).parts
    return (
        PurePosixPath(file).suffix.lower() in SUFFIXES
        and not file.startswith(".")
        and "__MACOSX" not in folders
    )


def _starts_with(file: IO[bytes], magic: bytes) -> bool:
    found = file.read(len(magic)) == magic
    file.seek(0)
    return found


class _Capped(io.RawIOBase):
    """Unpacked bytes, up to the limits: this stops a zip bomb."""

    def __init__(self, unpacked: IO[bytes] | gzip.GzipFile, packed_size: int, export: Export) -> None:
        self._unpacked = unpacked
        self._packed_size = packed_size
        self._export = export
        self._size = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._unpacked.read(len(buffer))
        self._size += len(data)
        limit = min(MAX_UNPACKED, max(RATIO_COUNTS_FROM, MAX_RATIO * self._packed_size))
        if self._size > limit:
            raise BadgeFileError(
                f"{self._export.name} unpacks from {self._packed_size:,} to more than {limit:,} bytes, "
                "more than any badge log does: unpack it yourself if you trust it.",
                path=self._export.path,
            )
        buffer[: len(data)] = data
        return len(data)
