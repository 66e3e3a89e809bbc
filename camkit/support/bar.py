"""A progress bar that appears late or never: most calls end before anybody asks how far they are."""

from __future__ import annotations

import time
from typing import Any

from tqdm.auto import tqdm

__all__ = ["BAR_AFTER_S", "Bar"]

BAR_AFTER_S = 2.0
"""A bar appears after so long, seconds."""


class Bar:
    """How far a call is, in a notebook or terminal; making tqdm's first bar takes longer than saving ten images.

    Parameters
    ----------
    doing : str
        What stands before it.
    total : int
        How many there are.
    unit : str
        Of what, with a space before.
    after_s : float
        When it appears, seconds from now; infinite for never.
    """

    def __init__(self, doing: str, total: int, unit: str, *, after_s: float = BAR_AFTER_S) -> None:
        # On the whole: the first number comes late, and is not what was done in that moment.
        self._options = {"desc": doing, "unit": unit, "total": total, "smoothing": 0}
        self._began, self._due = time.time(), time.monotonic() + after_s
        self._bar: tqdm[Any] | None = None

    def at(self, done: int) -> None:
        """Show how many are done."""
        if self._bar is not None:
            self._bar.update(done - self._bar.n)
        elif time.monotonic() >= self._due:
            self._bar = tqdm(**self._options)
            self._bar.start_t = self._began
            self._bar.update(done)

    def close(self) -> None:
        """Leave the bar as it is."""
        if self._bar is not None:
            self._bar.close()
