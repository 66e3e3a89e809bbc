"""The demo site's faults: what a client sees of each."""

from __future__ import annotations

import gzip
import io
import json
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from PIL import Image

from camkit.demo.faults import Fault, fault_from
from camkit.demo.launch import DemoProcess
from camkit.demo.misbehaviour import KINDS
from tests.demo.conftest import ended, started
from tests.support.control import Control

pytestmark = pytest.mark.not_quick

PHOTO = "/people/00071234/photo.jpg"


def put(control: Control, kind: str, route: str = PHOTO, params: dict | None = None, **fault) -> None:
    control.faults({"route": route, "kind": kind, "params": params or {}, **fault})


def get(demo: DemoProcess, path: str = PHOTO, **arguments) -> requests.Response:
    return requests.get(demo.info["een"] + path, timeout=10, **arguments)


@pytest.fixture(scope="module")
def photo(demo) -> bytes:
    return get(demo).content


@contextmanager
def raw(demo: DemoProcess, path: str = PHOTO) -> Iterator[socket.socket]:
    """A connection on which the path was requested."""
    address = urlsplit(demo.info["een"])
    with socket.create_connection((address.hostname, address.port), timeout=5) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        yield connection


def opens(data: bytes) -> bool:
    """Whether Pillow can decode the whole picture."""
    try:
        Image.open(io.BytesIO(data)).load()
    except (OSError, SyntaxError, Image.DecompressionBombError):
        return False
    return True


def test_every_kind_is_tested_here():
    "Each kind of fault has a test in this file"
    source = Path(__file__).read_text(encoding="utf-8")
    assert [kind for kind in KINDS if f'"{kind}"' not in source] == []


