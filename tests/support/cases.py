"""Events and snapshots for the tests of cases: seen on the demo site, or made up where the content does not matter."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pandas as pd

from camkit.badges import Camera, Door, DoorEvent, DoorEvents, flag_events, load_badges, load_doors, resolve
from camkit.cameras import Picture, Result, Snapshot, Snapshots, snapshots_for
from camkit.case import Case, schema
from camkit.case.database import Stamp, insert
from camkit.case.images import store_document
from camkit.demo.launch import DemoProcess
from camkit.directory import Cardholder
from camkit.site import demo_site
from tests.conftest import ROOT

ZONE = "America/Denver"
START = datetime(2026, 1, 5, 7, 0, tzinfo=UTC)
CAMERA = Camera("meraki", "Q2XX-0000-0001", clock_offset_s=2.0)
DOOR = Door("R1", "Main entrance", (CAMERA,))
MADE_AT = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)


def picked() -> pd.DataFrame:
    """The first eight events of the sample, as an investigator would pick them."""
    return load_badges(ROOT / "data" / "sample_badges.csv", timezone=ZONE).events.head(8)


def picked_at_doors() -> DoorEvents:
    """The same, resolved."""
    return resolve(picked(), load_doors(ROOT / "data" / "doors.csv"), timezone=ZONE)


def flags() -> pd.DataFrame:
    """The flags of the whole sample."""
    log = load_badges(ROOT / "data" / "sample_badges.csv", timezone=ZONE)
    return flag_events(log.events, load_doors(ROOT / "data" / "doors.csv"), ("07:00", "19:00"), timezone=ZONE)


def look(demo: DemoProcess) -> Snapshots:
    """What the demo site's cameras saw at the picked events, and what its directory says."""
    with demo_site(demo.info) as site:
        return snapshots_for(picked_at_doors(), site.sources, directory=site.directory)


def review(case: Case, seen: Snapshots) -> None:
    """Fill a case as a review of the picked events does."""
    case.add_events(picked_at_doors(), flags=flags())
    case.add_snapshots(seen)
    case.record_verdict(0, "match")
    case.record_verdict(1, "unclear", "Too dark?")
    case.record_verdict(1, "mismatch", "It is David Cohen who comes in.")
    case.record_verdict(5, "nobody", "The door opens, nobody comes through.")


def made_up_events(count: int, **columns: Any) -> pd.DataFrame:
    """Badge events, one a minute."""
    times = pd.date_range(START, periods=count, freq="min").astype("datetime64[us, UTC]")
    table = {"event_time": times, "cardholder_id": "4711", "reader_id": DOOR.reader_id, "outcome": "granted"}
    return pd.DataFrame({**table, **columns})


def at_doors(events: pd.DataFrame, door: Door = DOOR, timezone: Any = None) -> DoorEvents:
    """Badge events resolved; only one reader has a door."""
    cameras = [{"reader_id": door.reader_id, "door": door.name, **vars(camera)} for camera in door.cameras]
    return resolve(events, pd.DataFrame(cameras), timezone=timezone)


def made_up(count: int, **columns: Any) -> DoorEvents:
    """Badge events, one a minute, resolved."""
    return at_doors(made_up_events(count, **columns))


def made_up_snapshot(label: int | str, content: bytes, minute: int | None = None, **changes: Any) -> Snapshot:
    """A picture of a made-up event; by default its label says which. Changes are of the event or of the snapshot."""
    at = START + timedelta(minutes=int(label) if minute is None else minute)
    true_time = at - timedelta(seconds=CAMERA.clock_offset_s)
    event = DoorEvent(label, at, true_time, "granted", "4711", DOOR.reader_id, DOOR)
    ours = {field.name for field in fields(event)} & set(changes)
    event = replace(event, **{name: changes.pop(name) for name in ours})
    camera = changes.pop("camera", event.cameras[0] if event.cameras else None)
    picture = None
    if camera is not None:
        digest = sha256(content).hexdigest()
        picture = Picture(camera.vendor, camera.camera_id, content, digest, event.at(camera), None)
    person = Cardholder("4711", "Ann Li", photo=b"portrait", photo_type="image/png")
    return replace(Snapshot(event, camera, Result.PICTURE, "", picture, person), **changes)


def frame(snapshot: Snapshot, content: bytes, step_s: float) -> Snapshot:
    """A frame some seconds after (or before) that snapshot."""
    assert snapshot.picture is not None
    asked = snapshot.picture.requested_at + timedelta(seconds=step_s)
    picture = replace(
        snapshot.picture, content=content, sha256=sha256(content).hexdigest(), requested_at=asked
    )
    return replace(snapshot, picture=picture)


def main_of(seen: Snapshots, event: int) -> Snapshot:
    """The snapshot of an event by its door's main camera."""
    return next(snapshot for snapshot in seen if snapshot.event.event_id == event)


def upgraded_case(folder: Path) -> Case:
    """An open case that was made with version 2, and upgraded, without an event."""
    folder.mkdir()
    with closing(sqlite3.connect(folder / "case.sqlite", isolation_level=None)) as raw:
        for statement in schema.statements(up_to=2):
            raw.execute(statement)
        insert(raw, "about", {"name": folder.name, **Stamp("R. Investigator").columns("created_at")})
    case = Case(folder, operator="R. Investigator")
    case.upgrade()
    return case


def fill_empty_tables(connection: sqlite3.Connection, folder: Path) -> None:
    """Add a row, with its link, to each table of a case of one event or more that a review alone leaves empty."""
    (event,) = connection.execute("SELECT min(event) FROM events").fetchone()
    (flag,) = connection.execute("SELECT min(id) FROM flags").fetchone()
    stamp = Stamp("R. Investigator")
    rows: dict[str, tuple[str, dict[str, Any]]] = {
        "verdicts": ("decided_at", {"event": event, "verdict": "unclear", "note": "Of version 2."}),
        "notes": ("noted_at", {"event": event, "note": "A note."}),
        "exclusions": ("excluded_at", {"event": event, "is_excluded": 0, "reason": ""}),
        "documents": ("added_at", {"kind": "doors", **store_document(folder, b"reader_id", "doors.csv")}),
        "settings": ("added_at", {"name": "site", "value": '{"is_demo": false, "services": {}}'}),
        "upgrades": (
            "upgraded_at",
            {"from_version": 2, "to_version": 3, "seal": "", "schema_sha256": ""},
        ),
        "flag_evidence": ("added_at", {"flag": flag, "description": "Ann Li at the main entrance"}),
    }
    for table, (time_column, row) in rows.items():
        if connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,):
            insert(connection, table, {**row, **stamp.columns(time_column)})
    decision = {"event": event, "verdict": "unclear", **stamp.columns("decided_at")}
    number = insert(connection, "decisions", decision)
    insert(connection, "withdrawals", {"decision": number, **stamp.columns("withdrawn_at")})
