"""The cameras and bridges of API v3 in the columns of API v1; what v3 does not tell is missing.

Source: EENCloud/VMS-Developer-Portal, ``Open API Specifications``, ``GET /cameras`` and ``GET /bridges``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from camkit.cameras.een.formats import ID

BRIDGE_PARTS = "status,deviceInfo,timeZone,tags,networkInfo,devicePosition,deviceAddress,locationSummary"
CAMERA_PARTS = f"{BRIDGE_PARTS},shareDetails,analog"
"""What is asked for with each device; ``adminCredentials``, which holds passwords, is not."""


def record_of(device: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """What is known of a device, by the names of API v1's columns.

    Parameters
    ----------
    device : mapping
        As the service sends it.
    kind : {"camera", "bridge"}
        The list that it is from.
    """
    info, network, share = (_part(device, name) for name in ("deviceInfo", "networkInfo", "shareDetails"))
    shared = share.get("shared")
    bridge = device.get("bridgeId")
    plain = {
        "account_id": device.get("accountId"),
        "id": device.get("id"),
        "name": device.get("name"),
        "type": kind,
        "guid": info.get("guid"),
        "serial_number": info.get("serialNumber"),
        "timezone": _part(device, "timeZone").get("zone"),
        "ip_address": network.get("ipUsedByBridge") or network.get("globalIP"),
        "is_shared": int(shared) if isinstance(shared, bool) else None,
        "owner_account_name": share.get("accountName"),
        "video_input": _part(device, "analog").get("input"),
        "connection_status": _part(device, "status").get("connectionStatus"),
    }
    nested = {
        "bridges": [[bridge, None]] if isinstance(bridge, str) and bridge else None,
        "tags": device.get("tags"),
        "location": _location(device),
    }
    return {name: value for name, value in plain.items() if isinstance(value, str | int)} | nested


def problem_of(device: Any) -> str | None:
    """What is wrong with a device as it was sent; None if it is as documented."""
    if not isinstance(device, Mapping):
        return f"the device is not an object but {type(device).__name__}"
    missing = [name for name in ("id", "accountId", "name") if not isinstance(device.get(name), str)]
    if missing:
        return f"the device is sent without {', '.join(missing)}"
    if not ID.fullmatch(device["id"]):
        return f"its id, {device['id'][:40]!r}, is not eight hexadecimal digits"
    return None


def _location(device: Mapping[str, Any]) -> list[Any] | None:
    """Latitude, longitude, azimuth, range, street address, floor and the location's name, as in API v1."""
    place = _part(device, "devicePosition")
    found = [
        *(place.get(name) for name in ("latitude", "longitude", "azimuth", "rangeInMeters")),
        _part(device, "deviceAddress").get("address"),
        place.get("floor"),
        _part(device, "locationSummary").get("name"),
    ]
    return None if all(value is None for value in found) else found


def _part(device: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object within a device; empty where it has none."""
    found = device.get(name)
    return found if isinstance(found, Mapping) else {}
