"""Calls of the vendors that the kit itself does not make, and the demo site behind a front."""

from __future__ import annotations

import pytest
import requests
from flask import Flask

from camkit.demo.meraki.parameters import has_tags
from tests.demo.conftest import QUICK, started

DOOR = "1007b3c4"
KEY_HEADER = "X-Cisco-Meraki-API-Key"


@pytest.fixture
def een(session, demo):
    return lambda path, **params: session.get(demo.info["een"] + path, params=params, timeout=10)


@pytest.fixture
def meraki(demo):
    def get(path, method="GET", **params):
        base = demo.info["meraki"].removesuffix("/api/v1")
        headers = {KEY_HEADER: demo.info["meraki_key"]}
        return requests.request(method, base + path, params=params, headers=headers, timeout=10)

    return get


def test_recorded_video_is_listed_with_its_gap(een):
    "As API v3 says it of the same camera"
    found = een(
        "/asset/list/video", id=DOOR, start_timestamp="20190408000000.000", end_timestamp="20190409000000.000"
    )
    assert [(row["s"], row["e"]) for row in found.json()] == [
        ("20190408000000.000", "20190408180409.330"),
        ("20190408191140.092", "20190409000000.000"),
    ]
    assert een("/asset/list/video", id=DOOR).status_code == 400


def test_ids_may_be_in_capitals(een):
    "In the image's call, the device's and the list's filter"
    upper = DOOR.upper()
    assert een("/asset/prev/image.jpeg", id=upper, timestamp="now", asset_class="pre").ok
    assert een("/g/device", id=upper).json()["id"] == DOOR
    assert len(een("/g/device/list", e=upper).json()) == 1


def test_users_and_accounts_are_rows(een):
    "Of 6 and of 18 columns"
    assert [len(row) for row in een("/g/user/list").json()] == [6, 6]
    ((account, name, *rest),) = een("/g/account/list").json()
    assert (account, name, len(rest)) == ("00014750", "Camkit Demo", 16)


def test_a_subscription_says_the_status_and_the_poll_has_no_news_when_time_stands_still(session, demo):
    "With a token that is also the cookie; without one the poll is refused"
    url = demo.info["een"] + "/poll"
    fresh = requests.Session()
    fresh.trust_env, fresh.cookies = False, session.cookies.copy()
    assert fresh.get(url, timeout=10).status_code == 400
    body = {"cameras": {DOOR.upper(): {"resource": ["pre", "status"]}}}
    answer = fresh.post(url, json=body, timeout=10)
    assert answer.json()["cameras"][DOOR]["status"] > 0
    assert answer.json()["token"] == fresh.cookies["ee-poll-ses"]
    assert fresh.get(url, timeout=10).json() == {"cameras": {}}
    for wrong in (
        [],
        {"cameras": 1},
        {"cameras": {DOOR: 1}},
        {"cameras": {DOOR: {"resource": ["passwords"]}}},
    ):
        assert fresh.post(url, json=wrong, timeout=10).status_code == 400


def test_the_snapshot_of_api_v2_is_the_recorded_picture(een):
    "Of the camera that records, but for its outage; errors have their own form"
    found = een(f"/api/v2/media/{DOOR}/Snapshot", timestamp="20190412173336.000")
    assert found.content.startswith(b"\xff\xd8") and len(found.content) > 30_000
    for path, status in ((DOOR, 404), ("ffffffff", 405)):
        answer = een(f"/api/v2/media/{path}/Snapshot", timestamp="20190408183513.000")
        assert answer.status_code == answer.json()["status_code"] == status and answer.json()["data"] is None


