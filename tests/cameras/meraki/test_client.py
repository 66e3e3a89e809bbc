"""The Meraki client against the demo site's real server, and against a scripted one."""

from __future__ import annotations

import json
import logging
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import gevent
import pytest
from pydantic import SecretStr

from camkit import errors
from camkit.cameras.meraki import Meraki
from camkit.cameras.meraki import client as meraki_client
from camkit.cameras.source import SnapshotSource
from camkit.demo.launch import DemoProcess
from camkit.http import Limits, TokenBucket
from camkit.support.jpeg import check_jpeg
from tests.support.control import Control
from tests.support.scripted import scripted, send

QUICK = Limits(connect_s=1, read_s=2, deadline_s=5, attempts=2, backoff_s=0.01)
NOW = datetime(2019, 4, 12, 20, 45, tzinfo=UTC)
CAMERA, OFFLINE = "Q2GV-7K2M-D9HT", "Q2JV-X7PE-4RNC"
KEY = "kei-4711-canary"
JPEG = b"\xff\xd8\xff"


@pytest.fixture
def meraki(site):
    return site.meraki


def client(base: str, **options) -> Meraki:
    return Meraki(SecretStr(KEY), base_url=base, **{"limits": QUICK, "poll_s": 0.01, **options})


def test_is_a_snapshot_source_like_the_other_vendor(site):
    "Both clients offer the same protocol"
    assert all(isinstance(source, SnapshotSource) for source in site.sources.values())
    assert set(site.sources) == {"meraki", "een"}


def test_lists_the_organization_and_its_cameras(meraki):
    "One organization; its cameras without switches and access points, or everything"
    assert meraki.organizations()["name"].tolist() == ["Camkit Demo"]
    cameras, everything = meraki.devices(), meraki.devices(cameras_only=False)
    assert set(cameras["productType"]) == {"camera"}
    assert {CAMERA, OFFLINE} <= set(cameras["serial"])
    assert len(everything) > 3 * len(cameras)
    assert set(cameras.dtypes.astype(str)) == {"string"}
    assert cameras["name"].isna().any()


def test_follows_the_pages_to_the_last():
    "Pages are joined in order; the links may be quoted or not, and contain commas"

    def answer(handler, number):
        later = "startingAfter=Q2" in handler.path
        link = f'<{server.base}/organizations/1/devices?startingAfter=Q2,3>; rel="next"'
        links = f"<{server.base}/x?a=1,2>; rel=first, {link if not later else link.replace('next', 'prev')}"
        rows = [{"serial": "b"}] if later else [{"serial": "a"}]
        send(handler, 200, json.dumps(rows).encode(), Link=links)

    with scripted(answer) as server:
        found = client(server.base).devices("1")
    assert found["serial"].tolist() == ["a", "b"]
    assert [seen.path.partition("?")[2] for seen in server.seen] == [
        "productTypes%5B%5D=camera",
        "startingAfter=Q2,3",
    ]


@pytest.mark.parametrize(
    "link",
    [
        "<?startingAfter=b>; rel=next",
        "</organizations/1/devices?startingAfter=b>; REL=Next",
        '<?startingAfter=b>; title="on, and on"; rel="last next"',
    ],
)
def test_follows_a_page_however_its_link_is_written(link):
    "A list that is silently short would be wrong"

    def answer(handler, number):
        rows = [{"serial": "b" if number else "a"}]
        send(handler, 200, json.dumps(rows).encode(), **({} if number else {"Link": link}))

    with scripted(answer) as server:
        assert client(server.base).devices("1")["serial"].tolist() == ["a", "b"]


def test_only_cameras_are_listed_where_the_service_does_not_filter():
    "A switch is not a camera; a device whose type is not told has passed the service's filter"
    rows = [{"serial": "a", "productType": kind} for kind in ("camera", "switch", None, "Wireless")]
    with scripted(lambda h, n: send(h, 200, json.dumps(rows).encode())) as server:
        meraki = client(server.base)
        assert meraki.devices("1")["productType"].fillna("?").tolist() == ["camera", "?"]
        assert len(meraki.devices("1", cameras_only=False)) == 4


