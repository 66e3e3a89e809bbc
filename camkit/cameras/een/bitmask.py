"""The vendor's table of device-status bits and the rules for the overall status, as data.

Source: EENCloud/api-docs, ``source/includes/_api_poll.md``, section "Status Bitmask". Where its versions
differ, the newer one stands here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag, StrEnum
from functools import reduce
from operator import or_

LARGEST = 0xFFFF_FFFF  # a status has 32 bits


class DeviceStatus(IntFlag):
    """The named bits of a device status."""

    REGISTERED = 1 << 20
    RECORDING = 1 << 19
    STREAMING = 1 << 18
    ON = 1 << 17
    INVALID = 1 << 16
    RESERVED_15 = 1 << 15
    RESERVED_14 = 1 << 14
    INTERNAL_13 = 1 << 13
    INTERNAL_12 = 1 << 12
    ERROR = 1 << 11
    INTERNAL_10 = 1 << 10
    AVAILABLE = 1 << 9
    NEEDS_PASSWORD = 1 << 8
    CONFIGURING = 1 << 7
    NOT_SUPPORTED = 1 << 6
    LOCATED = 1 << 5
    SENDING_PREVIEWS = 1 << 4
    DEPRECATED_RECORDING = 1 << 3
    DEPRECATED_ON = 1 << 2
    DEPRECATED_STREAM_ATTACHED = 1 << 1
    DEPRECATED_ONLINE = 1 << 0


class Standing(StrEnum):
    """Whether the vendor still means a bit."""

    CURRENT = "current"
    RESERVED = "reserved"
    INTERNAL = "internal"
    DEPRECATED = "deprecated"


@dataclass(frozen=True)
class StatusBit:
    """One bit of the vendor's table."""

    flag: DeviceStatus
    meaning: str
    standing: Standing = Standing.CURRENT

    @property
    def number(self) -> int:
        """The bit's position, 0 for the lowest."""
        return self.flag.bit_length() - 1


STATUS_BITS = (
    StatusBit(DeviceStatus.REGISTERED, "registered: connected to the cloud"),
    StatusBit(DeviceStatus.RECORDING, "video is being recorded"),
    StatusBit(DeviceStatus.STREAMING, "the camera streams video to its bridge"),
    StatusBit(DeviceStatus.ON, "the camera is switched on (user setting)"),
    StatusBit(DeviceStatus.INVALID, "invalid, the state is not known"),
    StatusBit(DeviceStatus.RESERVED_15, "no meaning given", Standing.RESERVED),
    StatusBit(DeviceStatus.RESERVED_14, "no meaning given", Standing.RESERVED),
    StatusBit(DeviceStatus.INTERNAL_13, "no meaning given", Standing.INTERNAL),
    StatusBit(DeviceStatus.INTERNAL_12, "no meaning given", Standing.INTERNAL),
    StatusBit(DeviceStatus.ERROR, "the camera reports an error"),
    StatusBit(DeviceStatus.INTERNAL_10, "no meaning given", Standing.INTERNAL),
    StatusBit(DeviceStatus.AVAILABLE, "available, but not yet attached"),
    StatusBit(DeviceStatus.NEEDS_PASSWORD, "the camera needs its ONVIF password"),
    StatusBit(DeviceStatus.CONFIGURING, "the bridge is configuring the camera"),
    StatusBit(DeviceStatus.NOT_SUPPORTED, "the camera is not supported"),
    StatusBit(DeviceStatus.LOCATED, "the bridge has found the camera"),
    StatusBit(DeviceStatus.SENDING_PREVIEWS, "the camera sends previews"),
    StatusBit(DeviceStatus.DEPRECATED_RECORDING, "recording", Standing.DEPRECATED),
    StatusBit(DeviceStatus.DEPRECATED_ON, "camera on", Standing.DEPRECATED),
    StatusBit(DeviceStatus.DEPRECATED_STREAM_ATTACHED, "stream attached", Standing.DEPRECATED),
    StatusBit(DeviceStatus.DEPRECATED_ONLINE, "camera online", Standing.DEPRECATED),
)


