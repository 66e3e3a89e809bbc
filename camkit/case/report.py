"""The report of a case, to be read, printed and handed over: one HTML page with everything in it.

A case of more events than `camkit.case.report_pages.PAGE` has a page about the whole case, and a folder of pages of
events beside it. Each opens offline; their links are relative, so they can be moved together.
"""

from __future__ import annotations

import base64
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache, partial
from hashlib import sha256
from operator import itemgetter
from pathlib import Path
from string import ascii_uppercase
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from camkit.badges import ALARMS
from camkit.case import chain
from camkit.case.decisions import (
    DISPUTED,
    Decision,
    Verdict,
    agreed,
    is_settled,
    latest_opinions,
    read_labels,
)
from camkit.case.handover import handed_over
from camkit.case.images import SUFFIXES, read_image
from camkit.case.queries import Row, grouped, read_rows, readable
from camkit.case.record import Record
from camkit.case.report_pages import Pages
from camkit.case.sources import EXPORT, NOT_EVENTS, read_setting, software
from camkit.case.times import utc_text, zone_from_text
from camkit.case.verify import Verification
from camkit.directory import Cardholder
from camkit.errors import CaseError, OutputError
from camkit.support.files import advice, make_folder, remove_leftovers, replacing, sync, working_folder
from camkit.support.html import visible

VENDORS = {"meraki": "Cisco Meraki", "een": "Eagle Eye Networks"}


def write_report(record: Record, path: Path, now: datetime | None, checked: Verification) -> Path:
    """Write the report of a case that was verified; see `Case.report`."""
    is_demo = record.is_demo
    above = path.with_name(f"{path.name}-pages")
    with handed_over(record.database) as connection:
        rows = {name: read_rows(connection, name) for name in ABOUT if name in readable(connection)}
        pages, documents = Pages(connection), rows.get("documents", [])
        totals = _Totals()
        for number, page in enumerate(pages, 1):
            totals.add(number, _events(page, documents, pages.event))
        made_at, seal = utc_text(now or datetime.now(UTC)), chain.seal(connection)
        # Of its own for each report: one that is stopped leaves the earlier one, and its pages, as they are.
        folder = above / sha256(f"{seal} {made_at}".encode()).hexdigest()[:16]
        common = {
            "about": rows["about"][0],
            "made_at": made_at,
            "made_by": record.operator,
            "is_demo": is_demo,
            "totals": totals,
            "excluded": _excluded(rows.get("exclusions", [])),
            "checked": checked,
            "seal": seal,
            "labels": read_labels(connection),
            "own_labels": [*Verdict],
            "disputed": DISPUTED,
            "vendors": VENDORS,
            "count": pages.count,
            "folder": quote(f"{above.name}/{folder.name}"),
            "index": f"../../{quote(path.name)}" if pages.count > 1 else "",
        }
        index = {
            "upgrades": rows.get("upgrades", []),
            "basis": _basis(rows),
            "software": software(),
            "unshown": pages.unshown(),
        }

        def of_page(number: int, page: dict[str, list[Row]]) -> dict[str, Any]:
            return {
                "number": number,
                "events": _events(page, documents, pages.event),
                "cardholders": page["cardholders"],
                "images": page["images"],
                "shows": _shows(page),
                "data_uri": partial(_data_uri, record.folder, {row["sha256"]: row for row in page["images"]}),
            }

        template = _template()
        remove_leftovers(make_folder(path.parent), path.name)
        if pages.count == 1:
            (page,) = pages
            _write(path, template, {**common, **index, **of_page(0, page)})
        else:
            with _made_as_a_whole(folder) as made:
                for number, page in enumerate(pages, 1):
                    _write(made / page_name(number), template, {**common, **of_page(number, page)})
            _write(path, template, {**common, **index, **_NO_PAGE})
        _remove_earlier(above, folder if pages.count > 1 else None)
    return path


ABOUT = ("about", "upgrades", "exclusions", "documents", "settings")
"""The tables that are not about single events."""

_MADE, _PAGE = re.compile("[0-9a-f]{16}"), re.compile(r"page-\d{4,}\.html")
"""The folder of a report's pages, and a page."""

