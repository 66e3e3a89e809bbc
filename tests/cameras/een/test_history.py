"""The status of cameras over time: from API v3's events, from the lists of API v1, and at the time of an event."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import camkit
from camkit import errors
from camkit.cameras.een.history import StatusHistory
from camkit.site import demo_site
from tests.support.scripted import send
from tests.support.scripted_een_v3 import een_v3

START, END = datetime(2019, 4, 1, tzinfo=UTC), datetime(2019, 4, 2, tzinfo=UTC)
DOOR = "1007b3c4"


def at(hour: float) -> datetime:
    return START + timedelta(hours=hour)


def history(*records) -> StatusHistory:
    """From (start hour, end hour or None, overall) of one camera."""
    rows = [("1", "Door", at(a), None if b is None else at(b), word.lower(), word) for a, b, word in records]
    return StatusHistory.from_records(rows, START, END)


def hours(made: StatusHistory) -> list[tuple[float, float, str]]:
    spans = made.spans
    pairs = zip(spans["start"], spans["end"], spans["overall"], strict=True)
    return [
        ((a - START) / timedelta(hours=1), (b - START) / timedelta(hours=1), word) for a, b, word in pairs
    ]


@pytest.mark.parametrize(
    ("records", "spans"),
    [
        ([(0, 10, "Online"), (10, None, "Offline")], [(0, 10, "Online"), (10, 24, "Offline")]),
        ([(10, None, "Offline"), (0, 10, "Online")], [(0, 10, "Online"), (10, 24, "Offline")]),
        ([(0, 20, "Online"), (5, 8, "Off")], [(0, 5, "Online"), (5, 8, "Off")]),
        ([(-50, 3, "Online")], [(0, 3, "Online")]),
        ([(1, 3, "Online"), (3, 6, "Online"), (1, 3, "Online")], [(1, 6, "Online")]),
        ([(30, None, "Online")], []),
        ([(5, 2, "Online")], []),
    ],
)
def test_spans_do_not_overlap_and_nothing_is_made_up(records, spans):
    "In any order, twice, cut at the edges; after a span within another one nothing is known"
    assert hours(history(*records)) == spans


@settings(max_examples=10)  # each looks up 24 moments
@given(
    st.lists(
        st.tuples(
            st.integers(-30, 40),
            st.integers(1, 20) | st.none(),
            st.sampled_from(["Online", "Offline", "Off"]),
        ),
        max_size=12,
    )
)
def test_a_moment_has_the_status_of_the_latest_span_that_began_before_it(records):
    "As a plain search over all spans finds it"
    records = [(a, None if b is None else a + b, word) for a, b, word in records]
    made = history(*records)
    spans = hours(made)
    assert all(b <= c for (_, b, _), (c, _, _) in pairwise(spans))
    for hour in range(24):
        began = [record for record in records if record[0] <= hour]
        (found,) = made.at(["1"], [at(hour)])["overall"].tolist()
        if began and len({record[0] for record in records}) == len(records):
            newest = max(began, key=lambda record: record[0])
            is_on = newest[1] is None or hour < newest[1]
            assert (found if not pd.isna(found) else None) == (newest[2] if is_on else None)


def test_the_share_counts_known_time_only():
    "Unknown is not online, and not an outage either"
    shares = history((0, 6, "Online"), (6, 8, "Offline"), (8, 20, "Unknown")).share_online()
    assert shares.loc["1", ["online", "known_h", "outages"]].tolist() == [0.75, 8, 1]


def test_the_demo_sites_outages_are_those_of_its_pictures(demo):
    "API v3's history says why the one event without a picture has none"
    with demo_site(demo.info, een_api="v3") as site:
        log = camkit.load_badges("data/sample_badges.csv", timezone="America/Denver")
        doors = camkit.load_doors("data/doors.csv")
        events = camkit.resolve(log.events[log.events["reader_id"] == "HQ-R3"], doors)
        made = site.een.status_history(log.events["event_time"].min(), log.events["event_time"].max())
        missing = camkit.explain_missing(camkit.snapshots_for(events, site.sources), made)
        one = site.een.status_history(START, END, [DOOR])
    assert made.spans["id"].nunique() == 83 and not made.problems()
    assert missing[["camera_id", "status"]].to_numpy().tolist() == [[DOOR, "deviceOffline"]]
    assert "was not online (deviceOffline) from 2019-04-08 18:04" in missing["why"].iloc[0]
    assert set(one.spans["id"]) == {DOOR}


def test_lists_of_api_v1_make_a_history():
    "0 and invalid leave the state before; a camera that was not listed, and what is after the last list, is not known"

    def listed(*rows):
        return pd.DataFrame(
            [("c1", "Door", "camera", status) for status in rows[:1]] + [("b1", "Bridge", "bridge", 1)],
            columns=["id", "name", "type", "device_status"],
        )

    online, offline, invalid = 1441847, 1179681, 65536
    lists = [
        (at(hour), listed(status))
        for hour, status in ((1, online), (2, 0), (3, invalid), (4, offline), (5, 0))
    ]
    made = StatusHistory.from_lists(lists[::-1], START, END)
    assert hours(made) == [(1, 4, "Online"), (4, 5, "Offline")]
    assert set(made.spans["id"]) == {"c1"} and (made.start, made.end) == (at(1), at(5))
    twice = [lists[0], lists[0], lists[3]]
    assert hours(StatusHistory.from_lists(twice, START, END)) == [(1, 4, "Online")]


def test_a_client_of_api_v1_remembers_its_lists(site):
    "Without any there is nothing, and a sentence says why"
    began = datetime.now(UTC)
    assert "API v1 keeps no history" in site.een.status_history(began).problems()[0]
    site.een.devices()
    site.een.devices()
    made = site.een.status_history(began)
    assert made.spans["id"].nunique() == 85 and made.spans["overall"].eq("Online").any()
    assert began <= made.start < made.end and not made.problems()
    chosen = site.een.status_history(began - timedelta(days=9), None, [DOOR.upper(), "1000aaaa"])
    assert set(chosen.spans["id"]) == {DOOR} and set(chosen.silent) == {"1000aaaa"}
    assert chosen.start == made.start


def test_a_camera_whose_history_fails_is_named():
    "The others are there"

    def serve(handler, _query, _number):
        if "/cameras" in handler.path:
            rows = [
                {
                    "id": f"1000000{n}",
                    "accountId": "1",
                    "name": f"c{n}",
                    "status": {"connectionStatus": "online"},
                }
                for n in range(3)
            ]
            send(handler, 200, json.dumps({"results": rows}).encode())
        elif "10000001" in handler.path:
            send(handler, 403, b'{"message": "not yours"}')
        elif "10000002" in handler.path:
            send(handler, 200, b'{"results": [{"startTimestamp": "soon"}]}')
        else:
            send(handler, 200, b'{"results": []}')

    with een_v3(serve) as (een, _):
        made = een.status_history(START, END)
    assert set(made.silent) == {"10000000", "10000001", "10000002"} and "not yours" in made.silent["10000001"]
    assert (
        hours(made) == [] and "no event" in made.silent["10000000"]
    )  # what it is now says nothing of the past
    assert len(made.problems()) == 4


def test_a_history_that_begins_in_the_future_is_refused():
    "By the vendor's clock: it would end before it begins"
    with een_v3(lambda handler, *_: send(handler, 200, b'{"results": []}')) as (een, _):
        with pytest.raises(errors.InputError, match="not before its end or before now"):
            een.status_history(END + timedelta(days=9000))
        with pytest.raises(errors.InputError, match="not before its end"):
            een.status_history(END, START)


def test_times_need_a_zone(site):
    "A time without one could be hours off"
    with pytest.raises(errors.TimestampError):
        site.een.status_history(datetime(2019, 4, 1))  # noqa: DTZ001 - that is the point
