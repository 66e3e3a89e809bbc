"""The demo's Meraki side, over HTTP and with the vendor's own SDK."""

from __future__ import annotations

import io
import re
import time

import meraki
import pytest
import requests
from PIL import Image

from camkit.demo.launch import DemoProcess

pytestmark = pytest.mark.not_quick

ENTRANCE, OUTSIDE, OFFLINE = "Q2GV-7K2M-D9HT", "Q2GV-4CDN-W7YK", "Q2JV-X7PE-4RNC"
SWIPE = "2019-04-12T14:20:29-06:00"


def api(demo: DemoProcess, method: str, path: str, **arguments) -> requests.Response:
    headers = {"Authorization": f"Bearer {demo.info['meraki_key']}"} | arguments.pop("headers", {})
    return requests.request(
        method, demo.info["meraki"] + path, headers=headers, timeout=10, allow_redirects=False, **arguments
    )


def order(demo: DemoProcess, serial: str = ENTRANCE, **body) -> requests.Response:
    return api(demo, "POST", f"/devices/{serial}/camera/generateSnapshot", json=body)


def organization(demo: DemoProcess) -> str:
    return api(demo, "GET", "/organizations").json()[0]["id"]


@pytest.fixture(scope="module")
def devices_path(demo):
    return f"/organizations/{organization(demo)}/devices"


class TestKey:
    def test_both_headers_are_accepted(self, demo):
        "The key is accepted as a bearer token and in the older header"
        url = demo.info["meraki"] + "/organizations"
        older = requests.get(url, headers={"X-Cisco-Meraki-API-Key": demo.info["meraki_key"]}, timeout=10)
        assert older.status_code == api(demo, "GET", "/organizations").status_code == 200

    @pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}])
    def test_no_or_wrong_key_is_401_with_errors(self, demo, headers):
        "A missing and a wrong key are refused with the vendor's body"
        answer = requests.get(demo.info["meraki"] + "/organizations", headers=headers, timeout=10)
        assert answer.status_code == 401
        assert answer.json() == {"errors": ["No valid authentication method found"]}


