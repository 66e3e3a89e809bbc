"""Eagle Eye Networks: the account's devices, their status, their previews."""

from camkit.cameras.een.client import EagleEye, probe_cameras
from camkit.cameras.een.devices import usable_cameras
from camkit.cameras.een.frames import Frame, ReceivedFrame
from camkit.cameras.een.login import LOGIN_URL, Account
from camkit.cameras.een.status import decode_status, explain_status, explained_by_status, overall_status
from camkit.cameras.een.status_rules import (
    STATUS_BITS,
    DeviceStatus,
    OverallStatus,
    Standing,
    StatusBit,
    deciding_bits,
    rule_for,
)

__all__ = [
    "LOGIN_URL",
    "STATUS_BITS",
    "Account",
    "DeviceStatus",
    "EagleEye",
    "Frame",
    "OverallStatus",
    "ReceivedFrame",
    "Standing",
    "StatusBit",
    "deciding_bits",
    "decode_status",
    "explain_status",
    "explained_by_status",
    "overall_status",
    "probe_cameras",
    "rule_for",
    "usable_cameras",
]
