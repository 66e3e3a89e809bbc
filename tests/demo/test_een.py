"""The demo's Eagle Eye side, over HTTP."""

from __future__ import annotations

import io
import re
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from camkit.demo.clock import START
from camkit.demo.een.frames import FrameTimes
from camkit.demo.een.timestamps import format_timestamp, parse_timestamp
from camkit.demo.launch import DemoProcess
from tests.demo.conftest import QUICK, log_in
from tests.support.control import Control

pytestmark = pytest.mark.not_quick

DOCK = "1007b3c4"
NOT_CAMERAS = {9, 16, 23, 38, 67, 69, 73, 83, 86, 93}
UNSUPPORTED = {8, 19, 40, 64, 87, 88}
SILENT = {25, 32, 44, 52, 55, 68, 72, 77}
STAMP = re.compile(r"preview-\d{14}\.\d{3}")


def authenticate(demo: DemoProcess, **fields: str) -> requests.Response:
    return requests.post(f"{demo.info['een']}/g/aaa/authenticate", json=fields, timeout=10)


def image(
    session: requests.Session, demo: DemoProcess, verb: str = "asset", **params: str
) -> requests.Response:
    query = {"id": DOCK, "timestamp": "now", "asset_class": "pre", **params}
    return session.get(
        f"{demo.info['een']}/asset/{verb}/image.jpeg", params=query, timeout=10, allow_redirects=False
    )


def stamp(answer: requests.Response) -> str:
    return answer.headers["x-ee-timestamp"].removeprefix("preview-")


def overall(status: int) -> str:
    """The vendor's rules for a camera, first match wins."""
    rules = (
        (status == 0, "No Change"),
        (not status & 0x020000, "Off"),
        (not status & 0x100000, "Internet Offline"),
        (status & 0x040000, "Online"),
        (status & 0x000100, "Password Needed"),
    )
    return next((name for holds, name in rules if holds), "Offline")


class TestLogin:
    @pytest.mark.parametrize("encoding", ["json", "data", "files"])
    def test_takes_each_encoding(self, demo, encoding):
        "Credentials are read from JSON, a form and a multipart form"
        fields = {"username": demo.info["een_username"], "password": demo.info["een_password"]}
        body = {name: (None, value) for name, value in fields.items()} if encoding == "files" else fields
        answer = requests.post(f"{demo.info['een']}/g/aaa/authenticate", timeout=10, **{encoding: body})
        assert answer.status_code == 200
        assert list(answer.json()) == ["token"]

    @pytest.mark.parametrize("status", [400, 402, 412, 460, 461, 462, 465])
    def test_gives_each_documented_refusal(self, demo, status):
        "The username states the status of the answer"
        assert (
            authenticate(demo, username=f"status-{status}@camkit.example", password="x").status_code == status
        )

    def test_refuses_wrong_and_missing_credentials(self, demo):
        "A wrong password is 401, a missing one 400"
        assert authenticate(demo, username=demo.info["een_username"], password="wrong").status_code == 401
        assert authenticate(demo, username="", password="").status_code == 400

    def test_token_is_used_once(self, demo):
        "A second Authorize with the same token is 401"
        token = authenticate(
            demo, username=demo.info["een_username"], password=demo.info["een_password"]
        ).json()
        codes = [
            requests.post(f"{demo.info['een']}/g/aaa/authorize", json=token, timeout=10).status_code
            for _ in range(2)
        ]
        assert codes == [200, 401]

    def test_authorize_sets_the_session_and_names_the_brand(self, demo):
        "The cookie is auth_key, and the body contains the branded subdomain"
        with requests.Session() as session:
            token = authenticate(
                demo, username=demo.info["een_username"], password=demo.info["een_password"]
            ).json()
            answer = session.post(f"{demo.info['een']}/g/aaa/authorize", json=token, timeout=10)
            assert re.fullmatch(r"c001~[0-9a-f]{32}", session.cookies["auth_key"])
        assert answer.json()["active_brand_subdomain"] == "c001"
        assert answer.json()["user_id"] == answer.json()["id"]

    @pytest.mark.parametrize(
        ("host", "domain"),
        [("login.eagleeyenetworks.com", "Domain=eagleeyenetworks.com"), ("eagleeyenetworks.com.test", "")],
    )
    def test_cookie_is_for_the_vendors_whole_domain(self, demo, host, domain):
        "On a host of the vendor's domain, the cookie is also valid for the branded hosts; else for this host only"
        token = authenticate(
            demo, username=demo.info["een_username"], password=demo.info["een_password"]
        ).json()
        url = f"{demo.info['een']}/g/aaa/authorize"
        answer = requests.post(url, json=token, headers={"Host": host}, timeout=10)
        assert domain in answer.headers["set-cookie"]
        assert ("Domain" in answer.headers["set-cookie"]) == bool(domain)

    def test_logout_ends_the_session(self, demo):
        "isauth is 200, logout 204, then both are 401"
        with log_in(demo) as session:
            base = demo.info["een"] + "/g/aaa"
            assert session.get(f"{base}/isauth", timeout=10).status_code == 200
            assert session.post(f"{base}/logout", timeout=10).status_code == 204
            assert session.get(f"{base}/isauth", timeout=10).status_code == 401
            assert session.post(f"{base}/logout", timeout=10).status_code == 401

    def test_stale_a_beats_a_good_cookie(self, demo, session):
        "A session in the query takes precedence over the cookie"
        url = f"{demo.info['een']}/g/aaa/isauth"
        assert session.get(url, params={"A": "c001~stale"}, timeout=10).status_code == 401
        assert requests.get(url, params={"A": session.cookies["auth_key"]}, timeout=10).status_code == 200

    def test_sessions_can_be_made_to_expire(self):
        "The control path ends sessions, as a timeout does"
        with DemoProcess(*QUICK) as other, closing(Control(other.info)) as control, log_in(other) as session:
            control.expire_sessions()
            assert session.get(f"{other.info['een']}/g/device/list", timeout=10).status_code == 401


