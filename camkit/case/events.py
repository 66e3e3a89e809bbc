"""Badge events and their flags, as rows of a case."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Hashable, Mapping
from datetime import datetime, tzinfo
from hashlib import sha256
from typing import Any

import numpy as np
import pandas as pd

from camkit.badges import FLAGS, NEEDED, require_events
from camkit.cameras import Snapshot
from camkit.case.database import Stamp, find, insert
from camkit.case.times import utc_text, zone_text
from camkit.errors import CaseError, InputError, TimestampError

_SAYS = ("event_time", "cardholder_id", "reader_id", "access", "extras")
"""The columns that an event's hash is over."""

_OWN_COLUMNS = {*NEEDED, "outcome", "file", "line"}

_json = json.JSONEncoder(sort_keys=True, ensure_ascii=False).encode


def label_of(event: object) -> int | str:
    """Give an event's label as the database keeps it.

    Parameters
    ----------
    event : Snapshot or hashable
        A snapshot stands for its event.

    Raises
    ------
    InputError
        If it is neither a whole number nor text.
    """
    label = event.event_id if isinstance(event, Snapshot) else event
    if isinstance(label, np.integer):
        label = int(label)
    if isinstance(label, bool) or not isinstance(label, int | str):
        raise InputError(
            f"The event label {label!r} is neither a whole number nor text; use events.reset_index()."
        )
    return label


def add_events(
    connection: sqlite3.Connection, events: pd.DataFrame, timezone: tzinfo | str | None, stamp: Stamp
) -> None:
    """Add those that are not there yet; see `Case.add_events`."""
    _check(events)
    zone = zone_text(timezone or events.attrs.get("timezone"))
    known = dict(connection.execute("SELECT event, row_sha256 FROM events"))
    for index, values in zip(events.index, events.to_dict("records"), strict=True):
        event = label_of(index)
        row = _row({str(name): value for name, value in values.items()})
        if event not in known:
            insert(
                connection, "events", {"event": event, "timezone": zone, **row, **stamp.columns("added_at")}
            )
        elif known[event] != row["row_sha256"]:
            raise InputError(
                f"Event {event} is in this case already and says something else: these events are of another badge "
                "log, or of a newer export of it, whose labels differ. Make a new case for them, in another folder."
            )


def add_flags(connection: sqlite3.Connection, flags: pd.DataFrame, labels: pd.Index, stamp: Stamp) -> None:
    """Add the flags of these events that are raised and not there yet; see `Case.add_events`."""
    lacking = labels.difference(flags.index)
    if len(lacking):
        raise InputError(f"There are no flags for event {lacking[0]}; use flag_events() on the same events.")
    flags = flags.loc[labels]
    for name in [str(name) for name in flags if pd.api.types.is_bool_dtype(flags[name])]:
        raised = flags[flags[name]]
        others = raised.get(f"{name}_event", pd.Series(pd.NA, index=raised.index))
        for index, other in zip(raised.index, others, strict=True):
            row = {
                "event": label_of(index),
                "flag": name,
                "other_event": None if pd.isna(other) else label_of(other),
            }
            if find(connection, "flags", row) is None:
                meaning = {"meaning": FLAGS.get(name, name)}
                insert(connection, "flags", {**row, **meaning, **stamp.columns("added_at")})


def check_event(connection: sqlite3.Connection, snapshot: Snapshot) -> None:
    """Make sure that a snapshot is of an event of the case.

    Raises
    ------
    CaseError
        If the event is not in the case.
    InputError
        If the case knows another event by that label.
    """
    event = label_of(snapshot)
    known = connection.execute(
        "SELECT event_time, ifnull(cardholder_id, ''), ifnull(reader_id, '') FROM events WHERE event IS ?",
        [event],
    ).fetchone()
    if known is None:
        raise unknown_event(event)
    event_time = utc_text(snapshot.event_time) if snapshot.event_time else None
    if known != (event_time, snapshot.cardholder_id, snapshot.reader_id):
        raise InputError(
            f"The snapshot of event {event} is of another badge log than the event of this case."
        )


def unknown_event(event: Hashable) -> CaseError:
    """The error for an event that is not in the case."""
    return CaseError(f"There is no event {event} in this case; add it with add_events().")


def _check(events: pd.DataFrame) -> None:
    require_events(events)
    if events["event_time"].isna().any():
        raise TimestampError("Some events have no event_time; leave them out.")
    if events.index.has_duplicates:
        raise InputError("Two events have the same label; use events.reset_index(drop=True).")


def _row(values: dict[str, Any]) -> dict[str, Any]:
    """The columns of an event; its hash is over what it says, not over where it stands."""
    given = {name: value for name, value in values.items() if not pd.isna(value)}
    extras = {name: _plain(value) for name, value in given.items() if name not in _OWN_COLUMNS}
    row = {
        "event_time": utc_text(given["event_time"]),
        "cardholder_id": _text(given.get("cardholder_id")),
        "reader_id": _text(given.get("reader_id")),
        "access": _text(given.get("outcome")),
        "extras": _json(extras),
    }
    place = {"file": _text(given.get("file")), "line": given.get("line")}
    return {**row, **place, "row_sha256": _row_hash(row)}


def _row_hash(row: Mapping[str, Any]) -> str:
    return sha256(_json({name: row[name] for name in _SAYS}).encode()).hexdigest()


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _plain(value: Any) -> Any:
    """A value that JSON can hold."""
    if isinstance(value, datetime):
        return value.isoformat()
    return value if isinstance(value, bool | int | float | str) else str(value)
