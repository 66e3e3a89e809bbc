"""A call in a process of its own, which takes with it what it leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from multiprocessing import get_context
from typing import Any, TypeVar

T = TypeVar("T")


def in_child(function: Callable[..., T], *args: Any, within_s: float = 100) -> T:
    """Return what a function of a module returns, called in a new process, which is killed if it does not end."""
    with get_context("spawn").Pool(1) as pool:
        return pool.apply_async(function, args).get(within_s)
