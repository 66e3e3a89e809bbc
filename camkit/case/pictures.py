"""What the cameras saw and what the directory said, as rows of a case."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from camkit.cameras import Picture, Snapshot
from camkit.case.database import Database, Stamp, find, insert
from camkit.case.events import check_event, label_of
from camkit.case.images import StoredImage, store_image
from camkit.case.times import utc_text
from camkit.directory import Cardholder
from camkit.errors import InputError
from camkit.http import Reply

PICTURE_TYPE = "image/jpeg"
"""What every `Picture` is."""

_SAME = ("event", "outcome", "reason", "requested_at", "image", "cardholder")
"""Two snapshots that agree in these say the same: the first one stands."""


def add_snapshot(
    database: Database, folder: Path, snapshot: Snapshot, stamp: Stamp, camera_names: Mapping[str, str]
) -> None:
    """Write the images to disk, then their rows at once; see `Case.add_snapshots`."""
    with database.reading() as connection:
        check_event(connection, snapshot)
    picture, person = snapshot.picture, snapshot.cardholder
    image = _store_picture(folder, picture) if picture is not None else None
    photo = None
    if person is not None and person.photo is not None:
        photo = store_image(folder, person.photo, person.photo_type)
    with database.writing() as connection:
        for stored in (image, photo):
            if stored is not None:
                _know_image(connection, stored, stamp)
        row = {
            **_snapshot_row(snapshot, camera_names),
            "image": image.sha256 if image else None,
            "cardholder": _know_cardholder(connection, person, photo, stamp) if person else None,
        }
        if find(connection, "snapshots", {name: row[name] for name in _SAME}) is None:
            number = insert(connection, "snapshots", {**row, **stamp.columns("added_at")})
            for reply in picture.replies if picture else ():
                insert(connection, "requests", {"snapshot": number, **_request_row(reply)})


def _store_picture(folder: Path, picture: Picture) -> StoredImage:
    if sha256(picture.content).hexdigest() != picture.sha256:
        raise InputError(f"A picture of camera {picture.camera_id} does not have the SHA-256 that it claims.")
    return store_image(folder, picture.content, PICTURE_TYPE)


def _know_image(connection: sqlite3.Connection, image: StoredImage, stamp: Stamp) -> None:
    known = connection.execute("SELECT 1 FROM images WHERE sha256 = ?", [image.sha256]).fetchone()
    if known is None:
        insert(connection, "images", {**vars(image), **stamp.columns("added_at")})


def _know_cardholder(
    connection: sqlite3.Connection, person: Cardholder, photo: StoredImage | None, stamp: Stamp
) -> int:
    """The number of the directory's entry; one that says something new is added."""
    row = {
        "cardholder_id": person.cardholder_id,
        "name": person.name,
        "title": person.title,
        "department": person.department,
        "note": person.note,
        "photo": photo.sha256 if photo else None,
    }
    known = find(connection, "cardholders", row)
    return known or insert(connection, "cardholders", {**row, **stamp.columns("added_at")})


def _snapshot_row(snapshot: Snapshot, camera_names: Mapping[str, str]) -> dict[str, Any]:
    picture, door, at = snapshot.picture, snapshot.door, snapshot.at
    row: dict[str, Any] = {
        "event": label_of(snapshot),
        "outcome": str(snapshot.outcome),
        "reason": snapshot.reason,
        "at": utc_text(at) if at else None,
        "requested_at": None,
    }
    if door is not None:
        row |= {
            "door": door.name,
            "vendor": door.vendor,
            "camera_id": door.camera_id,
            "camera_name": camera_names.get(door.camera_id),
            "clock_offset_s": door.clock_offset_s,
        }
    if picture is not None:
        row |= {
            "vendor": picture.vendor,
            "camera_id": picture.camera_id,
            "camera_name": camera_names.get(picture.camera_id),
            "requested_at": utc_text(picture.requested_at),
            "captured_at": utc_text(picture.captured_at) if picture.captured_at else None,
            "step_s": (picture.requested_at - at).total_seconds() if at else None,
            "offset_s": snapshot.offset_s,
            "retrieved_at": utc_text(picture.replies[-1].received_at) if picture.replies else None,
        }
    return row


def _request_row(reply: Reply) -> dict[str, Any]:
    announced = reply.headers.get("Content-Length", "")
    kept = reply.content  # a client does not keep a body that holds an image's secret address
    return {
        "method": reply.method,
        "url": reply.url,
        "status": reply.status,
        "length": len(kept) or (int(announced) if announced.isdigit() else None),
        "sha256": sha256(kept).hexdigest() if kept else None,
        "server_date": reply.server_date,
        "sent_at": utc_text(reply.sent_at),
        "received_at": utc_text(reply.received_at),
    }
