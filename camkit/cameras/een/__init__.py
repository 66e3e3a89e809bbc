"""Eagle Eye Networks: the account's devices, their status, their previews."""

from camkit.cameras.een.account import Account, EagleEye, probe_cameras
from camkit.cameras.een.devices import usable_cameras
from camkit.cameras.een.frames import Frame, ReceivedFrame
from camkit.cameras.een.moments import Moment
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
from camkit.cameras.een.v1 import LOGIN_URL, EagleEyeV1

__all__ = [
    "LOGIN_URL",
    "STATUS_BITS",
    "Account",
    "DeviceStatus",
    "EagleEye",
    "EagleEyeV1",
    "Frame",
    "Moment",
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
