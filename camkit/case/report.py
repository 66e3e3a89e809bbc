"""The report of a case: one HTML page with everything in it, to be read, printed and handed over."""

from __future__ import annotations

import base64
import platform
import sqlite3
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from camkit.case import chain
from camkit.case.decisions import MEANINGS
from camkit.case.images import SUFFIXES, image_path, read_image
from camkit.case.tables import QUERIES, read_rows
from camkit.case.times import utc_text, zone_from_text
from camkit.errors import CaseError
from camkit.support.files import make_folder, replacing
from camkit.support.html import local_time, visible

if TYPE_CHECKING:
    from camkit.case import Case

Row = dict[str, Any]

VERDICTS = {verdict: (verdict.capitalize(), meaning) for verdict, meaning in MEANINGS.items()}
"""Each verdict's heading and meaning."""

VENDORS = {"meraki": "Cisco Meraki", "een": "Eagle Eye Networks"}
"""What the vendors call themselves."""

PACKAGES = ("camkit", "requests", "gevent", "pandas", "Pillow", "Jinja2")
"""The software that had a part in what the report shows."""


def write_report(case: Case, path: Path, now: datetime | None) -> Path:
    """Write the report; see `Case.report`."""
    checked = case.verify()
    with case.database.reading() as connection:
        rows = {name: read_rows(connection, name) for name in QUERIES}
        seal = chain.seal(connection)
    images = {image["sha256"]: image for image in rows["images"]}

    def data_uri(sha256: str | None) -> str | None:
        """An image in the page itself; None for one that is missing, altered, or of a type no browser shows."""
        if sha256 is None or images[sha256]["media_type"] not in SUFFIXES:
            return None
        try:
            content = read_image(image_path(case.folder, images[sha256]["path"]), sha256)
        except CaseError:
            return None
        return f"data:{images[sha256]['media_type']};base64,{base64.b64encode(content).decode('ascii')}"

    page = _template().stream(
        about=rows["about"][0],
        made_at=utc_text(now or datetime.now(UTC)),
        made_by=case.operator,
        events=_events(rows),
        cardholders=rows["cardholders"],
        images=rows["images"],
        shows=_shows(rows),
        data_uri=data_uri,
        checked=checked,
        seal=seal,
        verdicts=VERDICTS,
        vendors=VENDORS,
        software=_software(),
    )
    make_folder(path.parent)
    with replacing(path) as part:
        page.dump(str(part), encoding="utf-8")
    return path


def _events(rows: dict[str, list[Row]]) -> list[Row]:
    """The events, each with its chosen picture's requests, its verdicts, and whether anybody looked at it."""
    snapshots = _grouped(rows["snapshots"], "event")
    requests = _grouped(rows["requests"], "snapshot")
    verdicts = _grouped(rows["verdicts"], "event")
    return [
        {
            **event,
            "requests": requests.get(event["snapshot"], []),
            "history": verdicts.get(event["event"], []),
            "seen": event["event"] in snapshots or event["event"] in verdicts,
        }
        for event in rows["events"]
    ]


def _grouped(rows: list[Row], column: str) -> dict[Any, list[Row]]:
    groups: dict[Any, list[Row]] = {}
    for row in rows:
        groups.setdefault(row[column], []).append(row)
    return groups


def _shows(rows: dict[str, list[Row]]) -> dict[str, str]:
    """What each image shows, in words."""
    photos = {row["photo"]: f"directory photo of {row['cardholder_id']}" for row in rows["cardholders"]}
    events = _grouped(rows["snapshots"], "image")
    return photos | {
        image: ", ".join(dict.fromkeys(f"event {row['event']}{_step(row['step_s'])}" for row in found))
        for image, found in events.items()
    }


def _step(seconds: float | None) -> str:
    return f" ({seconds:+g} s)" if seconds else ""


def _software() -> dict[str, str]:
    python = {"Python": platform.python_version(), "SQLite": sqlite3.sqlite_version}
    return {**{name: version(name) for name in PACKAGES}, **python, "System": platform.platform()}


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
    """A time in UTC, with the fraction of a second that it has."""
    return moment.replace("T", " ").replace("Z", " UTC").replace(".000000", "")


def _sentence(text: str) -> str:
    """Text with a capital first letter, and the rest as it is."""
    return text[:1].upper() + text[1:]