class TestSecondFactor:
    @pytest.fixture
    def base(self, demo, control):
        return demo.info["een"] + "/g/aaa"

    def start(self, demo, session=requests):
        credentials = {"username": demo.info["een_tfa_username"], "password": demo.info["een_tfa_password"]}
        return session.post(f"{demo.info['een']}/g/aaa/authenticate", json=credentials, timeout=10)

    def send(self, base, token, kind="email"):
        fields = {"token": token, "two_factor_authentication_type": kind}
        return requests.post(f"{base}/two_factor_authenticate", json=fields, timeout=10).status_code

    def authorize(self, base, token, code=None, session=requests):
        fields = {"token": token} | ({} if code is None else {"two_factor_authentication_code": code})
        return session.post(f"{base}/authorize", json=fields, timeout=10).status_code

    def test_whole_login(self, demo, base):
        "The code is announced, sent, required and accepted; a client that keeps tfa_key needs no code the next time"
        with requests.Session() as session:
            answer = self.start(demo, session).json()
            assert set(answer["two_factor_authentication_code"]) == {"sms", "email"}
            token = answer["token"]
            assert self.authorize(base, token, demo.info["een_tfa_code"], session) == 401
            assert self.send(base, token) == 200
            assert self.authorize(base, token, None, session) == 401
            assert self.authorize(base, token, demo.info["een_tfa_code"], session) == 200
            assert list(self.start(demo, session).json()) == ["token"]

    def test_ways_to_send_the_code(self, demo, base):
        "Without a telephone number 412, with an unknown way 415"
        token = self.start(demo).json()["token"]
        assert self.send(base, token, "sms") == 412
        assert self.send(base, token, "pigeon") == 415

    def test_wrong_codes_lock_the_user(self, demo, base):
        "Three wrong codes are 406, the fourth 429, and then Authenticate is 412"
        token = self.start(demo).json()["token"]
        self.send(base, token)
        assert [self.authorize(base, token, "0000") for _ in range(4)] == [406, 406, 406, 429]
        assert self.start(demo).status_code == 412


@pytest.fixture(scope="module")
def rows(demo, session):
    return session.get(f"{demo.info['een']}/g/device/list", timeout=10).json()


