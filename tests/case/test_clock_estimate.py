"""The clock offset: estimated from events whose picture is known, with its evidence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from camkit.case import Case
from camkit.case.clock_estimate import estimate_clock_offset
from camkit.errors import InputError, TimestampError
from camkit.support.check import check
from tests.support.cases import frame, made_up, made_up_snapshot

SEEN_AT = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)


def seen(**differences: list[float]) -> pd.DataFrame:
    "Events by reader, each so many seconds after its picture"
    rows = [
        (reader, SEEN_AT + timedelta(hours=hour, seconds=seconds), SEEN_AT + timedelta(hours=hour))
        for reader, given in differences.items()
        for hour, seconds in enumerate(given)
    ]
    return pd.DataFrame(rows, columns=["reader_id", "event_time", "seen_at"])


def test_the_offset_is_the_median_per_reader():
    "The reader's clock minus the camera's; one wrong picture does not move it, and the spread is the median one"
    found = estimate_clock_offset(seen(R4=[47, 46, 49, 900], R1=[-3, -3.5, -2]))
    assert found.offsets["reader_id"].tolist() == ["R1", "R4"]
    assert found.offsets["offset_s"].tolist() == [-3.0, 48.0]
    assert found.offsets["spread_s"].tolist() == [0.5, 1.5]
    assert found.offsets["events"].tolist() == [3, 4]
    assert "Reader R4: +48.0 s against the camera's clock, give or take 1.5 s (events: 4)." in repr(found)


def test_each_camera_of_a_reader_has_its_offset():
    "Two cameras at a door have two clocks; the sentence names the camera"
    table = seen(R4=[47, 46, 49, -1, -2, -3]).assign(
        camera_id=["a"] * 3 + ["b"] * 3, view=["inside"] * 3 + [None] * 3
    )
    found = estimate_clock_offset(table)
    assert found.offsets[["camera_id", "offset_s"]].to_numpy().tolist() == [["a", 47.0], ["b", -2.0]]
    assert "Reader R4, camera a (inside): +47.0 s against the camera's clock" in repr(found)
    assert "Reader R4, camera b: -2.0 s" in repr(found)


def test_a_camera_has_one_offset_whatever_its_view_was_called():
    "The view is a label, the latest is shown"
    table = seen(R4=[47, 46, 49]).assign(vendor="een", camera_id="a", view=[None, "in", "inside"])
    found = estimate_clock_offset(table).offsets
    assert found[["camera_id", "view", "events"]].to_numpy().tolist() == [["a", "inside", 3]]


def test_the_evidence_is_every_event_that_counts():
    "With its label and its own difference"
    table = seen(R4=[47, 46, 49]).set_axis(["a", "b", "c"])
    table.loc["b", "seen_at"] = pd.NaT
    evidence = estimate_clock_offset(table).evidence
    assert evidence["difference_s"].to_dict() == {"a": 47.0, "c": 49.0}


def test_too_few_events_give_no_offset(capsys):
    "They say so, and how many are needed"
    found = estimate_clock_offset(seen(R4=[47, 46]))
    assert found.offsets["offset_s"].isna().all()
    check(found)
    assert capsys.readouterr().out == "- Reader R4: too few known events (2 of the 3 needed).\n"
    assert estimate_clock_offset(seen(R4=[47, 46]), min_events=2).offsets["offset_s"].tolist() == [46.5]


def test_no_event_at_all_is_said():
    "An empty table with its types, and one sentence"
    found = estimate_clock_offset(seen(R4=[1]).iloc[:0])
    assert found.problems() == ["No event has a picture in which its cardholder was seen."]
    assert found.offsets.dtypes.astype(str).to_dict() == {
        "reader_id": "string", "vendor": "string", "camera_id": "string", "view": "string",
        "offset_s": "float64", "spread_s": "float64", "events": "int64",
    }  # fmt: skip


def test_only_matches_count():
    "If somebody else is in a picture, it says nothing about the clock"
    table = seen(R4=[47, 46, 49, 500, 600]).assign(verdict=["match"] * 3 + ["mismatch", None])
    assert estimate_clock_offset(table).offsets["offset_s"].tolist() == [47.0]


def test_a_case_gives_its_chosen_pictures(tmp_path):
    "The frame that was chosen, by the camera's clock, of each event whose verdict is match"
    with Case(tmp_path / "case") as case:
        case.add_events(made_up(4))
        for label in range(4):
            asked = made_up_snapshot(label, b"asked %d" % label)  # two seconds before the badge event
            chosen = frame(asked, b"chosen %d" % label, -5)
            case.add_snapshots([asked, chosen])
            case.choose(label, chosen.sha256)
            case.record_verdict(label, "match" if label else "nobody")
        found = estimate_clock_offset(case)
    assert found.offsets["offset_s"].tolist() == [7.0]
    assert found.evidence.index.tolist() == [1, 2, 3]


def test_disputed_and_excluded_events_do_not_count(tmp_path):
    "Nobody knows who is in the picture, or it is nobody's business"
    with Case(tmp_path / "case", operator="A") as case, Case(tmp_path / "case", operator="B") as other:
        case.add_events(made_up(3))
        case.add_snapshots(made_up_snapshot(label, b"%d" % label) for label in range(3))
        for label in range(3):
            case.record_verdict(label, "match")
        other.record_verdict(0, "unclear")
        case.exclude(1, "picked by mistake")
        assert estimate_clock_offset(case, min_events=1).evidence.index.tolist() == [2]


def test_the_time_that_the_vendor_gave_comes_first(tmp_path):
    "Else the time that was asked for"
    with Case(tmp_path / "case") as case:
        case.add_events(made_up(1))
        picture = made_up_snapshot(0, b"x").picture
        given = type(picture)(
            **{**vars(picture), "captured_at": picture.requested_at + timedelta(seconds=0.5)}
        )
        case.add_snapshots([made_up_snapshot(0, b"x", picture=given)])
        case.record_verdict(0, "match")
        assert estimate_clock_offset(case, min_events=1).offsets["offset_s"].tolist() == [1.5]


def test_input_that_cannot_be_used_is_refused():
    "A missing column, and times without a zone"
    with pytest.raises(InputError, match="does not have seen_at"):
        estimate_clock_offset(seen(R4=[1]).drop(columns="seen_at"))
    with pytest.raises(TimestampError, match="seen_at do not have a time zone"):
        estimate_clock_offset(seen(R4=[1]).assign(seen_at=pd.Timestamp("2026-01-05")))


def test_text_from_outside_is_never_markup():
    "In the notebook view"
    html = estimate_clock_offset(seen(**{"<script>": [1, 2, 3]}))._repr_html_()
    assert "<script>" not in html
