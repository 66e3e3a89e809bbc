"""The consent in the browser: a listener at exactly one address, for one login, or an address that is pasted."""

from __future__ import annotations

import contextlib
import errno
import socket

import gevent
import gevent.socket
import pytest

from camkit.cameras.een.v3 import consent as module
from camkit.cameras.een.v3.consent import consent_in_browser
from camkit.errors import LoginRefused, SettingsError

PAGE = "https://auth.example/oauth2/authorize?state=right-state"


@pytest.fixture(autouse=True)
def _here(monkeypatch):
    for name in ("JUPYTERHUB_USER", "SSH_CONNECTION"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def redirect() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/back"


def browser(redirect: str, target: str, method: str = "GET") -> str:
    """What the listener answers, once it listens."""
    port = int(redirect.split(":")[2].partition("/")[0])
    for _ in range(200):
        try:
            with gevent.socket.create_connection(("127.0.0.1", port)) as sock:
                sock.sendall(f"{method} {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                return b"".join(iter(lambda: sock.recv(4096), b"")).decode()
        except ConnectionRefusedError:
            gevent.sleep(0.01)
    raise AssertionError("nobody listens")


def test_the_browsers_return_ends_the_listener(redirect, capsys):
    "What else comes is not found, and the page tells no secret"
    waiting = gevent.spawn(consent_in_browser, PAGE, redirect)
    for target in (
        "/", "/favicon.ico", "/back", "/back?code=c0de&state=wrong", "/back/?code=c0de&state=right-state",
        "/back?code=c0de", "/back?state=%FF&code=c0de",
    ):  # fmt: skip
        assert browser(redirect, target).startswith("HTTP/1.1 404")
    assert browser(redirect, "/back?code=c0de&state=right-state", "POST").startswith("HTTP/1.1 404")
    page = browser(redirect, "/back?code=c0de&state=right-state")
    assert page.startswith("HTTP/1.1 200") and "go back to the notebook" in page
    assert "c0de" not in page and "right-state" not in page
    assert "Cache-Control: no-store" in page and "Referrer-Policy: no-referrer" in page
    assert waiting.get(timeout=5) == redirect + "?code=c0de&state=right-state"
    with pytest.raises(ConnectionRefusedError):
        gevent.socket.create_connection(("127.0.0.1", int(redirect.split(":")[2].partition("/")[0])))
    printed = capsys.readouterr()
    assert PAGE in printed.out and "c0de" not in printed.out + printed.err


def test_a_refusal_comes_back_too(redirect):
    "It ends the waiting at once"
    waiting = gevent.spawn(consent_in_browser, PAGE, redirect)
    assert "not allowed" in browser(redirect, "/back?error=access_denied&state=right-state")
    assert "error=access_denied" in waiting.get(timeout=5)


def test_silent_and_long_winded_connections_do_not_keep_the_browser_out(redirect, capsys):
    "Nor are they waited for at the end"
    waiting = gevent.spawn(consent_in_browser, PAGE, redirect)
    browser(redirect, "/")
    port = int(redirect.split(":")[2].partition("/")[0])
    silent = [gevent.socket.create_connection(("127.0.0.1", port)) for _ in range(30)]
    for sock in silent[:5]:
        sock.sendall(b"GET /back HTTP/1.1\r\nX-Long: ")
    with contextlib.suppress(ConnectionResetError):
        assert not browser(redirect, "/back?" + "x" * 100_000).startswith("HTTP/1.1 200")
    assert browser(redirect, "/back?code=c0de&state=right-state").startswith("HTTP/1.1 200")
    assert "c0de" in waiting.get(timeout=10)
    for sock in silent:
        sock.close()
    assert "Traceback" not in capsys.readouterr().err


LONG = b"Content-Length: 1000000000\r\n"
ODD = {
    "nothing": b"",
    "a line": b"GET /back",
    "no end of headers": b"GET /back HTTP/1.1\r\nHost: x\r\n",
    "a body that does not come": b"GET / HTTP/1.1\r\nHost: x\r\n" + LONG + b"\r\n",
    "a body that does not come, to the right page": b"POST /back?state=right-state HTTP/1.1\r\n"
    + LONG
    + b"\r\n",
    "a chunk that does not come": b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n",
    "a body that is promised": b"POST / HTTP/1.1\r\nExpect: 100-continue\r\n" + LONG + b"\r\n",
    "a length that is not one": b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
    "not HTTP": b"\x16\x03\x01\xff\xfe\r\n\r\n",
    "an address that is not one": b"GET http://[/?state=%FF HTTP/1.1\r\n\r\n",
    "many headers": b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n",
    "HTTP 0.9": b"GET /back\r\n",
    "HTTP 9": b"GET /back HTTP/9.9\r\n\r\n",
}


@pytest.mark.parametrize("odd", ODD)
def test_nothing_is_printed_whatever_comes(redirect, monkeypatch, capfd, odd):
    "Not when the connection's time is over either, and the browser is answered meanwhile and after it"
    monkeypatch.setattr(module, "CONNECTION_S", 0.3)
    waiting = gevent.spawn(consent_in_browser, PAGE, redirect)
    browser(redirect, "/")
    port = int(redirect.split(":")[2].partition("/")[0])
    socks = [gevent.socket.create_connection(("127.0.0.1", port)) for _ in range(3)]
    for sock in socks:
        sock.sendall(ODD[odd])
    assert browser(redirect, "/").startswith("HTTP/1.1 404")
    for sock in socks:
        with gevent.Timeout(20), contextlib.suppress(ConnectionResetError):  # the listener ends it
            assert b"right-state" not in b"".join(iter(lambda: sock.recv(4096), b""))  # noqa: B023 - used at once
    assert browser(redirect, "/back?code=c0de&state=right-state").startswith("HTTP/1.1 200")
    assert "c0de" in waiting.get(timeout=10)
    for sock in socks:
        sock.close()
    assert capfd.readouterr().err == ""


def test_more_connections_than_are_served_wait(redirect, monkeypatch):
    "They are answered when the others' time is over"
    monkeypatch.setattr(module, "CONNECTION_S", 0.3)
    monkeypatch.setattr(module, "CONNECTIONS", 5)
    waiting = gevent.spawn(consent_in_browser, PAGE, redirect)
    browser(redirect, "/")
    port = int(redirect.split(":")[2].partition("/")[0])
    silent = [gevent.socket.create_connection(("127.0.0.1", port)) for _ in range(7)]
    assert browser(redirect, "/back?code=c0de&state=right-state").startswith("HTTP/1.1 200")
    assert "c0de" in waiting.get(timeout=10)
    for sock in silent:
        sock.close()


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("http://192.0.2.1:3333", "is not an address of this machine"),
        ("http://name.invalid:3333", "is not an address of this machine"),
    ],
)
def test_an_address_of_another_machine_is_not_called_in_use(address, says):
    "It says what to register"
    with pytest.raises(SettingsError, match=rf"{says}.*EEN_REDIRECT_URI.*paste=True"):
        module._listened(PAGE, address)


