"""What the investigator decides about an event."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum, StrEnum
from typing import Any


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
