"""A pytest plugin that makes nbval compare pictures too, and refuse cells that were never run."""

from __future__ import annotations

from typing import Any

import pytest


def pytest_collectstart(collector: Any) -> None:
    """By default nbval skips images, which are what these notebooks are about."""
    if hasattr(collector, "skip_compare"):
        kept = (key for key in collector.skip_compare if not key.startswith("image/"))
        collector.skip_compare = tuple(kept)


def pytest_runtest_setup(item: Any) -> None:
    """By default nbval passes a notebook that is stored without outputs."""
    if hasattr(item, "cell") and item.cell.execution_count is None:
        pytest.fail("this cell is stored without having been run; use `make notebooks`", pytrace=False)
