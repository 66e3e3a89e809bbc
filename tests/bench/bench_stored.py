"""A log in parts: seconds and memory for each million rows, as the log grows; flags; and reading a month again."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from distributed import Client, LocalCluster
from pyarrow import csv

from camkit.badges import flag_events, load_badges
from camkit.badges.stored import store_badges
from tests.bench.measure import Row, in_turn

ROWS_PER_FILE = 500_000
FILES = (2, 4, 8)
REPEATED = 100
"""Rows of the export before with which an export begins."""

ZONE = "America/Denver"


def exports(folder: Path, files: int, rows: int = ROWS_PER_FILE) -> list[Path]:
    "Monthly exports of 20 sites; each begins with the last hundred rows of the one before at its site"
    chance = np.random.default_rng(1)
    paths = []
    last: dict[int, pa.Table] = {}
    for number in range(files):
        site, month = number % 20, number // 20
        start = np.datetime64("2020-01-01T00:00:00") + np.timedelta64(month * 30, "D")
        at = start + np.sort(chance.integers(0, 30 * 86_400, rows)).astype("timedelta64[s]")
        people = site * 10_000 + chance.integers(0, 5_000, rows)
        readers = chance.integers(0, 200, rows)
        names = pa.array([f"S{site:02}-{number:03}" for number in range(200)])
        table = pa.table(
            {
                "event_time": at.astype("datetime64[s]"),
                "cardholder_id": pc.utf8_lpad(pa.array(people).cast(pa.string()), 8, "0"),
                "reader_id": names.take(pa.array(readers)),
                "outcome": pa.array(np.where(chance.random(rows) < 0.97, "granted", "denied")),
            }
        )
        path = folder / f"site{site:02}" / f"{month:03}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        if site in last:
            table = pa.concat_tables([last[site], table])
        last[site] = table.slice(len(table) - REPEATED)
        csv.write_csv(table, path)
        paths.append(path)
    return paths


def bench(rounds: int = 3) -> list[Row]:
    "Each size in turn with the same in memory, on two processes"
    rows: list[Row] = []
    with (
        tempfile.TemporaryDirectory(prefix="camkit-bench-") as folder,
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        for files in FILES:
            paths = exports(Path(folder) / f"{files}", files)
            million = files * ROWS_PER_FILE / 1e6
            into = Path(folder) / "log"

            def timed(work: Callable[[], object]) -> float:
                shutil.rmtree(into, ignore_errors=True)  # noqa: B023
                began = time.perf_counter()
                work()
                return time.perf_counter() - began

            subjects = {
                "camkit": lambda: timed(lambda: store_badges(paths, into, ZONE, client=client)),  # noqa: B023
                "camkit, in memory": lambda: timed(lambda: load_badges(paths, ZONE)),  # noqa: B023
            }
            rows += in_turn(
                f"a log of {million:g} million rows into Parquet", subjects, rounds=rounds, warm_up=files == 2
            )
            log = store_badges(paths, into.with_name(f"log{files}"), ZONE, client=client)
            events = log.pick()

            def flag() -> float:
                for made in log.folder.glob("flags-*"):  # noqa: B023
                    shutil.rmtree(made)
                began = time.perf_counter()
                log.flag_events(client=client)  # noqa: B023
                return time.perf_counter() - began

            flags = {"camkit": flag, "camkit, in memory": lambda: timed(lambda: flag_events(events))}  # noqa: B023
            rows += in_turn(f"the flags of {million:g} million rows", flags, rounds=rounds, warm_up=False)
    return rows
