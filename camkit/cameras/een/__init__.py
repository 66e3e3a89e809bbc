"""Eagle Eye Networks, API v1."""

from camkit.cameras.een.client import EagleEye
from camkit.cameras.een.devices import usable_cameras
from camkit.cameras.een.frames import Frame
from camkit.cameras.een.login import Account

__all__ = ["Account", "EagleEye", "Frame", "usable_cameras"]
