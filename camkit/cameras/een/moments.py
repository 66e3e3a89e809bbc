"""What a download asks a camera for: its last frame before some moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self


@dataclass(frozen=True)
class Moment:
    """A moment whose last frame is asked for; made by `now`, `at` or `before`.

    Attributes
    ----------
    time : datetime.datetime or None
        UTC-aware; None for one that is counted from the server's own now.
    back : datetime.timedelta
        How long before the server's now.
    is_before : bool
        Whether a frame of exactly that time is not wanted.
    token : str or None
        How the server names the frame before (API v3), where it did.
    """

    time: datetime | None = None
    back: timedelta = timedelta(0)
    is_before: bool = False
    token: str | None = None

    @classmethod
    def now(cls, back: timedelta = timedelta(0)) -> Self:
        """So long before the server's now."""
        return cls(back=back)

    @classmethod
    def at(cls, time: datetime) -> Self:
        """At a time, or just before it."""
        return cls(time)

    @classmethod
    def before(cls, time: datetime, token: str | None = None) -> Self:
        """Just before the frame of a time."""
        return cls(time, is_before=True, token=token)

    def __str__(self) -> str:
        if self.time is None:
            return f"{self.back.total_seconds():g} s before now" if self.back else "now"
        shown = f"{self.time:%Y-%m-%d %H:%M:%S}.{self.time.microsecond // 1000:03d} UTC"
        return f"before {shown}" if self.is_before else shown
