"""The Eagle Eye client against the demo site's real server: login, devices, frames."""

from __future__ import annotations

import json
import signal
import threading
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import gevent
import pandas as pd
import pytest
from pydantic import SecretStr

from camkit import errors
from camkit.cameras.een import EagleEyeV1, probe_cameras, usable_cameras
from camkit.cameras.een.devices import COLUMNS
from camkit.cameras.een.formats import een_time, parse_een_time
from camkit.cameras.een.v1.devices import table_of_rows
from camkit.cameras.een.v1.formats import branded_host
from camkit.http import Limits
from tests.support.scripted import scripted, send
from tests.support.scripted_een import CAMERA, drawn, een_service

QUICK = Limits(connect_s=1, read_s=2, deadline_s=5, attempts=2, backoff_s=0.01)
NOW = datetime(2019, 4, 12, 20, 45, tzinfo=UTC)

NOT_CAMERAS = {9, 16, 23, 38, 67, 69, 73, 83, 86, 93}
UNSUPPORTED = {8, 19, 40, 64, 87, 88}
WITHOUT_ID = {94}
SILENT = {25, 32, 44, 52, 55, 68, 72, 77}
ARCHIVED = 61


@pytest.fixture
def een(site):
    return site.een


def client(demo, **changes) -> EagleEyeV1:
    info = {
        "username": demo.info["een_username"],
        "password": SecretStr(demo.info["een_password"]),
        **changes,
    }
    return EagleEyeV1(**info, base_url=demo.info["een"], limits=QUICK, demo_origin=demo.info["media"])


def healthy(een: EagleEyeV1) -> str:
    return een.healthy_camera(seed=1)


# Logging in


def test_logs_in_and_says_who_and_where(een):
    "The account names its user and the host that serves every call after the login"
    account = een.login()
    assert (account.name, account.email) == ("Robin Investigator", "investigator@camkit.example")
    assert account.host == "127.0.0.1"
    assert account.timezone == "US/Mountain"


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (400, "not understood"),
        (402, "suspended"),
        (412, "disabled"),
        (460, "account is inactive"),
        (461, "account is still pending"),
        (462, "user is still pending"),
        (465, "network address"),
    ],
)
def test_each_documented_refusal_has_its_own_words(demo, status, said):
    "A refused login is one sentence that says why, with the status, and without user or password"
    een = client(demo, username=f"status-{status}@camkit.example")
    with pytest.raises(errors.LoginRefused, match=said) as caught:
        een.login()
    assert caught.value.status == status
    assert demo.info["een_password"] not in str(caught.value)


def test_a_wrong_password_is_not_sent_again(demo, control):
    "Calls after a refused login fail with the same words and without a request; login() tries again"
    een = client(demo, password=SecretStr("not-the-password"))
    for _ in range(3):
        with pytest.raises(errors.LoginRefused, match="check EEN_USERNAME and EEN_PASSWORD"):
            een.devices()
    assert control.count("authenticate") == 1
    with pytest.raises(errors.LoginRefused):
        een.login()
    assert control.count("authenticate") == 2


@pytest.mark.parametrize("status", [403, 404, 409, 423, 451])
def test_a_refusal_whatever_its_status_is_not_repeated(demo, control, status):
    "Otherwise each event of a run would send the password again"
    control.faults({"route": "/g/aaa/authenticate", "kind": "status", "params": {"status": status}})
    een = client(demo)
    for _ in range(3):
        with pytest.raises(errors.ServiceError) as caught:
            een.devices()
        assert caught.value.status == status
    assert control.count("authenticate") == 1


@pytest.mark.parametrize("status", [429, 503])
def test_a_login_that_was_not_answered_is_tried_again_after_a_pause(demo, control, status, monkeypatch):
    "Not by each of several calls at once, but by a later one"
    control.faults({"route": "/g/aaa/authenticate", "kind": "status", "params": {"status": status}})
    een = client(demo)
    for _ in range(3):
        with pytest.raises(errors.ServiceError):
            een.devices()
    assert control.count("authenticate") == QUICK.attempts
    monkeypatch.setattr("camkit.cameras.een.v1.login.PAUSE_S", 0.0)
    with pytest.raises(errors.ServiceError):
        een.login()
    control.faults()
    assert len(een.devices()) == 94


