"""The transport against a real server that misbehaves in known ways."""

from __future__ import annotations

import socket
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import gevent
import pytest
from pydantic import SecretStr

from camkit import errors
from camkit.cameras.meraki.client import API_HOSTS
from camkit.http import Credential, Limits, Transport, raise_for_status
from camkit.http.trust import parts_of
from tests.support.scripted import scripted, send

QUICK = Limits(connect_s=1, read_s=1, deadline_s=5, backoff_s=0.01)
ONCE, TWICE = replace(QUICK, attempts=1), replace(QUICK, attempts=2)
SECRET = "kei-4711-canary"


def key() -> Credential:
    return Credential({"Authorization": f"Bearer {SECRET}"})


def test_returns_the_whole_answer_and_names_camkit():
    "An answer comes with status, headers, bytes and both clocks; the request names camkit"
    with scripted(lambda h, n: send(h, 200, b"hello", Content_Type="text/plain")) as server:
        reply = Transport("it", server.base, limits=QUICK).request("GET", "/x", params={"a": "1"})
    assert (reply.status, reply.content) == (200, b"hello")
    assert reply.sent_at.tzinfo is UTC and reply.sent_at <= reply.received_at
    assert reply.server_date
    assert server.seen[0].path == "/x?a=1"
    assert server.seen[0].headers["User-Agent"].startswith("camkit/")


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_repeats_a_get_that_the_service_could_not_answer(status):
    "A transient failure is tried again, and the caller gets the good answer"
    with scripted(lambda h, n: send(h, status if n < 2 else 200, b"ok")) as server:
        reply = Transport("it", server.base, limits=QUICK).request("GET", "/")
    assert (reply.status, len(server.seen)) == (200, 3)


def test_returns_the_last_answer_when_attempts_are_used_up():
    "After the last attempt the failing answer itself is returned, for the caller to judge"
    with scripted(lambda h, n: send(h, 503)) as server:
        reply = Transport("it", server.base, limits=QUICK).request("GET", "/", limits=TWICE)
    assert (reply.status, len(server.seen)) == (503, 2)


def test_does_not_repeat_a_post_that_may_have_been_acted_on():
    "A POST that failed with 500 is not sent again unless the caller says that it is idempotent"
    with scripted(lambda h, n: send(h, 500 if n == 0 else 200)) as server:
        transport = Transport("it", server.base, limits=QUICK)
        assert transport.request("POST", "/", json={}).status == 500
        assert len(server.seen) == 1
    with scripted(lambda h, n: send(h, 500 if n == 0 else 200)) as server:
        transport = Transport("it", server.base, limits=QUICK)
        assert transport.request("POST", "/", json={"a": 1}, idempotent=True).status == 200
        assert [request.body for request in server.seen] == [b'{"a": 1}'] * 2


def test_repeats_a_post_that_was_rejected():
    "A 429 says the request was not acted on, so a POST may go again"
    with scripted(lambda h, n: send(h, 429 if n == 0 else 200)) as server:
        assert Transport("it", server.base, limits=QUICK).request("POST", "/", json={}).status == 200


@pytest.mark.not_quick
@pytest.mark.parametrize("as_date", [False, True])
def test_waits_as_long_as_asked_and_lets_others_work(as_date):
    "Retry-After is kept, as seconds and as a date, and other greenlets run meanwhile"
    asked = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True) if as_date else "1"
    limits = Limits(backoff_s=0.0, deadline_s=10)
    beats = 0

    def heart():
        nonlocal beats
        while True:
            gevent.sleep(0.02)
            beats += 1

    with scripted(lambda h, n: send(h, 429 if n == 0 else 200, Retry_After=asked)) as server:
        heartbeat = gevent.spawn(heart)
        transport = Transport("it", server.base, limits=limits)
        assert transport.request("GET", "/").status == 200
        heartbeat.kill()
    assert beats > 3


