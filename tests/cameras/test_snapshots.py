"""What the camera saw at each event: one snapshot per event, in order, picture or reason."""

from __future__ import annotations

import textwrap
from datetime import UTC, datetime, timedelta

import gevent
import pandas as pd
import pytest
from jupyter_client.manager import start_new_kernel
from pydantic import SecretStr

from camkit import Result, errors, load_badges, load_doors, resolve, snapshots_for
from camkit.cameras import Picture, SnapshotFetcher
from camkit.cameras.meraki import Meraki
from camkit.demo.world.story import FIRST_ROWS
from camkit.directory import Cardholder
from tests.conftest import ROOT

NOON = datetime(2019, 4, 12, 18, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def doors():
    return load_doors(ROOT / "data" / "doors.csv")


@pytest.fixture(scope="module")
def events():
    return load_badges(ROOT / "data" / "sample_badges.csv").events


class Source:
    """A vendor's client that answers at once, and remembers what it was asked."""

    vendor = "meraki"

    def __init__(self, failure: Exception | None = None, seconds: float = 0.0):
        self.asked: list[tuple[str, datetime]] = []
        self._failure = failure
        self._seconds = seconds
        self.most_at_once = self._now = 0

    def snapshot(self, camera_id: str, at: datetime) -> Picture:
        self.asked.append((camera_id, at))
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        gevent.sleep(self._seconds)
        self._now -= 1
        if self._failure is not None:
            raise self._failure
        return Picture("meraki", camera_id, b"jpeg", "0" * 64, at, at + timedelta(seconds=1.5))


def events_of(*readers: str | None, times: list | None = None) -> pd.DataFrame:
    when = pd.to_datetime(times or [NOON + timedelta(minutes=i) for i in range(len(readers))], utc=True)
    return pd.DataFrame({"event_time": when, "cardholder_id": "007", "reader_id": list(readers)})


def doors_of(*rows: tuple[str, str, str, float]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["reader_id", "vendor", "camera_id", "clock_offset_s"])
    return table.assign(door="Door " + table["reader_id"])


ONE_DOOR = doors_of(("R1", "meraki", "Q1", 0.0))


@pytest.mark.not_quick
def test_fetches_the_first_rows_of_the_story(site, events, doors):
    "Eight events at two vendors' cameras: seven pictures and one camera that is off, in the events' order"
    resolved = resolve(events.head(8), doors, timezone="America/Denver")
    found = snapshots_for(resolved, site.sources, directory=site.directory)
    assert [item.event for item in found] == [event for event in resolved for _ in event.cameras]
    main = [item for item in found if item.camera == item.event.door.main]
    assert [item.event.event_id for item in main] == list(events.index[:8])
    assert [item.ok for item in main] == [row.kind != "camera_off" for row in FIRST_ROWS]
    off = next(item for item in found if not item.ok)
    assert off.result is Result.NO_PICTURE and "offline" in off.reason
    assert all(item.cardholder.photo for item in found)
    assert len({item.sha256 for item in found if item.ok}) == len(found) - 1
    assert "<img" in found._repr_html_()
    een = next(item for item in found if item.camera.vendor == "een")
    assert abs(een.offset_s) < 2.0


def test_an_account_in_another_time_zone_than_the_log_is_said(site, events, doors):
    "Eagle Eye names its account's zone; the same clocks by another name, and a fixed offset, do not matter"
    at_the_dock = events[events["reader_id"] == "HQ-R3"].head(1)
    for zone, is_said in (("Europe/Berlin", True), ("America/Denver", False), ("UTC-06:00", False)):
        found = snapshots_for(resolve(at_the_dock, doors, timezone=zone), site.sources)
        said = [problem for problem in found[:1].problems() if "time zone" in problem]
        assert said == [
            "The account of the een cameras is in the time zone US/Mountain, and the badge log is read in "
            "Europe/Berlin: check in which one the doors are."
        ] * int(is_said)


def test_takes_the_readers_clock_into_account(site, events, doors):
    "A reader that runs 47 s ahead is asked for the moment 47 s before its time"
    row = events[events["reader_id"] == "HQ-R4"].head(1)
    found = snapshots_for(resolve(row, doors), site.sources)[0]
    assert found.event.event_time - found.at == timedelta(seconds=47)
    assert found.picture.requested_at == found.at


def test_keeps_the_order_whoever_is_ready_first():
    "Results are in the events' order, under their labels, and no more than `workers` are under way"
    source = Source(seconds=0.01)
    many = events_of(*["R1"] * 12).set_index(pd.Index([f"e{i}" for i in range(11, -1, -1)]))
    found = snapshots_for(resolve(many, ONE_DOOR), source, workers=3)
    assert [item.event.event_id for item in found] == list(many.index)
    assert source.most_at_once == 3


def test_gives_one_snapshot_for_every_event_with_the_reason_it_has_none():
    "No reader, an unknown one, no such vendor, no time, an id that is malformed: each is there and says why"
    table = doors_of(("R1", "meraki", "Q1", 0.0), ("R2", "een", "1007b3c4", 0.0))
    odd = events_of("R1", None, "R9", "R2", "R1", times=[NOON, NOON, NOON, NOON, None])
    found = snapshots_for(resolve(odd, table), Source())
    assert [(item.result, item.reason) for item in found] == [
        (Result.PICTURE, ""),
        (Result.NO_DOOR, "the event does not name a reader"),
        (Result.NO_DOOR, "reader R9 is not in the doors table"),
        (Result.NO_SOURCE, "camera 1007b3c4 is of vendor een, and no een account is connected"),
        (Result.NO_TIME, "the event has no time"),
    ]
    assert len(found.problems()) == 4
    assert repr(found) == "5 events: 2 x no door, 1 x picture, 1 x no source, 1 x no time"


def test_one_malformed_camera_id_costs_one_picture(site):
    "A mistyped id in the doors table is that event's result, not the end of all"
    table = doors_of(("R1", "een", "nonsense", 0.0), ("R2", "meraki", "Q2GV-7K2M-D9HT", 0.0))
    found = snapshots_for(resolve(events_of("R1", "R2"), table), site.sources)
    assert [item.result for item in found] == [Result.FAILED, Result.PICTURE]
    assert "eight hexadecimal digits" in found[0].reason


def test_no_events_give_no_snapshots(site, doors):
    "An empty selection is an empty result that can be shown and tabled"
    found = snapshots_for(resolve(events_of(), doors), site.sources)
    assert len(found) == 0
    assert repr(found) == "0 events: none"
    assert found.to_frame().empty and "result" in found.to_frame()
    assert found._repr_html_()


def test_asks_once_for_the_same_camera_and_moment():
    "Two swipes in one second share one picture; another second is another picture"
    source = Source(seconds=0.01)
    same = events_of("R1", "R1", "R1", times=[NOON, NOON, NOON + timedelta(seconds=1)])
    found = snapshots_for(resolve(same, ONE_DOOR), source)
    assert len(source.asked) == 2
    assert found[0].picture is found[1].picture


def test_the_very_same_picture_for_two_moments_is_said():
    "Where the vendor does not say when it was taken; a client that does may give one frame for two near moments"

    class Stuck(Source):
        def snapshot(self, camera_id, at):
            return Picture("meraki", camera_id, b"jpeg", "0" * 64, at, None)

    swipes = resolve(events_of("R1", "R1", "R1", times=[NOON, NOON, NOON + timedelta(minutes=9)]), ONE_DOOR)
    (said,) = snapshots_for(swipes, Stuck()).problems()
    assert "Camera Q1 gave the very same picture for 2 different moments" in said
    assert not snapshots_for(swipes, Source()).problems()


@pytest.mark.not_quick
@pytest.mark.parametrize(
    ("params", "repeated"),
    [({}, True), ({"at": "2019-04-12T18:00:00Z"}, True), ({"minutes": 10}, False)],
)
def test_a_vendor_that_gives_another_moment_is_found_out_by_the_bytes(site, control, params, repeated):
    "Always now, or always the same moment; ten minutes late cannot be known without reading the clock in the picture"
    control.faults({"route": "*/generateSnapshot", "kind": "another-moment", "params": params})
    door = doors_of(("R1", "meraki", "Q2GV-7K2M-D9HT", 0.0))
    found = snapshots_for(resolve(events_of("R1", "R1"), door), site.sources)
    assert all(item.ok for item in found)
    assert [said for said in found.problems() if "the very same picture for 2" in said] == found.problems()
    assert bool(found.problems()) == repeated


def test_a_refused_login_ends_it_at_once(demo, events, doors):
    "A wrong key is an exception, not a reason repeated on every event"
    wrong = Meraki(SecretStr("not-the-key"), base_url=demo.info["meraki"])
    with pytest.raises(errors.LoginRefused, match="MERAKI_DASHBOARD_API_KEY"):
        snapshots_for(resolve(events.head(8), doors), {"meraki": wrong})


@pytest.mark.parametrize(
    ("failure", "result"),
    [
        (errors.NoPicture("off"), Result.NO_PICTURE),
        (errors.NotFound("no such camera"), Result.FAILED),
        (errors.DeadlineExceeded("too late"), Result.FAILED),
    ],
)
def test_a_failing_camera_is_a_result(failure, result):
    "What the client raises is in the result, with its sentence"
    found = snapshots_for(resolve(events_of("R1", "R1"), ONE_DOOR), Source(failure))
    assert {(item.result, item.reason) for item in found} == {(result, str(failure))}


def test_a_defect_is_not_hidden_as_a_result():
    "An exception that is none of camkit's own comes out, and nothing goes on in the background"
    source = Source(ZeroDivisionError("a defect"), seconds=0.01)
    with pytest.raises(ZeroDivisionError):
        snapshots_for(resolve(events_of(*["R1"] * 20), ONE_DOOR), source, workers=2)
    asked = len(source.asked)
    gevent.sleep(0.05)
    assert len(source.asked) == asked <= 4


def test_tables_what_came_of_each_event():
    "One row per event, indexed like the events, with documented types"
    frame = snapshots_for(resolve(events_of("R1", "R9"), ONE_DOOR), Source()).to_frame()
    assert frame["offset_s"].tolist()[0] == 1.5
    assert frame["offset_s"].isna().tolist() == [False, True]
    assert str(frame["event_time"].dt.tz) == "UTC"
    assert frame["result"].tolist() == ["picture", "no door"]
    assert frame["outcome"].tolist() == ["", ""]


def test_a_slice_is_a_selection_of_its_own():
    "Snapshots are a sequence"
    found = snapshots_for(resolve(events_of("R1", "R9", "R1"), ONE_DOOR), Source())
    assert found[1:].problems() and len(found[:2]) == 2


TWO_CAMERAS = pd.DataFrame(
    [["R1", "Gate", "inside", "meraki", "Q1", 2.0], ["R1", "Gate", "outside", "meraki", "Q2", -3.0]],
    columns="reader_id door view vendor camera_id clock_offset_s".split(),
)


def test_asks_every_camera_of_a_door_by_its_own_clock():
    "One snapshot per event and camera, the main camera first, each at the moment by that camera's clock"
    source = Source()
    found = snapshots_for(resolve(events_of("R1", "R9"), TWO_CAMERAS), source)
    assert [item.camera.view if item.camera else None for item in found] == ["inside", "outside", None]
    assert [item.picture.requested_at - NOON for item in found[:2]] == [
        timedelta(seconds=-2),
        timedelta(seconds=3),
    ]
    assert repr(found) == "3 snapshots of 2 events: 2 x picture, 1 x no door"
    assert found.to_frame()["view"].fillna("").tolist() == ["inside", "outside", ""]


def test_shows_the_views_of_an_event_together():
    "The heading and the cardholder are there once, the pictures of all views beside each other"
    shown = snapshots_for(resolve(events_of("R1"), TWO_CAMERAS), Source())._repr_html_()
    assert shown.count("(<bdi>R1</bdi>)") == 1
    assert shown.count("<img") == 2
    assert "View: <bdi>inside</bdi>" in shown and "View: <bdi>outside</bdi>" in shown


def test_a_problem_names_the_view():
    "Where a door has several cameras, it matters which one has no picture"
    found = snapshots_for(resolve(events_of("R1"), TWO_CAMERAS), Source(errors.NoPicture("off")))
    assert found.problems() == [
        f"007, Gate, Fri 2019-04-12 18:00:00 UTC, view {view}: no picture: off"
        for view in ("inside", "outside")
    ]


def test_one_camera_may_stand_for_several_doors():
    "Two readers beside each other share a camera, and one moment of it is asked for once"
    source = Source()
    table = doors_of(("R1", "meraki", "Q1", 0.0), ("R2", "meraki", "Q1", 0.0))
    found = snapshots_for(resolve(events_of("R1", "R2", times=[NOON, NOON]), table), source)
    assert len(source.asked) == 1 and all(item.ok for item in found)


def test_fetches_a_frame_some_seconds_before():
    "A step is counted from the event, by the camera's clock"
    (event,) = resolve(events_of("R1"), TWO_CAMERAS)
    frame = SnapshotFetcher(Source()).fetch(event, event.cameras[1], -5.0)
    assert frame.picture.requested_at == NOON + timedelta(seconds=3 - 5)
    assert frame.at == NOON + timedelta(seconds=3)


def test_a_table_of_events_is_refused():
    "Events have to meet their doors first"
    with pytest.raises(errors.InputError, match=r"camkit\.resolve\(events, doors\)"):
        snapshots_for(events_of("R1"), Source())


@pytest.mark.parametrize("workers", [0, -1])
def test_needs_a_worker(workers):
    "No workers would wait for ever"
    with pytest.raises(errors.InputError, match="at least 1"):
        snapshots_for(resolve(events_of("R1"), ONE_DOOR), Source(), workers=workers)


def test_refuses_doors_that_cannot_be_used():
    "A missing column is an error before any request"
    with pytest.raises(errors.InputError, match="no column door"):
        snapshots_for(resolve(events_of("R1"), ONE_DOOR.drop(columns="door")), Source())


def test_shows_text_from_outside_as_text():
    "Markup in a reader, a door, a name or a reason does not become markup in the notebook"
    evil = "<script>alert(1)</script>"
    table = doors_of((evil, "meraki", evil, 1.0)).assign(door=evil)

    class Staff:
        def lookup(self, cardholder_id):
            return Cardholder(cardholder_id, name=evil, title=evil, department=evil, note=evil)

    for source in (Source(), Source(errors.NoPicture(evil))):
        found = snapshots_for(resolve(events_of(evil, evil + "2"), table), source, directory=Staff())
        assert "<script>" not in found._repr_html_()
        assert "&lt;script&gt;" in found._repr_html_()


def test_shows_text_that_rearranges_as_its_number():
    "A right-to-left override neither hides nor turns the text around it, also in what describes a picture"
    table = doors_of(("R\u202e1", "meraki", "Q\u202e1", 0.0))
    shown = snapshots_for(resolve(events_of("R\u202e1"), table), Source())._repr_html_()
    assert "(<bdi>R[U+202E]1</bdi>)" in shown and 'alt="What camera Q[U+202E]1 saw"' in shown
    assert "\u202e" not in shown


def test_looks_each_cardholder_up_once():
    "Many events of one badge lead to one look-up"
    asked = []

    class Staff:
        def lookup(self, cardholder_id):
            asked.append(cardholder_id)
            gevent.sleep(0.01)
            return Cardholder(cardholder_id, name="Ann Lee")

    found = snapshots_for(resolve(events_of(*["R1"] * 10), ONE_DOOR), Source(), directory=Staff())
    assert asked == ["007"]
    assert {item.cardholder.name for item in found} == {"Ann Lee"}


def test_a_vendor_that_cannot_be_reached_is_not_tried_on_and_on():
    "Two are asked at the same time and fail; the other events say the same without asking"
    asked = []

    class Gone:
        vendor = "meraki"

        def snapshot(self, camera_id, at):
            asked.append(at)
            raise errors.ServiceUnreachable("There is nobody.")

    when = pd.date_range("2019-04-12", periods=20, freq="min", tz="UTC")
    events = pd.DataFrame({"event_time": when, "cardholder_id": "1", "reader_id": "R"})
    doors = pd.DataFrame(
        [["R", "Door", "meraki", "Q1", 0.0]], columns="reader_id door vendor camera_id clock_offset_s".split()
    )
    found = snapshots_for(resolve(events, doors), Gone(), workers=2)
    assert {(str(item.result), item.reason) for item in found} == {("failed", "There is nobody.")}
    assert len(asked) <= 2


class Script:
    """A vendor's client that gives one result after the other: an exception, or a picture for None."""

    vendor = "meraki"

    def __init__(self, *results: Exception | None):
        self._results = list(results)

    def snapshot(self, camera_id: str, at: datetime) -> Picture:
        result = self._results.pop(0)
        if result is not None:
            raise result
        return Picture("meraki", camera_id, b"jpeg", "0" * 64, at, None)


def test_a_vendor_that_has_answered_is_asked_again():
    "An answer without a picture is an answer too: one lost connection after it costs one picture, not all"
    source = Script(errors.NoPicture("off"), errors.ServiceUnreachable("There is nobody."), None)
    found = snapshots_for(resolve(events_of("R1", "R1", "R1"), ONE_DOOR), source, workers=1)
    assert [item.result for item in found] == [Result.NO_PICTURE, Result.FAILED, Result.PICTURE]


def test_a_failure_is_not_asked_for_again():
    "The same camera and moment has the same result, without a second request"
    source = Source(errors.DeadlineExceeded("too late"))
    found = snapshots_for(resolve(events_of("R1", "R1", times=[NOON, NOON]), ONE_DOOR), source, workers=1)
    assert [item.reason for item in found] == ["too late", "too late"]
    assert len(source.asked) == 1


def test_a_request_that_was_stopped_is_made_by_who_waits_for_it():
    "Stopping one of two that want the same picture does not leave the other without it"
    source = Source(seconds=0.02)
    fetcher = SnapshotFetcher(source)
    (event,) = resolve(events_of("R1"), ONE_DOOR)
    first, second = (gevent.spawn(fetcher.fetch, event, event.cameras[0]) for _ in range(2))
    gevent.sleep(0.01)
    first.kill()
    assert second.get(timeout=5).ok
    assert len(source.asked) == 2


def test_every_event_with_an_incomplete_directory_entry_is_a_problem():
    "Also where two events have the same label; once for each event, whatever the number of its cameras"

    class Staff:
        def lookup(self, cardholder_id):
            return Cardholder(cardholder_id, note="not in the directory")

    twice = events_of("R1", "R1").assign(cardholder_id=["1", "2"]).set_index(pd.Index([5, 5]))
    found = snapshots_for(resolve(twice, TWO_CAMERAS), Source(), directory=Staff())
    assert found.problems() == [
        "1, Gate, Fri 2019-04-12 18:00:00 UTC: not in the directory.",
        "2, Gate, Fri 2019-04-12 18:01:00 UTC: not in the directory.",
    ]


INTERRUPTED = """
    import camkit, gevent
    from camkit.errors import NoPicture
    from tests.support.cameras import QuickCamera
    from tests.support.cases import made_up

    class Waiting(QuickCamera):
        "Gives eight of the first nine pictures, and lets those who ask for the next three wait"
        def snapshot(self, camera_id, at):
            picture = super().snapshot(camera_id, at)
            if len(self.asked) == 3:
                raise NoPicture("too recent")
            if len(self.asked) == 12:
                print("all wait", flush=True)
            if 10 <= len(self.asked) <= 12:
                gevent.sleep(1000)
            return picture

    camera, events = Waiting(), made_up(20)
"""


@pytest.mark.not_quick
def test_an_interrupted_cell_says_so_in_one_line_and_the_next_run_goes_on(request):
    "What had come is not fetched again, what had not is; a run after a whole one fetches all again"
    code = "\nsnapshots = camkit.snapshots_for(events, camera, workers=3)\nlen(snapshots), len(camera.asked)"
    manager, client = start_new_kernel(cwd=str(request.config.rootpath))
    try:
        assert reply(client, client.execute(textwrap.dedent(INTERRUPTED)))["status"] == "ok"
        stopped = client.execute(code, stop_on_error=False)  # else the kernel may drop what comes next
        assert wait_for(client, stopped, "all wait")
        manager.interrupt_kernel()
        error = reply(client, stopped)
        assert error["traceback"] == [
            "Interrupted: 8 pictures had come and are kept. Run the cell again: it fetches the others only."
        ]
        for asked in ("(20, 2", "(20, 4"):  # and those that were under way at the interrupt
            shown = client.execute(code)
            assert wait_for(client, shown, asked)
            assert reply(client, shown)["status"] == "ok"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_what_had_come_before_a_refused_login_is_not_fetched_again():
    "The next call goes on, as after an interrupt"

    class Refusing(Source):
        def snapshot(self, camera_id, at):
            self._failure = errors.LoginRefused("The login has ended.") if len(self.asked) == 5 else None
            return super().snapshot(camera_id, at)

    camera, events = Refusing(), resolve(events_of(*["R1"] * 8), ONE_DOOR)
    with pytest.raises(errors.LoginRefused):
        snapshots_for(events, camera, workers=1)
    assert all(snapshot.ok for snapshot in snapshots_for(events, camera, workers=1))
    assert len(camera.asked) == 9


def reply(client, cell: str) -> dict:
    while (message := client.get_shell_msg(timeout=30))["parent_header"]["msg_id"] != cell:
        pass  # while the kernel starts, others come
    return message["content"]


def wait_for(client, cell: str, text: str) -> bool:
    "Wait until a cell prints or shows a text"
    while (message := client.get_iopub_msg(timeout=30))["content"].get("execution_state") != "idle" or (
        message["parent_header"].get("msg_id") != cell
    ):
        content = message["content"]
        if text in content.get("text", "") or text in content.get("data", {}).get("text/plain", ""):
            return True
    return False
