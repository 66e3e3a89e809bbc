"""The doors of the demo's one site, with their readers and cameras."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta, timezone

SITE = "Denver HQ"
TIMEZONE = "America/Denver"
SITE_TIME = timezone(timedelta(hours=-6), "MDT")
"""The site's offset: daylight saving time lasts through the whole demo fortnight."""

OFFLINE_SERIAL = "Q2JV-X7PE-4RNC"


@dataclass(frozen=True)
class Door:
    """A door, the reader beside it and the camera above it.

    Attributes
    ----------
    vendor : str
        ``meraki`` or ``een``.
    camera_id : str
        Meraki serial, or Eagle Eye camera id.
    clock_offset_s : int
        Reader clock minus camera clock, seconds: camera time is event time minus this.
    """

    reader_id: str
    name: str
    vendor: str
    camera_id: str
    clock_offset_s: int = 0


DOORS = (
    Door("HQ-R1", "Main entrance", "meraki", "Q2GV-7K2M-D9HT"),
    Door("HQ-R2", "Server room", "meraki", "Q2GV-3WQX-8FLA"),
    Door("HQ-R3", "Loading dock", "een", "1007b3c4"),
    Door("HQ-R4", "Laboratory", "meraki", "Q2FV-M6ZT-2C5K", clock_offset_s=47),
    Door("HQ-R5", "Warehouse", "meraki", "Q2FV-9HBD-PU3S"),
    Door("HQ-R6", "Parking garage", "meraki", OFFLINE_SERIAL),
)

BY_READER = {door.reader_id: door for door in DOORS}
BY_CAMERA = {door.camera_id: door for door in DOORS}
