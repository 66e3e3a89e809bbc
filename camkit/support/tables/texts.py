"""Write the cells of a column as text, with Arrow where all are of one kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["as_texts", "packed"]

EXACT = 1 << 53
"""Whole numbers from here on have lost digits: a cell holds a double."""


def as_texts(cells: Sequence[Any], kinds: set[type]) -> pa.Array:
    """Return the cells of one column as text, which may have spaces around it; `kinds` are their types."""
    if kinds <= {str}:
        return pa.array(cells, pa.string())
    try:
        if kinds == {datetime}:
            return pa.array(cells, pa.timestamp("us")).cast(pa.timestamp("s")).cast(pa.string())
        if kinds == {float}:
            numbers = pa.array(cells, pa.float64()).cast(pa.int64())
            if pc.max(pc.abs_checked(numbers)).as_py() < EXACT:
                return numbers.cast(pa.string())
    except pa.ArrowInvalid:  # fractions
        pass
    day = str if datetime not in kinds else "{} 00:00:00".format  # the library gives a date at midnight
    texts: dict[type, Callable[[Any], str]] = {**TEXT, date: day}
    return pa.array([texts[type(cell)](cell) for cell in cells], pa.string())


def packed(lines: Sequence[int], columns: Sequence[Sequence[str] | pa.Array]) -> memoryview:
    """Return rows as a stream of Arrow's: the lines, and each column."""
    arrays = [pa.array(lines, pa.int64())]
    arrays += [it if isinstance(it, pa.Array) else pa.array(it, pa.string()) for it in columns]
    batch = pa.record_batch(arrays, names=[str(at) for at in range(len(arrays))])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as stream:
        stream.write_batch(batch)
    return memoryview(sink.getvalue())


def _number(value: float) -> str:
    """Write a number with all its digits, and one that has lost some as a spreadsheet shows it."""
    if not value.is_integer():
        return repr(value)
    return str(int(value)) if abs(value) < EXACT else f"{value:.14E}"


def _duration(value: timedelta) -> str:
    """Write hours, minutes and seconds; the hours may be more than 24."""
    seconds = round(value.total_seconds())
    hours, rest = divmod(abs(seconds), 3600)
    return f"{'-' if seconds < 0 else ''}{hours:02}:{rest // 60:02}:{rest % 60:02}"


def _boolean(value: bool) -> str:
    return "TRUE" if value else "FALSE"


TEXT: dict[type, Callable[[Any], str]] = {
    str: str,
    float: _number,
    int: str,
    bool: _boolean,
    datetime: str,
    time: str,
    timedelta: _duration,
}
