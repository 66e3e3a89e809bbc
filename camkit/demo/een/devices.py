"""The devices of the demo's Eagle Eye account as the vendor sends them: one positional row for each.

Source of the columns: EENCloud/api-docs, "Get List of Devices"; real rows are 26 to 29 columns long.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import Any

from camkit.demo.een import population
from camkit.demo.een.outages import Span, history
from camkit.demo.een.population import UNSUPPORTED, Answer
from camkit.demo.world.doors import BY_READER

ACCOUNT_ID = "00014750"

_ANALOGUE = 40
_PERMISSIONS = "A@FIMLNSUTZcgfhmpsruwz"
_UTC_OFFSET_S = -21600


@dataclass(frozen=True)
class Device:
    """One device of the account.

    Attributes
    ----------
    position : int
        Place in the list, counted from 1.
    answer : Answer
        The answer to a request for its picture.
    row : list
        The row as the vendor sends it, by position.
    """

    position: int
    answer: Answer
    row: list[Any]

    @property
    def id(self) -> str | None:
        """The device's id (ESN), eight hexadecimal digits, or None for the one device without an id."""
        return self.row[1]

    @property
    def name(self) -> str:
        """The device's name."""
        return self.row[2]

    @property
    def type(self) -> str:
        """The kind of device: ``camera``, ``bridge``, or one that is not documented."""
        return self.row[3]

    @property
    def service_status(self) -> str:
        """``ATTD`` if attached, ``IGND`` if found but not attached."""
        return self.row[5]

    @property
    def status(self) -> int:
        """The status bitmask."""
        return self.row[10]

    @cached_property
    def history(self) -> list[Span]:
        """The history of its connection."""
        is_door = self.name == BY_READER[population.DOOR_READER].name
        return history(self.position, is_door=is_door, behind=population.bridge_of(self.position))

    @property
    def archived(self) -> bool:
        """Whether its older pictures are kept on another archiver."""
        return self.position == population.ARCHIVED


def account(seed: int, cameras: int = 0) -> list[Device]:
    """All devices of an account with at least so many cameras, in the vendor's order."""
    random, last = Random(seed), population.count(cameras)
    return [
        Device(position, population.answer(position), _row(position, last, random))
        for position in range(1, last + 1)
    ]


def _row(position: int, last: int, random: Random) -> list[Any]:
    kind, name = population.kind(position), population.name(position)
    digest = hashlib.sha256(f"camkit demo guid {position}".encode()).hexdigest()
    analogue = position == _ANALOGUE
    row = [
        ACCOUNT_ID,
        population.device_id(position),
        name,
        kind,
        _bridges(position, kind, last),
        "IGND" if position == population.NO_ID else "ATTD",
        _PERMISSIONS,
        _tags(name),
        f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:32]}",
        None if random.random() < 0.2 else f"DEMO-{digest[32:40].upper()}",
        population.status(position, random),
        "US/Mountain",
        _UTC_OFFSET_S,
        int(position in UNSUPPORTED),
        _addresses(position, kind),
        0,
        "",
        random.random() < 0.1,
        "1" if analogue else None,
        "0x00000102" if analogue else None,
        _location(position),
        None,
        None,
        int(position == 77),
        [],
        0,
    ]
    tails: tuple[list[Any], ...] = ([], [{}], [{}, ""], [{}, _discovered(kind), {}])
    return row + random.choice(tails)


def _bridges(position: int, kind: str, last: int) -> list[list[str | None]]:
    if kind == "camera":
        return (
            []
            if position == population.NO_ID
            else [[population.device_id(population.bridge_of(position)), "ATTD"]]
        )
    cameras = population.behind(position, last) if kind == "bridge" else []
    return [[population.device_id(camera), "ATTD"] for camera in cameras]


def _tags(name: str) -> list[str]:
    return [name.split(maxsplit=1)[0].lower()] if name.startswith(("Parking", "Dock", "Annex")) else []


def _addresses(position: int, kind: str) -> str:
    if kind == "bridge":
        return f"*198.51.100.{position % 256},10.143.{position % 256}.1"
    return f"10.143.{population.bridge_of(position) % 256}.{position % 256}"


def _location(position: int) -> list[Any]:
    if position % 3:
        return [None, None, None, None, "" if position % 2 else None, None, ""]
    return [
        39.7392,
        -104.9903,
        float(position * 7 % 360),
        20.0,
        "1700 Demo Street, Denver",
        position % 7,
        "HQ",
    ]


def _discovered(kind: str) -> object:
    return "" if kind == "bridge" else {"created_at": "20180611163000.000", "connect": "NONE"}
