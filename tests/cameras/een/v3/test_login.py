"""The login to API v3: consent, renewal, end, and what is said of each failure."""

from __future__ import annotations

import base64
import json
import logging
import os
import signal
import socket
import threading
import time
import traceback
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import gevent
import pytest
import requests
from pydantic import SecretStr

from camkit.cameras.een import EagleEyeV3, TokensInMemory
from camkit.cameras.een.v3 import consent
from camkit.cameras.een.v3.tokens import Tokens
from camkit.errors import BadResponse, LoginRefused, OutputError, ServiceError, SettingsError
from camkit.http import Limits
from tests.support.een_v3 import client, press
from tests.support.scripted import scripted, send

QUICK = Limits(connect_s=1, read_s=2, deadline_s=5, attempts=2, backoff_s=0.01)
USER = {"id": "u1", "accountId": "00000001", "email": "a@b.example", "firstName": "A", "lastName": "B"}


def answer_json(handler, status, body):
    send(handler, status, json.dumps(body).encode(), Content_Type="application/json")


def grant(number, base, **more):
    place = urlsplit(base)
    return {
        "access_token": f"access-canary-{number}",
        "refresh_token": f"refresh-canary-{number}",
        "expires_in": 43198,
        "httpsBaseUrl": {"hostname": place.hostname, "port": place.port},
        **more,
    }


class Vendor:
    """A vendor of whom a test says what it grants and which access token holds."""

    def __init__(self, **more):
        self.more, self.good, self.granted, self.refused = more, "access-canary-0", 0, None

    def __call__(self, handler, number):
        path = urlsplit(handler.path).path
        if path == "/oauth2/token":
            if self.refused:
                answer_json(handler, self.refused, {"error": "invalid_grant"})
                return
            host, port = handler.server.server_address
            body = grant(self.granted, f"http://{host}:{port}", **self.more)
            self.granted += 1
            answer_json(handler, 200, {name: value for name, value in body.items() if value is not None})
        elif path == "/oauth2/revoke":
            send(handler, 200)
        elif handler.headers.get("Authorization") == f"Bearer {self.good}":
            answer_json(handler, 200, USER)
        else:
            answer_json(handler, 401, {"code": 401, "status": "unauthenticated", "message": "no"})


def of(server, store=None, consent=None):
    def allow(address):
        asked = parse_qs(urlsplit(address).query)
        return f"{asked['redirect_uri'][0]}/?code=code-canary&state={asked['state'][0]}"

    return EagleEyeV3(
        "app", SecretStr("secret-canary"), auth_url=server.base, store=store or TokensInMemory(),
        consent=consent or allow, limits=QUICK,
    )  # fmt: skip


def test_a_consent_logs_in_and_the_next_notebook_needs_none(demo, kept, store):
    "Nothing is asked for while a login is kept"
    account = kept.login()
    assert (account.account_id, account.timezone) == ("00014750", "US/Mountain")
    assert kept.account["account_id"] == "00014750"
    second = client(demo.info, store, consent=None)
    assert second.login() == account
    second.close()


def test_the_consent_is_asked_for_with_a_state_and_a_challenge(demo, store):
    "Each time others; the verifier is not in the address"
    asked = []
    een = client(demo.info, store, consent=lambda address: asked.append(address) or press(address))
    een.login()
    een.login(again=True)
    first, second = (parse_qs(urlsplit(address).query) for address in asked)
    assert first["state"] != second["state"] and first["code_challenge"] != second["code_challenge"]
    assert first["code_challenge_method"] == ["S256"] and first["scope"] == ["vms.all"]
    assert not any("verifier" in address for address in asked)
    een.close()


def test_logout_ends_the_login_at_the_vendor_and_here(demo, kept, store):
    "A copy of the tokens is worth nothing then"
    kept.login()
    copied = store.load()
    kept.logout()
    kept.logout()
    assert store.load() is None
    copy = TokensInMemory()
    copy.save(copied)
    other = client(demo.info, copy, consent=lambda _: "")
    with pytest.raises(LoginRefused):
        other.login()
    other.close()