@pytest.mark.parametrize("field", ["serial", "name", "productType"])
def test_a_device_with_a_null_field_is_listed(control, meraki, field):
    "What the vendor does not tell is missing, and no other device is"
    everything = meraki.devices(cameras_only=False)
    fault = {"kind": "null-field", "params": {"field": field, "row": 2}}
    control.faults({"route": "/api/v1/organizations/*/devices", **fault})
    found = meraki.devices(cameras_only=False)
    assert len(found) == len(everything) and found[field].isna()[2]
    assert found.drop(index=2).equals(everything.drop(index=2))


def test_a_lone_surrogate_in_a_name_does_not_lose_the_device_list():
    "No table can hold it, so it is replaced, and every device is listed"
    rows = json.dumps([{"serial": "a", "name": "Door \ud800"}, {"serial": "b"}]).encode()
    with scripted(lambda h, n: send(h, 200, rows)) as server:
        found = client(server.base).devices("1")
    assert found["serial"].tolist() == ["a", "b"]
    assert found["name"].iloc[0].startswith("Door ")


def test_does_not_follow_pages_forever(monkeypatch):
    "A service that always names a next page is a BadResponse"
    monkeypatch.setattr(meraki_client, "PAGES", 5)
    with (
        scripted(
            lambda h, n: send(
                h, 200, b"[]", Link=f"<{server.base}/organizations/1/devices?page={n}>; rel=next"
            )
        ) as server,
        pytest.raises(errors.BadResponse, match="more than 5 pages"),
    ):
        client(server.base).devices("1")
    assert len(server.seen) == 5


def test_a_page_link_to_another_site_is_not_followed():
    "The key does not go to another host that a Link header names"
    with scripted(lambda h, n: send(h, 200, b"[]")) as other_site:
        there = other_site.base.replace("127.0.0.1", "localhost")
        with (
            scripted(lambda h, n: send(h, 200, b"[]", Link=f"<{there}/x>; rel=next")) as server,
            pytest.raises(errors.BadResponse, match="another site"),
        ):
            client(server.base).devices("1")
    assert other_site.seen == []


def test_lists_the_organizations_if_there_are_several():
    "With several organizations one has to be given, and the message lists them"
    two = b'[{"id": "1", "name": "North"}, {"id": "2", "name": "South"}]'
    with (
        scripted(lambda h, n: send(h, 200, two)) as server,
        pytest.raises(errors.NotFound, match=r"1 \(North\), 2 \(South\)"),
    ):
        client(server.base).devices()
    with scripted(lambda h, n: send(h, 200, b"[]")) as server, pytest.raises(errors.NotFound, match="none"):
        client(server.base).devices()


def test_fetches_a_snapshot_without_sending_a_key_to_the_image_host(meraki, control):
    "The picture is complete and has both answers, and its host did not get a credential"
    picture = meraki.snapshot(CAMERA, NOW - timedelta(hours=1))
    assert check_jpeg(picture.content) == (1280, 720)
    assert (picture.vendor, picture.camera_id, picture.captured_at) == ("meraki", CAMERA, None)
    assert [reply.status for reply in picture.replies] == [202, 200]
    assert "***" in picture.replies[1].url and "snapshot/***" in picture.replies[1].url
    asked = control.asked()
    assert asked["credentials_at_image_origin"] == 0
    assert any(path.startswith("/stream/") for path in asked["counts"])


def test_the_answers_of_a_picture_do_not_have_its_address(meraki, control):
    "The image's address is a secret as long as it is valid: it is neither in an answer nor in a repr"
    picture = meraki.snapshot(CAMERA)
    assert b"/stream/" not in picture.replies[0].content
    assert "VH" not in repr(picture)


def test_does_not_log_a_snapshot_token(meraki, caplog):
    "Not even urllib3's own debug log, which writes every path, shows an image's address"
    caplog.set_level(logging.DEBUG)
    meraki.snapshot(CAMERA)
    assert "/stream/jpeg/snapshot/***" in caplog.text
    assert "VH" not in caplog.text.replace("GV-7K2M-D9HT", "")


@pytest.mark.parametrize(
    ("camera", "at", "kind", "said"),
    [
        (OFFLINE, NOW - timedelta(hours=1), errors.NoPicture, "offline"),
        (CAMERA, NOW - timedelta(minutes=1), errors.NoPicture, "ask again in three minutes"),
        (CAMERA, NOW - timedelta(days=31), errors.NoPicture, "older"),
        (CAMERA, NOW + timedelta(days=1), errors.NoPicture, "future"),
        ("Q2XX-XXXX-XXXX", NOW, errors.NotFound, "check the serial in the doors file"),
        ("../../x", NOW, errors.NotFound, "no such camera"),
    ],
)
def test_says_why_there_is_no_picture(meraki, camera, at, kind, said):
    "Offline, too recent, too old, in the future, unknown: one sentence each"
    with pytest.raises(kind, match=said):
        meraki.snapshot(camera, at)


