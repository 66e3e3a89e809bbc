"""Time of `load_badges` on a workbook, compared with python-calamine alone, which only gives its cells.

Run as ``python -m tests.bench.bench_workbook [rows]``.
"""

from __future__ import annotations

import sys
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

import openpyxl
import pandas as pd
from python_calamine import CalamineWorkbook

from camkit.badges import load_badges
from tests.bench.bench_badges import timed
from tests.bench.measure import Row, in_turn

ROUNDS = 7


def write_workbook(path: Path, rows: int) -> None:
    """Write a log with dates, text and numbers, in order of time."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(["timestamp", "UserID", "reader_id", "outcome", "No"])
    start = datetime(2026, 5, 1)  # noqa: DTZ001 - a cell has a time without a zone
    for number in range(rows):
        at = start + timedelta(seconds=7 * number)
        sheet.append([at, f"{number % 5_000:05d}", f"door-{number % 40:02d}", "granted", number])
    book.save(path)


def bench(rows: int = 100_000) -> list[Row]:
    """One workbook of this many rows."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "badges.xlsx"
        write_workbook(path, rows)
        ways = {
            "python-calamine": timed(
                lambda: CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
            ),
            "camkit": timed(lambda: load_badges(path, "America/Denver")),
        }
        return in_turn(f"load a workbook, {rows:,} rows", ways, rounds=ROUNDS)


if __name__ == "__main__":
    print(pd.DataFrame(bench(*map(int, sys.argv[1:2]))).round(3).to_string(index=False))