class TestDevices:
    def test_population_is_the_published_one(self, rows):
        "94 rows; the unusual ones are at the published positions"
        places = {n for n, row in enumerate(rows, start=1)}
        assert places == set(range(1, 95))
        assert {n for n, row in enumerate(rows, start=1) if row[3] != "camera"} == NOT_CAMERAS
        assert {n for n, row in enumerate(rows, start=1) if row[13] == 1} == UNSUPPORTED
        assert {n for n, row in enumerate(rows, start=1) if row[1] is None} == {94}
        assert rows[24][10] == 32803

    def test_rows_vary_in_length(self, rows):
        "Rows have 26 to 29 columns, all lengths occur, and ids are unique"
        assert {len(row) for row in rows} == {26, 27, 28, 29}
        ids = [row[1] for row in rows if row[1]]
        assert len(set(ids)) == len(ids)
        assert all(re.fullmatch(r"[0-9a-f]{8}", device_id) for device_id in ids)

    def test_statuses_say_why(self, rows):
        "The status of seven of the eight silent cameras says why; that of one is Online"
        silent = sorted(overall(rows[n - 1][10]) for n in SILENT)
        assert silent == [
            "Internet Offline",
            "Internet Offline",
            "Off",
            "Off",
            "Offline",
            "Offline",
            "Online",
            "Password Needed",
        ]
        healthy = set(range(1, 94)) - NOT_CAMERAS - UNSUPPORTED - SILENT
        assert len(healthy) == 69
        assert {overall(rows[n - 1][10]) for n in healthy} == {"Online"}

    def test_bridges_say_whether_they_are_connected(self, rows):
        "One bridge is not connected, and so the two cameras behind it are offline"
        gone = [row for row in rows if row[3] == "bridge" and not row[10] & 0x100000]
        assert len(gone) == 1
        behind = {device_id for device_id, _ in gone[0][4]}
        assert behind == {rows[31][1], rows[67][1]}

    def test_each_device_gives_the_published_answer(self, demo, session, rows):
        "69 pictures, and one of four errors for each other device"
        answers: dict[object, set[int]] = {}
        for n, row in enumerate(rows, start=1):
            answer = image(session, demo, id=row[1])
            kind = "image" if answer.ok else (answer.status_code, answer.text)
            answers.setdefault(kind, set()).add(n)
        assert len(answers.pop("image")) == 69
        assert answers.pop((400, "esn not a camera")) == NOT_CAMERAS
        assert answers.pop((400, "Invalid Camera ID (c= or id=)")) == {94}
        no_asset = answers.pop((404, "no matching asset"))
        assert answers.pop((504, "proxy destination node connect timeout")) == UNSUPPORTED | (
            SILENT - no_asset
        )
        assert 25 in no_asset
        assert 72 not in no_asset
        assert not answers

    def test_filters(self, demo, session, rows):
        "e, t and s match exactly, n in part"
        url = f"{demo.info['een']}/g/device/list"

        def count(**params: str) -> int:
            return len(session.get(url, params=params, timeout=10).json())

        assert count(e=DOCK) == 1
        assert count(t="bridge") == 7
        assert count(s="IGND") == 1
        assert count(n="parking") == len([row for row in rows if "parking" in row[2].lower()])
        assert session.get(f"{demo.info['een']}/g/list/devices", timeout=10).json() == rows

    def test_one_device_agrees_with_the_list(self, demo, session, rows):
        "The single device's status is the list's, as a decimal string and in hexadecimal"
        row = rows[0]
        device = session.get(f"{demo.info['een']}/g/device", params={"id": row[1]}, timeout=10).json()
        assert device["camera_info"]["status"] == str(row[10])
        assert int(device["camera_info"]["status_hex"], 16) == row[10]
        assert device["name"] == row[2]

    def test_needs_a_session(self, demo):
        "Without a session every call is 401"
        for path in ("/g/device/list", "/g/device", "/asset/asset/image.jpeg", "/asset/list/image"):
            assert requests.get(demo.info["een"] + path, timeout=10).status_code == 401


