"""The demo world: its badge log, its story and its data files."""

from __future__ import annotations

import csv
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from camkit.demo.clock import START
from camkit.demo.een.devices import account
from camkit.demo.een.population import Answer
from camkit.demo.meraki.inventory import Inventory
from camkit.demo.world.badge_log import badge_log, badges_csv, doors_csv
from camkit.demo.world.doors import BY_CAMERA, BY_READER, DOORS, Camera
from camkit.demo.world.people import BY_ID, PEOPLE, STRANGER
from camkit.demo.world.story import FIRST_ROWS, STORY, UNKNOWN_BADGE
from camkit.demo.world.world import DEFAULT_SEED, World
from tests.conftest import ROOT

pytestmark = pytest.mark.not_quick

DATA = ROOT / "data"


@pytest.fixture(scope="module")
def world() -> World:
    return World()


def test_committed_files_are_up_to_date():
    "The files in data/ are byte for byte what the default world writes"
    assert (DATA / "sample_badges.csv").read_bytes().decode() == badges_csv(DEFAULT_SEED)
    assert (DATA / "doors.csv").read_bytes().decode() == doors_csv()


def test_write_data_writes_both_files_and_nothing_else(tmp_path):
    "--write-data writes exactly the two CSV files"
    command = [sys.executable, "-m", "camkit.demo", "--write-data", str(tmp_path)]
    subprocess.run(command, check=True, timeout=30)
    assert {path.name for path in tmp_path.iterdir()} == {"sample_badges.csv", "doors.csv"}
    assert (tmp_path / "sample_badges.csv").read_text(encoding="utf-8") == badges_csv(DEFAULT_SEED)


def test_the_four_published_events_come_first():
    "The log opens with the four published events, in their order"
    rows = list(csv.reader(badges_csv(DEFAULT_SEED).splitlines()))
    assert rows[0] == ["timestamp", "UserID", "reader_id", "outcome"]
    assert [row[:2] for row in rows[1:5]] == [
        ["2019-04-12T14:20:29-06:00", "85063715"],
        ["2019-04-12T11:40:33-06:00", "86543202"],
        ["2019-04-12T11:32:33-06:00", "86543201"],
        ["2019-04-12T11:33:36-06:00", "85063685"],
    ]
    assert {row[3] for row in rows[1:5]} == {"granted"}


def test_the_first_eight_rows_hold_the_story():
    "The rows that a notebook shows first contain matches and every kind of surprise"
    kinds = [event.kind for event in FIRST_ROWS]
    assert kinds.count("match") >= 3
    assert {"borrowed", "tailgating", "empty", "camera_off", "clock_offset"} <= set(kinds)
    assert any(BY_READER[event.reader_id].main.vendor == "een" for event in FIRST_ROWS)


def test_kinds_of_the_story_agree_with_who_is_seen():
    "The people who are really in the picture agree with the kind of each story event"
    for event in STORY:
        himself, others = event.cardholder_id in event.seen, set(event.seen) - {event.cardholder_id}
        expected = {
            "borrowed": (False, 1),
            "tailgating": (True, 1),
            "empty": (False, 0),
            "unknown_badge": (False, 1),
        }.get(event.kind, (True, 0))
        second_of_two = event.kind == "too_soon" and event.outcome == "denied"
        assert (himself, len(others)) == ((False, 1) if second_of_two else expected), event.sentence


def test_the_rest_is_newest_first_and_a_fortnight_long(world):
    "After the published events the log runs backwards from just before now to 29 March"
    times = [event.time for event in world.events[4:]]
    assert times == sorted(times, reverse=True)
    assert times[-1].date().isoformat() == "2019-03-29"
    assert 600 <= len(world.events) <= 800


def test_no_event_is_too_recent_for_a_camera(world):
    "No event is in the last three minutes, for which there is no video yet"
    assert max(event.time for event in world.events) <= START - timedelta(minutes=3)


def test_every_door_day_and_outcome_occurs(world):
    "The log has events at every door, on every day, granted and denied"
    assert {event.reader_id for event in world.events} == set(BY_READER)
    assert len({event.time.date() for event in world.events}) == 15
    assert {event.outcome for event in world.events} == {"granted", "denied"}


def test_only_the_unknown_badge_is_not_in_the_directory(world):
    "Exactly one badge has no cardholder"
    assert {event.cardholder_id for event in world.events} - set(BY_ID) == {UNKNOWN_BADGE}


