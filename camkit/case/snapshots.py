"""What the cameras saw and what the directory said, as rows of a case and back again."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from time import monotonic

from camkit.badges import Camera, DoorEvent
from camkit.cameras import Picture, Result, Snapshot
from camkit.case.database import Database, Stamp, find, insert
from camkit.case.events import check_event, label_of
from camkit.case.images import StoredImage, read_image, store_image, sync_stored
from camkit.case.queries import Row, read_rows
from camkit.case.times import utc_text
from camkit.directory import Cardholder
from camkit.errors import CaseError, InputError
from camkit.http import Reply

_SAME = ("event", "outcome", "reason", "vendor", "camera_id", "requested_at", "image", "cardholder")
"""Two snapshots that agree in these say the same: the first one is kept."""

_ENTRY = ("cardholder_id", "name", "title", "department", "note")
"""The columns of a directory's entry, but for its photo."""


BATCH, BATCH_S = 32, 0.5
"""How many snapshots are put on the disk together, and for how long one waits for others, seconds."""

_Stored = tuple[Snapshot, StoredImage | None, StoredImage | None]
"""A snapshot, its picture and its cardholder's photo."""


def add_snapshots(
    database: Database,
    folder: Path,
    snapshots: Iterable[Snapshot],
    stamp: Stamp,
    camera_names: Mapping[str, str],
) -> None:
    """Write images to disk, then their rows, several snapshots at once; see `Case.add_snapshots`."""
    ready: list[_Stored] = []
    began = 0.0
    try:
        for snapshot in snapshots:
            began = began if ready else monotonic()
            ready.append(_stored(database, folder, snapshot))
            if len(ready) >= BATCH or monotonic() - began > BATCH_S:
                batch, ready = ready, []
                _add(database, folder, batch, stamp, camera_names)
    finally:  # those before one that cannot be added are in the case
        if ready:
            _add(database, folder, ready, stamp, camera_names)


def _stored(database: Database, folder: Path, snapshot: Snapshot) -> _Stored:
    """Write the images of a snapshot."""
    with database.reading() as connection:
        check_event(connection, snapshot.event)
        _check_moment(connection, snapshot)  # before it is in a batch with others
    _check_camera(snapshot)
    picture, person = snapshot.picture, snapshot.cardholder
    image = photo = None
    if picture is not None:
        image = store_image(folder, picture.content, "image/jpeg", claimed=picture.sha256)
    if person is not None and person.photo is not None:
        photo = store_image(folder, person.photo, person.photo_type)
    return snapshot, image, photo


def _add(
    database: Database, folder: Path, batch: list[_Stored], stamp: Stamp, camera_names: Mapping[str, str]
) -> None:
    """Add the rows of several snapshots, once their images are on the disk."""
    sync_stored(folder, [image.path for _, *images in batch for image in images if image is not None])
    with database.writing() as connection:
        for snapshot, image, photo in batch:
            _add_rows(connection, snapshot, image, photo, stamp, camera_names)


def _add_rows(
    connection: sqlite3.Connection,
    snapshot: Snapshot,
    image: StoredImage | None,
    photo: StoredImage | None,
    stamp: Stamp,
    camera_names: Mapping[str, str],
) -> None:
    picture, person = snapshot.picture, snapshot.cardholder
    for stored in filter(None, (image, photo)):
        if find(connection, "images", {"sha256": stored.sha256}) is None:
            insert(connection, "images", {**vars(stored), **stamp.columns("added_at")})
    row = {
        **_snapshot_row(snapshot, camera_names),
        "image": image.sha256 if image else None,
        "cardholder": _add_cardholder(connection, person, photo, stamp) if person else None,
    }
    if find(connection, "snapshots", {name: row.get(name) for name in _SAME}) is None:
        _check_moment(connection, snapshot)
        number = insert(connection, "snapshots", {**row, **stamp.columns("added_at")})
        insert(connection, "camera_views", {"snapshot": number, **_view_row(snapshot)})
        if picture is not None:
            for reply in picture.replies:
                insert(connection, "requests", {"snapshot": number, **_request_row(reply, picture)})


def _check_moment(connection: sqlite3.Connection, snapshot: Snapshot) -> None:
    """Refuse another moment of a picture that is in the case: a verdict may be about it."""
    picture, event = snapshot.picture, label_of(snapshot)
    if picture is None:
        return
    query = (
        "SELECT captured_at FROM snapshots WHERE event IS ? AND image = ? AND vendor = ? AND camera_id = ?"
    )
    same = [event, picture.sha256, picture.vendor, picture.camera_id]
    known = connection.execute(query, same).fetchone()
    given = utc_text(picture.captured_at) if picture.captured_at else None
    if known not in (None, (given,)):
        raise InputError(
            f"The picture {picture.sha256[:8]} of event {event} is in this case as of {known[0] or 'no known time'}, "
            f"and now as of {given or 'no known time'}: the first stays. Ask the camera's vendor which one is right."
        )


def _check_camera(snapshot: Snapshot) -> None:
    """Refuse a picture of another camera than the snapshot's: its view, its rank and its clock would be wrong."""
    picture, camera = snapshot.picture, snapshot.camera
    if picture is None or (
        camera and (camera.vendor, camera.camera_id) == (picture.vendor, picture.camera_id)
    ):
        return
    other = (
        f"the snapshot's {camera.vendor} camera {camera.camera_id}" if camera else "a camera of the snapshot"
    )
    raise InputError(
        f"The picture of event {snapshot.event.event_id} is from {picture.vendor} camera {picture.camera_id}, not from "
        f"{other}; give each picture with its own camera."
    )


