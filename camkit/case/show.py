"""How a case shows itself in Jupyter."""

from __future__ import annotations

from html import escape

import pandas as pd

from camkit.case.decisions import Verdict

_SHOWN = ["name", "door", "access", "outcome", "verdict", "note"]


def summary(name: str, events: pd.DataFrame) -> str:
    """One sentence: how many events, pictures and verdicts."""
    counts = events["verdict"].value_counts()
    verdicts = [f"{counts[verdict]:,} {verdict}" for verdict in Verdict if verdict in counts]
    pictures, reviewed = (int(events[column].notna().sum()) for column in ("sha256", "verdict"))
    said = f"Case {name}: {len(events):,} events, {pictures:,} with a picture, {reviewed:,} reviewed"
    return f"{said} ({', '.join(verdicts)})." if verdicts else f"{said}."


def case_html(name: str, events: pd.DataFrame) -> str:
    """The same, and what there is about each event."""
    # pandas escapes the cells.
    table = events[_SHOWN].to_html(max_rows=20, na_rep="", border=0)
    return f"<div><p><b>{escape(summary(name, events))}</b></p>{table}</div>"
