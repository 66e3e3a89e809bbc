"""The login to API v3: the consent, the tokens and where they are kept, shared by notebooks."""

from __future__ import annotations

import contextlib
import getpass
import io
import json
import logging
import os
import signal
import socket
import stat
import subprocess
import sys
import textwrap
import threading
import time
import traceback
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import gevent
import keyring
import pytest
import requests
from keyring.backend import KeyringBackend
from keyring.errors import KeyringError, PasswordDeleteError
from pydantic import SecretStr

from camkit import errors
from camkit.cameras.een import EagleEyeV3, TokensInMemory
from camkit.cameras.een.v3 import consent, login
from camkit.cameras.een.v3.tokens import Tokens, TokensKept
from camkit.demo.launch import DemoProcess
from camkit.site import _demo_consent
from tests.conftest import ROOT

SECRET = "demo-client-secret-1"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def redirect_uri() -> str:
    return f"http://127.0.0.1:{free_port()}/back"


@pytest.fixture(scope="module")
def demo(redirect_uri):
    with DemoProcess("--redirect-uri", redirect_uri) as demo:
        yield demo


@pytest.fixture
def client(demo, redirect_uri, tmp_path):
    """Makes clients whose login is kept in the test's folder."""
    made = []

    def make(consent=_demo_consent, *, uri="http://127.0.0.1:3333", secret=SECRET, store=None) -> EagleEyeV3:
        store = store or TokensKept("demo", tmp_path / "state")
        info = demo.info
        een = EagleEyeV3(
            info["een_client_id"], secret, uri, auth_url=info["een_auth"], consent=consent, store=store
        )
        made.append(een)
        return een

    yield make
    for een in made:
        een.close()


def refuse(_address: str) -> str:
    raise AssertionError("nobody was to be asked")


def expire(demo) -> None:
    assert requests.post(f"{demo.info['control']}/expire-sessions", timeout=10).status_code == 204


def kept_file(folder: Path) -> Path:
    (file,) = folder.glob("state/een-*.json")
    return file


# The consent


def click(address: str, decision: str = "allow") -> requests.Response:
    """What a browser does: open the page, press a button, and follow to the listener."""
    page = requests.get(address, timeout=10)
    assert "<form" in page.text
    return requests.post(address, data={"decision": decision}, timeout=10)


def in_browser(client, redirect_uri, monkeypatch, act, **options):
    """A login whose link is given to `act`, in a thread as a browser would be; the account, and what act returned."""
    came = []
    monkeypatch.setattr(consent, "_show", lambda address, then: came.append(address) or (lambda: None))
    een = client(None, uri=redirect_uri)
    result = {}

    def browse():
        while not came:
            time.sleep(0.01)
        time.sleep(0.05)
        result["answer"] = act(came[0])

    thread = threading.Thread(target=browse)
    thread.start()
    try:
        return een.login(**options), result
    finally:
        thread.join(20)


def test_a_click_logs_in(client, redirect_uri, monkeypatch):
    "The page that follows says so and holds no secret; the listener is gone afterwards"
    account, result = in_browser(client, redirect_uri, monkeypatch, click)
    assert (account.account_id, account.email) == ("00014750", "investigator@camkit.example")
    page = result["answer"]
    assert "go back to the notebook" in page.text and page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store" and "code" not in page.text
    with pytest.raises(requests.ConnectionError):
        requests.get(redirect_uri, timeout=2)


def test_a_refusal_is_a_sentence(client, redirect_uri, monkeypatch):
    "And nothing is kept"
    with pytest.raises(errors.LoginRefused, match=r"the access was not allowed\. Run site.een.login"):
        in_browser(client, redirect_uri, monkeypatch, lambda address: click(address, "deny"))


def test_other_requests_do_not_end_the_wait(client, redirect_uri, monkeypatch):
    "A wrong state, another path or method, a connection that says nothing: the browser still comes back"

    def act(address):
        parts = urlsplit(redirect_uri)
        silent = [socket.create_connection((parts.hostname, parts.port)) for _ in range(20)]
        silent[0].sendall(b"GET /back?state=" + b"x" * 20_000)
        answers = [
            requests.get(f"{redirect_uri}?code=evil&state=guessed", timeout=5),
            requests.get(f"{redirect_uri}?code=evil", timeout=5),
            requests.post(f"{redirect_uri}?state=x", timeout=5),
            requests.get(f"http://127.0.0.1:{parts.port}/favicon.ico", timeout=5),
        ]
        assert [answer.status_code for answer in answers] == [404] * 4
        done = click(address)
        for connection in silent:
            connection.close()
        return done

    account, _ = in_browser(client, redirect_uri, monkeypatch, act)
    assert account.account_id == "00014750"


