"""Eagle Eye Networks, API v1."""

from camkit.een.client import EagleEye, Frame
from camkit.een.devices import usable_cameras
from camkit.een.login import Account

__all__ = ["Account", "EagleEye", "Frame", "usable_cameras"]
