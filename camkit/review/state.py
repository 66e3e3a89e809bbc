"""Which events are under review, which one is in front, and what was decided: the state behind `ReviewPanel`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

from camkit.badges import DoorEvent, DoorEvents, are_different, require_resolved
from camkit.cameras import Result, Snapshot
from camkit.case import DISPUTED, Case, Decision, Verdict, VerdictLabel
from camkit.errors import CaseError, InputError, OutputError
from camkit.review.event_review import EventReview, FrameKey
from camkit.support.html import local_time, visible

STEPS_S = (-10.0, -5.0, 0.0, 5.0, 10.0)
"""When, relative to the event, frames are asked for: seconds."""


class ReviewState:
    """A queue of events, one of them in front, with their frames, verdicts and notes.

    Parameters and exceptions are those of `ReviewPanel`.

    Attributes
    ----------
    queue : tuple of EventReview
        The events, in their order.
    position : int
        Which of them is in front.
    labels : dict of str to VerdictLabel
        The verdicts that can be given, by their names.
    steps_s : tuple of float
        Ascending.
    trouble : str
        Why the case could not be read or added to the last time that was tried; empty if it could.
    is_demo : bool
        Whether the case or a picture in it is from the demo site.
    on_change : callable
        Called after each change, in the thread that made it.
    """

    def __init__(self, events: DoorEvents, case: Case, *, steps_s: Iterable[float] = STEPS_S) -> None:
        require_resolved(events)
        if not len(events):
            raise InputError(
                "No events are picked: pick some in the table of events, then run the cells below it."
            )
        if not events.table.index.is_unique:
            raise InputError(
                "Two of the events have the same number, so a verdict could be about the wrong one: pick the events "
                "from one table, and each only once."
            )
        _check_events(events, case)
        self.case = case
        self.labels: dict[str, VerdictLabel] = case.labels()
        self.steps_s = tuple(sorted({0.0, *map(float, steps_s)}))
        self.trouble = ""
        self.is_demo = case.is_demo
        self.on_change: Callable[[], object] = lambda: None
        flags: dict[Any, list[str]] = case.flags()
        self.queue = tuple(
            EventReview(event, case.operator, flags.get(event.event_id, [])) for event in events
        )
        self._opinions: tuple[Any, ...] = ()  # as the case said last
        self._counted: str | None = None  # how far the review is, until something is decided
        self._read_opinions()
        self.position = self._first_open()
        self._key: FrameKey | None = None
        self._decided: EventReview | None = None

    def _first_open(self) -> int:
        """Return the first event that nobody has decided; once all are, the first without this operator's verdict.

        So a colleague who takes over goes on where the work is, and a second reviewer of a finished case goes through
        all of it, and continues where they stopped.
        """
        included = [place for place, item in enumerate(self.queue) if item.excluded is None]
        undecided = (place for place in included if self.queue[place].verdict is None)
        not_by_me = (place for place in included if self.queue[place].own is None)
        return next(undecided, next(not_by_me, 0))

    def _read_opinions(self) -> None:
        """Read what was decided, noted and left out, also by others who have the case open at the same time."""
        with self._using_case() as case:
            decisions: dict[Any, list[Decision]] = case.decisions()
            choices: dict[Any, str] = case.choices()
            notes: dict[Any, dict[str, str]] = case.notes()
            exclusions: dict[Any, str] = case.exclusions()
        read = (decisions, choices, notes, exclusions)
        if read == self._opinions:
            return
        self._opinions, self._counted = read, None
        for item in self.queue:
            label = item.event.event_id
            item.decisions, item.chosen = decisions.get(label, []), choices.get(label)
            item.notes, item.excluded = notes.get(label, {}), exclusions.get(label)

    def _recorded_here(self) -> None:
        """Let the case be read anew: what it said last may be what it says again, when this is taken back."""
        self._opinions, self._counted = (), None

    @contextmanager
    def _using_case(self) -> Iterator[Case]:
        """Read or add, and remember whether that is possible: what the case does not take is not decided."""
        try:
            yield self.case
        except (CaseError, OutputError) as error:
            self.trouble = str(error)
            raise
        self.trouble = ""

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
    def in_view(self) -> str:
        """Tells what is in view apart from everything else that can be."""
        frame = self.shown
        seen = "" if frame is None else frame.sha256 if frame.ok else frame.reason
        return f"{self.position} {self.shown_key} {seen}"

    def progress(self) -> str:
        """Say how far the review is; events that are left out do not count."""
        if self.trouble:
            return "The case cannot be used"
        if self._counted is None:
            self._counted = self._count()
        return self._counted

    def _count(self) -> str:
        included = [item for item in self.queue if item.excluded is None]
        reviewed = sum(item.verdict is not None for item in included)
        own = sum(item.own is not None for item in included)
        disputed = sum(item.verdict == DISPUTED for item in included)
        parts = [
            f"{reviewed} of {len(included)} reviewed",
            f"{own} by you" if own != reviewed else "",
            f"{disputed} disputed" if disputed else "",
            f"{len(self.queue) - len(included)} left out" if len(included) < len(self.queue) else "",
        ]
        return ", ".join(filter(None, parts))

    def go(self, position: int) -> None:
        """Put an event in front; before the first is the first, after the last is the last.

        A note that could not be recorded is tried again, and what others have decided meanwhile is read.
        """
        self.position = max(0, min(position, len(self.queue) - 1))
        self._key = None
        try:
            self._record_drafts()
            self._read_opinions()
        finally:
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
            with self._using_case() as case:
                case.choose(item.event, frame.sha256)
            item.chosen = frame.sha256
            self._recorded_here()
        self.on_change()

    def why_not(self, verdict: str) -> str:
        """Say why a verdict cannot be given on what is in view; empty if it can."""
        label = self.labels.get(verdict)
        if label is None:
            return ""
        others = [other.title for other in self.labels.values() if not other.needs_picture]
        return self.current.why_not(label, self.shown_key, others)

    def decide(self, verdict: Verdict | str, note: str | None = None) -> None:
        """Record a verdict on the event in front, and on the frame in view, which then stands for the event.

        Without a picture in view, the verdict is recorded as one without a picture.

        Parameters
        ----------
        verdict : Verdict or str
            The name of one of `labels`.
        note : str, optional
            Why; by default the note that the case did not take before, if there is one.

        Raises
        ------
        InputError
            If it is not a verdict, or cannot be given on what is in view.
        CaseError, OutputError
            If the case does not take it. Then it does not count.
        """
        item, frame = self.current, self.shown
        if reason := self.why_not(str(verdict)):
            raise InputError(reason)
        image = frame.sha256 if frame is not None and frame.ok else None
        note = item.draft if note is None else note
        with self._using_case() as case:
            decision = case.record_verdict(item.event, verdict, note, image=image)
        if note is not None:
            item.notes, item.draft = {**item.notes, item.operator: note}, None
        if decision not in item.decisions:  # the same verdict on the same picture is not recorded twice
            item.decisions = [*item.decisions, decision]
        item.chosen = image or item.chosen
        self._decided = item
        self._recorded_here()
        self.on_change()

    @property
    def can_take_back(self) -> tuple[EventReview, Decision] | None:
        """The event and the verdict that was given last in this review, as long as it can be taken back."""
        item = self._decided
        if item is None or item.own is None or not item.own.can_be_taken_back():
            return None
        return item, item.own

    def take_back(self) -> None:
        """Take back the verdict that was given last, and put its event in front.

        Raises
        ------
        InputError
            If there is none, or it was given too long ago. Then it stays.
        """
        item = self._decided
        if item is None:
            raise InputError(
                "No verdict was given just now that could be taken back. Earlier ones stay; give another one: the "
                "latest counts."
            )
        with self._using_case() as case:
            case.withdraw_verdict(item.event, item.own)
        if item is not self.current:
            self.position, self._key = self.queue.index(item), None
        self._read_opinions()
        self.on_change()

    def save_notes(self) -> None:
        """Record the notes that the case did not take when they were typed.

        Raises
        ------
        CaseError, OutputError
            If the case does not take one. It stays as it was typed.
        """
        self._record_drafts()
        self.on_change()

    def write_note(self, note: str) -> None:
        """Record the operator's note on the event in front; an empty one takes the place of an earlier one."""
        self.write_note_on(self.position, note)

    def write_note_on(self, position: int, note: str) -> None:
        """Record the operator's note on an event of the queue, which need no longer be in front.

        Raises
        ------
        CaseError, OutputError
            If the case does not take it. It stays as it was typed, and is recorded as soon as that is possible.
        """
        self.queue[position].draft = note
        self.save_notes()

    def _record_drafts(self) -> None:
        for item in self.queue:
            note = item.draft
            if note is None:
                continue
            with self._using_case() as case:
                case.record_note(item.event, note)
            item.notes, item.draft = {**item.notes, item.operator: note}, None
            self._recorded_here()

    def exclude(self, reason: str) -> None:
        """Leave the event in front out of the report; it stays in the case.

        Raises
        ------
        InputError
            If no reason is given.
        """
        if not reason.strip():
            raise InputError("Write why this event is left out: the report says how many are, and why.")
        item = self.current
        with self._using_case() as case:
            case.exclude(item.event, reason.strip())
        item.excluded = reason.strip()
        self._recorded_here()
        self.on_change()

    def include(self) -> None:
        """Take the event in front into the report again."""
        item = self.current
        with self._using_case() as case:
            case.include(item.event)
        item.excluded = None
        self._recorded_here()
        self.on_change()

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
        item.lost = set()
        with self._using_case() as case:
            found = case.frames_of(item.event)
        for step_s, frame in found:
            stands = frame.ok and frame.sha256 == item.image
            if stands and frame.camera is not None and frame.camera not in item.views:
                item.former.append(frame.camera)
            if stands or (frame.camera in item.views and step_s in self.steps_s):
                key = (item.views.index(frame.camera), step_s)
                if stands or key not in item.frames or not item.frames[key].ok:
                    item.frames[key] = frame
                    (item.lost.discard if frame.ok else item.lost.add)(key)
                    self._note_demo(frame)
        item.is_read = True
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
        self._note_demo(frame)
        self._changed(item)

    def _note_demo(self, frame: Snapshot) -> None:
        self.is_demo = self.is_demo or (frame.picture is not None and frame.picture.is_demo)

    def _record(self, frame: Snapshot) -> Snapshot:
        """Add a frame to the case; a photo or a picture that the case refuses gives way to the reason."""
        try:
            with self._using_case() as case:
                case.add_snapshots([frame])
            return frame
        except (CaseError, InputError) as error:
            reason = str(error)
        person = frame.cardholder
        if person is not None and person.photo is not None:
            bare = replace(frame, cardholder=replace(person, photo=None, photo_type="", note=reason))
            with suppress(CaseError, InputError), self._using_case() as case:
                case.add_snapshots([bare])
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
    known = case.events()
    for event in events:
        if event.event_id not in known.index:
            raise CaseError(
                f"The event of {_described(event)} is not in the case: run the cell that adds the events to it "
                "(case.add_events) before this one."
            )
    others = are_different(known, events.table)
    if others.any():
        raise InputError(
            f"The case has another event in the place of that of {_described(events[int(others.argmax())])}: it was "
            "made with another badge log. Use another case, in another folder, for these events."
        )


def _described(event: DoorEvent) -> str:
    """Name an event by who, where and when."""
    when = local_time(event.event_time, event.timezone) if event.event_time else "no time"
    return visible(f"{event.cardholder_id or 'nobody'}, {event.reader_id or 'no reader'}, {when}")