def test_a_login_that_has_ended_asks_for_a_new_consent(demo, kept, store):
    "Whether another program ended it, or the renewal is refused: login() is what the message names, and it helps"
    kept.login()
    thief = client(demo.info, TokensInMemory(), consent=None)
    thief._store.save(store.load())
    thief.logout()
    thief.close()
    with pytest.raises(LoginRefused, match=r"site\.een\.login\(\)"):
        kept.devices()
    with pytest.raises(LoginRefused, match=r"site\.een\.login\(\)"):
        kept.devices()
    assert kept.login().account_id == "00014750"
    assert len(kept.devices()) > 80


def test_a_stale_login_that_cannot_be_renewed_asks_for_a_new_consent(demo, kept, store):
    "Two weeks later, in a new notebook"
    kept.login()
    now = store.load()
    store.save(Tokens(now.access, SecretStr("long-gone"), 0.0, now.api_url))
    later = client(demo.info, store)
    assert later.login().account_id == "00014750"
    later.close()


def test_many_calls_at_once_renew_once(kept, control):
    "Each is repeated with the new token"
    kept.login()
    control.reset()
    control.expire_sessions()
    jobs = [gevent.spawn(kept._known_account, again=True) for _ in range(8)]
    assert {job.get().account_id for job in jobs} == {"00014750"}
    assert control.count("/oauth2/token") == 1


