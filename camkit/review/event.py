"""One event under review: what is known of it, and what was decided."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from camkit.cameras import Snapshot
from camkit.directory import Cardholder


@dataclass(frozen=True)
class Decision:
    """One verdict, as it stands in the case.

    Attributes
    ----------
    decided_at : datetime.datetime
        UTC-aware.
    on_picture : bool
        Whether a picture was in view.
    """

    verdict: str
    note: str
    decided_at: datetime
    on_picture: bool


@dataclass(eq=False)
class EventReview:
    """One event under review.

    Attributes
    ----------
    event : Snapshot
        The event before any camera was asked: its times, its door, or why it has none.
    flags : list of str
        What looks odd about it, in words.
    chosen : str
        SHA-256 of the picture that was said to stand for the event; empty as long as none was.
    decisions : list of Decision
        In the order they were made; the last one counts.
    frames : dict of float to Snapshot
        What has come so far, with or without a picture, by seconds from the event.
    asked : bool
        Whether all frames were asked for; what is missing then is not asked for again by itself.
    problem : str
        Why asking failed as a whole; empty if it did not.
    draft : str or None
        A note that is not recorded yet.
    """

    event: Snapshot
    flags: list[str] = field(default_factory=list)
    chosen: str = ""
    decisions: list[Decision] = field(default_factory=list)
    frames: dict[float, Snapshot] = field(default_factory=dict)
    asked: bool = False
    problem: str = ""
    draft: str | None = None

    @property
    def verdict(self) -> str:
        """The latest verdict; empty as long as there is none."""
        return self.decisions[-1].verdict if self.decisions else ""

    @property
    def note(self) -> str:
        """The note as it is being written, else as it was recorded last."""
        if self.draft is not None:
            return self.draft
        return self.decisions[-1].note if self.decisions else ""

    @property
    def cardholder(self) -> Cardholder | None:
        """The directory's entry, as it came with the frames."""
        return next((frame.cardholder for frame in self.frames.values() if frame.cardholder), None)

    @property
    def chosen_step(self) -> float:
        """The frame that stands for the event: the chosen one, else the event's own."""
        frames = sorted(self.frames.items())
        return next((step for step, frame in frames if frame.ok and frame.sha256 == self.chosen), 0.0)

    def missing(self, steps_s: Iterable[float]) -> list[float]:
        """Give the steps without a picture, the nearest to the event first; none if there is no camera to ask."""
        if self.event.at is None:
            return []
        return sorted((step for step in steps_s if not self._has_picture(step)), key=abs)

    def why_no_picture(self, step_s: float) -> str:
        """Say why a frame has no picture; empty if it has one, or has not come yet."""
        if self.event.at is None:
            return self.event.reason
        frame = self.frames.get(step_s)
        return self.problem if frame is None else frame.reason

    def _has_picture(self, step_s: float) -> bool:
        return step_s in self.frames and self.frames[step_s].ok
