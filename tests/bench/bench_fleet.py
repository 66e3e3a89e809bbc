"""A fleet: previews of 100 cameras from a server with a delay, in one process and in two."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

from distributed import Client, LocalCluster

from camkit.cameras.een import usable_cameras
from camkit.cameras.een.previews import download_fleet
from camkit.demo.launch import DemoProcess
from camkit.site import demo_site
from tests.bench.measure import Row, in_turn
from tests.support.control import Control

CAMERAS, COUNT, WORKERS, AT_ONCE, DELAY_S = 100, 20, 5, 4, 0.05
IDEAL_S = CAMERAS * COUNT / (WORKERS * AT_ONCE * 2) * DELAY_S
"""Two processes with four cameras each, five requests for each of them, nothing but the delay."""


def bench(rounds: int = 3) -> list[Row]:
    "The same frames on two processes, and in this one with as many requests at a time"
    demo = DemoProcess("--cameras", "160")
    control = Control(demo.info)
    een = demo_site(demo.info).een
    fleet = usable_cameras(een.devices())
    usable = fleet.loc[fleet["usable"], "id"].tolist()
    with tempfile.TemporaryDirectory(
        prefix="camkit-bench-"
    ) as folder:  # some cameras have nothing, or are slow
        runs = download_fleet(een, usable, count=COUNT, at_once=8, out=folder).runs
    ids = [camera for camera, run in runs.items() if run.complete and not run.failures][:CAMERAS]
    control.faults({"route": "/asset/*", "kind": "slow", "params": {"ms": DELAY_S * 1000}})
    with (
        tempfile.TemporaryDirectory(prefix="camkit-bench-") as folder,
        LocalCluster(n_workers=2, threads_per_worker=1, security=True, dashboard_address=None) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        out = Path(folder) / "out"

        def fetch(chosen: Client | None, at_once: int) -> float:
            shutil.rmtree(out, ignore_errors=True)
            began = time.perf_counter()
            download_fleet(een, ids, count=COUNT, workers=WORKERS, at_once=at_once, out=out, client=chosen)
            return time.perf_counter() - began

        subjects = {
            "camkit": lambda: fetch(client, AT_ONCE),
            "camkit, one process": lambda: fetch(None, 2 * AT_ONCE),
        }
        workload = f"fleet: {CAMERAS} cameras x {COUNT} previews, {DELAY_S * 1000:g} ms, 2 processes"
        rows = in_turn(workload, subjects, rounds=rounds, ideal_s=IDEAL_S)
    control.close()
    demo.stop()
    return rows