class TestKinds:
    def test_slow(self, demo, control, photo):
        "slow gives the correct answer late"
        put(control, "slow", params={"ms": 150})
        started = time.monotonic()
        assert get(demo).content == photo
        assert time.monotonic() - started >= 0.15

    def test_drip(self, demo, control, photo):
        "drip gives the correct answer in many small pieces"
        put(control, "drip", params={"bytes_per_s": len(photo) * 2})
        with raw(demo) as connection:
            pieces = [connection.recv(1 << 20)]
            while not pieces[-1].endswith(b"\xff\xd9"):
                pieces.append(connection.recv(1 << 20))
        assert b"".join(pieces).endswith(photo)
        assert len(pieces) >= 5

    def test_truncate(self, demo, control, photo):
        "truncate announces the whole length and sends half of it"
        put(control, "truncate")
        with get(demo, stream=True) as answer:
            assert int(answer.headers["content-length"]) == len(photo)
            with pytest.raises(requests.exceptions.ChunkedEncodingError):
                _ = answer.content

    def test_short(self, demo, control):
        "short sends chunks without the last one"
        put(control, "short")
        with get(demo, stream=True) as answer:
            assert answer.headers["transfer-encoding"] == "chunked"
            with pytest.raises(requests.exceptions.ChunkedEncodingError):
                _ = answer.content

    @pytest.mark.parametrize(
        ("kind", "content_type", "begins"),
        [
            ("empty", "image/jpeg", b""),
            ("html", "text/html; charset=utf-8", b"<!doctype html>"),
            ("wrong-type", "application/octet-stream", b"\xff\xd8"),
            ("not-jpeg", "image/jpeg", b"GIF"),
            ("bad-json", "application/json", b"[{"),
        ],
    )
    def test_wrong_content(self, demo, control, kind, content_type, begins):
        "empty, html, wrong-type, not-jpeg and bad-json are each a 200 that is not what it should be"
        put(control, kind)
        answer = get(demo)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == content_type
        assert answer.content.startswith(begins)
        assert bool(answer.content) == bool(begins)

    @pytest.mark.parametrize(("where", "ends"), [("middle", True), ("end", False)])
    def test_corrupt_jpeg(self, demo, control, photo, where, ends):
        "corrupt-jpeg starts and is declared like a JPEG, but cannot be decoded"
        put(control, "corrupt-jpeg", params={"where": where})
        data = get(demo).content
        assert data[:200] == photo[:200]
        assert data.endswith(b"\xff\xd9") == ends
        assert not opens(data)

    @pytest.mark.parametrize("header", [True, False])
    def test_spliced_jpeg(self, demo, control, photo, header):
        "spliced-jpeg is half a picture and another one, which decoders find out only by its header"
        put(control, "spliced-jpeg", params={"header": header})
        data = get(demo).content
        assert data.startswith(photo[: len(photo) // 2]) and data != photo
        assert data.endswith(b"\xff\xd9") and data.count(b"\xff\xd8\xff") == 1 + header
        assert opens(data) != header

    @pytest.mark.parametrize(("kind", "status"), [("html", 500), ("xml", 503), ("xml", 200)])
    def test_pages_with_a_status(self, demo, control, kind, status):
        "html may have another status than 200; xml is called an image"
        put(control, kind, params={"status": status})
        answer = get(demo)
        assert answer.status_code == status and answer.content.startswith(b"<")
        assert answer.headers["content-type"] == (
            "image/jpeg" if kind == "xml" else "text/html; charset=utf-8"
        )

    def test_another_moment(self, demo, control):
        "another-moment is the picture of now, of one moment, or of minutes later"

        def picture(moment: str | None) -> bytes:
            headers = {"Authorization": f"Bearer {demo.info['meraki_key']}"}
            url = demo.info["meraki"] + "/devices/Q2GV-7K2M-D9HT/camera/generateSnapshot"
            body = {"timestamp": moment} if moment else {}
            made = requests.post(url, json=body, headers=headers, timeout=10)
            return requests.get(made.json()["url"], timeout=10).content

        earlier, later = "2019-04-12T18:00:00Z", "2019-04-12T18:10:00Z"
        now, at_ten = picture(None), picture(later)
        for params, expected in ({}, now), ({"at": later}, at_ten), ({"minutes": 10}, at_ten):
            put(control, "another-moment", route="*/generateSnapshot", params=params)
            assert picture(earlier) == expected

    @pytest.mark.parametrize("field", ["serial", "name"])
    def test_null_field(self, demo, control, field):
        "null-field is the correct list, but for one field of one row"
        headers = {"Authorization": f"Bearer {demo.info['meraki_key']}"}
        url = demo.info["meraki"] + "/networks/N_642829496481097214/devices"
        correct = requests.get(url, headers=headers, timeout=10).json()
        put(control, "null-field", route="/api/v1/networks/*", params={"field": field, "row": 1})
        wrong = requests.get(url, headers=headers, timeout=10).json()
        assert wrong[1] == {**correct[1], field: None}
        assert [wrong[0], *wrong[2:]] == [correct[0], *correct[2:]]

    def test_huge(self, demo, control):
        "huge announces a gigabyte and streams it for as long as the client reads"
        put(control, "huge")
        with get(demo, stream=True) as answer:
            assert answer.headers["content-length"] == "1000000000"
            read = sum(len(block) for block, _ in zip(answer.iter_content(1 << 20), range(8), strict=False))
        assert read == 8 << 20

    def test_bomb(self, demo, control):
        "bomb is a small JPEG that claims to have 3.6 billion pixels"
        put(control, "bomb")
        data = get(demo).content
        assert len(data) < 100_000
        with pytest.raises(Image.DecompressionBombError):
            Image.open(io.BytesIO(data))

    @pytest.mark.parametrize("status", [401, 403, 404, 410, 429, 500, 502, 503, 504])
    def test_status(self, demo, control, status):
        "status answers with any status, on Meraki's paths with the vendor's body"
        put(control, "status", route="*", params={"status": status})
        assert get(demo).status_code == status
        answer = get(demo, "/api/v1/organizations")
        assert answer.status_code == status
        assert list(answer.json()) == ["errors"]

    def test_status_with_retry_after(self, demo, control):
        "Retry-After is absent, in seconds, or a date in the future"
        put(control, "status", params={"status": 429})
        assert "retry-after" not in get(demo).headers
        put(control, "status", params={"status": 429, "retry_after": 2})
        assert get(demo).headers["retry-after"] == "2"
        put(control, "status", params={"status": 503, "retry_after": 90, "as_date": True})
        ahead = parsedate_to_datetime(get(demo).headers["retry-after"]).timestamp() - time.time()
        assert 60 < ahead <= 90

    def test_reset(self, demo, control):
        "reset resets the connection"
        put(control, "reset")
        with raw(demo) as connection, pytest.raises(ConnectionResetError):
            connection.recv(1)

    def test_close(self, demo, control):
        "close closes the connection without an answer"
        put(control, "close")
        with raw(demo) as connection:
            assert connection.recv(1) == b""

    def test_hang(self, demo, control):
        "hang never answers, while other requests are answered"
        put(control, "hang", times=1)
        with raw(demo) as connection:
            connection.settimeout(0.3)
            with pytest.raises(TimeoutError):
                connection.recv(1)
            assert get(demo).status_code == 200

    @pytest.mark.parametrize("code", [302, 307, 308])
    def test_redirect_home(self, demo, control, photo, code):
        "redirect-home leads to the correct answer on the same origin and keeps the query"
        put(control, "redirect-home", params={"code": code})
        answer = get(demo, PHOTO + "?a=1")
        assert [each.status_code for each in answer.history] == [code]
        assert answer.url.startswith(demo.info["een"] + PHOTO + "?a=1")
        assert answer.content == photo

    def test_redirect_abroad(self, demo, control):
        "redirect-abroad leads to the same path on another host"
        put(control, "redirect-abroad", params={"to": "http://abroad.test"})
        assert get(demo, allow_redirects=False).headers["location"] == "http://abroad.test" + PHOTO

    def test_redirect_loop(self, demo, control):
        "redirect-loop redirects to itself"
        put(control, "redirect-loop")
        with pytest.raises(requests.TooManyRedirects):
            get(demo)

    def test_gzip(self, demo, control, photo):
        "gzip is the correct answer compressed; gzip-broken is not compressed; gzip-bomb unpacks to a large body"
        put(control, "gzip")
        assert get(demo).headers["content-encoding"] == "gzip"
        assert get(demo).content == photo
        put(control, "gzip-broken")
        with pytest.raises(requests.exceptions.ContentDecodingError):
            get(demo)
        put(control, "gzip-bomb", params={"megabytes": 20})
        packed = get(demo, stream=True)
        with packed, packed.raw as body:
            small = body.read(decode_content=False)
        assert len(small) < 100_000
        assert len(gzip.decompress(small)) == 20_000_000


class TestWhichRequests:
    def statuses(self, demo, count: int, path: str = PHOTO) -> list[int]:
        with requests.Session() as session:
            return [session.get(demo.info["een"] + path, timeout=10).status_code for _ in range(count)]

    def test_after_and_times(self, demo, control):
        "after lets the first requests pass, times ends the fault"
        put(control, "status", after=2, times=1)
        assert self.statuses(demo, 5) == [200, 200, 503, 200, 200]

    def test_route_and_method(self, demo, control):
        "Only requests with the fault's route and method go wrong"
        put(control, "status", route="/people/*/photo.jpg", method="GET")
        assert self.statuses(demo, 1) == [503]
        assert self.statuses(demo, 1, "/people/00071234") == [200]
        assert requests.head(demo.info["een"] + PHOTO, timeout=10).status_code == 200

    def test_probability_is_repeatable(self, demo, control):
        "With the same seed the same requests go wrong"
        runs = []
        for seed in (1, 1, 2):
            put(control, "status", probability=0.4, seed=seed)
            runs.append(self.statuses(demo, 30))
        assert runs[0] == runs[1] != runs[2]
        assert set(runs[0]) == {200, 503}

    def test_the_first_fault_that_applies_is_used(self, demo, control):
        "Several faults can be active; the first that applies is used"
        faults = [
            {"route": PHOTO, "kind": "status", "params": {"status": 500}, "times": 1},
            {"route": "/people/*", "kind": "status", "params": {"status": 502}},
        ]
        control.faults(*faults)
        assert self.statuses(demo, 2) == [500, 502]

    def test_image_origin_too(self, demo, control):
        "Faults reach the second origin"
        put(control, "status", route="/stream/*", params={"status": 500})
        headers = {"Authorization": f"Bearer {demo.info['meraki_key']}"}
        url = demo.info["meraki"] + "/devices/Q2GV-7K2M-D9HT/camera/generateSnapshot"
        image_url = requests.post(url, json={}, headers=headers, timeout=10).json()["url"]
        assert requests.get(image_url, timeout=10).status_code == 500

    def test_log_contains_the_fault(self, demo, control):
        "The request log contains the fault that was applied, even without an answer"
        put(control, "close")
        with pytest.raises(requests.ConnectionError):
            get(demo)
        (entry,) = control.asked()["last"]
        assert (entry["status"], entry["fault"]) == (None, "close")

    def test_command_line(self):
        "--fault activates faults from the start, and they write nothing to stderr"
        faults = [{"route": PHOTO, "kind": kind, "times": 1} for kind in ("close", "truncate")]
        arguments = [part for fault in faults for part in ("--fault", json.dumps(fault))]
        with started(*arguments) as (process, info):
            for _ in faults:
                with pytest.raises(requests.RequestException):
                    requests.get(info["een"] + PHOTO, timeout=10)
            assert requests.get(info["een"] + PHOTO, timeout=10).status_code == 200
            assert ended(process, signal.SIGTERM) == (0, "")


@pytest.mark.parametrize(
    ("description", "says"),
    [
        ("not json", "Expecting value"),
        ({"route": "/x"}, "route, kind"),
        ({"route": "/x", "kind": "nonsense"}, "unknown kind 'nonsense'"),
        ({"route": "/x", "kind": "slow", "params": {"seconds": 1}}, "seconds"),
        ({"route": "/x", "kind": "slow", "when": 1}, "route, kind"),
        ({"route": 1, "kind": "slow"}, "route"),
        ({"route": "/x", "kind": "slow", "times": "2"}, "times"),
    ],
)
def test_bad_descriptions_say_what_is_wrong(description, says):
    "An invalid fault is refused with a message that says why"
    with pytest.raises(ValueError, match=says):
        fault_from(description)


def test_faults_can_be_removed_over_http(demo, control):
    "DELETE on the control path removes all faults"
    put(control, "status")
    assert get(demo).status_code == 503
    assert requests.delete(f"{demo.info['control']}/faults", timeout=10).status_code == 204
    assert get(demo).status_code == 200


def test_bad_descriptions_are_refused_over_http(demo):
    "The control path answers 400 with the message, and changes nothing"
    url = f"{demo.info['control']}/faults"
    answer = requests.put(url, json=[{"route": "*", "kind": "nonsense"}], timeout=10)
    assert answer.status_code == 400
    assert "nonsense" in answer.text
    assert get(demo).status_code == 200


def test_applies_counts_only_what_matches():
    "Requests to other paths do not count"
    fault = Fault("/a", "close", times=1)
    assert [fault.applies("GET", path) for path in ("/b", "/a", "/a")] == [False, True, False]
