"""The demo's Meraki organization: two networks and their devices, cameras among switches and access points.

An organization with more cameras has further networks, of `SITE_CAMERAS` cameras each.

Source of the fields: meraki/openapi, ``spec3.json``.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from camkit.demo.world.doors import BY_CAMERA, DOORS, OFFLINE_SERIAL, TIMEZONE, Camera

ORGANIZATION_ID = "549236"
HEADQUARTERS, ANNEX = "N_642829496481097214", "L_642829496481104387"
SITE_CAMERAS = 50

ORGANIZATION: dict[str, Any] = {
    "id": ORGANIZATION_ID,
    "name": "Camkit Demo",
    "url": "https://n149.meraki.com/o/camkit/manage/organization/overview",
    "api": {"enabled": True},
    "licensing": {"model": "co-term"},
    "cloud": {"region": {"name": "North America"}},
    "management": {"details": []},
}


@dataclass(frozen=True)
class Device:
    """One device of the organization.

    Attributes
    ----------
    name : str or None
        None for a device without a name.
    status : str
        ``online``, ``alerting``, ``offline`` or ``dormant``.
    """

    serial: str
    name: str | None
    model: str
    product_type: str
    network_id: str
    status: str
    number: int

    @property
    def mac(self) -> str:
        """A made-up, locally administered address."""
        return "02:18:5a:" + self.number.to_bytes(3).hex(":")

    @property
    def lan_ip(self) -> str:
        """A private address; in a large organization others have the same."""
        return f"10.20.{self.number // 200 % 256}.{self.number % 200 + 10}"

    @property
    def tags(self) -> list[str]:
        """``door`` for a camera that watches a door."""
        return ["door"] if self.serial in BY_CAMERA else []

    def item(self) -> dict[str, Any]:
        """The device alone or in a network's list, without its product type."""
        located = self.number % 4 != 0
        return {
            "name": self.name,
            "lat": 39.7392 if located else None,
            "lng": -104.9903 if located else None,
            "serial": self.serial,
            "mac": self.mac,
            "model": self.model,
            "address": "1700 Demo Street, Denver" if located else "",
            "notes": None,
            "lanIp": self.lan_ip,
            "tags": self.tags,
            "networkId": self.network_id,
            "firmware": f"{self.product_type}-demo-1",
            "floorPlanId": None,
            "details": [],
        }

    def organization_item(self) -> dict[str, Any]:
        """The device in the organization's list."""
        return {**self.item(), "productType": self.product_type, "imei": None}

    def availability_item(self) -> dict[str, Any]:
        """The device in the organization's list of availabilities."""
        return {
            "mac": self.mac,
            "name": self.name or "",
            "network": {"id": self.network_id},
            "productType": self.product_type,
            "serial": self.serial,
            "status": self.status,
            "tags": self.tags,
        }

    def status_item(self, reported_at: str) -> dict[str, Any]:
        """The device in the organization's list of statuses."""
        return {
            "name": self.name,
            "serial": self.serial,
            "mac": self.mac,
            "publicIp": "203.0.113.10",
            "networkId": self.network_id,
            "status": self.status,
            "lastReportedAt": reported_at,
            "lanIp": self.lan_ip,
            "gateway": "10.20.0.1",
            "ipType": "dhcp",
            "primaryDns": "10.20.0.2",
            "secondaryDns": None,
            "productType": self.product_type,
            "components": {"powerSupplies": []},
            "model": self.model,
            "tags": self.tags,
        }


_Plan = tuple[str, str | None, str, str, str]
"""Serial, name, model, product type and network of one device."""

_PLACES = ("Lobby", "Corridor", "Office", "Parking", "Warehouse", "Lab", "Stairwell")


