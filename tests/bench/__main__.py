"""``python -m tests.bench [part ...]``: measure the kit's hot paths and the alternatives.

Prints one table and writes it to ``out/bench/bench.csv``, with a plot and the table in Markdown in the same folder.
"""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from tests.bench.measure import Row
from tools.notebooks import ROOT

PARTS = "download transport snapshots status badges workbook stored fleet case review kernel".split()


def plot(table: pd.DataFrame) -> Figure:
    "Each subject's time divided by camkit's, on a logarithmic axis; a bar of no length means the same time"
    shown = table[table["subject"] != "camkit"].iloc[::-1]
    ratios = shown["ratio_to_ours"]
    figure = Figure(figsize=(9, 0.32 * len(shown) + 1.2), layout="constrained")
    ax = figure.subplots()
    colours = ["#0072b2" if ratio >= 1 else "#d55e00" for ratio in ratios]
    bars = ax.barh(shown["workload"] + ": " + shown["subject"], ratios - 1, left=1, color=colours)
    ax.bar_label(bars, [f"{ratio:.3g}" for ratio in ratios], padding=3, fontsize=8)
    ax.axvline(1, color="black", linewidth=1)
    ax.set_xscale("log")
    ax.set_xlim(ratios.min() / 2.5, ratios.max() * 2)
    ax.xaxis.set_major_formatter("{x:g}")
    ax.set_xlabel("seconds over camkit's seconds (blue: camkit is faster)")
    ax.tick_params(axis="y", labelsize=8)
    ax.margins(y=0.01)
    return figure


def markdown(rows: Iterable[Row]) -> str:
    "The table for README: each workload named once, seconds with their spread, ratios to the ideal and to camkit"
    lines = [
        "| workload | subject | seconds: median (min to max) | of the ideal | of camkit's |",
        "| --- | --- | --- | --- | --- |",
    ]
    before = ""
    for row in rows:
        spread = f"{row.median_s:.3g} ({row.min_s:.3g} to {row.max_s:.3g})"
        ideal = "" if row.ratio_to_ideal is None else f"{row.ratio_to_ideal:.2f}"
        ours = "1" if row.subject == "camkit" else f"{row.ratio_to_ours:.3g}"
        lines.append(
            f"| {row.workload if row.workload != before else ''} | {row.subject} | {spread} | {ideal} | {ours} |"
        )
        before = row.workload
    return "\n".join(lines) + "\n"


def write(rows: list[Row], folder: Path) -> pd.DataFrame:
    "Write what was measured so far: a later part may take long, or fail"
    table = pd.DataFrame([asdict(row) for row in rows])
    table.to_csv(folder / "bench.csv", index=False)
    (folder / "bench.md").write_text(markdown(rows), encoding="utf-8")
    plot(table).savefig(folder / "bench.png", dpi=120)
    return table


def measure(parts: Sequence[str], folder: Path) -> list[str]:
    "Measure the parts and write what they give; return a line for each that failed"
    rows: list[Row] = []
    failed = []
    for part in parts:
        print(f"{part} ...", flush=True)
        started = time.monotonic()
        try:
            rows += importlib.import_module(f"tests.bench.bench_{part}").bench()
        except Exception as error:  # noqa: BLE001 - such as a browser that is not there
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            failed.append(f"{part} was not measured: {reason}")
            print(f"  {failed[-1]}", flush=True)
            continue
        table = write(rows, folder)
        print(f"  took {time.monotonic() - started:.0f} s", flush=True)
    if rows:
        print(table.round(6).to_string(index=False))
        print(f"\nWritten: bench.csv with bench.png and bench.md in {folder}")
    return failed


def main() -> None:
    "Run the parts named on the command line, or all"
    out = ROOT / "out" / "bench"
    out.mkdir(parents=True, exist_ok=True)
    if failed := measure(sys.argv[1:] or PARTS, out):
        sys.exit("\n".join(failed))


if __name__ == "__main__":
    main()