def test_does_not_wait_longer_than_its_deadline():
    "With a Retry-After beyond the deadline, the 429 is returned at once"
    with scripted(lambda h, n: send(h, 429, Retry_After="3600")) as server:
        reply = Transport("it", server.base, limits=QUICK).request("GET", "/")
    assert (reply.status, len(server.seen)) == (429, 1)
    with pytest.raises(errors.RateLimited):
        raise_for_status(reply, "Trying")


def cut_off(handler, number):
    handler.send_response(200)
    handler.send_header("Content-Length", "100")
    handler.end_headers()
    handler.wfile.write(b"half")
    handler.close_connection = True


def test_repeats_what_broke_off_then_reports_it():
    "A body shorter than announced is tried again, then a BadResponse"
    with scripted(lambda h, n: cut_off(h, n) if n == 0 else send(h, 200, b"whole")) as server:
        assert Transport("it", server.base, limits=QUICK).request("GET", "/").content == b"whole"
    with (
        scripted(cut_off) as server,
        pytest.raises(errors.BadResponse, match="broke off"),
    ):
        Transport("it", server.base, limits=QUICK).request("GET", "/")
    assert len(server.seen) == QUICK.attempts


def drip(handler, number):
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    for _ in range(1000):
        handler.wfile.write(b".")
        handler.wfile.flush()
        gevent.sleep(0.05)


def test_ends_a_dripping_answer_at_the_deadline():
    "A server that sends a byte now and then cannot exceed the deadline of the call"
    limits = Limits(read_s=5, deadline_s=0.3)
    with scripted(drip) as server, pytest.raises(errors.DeadlineExceeded):
        Transport("it", server.base, limits=limits).request("GET", "/")


@pytest.mark.parametrize("announced", [True, False])
def test_stops_reading_what_is_too_large(announced):
    "More than the cap is refused, whether the length was announced or not, and not asked for again"

    def huge(handler, number):
        handler.send_response(200)
        if announced:
            handler.send_header("Content-Length", str(10**9))
        handler.end_headers()
        handler.close_connection = True
        for _ in range(100):
            handler.wfile.write(b"x" * 10_000)

    limits = Limits(max_bytes=100_000, deadline_s=5)
    with scripted(huge) as server, pytest.raises(errors.BadResponse, match="MiB"):
        Transport("it", server.base, limits=limits).request("GET", "/")
    assert len(server.seen) == 1


def test_follows_a_redirect_to_the_same_host_with_method_body_and_key():
    "A 302 is followed with the same method, body and key"
    with scripted(lambda h, n: send(h, 302, Location="/there") if n == 0 else send(h, 200)) as server:
        Transport("it", server.base, limits=QUICK).request("POST", "/here", json={"a": 1}, credential=key())
    first, second = server.seen
    assert (second.method, second.path, second.body) == ("POST", "/there", first.body)
    assert second.headers["Authorization"] == f"Bearer {SECRET}"


@pytest.mark.parametrize(
    ("there", "is_moved"),
    [
        ("/here?id=a%2Bb&at=1:2", False),
        ("/here/?id=a%2Bb&at=1%3A2&", False),
        ("/here?id=a+b&at=1%3A2", True),
        ("/here?id=a%2Bb&at=1%3A2&id=c", True),
        ("/here?id=a%2Bb&at=1%3A2&token=", True),
        ("/here?id=a%2Bb", True),
        ("/there?id=a%2Bb&at=1%3A2", True),
    ],
)
def test_says_whether_a_redirect_led_to_something_else(there, is_moved):
    "How the address writes the same query does not matter; one value more does, even an empty one"
    with scripted(lambda h, n: send(h, 302, Location=there) if n == 0 else send(h, 200)) as server:
        reply = Transport("it", server.base, limits=QUICK).request(
            "GET", "/here", params={"id": "a+b", "at": "1:2"}
        )
    assert reply.moved is is_moved