def test_greenlets_share_one_refused_login(demo, control):
    "Five calls at once with a wrong password send it once"
    een = client(demo, password=SecretStr("not-the-password"))
    calls = [gevent.spawn(een.devices) for _ in range(5)]
    for call in calls:
        with pytest.raises(errors.LoginRefused):
            call.get()
    assert control.count("authenticate") == 1


def test_asks_for_the_second_factor_once_and_keeps_no_code(demo, control):
    "The code is sent in a way that works; when the session expires, nobody is asked again"
    asked = []

    def ask(prompt):
        asked.append(prompt)
        return " 4711 "

    een = client(
        demo,
        username=demo.info["een_tfa_username"],
        password=SecretStr(demo.info["een_tfa_password"]),
        ask_code=ask,
    )
    assert een.login().name == "Avery Auditor"
    control.expire_sessions()
    assert len(een.devices()) == 94
    assert asked == ["Eagle Eye sent a code by email to *******@camkit.example: "]
    assert "4711" not in str(vars(een))


def test_a_wrong_code_and_a_way_without_a_telephone_are_refused(demo, control):
    "Both are a LoginRefused that says what to do"
    tfa = {"username": demo.info["een_tfa_username"], "password": SecretStr(demo.info["een_tfa_password"])}
    with pytest.raises(errors.LoginRefused, match="the code is wrong"):
        client(demo, **tfa, ask_code=lambda _: "0000").login()
    with pytest.raises(errors.LoginRefused, match="try send_code_by"):
        client(demo, **tfa, ask_code=lambda _: "4711").login("sms")


def test_logs_in_again_when_the_second_step_fails(demo, control):
    "A token is valid once, so a gateway failure at authorize leads back to authenticate"
    control.faults({"route": "/g/aaa/authorize", "kind": "status", "params": {"status": 502}, "times": 1})
    client(demo).login()
    assert control.count("authenticate") == 2


def test_logs_in_once_more_for_all_greenlets_when_the_session_expires(een, control):
    "Five frames asked for after the session's end lead to one new login, and all come"
    camera = healthy(een)
    control.expire_sessions()
    control.reset()
    calls = [gevent.spawn(een.frame, camera, f"-{i}000") for i in range(5)]
    assert all(call.get().content for call in calls)
    assert control.count("authenticate") == 1


def test_an_explicit_login_disturbs_no_call_under_way(een, control):
    "login() and calls at the same time share one login, and each gets what it asked for"
    calls = [gevent.spawn(call) for call in (een.login, een.devices, een.devices, een.devices)]
    assert calls[0].get().email
    assert [len(call.get()) for call in calls[1:]] == [94] * 3
    assert control.count("authenticate") == 1


def test_threads_share_one_client_and_one_login(demo, control):
    "Two threads, each with its own hub, use one client at once and log in once"
    een, found = client(demo), []

    def work():
        found.append(len(een.devices()))
        een.close()
        gevent.get_hub().destroy(destroy_loop=True)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert found == [94, 94]
    assert control.count("authenticate") == 1


def test_a_login_that_opens_no_session_is_an_error(demo):
    "200 without a token, without a cookie or with an invalid host is a BadResponse, not a session"

    def answer(handler, number):
        if "authenticate" in handler.path:
            send(handler, 200, b'{"token": "t"}')
        else:
            send(handler, 200, b'{"active_brand_subdomain": "evil.example/x"}', Set_Cookie="auth_key=c001~1")

    with (
        scripted(lambda h, n: send(h, 200, b"{}")) as server,
        pytest.raises(errors.BadResponse, match="token"),
    ):
        EagleEyeV1("me", SecretStr("secret"), base_url=server.base, limits=QUICK).login()
    with scripted(answer) as server, pytest.raises(errors.BadResponse, match="did not name a valid host"):
        EagleEyeV1("me", SecretStr("secret"), base_url=server.base, limits=QUICK).login()


def test_logs_out_and_in_again(een, control):
    "After logout the session is over at the vendor; the next call opens another"
    een.login()
    een.logout()
    een.logout()
    assert control.count("logout") == 1
    assert len(een.devices()) == 94
    assert control.count("authenticate") == 2
    control.expire_sessions()
    een.logout()


# Devices


