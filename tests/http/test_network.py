"""The transport on real sockets: TLS, proxies, hosts that do not answer, and the hub that must not freeze."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import gevent
import psutil
import pytest
import trustme
from pydantic import SecretStr

from camkit import errors
from camkit.http import Limits, Transport
from camkit.http.secrets import Credential
from tests.support.proxy import connect_proxy
from tests.support.scripted import scripted, send

QUICK = Limits(connect_s=1, read_s=1, deadline_s=5, attempts=2, backoff_s=0.01)


@pytest.fixture(scope="module")
def ca():
    return trustme.CA()


def context_for(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


@pytest.fixture
def bundle(ca, tmp_path, monkeypatch):
    """The private CA, as an investigator would set it."""
    path = tmp_path / "ca.pem"
    ca.cert_pem.write_to_path(str(path))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(path))
    return path


def get(base: str, limits: Limits = QUICK, **options):
    transport = Transport("it", base, limits=limits)
    try:
        return transport.request("GET", "/", **options)
    finally:
        transport.close()


@contextmanager
def heartbeat() -> Iterator[list[float]]:
    """The gaps, in seconds, between the beats of a greenlet that sleeps 10 ms each time."""
    gaps: list[float] = []

    def beat() -> None:
        while True:
            start = time.monotonic()
            gevent.sleep(0.01)
            gaps.append(time.monotonic() - start)

    heart = gevent.spawn(beat)
    gevent.sleep(0)
    yield gaps
    heart.kill()


# TLS


def test_trusts_a_private_ca(ca, bundle):
    "REQUESTS_CA_BUNDLE makes an inspecting proxy's or a private CA's certificate valid"
    with scripted(lambda h, n: send(h, 200, b"ok"), context_for(ca.issue_cert("127.0.0.1"))) as server:
        assert get(server.base).content == b"ok"


@pytest.mark.parametrize("wrong", ["authority", "name", "expired"])
def test_a_wrong_certificate_stops_everything(ca, bundle, wrong):
    "Unknown authority, wrong name, expired: nothing is sent, there is no retry, and the message says which"
    leaf, said = {
        "authority": (trustme.CA().issue_cert("127.0.0.1"), "unable to get local issuer"),
        "name": (ca.issue_cert("other.example"), "not valid for '127.0.0.1'"),
        "expired": (ca.issue_cert("127.0.0.1", not_after=datetime.now(UTC) - timedelta(days=1)), "expired"),
    }[wrong]
    key = Credential({"Authorization": "Bearer kei-4711"})
    with (
        scripted(lambda h, n: send(h, 200), context_for(leaf)) as server,
        pytest.raises(errors.ServiceUnreachable, match=said) as caught,
    ):
        get(server.base, credential=key)
    assert server.seen == []
    assert "REQUESTS_CA_BUNDLE" in str(caught.value) and not caught.value.transient


def test_a_valid_certificate_does_not_make_the_next_one_valid(ca, bundle, tmp_path, monkeypatch):
    "Each connection reads the bundle: without it, the same server is refused again"
    with scripted(lambda h, n: send(h, 200), context_for(ca.issue_cert("127.0.0.1"))) as server:
        assert get(server.base).ok
        monkeypatch.delenv("REQUESTS_CA_BUNDLE")
        with pytest.raises(errors.ServiceUnreachable, match="certificate"):
            get(server.base)


def test_a_missing_bundle_is_a_settings_error(monkeypatch, tmp_path):
    "The message names the variable, and does not blame the service"
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "none.pem"))
    with pytest.raises(errors.SettingsError, match="REQUESTS_CA_BUNDLE names a file that does not exist"):
        get("https://127.0.0.1:9")


def test_a_bundle_without_a_certificate_is_reported(monkeypatch, tmp_path, ca):
    "A file without a certificate is a failed TLS connection, and the message names the variable"
    (tmp_path / "ca.pem").write_text("not a certificate")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    with (
        scripted(lambda h, n: send(h, 200), context_for(ca.issue_cert("127.0.0.1"))) as server,
        pytest.raises(errors.ServiceUnreachable, match="REQUESTS_CA_BUNDLE"),
    ):
        get(server.base)


def test_plain_http_behind_https_is_reported():
    "A server without TLS is a failed TLS connection, not a traceback"
    with (
        scripted(lambda h, n: send(h, 200)) as server,
        pytest.raises(errors.ServiceUnreachable, match=r"TLS connection to 127\.0\.0\.1"),
    ):
        get(server.base.replace("http:", "https:"))


def test_a_stalled_handshake_freezes_nobody(monkeypatch):
    "A server that accepts and never answers the handshake times out, while others work"
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        heartbeat() as gaps,
        pytest.raises(errors.ServiceUnreachable, match="did not finish the TLS handshake in time"),
    ):
        get(f"https://127.0.0.1:{silent.getsockname()[1]}", Limits(connect_s=0.3, read_s=0.3, attempts=1))
    assert len(gaps) > 1


def test_a_handshake_byte_by_byte_ends_in_the_time_for_a_connection():
    "Each byte would begin the time anew; the message names the handshake, not an answer"

    def drip(listener):
        client, _address = listener.accept()
        client.recv(5)
        try:
            for byte in b"\x16\x03\x03\x40\x00" + bytes(100):
                client.send(bytes([byte]))
                time.sleep(0.05)
        except OSError:
            pass  # the client has gone
        client.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip, args=(listener,))
        thread.start()
        with pytest.raises(errors.ServiceUnreachable, match="did not finish the TLS handshake in time"):
            get(f"https://127.0.0.1:{listener.getsockname()[1]}", Limits(connect_s=0.3, attempts=1))
        thread.join(10)


@pytest.mark.parametrize("tls_to", [True, False])
def test_a_redirect_to_another_port_of_this_machine_is_not_followed(ca, bundle, tls_to):
    "Another port is another user's program: it gets neither the request nor what is secret in it, with TLS or without"
    tls = context_for(ca.issue_cert("127.0.0.1")) if tls_to else None
    key = Credential({"Authorization": "Bearer kei-4711-canary"})
    with (
        scripted(lambda h, n: send(h, 200), tls) as other,
        scripted(lambda h, n: send(h, 307, Location=other.base + "/")) as server,
        pytest.raises(errors.BadResponse, match=f"another site, {urlsplit(other.base).netloc}"),
    ):
        Transport("it", server.base, limits=QUICK).request(
            "POST", "/login", json={"password": SecretStr("kei-4711-canary")}, credential=key
        )
    assert other.seen == []


def test_an_address_that_the_service_declared_is_its_own():
    "The demo site names its second port; that one is followed"
    with (
        scripted(lambda h, n: send(h, 200, b"picture")) as media,
        scripted(lambda h, n: send(h, 301, Location=media.base + "/picture")) as server,
    ):
        transport = Transport("it", server.base, limits=QUICK, also=[media.base])
        assert transport.request("GET", "/").content == b"picture"
        transport.close()


# Proxies


def test_goes_through_a_connect_proxy(ca, bundle, monkeypatch):
    "HTTPS_PROXY is used; the proxy sees the host's name and nothing else"
    tls = context_for(ca.issue_cert("cloud.example"))
    with scripted(lambda h, n: send(h, 200, b"ok"), tls) as server, connect_proxy() as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.address)
        assert get(server.base.replace("127.0.0.1", "cloud.example")).content == b"ok"
    assert proxy.targets == [server.base.removeprefix("https://").replace("127.0.0.1", "cloud.example")]


def test_bypasses_the_proxy_for_hosts_in_no_proxy(ca, bundle, monkeypatch):
    "NO_PROXY names the hosts that are reached directly"
    with connect_proxy(refuse=True) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.address)
        monkeypatch.setenv("NO_PROXY", "cloud.invalid")
        with pytest.raises(errors.ServiceUnreachable, match=r"no connection to cloud\.invalid"):
            get("https://cloud.invalid")
    assert proxy.targets == []


def test_this_machine_is_reached_without_a_proxy(monkeypatch):
    "A proxy's loopback is another machine: the demo site is not there, and a key would be sent unencrypted"
    with scripted(lambda h, n: send(h, 200, b"ok")) as server, connect_proxy(refuse=True) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.address)
        assert get(server.base).content == b"ok"
        assert get(server.base.replace("127.0.0.1", "localhost")).content == b"ok"
    assert proxy.targets == []


@pytest.mark.parametrize("address", ["http://me:kei-4711@host:port", "foo://host:1", "socks5://host:1"])
def test_a_proxy_that_cannot_be_used_is_reported(monkeypatch, address):
    "The message names the variable and how to write it, without the password"
    monkeypatch.setenv("HTTPS_PROXY", address)
    with pytest.raises(errors.ServiceUnreachable, match=r"HTTPS_PROXY.*http://host:port") as caught:
        get("https://api.meraki.example")
    assert "kei-4711" not in str(caught.value)


def test_a_proxy_that_refuses_or_is_down_is_reported(monkeypatch):
    "Both are a ServiceUnreachable that names the variables, without the proxy's password"
    with connect_proxy(refuse=True) as proxy:
        for address in (proxy.address, "http://me:kei-4711@127.0.0.1:9"):
            monkeypatch.setenv("HTTPS_PROXY", address)
            with pytest.raises(errors.ServiceUnreachable, match="Check HTTPS_PROXY and NO_PROXY") as caught:
                get("https://api.meraki.example")
            assert "kei-4711" not in str(caught.value)
    assert len(proxy.targets) == QUICK.attempts


# Hosts that do not answer


def test_a_host_that_does_not_accept_times_out():
    "With a full backlog there is no connection: ServiceUnreachable after the connect timeout"
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(address)
        with (
            heartbeat() as gaps,
            pytest.raises(errors.ServiceUnreachable, match="did not accept a connection"),
        ):
            get(f"http://127.0.0.1:{address[1]}", Limits(connect_s=0.2, attempts=1))
        for each in waiting:
            each.close()
    assert len(gaps) > 1


def test_a_reset_connection_is_tried_again_then_reported():
    "RST before an answer: one more attempt, then a BadResponse"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        accepted = []

        def slam():
            for _ in range(QUICK.attempts):
                client, _address = listener.accept()
                accepted.append(client.recv(10))
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
                client.close()

        thread = threading.Thread(target=slam)
        thread.start()
        with pytest.raises(errors.BadResponse, match="closed the connection without an answer"):
            get(f"http://127.0.0.1:{listener.getsockname()[1]}")
        thread.join(5)
    assert len(accepted) == QUICK.attempts


def test_an_unknown_name_is_reported():
    "A name that does not resolve is a ServiceUnreachable that says to check the address"
    with pytest.raises(errors.ServiceUnreachable, match=r"no connection to nowhere\.invalid"):
        get("http://nowhere.invalid", Limits(attempts=1))


def test_a_body_that_stalls_times_out():
    "The read timeout applies within the body as well"

    def stall(handler, number):
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b"some")
        handler.wfile.flush()
        time.sleep(0.6)

    with scripted(stall) as server, pytest.raises(errors.DeadlineExceeded, match="stopped answering"):
        get(server.base, Limits(read_s=0.2, attempts=1))


# The hub


def test_a_flood_lets_others_work():
    "While megabytes arrive as fast as they can be read, another greenlet still runs"

    def flood(handler, number):
        handler.send_response(200)
        handler.end_headers()
        handler.close_connection = True
        for _ in range(200):
            handler.wfile.write(bytes(100_000))

    with scripted(flood) as server, heartbeat() as gaps:
        assert len(get(server.base).content) == 20_000_000
    assert len(gaps) > 3


def test_leaves_no_socket_behind():
    "After close() no connection is left, however the calls ended"
    process = psutil.Process()
    before = len(process.net_connections())
    with scripted(lambda h, n: send(h, 200 if n % 2 else 503)) as server:
        transport = Transport("it", server.base, limits=QUICK)
        calls = [gevent.spawn(transport.request, "GET", "/") for _ in range(10)]
        gevent.sleep(0.01)
        gevent.killall(calls[:5])
        gevent.joinall(calls)
        transport.close()
    gevent.sleep(0.1)
    assert len(process.net_connections()) <= before


def test_what_comes_behind_an_answer_is_never_the_next_one(ca, bundle):
    "Over TLS too, where it is decrypted already and a look at the connection does not show it"
    context = context_for(ca.issue_cert("127.0.0.1"))

    def serve(listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                connection = context.wrap_socket(listener.accept()[0], server_side=True)
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

    def answer(connection: ssl.SSLSocket) -> None:
        with suppress(OSError), connection:
            while request := connection.recv(65536):
                body = request.split()[1]
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
                more = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nFORGED" if body == b"/2" else b""
                connection.sendall(body + more)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=serve, args=(listener,), daemon=True).start()
        transport = Transport("it", f"https://127.0.0.1:{listener.getsockname()[1]}", limits=QUICK)
        got = [transport.request("GET", f"/{number}").content for number in range(1, 5)]
        transport.close()
    assert got == [b"/1", b"/2", b"/3", b"/4"]
