"""What is stored, copied or looked into does not hold a key, a password or a session."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import pytest
from jupyter_client.manager import start_new_kernel
from pydantic import SecretStr

from camkit.cameras.een import EagleEyeV1
from camkit.cameras.meraki import Meraki
from camkit.directory import WebDirectory
from camkit.http import Credential, Limits, Transport
from camkit.settings import Settings
from camkit.site import Site
from tests.http.test_canaries import secrets_in
from tests.support.scripted import scripted, send
from tests.support.scripted_een import drawn, een_service

AT = datetime(2019, 4, 12, 20, 30, tzinfo=UTC)
SECRET = "kei-4711-canary"


def shown_inside(thing: object, known: set[int]) -> Iterator[str]:
    """What a variable inspector shows of a thing: its repr, and those of its attributes, items and theirs."""
    if id(thing) in known or isinstance(thing, SecretStr):
        return
    known.add(id(thing))
    yield repr(thing)
    parts = [*vars(thing).values()] if hasattr(thing, "__dict__") and not isinstance(thing, type) else []
    if isinstance(thing, Mapping):
        parts += thing.values()
    elif isinstance(thing, list | tuple | set | frozenset):
        parts += thing
    for part in parts:
        if type(part).__module__.startswith(("camkit", "builtins", "urllib3", "pydantic")):
            yield from shown_inside(part, known)


def clients() -> list[object]:
    "One of each, with all the secrets it can have"
    een = EagleEyeV1("me", SecretStr(SECRET), SecretStr(SECRET))
    een._session = Credential({"Cookie": f"auth_key={SECRET}"})
    meraki = Meraki(SecretStr(SECRET))
    directory = WebDirectory(f"https://people.example/{SECRET}/{{user_id}}?token={SECRET}")
    return [een, meraki, directory, Site(meraki=meraki, een=een, directory=directory)]


@pytest.mark.parametrize("position", range(4))
def test_looking_into_a_client_shows_no_secret(position):
    "vars(), item by item and as deep as it goes, as a debugger or a variable inspector does"
    shown = [*shown_inside(clients()[position], set())]
    assert len(shown) > 10
    assert [text for text in shown if SECRET[:8] in text] == []


def test_the_look_inside_can_find_something():
    "The check itself can fail, for an item of a dictionary in an attribute too"

    class Leaky:
        def __init__(self) -> None:
            self.parts = {"key": [SECRET]}

    assert any(SECRET in text for text in shown_inside(Leaky(), set()))


@pytest.mark.parametrize("store", [pickle.dumps, copy.copy, copy.deepcopy])
@pytest.mark.parametrize("position", range(7))
def test_what_holds_a_secret_is_not_pickled(position, store):
    "Not even in part: pickle.dump would have written the password before it comes to the part that refuses"
    things = [
        *clients(),
        Credential({"Authorization": SECRET}),
        Transport("it", "https://x.example"),
        Credential({"Authorization": SECRET}).headers,
    ]
    with pytest.raises(TypeError, match=rf"^{type(things[position]).__name__} objects hold keys.*Make a new"):
        store(things[position])


def test_settings_are_not_pickled():
    "They hold the keys of all vendors"
    with pytest.raises(TypeError, match=r"not copied into a file: read them again"):
        pickle.dumps(Settings(EEN_PASSWORD=SECRET))


def test_a_picture_that_was_stored_holds_no_secret(site):
    "Of both vendors, pickled, copied or looked into: no session, no key, no address that needs no key"
    pictures = [
        site.een.snapshot("1007b3c4", AT),
        site.een.frame("1007b3c4", AT),
        site.meraki.snapshot("Q2GV-7K2M-D9HT", AT),
    ]
    for picture in pictures:
        stored = pickle.dumps(picture)
        assert pickle.loads(stored) == picture == copy.deepcopy(picture)
        assert not secrets_in(stored.decode("latin-1"), INFO)
        assert not [text for text in shown_inside(picture, set()) if secrets_in(text, INFO)]


INFO = {
    "een_password": "demo-password-1",
    "meraki_key": "6bec40cf957de430a6f1f2baa056b99a4fac9ea0",
    "camkit_key": SECRET,
}


def test_a_cookie_that_comes_with_a_picture_is_not_kept():
    "A service that renews the session with each answer, and a proxy that repeats the request's headers"

    def answer(handler, _):
        headers = {
            "Content_Type": "image/jpeg",
            "x_ee_timestamp": "preview-20190412204500.000",
            "Set_Cookie": f"auth_key=c001~{SECRET}; Path=/",
            "X_Debug_Cookie": handler.headers["Cookie"],
        }
        send(handler, 200, drawn("x"), **headers)

    with een_service(answer) as (een, _server):
        picture = een.snapshot("1001abcd", datetime(2019, 4, 12, 20, 45, tzinfo=UTC))
    (reply,) = picture.replies
    assert SECRET.encode() not in pickle.dumps(picture)
    assert reply.headers["X-Debug-Cookie"] == "***"
    assert "Set-Cookie" not in reply.headers and reply.cookies["auth_key"] == f"c001~{SECRET}"


def test_a_key_that_an_error_repeats_in_a_header_is_masked():
    "As in its body"
    key = Credential({"Authorization": f"Bearer {SECRET}"})
    with scripted(lambda h, n: send(h, 403, X_Said=f"no {h.headers['Authorization']}")) as server:
        reply = Transport("it", server.base, limits=Limits(attempts=1)).request("GET", "/", credential=key)
    assert reply.headers["X-Said"] == "no ***"


@pytest.mark.not_quick
def test_the_second_factor_is_neither_shown_nor_stored_in_a_notebook(demo):
    "A real kernel asks for it as for a password, so the notebook does not show or keep what was typed"
    manager, client = start_new_kernel()
    asked = []

    def type_code(message: dict) -> None:
        asked.append(message["content"])
        client.input(demo.info["een_tfa_code"])

    login = f"""
    from pydantic import SecretStr
    from camkit.cameras.een import EagleEyeV1
    een = EagleEyeV1({demo.info["een_tfa_username"]!r}, SecretStr({demo.info["een_tfa_password"]!r}),
                   base_url={demo.info["een"]!r})
    een.login().name
    """
    outputs: list[dict] = []
    try:
        client.execute_interactive(
            "if True:" + login, stdin_hook=type_code, output_hook=outputs.append, allow_stdin=True, timeout=60
        )
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    (question,) = asked
    assert question["password"] is True and "Eagle Eye sent a code" in question["prompt"]
    assert "4711" not in str([message["content"] for message in outputs])
