"""The case folder: what goes in stays in, unchanged, whatever happens."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import threading
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pytest
from urllib3 import HTTPHeaderDict

from camkit.badges import Camera
from camkit.cameras import Result, Snapshot
from camkit.case import Case, Decision, Verdict, images, schema, verify
from camkit.case.times import utc_text, zone_from_text
from camkit.directory import Cardholder
from camkit.errors import CaseError, InputError, OutputError, TimestampError
from camkit.http import Reply
from camkit.support.check import check
from camkit.support.timezones import as_zone
from tests.conftest import ROOT
from tests.support.cases import (
    CAMERA,
    DOOR,
    START,
    ZONE,
    at_doors,
    fill_empty_tables,
    flags,
    frame,
    look,
    made_up,
    made_up_events,
    made_up_snapshot,
    main_of,
    picked,
    picked_at_doors,
    review,
)


@pytest.fixture(scope="module")
def seen(demo):
    "What the demo site's cameras saw at the picked events"
    return look(demo)


@pytest.fixture
def case(tmp_path):
    "An empty case"
    with Case(tmp_path / "front-door", operator="R. Investigator") as case:
        yield case


@pytest.fixture
def small(case):
    "A case of three made-up events, each with a picture"
    case.add_events(made_up(3))
    case.add_snapshots(made_up_snapshot(label, b"picture %d" % label) for label in range(3))
    return case


INSIDE, OUTSIDE = (replace(CAMERA, view=view, camera_id=view) for view in ("inside", "outside"))
TWO_CAMERAS = replace(DOOR, cameras=(INSIDE, replace(OUTSIDE, clock_offset_s=-3.0)))


def seen_by_two(label: int, inside: bytes | None, outside: bytes | None) -> list[Snapshot]:
    "What the two cameras of a door saw; None where one of them has no picture"
    found = []
    for camera, content in zip(TWO_CAMERAS.cameras, (inside, outside), strict=True):
        snapshot = made_up_snapshot(label, content or b"", door=TWO_CAMERAS, camera=camera)
        if content is None:
            snapshot = replace(
                snapshot, picture=None, result=Result.NO_PICTURE, reason=f"{camera.view} is off"
            )
        found.append(snapshot)
    return found


class Nowhere(tzinfo):
    "A zone whose name cannot be looked up"

    def utcoffset(self, moment: datetime | None) -> timedelta:
        "An hour and a half behind"
        return timedelta(hours=-1.5)


def run(code: str, *arguments: object) -> subprocess.Popen:
    "Python in a process of its own, with the tests' helpers at hand"
    command = [
        sys.executable,
        "-c",
        f"import sys\nfrom camkit.case import Case\nfrom tests.support.cases import *\n{code}",
    ]
    command += map(str, arguments)
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


# What goes in


def test_a_review_is_there_after_closing_and_opening(tmp_path, seen):
    "Events, pictures and verdicts survive the notebook"
    with Case(tmp_path / "front-door", operator="R. Investigator") as case:
        review(case, seen)
        before = case.events()
    with Case(tmp_path / "front-door") as again:
        pd.testing.assert_frame_equal(again.events(), before)
        assert repr(again) == (
            "Case front-door: 8 events, 7 with a picture, 3 reviewed (1 match, 1 mismatch, 1 nobody)."
        )


def test_events_are_added_once_however_often(case):
    "The same events again, from a file of another name, add nothing"
    case.add_events(picked_at_doors(), flags=flags())
    before = case.table("events"), case.table("flags")
    case.add_events(at_doors(picked().assign(file="copy.csv", line=1), timezone=ZONE), flags=flags())
    pd.testing.assert_frame_equal(case.table("events"), before[0])
    pd.testing.assert_frame_equal(case.table("flags"), before[1])


def test_a_label_stands_for_one_event(case):
    "Another event with a label that is taken is refused, and nothing of that call is added"
    case.add_events(made_up(1))
    with pytest.raises(
        InputError, match=r"Event 0 is already in this case .* new case for them, in another folder"
    ):
        case.add_events(at_doors(made_up_events(2, outcome="denied").sort_index(ascending=False)))
    assert case.events().index.tolist() == [0]


def test_further_columns_of_the_export_are_kept(case):
    "Whatever else the export says of an event is in extras, without the empty cells"
    case.add_events(made_up(2, Mode=["card", None], Floor=[3, 4], Since=[START, None]))
    assert [json.loads(text) for text in case.events()["extras"]] == [
        {"Floor": 3, "Mode": "card", "Since": "2026-01-05T07:00:00+00:00"},
        {"Floor": 4},
    ]


def test_the_zone_is_the_one_given_else_the_log_s_own(case):
    "An argument comes before what load_badges wrote down; without both it is UTC"
    events = made_up_events(3)
    case.add_events(at_doors(events.iloc[:1]))
    events.attrs["timezone"] = "Europe/Oslo"
    case.add_events(at_doors(events.iloc[1:2]))
    case.add_events(at_doors(events.iloc[2:], timezone=ZONE))
    assert case.events()["timezone"].tolist() == ["UTC", "Europe/Oslo", ZONE]


@pytest.mark.parametrize(
    ("zone", "kept"),
    [
        (timezone(timedelta(hours=-6), "MDT"), "UTC-06:00"),
        (timezone(timedelta(hours=3), "EST"), "UTC+03:00"),
        (timezone(timedelta(seconds=-1)), "UTC-00:00:01"),
        (UTC, "UTC"),
        (ZoneInfo("Etc/GMT+6"), "Etc/GMT+6"),
        ("+0530", "UTC+05:30"),
    ],
)
def test_a_zone_can_be_read_back(case, zone, kept):
    "Whatever it is called: report and export can use it"
    case.add_events(at_doors(made_up_events(1), timezone=zone))
    case.record_verdict(0, "unclear")
    assert case.events()["timezone"].tolist() == [kept]
    offsets = {START.astimezone(zone).utcoffset() for zone in [zone_from_text(kept), as_zone(zone)]}
    assert len(offsets) == 1
    assert case.report().exists()


def test_a_zone_that_cannot_be_read_back_is_refused(case):
    "When it is added: what is in a case stays there"
    with pytest.raises(TimestampError, match=r"The time zone .* cannot be kept: give an IANA name"):
        case.add_events(at_doors(made_up_events(1), timezone=Nowhere()))
    assert case.events().empty


@pytest.mark.parametrize(
    ("events", "error", "said"),
    [
        (
            made_up_events(2).assign(event_time=[pd.NaT, pd.Timestamp("2026", tz="UTC")]),
            TimestampError,
            "no event_time",
        ),
        (made_up_events(2).set_axis([1, 1]), InputError, "same label"),
        (made_up_events(1).set_axis([1.5]), InputError, "neither a whole number nor text"),
        (made_up_events(1).set_axis([True]), InputError, "neither a whole number nor text"),
    ],
)
def test_events_that_cannot_be_kept_are_refused(case, events, error, said):
    "One clear sentence, and an empty case as before"
    with pytest.raises(error, match=said):
        case.add_events(at_doors(events))
    assert case.events().empty


def test_events_are_kept_as_they_were_resolved(case):
    "Identifiers of a table that was made by hand are text, as in its snapshots"
    events = made_up(2)
    raw = replace(events, table=events.table.assign(reader_id=[1.0, None], cardholder_id=4711, outcome=pd.NA))
    case.add_events(raw)
    stored = case.events()
    assert stored["reader_id"].fillna("").tolist() == ["1", ""]
    assert stored["cardholder_id"].tolist() == ["4711", "4711"]
    assert stored["outcome"].isna().all()
    case.add_snapshots([made_up_snapshot(0, b"x", reader_id="1")])


def test_flags_are_kept_with_their_evidence(case):
    "A flag says in words what it means and which other event is the evidence; it may come later than the event"
    events = made_up(2)
    case.add_events(events)
    raised = pd.DataFrame({"too_fast": [False, True], "too_fast_event": pd.array([None, 0], "Int64")})
    case.add_events(events, flags=raised)
    assert case.events()["flags"].tolist() == [pd.NA, "at another reader sooner than one can walk there"]
    assert case.table("flags")["other_event"].tolist() == [0]


def test_flags_must_be_of_the_same_events(case):
    "Flags of other events are refused, and the events are not added without theirs"
    with pytest.raises(InputError, match="The flags do not cover event 1"):
        case.add_events(made_up(2), flags=pd.DataFrame({"too_fast": [True]}))
    assert case.events().empty


def test_pictures_are_kept_as_they_arrived(case, seen):
    "Each picture is stored unchanged under its SHA-256, in the right row, with what the vendor said of it"
    review(case, seen)
    events = case.events()
    for snapshot in seen:
        if snapshot.ok:
            path = case.folder / f"images/{snapshot.sha256[:2]}/{snapshot.sha256}.jpg"
            assert path.read_bytes() == snapshot.picture.content == case.image(snapshot.sha256)
            if snapshot.camera is snapshot.event.door.main:
                assert events.loc[snapshot.event.event_id, "sha256"] == snapshot.sha256
    dock = main_of(seen, 3)
    assert events.loc[3, ["vendor", "camera_id", "door"]].tolist() == [
        "een",
        dock.camera.camera_id,
        "Loading dock",
    ]
    assert events.loc[3, "captured_at"] == dock.picture.captured_at
    assert events.loc[3, "offset_s"] == dock.offset_s


def test_the_requests_that_led_to_a_picture_are_kept(case, seen):
    "Method, address, status, length, and the three clocks"
    review(case, seen)
    requests = case.table("requests")
    first = requests[requests["event"] == 0].head(2)
    assert first["method"].tolist() == ["POST", "GET"]
    assert first["status"].tolist() == [202, 200]
    made, image = main_of(seen, 0).picture.replies
    assert first["url"].tolist() == [made.url, image.url]
    assert first["server_date"].tolist() == [made.server_date, image.server_date]
    assert first["received_at"].tolist() == [made.received_at, image.received_at]
    assert first["length"].iloc[1] == len(main_of(seen, 0).picture.content)
    assert first["sha256"].iloc[1] == main_of(seen, 0).sha256
    assert first["length"].iloc[0] > 0


def test_no_secret_is_in_the_folder(case, seen, demo):
    "Neither keys and passwords nor the tokens in image addresses are in any file"
    review(case, seen)
    case.report()
    case.close()
    secrets = [demo.info["meraki_key"].encode(), demo.info["een_password"].encode()]
    tokens = re.compile(rb"/stream/jpeg/snapshot/(?!\*\*\*)")
    for path in case.folder.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert not [secret for secret in secrets if secret in content]
            assert not tokens.search(content)


def test_why_there_is_no_picture_is_kept(case, seen):
    "An event whose camera is off has its reason, and no picture"
    review(case, seen)
    garage = case.events().loc[6]
    assert garage["result"] == "no picture"
    assert "offline" in garage["reason"]
    assert garage["sha256"] is pd.NA


def test_snapshots_are_added_once_however_often(case, seen):
    "The same again adds nothing, not even when it was fetched again"
    review(case, seen)
    before = {name: len(case.table(name)) for name in ("snapshots", "requests", "images", "cardholders")}
    case.add_snapshots(seen)
    later = [replace(reply, latency_s=9.9) for reply in main_of(seen, 0).picture.replies]
    case.add_snapshots([replace(seen[0], picture=replace(seen[0].picture, replies=tuple(later)))])
    assert {name: len(case.table(name)) for name in before} == before


def test_what_is_not_resolved_events_is_refused(case):
    "Such as a table of them: it says what to give"
    with pytest.raises(InputError, match=r"do not say at which door they were: give what camkit\.resolve"):
        case.add_events(made_up_events(1))


def test_an_image_is_hashed_once_on_its_way_in(small, monkeypatch):
    "What it claims is compared with that; the file, its row and its request need no more"
    counted = []
    monkeypatch.setattr(images, "sha256", lambda content: counted.append(content) or sha256(content))
    snapshot = made_up_snapshot(0, b"another", cardholder=None)
    reply = Reply("GET", "https://a.example/1", 200, HTTPHeaderDict(), b"another", START, START, 0.1)
    small.add_snapshots([replace(snapshot, picture=replace(snapshot.picture, replies=(reply,)))])
    assert counted == [b"another"]
    assert small.table("requests")["sha256"].tolist() == [snapshot.sha256]


def test_what_is_new_about_an_event_is_added(small):
    "A picture after a failure, and a directory that answers after it did not, are new rows; the full ones are shown"
    small.add_events(made_up(4))
    silent = Cardholder("4711", note="the directory did not answer")
    failed = made_up_snapshot(3, b"", picture=None, result=Result.FAILED, reason="busy", cardholder=silent)
    small.add_snapshots([failed])
    assert small.events().loc[3, ["result", "reason", "directory_note"]].tolist() == [
        "failed",
        "busy",
        silent.note,
    ]
    small.add_snapshots([made_up_snapshot(3, b"picture 3"), failed, replace(failed, reason="busy again")])
    assert small.events().loc[3, ["result", "reason", "name"]].tolist() == ["picture", "", "Ann Li"]
    assert len(small.table("snapshots")) == 6


def test_a_snapshot_needs_its_event(small):
    "A picture of an event that is not in the case is refused before anything is written"
    with pytest.raises(CaseError, match="Event 7 is not in this case"):
        small.add_snapshots([made_up_snapshot(7, b"stray")])
    assert small.verify().ok


@pytest.mark.parametrize("name", ["", "  "])
def test_a_case_without_a_name_is_not_made(tmp_path, name):
    "It is refused before there is a file"
    with pytest.raises(InputError, match="name is empty"):
        Case(tmp_path / "case", name=name)
    assert not (tmp_path / "case").exists()


def test_a_snapshot_of_another_log_is_refused(small):
    "The same label, another moment"
    with pytest.raises(InputError, match="from another badge log"):
        small.add_snapshots([made_up_snapshot(1, b"other", minute=5)])


def test_a_picture_must_have_the_hash_it_claims(small):
    "A source that states a wrong SHA-256 is refused"
    wrong = replace(made_up_snapshot(0, b"a").picture, content=b"b")
    with pytest.raises(InputError, match="does not have the SHA-256"):
        small.add_snapshots([made_up_snapshot(0, b"", picture=wrong)])


@pytest.mark.parametrize("camera", [replace(CAMERA, camera_id="2"), replace(CAMERA, vendor="een"), None])
def test_a_picture_must_be_of_its_snapshot_s_camera(small, camera):
    "Otherwise its view, its rank and its clock would be another camera's"
    wrong = replace(made_up_snapshot(0, b"a"), camera=camera)
    with pytest.raises(
        InputError, match=r"The picture of event 0 is from meraki camera Q2XX-0000-0001, not from"
    ):
        small.add_snapshots([wrong])
    assert len(small.table("images")) == 4


def test_camera_names_are_kept_where_they_are_given(case):
    "By the camera's id"
    case.add_events(made_up(1))
    case.add_snapshots([made_up_snapshot(0, b"a")], camera_names={"Q2XX-0000-0001": "Lobby east"})
    assert case.events()["camera_name"].tolist() == ["Lobby east"]


def test_photos_are_kept_by_their_type(small):
    "A PNG photo has its ending, once for all its events"
    photo = small.events()["photo"].unique().tolist()
    assert photo == [sha256(b"portrait").hexdigest()]
    assert (small.folder / f"images/{photo[0][:2]}/{photo[0]}.png").read_bytes() == b"portrait"


# Several cameras at a door


def test_each_camera_of_a_door_has_its_snapshot(case):
    "With its view, its place at the door, its moment and its clock offset"
    case.add_events(at_doors(made_up_events(1), TWO_CAMERAS))
    case.add_snapshots(seen_by_two(0, b"in", b"out"))
    columns = ["view", "camera_rank", "camera_id", "clock_offset_s"]
    snapshots = case.table("snapshots")
    assert snapshots[columns].to_numpy().tolist() == [
        ["inside", 0, "inside", 2.0],
        ["outside", 1, "outside", -3.0],
    ]
    assert (snapshots["at"][1] - snapshots["at"][0]).total_seconds() == 5
    assert case.verify().ok


@pytest.mark.parametrize("order", [1, -1])
def test_the_main_camera_stands_for_the_event_until_another_is_chosen(case, order):
    "Whichever answered first, and although a frame of the other is as near"
    case.add_events(at_doors(made_up_events(1), TWO_CAMERAS))
    inside, outside = seen_by_two(0, b"in", b"out")
    case.add_snapshots([frame(inside, b"in, later", 5), *[inside, outside][::order]])
    shown = ["view", "camera_id", "sha256", "pictures", "clock_offset_s"]
    assert case.events().loc[0, shown].tolist() == ["inside", "inside", inside.sha256, 3, 2.0]
    case.choose(0, outside.sha256)
    assert case.events().loc[0, shown].tolist() == ["outside", "outside", outside.sha256, 3, -3.0]


def test_a_side_camera_stands_in_for_a_main_camera_without_a_picture(case):
    "And where no camera has one, the main camera's latest reason is given"
    case.add_events(at_doors(made_up_events(2), TWO_CAMERAS))
    case.add_snapshots(seen_by_two(0, None, b"out"))
    first = seen_by_two(1, None, None)
    case.add_snapshots(
        [*first, replace(first[0], reason="still off"), replace(first[1], reason="off as well")]
    )
    events = case.events()
    assert events["view"].tolist() == ["outside", "inside"]
    assert events["result"].tolist() == ["picture", "no picture"]
    assert events["reason"].tolist() == ["", "still off"]
    assert events["snapshot"].isna().tolist() == [False, True]


def test_two_cameras_that_say_the_same_are_two_snapshots(case):
    "Neither the same reason nor the same bytes make them one; the same camera again does"
    case.add_events(at_doors(made_up_events(2), TWO_CAMERAS))
    for _ in range(2):
        case.add_snapshots([replace(snapshot, reason="off") for snapshot in seen_by_two(0, None, None)])
        case.add_snapshots(seen_by_two(1, b"fog", b"fog"))
    assert case.table("snapshots")["view"].tolist() == ["inside", "outside"] * 2
    assert case.events()["pictures"].tolist() == [0, 1]


def test_a_camera_is_the_same_under_another_view(case):
    "The view is a label: the same pictures are not added again when it is corrected"
    case.add_events(at_doors(made_up_events(1), TWO_CAMERAS))
    case.add_snapshots(seen_by_two(0, b"in", b"out"))
    renamed = replace(DOOR, cameras=(replace(INSIDE, view="lobby"), TWO_CAMERAS.cameras[1]))
    (event,) = at_doors(made_up_events(1), renamed)
    case.add_snapshots(snapshot for _, snapshot in case.frames_of(event))
    assert case.table("snapshots")["view"].tolist() == ["inside", "outside"]


def test_the_rank_of_a_camera_is_its_place_at_the_door(case):
    "Whatever its view and its offset; one that the door does not have is after all others"
    case.add_events(at_doors(made_up_events(1), TWO_CAMERAS))
    inside, outside = seen_by_two(0, b"in", b"out")
    changed = replace(outside.camera, view="yard", clock_offset_s=1.0)
    stranger = made_up_snapshot(0, b"?", door=TWO_CAMERAS, camera=replace(CAMERA, camera_id="gone"))
    case.add_snapshots([stranger, replace(outside, camera=changed), inside])
    assert case.table("snapshots")["camera_rank"].tolist() == [2, 1, 0]
    assert case.events()["view"].tolist() == ["inside"]


# What a review takes up again


def test_flags_choices_and_decisions_are_read_at_once(small):
    "By event, with words, hashes and times as objects"
    raised = pd.DataFrame(
        {"too_fast": [False, True, False], "too_fast_event": pd.array([None, 0, None], "Int64")}
    )
    small.add_events(made_up(3), flags=raised)
    seen = small.events()["sha256"][2]
    small.choose(2, seen)
    given = [small.record_verdict(2, "unclear"), small.record_verdict(2, "match", "Her.")]
    assert small.flags() == {1: ["at another reader sooner than one can walk there"]}
    assert small.choices() == {2: seen}
    assert small.decisions() == {2: given}


def test_a_verdict_is_returned_as_it_was_recorded(small):
    "With its time and its picture, so that nobody has to read it back"
    decision = small.record_verdict(0, "match", "Her.")
    row = small.verdicts().iloc[0]
    assert decision == Decision(Verdict.MATCH, row["decided_at"], row["image"], "R. Investigator")
    assert row["note"] == "Her."
    assert decision.image == small.events()["sha256"][0]


def test_a_verdict_without_a_picture_says_so(small):
    "None means without a picture; by default it is the one that stands for the event"
    assert small.record_verdict(0, "unclear", image=None).image is None
    assert small.record_verdict(0, "unclear").image is not None
    assert small.verdicts()["image"].isna().tolist() == [True, False]
    with pytest.raises(CaseError, match="has no picture 'chosen'"):
        small.record_verdict(0, "nobody", image="chosen")


def test_recorded_pictures_come_back_as_snapshots(case):
    "Of the cameras that the door has, with their steps, and what the directory said; attempts do not"
    events = at_doors(made_up_events(2), TWO_CAMERAS)
    case.add_events(events)
    inside, outside = seen_by_two(0, b"in", b"out")
    captured = replace(outside.picture, captured_at=outside.picture.requested_at + timedelta(seconds=0.5))
    given = [inside, frame(inside, b"in, later", 5), replace(outside, picture=captured)]
    case.add_snapshots([*given, replace(seen_by_two(1, None, b"out")[0], reason="off")])
    found = case.frames_of(events[0])
    assert [step_s for step_s, _ in found] == [0.0, 5.0, 0.0]
    assert [snapshot for _, snapshot in found] == given
    assert [snapshot.camera for _, snapshot in found] == [TWO_CAMERAS.cameras[place] for place in (0, 0, 1)]
    assert case.frames_of(events[1]) == []


def test_a_picture_keeps_its_camera_when_the_doors_change(case):
    "One whose view was renamed is the same camera; one that is gone is described as it was recorded"
    case.add_events(at_doors(made_up_events(1), TWO_CAMERAS))
    case.add_snapshots(seen_by_two(0, b"in", b"out"))
    renamed = replace(INSIDE, view="lobby", clock_offset_s=7.0)
    (event,) = at_doors(made_up_events(1), replace(TWO_CAMERAS, cameras=(renamed,)))
    (inside_step, inside), (outside_step, outside) = case.frames_of(event)
    assert (inside_step, inside.camera) == (5.0, renamed)
    assert (outside_step, outside.camera) == (0.0, Camera("meraki", "outside", "outside", -3.0))


def test_a_recorded_picture_that_is_altered_comes_back_with_the_reason(small):
    "And a cardholder without the photo, if that is what is missing"
    (event, other, _) = made_up(3)
    path = small.folder / "images" / small.events()["sha256"][0][:2]
    next(path.glob(small.events()["sha256"][0] + "*")).write_bytes(b"forged")
    ((step_s, failed),) = small.frames_of(event)
    assert (step_s, failed.result, failed.picture) == (0.0, Result.FAILED, None)
    assert "is not what was stored" in failed.reason
    next((small.folder / "images").rglob("*.png")).unlink()
    ((_, shown),) = small.frames_of(other)
    assert shown.ok
    assert shown.cardholder.photo is None
    assert "cannot be read" in shown.cardholder.note


# What is decided


def test_the_latest_verdict_counts_and_the_earlier_stay(case, seen):
    "Changing one's mind keeps both, with the time, the person and the picture of each"
    review(case, seen)
    verdicts = case.verdicts().query("event == 1")
    assert verdicts["verdict"].tolist() == ["unclear", "mismatch"]
    assert verdicts["note"].tolist() == ["It is David Cohen who comes in."] * 2
    assert case.table("notes")["note"].tolist()[:2] == ["Too dark?", "It is David Cohen who comes in."]
    assert verdicts["decided_at"].is_monotonic_increasing
    assert set(verdicts["operator"]) == {"R. Investigator"}
    assert set(verdicts["image"]) == {main_of(seen, 1).sha256}
    assert case.events().loc[1, "verdict"] == Verdict.MISMATCH


def test_a_verdict_can_be_given_by_snapshot(small):
    "The snapshot at hand stands for its event, and so does a numpy number"
    small.record_verdict(made_up_snapshot(2, b""), Verdict.MATCH)
    small.record_verdict(small.events().index.to_numpy(dtype="int64")[0], "nobody")
    assert small.verdicts()["event"].tolist() == [2, 0]


@pytest.mark.parametrize(
    ("event", "verdict", "error"),
    [(0, "guilty", InputError), (9, "match", CaseError), ("0", "match", CaseError)],
)
def test_a_verdict_needs_an_event_and_a_meaning(small, event, verdict, error):
    "Anything else is refused; the text 0 is not the number 0"
    with pytest.raises(error):
        small.record_verdict(event, verdict)
    assert small.verdicts().empty


def test_the_picture_nearest_to_the_event_is_chosen_until_another_is(small):
    "Frames before and after do not displace it; a choice does, and the next verdict is on that one"
    small.add_events(made_up(4))
    middle = made_up_snapshot(3, b"middle")
    frames = [frame(middle, b"before", -5), frame(middle, b"after", 5)]
    small.add_snapshots([frames[0], middle, frames[1]])
    assert small.events().loc[3, ["sha256", "pictures"]].tolist() == [middle.sha256, 3]
    small.record_verdict(3, "unclear")
    for chosen in (frames[0], frames[1]):
        small.choose(3, chosen.sha256)
    small.record_verdict(3, "match")
    assert small.events().loc[3, "sha256"] == frames[1].sha256
    assert small.events().loc[3, "step_s"] == 5.0
    assert small.verdicts()["image"].tolist() == [middle.sha256, frames[1].sha256]
    chosen = [middle.sha256, frames[0].sha256, frames[1].sha256]
    assert small.table("choices")["image"].tolist() == chosen


@pytest.mark.parametrize("given", [True, False])
def test_a_verdict_fixes_the_picture_that_it_is_about(case, given):
    "A picture that comes later, even of the main camera, does not take its place; a second verdict chooses once"
    case.add_events(at_doors(made_up_events(1), TWO_CAMERAS))
    inside, outside = seen_by_two(0, None, b"out")
    case.add_snapshots([inside, outside])
    for verdict in ("unclear", "mismatch"):
        case.record_verdict(0, verdict, **({"image": outside.sha256} if given else {}))
    case.add_snapshots(seen_by_two(0, b"in", None)[:1])
    assert case.events().loc[0, ["view", "sha256", "verdict"]].tolist() == [
        "outside",
        outside.sha256,
        "mismatch",
    ]
    assert case.choices() == {0: outside.sha256}
    assert len(case.table("choices")) == 1


def test_only_a_picture_of_the_event_can_be_chosen(small):
    "The picture of another event cannot"
    with pytest.raises(CaseError, match="Event 0 has no picture"):
        small.choose(0, made_up_snapshot(1, b"picture 1").sha256)


# Nothing changes


@pytest.mark.not_quick
@pytest.mark.parametrize("table", [*schema.KEYS[schema.VERSION], "chain"])
def test_rows_are_never_changed_nor_deleted(case, seen, table):
    "SQLite itself refuses, whoever asks"
    review(case, seen)
    case.choose(0, main_of(seen, 0).sha256)
    case.add_events(at_doors(made_up_events(9).iloc[8:], TWO_CAMERAS))
    case.add_snapshots(seen_by_two(8, b"inside", b"outside"))
    with case.database.writing() as connection:
        fill_empty_tables(connection, case.folder)
    raw = sqlite3.connect(case.folder / "case.sqlite")
    key = {**schema.KEYS[schema.VERSION], "chain": "number"}[table]
    for statement in (
        f"UPDATE {table} SET {key} = {key}",
        f"DELETE FROM {table}",
        f"INSERT OR REPLACE INTO {table} SELECT * FROM {table} LIMIT 1",
    ):
        with pytest.raises(sqlite3.IntegrityError, match="rows are only ever added"):
            raw.execute(statement)
    raw.close()


def test_a_row_must_point_to_something(small):
    "Whoever adds through the case's own connection cannot name an event that is not there"
    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"), small.database.writing() as connection:
        connection.execute(
            "INSERT INTO choices VALUES (1, 77, 'none', '2026-01-01T00:00:00.000000Z', 'nobody', 'sqlite3')"
        )
    assert small.table("choices").empty


def test_every_time_in_the_database_is_utc(case, seen):
    "ISO 8601 with microseconds and a Z"
    review(case, seen)
    raw = sqlite3.connect(case.folder / "case.sqlite")
    for table in schema.KEYS[schema.VERSION]:
        names = [row[1] for row in raw.execute(f"PRAGMA table_info({table})")]
        for name in (name for name in names if name == "at" or name.endswith(("_at", "_time"))):
            for (value,) in raw.execute(f"SELECT {name} FROM {table} WHERE {name} IS NOT NULL"):
                assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", value)
    raw.close()


def test_who_added_a_row_and_with_what_is_in_it(small):
    "The operator at the time, and camkit's version"
    with Case(small.folder, operator="Second Pair of Eyes") as other:
        other.record_verdict(0, "match")
    (row,) = small.table("verdicts").to_dict("records")
    assert row["operator"] == "Second Pair of Eyes"
    assert re.fullmatch(r"camkit \d+\.\d+\.\d+", row["software"])
    assert set(small.table("snapshots")["operator"]) == {"R. Investigator"}


# Several at once, and the end of a process


def test_two_threads_can_use_one_case(small):
    "Verdicts from the foreground, pictures from the background"
    small.add_events(made_up(40))
    more = [made_up_snapshot(label, b"picture %d" % label) for label in range(40)]
    thread = threading.Thread(target=small.add_snapshots, args=[more])
    thread.start()
    for label in range(40):
        small.record_verdict(label, "unclear")
    thread.join()
    assert small.events()[["sha256", "verdict"]].notna().all(axis=None)
    assert small.verify().ok


@pytest.mark.not_quick
def test_of_several_that_make_a_case_at_once_one_stands(tmp_path):
    "All have the same database open afterwards, whoever made it"
    barrier = threading.Barrier(6)

    def make(folder: Path) -> list[str]:
        barrier.wait()
        with Case(folder, operator=threading.current_thread().name) as case:
            barrier.wait()
            return case.table("about")["operator"].tolist()

    with ThreadPoolExecutor(6) as pool:
        for number in range(5):
            (first, *others) = pool.map(make, [tmp_path / str(number)] * 6)
            assert others == [first] * 5


@pytest.mark.not_quick
def test_several_processes_can_make_and_fill_one_case(tmp_path):
    "All begin at once with the same empty folder; none is refused and nothing is lost"
    code = """