@pytest.mark.parametrize(
    ("listed", "said"),
    [
        (["Camera offline"], "Camera offline"),
        (["one", "two"], "one; two"),
        ([str(i) for i in range(50_000)], "0; 1; 2; 3; 4"),
        (["x" * 100_000], "x" * 200),
        (["a\x1b[2J\n\n fake\u202e\t \x07 b"], "a[2J fake b"),
        ([" \n", "one"], "one"),
        ([{"code": 7}, "one"], "one"),
    ],
)
def test_repeats_what_the_vendor_says_in_one_short_line(listed, said):
    "Five texts at most, without line breaks and control characters, each cut where it gets long"
    body = json.dumps({"errors": listed}).encode()
    with scripted(lambda h, n: send(h, 400, body)) as server, pytest.raises(errors.NoPicture) as caught:
        client(server.base).snapshot(CAMERA)
    assert caught.value.said == said
    assert str(caught.value) == f"Camera {CAMERA} gives no picture: {said}."


def test_asks_again_for_a_recent_moment_within_its_patience(monkeypatch):
    "With patience, 'No video for specified timestamp' is asked again until the cloud has it"
    monkeypatch.setattr(meraki_client, "TOO_RECENT_PAUSE_S", 0.01)
    refusal = json.dumps({"errors": [meraki_client.TOO_RECENT]}).encode()
    with scripted(lambda h, n: send(h, 400 if n < 4 else 404, refusal)) as server:
        with pytest.raises(errors.NoPicture):
            client(server.base).snapshot(CAMERA, NOW)
        assert len(server.seen) == 1
        with pytest.raises(errors.NotFound):
            client(server.base, patience_s=60).snapshot(CAMERA, NOW)
        assert len(server.seen) == 5


def test_fullframe_and_time_are_sent_as_documented(meraki):
    "fullframe goes without a timestamp; together the vendor refuses them; times are UTC to the second"
    assert check_jpeg(meraki.snapshot(CAMERA, fullframe=True).content)
    with pytest.raises(errors.NoPicture, match="fullframe"):
        meraki.snapshot(CAMERA, NOW - timedelta(hours=1), fullframe=True)
    with scripted(lambda h, n: send(h, 404)) as server:
        for at in (None, datetime.fromisoformat("2019-04-12T14:20:29.500-06:00")):
            with pytest.raises(errors.NotFound):
                client(server.base).snapshot(CAMERA, at)
    assert [json.loads(seen.body) for seen in server.seen] == [{}, {"timestamp": "2019-04-12T20:20:29Z"}]
    with pytest.raises(errors.TimestampError):
        meraki.snapshot(CAMERA, datetime(2019, 4, 12))  # noqa: DTZ001 - without a zone on purpose


def image_server(answers, ready, expiry=lambda: "soon"):
    """A server whose snapshot addresses answer with `ready`, called with the numbers of the order and the request."""

    def answer(handler, number):
        if handler.command == "POST":
            answers.append(0)
            link = f"{handler.headers['Host']}/stream/jpeg/snapshot/{KEY}{len(answers)}"
            body = {"url": f"http://{link}", "expiry": expiry()}
            return send(handler, 202, json.dumps(body).encode())
        answers[-1] += 1
        return ready(handler, len(answers), answers[-1])

    return scripted(answer)


def test_orders_an_expired_snapshot_once_more(meraki):
    "An address that has expired leads to one new order"
    jpeg, orders = meraki.snapshot(CAMERA).content, []

    def ready(handler, order, look):
        send(handler, *((410,) if order == 1 else (200, jpeg)), Content_Type="image/jpeg")

    with image_server(orders, ready, expiry=lambda: f"It will expire at {in_s(1)}.") as server:
        assert client(server.base).snapshot(CAMERA).content == jpeg
    assert orders[0] > 1 and orders[1:] == [1]


def in_s(seconds: float) -> str:
    return f"{datetime.now(UTC) + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}"


