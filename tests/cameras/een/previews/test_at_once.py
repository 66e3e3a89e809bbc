"""Two downloads into one folder at the same time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from datetime import timedelta
from pathlib import Path

import gevent
import pytest

from camkit import download_previews, errors
from tests.conftest import ROOT
from tests.support.scripted_een import CAMERA, NOW, asked_moment, een_service, last_before, send_frame

TIMES = [NOW - timedelta(seconds=second) for second in range(20)]
OTHER = "1002abcd"
SENTENCE = (
    "Another download of camera 100[12][aA][bB][cC][dD] into .* is running. Wait until it has ended, or"
)


def slow_camera(handler, _number):
    "Each frame takes a little, so that downloads overlap"
    gevent.sleep(0.02)
    found = last_before(TIMES, asked_moment(handler))
    send_frame(handler, found) if found else handler.send_error(404)


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("second", [CAMERA, CAMERA.upper()])
def test_a_second_download_of_a_camera_is_refused_and_no_number_is_used_twice(tmp_path, second):
    "However its id is written, and by whatever way the folder is named; afterwards it goes on from what is there"
    (tmp_path / "link").symlink_to(tmp_path / "out")
    with een_service(slow_camera) as (een, _):
        een.login()
        first = gevent.spawn(download_previews, een, CAMERA, count=12, out=tmp_path / "out", progress=False)
        gevent.sleep(0.05)
        with pytest.raises(errors.OutputError, match=SENTENCE):
            download_previews(een, second, count=12, out=tmp_path / "link", progress=False)
        assert len(first.get().saved) == 12
        again = download_previews(een, second, count=12, out=tmp_path / "link", progress=False)
    assert (again.found_before, again.requests) == (12, 0)
    assert [name[:2] for name in files_in(tmp_path / "out")] == [f"{number:02d}" for number in range(12)]


def test_two_cameras_share_a_folder(tmp_path):
    "Their frames have the camera in their names, so they do not wait for each other"
    with een_service(slow_camera) as (een, _):
        een.login()
        runs = [
            gevent.spawn(download_previews, een, camera, count=4, out=tmp_path, progress=False)
            for camera in (CAMERA, OTHER)
        ]
        assert [len(run.get().saved) for run in runs] == [4, 4]
    assert len(files_in(tmp_path)) == 8


def test_a_download_that_was_stopped_leaves_no_lock(tmp_path):
    "The next one starts at once"
    with een_service(slow_camera) as (een, _):
        een.login()
        with gevent.Timeout(0.06, False):
            download_previews(een, CAMERA, count=12, out=tmp_path, progress=False)
        assert len(files_in(tmp_path)) < 12 and not list(tmp_path.glob(".*"))
        assert len(download_previews(een, CAMERA, count=12, out=tmp_path, progress=False).saved) == 12


@pytest.mark.not_quick
def test_a_download_that_was_killed_leaves_nothing_that_stops_the_next(tmp_path):
    "While another kernel's download runs it is refused; the system ends the lock of a process that was killed"
    script = f"""
        import time
        from pathlib import Path
        from camkit.support.locks import locked
        with locked(Path({str(tmp_path / f".{CAMERA}.lock")!r}), "x"):
            print("locked", flush=True)
            time.sleep(60)
    """
    other = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    with other, een_service(slow_camera) as (een, _):
        assert other.stdout.readline() == "locked\n"
        with pytest.raises(errors.OutputError, match=SENTENCE):
            download_previews(een, CAMERA, count=2, out=tmp_path, progress=False)
        other.send_signal(signal.SIGKILL)
        other.wait()
        assert files_in(tmp_path) == [f".{CAMERA}.lock"]
        assert len(download_previews(een, CAMERA, count=2, out=tmp_path, progress=False).saved) == 2
    assert len(files_in(tmp_path)) == 2


@pytest.mark.timeout(20)
@pytest.mark.parametrize("what", ["pipe", "link", "folder"])
def test_something_else_in_the_place_of_the_lock_is_an_error(tmp_path, what):
    "It neither waits for a pipe's reader nor writes where a link leads"
    place = tmp_path / f".{CAMERA}.lock"
    {"pipe": os.mkfifo, "folder": os.mkdir, "link": lambda path: path.symlink_to(tmp_path / "victim")}[what](
        place
    )
    with (
        een_service(slow_camera) as (een, _),
        pytest.raises(errors.OutputError, match=r"lock cannot be written: .* Choose another folder"),
    ):
        download_previews(een, CAMERA, count=2, out=tmp_path, progress=False)
    assert not (tmp_path / "victim").exists()
