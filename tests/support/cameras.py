"""Cameras for tests of the review: at hand, without a network."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import datetime
from hashlib import sha256

import gevent
from PIL import Image

from camkit.badges import Camera, Door
from camkit.cameras import Picture
from camkit.errors import LoginRefused, NoPicture
from tests.support.cases import CAMERA, DOOR, START

INSIDE = replace(CAMERA, view="inside")
OUTSIDE = Camera(CAMERA.vendor, "Q2XX-0000-0002", "outside", 12.0)
TWO_VIEWS = Door(DOOR.reader_id, DOOR.name, (INSIDE, OUTSIDE))
"""The door, with a second camera that has a clock of its own."""


def picture_at(at: datetime, camera_id: str = CAMERA.camera_id) -> bytes:
    """A small JPEG, of another colour for each second and camera."""
    second = int((at - START).total_seconds()) + 1009 * int(camera_id[-1])
    drawn = io.BytesIO()
    Image.new("RGB", (64, 36), (second * 7 % 256, second * 31 % 256, second * 101 % 256)).save(drawn, "JPEG")
    return drawn.getvalue()


class QuickCamera:
    """Gives a picture of every moment at once, for each camera.

    Attributes
    ----------
    asked : list of datetime.datetime
        The moments it was asked for.
    asked_of : list of str
        The cameras it was asked for, in the same order.
    """

    vendor = CAMERA.vendor

    def __init__(self) -> None:
        self.asked: list[datetime] = []
        self.asked_of: list[str] = []

    def snapshot(self, camera_id: str, at: datetime) -> Picture:
        """The picture of a moment."""
        self.asked.append(at)
        self.asked_of.append(camera_id)
        content = picture_at(at, camera_id)
        return Picture(self.vendor, camera_id, content, sha256(content).hexdigest(), at, None)


class SlowCamera(QuickCamera):
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


class DeadCamera(QuickCamera):
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


class LockedCamera(QuickCamera):
    """Belongs to an account that refuses the login."""

    def snapshot(self, camera_id: str, at: datetime) -> Picture:
        """Say so."""
        raise LoginRefused("The API key was not accepted.")
