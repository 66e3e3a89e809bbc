"""What a table has to have before it counts as badge events."""

from __future__ import annotations

import pandas as pd

from camkit.errors import InputError, TimestampError

NEEDED = ("event_time", "cardholder_id", "reader_id")
"""The columns without which an event says nothing."""


def require_events(events: object, *others: str) -> None:
    """Refuse what is no table of events, such as those of `camkit.load_badges`.

    Parameters
    ----------
    events : object
        Whatever was given where events belong.
    *others : str
        Columns that it has to have besides `NEEDED`.

    Raises
    ------
    InputError
        If it is no table, or a column is missing.
    TimestampError
        If ``event_time`` has no time zone.
    """
    if not isinstance(events, pd.DataFrame):
        inside = isinstance(getattr(events, "events", None), pd.DataFrame)
        hint = "give its .events" if inside else "give the .events of load_badges"
        raise InputError(f"A {type(events).__name__} is no table of events: {hint}.")
    if lacking := [name for name in (*NEEDED, *others) if name not in events]:
        raise InputError(f"The events have no column {', '.join(lacking)}: give the .events of load_badges.")
    if not isinstance(events["event_time"].dtype, pd.DatetimeTZDtype):
        raise TimestampError("The events' event_time has no time zone: give the .events of load_badges.")
