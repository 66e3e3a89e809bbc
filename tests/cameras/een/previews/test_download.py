"""Downloading different previews: how many requests, what is on disk, what is in the result."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from hashlib import sha256

import gevent
import numpy as np
import pytest

from camkit import errors
from camkit.cameras.een import EagleEyeV1, ReceivedFrame
from camkit.cameras.een.previews.download import download_previews
from camkit.cameras.een.previews.failures import GIVE_UP_AFTER, PAUSES
from camkit.site import demo_site
from camkit.support.jpeg import check_jpeg
from camkit.support.workers import run_together
from tests.conftest import ROOT
from tests.support.scripted import send
from tests.support.scripted_een import CAMERA, NOW, camera_with, drawn, een_service, send_frame

pytestmark = pytest.mark.not_quick

NAME = re.compile(r"(\d\d)-([0-9a-f]{8})-preview-(\d{14}\.\d{3})\.jpeg")


@pytest.fixture
def een(site):
    return site.een


@pytest.fixture
def camera(een):
    return een.healthy_camera(seed=1)


def download(een, camera_id, out, **options):
    return download_previews(een, camera_id, out=out, progress=False, **options)


def files_in(folder):
    return sorted(path.name for path in folder.iterdir())


def assert_whole(run, folder):
    """Nothing but whole, different pictures, as the result says."""
    assert files_in(folder) == sorted(frame.path.name for frame in run.saved)
    for frame in run.saved:
        content = frame.path.read_bytes()
        check_jpeg(content)
        assert (sha256(content).hexdigest(), len(content)) == (frame.sha256, frame.size)
    assert len({frame.sha256 for frame in run.saved}) == len({frame.timestamp for frame in run.saved})
    assert not run.problems() or not run.complete


def test_twenty_different_frames_cost_twenty_requests(een, camera, control, tmp_path):
    "A healthy camera gives a new frame to every request, and no request is wasted"
    control.reset()
    run = download(een, camera, tmp_path)
    assert run.complete and len(run.saved) == 20
    assert (run.requests, run.repeated, run.failures) == (20, 0, ())
    assert control.count("/asset/") == 20
    assert_whole(run, tmp_path)
    parts = [NAME.fullmatch(name) for name in files_in(tmp_path)]
    assert [int(part[1]) for part in parts] == list(range(20))
    assert {part[2] for part in parts} == {camera}
    assert all(0 < frame.latency_s <= run.elapsed_s for frame in run.saved)


def test_the_same_camera_gives_the_same_frames(een, camera, tmp_path):
    "With the demo's clock at rest, two runs save the same files under the same names"
    one, two = (download(een, camera, tmp_path / name) for name in "ab")
    assert [f.path.name for f in one.saved] == [f.path.name for f in two.saved]
    assert not two.compare(one)["new"].any()
    assert two.compare(download(een, camera, tmp_path / "c", count=3))["new"].sum() == 17


def test_picks_a_healthy_camera_when_none_is_given(een, tmp_path):
    "Without a camera one is drawn at random, the same for the same seed"
    run = download(een, None, tmp_path, count=2, seed=3)
    assert run.complete
    assert run.camera_id == een.healthy_camera(seed=3)


@pytest.mark.parametrize(("count", "workers"), [(1, 5), (3, 5), (7, 2), (5, 1), (20, 20)])
def test_never_asks_for_more_than_it_needs(een, camera, control, tmp_path, count, workers):
    "Whatever the number of workers, there are as many requests as frames"
    control.reset()
    run = download(een, camera, tmp_path, count=count, workers=workers)
    assert run.complete and len(run.saved) == count
    assert run.requests == control.count("/asset/") == count


def test_a_camera_with_rare_frames_gives_them_all(tmp_path):
    "Where frames are minutes apart the steps grow, until every frame is there"
    times = [NOW - timedelta(seconds=4 + i * 150) for i in range(6)]
    with een_service(camera_with(times)) as (een, _):
        run = download(een, CAMERA, tmp_path, count=6)
    assert {frame.at for frame in run.saved} == set(times)
    assert run.complete and run.repeated > 0
    assert_whole(run, tmp_path)


def test_too_few_frames_are_a_result_with_its_reason(tmp_path):
    "A camera that has only four frames gives four, and says what it said about more"
    times = [NOW - timedelta(seconds=2 * i) for i in range(4)]
    with een_service(camera_with(times)) as (een, _):
        run = download(een, CAMERA, tmp_path)
    assert len(run.saved) == 4 and not run.complete
    assert "Wanted: 20" in run.summary() and "no matching asset" in run.summary()
    assert_whole(run, tmp_path)


def test_too_few_attempts_are_a_result_with_its_reason(een, camera, tmp_path):
    "Seven attempts give seven frames, and advice"
    run = download(een, camera, tmp_path, attempts=7)
    assert (len(run.saved), run.requests) == (7, 7)
    assert "7 attempts are used up" in run.summary() and "Give more attempts" in run.summary()


def test_never_makes_more_requests_than_allowed(tmp_path):
    "Nor do workers that wait for the newest frame's time overshoot the number of attempts"

    def slow_newest(handler, number):
        if "timestamp=now" in handler.path:
            time.sleep(0.3)
        send_frame(handler, NOW)

    with een_service(slow_newest) as (een, server):
        run = download(een, CAMERA, tmp_path, attempts=6)
    assert run.requests == 6
    assert sum("/asset/" in seen.path for seen in server.seen) == 6


def test_frames_with_other_times_and_the_same_bytes_count_once(tmp_path):
    "A frozen camera that renames one picture has one frame"
    times = iter(range(1000))
    with een_service(lambda h, n: send_frame(h, NOW - timedelta(seconds=next(times)), drawn("frozen"))) as (
        een,
        _,
    ):
        run = download(een, CAMERA, tmp_path, attempts=12)
    assert len(run.saved) == 1 and run.repeated == 11
    assert len(files_in(tmp_path)) == 1


def test_files_with_other_times_and_the_same_bytes_count_once(tmp_path):
    "Two copies of one picture in the folder are one frame, and the missing one is fetched"
    for number, second in enumerate((58, 56)):
        (tmp_path / f"0{number}-{CAMERA}-preview-201904122044{second}.000.jpeg").write_bytes(drawn("same"))
    with een_service(camera_with([NOW - timedelta(seconds=2 * n) for n in range(9)])) as (een, _):
        run = download(een, CAMERA, tmp_path, count=2)
    assert run.complete and run.found_before == 1
    assert len({frame.sha256 for frame in run.saved}) == 2
    assert [name[:2] for name in files_in(tmp_path)] == ["00", "01", "02"]


@pytest.mark.parametrize("stamp", ["00010101000000.000", "99991231235959.999", "20190230000000.000"])
def test_a_camera_whose_clock_was_never_set_is_a_result(tmp_path, stamp):
    "A time that cannot be read is a failure with its reason, not an exception"

    def answer(handler, number):
        send(handler, 200, drawn("x"), Content_Type="image/jpeg", x_ee_timestamp=f"preview-{stamp}")

    with een_service(answer) as (een, _):
        run = download(een, CAMERA, tmp_path, count=3, attempts=4)
    assert not run.saved and len(run.failures) == 4
    assert f"Eagle Eye sent '{stamp}'" in run.failures[0].reason
    assert len(run.frames) == 0


@pytest.mark.parametrize("stamp", ["00010101000000.000", "99990230000000.000"])
def test_a_file_with_an_impossible_time_disturbs_nothing(tmp_path, stamp):
    "It is left alone, and the download goes on beside it"
    odd = tmp_path / f"00-{CAMERA}-preview-{stamp}.jpeg"
    odd.write_bytes(drawn("odd"))
    with een_service(camera_with([NOW - timedelta(seconds=2 * n) for n in range(9)])) as (een, _):
        run = download(een, CAMERA, tmp_path, count=2)
    assert run.complete and run.found_before == 0
    assert odd.read_bytes() == drawn("odd")


def test_a_damaged_picture_is_fetched_again(tmp_path):
    "Whole at both ends and damaged in between: it is not kept, and the next, good copy of the same frame is"
    good = drawn("good")
    damaged = good[:300] + good[-2:]
    with een_service(lambda h, n: send_frame(h, NOW, good if n else damaged)) as (een, _):
        run = download(een, CAMERA, tmp_path, count=1)
    assert [frame.path.read_bytes() for frame in run.saved] == [good]
    assert (run.requests, run.repeated) == (2, 0) and "corrupt" in run.failures[0].reason


def test_the_next_request_is_out_before_a_picture_is_decoded(tmp_path, monkeypatch):
    "So the time it takes to decode and write a picture does not delay the requests"
    asked, asked_when_checked = [], []
    fetch, check = EagleEyeV1.receive_frame, ReceivedFrame.check
    monkeypatch.setattr(EagleEyeV1, "receive_frame", lambda *a, **o: asked.append(a) or fetch(*a, **o))
    monkeypatch.setattr(
        ReceivedFrame, "check", lambda frame: asked_when_checked.append(len(asked)) or check(frame)
    )
    with een_service(camera_with([NOW - timedelta(seconds=n) for n in range(9)])) as (een, _):
        assert download(een, CAMERA, tmp_path, count=3, workers=1).complete
    assert asked_when_checked == [2, 3, 3]


@pytest.mark.parametrize("workers", [1, 3])
def test_no_more_requests_are_under_way_than_workers(tmp_path, workers):
    "However many pictures wait to be decoded"
    under_way, most, lock, together = [0], [0], threading.Lock(), threading.Barrier(workers)

    def answer(handler, number):
        with lock:
            under_way[0] += 1
            most[0] = max(most[0], under_way[0])
        if number < workers:
            together.wait(30)
        time.sleep(0.02)
        with lock:
            under_way[0] -= 1
        send_frame(handler, NOW - timedelta(seconds=2 * number))

    with een_service(answer) as (een, _):
        assert download(een, CAMERA, tmp_path, count=9, workers=workers).complete
    assert most[0] == workers


def test_waits_a_little_after_a_failure(tmp_path):
    "The next request to a camera that fails does not come at once, whichever worker makes it"
    times = []

    def answer(handler, number):
        times.append(time.monotonic())
        send(handler, 503) if number == 0 else send_frame(handler, NOW)

    with een_service(answer) as (een, _):
        download(een, CAMERA, tmp_path, count=1, workers=1)
    assert len(times) == 2 and times[1] - times[0] > PAUSES.backoff_s / 2


def test_a_silent_camera_ends_soon_with_its_reason(een, tmp_path):
    "One that is off, one whose bridge times out: no file, the vendor's words, no endless loop"
    devices = een.devices()
    for position in (25, 72):
        run = download(een, devices.loc[position, "id"], tmp_path)
        assert not run.saved and 1 <= run.requests <= GIVE_UP_AFTER + 5
        assert (
            "no matching asset" in run.summary() or "proxy destination node connect timeout" in run.summary()
        )
        assert len(run.failed) == len(run.failures) > 0
    assert files_in(tmp_path) == []


@pytest.mark.parametrize("camera_id", ["10ffffff", "bridge"])
def test_an_unknown_camera_and_a_bridge_are_errors(een, tmp_path, camera_id):
    "A device that is not a camera of the account is named as such, and nothing is left behind"
    if camera_id == "bridge":
        camera_id = een.devices().loc[9, "id"]
    with pytest.raises(errors.NotFound, match=r"has no device 10ffffff|is a bridge, not a camera"):
        download(een, camera_id, tmp_path)
    assert files_in(tmp_path) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"camera_id": "nonsense"},
        {"count": 0},
        {"count": True},
        {"count": 2.5},
        {"workers": 0},
        {"workers": None},
        {"attempts": -1},
    ],
)
def test_a_wrong_argument_is_an_error_before_any_request(een, control, tmp_path, wrong):
    "Malformed ids and numbers that are not positive are named"
    with pytest.raises(errors.InputError, match=r"nonsense|at least 1"):
        download(een, **{"camera_id": "1001abcd", "out": tmp_path, **wrong})
    assert control.count("") == 0


def test_takes_numbers_from_a_table(tmp_path):
    "A count that numpy made is a count"
    with een_service(camera_with([NOW - timedelta(seconds=2 * n) for n in range(9)])) as (een, _):
        run = download(een, CAMERA, tmp_path, count=np.int64(3), workers=np.int32(2), attempts=np.int64(9))
    assert run.complete and len(run.saved) == 3


@pytest.mark.parametrize("options", [{"count": 3}, {"count": 20, "attempts": 3}])
def test_starts_no_more_workers_than_there_are_frames(tmp_path, monkeypatch, options):
    "A hundred thousand workers for three frames are three"
    started = []
    monkeypatch.setattr(
        "camkit.cameras.een.previews.download.run_together",
        lambda tasks, n: started.append(n) or run_together(tasks, n),
    )
    with een_service(camera_with([NOW - timedelta(seconds=2 * n) for n in range(9)])) as (een, _):
        run = download(een, CAMERA, tmp_path, workers=100_000, **options)
    assert len(run.saved) == 3
    assert started == [6]  # two greenlets per worker: while one requests, the other may save


def test_a_file_in_place_of_the_folder_is_an_error(een, camera, tmp_path):
    "It is named, and it is still what it was"
    (tmp_path / "out").write_text("mine")
    with pytest.raises(errors.OutputError, match="is a file, not a folder"):
        download(een, camera, tmp_path / "out")
    assert (tmp_path / "out").read_text() == "mine"


def test_a_disk_that_fills_up_keeps_what_was_saved(demo, tmp_path):
    "The frame that cannot be written is an OutputError; no partial file is left"
    script = """
        import resource, signal
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000))
        try:
            download_previews(een, camera, out=OUT, progress=False)
        except errors.OutputError as error:
            print(error)
    """
    with download_process(demo, tmp_path, script) as process:
        said, complaints = process.communicate(timeout=30)
    assert "cannot be written" in said, complaints
    assert files_in(tmp_path) == []


def test_asks_again_for_what_failed(een, camera, control, tmp_path):
    "Every third request fails, and in the end all frames are there and all failures are listed"
    control.faults(
        {"route": "/asset/*", "kind": "status", "params": {"status": 503}, "probability": 0.3, "seed": 4}
    )
    run = download(een, camera, tmp_path, attempts=60)
    assert run.complete
    assert run.requests == 20 + run.repeated + len(run.failures)
    assert {failure.status for failure in run.failures} == {503}
    assert_whole(run, tmp_path)


def test_waits_when_the_service_says_so(een, camera, control, tmp_path):
    "A 429 with Retry-After stops all workers for that long and costs one request, not all attempts"
    control.reset()
    limit = {
        "route": "/asset/*",
        "kind": "status",
        "params": {"status": 429, "retry_after": 1},
        "times": 1,
        "after": 4,
    }
    control.faults(limit)
    start = time.monotonic()
    run = download(een, camera, tmp_path, count=15, workers=3)
    assert run.complete and len(run.failures) == 1
    assert time.monotonic() - start >= 1.0


def test_ends_when_the_service_asks_for_too_long_a_wait(tmp_path):
    "An hour's Retry-After is a result, not an hour's wait"
    with een_service(lambda h, n: send(h, 429, Retry_After="3600")) as (een, _):
        run = download(een, CAMERA, tmp_path)
    assert not run.saved and "HTTP 429" in run.summary()


@pytest.mark.parametrize("status", [400, 404, 410, 418, 503])
def test_ends_whatever_the_failure_that_asks_for_too_long_a_wait(tmp_path, status):
    "Not only a 429 may say to come back in an hour; the result says how long, and nobody waits"
    row = [None, CAMERA, "Door", "camera"]
    with een_service(lambda h, n: send(h, status, b"no", Retry_After="3600"), [row]) as (een, _):
        run = download(een, CAMERA, tmp_path, workers=1)
    assert not run.saved and run.requests == 1
    assert "asks to wait 3600 s" in run.summary() and f"HTTP {status}" in run.summary()


def test_keeps_what_it_has_when_it_is_asked_to_wait_too_long(tmp_path):
    "Frames saved before that count, and the shortfall says why there are no more"
    times = [NOW - timedelta(seconds=2 * n) for n in range(30)]

    def answer(handler, number):
        if number < 3:
            camera_with(times)(handler, number)
        else:
            send(handler, 404, b"no matching asset", Retry_After="3600")

    with een_service(answer) as (een, _):
        run = download(een, CAMERA, tmp_path, workers=1)
    assert len(run.saved) == 3 and "asks to wait 3600 s" in run.shortfall


def test_a_refused_login_is_an_error(demo, tmp_path):
    "A wrong password ends the download before the first frame"
    with (
        demo_site({**demo.info, "een_password": "not-the-password"}) as site,
        pytest.raises(errors.LoginRefused),
    ):
        download(site.een, "1001abcd", tmp_path)
    assert files_in(tmp_path) == []


def test_a_service_that_cannot_be_reached_is_an_error(tmp_path):
    "The error comes after one login, not after every worker has tried"
    with een_service(lambda h, n: send_frame(h, NOW)) as (een, _):
        pass
    with pytest.raises(errors.ServiceUnreachable, match="Eagle Eye: there is no connection to"):
        download(een, CAMERA, tmp_path)


def test_a_session_that_expires_in_the_middle_costs_one_login(een, camera, control, tmp_path):
    "All workers go on after one new login, and no frame is lost"
    control.reset()
    control.faults({"route": "/asset/*", "kind": "slow", "params": {"ms": 60}})
    expired = threading.Timer(0.15, control.expire_sessions)
    expired.start()
    run = download(een, camera, tmp_path)
    expired.join()
    assert run.complete and not run.failures
    assert control.count("authenticate") == 1
    assert_whole(run, tmp_path)


def test_goes_on_where_an_earlier_run_ended(een, camera, control, tmp_path):
    "Frames that are there count, keep their names and bytes, and are not fetched again"
    first = download(een, camera, tmp_path, count=8)
    kept = {path: path.read_bytes() for path in tmp_path.iterdir()}
    times = {path: path.stat().st_mtime_ns for path in kept}
    control.reset()
    second = download(een, camera, tmp_path)
    assert second.complete and second.found_before == 8
    assert control.count("/asset/") == second.requests == 12
    assert {path: path.read_bytes() for path in kept} == kept
    assert {path: path.stat().st_mtime_ns for path in kept} == times
    assert {frame.timestamp for frame in first.saved} < {frame.timestamp for frame in second.saved}
    assert_whole(second, tmp_path)
    control.reset()
    assert download(een, camera, tmp_path).complete
    assert control.count("/asset/") == 0


def test_a_broken_or_foreign_file_in_the_folder_is_left_alone(een, camera, tmp_path):
    "Half a frame, another camera's frame, a folder and a note neither count nor get lost"
    run = download(een, camera, tmp_path, count=2)
    content = run.saved[0].path.read_bytes()
    odd = {
        f"07-{camera}-preview-20190412204000.000.jpeg": content[:500],
        "00-1001abcd-preview-20190412204000.000.jpeg": content,
        "notes.txt": b"mine",
    }
    for name, data in odd.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / f"08-{camera}-preview-20190412204001.000.jpeg").mkdir()
    again = download(een, camera, tmp_path, count=4)
    assert again.complete and again.found_before == 2
    assert {name: (tmp_path / name).read_bytes() for name in odd} == odd


def test_two_threads_download_at_once(demo, tmp_path):
    "Each thread has its own hub; both runs are complete"
    runs = {}

    def work(name, seed):
        with demo_site(demo.info) as site:
            runs[name] = download(site.een, None, tmp_path / name, seed=seed)
        gevent.get_hub().destroy(destroy_loop=True)

    threads = [threading.Thread(target=work, args=(name, seed)) for name, seed in (("a", 1), ("b", 2))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert all(run.complete and run.requests == 20 for run in runs.values())
    for name, run in runs.items():
        assert_whole(run, tmp_path / name)


def test_shows_itself(een, camera, tmp_path, capsys, monkeypatch):
    "Table, contact sheet, summary and progress bar hold all frames"
    monkeypatch.setattr("camkit.cameras.een.previews.download.BAR_AFTER_S", 0)
    run = download_previews(een, camera, out=tmp_path, count=6)
    assert "6/6" in capsys.readouterr().err
    assert run.frames["bytes"].between(5_000, 30_000).all()
    assert run.contact_sheet(columns=3).size[0] > 600
    assert str(run).startswith("6 different frames of camera")
    assert "<table" in run._repr_html_()
    run.saved[0].path.write_bytes(b"tampered")
    run.saved[1].path.unlink()
    assert len(run.problems()) == 2


@contextmanager
def download_process(demo, out, script: str) -> Iterator[subprocess.Popen]:
    """A process of its own that logs in and runs a script; `ready` on stdout starts the test's part."""
    prelude = f"""
        from camkit import errors
        from camkit.cameras.een.previews.download import download_previews
        from camkit.site import demo_site
        OUT = {str(out)!r}
        een = demo_site({demo.info!r}).een
        camera = een.healthy_camera(seed=1)
    """
    code = textwrap.dedent(prelude) + textwrap.dedent(script)
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()


