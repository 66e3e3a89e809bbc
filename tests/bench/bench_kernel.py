"""What a user waits for: the import, and the first picture in a fresh kernel."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from jupyter_client.manager import start_new_kernel

from tests.bench.measure import Row, in_turn
from tools.notebooks import ROOT, working_copy


def process(code: str) -> float:
    "The duration of an interpreter that runs some code, seconds"
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - started


def first_picture() -> float:
    "From starting notebook 02's kernel to its first output with a picture in it"
    import nbformat

    with tempfile.TemporaryDirectory() as folder:
        copy = working_copy(ROOT, Path(folder))
        book = nbformat.read(copy / "notebooks" / "02_snapshots.ipynb", as_version=4)
        started = time.perf_counter()
        manager, client = start_new_kernel(
            kernel_name="python3",
            cwd=str(copy / "notebooks"),
            env={**os.environ, "CAMKIT_DEMO": "1"},
            extra_arguments=["--IPKernelApp.log_level=40"],
        )
        seen: list[float] = []

        def look(message: dict[str, Any]) -> None:
            if "data:image/jpeg" in str(message["content"].get("data", "")) and not seen:
                seen.append(time.perf_counter() - started)

        try:
            for cell in (cell for cell in book.cells if cell.cell_type == "code"):
                client.execute_interactive(cell.source, output_hook=look, timeout=60)
                if seen:
                    return seen[0]
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
    raise AssertionError("notebook 02 showed no picture")


def bench() -> list[Row]:
    "Import and first picture"
    subjects = {"camkit": lambda: process("import camkit"), "bare interpreter": lambda: process("pass")}
    rows = in_turn("import camkit, interpreter included", subjects, rounds=11)
    return rows + in_turn("notebook 02 to its first picture", {"camkit": first_picture}, rounds=3)
