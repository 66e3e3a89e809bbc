"""The doors of the demo's one site, with their readers and cameras."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta, timezone

TIMEZONE = "America/Denver"
SITE_TIME = timezone(timedelta(hours=-6), "MDT")
"""The site's offset: daylight saving time lasts through the whole demo fortnight."""

OFFLINE_SERIAL = "Q2JV-X7PE-4RNC"


@dataclass(frozen=True)
class Camera:
    """A camera that watches a door.

    Attributes
    ----------
    vendor : str
        ``meraki`` or ``een``.
    camera_id : str
        Meraki serial, or Eagle Eye camera id.
    view : str
        ``inside`` or ``outside``; empty for a door's only camera, which is inside.
    clock_offset_s : int
        Reader clock minus camera clock, seconds: camera time is event time minus this.
    """

    vendor: str
    camera_id: str
    view: str = ""
    clock_offset_s: int = 0


@dataclass(frozen=True)
class Door:
    """A door, the reader beside it and the cameras that watch it.

    Attributes
    ----------
    cameras : tuple of Camera
        The first is the main camera.
    """

    reader_id: str
    name: str
    cameras: tuple[Camera, ...]

    @property
    def main(self) -> Camera:
        """The main camera."""
        return self.cameras[0]


DOORS = (
    Door(
        "HQ-R1",
        "Main entrance",
        (
            Camera("meraki", "Q2GV-7K2M-D9HT", "inside"),
            Camera("meraki", "Q2GV-4CDN-W7YK", "outside", clock_offset_s=12),
        ),
    ),
    Door("HQ-R2", "Server room", (Camera("meraki", "Q2GV-3WQX-8FLA"),)),
    Door("HQ-R3", "Loading dock", (Camera("een", "1007b3c4"),)),
    Door("HQ-R4", "Laboratory", (Camera("meraki", "Q2FV-M6ZT-2C5K", clock_offset_s=47),)),
    Door("HQ-R5", "Warehouse", (Camera("meraki", "Q2FV-9HBD-PU3S"),)),
    Door("HQ-R6", "Parking garage", (Camera("meraki", OFFLINE_SERIAL),)),
)

BY_READER = {door.reader_id: door for door in DOORS}
BY_CAMERA = {camera.camera_id: camera for door in DOORS for camera in door.cameras}
