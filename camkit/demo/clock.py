"""The demo world's time."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

START = datetime(2019, 4, 12, 20, 45, tzinfo=UTC)
"""The world's time when the site starts: 14:45 at the site in Denver."""


@dataclass(frozen=True)
class Clock:
    """The world's clock: it stands still at `START`, or starts there and ticks.

    Parameters
    ----------
    running : bool
        Whether it ticks in real time. With a clock that stands still, every run gets the same answers.
    """

    running: bool = False
    _started: float = field(default_factory=time.monotonic, repr=False)

    def now(self) -> datetime:
        """The world's time, UTC-aware."""
        return START + timedelta(seconds=time.monotonic() - self._started) if self.running else START

    def seconds_until(self, moment: datetime, seen: datetime) -> float:
        """Real seconds to wait for `moment`, for a client that has seen the world up to `seen`.

        A clock that stands still never reaches `moment`, so the wait is the remaining gap.
        """
        since = self.now() if self.running else max(self.now(), seen)
        return max(0.0, (moment - since).total_seconds())
