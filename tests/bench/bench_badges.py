"""Time and memory of `load_badges` and `flag_events`, beside plain pandas on the same clean file.

Run as ``python tests/bench/bench_badges.py [rows ...]``. Times are medians of runs taken in turn in one process, warm;
peak memory is that of a process which does nothing else.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd

from camkit.badges import load_badges
from camkit.flags import flag_events

ROUNDS = 7
DAYS, CARDHOLDERS, READERS = 300, 10_000, 40


def write_log(path: Path, rows: int) -> None:
    """Write a log in the sample's form, in order of time."""
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
    """Read the file as text, and its times: the least that any loader does."""
    table = pd.read_csv(path, engine="pyarrow", dtype=str)
    table["timestamp"] = pd.to_datetime(table["timestamp"], utc=True)


def with_camkit(path: str) -> None:
    """Load the file."""
    load_badges(path)


WAYS: dict[str, Callable[[str], None]] = {"pandas": with_pandas, "camkit": with_camkit}


def seconds(work: Callable[[], object]) -> float:
    """Time one run."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def peak_mib(way: str, path: Path) -> float:
    """Peak memory of a fresh process that loads the file this way, MiB."""
    command = [sys.executable, __file__, "--peak", way, str(path)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def bench(rows: int, folder: Path) -> None:
    """Measure a log of so many rows and print it."""
    path = folder / "badges.csv"
    write_log(path, rows)
    for load in WAYS.values():
        load(str(path))
    rounds = ROUNDS if rows <= 1_000_000 else 1
    times = {way: [0.0] * rounds for way in WAYS}
    for turn in range(rounds):
        for way, load in WAYS.items():
            times[way][turn] = seconds(lambda load=load: load(str(path)))  # type: ignore[misc]
    peaks = {way: peak_mib(way, path) for way in WAYS}
    for way in WAYS:
        taken, base = median(times[way]), median(times["pandas"])
        print(
            f"{rows:12,}  load, {way:10}{taken:9.2f}{taken / base:7.2f}"
            f"{peaks[way]:11.0f}{peaks[way] / peaks['pandas']:7.2f}"
        )
    events = load_badges(path).events
    flagging = median(
        seconds(lambda: flag_events(events, hours=("07:00", "19:00"))) for _ in range(min(rounds, 3))
    )
    print(f"{rows:12,}  flag_events     {flagging:9.2f}")


def main(sizes: list[int]) -> None:
    """Print the table."""
    print(f"{'rows':>12}  {'':16}{'seconds':>9}{'ratio':>7}{'peak, MiB':>11}{'ratio':>7}")
    for rows in sizes:
        with tempfile.TemporaryDirectory() as folder:
            bench(rows, Path(folder))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--peak"]:
        WAYS[sys.argv[2]](sys.argv[3])
        # Not getrusage: a child process begins with its parent's peak there.
        print(int(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024)  # type: ignore[index]
    else:
        main([int(text) for text in sys.argv[1:]] or [1_000_000, 10_000_000])
