"""Find the exports: files, folders and archives, opened as bytes with a limit on what they unpack to."""

from __future__ import annotations

import gzip
import io
import lzma
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from hashlib import file_digest, sha256
from os import PathLike
from pathlib import Path, PurePosixPath
from typing import IO, Any

from camkit.errors import BadgeFileError
from camkit.support.files import open_regular
from camkit.visible import visible

SUFFIXES = frozenset(
    ".csv .tsv .txt .dat .log .gz .zip .xlsx .xls .xlsb .xlsm .ods .json .ndjson .jsonl .html .htm".split()
)
"""The files that are taken from a folder or an archive. A file that is named itself may have any suffix."""

DOCUMENT_PARTS = frozenset({"[Content_Types].xml", "content.xml", "Index/Document.iwa"})
"""An archive with one of these parts is a workbook or another document, and an export by itself."""

OF_THE_SYSTEM = frozenset({".DS_Store", "Thumbs.db", "desktop.ini", "__MACOSX"})
"""What Windows and macOS put into every folder and archive. It is not listed as left out."""

SMALL = 4 << 20
"""A file of up to so many bytes is read at once."""

MAX_UNPACKED = 8 << 30
"""Largest unpacked size of one export, bytes."""

MAX_RATIO = 200
"""Largest unpacked size over packed size, of an archive with all its members. Logs shrink to a tenth or a fortieth."""

ALWAYS_ALLOWED = 1 << 20
"""Up to this unpacked size, bytes, the ratio does not matter."""

MAX_LINES = 4
"""Most lines in each packed byte. A line of a badge log takes two to eight packed bytes."""

MAX_MEMBERS = 1_000
"""Most exports in one archive."""

SHOWN = 5
"""How many files a sentence names."""


@dataclass(frozen=True)
class SourceFile:
    """A file as it was when it was read.

    Attributes
    ----------
    path : pathlib.Path
        Where it was.
    name : str
        How the log calls it: its events have this in ``file``, or begin with it if they are from an archive.
    sha256 : str
        Of its bytes, hexadecimal.
    """

    path: Path
    name: str
    sha256: str


@dataclass(frozen=True)
class LeftOut:
    """A file in a folder or an archive that is not read.

    Attributes
    ----------
    found_in : pathlib.Path
        The folder or archive.
    file : str
        Its name, as that of an `Export`; a folder's ends with a slash.
    reason : str
        Why it is not read: the end of a sentence, or a sentence that begins with `file`.
    """

    found_in: Path
    file: str
    reason: str


@dataclass(frozen=True)
class Export:
    """One file to read, or a member of a zip archive; `found_in` is the folder or archive that was named for it."""

    path: Path
    member: str | None = None
    found_in: Path | None = None
    number: int = 1  # among the members of the same name
    content: bytes | None = field(default=None, repr=False, compare=False)  # of the file, where it is held

    def held(self) -> Export:
        """The same, with the bytes of a small file in memory: it is opened once, whoever looks at it."""
        if not self.is_small():
            return self
        with _explained(self.path, self.name), open_regular(self.path, links=True) as file:
            return replace(self, content=file.read())

    def is_small(self) -> bool:
        """Whether it is a file that fits well into memory."""
        with suppress(OSError):
            return self.member is None and self.path.stat().st_size <= SMALL
        return False

    def sha256(self) -> str:
        """Return the SHA-256 of the file, hexadecimal."""
        return sha256_of(self.path) if self.content is None else sha256(self.content).hexdigest()

    @property
    def name(self) -> str:
        """The name in the log: the file's, and the member's after a slash."""
        return visible(f"{self.path.name}{self._inside}")

    @property
    def full_name(self) -> str:
        """The name with the path that was passed, for files of the same name."""
        return visible(f"{self.path}{self._inside}")

    @property
    def _inside(self) -> str:
        number = f" ({self.number})" if self.number > 1 else ""
        return "" if self.member is None else f"/{self.member}{number}"

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """Open the unpacked bytes; a failure while they are read is a `BadgeFileError`."""
        with _explained(self.path, self.name), self._packed() as packed:
            if self.member is not None:
                with zipfile.ZipFile(packed) as archive:
                    same = [info for info in archive.infolist() if info.filename == self.member]
                    info = same[self.number - 1]
                    with archive.open(info) as unpacked:
                        # No more than the size that the archive declares is unpacked, and `_members` adds those up.
                        yield io.BufferedReader(_Capped(unpacked, info.compress_size, self))
            elif _starts_with(packed, b"\x1f\x8b"):
                with gzip.GzipFile(fileobj=packed) as unpacked:
                    yield io.BufferedReader(_Capped(unpacked, self.path.stat().st_size, self))
            else:
                yield packed

    def _packed(self) -> IO[bytes]:
        return open_regular(self.path, links=True) if self.content is None else io.BytesIO(self.content)