def test_a_port_in_use_is_named(client, redirect_uri, monkeypatch):
    "With what to do"
    monkeypatch.setattr(consent, "_show", lambda *_: lambda: None)
    parts = urlsplit(redirect_uri)
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind((parts.hostname, parts.port))
        other.listen()
        with pytest.raises(errors.SettingsError, match=r"in use by another program.*paste=True"):
            client(None, uri=redirect_uri).login()


def test_a_user_who_never_comes_back_ends_the_wait(client, redirect_uri, monkeypatch):
    "After five minutes, here a moment; what waited with it is not asked for a second consent"
    monkeypatch.setattr(consent, "_show", lambda *_: lambda: None)
    monkeypatch.setattr(consent, "WAIT_S", 0.05)
    een = client(None, uri=redirect_uri)
    with pytest.raises(errors.LoginRefused, match="Nobody allowed the access"):
        een.devices()
    monkeypatch.setattr(consent, "_listened", refuse)
    with pytest.raises(errors.LoginRefused, match="Nobody allowed the access"):
        een.devices()


def test_ctrl_c_ends_the_wait(client, redirect_uri, monkeypatch):
    "At once, and the listener is gone"
    monkeypatch.setattr(consent, "_show", lambda *_: lambda: None)
    threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        client(None, uri=redirect_uri).login()
    with pytest.raises(requests.ConnectionError):
        requests.get(redirect_uri, timeout=2)


@pytest.mark.parametrize("variable", ["JUPYTERHUB_USER", "SSH_CONNECTION"])
def test_where_no_browser_reaches_the_kernel_the_address_is_asked_for(client, monkeypatch, capsys, variable):
    "It is typed like a password, so that it is not stored in the notebook"
    monkeypatch.setenv(variable, "x")
    monkeypatch.setattr(getpass, "getpass", lambda _question: _demo_consent(_printed_address(capsys)))
    assert client(None).login().account_id == "00014750"


def test_a_redirect_to_another_machine_is_asked_for_as_well(client, monkeypatch, capsys):
    "And a front end that cannot ask says so"

    def cannot(_question):
        raise EOFError

    monkeypatch.setattr(getpass, "getpass", cannot)
    een = client(None, uri="https://tools.example/back")
    with pytest.raises(errors.LoginRefused, match="cannot ask for the address"):
        een.login()
    assert "tools.example" in _printed_address(capsys)


def _printed_address(capsys) -> str:
    return next(line.strip() for line in capsys.readouterr().out.splitlines() if "/oauth2/authorize" in line)


@pytest.mark.parametrize(
    ("back", "said"),
    [
        ("", "not the address on which the browser ends"),
        ("http://127.0.0.1:3333/?code=x", "not the address on which the browser ends"),
        ("http://127.0.0.1:3333/?code=x&state=other", "not the address on which the browser ends"),
        ("http://[", "not the address on which the browser ends"),
        ("http://127.0.0.1:3333/?state={state}", "without a code"),
        ("http://127.0.0.1:3333/?state={state}&error=server_error", "it said 'server_error'"),
        ("http://127.0.0.1:3333/?state={state}&code=old", "the code was too old"),
        ("http://127.0.0.1:3333/?state={state}&code=a%0d%0ab", "without a code"),
    ],
)
def test_a_wrong_address_is_a_sentence(client, back, said):
    "Something else that was pasted, a code of another login, one that is too old"

    def paste(address):
        return back.replace("{state}", parse_qs(urlsplit(address).query)["state"][0])

    with pytest.raises(errors.LoginRefused, match=said):
        client(paste).login()


def test_a_wrong_application_secret_is_named(client):
    "With the variables to check, and without the secret"
    with pytest.raises(errors.LoginRefused, match="check EEN_CLIENT_ID and EEN_CLIENT_SECRET") as caught:
        client(secret="wrong-secret-canary").login()
    assert "wrong-secret-canary" not in repr([str(caught.value), vars(caught.value)])


# What is kept


def test_the_next_notebook_is_logged_in(client, tmp_path):
    "Nobody is asked; the file is its owner's alone"
    first = client()
    first.login()
    file = kept_file(tmp_path)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 and stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    second = client(refuse)
    assert len(second.devices()) == 90
    assert second.login().account_id == "00014750"


def test_an_expired_token_is_renewed_once_for_all(client, demo, control, tmp_path):
    "Twenty greenlets, one renewal; what is kept is the new pair"
    een = client()
    een.login()
    before = kept_file(tmp_path).read_text()
    expire(demo)
    tasks = [gevent.spawn(een.newest_frame, "1007b3c4") for _ in range(20)]
    gevent.joinall(tasks, raise_error=True)
    assert kept_file(tmp_path).read_text() != before
    other = client(refuse)
    assert len(other.devices()) == 90


