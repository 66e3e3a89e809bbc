"""Parts of the sentences in which a log says how many rows something concerns, and which."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

SHOWN = 5
"""How many lines, files or words a sentence names."""


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, as in "1 row" and "2,000 rows"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def and_more(count: int, shown: int = SHOWN) -> str:
    """Return how many are not named, as in " and 3 more"; empty if all are."""
    return f" and {count - shown:,} more" if count > shown else ""


def some_lines(lines: Sequence[int] | np.ndarray) -> str:
    """Name the first few lines, and say how many more there are."""
    named = ", ".join(map(str, lines[:SHOWN]))
    return f"line{'' if len(lines) == 1 else 's'} {named}{and_more(len(lines))}"