def find_exports(
    paths: str | PathLike[str] | Iterable[str | PathLike[str]],
) -> tuple[list[Export], list[LeftOut]]:
    """List the exports behind one path or several, and what else is there.

    A file is taken as it is; of folders and archives, the members that look like exports. What a path leads to a second
    time is left out.
    """
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
    exports: dict[tuple[Path, str | None, int], Export] = {}
    left_out: list[LeftOut] = []
    for path in map(Path, given):
        with _explained(path, str(path)):
            found, others = _in_folder(path) if path.is_dir() else _in_file(path, None)
        left_out += others
        for export in found:
            place = export.path.resolve(), export.member, export.number
            if place in exports:
                reason = "named more than once, and read once"
                left_out.append(LeftOut(export.found_in or export.path, export.name, reason))
            if place not in exports or export.found_in is None:
                exports[place] = export
    return [*exports.values()], left_out


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


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal."""
    with _explained(path, str(path)), open_regular(path, links=True) as file:
        return file_digest(file, "sha256").hexdigest()


def _identity(path: Path) -> tuple[int, int, int]:
    with _explained(path, str(path)):
        stat = path.stat()
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def _in_folder(folder: Path) -> tuple[list[Export], list[LeftOut]]:
    """List what is in a folder, in the order of names; what cannot be opened is left out."""
    exports: list[Export] = []
    left_out: list[LeftOut] = []
    for path in sorted(folder.iterdir()):
        if path.name in OF_THE_SYSTEM:
            continue
        try:
            reason = _why_not_an_export(path.name) if path.is_file() else _what_else(path)
            reason = reason or _where_to(path, folder)
            found, others = ([], []) if reason else _in_file(path, folder)
        except (BadgeFileError, OSError) as error:
            found, others, reason = [], [], str(error)
        exports += found
        left_out += others
        if reason:
            left_out.append(LeftOut(folder, visible(path.name) + "/" * path.is_dir(), reason))
    if not exports:
        raise nothing_to_read(folder, left_out)
    return exports, left_out


def _in_file(path: Path, folder: Path | None) -> tuple[list[Export], list[LeftOut]]:
    """Return the file, or what is in it if it is an archive."""
    if not path.exists():
        where = path.absolute().parent
        raise BadgeFileError(
            f"The file {path} does not exist in the folder {where}: check the name and the folder.", path=path
        )
    if not path.is_file():
        raise BadgeFileError(f"{path} is not a regular file: copy the export to a file first.", path=path)
    with _explained(path, path.name), open_regular(path, links=True) as file:
        if not _starts_with(file, b"PK\x03\x04"):
            return [Export(path, None, folder)], []
        with zipfile.ZipFile(file) as archive:
            infos = [info for info in archive.infolist() if not info.is_dir()]
    if any(info.filename in DOCUMENT_PARTS for info in infos):
        return [Export(path, None, folder)], []
    return _members(path, infos, folder or path)


def _members(path: Path, infos: list[zipfile.ZipInfo], found_in: Path) -> tuple[list[Export], list[LeftOut]]:
    """List what is in an archive."""
    exports: list[Export] = []
    left_out: list[LeftOut] = []
    taken: list[zipfile.ZipInfo] = []
    numbers: Counter[str] = Counter()
    for info in infos:
        numbers[info.filename] += 1
        export = Export(path, info.filename, found_in, numbers[info.filename])
        if OF_THE_SYSTEM.intersection(PurePosixPath(info.filename).parts):
            continue
        if reason := _why_not_an_export(PurePosixPath(info.filename).name):
            left_out.append(LeftOut(found_in, export.name, reason))
        else:
            exports.append(export)
            taken.append(info)
    if not exports:
        raise BadgeFileError(
            f"{path.name} does not contain a badge export among its {len(infos)} files.", path=path
        )
    _require_modest(path, taken)
    if any(info.flag_bits & 1 for info in taken):
        raise BadgeFileError(f"{path.name} is protected by a password: unpack it first.", path=path)
    return exports, left_out


def nothing_to_read(found_in: Path, left_out: list[LeftOut]) -> BadgeFileError:
    """Return the error to raise where nothing in a folder or an archive can be read: it says why of each file."""
    said = [other for other in left_out if other.found_in == found_in]
    reasons = [one.reason if one.reason.startswith(one.file) else f"{one.file}: {one.reason}" for one in said]
    more = [f"and {len(said) - SHOWN:,} more"] if len(said) > SHOWN else []
    listed = "; ".join(reason.rstrip(".") for reason in reasons[:SHOWN] + more)
    suffixes = " ".join(sorted(SUFFIXES))
    return BadgeFileError(
        f"{found_in} does not contain a badge export that can be read ({suffixes}). {listed}".strip().rstrip(
            "."
        )
        + ".",
        path=found_in,
    )


def _require_modest(path: Path, members: list[zipfile.ZipInfo]) -> None:
    """Refuse a zip bomb before anything is unpacked: many members, each small, or one stretch of bytes used by many."""
    size = path.stat().st_size
    if len(members) > MAX_MEMBERS:
        raise BadgeFileError(
            f"{path.name} contains {len(members):,} exports, more than {MAX_MEMBERS:,}: unpack it, and load them in "
            "parts.",
            path=path,
        )
    if sum(info.compress_size for info in members) > size:
        raise BadgeFileError(
            f"{path.name} is a damaged archive: its files overlap. Export it again.", path=path
        )
    unpacked, limit = sum(info.file_size for info in members), _limit(size)
    if unpacked > limit:
        raise _too_large(path.name, path, size, f"{limit:,} bytes")


def _limit(packed_size: int) -> int:
    """The largest unpacked size that is accepted, bytes."""
    return min(MAX_UNPACKED, max(ALWAYS_ALLOWED, MAX_RATIO * packed_size))


def _too_large(name: str, path: Path, packed_size: int, limit: str) -> BadgeFileError:
    return BadgeFileError(
        f"{name} unpacks from {packed_size:,} bytes to more than {limit}, more than any badge log does: unpack it "
        "yourself if you trust it.",
        path=path,
    )


def _why_not_an_export(name: str) -> str | None:
    """Say why a file of this name is not read; None if it may be an export."""
    if name.startswith((".", "~$")):
        return "a hidden file"
    if PurePosixPath(name).suffix.lower() in SUFFIXES:
        return None
    return "its name does not end as that of an export; name the file itself if it is one"


def _what_else(path: Path) -> str:
    """Say what a name in a folder leads to that is not a file."""
    if path.is_dir():
        return "a folder in the folder; name it too if its files are to be read"
    return "not a regular file"


def _where_to(path: Path, folder: Path) -> str | None:
    """Say that a link leads out of the folder: whoever filled the folder may have no right to that file."""
    if not path.is_symlink() or path.resolve().is_relative_to(folder.resolve()):
        return None
    return "a link that leads out of the folder; name the file itself if it is to be read"


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
        self._size = self._lines = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._unpacked.read(len(buffer))
        self._size += len(data)
        self._lines += max(data.count(b"\n"), data.count(b"\r"))
        limit, lines = _limit(self._packed_size), MAX_LINES * self._packed_size
        if self._size > limit or self._lines > lines:
            said = f"{limit:,} bytes" if self._size > limit else f"{lines:,} lines"
            raise _too_large(self._export.name, self._export.path, self._packed_size, said)
        buffer[: len(data)] = data
        return len(data)
