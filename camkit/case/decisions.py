"""What an investigator decides about an event: the labels of verdicts, and a verdict as it was recorded."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from enum import Enum, StrEnum
from typing import Any

from camkit.case import schema
from camkit.case.database import Stamp, insert
from camkit.errors import CaseError, InputError

TAKE_BACK_S = 5.0
"""How long a verdict can be taken back by who gave it, seconds."""

DISPUTED = "disputed"
"""Stands in the place of a verdict where the reviewers' latest verdicts differ."""


class Verdict(StrEnum):
    """The names of the labels in `VERDICTS`."""

    MATCH = "match"
    MISMATCH = "mismatch"
    SEVERAL = "several"
    NOBODY = "nobody"
    UNCLEAR = "unclear"
    NO_PICTURE = "no_picture"


TAKEN_KEYS = "ctv"
"""The letters that do something else in the review panel: this frame stands for the event, note, view."""


@dataclass(frozen=True)
class VerdictLabel:
    """A verdict that can be given in a case.

    Attributes
    ----------
    name : str
        Stands in tables.
    title : str
        How it is shown.
    meaning : str
        What it says, for those who decide and for those who read it.
    key : str
        One letter or digit, which gives it in the review panel.
    needs_picture : bool or None
        True if it says what is in a picture, False if it says that there is none, None if it can be given either way.

    Raises
    ------
    InputError
        If the name is ``disputed``, which camkit uses itself, a text is empty, or the key is not one letter or digit
        or one of `TAKEN_KEYS`.
    """

    name: str
    title: str
    meaning: str
    key: str
    needs_picture: bool | None = True

    def __post_init__(self) -> None:
        if not (self.name and self.title and self.meaning) or self.name == DISPUTED:
            raise InputError(
                f"{self.name!r} cannot be a verdict: it needs a name other than {DISPUTED!r}, a title and a meaning."
            )
        if len(self.key) != 1 or not self.key.isalnum() or self.key != self.key.lower():
            raise InputError(
                f"The key of the verdict {self.name!r} is {self.key!r}; use one small letter or digit."
            )
        if self.key in TAKEN_KEYS:
            raise InputError(
                f"The key {self.key!r} of the verdict {self.name!r} does something else in the review panel; use a "
                f"letter or digit other than {', '.join(TAKEN_KEYS)}."
            )


VERDICTS = (
    VerdictLabel(Verdict.MATCH, "Match", "the person in the picture is the badge's holder", "m"),
    VerdictLabel(Verdict.MISMATCH, "Mismatch", "the person in the picture is not the badge's holder", "x"),
    VerdictLabel(Verdict.SEVERAL, "More than one person", "more than one person is in the picture", "s"),
    VerdictLabel(Verdict.NOBODY, "Nobody there", "nobody is in the picture", "n"),
    VerdictLabel(Verdict.UNCLEAR, "Unclear", "what there is does not show who came", "u", None),
    VerdictLabel(Verdict.NO_PICTURE, "No picture", "there is no picture of the event", "p", False),
)
"""The labels of a case for which no others are given."""

VERDICTS_2 = (
    VERDICTS[0],
    replace(VERDICTS[1], meaning="somebody else is in the picture, alone or as well"),
    VERDICTS[2],
    VERDICTS[3],
    replace(VERDICTS[4], meaning="the picture does not show it"),
    VERDICTS[5],
)
"""The same for a case that was made with version 2, with the meanings that were shown then."""


class Chosen(Enum):
    """Stands for the picture that shows an event at present."""

    PICTURE = "the chosen picture"


@dataclass(frozen=True)
class Decision:
    """One verdict on an event, as it was recorded.

    Attributes
    ----------
    verdict : str
        The name of its label.
    decided_at : datetime.datetime
        UTC-aware, by the clock of the operator's machine.
    image : str or None
        SHA-256 of the picture that was looked at; None if there was none.
    operator : str
        Who decided.
    """

    verdict: str
    decided_at: datetime
    image: str | None
    operator: str

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Decision:
        """Make a decision of a row of the table ``verdicts``."""
        return cls(row["verdict"], datetime.fromisoformat(row["decided_at"]), row["image"], row["operator"])

    def can_be_taken_back(self) -> bool:
        """Whether it was given within the last `TAKE_BACK_S` seconds, by this machine's clock."""
        return timedelta(0) <= datetime.now(UTC) - self.decided_at <= timedelta(seconds=TAKE_BACK_S)


def latest_opinions(decisions: Iterable[Decision]) -> dict[str, Decision]:
    """Return the latest of each operator's decisions, by operator, the earliest of them first."""
    latest: dict[str, Decision] = {}
    for decision in decisions:
        latest.pop(decision.operator, None)
        latest[decision.operator] = decision
    return latest


