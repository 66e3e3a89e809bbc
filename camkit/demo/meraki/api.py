"""``/api/v1``: the inventory, snapshots and video links of the Dashboard API.

Source: meraki/openapi, ``spec3.json``. Error texts that the vendor does not document are the demo's own.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, NoReturn

from flask import Blueprint, Response, abort, jsonify, make_response, request
from werkzeug.exceptions import HTTPException

from camkit.demo.clock import Clock
from camkit.demo.meraki.inventory import ORGANIZATION, ORGANIZATION_ID, Device, Inventory
from camkit.demo.meraki.paging import paged
from camkit.demo.meraki.parameters import check_parameters, given, has_tags
from camkit.demo.meraki.rate_limit import TokenBucket
from camkit.demo.meraki.snapshots import SnapshotStore
from camkit.demo.pictures.snapshots import snapshot_jpeg
from camkit.demo.world.world import World

KEY = "6bec40cf957de430a6f1f2baa056b99a4fac9ea0"
"""The demo's own key, 40 hexadecimal digits like a real one."""

QUALITY = {
    "profileId": None,
    "motionBasedRetentionEnabled": False,
    "audioRecordingEnabled": False,
    "restrictedBandwidthModeEnabled": False,
    "quality": "Standard",
    "resolution": "1280x720",
    "motionDetectorVersion": 2,
}
TOO_RECENT = timedelta(minutes=2)
RETENTION = timedelta(days=30)


def refuse(status: int, text: str) -> NoReturn:
    """End the request with the vendor's error body."""
    abort(make_response(jsonify({"errors": [text]}), status))


class Snapshots:
    """Takes orders for pictures of the cameras.

    Parameters
    ----------
    origin : str
        The image origin, for example ``http://127.0.0.1:8081``.
    """

    def __init__(self, world: World, clock: Clock, store: SnapshotStore, origin: str) -> None:
        self._world = world
        self._clock = clock
        self._store = store
        self._origin = origin

    def order(self, device: Device, body: dict[str, Any]) -> dict[str, str]:
        """Order a picture and return the body of the answer. Refused in the cases in which the vendor refuses."""
        moment = self._moment(body.get("timestamp"))
        fullframe = body.get("fullframe") is True
        if fullframe and "timestamp" in body:
            refuse(400, "'fullframe' cannot be used with 'timestamp'")
        if device.status == "offline":
            refuse(400, "The camera is offline")
        name = device.name or device.serial

        def draw() -> bytes:
            return snapshot_jpeg(self._world, device.serial, name, moment, fullframe=fullframe)

        expires = self._clock.now() + timedelta(seconds=self._store.life_s)
        return {
            "url": self._origin + self._store.order(draw),
            "expiry": f"Access to the image will expire at {expires:%Y-%m-%dT%H:%M:%SZ}.",
        }

    def _moment(self, text: object) -> datetime:
        now = self._clock.now()
        if text is None:
            return now
        moment = parse_time(text)
        if moment > now:
            refuse(400, "'timestamp' is in the future")
        if moment > now - TOO_RECENT:
            refuse(400, "No video for specified timestamp")
        if moment < now - RETENTION:
            refuse(400, "'timestamp' is older than the video this camera keeps")
        return moment


def parse_time(text: object) -> datetime:
    """Parse an ISO 8601 time, UTC if it has no offset. Any other text is refused."""
    try:
        moment = datetime.fromisoformat(str(text))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        refuse(400, "'timestamp' must be an ISO 8601 time")


def create_blueprint(
    inventory: Inventory, clock: Clock, snapshots: Snapshots, bucket: TokenBucket | None
) -> Blueprint:
    """The routes. Without a bucket, requests are not limited."""
    routes = Blueprint("meraki", __name__, url_prefix="/api/v1")
    every = {"methods": ["GET", "POST", "PUT", "PATCH", "DELETE"]}
    routes.add_url_rule("/<path:path>", "missing", _missing, **every)  # type: ignore[arg-type]  # a mixed dict
    _add_inventory(routes, inventory, clock)
    _add_camera(routes, inventory, clock, snapshots)

    @routes.app_errorhandler(HTTPException)
    def in_the_vendors_form(error: HTTPException) -> HTTPException | tuple[Response, int]:
        if re.match("/api/v[01](/|$)", request.path):  # no route was found, so no blueprint is responsible
            return jsonify({"errors": [error.name]}), error.code or 500
        return error

    @routes.after_request
    def date(answer: Response) -> Response:
        answer.headers["Date"] = format_datetime(clock.now(), usegmt=True)  # the clock that `expiry` is by
        return answer

    @routes.before_request
    def admit() -> Response | None:
        if not _has_key():
            refuse(401, "No valid authentication method found")
        if bucket is None or bucket.take():
            check_parameters(refuse)
            return None
        answer = make_response(jsonify({"errors": ["API rate limit exceeded for organization"]}), 429)
        answer.headers["Retry-After"] = "1"
        return answer

    return routes


def create_old_blueprint() -> Blueprint:
    """API v0, which has ended: each call is refused, and the answer names the call that replaces it, where one does."""
    routes = Blueprint("meraki_v0", __name__, url_prefix="/api/v0")
    every = {"methods": ["GET", "POST", "PUT", "PATCH", "DELETE"]}
    routes.add_url_rule("/<path:path>", "ended", _ended, **every)  # type: ignore[arg-type]  # a mixed dict
    return routes


def _missing(path: str) -> Response:
    """Answer to a path that does not exist."""
    refuse(404, "Not found")


