"""Badge events and their flags, as rows of a case."""

from __future__ import annotations

import json
import sqlite3
from datetime import datetime
from hashlib import sha256
from typing import Any

import numpy as np
import pandas as pd

from camkit.badges import FLAGS, NEEDED, DoorEvent, DoorEvents
from camkit.cameras import Snapshot
from camkit.case.database import Stamp, find, insert
from camkit.case.times import utc_text, zone_text
from camkit.errors import CaseError, InputError, TimestampError

_OWN_COLUMNS = {*NEEDED, "outcome", "file", "line"}

_json = json.JSONEncoder(sort_keys=True, ensure_ascii=False).encode


def label_of(event: object) -> int | str:
    """Return a label, or that of an event or a snapshot; `InputError` if it is neither a whole number nor text."""
    if isinstance(event, Snapshot):
        event = event.event
    label: object = event.event_id if isinstance(event, DoorEvent) else event
    if isinstance(label, np.integer):
        label = int(label)
    if isinstance(label, bool) or not isinstance(label, int | str):
        raise InputError(
            f"The event label {label!r} is neither a whole number nor text: take the events as they are in log.events."
        )
    return label


def add_events(connection: sqlite3.Connection, events: DoorEvents, stamp: Stamp) -> None:
    """Add those that are not there yet; see `Case.add_events`."""
    table, zone = events.table, zone_text(events.timezone)
    if table["event_time"].isna().any():
        raise TimestampError("Some events have no event_time; leave them out.")
    if table.index.has_duplicates:
        raise InputError(
            "Two events have the same label: take the events as they are in log.events, from one log."
        )
    known = dict(connection.execute("SELECT event, row_sha256 FROM events"))
    read_as = {str(event): event for event in known}
    for given, values in zip(events, table.to_dict("records"), strict=True):
        event = label_of(given)
        row = {
            "event": event,
            "timezone": zone,
            **_row(given, {str(name): value for name, value in values.items()}),
        }
        if read_as.setdefault(str(event), event) != event:
            raise InputError(
                f"The label {event} is there twice, as a number and as text, which nobody can tell apart in a report; "
                "give all events labels of one kind."
            )
        if event not in known:
            insert(connection, "events", {**row, **stamp.columns("added_at")})
        elif known[event] != row["row_sha256"]:
            raise InputError(
                f"Event {event} is already in this case and says something else: these events are from another badge "
                "log, or from a newer export of it, whose labels differ. Make a new case for them, in another folder."
            )


def add_flags(connection: sqlite3.Connection, flags: pd.DataFrame, labels: pd.Index, stamp: Stamp) -> None:
    """Add the flags of these events that are raised and not there yet; see `Case.add_events`."""
    lacking = labels.difference(flags.index)
    if len(lacking):
        raise InputError(f"The flags do not cover event {lacking[0]}; use flag_events() on the same events.")
    flags = flags.loc[labels]
    for name in [str(name) for name in flags if pd.api.types.is_bool_dtype(flags[name])]:
        raised = flags[flags[name]]
        others = raised.get(f"{name}_event", pd.Series(pd.NA, index=raised.index))
        for index, other in zip(raised.index, others, strict=True):
            evidence = None if pd.isna(other) else label_of(other)
            row = {"event": label_of(index), "flag": name, "other_event": evidence}
            if find(connection, "flags", row) is None:
                meaning = {"meaning": FLAGS.get(name, name)}
                insert(connection, "flags", {**row, **meaning, **stamp.columns("added_at")})


def check_event(connection: sqlite3.Connection, event: DoorEvent) -> None:
    """Make sure that an event is in the case (`CaseError`), and not another one of that label (`InputError`)."""
    label = label_of(event)
    event_time = utc_text(event.event_time) if event.event_time else None
    if known_event(connection, label) != (event_time, event.cardholder_id, event.reader_id):
        raise InputError(
            f"Event {label} of this case is another one than the event {label} given, which is from another badge log."
        )


def known_event(connection: sqlite3.Connection, label: int | str) -> tuple[str, str, str]:
    """Return the time, the cardholder and the reader of an event; `CaseError` if it is not in the case."""
    known = connection.execute(
        "SELECT event_time, ifnull(cardholder_id, ''), ifnull(reader_id, '') FROM events WHERE event IS ?",
        [label],
    ).fetchone()
    if known is None:
        raise CaseError(f"Event {label} is not in this case; add it with add_events().")
    return known


def _row(event: DoorEvent, values: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of an event; its hash covers what the event says, not its place in the export."""
    given = {name: value for name, value in values.items() if not pd.isna(value)}
    if given.get("kind") == "swipe":  # as every event that says nothing else
        del given["kind"]
    extras = {name: _plain(value) for name, value in given.items() if name not in _OWN_COLUMNS}
    row = {
        "event_time": utc_text(given["event_time"]),
        "cardholder_id": event.cardholder_id if "cardholder_id" in given else None,
        "reader_id": event.reader_id if "reader_id" in given else None,
        "access": event.outcome if "outcome" in given else None,
        "extras": _json(extras),
    }
    place = {"file": _text(given.get("file")), "line": given.get("line")}
    return {**row, **place, "row_sha256": sha256(_json(row).encode()).hexdigest()}


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _plain(value: Any) -> Any:
    """Return a value that JSON can hold."""
    if isinstance(value, datetime):
        return value.isoformat()
    return value if isinstance(value, bool | int | float | str) else str(value)
