"""What the panel says of an event, as HTML and as text; text from outside is escaped and cannot rearrange it."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from html import escape

from PIL import Image

from camkit.case import DISPUTED, Decision, VerdictLabel, latest_opinions
from camkit.directory import Cardholder, cardholder_html
from camkit.review.event_review import OWN, EventReview, FrameKey
from camkit.review.state import ReviewState
from camkit.support.html import text_html, visible

EARLIER = 2
"""How many of the earlier verdicts are named in the status line, which has little room; the others are counted."""

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


def view_names(item: EventReview) -> list[str]:
    """Name the views of an event as text; none where there is only one."""
    if len(item.views) < 2:
        return []
    names = [visible(camera.view or camera.camera_id) if camera else "no camera" for camera in item.views]
    return [f"{name} (former)" if item.is_former(view) else name for view, name in enumerate(names)]


def picture_name(item: EventReview, key: FrameKey) -> str:
    """Say what a picture is, as text, for those who cannot see it."""
    door, names, (view, step_s) = item.event.door, view_names(item), key
    parts = [step_name(step_s), *names[view : view + 1]]
    return f"What {visible(door.name) if door else 'the camera'} saw: {', '.join(parts)}"


def in_view_html(in_view: str, make: Callable[[], str]) -> str:
    """Put a picture, or why there is none, into an element that says what it is (`ReviewState.in_view`)."""
    return f'<div data-in-view="{escape(in_view)}">{make()}</div>'


def frame_html(item: EventReview, key: FrameKey) -> str:
    """Name a frame by its distance from the event and, where there are several, by its view."""
    names, (view, step_s) = view_names(item), key
    return ", ".join([step_name(step_s), *map(text_html, names[view : view + 1])])


def queue_name(number: int, item: EventReview, labels: Mapping[str, VerdictLabel]) -> str:
    """Name an event of the queue in one line of text: its place, what was decided, where, when and who."""
    parts = (
        "left out" if item.excluded is not None else "",
        f"• {title_of(item.verdict, labels)}" if item.verdict else "",
        *described(item),
        item.event.what,
    )
    return visible(f"{number}. {' · '.join(part for part in parts if part)}")


def part_name(start: int, stop: int) -> str:
    """Name a part of the queue by its first and last event; positions count from 0, numbers from 1."""
    return f"Events {start + 1:,} to {stop:,} …"


def described(item: EventReview) -> list[str]:
    """Return where, when and who, as text."""
    event, person = item.event, item.cardholder
    door = event.door.name if event.door else event.reader_id or "no reader"
    who = (person.name if person else "") or event.cardholder_id or "no cardholder"
    return [door, _local(event.event_time, event.timezone), who]


def title_of(verdict: str, labels: Mapping[str, VerdictLabel]) -> str:
    """Return how a verdict is shown."""
    return labels[verdict].title if verdict in labels else verdict


def entry_html(item: EventReview) -> str:
    """Say whose badge it is: the directory's entry, else the number."""
    if item.cardholder is not None or item.event.cardholder_name:
        return cardholder_html(
            item.cardholder or Cardholder(item.event.cardholder_id), item.event.cardholder_name
        )
    return f"<b>{text_html(item.event.cardholder_id) or 'no cardholder'}</b>"


def facts_html(item: EventReview, key: FrameKey) -> str:
    """List the event, its clocks, and how the frame in view was fetched."""
    event, door, reader = item.event, item.event.door, text_html(item.event.reader_id)
    camera = item.views[key[0]]
    facts = {
        "Time": [escape(line) for line in _times(event.event_time, event.timezone)],
        "Door": [f"{text_html(door.name)} ({reader})" if door else reader or "no reader"],
        "Outcome": [text_html(event.what) or "not given"],
        "Clock": [_clocks(camera.clock_offset_s) if camera else "no camera"],
        "Frame": _frame(item, key),
    }
    rows = (f"<dt>{term}</dt><dd>{'<br>'.join(lines)}</dd>" for term, lines in facts.items())
    return f"<dl>{''.join(rows)}</dl>"


def flags_html(item: EventReview) -> str:
    """Say what looks odd about the event."""
    return text_html(f"⚑ {'; '.join(item.flags)}" if item.flags else "no flags")


def status_html(state: ReviewState) -> str:
    """Say who decided what and when, and what is to be done; a screen reader speaks it when it changes."""
    item = state.current
    lines = [_recorded(state), _opinions(item, state.labels), *_cautions(item, state.labels)]
    return f'<span role="status">{" ".join(line for line in lines if line)}</span>'


