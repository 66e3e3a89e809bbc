"""Downloading different previews by API v3 from cameras that are not like the demo's."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from camkit import errors
from camkit.cameras.een.previews import download_previews
from tests.support.scripted_een import CAMERA, NOW
from tests.support.scripted_een_v3 import een_v3, error, query, send_image, send_json


def camera_with(times, *, kept=True, refused=frozenset()):
    """Answer like a camera with frames at these times; a token is a frame's number, and good only while `kept`.

    Requests whose number is in `refused` find the device not available.
    """
    times = sorted(times)

    def answer(handler, params, number):
        if number in refused:
            return send_json(handler, error(503, "unavailable", "try later"), 503)
        if "deviceId" not in params and not kept:
            return send_json(handler, error(400, "invalidArgument", "Wrong argument value: pageToken"), 400)
        if "deviceId" not in params:
            index = int(params["pageToken"])
        elif "timestamp__lt" in params:
            index = sum(time < datetime.fromisoformat(params["timestamp__lt"]) for time in times) - 1
        else:
            index = sum(time <= datetime.fromisoformat(params["timestamp__lte"]) for time in times) - 1
        if index < 0:
            return send_json(handler, error(404, "notFound", "no image"), 404)
        tokens = {"X_Een_PrevToken": str(index - 1)} if index else {}
        return send_image(handler, times[index], **tokens)

    return answer


def download(een, out, **options):
    return download_previews(een, CAMERA, out=out, progress=False, **options)


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("gap_s", [0.2, 2.0, 150.0])
def test_every_frame_is_found_however_far_apart_they_are(tmp_path, gap_s, kept):
    "Rare frames by longer steps, close ones by the tokens of their neighbours, or by the time where those are refused"
    times = [NOW - timedelta(seconds=4 + i * gap_s) for i in range(6)]
    with een_v3(camera_with(times, kept=kept)) as (een, server):
        run = download(een, tmp_path, count=6)
    assert {frame.at for frame in run.saved} == set(times) and run.complete
    assert gap_s > 1 or any("pageToken" in query(seen.path) for seen in server.seen)


def test_a_camera_with_too_few_frames_gives_those_it_has(tmp_path):
    "Too few is a result that says so"
    with een_v3(camera_with([NOW - timedelta(seconds=3 * i) for i in range(3)])) as (een, _):
        run = download(een, tmp_path, count=6)
    assert len(run.saved) == 3 and not run.complete and "no image" in (run.shortfall or "")


def test_a_device_that_is_not_available_for_a_moment_is_asked_again(tmp_path):
    "A 503 is a failure in the result, and its frame comes later"
    times = [NOW - timedelta(seconds=2 * i) for i in range(30)]
    with een_v3(camera_with(times, refused={1, 4})) as (een, _):
        run = download(een, tmp_path, count=8)
    assert run.complete and [failure.status for failure in run.failures] == [503, 503]


def test_a_device_that_is_never_available_ends_the_download_with_its_words(tmp_path):
    "No exception: a silent camera is a result"
    with een_v3(camera_with([NOW], refused=range(10**6))) as (een, _):
        run = download(een, tmp_path, count=3)
    assert not run.saved and "try later" in (run.shortfall or "")


def test_a_camera_that_the_account_does_not_have_is_an_error(tmp_path):
    "The list of devices is asked before that is said"

    def answer(handler, params, _):
        if "deviceId" in params:
            detail = {"type": "resourceInfo", "resource": "cameras", "ids": [CAMERA]}
            return send_json(handler, error(404, "notFound", "gone", detail), 404)
        return send_json(handler, {"results": [], "nextPageToken": None})

    with een_v3(answer) as (een, _), pytest.raises(errors.NotFound, match=f"no device {CAMERA}"):
        download(een, tmp_path, count=3)
