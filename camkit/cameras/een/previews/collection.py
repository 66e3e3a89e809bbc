"""The preview frames of one camera in a folder: those found there, and those that a download adds."""

from __future__ import annotations

import heapq
import itertools
import re
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from camkit.cameras.een import Frame, ReceivedFrame
from camkit.cameras.een.formats import parse_een_time
from camkit.errors import BadResponse
from camkit.support.files import write_whole
from camkit.support.jpeg import BadImage, check_jpeg

_FILE_NAME = re.compile(r"(\d{2,})-([0-9a-f]{8})-preview-(\d{14}\.\d{3})\.jpeg", re.IGNORECASE)


@dataclass(frozen=True)
class SavedFrame:
    """One frame on disk.

    Attributes
    ----------
    timestamp : str
        The vendor's time, ``YYYYMMDDhhmmss.mmm``, UTC.
    latency_s : float or None
        From the request to the last byte, seconds; None when it was on disk before the run.
    """

    path: Path
    number: int
    timestamp: str
    size: int
    sha256: str
    latency_s: float | None = None

    @property
    def at(self) -> datetime:
        """The vendor's time, UTC-aware."""
        return parse_een_time(self.timestamp)


def saved_frames(folder: Path, camera_id: str) -> list[SavedFrame]:
    """Find the whole frames of one camera in a folder, by number.

    Anything that is not a readable file, not a whole JPEG or not named by a time is left out, and left alone.
    """
    found = []
    for path in folder.glob("*-preview-*.jpeg"):
        parts = _FILE_NAME.fullmatch(path.name)
        if parts is None or parts[2].lower() != camera_id.lower() or not path.is_file():
            continue
        try:
            parse_een_time(parts[3])
            content = path.read_bytes()
            check_jpeg(content)
        except (OSError, BadImage, BadResponse):
            continue
        digest = sha256(content).hexdigest()
        found.append(SavedFrame(path, int(parts[1]), parts[3], len(content), digest))
    return sorted(found, key=lambda frame: (frame.number, frame.timestamp))


class Collection:
    """The different frames of one camera in a folder; no two have the same time or the same bytes."""

    def __init__(self, folder: Path, camera_id: str) -> None:
        self._folder, self._camera_id = folder, camera_id
        self._known: set[str] = set()  # times and SHA-256
        found = saved_frames(folder, camera_id)
        self._frames = [frame for frame in found if self.claim(frame)]
        self._known.update(mark for frame in found for mark in (frame.timestamp, frame.sha256))
        self.found_before = len(self._frames)  # frames in the folder at the start
        taken = {frame.number for frame in found}
        self._unused = (number for number in itertools.count() if number not in taken)
        self._returned: list[int] = []

    def __len__(self) -> int:
        return len(self._frames)

    @property
    def frames(self) -> tuple[SavedFrame, ...]:
        """The frames on disk, by number."""
        return tuple(sorted(self._frames, key=lambda frame: frame.number))

    def claim(self, frame: ReceivedFrame | SavedFrame) -> bool:
        """Whether a frame is new. If so, its time and bytes are known from now on."""
        marks = (frame.timestamp, frame.sha256)
        is_new = self._known.isdisjoint(marks)
        if is_new:
            self._known.update(marks)
        return is_new

    def release(self, frame: ReceivedFrame) -> None:
        """Forget a claimed frame that turned out to be damaged, so that a good copy of it is new."""
        self._known.difference_update((frame.timestamp, frame.sha256))

    def take_number(self) -> int:
        """The lowest number that no file has, so that files are numbered without gaps."""
        return heapq.heappop(self._returned) if self._returned else next(self._unused)

    def return_number(self, number: int) -> None:
        """Give back a number that was not used."""
        heapq.heappush(self._returned, number)

    def save(self, frame: Frame, number: int) -> None:
        """Write a claimed frame into the folder; raise `OutputError` if that cannot be done."""
        path = self._folder / f"{number:02d}-{self._camera_id}-preview-{frame.timestamp}.jpeg"
        write_whole(path, frame.content)
        self._frames.append(
            SavedFrame(path, number, frame.timestamp, len(frame.content), frame.sha256, frame.reply.latency_s)
        )
