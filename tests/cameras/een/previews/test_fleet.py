"""Preview frames of many cameras, and the calls that a cluster can share."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest
import requests
from distributed import Client, LocalCluster
from pydantic import SecretStr

import camkit
from camkit.badges import load_badges, load_doors, resolve
from camkit.cameras import Picture, borrowed, lend, snapshots_for
from camkit.cameras.een import EagleEye, EagleEyeV1, probe_cameras, usable_cameras
from camkit.cameras.een.previews import download_fleet, download_previews
from camkit.errors import InputError, LoginRefused
from camkit.site import demo_site
from camkit.support.locks import locked
from tests.conftest import ROOT
from tests.http.test_canaries import secrets_in

slow = [pytest.mark.slow, pytest.mark.timeout(180)]


@pytest.fixture(params=["v1", "v3"])
def een(request, demo) -> Iterator[EagleEye]:
    "The demo's account, by both versions of the API"
    with demo_site(demo.info, een_api=request.param) as site:
        yield site.een


@pytest.fixture
def cluster() -> Iterator[LocalCluster]:
    "Two processes, encrypted, with a dashboard"
    with LocalCluster(
        n_workers=2, threads_per_worker=1, security=True, dashboard_address="127.0.0.1:0"
    ) as cluster:
        yield cluster


@pytest.fixture
def client(cluster: LocalCluster) -> Iterator[Client]:
    "Of the two processes"
    with Client(cluster, set_as_default=False) as client:
        yield client


def healthy(een: EagleEye, count: int) -> list[str]:
    "So many cameras that have pictures"
    probed = probe_cameras(een)
    return probed.loc[probed["answered"], "id"].tolist()[:count]


def contents(folder: Path) -> dict[str, bytes]:
    "The pictures in a folder and those below it"
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.jpeg")}


@pytest.mark.not_quick
def test_many_cameras_give_what_each_gives_alone(een, tmp_path):
    "The same files, each camera in a folder of its own"
    ids = healthy(een, 3)
    fleet = download_fleet(een, ids, count=6, out=tmp_path / "fleet")
    for camera in ids:
        download_previews(een, camera, count=6, out=tmp_path / "alone" / camera)
    assert contents(tmp_path / "fleet") == contents(tmp_path / "alone")
    assert fleet.complete
    assert fleet.cameras["camera_id"].tolist() == ids
    assert fleet.summary() == "18 frames of 3 cameras; 3 cameras are complete."


@pytest.mark.not_quick
def test_a_camera_that_fails_does_not_stop_the_others(een, tmp_path):
    "It is named, with the reason"
    (good,) = healthy(een, 1)
    fleet = download_fleet(een, ["0badcafe", good], count=2, attempts=4, out=tmp_path)
    assert not fleet.complete
    assert list(fleet.runs) == [good]
    assert fleet.cameras["camera_id"].tolist() == ["0badcafe", good]
    assert "0badcafe" in fleet.problems_of["0badcafe"]
    assert "0badcafe" in fleet._repr_html_()
    assert fleet.problems()[0].startswith("Camera 0badcafe: ")


@pytest.mark.not_quick
def test_a_camera_whose_folder_is_in_use_or_not_one_does_not_stop_the_others(een, tmp_path):
    "It is said of that camera"
    one, two, three = healthy(een, 3)
    (tmp_path / one).write_text("mine")
    (tmp_path / two).mkdir()
    with locked(tmp_path / two / f".{two}.lock", "download"):
        run = download_fleet(een, [one, two, three], count=2, out=tmp_path)
    assert [*run.runs] == [three] and run.runs[three].complete
    assert "is running" in run.problems_of[two]
    assert one in run.problems_of and (tmp_path / one).read_text() == "mine"


def test_no_camera_and_another_vendors_account_are_one_sentence(site, tmp_path):
    "Not an empty run"
    with pytest.raises(InputError, match="not a camera to ask"):
        download_fleet(site.een, [], out=tmp_path)
    with pytest.raises(InputError, match=r"give site\.een"):
        download_fleet(site.meraki, out=tmp_path)


def test_an_id_that_is_not_one_is_refused_before_anything_is_asked(een, tmp_path):
    "It would be the name of a folder"
    with pytest.raises(InputError, match="camera"):
        download_fleet(een, ["../../etc"], out=tmp_path / "out")


@pytest.mark.not_quick
def test_a_login_is_not_sent_over_a_connection_that_is_not_encrypted(een, tmp_path):
    "It says how the cluster is to be started"
    with (
        LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster, set_as_default=False) as client,
        pytest.raises(InputError, match="security=True"),
    ):
        download_fleet(een, ["1000a060"], out=tmp_path, client=client)


class OwnCamera:
    """A source that somebody wrote."""

    vendor = "own"

    def snapshot(self, camera_id: str, at: datetime) -> Picture:
        return Picture("own", camera_id, b"jpeg", "0" * 64, at, None)


class TestOnTwoProcesses:
    "The same results, whatever happens to the workers"

    pytestmark = slow

    def test_a_fleet_is_the_same_as_in_one_process(self, een, client, tmp_path):
        "Files, and the table"
        ids = healthy(een, 9)
        one = download_fleet(een, ids, count=8, out=tmp_path / "one")
        two = download_fleet(een, ids, count=8, out=tmp_path / "two", client=client)
        assert contents(tmp_path / "one") == contents(tmp_path / "two")
        pd.testing.assert_frame_equal(one.cameras, two.cameras)

    def test_the_cameras_that_answer_are_the_same_as_in_one_process(self, een, client):
        "In the same order"
        devices = een.devices()
        pd.testing.assert_frame_equal(probe_cameras(een, devices), probe_cameras(een, devices, client=client))

    def test_snapshots_are_the_same_as_in_one_process(self, client, site):
        "Pictures, reasons and people, of both vendors"
        log = load_badges(ROOT / "data" / "sample_badges.csv", "America/Denver")
        events = resolve(log.events.head(12), load_doors(ROOT / "data" / "doors.csv"))
        one, two = (
            snapshots_for(events, site.sources, directory=site.directory, client=chosen)
            for chosen in (None, client)
        )
        assert any(snapshot.picture for snapshot in one)
        assert [(s.event, s.camera, s.result, s.reason, s.sha256, s.cardholder) for s in one] == [
            (s.event, s.camera, s.result, s.reason, s.sha256, s.cardholder) for s in two
        ]

    def test_what_a_worker_cannot_be_lent_is_asked_here(self, client, site):
        "A camera that is connected is never said not to be"
        log = load_badges(ROOT / "data" / "sample_badges.csv", "America/Denver")
        events = resolve(log.events.head(2), load_doors(ROOT / "data" / "doors.csv"))
        vendors = {camera.vendor for event in events for camera in event.cameras}
        cameras = dict.fromkeys(vendors, OwnCamera())
        assert all(one.picture for one in snapshots_for(events, cameras, client=client))

    def test_a_vendor_that_cannot_be_reached_is_asked_once(self, client, site, demo):
        "Not for every camera; the other vendor's pictures come"
        log = load_badges(ROOT / "data" / "sample_badges.csv", "America/Denver")
        events = resolve(log.events.head(12), load_doors(ROOT / "data" / "doors.csv"))
        nowhere = EagleEyeV1(
            "me", SecretStr("wrong"), base_url="http://127.0.0.1:9", demo_origin=demo.info["media"]
        )
        sources = {**site.sources, "een": nowhere}
        one, two = (snapshots_for(events, sources, client=chosen) for chosen in (None, client))
        assert [(s.result, s.reason) for s in one] == [(s.result, s.reason) for s in two]
        assert {s.result.value for s in two} >= {"picture", "failed"}

    def test_a_refused_login_is_tried_once(self, client, demo, site, control, tmp_path):
        "In this process, before anything is sent to the workers"
        usable = site.een.devices()
        control.reset()
        een = EagleEyeV1("me", SecretStr("wrong"), base_url=demo.info["een"], demo_origin=demo.info["media"])
        for call in (
            lambda: download_fleet(een, ["1000a060"], out=tmp_path, client=client),
            lambda: probe_cameras(een, usable, client=client),
        ):
            with pytest.raises(LoginRefused):
                call()
        assert control.count("authenticate") <= 1

    def test_what_was_set_later_is_so_on_the_workers_too(self, client, demo):
        "Full resolution, for one"
        with demo_site(demo.info, een_api="v3") as site:
            site.een.full_resolution = True
            with lend(client, site.een) as name:
                assert client.submit(lambda: borrowed(name).full_resolution).result()

    def test_no_secret_is_in_a_task_a_log_or_on_the_dashboard(
        self, een, cluster, client, demo, tmp_path, caplog
    ):
        "Neither while the work goes on nor after it, nor in what a worker says of a failure"
        caplog.set_level(logging.DEBUG)
        ids = [*healthy(een, 4), "0badcafe"]
        seen: list[str] = []
        ends = threading.Event()

        def look() -> None:
            while not ends.wait(0.05):
                seen.append(everything(cluster, client))

        watching = threading.Thread(target=look)
        watching.start()
        try:
            download_fleet(een, ids, count=12, out=tmp_path, client=client)
        finally:
            ends.set()
            watching.join()
        seen.append(everything(cluster, client))
        text = "\n".join([*seen, caplog.text])
        assert "_download_some" in text
        secrets = secrets_in(text, demo.info)
        assert not secrets
        assert demo.info["een_client_secret"] not in text

    def test_workers_that_are_killed_lose_nothing_and_nothing_is_fetched_twice(
        self, client, site, control, tmp_path
    ):
        "A picture on the disk is not asked for again"
        ids = healthy(site.een, 12)
        client.run_on_scheduler(lambda dask_scheduler: setattr(dask_scheduler, "allowed_failures", 20))
        victims = list(client.run(os.getpid).values())
        control.reset()

        def kill() -> None:
            for pid in victims:
                time.sleep(0.8)
                os.kill(pid, signal.SIGKILL)

        killer = threading.Thread(target=kill)
        killer.start()
        fleet = download_fleet(site.een, ids, count=20, at_once=2, out=tmp_path, client=client)
        killer.join()
        assert fleet.complete
        asked = control.count("asset/prev") + control.count("asset/asset") + control.count("asset/after")
        under_way = len(victims) * 2 * 5  # of each worker two cameras, with five requests each
        assert 12 * 20 <= asked <= 12 * 20 + 2 * under_way

    def test_all_workers_wait_when_the_service_asks_one_of_them_to(self, client, site, control, tmp_path):
        "For about as long as it says"
        ids = healthy(site.een, 8)
        wait = {"status": 429, "retry_after": 3}
        control.faults({"route": "/asset/*", "kind": "status", "params": wait, "times": 1})
        began = time.monotonic()
        fleet = download_fleet(site.een, ids, count=10, at_once=2, out=tmp_path, client=client)
        assert fleet.complete
        assert time.monotonic() - began >= 3


def everything(cluster: LocalCluster, client: Client) -> str:
    "What the scheduler and the workers show: tasks, events, logs, and every page of the dashboard"

    def of_scheduler(dask_scheduler) -> str:
        import pickle

        sent = [pickle.dumps(task.run_spec).decode("latin-1") for task in dask_scheduler.tasks.values()]
        tasks = [
            (key, repr(task), repr(task.run_spec), repr(task.prefix))
            for key, task in dask_scheduler.tasks.items()
        ]
        return repr((tasks, sent, dask_scheduler.transition_log))

    shown = [
        client.run_on_scheduler(of_scheduler),
        repr(client.get_worker_logs()),
        repr(cluster.get_logs()),
        repr(client.get_events()),
    ]
    shown += [repr(client.scheduler_info()), repr(client.get_task_stream())]
    base = cluster.dashboard_link.rsplit("/", 1)[0]
    for page in ("info/main/workers.html", "json/counts.json", "metrics", "status"):
        answer = requests.get(f"{base}/{page}", timeout=10)
        assert answer.status_code == 200
        shown.append(answer.text)
    return "\n".join(shown)


def test_the_public_names_are_there():
    "As a notebook uses them"
    assert camkit.download_fleet is download_fleet
    assert camkit.usable_cameras is usable_cameras
