"""The status over time from odd, contradicting and missing reports: nothing is made up or lost in silence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import camkit
from camkit.cameras import snapshots_for
from camkit.cameras.een.history import StatusHistory
from camkit.errors import BadResponse, TimestampError
from camkit.site import demo_site
from tests.conftest import ROOT
from tests.support.scripted_een_v3 import een_v3, error, send_json

CAMERA, OTHER = "1007b3c4", "1000aaaa"
NOON = datetime(2019, 4, 8, 12, tzinfo=UTC)
ONLINE_BITS, OFF_BITS = 1441847, 32803
NAME, DATA = "een.deviceCloudStatusUpdateEvent.v1", "een.deviceCloudStatusUpdate.v1"


def hour(number: float) -> datetime:
    return NOON + timedelta(hours=number)


def history(*records: tuple[float, float | None, str], until: float = 10) -> StatusHistory:
    """Of one camera, hours after noon."""
    rows = [
        (CAMERA, "Dock", hour(a), None if b is None else hour(b), word.lower(), word)
        for a, b, word in records
    ]
    return StatusHistory.from_records(rows, hour(0), hour(until))


def spans(found: StatusHistory) -> list[tuple[float, float, str]]:
    hours = [[(at - NOON) / timedelta(hours=1) for at in found.spans[name]] for name in ("start", "end")]
    return list(zip(*hours, found.spans["overall"], strict=True))


@pytest.mark.parametrize(("begin", "end"), [(-9, -3), (30, None)])
def test_a_camera_of_which_only_other_times_are_told_is_named(begin, end):
    "It is not left out without a word"
    found = history((begin, end, "Online"))
    assert spans(found) == [] and found.silent == {CAMERA: "what is told of its status is of another time"}
    assert CAMERA in found.problems()[0]


def event(start: object, end: object = None, word: object = "online", **changed: object) -> dict[str, object]:
    return {
        "type": NAME, "actorId": CAMERA, "startTimestamp": start, "endTimestamp": end, "span": True,
        "data": [{"type": DATA, "newStatus": {"connectionStatus": word}}], **changed,
    }  # fmt: skip


def told(
    *events: object,
    now: datetime | str | None = None,
    end: datetime | None = None,
    ids: tuple[str, ...] = (),
    present: str | None = None,
    is_demo: bool = True,
):
    """The history that a client makes of one camera's events, as the service sends them."""

    def answer(handler, query, _):
        camera = {"id": CAMERA, "accountId": "1", "name": "Dock", "status": {"connectionStatus": present}}
        found = [camera] if "/cameras" in handler.path else [] if "/bridges" in handler.path else list(events)
        send_json(handler, {"results": found, "nextPageToken": None})

    with een_v3(answer, now=now or hour(8), is_demo=is_demo) as (een, _):
        return een.status_history(hour(0), end, ids or None)


def test_two_statuses_from_the_same_moment_on_are_not_known():
    "Neither is chosen, whichever comes first; what follows is known again, and a problem says it"
    records = [(1, 4, "Online"), (1, 4, "Off"), (4, None, "Online")]
    for given_order in (records, records[::-1]):
        found = history(*given_order)
        assert spans(found) == [(4, 10, "Online")]
        assert any(CAMERA in problem and "different statuses" in problem for problem in found.problems())


@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.none() | st.integers(0, 12), st.sampled_from(["Online", "Off"])),
        max_size=7,
    ),
    st.randoms(),
)
def test_the_order_of_reports_does_not_matter(records, random):
    "Twice, from the same moment, with different ends: the history is the same"
    first = spans(history(*records))
    random.shuffle(records)
    assert spans(history(*records)) == first


def test_a_status_that_cannot_be_read_is_not_the_state_before():
    "Only 0 and invalid keep it; missing bits, and the word unknown, are not known"

    def listed(status: int | None, word: str | None = None) -> pd.DataFrame:
        row = {
            "id": [CAMERA],
            "name": ["Dock"],
            "type": ["camera"],
            "device_status": pd.array([status], dtype="Int64"),
        }
        return pd.DataFrame(row).assign(connection_status=pd.array([word], dtype="string"))

    bits = [listed(ONLINE_BITS), listed(None), listed(ONLINE_BITS), listed(0), listed(OFF_BITS)]
    words = [listed(None, word) for word in ("online", "unknown", "online", "online", "off")]
    for lists in (bits, words):
        found = StatusHistory.from_lists([(hour(n), each) for n, each in enumerate(lists)], hour(0), hour(5))
        overall = found.at([CAMERA] * 4, [hour(n + 0.5) for n in range(4)])["overall"]
        assert ["" if pd.isna(each) or each == "Unknown" else each for each in overall] == [
            "Online",
            "",
            "Online",
            "Online",
        ]


