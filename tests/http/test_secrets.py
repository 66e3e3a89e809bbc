"""Secrets do not show themselves."""

from __future__ import annotations

import base64
import json
import re
from urllib.parse import quote

import pytest
from pydantic import SecretStr

from camkit import errors
from camkit.http import Address, Credential, Limits, Masking
from camkit.http.request import Request
from camkit.http.secrets import scrub, scrub_text

SECRET = "kei-4711-canary"
SNAPSHOT = f"https://spn4.meraki.com/stream/jpeg/snapshot/{SECRET}"
MASKING = Masking(frozenset({"id", "timestamp"}), re.compile(r"(?<=/stream/jpeg/snapshot/)[^/]+"))


def test_a_credential_shows_only_its_header():
    "repr, str and format hold no secret; on the request it is complete"
    credential = Credential({"Authorization": f"Bearer {SECRET}"})
    assert repr(credential) == f"{credential}" == "Credential(Authorization: **********)"
    assert credential.headers["Authorization"] == f"Bearer {SECRET}"
    for headers in (credential.headers, credential.headers.copy()):
        assert repr(headers) == f"{headers}" == "Headers(Authorization)"


def test_a_credential_knows_its_secret_parts():
    "What follows the scheme or the cookie's name is a secret of its own"
    assert SECRET in Credential({"Authorization": f"Bearer {SECRET}"}).secrets
    assert SECRET in Credential({"Cookie": f"auth_key={SECRET}"}).secrets
    assert SECRET in Credential({"Authorization": SECRET}).secrets


def test_a_credential_knows_what_is_inside_and_beside_it():
    "The password of the Basic scheme, which is sent in base64, and secrets that are never sent"
    pair = base64.b64encode(f"user:{SECRET}".encode()).decode()
    assert SECRET in Credential({"Authorization": f"Basic {pair}"}).secrets
    for odd in ("Basic !", "basic", "Basic /w=="):
        assert odd in Credential({"Authorization": odd}).secrets
    beside = Credential({"Authorization": "Bearer x"}, also=[SecretStr(SECRET)])
    assert SECRET in beside.secrets and SECRET not in repr(beside) + str(dict(beside.headers))


@pytest.mark.parametrize("ending", ["\n", "\r\n", "é", "\0"])
def test_a_secret_that_cannot_be_sent_is_refused_without_showing_it(ending):
    "With a line break or a character outside ASCII, urllib3 would print the whole header"
    with pytest.raises(errors.SettingsError, match="cannot be sent") as caught:
        Credential({"Authorization": f"Bearer {SECRET}{ending}"})
    assert SECRET not in str(caught.value)


def test_a_request_shows_no_secret():
    "The repr of a request that is about to be sent, which a traceback may print, is clean"
    request = Request(
        "POST",
        Address(SNAPSHOT + "?" + SECRET + "2"),
        {"password": SecretStr(SECRET)},
        None,
        Credential({"Cookie": f"a={SECRET}"}),
        False,
        Limits(),
        MASKING,
    )
    assert SECRET not in repr(request)
    assert request.shown == "https://spn4.meraki.com/stream/jpeg/snapshot/***?***"
    assert json.loads(request.body()) == {"password": SECRET}
    assert set(request.secrets()) == {f"a={SECRET}", SECRET, SECRET + "2"}


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"https://me:{SECRET}@h.example/p?id=1", "https://h.example/p?id=1"),
        (f"https://h.example/p?A={SECRET}&id=1", "https://h.example/p?A=***&id=1"),
        (f"https://h.example/p?whatever={SECRET}#{SECRET}", "https://h.example/p?whatever=***"),
        (f"https://h.example/p?{SECRET}&id=&id=1", "https://h.example/p?***&id=&id=1"),
        (SNAPSHOT, "https://spn4.meraki.com/stream/jpeg/snapshot/***"),
        (f"{SNAPSHOT}/more?x=1", "https://spn4.meraki.com/stream/jpeg/snapshot/***/more?x=***"),
        (
            "http://h.example/a?timestamp=20190412204500.000&id=1",
            "http://h.example/a?timestamp=20190412204500.000&id=1",
        ),
        ("http://[", "(an address that cannot be read)"),
        ("", ""),
    ],
)
def test_an_address_is_shown_without_its_secrets(url, shown):
    "Users, passwords, tokens and unknown query values are masked"
    assert MASKING.mask(url) == shown


def test_hides_what_the_client_did_not_name():
    "Unless the client names it as public, no value of a query is shown"
    assert Masking().mask(f"https://me:{SECRET}@h.example/p?id={SECRET}") == "https://h.example/p?id=***"
    assert Masking().secrets_in(f"https://h.example/p?id={SECRET}") == [SECRET]


@pytest.mark.parametrize("url", [SNAPSHOT, f"https://me:{SECRET}@h.example/{SECRET}?id={SECRET}", SECRET, ""])
def test_the_repr_of_an_address_shows_its_host_only(url):
    "It may be any service's address, so its repr shows neither its path nor a value of its query"
    assert SECRET not in repr(Address(url))
    assert repr(Address(SNAPSHOT)) == "'https://spn4.meraki.com/***'"
    assert str(Address(url)) == url


def test_an_error_that_repeats_the_secret_is_scrubbed():
    "In each form in which a service may repeat it: plain, in JSON, percent-encoded"
    odd = 'pass"wörd/4711'
    body = " ".join([odd, json.dumps(odd), quote(odd, safe=""), "x"]).encode()
    assert scrub(body, [odd]) == b'*** "***" *** x'
    assert scrub(b"a 1", ["1", ""]) == b"a 1"
    assert scrub(b"kei-4711-CANARY.evil.example", [SECRET]) == b"***.evil.example"
    assert scrub(b"kei-4711-canary-2", [SECRET, SECRET + "-2"]) == b"***"
    assert scrub_text("\ud800 " + SECRET, [SECRET, "\ud800\ud800"]) == "\ud800 ***"
