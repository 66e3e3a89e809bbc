"""Time and memory of `load_badges` and `flag_events`, compared with plain pandas on the same clean file.

Run as ``python -m tests.bench.bench_badges [rows ...]``. Times are medians of runs taken in turn in one process, warm;
peak memory is that of a process which does nothing else.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from camkit.badges import flag_events, load_badges
from tests.bench.measure import Row, in_turn, own_peak_mib

ROUNDS = 7
DAYS, CARDHOLDERS, READERS = 300, 10_000, 40


def write_log(path: Path, rows: int) -> None:
    """Write a log in the form of the sample, in order of time."""
    random = np.random.default_rng(20190412)
    seconds = np.sort(random.integers(0, DAYS * 86400, rows))
    with path.open("w", encoding="utf-8") as file:
        file.write("timestamp,UserID,reader_id,outcome\n")
        for some in np.array_split(seconds, max(rows // 1_000_000, 1)):
            times = np.datetime_as_string(
                np.datetime64("2019-04-12T00:00:00") + some.astype("timedelta64[s]")
            )
            people = random.integers(85_060_000, 85_060_000 + CARDHOLDERS, len(some))
            readers = random.integers(0, READERS, len(some))
            outcomes = np.where(random.random(len(some)) < 0.95, "granted", "denied")
            file.writelines(
                f"{at}-06:00,{who},door-{where:02d},{what}\n"
                for at, who, where, what in zip(times, people, readers, outcomes, strict=True)
            )


def with_pandas(path: str) -> None:
    """Read the file as text and parse its times: the least that any loader has to do."""
    table = pd.read_csv(path, engine="pyarrow", dtype=str)
    table["timestamp"] = pd.to_datetime(table["timestamp"], utc=True)


def with_camkit(path: str) -> None:
    """Load the file."""
    load_badges(path)


WAYS: dict[str, Callable[[str], None]] = {"pandas": with_pandas, "camkit": with_camkit}


def timed(work: Callable[[], object]) -> Callable[[], float]:
    """The same work as a subject that returns its seconds."""

    def run() -> float:
        started = time.perf_counter()
        work()
        return time.perf_counter() - started

    return run


def peak_mib(way: str, path: Path) -> float:
    """Peak memory of a fresh process that loads the file this way, MiB."""
    command = [sys.executable, "-m", "tests.bench.bench_badges", "--peak", way, str(path)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def bench_rows(rows: int) -> list[Row]:
    """Load and flag a log with this many rows."""
    rounds = ROUNDS if rows <= 1_000_000 else 1
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "badges.csv"
        write_log(path, rows)
        ways = {name: timed(partial(load, str(path))) for name, load in WAYS.items()}
        found = in_turn(f"load badges, {rows:,} rows", ways, rounds=rounds)
        peaks = {name: peak_mib(name, path) for name in WAYS}
        print(
            f"  peak memory, {rows:,} rows: "
            + ", ".join(f"{way} {peak:,.0f} MiB" for way, peak in peaks.items())
        )
        events = load_badges(path).events
    flagging = {"camkit": timed(partial(flag_events, events, hours=("07:00", "19:00")))}
    return found + in_turn(f"flag events, {rows:,} rows", flagging, rounds=min(rounds, 3), warm_up=False)


def bench(sizes: Sequence[int] = (1_000_000, 10_000_000)) -> list[Row]:
    """Logs of these sizes."""
    return [row for rows in sizes for row in bench_rows(rows)]


if __name__ == "__main__":
    if sys.argv[1:2] == ["--peak"]:
        WAYS[sys.argv[2]](sys.argv[3])
        print(own_peak_mib())
    else:
        table = pd.DataFrame(bench([int(text) for text in sys.argv[1:]] or (1_000_000, 10_000_000)))
        print(table.round(3).to_string(index=False))