class TestInventory:
    def test_several_dozen_devices_of_all_kinds(self, demo, devices_path):
        "The organization has cameras among other devices, one without a name"
        devices = api(demo, "GET", devices_path).json()
        assert len(devices) == 53
        assert {"camera", "switch", "wireless", "appliance"} <= {device["productType"] for device in devices}
        assert {None, ""} <= {device["name"] for device in devices}
        assert all(
            re.fullmatch(r"Q[0-9A-Z]{3}-[0-9A-Z]{4}-[0-9A-Z]{4}", device["serial"]) for device in devices
        )

    def test_second_camera_of_a_door_changes_no_other_device(self, demo, devices_path):
        "The outside camera has the last number, so the addresses of all other devices are unchanged"
        devices = api(demo, "GET", devices_path).json()
        macs = {device["serial"]: device["mac"] for device in devices}
        assert macs[ENTRANCE] == "02:18:5a:00:00:00"
        assert macs[OUTSIDE] == "02:18:5a:00:00:34" == max(macs.values())
        (outside,) = (device for device in devices if device["serial"] == OUTSIDE)
        assert (outside["name"], outside["model"], outside["tags"]) == (
            "Main entrance outside",
            "MV72",
            ["door"],
        )

    def test_filters(self, demo, devices_path):
        "productTypes[], model and serial narrow the list"

        def serials(**params):
            return [device["serial"] for device in api(demo, "GET", devices_path, params=params).json()]

        cameras = serials(**{"productTypes[]": "camera"})
        assert ENTRANCE in cameras
        assert cameras == serials(model="MV")
        assert serials(serial="7K2M") == [ENTRANCE]
        assert serials(**{"productTypes[]": ["camera", "appliance"]}) != cameras

    def test_pages_follow_the_link_header(self, demo, devices_path):
        "Links with unquoted relations lead through all matching devices and back"
        whole = [device["serial"] for device in api(demo, "GET", devices_path).json()]
        path, seen, prev = devices_path + "?perPage=7&productTypes[]=camera&productTypes[]=switch", [], None
        while path:
            answer = api(demo, "GET", path)
            seen += [device["serial"] for device in answer.json()]
            assert 'rel="' not in answer.headers["Link"]
            prev = answer.links.get("prev", prev)
            following = answer.links.get("next")
            path = following["url"].removeprefix(demo.info["meraki"]) if following else None
        assert len(seen) == len(set(seen)) > 14
        assert set(seen) < set(whole)
        back = api(demo, "GET", prev["url"].removeprefix(demo.info["meraki"])).json()
        assert back[0]["serial"] in seen[: len(seen) - 1]

    @pytest.mark.parametrize("page", ["2", "5001", "many"])
    def test_page_sizes_out_of_range_are_400(self, demo, devices_path, page):
        "perPage must be in the documented range"
        assert api(demo, "GET", f"{devices_path}?perPage={page}").status_code == 400

    def test_statuses_say_which_camera_is_offline(self, demo, devices_path):
        "The garage's camera is offline, the entrance's is not"
        statuses = {
            item["serial"]: item["status"] for item in api(demo, "GET", devices_path + "/statuses").json()
        }
        assert statuses[OFFLINE] == "offline"
        assert statuses[ENTRANCE] == "online"
        assert set(statuses.values()) == {"online", "alerting", "offline", "dormant"}

    def test_networks_and_their_devices(self, demo, devices_path):
        "All networks' devices together are the organization's, without their product type"
        networks = api(demo, "GET", devices_path.replace("/devices", "/networks")).json()
        assert all(re.match("[NL]_", network["id"]) for network in networks)
        devices = [
            device
            for network in networks
            for device in api(demo, "GET", f"/networks/{network['id']}/devices").json()
        ]
        assert len(devices) == len(api(demo, "GET", devices_path).json())
        assert all("productType" not in device for device in devices)
        assert api(demo, "GET", f"/devices/{ENTRANCE}").json() in devices

    def test_video_link_contains_the_moment(self, demo):
        "A video link is a dashboard page at the requested moment"
        answer = api(demo, "GET", f"/devices/{ENTRANCE}/camera/videoLink", params={"timestamp": SWIPE})
        assert answer.json()["url"].endswith("timestamp=1555100429000")
        assert answer.json()["visionUrl"].endswith("ts=1555100429000")


class TestSnapshot:
    def test_comes_from_another_origin(self, demo):
        "202 with an address on another origin, where the JPEG is fetched without a key"
        answer = order(demo, timestamp=SWIPE)
        assert answer.status_code == 202
        assert re.search(r"expire at 2019-04-12T21:15:00Z\.$", answer.json()["expiry"])
        url = answer.json()["url"]
        assert not url.startswith(demo.info["een"] + "/")
        picture = requests.get(url, timeout=10)
        assert picture.headers["content-type"] == "image/jpeg"
        assert Image.open(io.BytesIO(picture.content)).size == (1280, 720)

    def test_fullframe_is_larger_and_only_now(self, demo):
        "A full frame is larger and always of now; with a timestamp it is refused"
        picture = requests.get(order(demo, fullframe=True).json()["url"], timeout=10)
        assert Image.open(io.BytesIO(picture.content)).size == (1920, 1080)
        assert order(demo, fullframe=True, timestamp=SWIPE).status_code == 400

    @pytest.mark.parametrize(
        ("timestamp", "text"),
        [
            ("2019-04-12T20:44:00Z", "No video for specified timestamp"),
            ("2019-04-12T20:46:00Z", "'timestamp' is in the future"),
            ("2019-03-01T00:00:00Z", "'timestamp' is older than the video this camera keeps"),
            ("soon", "'timestamp' must be an ISO 8601 time"),
        ],
    )
    def test_refused_times(self, demo, timestamp, text):
        "Too recent, future, too old and malformed are each 400 with their text"
        answer = order(demo, timestamp=timestamp)
        assert (answer.status_code, answer.json()) == (400, {"errors": [text]})

    def test_refused_devices(self, demo, devices_path):
        "An offline device and one that is not a camera are 400, an unknown one is 404"
        switch = api(demo, "GET", devices_path, params={"productTypes[]": "switch"}).json()[0]["serial"]
        assert order(demo, OFFLINE, timestamp=SWIPE).status_code == 400
        assert order(demo, switch).status_code == 400
        assert order(demo, "Q000-0000-0000").status_code == 404

    def test_an_empty_body_declared_as_json_is_400(self, demo):
        "A JSON content type without JSON is refused; without a body the snapshot is of now"
        path = f"/devices/{ENTRANCE}/camera/generateSnapshot"
        assert api(demo, "POST", path, headers={"Content-Type": "application/json"}).status_code == 400
        assert api(demo, "POST", path).status_code == 202

    def test_is_not_ready_at_once_and_expires(self):
        "404 before it is ready, then 200, and 410 once it has expired"
        with DemoProcess("--ready-delay-ms", "250", "--snapshot-life-s", "0.6") as slow:
            url = order(slow, timestamp=SWIPE).json()["url"]
            statuses = []
            while not statuses or statuses[-1] != 410:
                statuses.append(requests.get(url, timeout=10).status_code)
                time.sleep(0.05)
        assert list(dict.fromkeys(statuses)) == [404, 200, 410]

    def test_a_key_at_the_image_origin_is_counted(self, demo, control):
        "The site counts requests for snapshots that contain a credential, and logs no token"
        url = order(demo, timestamp=SWIPE).json()["url"]
        requests.get(url, timeout=10)
        assert control.asked()["credentials_at_image_origin"] == 0
        requests.get(url, headers={"Authorization": "Bearer x"}, timeout=10)
        seen = control.asked()
        assert seen["credentials_at_image_origin"] == 1
        assert url.rpartition("/")[2] not in str(seen)


