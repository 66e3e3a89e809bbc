"""The devices of the demo's Eagle Eye account: 94, modelled on a published download run, and more if asked for.

By position, counted from 1: ten rows are not cameras, six cameras are not supported, one has no id, eight
return no image for different reasons, and the other 69 answer. Source of the population and of status 32803:
SwyftG/EEN, README. The status bits: EENCloud/api-docs, "Status bitmask". What an account with more cameras has
besides comes after them: a bridge, the cameras behind it, the next bridge; all of them answer.
"""

from __future__ import annotations

import hashlib
from enum import Enum
from random import Random

from camkit.demo.world.doors import BY_READER

COUNT = 94
BEHIND_A_BRIDGE = 50
"""How many of the further cameras share a bridge."""
DOOR_READER = "HQ-R3"
"""The reader whose door an Eagle Eye camera watches; the camera has the door's name."""

NO_ID = 94
ARCHIVED = 61
"""The camera whose older pictures are kept on another archiver."""

NOT_CAMERAS = {
    9: "bridge",
    16: "bridge",
    23: "switches",
    38: "bridge",
    67: "speaker",
    69: "bridge",
    73: "bridge",
    83: "io_module",
    86: "bridge",
    93: "bridge",
}
UNSUPPORTED = (8, 19, 40, 64, 87, 88)
SILENT = {25: 32803, 32: 131105, 44: 1179937, 52: 1179681, 55: 1048611, 68: 163873, 72: 1441847, 77: 1181729}
"""Status of the cameras that return no image: two off, two whose bridge is offline, one that needs a
password, two offline, and 72, whose status is Online."""

DISCONNECTED_BRIDGE = 86
CUT_OFF = (32, 68)
"""The bridge that is offline, and the two silent cameras behind it."""

_TIMING_OUT = {*CUT_OFF, 72, 77}
_STATUS_ONLINE = (1441847, 1441847, 1966135, 1441831, 1966143, 1441855, 1966128, 1441840, 1966112)
_STATUS_BRIDGE, _STATUS_BRIDGE_DISCONNECTED = 1179649, 131073
_STATUS_UNSUPPORTED = (1179745, 1179744, 1179745, 1048672, 1179745, 0)
_STATUS_UNATTACHED = 544


class Answer(Enum):
    """The answer to a request for a device's picture."""

    PICTURE = "a picture"
    NOT_A_CAMERA = "esn not a camera"
    TIMEOUT = "proxy destination node connect timeout"
    NOTHING = "no matching asset"


_NAMES = """
Lobby north|Lobby south|Reception desk|Corridor 1 east|Corridor 1 west|Corridor 2 east|Corridor 2 west|
Old turnstile|Bridge HQ ground floor|Parking P1 entry|Parking P1 exit|Loading dock|Dock ramp|
Warehouse aisle A|Warehouse aisle B|Bridge HQ first floor|Warehouse aisle C|Lab bench 1|Yard dome (2009)|
Lab bench 2|Lab cold room|Café|Switch rack A|Stairwell north|Stairwell south|Parking P2 entry|
Parking P2 exit|Dock <b>3</b>|Dock 4|Corridor 3 east|Corridor 3 west|Gatehouse|Office Denver 201|
Office Denver 202|Office Denver 203|Küche & Pausenraum|Corridor 4 east|Bridge warehouse|Mail room|
Analogue encoder 2|Archive|Salle Étoile|Parking roof|Fence line east|Fence line west|Lobby mezzanine|
Office Denver 301|Office Denver 302|Warehouse aisle D|Warehouse aisle E|Lab corridor|Boiler room|
Dock 5|Dock 6|Training room|Stairwell east|Corridor 5 east|Corridor 5 west|Parking P3 entry|
Parking P3 exit|Warehouse high bay|Lobby lifts|Lab goods lift|Intercom panel 4|Office "Granite" 303|
Office 304|Speaker dock|Guard hut south|Bridge yard|Corridor 6 east|Corridor 6 west|Roof plant|
Bridge parking|Lab wash-up|Server corridor|Server room aisle|Cellar tank room|Parking visitor bays|
Warehouse returns|Warehouse cage|Dock office|Lobby façade|I/O module gate|Corridor 7 east|
Corridor 7 west|Bridge gatehouse|Annex panoramic|Annex thermal|Annex lobby|Annex lab|Annex office|
Annex corridor|Bridge lab|Spare camera
"""