def _ended(path: str) -> Response:
    camera = re.fullmatch(r"networks/[^/]+/cameras/([^/]+)/(snapshot|videoLink)", path)
    call = {"snapshot": "generateSnapshot", "videoLink": "videoLink"}
    instead = f": use /api/v1/devices/{camera[1]}/camera/{call[camera[2]]}" if camera else ": use /api/v1"
    refuse(404, f"API v0 has ended{instead}")


def _add_inventory(routes: Blueprint, inventory: Inventory, clock: Clock) -> None:
    """The organization, its networks and its devices."""

    @routes.get("/organizations")
    def organizations() -> Response:
        return paged([ORGANIZATION], lambda item: item["id"], lambda item: item, range(3, 9001))

    @routes.get("/organizations/<organization>")
    def one_organization(organization: str) -> Response:
        _known_organization(organization)
        return jsonify(ORGANIZATION)

    @routes.get("/organizations/<organization>/devices/availabilities")
    def availabilities(organization: str) -> Response:
        _known_organization(organization)
        return paged(
            _filtered(inventory), lambda device: device.serial, Device.availability_item, range(3, 1001)
        )

    @routes.get("/organizations/<organization>/networks")
    def networks(organization: str) -> Response:
        _known_organization(organization)
        items = [item for item in inventory.networks if has_tags(item["tags"])]
        return paged(items, lambda item: item["id"], lambda item: item, range(3, 100_001))

    @routes.get("/organizations/<organization>/devices")
    def organization_devices(organization: str) -> Response:
        _known_organization(organization)
        return paged(
            _filtered(inventory), lambda device: device.serial, Device.organization_item, range(3, 5001)
        )

    @routes.get("/organizations/<organization>/devices/statuses")
    def statuses(organization: str) -> Response:
        _known_organization(organization)
        at = clock.now().isoformat(timespec="microseconds").replace("+00:00", "Z")
        return paged(
            _filtered(inventory),
            lambda device: device.serial,
            lambda device: device.status_item(at),
            range(3, 1001),
        )

    @routes.get("/networks/<network>/devices")
    def network_devices(network: str) -> Response:
        if all(item["id"] != network for item in inventory.networks):
            refuse(404, "Network not found")
        return jsonify([device.item() for device in inventory.devices if device.network_id == network])

    @routes.get("/devices/<serial>")
    def one_device(serial: str) -> Response:
        return jsonify(_known_device(inventory, serial).item())


def _add_camera(routes: Blueprint, inventory: Inventory, clock: Clock, snapshots: Snapshots) -> None:
    """Snapshots and video links."""

    @routes.post("/devices/<serial>/camera/generateSnapshot")
    def generate_snapshot(serial: str) -> Response:
        no_body = not request.is_json and not request.data
        body = {} if no_body else request.get_json(silent=True)
        if not isinstance(body, dict):
            refuse(400, "The body must be a JSON object")
        return make_response(jsonify(snapshots.order(_known_camera(inventory, serial), body)), 202)

    @routes.get("/devices/<serial>/camera/qualityAndRetention")
    def quality_and_retention(serial: str) -> Response:
        _known_camera(inventory, serial)
        return jsonify(QUALITY)

    @routes.get("/devices/<serial>/camera/videoLink")
    def video_link(serial: str) -> Response:
        camera = _known_camera(inventory, serial)
        text = request.args.get("timestamp")
        at = int((clock.now() if text is None else parse_time(text)).timestamp() * 1000)
        node = 50_000_000_000_000 + camera.number
        pages = "https://n149.meraki.com/office-cameras/n/camkit/manage/nodes/new_list"
        vision = f"https://vision.meraki.com/n/{camera.network_id[2:]}/cameras/{node}?ts={at}"
        return jsonify({"url": f"{pages}/{node}?timestamp={at}", "visionUrl": vision})


def _has_key() -> bool:
    scheme, _, bearer = request.headers.get("Authorization", "").partition(" ")
    return (scheme.lower() == "bearer" and bearer == KEY) or request.headers.get(
        "X-Cisco-Meraki-API-Key"
    ) == KEY


def _known_organization(organization: str) -> None:
    if organization != ORGANIZATION_ID:
        refuse(404, "Organization not found")


def _known_device(inventory: Inventory, serial: str) -> Device:
    device = inventory.by_serial.get(serial)
    if device is None:
        refuse(404, "Device not found")
    return device


def _known_camera(inventory: Inventory, serial: str) -> Device:
    device = _known_device(inventory, serial)
    if device.product_type != "camera":
        refuse(400, "This device is not a camera")
    return device


def _filtered(inventory: Inventory) -> list[Device]:
    """The organization's devices that pass the request's filters; without any, a page costs the same in any fleet."""
    part = request.args
    exactly: dict[str, Callable[[Device], str]] = {
        "productTypes": lambda device: device.product_type,
        "networkIds": lambda device: device.network_id,
        "serials": lambda device: device.serial,
        "models": lambda device: device.model,
        "macs": lambda device: device.mac,
        "statuses": lambda device: device.status,
    }
    wanted = [(value_of, set(given(name))) for name, value_of in exactly.items() if given(name)]
    tests: list[Callable[[Device], bool]] = [
        lambda device: all(value_of(device) in words for value_of, words in wanted)
    ]
    if given("tags"):
        tests.append(lambda device: has_tags(device.tags))
    if "serial" in part:
        tests.append(lambda device: part["serial"].upper() in device.serial)
    if "model" in part:
        tests.append(lambda device: part["model"] in device.model)
    if "mac" in part:
        tests.append(lambda device: part["mac"].lower() in device.mac)
    if "name" in part:
        tests.append(lambda device: part["name"].casefold() in (device.name or "").casefold())
    return [device for device in inventory.devices if all(test(device) for test in tests)]