print("ready", flush=True)
sys.stdin.readline()
with Case(sys.argv[1], operator=sys.argv[2]) as case:
    case.add_events(made_up(15))
    for label in range(15):
        case.add_snapshots([made_up_snapshot(label, sys.argv[2].encode() * (label + 1))])
        case.record_verdict(label, "match")
"""
    workers = [run(code, tmp_path / "shared", name) for name in "abc"]
    for worker in workers:
        assert worker.stdout.readline() == "ready\n"
    for worker in workers:
        worker.stdin.write("go\n")
        worker.stdin.flush()
    assert [worker.communicate()[0] for worker in workers] == [""] * 3
    assert [worker.returncode for worker in workers] == [0] * 3
    with Case(tmp_path / "shared") as case:
        assert case.verdicts().groupby("operator").size().to_dict() == dict.fromkeys("abc", 15)
        assert case.events()["pictures"].tolist() == [3] * 15
        assert case.verify().ok


@pytest.mark.not_quick
@pytest.mark.parametrize("after", [1, 20])
def test_a_killed_process_loses_at_most_the_image_in_flight(tmp_path, after):
    "All that was said to be in the case is in it; at most one file has no row yet"
    code = """
with Case(sys.argv[1]) as case:
    case.add_events(made_up(5000))
    for label in range(5000):
        case.add_snapshots([made_up_snapshot(label, b"%d" % label * 100_000)])
        print(label, flush=True)