def _add_cardholder(
    connection: sqlite3.Connection, person: Cardholder, photo: StoredImage | None, stamp: Stamp
) -> int:
    """Return the number of the directory's entry; one that says something new is added."""
    row = {name: getattr(person, name) for name in _ENTRY} | {"photo": photo.sha256 if photo else None}
    return find(connection, "cardholders", row) or insert(
        connection, "cardholders", {**row, **stamp.columns("added_at")}
    )


def _snapshot_row(snapshot: Snapshot, camera_names: Mapping[str, str]) -> Row:
    """Return the columns of a snapshot; those of the table, where the result is still called ``outcome``."""
    picture, camera, door, at = snapshot.picture, snapshot.camera, snapshot.event.door, snapshot.at
    row: Row = {
        "event": label_of(snapshot),
        "outcome": str(snapshot.result),
        "reason": snapshot.reason,
        "door": door.name if door else None,
        "at": utc_text(at) if at else None,
    }
    if camera is not None:
        row |= {name: getattr(camera, name) for name in ("vendor", "camera_id", "clock_offset_s")}
    if picture is not None:
        row |= {
            "requested_at": utc_text(picture.requested_at),
            "captured_at": utc_text(picture.captured_at) if picture.captured_at else None,
            "step_s": (picture.requested_at - at).total_seconds() if at else None,
            "offset_s": snapshot.offset_s,
            "retrieved_at": utc_text(picture.replies[-1].received_at) if picture.replies else None,
        }
    return {**row, "camera_name": camera_names.get(row.get("camera_id", ""))}


def _view_row(snapshot: Snapshot) -> Row:
    """Return which of its door's cameras a snapshot is from; one that the door does not have is after the others."""
    camera, picture = snapshot.camera, snapshot.picture
    is_demo = int(picture is not None and picture.is_demo)
    if camera is None:
        return {"view": None, "camera_rank": 0, "is_demo": is_demo}
    names = [(known.vendor, known.camera_id) for known in snapshot.event.cameras]
    name = (camera.vendor, camera.camera_id)
    return {
        "view": camera.view or None,
        "camera_rank": names.index(name) if name in names else len(names),
        "is_demo": is_demo,
    }


def _request_row(reply: Reply, picture: Picture) -> Row:
    announced = reply.headers.get("Content-Length", "")
    kept = reply.content  # a client does not keep a body that holds an image's secret address
    digest = picture.sha256 if kept == picture.content else sha256(kept).hexdigest()
    return {
        "method": reply.method,
        "url": reply.url,
        "status": reply.status,
        "length": len(kept) or (int(announced) if announced.isdigit() else None),
        "sha256": digest if kept else None,
        "server_date": reply.server_date,
        "sent_at": utc_text(reply.sent_at),
        "received_at": utc_text(reply.received_at),
    }


def read_frames(database: Database, folder: Path, event: DoorEvent) -> list[tuple[float, Snapshot]]:
    """Make snapshots of the pictures that were recorded of an event; see `Record.frames_of`."""
    with database.reading() as connection:
        rows = read_rows(connection, "snapshots", event=label_of(event))
    return [_frame(database, folder, event, row) for row in rows if row["image"] is not None]


def _frame(database: Database, folder: Path, event: DoorEvent, row: Row) -> tuple[float, Snapshot]:
    camera = _camera(event, row)
    requested_at = datetime.fromisoformat(row["requested_at"])
    step_s = (requested_at - event.at(camera)).total_seconds()
    try:
        content, _ = read_stored(database, folder, row["image"])
    except CaseError as error:
        return step_s, Snapshot(event, camera, Result.FAILED, str(error))
    picture = Picture(
        vendor=row["vendor"],
        camera_id=row["camera_id"],
        content=content,
        sha256=row["image"],
        requested_at=requested_at,
        captured_at=datetime.fromisoformat(row["captured_at"]) if row["captured_at"] else None,
        is_demo=bool(row["is_demo"]),
    )
    person = _cardholder(database, folder, row["cardholder"]) if row["cardholder"] else None
    return step_s, Snapshot(event, camera, Result.PICTURE, picture=picture, cardholder=person)


def _camera(event: DoorEvent, row: Row) -> Camera:
    """Return the camera of the event that a row is from; if the door no longer has it, one made from the row."""
    recorded = Camera(row["vendor"], row["camera_id"], row["view"] or "", row["clock_offset_s"] or 0.0)
    name = (recorded.vendor, recorded.camera_id)
    return next((camera for camera in event.cameras if (camera.vendor, camera.camera_id) == name), recorded)


def _cardholder(database: Database, folder: Path, number: int) -> Cardholder:
    """Return a recorded entry of the directory; a photo that cannot be read is replaced by the reason."""
    query = f"SELECT photo, {', '.join(_ENTRY)} FROM cardholders WHERE id = ?"  # noqa: S608 - our own names
    with database.reading() as connection:
        digest, *said = connection.execute(query, [number]).fetchone()
    person = Cardholder(**dict(zip(_ENTRY, said, strict=True)))
    if digest is None:
        return person
    try:
        photo, photo_type = read_stored(database, folder, digest)
    except CaseError as error:
        return replace(person, note="; ".join(filter(None, [person.note, str(error)])))
    return replace(person, photo=photo, photo_type=photo_type)


def read_stored(database: Database, folder: Path, digest: str) -> tuple[bytes, str]:
    """Read an image of a case by its SHA-256, with its media type; `CaseError` if it is missing or altered."""
    with database.reading() as connection:
        found = connection.execute(
            "SELECT path, media_type FROM images WHERE sha256 = ?", [digest]
        ).fetchone()
    if found is None:
        raise CaseError(f"The image {digest!r} is not in this case.")
    path, media_type = found
    return read_image(folder, path, digest), media_type
