"""The benchmark itself: a part that fails costs nothing but its own rows."""

from __future__ import annotations

import sys
from types import ModuleType

from tests.bench.__main__ import measure
from tests.bench.measure import Row


def part(name: str, bench) -> None:
    "Put a part of the benchmark into place"
    module = ModuleType(name)
    module.bench = bench
    sys.modules[f"tests.bench.bench_{name}"] = module


def fails():
    raise RuntimeError("there is not a browser\nand a long log")


def test_a_part_that_fails_is_reported_and_the_others_are_written(tmp_path):
    "A run of minutes is not lost because of what one part needs"
    part("broken", fails)
    part(
        "good",
        lambda: [Row("work", "camkit", 1.0, 1.0, 1.0, None, 1.0), Row("work", "x", 2.0, 2.0, 2.0, None, 2.0)],
    )
    failed = measure(["good", "broken", "unknown"], tmp_path)
    assert [line.partition(":")[0] for line in failed] == [
        "broken was not measured",
        "unknown was not measured",
    ]
    assert failed[0].endswith(": there is not a browser")
    assert "work,x,2.0" in (tmp_path / "bench.csv").read_text()
    assert (tmp_path / "bench.md").exists() and (tmp_path / "bench.png").exists()