"""
    worker = run(code, tmp_path / "killed")
    said = [int(worker.stdout.readline()) for _ in range(after)][-1]
    os.kill(worker.pid, signal.SIGKILL)
    said = max([said, *map(int, worker.communicate()[0].split("\n")[:-1])])
    with Case(tmp_path / "killed") as case:
        found = case.verify()
        assert case.events()["sha256"].notna().sum() >= said + 1
        assert found.findings["kind"].isin(["extra"]).all()
        assert len(found.findings) <= 1
        case.add_snapshots([made_up_snapshot(said + 1, b"%d" % (said + 1) * 100_000)])
        assert case.events()["sha256"].notna().loc[: said + 1].all()


@pytest.mark.not_quick
def test_a_full_disk_leaves_nothing_half_written(tmp_path):
    "The image is refused with one sentence; the case is as it was"
    with Case(tmp_path / "full") as case:
        case.add_events(made_up(2))
        case.add_snapshots([made_up_snapshot(0, b"small")])
    code = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with Case(sys.argv[1]) as case:
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
    try:
        case.add_snapshots([made_up_snapshot(1, bytes(400_000))])
    except OSError as error:
        print("not translated")
    except Exception as error:
        print(type(error).__name__, error)
"""
    said = run(code, tmp_path / "full").communicate()[0]
    assert re.match(r"OutputError .*\.jpg cannot be written: File too large\. Make room", said)
    with Case(tmp_path / "full") as case:
        assert case.verify().ok
        assert case.events()["sha256"].notna().tolist() == [True, False]


