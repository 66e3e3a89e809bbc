"""What the rows of an export can show of whether another one has the same events."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import tzinfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from camkit.badges.identifiers import as_mask

MINUTES_ONLY = r"(?:^|[T ,])\d{1,2}[:.h]\d{2}(?:$|[^:.\d])|^20\d{10}$"
"""A time of day without seconds, as pyarrow's regular expressions have it."""

WHOLE_MINUTES = 3
"""So many events on whole minutes, or two in the same one, show that a file does not have seconds."""

MEANING = frozenset({"reader_id", "outcome", "outcome_text", "kind", "kind_text"})
"""What an event is, beside its time and cardholder; other columns may say something about the export."""

POSITION, ROLE, HAS_SECONDS, WHEN, WHO, READER = (
    "|position",
    "|role",
    "|has_seconds",
    "|when",
    "|who",
    "|reader",
)
"""Columns beside those of the export, called as no column of an export is."""

MINUTE, SECOND = 60_000_000, 1_000_000  # microseconds


@dataclass(frozen=True)
class FileFacts:
    """What the rows of one file can show."""

    columns: frozenset[str]  # all that can be compared across files: not those that only count its rows
    is_exact: bool  # whether all events have seconds

    @classmethod
    def of(
        cls, events: pa.Table, rows: int, times: Callable[[], pa.ChunkedArray]
    ) -> tuple[FileFacts, np.ndarray]:
        """Look at a file's events, the number of its rows, and the events' times as they are written.

        Return also for each event whether its time has seconds.
        """
        names = set(events.column_names) - {"event_time", "cardholder_id", "line"}
        names -= {name for name in names - MEANING if _counts_rows(events[name], rows)}
        if events["reader_id"].null_count == len(events):
            names.remove("reader_id")
        says_outcome = "outcome_text" in names or pc.any(pc.not_equal(events["outcome"], "unknown")).as_py()
        names = (
            names | {"outcome_text", "kind_text"} if says_outcome else names - MEANING | names & {"reader_id"}
        )
        at = events["event_time"].cast(pa.int64()).to_numpy()
        has_seconds = at % MINUTE != 0
        whole = np.flatnonzero(~has_seconds)
        # A system that rounds to minutes may write ":00". Of another one, a row may lack them.
        if 0 < len(whole) < len(at) or len(np.unique(at[:WHOLE_MINUTES])) == len(at) < WHOLE_MINUTES:
            has_seconds[whole] = ~as_mask(
                pc.match_substring_regex(times().take(pa.array(whole)), MINUTES_ONLY)
            )
        return cls(frozenset(names), bool(has_seconds.all())), has_seconds

    @property
    def has_reader(self) -> bool:
        """Whether any event has a reader."""
        return "reader_id" in self.columns


class Files:
    """What is known of all files that are compared.

    Attributes
    ----------
    facts : sequence of FileFacts
    names : sequence of str
    zone : datetime.tzinfo or None
        For display.
    have_readers : bool
        Whether every file has a reader.
    order : numpy.ndarray
        Which file comes first: its event is kept. It is the one with a reader and an outcome, else the earlier one.
    """

    def __init__(self, facts: Sequence[FileFacts], names: Sequence[str], zone: tzinfo | None) -> None:
        self.facts, self.names, self.zone = facts, names, zone
        self.have_readers = all(file.has_reader for file in facts)
        says = [len(file.columns & {"reader_id", "outcome"}) for file in facts]
        self.order = np.argsort(np.argsort([-some for some in says], kind="stable"), kind="stable")


def count_rows(rows: pd.DataFrame) -> str:
    """Count rows in words, and name the line of the first one."""
    count, line = len(rows), rows["line"].iloc[0]
    return f"line {line} is" if count == 1 else f"{count:,} rows, the first in line {line}, are"


def _counts_rows(column: pa.ChunkedArray, rows: int) -> bool:
    """Whether a column only numbers the rows of its file: it rises with each, and never above their number."""
    ends = [column[0].as_py(), column[-1].as_py()] if len(column) else [None]
    if column.null_count or not all(
        text and text.isascii() and text.isdigit() and int(text[:19]) <= rows for text in ends
    ):
        return False
    try:
        numbers = pc.cast(column, pa.int64()).to_numpy()
    except pa.ArrowInvalid:
        return False
    steps = np.diff(numbers)
    rises = bool((steps > 0).all() or (steps < 0).all())
    return rises and 0 <= numbers.min() <= numbers.max() <= rows
