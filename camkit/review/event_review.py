"""One event under review: its frames, what was decided, and which verdicts can be given on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from camkit.badges import Camera, DoorEvent
from camkit.cameras import Snapshot
from camkit.case import Decision, VerdictLabel, agreed, latest_opinions
from camkit.directory import Cardholder

FrameKey = tuple[int, float]
"""Which frame of an event: its view (the position of the camera among the event's), and seconds from the event."""

OWN: FrameKey = (0, 0.0)
"""What the main camera saw at the event itself."""


@dataclass(eq=False)
class EventReview:
    """One event under review: what is known of it, and what was decided.

    Attributes
    ----------
    event : DoorEvent
        The event, with its cameras.
    operator : str
        Who reviews it here.
    flags : list of str
        What looks odd about it, in words.
    chosen : str or None
        SHA-256 of the picture that was chosen to stand for the event.
    decisions : list of Decision
        Of all operators, in the order they were made; the last one of each counts.
    notes : dict of str to str
        The latest note of each operator.
    excluded : str or None
        Why the event is left out of the report; None if it is not.
    frames : dict of FrameKey to Snapshot
        What has come so far, with or without a picture.
    lost : set of FrameKey
        The frames whose picture is in the case, but its file is missing or altered.
    former : list of Camera
        Cameras that the door no longer has, with a picture that stands for the event.
    is_read : bool
        Whether the case's pictures of the event were read.
    asked : dict of int to str or None
        The views whose frames were all asked for, and why that failed as a whole, if it did. What is missing
        then is not asked for again by itself.
    draft : str or None
        The operator's note that the case did not take; None if it is recorded.
    """

    event: DoorEvent
    operator: str
    flags: list[str] = field(default_factory=list)
    chosen: str | None = None
    decisions: list[Decision] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)
    excluded: str | None = None
    frames: dict[FrameKey, Snapshot] = field(default_factory=dict)
    lost: set[FrameKey] = field(default_factory=set)
    former: list[Camera] = field(default_factory=list)
    is_read: bool = False
    asked: dict[int, str | None] = field(default_factory=dict)
    draft: str | None = None

    @property
    def views(self) -> tuple[Camera | None, ...]:
        """The cameras of the event, the main one first, or one None if there is none to ask; then the former ones."""
        return (*(self.event.cameras or (None,)), *self.former)

    @property
    def verdict(self) -> str | None:
        """What the latest verdicts of all operators say; `camkit.case.DISPUTED` if they differ."""
        return agreed(self.decisions)

    @property
    def own(self) -> Decision | None:
        """The operator's latest verdict."""
        return latest_opinions(self.decisions).get(self.operator)

    @property
    def note(self) -> str:
        """The operator's note as it was typed last."""
        return self.notes.get(self.operator, "") if self.draft is None else self.draft

    @property
    def outdated(self) -> list[Decision]:
        """The operators' latest verdicts that are about another picture than the one that stands for the event."""
        main = self.frames.get(OWN)
        standing = self.image or (main.sha256 if main is not None and main.ok else None)
        return [given for given in latest_opinions(self.decisions).values() if given.image != standing]

    @property
    def cardholder(self) -> Cardholder | None:
        """The directory's entry, as it came with the frames."""
        return next((frame.cardholder for frame in list(self.frames.values()) if frame.cardholder), None)

    @property
    def image(self) -> str | None:
        """SHA-256 of the picture that was chosen last, else of the one that was judged last."""
        judged = (decision.image for decision in reversed(self.decisions) if decision.image)
        return self.chosen or next(judged, None)

    @property
    def standing(self) -> FrameKey:
        """The frame that stands for the event: that of `image`, else what the main camera saw at the event."""
        frames, image = sorted(self.frames.items(), key=lambda found: found[0]), self.image
        return next((key for key, frame in frames if frame.ok and frame.sha256 == image), OWN)

    @property
    def is_image_lost(self) -> bool:
        """Whether the picture that stands for the event was looked for in the case and cannot be shown."""
        frames = list(self.frames.values())
        return bool(self.is_read and self.image and all(frame.sha256 != self.image for frame in frames))

    def is_former(self, view: int) -> bool:
        """Whether the view's camera is no longer one of the door's."""
        return view >= max(1, len(self.event.cameras))

    def steps(self, view: int, steps_s: Iterable[float]) -> list[float]:
        """Return the steps of a view: those that are asked for, and those of its pictures, ascending."""
        kept = {step for seen_by, step in list(self.frames) if seen_by == view}
        return sorted(kept if self.is_former(view) else kept.union(steps_s))

    def missing(self, view: int, steps_s: Iterable[float]) -> list[float]:
        """Return the steps of a view that have no picture, the nearest to the event first."""
        if self.is_former(view):
            return []
        asked_for = steps_s if self.event.cameras else [0.0]  # for the directory's entry
        return sorted((step for step in asked_for if not self._has_picture((view, step))), key=abs)

    def why_no_picture(self, key: FrameKey) -> str | None:
        """Say why a frame has no picture; None if it has one, or has not come yet."""
        frame = self.frames.get(key)
        if frame is not None:
            return frame.reason or None
        return self.event.why_no_camera or self.asked.get(key[0])

    def _has_picture(self, key: FrameKey) -> bool:
        return key in self.frames and self.frames[key].ok

    def why_not(self, label: VerdictLabel, key: FrameKey, others: Sequence[str]) -> str:
        """Say why a verdict cannot be given on a frame, and which `others` do not need a picture; empty if it can."""
        if label.needs_picture is None:
            return ""
        if not label.needs_picture:
            return self._why_not_without_picture(label)
        if self._has_picture(key):
            return ""
        if key not in self.frames and self.why_no_picture(key) is None:
            return f"{label.title} says what is in a picture, and this one has not come yet."
        advice = f": look at another frame, or give {' or '.join(others)}" if others else ""
        return f"{label.title} says what is in a picture, and there is none in view{advice}."

    def _why_not_without_picture(self, label: VerdictLabel) -> str:
        if self.lost:
            return (
                f"{label.title} is for an event of which no picture was ever recorded: the file of this one is "
                "missing or altered. Run case.verify()."
            )
        if any(frame.ok for frame in list(self.frames.values())):
            return f"{label.title} is for an event without any picture, and this one has some: look at its frames."
        asked = [self.asked.get(view, "") for view in range(len(self.event.cameras))]
        if not self.is_read or any(problem is not None for problem in asked):
            why = next(filter(None, asked), "")
            wait = f"{label.title} can be given when every camera of the event has been asked"
            return f"{wait}, and one could not be: {why}" if why else f"{wait}."
        return ""
