"""What a case rests on: the badge exports, the doors, how they were read, and which site was asked."""

from __future__ import annotations

import json
import platform
import sqlite3
from collections.abc import Iterator, Mapping
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd

from camkit.badges import BadgeLog, DoorEvents, are_different, load_doors, resolve, site_timezone
from camkit.case.database import Stamp, find, insert
from camkit.case.events import check_event
from camkit.case.images import store_document
from camkit.case.times import zone_from_text
from camkit.errors import CaseError, InputError
from camkit.support.files import open_regular
from camkit.support.html import local_time, visible

PACKAGES = ("camkit", "requests", "urllib3", "gevent", "pandas", "pyarrow", "Pillow", "Jinja2")
"""The software that takes part in what a case holds and a report shows."""

EXPORT, DOORS, NOT_EVENTS = "badge export", "doors", "rows that are not events"
"""The kinds of documents."""

_as_json = json.JSONEncoder(
    sort_keys=True,
    ensure_ascii=False,
    default=lambda value: value.item() if isinstance(value, np.generic) else str(value),
).encode

_PER_FILE = ("file", "profile", "encoding", "delimiter", "titles", "rows", "dates", "times", "doubts")


_NUMBER = int | float
_VALUES: Mapping[str, Mapping[str, Any]] = {
    "badge log": {
        **dict.fromkeys(("rows_read", "events", "rejected", "duplicates", "ignored"), int),
        "files": list,
        "timezone": str | None,
        "day_first": bool | None,
        "columns": dict | None,
    },
    "flags": {
        **dict.fromkeys(("retry_s", "repeat_s", "walk_s"), _NUMBER),
        "hours": list | None,
        "known": int | None,
    },
    "site": {"is_demo": bool, "services": dict},
    "software": {},
}
"""What each setting says at least, unless it is empty."""


class Asked(Protocol):
    """The site whose cameras were asked; `camkit.site.Site` is one."""

    is_demo: bool

    @property
    def services(self) -> Mapping[str, Mapping[str, str]]:
        """By service: its host, and what is known of the account; nothing secret."""
        ...


def software() -> dict[str, str]:
    """Return the versions of the software that is at work."""
    return {
        **{name: version(name) for name in PACKAGES},
        "Python": platform.python_version(),
        "SQLite": sqlite3.sqlite_version,
        "System": platform.platform(),
    }


def store_documents(folder: Path, log: BadgeLog, doors: pd.DataFrame | None) -> list[dict[str, str | int]]:
    """Write the files to the folder of a case; return their rows of the table ``documents``, but for the stamp.

    `InputError` if a file has changed since it was read, or is not there any more.
    """
    if not log.sources:
        raise InputError(
            "The badge log does not say which files it was read from: give the log that notebook 01 reads."
        )
    found = [(EXPORT, source.name, _unchanged(source.path, source.sha256)) for source in log.sources]
    found.append((NOT_EVENTS, "rows_that_are_not_events.csv", _csv(not_events(log))))
    if doors is not None:
        found.append((DOORS, *_doors_file(doors)))
    return [{"kind": kind, **store_document(folder, content, name)} for kind, name, content in found]


def add_documents(connection: sqlite3.Connection, stored: list[dict[str, str | int]], stamp: Stamp) -> None:
    """Add the rows that are not there yet."""
    for row in stored:
        if find(connection, "documents", {name: row[name] for name in ("kind", "name", "sha256")}) is None:
            insert(connection, "documents", {**row, **stamp.columns("added_at")})


def add_settings(connection: sqlite3.Connection, settings: Mapping[str, Any], stamp: Stamp) -> None:
    """Add the settings that are not as they were recorded last."""
    last = dict(connection.execute("SELECT name, value FROM settings ORDER BY id"))
    for name, value in settings.items():
        if (text := _as_json(value)) != last.get(name):
            insert(connection, "settings", {"name": name, "value": text, **stamp.columns("added_at")})


def read_setting(name: str, text: str) -> dict[str, Any]:
    """Return what a setting says; `CaseError` if camkit did not write it."""
    try:
        found = json.loads(text)
        inner = [*found.get("files", []), *found.get("services", {}).values()]
        kinds = _VALUES.get(name, {}) if found else {}
        fits = all(isinstance(found[said], kind) for said, kind in kinds.items())
        if fits and all(isinstance(value, dict) for value in inner):
            return dict(found)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        pass  # the same is wrong: it was written by hand
    raise CaseError(
        f"The case's setting {visible(name)!r} does not say what camkit puts there: somebody added it by other means. "
        "Run verify(), and use a copy of the case that you trust."
    )


def settings_of(log: BadgeLog, flags: pd.DataFrame | None, site: Asked | None) -> dict[str, Any]:
    """Return what is recorded of how the log was read, how flags were raised, and who was asked."""
    files = log.files.reindex(columns=[*_PER_FILE]).to_dict("records")
    found: dict[str, Any] = {
        "badge log": {
            **log.given,
            "rows_read": log.rows_read,
            **{name: len(getattr(log, name)) for name in ("events", "rejected", "duplicates", "ignored")},
            "files": files,
            "left_out": log.left_out.to_dict("records"),
        },
        "software": software(),
    }
    if flags is not None:
        found["flags"] = flags.attrs.get("settings", {})
    if site is not None:
        found["site"] = {"is_demo": site.is_demo, "services": site.services}
    return found


