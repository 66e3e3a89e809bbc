"""Which events are under review, which one is in front, and what was decided: the state behind `ReviewPanel`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from camkit.badges import Camera, DoorEvent, DoorEvents, require_resolved
from camkit.cameras import Result, Snapshot
from camkit.case import Case, Decision, Verdict
from camkit.directory import Cardholder
from camkit.errors import CaseError, InputError

STEPS_S = (-10.0, -5.0, 0.0, 5.0, 10.0)
"""When, relative to the event, frames are asked for: seconds."""

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
    flags : list of str
        What looks odd about it, in words.
    chosen : str or None
        SHA-256 of the picture that was chosen to stand for the event.
    decisions : list of Decision
        In the order they were made; the last one counts.
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
        A note that is not recorded yet.
    """

    event: DoorEvent
    flags: list[str] = field(default_factory=list)
    chosen: str | None = None
    decisions: list[Decision] = field(default_factory=list)
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
    def verdict(self) -> Verdict | None:
        """The latest verdict."""
        return self.decisions[-1].verdict if self.decisions else None

    @property
    def note(self) -> str:
        """The note as it is being written, else as it was recorded last."""
        if self.draft is not None:
            return self.draft
        return self.decisions[-1].note if self.decisions else ""

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


class ReviewState:
    """A queue of events, one of them in front, with their frames, verdicts and notes.

    Parameters and exceptions are those of `ReviewPanel`.

    Attributes
    ----------
    queue : tuple of EventReview
        The events, in their order.
    position : int
        Which of them is in front; to begin with, the first without a verdict.
    steps_s : tuple of float
        Ascending.
    on_change : callable
        Called after each change, in the thread that made it.
    """

    def __init__(self, events: DoorEvents, case: Case, *, steps_s: Iterable[float] = STEPS_S) -> None:
        require_resolved(events)
        if not len(events):
            raise InputError("The selection of events is empty: pick events of load_badges.")
        if not events.table.index.is_unique:
            raise InputError("Some of the events share a label: pick events of load_badges.")
        _check_events(events, case)
        self.case = case
        self.steps_s = tuple(sorted({0.0, *map(float, steps_s)}))
        self.on_change: Callable[[], object] = lambda: None
        flags: dict[Any, list[str]] = case.flags()
        choices: dict[Any, str] = case.choices()
        decisions: dict[Any, list[Decision]] = case.decisions()
        self.queue = tuple(
            EventReview(
                event,
                flags.get(event.event_id, []),
                choices.get(event.event_id),
                decisions.get(event.event_id, []),
            )
            for event in events
        )
        self.position = next((place for place, item in enumerate(self.queue) if not item.verdict), 0)
        self._key: FrameKey | None = None

    @property
    def current(self) -> EventReview:
        """The event in front."""
        return self.queue[self.position]

    @property
    def shown_key(self) -> FrameKey:
        """Which frame of it is in view: until another is selected, the one that stands for the event."""
        return self.current.standing if self._key is None else self._key

    @property
    def shown(self) -> Snapshot | None:
        """The frame in view; None as long as it has not come."""
        return self.current.frames.get(self.shown_key)

    @property
    def reviewed(self) -> int:
        """How many events of the queue have a verdict."""
        return sum(item.verdict is not None for item in self.queue)

    def progress(self) -> str:
        """Say how far the review is."""
        return f"{self.reviewed} of {len(self.queue)} reviewed"

    def go(self, position: int) -> None:
        """Put an event in front; before the first is the first, after the last is the last."""
        self.position = max(0, min(position, len(self.queue) - 1))
        self._key = None
        self.on_change()

    def show(self, step_s: float) -> None:
        """Look at a frame of the event in front, in the same view.

        Raises
        ------
        InputError
            If the view has no frame at that step.
        """
        steps = self._steps()
        if step_s not in steps:
            known = ", ".join(f"{step:+g}" for step in steps)
            raise InputError(f"Frames are at {known} s, not at {step_s:+g} s.")
        self._key = (self.shown_key[0], float(step_s))
        self.on_change()

    def step(self, frames: int) -> None:
        """Look at a later frame, or with a negative number at an earlier one; the first and the last are the ends."""
        steps = self._steps()
        place = steps.index(self.shown_key[1]) + frames
        self.show(steps[max(0, min(place, len(steps) - 1))])

    def _steps(self) -> list[float]:
        """Return the steps of the view in front."""
        return self.current.steps(self.shown_key[0], self.steps_s)

    def show_view(self, view: int) -> None:
        """Look at what another camera of the event in front saw at the same moment, or as near to it as there is.

        Raises
        ------
        InputError
            If the event has no such view.
        """
        if not 0 <= view < len(self.current.views):
            raise InputError(
                f"The event has {len(self.current.views)} views, counted from 0; {view} is not one of them."
            )
        step_s = self.shown_key[1]
        steps = self.current.steps(view, self.steps_s)
        self._key = (view, min(steps, key=lambda step: abs(step - step_s)))
        self.on_change()

    def next_view(self) -> None:
        """Look at what the next camera of the event in front saw; after the last one comes the main camera."""
        self.show_view((self.shown_key[0] + 1) % len(self.current.views))

    def choose(self) -> None:
        """Let the frame in view stand for the event.

        Raises
        ------
        InputError
            If it has no picture.
        """
        item, frame = self.current, self.shown
        if frame is None or not frame.ok:
            raise InputError("This frame has no picture, so it cannot stand for the event.")
        if frame.sha256 != item.chosen:
            self.case.choose(item.event, frame.sha256)
            item.chosen = frame.sha256
        self.on_change()

    def decide(self, verdict: Verdict | str, note: str | None = None) -> None:
        """Record a verdict on the event in front, and on the frame in view, which then stands for the event.

        Without a picture in view, the verdict is recorded as one without a picture.

        Parameters
        ----------
        verdict : Verdict or str
            ``match``, ``mismatch``, ``unclear`` or ``nobody``.
        note : str, optional
            Why; by default what `write_note` was given, else the note of the verdict before.

        Raises
        ------
        InputError
            If it is not a verdict.
        """
        item, frame = self.current, self.shown
        image = frame.sha256 if frame is not None and frame.ok else None
        self._record_verdict(item, verdict, item.note if note is None else note, image)
        item.draft = None
        self.on_change()

    def write_note(self, note: str) -> None:
        """Record a note with the verdict of the event in front, on the picture that was judged.

        Without a verdict, the note is kept until there is one.
        """
        item = self.current
        item.draft = None
        if note != item.note and item.decisions:
            latest = item.decisions[-1]
            self._record_verdict(item, latest.verdict, note, latest.image)
        elif note != item.note:
            item.draft = note
        self.on_change()

    def _record_verdict(
        self, item: EventReview, verdict: Verdict | str, note: str, image: str | None
    ) -> None:
        item.decisions.append(self.case.record_verdict(item.event, verdict, note, image=image))
        item.chosen = image or item.chosen

    def read_frames(self, item: EventReview) -> None:
        """Take the pictures of an event that the case has, unless that was done before.

        Notes
        -----
        A picture whose file is missing or altered is not shown: the frame says so instead. Of several pictures of one
        moment, the one that stands for the event is shown, else the first that can be read. The one that stands for
        the event is also shown if frames are no longer asked for at its step or of its camera.
        """
        if item.is_read:
            return
        item.is_read, item.lost = True, set()
        for step_s, frame in self.case.frames_of(item.event):
            stands = frame.ok and frame.sha256 == item.image
            if stands and frame.camera is not None and frame.camera not in item.views:
                item.former.append(frame.camera)
            if stands or (frame.camera in item.views and step_s in self.steps_s):
                key = (item.views.index(frame.camera), step_s)
                if stands or key not in item.frames or not item.frames[key].ok:
                    item.frames[key] = frame
                    (item.lost.discard if frame.ok else item.lost.add)(key)
        self._changed(item)

    def keep(self, item: EventReview, key: FrameKey, frame: Snapshot) -> None:
        """Take a frame that was fetched, and add it to the case.

        Notes
        -----
        Of the frames without a picture, the case gets those at the event itself, with the reason, unless no account of
        the camera's vendor is connected: then nobody was asked, and looking at a case does not change it. A frame that
        replaces a lost one has to have a picture, else it goes on saying what happened to the recorded one.
        """
        if not frame.ok and key in item.lost:
            return
        if frame.ok or (key[1] == 0 and frame.result is not Result.NO_SOURCE):
            frame = self._record(frame)
        item.frames[key] = frame
        self._changed(item)

    def _record(self, frame: Snapshot) -> Snapshot:
        """Add a frame to the case; a photo or a picture that the case refuses gives way to the reason."""
        try:
            self.case.add_snapshots([frame])
            return frame
        except CaseError as error:
            reason = str(error)
        person = frame.cardholder
        if person is not None and person.photo is not None:
            bare = replace(frame, cardholder=replace(person, photo=None, photo_type="", note=reason))
            with suppress(CaseError):
                self.case.add_snapshots([bare])
                return bare
        return replace(frame, result=Result.FAILED, reason=reason, picture=None)

    def note_asked(self, item: EventReview, view: int, problem: str | None = None) -> None:
        """Note that all frames of a view were asked for and, if that failed as a whole, why."""
        item.asked[view] = problem
        self._changed(item)

    def ask_again(self) -> None:
        """Let everything that is missing be read and asked for once more."""
        for item in self.queue:
            item.asked.clear()
            item.is_read = False

    def _changed(self, item: EventReview) -> None:
        if item is self.current:
            self.on_change()


def _check_events(events: DoorEvents, case: Case) -> None:
    """Make sure that the case has these very events, by label, time, cardholder and reader."""
    columns = case.events()[["event_time", "cardholder_id", "reader_id"]]
    known: dict[Any, tuple[object, ...]] = {
        label: (time.to_pydatetime(), *("" if pd.isna(text) else text for text in texts))
        for label, time, *texts in columns.itertuples(name=None)
    }
    for event in events:
        label = event.event_id
        if label not in known:
            raise CaseError(
                f"Event {label} is not in the case. Add the events to the case first: case.add_events(events)."
            )
        if known[label] != (event.event_time, event.cardholder_id, event.reader_id):
            raise InputError(
                f"Event {label} of the case is another event: it is from another badge log. "
                "Use another case, in another folder, for these events."
            )
