"""The cameras and bridges of API v3 in the columns of API v1; what v3 does not tell is missing.

Source: EENCloud/VMS-Developer-Portal, ``Open API Specifications``, ``GET /cameras`` and ``GET /bridges``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CAMERA_PARTS = "status,deviceInfo,timeZone,tags,networkInfo,devicePosition,shareDetails,analog"
BRIDGE_PARTS = "status,deviceInfo,timeZone,tags,networkInfo,devicePosition"
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
    info, place, share = (_part(device, name) for name in ("deviceInfo", "devicePosition", "shareDetails"))
    network = _part(device, "networkInfo")
    shared = share.get("shared")
    bridge = device.get("bridgeId")
    return {
        "account_id": device.get("accountId"),
        "id": device.get("id"),
        "name": device.get("name"),
        "type": kind,
        "bridges": [[bridge, None]] if bridge else None,
        "tags": device.get("tags"),
        "guid": info.get("guid"),
        "serial_number": info.get("serialNumber"),
        "timezone": _part(device, "timeZone").get("zone"),
        "ip_address": network.get("ipUsedByBridge") or network.get("globalIP"),
        "is_shared": int(shared) if isinstance(shared, bool) else None,
        "owner_account_name": share.get("accountName"),
        "video_input": _part(device, "analog").get("input"),
        "location": _location(device, place),
        "connection_status": _part(device, "status").get("connectionStatus"),
    }


def problem_of(device: Any) -> str | None:
    """What is wrong with a device as it was sent; None if it is as documented."""
    if not isinstance(device, Mapping):
        return f"the device is not an object but {type(device).__name__}"
    missing = [name for name in ("id", "accountId", "name") if not isinstance(device.get(name), str)]
    return f"the device is sent without {', '.join(missing)}" if missing else None


def _location(device: Mapping[str, Any], place: Mapping[str, Any]) -> list[Any] | None:
    """Latitude, longitude, azimuth, range, street address, floor and the location's name, as in API v1."""
    names = ("latitude", "longitude", "azimuth", "rangeInMeters")
    if not place:
        return None
    return [*(place.get(name) for name in names), None, place.get("floor"), None]


def _part(device: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object within a device; empty where it has none."""
    found = device.get(name)
    return found if isinstance(found, Mapping) else {}
