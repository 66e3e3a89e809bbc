"""A log in parts on a cluster of two processes: what ends, what fills up and what goes away."""

from __future__ import annotations

import errno
import os
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import dask
import pandas as pd
import pytest
from distributed import Client, LocalCluster

from camkit.badges import flag_events, load_badges
from camkit.badges.stored import reading as stored_reading
from camkit.badges.stored import store_badges
from camkit.errors import ClusterError, OutputError
from camkit.support.cluster import on_each
from tests.badges.stored.test_stored import ZONE, same, same_flags, write

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


@pytest.fixture
def cluster() -> Iterator[LocalCluster]:
    "Two processes"
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        yield cluster


@pytest.fixture
def client(cluster: LocalCluster) -> Iterator[Client]:
    "Of the two processes"
    with Client(cluster) as client:
        yield client


def many(folder: Path, files: int = 12, rows: int = 400) -> list[Path]:
    "Exports of one site, each repeating the last rows of the one before"
    start = pd.Timestamp("2026-03-01 06:00:00")
    paths = []
    for number in range(files):
        lines = [
            f"{start + pd.Timedelta(seconds=17 * at)},{at % 37:04},R{at % 5}"
            for at in range(number * rows, (number + 1) * rows + 20)
        ]
        paths.append(write(folder / f"{number:03}.csv", "\n".join(lines)))
    return paths


def test_two_processes_give_the_same(client, tmp_path):
    "Events, account and flags"
    paths = many(tmp_path / "exports")
    log = same(paths, tmp_path / "log", client)
    assert log.counts["duplicates"] == 11 * 20
    same_flags(log, load_badges(paths, ZONE).events, client)


def test_without_a_cluster_the_cores_of_this_machine_are_used_and_left(tmp_path):
    "The processes end with the call"
    log = store_badges(many(tmp_path / "exports", 2), tmp_path / "log", ZONE)
    assert log.counts["events"] == 820


def test_workers_that_are_killed_lose_nothing(cluster, client, tmp_path):
    "Each worker once, in the middle of the work"
    paths = many(tmp_path / "exports", 40)
    client.run_on_scheduler(lambda dask_scheduler: setattr(dask_scheduler, "allowed_failures", 20))
    victims = [info["pid"] for info in client.run(lambda: {"pid": os.getpid()}).values()]
    killed = ThreadPoolExecutor(1).submit(kill_later, victims)
    log = store_badges(paths, tmp_path / "log", ZONE, client=client)
    assert killed.result() == len(victims)
    small = load_badges(paths, ZONE)
    pd.testing.assert_frame_equal(log.pick(), small.events)
    assert log.problems() == small.problems()


def kill_later(pids: list[int]) -> int:
    "Kill these processes, one after another"
    for pid in pids:
        time.sleep(0.7)
        os.kill(pid, signal.SIGKILL)
    return len(pids)


def test_a_scheduler_that_goes_away_is_said_and_what_is_read_stays(tmp_path, monkeypatch):
    "The same call goes on with another cluster"
    paths = many(tmp_path / "exports", 6)
    cluster = LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None)
    client = Client(cluster, timeout="5s")
    try:
        seen = []

        def close_after_three(*arguments, **options):
            for one in on_each(*arguments, **options):
                seen.append(one)
                if len(seen) == 3:
                    cluster.close()
                yield one

        monkeypatch.setattr(stored_reading, "on_each", close_after_three)
        with pytest.raises(ClusterError, match="same call goes on"):
            store_badges(paths, tmp_path / "log", ZONE, client=client)
    finally:
        client.close()
        cluster.close()
    monkeypatch.undo()
    assert len([*(tmp_path / "log").glob("camkit-reading/*/read.json")]) >= 3
    log = store_badges(paths, tmp_path / "log", ZONE)
    pd.testing.assert_frame_equal(log.pick(), load_badges(paths, ZONE).events)


def test_a_full_disk_on_a_worker_is_said_and_the_call_goes_on_when_there_is_room(client, tmp_path):
    "A real limit on the size of files stands for the disk"
    import resource

    paths = many(tmp_path / "exports", 2, rows=4000)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limit(size: int) -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))

    client.run(limit, 2000)
    with pytest.raises(OutputError, match=os.strerror(errno.EFBIG)):
        store_badges(paths, tmp_path / "log", ZONE, client=client)
    client.run(limit, soft)
    log = store_badges(paths, tmp_path / "log", ZONE, client=client)
    assert log.counts["events"] == len(load_badges(paths, ZONE).events)


def test_work_on_the_events_goes_on_where_a_worker_has_to_spill(tmp_path):
    "A worker with little memory puts what it holds on its disk"
    paths = many(tmp_path / "exports", 8, rows=20_000)
    log = store_badges(paths, tmp_path / "log", ZONE)
    limits = {"target": 0.01, "spill": False, "pause": False}
    with (
        dask.config.set({f"distributed.worker.memory.{name}": limit for name, limit in limits.items()}),
        LocalCluster(
            n_workers=1, threads_per_worker=1, memory_limit="400MiB", dashboard_address=None
        ) as cluster,
        Client(cluster) as client,
    ):
        held = client.persist(log.events)
        counted = held.groupby("cardholder_id").size().compute()
        spilled = sum(client.run(lambda dask_worker: len(dask_worker.data.disk)).values())
    assert spilled > 0
    assert counted.sum() == log.counts["events"]


def test_flags_with_a_killed_worker_are_the_same(cluster, client, tmp_path):
    "The shuffle by cardholder is done again where its worker ended"
    paths = many(tmp_path / "exports", 20)
    log = store_badges(paths, tmp_path / "log", ZONE, client=client)
    client.run_on_scheduler(lambda dask_scheduler: setattr(dask_scheduler, "allowed_failures", 20))
    victims = [info["pid"] for info in client.run(lambda: {"pid": os.getpid()}).values()][:1]
    ThreadPoolExecutor(1).submit(kill_later, victims)
    flags = log.flag_events(client=client).compute()
    expected = flag_events(log.pick())
    pd.testing.assert_frame_equal(flags, expected.set_axis(pd.Index(range(len(expected)), name="log_label")))
