"""The report of a case: one HTML page with everything in it, to be read, printed and handed over."""

from __future__ import annotations

import base64
import platform
import sqlite3
from datetime import UTC, datetime
from importlib.metadata import version
from operator import itemgetter
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from camkit.case import chain
from camkit.case.decisions import read_labels
from camkit.case.images import SUFFIXES, read_image
from camkit.case.queries import Row, grouped, read_all
from camkit.case.record import Record
from camkit.case.times import utc_text, zone_from_text
from camkit.case.verify import Verification
from camkit.errors import CaseError
from camkit.support.files import make_folder, replacing
from camkit.support.html import local_time, visible

VENDORS = {"meraki": "Cisco Meraki", "een": "Eagle Eye Networks"}

PACKAGES = ("camkit", "requests", "gevent", "pandas", "Pillow", "Jinja2")
"""The software that took part in what the report shows."""


def write_report(record: Record, path: Path, now: datetime | None, checked: Verification) -> Path:
    """Write the report of a case that was verified; see `Case.report`."""
    with record.database.reading() as connection:
        rows = read_all(connection)
        seal = chain.seal(connection)
        labels = read_labels(connection)
    images = {image["sha256"]: image for image in rows["images"]}

    def data_uri(sha256: str | None) -> str | None:
        """Embed an image; None for one that is missing, altered, or of a type that no browser shows."""
        if sha256 is None or images[sha256]["media_type"] not in SUFFIXES:
            return None
        try:
            content = read_image(record.folder, images[sha256]["path"], sha256)
        except CaseError:
            return None
        return f"data:{images[sha256]['media_type']};base64,{base64.b64encode(content).decode('ascii')}"

    page = _template().stream(
        about=rows["about"][0],
        upgrades=rows.get("upgrades", []),
        made_at=utc_text(now or datetime.now(UTC)),
        made_by=record.operator,
        events=_events(rows),
        cardholders=rows["cardholders"],
        images=rows["images"],
        shows=_shows(rows),
        data_uri=data_uri,
        checked=checked,
        seal=seal,
        meanings={name: label.meaning for name, label in labels.items()},
        vendors=VENDORS,
        software={
            **{name: version(name) for name in PACKAGES},
            "Python": platform.python_version(),
            "SQLite": sqlite3.sqlite_version,
            "System": platform.platform(),
        },
    )
    make_folder(path.parent)
    with replacing(path) as part:
        page.dump(str(part), encoding="utf-8")
    return path


def _events(rows: dict[str, list[Row]]) -> list[Row]:
    """The events, each with its other cameras, its pictures' requests, its verdicts, and whether it was looked at."""
    snapshots = grouped(rows["snapshots"], "event")
    requests = grouped(rows["requests"], "snapshot")
    verdicts = grouped(rows["verdicts"], "event")
    events = []
    for event in rows["events"]:
        others = _other_cameras(event, snapshots.get(event["event"], []))
        shown = [event["snapshot"], *(row["id"] for row in others)]
        events.append(
            {
                **event,
                "others": others,
                "requests": [request for number in shown for request in requests.get(number, [])],
                "history": verdicts.get(event["event"], []),
                "seen": event["event"] in snapshots or event["event"] in verdicts,
            }
        )
    return events


def _other_cameras(event: Row, snapshots: list[Row]) -> list[Row]:
    """The door's cameras beside the one that stands for the event: the picture nearest to it, or the latest attempt."""
    camera = itemgetter("vendor", "camera_id")
    standing = next((row for row in snapshots if row["id"] == event["snapshot"]), event)
    others = [row for row in snapshots if row["camera_id"] is not None and camera(row) != camera(standing)]
    by_camera = grouped(sorted(others, key=itemgetter("camera_rank")), "vendor", "camera_id")
    return [min(found, key=_distance) for found in by_camera.values()]


def _distance(snapshot: Row) -> tuple[bool, float]:
    """Sort pictures before attempts, pictures by their distance from the event, attempts from the latest."""
    if snapshot["image"] is None:
        return True, -snapshot["id"]
    return False, abs(snapshot["step_s"] or 0.0)


def _shows(rows: dict[str, list[Row]]) -> dict[str, str]:
    """What each image shows, in words."""
    photos = {row["photo"]: f"directory photo of {row['cardholder_id']}" for row in rows["cardholders"]}
    snapshots = grouped(rows["snapshots"], "image")
    return photos | {
        image: ", ".join(dict.fromkeys(map(_event_and_view, found))) for image, found in snapshots.items()
    }


def _event_and_view(snapshot: Row) -> str:
    view = f", {snapshot['view']}" if snapshot["view"] else ""
    step = f" ({snapshot['step_s']:+g} s)" if snapshot["step_s"] else ""
    return f"event {snapshot['event']}{view}{step}"


def _template() -> Any:
    environment = Environment(
        loader=PackageLoader("camkit.case"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: visible(value) if type(value) is str else value,
    )
    environment.filters |= {"local": _local, "utc": _utc, "sentence": _sentence}
    return environment.get_template("report.html")


def _local(moment: str, zone: str) -> str:
    return local_time(datetime.fromisoformat(moment), zone_from_text(zone))


def _utc(moment: str) -> str:
    """Write a time in UTC, with its fraction of a second if it has one."""
    return moment.replace("T", " ").replace("Z", " UTC").replace(".000000", "")


def _sentence(text: str) -> str:
    """Return text with a capital first letter, and the rest as it is."""
    return text[:1].upper() + text[1:]
