"""Filters and picks without a widget: what is shown, what is picked, and what typed times mean."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from camkit.errors import InputError, TimestampError
from camkit.review.picker_state import LISTED, Filters, PickState

DENVER = ZoneInfo("America/Denver")


def make_events(count: int = 6) -> pd.DataFrame:
    """An hour between events from 08:00 UTC; columns, dtypes and labels as a log may have them."""
    rows = [
        ("00071234", "Ada", "R1", "granted", "first"),
        ("85063715", "Grace", "R2", "denied", "<b>bold</b>"),
        ("85063685", None, None, "granted", None),
        ("00071234", "Ada", "R1", "unknown", "100%"),
        ("86543202", "Alan", "R3", "granted", "a.c"),
        ("86543201", "Edsger", "R2", "granted", "abc"),
    ][:count]
    events = pd.DataFrame(rows, columns=["cardholder_id", "cardholder_name", "reader_id", "outcome", "note"])
    events.insert(0, "event_time", pd.date_range("2019-04-12 08:00", periods=count, freq="h", tz="UTC"))
    events["file"] = pd.Categorical(["log.csv"] * count)
    events["line"] = np.arange(2, count + 2)
    events.index = pd.Index(range(40, 40 - count, -1))
    return events


@pytest.fixture
def state() -> PickState:
    """Six events, the first two picked, the site in Denver."""
    return PickState(make_events(), default=2, timezone="America/Denver")


@pytest.mark.parametrize(
    ("filters", "shown"),
    [
        (Filters(), [0, 1, 2, 3, 4, 5]),
        (Filters(start=datetime(2019, 4, 12, 10, tzinfo=UTC)), [2, 3, 4, 5]),
        (Filters(end=datetime(2019, 4, 12, 10, tzinfo=UTC)), [0, 1]),
        (Filters(cardholder="0007"), [0, 3]),
        (Filters(cardholder="ada"), [0, 3]),
        (Filters(cardholder=" 85063715 , EDSGER,"), [1, 5]),
        (Filters(readers=["R1", "R3"]), [0, 3, 4]),
        (Filters(readers=["(none)"]), [2]),
        (Filters(outcomes=["denied", "unknown"]), [1, 3]),
        (Filters(text="BOLD"), [1]),
        (Filters(text="a.c"), [4]),
        (Filters(text="%"), [3]),
        (Filters(text="nowhere"), []),
        (Filters(cardholder="ada", outcomes=["granted"], text="first"), [0]),
    ],
)
def test_filters_show_what_fits_all_of_them(state, filters, shown):
    "Each filter on its own, missing values, text that looks like a pattern, and several filters together"
    state.show(filters)
    assert state.shown.tolist() == shown


def test_picked_rows_are_rows_of_the_events(state):
    "Order, labels, columns and dtypes are those of the events, not of the display or of the picking"
    state.show(Filters(readers=["R2"]))
    state.pick_in_table([1])
    assert_frame_equal(state.picked, make_events().iloc[[0, 5]])


def test_a_pick_in_the_table_leaves_hidden_picks_alone(state):
    "What the filters hide keeps its picks"
    state.show(Filters(cardholder="ada"))
    assert state.picked_in_table() == [0]
    state.pick_in_table([1])
    state.show(Filters())
    assert state.picked_in_table() == [1, 3]


def test_clear_removes_hidden_picks_too(state):
    "After clearing, nothing is picked"
    state.show(Filters(cardholder="alan"))
    state.clear()
    assert len(state.picked) == 0


@pytest.mark.parametrize(
    ("default", "labels"),
    [
        (None, []),
        (0, []),
        (3, [40, 39, 38]),
        (np.int64(1), [40]),
        (99, [40, 39, 38, 37, 36, 35]),
        ([36, 40], [40, 36]),
        (iter([38]), [38]),
        (make_events().iloc[[5, 1]], [39, 35]),
        (make_events()[:0], []),
    ],
)
def test_default_picks(default, labels):
    "Nothing, the first n, labels in any order, or rows of the events"
    assert PickState(make_events(), default).picked.index.tolist() == labels


def test_default_picks_that_are_not_there_are_an_error():
    "A label that no event has is named"
    with pytest.raises(InputError, match="not among the events: 7"):
        PickState(make_events(), [40, 7])


def test_an_unknown_zone_is_an_error():
    "The zone is named"
    with pytest.raises(TimestampError, match="America/Devner"):
        PickState(make_events(), timezone="America/Devner")


def test_the_table_is_text_in_the_sites_zone(state):
    "Local times with their zone, empty cells for missing values, no column that says the same in every row"
    table = state.table()
    assert table["time"].iloc[0] == "2019-04-12 02:00:00 MDT"
    assert table.iloc[2][["reader_id", "note"]].tolist() == ["", ""]
    assert "file" not in table and "event_time" not in table
    assert table["line"].iloc[0] == "2"


def test_the_table_names_the_file_when_there_are_several():
    "Events of two files can be distinguished"
    events = make_events(2).assign(file=pd.Categorical(["a.csv", "b.csv"]))
    assert PickState(events).table()["file"].tolist() == ["a.csv", "b.csv"]


def test_an_exports_own_time_column_stays_beside_ours():
    "A column of the log that is called time is shown as it is"
    table = PickState(make_events(1).assign(time="8 o'clock")).table()
    assert table["time"].iloc[0].tolist() == ["2019-04-12 08:00:00 UTC", "8 o'clock"]


def test_summary_counts_what_is_picked_shown_and_hidden(state):
    "Hidden picks are mentioned only when there are any"
    assert state.summary() == "2 of 6 events picked, 6 shown"
    state.show(Filters(readers=["R1"]))
    assert state.summary() == "2 of 6 events picked, 2 shown; 1 of the picked not shown"


def test_a_long_list_is_cut_and_says_so():
    "Beyond the most rows for a table, the summary says how many match"
    state = PickState(pd.concat([make_events()] * 1000), default=2)
    assert len(state.table()) == LISTED == 2000
    assert state.summary() == (
        "2 of 6,000 events picked, 2,000 shown; 6,000 match, narrow the filters to see the rest"
    )


def test_no_events_no_picks():
    "An empty log shows an empty table with its columns"
    state = PickState(make_events()[:0], default=3)
    state.show(Filters(cardholder="a", text="b", readers=["R1"]))
    assert state.table().columns.tolist() == PickState(make_events()).table().columns.tolist()
    assert state.summary() == "0 of 0 events picked, 0 shown"


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("", None, None),
        ("2019-04-12", "2019-04-12T06:00Z", "2019-04-13T06:00Z"),
        (" 2019-04-12 14:20 ", "2019-04-12T20:20Z", "2019-04-12T20:21Z"),
        ("12.04.2019", "2019-04-12T06:00Z", "2019-04-13T06:00Z"),
        ("12.4.2019 14:20", "2019-04-12T20:20Z", "2019-04-12T20:21Z"),
        ("20190412T1420", "2019-04-12T20:20Z", "2019-04-12T20:21Z"),
        ("2019-04-12T14", "2019-04-12T20:00Z", "2019-04-12T21:00Z"),
        ("2019-04-12 14-06:00", "2019-04-12T20:00Z", "2019-04-12T21:00Z"),
        ("2019-04-12 14:20+0200", "2019-04-12T12:20Z", "2019-04-12T12:21Z"),
        ("2019-04-12 14:20Z", "2019-04-12T14:20Z", "2019-04-12T14:21Z"),
        ("20190412T142029", "2019-04-12T20:20:29Z", "2019-04-12T20:20:30Z"),
        ("2019-W15-5T14:20", "2019-04-12T20:20Z", "2019-04-12T20:21Z"),
        ("2019-04-12T14:20:29", "2019-04-12T20:20:29Z", "2019-04-12T20:20:30Z"),
        ("2019-04-12T14:20:29+02:00", "2019-04-12T12:20:29Z", "2019-04-12T12:20:30Z"),
        ("2019-03-10", "2019-03-10T07:00Z", "2019-03-11T06:00Z"),  # 23 hours
        ("2019-11-03 01:30-06:00", "2019-11-03T07:30Z", "2019-11-03T07:31Z"),
    ],
)
def test_reads_typed_times_in_the_sites_zone(state, text, start, end):
    "A day, hour, minute or second named as the end lies within; an offset overrides the zone"
    expected = [None if it is None else datetime.fromisoformat(it) for it in (start, end)]
    assert [state.read_time(text), state.read_time(text, is_end=True)] == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("yesterday", "is not a time"),
        ("12/04/2019", "is not a time"),
        ("2019-04-31", "is not a time"),
        ("2019-04-12 25:00", "is not a time"),
        ("0001-01-01T00:00+14:00", "is not a time"),
        ("9999-12-31T23:59:59-14:00", "is not a time"),
        ("2019-11-03 01:30", "repeats"),
        ("2019-03-10 02:30", "skips"),
    ],
)
def test_a_time_that_cannot_be_placed_is_an_error(state, text, reason):
    "Unreadable, out of range, or shown twice or never by the site's clock"
    with pytest.raises(TimestampError, match=reason):
        state.read_time(text)


@pytest.mark.not_quick
@given(st.text(max_size=30) | st.dates().map(str) | st.datetimes().map(str), st.booleans())
def test_any_text_is_a_time_or_a_clear_error(text, is_end):
    "No other exception reaches the widget, and every time that is read can be filtered by"
    state = PickState(make_events(1), timezone=timezone(timedelta(hours=-6)))
    try:
        moment = state.read_time(text, is_end=is_end)
    except TimestampError:
        return
    state.show(Filters(start=moment, end=moment))
    assert len(state.shown) == (1 if moment is None else 0)


def flags_of(events: pd.DataFrame) -> pd.DataFrame:
    """The first event has two flags, the third one has one."""
    flags = {
        "too_fast": [True, *[False] * 5],
        "outside_hours": [True, False, True, *[False] * 3],
        "evidence": 1,
    }
    return pd.DataFrame(flags, index=events.index)


FAST, HOURS = "at another reader sooner than one can walk there", "outside the hours given"


@pytest.mark.parametrize(
    ("chosen", "shown"),
    [
        ([], [0, 1, 2, 3, 4, 5]),
        ([HOURS], [0, 2]),
        ([FAST], [0]),
        (["(none)"], [1, 3, 4, 5]),
        ([FAST, "(none)"], [0, 1, 3, 4, 5]),
    ],
)
def test_flags_lead_to_their_events(chosen, shown):
    "Any of the chosen ones, or none at all"
    state = PickState(make_events(), flags=flags_of(make_events()))
    assert state.flags == [FAST, HOURS, "(none)"]
    state.show(Filters(flags=chosen))
    assert state.shown.tolist() == shown


def test_the_table_has_the_flags_in_words():
    "Also of some of the events that were flagged"
    state = PickState(make_events().iloc[[2, 0, 1]], flags=flags_of(make_events()))
    assert state.table()["flags"].tolist() == [HOURS, f"{FAST}; {HOURS}", ""]
    assert "flags" not in PickState(make_events()).table()


def test_flags_of_other_events_are_an_error():
    "They would be those of other people"
    with pytest.raises(InputError, match="The flags do not cover all of the events"):
        PickState(make_events(), flags=flags_of(make_events()).iloc[1:])


def test_kinds_of_events_are_filtered():
    "Swipes and what a door does by itself"
    events = make_events().assign(kind=["swipe", "forced", "swipe", "held", "swipe", None])
    state = PickState(events)
    state.show(Filters(kinds=["forced", "(none)"]))
    assert state.shown.tolist() == [1, 5]


def test_what_nobody_has_decided_on_is_asked_anew_each_time():
    "A verdict that was given meanwhile counts"
    decided = [40]
    state = PickState(make_events(), decided=lambda: pd.Index(decided))
    state.show(Filters(undecided=True))
    assert state.shown.tolist() == [1, 2, 3, 4, 5]
    decided.append(37)
    state.show(Filters(undecided=True))
    assert state.shown.tolist() == [1, 2, 4, 5]


def test_names_of_the_directory_are_shown_and_searched():
    "Beside the number"
    state = PickState(make_events().drop(columns="cardholder_name"))
    assert not state.has_names
    state.names = {"00071234": "Zoë Lindqvist"}
    assert state.has_names
    assert state.table()["name in directory"].tolist() == ["Zoë Lindqvist", "", "", "Zoë Lindqvist", "", ""]
    state.show(Filters(cardholder="zoë"))
    assert state.shown.tolist() == [0, 3]
    state.show(Filters())
    assert state.nameless(2) == ["85063715", "85063685"]