def test_does_not_follow_a_redirect_to_another_site():
    "The other site gets neither a request nor the key"
    with scripted(lambda h, n: send(h, 200)) as other_site:
        port = other_site.base.rpartition(":")[2]
        there = f"http://localhost:{port}/"
        with scripted(lambda h, n: send(h, 302, Location=there)) as server:
            transport = Transport("it", server.base, limits=QUICK)
            with pytest.raises(errors.BadResponse, match="another site") as caught:
                transport.request("GET", "/", credential=key())
    assert other_site.seen == []
    assert SECRET not in str(caught.value)


def test_ends_a_loop_of_redirects():
    "More than five in a row are an error"
    with (
        scripted(lambda h, n: send(h, 301, Location=f"/{n}")) as server,
        pytest.raises(errors.BadResponse, match="redirected more than 5 times"),
    ):
        Transport("it", server.base, limits=QUICK).request("GET", "/")
    assert len(server.seen) == 6


@pytest.mark.parametrize(
    ("url", "trusted"),
    [
        ("https://n123.meraki.com/api/v1/x", True),
        ("https://api-mp.meraki.com/api/v1/x", True),
        ("https://meraki.com/x", False),
        ("https://www.meraki.com/x", False),
        ("https://spn4.meraki.com/x", False),
        ("https://a.n123.meraki.com/x", False),
        ("https://n1\u0661.meraki.com/x", False),
        ("https://api.meraki.cn/api/v1/x", False),
        ("http://n123.meraki.com/x", False),
        ("https://evilmeraki.com/x", False),
        ("https://meraki.com.evil.example/x", False),
        ("https://meraki.com@evil.example/x", False),
        ("https://user:pass@n1.meraki.com/x", False),
        ("https://api.meraki.com:8443/x", False),
        ("https://n1.meraki.com:8443/x", False),
        ("https://n1.meraki.com:99999/x", False),
        ("https://n1.meraki.com:port/x", False),
        ("https://api.meraki.com:443/x", True),
        ("file:///etc/passwd", False),
        ("//evil.example/x", False),
        ("https://evil.example\\.meraki.com/x", False),
        ("https://evil.example%5C.meraki.com/x", False),
        ("https://evil.example\t.meraki.com/x", False),
        ("https://API.MERAKI.COM/x", True),
    ],
)
def test_trusts_only_the_vendors_own_hosts(url, trusted):
    "A key is sent only to those hosts of the vendor that the API needs, in the domain of the base address, over TLS"
    transport = Transport("it", "https://api.meraki.com/api/v1", hosts=API_HOSTS)
    assert transport.trust.includes(parts_of(url)) is trusted


@pytest.mark.parametrize(
    ("home", "url", "own"),
    [
        ("http://people.example", "http://people.example/7.jpg", True),
        ("http://people.example", "https://people.example/7.jpg", True),
        ("http://people.example:8080", "https://people.example/7.jpg", True),
        ("http://people.example", "http://people.example:8080/7.jpg", False),
        ("https://people.example", "http://people.example/7.jpg", False),
        ("https://people.example", "https://www.people.example/7.jpg", False),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000/7.jpg", True),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8001/7.jpg", False),
        ("http://127.0.0.1:8000", "https://127.0.0.1/7.jpg", False),
        ("http://127.0.0.1:8000", "http://localhost:8000/7.jpg", False),
        ("http://[::1]:8000", "http://[::1]:631/7.jpg", False),
    ],
)
def test_a_service_without_a_vendor_is_at_one_host_and_port(home, url, own):
    "A redirect or a photo's address may go from HTTP to HTTPS, and nowhere else; on this machine not even that"
    assert Transport("it", home).trust.includes(parts_of(url)) is own