def test_a_database_that_cannot_grow_is_an_output_error(small):
    "A row that does not fit is refused in camkit's words, and nothing of it remains"
    with small.database.reading() as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(OutputError, match="cannot be written: database or disk is full"):
        small.record_verdict(0, "match", "long " * 100_000)
    assert small.verdicts().empty


# Opening


def test_a_closed_case_says_so(small):
    "Closing twice is fine; using it afterwards is an error that says what to do, showing it is not"
    small.close()
    small.close()
    assert repr(small) == "Case front-door: closed."
    assert small._repr_html_() is None
    with pytest.raises(CaseError, match=r"is closed; open it again with camkit\.Case"):
        small.record_verdict(0, "match")


def test_the_name_is_given_once(tmp_path):
    "It stays; another one for the same folder is refused"
    Case(tmp_path, name="Theft of 12 March").close()
    with Case(tmp_path) as case:
        assert case.name == "Theft of 12 March"
    with pytest.raises(CaseError, match="holds the case 'Theft of 12 March', not 'Other'"):
        Case(tmp_path, name="Other")


def test_another_database_is_not_taken_for_a_case(tmp_path):
    "Neither another program's nor a file that is not a database"
    raw = sqlite3.connect(tmp_path / "case.sqlite")
    raw.execute("CREATE TABLE recipes (name)")
    raw.close()
    with pytest.raises(CaseError, match="is not a case of camkit"):
        Case(tmp_path)
    (tmp_path / "case.sqlite").write_bytes(b"not a database " * 100)
    with pytest.raises(CaseError, match="is damaged or not a database"):
        Case(tmp_path)