@pytest.mark.parametrize(
    "odd",
    [
        event("2019-04-08T13:00:00Z", word="off", actorId=OTHER),
        event("2019-04-08T13:00:00Z", word="off", type="een.motionDetectionEvent.v1"),
        event("yesterday", type="een.motionDetectionEvent.v1"),
    ],
)
def test_an_event_of_something_else_is_not_this_cameras(odd):
    "It is left out, and a problem names the camera whose history it came with"
    found = told(odd, event("2019-04-08T12:00:00Z"))
    assert spans(found) == [(0, 8, "Online")]
    assert any(CAMERA in problem and "left out" in problem for problem in found.problems())


@pytest.mark.parametrize(
    "odd",
    [
        event("2019-04-08T14:00:00Z", 7),
        event("2019-04-08T14:00:00Z", 0),
        event("2019-04-08T14:00:00Z", "2019-04-08T11:00:00Z"),
        event("2019-04-08T14:00:00Z", word=5),
        event("2019-04-08T14:00:00Z", word=None, span=False),
        event("2019-04-08T14:00:00Z", data=[]),
        event("2019-04-08T14:00:00Z", data=[None, {"type": DATA, "newStatus": "x"}]),
        event("2019-04-08T14:00:00Z", actorId=None),
        event("2019-04-08T14:00:00Z", type=7),
    ],
)
@pytest.mark.parametrize("before", [{}, {"span": False}, {"end": "2019-04-08T18:00:00Z"}])
def test_what_follows_a_change_that_cannot_be_read_is_not_known(odd, before):
    "The status before it held until then; after the next event it is known again; a problem names the camera"
    found = told(event("2019-04-08T12:00:00Z", **before), odd, event("2019-04-08T19:00:00Z"))
    assert spans(found) == [(0, 2, "Online"), (7, 8, "Online")]
    assert any(CAMERA in problem and "not known" in problem for problem in found.problems())


@pytest.mark.parametrize("odd", [None, 7, event("today"), event("2019-04-08T14:00:00", word="off")])
def test_a_change_without_a_readable_time_may_have_ended_what_has_no_end(odd):
    "What the vendor itself gives an end is known"
    closed = event("2019-04-08T12:00:00Z", "2019-04-08T13:00:00Z")
    for events in ([closed, event("2019-04-08T13:00:00Z", word="off"), odd], [odd, closed]):
        found = told(*events)
        assert spans(found) == [(0, 1, "Online")]
        assert any(CAMERA in problem and "not known" in problem for problem in found.problems())
    assert told(odd, event("2019-04-08T12:00:00Z")).spans.empty


def test_a_status_that_ended_as_it_began_ends_the_one_before():
    "It was a change, so the status before does not hold any longer"
    moment = event("2019-04-08T14:00:00Z", "2019-04-08T14:00:00Z", "off")
    assert spans(told(event("2019-04-08T12:00:00Z"), moment)) == [(0, 2, "Online")]


@pytest.mark.parametrize("longer", [None, "2019-04-08T20:00:00Z"])
def test_of_two_ends_of_one_status_the_first_counts(longer):
    "In either order; a problem says it, but not where the next event comes before both"
    told_twice = [event("2019-04-08T13:00:00Z", end) for end in ("2019-04-08T15:00:00Z", longer)]
    for events in (told_twice, told_twice[::-1]):
        found = told(*events)
        assert spans(found) == [(1, 3, "Online")]
        (problem,) = found.problems()
        assert CAMERA in problem and "different ends" in problem
        following = told(*events, event("2019-04-08T15:00:00Z", word="off"))
        assert spans(following) == [(1, 3, "Online"), (3, 8, "Off")] and not following.problems()