def test_plain_events_show_their_cardholder(world):
    "An event that is not in the story shows the cardholder alone"
    story = {(event.timestamp, event.cardholder_id) for event in STORY}
    for event in world.events:
        if (event.time.isoformat(), event.cardholder_id) not in story:
            assert event.seen == (event.cardholder_id,)


def test_cameras_see_the_people_of_the_story(world):
    "At the time of each story event by its own clock, each of the door's cameras sees exactly the people of the story"
    for event in STORY:
        for camera in BY_READER[event.reader_id].cameras:
            moment = event.time - timedelta(seconds=camera.clock_offset_s)
            seen = [sighting.looks for sighting in world.people_at(camera.camera_id, moment)]
            expected = [BY_ID[who].looks if who in BY_ID else STRANGER for who in event.seen]
            assert seen == expected, (event.sentence, camera.view)


def test_the_readers_offset_matters(world):
    "At the laboratory reader's time nobody is there: its clock runs 47 seconds ahead"
    event = next(event for event in FIRST_ROWS if event.kind == "clock_offset")
    camera = BY_READER[event.reader_id].main
    assert camera.clock_offset_s == 47
    assert world.people_at(camera.camera_id, event.time) == []


def test_the_outside_camera_has_a_clock_of_its_own(world):
    "At the reader's time the entrance's outside camera sees nobody: its clock is 12 seconds behind"
    event = next(event for event in FIRST_ROWS if event.kind == "tailgating")
    inside, outside = BY_READER[event.reader_id].cameras
    assert (inside.view, inside.clock_offset_s) == ("inside", 0)
    assert (outside.view, outside.clock_offset_s) == ("outside", 12)
    assert len(world.people_at(inside.camera_id, event.time)) == 2
    assert world.people_at(outside.camera_id, event.time) == []


def test_the_outside_camera_sees_people_first(world):
    "Outside, a person comes into view two seconds earlier, and leaves it two seconds earlier"
    swipe = datetime(2019, 4, 12, 20, 20, 29, tzinfo=UTC)
    inside, outside = BY_READER["HQ-R1"].cameras

    def in_view(camera: Camera) -> list[int]:
        return [
            seconds
            for seconds in range(-8, 9)
            if world.people_at(camera.camera_id, swipe + timedelta(seconds=seconds - camera.clock_offset_s))
        ]

    assert in_view(inside) == list(range(-3, 6))
    assert in_view(outside) == list(range(-5, 4))


def test_people_come_and_go_around_a_swipe(world):
    "A person is in view from three seconds before to five seconds after, and moves"
    camera, swipe = "Q2GV-7K2M-D9HT", datetime(2019, 4, 12, 20, 20, 29, tzinfo=UTC)

    def progress(seconds: float) -> list[float]:
        return [seen.progress for seen in world.people_at(camera, swipe + timedelta(seconds=seconds))]

    assert progress(-3.5) == []
    assert progress(5.5) == []
    assert progress(-3) < progress(0) < progress(5)


def test_same_seed_same_world():
    "The seed determines the log"
    assert badge_log(7) == badge_log(7)
    assert badge_log(7) != badge_log(8)


def test_cardholders_are_distinct():
    "No two cardholders look the same, and numbers keep their leading zeros"
    assert len({person.looks for person in PEOPLE}) == len(PEOPLE)
    assert all(len(person.user_id) == 8 and person.user_id.isdecimal() for person in PEOPLE)
    assert "00071234" in BY_ID


def test_cameras_of_the_doors_exist():
    "The Eagle Eye door's camera is one of the account that answers; the others are in the Meraki organization"
    answering = {device.id for device in account(DEFAULT_SEED) if device.answer is Answer.PICTURE}
    assert {camera.camera_id for camera in BY_CAMERA.values() if camera.vendor == "een"} <= answering
    serials = {camera.camera_id for camera in BY_CAMERA.values() if camera.vendor == "meraki"}
    assert serials <= set(Inventory().by_serial)
    assert [len(door.cameras) for door in DOORS] == [2, 1, 1, 1, 1, 1]


def test_doors_file_lists_the_main_camera_first():
    "A door with two cameras has two rows, the main camera's first; a single camera has an empty view"
    rows = list(csv.DictReader(doors_csv().splitlines()))
    entrance = [(row["view"], row["camera_id"]) for row in rows if row["reader_id"] == "HQ-R1"]
    assert entrance == [("inside", "Q2GV-7K2M-D9HT"), ("outside", "Q2GV-4CDN-W7YK")]
    assert {row["view"] for row in rows if row["reader_id"] != "HQ-R1"} == {""}
