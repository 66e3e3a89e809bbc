"""``/g/device``: the device list and one device."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from camkit.demo.een.devices import Device
from camkit.demo.een.login import Login
from camkit.demo.een.request import BAD_ARGUMENTS, query, refuse, require_session


def create_blueprint(login: Login, devices: list[Device]) -> Blueprint:
    """The device routes of one account."""
    routes = Blueprint("een_devices", __name__, url_prefix="/g")
    routes.before_request(lambda: require_session(login))

    @routes.get("/device/list")
    @routes.get("/list/devices")
    def device_list() -> Response:
        filters = query()
        return jsonify([device.row for device in devices if _matches(device, filters)])

    @routes.get("/device")
    def one_device() -> Response:
        device_id = query().get("id")
        if not device_id:
            refuse(400, BAD_ARGUMENTS)
        found = next((device for device in devices if device.id == device_id.lower()), None)
        if found is None:
            refuse(403, "missing privilege")
        return jsonify(_details(found))

    return routes


def _matches(device: Device, filters: dict[str, str]) -> bool:
    """Apply the filters. The vendor does not document them; here a name matches in part, the rest exactly."""
    return (
        ("e" not in filters or device.id == filters["e"].lower())
        and ("n" not in filters or filters["n"].casefold() in device.name.casefold())
        and ("t" not in filters or device.type == filters["t"])
        and ("s" not in filters or device.service_status == filters["s"])
    )


def _details(device: Device) -> dict[str, object]:
    row = device.row
    is_camera = device.type == "camera"
    info = {
        "esn": device.id,
        "class": device.type,
        "camtype": "IP",
        "make": "Demo",
        "model": "DM-360",
        "uuid": row[8],
        "bridgeid": row[4][0][0] if is_camera and row[4] else None,
        "service": device.service_status,
        "connect": "STRM",
        "status": str(device.status),
        "status_hex": f"{device.status:08x}",
        "mac": "02:00:00:" + device.position.to_bytes(3).hex(":"),
        "ipaddr": row[14],
        "version": "demo",
    }
    return {
        "id": device.id,
        "name": device.name,
        "utcOffset": row[12],
        "timezone": row[11],
        "guid": row[8],
        "permissions": row[6],
        "tags": row[7],
        "bridges": dict(row[4]),
        "camera_settings_status_code": 200,
        "camera_settings": "",
        "settings": {"preview_interval_ms": 1000, "camera_on": int(bool(device.status & 0x020000))},
        "camera_info_status_code": 200 if is_camera else 404,
        "camera_info": info if is_camera else {},
        "camera_parameters_status_code": 404,
        "camera_parameters": {},
    }
