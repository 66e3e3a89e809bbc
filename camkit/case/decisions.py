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
    MISMATCH = "mismatch"
    UNCLEAR = "unclear"
    NOBODY = "nobody"


MEANINGS = {
    Verdict.MATCH: "the person in the picture is the badge's holder",
    Verdict.MISMATCH: "somebody else is in the picture, alone or as well",
    Verdict.UNCLEAR: "the picture does not tell",
    Verdict.NOBODY: "nobody is in the picture",
}
"""What each verdict means, for those who decide and for those who read it."""

CHOSEN = "chosen"
"""Stands for the picture that was chosen to show an event."""


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
    connection: sqlite3.Connection,
    event: int | str,
    verdict: Verdict | str,
    note: str,
    image: str | None,
    stamp: Stamp,
) -> None:
    """Add a verdict; see `Case.record_verdict`."""
    if verdict not in list(Verdict):
        raise InputError(f"There is no verdict {verdict!r}; use {', '.join(Verdict)}.")
    _check_event(connection, event)
    found = connection.execute("SELECT image FROM chosen WHERE event IS ?", [event]).fetchone()
    chosen = found[0] if found else None
    if image == CHOSEN:
        image = chosen
    elif image is not None and image != chosen:
        choose(connection, event, image, stamp)
    row = {"event": event, "verdict": str(verdict), "note": str(note or ""), "image": image}
    insert(connection, "verdicts", {**row, **stamp.columns("decided_at")})


def _check_event(connection: sqlite3.Connection, event: int | str) -> None:
    if connection.execute("SELECT 1 FROM events WHERE event IS ?", [event]).fetchone() is None:
        raise unknown_event(event)
