"""The download compared with the alternatives, against a demo site in its own process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import requests

from camkit.demo.launch import DemoProcess
from tests.bench.measure import Row, in_turn, rows_of
from tests.bench.peers import SUBJECTS


def run_peer(subject: str, job: dict[str, Any]) -> dict[str, float]:
    """Run one subject in a fresh process, into an empty folder.

    The folder stays until the whole workload is done: ext4 skips the inodes of files just removed, which would cost the
    next subject 0.2 ms a file.
    """
    out = tempfile.mkdtemp(dir=job["folder"])
    command = [sys.executable, "-m", "tests.bench.peers", subject, json.dumps({**job, "out": out})]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def apart(demo: DemoProcess) -> int | None:
    "Give the server a core of its own, and return the client's; None where there are not two, or that cannot be done"
    if not hasattr(os, "sched_setaffinity") or len(cores := sorted(os.sched_getaffinity(0))) < 2:
        return None
    for thread in Path(f"/proc/{demo._process.pid}/task").iterdir():
        os.sched_setaffinity(int(thread.name), {cores[-1]})
    return cores[0]


@contextmanager
def job_on(demo: DemoProcess, count: int, workers: int) -> Iterator[dict[str, Any]]:
    "The job of every subject: the address, the login, the frames"
    base, core = demo.info["een"], apart(demo)
    who = {"username": demo.info["een_username"], "password": demo.info["een_password"]}
    session = requests.Session()
    token = session.post(f"{base}/g/aaa/authenticate", json=who).json()
    cookie = session.post(f"{base}/g/aaa/authorize", json=token).cookies["auth_key"]
    rows = session.get(f"{base}/g/device/list").json()
    camera = next(row[1] for row in rows if row[3] == "camera" and not row[13] and row[10] == 1441847)
    wanted = {"id": camera, "asset_class": "pre", "start_timestamp": "now", "count": -2 * count}
    frames = session.get(f"{base}/asset/list/image", params=wanted).json()
    session.close()
    with tempfile.TemporaryDirectory() as folder:
        moments = Path(folder) / "moments.txt"
        moments.write_text("\n".join(frame["s"] for frame in frames[::2]))  # the kit skips frames, too
        yield {
            "een": base, "camera": camera, "cookie": cookie, "info": dict(demo.info), "folder": folder,
            "moments": str(moments), "count": count, "workers": workers, "core": core,
        }  # fmt: skip


def workload(
    name: str, count: int, workers: int, options: list[str], *, rounds: int, ideal_s: float | None
) -> list[Row]:
    "All subjects on one workload; the plain loop is left out where it would take too long"
    chosen = [s for s in SUBJECTS if not (s == "requests in a loop" and count > 100)]
    done = runs(chosen, count, workers, options, rounds=rounds)
    return rows_of(name, done["seconds"], ideal_s)


def runs(
    chosen: Iterable[str], count: int, workers: int, options: list[str], *, rounds: int
) -> dict[str, dict[str, list[float]]]:
    "Some subjects in turn: seconds, and seconds of processor time, of each"
    done: dict[str, dict[str, list[float]]] = {
        what: {s: [] for s in chosen} for what in ("seconds", "processor_s")
    }
    demo = DemoProcess(*options)
    try:
        with job_on(demo, count, workers) as job:
            for number in range(rounds + 1):  # the first warms the server up
                for subject in chosen:
                    measured = run_peer(subject, job)
                    for what in done if number else ():
                        done[what][subject].append(measured[what])
    finally:
        demo.stop()
    return done


def without_waiting(rounds: int = 3) -> list[Row]:
    "2,000 previews as fast as the server gives them: seconds, and the client's own processor time for each image"
    count = 2000
    chosen = [s for s in SUBJECTS if s != "requests in a loop"]
    done = runs(chosen, count, 5, [], rounds=rounds)
    busy = {s: [used / count for used in times] for s, times in done["processor_s"].items()}
    return [
        *rows_of("2,000 previews, 5 workers, 0 ms", done["seconds"]),
        *rows_of("processor time per image, client alone", busy),
    ]


def curves(rounds: int = 3) -> list[Row]:
    "How the time grows with the number of images and of workers, at 10 ms: camkit beside aiohttp"
    rows: list[Row] = []
    for count, workers in ((20, 5), (200, 5), (2000, 5), (2000, 1), (2000, 20), (2000, 80)):
        done = runs(("camkit", "aiohttp"), count, workers, ["--latency-ms", "10"], rounds=rounds)
        name = f"curve: {count:,} previews, {workers} workers, 10 ms"
        rows += rows_of(name, done["seconds"], count * 0.01 / workers)
    return rows


def different_frames(rounds: int = 5) -> list[Row]:
    "20 different frames from a camera whose clock runs: seconds for each different frame"
    demo = DemoProcess("--clock", "running", "--latency-ms", "100")
    try:
        with job_on(demo, 20, 5) as job:

            def per_frame(subject: str) -> float:
                done = run_peer(subject, job)
                return done["seconds"] / done["different"]

            chosen = ("camkit", "published way")
            return in_turn(
                "seconds per different frame, running clock",
                {s: partial(per_frame, s) for s in chosen},
                rounds=rounds,
                ideal_s=0.4 / 20,
            )
    finally:
        demo.stop()


def memory() -> str:
    "The memory that a download of 2,000 images adds to the process, compared with 200"
    demo = DemoProcess()
    try:
        grown = {}
        for count in (200, 2000):
            with job_on(demo, count, 5) as job:
                grown[count] = run_peer("camkit", job)["grown_mib"]
    finally:
        demo.stop()
    return f"Memory added by 200 images: {grown[200]:.0f} MiB; by 2,000: {grown[2000]:.0f} MiB."


def bench() -> list[Row]:
    "All download workloads"
    rows = workload("20 previews, 5 workers, 100 ms", 20, 5, ["--latency-ms", "100"], rounds=7, ideal_s=0.4)
    rows += without_waiting()
    rows += workload(
        "2,000 previews, 50 workers, 50 ms", 2000, 50, ["--latency-ms", "50"], rounds=3, ideal_s=2.0
    )
    print(" ", memory())
    return rows + different_frames() + curves()