@pytest.mark.not_quick
def test_reproduces_the_published_population(een):
    "94 devices; by position 10 are not cameras, 6 are unsupported, one has no id, 8 stay silent, 69 answer"
    devices = een.devices()
    table = usable_cameras(devices)
    reasons = table["reason"]
    assert list(devices.index) == list(range(1, 95))
    assert set(table.index[reasons.str.startswith("not a camera").fillna(False)]) == NOT_CAMERAS
    assert set(table.index[reasons == "not supported by the vendor"]) == UNSUPPORTED
    assert set(table.index[reasons == "no id (null)"]) == WITHOUT_ID
    usable = table.index[table["usable"]]
    assert set(usable) == set(range(1, 95)) - NOT_CAMERAS - UNSUPPORTED - WITHOUT_ID
    assert devices.loc[25, "device_status"] == 32803

    def answers(position):
        try:
            return bool(een.frame(devices.loc[position, "id"], attempts=1).content)
        except errors.ServiceError:
            return False

    silent = {position for position in usable if not answers(position)}
    assert silent == SILENT
    assert len(usable) - len(silent) == 69


def test_names_all_documented_columns(een):
    "The 29 columns by the vendor's names, whatever the length of a row, with a place for odd rows"
    devices = een.devices()
    assert [*COLUMNS, "connection_status", "row_problem"] == list(devices.columns)
    assert devices["row_problem"].isna().all()
    assert devices["is_upnp"].dtype == "boolean"
    assert devices["device_status"].dtype == "Int64"
    assert devices["name"].str.contains("<b>", regex=False).any()


def test_keeps_odd_rows_with_what_is_odd_about_them():
    "A row that is not an array, one too short, one too long and one with wrong types are all in the table"
    whole = ["1", "100abcde", "Door", "camera", [], "ATTD", "RWS", [], "g", None, 7, "US/Central", -1, 0]
    whole += ["", 0, "", True, None, None, [], None, None, 0, [], 0]
    odd = list(whole)
    odd[10], odd[13], odd[17] = "seven", 2**70, 1
    table = table_of_rows(["nonsense", whole[:20], [*whole, {}, "", {}, "more", "and more"], odd, None])
    problems = table["row_problem"].fillna("").tolist()
    assert problems == [
        "the row is not an array but str",
        "the row has 20 of at least 26 columns",
        "",
        "",
        "the row is not an array but NoneType",
    ]
    assert table.loc[4, ["device_status", "is_unsupported", "is_upnp"]].isna().all()
    assert usable_cameras(table)["reason"].fillna("usable").tolist()[2] == "usable"
    assert len(table_of_rows([])) == 0 and usable_cameras(table_of_rows([])).empty


def test_half_a_letter_in_a_name_does_not_spoil_the_device_list():
    "A lone surrogate, which no table can hold, is replaced, and every device is there"
    row = ["1", "100abcde", "Door \ud800", "camera", [], "ATTD", *[None] * 20]

    def answer(handler, _):
        fields = b'{"token": "t", "active_brand_subdomain": "c001"}'
        body = json.dumps([row, row]).encode() if "device" in handler.path else fields
        send(handler, 200, body, Set_Cookie="auth_key=c001~1")

    with scripted(answer) as server:
        devices = EagleEyeV1("me", SecretStr("secret"), base_url=server.base, limits=QUICK).devices()
    assert len(devices) == 2 and devices["name"].str.startswith("Door ").all()
    assert usable_cameras(devices)["usable"].all()


@pytest.mark.parametrize("body", [b"{}", b"null", b"<html>", b"", b"[" * 100_000])
def test_an_answer_that_is_not_a_device_list_is_an_error(body):
    "Anything but an array is requested again, then it is a BadResponse that names the address"

    def answer(handler, number):
        if "device" in handler.path:
            return send(handler, 200, body)
        fields = b'{"token": "t", "active_brand_subdomain": "c001"}'
        return send(handler, 200, fields, Set_Cookie="auth_key=c001~1")

    with scripted(answer) as server, pytest.raises(errors.BadResponse, match="/g/device/list"):
        EagleEyeV1("me", SecretStr("secret"), base_url=server.base, limits=QUICK).devices()
    assert sum("device" in seen.path for seen in server.seen) == QUICK.attempts


# Frames


def test_gives_one_frame_for_now_however_often_it_is_asked(een):
    "Five greenlets that ask for now at the same time get the same frame, byte for byte"
    camera = healthy(een)
    frames = [call.get() for call in [gevent.spawn(een.frame, camera) for _ in range(5)]]
    assert len({frame.timestamp for frame in frames}) == len({frame.sha256 for frame in frames}) == 1
    assert frames[0].content.startswith(b"\xff\xd8\xff")
    assert frames[0].at <= NOW


