"""Write a BagIt 1.0 bag (RFC 8493) as a zip file, the same bytes for the same content."""

from __future__ import annotations

import hashlib
import stat
import zipfile
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from camkit.case.images import is_image_path
from camkit.errors import CaseError
from camkit.support.files import open_regular
from camkit.visible import one_line

ALGORITHMS = ("sha256", "sha512")

_DECLARATION = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"

_PACKED = frozenset({".jpg", ".png", ".gif", ".webp", ".zip", ".parquet"})
"""Endings of files that compressing does not make smaller."""

_PIECE = 1 << 20


def write_bag_zip(
    target: Path, top: str, payload: Iterable[tuple[str, Path]], info: Mapping[str, str], at: datetime
) -> None:
    """Write a bag.

    Parameters
    ----------
    target : pathlib.Path
        The zip file.
    top : str
        The folder in it.
    payload : iterable of (str, pathlib.Path)
        The files, each with its path below ``data/``, with ``/``.
    info : mapping of str to str
        The fields of ``bag-info.txt``; a line break in one becomes a space. ``Payload-Oxum`` is added.
    at : datetime.datetime
        The time of all files, UTC-aware.

    Raises
    ------
    CaseError
        If an image is not what its name says.
    OSError
        If a file cannot be read, or the zip cannot be written.
    """
    with zipfile.ZipFile(target, "w") as archive:
        bag = _Bag(archive, top, at)
        manifests: dict[str, str] = dict.fromkeys(ALGORITHMS, "")
        size = count = 0
        for name, file in payload:
            with open_regular(file) as source:
                digests, length = bag.add(f"data/{name}", source)
            if is_image_path(name) and digests["sha256"] != Path(name).stem:
                raise CaseError(
                    f"The image {name} was altered while the bag was made. Run verify() on the case."
                )
            for algorithm, digest in digests.items():
                manifests[algorithm] += f"{digest}  data/{name}\n"
            size, count = size + length, count + 1
        lines = {**info, "Payload-Oxum": f"{size}.{count}"}
        tags = {
            "bagit.txt": _DECLARATION,
            "bag-info.txt": "".join(f"{name}: {one_line(value)}\n" for name, value in sorted(lines.items())),
            **{f"manifest-{algorithm}.txt": text for algorithm, text in manifests.items()},
        }
        contents = {name: text.encode() for name, text in tags.items()}
        for algorithm in ALGORITHMS:
            contents[f"tagmanifest-{algorithm}.txt"] = "".join(
                f"{hashlib.new(algorithm, contents[name]).hexdigest()}  {name}\n" for name in tags
            ).encode()
        for name, content in contents.items():
            bag.add_text(name, content)


class _Bag:
    """The zip file of a bag while it is written."""

    def __init__(self, archive: zipfile.ZipFile, top: str, at: datetime) -> None:
        moment = max(at.astimezone(UTC), datetime(1980, 1, 1, tzinfo=UTC))  # a zip knows no earlier time
        self._archive, self._top = archive, top
        self._time = (moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)

    def add(self, name: str, source: IO[bytes]) -> tuple[dict[str, str], int]:
        """Add a file in pieces; return its hashes and its size, bytes."""
        hashes = {algorithm: hashlib.new(algorithm) for algorithm in ALGORITHMS}
        length = 0
        with self._archive.open(self._entry(name), "w", force_zip64=True) as inside:
            while piece := source.read(_PIECE):
                inside.write(piece)
                length += len(piece)
                for running in hashes.values():
                    running.update(piece)
        return {algorithm: running.hexdigest() for algorithm, running in hashes.items()}, length

    def add_text(self, name: str, content: bytes) -> None:
        """Add a file that is about the bag."""
        self._archive.writestr(self._entry(name), content)

    def _entry(self, name: str) -> zipfile.ZipInfo:
        entry = zipfile.ZipInfo(f"{self._top}/{name}", self._time)
        entry.create_system = 3  # Unix, whose modes follow
        entry.external_attr = (stat.S_IFREG | 0o600) << 16
        packed = Path(name).suffix in _PACKED
        entry.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
        return entry