class TestImages:
    def test_picture_with_its_headers(self, demo, session):
        "A frame is a JPEG with its timestamp, its neighbours and its own address, on a 200"
        answer = image(session, demo)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "image/jpeg"
        assert STAMP.fullmatch(answer.headers["x-ee-timestamp"])
        assert "asset_class=pre" in answer.headers["location"]
        assert Image.open(io.BytesIO(answer.content)).size == (640, 360)

    def test_now_is_the_same_frame_five_times(self, demo, session):
        "Repeated requests for now give the same frame, byte for byte"
        answers = [image(session, demo) for _ in range(5)]
        assert len({stamp(answer) for answer in answers}) == 1
        assert len({answer.content for answer in answers}) == 1

    def test_neighbours_agree(self, demo, session):
        "prev, asset and after name the frames of the list"
        listed = session.get(
            f"{demo.info['een']}/asset/list/image",
            params={"id": DOCK, "start_timestamp": "-30000", "asset_class": "pre", "count": "5"},
            timeout=10,
        ).json()
        moments = [entry["s"] for entry in listed]
        assert {entry["t"] for entry in listed} == {"PRFR"}
        middle = {"timestamp": moments[2]}
        assert stamp(image(session, demo, "asset", **middle)) == moments[2]
        assert stamp(image(session, demo, "prev", **middle)) == moments[1]
        assert stamp(image(session, demo, "after", **middle)) == moments[3]
        assert stamp(image(session, demo, "next", **middle)) == moments[3]

    def test_asset_between_frames_is_the_one_before(self, demo, session):
        "A moment between two frames gives the earlier one"
        first = stamp(image(session, demo, timestamp="-60000"))
        later = parse_timestamp(first, datetime.now(UTC)).moment + timedelta(milliseconds=300)
        assert stamp(image(session, demo, timestamp=format_timestamp(later))) == first

    def test_following_the_headers_walks_the_frames(self, demo, session):
        "x-ee-prev leads back frame by frame; sometimes it is unknown"
        known = []
        at = stamp(image(session, demo))
        for _ in range(12):
            answer = image(session, demo, "prev", timestamp=at)
            known.append(answer.headers["x-ee-prev"] != "unknown")
            at = stamp(answer)
        assert any(known)
        assert not all(known)

    def test_after_now_is_404_and_next_now_waits(self, demo, session):
        "after finds nothing newer than now; next waits, and gives a newer frame"
        newest = stamp(image(session, demo))
        assert image(session, demo, "after").status_code == 404
        started = time.monotonic()
        following = image(session, demo, "next")
        assert stamp(following) > newest
        still_to_come = parse_timestamp(stamp(following), START).moment - START
        assert time.monotonic() - started >= still_to_come.total_seconds() > 0
        assert stamp(image(session, demo, "prev")) == newest

    def test_next_can_be_looped(self, demo, session):
        "next from the last frame's time gives one new frame after the other"
        at = stamp(image(session, demo, "prev"))
        seen = [at]
        for _ in range(2):
            seen.append(stamp(image(session, demo, "next", timestamp=seen[-1])))
        assert seen == sorted(set(seen))

    def test_cache_headers_only_for_fixed_times(self, demo, session):
        "A picture by a time relative to now must not be cached"
        fixed = stamp(image(session, demo))
        assert "cache-control" not in image(session, demo).headers
        assert "cache-control" not in image(session, demo, timestamp="-4000").headers
        assert "cache-control" in image(session, demo, timestamp=fixed).headers

    def test_errors_by_time(self, demo, session):
        "Malformed is 400, beyond retention 410, in the future 404"
        assert image(session, demo, timestamp="yesterday").status_code == 400
        assert image(session, demo, timestamp="20190101000000.000").status_code == 410
        assert image(session, demo, timestamp="20190501000000.000").text == "no matching asset"
        assert image(session, demo, asset_class="huge").status_code == 400
        assert image(session, demo, id="1000ffff").status_code == 404

    def test_short_names_and_semicolons(self, demo, session):
        "c, t and a are understood, and so is ; between them"
        url = f"{demo.info['een']}/asset/prev/image.jpeg?c={DOCK};t=now;a=pre"
        assert session.get(url, timeout=10).status_code == 200

    def test_trailing_slash_is_a_server_error(self, demo, session):
        "A path that ends in a slash is 500"
        assert session.get(f"{demo.info['een']}/g/device/list/", timeout=10).status_code == 500

    def test_older_pictures_of_one_camera_are_elsewhere(self, demo, session, rows):
        "Pictures older than an hour of one camera are a 301 to another origin, which needs the session too"
        archived = rows[60][1]
        assert image(session, demo, id=archived, timestamp="-1800000").status_code == 200
        moved = image(session, demo, id=archived, timestamp="-7200000")
        assert moved.status_code == 301
        target = moved.headers["location"]
        assert not target.startswith(demo.info["een"] + "/")
        assert requests.get(target, timeout=10).status_code == 401
        assert session.get(target, timeout=10).headers["content-type"] == "image/jpeg"


