"""Events of an export that has grown are found again by what they say."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from camkit.badges import find_events, load_badges, renumbered
from camkit.badges.log import BadgeLog
from camkit.errors import InputError

HEADER = "timestamp,UserID,reader_id,outcome"
MAY = [
    "2026-05-04T08:00:00Z,0042,R1,granted",
    "2026-05-04T08:00:00Z,0042,R1,denied",
    "2026-05-04T08:05:00Z,0043,R1,granted",
    "2026-05-04T08:06:00Z,,R2,denied",
]
JUNE = ["2026-06-01T09:00:00Z,0042,R1,granted", "2026-06-01T09:01:00Z,0044,R2,granted"]


def log_of(folder: Path, rows: list[str]) -> BadgeLog:
    """The log of these rows."""
    path = folder / f"{len(rows)}.csv"
    path.write_text("\n".join([HEADER, *rows]) + "\n")
    return load_badges(path)


def test_events_are_found_though_newer_rows_are_above_them(tmp_path):
    "By time, cardholder, reader and outcome, also one without a cardholder; what is not there is missing"
    old, grown = log_of(tmp_path, MAY).events, log_of(tmp_path, [*JUNE, *MAY]).events
    assert find_events(grown, old).tolist() == [2, 3, 4, 5]
    assert find_events(old, grown).isna().tolist() == [True, True, False, False, False, False]


def test_of_equal_events_each_is_found_once(tmp_path):
    "Three swipes in one second are told apart by their number"
    events = pd.concat([log_of(tmp_path, MAY).events] * 3, ignore_index=True)
    assert find_events(events, events).tolist() == events.index.tolist()
    third = events.iloc[[8]].assign(number=2)
    assert find_events(events, third).tolist() == [8]


def test_a_grown_log_gets_the_numbers_of_the_case(tmp_path):
    "The known events have their old numbers, the rest numbers that nobody else has, and no event changes"
    old, grown = log_of(tmp_path, MAY), log_of(tmp_path, [*JUNE, *MAY])
    known = old.events.loc[[1, 3]]
    numbered = renumbered(grown, known)
    assert numbered.events["line"].loc[[1, 3]].tolist() == [5, 7]
    assert numbered.events.index.is_unique and pd.api.types.is_integer_dtype(numbered.events.index)
    assert numbered.events["line"].tolist() == grown.events["line"].tolist()
    assert numbered.events.attrs == grown.events.attrs
    assert renumbered(grown, known[:0]) is grown
    assert renumbered(old, known) is old


def test_duplicates_still_name_the_event_they_repeat(tmp_path):
    "Its number has changed with the log's"
    grown = log_of(tmp_path, [*JUNE, *MAY, MAY[2]])
    known = log_of(tmp_path, MAY).events
    numbered = renumbered(grown, known)
    for kept, line in zip(numbered.duplicates["same_as"], numbered.duplicates["line"], strict=True):
        assert (numbered.events["line"][kept], line) == (6, 8)


def test_a_log_without_one_of_the_cases_events_is_another_log(tmp_path):
    "It is said how many are not there"
    grown = log_of(tmp_path, [*JUNE, *MAY[1:]])
    with pytest.raises(InputError, match="1 of the case's 4 events are not in this badge log"):
        renumbered(grown, log_of(tmp_path, MAY).events)