def test_does_not_send_a_key_to_an_unencrypted_host():
    "A vendor's address without TLS is refused before anything is sent, except on this machine"
    with pytest.raises(errors.SettingsError, match="not encrypted"):
        Transport("it", "http://api.meraki.com/api/v1", hosts=API_HOSTS)
    with pytest.raises(errors.SettingsError, match="not encrypted"):
        Transport("it", "http://127.evil.example", hosts=API_HOSTS)
    for here in ("127.0.0.1:8000", "localhost", "[::1]:8000"):
        Transport("it", f"http://{here}", hosts=API_HOSTS)


@pytest.mark.parametrize("host", ["a" * 70 + ".example", "a..example"])
def test_an_impossible_host_name_is_a_service_error(host):
    "A name that DNS cannot have ends the call with camkit's exception"
    with pytest.raises(errors.ServiceError):
        Transport("it", f"https://{host}", limits=ONCE).request("GET", "/")


def test_a_refused_connection_is_reported():
    "The message names the host and what to check"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(errors.ServiceUnreachable, match=f"127.0.0.1:{port}.*Check the address"):
        Transport("it", f"http://127.0.0.1:{port}", limits=ONCE).request("GET", "/")


def test_does_not_wait_forever_for_a_silent_host():
    "A socket that accepts and never answers is a DeadlineExceeded"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        limits = Limits(connect_s=0.2, read_s=0.2, deadline_s=2, attempts=2, backoff_s=0.01)
        transport = Transport("it", f"http://127.0.0.1:{silent.getsockname()[1]}", limits=limits)
        with pytest.raises(errors.DeadlineExceeded):
            transport.request("GET", "/")


def test_keeps_no_cookies_and_reads_no_netrc(tmp_path, monkeypatch):
    "A cookie set by a server is not sent again, and a .netrc entry is not used"
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine 127.0.0.1 login me password {SECRET}\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with scripted(lambda h, n: send(h, 200, Set_Cookie="a=b; Path=/")) as server:
        transport = Transport("it", server.base, limits=QUICK)
        assert transport.request("GET", "/").cookies == {"a": "b"}
        transport.request("GET", "/")
    assert "Cookie" not in server.seen[1].headers
    assert "Authorization" not in server.seen[0].headers


def test_repeats_an_answer_that_the_caller_cannot_use():
    "The caller's check counts as part of the attempt"
    with scripted(lambda h, n: send(h, 200, b"{" if n == 0 else b"{}")) as server:
        transport = Transport("it", server.base, limits=QUICK)
        assert transport.request("GET", "/", check=lambda reply: reply.json()).json() == {}


def test_rejects_a_base_address_without_a_scheme():
    "It is a settings error that shows the address"
    with pytest.raises(errors.SettingsError, match=r"api.example"):
        Transport("it", "api.example/v1")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, errors.LoginRefused),
        (403, errors.AccessDenied),
        (404, errors.NotFound),
        (410, errors.NotFound),
        (429, errors.RateLimited),
        (500, errors.ServiceError),
        (418, errors.BadResponse),
    ],
)
def test_each_status_has_its_exception(status, kind):
    "Each status is reported by type, with status and address as attributes"
    with scripted(lambda h, n: send(h, status, b"no")) as server:
        reply = Transport("it", server.base, limits=Limits(attempts=1)).request("GET", "/x")
    with pytest.raises(kind) as caught:
        raise_for_status(reply, "Trying")
    assert (caught.value.status, caught.value.url) == (status, server.base + "/x")


def test_a_form_is_sent_as_one_and_its_secrets_are_masked_in_an_error():
    "Secrets are revealed only as they are sent; an error that repeats them does not show them"
    with scripted(lambda h, n: send(h, 400, b"no such code: kei 4711&canary")) as server:
        transport = Transport("it", server.base, limits=QUICK)
        reply = transport.request(
            "POST", "/token", form={"grant_type": "code", "code": SecretStr("kei 4711&canary")}
        )
        transport.close()
    assert server.seen[0].headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert server.seen[0].body == b"grant_type=code&code=kei+4711%26canary"
    assert reply.said == "no such code: ***"