@pytest.mark.parametrize("present", ["deviceOffline", "unknown", "something new"])
def test_a_list_of_devices_that_contradicts_the_last_event_is_said(present):
    "The stretch since that event is not known, what was before is; nor is it where the window ended long ago"
    first = event("2019-04-08T12:00:00Z", word="off")
    for last in (event("2019-04-08T14:00:00Z"), event("2019-04-08T14:00:00Z", span=False)):
        found = told(first, last, present=present)
        assert spans(found) == [(0, 2, "Off")]
        (problem,) = found.problems()
        assert CAMERA in problem and present in problem
    assert spans(told(first, event("2019-04-08T14:00:00Z"), present=present, end=hour(4))) == [(0, 2, "Off")]


def test_a_list_of_devices_contradicts_only_what_still_holds():
    "Not what has ended, not what began after it, and nothing by a moment of change if later ones were not asked for"
    ended = event("2019-04-08T12:00:00Z", "2019-04-08T14:00:00Z", "deviceOffline")
    later = event("2019-04-08T20:00:00Z")
    change = event("2019-04-08T13:00:00Z", span=False)
    for events, end, known in (
        ([ended], None, [(0, 2, "Internet Offline")]),
        ([ended, event("2019-04-08T14:00:00Z", "2019-04-08T20:00:00Z"), later], None, None),
        ([change], hour(4), [(1, 4, "Online")]),
        ([event("2019-04-08T13:00:00Z", word="off")], None, [(1, 8, "Off")]),
    ):
        found = told(*events, end=end, present="off")
        assert not found.problems()
        assert known is None or [(a, b) for a, b, _ in spans(found)] == [(a, b) for a, b, _ in known]


@pytest.mark.parametrize("date", ["Mon, 28 Nov 2050 20:00:00 GMT", "Tue, 31 Dec 9999 23:59:59 GMT", None])
def test_a_clock_that_is_days_off_is_not_believed(date):
    "One of the two is wrong, and which one is not known; a history up to a time to come would be made up"
    date = date or "Mon, 08 Apr 2019 20:00:00 GMT"
    with pytest.raises(BadResponse, match=r"more than a day apart.* Set this computer's clock"):
        told(event("2019-04-08T12:00:00Z"), now=date, is_demo=False)


@pytest.mark.parametrize("date", ["Fri, 31 Dec 9999 23:59:59 -1200", "soon"])
def test_a_date_that_cannot_be_is_not_a_clock(date):
    "Then this machine's clock counts, as where a server does not send any"
    before = datetime.now(UTC)
    found = told(event("2019-04-08T12:00:00Z"), now=date, is_demo=False)
    assert before <= found.end <= datetime.now(UTC) and not found.problems()


@pytest.mark.parametrize("end", [None, ""])
def test_an_event_without_an_end_still_holds(end):
    "Null and an empty text; without problems"
    found = told(event("2019-04-08T10:00:00.000Z", end))
    assert spans(found) == [(0, 8, "Online")] and not found.problems()


def test_the_status_at_the_start_is_that_of_the_last_event_before_it():
    "However long before; it is asked for by itself, the rest in pages, and no time in a query ends in Z"
    asked = []

    def answer(handler, query, _):
        rows, token = [], None
        if "/cameras" in handler.path:
            rows = [{"id": CAMERA, "accountId": "1", "name": "Dock"}]
        elif "/events" in handler.path:
            asked.append(query)
            if query.get("sort") == "-startTimestamp":
                rows, token = [event("2015-01-01T00:00:00Z", "2019-04-08T14:00:00Z")], "x"
            elif "pageToken" in query:
                rows = [event("2019-04-08T15:00:00Z")]
            else:
                rows, token = [event("2019-04-08T14:00:00Z", "2019-04-08T15:00:00Z", "off")], "more"
        send_json(handler, {"results": rows, "nextPageToken": token})

    with een_v3(answer, now=hour(8)) as (een, _):
        found = een.status_history(hour(0))
    assert spans(found) == [(0, 2, "Online"), (2, 3, "Off"), (3, 8, "Online")] and not found.problems()
    times = [value for query in asked for name, value in query.items() if "Timestamp__" in name]
    assert len(asked) == 3 and len(times) == 6 and all(value.endswith("+00:00") for value in times)


