"""The device list of API v3: pages, columns, and what is odd in it."""

from __future__ import annotations

from urllib.parse import urlsplit

import pandas as pd
import pytest

from camkit import errors
from camkit.cameras.een import probe_cameras, usable_cameras
from camkit.cameras.een.v1.devices import table_of_rows
from camkit.cameras.een.v3.client import PAGES
from tests.support.scripted import send
from tests.support.scripted_een_v3 import een_v3, query, send_json

CAMERA = {
    "id": "1001abcd",
    "accountId": "00001106",
    "name": "Dock",
    "bridgeId": "1002bbbb",
    "multiCameraId": None,
    "createTimestamp": "2018-06-11T16:30:00.000Z",
    "status": {"connectionStatus": "online"},
    "deviceInfo": {"guid": "g-1", "directToCloud": False},
    "timeZone": {"zone": "US/Mountain"},
    "tags": ["dock"],
    "networkInfo": {"ipUsedByBridge": "10.0.0.7", "globalIP": "192.0.2.1"},
    "devicePosition": {"latitude": 1.5, "longitude": 2.5, "floor": 3},
    "locationSummary": {"id": "l", "name": "Denver"},
    "shareDetails": {"shared": False, "accountName": "Owner"},
    "analog": {"input": 2},
}
BRIDGE = {
    "id": "1002bbbb",
    "accountId": "00001106",
    "name": "Rack",
    "status": {"connectionStatus": "bridgeOffline"},
    "deviceInfo": {"serialNumber": "EEN-BR-1"},
}


def pages_of(cameras, bridges=(), *, size=100, end=None):
    """Answer with pages of these; `end` is how a last page says that it is the last (no token if it is missing)."""

    def answer(handler, params, _):
        found = bridges if urlsplit(handler.path).path.endswith("/bridges") else cameras
        start = int(params.get("pageToken") or 0)
        body = {"results": found[start : start + size], "prevPageToken": None, "totalSize": len(found)}
        more = start + size < len(found)
        if more or end != "absent":
            body["nextPageToken"] = str(start + size) if more else end
        send_json(handler, body)

    return answer


def test_a_device_has_the_columns_of_v1_as_far_as_v3_knows_them():
    "Same table, same types; what v3 does not tell is missing"
    with een_v3(pages_of([CAMERA], [BRIDGE])) as (een, _):
        devices = een.devices()
    v1 = table_of_rows([])
    assert list(devices.columns) == list(v1.columns) and (devices.dtypes == v1.dtypes).all()
    camera, bridge = devices.loc[1], devices.loc[2]
    known = {
        "account_id": "00001106", "id": "1001abcd", "name": "Dock", "type": "camera", "guid": "g-1",
        "timezone": "US/Mountain", "ip_address": "10.0.0.7", "owner_account_name": "Owner", "video_input": "2",
        "connection_status": "online", "is_shared": 0, "tags": ["dock"], "bridges": [["1002bbbb", None]],
        "location": [1.5, 2.5, None, None, None, 3, "Denver"],
    }  # fmt: skip
    assert {name: camera[name] for name in known} == known
    assert set(camera.index[camera.notna()]) == set(known)
    assert (bridge["type"], bridge["serial_number"]) == ("bridge", "EEN-BR-1")
    assert bridge["connection_status"] == "bridgeOffline"


def test_asks_for_what_the_table_needs_and_never_for_passwords():
    "The parts are named in one value with commas, and adminCredentials is not among them"
    with een_v3(pages_of([CAMERA])) as (een, server):
        een.devices()
    asked = [
        query(seen.path)["include"]
        for seen in server.seen
        if "/cameras" in seen.path or "/bridges" in seen.path
    ]
    assert len(asked) == 2 and all("status" in parts.split(",") for parts in asked)
    assert not any("adminCredentials" in parts for parts in asked)


@pytest.mark.parametrize("end", [None, "", "absent"])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_all_pages_are_read_whatever_ends_the_list(end, size):
    "null, an empty text and no token at all end a list; a short page does not"
    cameras = [{**CAMERA, "id": f"1001000{number}"} for number in range(5)]
    with een_v3(pages_of(cameras, size=size, end=end)) as (een, _):
        assert een.devices()["id"].tolist() == [camera["id"] for camera in cameras]


def test_a_device_that_is_listed_on_two_pages_counts_once():
    "One was added or moved while the list was read; what was said last counts"
    later = {**CAMERA, "status": {"connectionStatus": "off"}}
    other = {**CAMERA, "id": "1003aaaa"}
    with een_v3(pages_of([CAMERA, other, later], [], size=1)) as (een, _):
        devices = een.devices()
    assert devices["id"].tolist() == [CAMERA["id"], "1003aaaa"]
    assert devices["connection_status"].tolist() == ["off", "online"]


