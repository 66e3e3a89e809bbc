"""Which events are under review, which one is in front, and what is decided: the state behind `ReviewPanel`."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, tzinfo

import pandas as pd

from camkit.cameras import Outcome, Snapshot, snapshots_for
from camkit.case import Case, Verdict
from camkit.errors import CaseError, InputError
from camkit.review.event import Decision, EventReview
from camkit.support.timezones import as_zone

STEPS_S = (-10.0, -5.0, 0.0, 5.0, 10.0)
"""When, from the event, frames are asked for: seconds."""


def _nothing() -> None:
    """What happens at a change that nobody watches."""


class ReviewState:
    """A queue of events, one of them in front, with their frames, verdicts and notes.

    Parameters
    ----------
    events : pandas.DataFrame
        Badge events, as `load_badges` gives them and a picker picks them. They are added to the case.
    doors : pandas.DataFrame
        As `load_doors` returns it.
    case : Case
        Keeps pictures, choices, verdicts and notes. Choices and verdicts that it has are taken up.
    timezone : datetime.tzinfo or str, optional
        The site's zone; by default the one in ``events.attrs["timezone"]``, else UTC.
    flags : pandas.DataFrame, optional
        As `flag_events` returns it, for these events and any others.
    steps_s : iterable of float
        When, from the event, frames are asked for: seconds, negative before it. 0 is always among them.

    Attributes
    ----------
    queue : tuple of EventReview
        The events, in their order.
    position : int
        Which of them is in front; to begin with, the first without a verdict.
    steps_s : tuple of float
        Ascending.
    zone : datetime.tzinfo
        The site's zone.
    on_change : callable
        Called after each change, in the thread that made it.

    Raises
    ------
    InputError
        If there is no event, a column is missing, or the labels are not unique.
    TimestampError
        If ``event_time`` has no zone or has gaps.
    """

    def __init__(
        self,
        events: pd.DataFrame,
        doors: pd.DataFrame,
        case: Case,
        *,
        timezone: tzinfo | str | None = None,
        flags: pd.DataFrame | None = None,
        steps_s: Iterable[float] = STEPS_S,
    ) -> None:
        if events.empty or not events.index.is_unique:
            problem = "Some of the events share a label" if len(events) else "There is no event to review"
            raise InputError(f"{problem}: pick events of load_badges.")
        self.case = case
        self.zone = as_zone(timezone or events.attrs.get("timezone")) or UTC
        self.steps_s = tuple(sorted({0.0, *map(float, steps_s)}))
        self.on_change: Callable[[], object] = _nothing
        case.add_events(events, timezone=self.zone, flags=flags)
        known_flags = _flags(case)
        chosen = case.table("choices").groupby("event")["image"].last()
        decisions = _decisions(case)
        # With no camera to ask, this gives each event's times and door.
        plain: Iterable[Snapshot] = snapshots_for(events, {}, doors, timezone=self.zone)
        self.queue = tuple(
            EventReview(
                event,
                flags=known_flags.get(event.event_id, []),
                chosen=chosen.get(event.event_id, ""),
                decisions=decisions.get(event.event_id, []),
            )
            for event in plain
        )
        self.position = next((place for place, item in enumerate(self.queue) if not item.verdict), 0)
        self._step: float | None = None

    @property
    def current(self) -> EventReview:
        """The event in front."""
        return self.queue[self.position]

    @property
    def shown_step(self) -> float:
        """Which frame of it is looked at: until one steps through them, the one that stands for the event."""
        return self.current.chosen_step if self._step is None else self._step

    @property
    def shown(self) -> Snapshot | None:
        """The frame that is looked at; None as long as it has not come."""
        return self.current.frames.get(self.shown_step)

    @property
    def reviewed(self) -> int:
        """How many events of the queue have a verdict."""
        return sum(bool(item.verdict) for item in self.queue)

    def progress(self) -> str:
        """Say how far the review is."""
        return f"{self.reviewed} of {len(self.queue)} reviewed"

    def go(self, position: int) -> None:
        """Put an event in front; before the first is the first, after the last is the last."""
        self.position = max(0, min(position, len(self.queue) - 1))
        self._step = None
        self.on_change()

    def show(self, step_s: float) -> None:
        """Look at a frame of the event in front.

        Raises
        ------
        InputError
            If there is no such step.
        """
        if step_s not in self.steps_s:
            known = ", ".join(f"{step:+g}" for step in self.steps_s)
            raise InputError(f"There is no frame at {step_s:+g} s; there are those at {known} s.")
        self._step = float(step_s)
        self.on_change()

    def step(self, frames: int) -> None:
        """Look at a later frame, or with a negative number at an earlier one; the first and the last are the ends."""
        place = self.steps_s.index(self.shown_step) + frames
        self.show(self.steps_s[max(0, min(place, len(self.steps_s) - 1))])

    def choose(self) -> None:
        """Let the frame that is looked at stand for the event.

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
        """Record a verdict on the event in front, and on the frame that is looked at, which then stands for it.

        While there is no picture in view, the verdict is recorded as one without.

        Parameters
        ----------
        verdict : Verdict or str
            ``match``, ``mismatch``, ``unclear`` or ``nobody``.
        note : str, optional
            Why; by default what `write_note` was given, else the note of the verdict before.

        Raises
        ------
        InputError
            If there is no such verdict.
        """
        item = self.current
        if verdict not in list(Verdict):
            raise InputError(f"There is no verdict {verdict!r}; use {', '.join(Verdict)}.")
        image = self.shown.sha256 if self.shown is not None and self.shown.ok else None
        self.case.record_verdict(item.event, verdict, item.note if note is None else note, image=image)
        item.chosen = image or item.chosen
        item.draft = None
        item.decisions = _decisions(self.case)[item.event.event_id]
        self.on_change()

    def write_note(self, note: str) -> None:
        """Record a note with the verdict of the event in front; while there is none, keep it until there is."""
        item = self.current
        item.draft = None
        if note != item.note and item.decisions:
            latest = item.decisions[-1]
            image = item.chosen if latest.on_picture else None
            self.case.record_verdict(item.event, latest.verdict, note, image=image)
            item.decisions = _decisions(self.case)[item.event.event_id]
        elif note != item.note:
            item.draft = note
        self.on_change()

    def take(self, snapshots: Iterable[Snapshot]) -> None:
        """Take pictures of events of the queue that were fetched already."""
        queue = {item.event.event_id: item for item in self.queue}
        for snapshot in snapshots:
            if snapshot.event_id in queue:
                self.keep(queue[snapshot.event_id], 0.0, snapshot)

    def keep(self, item: EventReview, step_s: float, frame: Snapshot, *, recorded: bool = False) -> None:
        """Take a frame that has come; one that is not recorded yet is added to the case.

        Notes
        -----
        Of the frames that could not be had, the case gets the event's own, with the reason. A picture whose file in
        the case was altered is not shown: the frame says so instead.
        """
        if not recorded and (frame.ok or step_s == 0):
            frame = self._record(frame)
        item.frames[step_s] = frame
        if item is self.current:
            self.on_change()

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
        return replace(frame, outcome=Outcome.FAILED, reason=reason, picture=None)

    def asked(self, item: EventReview, problem: str = "") -> None:
        """Note that all frames of an event were asked for and, if that failed as a whole, why."""
        item.asked, item.problem = True, problem
        if item is self.current:
            self.on_change()

    def ask_again(self) -> None:
        """Let everything that is missing be asked for once more."""
        for item in self.queue:
            item.asked = False
        self.on_change()

    def wanted(self, ahead: int) -> list[EventReview]:
        """Give the event in front and so many after it, without those that lack nothing or were asked for."""
        near = self.queue[self.position : self.position + 1 + ahead]
        return [item for item in near if not item.asked and item.missing(self.steps_s)]


def _flags(case: Case) -> dict[Hashable, list[str]]:
    """What looks odd about the events of a case, in words, with the event that is the evidence."""
    flags: dict[Hashable, list[str]] = {}
    for event, meaning, other in case.table("flags")[["event", "meaning", "other_event"]].itertuples(
        index=False
    ):
        evidence = "" if pd.isna(other) else f" (event {other})"
        flags.setdefault(event, []).append(meaning + evidence)
    return flags


def _decisions(case: Case) -> dict[Hashable, list[Decision]]:
    """All decisions of a case, by event."""
    decisions: dict[Hashable, list[Decision]] = {}
    columns = case.verdicts()[["event", "verdict", "note", "decided_at", "image"]]
    for event, verdict, note, decided_at, image in columns.itertuples(index=False):
        decision = Decision(verdict, note, decided_at.to_pydatetime(), on_picture=not pd.isna(image))
        decisions.setdefault(event, []).append(decision)
    return decisions
