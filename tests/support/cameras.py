"""Cameras for tests of the review: at hand, without a network."""

from __future__ import annotations

import io
from datetime import datetime
from hashlib import sha256

import gevent
import pandas as pd
from PIL import Image

from camkit.cameras.source import Picture
from camkit.errors import LoginRefused, NoPicture
from tests.support.cases import DOOR, START

DOORS = pd.DataFrame(
    [
        {
            "reader_id": DOOR.reader_id,
            "door": DOOR.name,
            "vendor": DOOR.vendor,
            "camera_id": DOOR.camera_id,
            "clock_offset_s": DOOR.clock_offset_s,
        }
    ]
)


def picture_at(at: datetime) -> bytes:
    """A small JPEG, of another colour for each second."""
    second = int((at - START).total_seconds())
    drawn = io.BytesIO()
    Image.new("RGB", (64, 36), (second * 7 % 256, second * 31 % 256, second * 101 % 256)).save(drawn, "JPEG")
    return drawn.getvalue()


class Camera:
    """Gives a picture of every moment at once.

    Attributes
    ----------
    asked : list of datetime.datetime
        The moments it was asked for.
    """

    vendor = DOOR.vendor

    def __init__(self) -> None:
        self.asked: list[datetime] = []

    def snapshot(self, camera_id: str, at: datetime) -> Picture:
        """The picture of a moment."""
        self.asked.append(at)
        content = picture_at(at)
        return Picture(self.vendor, camera_id, content, sha256(content).hexdigest(), at, None)


class SlowCamera(Camera):
    """Gives the first few pictures it is asked for, and keeps everyone else waiting until `hurry` is set."""

    def __init__(self, quick: int = 1) -> None:
        super().__init__()
        self.quick, self.hurry = quick, False

    def snapshot(self, camera_id: str, at: datetime) -> Picture:
        """The picture, or a long wait."""
        picture = super().snapshot(camera_id, at)
        if len(self.asked) > self.quick and not self.hurry:
            gevent.sleep(60)
        return picture


class DeadCamera(Camera):
    """Is off until `repaired`.

    Attributes
    ----------
    closed : int
        How often its connections were closed.
    """

    def __init__(self, reason: str = "it is offline") -> None:
        super().__init__()
        self.reason, self.repaired, self.closed = reason, False, 0

    def snapshot(self, camera_id: str, at: datetime) -> Picture:
        """Say so."""
        picture = super().snapshot(camera_id, at)
        if not self.repaired:
            raise NoPicture(f"Camera {camera_id} gives no picture at {at:%H:%M:%S}: {self.reason}.")
        return picture

    def close(self) -> None:
        """Close the connections of a thread."""
        self.closed += 1


class LockedCamera(Camera):
    """Belongs to an account that refuses the login."""

    def snapshot(self, camera_id: str, at: datetime) -> Picture:
        """Say so."""
        raise LoginRefused("The API key was not accepted.")