class OverallStatus(StrEnum):
    """What the bits come to, in the order in which the rules are tried."""

    NO_CHANGE = "No Change"
    INVALID = "Invalid"
    OFF = "Off"
    INTERNET_OFFLINE = "Internet Offline"
    ONLINE = "Online"
    PASSWORD_NEEDED = "Password Needed"  # noqa: S105 (the vendor's words, not a secret)
    OFFLINE = "Offline"
    UNKNOWN = "Unknown"


@dataclass(frozen=True)
class Rule:
    """An overall status, and the condition for it: at least one of `bits` is set, or none is."""

    overall: OverallStatus
    bits: int
    is_set: bool
    because: str

    def matches(self, status: int) -> bool:
        """Whether the rule applies to a status."""
        return bool(status & self.bits) == self.is_set


_NO_NEWS = (
    Rule(OverallStatus.NO_CHANGE, LARGEST, False, "The value is 0: nothing has changed since the last one."),
    Rule(
        OverallStatus.INVALID,
        DeviceStatus.INVALID,
        True,
        "Bit 16 (INVALID) is set: the other bits are not to be believed, the last valid status still holds.",
    ),
)
CAMERA_RULES = (
    *_NO_NEWS,
    Rule(
        OverallStatus.OFF,
        DeviceStatus.ON,
        False,
        "Bit 17 (ON) is clear: the camera is switched off in its settings. "
        "Bit 20 (REGISTERED) tells nothing then, the vendor suppresses it while a camera is off.",
    ),
    Rule(
        OverallStatus.INTERNET_OFFLINE,
        DeviceStatus.REGISTERED,
        False,
        "Bit 17 (ON) is set but bit 20 (REGISTERED) is clear: the camera has no connection to the cloud.",
    ),
    Rule(
        OverallStatus.ONLINE,
        DeviceStatus.STREAMING,
        True,
        "Bits 17 (ON), 20 (REGISTERED) and 18 (STREAMING) are set: the camera streams to its bridge.",
    ),
    Rule(
        OverallStatus.PASSWORD_NEEDED,
        DeviceStatus.NEEDS_PASSWORD,
        True,
        "Bit 18 (STREAMING) is clear and bit 8 (NEEDS_PASSWORD) is set: "
        "the bridge cannot sign in to the camera, which is as good as offline.",
    ),
    Rule(
        OverallStatus.OFFLINE,
        DeviceStatus.STREAMING,
        False,
        "Bits 17 (ON) and 20 (REGISTERED) are set, bits 18 (STREAMING) and 8 (NEEDS_PASSWORD) are clear: "
        "the camera does not stream to its bridge.",
    ),
)
BRIDGE_RULES = (
    *_NO_NEWS,
    Rule(
        OverallStatus.INTERNET_OFFLINE,
        DeviceStatus.REGISTERED,
        False,
        "Bit 20 (REGISTERED) is clear: the bridge has no connection to the cloud.",
    ),
    Rule(
        OverallStatus.ONLINE,
        DeviceStatus.REGISTERED,
        True,
        "Bit 20 (REGISTERED) is set: the bridge is connected to the cloud.",
    ),
)


def rules_for(is_bridge: bool) -> tuple[Rule, ...]:
    """Give the rules for a kind of device, in the order in which they are tried."""
    return BRIDGE_RULES if is_bridge else CAMERA_RULES


def rule_for(status: int, is_bridge: bool = False) -> Rule:
    """Give the rule that decides the overall status of a readable status."""
    return next(rule for rule in rules_for(is_bridge) if rule.matches(status))


def deciding_bits(is_bridge: bool = False) -> DeviceStatus:
    """Give the bits that the rules for a kind of device look at one by one."""
    single = [rule.bits for rule in rules_for(is_bridge) if rule.bits != LARGEST]
    return DeviceStatus(reduce(or_, single))