def test_finds_its_neighbours(een):
    "prev, asset, after and next agree on the order of frames"
    camera = healthy(een)
    times = een.frame_times(camera, NOW - timedelta(minutes=1), NOW)
    second = een.frame(camera, times[1])
    assert second.at == times[0]
    assert een.frame(camera, times[1], verb="asset").at == times[1]
    assert een.frame(camera, times[1], verb="after").at == times[2]
    assert een.frame(camera, times[1], verb="next").at == times[2]
    assert parse_een_time(een.frame(camera, times[5], verb="asset").prev or een_time(times[4])) == times[4]
    with pytest.raises(errors.NoPicture):
        een.frame(camera, "now", verb="after")


@pytest.mark.parametrize(
    ("camera_id", "kind", "said"),
    [
        ("bridge", errors.NotFound, "esn not a camera"),
        ("10ffffff", errors.NoPicture, "camera not provisioned"),
    ],
)
def test_says_what_the_service_said_of_an_id(een, camera_id, kind, said):
    "A bridge and an unknown camera are distinguished, in the service's own words"
    if camera_id == "bridge":
        camera_id = een.devices().loc[9, "id"]
    with pytest.raises(kind, match=said) as caught:
        een.frame(camera_id)
    assert caught.value.said == said


@pytest.mark.parametrize("camera_id", ["", "abc", "100abcdg", "100abcde9", "../../g", None, 12345678])
def test_a_malformed_id_is_never_asked_for(een, control, camera_id):
    "A malformed id is an InputError before any request"
    with pytest.raises(errors.InputError, match="eight hexadecimal digits"):
        een.frame(camera_id)
    assert control.count("/asset") == 0


def test_says_that_a_frame_is_no_longer_kept(een):
    "Beyond the retention there is a NoPicture that says so"
    with pytest.raises(errors.NoPicture, match="no longer kept"):
        een.frame(healthy(een), NOW - timedelta(days=40))


def test_follows_an_old_frame_to_another_archiver(een, control):
    "The 301 leads to the other host, and the session goes with it"
    camera = een.devices().loc[ARCHIVED, "id"]
    frame = een.frame(camera, NOW - timedelta(hours=2))
    assert timedelta() < NOW - timedelta(hours=2) - frame.at < timedelta(seconds=3)
    assert {entry["status"] for entry in control.asked()["last"] if "/asset" in entry["path"]} == {301, 200}


def test_lists_frames_forward_and_backward(een):
    "count limits from the start; a negative one lists what was before, newest first"
    camera = healthy(een)
    start = NOW - timedelta(minutes=5)
    forward = een.frame_times(camera, start, count=4)
    backward = een.frame_times(camera, start, count=-4)
    assert len(forward) == len(backward) == 4
    assert forward == sorted(forward) and forward[0] >= start
    assert backward == sorted(backward, reverse=True) and backward[0] < start
    assert een.frame_times(camera, start, NOW, count=2) == forward[:2]
    with pytest.raises(errors.InputError, match="give end, a time, or count"):
        een.frame_times(camera, start)


def test_a_time_without_a_zone_is_refused(een):
    "A naive time is a TimestampError, never a guess"
    with pytest.raises(errors.TimestampError, match="no zone"):
        een.frame("100abcde", NOW.replace(tzinfo=None))


# The frame nearest to a moment


def test_takes_the_nearer_of_the_frames_before_and_after(een):
    "The frame before is taken when it is nearer, the one after when that is, and an exact one always"
    camera = healthy(een)
    times = een.frame_times(camera, NOW - timedelta(minutes=5), count=30)
    for before, after in pairwise(times):
        third = (after - before) / 3
        assert een.snapshot(camera, before + third).captured_at == before
        assert een.snapshot(camera, after - third).captured_at == after
    assert een.snapshot(camera, times[3]).captured_at == times[3]


def test_a_frame_too_far_away_is_not_taken(een):
    "Beyond the tolerance there is no picture, and the message says how far away the nearest is"
    camera = healthy(een)
    with pytest.raises(
        errors.NoPicture, match=r"within 30 s of 2019-04-12 21:45:00 UTC: the nearest is 360\d s"
    ):
        een.snapshot(camera, NOW + timedelta(hours=1))
    assert een.snapshot(camera, NOW + timedelta(hours=1), tolerance_s=4000).captured_at
    assert een.snapshot(camera, NOW + timedelta(hours=1), tolerance_s=float("inf")).captured_at


