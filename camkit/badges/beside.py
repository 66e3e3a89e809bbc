"""Work on several columns, or parts of one, beside each other: Arrow and NumPy let other threads run meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any

import pyarrow as pa

LARGE = 1 << 16
"""So many rows take longer than starting threads."""


def beside(rows: int) -> Executor:
    """Return what runs functions on columns of so many rows: threads, or nothing but a call."""
    return ThreadPoolExecutor(pa.cpu_count()) if rows > LARGE else _AtOnce()


class _AtOnce(Executor):
    """Runs each function when it is submitted; what it raises is raised there."""

    def submit(self, function: Callable[..., Any], /, *args: Any, **named: Any) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(function(*args, **named))
        return done