def test_threads_that_renew_one_login_at_once_all_go_on(kept, store, control):
    "Such as a cell and the panel's loader: one renews, and the other uses what it got"
    kept.login()
    now = store.load()
    store.save(Tokens(now.access, now.refresh, 0.0, now.api_url))
    control.reset()
    control.faults({"route": "/oauth2/token", "kind": "slow", "params": {"ms": 200}})
    kept._tokens = replace(kept._tokens, expires_at=0.0)
    together, done = threading.Barrier(3), []

    def ask():
        together.wait()
        done.append(kept.ensure_login())
        kept.close()

    threads = [threading.Thread(target=ask, daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert (len(done), control.count("/oauth2/token")) == (3, 1)


def test_a_login_that_another_process_renews_again_and_again_goes_on(demo, kept, store):
    "Each of its renewals ends the tokens of a call that is under way"
    kept.login()
    other = client(demo.info, store, consent=None)
    other.login()
    ask, renewals = kept._ask, iter(range(3))

    def renewed_before_it_arrives(tokens, path, *args, **options):
        if path == "/cameras" and next(renewals, None) is not None:
            other._renewed(other._tokens)
        return ask(tokens, path, *args, **options)

    kept._ask = renewed_before_it_arrives
    assert len(kept.devices()) == 90 and next(renewals, None) is None
    other.close()


def test_a_call_that_is_refused_with_every_login_is_not_repeated_for_ever(kept, control):
    "One renewal, and then the vendor's word counts"
    kept.login()
    control.faults({"route": "/api/v3.0/cameras", "kind": "status", "params": {"status": 401}})
    control.reset()
    with pytest.raises(LoginRefused, match="HTTP 401"):
        kept.devices()
    assert (control.count("/oauth2/token"), control.count("/cameras")) == (1, 2)


def test_a_worker_that_is_killed_while_it_renews_does_not_lose_the_login(demo, kept, store, control):
    "The answer is kept first"
    kept.login()
    control.expire_sessions()
    before = store.load()
    control.faults({"route": "/oauth2/token", "kind": "slow", "params": {"ms": 300}})
    job = gevent.spawn(kept._renewed, kept._tokens)
    gevent.sleep(0.1)
    job.kill()
    control.faults()
    assert store.load().access != before.access
    other = client(demo.info, store, consent=None)
    assert other.login().account_id == "00014750"
    other.close()


def test_a_public_client_works_until_its_token_ends():
    "Then it says so, and asks for no consent in the middle of the work"
    vendor = Vendor(refresh_token=None)
    with scripted(vendor) as server:
        een = of(server)
        een.login()
        vendor.good = "another"
        with pytest.raises(LoginRefused, match=r"has ended: run site\.een\.login\(\)"):
            een._known_account(again=True)
        assert vendor.granted == 1
        een.close()


def test_a_token_of_a_short_life_is_used_for_most_of_it():
    "It is not renewed for each call"
    vendor = Vendor(expires_in=50)
    with scripted(vendor) as server:
        een = of(server)
        een.login()
        een._known_account(again=True)
        assert vendor.granted == 1
        een.close()


@pytest.mark.parametrize(
    "place",
    [
        {"hostname": "evil.example", "port": 443},
        {"hostname": "127.0.0.1@evil.example", "port": 443},
        {"hostname": "127.0.0.1/x?", "port": 443},
        {"hostname": "127.0.0.1\n", "port": 443},
        {"hostname": "127.0.0.1", "port": "443"},
        {"hostname": None},
        "127.0.0.1",
        None,
    ],
)
def test_a_token_goes_to_no_other_host(place):
    "The answer that names one is refused"
    with scripted(Vendor(httpsBaseUrl=place)) as server:
        een = of(server)
        with pytest.raises(BadResponse) as caught:
            een.login()
        assert "canary" not in str(caught.value)
        assert [each.path for each in server.seen] == ["/oauth2/token"]
        een.close()


@pytest.mark.parametrize(
    "url",
    [
        "http://api.c001.eagleeyenetworks.com",
        "https://api.c001.eagleeyenetworks.com:444",
        "https://api.c001.eagleeyenetworks.com.evil.example",
        "https://x@api.c001.eagleeyenetworks.com",
        "https://login.eagleeyenetworks.com",
    ],
)
def test_the_vendors_tokens_go_to_the_vendors_hosts_only(url):
    "Over HTTPS, at its own port"
    een = EagleEyeV3("app", SecretStr("secret"), store=TokensInMemory())
    assert een._login_host.trust("https://api.c001.eagleeyenetworks.com")
    assert not een._login_host.trust(url)


@pytest.mark.parametrize(
    ("status", "says"),
    [(400, "EEN_REDIRECT_URI"), (401, "too old"), (403, "may not use"), (500, "internal error")],
)
def test_a_refused_code_is_explained(status, says):
    "With what to do"
    vendor = Vendor()
    vendor.refused = status
    with scripted(vendor) as server:
        een = of(server)
        with pytest.raises(ServiceError, match=says):
            een.login()
        een.close()


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("error=access_denied&state={}", "not allowed"),
        ("error=server_error&state={}", "'server_error'"),
        ("code=abc&state=other", "not the address"),
        ("code=abc", "not the address"),
        ("state={}", "without a code"),
        ("code=a%0Ab&state={}", "without a code"),
        ("", "not the address"),
    ],
)
def test_a_return_that_does_not_log_in_is_explained(query, says):
    "Nothing is sent to the vendor"

    def consent(address):
        return "http://127.0.0.1:3333/?" + query.format(parse_qs(urlsplit(address).query)["state"][0])

    with scripted(Vendor()) as server:
        een = of(server, consent=consent)
        with pytest.raises(LoginRefused, match=says):
            een.login()
        assert not server.seen
        een.close()


def test_the_demo_page_can_be_refused(demo, store):
    "One sentence"
    een = client(demo.info, store, consent=lambda address: press(address, "deny"))
    with pytest.raises(LoginRefused, match="not allowed"):
        een.login()
    een.close()


@pytest.mark.parametrize("refused", [None, 400, 401, 500])
def test_no_secret_is_in_a_log_an_error_or_a_repr(refused, caplog, capsys):
    "Not in the frames of the traceback either"
    caplog.set_level(logging.DEBUG)
    vendor = Vendor()
    said = ""
    with scripted(vendor) as server:
        een = of(server)
        een.login()
        vendor.good, vendor.refused = "access-canary-1", refused
        try:
            een._known_account(again=True)
            een.logout()
        except ServiceError as error:
            shown = traceback.TracebackException.from_exception(error, capture_locals=True)
            ours = [
                frame
                for frame in shown.stack
                if "camkit/" in frame.filename and "/tests/" not in frame.filename
            ]
            said = str(error) + repr(vars(error)) + "".join(str(frame.locals) for frame in ours)
        said += repr(een) + repr(een.account) + repr(een._tokens)
        een.close()
    printed = capsys.readouterr()
    assert "canary" not in said + caplog.text + printed.out + printed.err