def test_a_renewal_by_another_notebook_is_used(client, demo):
    "Its old token stops working; it takes the new one from where it is kept, and does not renew again"
    here, there = client(), client(refuse)
    here.login()
    there.devices()
    expire(demo)
    there.devices()
    counted = []
    here._refreshed = lambda *_: counted.append(1)  # fails if it is called
    assert len(here.devices()) == 90 and not counted


def test_a_login_that_ended_asks_for_login_and_not_for_a_consent(client, demo):
    "A call says what to do; login() then asks"
    een, other = client(), client(refuse)
    een.login()
    other.devices()
    other._store = TokensInMemory()  # somebody who does not share it
    other._store.save(other._tokens)
    expire(demo)
    other.devices()  # rotates the pair
    een._consent = refuse
    for _ in range(2):
        with pytest.raises(errors.LoginRefused, match=r"the login has ended .*run site.een.login"):
            een.devices()
    een._consent = _demo_consent
    een.login(again=True)
    assert len(een.devices()) == 90


def test_logout_ends_it_there_and_here(client, demo, tmp_path):
    "The token is worth nothing any more, and nothing is kept"
    een = client()
    een.login()
    access = een._tokens.access.get_secret_value()
    een.logout()
    een.logout()
    assert not list(tmp_path.glob("state/*.json"))
    answer = requests.get(
        f"{demo.info['een_api']}/api/v3.0/users/self",
        headers={"Authorization": f"Bearer {access}"},
        timeout=10,
    )
    assert answer.status_code == 401
    assert client().login().account_id == "00014750"


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[1, 2, 3, 4]", b'["a", "b", "soon", "x"]', b"\xff", b"[" * 60_000]
)
def test_a_file_that_is_not_camkits_asks_for_a_new_login(client, tmp_path, content):
    "It is replaced by the new login"
    client().login()
    file = kept_file(tmp_path)
    file.write_bytes(content)
    assert client().login().account_id == "00014750"
    assert json.loads(file.read_text())


def test_a_file_that_others_can_read_or_leave_is_refused(client, tmp_path):
    "The message names it"
    client().login()
    file = kept_file(tmp_path)
    file.chmod(0o644)
    with pytest.raises(errors.LoginRefused, match="is not yours alone"):
        client(refuse).devices()
    target = tmp_path / "elsewhere"
    file.rename(target)
    target.chmod(0o600)
    file.symlink_to(target)
    with pytest.raises(errors.LoginRefused, match="cannot be read"):
        client(refuse).devices()
    file.unlink()
    os.mkfifo(file)
    with pytest.raises(errors.LoginRefused, match="cannot be read"):
        client(refuse).devices()


def test_what_is_kept_does_not_lead_to_another_host(client, tmp_path, demo):
    "A changed address is not believed: the login is asked for again"
    client().login()
    file = kept_file(tmp_path)
    access, refresh, until, _ = json.loads(file.read_text())
    file.write_text(json.dumps([access, refresh, until, "http://127.0.0.2:9"]))
    asked = []
    een = client(lambda address: asked.append(address) or _demo_consent(address))
    assert len(een.devices()) == 90 and len(asked) == 1


class FakeKeyring(KeyringBackend):
    """A keyring in memory that can be locked."""

    priority = 5.0

    def __init__(self):
        super().__init__()
        self.kept, self.is_locked = {}, False

    def get_password(self, service, username):
        if self.is_locked:
            raise KeyringError("locked")
        return self.kept.get((service, username))

    def set_password(self, service, username, password):
        if self.is_locked:
            raise KeyringError("locked")
        self.kept[service, username] = password

    def delete_password(self, service, username):
        if (service, username) not in self.kept:
            raise PasswordDeleteError
        del self.kept[service, username]


@pytest.fixture
def fake_keyring():
    before, fake = keyring.get_keyring(), FakeKeyring()
    keyring.set_keyring(fake)
    yield fake
    keyring.set_keyring(before)


def test_a_keyring_is_used_where_there_is_one(client, tmp_path, fake_keyring):
    "No file then; a locked one is a sentence when reading, and a file when writing"
    client().login()
    assert len(fake_keyring.kept) == 1 and not list(tmp_path.glob("state/*.json"))
    assert len(client(refuse).devices()) == 90
    fake_keyring.is_locked = True
    with pytest.raises(errors.LoginRefused, match="Unlock the keyring"):
        client(refuse).devices()
    fake_keyring.is_locked = False
    een = client()
    een.logout()
    assert not fake_keyring.kept