class TestList:
    def listed(self, demo, session, **params):
        query = {"id": DOCK, "asset_class": "pre", **params}
        return session.get(f"{demo.info['een']}/asset/list/image", params=query, timeout=10)

    def test_counting_backwards_is_newest_first(self, demo, session):
        "A negative count lists the frames before the start, newest first"
        entries = [
            entry["s"] for entry in self.listed(demo, session, start_timestamp="now", count="-20").json()
        ]
        assert len(entries) == 20
        assert entries == sorted(entries, reverse=True)
        assert entries[0] == stamp(image(session, demo))

    def test_range_with_a_limit(self, demo, session):
        "count limits a range from its start"
        whole = self.listed(demo, session, start_timestamp="-60000", end_timestamp="-30000").json()
        part = self.listed(demo, session, start_timestamp="-60000", end_timestamp="-30000", count="4").json()
        assert 15 <= len(whole) <= 43
        assert part == whole[:4]

    def test_nothing_there_is_an_empty_list(self, demo, session):
        "A range without frames is [], not an error"
        assert self.listed(demo, session, start_timestamp="20190501000000.000", count="5").json() == []

    def test_needs_an_end_or_a_count(self, demo, session):
        "Neither end nor count is 400"
        assert self.listed(demo, session, start_timestamp="now").status_code == 400
        assert self.listed(demo, session, start_timestamp="now", count="many").status_code == 400


@given(st.integers(min_value=10**8, max_value=2 * 10**9))
def test_frames_keep_their_gaps(index):
    "Two frames of a camera are 0.7 to 2.0 s apart, and a frame is found by its time"
    times = FrameTimes(1, DOCK)
    here, there = times.time_of(index), times.time_of(index + 1)
    assert 0.7 <= (there - here).total_seconds() <= 2.0
    assert times.at_or_before(here) == index
    assert times.before(here) == index - 1
    assert times.after(here) == index + 1
    assert times.at_or_before(there - timedelta(milliseconds=1)) == index


FRAME_CAMERA = {"resource": ["pre"]}


def subscribe(session: requests.Session, demo: DemoProcess, cameras: object) -> requests.Response:
    return session.post(f"{demo.info['een']}/poll", json={"cameras": cameras}, timeout=10)


def poll(session: requests.Session, demo: DemoProcess) -> dict[str, dict[str, object]]:
    answer = session.get(f"{demo.info['een']}/poll", timeout=10)
    answer.raise_for_status()
    return answer.json()["cameras"]