def test_more_than_the_burst_is_429_with_retry_after():
    "Twenty requests at once pass; then 429 with Retry-After and the vendor's text"
    with DemoProcess() as limited, requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {limited.info['meraki_key']}"
        answers = [session.get(limited.info["meraki"] + "/organizations", timeout=10) for _ in range(60)]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert all(answer.ok for answer in answers[:20])
    assert refused
    assert refused[0].headers["Retry-After"] == "1"
    assert refused[0].json() == {"errors": ["API rate limit exceeded for organization"]}


class TestVendorSdk:
    @pytest.fixture
    def dashboard(self, demo):
        """The SDK follows links to the vendor's hosts only, so it uses the site as a proxy."""
        dashboard = meraki.DashboardAPI(
            demo.info["meraki_key"],
            base_url="http://api.meraki.com/api/v1",
            requests_proxy=demo.info["een"],
            suppress_logging=True,
        )
        yield dashboard
        dashboard._session.close()

    def test_reads_devices_over_several_pages(self, demo, dashboard, devices_path):
        "The SDK follows the links to the same devices"
        (found,) = dashboard.organizations.getOrganizations()
        devices = dashboard.organizations.getOrganizationDevices(found["id"], total_pages="all", perPage=10)
        assert devices == api(demo, "GET", devices_path).json()

    def test_orders_a_snapshot(self, dashboard):
        "The JPEG of a snapshot ordered with the SDK can be fetched"
        ordered = dashboard.camera.generateDeviceCameraSnapshot(ENTRANCE, timestamp=SWIPE)
        assert requests.get(ordered["url"], timeout=10).content.startswith(b"\xff\xd8")

    def test_reports_an_error(self, dashboard):
        "The SDK raises its own error with the text of the answer"
        with pytest.raises(meraki.APIError) as caught:
            dashboard.camera.generateDeviceCameraSnapshot(OFFLINE, timestamp=SWIPE)
        assert caught.value.status == 400
        assert "offline" in str(caught.value)

    def test_waits_after_429(self, control, dashboard):
        "The SDK respects Retry-After and succeeds on the second attempt"
        fault = {
            "route": "/api/v1/organizations",
            "kind": "status",
            "times": 1,
            "params": {"status": 429, "retry_after": 1},
        }
        control.faults(fault)
        asked_at = time.monotonic()
        assert dashboard.organizations.getOrganizations()[0]["name"] == "Camkit Demo"
        assert time.monotonic() - asked_at >= 1
