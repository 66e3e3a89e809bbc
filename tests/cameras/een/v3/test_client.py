"""The client of Eagle Eye's API v3 against the demo site."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

import camkit
from camkit import errors
from camkit.cameras import snapshots_for
from camkit.cameras.een import Moment, usable_cameras
from camkit.cameras.een.devices import COLUMNS
from camkit.http import Limits
from camkit.site import demo_site

DOOR = "1007b3c4"
AT = datetime(2019, 4, 12, 17, 33, 36, tzinfo=UTC)
QUICK = Limits(connect_s=1, read_s=2, deadline_s=5, attempts=2, backoff_s=0.01)


@pytest.fixture
def een(demo):
    with demo_site(demo.info, een_api="v3") as site:
        yield site.een


def test_devices_have_the_columns_of_v1_and_what_v3_does_not_tell_is_missing(een):
    "The same dtypes, cameras and bridges; no status bits are made up"
    devices = een.devices()
    assert [*COLUMNS, "connection_status", "row_problem"] == list(devices.columns)
    assert devices["type"].value_counts().to_dict() == {"camera": 83, "bridge": 7}
    unknown = ["device_status", "service_status", "permissions", "is_unsupported", "video_status"]
    assert devices[unknown].isna().all(axis=None)
    assert devices["connection_status"].notna().all() and devices["row_problem"].isna().all()
    door = devices.loc[devices["id"] == DOOR].iloc[0]
    assert (door["name"], door["timezone"], door["account_id"]) == ("Loading dock", "US/Mountain", "00014750")


def test_v1_and_v3_say_the_same_of_the_same_devices(een, site):
    "Names, bridges, serial numbers and addresses of each device that both list"
    mine = een.devices().set_index("id")
    v1 = site.een.devices().set_index("id")
    known = v1.loc[mine.index]
    for name in ("name", "type", "guid", "timezone"):
        assert (mine[name] == known[name]).all(), name
    told = mine["serial_number"].dropna()
    assert len(told) and (told == known["serial_number"].loc[told.index]).all()
    cameras = mine.index[mine["type"] == "camera"]
    assert [mine.at[i, "bridges"][0][0] for i in cameras] == [known.at[i, "bridges"][0][0] for i in cameras]


def test_every_camera_of_v3_can_be_asked(een):
    "It does not say whether a camera is attached, which is not the same as not attached"
    cameras = usable_cameras(een.devices())
    assert cameras["usable"].sum() == 83
    assert set(cameras["reason"].dropna()) == {"not a camera (bridge)"}


def test_a_healthy_camera_is_online_by_its_word(een):
    "The same seed gives the same camera"
    devices = een.devices()
    camera_id = een.healthy_camera(devices, seed=3)
    assert devices.set_index("id").at[camera_id, "connection_status"] == "online"
    assert een.healthy_camera(devices, seed=3) == camera_id


def test_a_snapshot_is_the_frame_nearest_to_the_moment(een, site):
    "The same frame as by API v1, with the vendor's time of it"
    picture, by_v1 = een.snapshot(DOOR, AT), site.een.snapshot(DOOR, AT)
    assert (picture.captured_at, picture.sha256) == (by_v1.captured_at, by_v1.sha256)
    assert picture.vendor == "een" and picture.is_demo


def test_full_resolution_is_used_where_it_is_recorded(een):
    "Of the door's camera it is; of another one the preview is taken"
    preview = een.snapshot(DOOR, AT)
    een.full_resolution = True
    assert len(een.snapshot(DOOR, AT).content) > 2 * len(preview.content)
    other = een.devices().set_index("name").at["Lobby north", "id"]
    assert een.snapshot(other, AT).captured_at is not None


def test_a_moment_in_an_outage_has_no_picture(een):
    "The message says how far away the nearest frame is"
    with pytest.raises(errors.NoPicture, match=r"the nearest is \d+ s away"):
        een.snapshot(DOOR, datetime(2019, 4, 8, 18, 35, 13, tzinfo=UTC))


def test_twenty_previews_are_those_of_v1(een, site, tmp_path):
    "Four rounds of five, and byte for byte the same files"
    camera_id = een.healthy_camera(seed=7)
    run = camkit.download_previews(een, camera_id, out=tmp_path / "v3")
    by_v1 = camkit.download_previews(site.een, camera_id, out=tmp_path / "v1")
    assert run.complete and run.requests == 20
    assert run.frames[["time", "sha256"]].sort_values("time").to_numpy().tolist() == (
        by_v1.frames[["time", "sha256"]].sort_values("time").to_numpy().tolist()
    )


def test_a_run_begun_by_v1_goes_on_by_v3(een, site, tmp_path):
    "Files have the same names, and the frames between are found by the tokens"
    camera_id = een.healthy_camera(seed=7)
    camkit.download_previews(site.een, camera_id, count=5, out=tmp_path)
    run = camkit.download_previews(een, camera_id, count=8, out=tmp_path)
    assert run.complete and run.found_before == 5


def test_the_frame_before_one_is_asked_for_by_its_token(een, control):
    "With the token the frame is exact, without one the time is"
    newest = een.receive_frame(DOOR, Moment.now())
    assert newest.at <= datetime(2019, 4, 12, 20, 45, tzinfo=UTC) and newest.prev
    by_token = een.receive_frame(DOOR, Moment.before(newest.at, newest.prev))
    by_time = een.receive_frame(DOOR, Moment.before(newest.at))
    assert by_token.at == by_time.at < newest.at
    assert een.receive_frame(DOOR, Moment.now(timedelta(minutes=1))).at < newest.at


def test_silent_cameras_are_results_of_a_probe(een):
    "With the vendor's words and its reason"
    answers = camkit.probe_cameras(een)
    silent = answers.loc[~answers["answered"], "said"]
    assert len(answers) == 83 and len(silent) == 14
    assert set(silent) == {
        "The device is not available, try again later (deviceUnavailable)",
        "Resource not found (resourceNotFound)",
    }


def test_events_get_their_pictures(een, site):
    "Snapshots of picked events, the same as by API v1"
    log = camkit.load_badges("data/sample_badges.csv", timezone="America/Denver")
    doors = camkit.load_doors("data/doors.csv")
    events = camkit.resolve(log.events[log.events["reader_id"] == "HQ-R3"].head(3), doors)
    sources = {**site.sources, "een": een}
    by_v3 = snapshots_for(events, sources).to_frame()
    by_v1 = snapshots_for(events, site.sources).to_frame()
    assert by_v3["sha256"].tolist() == by_v1["sha256"].tolist() and by_v3["result"].eq("picture").all()