def _recorded(state: ReviewState) -> str:
    """Say that the verdict given last can be taken back."""
    if (last := state.can_take_back) is None:  # asked once: it ends in the middle of anything
        return ""
    item, decision = last
    where = "" if item is state.current else f" for {', '.join(described(item))}"
    return (
        f'<span class="camkit-recorded">{text_html(title_of(decision.verdict, state.labels) + where)} recorded. '
        "Backspace takes it back.</span>"
    )


def _opinions(item: EventReview, labels: Mapping[str, VerdictLabel]) -> str:
    """Return each reviewer's latest verdict, and the earlier ones of the same reviewers."""
    latest = latest_opinions(item.decisions)
    if not latest:
        return "No verdict yet."
    said = [_said(decision, item, labels) for decision in latest.values()]
    if item.verdict == DISPUTED:
        html = f"<b>The reviewers disagree:</b> {'; '.join(map(text_html, said))}."
    else:
        html = f"Verdict: <b>{'; '.join(map(text_html, said))}</b>."
    before = [decision for decision in reversed(item.decisions) if decision not in latest.values()]
    if before:
        more = f" and {len(before) - EARLIER} more" if len(before) > EARLIER else ""
        times = escape(visible("; ".join(_said(decision, item, labels) for decision in before)))
        titles = text_html(", ".join(title_of(decision.verdict, labels) for decision in before[:EARLIER]))
        html += f' <small title="{times}">(before: {titles}{more})</small>'
    return html


def _said(decision: Decision, item: EventReview, labels: Mapping[str, VerdictLabel]) -> str:
    who = "you" if decision.operator == item.operator else decision.operator
    return f"{title_of(decision.verdict, labels)}, {who}, {_local(decision.decided_at, item.event.timezone)}"


def _cautions(item: EventReview, labels: Mapping[str, VerdictLabel]) -> list[str]:
    """Say what the latest verdicts are not about, and what is not recorded."""
    lines = []
    if item.standing != OWN:
        lines.append(f"<small>The frame “{frame_html(item, item.standing)}” stands for the event.</small>")
    if item.is_image_lost:
        lines.append("<small>The picture that stands for the event cannot be shown.</small>")
    for given in item.outdated:
        who = (
            "Your verdict"
            if given.operator == item.operator
            else f"The verdict of {text_html(given.operator)}"
        )
        title = text_html(title_of(given.verdict, labels))
        judged = "another picture than this ★ one" if given.image else "no picture, and now there is one"
        ask = " Please give your verdict again." if given.operator == item.operator else ""
        lines.append(f"<strong>{who} ({title}) is about {judged}.{ask}</strong>")
    if item.draft is not None:
        lines.append("<small>The note is not saved.</small>")
    return lines


def other_notes_html(item: EventReview) -> str:
    """Return what other operators noted on the event."""
    others = {who: note for who, note in item.notes.items() if who != item.operator}
    return "".join(f"<div><b>{text_html(who)}:</b> {text_html(note)}</div>" for who, note in others.items())


def alert_html(problem: str) -> str:
    """Say a problem; a screen reader speaks it at once."""
    return f'<div role="alert">{text_html(problem)}</div>'


def _local(moment: datetime | None, zone: tzinfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}" if moment else "no time"


def _times(moment: datetime | None, zone: tzinfo) -> list[str]:
    """Return the day, and the time of day on the site and in UTC, which may be on another day."""
    if moment is None:
        return ["not given"]
    local, utc = moment.astimezone(zone), moment.astimezone(UTC)
    day = "" if local.date() == utc.date() else f"{utc:%Y-%m-%d} "
    return [f"{local:%a %Y-%m-%d}", f"{local:%H:%M:%S %Z}", f"{day}{utc:%H:%M:%S} UTC"]


def _clocks(offset_s: float) -> str:
    """Say how far the reader's clock is from the camera's."""
    if not offset_s:
        return "no offset"
    return f"reader {abs(offset_s):g} s {'ahead of' if offset_s > 0 else 'behind'} the camera, corrected"


def _frame(item: EventReview, key: FrameKey) -> list[str]:
    """Say which moment a frame was asked for and which one it shows, by the camera's clock."""
    name, frame = step_name(key[1]), item.frames.get(key)
    picture = frame.picture if frame else None
    if picture is None:
        return [name, "no picture"]
    asked = f"{name}: {picture.requested_at.astimezone(item.event.timezone):%H:%M:%S}"
    if picture.captured_at is None:
        return [asked, "time taken not given"]
    off_s = (picture.captured_at - picture.requested_at).total_seconds()
    return [asked, f"taken {off_s:+.1f} s from that"]
