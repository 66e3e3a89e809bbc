"""The client of API v3 on a scripted service: what it sends, the server's clock, what refusals say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from camkit import errors
from camkit.cameras.een import Frame, Moment, ReceivedFrame
from camkit.cameras.een.v3.client import MAIN_PER_S
from camkit.cameras.een.v3.formats import iso_time, parse_iso_time
from tests.support.scripted import send
from tests.support.scripted_een import CAMERA, NOW
from tests.support.scripted_een_v3 import een_v3, error, query, send_image, send_json

AT = NOW - timedelta(seconds=7, milliseconds=250)
MISSING = {"type": "errorInfo", "reason": "resourceNotFound", "domain": "apiv3"}


def with_frames(times, kinds=("preview",)):
    """Answer like a camera with images at these times."""

    def answer(handler, params, _):
        if params["type"] not in kinds:
            return send_json(handler, error(404, "notFound", "no recording", MISSING), 404)
        name = next(name for name in params if name.startswith("timestamp"))
        moment = datetime.fromisoformat(params[name])
        found = {
            "timestamp__lt": max((time for time in times if time < moment), default=None),
            "timestamp__lte": max((time for time in times if time <= moment), default=None),
            "timestamp__gte": min((time for time in times if time >= moment), default=None),
        }[name]
        if found is None:
            return send_json(handler, error(404, "notFound", "no image"), 404)
        return send_image(handler, found)

    return answer


def images(server):
    """The queries of the requests for images."""
    return [query(seen.path) for seen in server.seen if "/media/" in seen.path]


# Images


def test_asks_for_the_image_at_or_before_and_at_or_after():
    "One time a request, with milliseconds and an offset, and nothing that the vendor does not know"
    with een_v3(with_frames([AT])) as (een, server):
        before, after = een.frame_before(CAMERA, AT), een.frame_after(CAMERA, AT)
    assert before.at == after.at == AT and isinstance(before, Frame)
    time = "2019-04-12T20:44:52.750+00:00"
    assert images(server) == [
        {"deviceId": CAMERA, "type": "preview", "timestamp__lte": time},
        {"deviceId": CAMERA, "type": "preview", "timestamp__gte": time},
    ]
    assert all("%2B00%3A00" in seen.path for seen in server.seen[1:])
    assert all(seen.headers["Authorization"] == "Bearer access-1" for seen in server.seen)


def test_a_time_in_another_zone_names_the_same_moment():
    "Requests are in UTC, whatever the zone of the moment"
    denver = AT.astimezone(datetime.strptime("-0600", "%z").tzinfo)
    with een_v3(with_frames([AT])) as (een, server):
        een.frame_before(CAMERA, denver)
    assert images(server)[0]["timestamp__lte"] == "2019-04-12T20:44:52.750+00:00"


def test_the_newest_frame_is_the_live_image():
    "The probe waits for the camera's next image"
    with een_v3(lambda handler, *_: send_image(handler, NOW)) as (een, server):
        assert een.newest_frame(CAMERA).at == NOW
    assert server.seen[0].path == "/api/v3.0/users/self?include=timeZone"  # whose login it is
    assert server.seen[1].path == f"/api/v3.0/media/liveImage.jpeg?deviceId={CAMERA}&type=preview"


@pytest.mark.parametrize(
    ("times", "nearest"),
    [([-3, 4], -3), ([-4, 3], 3), ([-4, 4], -4), ([0, 1], 0), ([5], 5), ([-5], -5)],
)
def test_a_snapshot_is_the_nearest_image(times, nearest):
    "Of two equally near the earlier; one side is enough"
    with een_v3(with_frames([NOW + timedelta(seconds=s) for s in times])) as (een, _):
        picture = een.snapshot(CAMERA, NOW)
    assert picture.captured_at == NOW + timedelta(seconds=nearest)


@pytest.mark.parametrize("times", [[], [-31], [31], [-40, 50]])
def test_no_image_near_the_moment_is_no_picture(times):
    "Further away than the tolerance is not a picture of the event"
    with (
        een_v3(with_frames([NOW + timedelta(seconds=s) for s in times])) as (een, _),
        pytest.raises(errors.NoPicture, match=f"Camera {CAMERA} has no frame within 30 s"),
    ):
        een.snapshot(CAMERA, NOW)


@pytest.mark.parametrize("kinds", [("preview", "main"), ("preview",)])
def test_full_resolution_where_it_is_asked_for_and_recorded(kinds):
    "Otherwise the preview of that moment"
    with een_v3(with_frames([NOW], kinds)) as (een, server):
        een.snapshot(CAMERA, NOW)
        assert [params["type"] for params in images(server)] == ["preview"]
        een.full_resolution = True
        picture = een.snapshot(CAMERA, NOW)
    assert picture.captured_at == NOW
    assert f"type={kinds[-1]}" in picture.replies[-1].url
    assert MAIN_PER_S <= 1


@pytest.mark.parametrize("status", [403, 429, 500, 503])
def test_a_preview_comes_where_full_resolution_is_refused(status):
    "Whatever the reason: without a licence, too often, or in trouble"

    def answer(handler, params, _):
        if params["type"] == "main":
            send_json(handler, error(status, "no", "not now"), status)
        else:
            send_image(handler, NOW)

    with een_v3(answer) as (een, _):
        een.full_resolution = True
        picture = een.snapshot(CAMERA, NOW)
    assert picture.captured_at == NOW and "type=preview" in picture.replies[-1].url


def test_a_refused_login_is_not_hidden_by_a_preview():
    "Nothing else would come either"
    with een_v3(lambda handler, *_: send_json(handler, error(401, "no", "not you"), 401)) as (een, server):
        een.full_resolution = True
        with pytest.raises(errors.LoginRefused):
            een.snapshot(CAMERA, NOW)
    assert all(params["type"] == "main" for params in images(server))


# What a download asks for


def test_now_is_counted_by_the_servers_clock():
    "A server that is hours away from this machine's clock is asked for its own now, and back from it"
    with een_v3(with_frames([AT])) as (een, server):
        een.ensure_login()
        een.receive_frame(CAMERA, Moment.now())
        een.receive_frame(CAMERA, Moment.now(timedelta(seconds=4.2)))
    assert [params["timestamp__lte"] for params in images(server)] == [
        "2019-04-12T20:45:00.000+00:00",
        "2019-04-12T20:44:55.800+00:00",
    ]


def test_the_clock_is_asked_for_where_no_answer_came_yet():
    "The first request that needs the server's now reads it from another answer"
    with een_v3(with_frames([AT])) as (een, server):
        assert een.receive_frame(CAMERA, Moment.now()).at == AT
    assert images(server)[0]["timestamp__lte"] == "2019-04-12T20:45:00.000+00:00"


def test_now_goes_on_between_two_answers_of_a_real_account():
    "It does not stand still and then jump; the demo site's does, so that a second run asks for the same moments"
    with een_v3(with_frames([AT]), datetime.now(UTC).replace(microsecond=0), is_demo=False) as (een, _):
        een.ensure_login()
        first = een._server_now()
        assert first < een._server_now() < first + timedelta(minutes=1)
    with een_v3(with_frames([AT])) as (een, _):
        een.ensure_login()
        assert een._server_now() == een._server_now() == NOW


def test_after_this_machine_slept_the_clock_is_asked_for_again():
    "A counter that stands still meanwhile would ask for pictures of before"
    with een_v3(with_frames([AT]), datetime.now(UTC).replace(microsecond=0), is_demo=False) as (een, server):
        een.ensure_login()
        date, received_at, read_at = een._clock
        hour = timedelta(hours=1)
        een._clock = (
            date - hour,
            received_at - hour,
            read_at,
        )  # an hour ago, of which the counter knows nothing
        asked = len(server.seen)
        assert abs(een._server_now() - datetime.now(UTC)) < timedelta(minutes=1)
        assert len(server.seen) == asked + 1


def test_a_clock_that_was_days_off_is_asked_for_again():
    "Whoever has set this machine's clock goes on"
    with een_v3(with_frames([AT]), is_demo=False) as (een, server):
        for asked in (1, 2):
            with pytest.raises(errors.BadResponse, match="more than a day apart"):
                een.receive_frame(CAMERA, Moment.now())
            assert len(server.seen) == asked


def test_a_moment_and_the_frame_before_another():
    "At a moment: at or before. Before a frame: by the vendor's token, else strictly before"
    with een_v3(lambda handler, *_: send_image(handler, AT, X_Een_PrevToken="p", X_Een_NextToken="n")) as (
        een,
        server,
    ):
        frame = een.receive_frame(CAMERA, Moment.at(AT))
        een.receive_frame(CAMERA, Moment.before(frame.at, frame.prev))
        een.receive_frame(CAMERA, Moment.before(frame.at))
    assert type(frame) is ReceivedFrame and (frame.prev, frame.next) == ("p", "n")
    kind = {"deviceId": CAMERA, "type": "preview"}
    assert images(server) == [
        {**kind, "timestamp__lte": iso_time(AT)},
        {"pageToken": "p"},
        {**kind, "timestamp__lt": iso_time(AT)},
    ]
    assert "pageToken=p" not in str(frame.reply.url)


def test_a_token_that_is_not_accepted_any_more_is_replaced_by_the_time():
    "How long a token holds is not documented; the time names the same image"

    def answer(handler, params, _):
        if "pageToken" in params:
            return send_json(handler, error(400, "invalidArgument", "Wrong argument value: pageToken"), 400)
        return send_image(handler, AT)

    with een_v3(answer) as (een, server):
        assert een.receive_frame(CAMERA, Moment.before(NOW, "old")).at == AT
    assert [*images(server)[-1]] == ["deviceId", "type", "timestamp__lt"]


# The time of an image


@pytest.mark.parametrize(
    "text",
    [
        "2019-04-12T20:44:52.750+00:00",
        "2019-04-12T20:44:52.750Z",
        "2019-04-12T14:44:52.750-06:00",
        "2019-04-12T20:44:52.750999+00:00",
    ],
)  # fmt: skip
def test_reads_the_time_of_an_image(text):
    "With an offset or Z, to the millisecond"
    with een_v3(lambda handler, *_: send_image(handler, AT, text)) as (een, _):
        frame = een.frame_before(CAMERA, NOW)
    assert (frame.at, frame.timestamp) == (AT, "20190412204452.750")


@pytest.mark.parametrize(
    "text",
    ["", "unknown", "2019-04-12T20:44:52.750", "20190412204452.750", "1969-12-31T00:00:00+00:00",
     "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59.999-23:00", "2019-13-12T20:44:52.750Z", "9" * 5000],
)  # fmt: skip
def test_a_time_that_cannot_be_is_an_answer_that_cannot_be_used(text):
    "Without a zone, out of range, or not a time"
    with (
        een_v3(lambda handler, *_: send_image(handler, AT, text)) as (een, _),
        pytest.raises(errors.BadResponse) as caught,
    ):
        een.frame_before(CAMERA, NOW)
    assert len(str(caught.value)) < 400
    with pytest.raises(errors.BadResponse):
        parse_iso_time(text)


def test_an_image_without_a_time_is_said_to_be_one():
    "Its time is what makes it evidence"
    with (
        een_v3(lambda handler, *_: send(handler, 200, b"\xff\xd8", Content_Type="image/jpeg")) as (een, _),
        pytest.raises(errors.BadResponse, match="did not send the time of its picture"),
    ):
        een.frame_before(CAMERA, NOW)


def test_a_time_without_a_zone_is_not_asked_for():
    "A moment is UTC-aware, or it is an error"
    with een_v3(with_frames([AT])) as (een, server), pytest.raises(errors.TimestampError):
        een.frame_before(CAMERA, datetime(2019, 4, 12))  # noqa: DTZ001 - that is what the test is about
    assert not server.seen
    assert iso_time(datetime(1970, 1, 1, tzinfo=UTC)) == "1970-01-01T00:00:00.000+00:00"


# Refusals


def detail(reason):
    return {
        "type": "errorInfo",
        "reason": reason,
        "domain": "apiv3",
        "metadata": {"path": "/", "method": "GET"},
    }


NO_CAMERA = {"type": "resourceInfo", "resource": "cameras", "ids": [CAMERA]}


@pytest.mark.parametrize("is_detailed", [True, False])
@pytest.mark.parametrize(
    ("status", "word", "reason", "kind"),
    [
        (400, "invalidArgument", "wrongArgumentValue", errors.NotFound),
        (403, "permissionDenied", "invalidPermission", errors.AccessDenied),
        (403, "permissionDenied", "wrongEdition", errors.AccessDenied),
        (403, "permissionDenied", "wrongAccountType", errors.AccessDenied),
        (404, "notFound", "resourceNotFound", errors.NoPicture),
        (404, "notFound", "outOfRetention", errors.NoPicture),
        (415, "mediaTypeNotSupported", "contentNotSupported", errors.BadResponse),
        (429, "tooManyRequests", "tooManyRequests", errors.RateLimited),
        (500, "internal", "unexpectedError", errors.ServiceError),
        (503, "unavailable", "deviceUnavailable", errors.ServiceError),
        (503, "unavailable", "serviceUnavailable", errors.ServiceError),
    ],
)
def test_a_refusal_says_the_vendors_words(status, word, reason, kind, is_detailed):
    "Its message and its reason are in the sentence, with details or without"
    body = error(status, word, "Said by the vendor", *([detail(reason)] if is_detailed else []))
    with (
        een_v3(lambda handler, *_: send_json(handler, body, status)) as (een, _),
        pytest.raises(kind) as caught,
    ):
        een.receive_frame(CAMERA, Moment.at(NOW), attempts=1)
    assert "Said by the vendor" in str(caught.value) and (reason if is_detailed else word) in str(
        caught.value
    )
    assert caught.value.status == status
    assert caught.value.transient is (status in (429, 500, 503))


def test_a_camera_that_does_not_exist_is_not_a_missing_image():
    "A 404 that names the camera says so"
    body = error(404, "notFound", "Resource not found", MISSING, NO_CAMERA)
    with een_v3(lambda handler, *_: send_json(handler, body, 404)) as (een, _):
        for full_resolution in (False, True):
            een.full_resolution = full_resolution
            with pytest.raises(errors.NotFound, match="no camera of this account has this id"):
                een.snapshot(CAMERA, NOW)


@pytest.mark.parametrize(
    ("status", "body", "kind", "said"),
    [
        (
            400,
            error(400, "invalidArgument", "Unexpected argument: x"),
            errors.BadResponse,
            "Unexpected argument: x",
        ),
        (
            403,
            {"message": "no", "details": [{"reason": "wrongEdition"}]},
            errors.AccessDenied,
            "no (wrongEdition)",
        ),
        (500, {"status": "internal"}, errors.ServiceError, "internal"),
        (404, [], errors.NotFound, "not found"),
        (404, {"details": "x", "message": ["y"], "status": 7}, errors.NotFound, "not found"),
    ],
)
def test_a_refused_list_of_devices_says_why(status, body, kind, said):
    "Without a meaning of its own, the status has its general one"
    with (
        een_v3(lambda handler, *_: send_json(handler, body, status)) as (een, _),
        pytest.raises(kind) as caught,
    ):
        een.devices()
    assert said in str(caught.value) and "access-1" not in str(caught.value)


def test_a_missing_image_is_not_a_missing_camera():
    "A 404 that names something else than a camera is an image that there is none of"
    body = error(404, "notFound", "gone", MISSING, {**NO_CAMERA, "resource": "media"})
    with (
        een_v3(lambda handler, *_: send_json(handler, body, 404)) as (een, _),
        pytest.raises(errors.NoPicture),
    ):
        een.frame_before(CAMERA, NOW)


def test_the_bearer_goes_to_no_other_host():
    "Neither along a redirect nor into a message"
    with (
        een_v3(lambda handler, *_: send(handler, 302, b"", Location="http://127.0.0.2:9/else")) as (een, _),
        pytest.raises(errors.BadResponse, match="points to another site") as caught,
    ):
        een.devices()
    assert "access-1" not in str(caught.value)


@pytest.mark.parametrize("after", ["0", None])
def test_too_many_requests_are_repeated(after):
    "With Retry-After as long as it says, without it by a pause of its own"

    def answer(handler, _, number):
        if number == 0:
            headers = {} if after is None else {"Retry_After": after}
            return send_json(handler, error(429, "tooManyRequests", "slow down"), 429, **headers)
        return send_image(handler, AT)

    with een_v3(answer) as (een, _):
        assert een.frame_before(CAMERA, NOW).at == AT


def test_a_wait_that_the_vendor_asks_for_is_known():
    "A download makes all its workers wait"
    body = error(429, "tooManyRequests", "slow down")
    with (
        een_v3(lambda handler, *_: send_json(handler, body, 429, Retry_After="120")) as (een, _),
        pytest.raises(errors.RateLimited) as caught,
    ):
        een.receive_frame(CAMERA, Moment.at(NOW), attempts=1)
    assert caught.value.retry_after_s == 120


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"5",
        b"{",
        b"<html><script>alert(1)</script>",
        b'{"message": ["a"], "status": {"a": 1}, "details": {"reason": 1}}',
        b'{"message": null, "details": [null, 1, "a", {"reason": null}, {"resource": ["cameras"]}]}',
        b'{"message": "' + b"a" * 100_000 + b'"}',
        b'{"message": "<b>bold</b>", "status": "x"}',
        b'{"message": "\\u001b[31mred", "status": "x"}',
        b'{"message": "\\ud800", "details": [{"reason": "' + b"r" * 5000 + b'"}]}',
        b"[" * 50_000,
    ],
)  # fmt: skip
@pytest.mark.parametrize("status", [400, 404, 503])
def test_a_refusal_in_another_form_is_still_one_short_sentence(body, status):
    "Whatever the body holds, the status decides, and no markup or code of the terminal comes through"
    with (
        een_v3(lambda handler, *_: send(handler, status, body, Content_Type="application/json")) as (een, _),
        pytest.raises(errors.ServiceError) as caught,
    ):
        een.receive_frame(CAMERA, Moment.at(NOW), attempts=1)
    said = str(caught.value)
    assert len(said) < 900 and "<" not in said and "\x1b" not in said
    assert caught.value.status == status


@pytest.mark.parametrize("camera_id", ["", "1001abc", "1001abcd/..", "../clientSettings", None, 10011234])
def test_an_id_that_cannot_be_is_not_sent(camera_id):
    "Whatever is asked for, a malformed id is the investigator's to correct"
    with een_v3(with_frames([AT])) as (een, server):
        for ask in (
            een.newest_frame,
            lambda c: een.receive_frame(c, Moment.at(NOW)),
            lambda c: een.snapshot(c, NOW),
        ):
            with pytest.raises(errors.InputError):
                ask(camera_id)
    assert not server.seen