def test_the_future_is_not_known():
    "A history ends now, also if a later end is asked for"
    found = told(event("2019-04-08T10:00:00.000Z"), end=hour(100))
    assert found.end == hour(8) and spans(found) == [(0, 8, "Online")]


def test_an_id_that_the_account_does_not_have_is_a_problem():
    "It is not left out in silence; capitals do not matter"
    found = told(event("2019-04-08T10:00:00.000Z"), ids=(CAMERA.upper(), OTHER))
    assert set(found.spans["id"]) == {CAMERA}
    (problem,) = found.problems()
    assert OTHER in problem


def test_the_last_moment_is_part_of_the_history():
    "The end is often that of the last event, and that was asked for"
    found = history((2, None, "Online"), until=10)
    assert found.at([CAMERA, CAMERA], [hour(10), hour(10.01)])["overall"].isna().tolist() == [False, True]


def test_a_time_without_a_zone_is_an_error_also_among_many():
    "A missing one, and a missing camera, are not known"
    found = history((0, None, "Online"))
    with pytest.raises(TimestampError):
        found.at([CAMERA], [datetime(2019, 4, 8, 13)])  # noqa: DTZ001 - that is the point
    table = found.at([CAMERA, None, CAMERA], [pd.NaT, hour(1), hour(1)])
    assert table["overall"].isna().tolist() == [True, True, False]


@pytest.fixture(scope="module")
def without(demo):
    """The snapshots at the loading dock, of which one has no picture."""
    log = camkit.load_badges(ROOT / "data" / "sample_badges.csv", timezone="America/Denver")
    chosen = (log.events["reader_id"] == "HQ-R3") & log.events["event_time"].between(hour(4), hour(9))
    with demo_site(demo.info, een_api="v3") as site:
        yield snapshots_for(
            camkit.resolve(log.events[chosen], camkit.load_doors(ROOT / "data" / "doors.csv")), site.sources
        )


def test_the_edge_of_the_history_is_not_called_the_beginning(without):
    "What began before the first moment has no start, and what may have gone on has no end"
    (moment,) = camkit.explain_missing(without, history((0, None, "Off")))["time"]
    until = (moment - NOON) / timedelta(hours=1) + 1
    for record, words, is_known in (
        ((-5, None, "Off"), ("2019-04-08 12:00 or before to", "or later"), (False, False)),
        ((0.5, until - 0.5, "Off"), ("from 2019-04-08 12:30 to",), (True, True)),
    ):
        (row,) = camkit.explain_missing(without, history(record, until=until)).to_dict("records")
        assert all(word in row["why"] for word in words), row["why"]
        assert (not pd.isna(row["start"]), not pd.isna(row["end"])) == is_known
        assert ("or before" in row["why"], "or later" in row["why"]) == tuple(not known for known in is_known)


def test_an_outage_that_changes_its_word_is_one():
    "deviceOffline and then error is one time without pictures; with a gap between them there are two"
    found = history(
        (0, 2, "Online"), (2, 3, "Offline"), (3, 4, "Off"), (4, 5, "Online"), (5, 6, "Off"), (7, 8, "Off")
    )
    assert found.share_online()["outages"].tolist() == [3]


def test_a_state_that_the_vendor_does_not_know_is_not_called_offline(without):
    "The sentence says that it is not known"
    (why,) = camkit.explain_missing(without, history((0, None, "Unknown")))["why"]
    assert "not known" in why and "not online" not in why


def test_capitals_in_the_doors_file_do_not_matter(without):
    "The camera of an event is found whichever way its id is written"
    rows = [(CAMERA.upper(), "Dock", hour(0), None, "deviceOffline", "Offline")]
    (why,) = camkit.explain_missing(without, StatusHistory.from_records(rows, hour(0), hour(12)))["why"]
    assert "was not online" in why


def test_a_history_that_is_refused_is_named():
    "Of one camera, with the vendor's reason"

    def answer(handler, query, _):
        row = {"id": CAMERA, "accountId": "1", "name": "Dock"}
        if "/events" in handler.path:
            send_json(handler, error(403, "permissionDenied", "no permission"), 403)
        else:
            send_json(handler, {"results": [row] if "/cameras" in handler.path else []})

    with een_v3(answer) as (een, _):
        assert CAMERA in een.status_history(hour(0), hour(1)).silent
