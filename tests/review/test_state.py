"""The review without its view: the queue, frames, decisions, and what the case makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from camkit.badges.doors import load_doors
from camkit.cameras.snapshots import Outcome, Snapshot
from camkit.case import Case
from camkit.errors import InputError, TimestampError
from camkit.review.frames import RecordedFrames, fetch_frames
from camkit.review.state import ReviewState
from tests.conftest import ROOT
from tests.support.cameras import DOORS, Camera, DeadCamera
from tests.support.cases import DOOR, START, frame, made_up_events, made_up_snapshot, picked


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    """An empty case."""
    with Case(tmp_path / "case", operator="R. Investigator") as case:
        yield case


@pytest.fixture
def state(case: Case) -> ReviewState:
    """Three events under review; nothing has been fetched."""
    return ReviewState(made_up_events(3), DOORS, case)


def give(state: ReviewState, step_s: float = 0.0, content: bytes = b"seen") -> Snapshot:
    """Let a frame of the event in front come."""
    seen = frame(made_up_snapshot(state.current.event.event_id, b""), content, step_s)
    state.keep(state.current, step_s, seen)
    return seen


def lose(state: ReviewState, step_s: float, reason: str) -> None:
    """Let a frame of the event in front fail."""
    label = state.current.event.event_id
    lost = made_up_snapshot(label, b"", outcome=Outcome.NO_PICTURE, reason=reason, picture=None)
    state.keep(state.current, step_s, lost)


def verdicts(case: Case) -> list[tuple[object, ...]]:
    """What the case has: event, verdict, note."""
    return list(case.verdicts()[["event", "verdict", "note"]].itertuples(index=False, name=None))


def test_the_events_go_to_the_case_in_their_order(state, case):
    "What is reviewed is in the case, also before anything was decided"
    assert case.events().index.tolist() == [0, 1, 2]
    assert [item.event.event_id for item in state.queue] == [0, 1, 2]
    assert state.progress() == "0 of 3 reviewed"


def test_an_event_is_known_before_its_camera_was_asked(state):
    "Its door, and its time by both clocks"
    event = state.current.event
    assert (event.door, event.event_time) == (DOOR, START)
    assert event.at == START - timedelta(seconds=DOOR.clock_offset_s)


def test_no_events_are_refused(case):
    "There is nothing to review"
    with pytest.raises(InputError, match="no event to review"):
        ReviewState(made_up_events(0), DOORS, case)


def test_events_that_share_a_label_are_refused(case):
    "A verdict would be about both"
    with pytest.raises(InputError, match="share a label"):
        ReviewState(made_up_events(2).set_axis([7, 7]), DOORS, case)


def test_events_without_a_zone_are_refused(case):
    "A naive time is nobody's time"
    events = made_up_events(1)
    events["event_time"] = events["event_time"].dt.tz_localize(None)
    with pytest.raises(TimestampError):
        ReviewState(events, DOORS, case)


def test_stepping_ends_at_both_ends(state):
    "Before the first event is the first, after the last the last"
    state.go(-1)
    assert state.position == 0
    state.go(3)
    assert state.position == 2


def test_frames_are_stepped_through_to_both_ends(state):
    "One starts at the event's own frame, and stays at the last and at the first"
    assert state.shown_step == 0
    state.step(1)
    assert state.shown_step == 5
    state.step(9)
    assert state.shown_step == 10
    state.step(-9)
    assert state.shown_step == -10


def test_the_event_itself_is_always_among_the_frames(case):
    "Whatever steps are asked for, in whatever order"
    assert ReviewState(made_up_events(1), DOORS, case, steps_s=[3, -2]).steps_s == (-2, 0, 3)


def test_a_frame_that_is_not_offered_is_refused(state):
    "The message names those there are"
    with pytest.raises(InputError, match=r"no frame at \+7 s; there are those at -10, -5, \+0, \+5, \+10 s"):
        state.show(7)


def test_a_verdict_counts(state, case):
    "It is in the case, and in the progress"
    state.decide("match", "Same face.")
    assert verdicts(case) == [(0, "match", "Same face.")]
    assert (state.current.verdict, state.progress()) == ("match", "1 of 3 reviewed")


def test_changing_ones_mind_keeps_both_verdicts(state, case):
    "With their times; the latest counts"
    state.decide("match")
    state.decide("mismatch", "Look at the ears.")
    assert verdicts(case) == [(0, "match", ""), (0, "mismatch", "Look at the ears.")]
    first, second = state.current.decisions
    assert first.decided_at < second.decided_at
    assert (state.current.verdict, state.progress()) == ("mismatch", "1 of 3 reviewed")


def test_a_verdict_that_is_none_is_refused(state, case):
    "Nothing is recorded, and no frame chosen"
    give(state)
    with pytest.raises(InputError, match="match, mismatch, unclear, nobody"):
        state.decide("perhaps")
    assert verdicts(case) == []
    assert case.table("choices").empty


def test_a_verdict_is_about_the_frame_in_view(state, case):
    "That frame then stands for the event"
    give(state, 0.0, b"nobody yet")
    later = give(state, 5.0, b"there she is")
    state.show(5)
    state.decide("match")
    assert case.verdicts()["image"].tolist() == [later.sha256]
    assert case.events()["sha256"][0] == later.sha256
    assert state.current.chosen_step == 5


def test_a_frame_can_be_chosen_without_a_verdict(state, case):
    "Choosing it twice records it once"
    give(state)
    later = give(state, 5.0, b"better")
    state.show(5)
    state.choose()
    state.choose()
    assert case.table("choices")["image"].tolist() == [later.sha256]
    assert verdicts(case) == []


def test_a_frame_without_a_picture_cannot_be_chosen(state):
    "There is nothing that could stand for the event"
    with pytest.raises(InputError, match="no picture"):
        state.choose()


def test_an_event_without_a_picture_can_be_decided(state, case):
    "The verdict is about no image"
    state.decide("unclear", "The camera was off.")
    assert case.verdicts()["image"].isna().all()


def test_a_verdict_is_not_about_a_picture_that_is_not_in_view(state, case):
    "While the frame in view has not come, or has no picture, the verdict goes with none, whatever else is there"
    earlier = give(state, -10.0, b"somebody else")
    state.decide("nobody")
    lose(state, 5.0, "the camera was off")
    state.show(-10)
    state.choose()
    state.show(5)
    state.decide("unclear")
    assert case.verdicts()["image"].isna().tolist() == [True, True]
    assert case.table("choices")["image"].tolist() == [earlier.sha256]


def test_coming_back_shows_the_chosen_frame(state):
    "Not the one that was looked at last"
    give(state)
    give(state, -5.0, b"chosen")
    state.show(-5)
    state.choose()
    state.show(10)
    state.go(1)
    assert state.shown_step == 0
    state.go(0)
    assert state.shown_step == -5


def test_a_note_waits_for_the_verdict(state, case):
    "It survives looking at another event, and goes into the case with the verdict"
    state.write_note("A scarf hides the face.")
    state.go(1)
    assert state.current.note == ""
    state.go(0)
    assert (state.current.note, verdicts(case)) == ("A scarf hides the face.", [])
    state.decide("unclear")
    assert verdicts(case) == [(0, "unclear", "A scarf hides the face.")]
    assert state.current.draft is None


def test_a_later_verdict_keeps_the_note(state, case):
    "Unless another one is written"
    state.decide("match", "Badge seen.")
    state.decide("unclear")
    assert verdicts(case)[-1] == (0, "unclear", "Badge seen.")


def test_a_note_on_an_event_with_a_verdict_is_recorded_at_once(state, case):
    "With the same verdict on the same picture: it is not lost when nobody decides again"
    state.write_note("Same coat?")
    state.write_note("")
    assert state.current.draft is None
    seen = give(state)
    state.decide("match")
    state.write_note("Same coat.")
    assert (state.current.draft, state.current.note) == (None, "Same coat.")
    state.write_note("Same coat.")
    assert verdicts(case) == [(0, "match", ""), (0, "match", "Same coat.")]
    assert case.verdicts()["image"].tolist() == [seen.sha256] * 2


def test_a_note_on_a_verdict_without_a_picture_puts_none_beside_it(state, case):
    "One that came in the meantime was not what was looked at"
    state.decide("unclear")
    give(state)
    state.write_note("The camera was off.")
    assert verdicts(case)[-1] == (0, "unclear", "The camera was off.")
    assert case.verdicts()["image"].isna().all()


def test_what_has_come_is_in_the_case(state, case):
    "Each picture as it arrived"
    give(state)
    before = give(state, -5.0, b"five seconds before")
    assert case.table("snapshots")["step_s"].tolist() == [0, -5]
    assert case.image(before.sha256) == b"five seconds before"


def test_only_the_events_own_failure_is_recorded(state, case):
    "A neighbouring frame that could not be had is shown, and no row of the case"
    lose(state, -5.0, "off before")
    lose(state, 0.0, "off")
    assert case.table("snapshots")["reason"].tolist() == ["off"]
    assert state.current.why_no_picture(-5) == "off before"


def test_a_frame_that_failed_does_not_stand_for_the_event(state):
    "As long as none is chosen, it is the event's own"
    lose(state, -5.0, "off")
    assert state.shown_step == 0


def test_snapshots_fetched_before_are_taken(state, case):
    "Those of other events are left alone"
    state.take([made_up_snapshot(1, b"one"), made_up_snapshot(9, b"nine")])
    assert case.table("snapshots")["event"].tolist() == [1]
    assert state.queue[1].missing(state.steps_s) == [-5, 5, -10, 10]


def test_the_event_in_front_is_wanted_first(state):
    "Then the next ones; the nearest frames first"
    assert [item.event.event_id for item in state.wanted(ahead=1)] == [0, 1]
    state.go(2)
    assert [item.event.event_id for item in state.wanted(ahead=1)] == [2]
    assert state.current.missing(state.steps_s) == [0, -5, 5, -10, 10]


def test_what_was_asked_for_is_wanted_again_only_on_demand(state):
    "A dead camera is not asked over and over"
    state.asked(state.current, "refused")
    assert state.current not in state.wanted(ahead=2)
    assert state.current.why_no_picture(0) == "refused"
    state.ask_again()
    assert state.current in state.wanted(ahead=2)


def test_an_event_without_a_door_wants_nothing(case):
    "It says why"
    state = ReviewState(made_up_events(1, reader_id="R9"), DOORS, case)
    assert state.wanted(ahead=0) == []
    assert state.current.why_no_picture(0) == "reader R9 is not in the doors table"


def test_flags_are_given_in_words(case):
    "With the event they rest on"
    flags = pd.DataFrame(
        {"repeated_swipe": [False, True], "repeated_swipe_event": [pd.NA, 0], "first": [True, True]}
    )
    state = ReviewState(made_up_events(2), DOORS, case, flags=flags)
    assert [item.flags for item in state.queue] == [
        ["first"],
        ["the same cardholder at the same reader again, soon after (event 0)", "first"],
    ]


def test_a_reopened_case_has_everything(state, case, tmp_path):
    "Verdicts, note and the chosen frame, in a new process's place"
    give(state)
    give(state, 5.0, b"chosen")
    state.show(5)
    state.decide("mismatch", "Not her.")
    case.close()
    with Case(tmp_path / "case") as reopened:
        again = ReviewState(made_up_events(3), DOORS, reopened)
        assert again.position == 1  # the first that nobody has decided on
        again.go(0)
        RecordedFrames(reopened).find(
            again.current.event,
            again.steps_s,
            lambda step, seen: again.keep(again.current, step, seen, recorded=True),
        )
        assert (again.current.verdict, again.current.note) == ("mismatch", "Not her.")
        assert again.shown_step == 5
        assert again.shown.picture.content == b"chosen"
        assert again.shown.cardholder == made_up_snapshot(0, b"").cardholder


def test_a_change_is_told(state):
    "Of the event in front; what comes for another one changes nothing in view"
    told = []
    state.on_change = lambda: told.append(state.position)
    give(state)
    state.go(1)
    state.keep(state.queue[2], 0.0, made_up_snapshot(2, b"two"))
    assert told == [0, 1]


def test_frames_of_another_clock_offset_are_not_taken_for_these(state, case):
    "Once the doors file says another offset, the moments are other moments"
    give(state)
    corrected = ReviewState(made_up_events(3), DOORS.assign(clock_offset_s=47.0), case)
    found = []
    RecordedFrames(case).find(corrected.current.event, corrected.steps_s, lambda *seen: found.append(seen))
    assert found == []


def recorded(state: ReviewState) -> dict[float, Snapshot]:
    """What the case has of the event in front when it is opened again."""
    seen: dict[float, Snapshot] = {}
    RecordedFrames(state.case).find(state.current.event, state.steps_s, seen.__setitem__)
    return seen


def image_file(case: Case, content: bytes) -> Path:
    """Where the case keeps an image."""
    (found,) = (path for path in (case.folder / "images").glob("*/*") if path.read_bytes() == content)
    return found


def test_an_altered_image_is_not_shown(state, case):
    "It is no evidence any more, and that is said; the other frames are there"
    give(state)
    give(state, 5.0, b"later")
    image_file(case, b"seen").write_bytes(b"forged")
    frames = recorded(state)
    assert (frames[0].ok, frames[5].ok) == (False, True)
    assert "is not what was stored" in frames[0].reason


def test_a_deleted_image_is_not_shown(state, case):
    "The reason stands in its place; the other frames are there"
    give(state)
    give(state, 5.0, b"later")
    image_file(case, b"later").unlink()
    frames = recorded(state)
    assert (frames[0].ok, frames[5].ok) == (True, False)
    assert "cannot be read: No such file" in frames[5].reason


def test_of_two_pictures_of_one_moment_the_one_that_is_there_is_shown(state, case):
    "A camera may have given another one after the first was lost"
    give(state, content=b"first")
    give(state, content=b"second")
    image_file(case, b"first").unlink()
    assert recorded(state)[0].picture.content == b"second"


@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_bytes(b"forged")])
def test_a_photo_that_is_gone_or_altered_leaves_the_pictures(state, case, spoil):
    "The directory's entry says what became of it"
    give(state)
    spoil(image_file(case, b"portrait"))
    frame = recorded(state)[0]
    assert frame.ok
    assert (frame.cardholder.name, frame.cardholder.photo) == ("Ann Li", None)
    assert "Run verify() on the case" in frame.cardholder.note


def test_a_picture_that_comes_again_takes_the_place_of_a_deleted_one(state, case):
    "The case is whole again"
    seen = give(state)
    image_file(case, b"seen").unlink()
    give(state)
    assert state.shown.picture.content == b"seen"
    assert case.image(seen.sha256) == b"seen"
    assert case.verify().ok


def test_a_picture_whose_file_was_altered_is_not_taken(state, case):
    "Neither from a camera nor from those that were fetched before; the frame says why, the next event comes"
    seen = give(state)
    image_file(case, b"seen").write_bytes(b"forged")
    state.take([made_up_snapshot(0, b"seen"), made_up_snapshot(1, b"one")])
    assert not state.shown.ok
    assert "is not what was stored" in state.current.why_no_picture(0)
    assert state.shown.cardholder.photo == b"portrait"
    assert state.queue[1].frames[0].ok
    (case.folder / case.table("images")["path"][0]).unlink()
    give(state)
    assert state.shown.sha256 == seen.sha256


def test_a_picture_comes_without_a_photo_whose_file_was_altered(state, case):
    "Picture and reason are in the case"
    give(state)
    image_file(case, b"portrait").write_bytes(b"forged")
    give(state, 5.0, b"later")
    state.show(5)
    assert state.shown.ok
    assert state.shown.cardholder.photo is None
    assert "is not what was stored" in state.shown.cardholder.note
    assert case.table("snapshots")["image"].tolist()[-1] == state.shown.sha256


def test_frames_are_the_events_own_snapshots(state):
    "Only the moment of the picture differs"
    seen: dict[float, Snapshot] = {}
    camera, event = Camera(), state.current.event
    fetch_frames(event, [0.0, -5.0, 0.5], seen.__setitem__, camera, DOORS, None)
    assert list(seen) == [0, -5, 0.5]
    for step, snapshot in seen.items():
        assert (snapshot.event_id, snapshot.event_time, snapshot.at) == (0, event.event_time, event.at)
        assert snapshot.picture.requested_at == event.at + timedelta(seconds=step)


def test_a_frame_that_is_not_there_has_its_reason(state):
    "The moment in it is that of the frame"
    seen: dict[float, Snapshot] = {}
    fetch_frames(state.current.event, [-5.0], seen.__setitem__, DeadCamera(), DOORS, None)
    assert seen[-5].reason == f"Camera {DOOR.camera_id} gives no picture at 06:59:53: it is offline."


def test_frames_come_from_the_demo_site(site, case):
    "Five different pictures around one event, with the directory's entry"
    doors = load_doors(ROOT / "data" / "doors.csv")
    state = ReviewState(picked().head(1), doors, case)
    fetch_frames(
        state.current.event,
        state.current.missing(state.steps_s),
        lambda step, seen: state.keep(state.current, step, seen),
        site.sources,
        doors,
        site.directory,
    )
    assert case.events()["pictures"].tolist() == [5]
    assert state.current.cardholder.name == "Amara Okafor"