def test_a_list_that_comes_back_to_a_page_is_an_error():
    "A token that came before ends the call with a sentence"

    def answer(handler, params, _):
        send_json(
            handler, {"results": [CAMERA], "nextPageToken": "b" if params.get("pageToken") == "a" else "a"}
        )

    with een_v3(answer) as (een, _), pytest.raises(errors.BadResponse, match="same page again"):
        een.devices()


def test_a_list_that_does_not_end_is_an_error():
    "After more pages than any account has, the call ends with a sentence"
    with (
        een_v3(
            lambda handler, _, number: send_json(handler, {"results": [], "nextPageToken": str(number)})
        ) as (een, server),
        pytest.raises(errors.BadResponse, match=f"more than {PAGES} pages"),
    ):
        een.devices()
    assert len([seen for seen in server.seen if "/users/self" not in seen.path]) == PAGES


@pytest.mark.parametrize("token", [7, True, ["a"], {"a": 1}])
def test_a_token_that_is_not_text_does_not_end_a_list_in_silence(token):
    "What cannot be sent back is an error, not the end"
    with (
        een_v3(lambda handler, *_: send_json(handler, {"results": [CAMERA], "nextPageToken": token})) as (
            een,
            _,
        ),
        pytest.raises(errors.BadResponse, match="next page"),
    ):
        een.devices()


@pytest.mark.parametrize(
    "body", [b"[]", b'{"results": null}', b"{}", b"null", b"<html>", b'{"results": {"a": 1}}']
)
def test_an_answer_that_is_not_a_list_is_an_error(body):
    "Whatever came instead, it is one sentence"
    with (
        een_v3(lambda handler, *_: send(handler, 200, body, Content_Type="application/json")) as (een, _),
        pytest.raises(errors.BadResponse),
    ):
        een.devices()


@pytest.mark.parametrize(
    ("device", "said"),
    [
        (None, "not an object"),
        ("1001abcd", "not an object"),
        ({}, "without id, accountId, name"),
        ({**CAMERA, "id": None}, "without id"),
        ({**CAMERA, "id": {"a": 1}}, "without id"),
        ({**CAMERA, "name": 5}, "without name"),
        ({**CAMERA, "id": "../../etc"}, "eight hexadecimal digits"),
        ({**CAMERA, "id": "1001abcd\n"}, "eight hexadecimal digits"),
    ],
)
def test_an_odd_device_is_a_row_with_its_problem(device, said):
    "It is in the table, is not asked for a picture, and stops nobody else"

    def answer(handler, params, number):
        if "liveImage" in handler.path:
            return send(handler, 404)
        return pages_of([device, {**CAMERA, "id": "1001ffff"}])(handler, params, number)

    with een_v3(answer) as (een, _):
        devices = een.devices()
        assert said in devices.loc[1, "row_problem"]
        usable = usable_cameras(devices)
        assert said in usable.loc[1, "reason"] and usable.loc[2, "usable"]
        assert probe_cameras(een, devices)["id"].tolist() == ["1001ffff"]


@pytest.mark.parametrize(
    "part", ["status", "deviceInfo", "timeZone", "networkInfo", "devicePosition", "shareDetails"]
)
@pytest.mark.parametrize("value", [None, [], "online", 3, {}, {"connectionStatus": ["online"]}])
def test_a_part_that_is_odd_or_not_there_is_missing_in_the_table(part, value):
    "The device stays, and can be asked for a picture"
    with een_v3(pages_of([{**CAMERA, part: value}])) as (een, _):
        devices = een.devices()
    assert devices.loc[1, "id"] == "1001abcd"
    assert devices.loc[1, "connection_status"] is pd.NA or part != "status"
    assert usable_cameras(devices)["usable"].tolist() == [True]


def test_a_device_without_a_status_is_not_called_unattached():
    "API v3 has no word for attached: it lists attached devices only"
    silent = {name: value for name, value in CAMERA.items() if name != "status"}
    with een_v3(pages_of([silent], [BRIDGE])) as (een, _):
        table = usable_cameras(een.devices())
    assert table["usable"].tolist() == [True, False]
    assert table.loc[2, "reason"] == "not a camera (bridge)"


@pytest.mark.parametrize(
    "word", ["deviceOffline", "bridgeOffline", "off", "error", "unknown", "invalidCredentials", "", "new"]
)
def test_only_a_camera_that_is_online_is_drawn(word):
    "A camera that does not say it is online is not counted as healthy, and is not asked"
    with (
        een_v3(pages_of([{**CAMERA, "status": {"connectionStatus": word}}])) as (een, server),
        pytest.raises(errors.NotFound, match="0 are cameras that are online"),
    ):
        een.healthy_camera(seed=1)
    assert not any("/media" in seen.path for seen in server.seen)