def not_events(log: BadgeLog) -> pd.DataFrame:
    """Return one row for each row of the exports that is not among the events.

    Columns: ``file``, ``line``, ``what`` (``rejected``, ``ignored`` or ``duplicate``), ``column`` and ``value`` that
    decided it, and ``reason``. They are in the order of the files and lines.
    """
    entries = [getattr(log, what).assign(what=what) for what in ("rejected", "ignored")]
    same = log.events.reindex(log.duplicates["same_as"])
    place = same["file"].astype(str) + ", line " + same["line"].astype("Int64").astype(str)
    place = place.where(same["file"].notna(), "an event of another export")
    again = log.duplicates[["file", "line"]].assign(
        what="duplicate", column="", value="", reason=("the same as " + place).to_numpy()
    )
    table = pd.concat([part.astype({"file": str}) for part in (*entries, again)], ignore_index=True)
    table["line"] = table["line"].astype("int64")
    places = dict(zip(log.files["file"], range(len(log.files)), strict=True))
    table = table.assign(place=table["file"].map(places)).sort_values(["place", "line"], kind="stable")
    return table[["file", "line", "what", "column", "value", "reason"]].reset_index(drop=True)


def check_picked(events: DoorEvents, log: BadgeLog) -> None:
    """Make sure that events were picked from a badge log, and not from another one; `InputError` if one was not."""
    _require_log(log)
    others = are_different(log.events, events.table)
    if others.any():
        raise InputError(
            f"{others.sum():,} of these {len(events):,} events are not in this badge log, the first is event "
            f"{events.table.index[int(others.argmax())]}: they were picked from another one. Run the cells above "
            "again, from the one that loads the log."
        )


def _require_log(log: object) -> None:
    if not isinstance(log, BadgeLog):
        raise InputError(
            f"A case takes a BadgeLog, not a {type(log).__name__}: of a stored log give log.load(events), with the "
            "events that were picked."
        )


def check_log(connection: sqlite3.Connection, log: BadgeLog) -> None:
    """Make sure that the events of a case are those of a badge log; `InputError` if one is not."""
    _require_log(log)
    labels = [event for (event,) in connection.execute("SELECT event FROM events")]
    if strange := [label for label in labels if label not in log.events.index]:
        raise InputError(
            f"Event {strange[0]} of this case is not in this badge log: give the log that its events were picked from."
        )
    no_doors = pd.DataFrame(
        columns=["reader_id", "door", "vendor", "camera_id", "clock_offset_s"], dtype="string"
    )
    for event in resolve(log.events.loc[labels], no_doors):
        check_event(connection, event)


def add_evidence(
    connection: sqlite3.Connection, log: BadgeLog, doors: pd.DataFrame | None, stamp: Stamp
) -> None:
    """Describe the other event of each flag that has one, unless that was done.

    A holder who is not known from the case is not named: the case may be handed over without that holder's own events.
    Whoever has the export finds the name by its file and line.
    """
    inside = {event for (event,) in connection.execute("SELECT event FROM events")}
    known = {} if doors is None else dict(zip(doors["reader_id"], doors["door"], strict=True))
    rows = connection.execute(
        "SELECT id, event, other_event FROM flags WHERE other_event IS NOT NULL"
        " AND id NOT IN (SELECT flag FROM flag_evidence) ORDER BY id"
    ).fetchall()
    for flag, event, other in rows:
        if other in log.events.index:
            who = _holder(log.events.loc[other])
            if other not in inside and who != _holder(log.events.loc[event]):
                who = "another name or number"
            described = "; ".join(_described(log, log.events.loc[other], who, known))
            insert(
                connection,
                "flag_evidence",
                {"flag": flag, "description": described, **stamp.columns("added_at")},
            )


def _holder(event: pd.Series) -> str:
    """Name who used the badge."""
    given = event.dropna()
    who, number = given.get("cardholder_name"), given.get("cardholder_id", "no cardholder")
    return f"{who} ({number})" if who else str(number)


def _described(log: BadgeLog, event: pd.Series, who: str, doors: Mapping[str, str]) -> Iterator[str]:
    """Name an event of the log: who, where and when, what the reader did, and where it stands."""
    given = {str(name): str(value) for name, value in event.dropna().items()}
    reader = given.get("reader_id", "no reader")
    zone = log.timezone or site_timezone(log.events) or zone_from_text("UTC")
    at = local_time(event["event_time"].to_pydatetime(), zone)
    yield f"{who} at {doors.get(reader, 'reader')} ({reader}), {at}"
    yield given.get("outcome", "unknown")
    yield f"{given['file']}, line {given['line']}"


def _doors_file(doors: pd.DataFrame) -> tuple[str, bytes]:
    """Return name and bytes of the file that the doors were read from; of the table, if it was made by hand."""
    file = doors.attrs.get("file")
    if file is not None:
        path = Path(file["path"])
        content = _unchanged(path, file["sha256"])
        if load_doors(path).equals(doors):
            return visible(path.name), content
    return "doors_table.csv", _csv(doors)


def _csv(table: pd.DataFrame) -> bytes:
    return table.to_csv(index=False, lineterminator="\n").encode()


def _unchanged(path: Path, expected: str) -> bytes:
    """Read a file again; refuse it if it is not what was read before."""
    try:
        with open_regular(path, links=True) as file:
            content = file.read()
    except OSError as error:
        raise InputError(
            f"{path} cannot be read any more ({error.strerror}), so it cannot be kept with the case: put it back, or "
            "load it from where it is now."
        ) from None
    if sha256(content).hexdigest() != expected:
        raise InputError(
            f"{path} has changed since it was loaded, so it is not what the events come from: load it again, and pick "
            "the events for a new case if they differ."
        )
    return content