class Inventory:
    """What the organization has.

    Parameters
    ----------
    cameras : int
        How many cameras at least.

    Attributes
    ----------
    networks : list of dict
        As the vendor sends them, sorted by id.
    devices : list of Device
        Sorted by serial.
    """

    def __init__(self, cameras: int = 0) -> None:
        plan = _plan()
        usual = sum(kind == "camera" for _, _, _, kind, _ in plan)
        more = _further(max(0, cameras - usual))
        devices = [
            Device(serial, name, model, kind, network, _status(serial, number), number)
            for number, (serial, name, model, kind, network) in enumerate(plan + more)
        ]
        sites = dict.fromkeys(network for *_, network in more)
        networks = [
            _network(HEADQUARTERS, "Denver HQ", ["appliance", "camera", "switch", "wireless"]),
            _network(ANNEX, "Denver Annex", ["camera", "switch", "wireless"]),
            *(_network(site, f"Site {number:04d}", ["camera"]) for number, site in enumerate(sites, start=1)),
        ]
        self.networks = sorted(networks, key=lambda network: network["id"])
        self.devices = sorted(devices, key=lambda device: device.serial)
        self.by_serial = {device.serial: device for device in devices}


def _plan() -> list[_Plan]:
    """The usual devices. Add new ones at the end: numbers decide addresses and status."""
    plan = [_door_camera(door.main, door.name) for door in DOORS if door.main.vendor == "meraki"]
    for kind, model, prefix, network, names in (
        ("camera", "MV22", "Q2HV", HEADQUARTERS, ["Lobby", "Café", None, "Canteen till"]),
        ("camera", "MV12N", "Q2FV", ANNEX, ["Annex hall", "Annex <stairs>"]),
        ("appliance", "MX250", "Q2SW", HEADQUARTERS, ["Edge A", "Edge B"]),
        (
            "switch",
            "MS225-48LP",
            "Q2CX",
            HEADQUARTERS,
            [f"Switch {floor}.{n}" for floor in range(5) for n in (1, 2)],
        ),
        ("switch", "MS120-8FP", "Q2BX", ANNEX, ["Annex switch 1", "Annex switch 2", ""]),
        (
            "wireless",
            "MR46",
            "Q3AC",
            HEADQUARTERS,
            [f"AP {floor}.{n}" for floor in range(5) for n in range(1, 5)],
        ),
        ("wireless", "MR36", "Q3AB", ANNEX, [f"AP annex {n}" for n in range(1, 7)]),
    ):
        plan += [(_serial(prefix, model, n), name, model, kind, network) for n, name in enumerate(names)]
    for door in DOORS:
        plan += [_door_camera(camera, f"{door.name} {camera.view}") for camera in door.cameras[1:]]
    return plan


def _further(cameras: int) -> list[_Plan]:
    """So many cameras more, all online, network by network."""
    return [
        (
            _serial("Q2UV", "MV22X", number),
            f"{_PLACES[number % len(_PLACES)]} {number // SITE_CAMERAS + 1:04d}-{number % SITE_CAMERAS + 1:02d}",
            "MV22X",
            "camera",
            f"L_6428294964812{number // SITE_CAMERAS:05d}",
        )
        for number in range(cameras)
    ]


def _network(network_id: str, name: str, kinds: list[str]) -> dict[str, Any]:
    return {
        "id": network_id,
        "organizationId": ORGANIZATION_ID,
        "name": name,
        "productTypes": kinds,
        "timeZone": TIMEZONE,
        "tags": [],
        "enrollmentString": None,
        "url": f"https://n149.meraki.com/{name.replace(' ', '-')}/n/camkit/manage/clients",
        "notes": None,
        "isBoundToConfigTemplate": False,
    }


def _door_camera(camera: Camera, name: str) -> _Plan:
    model = "MV12W" if camera.camera_id.startswith("Q2FV") else "MV72"
    return camera.camera_id, name, model, "camera", HEADQUARTERS


def _serial(prefix: str, model: str, number: int) -> str:
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    digest = hashlib.sha256(f"camkit demo {prefix} {model} {number}".encode()).digest()
    tail = "".join(letters[byte % len(letters)] for byte in digest[:8])
    return f"{prefix}-{tail[:4]}-{tail[4:]}"


def _status(serial: str, number: int) -> str:
    if serial == OFFLINE_SERIAL:
        return "offline"
    return {17: "alerting", 23: "dormant", 31: "offline"}.get(number, "online")
