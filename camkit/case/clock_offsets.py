"""By how much a reader's clock differs from its camera's, told from events whose picture is known."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import pandas as pd

from camkit.case.decisions import Verdict
from camkit.errors import InputError, TimestampError

if TYPE_CHECKING:
    from camkit.case import Case

MIN_EVENTS = 3
"""With fewer, one mistaken picture decides."""

_NEEDED = ("reader_id", "event_time", "seen_at")


@dataclass(frozen=True, eq=False, repr=False)
class ClockOffsets:
    """What the pictures say about the readers' clocks.

    Attributes
    ----------
    offsets : pandas.DataFrame
        One row per reader: ``reader_id`` (string); ``offset_s`` (float64, seconds: the median of the reader's clock
        minus the camera's, for ``clock_offset_s`` in the doors file; NaN where there are too few events); ``spread_s``
        (float64, seconds: the median distance from that median); ``events`` (int64, how many it rests on).
    evidence : pandas.DataFrame
        The events that were used, with their index: ``reader_id``, ``event_time``, ``seen_at``, ``difference_s``
        (float64, seconds).
    min_events : int
        How many events a reader needs.
    """

    offsets: pd.DataFrame
    evidence: pd.DataFrame
    min_events: int

    def problems(self) -> list[str]:
        """One sentence for each reader with too few events, or if there is no event at all."""
        if self.evidence.empty:
            return ["No event has a picture in which its cardholder was seen."]
        few = self.offsets[self.offsets["offset_s"].isna()]
        return [
            f"Reader {row.reader_id}: too few known events ({row.events} of the {self.min_events} needed)."
            for row in few.itertuples()
        ]

    def summary(self) -> str:
        """One line for each reader."""
        lines = [
            f"Reader {row.reader_id}: {row.offset_s:+.1f} s against its camera, give or take {row.spread_s:.1f} s "
            f"(events: {row.events})."
            for row in self.offsets.dropna(subset="offset_s").itertuples()
        ]
        return "\n".join([*lines, *self.problems()])

    def __repr__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        said = escape(self.summary()).replace("\n", "<br>")
        # pandas escapes the cells.
        return f"<div><p>{said}</p>{self.evidence.to_html(max_rows=20, border=0)}</div>"


def estimate_clock_offset(seen: Case | pd.DataFrame, *, min_events: int = MIN_EVENTS) -> ClockOffsets:
    """Estimate how far each reader's clock is ahead of its camera's.

    Parameters
    ----------
    seen : Case or pandas.DataFrame
        A case: its events with the verdict ``match`` count, each with its chosen picture. Or a table with
        ``reader_id``, ``event_time`` (by the reader's clock) and ``seen_at`` (when the person stands at the
        reader, by the camera's clock), both UTC-aware; if it has a ``verdict``, only ``match`` counts.
    min_events : int
        Fewer events of a reader give no estimate.

    Returns
    -------
    ClockOffsets
        Shows itself in a notebook, with its evidence.

    Raises
    ------
    InputError
        If a column is missing.
    TimestampError
        If a time has no zone.

    Notes
    -----
    The result is as fine as the pictures are: where they were looked through in steps of 5 s, and the one nearest to
    the swipe was chosen, expect errors of that size. Pictures at which nobody looked for the right moment only
    repeat the offset with which they were asked for.
    """
    table = seen if isinstance(seen, pd.DataFrame) else seen.events()
    _check(table)
    if "verdict" in table:
        table = table[table["verdict"].eq(Verdict.MATCH).fillna(False).astype(bool)]
    evidence = table[[*_NEEDED]].dropna()
    evidence["difference_s"] = (evidence["event_time"] - evidence["seen_at"]).dt.total_seconds()
    by_reader = evidence.groupby("reader_id", observed=True)["difference_s"]
    offsets = pd.DataFrame(by_reader.agg(offset_s="median", spread_s=_spread, events="size"))
    offsets.loc[offsets["events"] < min_events, ["offset_s", "spread_s"]] = float("nan")
    offsets = offsets.reset_index().astype(
        {"reader_id": "string", "offset_s": "float64", "spread_s": "float64", "events": "int64"}
    )
    return ClockOffsets(offsets, evidence, min_events)


def _spread(differences: pd.Series) -> float:
    """The median absolute deviation."""
    return float((differences - differences.median()).abs().median())


def _check(table: pd.DataFrame) -> None:
    missing = [name for name in _NEEDED if name not in table]
    if missing:
        raise InputError(
            f"The table has no column {', '.join(missing)}; give a case, or {', '.join(_NEEDED)}."
        )
    naive = [name for name in ("event_time", "seen_at") if getattr(table[name].dtype, "tz", None) is None]
    if naive:
        raise TimestampError(f"The times in {', '.join(naive)} have no zone; use tz_localize().")
