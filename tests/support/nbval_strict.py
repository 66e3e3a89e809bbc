"""A pytest plugin that makes nbval compare pictures and reject cells that were never run."""

from __future__ import annotations

from typing import Any

import pytest


def pytest_collectstart(collector: Any) -> None:
    """Compare images, which nbval skips by default."""
    if hasattr(collector, "skip_compare"):
        kept = (key for key in collector.skip_compare if not key.startswith("image/"))
        collector.skip_compare = tuple(kept)


def pytest_runtest_setup(item: Any) -> None:
    """Fail for a cell without stored outputs, which nbval accepts by default."""
    if hasattr(item, "cell") and item.cell.execution_count is None:
        pytest.fail("this cell was stored without being run; use `make notebooks`", pytrace=False)
