"""API v1 behind servers that close early, clean up cookies and write numbers as text."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from camkit.cameras.een import EagleEyeV1, usable_cameras
from camkit.cameras.een.devices import COLUMNS, device_table
from camkit.cameras.een.v1.devices import table_of_rows
from tests.support.scripted import scripted, send
from tests.support.scripted_een import CAMERA, NOW, QUICK, een_service, send_frame

FIELDS = b'{"token": "t", "active_brand_subdomain": "c001"}'


def test_the_login_works_where_each_connection_gets_one_answer_only():
    "The second step may be sent only once, so it is not sent on a connection that may be closed already"

    def once_each(handler, number):
        handler.close_connection = hasattr(handler, "has_answered")
        if not handler.close_connection:
            handler.has_answered = True
            send(handler, 200, FIELDS, Set_Cookie="auth_key=c001~1")

    with scripted(once_each) as server:
        een = EagleEyeV1("me@camkit.example", SecretStr("secret"), base_url=server.base, limits=QUICK)
        assert een.login().account_id == ""
        een.logout()
        een.close()
    assert [seen.path.rpartition("/")[2] for seen in server.seen].count("authorize") == 1


def test_the_session_is_the_cookie_that_lives():
    "The service removes an older cookie of the same name behind the new one"

    def answer(handler, number):
        handler.send_response(200)
        handler.send_header("Set-Cookie", "auth_key=c001~1; Path=/")
        handler.send_header("Set-Cookie", "auth_key=; Path=/old; Max-Age=0")
        handler.send_header("Content-Length", str(len(FIELDS)))
        handler.end_headers()
        handler.wfile.write(FIELDS)

    with scripted(answer) as server:
        een = EagleEyeV1("me@camkit.example", SecretStr("secret"), base_url=server.base, limits=QUICK)
        een.login()
        een.logout()
        een.close()
    assert server.seen[-1].headers["Cookie"] == "auth_key=c001~1"


def test_a_space_behind_the_time_of_a_picture_is_not_part_of_it():
    "The picture is not lost for it"

    class Spaced:
        "The handler, whose headers end with a space"

        def __init__(self, handler):
            self._handler = handler

        def send_header(self, name, value):
            self._handler.send_header(name, value + " ")

        def __getattr__(self, name):
            return getattr(self._handler, name)

    with een_service(lambda handler, number: send_frame(Spaced(handler), NOW)) as (een, _server):
        assert een.newest_frame(CAMERA).at == NOW


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("32803", 32803),
        (" 32803 ", 32803),
        ("-1", -1),
        (32803, 32803),
        ("", None),
        ("on", None),
        ("9" * 30, None),
    ],
)
def test_a_device_status_that_comes_as_text_is_read(sent, read):
    "Also the other numbers of a device"
    table = device_table(
        [{**dict.fromkeys(COLUMNS), "device_status": sent, "timezone_utc_offset": sent}], [None]
    )
    for name in ("device_status", "timezone_utc_offset"):
        assert table[name].tolist() == ([read] if read is not None else [table[name].iloc[0]])
        assert table[name].isna().tolist() == [read is None]


@pytest.mark.parametrize("number", [None, "", "seven"])
def test_a_device_without_any_state_is_not_worth_asking(number):
    "It is not taken for one of API v3, which sends neither state; the row says what it does not have"
    row = ["1", "100abcde", "Door", "camera", [], None, "RWS", [], "g", None, number, *[None] * 15]
    table = usable_cameras(table_of_rows([row, [*row[:5], "ATTD", *row[6:]], [*row[:10], 7, *row[11:]]]))
    assert table["usable"].tolist() == [False, True, False]
    assert "neither a service status" in table["reason"].iloc[0]
