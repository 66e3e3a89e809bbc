"""How results show themselves in Jupyter: small HTML, every text from outside escaped."""

from __future__ import annotations

import base64
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from camkit.directory import Cardholder
    from camkit.runs import DownloadRun
    from camkit.snapshots import Snapshot, Snapshots

_CARD = "display:flex;gap:16px;align-items:flex-start;margin:0 0 18px 0"
_GREY = "color:#666"
_NONE = (
    "width:480px;height:270px;display:flex;align-items:center;justify-content:center;text-align:center;"
    "background:#f2f2f2;border:1px dashed #999;color:#444;padding:12px;box-sizing:border-box"
)


def snapshot_html(snapshot: Snapshot) -> str:
    """The picture beside the directory entry, the event's facts below."""
    picture = snapshot.picture
    if picture is not None:
        alt = f"What camera {picture.camera_id} saw"
        left = _image(picture.content, "image/jpeg", alt, "width:480px")
    else:
        left = f'<div style="{_NONE}">No picture: {escape(snapshot.reason)}</div>'
    who = cardholder_html(snapshot.cardholder) if snapshot.cardholder else escape(snapshot.cardholder_id)
    facts = "".join(f"<div>{line}</div>" for line in _facts(snapshot))
    return f'<div style="{_CARD}"><div>{left}</div><div style="font-size:13px">{who}{facts}</div></div>'


def snapshots_html(snapshots: Snapshots) -> str:
    """All of them, one below the other."""
    return f"<div><p>{escape(repr(snapshots))}</p>{''.join(map(snapshot_html, snapshots))}</div>"


def cardholder_html(person: Cardholder) -> str:
    """Photo, name, number and what else the directory says."""
    photo = ""
    if person.photo is not None:
        photo = _image(person.photo, person.photo_type, f"Directory photo of {person.name}", "height:180px")
    name = f"<b>{escape(person.name)}</b>" if person.name else "<b>unknown</b>"
    rest = ", ".join(escape(text) for text in (person.title, person.department) if text)
    note = f'<div style="color:#a33">{escape(person.note)}</div>' if person.note else ""
    number = f'<span style="{_GREY}">{escape(person.cardholder_id)}</span>'
    return f"<div>{photo}<div>{name} {number}</div><div>{rest}</div>{note}</div>"


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


def local_time(at: datetime, timezone: str) -> str:
    """A time in a zone, with the zone's name."""
    return f"{at.astimezone(ZoneInfo(timezone)):%a %Y-%m-%d %H:%M:%S %Z}"


def _facts(snapshot: Snapshot) -> list[str]:
    door = snapshot.door
    place = f"{door.name} ({snapshot.reader_id})" if door else snapshot.reader_id or "no reader"
    badge = f"Badge {snapshot.cardholder_id or 'unknown'} {snapshot.access}".strip()
    lines = [
        escape(f"{badge} at {place}"),
        escape(f"Badge time: {local_time(snapshot.event_time, snapshot.timezone)}"),
    ]
    if door is not None and door.clock_offset_s:
        lines.append(escape(f"The reader's clock is {door.clock_offset_s:+g} s against the camera's."))
    if snapshot.picture is not None and snapshot.at is not None:
        if snapshot.offset_s is None:
            said = "the vendor does not say which moment it shows"
        else:
            said = f"taken {snapshot.offset_s:+.1f} s from it"
        asked = local_time(snapshot.picture.requested_at, snapshot.timezone)
        lines.append(escape(f"Picture asked for: {asked} ({said})"))
        lines.append(f'<code style="{_GREY};font-size:11px">SHA-256 {snapshot.sha256}</code>')
    return lines


def _image(content: bytes, kind: str, alt: str, style: str) -> str:
    data = base64.b64encode(content).decode("ascii")
    return f'<img src="data:{escape(kind)};base64,{data}" alt="{escape(alt)}" style="{style}">'