@pytest.mark.parametrize("status", [403, 410, 400, 500])
@pytest.mark.parametrize("expiry", ["soon", "2018-12-11T03:12:39Z", "Access will expire at {}.", "{}"])
def test_a_refusal_of_a_fresh_address_means_not_yet(meraki, status, expiry):
    "As some stores say it; whatever the answer says of the address's end"
    jpeg, orders = meraki.snapshot(CAMERA).content, []

    def ready(handler, _order, look):
        send(handler, *((status,) if look < 3 else (200, jpeg)), Content_Type="image/jpeg")

    with image_server(orders, ready, expiry=lambda: expiry.format(in_s(1800))) as server:
        assert client(server.base).snapshot(CAMERA).content == jpeg
    assert orders == [3]


@pytest.mark.not_quick
@pytest.mark.parametrize("status", [202, 400, 403, 404])
def test_waits_for_the_demo_whatever_it_says_before_a_picture_is_ready(status):
    "The end of the address is by the demo world's clock, decades from this machine's"
    with DemoProcess("--ready-delay-ms", "200", "--not-ready-status", str(status)) as demo:
        waiting = Meraki(
            demo.info["meraki_key"], base_url=demo.info["meraki"], demo_origin=demo.info["media"]
        )
        assert check_jpeg(waiting.snapshot(CAMERA).content) == (1280, 720)
        control = Control(demo.info)
        assert control.count("generateSnapshot") == 1 and control.count("/stream/") > 1
        control.close()
        waiting.close()


@pytest.mark.not_quick
@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ({"kind": "xml"}, "it never became ready"),
        ({"kind": "xml", "params": {"status": 200}}, "the bytes are not a JPEG"),
        ({"kind": "html", "params": {"status": 500}}, "it never became ready"),
        ({"kind": "spliced-jpeg"}, "the image is corrupt and does not decode"),
    ],
)
def test_what_came_instead_of_the_picture_is_said(demo, control, fault, said):
    "After the second order as well; a whole picture that comes after it is taken"
    impatient = Meraki(
        demo.info["meraki_key"],
        base_url=demo.info["meraki"],
        demo_origin=demo.info["media"],
        ready_s=0.5,
        poll_s=0.02,
    )
    control.faults({"route": "/stream/*", **fault})
    with pytest.raises(errors.DeadlineExceeded, match=f"twice it could not be fetched: {said}"):
        impatient.snapshot(CAMERA)
    control.faults({"route": "/stream/*", "times": 1, **fault})
    assert check_jpeg(impatient.snapshot(CAMERA).content) == (1280, 720)
    impatient.close()


@pytest.mark.parametrize(
    "kind", ["application/octet-stream", "binary/octet-stream", "image/pjpeg", "", "image/png"]
)
def test_a_store_that_does_not_know_what_it_keeps_is_believed_by_the_bytes(meraki, kind):
    "A perfect JPEG is one, whatever it is called, but for text and markup"
    jpeg, orders = meraki.snapshot(CAMERA).content, []
    with image_server(orders, lambda handler, *_: send(handler, 200, jpeg, Content_Type=kind)) as server:
        assert client(server.base).snapshot(CAMERA).content == jpeg
    assert orders == [1]


def test_asks_until_the_picture_is_whole(meraki):
    "After a page, an empty answer, half a JPEG or a not-yet, it is fetched again"
    jpeg, orders = meraki.snapshot(CAMERA).content, []
    not_ready = [
        (404, b"", "text/html"),
        (202, b"", "text/plain"),
        (200, b"<html>wait</html>", "text/html"),
        (200, b"", "image/jpeg"),
        (200, jpeg[:1000], "image/jpeg"),
        (200, jpeg, "text/html"),
        (200, jpeg, "image/jpeg"),
    ]

    def ready(handler, order, look):
        status, body, kind = not_ready[look - 1]
        send(handler, status, body, Content_Type=kind)

    with image_server(orders, ready) as server:
        assert client(server.base).snapshot(CAMERA).content == jpeg
    assert orders == [len(not_ready)]


@pytest.mark.parametrize("status", [404, 429, 503])
def test_a_failure_without_a_wait_is_tried_again_until_time_is_up(status):
    "Also if the last answer arrives after the end, it is a snapshot that never became ready"
    orders = []

    def ready(handler, *_):
        time.sleep(0.06)
        send(handler, status)

    with (
        image_server(orders, ready) as server,
        pytest.raises(errors.DeadlineExceeded, match="twice it could not be fetched"),
    ):
        client(server.base, ready_s=0.1).snapshot(CAMERA)
    assert len(orders) == 2