def test_a_folder_that_cannot_be_made_is_an_output_error(tmp_path):
    "A file is in its place"
    (tmp_path / "taken").write_text("")
    with pytest.raises(OutputError):
        Case(tmp_path / "taken" / "case")


# Verifying


def test_an_untouched_case_verifies(case, seen, capsys):
    "Everything is as it was recorded, and the check cell says so"
    review(case, seen)
    found = case.verify()
    assert found.ok
    assert found.counts["images"] == len(case.table("images"))
    check(found)
    assert capsys.readouterr().out == "All in order.\n"


def test_verify_lists_every_problem_at_once(small):
    "Missing, altered and extra files, each with its path"
    first, second, third = (small.folder / path for path in small.table("images")["path"].iloc[[0, 2, 3]])
    first.unlink()
    second.write_bytes(b"picture X")
    stray = third.with_name("stray.jpg")
    stray.write_bytes(b"")
    found = small.verify()
    listed = {(row.kind, row.path) for row in found.findings.itertuples()}
    assert not found.ok
    assert listed == {
        (kind, path.relative_to(small.folder).as_posix())
        for kind, path in (("missing", first), ("altered", second), ("extra", stray))
    }
    assert len(found.problems()) == 2
    assert repr(found).startswith("Case front-door: 2 things are wrong")
    assert f"Besides, 1 file is not part of the case: {stray.relative_to(small.folder).as_posix()}" in repr(
        found
    )