def agreed(decisions: Iterable[Decision]) -> str | None:
    """Return what the operators' latest verdicts say: their verdict, `DISPUTED`, or None if there is none."""
    verdicts = {decision.verdict for decision in latest_opinions(decisions).values()}
    return None if not verdicts else verdicts.pop() if len(verdicts) == 1 else DISPUTED


def is_settled(decisions: Iterable[Decision], picture: str | None) -> bool:
    """Whether the latest verdict of some operator is about the picture that stands for the event, or None."""
    return any(decision.image == picture for decision in latest_opinions(decisions).values())


def read_labels(connection: sqlite3.Connection) -> dict[str, VerdictLabel]:
    """Return the labels of a case by their names; `CaseError` if one is not as camkit records them."""
    if schema.version_of(connection) == schema.OLDEST:
        return {str(label.name): label for label in VERDICTS_2}
    labels = {}
    query = "SELECT name, title, meaning, key, needs_picture FROM verdict_labels ORDER BY id"
    for name, title, meaning, key, needs in connection.execute(query):
        try:
            labels[name] = VerdictLabel(name, title, meaning, key, None if needs is None else bool(needs))
        except InputError as error:
            raise CaseError(
                f"The case has a verdict that camkit does not record: {error} Run verify()."
            ) from None
    return labels


def read_notes(connection: sqlite3.Connection) -> dict[int | str, dict[str, str]]:
    """Return the latest note of each operator on each event, unless it is empty."""
    query = "SELECT event, operator, note FROM noted ORDER BY noted_at"
    if schema.version_of(connection) == 2:
        query = "SELECT event, operator, note FROM verdicts ORDER BY id"
    notes: dict[int | str, dict[str, str]] = {}
    for event, operator, note in connection.execute(query):
        notes.setdefault(event, {})[operator] = note
    latest = {event: {who: note for who, note in said.items() if note} for event, said in notes.items()}
    return {event: said for event, said in latest.items() if said}


def read_note_rows(connection: sqlite3.Connection) -> list[dict[str, Any]]:
    """Return every note ever recorded, in the order given: ``event``, ``operator``, ``note``, ``noted_at``."""
    # Until version 2, a note was part of a verdict; since then it is a row of its own.
    queries = ["SELECT event, operator, note, decided_at FROM verdicts WHERE note <> '' ORDER BY id"]
    if schema.version_of(connection) > schema.OLDEST:
        queries.append("SELECT event, operator, note, noted_at FROM notes ORDER BY id")
    names = ("event", "operator", "note", "noted_at")
    return [dict(zip(names, row, strict=True)) for query in queries for row in connection.execute(query)]


def add_labels(connection: sqlite3.Connection, labels: Iterable[VerdictLabel], stamp: Stamp) -> None:
    """Add the labels that are not recorded yet; see `Case`. `InputError` if one is recorded as something else."""
    known = read_labels(connection)
    for label in labels:
        name = str(label.name)
        if name in known:
            for field, said in _SAID.items():
                recorded, given = getattr(known[name], field), getattr(label, field)
                if recorded != given:
                    raise InputError(
                        f"The verdict {name!r} {said} {recorded!r} in this case, not {given!r}; use another name."
                    )
            continue
        if any(label.key == other.key for other in known.values()):
            raise InputError(f"Two verdicts have the key {label.key!r}; give {name!r} another.")
        row = dict(zip((field.name for field in fields(label)), astuple(label), strict=True))
        insert(connection, "verdict_labels", {**row, "name": name, **stamp.columns("added_at")})
        known[name] = label


_SAID = {
    "meaning": "means",
    "title": "is shown as",
    "key": "has the key",
    "needs_picture": "has needs_picture",
}
"""What of a label cannot change, and how that is said."""


def last_of(connection: sqlite3.Connection, label: int | str, operator: str) -> dict[str, Any] | None:
    """Return an operator's latest verdict on an event, as a row of the view ``judged``; else None."""
    query = "SELECT * FROM judged WHERE event IS ? AND operator IS ? ORDER BY id DESC LIMIT 1"
    cursor = connection.execute(query, [label, operator])
    row = cursor.fetchone()
    return (
        None
        if row is None
        else {name: value for (name, *_), value in zip(cursor.description, row, strict=True)}
    )


def check_verdict(labels: Mapping[str, VerdictLabel], verdict: str, *, has_picture: bool) -> None:
    """Make sure that a verdict can be given; `InputError` says why not."""
    if verdict not in labels:
        raise InputError(f"{str(verdict)!r} is not a verdict of this case; use {', '.join(labels)}.")
    label = labels[verdict]
    if label.needs_picture not in (None, has_picture):
        usable = [other.title for other in labels.values() if other.needs_picture in (None, has_picture)]
        reason = (
            "says what is in a picture, and there is none"
            if label.needs_picture
            else "is for an event without one"
        )
        raise InputError(f"The verdict {label.title} {reason}; give {' or '.join(usable)}.")
