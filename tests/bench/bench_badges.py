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
import pyarrow as pa
import pyarrow.compute as pc

from camkit.badges import flag_events, load_badges
from tests.bench.measure import Row, in_turn, own_peak_mib

ROUNDS = 7
DAYS, CARDHOLDERS, READERS, FILES = 300, 10_000, 40, 200


def write_log(
    path: Path, rows: int, time_format: str = "%Y-%m-%dT%H:%M:%S-06:00", *, people: int = CARDHOLDERS
) -> None:
    """Write a log in the form of the sample, in order of time."""
    random = np.random.default_rng(20190412)
    seconds = np.sort(random.integers(0, DAYS * 86400, rows))
    with path.open("w", encoding="utf-8") as file:
        file.write("timestamp,UserID,reader_id,outcome\n")
        for some in np.array_split(seconds, max(rows // 1_000_000, 1)):
            times = np.datetime64("2019-04-12T00:00:00") + some.astype("timedelta64[s]")
            texts = pc.strftime(pa.array(times), format=time_format).to_pylist()
            numbers = random.integers(85_060_000, 85_060_000 + people, len(some))
            readers = random.integers(0, READERS, len(some))
            outcomes = np.where(random.random(len(some)) < 0.95, "granted", "denied")
            file.writelines(
                f"{at},{who},door-{where:02d},{what}\n"
                for at, who, where, what in zip(texts, numbers, readers, outcomes, strict=True)
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


def odd_logs(folder: Path, rows: int) -> dict[str, Callable[[], object]]:
    """Write logs of this many rows that differ from the clean one in one way; return how each is loaded."""
    clean = folder / "clean.csv"
    write_log(clean, rows)
    text = clean.read_bytes()
    middle = text.index(b"\n", len(text) // 2) + 1
    row = text[middle : text.index(b"\n", middle)]
    at, who, door, outcome = row.split(b",")
    odd = {
        "one blank line": b"",
        "one ragged row": row + b",x",
        "one quoted newline": b",".join([at, who, b'"door\n1"', outcome]),
        "one byte not UTF-8": b",".join([at, who, b"T\xfcr", outcome]),
        "one space before a quote": b",".join([at, who, b' "door"', outcome]),
        "one unreadable time": b",".join([b"?", who, door, outcome]),
    }
    logs = {name: b"%b%b\n%b" % (text[:middle], line, text[middle:]) for name, line in odd.items()}
    header, body = text.split(b"\n", 1)
    logs["trailing commas"] = header + b"\n" + body.replace(b"\n", b",\n")
    logs["all times unreadable"] = (
        header + b"\n" + body.replace(b"2019-", b"????-").replace(b"2020-", b"????-")
    )
    more = b"," + b",".join(b"column %d" % number for number in range(20))
    logs["20 more columns"] = header + more + b"\n" + body.replace(b"\n", b",some text" * 20 + b"\n")
    ways: dict[str, Callable[[], object]] = {"camkit": partial(load_badges, clean)}
    for name, content in logs.items():
        path = folder / f"{name}.csv"
        path.write_bytes(content)
        ways[name] = partial(load_badges, path)
    forms = {
        "naive": "%Y-%m-%d %H:%M:%S",
        "12 hours": "%m/%d/%Y %I:%M:%S %p",
        "month by name": "%d-%b-%Y %H:%M:%S",
    }
    for name, form in forms.items():
        path = folder / f"{name}.csv"
        write_log(path, rows, form)
        ways[name] = partial(load_badges, path, "America/Denver", day_first=False)
    write_log(folder / "people.csv", rows, people=1_000_000_000)
    ways["a different identifier in every row"] = partial(load_badges, folder / "people.csv")
    parts = folder / "parts"
    parts.mkdir()
    lines = body.splitlines(keepends=True)
    for number, start in enumerate(range(0, rows, rows // FILES)):
        (parts / f"{number:03d}.csv").write_bytes(
            b"".join([header, b"\n", *lines[start : start + rows // FILES]])
        )
    ways[f"{FILES} files"] = partial(load_badges, parts)
    return ways


def bench_odd_logs(rows: int) -> list[Row]:
    """Load logs that differ from a clean one of this many rows in one way; ratios are to the clean one."""
    with tempfile.TemporaryDirectory() as folder:
        ways = odd_logs(Path(folder), rows)
        return in_turn(
            f"load odd badges, {rows:,} rows", {name: timed(way) for name, way in ways.items()}, rounds=3
        )


def bench(sizes: Sequence[int] = (1_000_000, 10_000_000)) -> list[Row]:
    """Logs of these sizes, and odd ones of the first size."""
    return [row for rows in sizes for row in bench_rows(rows)] + bench_odd_logs(sizes[0])


if __name__ == "__main__":
    if sys.argv[1:2] == ["--peak"]:
        WAYS[sys.argv[2]](sys.argv[3])
        print(own_peak_mib())
    else:
        table = pd.DataFrame(bench([int(text) for text in sys.argv[1:]] or (1_000_000, 10_000_000)))
        print(table.round(3).to_string(index=False))
