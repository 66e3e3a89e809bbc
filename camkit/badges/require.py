"""What a table has to have before it counts as badge events, or as doors."""

from __future__ import annotations

import pandas as pd

from camkit.errors import InputError, TimestampError

NEEDED = ("event_time", "cardholder_id", "reader_id")
"""The columns without which an event says nothing."""


def require_events(events: object, *others: str) -> None:
    """Refuse what is not a table of events, such as those of `camkit.load_badges`.

    Parameters
    ----------
    events : object
        Whatever was given where events belong.
    *others : str
        Columns that it has to have besides `NEEDED`.

    Raises
    ------
    InputError
        If it is not a table, or a column is missing.
    TimestampError
        If ``event_time`` has no time zone.
    """
    if not isinstance(events, pd.DataFrame):
        inside = isinstance(getattr(events, "events", None), pd.DataFrame)
        hint = "give its .events" if inside else "give the .events of load_badges"
        raise InputError(f"A {type(events).__name__} is not a table of events: {hint}.")
    if lacking := [name for name in (*NEEDED, *others) if name not in events]:
        raise InputError(f"The events have no column {', '.join(lacking)}: give the .events of load_badges.")
    if not isinstance(events["event_time"].dtype, pd.DatetimeTZDtype):
        raise TimestampError("The events' event_time has no time zone: give the .events of load_badges.")


def require_doors(doors: object, *columns: str) -> None:
    """Refuse what is not a table of doors, such as that of `camkit.load_doors`.

    Parameters
    ----------
    doors : object
        Whatever was given where doors belong.
    *columns : str
        Columns that it has to have besides ``reader_id``.

    Raises
    ------
    InputError
        If it is not a table, a column is missing, or a reader has a camera twice.
    """
    if not isinstance(doors, pd.DataFrame):
        raise InputError(f"A {type(doors).__name__} is not a table of doors: give what load_doors() returns.")
    if lacking := [name for name in ("reader_id", *columns) if name not in doors]:
        raise InputError(f"The doors have no column {', '.join(lacking)}: give what load_doors() returns.")
    same = [name for name in ("reader_id", "vendor", "camera_id") if name in doors]
    twice = doors.loc[doors.duplicated(same), "reader_id"]
    if len(twice):
        raise InputError(f"The doors have a camera of reader {twice.iloc[0]} twice: leave one row for each.")
