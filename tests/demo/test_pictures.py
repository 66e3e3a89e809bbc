"""The demo's pictures."""

from __future__ import annotations

import io
import itertools
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from PIL import Image, ImageChops

from camkit.demo.clock import START
from camkit.demo.een.devices import account
from camkit.demo.een.frames import FrameTimes
from camkit.demo.een.population import Answer
from camkit.demo.pictures.portraits import portrait_jpeg
from camkit.demo.pictures.previews import preview_jpeg
from camkit.demo.pictures.snapshots import snapshot_jpeg
from camkit.demo.world.people import PEOPLE
from camkit.demo.world.world import World

pytestmark = pytest.mark.not_quick

ENTRANCE, OUTSIDE = "Q2GV-7K2M-D9HT", "Q2GV-4CDN-W7YK"
SWIPE = datetime(2019, 4, 12, 20, 20, 29, tzinfo=UTC)
CAMERAS = [device for device in account(World().seed) if device.answer is Answer.PICTURE]


@pytest.fixture(scope="module")
def world() -> World:
    return World()


def frames(world: World, camera_id: str, name: str, moment: datetime, count: int) -> list[bytes]:
    times = FrameTimes(world.seed, camera_id)
    newest = times.at_or_before(moment)
    return [preview_jpeg(world, camera_id, name, times.time_of(newest - n)) for n in range(count)]


@pytest.mark.parametrize("hour", [0, 9])
@pytest.mark.parametrize("camera", CAMERAS[::6], ids=lambda camera: camera.name)
def test_previews_have_the_published_size(world, camera, hour):
    "A preview is 640 x 360 and 12.9 to 15.0 kB, by day and by night"
    for data in frames(world, camera.id, camera.name, START - timedelta(hours=hour), 4):
        assert 12_900 <= len(data) <= 15_000
        assert Image.open(io.BytesIO(data)).size == (640, 360)


def test_no_two_frames_are_alike(world):
    "Twenty frames of one camera are twenty different pictures"
    camera = CAMERAS[0]
    assert len(set(frames(world, camera.id, camera.name, START, 20))) == 20


def test_swipe_at_the_dock_is_in_its_previews(world):
    "At the Eagle Eye door the preview of a swipe differs from the empty doorway"
    dock = next(camera for camera in CAMERAS if camera.name == "Loading dock")
    swipe = datetime(2019, 4, 12, 17, 33, 36, tzinfo=UTC)

    def pixels(moment: datetime) -> Image.Image:
        data = preview_jpeg(world, dock.id, dock.name, moment)
        return Image.open(io.BytesIO(data)).crop((200, 60, 440, 360))

    assert _difference(pixels(swipe), pixels(swipe - timedelta(seconds=30))) > 20
    assert _difference(pixels(swipe - timedelta(seconds=31)), pixels(swipe - timedelta(seconds=30))) < 4


def test_snapshots_have_a_real_cameras_size(world):
    "A snapshot is 1280 x 720 and 50 to 80 kB, with a person, empty, and at night"
    moments = (SWIPE, SWIPE - timedelta(minutes=4), SWIPE - timedelta(hours=14))
    for camera, moment in itertools.product((ENTRANCE, OUTSIDE), moments):
        data = snapshot_jpeg(world, camera, "Main entrance", moment)
        assert 50_000 <= len(data) <= 80_000
        assert Image.open(io.BytesIO(data)).size == (1280, 720)


def test_views_of_a_door_look_different(world):
    "The two cameras of the entrance show different places, and it is dark outside at night"

    def pixels(camera: str, moment: datetime) -> Image.Image:
        return Image.open(io.BytesIO(snapshot_jpeg(world, camera, "Main entrance", moment)))

    day, night = SWIPE - timedelta(minutes=4), SWIPE - timedelta(hours=14)
    assert _difference(pixels(ENTRANCE, day), pixels(OUTSIDE, day)) > 30
    assert _difference(pixels(OUTSIDE, night), pixels(OUTSIDE, day)) > 60


def test_swipe_at_the_entrance_is_in_the_outside_picture(world):
    "At a swipe by its own clock, the outside camera shows a person on the forecourt"

    def pixels(moment: datetime) -> Image.Image:
        data = snapshot_jpeg(world, OUTSIDE, "Main entrance outside", moment)
        return Image.open(io.BytesIO(data)).crop((520, 100, 760, 720))

    swipe = SWIPE - timedelta(seconds=12)
    assert _difference(pixels(swipe), pixels(swipe - timedelta(seconds=30))) > 20


def test_portraits_are_all_different():
    "Each cardholder has a portrait of 320 x 400 that differs from all others"
    portraits = [Image.open(io.BytesIO(portrait_jpeg(person.looks))) for person in PEOPLE]
    assert {portrait.size for portrait in portraits} == {(320, 400)}
    for n, one in enumerate(portraits):
        for other in portraits[n + 1 :]:
            assert _difference(one, other) > 8


def test_same_moment_same_bytes_in_another_process(world):
    "Pictures do not depend on the process, nor on what was drawn before"
    program = (
        "from datetime import datetime, UTC; from hashlib import sha256\n"
        "from camkit.demo.pictures.snapshots import snapshot_jpeg as s\n"
        "from camkit.demo.pictures.previews import preview_jpeg as p\n"
        "from camkit.demo.world.world import World\n"
        "w, t = World(), datetime(2019, 4, 12, 20, 20, 29, tzinfo=UTC)\n"
        f"print(sha256(s(w, '{ENTRANCE}', 'Main entrance', t) + p(w, '100a8144', 'Desk', t)).hexdigest())"
    )
    there = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    here = snapshot_jpeg(world, ENTRANCE, "Main entrance", SWIPE) + preview_jpeg(
        world, "100a8144", "Desk", SWIPE
    )
    assert there.stdout.strip() == sha256(here).hexdigest()


def _difference(one: Image.Image, other: Image.Image) -> float:
    """Mean absolute difference of two pictures' grey values."""
    histogram = ImageChops.difference(one.convert("L"), other.convert("L")).histogram()
    return sum(value * count for value, count in enumerate(histogram)) / sum(histogram)
