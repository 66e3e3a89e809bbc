"""The client of Eagle Eye's API v3 against the demo site, and against services that answer badly."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

import camkit
from camkit import errors
from camkit.cameras import snapshots_for
from camkit.cameras.een import EagleEyeV3, Moment, TokensInMemory, usable_cameras
from camkit.cameras.een.devices import COLUMNS
from camkit.cameras.een.v3.formats import iso_time, parse_iso_time
from camkit.cameras.een.v3.tokens import Tokens
from camkit.http import Limits
from camkit.site import demo_site
from tests.support.scripted import scripted, send
from tests.support.scripted_een import drawn

DOOR = "1007b3c4"
AT = datetime(2019, 4, 12, 17, 33, 36, tzinfo=UTC)
QUICK = Limits(connect_s=1, read_s=2, deadline_s=5, attempts=2, backoff_s=0.01)


@pytest.fixture
def een(demo):
    with demo_site(demo.info, een_api="v3") as site:
        yield site.een


def answered(serve, **options):
    """A client of a service that the test scripts; it is logged in already."""
    server = scripted(serve)

    class Served:
        def __enter__(self) -> EagleEyeV3:
            running = server.__enter__()
            store = TokensInMemory()
            store.save(Tokens(SecretStr("bearer-canary"), None, 4e9, running.base))
            self.een = EagleEyeV3(
                "app", SecretStr("secret"), auth_url=running.base, store=store, limits=QUICK, **options
            )
            return self.een

        def __exit__(self, *error):
            self.een.close()
            server.__exit__(*error)

    return Served()


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


# Services that answer badly


@pytest.mark.parametrize(
    ("status", "body", "kind", "said"),
    [
        (
            400,
            {"code": 400, "status": "invalidArgument", "message": "Unexpected argument: x"},
            errors.BadResponse,
            "Unexpected argument: x",
        ),
        (
            403,
            {"message": "no", "details": [{"reason": "wrongEdition"}]},
            errors.AccessDenied,
            "no (wrongEdition)",
        ),
        (429, {"message": "slow down"}, errors.RateLimited, "slow down"),
        (500, {"status": "internal"}, errors.ServiceError, "internal"),
        (404, [], errors.NotFound, "not found"),
        (404, {"details": "x", "message": ["y"], "status": 7}, errors.NotFound, "not found"),
    ],
)
def test_errors_say_what_the_vendor_says(status, body, kind, said):
    "With and without details, and whatever else is in the body"

    def serve(handler, _):
        send(handler, status, json.dumps(body).encode(), Content_Type="application/json")

    with answered(serve) as een, pytest.raises(kind) as caught:
        een.devices()
    assert said in str(caught.value) and "bearer-canary" not in str(caught.value)


def test_a_missing_image_and_a_missing_camera_are_told_apart():
    "404 of a camera is a camera that the account does not have"

    def missing(resource):
        def serve(handler, _):
            detail = {"type": "resourceInfo", "resource": resource, "ids": [DOOR]}
            send(handler, 404, json.dumps({"message": "gone", "details": [detail]}).encode())

        return serve

    with (
        answered(missing("cameras")) as een,
        pytest.raises(errors.NotFound, match="no camera of this account"),
    ):
        een.frame_before(DOOR, AT)
    with answered(missing("media")) as een, pytest.raises(errors.NoPicture):
        een.frame_before(DOOR, AT)


@pytest.mark.parametrize("end", [{"nextPageToken": None}, {"nextPageToken": ""}, {}])
def test_a_list_ends_where_there_is_no_token(end):
    "Null, empty and absent alike; a short page is not the end"

    def serve(handler, _):
        is_last = "pageToken=2" in handler.path
        rows = [{"id": "10000001", "accountId": "1", "name": "a"}]
        page = {"results": rows, **(end if is_last else {"nextPageToken": "2"})}
        send(handler, 200, json.dumps(page).encode())

    with answered(serve) as een:
        assert len(een.devices()) == 4


def test_a_list_without_an_end_is_a_sentence():
    "A token that was there before would lead round and round"

    def serve(handler, _):
        send(handler, 200, b'{"results": [], "nextPageToken": "same"}')

    with answered(serve) as een, pytest.raises(errors.BadResponse, match="same page again and again"):
        een.devices()


def test_odd_devices_have_a_place_and_a_reason():
    "Nothing is dropped, nothing stops the list, and they are not asked"
    rows = [
        7,
        None,
        {"id": 5, "name": None},
        {"id": "10000001", "accountId": "1", "name": "good", "status": "x"},
    ]

    def serve(handler, _):
        found = rows if "/cameras" in handler.path else []
        send(handler, 200, json.dumps({"results": found}).encode())

    with answered(serve) as een:
        devices = een.devices()
    assert len(devices) == 4 and devices["row_problem"].notna().tolist() == [True, True, True, False]
    assert devices["connection_status"].isna().all()


@pytest.mark.parametrize(
    "time", [None, "", "yesterday", "2019-04-12T20:45:00", "0001-01-01T00:00:00+23:59", "9" * 50]
)
def test_an_image_without_a_time_is_not_a_frame(time):
    "It may be of any moment"

    def serve(handler, _):
        headers = {} if time is None else {"X_Een_Timestamp": time}
        send(handler, 200, drawn("x"), Content_Type="image/jpeg", **headers)

    with answered(serve) as een, pytest.raises(errors.BadResponse, match="time"):
        een.frame_before(DOOR, AT)


def test_times_are_written_with_an_offset_and_read_with_any():
    "The vendor refuses Z in requests and sends it in some answers"
    assert iso_time(AT) == "2019-04-12T17:33:36.000+00:00"
    for text in ("2019-04-12T17:33:36.000+00:00", "2019-04-12T17:33:36Z", "2019-04-12T11:33:36.0005-06:00"):
        assert parse_iso_time(text) == AT


def test_the_servers_clock_counts_and_not_this_machines():
    "A laptop that is a year off asks for the same frames"
    asked = []

    def serve(handler, _):
        asked.append(handler.path)
        at = "2031-05-01T10:00:00.000+00:00"
        handler.date_time_string = lambda *_: "Thu, 01 May 2031 10:00:00 GMT"
        send(
            handler,
            200,
            drawn("x"),
            Content_Type="image/jpeg",
            X_Een_Timestamp=at,
        )

    with answered(serve) as een:
        een.frame_before(DOOR, AT)
        een.receive_frame(DOOR, Moment.now(timedelta(seconds=2.1)))
    assert "timestamp__lte=2031-05-01T09%3A59%3A57.900%2B00%3A00" in asked[-1]


def test_the_bearer_goes_to_no_other_host():
    "Neither along a redirect nor into a message"

    def serve(handler, _):
        send(handler, 302, b"", Location="http://127.0.0.2:9/else")

    with answered(serve) as een, pytest.raises(errors.BadResponse, match="points to another site") as caught:
        een.devices()
    assert "bearer-canary" not in str(caught.value)
