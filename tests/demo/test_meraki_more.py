"""Calls and refusals of Meraki that the kit itself does not meet."""

from __future__ import annotations

import pytest
import requests

from tests.demo.conftest import started

KEY_HEADER = "X-Cisco-Meraki-API-Key"


@pytest.fixture
def meraki(demo):
    def get(path, method="GET", **params):
        base = demo.info["meraki"].removesuffix("/api/v1")
        headers = {KEY_HEADER: demo.info["meraki_key"]}
        return requests.request(method, base + path, params=params, headers=headers, timeout=10)

    return get


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


def test_a_body_that_is_nested_too_deeply_is_refused(demo):
    "With 400, not with a crash"
    url = f"{demo.info['meraki']}/devices/Q2GV-7K2M-D9HT/camera/generateSnapshot"
    headers = {KEY_HEADER: demo.info["meraki_key"], "Content-Type": "application/json"}
    assert requests.post(url, data=b"[" * 100_000, headers=headers, timeout=10).status_code == 400
