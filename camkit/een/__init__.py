"""Eagle Eye Networks, API v1."""

from camkit.een.client import EagleEye
from camkit.een.devices import usable_cameras
from camkit.een.frames import Frame
from camkit.een.login import Account

__all__ = ["Account", "EagleEye", "Frame", "usable_cameras"]
