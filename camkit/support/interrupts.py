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


class _Blocks(Waiting):
    """The blocks that the main thread is in: nested ones, and those of greenlets, which end in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.inside: set[object] = set()
        self.before: object = None

    def note(self, _number: int, _frame: FrameType | None) -> None:
        self.wanted = True


_BLOCKS = _Blocks()
_NOTE = _BLOCKS.note  # one object, so that it is recognized


@contextmanager
def interrupts_wait() -> Iterator[Waiting]:
    """Let Ctrl-C take effect at the end of a block, or where the block calls `Waiting.stop_if_wanted`.

    Python raises `KeyboardInterrupt` between any two steps, also between those that begin something and those that
    make sure that it ends: a lock or a transaction would stay. Only the main thread is ever interrupted. Of several
    blocks that overlap, the last one to end gives Ctrl-C back.
    """
    now = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or now in (None, signal.SIG_IGN):
        yield Waiting()
        return

    block = object()
    try:
        _BLOCKS.inside.add(block)
        if now is not _NOTE:
            _BLOCKS.before = now
            signal.signal(signal.SIGINT, _NOTE)
        yield _BLOCKS
    finally:
        _BLOCKS.inside.discard(block)
        if not _BLOCKS.inside:
            wanted, _BLOCKS.wanted = _BLOCKS.wanted, False
            if (
                signal.getsignal(signal.SIGINT) is _NOTE
            ):  # else somebody, such as Jupyter, has set another since
                signal.signal(signal.SIGINT, _BLOCKS.before)  # type: ignore[arg-type]  # what getsignal returned
            if wanted:
                signal.raise_signal(signal.SIGINT)  # to whoever is asked otherwise, such as Jupyter