def test_a_port_that_is_not_allowed_is_not_called_in_use():
    "Each system has its own such ports, so the words are looked at"
    assert "may not be used" in module._WHY_NOT_BOUND[errno.EACCES]


def test_a_port_in_use_is_said(redirect):
    "With the way without it"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", int(redirect.split(":")[2].partition("/")[0])))
        taken.listen()
        with pytest.raises(SettingsError, match=r"in use by another program.*paste=True"):
            consent_in_browser(PAGE, redirect)


def test_a_user_who_never_comes_back_is_not_waited_for(redirect, monkeypatch):
    "One sentence, and the port is free again"
    monkeypatch.setattr(module, "WAIT_S", 0.05)
    for _ in range(2):
        with pytest.raises(LoginRefused, match=r"Nobody allowed the access"):
            consent_in_browser(PAGE, redirect)


@pytest.mark.parametrize(
    ("redirect_uri", "environment", "paste"),
    [
        ("https://camkit.example/back", {}, None),
        ("http://127.0.0.1:3333", {"JUPYTERHUB_USER": "x"}, None),
        ("http://127.0.0.1:3333", {"SSH_CONNECTION": "x"}, None),
        ("http://127.0.0.1:3333", {}, True),
    ],
)
def test_where_no_browser_can_come_back_the_address_is_asked_for(
    monkeypatch, redirect_uri, environment, paste
):
    "What is typed is not shown; without a prompt that is said"
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(module.getpass, "getpass", lambda _: " http://127.0.0.1:3333/?code=c0de ")
    assert consent_in_browser(PAGE, redirect_uri, paste=paste) == "http://127.0.0.1:3333/?code=c0de"

    def no_prompt(_):
        raise NotImplementedError

    monkeypatch.setattr(module.getpass, "getpass", no_prompt)
    with pytest.raises(LoginRefused, match="cannot ask"):
        consent_in_browser(PAGE, redirect_uri, paste=paste)