def all_of(handler, seen):
    """Every secret that a request to the login host holds, in plain text."""
    pair = base64.b64decode(handler.headers["Authorization"].split()[1]).decode()
    fields = {name: values[0] for name, values in parse_qs(seen.body.decode()).items()}
    secrets = [fields[name] for name in ("code", "code_verifier", "refresh_token", "token") if name in fields]
    return [pair.partition(":")[2], *secrets]


def fresh():
    """A pair of tokens that an error shows."""
    return {"access_token": "new-access-canary", "refresh_token": "new-refresh-canary"}


ECHOES = {
    "body": lambda h, all: answer_json(
        h, 401, {"error": "invalid_client", "error_description": " ".join(all)}
    ),
    "text": lambda h, all: send(h, 400, " ".join(all).encode(), Content_Type="text/plain"),
    "content type": lambda h, all: send(h, 200, b"no", Content_Type="/".join(all)),
    "host": lambda h, all: send(h, 302, Location=f"https://{'.'.join(all)}.evil.example/"),
    "path": lambda h, all: send(h, 307, Location="/x/" + "/".join(all)),
    "path of a 303": lambda h, all: send(h, 303, Location="/x/" + "/".join(all)),
    "loop": lambda h, all: send(h, 302, Location="/oauth2/token/" + "/".join(all)),
    "api": lambda h, all: answer_json(
        h, 200, grant(7, "http://x", httpsBaseUrl={"hostname": all[0], "port": 443})
    ),
    "api, new": lambda h, all: answer_json(
        h, 200, grant(7, "http://x", httpsBaseUrl={"hostname": "access-canary-7", "port": 443})
    ),
    "new tokens": lambda h, all: answer_json(h, 400, fresh()),
    "new tokens in words": lambda h, all: answer_json(
        h, 400, {"error": "new-access-canary", "error_description": "NEW-refresh-canary", **fresh()}
    ),
    "new tokens as text": lambda h, all: send(h, 400, b"access_token=new-access-canary"),
}


@pytest.mark.parametrize("echo", ECHOES)
@pytest.mark.parametrize("step", ["login", "renewal", "logout"])
def test_what_the_login_host_repeats_is_not_in_an_error(echo, step):
    "Client secret, code, verifier and tokens, old and new, in a body, a header, an address or a host"

    class Echoing(Vendor):
        echoes, known = step == "login", ()

        def __call__(self, handler, number):
            if handler.path.startswith("/oauth2/") and self.echoes:
                self.known = all_of(handler, server.seen[number]) if handler.command == "POST" else self.known
                ECHOES[echo](handler, self.known)
            elif handler.path.startswith("/x/"):
                send(handler, 404)
            else:
                super().__call__(handler, number)

    vendor = Echoing()
    with scripted(vendor) as server:
        een = of(server)
        said = ""
        try:
            een.login()
            vendor.echoes, vendor.good = True, "another"
            een.logout() if step == "logout" else een._known_account(again=True)
        except ServiceError as error:
            said = str(error) + repr(vars(error))
        assert said or step == "logout" or "api" in echo
        for secret in (*vendor.known, "canary"):
            assert secret.lower() not in said.lower()
        een.close()


def test_what_the_api_repeats_is_not_in_an_error():
    "The client secret and the refresh token are not sent there, and known all the same"
    vendor = Vendor()

    def repeating(handler, number):
        if "/cameras" in handler.path:
            words = "secret-canary access-canary-0 refresh-canary-0"
            answer_json(handler, 400, {"code": 400, "status": words, "message": words})
        else:
            vendor(handler, number)

    with scripted(repeating) as server:
        een = of(server)
        with pytest.raises(ServiceError, match=r"\*\*\* \*\*\* \*\*\*") as caught:
            een.devices()
        assert "canary" not in str(caught.value) + repr(vars(caught.value))
        een.close()


