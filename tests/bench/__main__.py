"""``python -m tests.bench [part ...]``: measure the kit's hot paths beside what one would use instead.

Writes one table to the terminal and to ``out/bench/bench.csv``, and a plot beside it.
"""

from __future__ import annotations

import importlib
import sys
from dataclasses import asdict

import pandas as pd
from matplotlib.figure import Figure

from camkit.notebooks import ROOT

PARTS = ("download", "transport", "snapshots", "status", "badges", "case", "review", "kernel")


def plot(table: pd.DataFrame) -> Figure:
    "Each subject's time over camkit's, one group a workload, on a logarithmic axis"
    shown = table[table["subject"] != "camkit"].iloc[::-1]
    figure = Figure(figsize=(9, 0.32 * len(shown) + 1.2), layout="constrained")
    ax = figure.subplots()
    colours = ["#0072b2" if ratio >= 1 else "#d55e00" for ratio in shown["ratio_to_ours"]]
    ax.barh(shown["workload"] + ": " + shown["subject"], shown["ratio_to_ours"], color=colours)
    ax.axvline(1, color="black", linewidth=1)
    ax.set_xscale("log")
    ax.set_xlabel("time over camkit's (right of the line: camkit is faster)")
    ax.tick_params(axis="y", labelsize=8)
    return figure


def main() -> None:
    "Run the parts asked for, or all"
    out = ROOT / "out" / "bench"
    out.mkdir(parents=True, exist_ok=True)
    rows = []
    for part in sys.argv[1:] or PARTS:
        print(f"{part} ...", flush=True)
        rows += importlib.import_module(f"tests.bench.bench_{part}").bench()
    table = pd.DataFrame([asdict(row) for row in rows])
    table.to_csv(out / "bench.csv", index=False)
    plot(table).savefig(out / "bench.png", dpi=120)
    print(table.round(3).to_string(index=False))
    print(f"\nWritten: {(out / 'bench.csv').relative_to(ROOT)} and bench.png beside it")


if __name__ == "__main__":
    main()