@pytest.mark.parametrize(("status", "kind"), [(429, errors.RateLimited), (503, errors.ServiceError)])
def test_a_wait_that_is_too_long_ends_the_call_at_once(status, kind):
    "An image host that asks to wait an hour is not asked again, and no second image is ordered"
    orders = []
    with (
        image_server(orders, lambda h, *_: send(h, status, b"", Retry_After="3600")) as server,
        pytest.raises(kind, match=f"the snapshot of camera {CAMERA} failed.*HTTP {status}") as caught,
    ):
        client(server.base, ready_s=30).snapshot(CAMERA)
    assert orders == [1]
    assert caught.value.retry_after_s == 3600
    assert KEY not in str(caught.value)


@pytest.mark.not_quick
def test_waits_for_the_image_as_long_as_asked(meraki):
    "If the image host says how long to wait, it is not asked before that, and the picture is fetched"
    jpeg, orders, looks = meraki.snapshot(CAMERA).content, [], []

    def ready(handler, order, look):
        looks.append(time.monotonic())
        if look <= 2:  # as many as the limits allow in one call
            send(handler, 429, b"", Retry_After="0.3")
        else:
            send(handler, 200, jpeg, Content_Type="image/jpeg")

    with image_server(orders, ready) as server:
        assert client(server.base, ready_s=5).snapshot(CAMERA).content == jpeg
    assert orders == [3]
    assert all(later - earlier >= 0.3 for earlier, later in pairwise(looks))


def test_gives_up_a_snapshot_that_never_becomes_ready():
    "Two orders, each awaited as long as allowed, then a DeadlineExceeded with the last reason"
    orders = []
    with (
        image_server(orders, lambda h, *_: send(h, 200, b"x", Content_Type="text/html")) as server,
        pytest.raises(errors.DeadlineExceeded, match=r"twice.*'text/html', not a JPEG") as caught,
    ):
        client(server.base, ready_s=0.1).snapshot(CAMERA)
    assert len(orders) == 2
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_snapshot_address_on_another_site_is_not_visited(host):
    "If the answer to an order has the address of another host or port, nothing is fetched there"
    with scripted(lambda h, n: send(h, 200, JPEG)) as other_site:
        there = other_site.base.replace("127.0.0.1", host)
        body = json.dumps({"url": f"{there}/stream/jpeg/snapshot/{KEY}"}).encode()
        with (
            scripted(lambda h, n: send(h, 202, body)) as server,
            pytest.raises(errors.BadResponse, match="another site") as caught,
        ):
            client(server.base).snapshot(CAMERA)
    assert other_site.seen == []
    assert KEY not in str(caught.value)


def test_gives_the_link_to_the_footage(meraki):
    "The dashboard's address at that moment, in milliseconds"
    link = meraki.video_link(CAMERA, NOW)
    assert link.startswith("https://n149.meraki.com/") and link.endswith(f"{int(NOW.timestamp())}000")
    with pytest.raises(errors.NotFound):
        meraki.video_link("Q2XX-XXXX-XXXX")
    with pytest.raises(errors.TimestampError):
        meraki.video_link(CAMERA, datetime(2019, 4, 12))  # noqa: DTZ001 - without a zone on purpose


def test_a_wrong_key_is_a_refused_login(demo):
    "The message says which setting to check, without the key"
    with pytest.raises(errors.LoginRefused, match="MERAKI_DASHBOARD_API_KEY") as caught:
        client(demo.info["meraki"]).snapshot(CAMERA, NOW)
    assert KEY not in str(caught.value)


def test_a_key_that_cannot_be_sent_is_a_settings_error():
    "A line break in the key is reported before anything is sent, without the key"
    with pytest.raises(errors.SettingsError, match="Copy the key again") as caught:
        Meraki(SecretStr(KEY + "\n"))
    assert KEY not in str(caught.value)