def test_a_code_beside_an_error_of_the_browser_is_not_shown():
    "The page may repeat it there"

    def consent(address):
        state = parse_qs(urlsplit(address).query)["state"][0]
        return f"http://127.0.0.1:3333/?error=bad-code-canary&code=code-canary&state={state}"

    with scripted(Vendor()) as server:
        een = of(server, consent=consent)
        with pytest.raises(LoginRefused, match=r"it said 'bad-\*\*\*'"):
            een.login()
        een.close()


def test_ctrl_c_ends_the_wait_for_the_browser(demo, store, monkeypatch):
    "At once, and the listener is gone"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        redirect_uri = f"http://127.0.0.1:{free.getsockname()[1]}"
    monkeypatch.setattr(consent, "_show", lambda *_: lambda: None)
    een = EagleEyeV3("app", "secret", redirect_uri, auth_url=demo.info["een_auth"], store=store)
    threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        een.login()
    with pytest.raises(requests.ConnectionError):
        requests.get(redirect_uri, timeout=2)


def test_an_interrupt_during_a_renewal_does_not_lose_the_login(demo, kept, store):
    "It takes effect when the new pair is on the disk"
    kept.login()
    refresh = kept._login_host.refresh

    def interrupted(before, keep):
        tokens = refresh(before, keep)
        os.kill(os.getpid(), signal.SIGINT)
        return tokens

    kept._login_host.refresh = interrupted
    with pytest.raises(KeyboardInterrupt):
        kept._renewed(kept._tokens)
    other = client(demo.info, store, consent=lambda _: pytest.fail("a consent was asked for"))
    assert len(other.devices()) == 90
    other.close()


def test_what_is_kept_does_not_lead_to_another_host(demo, kept, store):
    "A changed address is not believed: the login is asked for again"
    kept.login()
    found = store.load()
    store.save(Tokens(found.access, found.refresh, found.expires_at, "http://127.0.0.2:9"))
    asked = []
    other = client(demo.info, store, consent=lambda address: asked.append(address) or press(address))
    assert len(other.devices()) == 90 and len(asked) == 1
    other.close()


class Household(Vendor):
    """A vendor with several users: each consent is the next one's."""

    def __init__(self, *names):
        super().__init__()
        self.waiting, self.of, self.live, self.seen = list(names), {}, set(), []

    def __call__(self, handler, number):
        path = urlsplit(handler.path).path
        if path == "/oauth2/token":
            asked = parse_qs(self.seen[number].body.decode())
            spent = asked.get("refresh_token", [""])[0]
            name = self.of[spent] if spent else self.waiting.pop(0)
            host, port = handler.server.server_address
            body = grant(self.granted, f"http://{host}:{port}")
            self.granted += 1
            self.of[body["access_token"]] = self.of[body["refresh_token"]] = name
            self.live.add(body["access_token"])
            answer_json(handler, 200, body)
        elif path == "/oauth2/revoke":
            send(handler, 200)
        elif (access := handler.headers["Authorization"].split()[1]) in self.live:
            answer_json(
                handler, 200, {**USER, "id": self.of[access], "email": f"{self.of[access]}@b.example"}
            )
        else:
            answer_json(handler, 401, {"code": 401, "status": "unauthenticated", "message": "no"})


@contextmanager
def two_notebooks(*names):
    """Two clients that keep their login in one place, of which the users log in in this order; and the vendor."""
    vendor, store = Household(*names), TokensInMemory()
    with scripted(vendor) as server:
        vendor.seen = server.seen
        first, second = of(server, store), of(server, store)
        yield first, second, vendor
        first.close()
        second.close()


