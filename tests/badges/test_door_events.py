"""Events resolved: each with its door, its cameras and its times."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from camkit import errors, load_badges, load_doors, resolve
from camkit.badges.door_events import DoorEvent
from camkit.badges.doors import Camera
from tests.conftest import ROOT

NOON = datetime(2019, 4, 12, 18, 0, tzinfo=UTC)
DOORS = pd.DataFrame(
    [
        ["R1", "Gate", "inside", "meraki", "Q1", 2.0],
        ["R1", "Gate", "outside", "meraki", "Q2", -3.5],
        ["R2", "Yard", "", "een", "100abcde", 0.0],
    ],
    columns="reader_id door view vendor camera_id clock_offset_s".split(),
)


def events_of(*readers: str | None, **columns: object) -> pd.DataFrame:
    "Events at noon, one for each reader"
    table = {"event_time": pd.Timestamp(NOON), "cardholder_id": "007", "reader_id": list(readers), **columns}
    return pd.DataFrame(table, index=[f"e{i}" for i in range(len(readers))])


def test_an_event_meets_its_door_and_all_its_cameras():
    "Each camera has its own clock; the true time is the main camera's"
    (event,) = resolve(events_of("R1", outcome="denied"), DOORS, timezone="America/Denver")
    inside, outside = Camera("meraki", "Q1", "inside", 2.0), Camera("meraki", "Q2", "outside", -3.5)
    assert event == DoorEvent(
        event_id="e0",
        event_time=NOON,
        true_time=NOON - timedelta(seconds=2),
        outcome="denied",
        cardholder_id="007",
        reader_id="R1",
        door=event.door,
        timezone=ZoneInfo("America/Denver"),
    )
    assert event.cameras == (inside, outside)
    assert event.at(inside) == NOON - timedelta(seconds=2)
    assert event.at(outside, -5) == NOON + timedelta(seconds=3.5 - 5)
    assert event.why_no_camera == ""


@pytest.mark.parametrize(
    ("kind", "what"),
    [("forced", "door forced open"), ("held", "door held open"), ("swipe", "denied"), (None, "denied")],
)
def test_what_happened_is_an_alarm_or_the_outcome(kind, what):
    "A table without kinds, or with a gap there, has swipes only"
    (event,) = resolve(events_of("R1", outcome="denied", kind=[kind]), DOORS)
    assert event.what == what
    assert event.kind == (kind or "swipe")


@pytest.mark.parametrize(
    ("columns", "reader", "why"),
    [
        ({}, "R9", "reader R9 is not in the doors table"),
        ({}, None, "the event does not name a reader"),
        ({"event_time": pd.DatetimeIndex([pd.NaT], tz="UTC")}, "R1", "the event has no time"),
    ],
)
def test_an_event_without_a_camera_says_why(columns, reader, why):
    "It is among the resolved events"
    (event,) = resolve(events_of(reader, **columns), DOORS)
    assert event.cameras == () and event.why_no_camera == why


def test_an_event_without_a_time_has_no_moment():
    "Nobody is asked for a moment that does not exist"
    (event,) = resolve(events_of("R1", event_time=pd.DatetimeIndex([pd.NaT], tz="UTC")), DOORS)
    assert event.true_time is None
    with pytest.raises(errors.TimestampError, match="e0 has no time"):
        event.at(Camera("meraki", "Q1"))


def test_missing_cells_are_empty_text():
    "No event belongs to somebody called nan"
    (event,) = resolve(events_of(None, cardholder_id=pd.NA, outcome=None), DOORS)
    assert (event.cardholder_id, event.reader_id, event.outcome) == ("", "", "")


def test_an_unknown_reader_keeps_its_own_time():
    "Without a door there is no offset to subtract"
    (event,) = resolve(events_of("R9"), DOORS)
    assert event.true_time == event.event_time == NOON


def test_the_zone_comes_with_the_log():
    "What load_badges was given need not be given again; another one given here goes before it"
    log = load_badges(ROOT / "data" / "sample_badges.csv", timezone="America/Denver")
    doors = load_doors(ROOT / "data" / "doors.csv")
    assert resolve(log.events.head(3), doors).timezone == ZoneInfo("America/Denver")
    assert resolve(log.events, doors, timezone="UTC-05:00")[0].timezone.utcoffset(None) == timedelta(hours=-5)
    assert resolve(events_of("R1"), DOORS).timezone is UTC


def test_events_are_a_sequence_in_the_tables_order():
    "Positions, slices and the table they came from"
    resolved = resolve(events_of("R1", "R9", "R2"), DOORS)
    assert [event.reader_id for event in resolved] == ["R1", "R9", "R2"]
    assert resolved[-1].door.name == "Yard"
    assert [event.event_id for event in resolved[1:]] == ["e1", "e2"]
    assert resolved[1:].table.index.tolist() == ["e1", "e2"]
    assert len(resolve(events_of(), DOORS)) == 0
    assert repr(resolved) == "3 events, 2 at a door with a camera; times in UTC"


def test_true_times_come_as_a_column_too():
    "For all events at once, as the events themselves have them"
    resolved = resolve(events_of("R1", "R9", "R2"), DOORS)
    assert [moment.to_pydatetime() for moment in resolved.true_time] == [
        event.true_time for event in resolved
    ]
    assert str(resolved.true_time.dtype) == "datetime64[us, UTC]"


@pytest.mark.parametrize("readers", [["7", "8"], [7, 8], [7.0, 8.0], pd.Categorical(["7", "8"])])
@pytest.mark.parametrize("in_doors", [["7", "8"], [7, 8], [7.0, 8.0], pd.Categorical(["7", "8"])])
def test_readers_that_are_numbers_have_their_doors_and_offsets(readers, in_doors):
    "In tables made by hand, whichever of the two has numbers: the offset never gets lost"
    doors = DOORS.tail(2).assign(reader_id=in_doors)
    resolved = resolve(events_of("", "").assign(reader_id=readers), doors)
    assert [event.reader_id for event in resolved] == ["7", "8"]
    assert [event.door.name for event in resolved] == ["Gate", "Yard"]
    assert [event.true_time - NOON for event in resolved] == [timedelta(seconds=3.5), timedelta(0)]


def test_a_missing_reader_among_numbers_is_missing():
    "pandas makes 7 into 7.0 where another one is missing"
    first, second = resolve(events_of("", "").assign(reader_id=[7, None]), DOORS.assign(reader_id="7"))
    assert (first.reader_id, first.door.name) == ("7", "Gate")
    assert (second.reader_id, second.door) == ("", None)


def test_times_are_in_utc_whatever_the_zone_of_the_column():
    "The zone of the site is for display"
    events = events_of("R1").assign(event_time=pd.Timestamp("2019-04-12T12:00", tz="America/Denver"))
    (event,) = resolve(events, DOORS)
    assert event.event_time.isoformat() == "2019-04-12T18:00:00+00:00"
    assert event.true_time.isoformat() == "2019-04-12T17:59:58+00:00"


def test_events_with_the_same_label_keep_their_own_doors():
    "As after joining two logs"
    resolved = resolve(events_of("R1", "R2").set_axis([5, 5]), DOORS)
    assert [(event.event_id, event.door.name) for event in resolved] == [(5, "Gate"), (5, "Yard")]
    assert resolved.true_time.tolist() == [event.true_time for event in resolved]


def test_without_events_or_doors_there_is_nothing_to_resolve():
    "Empty tables, whatever the dtypes of their columns"
    assert list(resolve(events_of(), DOORS)) == []
    assert resolve(events_of(), DOORS).true_time.empty
    assert resolve(events_of("R1"), DOORS.head(0))[0].door is None


def test_readers_without_a_door_are_named_once() -> None:
    "Before pictures are asked for in vain"
    assert resolve(events_of("R1", "R1", None), DOORS).problems() == []
    (one,) = resolve(events_of("R1", "Vault", "Vault"), DOORS).problems()
    assert one.startswith(
        "1 of 2 readers is not in the doors file, so no camera is asked for its events: Vault. Add a row"
    )
    (many,) = resolve(events_of(*"abcdefg"), DOORS).problems()
    assert "7 of 7 readers are not in the doors file" in many
    assert "a, b, c, d, e and 2 more." in many