def test_a_shard_redirect_keeps_method_body_and_key():
    "A 308 to the organization's shard is followed with the same POST"

    def answer(handler, number):
        if number == 0:
            return send(handler, 308, Location=f"/n123{handler.path}")
        return send(handler, 404)

    with scripted(answer) as server, pytest.raises(errors.NotFound):
        client(server.base).snapshot(CAMERA, NOW)
    first, second = server.seen
    assert (second.method, second.path, second.body) == ("POST", f"/n123{first.path}", first.body)
    assert second.headers["Authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    "following", ["/organizations/2/devices?startingAfter=b", "/organizations/1/devices?page=1"]
)
def test_a_next_page_of_another_list_or_the_same_again_is_refused(following):
    "The devices of another organization are not this one's, and a list that leads to itself has no end"

    def answer(handler, number):
        send(handler, 200, b'[{"serial": "a"}]', Link=f"<{server.base}{following}>; rel=next")

    with (
        scripted(answer) as server,
        pytest.raises(errors.BadResponse, match="of another list, or was there before"),
    ):
        client(server.base).devices("1")
    assert len(server.seen) <= 2


def test_a_camera_without_a_serial_is_one_sentence():
    "Such as a row of the list of devices in which the vendor left it out"
    with scripted(
        lambda handler, _: send(handler, 200, b'[{"serial": null, "productType": "camera"}]')
    ) as server:
        meraki = client(server.base)
        (serial,) = meraki.devices("1")["serial"]
        with pytest.raises(errors.InputError, match="not the serial of a camera"):
            meraki.snapshot(serial, NOW)


@pytest.mark.parametrize(
    "call",
    [
        lambda meraki: meraki.snapshot(CAMERA, NOW),
        lambda meraki: meraki.video_link(CAMERA, NOW),
        lambda meraki: meraki.devices("1"),
        lambda meraki: meraki.organizations(),
    ],
    ids=["snapshot", "video link", "devices", "organizations"],
)
def test_a_redirect_to_another_camera_or_organization_is_refused(call):
    "Its picture would have the name of the camera that was asked for"

    def answer(handler, number):
        if number % 2 == 0:
            return send(handler, 307, Location="/devices/Q2GV-AAAA-AAAA/camera/generateSnapshot")
        return send(handler, 200, b'{"url": "https://n1.meraki.com/x"}')

    with scripted(answer) as server, pytest.raises(errors.BadResponse, match="not what was asked for"):
        call(client(server.base))


# The organization's rate


@pytest.mark.not_quick
def test_keeps_the_organizations_rate_for_all_greenlets(control, meraki):
    "Twenty-eight calls from many greenlets get no 429: they wait for their turn"
    calls = [gevent.spawn(meraki.video_link, CAMERA, NOW) for _ in range(28)]
    gevent.joinall(calls, raise_error=True)
    statuses = [entry["status"] for entry in control.asked()["last"] if entry["path"].endswith("videoLink")]
    assert statuses == [200] * 28


@pytest.mark.not_quick
def test_a_429_holds_all_greenlets_back():
    "If one call is asked to wait, the others wait as well, and all succeed"
    moments = []

    def answer(handler, number):
        moments.append(time.monotonic())
        if number == 0:
            return send(handler, 429, Retry_After="1")
        return send(handler, 200, b'{"url": "https://n1.meraki.com/x"}')

    with scripted(answer) as server:
        meraki = client(server.base)
        first = gevent.spawn(meraki.video_link, CAMERA)
        while not moments:
            gevent.sleep(0.01)
        gevent.sleep(0.05)
        others = [gevent.spawn(meraki.video_link, CAMERA) for _ in range(3)]
        gevent.joinall([first, *others], raise_error=True)
    assert min(moments[1:]) - moments[0] >= 1.0


def test_lets_a_first_burst_through_and_then_a_steady_stream():
    "Ten turns pass without a wait; of thirty turns at 100 a second, the last comes after a fifth of a second"
    bucket, others = TokenBucket(0.5, burst=10), []
    gevent.spawn(others.append, "ran")
    for _ in range(10):
        bucket.take()
    assert not others
    bucket, start = TokenBucket(100, burst=10), time.monotonic()
    turns = []

    def take():
        bucket.take()
        turns.append(time.monotonic() - start)

    gevent.joinall([gevent.spawn(take) for _ in range(30)])
    assert turns == sorted(turns)
    assert turns[-1] >= 0.2 - 1e-3


def test_joins_the_pages_of_a_whole_organization(demo):
    "Asked for five at a time, the same devices come in the same order"
    meraki = Meraki(SecretStr(demo.info["meraki_key"]), base_url=demo.info["meraki"])
    whole = meraki.devices(cameras_only=False)
    paged = meraki._pages(
        f"/organizations/{meraki._only_organization()}/devices", {"perPage": 5}, "Listing the Meraki devices"
    )
    assert [row["serial"] for row in paged] == whole["serial"].tolist()
