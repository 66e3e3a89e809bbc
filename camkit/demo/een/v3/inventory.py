"""``/cameras``, ``/bridges``, ``/users/self`` and ``/clientSettings``.

Source: EENCloud/VMS-Developer-Portal, ``devices_category.yaml``, ``user_and_accounts_category.yaml``. The
devices are those that API v1 lists, apart from those without an id and those that are neither camera nor bridge.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, jsonify

from camkit.demo.een import population
from camkit.demo.een.devices import ACCOUNT_ID, Device
from camkit.demo.een.login import USERNAME, user
from camkit.demo.een.outages import ONLINE
from camkit.demo.een.v3.answers import Pages, arguments, refuse_argument, refuse_resource, words

CREATED = "2018-06-11T16:30:00.000+00:00"
STATUSES = ("online", "deviceOffline", "bridgeOffline", "off", "error", "unknown", "invalidCredentials")
SORTS = [sign + name for name in ("name", "locationSummary.name", "bridgeSummary.name") for sign in "+-"]

_CAMERA_PARTS = (
    "status locationSummary deviceAddress timeZone notes tags devicePosition networkInfo deviceInfo firmware "
    "visibleByBridges capabilities effectivePermissions shareDetails analog qRelevance packages dewarpConfig "
    "adminCredentials publicSafetySharing enabledAnalytics"
).split()
_BRIDGE_PARTS = (
    "status locationSummary deviceAddress timeZone notes tags devicePosition networkInfo deviceInfo "
    "effectivePermissions resourceCounts resourceStatusCounts qRelevance"
).split()
_USER_PARTS = (
    "status locationSummary loginDetails timeZone contactDetails support permissions layoutSettings previewSettings "
    "effectivePermissions timeSettings"
).split()
_FILTERS = tuple(
    "id__in id__contains name name__in name__contains tags__contains tags__any status__in status__ne q "
    "qRelevance__gte".split()
)
_CAMERA_FILTERS = (*_FILTERS, "id__notIn", "bridgeId__in", "multiCameraId", "multiCameraId__ne")
_PAGING = ("pageToken", "pageSize", "sort", "include")


def create_blueprint(devices: list[Device], pages: Pages, base_url: dict[str, object]) -> Blueprint:
    """The routes of one account."""
    routes = Blueprint("een_v3_inventory", __name__)
    cameras = [device for device in devices if device.type == "camera" and device.id]
    bridges = [device for device in devices if device.type == "bridge"]

    def listed(found: list[Device], parts: list[str], filters: tuple[str, ...]) -> Response:
        params = arguments((*filters, *_PAGING))
        include = words(params, "include", parts)
        _check_relevance(params)
        tests = _tests(params)
        matching = _sorted([device for device in found if all(test(device) for test in tests)], params)
        return pages.answer(matching, lambda device: rendered(device, include), params, len(found))

    def one(found: list[Device], kind: str, device_id: str, parts: list[str]) -> Response:
        include = words(arguments(("include",)), "include", parts)
        device = next((device for device in found if device.id == device_id.lower()), None)
        if device is None:
            refuse_resource(kind, device_id)
        return jsonify(rendered(device, include))

    @routes.get("/cameras")
    def all_cameras() -> Response:
        return listed(cameras, _CAMERA_PARTS, _CAMERA_FILTERS)

    @routes.get("/cameras/<device_id>")
    def one_camera(device_id: str) -> Response:
        return one(cameras, "cameras", device_id, _CAMERA_PARTS)

    @routes.get("/bridges")
    def all_bridges() -> Response:
        return listed(bridges, _BRIDGE_PARTS, _FILTERS)

    @routes.get("/bridges/<device_id>")
    def one_bridge(device_id: str) -> Response:
        return one(bridges, "bridges", device_id, _BRIDGE_PARTS)

    @routes.get("/users/self")
    def current_user() -> Response:
        include = words(arguments(("include",)), "include", _USER_PARTS)
        known = user(USERNAME)
        body = {
            "id": known["id"],
            "firstName": known["first_name"],
            "lastName": known["last_name"],
            "email": known["email"],
            "accountId": ACCOUNT_ID,
            "language": "en-US",
            "employeeId": None,
            "locationId": None,
        }
        return jsonify(
            body | ({"timeZone": {"timeZone": known["timezone"]}} if "timeZone" in include else {})
        )

    @routes.get("/clientSettings")
    def client_settings() -> Response:
        arguments(())
        return jsonify({"httpsBaseUrl": base_url})

    return routes


def connection_status(device: Device) -> str:
    """The device's present status; a bridge's is its own."""
    if device.type == "bridge":
        return "deviceOffline" if device.position == population.DISCONNECTED_BRIDGE else ONLINE
    return device.history[-1].status


def rendered(device: Device, include: list[str]) -> dict[str, Any]:
    """A device as the vendor sends it, with the parts that were asked for and exist."""
    row, is_camera = device.row, device.type == "camera"
    body: dict[str, Any] = {
        "id": device.id,
        "accountId": ACCOUNT_ID,
        "name": device.name,
        "createTimestamp": CREATED,
    }
    if is_camera:
        body |= {"bridgeId": row[4][0][0], "multiCameraId": None, "speakerId": None}
    if device.position % 3 == 0:
        body["locationId"] = "c1b3f9a2-7d44-4b0e-9b55-3f1f5a0d7e11"
    make = {"make": "Demo", "model": "DM-360", "directToCloud": False, "icon": "securityCamera"}
    own = make if is_camera else {"serialNumber": row[9]} if row[9] else {}
    address = row[14].split(",")[0].lstrip("*")
    parts: dict[str, Callable[[], Any]] = {
        "status": lambda: {"connectionStatus": connection_status(device)},
        "timeZone": lambda: {"zone": row[11]},
        "tags": lambda: row[7],
        "deviceInfo": lambda: {"guid": row[8], **own},
        "networkInfo": lambda: {"ipUsedByBridge": address} if is_camera else {"globalIP": address},
        "devicePosition": lambda: _position(row[20], is_camera),
        "shareDetails": lambda: {"shared": False, "firstResponder": False},
        "analog": lambda: {"input": int(row[18])} if row[18] else None,
        "notes": lambda: "",
        "packages": list,
        "enabledAnalytics": list,
        "visibleByBridges": list,
    }
    found = {name: parts[name]() for name in include if name in parts}
    return body | {name: value for name, value in found.items() if value is not None}


def _position(location: list[Any], is_camera: bool) -> dict[str, Any] | None:
    if location[0] is None:
        return None
    where = {"latitude": location[0], "longitude": location[1], "floor": location[5]}
    return where | ({"azimuth": location[2], "rangeInMeters": location[3]} if is_camera else {})


def _check_relevance(params: dict[str, str]) -> None:
    """Refuse a least relevance that is not one; what ``q`` finds here is all equally relevant."""
    try:
        valid = 0 <= float(params.get("qRelevance__gte", "0.5")) <= 1
    except ValueError:
        valid = False
    if not valid:
        refuse_argument("qRelevance__gte", "wrongArgumentValue", "a number from 0 to 1")


def _tests(params: dict[str, str]) -> list[Callable[[Device], bool]]:
    """What a device has to pass, for each filter of the request."""
    wanted = {
        key: {word.casefold() for word in words(params, key)} for key in params if key not in ("name", "q")
    }
    statuses = {key: words(params, key, STATUSES) for key in ("status__in", "status__ne") if key in params}
    tests: dict[str, Callable[[Device], bool]] = {
        "id__in": lambda device: device.id in wanted["id__in"],
        "id__notIn": lambda device: device.id not in wanted["id__notIn"],
        "id__contains": lambda device: params["id__contains"].lower() in (device.id or ""),
        "name": lambda device: params["name"].casefold() == device.name.casefold(),
        "name__in": lambda device: device.name.casefold() in wanted["name__in"],
        "name__contains": lambda device: params["name__contains"].casefold() in device.name.casefold(),
        "q": lambda device: params["q"].casefold() in device.name.casefold(),
        "tags__contains": lambda device: wanted["tags__contains"] <= set(device.row[7]),
        "tags__any": lambda device: not wanted["tags__any"].isdisjoint(device.row[7]),
        "bridgeId__in": lambda device: device.row[4][0][0] in wanted["bridgeId__in"],
        "status__in": lambda device: connection_status(device) in statuses["status__in"],
        "status__ne": lambda device: connection_status(device) not in statuses["status__ne"],
        "multiCameraId": lambda _: params["multiCameraId"] == "null",
        "multiCameraId__ne": lambda _: params["multiCameraId__ne"] != "null",
    }
    return [test for key, test in tests.items() if key in params]


def _sorted(devices: list[Device], params: dict[str, str]) -> list[Device]:
    """Sort as asked for, by name if not; the demo has one location and sorts bridges by id."""
    keys = words(params, "sort") if "sort" in params else ["+name"]
    names = [key[1:] for key in keys]
    if not keys or len(keys) > 3 or len(set(names)) < len(names) or any(key not in SORTS for key in keys):
        refuse_argument("sort", "wrongArgumentValue", f"up to three of {', '.join(SORTS)}, no field twice")
    for key in reversed(keys):
        by_bridge = key[1:] == "bridgeSummary.name"
        devices = sorted(
            devices,
            key=lambda device: str(device.row[4]) if by_bridge else device.name.casefold(),
            reverse=key[0] == "-",
        )
    return devices
