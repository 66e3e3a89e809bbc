"""Tasks on a cluster: their order, their errors, and what is said where Dask is missing."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator

import psutil
import pytest
from distributed import Client, Future, LocalCluster

from camkit.badges.stored import store_badges
from camkit.errors import ClusterError, InputError, OutputError
from camkit.support import cluster
from camkit.support.cluster import active, on_each
from tests.conftest import ROOT

DATA = ROOT / "data"
STAYS = "What was done stays."


@pytest.fixture
def client() -> Iterator[Client]:
    "Two threads of this process"
    with (
        LocalCluster(
            processes=False, protocol="tcp://", n_workers=1, threads_per_worker=2, dashboard_address=None
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield client


def test_results_come_in_the_order_of_the_items(client):
    "More of them than are handed over at a time"
    assert list(on_each(client, lambda number, more: number + more, range(50), 100, what_stays=STAYS)) == [
        *range(100, 150)
    ]


def test_what_a_task_cannot_write_is_said_with_its_name(client, caplog):
    "As an error of the kit, and not as a traceback in the worker's log"

    def full(number: int) -> None:
        raise OSError(28, "No space left on device", "/disk/part.parquet")

    with pytest.raises(
        OutputError, match=r"/disk/part\.parquet: No space left on device.* What was done stays\."
    ):
        list(on_each(client, full, [1], what_stays=STAYS))
    assert "Compute Failed" not in caplog.text


class SlowToRead:
    "What takes a second to be read where it arrives"

    def __reduce__(self):
        return _after_a_second, ()


def _after_a_second() -> str:
    time.sleep(1)
    return "read"


def test_a_result_that_is_slow_to_arrive_is_waited_for(client, monkeypatch):
    "The task is done, and what it returned is not here yet: a machine with much to do"
    monkeypatch.setattr(cluster, "LOOK_S", 0.2)
    assert list(on_each(client, lambda number: SlowToRead(), range(3), what_stays=STAYS)) == ["read"] * 3


BUSY: list[int] = []


def _busy(number: int) -> int:
    "How many are at work at the same time, of those in this process"
    BUSY.append(number)
    time.sleep(0.2)
    at_once = len(BUSY)
    BUSY.remove(number)
    return at_once


def test_workers_that_come_later_are_given_work_too(monkeypatch):
    "Not only as many tasks as there were threads for at the beginning"
    monkeypatch.setattr(cluster, "LOOK_S", 0.1)
    with (
        LocalCluster(processes=False, n_workers=1, threads_per_worker=1, dashboard_address=None) as local,
        Client(local, set_as_default=False) as client,
    ):
        results = on_each(client, _busy, range(60), what_stays=STAYS)
        next(results)
        local.scale(10)
        assert max(results) > cluster.UNDER_WAY


def test_an_interrupt_while_workers_start_leaves_none(monkeypatch):
    "They would stay as long as the kernel"
    started = LocalCluster.__init__

    def interrupted(self, *args, **options):
        started(self, *args, **options)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.1)

    before = {child.pid for child in psutil.Process().children(recursive=True)}
    monkeypatch.setattr(LocalCluster, "__init__", interrupted)
    with pytest.raises(KeyboardInterrupt), cluster.cluster(None, "A test"):
        pass
    new = [child for child in psutil.Process().children(recursive=True) if child.pid not in before]
    assert [child for child in new if "spawn_main" in " ".join(child.cmdline())] == []


def test_a_client_that_is_closed_during_the_work_is_said(client, monkeypatch):
    "Such as by a cell that was run in between"
    monkeypatch.setattr(cluster, "LOOK_S", 0.0)
    results = on_each(client, time.sleep, [0.1] * 20, what_stays=STAYS)
    next(results)
    client.close()
    with pytest.raises(ClusterError, match="is closed"):
        list(results)


def test_work_that_somebody_else_ends_is_said(client):
    "On a cluster that several people use"

    results = on_each(client, time.sleep, [3], what_stays=STAYS)
    end = threading.Timer(1, lambda: client.cancel([Future(key, client) for key in client.futures]))
    end.start()
    with pytest.raises(ClusterError, match=r"somebody ended the work there.* What was done stays\."):
        next(results)


def test_a_client_that_is_active_is_known_without_dask_being_loaded_for_it():
    "Asking costs nothing where nobody uses Dask"
    assert not active()
    with (
        LocalCluster(processes=False, n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster),
    ):
        assert active()


def test_where_dask_is_missing_it_is_named(monkeypatch, tmp_path):
    "With the command that installs it"
    monkeypatch.setitem(sys.modules, "distributed", None)
    (tmp_path / "a.csv").write_text("event_time,cardholder_id\n2026-03-01 08:00:00,1\n")
    with pytest.raises(InputError, match=r"pip install 'camkit\[dask\]'"):
        store_badges(tmp_path / "a.csv", tmp_path / "log", "America/Denver")


def test_a_client_that_is_none_or_closed_is_said(client, tmp_path):
    "Before anything is done"
    client.close()
    with pytest.raises(ClusterError, match="is closed"):
        store_badges(DATA / "sample_badges.csv", tmp_path / "log", "America/Denver", client=client)
    with pytest.raises(InputError, match=r"must be a distributed\.Client"):
        store_badges(DATA / "sample_badges.csv", tmp_path / "log", "America/Denver", client="localhost:8786")
    assert not (tmp_path / "log" / "log.json").exists()


def test_workers_that_all_end_are_not_waited_for_for_ever(monkeypatch):
    "Nobody starts others in their place"
    monkeypatch.setattr(cluster, "LOOK_S", 0.2)
    monkeypatch.setattr(cluster, "WORKERS_S", 1)
    with (
        LocalCluster(processes=False, n_workers=1, threads_per_worker=1, dashboard_address=None) as local,
        Client(local, set_as_default=False) as client,
    ):
        results = on_each(client, time.sleep, [0, 1, 1, 1, 1, 1], what_stays=STAYS)
        next(results)
        local.scale(0)
        with pytest.raises(ClusterError, match=r"did not have a worker for 1 s.* What was done stays\."):
            list(results)
