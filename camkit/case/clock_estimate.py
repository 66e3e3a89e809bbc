"""By how much a reader's clock differs from its cameras', estimated from events whose picture is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from camkit.case.decisions import Verdict
from camkit.case.record import Record
from camkit.errors import InputError, TimestampError
from camkit.support.html import block_html, table_html, text_html, visible

_NEEDED = ("reader_id", "event_time", "seen_at")
_CAMERA = ("vendor", "camera_id", "view")
_GROUP = ["reader_id", "vendor", "camera_id"]
_TEXTS = [*_GROUP, "view"]


@dataclass(frozen=True, eq=False, repr=False)
class ClockOffsets:
    """How the readers' clocks differ from their cameras', according to the pictures.

    Attributes
    ----------
    offsets : pandas.DataFrame
        One row per reader and camera: ``reader_id``, ``vendor``, ``camera_id``, ``view`` (string; the latest,
        missing if not known); ``offset_s`` (float64, seconds: the median of the reader's clock minus the camera's, for
        ``clock_offset_s`` in the doors file; NaN if there are too few events); ``spread_s`` (float64, seconds: the
        median distance from that median); ``events`` (int64: how many it is based on).
    evidence : pandas.DataFrame
        The events that were used, with their index: ``reader_id``, ``event_time``, ``seen_at``, ``vendor``,
        ``camera_id``, ``view``, ``difference_s`` (float64, seconds).
    min_events : int
        How many events a camera needs.
    """

    offsets: pd.DataFrame
    evidence: pd.DataFrame
    min_events: int

    def problems(self) -> list[str]:
        """One sentence for each camera with too few events, or if no event counts at all."""
        if self.evidence.empty:
            return ["No event has a picture in which its cardholder was seen."]
        few = self.offsets[self.offsets["offset_s"].isna()]
        return [
            f"{_camera(row)}: too few known events ({row.events} of the {self.min_events} needed)."
            for row in few.itertuples()
        ]

    def summary(self) -> str:
        """One line for each camera."""
        lines = [
            f"{_camera(row)}: {row.offset_s:+.1f} s against the camera's clock, give or take {row.spread_s:.1f} s "
            f"(events: {row.events})."
            for row in self.offsets.dropna(subset="offset_s").itertuples()
        ]
        return visible("\n".join([*lines, *self.problems()]))

    def __repr__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        said = "<br>".join(text_html(line) for line in self.summary().splitlines())
        return block_html(f"<p>{said}</p>", table_html(self.evidence, max_rows=20, border=0))


def estimate_clock_offset(seen: Record | pd.DataFrame, *, min_events: int = 3) -> ClockOffsets:
    """Estimate how far each reader's clock is ahead of each of its cameras'.

    Parameters
    ----------
    seen : Case or pandas.DataFrame
        A case: its events with the verdict ``match`` count, each for the camera of its chosen picture; not those that
        are excluded, or on which the reviewers disagree. Or a table with
        ``reader_id``, ``event_time`` (by the reader's clock) and ``seen_at`` (when the person is at the reader, by the
        camera's clock), both UTC-aware, and if known ``vendor``, ``camera_id`` and ``view``; if it has a ``verdict``,
        only ``match`` counts.
    min_events : int
        With fewer events, a camera gets no estimate: one mistaken picture would decide.

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
    The result is as precise as the pictures are: if they were looked through in steps of 5 s, and the one nearest to
    the swipe was chosen, expect errors of that size. If nobody looked for the right moment, the pictures only repeat
    the offset with which they were asked for.
    """
    table = seen if isinstance(seen, pd.DataFrame) else seen.events()
    if missing := [name for name in _NEEDED if name not in table]:
        raise InputError(
            f"The table does not have {', '.join(missing)}; give a case, or a table with {', '.join(_NEEDED)}."
        )
    times = ("event_time", "seen_at")
    if naive := [name for name in times if getattr(table[name].dtype, "tz", None) is None]:
        raise TimestampError(
            f"The times in {', '.join(naive)} do not have a time zone: give the table of a case, case.events()."
        )
    if "excluded" in table:
        table = table[table["excluded"].isna()]
    if "verdict" in table:
        table = table[table["verdict"].eq(Verdict.MATCH).fillna(False).astype(bool)]
    evidence = table.reindex(columns=[*_NEEDED, *_CAMERA]).dropna(subset=[*_NEEDED])
    evidence = evidence.astype(dict.fromkeys(_TEXTS, "string"))
    evidence["difference_s"] = (evidence["event_time"] - evidence["seen_at"]).dt.total_seconds()
    offsets = evidence.groupby(_GROUP, dropna=False).agg(
        view=("view", "last"),
        offset_s=("difference_s", "median"),
        spread_s=("difference_s", _spread),
        events=("difference_s", "size"),
    )
    offsets.loc[offsets["events"] < min_events, ["offset_s", "spread_s"]] = float("nan")
    offsets = offsets.reset_index().astype(
        {**dict.fromkeys(_TEXTS, "string"), "offset_s": "float64", "spread_s": "float64", "events": "int64"}
    )
    return ClockOffsets(offsets, evidence, min_events)


def _camera(row: Any) -> str:
    """Name a reader and its camera."""
    said = f"Reader {row.reader_id}"
    if not pd.isna(row.camera_id):
        said += f", camera {row.camera_id}"
    return said if pd.isna(row.view) else f"{said} ({row.view})"


def _spread(differences: pd.Series) -> float:
    """The median absolute deviation."""
    return float((differences - differences.median()).abs().median())