@pytest.mark.parametrize(
    ("path", "method", "status", "said"),
    [
        ("/api/v1/nothing", "GET", 404, "Not found"),
        ("/api/v1/devices/x/camera/generateSnapshot", "GET", 404, "Not found"),
        ("/api/v0/organizations", "GET", 404, "use /api/v1"),
        (
            "/api/v0/networks/N_1/cameras/Q2GV-7K2M-D9HT/snapshot",
            "POST",
            404,
            "devices/Q2GV-7K2M-D9HT/camera/generateSnapshot",
        ),
        ("/api/v1/organizations/549236/devices?colour=red", "GET", 400, "'colour' is not a parameter"),
        ("/api/v1/organizations/549236/devices?sensorMetrics[]=x", "GET", 400, "does not serve"),
        ("/api/v1/devices/Q2GV-7K2M-D9HT?perPage=3", "GET", 400, "'perPage' is not a parameter"),
        ("/api/v1", "GET", 404, "Not Found"),
        ("/api/v0/", "GET", 404, "Not Found"),
        ("/api/v1/organizations", "TRACE", 405, "Method Not Allowed"),
        ("/api/v0/organizations", "PROPFIND", 405, "Method Not Allowed"),
        ("/api/v1/organizations?sensorMetrics[]=x", "GET", 400, "'sensorMetrics' is not a parameter"),
        ("/api/v1/organizations/549236/networks?configTemplateId=1", "GET", 400, "does not serve"),
        ("/api/v1/organizations/549236/networks?tagsFilterType=any", "GET", 400, "withAnyTags, withAllTags"),
        ("/api/v1/organizations/549236/devices/statuses?statuses[]=off", "GET", 400, "offline, dormant"),
    ],
)
def test_merakis_refusals_have_its_form(meraki, path, method, status, said):
    "Also of what does not exist, and of a filter that would be ignored"
    answer = meraki(path, method)
    assert answer.status_code == status
    assert said in answer.json()["errors"][0]


def test_meraki_serves_one_organization_availabilities_and_quality(meraki):
    "And filters by what is asked"
    organization = "/api/v1/organizations/549236"
    assert meraki(organization).json()["name"] == "Camkit Demo"
    found = meraki(f"{organization}/devices/availabilities", **{"productTypes[]": "camera"}).json()
    assert len(found) == 12 and {device["status"] for device in found} == {"online", "offline"}
    offline = meraki(f"{organization}/devices/statuses", **{"statuses[]": "offline"}).json()
    assert {device["status"] for device in offline} == {"offline"}
    tagged = meraki(f"{organization}/devices", **{"tags[]": "door"}).json()
    assert tagged and all(device["tags"] == ["door"] for device in tagged)
    assert (
        meraki("/api/v1/devices/Q2GV-7K2M-D9HT/camera/qualityAndRetention").json()["resolution"] == "1280x720"
    )


@pytest.mark.parametrize(
    ("asked", "found"),
    [({}, 2), ({"tagsFilterType": "withAnyTags"}, 2), ({"tagsFilterType": "withAllTags"}, 1)],
)
def test_any_of_the_tags_will_do_unless_all_are_asked_for(found, asked):
    "As the specification says of all lists with tags"
    rows = ["door"], ["door", "lobby"], []
    with Flask("tags").test_request_context(query_string={"tags[]": ["door", "lobby"], **asked}):
        assert sum(has_tags(tags) for tags in rows) == found


def test_networks_are_filtered_by_their_tags(meraki):
    "None of the demo's has one"
    path = "/api/v1/organizations/549236/networks"
    assert [len(meraki(path, **asked).json()) for asked in ({}, {"tags[]": "door"})] == [2, 0]


@pytest.mark.parametrize("status", [202, 400, 403, 404])
def test_a_picture_that_is_not_ready_answers_as_the_option_says(status):
    "And the end of its address is by the clock that the answers carry"
    with started("--ready-delay-ms", "60000", "--not-ready-status", str(status)) as (_, info):
        headers = {KEY_HEADER: info["meraki_key"]}
        url = f"{info['meraki']}/devices/Q2GV-7K2M-D9HT/camera/generateSnapshot"
        made = requests.post(url, json={}, headers=headers, timeout=10)
        assert requests.get(made.json()["url"], timeout=10).status_code == status
        assert made.headers["Date"] == "Fri, 12 Apr 2019 20:45:00 GMT"
        assert made.json()["expiry"].endswith("2019-04-12T21:15:00Z.")


def test_behind_a_front_all_addresses_are_the_fronts():
    "Lists' links, pictures, the API of a login; only the control path stays where it is"
    options = ("--public-url", "https://demo.example:8443", "--public-media-url", "https://media.example")
    with started(*QUICK, *options) as (_, info):
        assert info["een"] == "https://demo.example:8443" and info["media"] == "https://media.example"
        here = info["control"].rpartition("/demo/")[0]
        headers = {KEY_HEADER: info["meraki_key"]}
        page = requests.get(
            f"{here}/api/v1/organizations/549236/devices?perPage=5", headers=headers, timeout=10
        )
        assert page.links["next"]["url"].startswith("https://demo.example:8443/api/v1/")
        url = f"{here}/api/v1/devices/Q2GV-7K2M-D9HT/camera/generateSnapshot"
        made = requests.post(url, json={}, headers=headers, timeout=10)
        assert made.json()["url"].startswith("https://media.example/stream/")
        assert requests.get(f"{info['control']}/requests", timeout=10).ok