_NO_PAGE: dict[str, Any] = {"number": None, "events": [], "cardholders": [], "images": [], "shows": {}}


def page_name(number: int) -> str:
    """Return the file name of a page."""
    return f"page-{number:04d}.html"


@dataclass
class _Totals:
    """What the report says of all its events, and of each page."""

    events: int = 0
    pictures: int = 0
    failed: int = 0
    unasked: int = 0
    unseen: int = 0
    unsettled: int = 0
    verdicts: Counter[str | None] = field(default_factory=Counter)
    zones: dict[str, None] = field(default_factory=dict)
    pages: list[Row] = field(default_factory=list)

    @property
    def undecided(self) -> int:
        """How many have no verdict."""
        return self.verdicts[None]

    @property
    def disagreeing(self) -> int:
        """On how many the reviewers disagree."""
        return self.verdicts[DISPUTED]

    @property
    def is_draft(self) -> bool:
        """Whether an event has no verdict on the picture that stands for it."""
        return bool(self.undecided or self.unsettled)

    def add(self, number: int, events: list[Row]) -> None:
        """Count the events of a page."""
        verdicts = Counter(event["verdict"] for event in events)
        unsettled = sum(bool(event["verdict"]) and not event["settled"] for event in events)
        pictures = sum(event["sha256"] is not None for event in events)
        failed = [event for event in events if event["result"] and event["sha256"] is None]
        self.events += len(events)
        self.pictures += pictures
        self.failed += sum(bool(event["camera_id"]) for event in failed)
        self.unasked += sum(not event["camera_id"] for event in failed)
        self.unseen += sum(not event["seen"] for event in events)
        self.unsettled += unsettled
        self.verdicts += verdicts
        self.zones |= dict.fromkeys(event["timezone"] for event in events)
        row = {"name": page_name(number), "number": number, "events": len(events), "pictures": pictures}
        row |= {"undecided": verdicts[None], "unsettled": unsettled, "disagreeing": verdicts[DISPUTED]}
        self.pages.append(row | {"first": events[0], "last": events[-1]} if events else row)


def _write(path: Path, template: Any, context: dict[str, Any]) -> None:
    with replacing(path) as part:
        template.stream(context).dump(str(part), encoding="utf-8")


@contextmanager
def _made_as_a_whole(folder: Path) -> Iterator[Path]:
    """Give a folder for pages, which becomes this one when all of them are there."""
    above = folder.parent
    if above.is_symlink() or (above.exists() and not above.is_dir()):
        raise OutputError(
            f"The pages of the report cannot be written: {above} is a link or a file. Remove it."
        )
    with working_folder(above) as work:
        made = make_folder(work / "pages")
        yield made
        sync(made.iterdir(), [made])
        make_folder(above)
        try:
            _remove_pages(folder)  # of the same case at the same moment
            made.rename(folder)
        except OSError as error:
            raise OutputError(f"{folder} cannot be written: {error.strerror}. {advice(error)}") from None
    sync([], [above])


def _remove_earlier(above: Path, folder: Path | None) -> None:
    """Remove the pages of earlier reports from a folder of pages, and that folder if nothing else is in it."""
    if above.is_symlink() or not above.is_dir():
        return
    with suppress(OSError):
        for other in [*above.iterdir()]:
            if _MADE.fullmatch(other.name) and other != folder and not other.is_symlink():
                _remove_pages(other)
        above.rmdir()


def _remove_pages(folder: Path) -> None:
    """Remove the pages of a report, and their folder; anything else in it stays, and so does it then."""
    if folder.is_dir():
        for page in [*folder.iterdir()]:
            if _PAGE.fullmatch(page.name):
                page.unlink()
        with suppress(OSError):
            folder.rmdir()


def _data_uri(folder: Path, images: Mapping[str, Row], sha256: str | None) -> str | None:
    """Embed an image; None for one that is missing, altered, or of a type that no browser shows."""
    if sha256 is None or images[sha256]["media_type"] not in SUFFIXES:
        return None
    try:
        content = read_image(folder, images[sha256]["path"], sha256)
    except CaseError:
        return None
    return f"data:{images[sha256]['media_type']};base64,{base64.b64encode(content).decode('ascii')}"