class TestPoll:
    def test_status_is_told_at_once_and_suppresses_the_rest(self, demo, session):
        "The answer to a subscription has the status of cameras and bridges, and a token that is a cookie too"
        rows = session.get(f"{demo.info['een']}/g/device/list", timeout=10).json()
        wanted = {row[1]: {"resource": ["pre", "status"]} for row in rows if row[1]}
        answer = subscribe(session, demo, wanted)
        assert answer.json()["cameras"] == {row[1]: {"status": row[10]} for row in rows if row[1]}
        assert {answer.cookies[name] for name in ("ee-poll-ses", "poll_id")} == {answer.json()["token"]}

    def test_new_frames_come_one_after_the_other(self, demo):
        "With a clock that stands still, each poll tells the next frame; a second subscription tells the same ones"
        told = []
        for _ in range(2):
            with log_in(demo) as session:
                first = subscribe(session, demo, {DOCK: FRAME_CAMERA}).json()["cameras"][DOCK]["pre"]
                told.append([first, *(poll(session, demo)[DOCK]["pre"] for _ in range(3))])
        assert told[0] == told[1] == sorted(set(told[0]))
        assert told[0][0] == stamp(image(session, demo, timestamp="now"))

    def test_frames_are_told_as_events_too(self, demo, session):
        "The event of a preview frame has its time and camera; status is left out"
        asked = {"resource": ["pre", "thumb", "status", "event"], "event": ["PRFR"]}
        subscribe(session, demo, {DOCK.upper(): asked})
        news = poll(session, demo)[DOCK]
        assert news["event"] == {"PRFR": {"timestamp": news["pre"], "cameraid": DOCK}}
        assert set(news) == {"pre", "thumb", "event"}

    def test_without_news_a_poll_waits_and_names_no_camera(self, demo, session):
        "A subscription to the status only has an empty answer"
        subscribe(session, demo, {DOCK: {"resource": ["status"]}})
        assert poll(session, demo) == {}

    def test_the_token_may_be_in_the_query(self, demo, session):
        "As older versions of the vendor's documentation say"
        token = subscribe(session, demo, {DOCK: FRAME_CAMERA}).json()["token"]
        with log_in(demo) as other:
            answer = other.get(f"{demo.info['een']}/poll", params={"token": token}, timeout=10)
        assert DOCK in answer.json()["cameras"]

    @pytest.mark.parametrize(
        "cameras",
        [
            None,
            [],
            {},
            {DOCK: None},
            {DOCK: {}},
            {DOCK: {"resource": "pre"}},
            {DOCK: {"resource": ["what"]}},
            {DOCK: {"resource": ["event"]}},
            {DOCK: {"resource": [{}]}},
            {DOCK: {"resource": ["pre"], "event": 1}},
        ],
    )
    def test_what_is_not_a_subscription_is_refused(self, demo, session, cameras):
        "Arguments that cannot be identified are 400"
        assert subscribe(session, demo, cameras).status_code == 400

    def test_refuses_strangers_and_polls_without_a_subscription(self, demo, session):
        "No session is 401, a device that is not the account's 403, no subscription 400"
        assert requests.post(f"{demo.info['een']}/poll", json={}, timeout=10).status_code == 401
        assert subscribe(session, demo, {"deadbeef": FRAME_CAMERA}).status_code == 403
        with log_in(demo) as other:
            assert other.get(f"{demo.info['een']}/poll", timeout=10).status_code == 400


class TestLists:
    def test_lists_the_users(self, demo, session):
        "Rows of id, names, address, permissions and last login; the user who asks is one of them"
        rows = session.get(f"{demo.info['een']}/g/user/list", timeout=10).json()
        assert demo.info["een_username"] in [row[3] for row in rows]
        assert all(len(row) == 6 and "active" in row[4] for row in rows)

    def test_lists_the_account_with_its_counts(self, demo, session):
        "The row's counts are those of the device list"
        (row,) = session.get(f"{demo.info['een']}/g/account/list", timeout=10).json()
        devices = session.get(f"{demo.info['een']}/g/device/list", timeout=10).json()
        assert len(row) == 18
        assert (row[0], row[11]) == (devices[0][0], sum(device[3] == "bridge" for device in devices))
        assert 0 < row[2] < row[3]

    @pytest.mark.parametrize("path", ["/g/user/list", "/g/account/list", "/asset/list/video"])
    def test_refuses_strangers(self, demo, path):
        "Without a session they are 401"
        assert requests.get(demo.info["een"] + path, timeout=10).status_code == 401


def videos(session: requests.Session, demo: DemoProcess, **params: str) -> requests.Response:
    query = {"id": DOCK, "start_timestamp": "20190410100000.000", **params}
    return session.get(f"{demo.info['een']}/asset/list/video", params=query, timeout=10)


