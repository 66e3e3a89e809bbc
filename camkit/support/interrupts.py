"""Ctrl-C that waits until something short is whole."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["Waiting", "interrupts_wait"]


class Waiting:
    """Whether Ctrl-C was pressed meanwhile."""

    def __init__(self) -> None:
        self.wanted = False

    def stop_if_wanted(self) -> None:
        """Raise `KeyboardInterrupt` if Ctrl-C was pressed; to be called where nothing is half done."""
        if self.wanted:
            self.wanted = False
            raise KeyboardInterrupt


@contextmanager
def interrupts_wait() -> Iterator[Waiting]:
    """Let Ctrl-C take effect at the end of a block, or where the block calls `Waiting.stop_if_wanted`.

    Python raises `KeyboardInterrupt` between any two steps, also between those that begin something and those that
    make sure that it ends: a lock or a transaction would stay. Only the main thread is ever interrupted.
    """
    waiting = Waiting()
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or before in (None, signal.SIG_IGN):
        yield waiting
        return

    def note(_number: int, _frame: FrameType | None) -> None:
        waiting.wanted = True

    signal.signal(signal.SIGINT, note)
    try:
        yield waiting
    finally:
        signal.signal(signal.SIGINT, before)
        if waiting.wanted:
            signal.raise_signal(signal.SIGINT)  # to whoever is asked otherwise, such as Jupyter
