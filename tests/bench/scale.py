"""``python -m tests.bench.scale [files ...]``: what a million rows cost as a stored log grows; for docs/scale.md.

Makes exports of half a million rows in ``out/bench/exports``, and writes ``out/bench/scale.csv`` and ``scale.png``.
"""

from __future__ import annotations

import shutil
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pandas as pd
from distributed import Client, LocalCluster
from matplotlib.figure import Figure

from camkit.badges.stored import store_badges
from tests.bench.bench_stored import ROWS_PER_FILE, ZONE, exports
from tests.bench.measure import own_peak_mib
from tools.notebooks import ROOT

SIZES = (4, 20, 100, 200)
OUT = ROOT / "out" / "bench"


def measure(files: int) -> dict[str, float]:
    "One size, on two new processes"
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as apart:  # its memory is not the caller's
        paths = apart.submit(exports, OUT / "exports", files).result()
    into = OUT / "log"
    shutil.rmtree(into, ignore_errors=True)
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        began = time.perf_counter()
        log = store_badges(paths, into, ZONE, client=client)
        stored = time.perf_counter() - began
        peak = max(client.run(own_peak_mib).values())
        began = time.perf_counter()
        log.flag_events(client=client)
        flagged = time.perf_counter() - began
        began = time.perf_counter()
        picked = len(log.pick(log.where(("log_month", "==", "2020-01"), ("reader_id", "==", "S00-007"))))
        found = time.perf_counter() - began
        peak_flags = max(client.run(own_peak_mib).values())
    millions = files * ROWS_PER_FILE / 1e6
    size = sum(path.stat().st_size for path in (into / "events").rglob("*.parquet"))
    return {
        "million rows": millions,
        "store, s": stored,
        "store, s a million": stored / millions,
        "flags, s": flagged,
        "flags, s a million": flagged / millions,
        "a reader's month, s": found,
        "rows of it": picked,
        "peak of a worker, MiB": peak,
        "with flags, MiB": peak_flags,
        "peak of the caller, MiB": own_peak_mib(),
        "Parquet, bytes a row": size / millions / 1e6,
        "duplicates": log.counts["duplicates"],
    }


def plot(table: pd.DataFrame) -> Figure:
    "Seconds a million rows, and memory, over the size of the log"
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name in ("store, s a million", "flags, s a million"):
        left.plot(table["million rows"], table[name], marker="o", label=name.split(",")[0])
    left.set_ylabel("seconds a million rows")
    for name in ("peak of a worker, MiB", "with flags, MiB"):
        right.plot(table["million rows"], table[name], marker="o", label=name.split(",")[0])
    right.set_ylabel("peak memory of a process, MiB")
    for ax in (left, right):
        ax.set_xscale("log")
        ax.xaxis.set_major_formatter("{x:g}")
        ax.set_xlabel("million rows")
        ax.set_ylim(bottom=0)
        ax.grid(alpha=0.3)
        ax.legend()
    return figure


def main() -> None:
    "Measure the sizes named on the command line, or all"
    rows = []
    for files in map(int, sys.argv[1:] or SIZES):
        rows.append(measure(files))
        print(rows[-1], flush=True)
    table = pd.DataFrame(rows)
    OUT.mkdir(parents=True, exist_ok=True)
    table.to_csv(OUT / "scale.csv", index=False)
    plot(table).savefig(OUT / "scale.png", dpi=120)
    print(table.round(3).T.to_string(header=False))


if __name__ == "__main__":
    main()
