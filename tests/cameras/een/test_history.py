"""The status of cameras over time: what overlapping, double and odd reports come to, and what is not known."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

import camkit
from camkit.cameras import Snapshots, snapshots_for
from camkit.cameras.een import EagleEyeV1, StatusHistory, events_without_picture
from camkit.cameras.een.history import Report
from camkit.cameras.een.v3.events import STATUS_DATA, STATUS_EVENT, read_reports
from camkit.errors import InputError, ServiceError, TimestampError
from camkit.site import demo_site
from tests.conftest import ROOT
from tests.support.scripted import scripted, send
from tests.support.scripted_een import QUICK
from tests.support.scripted_een_v3 import een_v3, error, send_json

CAMERA, OTHER = "1007b3c4", "1000aaaa"
NOON = datetime(2019, 4, 8, 12, tzinfo=UTC)
ONLINE_BITS, OFF_BITS, INVALID_BITS = 1441847, 32803, 1 << 16


def hour(number: float) -> datetime:
    return NOON + timedelta(hours=number)


def history(*reports: tuple[float, float | None, str], until: float = 10) -> StatusHistory:
    """Of one camera, hours after noon."""
    told = [Report(hour(a), None if b is None else hour(b), word) for a, b, word in reports]
    return StatusHistory.from_reports({CAMERA: told}, hour(0), hour(until))


def spans(found: StatusHistory) -> list[tuple[float, float | None, str]]:
    hours = [
        [None if pd.isna(at) else (at - NOON).total_seconds() / 3600 for at in found.spans[name]]
        for name in ("start", "end")
    ]
    return list(zip(*hours, found.spans["status"], strict=True))


@pytest.mark.parametrize(
    ("reports", "expected"),
    [
        ([], []),
        ([(2, None, "online")], [(2, None, "online")]),
        ([(4, None, "off"), (1, 4, "online")], [(1, 4, "online"), (4, None, "off")]),
        ([(1, 4, "online"), (1, 4, "online")], [(1, 4, "online")]),
        ([(1, 4, "online"), (4, 6, "online")], [(1, 6, "online")]),
        ([(1, 4, "online"), (1, None, "online")], [(1, None, "online")]),
        ([(1, 5, "online"), (3, 8, "off")], [(1, 3, "online"), (3, 8, "off")]),
        ([(1, 8, "online"), (3, 5, "off")], [(1, 3, "online"), (3, 5, "off"), (5, 8, "online")]),
        ([(1, None, "online"), (3, 5, "off")], [(1, 3, "online"), (3, 5, "off")]),
        ([(1, None, "online"), (3, None, "off")], [(1, 3, "online"), (3, None, "off")]),
        ([(1, 2, "online"), (3, 4, "off")], [(1, 2, "online"), (3, 4, "off")]),
        ([(1, 1, "online")], []),
    ],
)  # fmt: skip
def test_reports_become_spans_one_after_the_other(reports, expected):
    "Unordered, double, adjoining, overlapping, nested and open reports; a gap stays a gap"
    assert spans(history(*reports)) == expected


def test_two_statuses_from_the_same_moment_are_not_known_and_said():
    "Neither is chosen"
    found = history((1, 4, "online"), (1, 4, "off"), (4, None, "online"))
    assert spans(found) == [(4, None, "online")]
    (problem,) = found.problems()
    assert "different statuses" in problem and CAMERA in problem
    often = [(each, each + 1, word) for each in range(2000) for word in ("online", "off")]
    assert len(history(*often, until=3000).notes) == 1


WORDS = st.sampled_from(["online", "off", "deviceOffline", "brandNew"])
REPORTS = st.lists(st.tuples(st.integers(0, 9), st.none() | st.integers(0, 12), WORDS), max_size=8)


@given(REPORTS, st.randoms())
def test_spans_never_overlap_and_do_not_depend_on_the_order(reports, random):
    "Whatever is reported, a camera has at most one status at a time"
    sound = [report for report in reports if report[1] is None or report[1] >= report[0]]
    found = history(*sound)
    ends = found.spans["end"].fillna(pd.Timestamp.max.tz_localize("UTC"))
    assert (found.spans["start"] < ends).all()
    assert (found.spans["start"].iloc[1:].to_numpy() >= ends.iloc[:-1].to_numpy()).all()
    random.shuffle(sound)
    assert spans(history(*sound)) == spans(found)


def test_what_is_before_the_first_span_in_a_gap_or_outside_is_not_known():
    "It is not taken for online; a span's end is no longer part of it"
    found = history((2, 4, "online"), (6, None, "off"))
    times = [hour(number) for number in (1, 2, 3.9, 4, 5, 6, 10, 10.1, -1)]
    table = found.status_at([CAMERA] * len(times), times)
    unknown = "Unknown"
    assert table["overall"].tolist() == [
        unknown,
        "Online",
        "Online",
        unknown,
        unknown,
        "Off",
        "Off",
        unknown,
        unknown,
    ]
    assert table["status"].isna().tolist() == [each == unknown for each in table["overall"]]
    assert table["since"].iloc[1] == hour(2) and table["until"].iloc[1] == hour(4)
    assert pd.isna(table["until"].iloc[5]) and table["since"].iloc[5] == hour(6)
    assert found.at(CAMERA, hour(3)) == "Online" and found.at(OTHER, hour(3)) == unknown


def test_many_times_keep_their_index_and_missing_ones_are_not_known():
    "A Series in any order, with a missing time and a missing camera"
    found = history((2, None, "online"))
    times = pd.Series([hour(9), pd.NaT, hour(3), hour(3)], index=list("dbca"), dtype="datetime64[ns, UTC]")
    table = found.status_at(pd.Series([CAMERA, CAMERA, None, CAMERA], dtype="string"), times)
    assert table.index.tolist() == list("dbca")
    assert table["overall"].tolist() == ["Online", "Unknown", "Unknown", "Online"]


def test_the_share_is_of_the_known_time_within_the_window():
    "Spans are cut to it; a status that the vendor calls unknown is not known"
    found = history((-5, 2, "online"), (2, 3, "off"), (6, 7, "unknown"), (8, None, "online"))
    share = found.share_online().loc[CAMERA]
    assert share["online"] == pytest.approx(4 / 5) and share["known"] == pytest.approx(0.5)


def test_of_a_camera_without_reports_nothing_is_known():
    "Its share is missing, and the problems name it"
    found = StatusHistory.from_reports(
        {CAMERA: [], OTHER: [Report(hour(0), None, "online")]}, hour(0), hour(1)
    )
    share = found.share_online()
    assert pd.isna(share.at[CAMERA, "online"]) and share.at[OTHER, "online"] == 1
    (problem,) = found.problems()
    assert CAMERA in problem and OTHER not in problem


def test_a_word_that_the_vendor_does_not_document_is_kept_and_unknown():
    "It is shown as it came"
    found = history((1, None, "offline"))
    assert found.spans["status"].tolist() == ["offline"] and found.spans["overall"].tolist() == ["Unknown"]


def test_times_without_a_zone_are_an_error():
    "They are not guessed"
    with pytest.raises(TimestampError):
        StatusHistory.from_reports({}, datetime(2019, 4, 8), NOON)  # noqa: DTZ001 - that is the point
    with pytest.raises(TimestampError):
        history().at(CAMERA, datetime(2019, 4, 8))  # noqa: DTZ001 - that is the point
    with pytest.raises(TimestampError):
        history().status_at([CAMERA], pd.Series(pd.to_datetime(["2019-04-08"])))


def test_names_in_the_table_are_not_markup():
    "An id that is HTML is shown as text"
    found = StatusHistory.from_reports({"<b>x</b>": []}, hour(0), hour(1))
    assert "<b>x" not in found._repr_html_()


# Lists, one after the other


def listed(**status: int | None) -> pd.DataFrame:
    return pd.DataFrame(
        {"id": list(status), "type": "camera", "device_status": pd.array([*status.values()], dtype="Int64")}
    )


def test_lists_that_were_read_one_after_the_other_become_spans():
    "A change ends a span; invalid and 0 keep the state before; without a state before, nothing is known"
    bits = [INVALID_BITS, ONLINE_BITS, 0, INVALID_BITS, OFF_BITS, OFF_BITS]
    lists = [(hour(number), listed(a=status)) for number, status in enumerate(bits)]
    found = StatusHistory.from_lists(reversed(lists))
    assert spans(found) == [(1, 4, str(ONLINE_BITS)), (4, None, str(OFF_BITS))]
    assert found.spans["overall"].tolist() == ["Online", "Off"]
    assert (found.start, found.end) == (hour(0), hour(5))
    assert found.share_online().loc["a"].tolist() == [pytest.approx(3 / 4), pytest.approx(4 / 5)]


def test_a_camera_that_is_not_listed_is_not_known_until_it_is_again():
    "Its last state is not carried on"
    lists = [listed(a=ONLINE_BITS), listed(b=ONLINE_BITS), listed(a=ONLINE_BITS, b=None)]
    found = StatusHistory.from_lists((hour(number), each) for number, each in enumerate(lists))
    assert found.camera_ids == ("a", "b")
    assert spans(found)[:2] == [(0, 1, str(ONLINE_BITS)), (2, None, str(ONLINE_BITS))]
    assert found.at("b", hour(1.5)) == "Online" and found.at("b", hour(2)) == "Unknown"


def test_lists_of_api_v3_and_of_one_camera():
    "The word is the status; other cameras and bridges are not in it"
    devices = listed(a=None, b=None, c=None).assign(connection_status=["off", "online", "online"])
    devices.loc[2, "type"] = "bridge"
    found = StatusHistory.from_lists([(hour(0), devices), (hour(1), devices)], ["a"])
    assert spans(found) == [(0, None, "off")] and found.camera_ids == ("a",)
    assert StatusHistory.from_lists([(hour(0), devices)]).camera_ids == ("a", "b")


# Events of API v3


def event(start: object, end: object, word: object = "online", **changed: object) -> dict[str, object]:
    return {
        "type": STATUS_EVENT, "actorId": CAMERA, "startTimestamp": start, "endTimestamp": end, "span": True,
        "data": [{"type": STATUS_DATA, "newStatus": {"connectionStatus": word}}], **changed,
    }  # fmt: skip


def test_events_are_read_with_times_in_both_forms():
    "Z and +00:00; one that has not ended, or is not a span, holds until the next"
    start, end = "2019-04-08T12:00:00.000Z", "2019-04-08T13:00:00.000+00:00"
    reports, wrong = read_reports(
        CAMERA,
        [event(start, end), event(start, None), event(start, ""), event(start, start, span=False)],
    )
    assert (
        reports == [Report(hour(0), hour(1), "online"), *[Report(hour(0), None, "online")] * 3] and not wrong
    )


@pytest.mark.parametrize(
    "odd",
    [
        None,
        [],
        event("today", None),
        event(None, None),
        event("2019-04-08T12:00:00", None),
        event("2019-04-08T12:00:00Z", "2019-04-08T11:00:00Z"),
        event("2019-04-08T12:00:00Z", 7),
        event("2019-04-08T12:00:00Z", None, 5),
        event("2019-04-08T12:00:00Z", None, ""),
        event("2019-04-08T12:00:00Z", None, actorId=OTHER),
        event("2019-04-08T12:00:00Z", None, type="een.motionDetectionEvent.v1"),
        event("2019-04-08T12:00:00Z", None, data=None),
        event("2019-04-08T12:00:00Z", None, data=[None, {"type": STATUS_DATA, "newStatus": "x"}]),
    ],
)
def test_an_odd_event_is_left_out_and_said(odd):
    "The good one beside it is read"
    reports, (wrong,) = read_reports(CAMERA, [odd, event("2019-04-08T12:00:00Z", None)])
    assert len(reports) == 1 and CAMERA in wrong


def test_the_status_at_the_beginning_is_that_of_the_last_event_before():
    "It is asked for by itself; the rest in pages; times in queries do not end in Z"
    asked = []
    pages = {None: ([event("2019-04-08T14:00:00Z", "2019-04-08T15:00:00Z", "off")], "more"),
             "more": ([event("2019-04-08T15:00:00Z", None)], "")}  # fmt: skip

    def answer(handler, query, _):
        asked.append(query)
        is_last = query.get("sort") == "-startTimestamp"
        found = (
            ([event("2019-01-01T00:00:00Z", "2019-04-08T14:00:00Z")], "x")
            if is_last
            else pages[query.get("pageToken")]
        )
        send_json(handler, {"results": found[0], "nextPageToken": found[1]})

    with een_v3(answer, now=hour(8)) as (een, _):
        found = een.status_history(hour(0), hour(20), [CAMERA, CAMERA])
    assert [row[2] for row in spans(found)] == ["online", "off", "online"]
    assert (found.start, found.end, found.camera_ids) == (hour(0), hour(8), (CAMERA,))
    assert len(asked) == 3 and all(query["actor"] == f"camera:{CAMERA}" for query in asked)
    assert not any(
        value.endswith("Z") for query in asked for name, value in query.items() if "Timestamp" in name
    )


def test_a_camera_whose_history_is_refused_does_not_hide_the_others():
    "It is in the problems"

    def answer(handler, query, _):
        refused = error(403, "permissionDenied", "no permission")
        found = {"results": [event("2019-04-08T12:00:00Z", None)]}
        send_json(handler, *((refused, 403) if OTHER in query["actor"] else (found, 200)))

    with een_v3(answer, now=hour(8)) as (een, _):
        found = een.status_history(hour(0), None, [OTHER, CAMERA])
    assert found.at(CAMERA, hour(4)) == "Online" and found.at(OTHER, hour(4)) == "Unknown"
    assert any(OTHER in problem and "could not be read" in problem for problem in found.problems())


def test_a_time_that_ends_before_it_begins_and_an_odd_id_are_refused():
    "Nothing is asked"
    with een_v3(lambda *_: None, now=hour(8)) as (een, _):
        with pytest.raises(InputError, match="another time"):
            een.status_history(hour(2), hour(1), [CAMERA])
        with pytest.raises(InputError, match="eight"):
            een.status_history(hour(0), hour(1), ["../x"])


# The demo site


@pytest.fixture(scope="module")
def dock_events():
    investigation = camkit.load_investigation(
        badges=ROOT / "data" / "sample_badges.csv", doors=ROOT / "data" / "doors.csv"
    )
    log, doors = investigation.load_badges(), investigation.load_doors(None)
    at = log.events["event_time"]
    chosen = (log.events["reader_id"] == "HQ-R3") & at.between(hour(4), hour(9))
    return camkit.resolve(log.events[chosen], doors)


def test_the_demo_says_why_there_is_no_picture_by_v3(demo, dock_events):
    "The camera at the loading dock was offline for an hour; the other events have their pictures"
    with demo_site(demo.info, een_api="v3") as site:
        found = site.een.status_history(hour(0), hour(12))
        table = events_without_picture(snapshots_for(dock_events, site.sources), found)
    assert len(found.camera_ids) == 83
    (row,) = table.itertuples()
    assert (row.door, row.camera_id, row.status, row.overall) == (
        "Loading dock",
        CAMERA,
        "deviceOffline",
        "Offline",
    )
    assert row.since < row.at < row.until and "not online" in row.why
    assert found.at(CAMERA, row.until.to_pydatetime()) == "Online"


def test_the_demo_is_watched_by_v1_by_its_own_clock(demo, site, dock_events):
    "Before the first list nothing is known, also of events; the status now is the one of the list"
    found = site.een.status_history(hour(0), watch_s=1, every_s=1)
    assert (found.start, found.end - found.start) == (
        datetime(2019, 4, 12, 20, 45, tzinfo=UTC),
        timedelta(seconds=1),
    )
    assert found.at(CAMERA, found.end) == "Online" and found.at("10017ca0", found.start) == "Off"
    assert set(found.spans.loc[found.spans["camera_id"] == "10017ca0", "status"]) == {"32803"}
    (row,) = events_without_picture(snapshots_for(dock_events, site.sources), found).itertuples()
    assert row.overall == "Unknown" and "only, not of this moment" in row.why


def test_a_list_that_fails_is_a_time_of_which_nothing_is_known():
    "The watch goes on, and the problems say it; where even the first fails, so does the call"
    row = ["a", CAMERA, "Dock", "camera", [], "ATTD", "", [], "", "", ONLINE_BITS]
    answers = iter([(200, [row]), (500, []), (500, []), (200, [row])])

    def serve(handler, _):
        if "/g/aaa/" in handler.path:
            fields = b'{"token": "t", "active_brand_subdomain": "c001"}'
            return send(handler, 200, fields, Set_Cookie="auth_key=c001~1")
        status, rows = next(answers, (500, []))
        return send(handler, status, json.dumps(rows).encode())

    with scripted(serve) as server:
        een = EagleEyeV1("me@camkit.example", SecretStr("secret"), base_url=server.base, limits=QUICK)
        found = een.status_history(NOON, watch_s=2, every_s=1)
        with pytest.raises(ServiceError):
            een.status_history(NOON, watch_s=2, every_s=1)
        een.close()
    seconds = [found.start + timedelta(seconds=each) for each in (0, 1, 2)]
    assert found.status_at([CAMERA] * 3, seconds)["overall"].tolist() == ["Online", "Unknown", "Online"]
    assert any("could not be listed" in problem for problem in found.problems())


def test_capitals_in_the_doors_file_do_not_matter(demo, dock_events):
    "The camera of an event is found whichever way its id is written"
    with demo_site(demo.info, een_api="v3") as site:
        snapshots = snapshots_for(dock_events, site.sources)
    told = [Report(hour(0), None, "deviceOffline")]
    found = StatusHistory.from_reports({CAMERA.upper(): told}, hour(0), hour(12))
    assert events_without_picture(snapshots, found)["overall"].tolist() == ["Offline"]


def test_events_that_all_have_a_picture_and_a_history_of_nothing_give_empty_answers(demo, dock_events):
    "The columns are there; of a camera that was not asked for that is said"
    with demo_site(demo.info, een_api="v3") as site:
        snapshots = snapshots_for(dock_events, site.sources)
    nothing = StatusHistory.from_reports({}, hour(0), hour(12))
    (row,) = events_without_picture(snapshots, nothing).itertuples()
    assert row.overall == "Unknown" and "not asked for" in row.why
    pictures = Snapshots([item for item in snapshots if item.ok])
    table = events_without_picture(pictures, nothing)
    assert table.empty and list(table.columns)[-2:] == ["until", "why"]
    assert nothing.share_online().empty and not nothing.problems() and "0 cameras" in repr(nothing)


@pytest.mark.parametrize(
    ("watch_s", "every_s"), [(10, 0), (10, 0.5), (-1, 1), (1e9, 1), (float("nan"), 1), (1, float("nan"))]
)
def test_an_endless_watch_is_refused(site, watch_s, every_s):
    "The message says what to change"
    with pytest.raises(InputError, match="watch_s"):
        site.een.status_history(hour(0), watch_s=watch_s, every_s=every_s)