def _events(
    rows: dict[str, list[Row]], documents: list[Row], other: Callable[[Any], Row | None]
) -> list[Row]:
    """The events of a page, each with its pictures, its requests, what its reviewers say, and its flags.

    `other` returns an event of any page.
    """
    snapshots, requests, verdicts, notes, flags = (
        grouped(rows[table], column)
        for table, column in (
            ("snapshots", "event"), ("requests", "snapshot"), ("verdicts", "event"), ("notes", "event"),
            ("flags", "event"),
        )
    )  # fmt: skip
    documents = [document for document in documents if document["kind"] == EXPORT]
    events = []
    for event in rows["events"]:
        label = event["event"]
        given = verdicts.get(label, [])
        others = _other_cameras(event, snapshots.get(label, []))
        pictures = _pictures(event, others, given, snapshots.get(label, []))
        extras = json.loads(event["extras"])
        events.append(
            {
                **event,
                "outcome": _alarm(event) or event["outcome"],
                "name": event["name"] or extras.get("cardholder_name"),
                "logged_name": "" if _is_named(event["name"], extras) else extras["cardholder_name"],
                "verdict": agreed(map(Decision.from_row, given)),
                "settled": is_settled(map(Decision.from_row, given), event["sha256"]),
                "pictures": pictures,
                "taken": event["pictures"],
                "letters": {picture["image"]: picture["letter"] for picture in pictures if picture["letter"]},
                "requests": _requests(pictures, requests),
                "opinions": _opinions(given, notes.get(label, [])),
                "earlier": _earlier(given, notes.get(label, [])),
                "flags": [_flag(flag, other) for flag in flags.get(label, [])],
                "extras": {name: str(value) for name, value in extras.items() if name != "cardholder_name"},
                "document": _document_of(event, documents),
                "seen": label in snapshots or bool(given) or label in notes,
            }
        )
    return events


def _alarm(event: Row) -> str:
    """What a door reported without a badge, in words; empty for the use of a badge."""
    extras = event["extras"]
    return ALARMS.get((json.loads(extras) if isinstance(extras, str) else extras).get("kind"), "")


def _is_named(name: str | None, extras: Row) -> bool:
    """Whether the directory's name may be the one in the badge log, or one of them is missing."""
    return not name or Cardholder("", name).is_named(str(extras.get("cardholder_name") or ""))


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


def _pictures(event: Row, others: list[Row], verdicts: list[Row], snapshots: list[Row]) -> list[Row]:
    """The pictures of an event's card: the one that stands for it, each other camera's, and each that was judged.

    An attempt without a picture is among them. If there are several pictures, each gets a letter.
    """
    standing = {**event, "image": event["sha256"], "id": event["snapshot"], "role": "What the camera saw"}
    shown = [standing, *({**row, "role": "What another camera saw"} for row in others)]
    for judged in dict.fromkeys(row["image"] for row in verdicts if row["image"]):
        if judged not in [picture["image"] for picture in shown]:
            row = next(row for row in snapshots if row["image"] == judged)
            shown.append({**row, "role": "Another picture, which a verdict is about"})
    several = sum(picture["image"] is not None for picture in shown) > 1
    letters = iter(ascii_uppercase if several else "")
    offsets = {
        (row["vendor"], row["camera_id"]): row["clock_offset_s"] for row in snapshots
    }  # the last one's stays
    return [
        {
            **picture,
            "letter": next(letters, "") if picture["image"] else "",
            "later_offset_s": offsets.get((picture["vendor"], picture["camera_id"])),
        }
        for picture in shown
    ]


def _requests(pictures: list[Row], requests: dict[int, list[Row]]) -> list[Row]:
    return [
        {**request, "letter": picture["letter"]}
        for picture in pictures
        for request in requests.get(picture["id"], [])
    ]


def _opinions(verdicts: list[Row], notes: list[Row]) -> list[Row]:
    """Each reviewer's latest verdict, with their latest note; and the note of one who gave none."""
    latest = latest_opinions(map(Decision.from_row, verdicts))
    said = {row["operator"]: row["note"] for row in notes}
    given = [
        {**vars(decision), "decided_at": utc_text(decision.decided_at), "note": said.pop(operator, "")}
        for operator, decision in latest.items()
    ]
    nothing: Row = dict.fromkeys(("verdict", "decided_at", "image"))
    return given + [
        {**nothing, "operator": operator, "note": note} for operator, note in said.items() if note
    ]