class TestRecordings:
    def test_lists_videos_of_five_minutes(self, demo, session):
        "The videos of a quarter of an hour touch each other; joined they are one"
        span = {"end_timestamp": "20190410101459.000"}
        rows = videos(session, demo, **span).json()
        assert [row["s"] for row in rows[1:]] == [row["e"] for row in rows[:-1]]
        assert len({row["id"] for row in rows}) == len(rows)
        for name in ("o", "options"):
            (joined,) = videos(session, demo, **span, **{name: "coalesce"}).json()
            assert joined["s"] <= rows[0]["s"] and rows[-1]["e"] <= joined["e"]

    def test_counts_videos_from_a_time_and_back(self, demo, session):
        "A negative count gives those before it, newest first"
        assert len(videos(session, demo, count="3").json()) == 3
        back = [row["s"] for row in videos(session, demo, count="-3").json()]
        assert back == sorted(back, reverse=True)
        assert len(back) == 3

    def test_there_is_no_video_of_an_outage(self, demo, session):
        "While the camera at the door was offline, nothing was recorded"
        rows = videos(session, demo, start_timestamp="20190408181000.000", end_timestamp="20190408185000.000")
        assert rows.json() == []

    def test_an_end_or_a_count_is_needed(self, demo, session):
        "Otherwise the arguments are refused, like a device that is not a camera"
        assert videos(session, demo).status_code == 400

    def test_the_snapshot_is_the_image_at_or_before_the_time(self, demo, session):
        "API v2 gives a full-resolution image with its time"
        answer = snapshot(session, demo, DOCK.upper(), "20190412173336.123")
        assert answer.headers["x-ee-timestamp"] == "video-20190412173336.000"
        assert Image.open(io.BytesIO(answer.content)).width > 1000

    @pytest.mark.parametrize(
        ("camera", "timestamp", "status"),
        [
            (DOCK, "yesterday", 400),
            (DOCK, "", 400),
            (DOCK, "20180101000000.000", 410),
            ("deadbeef", "now", 405),
            ("unrecorded", "now", 404),
            ("bridge", "now", 405),
        ],
    )
    def test_errors_of_the_snapshot_are_json(self, demo, session, camera, timestamp, status):
        "Each has the vendor's four fields, and the status in them"
        rows = session.get(f"{demo.info['een']}/g/device/list", timeout=10).json()
        named = {"unrecorded": rows[0][1], "bridge": rows[8][1]}
        answer = snapshot(session, demo, named.get(camera, camera), timestamp)
        assert answer.status_code == answer.json()["status_code"] == status
        assert set(answer.json()) == {"status_code", "message", "reason", "data"}


def snapshot(session: requests.Session, demo: DemoProcess, camera: str, at: str) -> requests.Response:
    url = f"{demo.info['een']}/api/v2/media/{camera}/Snapshot"
    return session.get(url, params={"timestamp": at}, timeout=10)


class TestIds:
    @pytest.mark.parametrize(
        "path",
        [
            "/g/device?id={}",
            "/g/device/list?e={}",
            "/asset/prev/image.jpeg?id={}&timestamp=now&asset_class=pre",
            "/asset/list/image?c={}&t=-5000&count=1&a=pre",
            "/asset/list/video?c={}&t=-5000&count=1",
        ],
    )
    def test_are_taken_in_any_case(self, demo, session, path):
        "An id in capitals gives the same answer"
        lower, upper = (
            session.get(demo.info["een"] + path.format(camera), timeout=10) for camera in (DOCK, DOCK.upper())
        )
        assert lower.status_code == 200
        assert len(lower.content) > 10
        assert upper.content == lower.content


class TestOddRequests:
    @pytest.mark.parametrize("path", ["/g/aaa/authenticate", "/g/aaa/authorize", "/poll"])
    @pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' * 50_000, b"\xff\xfe", b"null"])
    def test_a_body_that_cannot_be_read_is_refused(self, demo, session, path, body):
        "JSON that is nested too deeply is 400, like other bodies that are not an object"
        headers = {"Content-Type": "application/json"}
        answer = session.post(demo.info["een"] + path, data=body, headers=headers, timeout=10)
        assert answer.status_code == 400

    @pytest.mark.parametrize("verb", ["asset", "prev", "after", "next"])
    def test_the_last_moment_of_the_calendar_is_a_time_to_come(self, demo, session, verb):
        "Every camera answers to it as to any later moment, also one that had outages"
        rows = session.get(f"{demo.info['een']}/g/device/list", timeout=10).json()
        for device_id in [row[1] for row in rows if row[1]]:
            answer = image(session, demo, verb, id=device_id, timestamp="99991231235959.999")
            assert answer.status_code in (200, 400, 404, 504)
