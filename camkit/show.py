"""How results show themselves in Jupyter: small HTML; text from outside is no markup in it, and rearranges nothing."""

from __future__ import annotations

import base64
import re
from datetime import datetime, tzinfo
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from camkit.directory import Cardholder
    from camkit.runs import DownloadRun
    from camkit.snapshots import Snapshot, Snapshots

_CARD = "display:flex;gap:16px;align-items:flex-start;margin:4px 0 22px 0"
_GREY = "color:var(--jp-ui-font-color2, #666)"
_NONE = (
    "width:480px;height:270px;display:flex;align-items:center;justify-content:center;text-align:center;"
    "background:var(--jp-layout-color2, #f2f2f2);border:1px dashed #999;color:var(--jp-ui-font-color1, #444);"
    "padding:12px;box-sizing:border-box"
)


_REARRANGES = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Unicode's embeddings, overrides and isolates, which make later text read in another order."""


def visible(text: str) -> str:
    """Show the characters that rearrange what is read as their numbers.

    Examples
    --------
    >>> visible("\\u202e123")
    '[U+202E]123'
    """
    return _REARRANGES.sub(lambda found: f"[U+{ord(found[0]):04X}]", text)


def text_html(text: str) -> str:
    """Some text from outside: escaped, and set apart, so that a name from right to left leaves its neighbours alone."""
    return f"<bdi>{escape(visible(text))}</bdi>" if text else ""


def snapshot_html(snapshot: Snapshot) -> str:
    """The event's heading, the picture beside the directory entry, and how the picture was come by."""
    picture, door = snapshot.picture, snapshot.door
    reader = text_html(snapshot.reader_id)
    place = f"{text_html(door.name)} ({reader})" if door else reader or "no reader"
    when = local_time(snapshot.event_time, snapshot.timezone) if snapshot.event_time else "no time"
    heading = " · ".join(part for part in (when, place, text_html(snapshot.access)) if part)
    if picture is not None:
        left = _image(picture.content, "image/jpeg", f"What camera {picture.camera_id} saw", "width:480px")
    else:
        left = f'<div style="{_NONE}"><span>No picture: {text_html(snapshot.reason)}</span></div>'
    who = cardholder_html(snapshot.cardholder) if snapshot.cardholder else text_html(snapshot.cardholder_id)
    facts = "".join(f"<div>{line}</div>" for line in _facts(snapshot))
    return (
        f'<div><b>{heading}</b></div><div style="{_CARD}"><div>{left}'
        f'<div style="{_GREY};font-size:12px;max-width:480px">{facts}</div></div>{who}</div>'
    )


def snapshots_html(snapshots: Snapshots) -> str:
    """All of them, one below the other."""
    return f"<div><p>{escape(repr(snapshots))}</p>{''.join(map(snapshot_html, snapshots))}</div>"


def cardholder_html(person: Cardholder) -> str:
    """Photo, name, number and what else the directory says."""
    photo = ""
    if person.photo is not None:
        photo = _image(person.photo, person.photo_type, f"Directory photo of {person.name}", "height:216px")
    name = f"<b>{text_html(person.name) or 'unknown'}</b>"
    rest = ", ".join(text_html(text) for text in (person.title, person.department) if text)
    note = f'<div style="color:#a33">{text_html(person.note)}</div>' if person.note else ""
    number = f'<span style="{_GREY}">{text_html(person.cardholder_id)}</span>'
    return f'<div style="font-size:13px">{photo}<div>{name} {number}</div><div>{rest}</div>{note}</div>'


def run_html(run: DownloadRun) -> str:
    """What a download left on disk, and what failed."""
    table = run.frames.drop(columns="latency_s")
    table["sha256"] = table["sha256"].str[:16] + "…"
    parts = [f"<p>{escape(run.summary())}</p>"]
    if len(table):
        parts.append(table.to_html(index=False, escape=True, border=0))
    if not run.complete and run.failures:
        parts += ["<p>What failed:</p>", run.failed.to_html(index=False, escape=True, border=0)]
    return "".join(parts)


def local_time(at: datetime, timezone: tzinfo) -> str:
    """A time in a zone, with the zone's name."""
    return f"{at.astimezone(timezone):%a %Y-%m-%d %H:%M:%S %Z}"


def _facts(snapshot: Snapshot) -> list[str]:
    """How the picture's moment relates to the event's, and what proves the picture."""
    picture, door, at = snapshot.picture, snapshot.door, snapshot.at
    lines = []
    if door is not None and door.clock_offset_s:
        lines.append(
            f"The reader's clock is {door.clock_offset_s:+g} s against the camera's, which is taken off."
        )
    if picture is not None and at is not None:
        asked = f"Asked for {local_time(picture.requested_at, snapshot.timezone)}"
        taken = snapshot.offset_s
        said = (
            "the vendor does not say when it was taken" if taken is None else f"taken {taken:+.1f} s from it"
        )
        lines += [f"{asked}; {said}.", f"SHA-256 {snapshot.sha256}"]
    return [escape(line) for line in lines]


def _image(content: bytes, kind: str, alt: str, style: str) -> str:
    data = base64.b64encode(content).decode("ascii")
    return f'<img src="data:{escape(kind)};base64,{data}" alt="{escape(alt)}" style="{style}">'