def test_a_case_that_is_only_to_be_opened_is_never_made(tmp_path, monkeypatch):
    "A typing error in a path is reported, and leaves no empty case"
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CaseError, match=rf"^{tmp_path}/typo does not contain a case: check the path"):
        Case("typo", make=False)
    assert not (tmp_path / "typo").exists()
    Case(tmp_path / "case").close()
    Case(tmp_path / "case", make=False).close()


def test_files_beside_the_images_are_named_and_not_a_problem(small, tmp_path, capsys):
    "What a file manager leaves behind, or a write that was interrupted, does not count against the evidence"
    images = small.folder / "images"
    (images / ".DS_Store").write_bytes(b"")
    (images / "Thumbs.db").write_bytes(b"")
    found = small.verify()
    assert found.ok
    assert found.findings["kind"].tolist() == ["extra", "extra"]
    assert "have their recorded SHA-256" in found.summary()
    assert "Besides, 2 files are not part of the case: images/.DS_Store, images/Thumbs.db." in found.summary()
    for number in range(20):
        (images / f"{number}.tmp").write_bytes(b"")
    assert small.verify().summary().endswith(" and 12 more.")
    assert "images/Thumbs.db: extra: the database does not list it" in repr(found)
    check(found)
    assert capsys.readouterr().out == "All in order.\n"
    (images / "\u202egpj.exe").write_bytes(b"")
    page = small.report(tmp_path / "report.html").read_text("utf-8")
    assert "\u202e" not in page
    assert 'class="sound"' in page
    assert "23 files are not part of the case" in page


