"""What is not a table of events or doors is refused in the same words wherever they belong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from camkit.badges import load_badges
from camkit.badges.door_events import resolve
from camkit.badges.doors import load_doors
from camkit.badges.flags import flag_events
from camkit.errors import InputError, TimestampError
from camkit.review.picker_state import PickState
from tests.conftest import ROOT

Take = Callable[[Any], object]


@pytest.fixture(params=["flag_events", "PickState", "resolve"])
def take(request: pytest.FixtureRequest) -> Take:
    "Each thing that is done with a table of events"
    return {
        "flag_events": flag_events,
        "PickState": PickState,
        "resolve": lambda events: resolve(events, pd.DataFrame()),
    }[request.param]


@pytest.fixture(scope="module")
def log():
    "The sample"
    return load_badges(ROOT / "data/sample_badges.csv")


def test_a_whole_log_instead_of_its_events_is_recognised(take, log):
    "The likeliest slip: the sentence says what to give"
    with pytest.raises(
        InputError, match=r"BadgeLog is not a table of events: give the events in it, as in log\.events"
    ):
        take(log)


@pytest.mark.parametrize("nothing", [None, "sample_badges.csv", [1, 2]])
def test_what_is_not_a_table_is_refused(take, nothing):
    "Whatever it is, it is named"
    with pytest.raises(InputError, match=rf"{type(nothing).__name__} is not a table of events"):
        take(nothing)


def test_missing_columns_are_named(take, log):
    "All of them at once"
    with pytest.raises(InputError, match="no column cardholder_id, reader_id"):
        take(log.events.drop(columns=["reader_id", "cardholder_id"]))


@pytest.mark.parametrize("times", [pd.Timestamp("2019-04-12"), "2019-04-12T08:00:00Z"])
def test_a_time_without_a_zone_is_never_taken_for_utc(take, log, times):
    "Nor is text taken for a time"
    with pytest.raises(TimestampError, match="no time zone"):
        take(log.events.assign(event_time=times))


@pytest.mark.parametrize("take", ["flag_events", "PickState"], indirect=True)
def test_the_outcome_is_needed_where_it_is_looked_at(take, log):
    "Flags and picks go by it"
    with pytest.raises(InputError, match="no column outcome"):
        take(log.events.drop(columns="outcome"))


@pytest.fixture(params=["flag_events", "resolve"])
def take_doors(request: pytest.FixtureRequest, log) -> Take:
    "Each thing that doors are given to"
    return {
        "flag_events": lambda doors: flag_events(log.events, doors),
        "resolve": lambda doors: resolve(log.events, doors),
    }[request.param]


def test_a_path_is_not_a_table_of_doors(take_doors):
    "The sentence says what makes one of it"
    with pytest.raises(
        InputError, match=r"str is not a table of doors: read one with investigation\.load_doors"
    ):
        take_doors("data/doors.csv")


def test_doors_without_readers_are_refused(take_doors):
    "Nothing else leads from an event to a door"
    with pytest.raises(InputError, match="no column reader_id"):
        take_doors(load_doors(ROOT / "data/doors.csv").drop(columns="reader_id"))


def test_a_camera_twice_at_a_reader_is_refused(take_doors):
    "Which row counts is not for us to choose"
    doors = load_doors(ROOT / "data/doors.csv")
    with pytest.raises(InputError, match=f"reader {doors['reader_id'][0]} twice"):
        take_doors(pd.concat([doors, doors.head(1)]))
