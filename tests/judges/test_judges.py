"""The demo site and the clients before outside judges: the vendors' specifications, and other people's clients."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from pydantic import SecretStr

import camkit
from camkit import errors
from camkit.cameras.meraki import Meraki
from camkit.demo.launch import DemoProcess
from camkit.http import Limits
from camkit.site import _demo_consent, demo_site
from tests.conftest import ROOT
from tests.judges.prism import MERAKI, OPENAPI, TOOLS, V3, Judged, Violation, mocked, needs_judges

pytestmark = [pytest.mark.judge, pytest.mark.timeout(300), needs_judges]

DOOR, AT = "1007b3c4", datetime(2019, 4, 12, 17, 33, 36, tzinfo=UTC)
HERE = Path(__file__).parent
ACCEPTED = tomllib.loads((HERE / "accepted.toml").read_text())["accepted"]
REDIRECT_URI, WITH_SLASH = (
    "http://127.0.0.1:3333",
    "http://127.0.0.1:3333/",
)  # EagleEyev3 always writes a slash
READS = ("--exclude-method", "POST")  # the demo has none here, and an event to be made has thousands of forms
CALM = Limits(connect_s=5, read_s=20, deadline_s=60, attempts=2)


@pytest.fixture(scope="module")
def demo() -> Iterator[DemoProcess]:
    options = ("--ready-delay-ms", "0", "--timeout-ms", "20", "--rate-limit", "off")
    with DemoProcess(*options, "--redirect-uri", WITH_SLASH) as demo:
        yield demo


@pytest.fixture(scope="module")
def v3(demo) -> Iterator[Judged]:
    with Judged(demo.info["een_api"], V3) as judged:
        yield judged


@pytest.fixture(scope="module")
def meraki(demo) -> Iterator[Judged]:
    with Judged(demo.info["meraki"].removesuffix("/api/v1"), MERAKI) as judged:
        yield judged


def is_accepted(found: Violation, rule: dict[str, str]) -> bool:
    return (found.call, found.where, found.message) == (rule["call"], rule["where"], rule["message"])


def objections(judged: Judged) -> list[str]:
    """What Prism objects to and nobody accepted."""
    found = sorted(judged.violations)
    return [str(each) for each in found if not any(is_accepted(each, rule) for rule in ACCEPTED)]


def run_foreign(name: str, **job: str) -> dict[str, object]:
    """What another client got."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(TOOLS / "python"), str(ROOT)])}
    done = subprocess.run(
        [sys.executable, str(HERE / "foreign.py"), name, json.dumps(job)],
        capture_output=True,
        text=True,
        env=environment,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def application(demo: DemoProcess, base: str, redirect_uri: str = REDIRECT_URI) -> dict[str, str]:
    """What an application of API v3 is given, with a fresh code."""
    info = demo.info
    query = {
        "scope": "vms.all",
        "client_id": info["een_client_id"],
        "response_type": "code",
        "redirect_uri": redirect_uri,
    }
    back = _demo_consent(f"{info['een_auth']}/oauth2/authorize?{urlencode(query)}")
    code = parse_qs(urlsplit(back).query)["code"][0]
    names = {name: info[f"een_{name}"] for name in ("client_id", "client_secret")}
    return {"base": base, "code": code, "redirect_uri": redirect_uri, **names}


@pytest.fixture(scope="module")
def access_token(demo) -> str:
    """A token of API v3 for who makes requests by hand."""
    job = application(demo, "")
    fields = {
        "grant_type": "authorization_code",
        "code": job["code"],
        "redirect_uri": job["redirect_uri"],
    }
    who = (job["client_id"], job["client_secret"])
    return requests.post(f"{demo.info['een_auth']}/oauth2/token", data=fields, auth=who, timeout=20).json()[
        "access_token"
    ]


def assert_survives(file: str, paths: list[str], url: str, token: str, *options: str) -> None:
    """Let schemathesis make requests to some paths, with every method that the specification has for them."""
    command = [
        sys.executable, "-m", "schemathesis.cli", "--config-file", str(HERE / "schemathesis.toml"),
        "run", str(OPENAPI / file), "--url", url, "-H", f"Authorization: Bearer {token}",
        *(word for path in paths for word in ("--include-path", path)),
        "--checks", "not_a_server_error", "--phases", "examples,coverage,fuzzing", "--max-examples", "40",
        "--seed", "1", "--generation-database", "none", "--request-timeout", "10", "--no-color",
        "--suppress-health-check", "all", *options,
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(TOOLS / "python"), "NO_PROXY": "*"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment, cwd=TOOLS)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


class Wrong(BaseHTTPRequestHandler):
    """A site that answers as the vendor does not."""

    def do_GET(self) -> None:
        picture = "liveImage" in self.path
        camera = {"id": DOOR, "name": "Door", "accountId": "00014750", "status": {"connectionStatus": "fine"}}
        page = {"results": [camera], "nextPageToken": "", "prevPageToken": "", "totalSize": 1}
        self.send_response(200)
        self.send_header("Content-Type", "image/jpeg" if picture else "application/json")
        self.end_headers()
        self.wfile.write(b"\xff\xd8\xff\xd9" if picture else json.dumps(page).encode())

    def log_message(self, *_: object) -> None:
        pass


def test_the_judge_objects_to_what_the_vendor_does_not_do():
    "A status that is not one of the vendor's, a picture without its time, a request without its camera"
    with ThreadingHTTPServer(("127.0.0.1", 0), Wrong) as wrong:
        threading.Thread(target=wrong.serve_forever, daemon=True).start()
        files = {path: V3[path] for path in ("/api/v3.0/cameras", "/api/v3.0/media")}
        with Judged(f"http://127.0.0.1:{wrong.server_port}", files) as judged:
            for call in ("cameras?include=status", "media/liveImage.jpeg?type=preview"):
                headers = {"Authorization": "Bearer token"}
                assert requests.get(f"{judged.base}/api/v3.0/{call}", headers=headers, timeout=20).ok
        wrong.shutdown()
    found = " ".join(objections(judged))
    assert all(word in found for word in ("connectionStatus", "x-een-timestamp", "deviceid"))


def test_our_client_of_api_v3_and_the_demo_keep_to_the_specification(demo, v3, tmp_path):
    "Devices, images by time and token, live, full resolution, events: requests and answers"
    info = dict(demo.info, een_auth=v3.base, een_api=v3.base)
    with demo_site(info, een_api="v3") as site:
        een = site.een
        assert len(een.devices()) == 90
        camera_id = een.healthy_camera(seed=7)
        assert camkit.download_previews(een, camera_id, count=6, out=tmp_path).complete
        assert camkit.download_previews(een, DOOR, count=6, out=tmp_path).complete
        een.full_resolution = True
        assert een.snapshot(DOOR, AT).captured_at
        assert len(een.status_history(datetime(2019, 4, 1, tzinfo=UTC), None, [DOOR]).spans) == 3
        with pytest.raises(errors.ServiceError):
            een.frame_before("ffffffff", AT)
    assert v3.judged > 20
    assert objections(v3) == []


def test_our_client_of_meraki_and_the_demo_keep_to_the_specification(demo, meraki):
    "Lists, a snapshot's order, a video link"
    with demo_site(dict(demo.info, meraki=meraki.base + "/api/v1")) as site:
        cameras = site.meraki.devices()
        serial = cameras["serial"][cameras["serial"].str.startswith("Q2GV")].iloc[0]
        assert site.meraki.snapshot(serial, AT).content
        assert site.meraki.video_link(serial)
    assert meraki.judged >= 4
    assert objections(meraki) == []


def test_eagleeyev3_from_pypi_works_with_the_demo(demo, v3):
    "It sends token fields as a query, and a page size that has to be clamped"
    found = run_foreign("eagleeyev3", **application(demo, v3.base, WITH_SLASH))
    assert (found["cameras"], found["bridges"]) == (83, 7) and found["preview"] > 10_000
    assert objections(v3) == []


def test_eensdk_from_pypi_works_with_the_demo(demo, v3):
    "It asks for JPEGs as JSON, and revokes with its secret in the form"
    found = run_foreign("eensdk", **application(demo, v3.base))
    assert found["one"] and found["addresses"] and found["media"] and found["image"] and found["live"]
    assert (found["cameras"], found["events"], found["account"], found["revoked"]) == (83, 2, "00014750", 200)
    assert objections(v3) == []


def test_the_official_meraki_sdk_works_with_the_demo(demo, meraki):
    "Its pages, its repeats, its paths"
    found = run_foreign("meraki", base=meraki.base, key=demo.info["meraki_key"])
    assert found["cameras"] == 12 and found["url"] and found["link"] and found["statuses"] == 5
    assert found["organization"] and found["quality"] and found["available"] == 5
    assert found["networks"] == 2 and found["among"]
    assert objections(meraki) == []


def test_carson_living_from_pypi_works_with_the_demo(demo):
    "An API v1 client: session, devices, one device, an image"
    info = demo.info
    found = run_foreign(
        "carson", base=info["een"], username=info["een_username"], password=info["een_password"]
    )
    assert found == {"cameras": 84, "image": "ffd8", "name": "Loading dock"}


def test_what_is_accepted_still_occurs(v3, meraki):
    "After the tests above: an entry that is not needed any more goes"
    occurred = v3.violations | meraki.violations
    assert [rule for rule in ACCEPTED if not any(is_accepted(found, rule) for found in occurred)] == []


def test_a_server_made_of_merakis_specification_is_understood(monkeypatch):
    "The client lists and orders; that the picture's host of the specification's example is not there is said"
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")  # nobody at the vendor is to be asked
    with mocked("meraki-v1.44-cameras.json") as base:
        client = Meraki(SecretStr("k" * 40), base_url=base, limits=CALM, ready_s=2)
        assert len(client.organizations()) == 1
        assert len(client.devices("1", cameras_only=False)) == 1
        with pytest.raises(errors.ServiceError) as caught:
            client.snapshot("Q234-ABCD-5678", AT)
        assert "the proxy did not connect to spn4.meraki.com" in str(caught.value)
        client.close()


@pytest.mark.parametrize(
    ("file", "paths"),
    [
        ("een-v3-devices.yaml", ["/cameras", "/cameras/{cameraId}", "/bridges", "/bridges/{bridgeId}"]),
        (
            "een-v3-media.yaml",
            ["/media", "/media/recordedImage.jpeg", "/media/liveImage.jpeg", "/media/session"],
        ),
        ("een-v3-events.yaml", ["/events"]),
        ("een-v3-account_settings.yaml", ["/clientSettings"]),
        ("een-v3-user_and_accounts.yaml", ["/users/self"]),
    ],
)
def test_the_demo_of_api_v3_survives_what_a_specification_allows_and_forbids(demo, access_token, file, paths):
    "Some hundred requests made by schemathesis: no crash, no hang, and no server error"
    assert_survives(file, paths, f"{demo.info['een_api']}/api/v3.0", access_token, *READS)


def test_the_demo_of_meraki_survives_what_a_specification_allows_and_forbids(demo):
    "Some hundred requests made by schemathesis: no crash, no hang, and no server error"
    organization, camera = "/organizations/{organizationId}", "/devices/{serial}/camera"
    paths = [
        "/organizations", organization, f"{organization}/networks", f"{organization}/devices",
        f"{organization}/devices/statuses", f"{organization}/devices/availabilities",
        "/networks/{networkId}/devices", "/devices/{serial}",
        f"{camera}/generateSnapshot", f"{camera}/videoLink", f"{camera}/qualityAndRetention",
    ]  # fmt: skip
    assert_survives("meraki-v1.44-cameras.json", paths, demo.info["meraki"], demo.info["meraki_key"])
