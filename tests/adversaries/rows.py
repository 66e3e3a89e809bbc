"""The table: each row is an attack, who makes it, what they do, and what the kit has to say.

``python -m tests.adversaries`` prints it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Attack = Callable[[Any], str]
"""Given a `Desk`, do it, and return what the kit says, in one text."""


@dataclass(frozen=True)
class Row:
    """One attack.

    Attributes
    ----------
    who : str
        The adversary.
    does : str
        What they do.
    says : str
        A regular expression for what the kit says.
    attack : callable
    """

    who: str
    does: str
    says: str
    attack: Attack


ROWS: list[Row] = []


def row(who: str, does: str, says: str) -> Callable[[Attack], Attack]:
    """Add an attack to the table."""

    def add(attack: Attack) -> Attack:
        ROWS.append(Row(who, does, says, attack))
        return attack

    return add