_PLACES = ("Lobby", "Corridor", "Office", "Parking", "Warehouse", "Lab", "Stairwell")
"""Where the further cameras are."""

NAMES = [name.strip() for name in _NAMES.replace("\n", "").split("|")]


def count(cameras: int) -> int:
    """How many devices an account has that has at least so many cameras with an id."""
    more = max(0, cameras - (COUNT - len(NOT_CAMERAS) - 1))
    return COUNT + more + -(-more // BEHIND_A_BRIDGE)


def kind(position: int) -> str:
    """What the device at `position` is: ``camera``, ``bridge`` or a word that is not documented."""
    if position <= COUNT:
        return NOT_CAMERAS.get(position, "camera")
    return "camera" if _place(position)[1] else "bridge"


def name(position: int) -> str:
    """The name of the device at `position`."""
    if position <= COUNT:
        return NAMES[position - 1]
    bridge, number = _place(position)
    return (
        f"{_PLACES[number % len(_PLACES)]} site {bridge:04d} {number:02d}"
        if number
        else f"Bridge site {bridge:04d}"
    )


def behind(bridge: int, last: int) -> list[int]:
    """The cameras behind a bridge of an account whose last device is at `last`."""
    if bridge > COUNT:
        return list(range(bridge + 1, min(bridge + BEHIND_A_BRIDGE, last) + 1))
    return [
        position
        for position in range(1, COUNT)
        if kind(position) == "camera" and bridge_of(position) == bridge
    ]


def bridge_of(position: int) -> int:
    """The bridge of a camera: the nearest one before it, except for the two cameras of the offline bridge."""
    if position > COUNT:
        return position - _place(position)[1]
    if position in CUT_OFF:
        return DISCONNECTED_BRIDGE
    bridges = [bridge for bridge, word in NOT_CAMERAS.items() if word == "bridge"]
    earlier = [bridge for bridge in bridges if bridge <= position and bridge != DISCONNECTED_BRIDGE]
    return earlier[-1] if earlier else bridges[0]


def device_id(position: int) -> str | None:
    """A made-up id, the same for every seed, because the doors file contains one of them."""
    if position == NO_ID:
        return None
    if position > COUNT:  # no two alike, and none of those below
        return f"102{position:05x}"
    door = BY_READER[DOOR_READER]
    if NAMES[position - 1] == door.name:
        return door.main.camera_id
    digest = hashlib.sha256(f"camkit demo device {position}".encode()).hexdigest()
    return ("101" if position in NOT_CAMERAS else "100") + digest[:5]


def answer(position: int) -> Answer:
    """The answer to a request for a picture of the device at `position`."""
    if kind(position) != "camera":
        return Answer.NOT_A_CAMERA
    if position in UNSUPPORTED or position in _TIMING_OUT:
        return Answer.TIMEOUT
    if position in SILENT or position == NO_ID:
        return Answer.NOTHING
    return Answer.PICTURE


def status(position: int, random: Random) -> int:
    """The status bitmask of the device at `position`; those of healthy cameras vary."""
    if position in SILENT:
        return SILENT[position]
    if kind(position) != "camera":
        return _STATUS_BRIDGE_DISCONNECTED if position == DISCONNECTED_BRIDGE else _STATUS_BRIDGE
    if position in UNSUPPORTED:
        return _STATUS_UNSUPPORTED[UNSUPPORTED.index(position)]
    return _STATUS_UNATTACHED if position == NO_ID else random.choice(_STATUS_ONLINE)


def _place(position: int) -> tuple[int, int]:
    """The number of a further device's bridge, from 1, and its own number behind it: 0 is the bridge."""
    bridge, number = divmod(position - COUNT - 1, BEHIND_A_BRIDGE + 1)
    return bridge + 1, number
