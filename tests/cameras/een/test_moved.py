"""A service that leads a request to another address: what is there is not what was asked for."""

from __future__ import annotations

import pytest

from camkit.cameras.een import Moment
from camkit.errors import BadResponse
from tests.support.scripted import send
from tests.support.scripted_een import CAMERA, NOW, een_service, send_frame
from tests.support.scripted_een_v3 import een_v3, send_image, send_json

OTHER = "1000aaaa"
CALLS = {
    "newest": lambda een: een.newest_frame(CAMERA),
    "before": lambda een: een.frame_before(CAMERA, NOW),
    "after": lambda een: een.frame_after(CAMERA, NOW),
    "received": lambda een: een.receive_frame(CAMERA, Moment.now()),
    "by token": lambda een: een.receive_frame(CAMERA, Moment.before(NOW, "token")),
    "snapshot": lambda een: een.snapshot(CAMERA, NOW),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("full_resolution", [False, True])
def test_a_redirect_to_another_cameras_picture_is_refused_by_v3(call, full_resolution):
    "Otherwise it would have the name of the camera that was asked for"

    def answer(handler, params, _):
        if params.get("deviceId") == OTHER:
            send_image(handler, NOW)
        else:
            place = handler.path.partition("?")[0]
            send(handler, 302, Location=f"{place}?deviceId={OTHER}&type=preview")

    with een_v3(answer) as (een, _):
        een.full_resolution = full_resolution
        with pytest.raises(BadResponse, match="not what was asked for"):
            call(een)


@pytest.mark.parametrize("call", [call for name, call in CALLS.items() if name != "by token"])
def test_a_redirect_to_another_cameras_picture_is_refused_by_v1(call):
    "Otherwise it would have the name of the camera that was asked for"

    def answer(handler, _):
        if OTHER in handler.path:
            send_frame(handler, NOW)
        else:
            send(handler, 302, Location=f"/asset/prev/image.jpeg?id={OTHER}&timestamp=now&asset_class=pre")

    with een_service(answer) as (een, _), pytest.raises(BadResponse, match="not what was asked for"):
        call(een)


def test_a_list_of_times_of_another_camera_is_refused_by_v1():
    "The frames of one camera are not those of another"

    def answer(handler, _):
        if OTHER in handler.path:
            send(handler, 200, b"[]")
        else:
            send(handler, 302, Location=f"/asset/list/image?id={OTHER}")

    with een_service(answer) as (een, _), pytest.raises(BadResponse, match="not what was asked for"):
        een.frame_times(CAMERA, "now", count=-5)


def test_a_list_of_something_else_is_refused_by_v3():
    "The bridges are not the cameras"

    def answer(handler, _params, _number):
        if "/cameras" in handler.path:
            send(handler, 302, Location="/api/v3.0/bridges")
        else:
            send_json(handler, {"results": []})

    with een_v3(answer) as (een, _), pytest.raises(BadResponse, match="not what was asked for"):
        een.devices()


def test_the_same_address_at_another_place_of_the_vendors_is_followed():
    "A service may move its pictures to another host; what is asked for stays the same"
    places = []

    def answer(handler, number):
        if number == 0:
            send(handler, 302, Location=f"http://127.0.0.1:{places[0]}{handler.path}")
        else:
            send_frame(handler, NOW)

    with een_service(answer) as (een, server):
        places.append(server.base.rpartition(":")[2])
        assert een.newest_frame(CAMERA).at == NOW