def test_pictures_that_are_added_while_others_are_hashed_are_no_finding(small, monkeypatch):
    "A review may go on while somebody verifies and makes a report"
    files_below = verify.files_below

    def add_one_more(folder):
        small.add_snapshots([made_up_snapshot(1, b"a picture more")])
        return files_below(folder)

    monkeypatch.setattr(verify, "files_below", add_one_more)
    assert small.verify().findings.empty


@pytest.mark.not_quick
def test_an_interrupted_write_is_not_a_problem(small, tmp_path):
    "A process killed while it writes an image leaves a part of it, which belongs neither to the case nor to its bag"
    path = small.folder / small.table("images")["path"].iloc[0]
    path.with_name(f".{path.name}.0a1b2c3d.camkit.part").write_bytes(b"pict")
    found = small.verify()
    assert found.ok
    assert found.findings["kind"].tolist() == ["leftover"]
    with zipfile.ZipFile(small.export(tmp_path / "bag.zip")) as bag:
        assert not [name for name in bag.namelist() if name.endswith(".part")]


def test_a_dead_process_s_leftovers_are_removed_and_others_are_named(small):
    "With their size; among them what an earlier camkit left"
    names = [".picture.jpg.0a1b2c3d.camkit.part", ".new-x1y2"]
    (small.folder / names[0]).write_bytes(b"half")
    (small.folder / names[1]).mkdir()
    (small.folder / names[1] / "case.sqlite").write_bytes(bytes(2_500_000))
    found = small.verify()
    assert found.ok
    assert sorted(found.findings["path"]) == sorted(names)
    assert "2.5 MB that a write left behind" in repr(found)
    with Case(small.folder) as again:
        assert again.verify().findings["path"].tolist() == [names[1]]


@pytest.mark.not_quick
def test_nobody_else_can_read_a_case_its_report_or_its_bag(tmp_path):
    "Whatever the process' own setting is; the user's own folders stay as they are"
    code = """
import os
os.umask(0)
with Case(sys.argv[1] + "/cases/one") as case:
    case.add_events(made_up(1))
    case.add_snapshots([made_up_snapshot(0, b"a")])
    case.record_verdict(0, "match")
    case.report()
    case.report(sys.argv[1] + "/reports/report.html")
    case.export(sys.argv[1] + "/bags/case.zip")
    case.export_tables(sys.argv[1] + "/tables")
    for folder, folders, files in os.walk(sys.argv[1]):
        for name in folders + files:
            mode = os.stat(os.path.join(folder, name)).st_mode & 0o777
            print(name, mode == (0o700 if name in folders else 0o600))
"""
    tmp_path.chmod(0o755)
    worker = run(code, tmp_path)
    lines = worker.communicate()[0].splitlines()
    assert {"case.sqlite True", "case.sqlite-wal True", "case.sqlite-shm True", "case.zip True"} <= set(lines)
    assert len(lines) > 30
    assert [line for line in lines if not line.endswith(" True")] == []
    assert tmp_path.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("position", [0, 1000, -1])
def test_one_flipped_bit_is_found(case, seen, position):
    "Wherever in the image it is"
    review(case, seen)
    path = case.folder / case.table("images")["path"].iloc[0]
    content = bytearray(path.read_bytes())
    content[position] ^= 1
    path.write_bytes(content)
    assert case.verify().findings["kind"].tolist() == ["altered"]
    with pytest.raises(CaseError, match="its SHA-256 differs"):
        case.image(path.stem)


def test_an_image_that_is_not_in_the_case_cannot_be_read(small):
    "It says so"
    with pytest.raises(CaseError, match=r"The image '0+' is not in this case"):
        small.image("0" * 64)


def test_a_time_without_a_zone_is_never_written():
    "Not even where no table of events was checked"
    with pytest.raises(TimestampError, match="does not have a time zone"):
        utc_text(START.replace(tzinfo=None))


def test_an_image_whose_bytes_are_right_is_never_written_over(small):
    "Adding the same picture again leaves the file as it is"
    path = small.folder / small.table("images")["path"].iloc[0]
    before = path.stat()
    small.add_snapshots([made_up_snapshot(0, b"picture 0")])
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_row_that_points_to_nothing_is_found(small):
    "Somebody put it there without the checks"
    small.close()
    raw = sqlite3.connect(small.folder / "case.sqlite")
    raw.execute(
        "INSERT INTO choices VALUES (1, 77, 'none', '2026-01-01T00:00:00.000000Z', 'nobody', 'sqlite3')"
    )
    raw.commit()
    raw.close()
    with Case(small.folder) as again:
        assert again.verify().findings["kind"].tolist() == ["database", "database", "altered"]


