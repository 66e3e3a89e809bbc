"""The vendor's table of device-status bits, and the rules for the overall status, as data.

Whatever else depends on the rules (sentences, look-up tables, the order of columns) is derived from them.

Source: EENCloud/api-docs, ``source/includes/_api_poll.md``, section "Status Bitmask". Where its versions
differ, this is the newer one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntFlag, StrEnum

LARGEST = 0xFFFF_FFFF
"""The largest status: it has 32 bits."""


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


def _named(flag: DeviceStatus) -> str:
    """The number and name of a bit."""
    return f"{flag.bit_length() - 1} ({flag.name})"


class Standing(StrEnum):
    """Whether the vendor still gives a bit a meaning."""

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
    """What the bits add up to, in the order in which the rules are tried."""

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
    """An overall status and its condition; it applies when no earlier rule does.

    Attributes
    ----------
    flag : DeviceStatus or None
        The bit that is looked at; None for all bits together.
    is_set : bool
        Whether the bit must be set, or clear.
    meaning : str
        What that says about the device; the second half of a sentence.
    """

    overall: OverallStatus
    flag: DeviceStatus | None
    is_set: bool
    meaning: str

    def matches(self, status: int) -> bool:
        """Whether the condition is met."""
        return bool(status & (LARGEST if self.flag is None else self.flag)) == self.is_set

    @property
    def explains_silence(self) -> bool:
        """Whether it explains that the device gives no picture."""
        return self.overall is not OverallStatus.ONLINE and self not in NO_NEWS_RULES


# fmt: off
NO_NEWS_RULES = (
    Rule(OverallStatus.NO_CHANGE, None, False, "nothing has changed since the last one."),
    Rule(OverallStatus.INVALID, DeviceStatus.INVALID, True,
         "the other bits have no meaning, the last valid status still holds."),
)
CAMERA_RULES = (
    Rule(OverallStatus.OFF, DeviceStatus.ON, False,
         "the camera is switched off in its settings. While a camera is off, the vendor suppresses "
         f"bit {_named(DeviceStatus.REGISTERED)}, which has no meaning then."),
    Rule(OverallStatus.INTERNET_OFFLINE, DeviceStatus.REGISTERED, False,
         "the camera has no connection to the cloud."),
    Rule(OverallStatus.ONLINE, DeviceStatus.STREAMING, True, "the camera streams to its bridge."),
    Rule(OverallStatus.PASSWORD_NEEDED, DeviceStatus.NEEDS_PASSWORD, True,
         "the bridge cannot sign in to the camera, which is as good as offline."),
    Rule(OverallStatus.OFFLINE, DeviceStatus.STREAMING, False, "the camera does not stream to its bridge."),
)
BRIDGE_RULES = (
    Rule(OverallStatus.INTERNET_OFFLINE, DeviceStatus.REGISTERED, False,
         "the bridge has no connection to the cloud."),
    Rule(OverallStatus.ONLINE, DeviceStatus.REGISTERED, True, "the bridge is connected to the cloud."),
)
# fmt: on


@dataclass(frozen=True)
class ConnectionStatus:
    """What API v3's word for a device's connection means.

    Attributes
    ----------
    overall : OverallStatus
        The nearest status of API v1.
    meaning : str
        The second half of a sentence.
    """

    overall: OverallStatus
    meaning: str

    @property
    def explains_silence(self) -> bool:
        """Whether it explains that the device gives no picture."""
        return self.overall not in (OverallStatus.ONLINE, OverallStatus.UNKNOWN)


UNKNOWN_CONNECTION = ConnectionStatus(
    OverallStatus.UNKNOWN, "the cloud does not know the state of the device."
)
# fmt: off
CONNECTION_STATUS = {
    "online": ConnectionStatus(OverallStatus.ONLINE, "the device works."),
    "off": ConnectionStatus(OverallStatus.OFF, "a user has switched the camera off."),
    "bridgeOffline": ConnectionStatus(OverallStatus.INTERNET_OFFLINE,
                                      "the cloud does not reach the bridge, which may go on recording."),
    "invalidCredentials": ConnectionStatus(OverallStatus.PASSWORD_NEEDED,
                                           "the bridge cannot sign in to the camera, which is as good as offline."),
    "deviceOffline": ConnectionStatus(OverallStatus.OFFLINE, "the device is offline."),
    "error": ConnectionStatus(OverallStatus.OFFLINE, "the device is offline for another reason."),
    "unknown": UNKNOWN_CONNECTION,
}
# fmt: on
"""The vendor's words in API v3 (EENCloud/VMS-Developer-Portal, ``devices_category.yaml``); which status of API v1 is
nearest is camkit's reading."""


def rules_for(is_bridge: bool = False) -> tuple[Rule, ...]:
    """Return the rules for a kind of device, in the order in which they are tried."""
    return NO_NEWS_RULES + (BRIDGE_RULES if is_bridge else CAMERA_RULES)


def rule_for(status: int, is_bridge: bool = False) -> Rule:
    """Return the rule that decides the overall status of a readable status."""
    return next(rule for rule in rules_for(is_bridge) if rule.matches(status))


def deciding_bits(is_bridge: bool = False) -> tuple[StatusBit, ...]:
    """Return the bits that the rules for a kind of device look at, in the order in which they do."""
    looked_at = dict.fromkeys(rule.flag for rule in rules_for(is_bridge))
    return tuple(bit for flag in looked_at for bit in STATUS_BITS if bit.flag == flag)


def reason_for(status: int, is_bridge: bool = False) -> str:
    """Say in a sentence which bits decide a readable status, and what that means.

    Examples
    --------
    >>> reason_for(DeviceStatus.ON)
    'Bit 17 (ON) is set but bit 20 (REGISTERED) is clear: the camera has no connection to the cloud.'
    """
    rule = rule_for(status, is_bridge)
    if rule.flag is None:
        return f"The value is 0: {rule.meaning}"
    own = BRIDGE_RULES if is_bridge else CAMERA_RULES
    tried = own[: own.index(rule) + 1] if rule in own else (rule,)
    flags = dict.fromkeys(each.flag for each in tried if each.flag is not None)
    parts = [
        _bits_are([flag for flag in flags if bool(status & flag) == is_set], "set" if is_set else "clear")
        for is_set in (True, False)
    ]
    words = " but ".join(part for part in parts if part)
    return f"{words[0].upper()}{words[1:]}: {rule.meaning}"


def _bits_are(flags: list[DeviceStatus], state: str) -> str:
    """Name some bits and their state, as in "bits 17 (ON) and 20 (REGISTERED) are set"."""
    names = [_named(flag) for flag in flags]
    if len(names) < 2:
        return "".join(f"bit {name} is {state}" for name in names)
    return f"bits {', '.join(names[:-1])} and {names[-1]} are {state}"
