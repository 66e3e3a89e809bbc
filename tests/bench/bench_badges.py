"""Time and memory of `load_badges` and `flag_events`, beside plain pandas on the same file in the same run.

    python tests/bench/bench_badges.py [rows ...]

Every measurement runs in a process of its own, so that peak memory is its own; a median of several is printed.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd

REPEATS = 5


def write_log(path: Path, rows: int) -> None:
    """Write a clean log in the sample's form: 300 days, 10,000 cardholders, 40 readers."""
    random = np.random.default_rng(20190412)
    start = np.datetime64("2019-04-12T00:00:00")
    with path.open("w", encoding="utf-8") as file:
        file.write("timestamp,UserID,reader_id,outcome\n")
        for done in range(0, rows, 1_000_000):
            count = min(1_000_000, rows - done)
            times = np.datetime_as_string(start + random.integers(0, 300 * 86400, count).astype("timedelta64[s]"))
            people, readers = random.integers(85_060_000, 85_070_000, count), random.integers(0, 40, count)
            outcomes = np.where(random.random(count) < 0.95, "granted", "denied")
            file.writelines(
                f"{at}-06:00,{who:08d},door-{where:02d},{what}\n"
                for at, who, where, what in zip(times, people, readers, outcomes, strict=True)
            )


def with_pandas(path: str) -> None:
    """Read the file as text and its times, which is the least that any loader does."""
    table = pd.read_csv(path, engine="pyarrow", dtype=str)
    table["timestamp"] = pd.to_datetime(table["timestamp"], utc=True)


def with_camkit(path: str) -> None:
    """Load the file."""
    from camkit.badges import load_badges

    load_badges(path)


def with_flags(path: str) -> float:
    """Flag the file's events; only the flagging is timed."""
    from camkit.badges import load_badges
    from camkit.flags import flag_events

    log = load_badges(path)
    started = time.perf_counter()
    flag_events(log.events, hours=("07:00", "19:00"), timezone=log.timezone)
    return time.perf_counter() - started


def measure(name: str, path: str) -> None:
    """Run one measurement in this process and print it as JSON."""
    import pyarrow.csv  # noqa: F401  (both ways need it: not part of the measurement)

    started = time.perf_counter()
    seconds = globals()[name](path)
    seconds = time.perf_counter() - started if seconds is None else seconds
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "peak_mib": peak}))


def medians(name: str, path: Path, repeats: int) -> dict[str, float]:
    """Measure in fresh processes and give the medians."""
    command = [sys.executable, __file__, "--measure", name, str(path)]
    runs = [json.loads(subprocess.run(command, check=True, capture_output=True).stdout) for _ in range(repeats)]
    return {key: median(run[key] for run in runs) for key in runs[0]}


def main(sizes: list[int]) -> None:
    """Print the table."""
    print(f"{'rows':>12}  {'':12}{'seconds':>9}{'ratio':>7}{'peak MiB':>10}{'ratio':>7}")
    for rows in sizes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "badges.csv"
            write_log(path, rows)
            repeats = REPEATS if rows <= 1_000_000 else 1
            base = medians("with_pandas", path, repeats)
            for name in ("with_pandas", "with_camkit", "with_flags"):
                it = base if name == "with_pandas" else medians(name, path, repeats)
                time_ratio, peak_ratio = it["seconds"] / base["seconds"], it["peak_mib"] / base["peak_mib"]
                print(
                    f"{rows:12,}  {name[5:]:12}{it['seconds']:9.2f}{time_ratio:7.2f}"
                    f"{it['peak_mib']:10.0f}{peak_ratio:7.2f}"
                )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(sys.argv[2], sys.argv[3])
    else:
        main([int(text) for text in sys.argv[1:]] or [1_000_000, 10_000_000])