@pytest.mark.parametrize("hint", ["unknown", "preview-", "preview-soon", "preview-00010101000000.000"])
def test_a_hint_that_cannot_be_read_does_not_lose_the_picture(hint):
    "When the time of the next frame is odd, the next frame itself is requested"

    def answer(handler, _):
        at = NOW if "/asset/prev/" in handler.path else NOW + timedelta(seconds=9)
        fields = {
            "Content_Type": "image/jpeg",
            "x_ee_timestamp": f"preview-{een_time(at)}",
            "x_ee_next": hint,
        }
        send(handler, 200, drawn("x"), **fields)

    with een_service(answer) as (een, _):
        assert een.snapshot(CAMERA, NOW + timedelta(seconds=2)).captured_at == NOW
        assert een.snapshot(CAMERA, NOW + timedelta(seconds=8)).captured_at == NOW + timedelta(seconds=9)


def test_a_camera_without_frames_says_why(een):
    "A switched-off camera's own words are in the reason"
    camera = een.devices().loc[25, "id"]
    with pytest.raises(errors.NoPicture, match="no matching asset"):
        een.snapshot(camera, NOW)


# A healthy camera


def test_draws_the_same_camera_for_the_same_seed(een):
    "A seed picks the same camera each time, and other seeds pick others"
    devices = een.devices()
    assert een.healthy_camera(devices, seed=7) == een.healthy_camera(devices, seed=7)
    assert len({een.healthy_camera(devices, seed=seed) for seed in range(8)}) > 4


def test_passes_over_a_camera_that_says_online_and_stays_silent(een):
    "The status is not enough: of a silent camera that claims to be online and a good one, the good one is taken"
    devices = een.devices()
    for seed in range(6):
        assert een.healthy_camera(devices.loc[[1, 72]], seed=seed) == devices.loc[1, "id"]
    with pytest.raises(errors.NotFound, match="1 are cameras that are online, and the 1 that were asked"):
        een.healthy_camera(devices.loc[[9, 72]])


def test_does_not_ask_camera_after_camera_of_a_service_that_is_gone(een, control):
    "When the service cannot be reached, the first camera's failure is the answer"
    devices = een.devices()
    gone = EagleEyeV1("me", SecretStr("secret"), base_url="http://127.0.0.1:9", limits=QUICK)
    with pytest.raises(errors.ServiceUnreachable):
        gone.healthy_camera(devices)


# Formats


def test_builds_the_branded_host():
    "login. is replaced by the account's subdomain; another host serves everything itself"
    assert branded_host("https://login.eagleeyenetworks.com", "c012") == "https://c012.eagleeyenetworks.com"
    assert branded_host("https://LOGIN.EagleEyeNetworks.com", "c012") == "https://c012.eagleeyenetworks.com"
    assert branded_host("http://127.0.0.1:8000", "c012") == "http://127.0.0.1:8000"
    for subdomain in ("", "a.b", "evil.example/", "x@y"):
        with pytest.raises(errors.BadResponse):
            branded_host("https://login.eagleeyenetworks.com", subdomain)


def test_writes_and_reads_the_vendors_times():
    "Times go out and come back to the millisecond, in UTC"
    at = datetime(2019, 4, 12, 14, 45, 0, 65_000, tzinfo=UTC)
    assert een_time(at) == "20190412144500.065"
    assert parse_een_time("20190412144500.065") == at
    for text in ("", "2019", "20190412144500", "20191312144500.065", "unknown"):
        with pytest.raises(errors.BadResponse):
            parse_een_time(text)


def test_refuses_years_in_which_there_were_no_cameras():
    "Neither a clock that was never set is a time, nor a year that tables cannot hold"
    for text in ("19700101000000.000", "22611231235959.999"):
        assert een_time(parse_een_time(text)) == text
    for text in ("00010101000000.000", "19691231235959.999", "22620101000000.000", "99991231235959.999"):
        with pytest.raises(errors.BadResponse, match=r"of the years 1970 to 2261\."):
            parse_een_time(text)


def test_an_interrupted_probe_says_so_in_one_line(een):
    "Ctrl-C while cameras are asked leaves no request running, and says that the next run begins again"
    een.ensure_login()
    devices = een.devices()
    gevent.spawn_later(0.05, signal.raise_signal, signal.SIGINT)
    with pytest.raises(KeyboardInterrupt, match="not all asked"):
        probe_cameras(een, pd.concat([devices] * 20, ignore_index=True), workers=2)
    assert een.frame(een.healthy_camera(devices, seed=1), "now")