def test_a_picture_keeps_the_moment_with_which_it_came(small):
    "Asked for again, with another request or none that says more, the first row stands; another moment is refused"
    first = made_up_snapshot(0, b"its only picture")
    small.add_snapshots([first])
    shown = small.events().loc[0]
    small.add_snapshots([frame(first, b"its only picture", 0.5), frame(first, b"its only picture", -3600)])
    assert small.events().loc[0].equals(shown)
    assert first.picture is not None
    moved = replace(first.picture, captured_at=first.picture.requested_at - timedelta(hours=3))
    with pytest.raises(InputError, match="is in this case as of no known time, and now as of 20"):
        small.add_snapshots([replace(first, picture=moved)])
    assert small.events().loc[0].equals(shown)
    assert small.verify().ok


@pytest.mark.parametrize("labels", [(2, "2"), ("2", 2)])
def test_two_labels_that_read_the_same_are_refused(tmp_path, labels):
    "A number and a text; in one call and in two"
    first, second = (
        at_doors(made_up_events(1).set_axis(pd.Index([label], dtype=object))) for label in labels
    )
    both = at_doors(made_up_events(2).set_axis(pd.Index(labels, dtype=object)))
    with Case(tmp_path / "case") as case:
        with pytest.raises(InputError, match="The label 2 is there twice, as a number and as text"):
            case.add_events(both)
        case.add_events(first)
        with pytest.raises(InputError, match="The label 2 is there twice"):
            case.add_events(second)
        assert case.events().index.tolist() == [labels[0]]


def test_a_directory_entry_that_came_after_the_verdict_says_so(small):
    "The reviewer saw another one; the same entry again, or a new verdict, and it is the one that was seen"
    seen = made_up_snapshot(0, b"picture")
    small.add_snapshots([seen])
    assert small.events()["entry_changed"][0] == 0
    small.record_verdict(0, "match")
    small.add_snapshots([frame(seen, b"later", 1)])
    assert small.events()["entry_changed"][0] == 0
    other = Cardholder("4711", "Bob Roe", photo=b"another face", photo_type="image/png")
    small.add_snapshots([replace(frame(seen, b"latest", 2), cardholder=other)])
    assert small.events().loc[0, ["name", "entry_changed"]].tolist() == ["Bob Roe", 1]
    small.record_verdict(0, "mismatch")
    assert small.events()["entry_changed"][0] == 0


# Reading


def test_every_table_has_its_types(case, seen):
    "Times are aware, seconds are numbers, labels stay numbers; also where a table is empty"
    for fill in (False, True):
        if fill:
            review(case, seen)
        events = case.table("events")
        assert events["event_time"].dtype == events["seen_at"].dtype == "datetime64[us, UTC]"
        assert events["offset_s"].dtype == "float64"
        assert events["event"].dtype == events["line"].dtype == "Int64"
        assert events["name"].dtype == "string"
        assert case.table("requests")["received_at"].dtype == "datetime64[us, UTC]"


def test_a_table_that_is_not_there_is_an_input_error(case):
    "It says which there are"
    with pytest.raises(InputError, match="it has about, events, snapshots"):
        case.table("suspects")


def test_tables_are_exported_for_spreadsheets_and_programs(tmp_path, case):
    "CSV runs no formula; Parquet gives the table back; labels may be numbers and text"
    case.add_events(at_doors(made_up_events(1).set_axis(["=1+1"])))
    case.add_events(at_doors(made_up_events(2, reader_id="=HYPERLINK()").iloc[1:]))
    written = case.export_tables(tmp_path / "tables")
    assert {path.suffix for path in written} == {".csv", ".parquet"}
    assert all(path.exists() for path in written)
    text = (tmp_path / "tables" / "events.csv").read_text("utf-8-sig")
    assert ",'=HYPERLINK()," in text
    assert "\n'=1+1," in text
    events = pd.read_parquet(tmp_path / "tables" / "events.parquet")
    assert events["event"].tolist() == ["=1+1", "1"]
    assert events["reader_id"].tolist() == ["R1", "=HYPERLINK()"]
    assert events["event_time"].dtype == "datetime64[us, UTC]"


def test_text_from_outside_is_never_markup(tmp_path):
    "In the notebook view of a case and of a verification"
    case = Case(tmp_path, name="<i>Theft</i>")
    case.add_events(at_doors(made_up_events(1).set_axis(["<b>1</b>"])))
    case.record_verdict("<b>1</b>", "unclear", "<script>alert(1)</script>\u202e")
    (case.folder / "images").mkdir()
    (case.folder / "images" / "<img>").touch()
    (case.folder / "images" / "\u202egpj").touch()
    html = case._repr_html_() + case.verify()._repr_html_()
    assert "&lt;script&gt;" in html
    assert "\u202e" not in html
    assert not re.search("<script|<b>1|<img|<i>", html)
    case.close()


def test_a_verdict_with_a_picture_of_another_event_adds_nothing(small):
    "Neither the verdict nor the choice"
    other = small.events()["sha256"][1]
    with pytest.raises(CaseError, match="has no picture"):
        small.record_verdict(0, "match", image=other)
    assert small.verdicts().empty
    assert small.table("choices").empty


def test_an_event_that_was_changed_behind_the_databases_back_is_found(small):
    "Dropping the trigger and editing a row does not get past verify()"
    with sqlite3.connect(small.folder / "case.sqlite") as connection:
        connection.execute("DROP TRIGGER events_no_update")
        connection.execute("UPDATE events SET cardholder_id = '1' WHERE event = 1")
    connection.close()
    assert not small.verify().ok
    assert "event 1 was changed" in " ".join(small.verify().problems())


def test_a_missing_guard_is_found(small):
    "Removing what keeps verdicts from being changed shows"
    small.record_verdict(0, "match")
    with sqlite3.connect(small.folder / "case.sqlite") as connection:
        connection.execute("DROP TRIGGER decisions_no_update")
        connection.execute("UPDATE decisions SET operator = 'forged'")
    connection.close()
    assert "decisions_no_update" in " ".join(small.verify().problems())


def test_an_image_outside_the_case_is_never_read(small, tmp_path):
    "A database from elsewhere cannot point verify() at other files"
    with sqlite3.connect(small.folder / "case.sqlite") as connection:
        connection.execute("DROP TRIGGER images_no_update")
        connection.execute("UPDATE images SET path = '../../etc/passwd' WHERE rowid = 1")
    connection.close()
    assert "outside the folder of images or documents" in " ".join(small.verify().problems())
    with pytest.raises(CaseError, match="not in its folder of images"):
        small.image(small.events()["sha256"][0])
