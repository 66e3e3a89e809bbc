"""Tell rows that are no badge events by their form: totals, notes, empty rows, the header again."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from camkit.badges.ledger import Ledger
from camkit.badges.profiles import footer_patterns, matches
from camkit.badges.sheet import Sheet

CLOCK_TIME = re.compile(r"\d:\d\d")


def ignore_footers(sheet: Sheet, ledger: Ledger, candidates: np.ndarray) -> None:
    """Ignore those of the rows, which have no time that can be read, that are totals and the like."""
    positions = np.flatnonzero(candidates & ledger.open)
    rows = zip(*(cells.take(pa.array(positions)).to_pylist() for cells in sheet.rows.cells), strict=True)
    for position, row in zip(positions, rows, strict=True):
        if reason := _why_no_event(row, sheet.layout.names):
            ledger.open[position] = False
            ledger.enter("ignored", int(sheet.rows.lines[position]), " ".join(filter(None, row)), reason)


def enter_ragged_rows(sheet: Sheet, ledger: Ledger) -> None:
    """Ignore the rows of the wrong length that are totals, notes and the like; reject the others."""
    names, delimiter = sheet.layout.names, sheet.layout.delimiter
    for line, row in sheet.rows.ragged:
        reason = _why_no_event(row, names)
        if reason is None and len(row) == 1 and not CLOCK_TIME.search(row[0]):
            reason = "a line of text"
        if reason:
            ledger.enter("ignored", line, " ".join(filter(None, row)), reason)
        else:
            count = f"{len(row)} cells instead of {len(names)}"
            ledger.enter("rejected", line, delimiter.join(row), count)


def _why_no_event(row: Sequence[str], names: Sequence[str]) -> str | None:
    """Say why a row without a time is no event; None if it should be one."""
    filled = [cell for cell in row if cell]
    if not filled:
        return "an empty row"
    if tuple(row) == tuple(names):
        return "the header again"
    return "a total or a note" if matches(filled[0], footer_patterns()) else None
