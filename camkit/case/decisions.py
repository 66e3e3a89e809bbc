"""What the investigator decides: which picture shows an event, and what it says."""

from __future__ import annotations

import sqlite3
from enum import StrEnum

from camkit.case.database import Stamp, insert
from camkit.case.events import unknown_event
from camkit.errors import CaseError, InputError


class Verdict(StrEnum):
    """What the picture says about the badge event."""

    MATCH = "match"
    """The person in the picture is the cardholder."""
    MISMATCH = "mismatch"
    """It is somebody else."""
    UNCLEAR = "unclear"
    """The picture does not tell."""
    NOBODY = "nobody"
    """Nobody is in the picture."""


def choose(connection: sqlite3.Connection, event: int | str, sha256: str, stamp: Stamp) -> None:
    """Add a choice; see `Case.choose`."""
    _check_event(connection, event)
    known = connection.execute(
        "SELECT 1 FROM snapshots WHERE event IS ? AND image = ?", [event, sha256]
    ).fetchone()
    if known is None:
        raise CaseError(f"Event {event} has no picture {sha256!r} in this case; add it with add_snapshots().")
    insert(connection, "choices", {"event": event, "image": sha256, **stamp.columns("chosen_at")})


def record_verdict(
    connection: sqlite3.Connection, event: int | str, verdict: Verdict | str, note: str, stamp: Stamp
) -> None:
    """Add a verdict; see `Case.record_verdict`."""
    if verdict not in list(Verdict):
        raise InputError(f"There is no verdict {verdict!r}; use {', '.join(Verdict)}.")
    _check_event(connection, event)
    chosen = connection.execute("SELECT image FROM chosen WHERE event IS ?", [event]).fetchone()
    row = {"event": event, "verdict": str(verdict), "note": note, "image": chosen[0] if chosen else None}
    insert(connection, "verdicts", {**row, **stamp.columns("decided_at")})


def _check_event(connection: sqlite3.Connection, event: int | str) -> None:
    if connection.execute("SELECT 1 FROM events WHERE event IS ?", [event]).fetchone() is None:
        raise unknown_event(event)