def _earlier(verdicts: list[Row], notes: list[Row]) -> list[Row]:
    """What a reviewer said before their latest verdict or note, in the order of time."""
    entries = [{**row, "at": row["decided_at"], "what": "verdict"} for row in verdicts]
    entries += [{**row, "at": row["noted_at"], "what": "note"} for row in notes]
    last = {(entry["operator"], entry["what"]): entry for entry in entries}
    replaced = [entry for entry in entries if last[entry["operator"], entry["what"]] is not entry]
    return sorted(
        (entry for entry in replaced if entry["what"] == "verdict" or entry["note"]), key=itemgetter("at")
    )


def _flag(flag: Row, event_of: Callable[[Any], Row | None]) -> Row:
    """A flag in words, with the event that it rests on: as a row if the report has it, else as described once."""
    other = event_of(flag["other_event"])
    return {"meaning": flag["meaning"], "other": other, "description": None if other else flag["description"]}


def _document_of(event: Row, documents: list[Row]) -> Row | None:
    """The export that an event was read from, if the case has it."""
    file = event["file"] or ""
    return next((row for row in documents if file == row["name"] or file.startswith(f"{row['name']}/")), None)


def _excluded(exclusions: list[Row]) -> list[Row]:
    """The reasons why events are left out, as given last."""
    latest = {row["event"]: row for row in exclusions}
    return [row for row in latest.values() if row["is_excluded"]]


def _basis(rows: dict[str, list[Row]]) -> Row:
    """What the case rests on: its documents, and its settings by name."""
    settings = {row["name"]: read_setting(row["name"], row["value"]) for row in rows.get("settings", [])}
    documents = rows.get("documents", [])
    return {
        "documents": documents,
        "has_export": any(document["kind"] == EXPORT for document in documents),
        "not_events": next((row for row in documents if row["kind"] == NOT_EVENTS), None),
        "log": settings.get("badge log"),
        "flags": settings.get("flags"),
        "site": settings.get("site"),
        "software": settings.get("software"),
    }


def _shows(rows: dict[str, list[Row]]) -> Mapping[str, list[Row]]:
    """The snapshots, or the directory's entries, that show each image; the former with their events."""
    events = {event["event"]: event for event in rows["events"]}
    snapshots = [{**row, "of": events[row["event"]]} for row in rows["snapshots"]]
    photos = [{**person, "image": person["photo"], "of": None} for person in rows["cardholders"]]
    return grouped([*snapshots, *photos], "image")


@cache
def _template() -> Any:
    environment = Environment(
        loader=PackageLoader("camkit.case"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: visible(value) if type(value) is str else value,
    )
    environment.filters |= {
        "alarm": _alarm,
        "local": _local,
        "utc": _utc,
        "second": _second,
        "sentence": _sentence,
        "stop": _stop,
    }
    return environment.get_template("report.html")


def _local(moment: str, zone: str) -> str:
    """Write a time as people do, in the site's zone, as in ``Fri 12 April 2019 14:26:19 MDT``."""
    at = datetime.fromisoformat(moment).astimezone(zone_from_text(zone))
    return f"{at:%a} {at.day} {at:%B %Y %H:%M:%S %Z}"


def _utc(moment: str) -> str:
    """Write a time in UTC, with its fraction of a second if it has one."""
    return moment.replace("T", " ").replace("Z", " UTC").replace(".000000", "")


def _second(moment: str) -> str:
    """Write a time in UTC to the second."""
    return f"{datetime.fromisoformat(moment):%Y-%m-%d %H:%M:%S} UTC"


def _sentence(text: str) -> str:
    """Return text of camkit's own with a capital first letter, and the rest as it is."""
    return text[:1].upper() + text[1:]


def _stop(text: str) -> str:
    """Return text with a full stop at its end."""
    return text if text.endswith((".", "!", "?")) else f"{text}."
