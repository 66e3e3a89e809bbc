"""Eagle Eye Networks: the account's devices, their status, their previews."""

from camkit.cameras.een.account import Account, EagleEye, probe_cameras
from camkit.cameras.een.devices import usable_cameras
from camkit.cameras.een.frames import Frame, ReceivedFrame
from camkit.cameras.een.history import StatusHistory, explain_missing, percent
from camkit.cameras.een.moments import Moment
from camkit.cameras.een.status import (
    decode_status,
    explain_status,
    explained_by_status,
    overall_of,
    overall_status,
)
from camkit.cameras.een.status_rules import (
    CONNECTION_STATUS,
    STATUS_BITS,
    DeviceStatus,
    OverallStatus,
    Standing,
    StatusBit,
    deciding_bits,
    rule_for,
)
from camkit.cameras.een.v1 import LOGIN_URL, EagleEyeV1
from camkit.cameras.een.v3 import AUTH_URL, REDIRECT_URI, EagleEyeV3, TokensInMemory

__all__ = [
    "AUTH_URL",
    "CONNECTION_STATUS",
    "LOGIN_URL",
    "REDIRECT_URI",
    "STATUS_BITS",
    "Account",
    "DeviceStatus",
    "EagleEye",
    "EagleEyeV1",
    "EagleEyeV3",
    "Frame",
    "Moment",
    "OverallStatus",
    "ReceivedFrame",
    "Standing",
    "StatusBit",
    "StatusHistory",
    "TokensInMemory",
    "deciding_bits",
    "decode_status",
    "explain_missing",
    "explain_status",
    "explained_by_status",
    "overall_of",
    "overall_status",
    "percent",
    "probe_cameras",
    "rule_for",
    "usable_cameras",
]