def test_a_keyring_that_does_not_take_them_leaves_them_to_the_file(tmp_path, fake_keyring):
    "Windows' is too small for some; the file is found first then"
    store = TokensKept("x", tmp_path / "state")
    fake_keyring.set_password = lambda *_: (_ for _ in ()).throw(KeyringError("too long"))
    store.save(Tokens(SecretStr("access-1"), None, 4e9, "http://x"))
    assert kept_file(tmp_path) and store.load().access.get_secret_value() == "access-1"


# Two notebooks, interrupts, a kill

NOTEBOOK = """
import json, sys
from pathlib import Path
from camkit.cameras.een import EagleEyeV3
from camkit.cameras.een.v3.tokens import TokensKept
info, folder, rounds = json.loads(sys.argv[1]), sys.argv[2], int(sys.argv[3])
een = EagleEyeV3(info["een_client_id"], info["een_client_secret"], auth_url=info["een_auth"],
                 consent=lambda address: sys.exit("asked for a consent"), store=TokensKept("demo", Path(folder)))
for number in range(rounds):
    een._renewed(een._tokens) if een._tokens else een.ensure_login()
    een.newest_frame("1007b3c4")
    print(number, flush=True)
"""


def notebook(demo, folder: Path, rounds: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(NOTEBOOK), json.dumps(demo.info), str(folder), str(rounds)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


@pytest.mark.not_quick
def test_two_processes_share_one_login_through_fifty_renewals(client, demo, tmp_path):
    "Each renews the login again and again; neither loses it"
    client().login()
    both = [notebook(demo, tmp_path / "state", 25) for _ in range(2)]
    for process in both:
        said, problem = process.communicate(timeout=90)
        assert process.returncode == 0, problem[-2000:]
        assert said.split()[-1] == "24"
    assert len(client(refuse).devices()) == 90


@pytest.mark.slow
def test_a_killed_process_leaves_the_login_to_the_others(client, demo, tmp_path):
    "Whenever it is killed, but between the vendor's answer and the disk: then a consent is needed"
    lost = 0
    for number in range(20):
        with contextlib.suppress(errors.LoginRefused):
            client().login()
        process = notebook(demo, tmp_path / "state", 1000)
        assert process.stdout.readline()
        time.sleep(0.013 * number)
        process.kill()
        process.communicate()
        try:
            client(refuse).devices()
        except (errors.LoginRefused, AssertionError):
            lost += 1
            client().login(again=True)
    assert lost <= 4


def test_an_interrupt_during_a_renewal_does_not_lose_the_login(client, demo, tmp_path):
    "It takes effect when the new pair is on the disk"
    een = client()
    een.login()
    post = een._post

    def interrupted(*args, **options):
        reply = post(*args, **options)
        os.kill(os.getpid(), signal.SIGINT)
        return reply

    een._post = interrupted
    expire(demo)
    with pytest.raises(KeyboardInterrupt):
        een.devices()
    assert len(client(refuse).devices()) == 90


# Secrets


def test_no_token_code_or_verifier_is_shown(client, demo, tmp_path, caplog, capsys):
    "In no repr, log, output, traceback or file but the store's, whatever happens"
    caplog.set_level(logging.DEBUG)
    seen: list[str] = []

    def watched(address):
        back = _demo_consent(address)
        seen.append(parse_qs(urlsplit(back).query)["code"][0])
        return back

    een = client(watched)
    een.login()
    expire(demo)
    een.devices()
    kept = json.loads(kept_file(tmp_path).read_text())
    seen += [kept[0], kept[1], SECRET]
    shown = io.StringIO()
    try:
        een.frame_before("ffffffff", _now())
    except errors.ServiceError as error:
        traceback.print_exception(error, file=shown)
    tokens = een._tokens
    requests.post(
        f"{demo.info['een_auth']}/oauth2/revoke",
        data={"token": kept[0]},
        auth=(demo.info["een_client_id"], SECRET),
        timeout=10,
    )
    try:
        een.devices()
    except errors.LoginRefused as error:
        traceback.print_exception(error, file=shown)
    parts = [shown.getvalue(), caplog.text, repr([een, vars(een), tokens, een.account]), *capsys.readouterr()]
    for secret in seen:
        assert not any(secret in part for part in parts), secret[:8]
    with pytest.raises(TypeError):
        tokens.__reduce_ex__(2)
    others = [file for file in tmp_path.rglob("*") if file.is_file() and file != kept_file(tmp_path)]
    assert not any(secret in file.read_text(errors="replace") for file in others for secret in seen)


def _now():
    return login.datetime.now(login.UTC)
