"""What the investigator decides: which picture shows an event, and what it says."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, StrEnum
from typing import Any

from camkit.case.database import Stamp, find, insert
from camkit.case.events import known_event
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
    Verdict.UNCLEAR: "the picture does not show it",
    Verdict.NOBODY: "nobody is in the picture",
}
"""What each verdict means, for those who decide and for those who read it."""


class Chosen(Enum):
    """Stands for the picture that shows an event at present."""

    PICTURE = "the chosen picture"


@dataclass(frozen=True)
class Decision:
    """One verdict on an event, as it was recorded.

    Attributes
    ----------
    verdict : Verdict
    note : str
        Why; may be empty.
    decided_at : datetime.datetime
        UTC-aware, by the clock of the operator's machine.
    image : str or None
        SHA-256 of the picture that was looked at; None if there was none.
    operator : str
        Who decided.
    """

    verdict: Verdict
    note: str
    decided_at: datetime
    image: str | None
    operator: str

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> Decision:
        """Make a decision of a row of the table ``verdicts``."""
        return cls(
            Verdict(row["verdict"]),
            row["note"],
            datetime.fromisoformat(row["decided_at"]),
            row["image"],
            row["operator"],
        )


def choose(connection: sqlite3.Connection, event: int | str, sha256: str, stamp: Stamp) -> None:
    """Add a choice; see `Case.choose`."""
    known_event(connection, event)
    if find(connection, "snapshots", {"event": event, "image": sha256}) is None:
        raise CaseError(f"Event {event} has no picture {sha256!r} in this case; add it with add_snapshots().")
    insert(connection, "choices", {"event": event, "image": sha256, **stamp.columns("chosen_at")})


def record_verdict(
    connection: sqlite3.Connection,
    event: int | str,
    verdict: Verdict | str,
    note: str,
    image: str | Chosen | None,
    stamp: Stamp,
) -> Decision:
    """Add a verdict; see `Case.record_verdict`."""
    if verdict not in list(Verdict):
        raise InputError(f"{verdict!r} is not a verdict; use {', '.join(Verdict)}.")
    known_event(connection, event)
    found = connection.execute("SELECT image FROM chosen WHERE event IS ?", [event]).fetchone()
    chosen = found[0] if found else None
    if image is Chosen.PICTURE:
        image = chosen
    elif image not in (None, chosen):
        choose(connection, event, image, stamp)
    row = {"event": event, "verdict": str(verdict), "note": str(note or ""), "image": image}
    row |= stamp.columns("decided_at")
    insert(connection, "verdicts", row)
    return Decision.from_row(row)