@pytest.mark.parametrize("knows", [True, False])
def test_a_login_of_somebody_else_is_not_taken_over_in_silence(knows):
    "One sentence names both; login() goes on as the new one, since it says whose login it is"
    with two_notebooks("alice", "bob") as (first, second, vendor):
        if knows:
            first.login()
        else:
            first._get("/cameras", {}, "Asking", read=lambda reply: reply)
        second.login(again=True)
        vendor.live.discard("access-canary-0")
        for _ in range(2):
            with pytest.raises(
                LoginRefused, match=r"that of bob@.*that of alice@.*site\.een\.login\(\)"
            ) as caught:
                first._known_account(again=True)
            assert "canary" not in str(caught.value)
        assert first.account["user"] == "alice@b.example"
        with pytest.raises(LoginRefused, match="bob@"):
            first.logout()
        assert not [each for each in vendor.seen if each.path == "/oauth2/revoke"]
        assert first.login().email == "bob@b.example"
        assert second._known_account(again=True).email == "bob@b.example"


def test_a_logout_does_not_end_somebody_elses_login_whose_access_token_is_spent():
    "Whose it is shows after a renewal"
    with two_notebooks("alice", "bob") as (first, second, vendor):
        first.login()
        second.login(again=True)
        vendor.live.clear()
        with pytest.raises(LoginRefused, match="bob@"):
            first.logout()
        assert not [each for each in vendor.seen if each.path == "/oauth2/revoke"]
        assert second._known_account(again=True).email == "bob@b.example"


@pytest.mark.parametrize(
    "access",
    [None, "", "with space", "a" * 20_000, 7],
    ids=["missing", "empty", "with space", "long", "a number"],
)
def test_a_renewal_whose_access_token_cannot_be_used_keeps_the_refresh_token(access):
    "The one before is spent: without the new one the login would be lost"
    vendor, store = Vendor(), TokensInMemory()
    with scripted(vendor) as server:
        een = of(server, store)
        een.login()
        now = store.load()
        store.save(Tokens(now.access, now.refresh, 0.0, now.api_url))
        vendor.more, vendor.good = {"access_token": access}, None
        with pytest.raises(BadResponse, match="token"):
            of(server, store).login()
        vendor.more, vendor.good = {}, "access-canary-2"
        later = of(server, store, consent=lambda _: pytest.fail("a consent was asked for"))
        assert later.login().email == "a@b.example"
        sent = [
            parse_qs(each.body.decode()).get("refresh_token") for each in server.seen if "token" in each.path
        ]
        assert sent == [None, ["refresh-canary-0"], ["refresh-canary-1"]]
        een.close()
        later.close()


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="Windows does not have modes")
def test_what_a_person_mends_on_this_machine_counts_at_once(demo, kept, store, tmp_path):
    "The same cell, run again, goes on"
    kept.login()
    kept._tokens = None
    (tmp_path / "state").chmod(0o755)
    with pytest.raises(LoginRefused, match="chmod 700"):
        kept.ensure_login()
    (tmp_path / "state").chmod(0o700)
    assert len(kept.devices()) == 90


def test_a_worker_without_the_login_does_not_ask_for_a_consent(demo, store):
    "Nobody looks at what a worker on another machine shows"
    een = client(demo.info, store, consent=None)
    een.is_lent()
    with pytest.raises(LoginRefused, match="This worker's machine does not keep the login"):
        een.devices()
    een.close()


def test_where_a_login_cannot_be_kept_nobody_is_asked_for_the_consent(demo, store, tmp_path):
    "It would be in vain"
    (tmp_path / "state").mkdir(mode=0o755)
    een = client(demo.info, store, consent=lambda _: pytest.fail("a consent was asked for"))
    with pytest.raises(LoginRefused, match="chmod 700"):
        een.login(again=True)
    een.close()


def test_a_login_that_the_same_user_renewed_or_made_anew_is_taken_over():
    "Nobody is asked for anything"
    with two_notebooks("alice", "alice") as (first, second, vendor):
        first.login()
        second.login(again=True)
        vendor.live.discard("access-canary-0")
        assert first._known_account(again=True).email == "alice@b.example"
        vendor.live.discard("access-canary-1")
        assert second._known_account(again=True) == first._known_account(again=True)
        assert vendor.granted == 3


ODD_PLACES = [
    None,
    "127.0.0.1",
    {"hostname": "evil.example", "port": 443},
    {"hostname": "127.0.0.1", "port": "x"},
]


