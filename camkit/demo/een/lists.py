"""``/g/user/list`` and ``/g/account/list``: positional rows, like the device list.

Source of the columns: EENCloud/api-docs, ``_api_user.md`` and ``_api_account.md``, "Get List of Users", "Get List of
Accounts".
"""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from camkit.demo.een.assets import RETENTION
from camkit.demo.een.devices import ACCOUNT_ID, Device
from camkit.demo.een.login import TFA_USERNAME, USERNAME, Login, user
from camkit.demo.een.population import NO_ID
from camkit.demo.een.request import require_session

_CONNECTED, _ON = 0x100000, 0x020000
_PERMISSIONS = ["recorded_video", "live_video", "account_superuser", "active"]


def create_blueprint(login: Login, devices: list[Device]) -> Blueprint:
    """The lists of the users of one account, and of the accounts of one user: there is one, and it has no others."""
    routes = Blueprint("een_lists", __name__, url_prefix="/g")
    routes.before_request(lambda: require_session(login))

    @routes.get("/user/list")
    def user_list() -> Response:
        return jsonify([_user_row(username) for username in (USERNAME, TFA_USERNAME)])

    @routes.get("/account/list")
    def account_list() -> Response:
        return jsonify([_account_row(devices)])

    return routes


def _user_row(username: str) -> list[object]:
    fields = user(username)
    names = ("id", "first_name", "last_name", "email")
    return [*(fields[name] for name in names), _PERMISSIONS, fields["last_login"]]


def _account_row(devices: list[Device]) -> list[object]:
    """The account's row: id, name, counts, flags; the words of each column are in the source."""
    cameras = [device for device in devices if device.type == "camera" and device.position != NO_ID]
    bridges = [device for device in devices if device.type == "bridge"]
    bridges_online = sum(bool(bridge.status & _CONNECTED) for bridge in bridges)
    return [
        ACCOUNT_ID,
        "camkit demo",
        sum(bool(camera.status & _CONNECTED) for camera in cameras),
        len(cameras),
        2,
        0,
        0,
        1,
        None,
        bridges_online,
        len(bridges),
        len(bridges),
        sum(not camera.status & _ON for camera in cameras),
        sum(device.service_status == "IGND" for device in devices),
        1,
        user(USERNAME)["last_login"],
        RETENTION.days,
        "",
    ]
