"""What the panel says of an event, as HTML; text from outside is no markup in it, and rearranges nothing."""

from __future__ import annotations

import base64
import io
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from html import escape

from PIL import Image

from camkit.cameras import Snapshot
from camkit.directory import cardholder_html
from camkit.review.event import EventReview
from camkit.support.html import text_html, visible

THUMBNAIL = (256, 144)
"""Largest width and height of a frame in the strip, pixels."""


@lru_cache(maxsize=64)  # it holds the pictures, too
def thumbnail(content: bytes) -> bytes:
    """Make a small JPEG of a picture."""
    with Image.open(io.BytesIO(content), formats=("JPEG",)) as image:
        image.draft("RGB", THUMBNAIL)
        image.thumbnail(THUMBNAIL)
        small = io.BytesIO()
        image.convert("RGB").save(small, "JPEG", quality=80)
        return small.getvalue()


def step_name(step_s: float) -> str:
    """Name a frame by its distance from the event."""
    if step_s == 0:
        return "event"
    return f"{abs(step_s):g} s {'before' if step_s < 0 else 'after'}"


def picture_name(frame: Snapshot, step_s: float) -> str:
    """Say what a picture is, for those who cannot see it."""
    door = frame.door.name if frame.door else "the camera"
    return f"What {door} saw: {step_name(step_s)}"


def queue_name(item: EventReview, zone: tzinfo) -> str:
    """Name an event of the queue in one line of text, by its label in the log, as flags and reports do."""
    event = item.event
    verdict = f"✓ {item.verdict}" if item.verdict else ""
    door = event.door.name if event.door else event.reader_id or "no reader"
    who = event.cardholder_id or "no cardholder"
    parts = (verdict, _local(event.event_time, zone), door, who, event.access)
    return visible(f"{event.event_id}: {' · '.join(part for part in parts if part)}")


def entry_html(item: EventReview) -> str:
    """Who the badge belongs to: the directory's entry, else the number."""
    if item.cardholder is not None:
        return cardholder_html(item.cardholder)
    return f"<b>{text_html(item.event.cardholder_id) or 'no cardholder'}</b>"


def facts_html(item: EventReview, step_s: float, zone: tzinfo) -> str:
    """The event, its clocks, and how the frame in view was come by, as a list of terms."""
    event, door, reader = item.event, item.event.door, text_html(item.event.reader_id)
    facts = {
        "Time": [escape(line) for line in _times(event.event_time, zone)],
        "Door": [f"{text_html(door.name)} ({reader})" if door else reader or "no reader"],
        "Access": [text_html(event.access) or "not given"],
        "Clock": [_clocks(door.clock_offset_s if door else 0.0)],
        "Frame": [escape(line) for line in _frame(item.frames.get(step_s), step_s, zone)],
    }
    rows = (f"<dt>{term}</dt><dd>{'<br>'.join(lines)}</dd>" for term, lines in facts.items())
    return f"<dl>{''.join(rows)}</dl>"


def flags_html(item: EventReview) -> str:
    """What looks odd about the event."""
    return text_html(f"⚑ {'; '.join(item.flags)}" if item.flags else "no flags")


def verdicts_html(item: EventReview, zone: tzinfo) -> str:
    """What was decided and when, the latest first; a screen reader speaks it when it changes."""
    said = [f"{decision.verdict}, {_local(decision.decided_at, zone)}" for decision in item.decisions]
    latest = f"Verdict: <b>{escape(said[-1])}</b>" if said else "No verdict yet"
    before = f" <small>(before: {escape('; '.join(reversed(said[:-1])))})</small>" if said[1:] else ""
    frame = (
        f" <small>The frame {step_name(item.chosen_step)} stands for the event.</small>"
        if item.chosen_step
        else ""
    )
    draft = " <small>The note is recorded with the verdict.</small>" if item.draft else ""
    return f'<span role="status">{latest}{before}{frame}{draft}</span>'


def alert_html(problem: str) -> str:
    """A problem that a screen reader speaks at once; empty without one."""
    return f'<div role="alert">{escape(visible(problem))}</div>' if problem else ""


def picture_html(content: bytes, alt: str) -> str:
    """A JPEG; `alt` is what a screen reader says, nothing for a picture that only decorates."""
    return f'<img alt="{escape(alt)}" src="data:image/jpeg;base64,{base64.b64encode(content).decode()}">'


def _local(moment: datetime | None, zone: tzinfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}" if moment else "no time"


def _times(moment: datetime | None, zone: tzinfo) -> list[str]:
    """The day, and the time of day on the site and in UTC, which may be on another day."""
    if moment is None:
        return ["not given"]
    local, utc = moment.astimezone(zone), moment.astimezone(UTC)
    day = "" if local.date() == utc.date() else f"{utc:%Y-%m-%d} "
    return [f"{local:%a %Y-%m-%d}", f"{local:%H:%M:%S %Z}", f"{day}{utc:%H:%M:%S} UTC"]


def _clocks(offset_s: float) -> str:
    """How the reader's clock goes by the camera's."""
    if not offset_s:
        return "no offset known"
    return f"the reader's is {abs(offset_s):g} s {'ahead' if offset_s > 0 else 'behind'}, taken off"


def _frame(frame: Snapshot | None, step_s: float, zone: tzinfo) -> list[str]:
    """When the frame was asked for and taken, by the camera's clock."""
    picture = frame.picture if frame else None
    if picture is None:
        return [step_name(step_s), "no picture"]
    asked = f"{step_name(step_s)}: {picture.requested_at.astimezone(zone):%H:%M:%S}"
    if picture.captured_at is None:
        return [asked, "time taken not given"]
    off_s = (picture.captured_at - picture.requested_at).total_seconds()
    return [asked, f"taken {off_s:+.1f} s from that"]
