"""How fast a large case opens, and how fast it is verified beside ``sha256sum`` over the same files."""

from __future__ import annotations

import random
import subprocess
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pandas as pd

from camkit.badges import Camera, Door, DoorEvent, DoorEvents
from camkit.cameras import Picture, Result, Snapshot
from camkit.case import Case
from tests.bench.measure import Row, in_turn

START = datetime(2026, 1, 5, 7, 0, tzinfo=UTC)
CAMERA = Camera("meraki", "Q2XX-0000-0001")
DOOR = Door("R1", "Main entrance", (CAMERA,))
EVENTS, IMAGES, IMAGE_BYTES = 10_000, 5_000, 70_000


def events() -> DoorEvents:
    """Badge events, one a minute."""
    times = pd.date_range(START, periods=EVENTS, freq="min").astype("datetime64[us, UTC]")
    people = [str(86540000 + number % 500) for number in range(EVENTS)]
    table = pd.DataFrame(
        {"event_time": times, "cardholder_id": people, "reader_id": DOOR.reader_id, "outcome": "granted"}
    )
    return DoorEvents(table, {DOOR.reader_id: DOOR}, UTC)


def snapshot(label: int, event: DoorEvent) -> Snapshot:
    """The snapshot of one event; its picture is noise, as large as a JPEG of 1280 x 720."""
    at = event.at(CAMERA)
    content = random.Random(label).randbytes(IMAGE_BYTES)
    picture = Picture(CAMERA.vendor, CAMERA.camera_id, content, sha256(content).hexdigest(), at, None)
    return Snapshot(event, CAMERA, Result.PICTURE, picture=picture)


def fill(case: Case) -> None:
    """Put everything into a case."""
    badges = events()
    case.add_events(badges)
    case.add_snapshots(snapshot(label, badges[label]) for label in range(IMAGES))


def open_and_list(folder: Path) -> None:
    """What a notebook does first."""
    with Case(folder) as case:
        case.events()


def timed(call: Callable[[], object]) -> Callable[[], float]:
    """A subject: the seconds of a call."""

    def subject() -> float:
        started = time.perf_counter()
        call()
        return time.perf_counter() - started

    return subject


def bench() -> list[Row]:
    """Open and verify."""
    with tempfile.TemporaryDirectory() as temporary, Case(temporary, operator="bench") as case:
        fill(case)
        files = [str(path) for path in (case.folder / "images").rglob("*") if path.is_file()]
        size = f"{EVENTS:,} events and {IMAGES:,} images"
        opened = {"camkit": timed(lambda: open_and_list(case.folder))}
        verified = {
            "camkit": timed(case.verify),
            "sha256sum": timed(
                lambda: subprocess.run(["sha256sum", *files], capture_output=True, check=True)
            ),
        }
        return in_turn(f"open a case of {size}", opened) + in_turn(f"verify a case of {size}", verified)
