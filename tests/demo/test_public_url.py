"""The demo site behind a TLS front: every address in its answers is one that clients can reach."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
import trustme

from camkit.cameras.een import EagleEyeV3, TokensInMemory
from camkit.demo.clock import START
from camkit.demo.launch import DemoProcess
from camkit.errors import DemoSiteError
from camkit.site import demo_site
from tests.demo.conftest import QUICK
from tests.support.tls_front import tls_front

pytestmark = pytest.mark.not_quick

ARCHIVED = 61
DOOR = "1007b3c4"
AT = START - timedelta(hours=3)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def bundle(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The certificate authority of the front, set as a user would set it."""
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(path))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(path))
    return path


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def site_behind_tls(authority: trustme.CA) -> Iterator[DemoProcess]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with tls_front(context) as front, tls_front(context) as media_front:
        front.target, media_front.target = free_port(), free_port()
        ports = ("--port", str(front.target), "--media-port", str(media_front.target))
        public = ("--public-url", front.address, "--public-media-url", media_front.address)
        with DemoProcess(*QUICK, *ports, *public) as demo:
            yield demo


@pytest.fixture(scope="module")
def demo(authority: trustme.CA) -> Iterator[DemoProcess]:
    with site_behind_tls(authority) as demo:
        yield demo


def test_the_first_line_has_the_public_addresses(demo):
    "All but the control path, which stays on this machine"
    info = demo.info
    public = {name: value for name, value in info.items() if value.startswith("https://")}
    assert set(public) == {"een", "een_auth", "een_api", "meraki", "media", "directory"}
    assert info["control"].startswith("http://127.0.0.1:")


def test_both_clients_work_through_the_front(demo, control, bundle):
    "Meraki's image and Eagle Eye's redirect to the archiver are fetched through the second front"
    with demo_site(demo.info) as site:
        devices = site.een.devices()
        site.een.snapshot(devices.loc[ARCHIVED, "id"], AT)
        camera = site.meraki.devices().iloc[0]
        picture = site.meraki.snapshot(str(camera["serial"]), AT)
        assert picture.content.startswith(b"\xff\xd8")
    at_media = {
        entry["path"].split("/")[1] for entry in control.asked()["last"] if entry["origin"] == "media"
    }
    assert at_media == {"stream", "asset"}


def test_the_client_of_api_v3_works_through_the_front(demo, bundle):
    "The token's base address is the front's"
    info = demo.info

    def consent(address: str) -> str:
        answer = requests.post(address, data={"decision": "allow"}, allow_redirects=False, timeout=10)
        return answer.headers["Location"]

    client = EagleEyeV3(
        info["een_client_id"],
        info["een_client_secret"],
        info["een_redirect_uri"],
        auth_url=info["een_auth"],
        consent=consent,
        store=TokensInMemory(),
        demo_origin=info["media"],
    )
    client.login()
    assert client.snapshot(DOOR, AT).content.startswith(b"\xff\xd8")
    client.close()


@pytest.mark.parametrize("host", [None, "demo.invalid", "127.0.0.1:1"])
def test_links_to_pages_are_public_whatever_host_a_request_names(demo, bundle, host):
    "Not every front passes the client's own host on"
    info = demo.info
    headers = {"X-Cisco-Meraki-API-Key": info["meraki_key"]} | ({"Host": host} if host else {})
    with requests.Session() as session:
        organizations = session.get(f"{info['meraki']}/organizations", headers=headers, timeout=10).json()
        url = f"{info['meraki']}/organizations/{organizations[0]['id']}/devices?perPage=3"
        answer = session.get(url, headers=headers, timeout=10)
    assert answer.links["next"]["url"].startswith(f"{info['meraki']}/organizations/")


def test_a_fault_redirects_to_the_front(demo, control, bundle):
    "A redirect on demand stays at the scheme and host that clients use"
    info = demo.info
    control.faults({"route": "/g/aaa/isauth", "kind": "redirect-home"})
    answer = requests.get(f"{info['een']}/g/aaa/isauth", allow_redirects=False, timeout=10)
    assert answer.headers["Location"].startswith(info["een"] + "/g/aaa/isauth")


@pytest.mark.parametrize(
    "url",
    [
        "demo.example",
        "ftp://demo.example",
        "https://",
        "https://demo.example/path",
        "https://user@demo.example",
        "https://demo.example:x",
        "https://demo.example:0",
        "https://demo.example?a",
        "https://demo.example\r\nX: y",
    ],
)
def test_a_public_address_is_an_origin(url):
    "Anything else ends the start with a reason"
    with pytest.raises(DemoSiteError, match="must be a scheme, a host and a port only"):
        DemoProcess("--one-port", "--public-url", url)


@pytest.mark.parametrize(
    "options",
    [
        ("--public-url", "https://demo.example"),
        ("--public-media-url", "https://media.example"),
        ("--one-port", "--public-url", "https://demo.example", "--public-media-url", "https://media.example"),
    ],
)
def test_both_public_addresses_belong_together(options):
    "With one of them alone, the images would be where no client can reach them"
    with pytest.raises(DemoSiteError, match="public"):
        DemoProcess(*options)


@pytest.mark.parametrize(
    ("url", "place"),
    [("https://demo.example", ("demo.example", 443)), ("https://demo.example:8443", ("demo.example", 8443))],
)
def test_the_token_has_the_public_place(url, place):
    "API v3 tells its base address as a host and a port, also where the address has the default port"
    with DemoProcess("--one-port", "--public-url", url) as demo:
        port = urlsplit(demo.info["control"]).port
        base = f"http://127.0.0.1:{port}"
        answer = requests.post(
            f"{base}/oauth2/authorize",
            params={
                "client_id": demo.info["een_client_id"],
                "redirect_uri": demo.info["een_redirect_uri"],
                "response_type": "code",
                "scope": "vms.all",
            },
            data={"decision": "allow"},
            allow_redirects=False,
            timeout=10,
        )
        fields = {
            "grant_type": "authorization_code",
            "code": str(answer.headers["Location"]).partition("code=")[2].partition("&")[0],
            "redirect_uri": demo.info["een_redirect_uri"],
        }
        login = (demo.info["een_client_id"], demo.info["een_client_secret"])
        token = requests.post(f"{base}/oauth2/token", data=fields, auth=login, timeout=10).json()
    assert token["httpsBaseUrl"] == {"hostname": place[0], "port": place[1]}
