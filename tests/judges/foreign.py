"""Other people's clients, each in a process of its own: ``python foreign.py NAME JOB``; prints what they got as JSON.

They know the vendor's hosts only, so every request of theirs is sent to the site under judgement instead.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import requests

DOOR = "1007b3c4"


def send_to(base: str) -> None:
    """Send every request of this process to one site."""
    send = requests.Session.request

    def redirected(session: Any, method: str, url: str, **options: Any) -> Any:
        parts, site = urlsplit(url), urlsplit(base)
        session.trust_env = False
        return send(session, method, urlunsplit((site.scheme, site.netloc, *parts[2:])), **options)

    requests.Session.request = redirected  # type: ignore[method-assign]


def eagleeyev3(job: dict[str, str]) -> dict[str, Any]:
    """PyPI EagleEyev3: login by fields in the query, cameras with a page size of 1000, events, the live preview."""
    from EagleEyev3 import EagleEyev3  # type: ignore[import-not-found]

    place = urlsplit(job["redirect_uri"])
    client = EagleEyev3(
        {
            "client_id": job["client_id"],
            "client_secret": job["client_secret"],
            "server_protocol": place.scheme,
            "server_host": place.hostname,
            "server_port": place.port,
            "server_path": place.path.lstrip("/"),
        }
    )
    assert client.login_tokens(code=job["code"])["success"]
    assert client.get_list_of_cameras()["success"] and client.get_list_of_bridges()["success"]
    camera = client.get_camera_by_id(DOOR)
    start, end = "2019-04-01T00%3A00%3A00.000%2B00%3A00", "2019-04-12T00%3A00%3A00.000%2B00%3A00"
    assert camera.get_list_of_events(start_timestamp=start, end_timestamp=end)["success"]
    assert client.get_current_user()["success"]
    preview = camera.get_live_preview()
    found = {"cameras": len(client.cameras), "bridges": len(client.bridges), "preview": len(preview.content)}
    assert client.logout()["success"]
    return found


def eensdk(job: dict[str, str]) -> dict[str, Any]:
    """PyPI eensdk-python: login by a form, cameras page by page, a recorded image asked for as JSON, revocation."""
    from een import EENClient, TokenStorage  # type: ignore[import-not-found]

    class Storage(TokenStorage):  # type: ignore[misc]
        def __init__(self) -> None:
            self.kept: dict[str, str] = {}

        def get(self, key: str) -> str | None:
            return self.kept.get(key)

        def set(self, key: str, value: str) -> None:
            self.kept[key] = value

        def __contains__(self, key: str) -> bool:
            return key in self.kept

    client = EENClient(job["client_id"], job["client_secret"], job["redirect_uri"], Storage(), max_retries=0)
    client.auth_een(job["code"])
    page, cameras = json.loads(client.list_cameras(include="status", pageSize=30)), []
    while True:
        cameras += page["results"]
        if not page["nextPageToken"]:
            break
        page = json.loads(client.list_cameras(include="status", pageSize=30, pageToken=page["nextPageToken"]))
    at = "2019-04-12T17:33:36.000+00:00"
    image = client.get_recorded_image(deviceId=DOOR, type="preview", timestamp__lte=at)
    events = json.loads(
        client.list_events(
            "2019-04-01T00:00:00.000+00:00", f"camera:{DOOR}", "een.deviceCloudStatusUpdateEvent.v1"
        )
    )
    client.refresh_access_token()
    user = json.loads(client.get_current_user())
    bridge = json.loads(client.list_bridges(include="status", pageSize=1))["results"][0]
    one = [client.get_camera(DOOR, include="status,deviceInfo"), client.get_bridge(bridge["id"])]
    times = {"startTimestamp__gte": "2019-04-11T00:00:00.000+00:00", "endTimestamp__lte": at}
    media = json.loads(client.list_media(deviceId=DOOR, type="preview", mediaType="image", **times))
    settings, session = json.loads(client.get_client_settings()), json.loads(client.get_media_session())
    live = client.get_live_image(deviceId=DOOR, type="preview")
    revoked = client.revoke_refresh_token().status_code
    return {
        "cameras": len(cameras),
        "image": len(getattr(image, "content", image)),
        "events": len(events["results"]),
        "account": user["accountId"],
        "one": [json.loads(device)["id"] for device in one] == [DOOR, bridge["id"]],
        "media": len(media["results"]),
        "addresses": "httpsBaseUrl" in settings and "url" in session,
        "live": len(getattr(live, "content", live)),
        "revoked": revoked,
    }


def carson(job: dict[str, str]) -> dict[str, Any]:
    """PyPI carson-living, an API v1 client: the session, the cameras, one device, an image before a time."""
    from carson_living.eagleeye import EagleEye  # type: ignore[import-not-found]

    def session() -> tuple[str, str]:
        base = "https://login.eagleeyenetworks.com/g/aaa"
        fields = {"username": job["username"], "password": job["password"]}
        token = requests.post(f"{base}/authenticate", json=fields, timeout=20).json()
        answer = requests.post(f"{base}/authorize", json=token, timeout=20)
        return answer.cookies["auth_key"], answer.json()["active_brand_subdomain"]

    client = EagleEye(session)
    assert client.check_auth()
    client.update()
    camera, image = client.get_camera(DOOR), io.BytesIO()
    camera.get_image(image, datetime(2019, 4, 12, 17, 33, 36, tzinfo=UTC))
    camera.update()
    by_address = requests.get(camera.get_image_url(datetime(2019, 4, 12, 17, 33, 36, tzinfo=UTC)), timeout=20)
    assert by_address.content == image.getvalue()
    return {"cameras": len(list(client.cameras)), "image": image.getvalue()[:2].hex(), "name": camera.name}


def meraki(job: dict[str, str]) -> dict[str, Any]:
    """The official meraki SDK: organizations, devices, statuses, a snapshot, the video link.

    It follows links to further pages at the vendor's hosts only, so here there is one page.
    """
    from meraki import DashboardAPI

    client = DashboardAPI(
        job["key"],
        base_url=job["base"] + "/api/v1",
        suppress_logging=True,
        caller="camkit judges",
        maximum_retries=1,
    )
    (organization,) = client.organizations.getOrganizations()
    cameras = client.organizations.getOrganizationDevices(
        organization["id"], total_pages="all", productTypes=["camera"]
    )
    serial = next(camera["serial"] for camera in cameras if camera["serial"].startswith("Q2GV"))
    ordered = client.camera.generateDeviceCameraSnapshot(serial, timestamp="2019-04-12T17:33:36Z")
    link = client.camera.getDeviceCameraVideoLink(serial)
    statuses = client.organizations.getOrganizationDevicesStatuses(organization["id"], perPage=5)
    available = client.organizations.getOrganizationDevicesAvailabilities(organization["id"], perPage=5)
    networks = client.organizations.getOrganizationNetworks(organization["id"])
    devices = client.networks.getNetworkDevices(client.devices.getDevice(serial)["networkId"])
    return {
        "organization": client.organizations.getOrganization(organization["id"])["id"] == organization["id"],
        "quality": "quality" in client.camera.getDeviceCameraQualityAndRetention(serial),
        "available": len(available),
        "networks": len(networks),
        "among": serial in [device["serial"] for device in devices],
        "cameras": len(cameras),
        "url": "url" in ordered,
        "link": "url" in link,
        "statuses": len(statuses),
    }


CLIENTS: dict[str, Callable[[dict[str, str]], dict[str, Any]]] = {
    "eagleeyev3": eagleeyev3,
    "eensdk": eensdk,
    "carson": carson,
    "meraki": meraki,
}

if __name__ == "__main__":
    name, job = sys.argv[1], json.loads(sys.argv[2])
    if name != "meraki":  # whose base address can be given
        send_to(job["base"])
    print(json.dumps(CLIENTS[name](job)))