def wait_for_files(folder, number: int) -> None:
    until = time.monotonic() + 20
    while len(list(folder.glob("*.jpeg"))) < number:
        assert time.monotonic() < until, "the download did not get that far"
        time.sleep(0.01)


def test_an_interrupt_ends_it_at_once(demo, control, tmp_path):
    "Ctrl-C in the middle is a KeyboardInterrupt at once that says what is there: whole frames only; a new run goes on"
    control.faults({"route": "/asset/*", "kind": "slow", "params": {"ms": 150}})
    script = """
        import os, gevent
        try:
            download_previews(een, camera, out=OUT, progress=False)
        except KeyboardInterrupt as stop:
            files = os.listdir(OUT)
            gevent.sleep(0.5)  # whatever was left behind would go on now
            print("ended" if os.listdir(OUT) == files else "went on")
            print(stop)
    """
    with download_process(demo, tmp_path, script) as process:
        wait_for_files(tmp_path, 3)
        process.send_signal(signal.SIGINT)
        said, complaints = process.communicate(timeout=30)
    before = files_in(tmp_path)
    kept = f"{len(before)} of 20 frames are in the folder {tmp_path}. Run the cell again: it fetches the others only."
    assert (said, complaints) == (f"ended\n{kept}\n", "")
    assert all(NAME.fullmatch(name) for name in before) and len(before) < 20
    control.faults()
    control.reset()
    with demo_site(demo.info) as site:
        run = download(site.een, site.een.healthy_camera(seed=1), tmp_path)
    assert run.complete and run.requests == 20 - len(before)
    assert_whole(run, tmp_path)


def test_a_killed_process_leaves_only_whole_frames(demo, control, tmp_path):
    "After kill -9 in the middle no partial file is among the results, and a new run fetches only the rest"
    control.faults({"route": "/asset/*", "kind": "drip", "params": {"bytes_per_s": 60_000}})
    with download_process(
        demo, tmp_path, "download_previews(een, camera, out=OUT, progress=False)"
    ) as process:
        wait_for_files(tmp_path, 5)
        process.kill()
        process.wait()
    results = [path for path in tmp_path.iterdir() if not path.name.startswith(".")]
    assert 5 <= len(results) < 20
    for path in results:
        check_jpeg(path.read_bytes())
    control.faults()
    control.reset()
    with demo_site(demo.info) as site:
        run = download(site.een, site.een.healthy_camera(seed=1), tmp_path)
    assert run.complete
    assert run.requests == 20 - len(results)