@pytest.mark.parametrize(
    "odd", [*({"httpsBaseUrl": place} for place in ODD_PLACES), {"expires_in": None}, {"expires_in": "x"}]
)
def test_a_renewal_that_says_less_keeps_the_new_pair(odd):
    "The pair before it is spent: the address stays, and the token is renewed again soon"
    vendor, store = Vendor(), TokensInMemory()
    with scripted(vendor) as server:
        een = of(server, store)
        een.login()
        vendor.more, vendor.good = odd, "access-canary-1"
        assert een._known_account(again=True).account_id == "00000001"
        kept = store.load()
        assert kept.refresh.get_secret_value() == "refresh-canary-1" and kept.api_url == server.base
        assert kept.expires_at > time.time() + 60
        if "expires_in" in odd:
            assert kept.expires_at < time.time() + 600
        een.close()


class FullDisk(TokensInMemory):
    """A store that can be told to take nothing."""

    failure = None

    def save(self, tokens):
        if self.failure:
            raise self.failure
        super().save(tokens)


@pytest.mark.parametrize("failure", [OutputError("full"), OSError(28, "full"), LoginRefused("chmod")])
def test_a_new_pair_that_cannot_be_saved_is_used_and_saved_later(failure):
    "It says so once for each pair, and the login goes on"
    vendor, store = Vendor(), FullDisk()
    with scripted(vendor) as server:
        een = of(server, store)
        een.login()
        store.failure = failure
        for number in (1, 2):
            vendor.good = f"access-canary-{number}"
            with pytest.warns(UserWarning, match="could not be kept"):
                een._known_account(again=True)
        assert store.load().access.get_secret_value() == "access-canary-0"
        assert b"refresh-canary-1" in [each.body for each in server.seen if each.path == "/oauth2/token"][-1]
        store.failure = None
        een.login()
        assert store.load().access.get_secret_value() == "access-canary-2"
        een.close()


def test_a_first_login_that_cannot_be_saved_is_used():
    "What was kept before is not taken for newer"
    vendor, store = Vendor(), FullDisk()
    store.save(Tokens(SecretStr("old-canary"), None, 4e9, "http://127.0.0.1:9"))
    store.failure = OSError(28, "full")
    with scripted(vendor) as server:
        een = of(server, store)
        with pytest.warns(UserWarning, match="could not be kept"):
            een.login(again=True)
        vendor.good = "access-canary-1"
        with pytest.warns(UserWarning, match="could not be kept"):
            assert een._known_account(again=True).email == USER["email"]
        een.close()


@pytest.mark.parametrize(
    ("tokens", "is_taken"),
    [
        ({"refresh_token": "has space"}, True),
        ({"refresh_token": '"\\' * 8000}, True),
        ({"access_token": "a" * 40_000}, False),
        ({"refresh_token": "r" * 40_000}, False),
        ({"refresh_token": "line\nbreak"}, False),
        ({"access_token": "a b"}, False),
    ],
)
def test_tokens_that_are_accepted_can_be_read_again(store, tokens, is_taken):
    "Others are refused when they come, in one sentence that does not show them"
    vendor = Vendor(**tokens)
    with scripted(vendor) as server:
        een = of(server, store)
        if is_taken:
            een.login()
            again = of(server, store, consent=lambda _: pytest.fail("a consent was asked for"))
            assert again.login() == een.login()
            again.close()
        else:
            with pytest.raises(BadResponse, match="too long or has characters") as caught:
                een.login()
            assert next(iter(tokens.values()))[:20] not in str(caught.value) and store.load() is None
        een.close()


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:99999",
        "http://127.0.0.1:0",
        "http://127.0.0.1:x",
        "http://[",
        "http://:3333",
        "3333",
    ],
)
def test_a_redirect_address_that_cannot_be_is_said_at_the_beginning(address):
    "Before anything is asked"
    with pytest.raises(SettingsError, match="EEN_REDIRECT_URI is not an address"):
        EagleEyeV3("app", "secret", address, store=TokensInMemory())
