"""The review without its view: the queue, frames, decisions, and what the case makes of them."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from camkit.badges import Camera, DoorEvents
from camkit.cameras import Result, Snapshot
from camkit.case import Case, VerdictLabel
from camkit.errors import CaseError, InputError, OutputError
from camkit.review.html import other_notes_html, queue_name, status_html, view_names
from camkit.review.loading import FrameLoader, wanted
from camkit.review.state import ReviewState
from tests.support.cameras import TWO_VIEWS
from tests.support.cases import (
    CAMERA,
    DOOR,
    START,
    at_doors,
    frame,
    made_up,
    made_up_events,
    made_up_snapshot,
)


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    """An empty case."""
    with Case(tmp_path / "case", operator="R. Investigator") as case:
        yield case


def review(case: Case, events: DoorEvents) -> ReviewState:
    """The state of a review of these events, which are added to the case."""
    case.add_events(events)
    return ReviewState(events, case)


@pytest.fixture
def state(case: Case) -> ReviewState:
    """Three events under review; nothing has been fetched."""
    return review(case, made_up(3))


@pytest.fixture
def two_views(case: Case) -> ReviewState:
    """Three events under review at a door with two cameras; nothing has been fetched."""
    return review(case, at_doors(made_up_events(3), TWO_VIEWS))


def give(state: ReviewState, step_s: float = 0.0, content: bytes = b"seen", view: int = 0) -> Snapshot:
    """Let a frame of the event in front come."""
    event = state.current.event
    blank = made_up_snapshot(event.event_id, b"", door=event.door, camera=event.cameras[view])
    seen = frame(blank, content, step_s)
    state.keep(state.current, (view, step_s), seen)
    return seen


def lose(state: ReviewState, step_s: float, reason: str) -> None:
    """Let a frame of the event in front fail."""
    label = state.current.event.event_id
    lost = made_up_snapshot(label, b"", result=Result.NO_PICTURE, reason=reason, picture=None)
    state.keep(state.current, (0, step_s), lost)


def verdicts(case: Case) -> list[tuple[object, ...]]:
    """What the case has: event, verdict, note."""
    columns = case.verdicts()[["event", "verdict", "note"]].fillna({"note": ""})
    return list(columns.itertuples(index=False, name=None))


def test_the_events_are_reviewed_in_their_order(state):
    "As they are given"
    assert [item.event.event_id for item in state.queue] == [0, 1, 2]
    assert state.progress() == "0 of 3 reviewed"


def test_opening_a_review_writes_nothing(case):
    "The seal, which covers everything in the case, stays the same"
    events = made_up(3)
    case.add_events(events)
    before = case.seal()
    ReviewState(events, case)
    assert case.seal() == before


def test_events_that_are_not_in_the_case_are_refused(case):
    "The message says what to do"
    case.add_events(made_up(2))
    with pytest.raises(
        CaseError, match=r"event of 4711, R1, Mon .*07:02:00 UTC is not in the case: run the cell"
    ):
        ReviewState(made_up(3), case)


@pytest.mark.parametrize(
    "column", [{"cardholder_id": "0815"}, {"reader_id": None}, {"event_time": [START + timedelta(hours=1)]}]
)
def test_an_event_of_another_log_with_the_same_label_is_refused(case, column):
    "A verdict would be about somebody else"
    case.add_events(made_up(1))
    with pytest.raises(InputError, match="The case has another event in the place of"):
        ReviewState(made_up(1, **column), case)


def test_an_event_without_a_reader_is_the_same_event_again(case):
    "What is missing in the log is missing in the case"
    assert review(case, made_up(1, reader_id=None)).current.event.reader_id == ""


def test_no_events_are_refused(case):
    "There is nothing to review"
    with pytest.raises(InputError, match="No events are picked: pick some"):
        ReviewState(made_up(0), case)


def test_events_that_share_a_label_are_refused(case):
    "A verdict would be about both"
    with pytest.raises(InputError, match="Two of the events have the same number"):
        ReviewState(at_doors(made_up_events(2).set_axis([7, 7])), case)


def test_a_table_of_events_is_refused(case):
    "The message says how to resolve them"
    with pytest.raises(InputError, match=r"camkit\.resolve"):
        ReviewState(made_up_events(1), case)


def test_stepping_ends_at_both_ends(state):
    "Before the first event is the first, after the last the last"
    state.go(-1)
    assert state.position == 0
    state.go(3)
    assert state.position == 2


def test_frames_are_stepped_through_to_both_ends(state):
    "One starts at the event's own frame, and stays at the last and at the first"
    assert state.shown_key[1] == 0
    state.step(1)
    assert state.shown_key[1] == 5
    state.step(9)
    assert state.shown_key[1] == 10
    state.step(-9)
    assert state.shown_key[1] == -10


def test_the_event_itself_is_always_among_the_frames(case):
    "With any steps, in any order"
    case.add_events(made_up(1))
    assert ReviewState(made_up(1), case, steps_s=[3, -2]).steps_s == (-2, 0, 3)


def test_a_frame_that_is_not_offered_is_refused(state):
    "The message names the steps that are"
    with pytest.raises(InputError, match=r"Frames are at -10, -5, \+0, \+5, \+10 s, not at \+7 s"):
        state.show(7)


def test_a_verdict_counts(state, case):
    "It is in the case, and in the progress"
    give(state)
    state.decide("match", "Same face.")
    assert verdicts(case) == [(0, "match", "Same face.")]
    assert (state.current.verdict, state.progress()) == ("match", "1 of 3 reviewed")


def test_changing_ones_mind_keeps_both_verdicts(state, case):
    "With their times; the latest counts, and so does the latest note"
    give(state)
    state.decide("match")
    state.decide("mismatch", "Look at the ears.")
    assert verdicts(case) == [(0, "match", "Look at the ears."), (0, "mismatch", "Look at the ears.")]
    first, second = state.current.decisions
    assert first.decided_at < second.decided_at
    assert (state.current.verdict, state.progress()) == ("mismatch", "1 of 3 reviewed")


def test_a_verdict_that_is_none_is_refused(state, case):
    "Nothing is recorded, and no frame chosen"
    give(state)
    with pytest.raises(InputError, match="match, mismatch, several, nobody, unclear"):
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
    assert state.current.standing == (0, 5)


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
    "While the frame in view has not come, or has no picture, the verdict is about none, even if another frame has one"
    earlier = give(state, -10.0, b"somebody else")
    state.decide("unclear")
    state.show(-10)
    state.choose()
    lose(state, 5.0, "the camera was off")
    state.show(5)
    state.decide("unclear", "Too dark.")
    assert case.verdicts()["image"].isna().tolist() == [True]
    assert case.table("choices")["image"].tolist() == [earlier.sha256]


WITHOUT_A_PICTURE = {
    "match": "what is in a picture",
    "mismatch": "what is in a picture",
    "several": "what is in a picture",
    "nobody": "what is in a picture",
    "unclear": None,
    "no_picture": None,
}


@pytest.mark.parametrize(("verdict", "refusal"), WITHOUT_A_PICTURE.items())
def test_at_a_camera_that_was_off_nothing_is_said_of_who_is_in_the_picture(state, case, verdict, refusal):
    "There are only verdicts that need no picture; the refusal names them, and nothing is recorded"
    state.read_frames(state.current)
    lose(state, 0.0, "the camera was off")
    state.note_asked(state.current, 0)
    assert (refusal or "") in state.why_not(verdict)
    if refusal is None:
        state.decide(verdict)
        assert verdicts(case) == [(0, verdict, "")]
    else:
        with pytest.raises(InputError, match=f"{refusal}.*give Unclear or No picture"):
            state.decide(verdict)
        assert verdicts(case) == []
        assert (state.current.decisions, state.progress()) == ([], "0 of 3 reviewed")


def test_a_picture_that_has_not_come_is_neither_there_nor_missing(state):
    "Neither a verdict about it can be given, nor one that says that there is none; unclear can"
    assert "has not come yet" in state.why_not("match")
    assert "when every camera of the event has been asked" in state.why_not("no_picture")
    assert state.why_not("unclear") == ""


def test_no_picture_is_no_verdict_on_an_event_that_has_one(state, case):
    "Also in view of a frame that failed; nor where the picture's file was lost"
    seen = give(state, -5.0)
    lose(state, 0.0, "the camera was off")
    state.note_asked(state.current, 0)
    with pytest.raises(InputError, match="this one has some: look at its frames"):
        state.decide("no_picture")
    assert verdicts(case) == []
    image_file(case, b"seen").unlink()
    again = ReviewState(made_up(3), case)
    again.read_frames(again.current)
    again.note_asked(again.current, 0)
    assert not again.current.frames[0, -5].ok
    assert seen.sha256 in again.current.frames[0, -5].reason
    assert "is missing or altered" in again.why_not("no_picture")


def test_no_picture_waits_until_every_camera_was_asked(two_views):
    "One that is off says nothing of the other"
    two_views.read_frames(two_views.current)
    lose(two_views, 0.0, "off")
    two_views.note_asked(two_views.current, 0)
    assert "every camera" in two_views.why_not("no_picture")
    two_views.note_asked(two_views.current, 1, "The login was refused.")
    assert two_views.why_not("no_picture").endswith("and one could not be: The login was refused.")
    two_views.note_asked(two_views.current, 1)
    assert two_views.why_not("no_picture") == ""


def test_no_picture_waits_until_the_case_was_read(state, case):
    "It may have a picture of the event: a case that another process has locked does not say so"
    give(state, 0.0)
    again = ReviewState(made_up(3), case)
    with unusable(case):
        FrameLoader(again, {}, None, lambda: None)._load((again.current, 0))
    assert again.trouble
    assert f"and one could not be: {again.trouble}" in again.why_not("no_picture")
    again.ask_again()
    FrameLoader(again, {}, None, lambda: None)._load((again.current, 0))
    assert "this one has some" in again.why_not("no_picture")


def test_a_picture_that_contradicts_the_case_gives_way_to_the_reason(state):
    "Such as one that the case has from another moment; the others of the view go on"
    seen = give(state, 0.0)
    other = replace(seen.picture, captured_at=START + timedelta(seconds=77))
    state.keep(state.current, (0, 5.0), replace(seen, picture=other))
    failed = state.current.frames[0, 5.0]
    assert (failed.ok, failed.result, failed.picture) == (False, Result.FAILED, None)
    assert failed.reason and failed.reason.endswith(".")


def test_an_event_without_a_door_has_no_picture(case):
    "There is no camera to ask"
    state = review(case, made_up(1, reader_id="R9"))
    state.read_frames(state.current)
    state.decide("no_picture")
    assert verdicts(case) == [(0, "no_picture", "")]


DRILL = VerdictLabel("drill", "Fire drill", "everybody left by this door during the drill", "d", None)
TAILGATE = VerdictLabel("tailgate", "Tailgate", "somebody follows the holder", "g")


def test_an_organization_has_its_own_verdicts(tmp_path):
    "Instead of camkit's; whether one needs a picture is its own"
    with Case(tmp_path / "case", operator="R. Investigator", verdicts=[DRILL, TAILGATE]) as case:
        state = review(case, made_up(1))
        assert [*state.labels] == ["drill", "tailgate"]
        assert "has not come yet" in state.why_not("tailgate")
        state.decide("drill")
        assert verdicts(case) == [(0, "drill", "")]
        assert "Fire drill, you, " in status_html(state)


@pytest.mark.parametrize("key", ["c", "t", "v"])
def test_a_verdict_has_no_key_of_the_panels_own(key):
    "It is refused when it is made, before it can be in a case, where it would stay"
    with pytest.raises(InputError, match=f"key '{key}' of the verdict 'drill' does something else"):
        replace(DRILL, key=key)


def test_coming_back_shows_the_chosen_frame(state):
    "Not the one that was looked at last"
    give(state)
    give(state, -5.0, b"chosen")
    state.show(-5)
    state.choose()
    state.show(10)
    state.go(1)
    assert state.shown_key[1] == 0
    state.go(0)
    assert state.shown_key[1] == -5


def notes(case: Case) -> list[tuple[object, ...]]:
    """What the case has of notes: event, note, in the order given."""
    return list(case.table("notes")[["event", "note"]].itertuples(index=False, name=None))


def test_a_note_needs_no_verdict(state, case):
    "It is in the case at once, alone; another event has its own"
    state.write_note("A scarf hides the face.")
    assert (notes(case), verdicts(case)) == ([(0, "A scarf hides the face.")], [])
    state.go(1)
    assert state.current.note == ""
    state.go(0)
    assert state.current.note == "A scarf hides the face."
    assert ReviewState(made_up(3), case).current.note == "A scarf hides the face."


def test_a_note_is_about_the_event_that_it_was_typed_for(state, case):
    "Though another one is in front when it arrives; the same note again is not a new one"
    state.go(1)
    for _ in range(2):
        state.write_note_on(0, "Same coat.")
    assert notes(case) == [(0, "Same coat.")]
    assert (state.current.note, state.queue[0].note) == ("", "Same coat.")


def test_a_note_can_be_taken_away(state, case):
    "An empty one takes its place"
    state.write_note("A scarf.")
    state.write_note("")
    assert ReviewState(made_up(3), case).current.note == ""


def test_a_later_verdict_keeps_the_note(state, case):
    "Unless another one is written"
    give(state)
    state.decide("match", "Badge seen.")
    state.decide("unclear")
    assert verdicts(case)[-1] == (0, "unclear", "Badge seen.")


def test_a_note_adds_no_second_verdict(state, case):
    "Whether it comes before or after, on whatever frame is in view"
    seen = give(state)
    give(state, 5.0, b"later")
    state.write_note("Same coat?")
    state.decide("match")
    state.show(5)
    state.write_note("Same coat.")
    assert verdicts(case) == [(0, "match", "Same coat.")]
    assert case.verdicts()["image"].tolist() == [seen.sha256]
    assert case.events()["sha256"][0] == seen.sha256


def test_the_judged_picture_stands_though_the_main_camera_answers_later(two_views, case):
    "A picture that nobody judged does not take its place"
    outside = give(two_views, content=b"outside", view=1)
    two_views.show_view(1)
    two_views.decide("mismatch", "A stranger.")
    again = ReviewState(at_doors(made_up_events(3), TWO_VIEWS), case)
    again.go(0)
    again.read_frames(again.current)
    inside = give(again, content=b"inside")
    assert (again.shown_key, again.shown.sha256) == ((1, 0), outside.sha256)
    again.write_note("A stranger in a hat.")
    assert case.verdicts()["image"].tolist() == [outside.sha256]
    assert again.current.standing == (1, 0)
    again.show_view(0)
    again.choose()
    assert again.current.standing == (0, 0)
    assert again.shown == inside


def reopened_with(state: ReviewState, camera: Camera) -> ReviewState:
    """The review once the doors file has another camera; the first event in front, its frames read."""
    again = ReviewState(at_doors(made_up_events(3), replace(DOOR, cameras=(camera,))), state.case)
    again.go(0)
    again.read_frames(again.current)
    return again


def test_the_judged_picture_is_shown_at_its_own_step_after_a_corrected_clock(state):
    "One can step away from it, and back"
    seen = give(state)
    state.decide("match")
    again = reopened_with(state, replace(CAMERA, clock_offset_s=CAMERA.clock_offset_s + 3))
    assert (again.shown_key, again.shown.sha256) == ((0, 3), seen.sha256)
    again.step(1)
    assert again.shown_key == (0, 5)
    again.step(-2)
    assert again.shown_key == (0, 0)
    again.step(1)
    assert again.shown_key == (0, 3)
    assert again.current.missing(0, again.steps_s) == [0, -5, 5, -10, 10]


def test_the_judged_picture_of_a_camera_that_the_door_no_longer_has_is_shown(state):
    "As a view of its own, that is not asked again"
    seen = give(state)
    state.decide("match")
    again = reopened_with(state, replace(CAMERA, camera_id="Q2XX-0000-0009"))
    assert (again.shown_key, again.shown.sha256) == ((1, 0), seen.sha256)
    again.step(1)
    assert again.shown_key == (1, 0)
    assert again.current.missing(1, again.steps_s) == []
    assert [view for _, view in wanted(again, ahead=0)] == [0]
    again.show_view(0)
    again.show(10)
    again.next_view()
    assert again.shown_key == (1, 0)
    assert view_names(again.current) == ["Q2XX-0000-0009", "Q2XX-0000-0001 (former)"]


def test_the_judged_picture_of_an_event_that_lost_its_door_is_shown(state, case):
    "The event itself has no camera"
    seen = give(state)
    state.decide("match")
    again = ReviewState(at_doors(made_up_events(3), replace(DOOR, reader_id="R2")), case)
    again.go(0)
    again.read_frames(again.current)
    assert (again.shown_key, again.shown.sha256) == ((1, 0), seen.sha256)
    assert view_names(again.current) == ["no camera", "Q2XX-0000-0001 (former)"]


def test_of_two_pictures_of_one_moment_the_judged_one_is_shown(state):
    "Though another one came first"
    give(state, content=b"first")
    give(state, content=b"second")
    state.decide("match")
    assert recorded(state)[0].picture.content == b"second"


def test_a_judged_picture_that_is_gone_is_missed(state, case):
    "The panel says so"
    give(state)
    state.decide("match")
    assert "cannot be shown" not in status_html(state)
    image_file(case, b"seen").unlink()
    again = reopened_with(state, CAMERA)
    assert "The picture that stands for the event cannot be shown." in status_html(again)


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
    assert state.current.why_no_picture((0, -5)) == "off before"


def test_a_frame_that_failed_does_not_stand_for_the_event(state):
    "As long as none is chosen, it is the event's own"
    lose(state, -5.0, "off")
    assert state.shown_key[1] == 0


def test_the_event_in_front_is_wanted_first(state):
    "Then the next ones; the nearest frames first"
    assert [(item.event.event_id, view) for item, view in wanted(state, ahead=1)] == [(0, 0), (1, 0)]
    state.go(2)
    assert [item.event.event_id for item, _ in wanted(state, ahead=1)] == [2]
    assert state.current.missing(0, state.steps_s) == [0, -5, 5, -10, 10]


def test_main_views_are_wanted_before_other_views(two_views):
    "So going on is not slowed down; the view that one looks at comes before all"
    jobs = [(item.event.event_id, view) for item, view in wanted(two_views, ahead=1)]
    assert jobs == [(0, 0), (1, 0), (0, 1), (1, 1)]
    two_views.next_view()
    jobs = [(item.event.event_id, view) for item, view in wanted(two_views, ahead=1)]
    assert jobs == [(0, 1), (0, 0), (1, 0), (1, 1)]


def test_what_was_asked_for_is_wanted_again_only_on_demand(state):
    "A dead camera is not asked over and over"
    state.note_asked(state.current, 0, "refused")
    assert (state.current, 0) not in wanted(state, ahead=2)
    assert state.current.why_no_picture((0, 0)) == "refused"
    state.ask_again()
    assert (state.current, 0) in wanted(state, ahead=2)


def test_views_are_asked_for_one_by_one(two_views):
    "That one account refuses the login says nothing about the other"
    two_views.note_asked(two_views.current, 0, "refused")
    assert two_views.current.why_no_picture((1, 0)) is None
    assert [view for _, view in wanted(two_views, ahead=0)] == [1]


def test_an_event_without_a_door_says_why(case):
    "Before anything was asked"
    state = review(case, made_up(1, reader_id="R9"))
    assert state.current.why_no_picture((0, 0)) == "reader R9 is not in the doors table"


def test_views_are_stepped_through(two_views):
    "After the last comes the first; the moment stays, and the next event starts with its main view"
    two_views.show(5)
    two_views.next_view()
    assert two_views.shown_key == (1, 5)
    two_views.step(-1)
    assert two_views.shown_key == (1, 0)
    two_views.next_view()
    assert two_views.shown_key == (0, 0)
    two_views.show_view(1)
    two_views.go(1)
    assert two_views.shown_key == (0, 0)


def test_with_one_camera_the_next_view_is_the_same(state):
    "Its key does nothing"
    state.next_view()
    assert state.shown_key == (0, 0)


@pytest.mark.parametrize("view", [-1, 2])
def test_a_view_that_the_door_does_not_have_is_refused(two_views, view):
    "The message says how many there are"
    with pytest.raises(InputError, match=f"has 2 views, counted from 0; {view} is not"):
        two_views.show_view(view)


def test_a_verdict_on_another_view_is_about_its_picture(two_views, case):
    "It stands for the event, and one comes back to it, in a new process too"
    give(two_views, content=b"inside")
    outside = give(two_views, 5.0, b"outside", view=1)
    two_views.show_view(1)
    two_views.show(5)
    two_views.decide("match")
    assert case.verdicts()["image"].tolist() == [outside.sha256]
    assert case.events().loc[0, ["sha256", "view"]].tolist() == [outside.sha256, "outside"]
    two_views.go(1)
    two_views.go(0)
    assert (two_views.shown_key, two_views.shown) == ((1, 5), outside)
    again = ReviewState(at_doors(made_up_events(3), TWO_VIEWS), case)
    again.go(0)
    again.read_frames(again.current)
    assert again.shown_key == (1, 5)
    assert sorted(again.current.frames) == [(0, 0), (1, 5)]


def test_flags_come_from_the_case(case):
    "In words"
    flags = pd.DataFrame(
        {"repeated_swipe": [False, True], "repeated_swipe_event": [pd.NA, 0], "first": [True, True]}
    )
    case.add_events(made_up(2), flags=flags)
    state = ReviewState(made_up(2), case)
    assert [item.flags for item in state.queue] == [
        ["first"],
        ["the same cardholder at the same reader again, soon after", "first"],
    ]


def test_a_reopened_case_has_everything(state, case, tmp_path):
    "Verdicts, note and the chosen frame, in a new process's place"
    give(state)
    give(state, 5.0, b"chosen")
    state.show(5)
    state.decide("mismatch", "Not her.")
    case.close()
    with Case(tmp_path / "case", operator="R. Investigator") as reopened:
        again = ReviewState(made_up(3), reopened)
        assert again.position == 1  # the first that nobody has decided on
        again.go(0)
        again.read_frames(again.current)
        assert (again.current.verdict, again.current.note) == ("mismatch", "Not her.")
        assert again.shown_key == (0, 5)
        assert again.shown.picture.content == b"chosen"
        assert again.shown.cardholder == made_up_snapshot(0, b"").cardholder


class CountingCase(Case):
    """Counts how often a table of it is read."""

    reads = 0

    def table(self, name: str) -> pd.DataFrame:
        """The table, counted."""
        self.reads += 1
        return super().table(name)

    def decisions(self):
        """The decisions, counted."""
        self.reads += 1
        return super().decisions()


def test_a_verdict_reads_no_table(tmp_path):
    "What was recorded is known without reading all verdicts again"
    with CountingCase(tmp_path / "case") as case:
        state = review(case, made_up(3))
        give(state)
        before = case.reads
        state.decide("match")
        state.write_note("Same coat.")
        state.choose()
        assert case.reads == before
        assert state.current.decisions == case.decisions()[0]


def test_a_change_is_reported(state):
    "Of the event in front; what comes for another one changes nothing in view"
    reported = []
    state.on_change = lambda: reported.append(state.position)
    give(state)
    state.go(1)
    state.keep(state.queue[2], (0, 0.0), made_up_snapshot(2, b"two"))
    assert reported == [0, 1]


@pytest.mark.parametrize(
    "camera", [replace(CAMERA, clock_offset_s=47.0), replace(CAMERA, camera_id="Q2XX-0000-0009")]
)
def test_frames_of_another_clock_offset_or_camera_are_not_taken_for_these(state, case, camera):
    "Once the doors file says something else, they are other frames"
    give(state)
    corrected = ReviewState(at_doors(made_up_events(3), replace(DOOR, cameras=(camera,))), case)
    corrected.read_frames(corrected.current)
    assert corrected.current.frames == {}


def recorded(state: ReviewState) -> dict[float, Snapshot]:
    """What the case has of the event in front when it is opened again."""
    again = ReviewState(made_up(3), state.case)
    again.go(0)
    again.read_frames(again.current)
    return {step_s: seen for (_, step_s), seen in again.current.frames.items()}


def image_file(case: Case, content: bytes) -> Path:
    """Where the case keeps an image."""
    (found,) = (path for path in (case.folder / "images").glob("*/*") if path.read_bytes() == content)
    return found


def test_an_altered_image_is_not_shown(state, case):
    "It is not evidence any more, and the frame says so; the other frames are shown"
    give(state)
    give(state, 5.0, b"later")
    image_file(case, b"seen").write_bytes(b"forged")
    frames = recorded(state)
    assert (frames[0].ok, frames[5].ok) == (False, True)
    assert "is not what was stored" in frames[0].reason


def test_a_deleted_image_is_not_shown(state, case):
    "The reason is in its place; the other frames are shown"
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
    "The directory's entry says what happened to it"
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


def test_a_picture_whose_file_was_altered_is_whole_again_when_it_comes_again(state, case):
    "Only the true bytes have its hash, so they replace what is there; the next event comes"
    seen = give(state)
    image_file(case, b"seen").write_bytes(b"forged")
    give(state)
    assert state.shown.ok
    assert image_file(case, b"seen").read_bytes() == b"seen"
    assert state.shown.cardholder.photo == b"portrait"
    state.go(1)
    give(state, content=b"one")
    assert state.shown.ok
    state.go(0)
    (case.folder / case.table("images")["path"][0]).unlink()
    give(state)
    assert state.shown.sha256 == seen.sha256


def test_a_photo_whose_file_was_altered_is_whole_again_when_it_comes_again(state, case):
    "As a picture is"
    give(state)
    image_file(case, b"portrait").write_bytes(b"forged")
    give(state, 5.0, b"later")
    state.show(5)
    assert state.shown.ok
    assert state.shown.cardholder.photo == b"portrait"
    assert image_file(case, b"portrait").read_bytes() == b"portrait"
    assert case.table("snapshots")["image"].tolist()[-1] == state.shown.sha256


def test_a_slip_is_taken_back(state, case):
    "Within seconds it counts nowhere, and the picture that it chose is as before; the note stays"
    give(state)
    wrong = give(state, 5.0, b"wrong")
    state.show(5)
    state.write_note("Hm.")
    state.decide("mismatch")
    assert "Mismatch</bdi> recorded. Backspace takes it back." in status_html(state)
    assert case.events()["sha256"][0] == wrong.sha256
    state.take_back()
    assert (verdicts(case), state.progress()) == ([], "0 of 3 reviewed")
    assert (state.current.own, state.current.chosen, state.current.note) == (None, None, "Hm.")
    assert "recorded" not in status_html(state)


def test_a_slip_is_taken_back_after_going_on(state, case):
    "Its event is in front again, with the verdict before it"
    give(state)
    state.decide("match")
    state.decide("mismatch")
    state.go(1)
    assert "07:00:00 UTC, Ann Li</bdi> recorded. Backspace takes it back." in status_html(state)
    state.take_back()
    assert (state.position, state.current.verdict, verdicts(case)) == (0, "match", [(0, "match", "")])


def decided_long_ago(state: ReviewState) -> None:
    """Let the verdicts of the event in front be six seconds old, as far as the panel knows."""
    item = state.current
    item.decisions = [
        replace(given, decided_at=given.decided_at - timedelta(seconds=6)) for given in item.decisions
    ]


def test_an_old_verdict_is_not_offered_to_be_taken_back(state):
    "Nor one of an earlier run, nor the same one given again"
    with pytest.raises(InputError, match="No verdict was given just now"):
        state.take_back()
    give(state)
    state.decide("match")
    decided_long_ago(state)
    assert state.can_take_back is None
    assert "Backspace" not in status_html(state)


def test_a_verdict_given_twice_is_recorded_once_and_its_picture_stands_again(state, case):
    "After another frame was chosen, or judged by somebody else"
    seen = give(state)
    give(state, 5.0, b"later")
    state.decide("match")
    state.show(5)
    state.choose()
    state.show(0)
    state.decide("match")
    assert verdicts(case) == [(0, "match", "")]
    assert len(state.current.decisions) == 1
    assert case.events()["sha256"][0] == seen.sha256 == state.current.image
    assert state.current.outdated == []


def test_choosing_another_frame_asks_for_the_verdict_again(state, case):
    "The report shows a frame that nobody judged; so does a reopened review"
    give(state)
    give(state, 5.0, b"later")
    state.decide("match")
    assert state.current.outdated == []
    state.show(5)
    state.choose()
    ask = "Your verdict (<bdi>Match</bdi>) is about another picture than this ★ one. Please give your verdict again."
    assert ask in status_html(state)
    again = ReviewState(made_up(3), case)
    again.go(0)
    again.read_frames(again.current)
    assert ask in status_html(again)
    again.decide("mismatch")
    assert "another picture" not in status_html(again)


def test_a_picture_that_came_after_the_verdict_asks_for_it_again(state):
    "No picture, it said"
    state.read_frames(state.current)
    lose(state, 0.0, "off")
    state.note_asked(state.current, 0)
    state.decide("no_picture")
    assert "again" not in status_html(state)
    give(state)
    assert "Your verdict (<bdi>No picture</bdi>) is about no picture, and now there is one." in status_html(
        state
    )


@pytest.fixture
def colleague(state: ReviewState, tmp_path: Path) -> Iterator[Case]:
    """The same case, open for another operator."""
    with Case(tmp_path / "case", operator="B. Second") as other:
        yield other


def test_a_second_operator_sees_the_first_ones_verdict_before_deciding(state, colleague):
    "With name, time and note; the own note is empty"
    give(state)
    state.decide("match", "Same coat.")
    second = ReviewState(made_up(3), colleague)
    second.go(0)
    assert "Verdict: <b><bdi>Match, R. Investigator, 20" in status_html(second)
    assert (second.current.note, second.current.own) == ("", None)
    assert other_notes_html(second.current) == (
        "<div><b><bdi>R. Investigator</bdi>:</b> <bdi>Same coat.</bdi></div>"
    )
    assert second.progress() == "1 of 3 reviewed, 0 by you"


def test_operators_who_disagree_are_both_named(state, colleague, case):
    "Neither overrides the other: the event is disputed, in both reviews, the list of events and the progress"
    give(state)
    state.decide("match")
    second = ReviewState(made_up(3), colleague)
    second.go(0)
    second.read_frames(second.current)
    second.decide("mismatch", "Look at the ears.")
    assert case.events()["verdict"].tolist()[0] == second.current.verdict == "disputed"
    said = r"The reviewers disagree:</b> <bdi>Match, R\. Investigator, .*; <bdi>Mismatch, you, "
    assert re.search(said, status_html(second))
    assert second.progress() == "1 of 3 reviewed, 1 disputed"
    state.go(0)  # somebody else has decided meanwhile
    assert "The reviewers disagree:</b> <bdi>Match, you, " in status_html(state)
    assert "<bdi>B. Second</bdi>:</b> <bdi>Look at the ears.</bdi>" in other_notes_html(state.current)
    second.decide("match")
    assert "disagree" not in status_html(second)
    assert "(before: <bdi>Mismatch</bdi>)" in status_html(second)


def test_another_operators_frame_asks_for_the_verdict_again(state, colleague):
    "The first one's verdict was about another picture"
    give(state)
    give(state, 5.0, b"later")
    state.decide("match")
    second = ReviewState(made_up(3), colleague)
    second.go(0)
    second.read_frames(second.current)
    second.show(5)
    second.decide("match")
    assert "The verdict of <bdi>R. Investigator</bdi> (<bdi>Match</bdi>) is about another" in status_html(
        second
    )
    state.go(0)
    assert "Your verdict (<bdi>Match</bdi>) is about another picture" in status_html(state)


def test_a_second_operator_begins_where_nobody_has_decided_then_with_what_is_not_theirs(state, colleague):
    "A colleague who takes over goes on; a second reviewer of a finished case goes through all of it, and continues"
    state.decide("unclear")
    assert ReviewState(made_up(3), colleague).position == 1
    for place in (1, 2):
        state.go(place)
        state.decide("unclear")
    second = ReviewState(made_up(3), colleague)
    assert second.position == 0
    second.decide("unclear")
    assert ReviewState(made_up(3), colleague).position == 1
    assert ReviewState(made_up(3), state.case).position == 0


def test_an_event_is_left_out_with_a_reason_and_taken_in_again(state, case):
    "It is not a part of the progress, is marked in the list, and not in front when the case is opened again"
    state.exclude(" Picked by mistake. ")
    assert case.exclusions() == {0: "Picked by mistake."}
    assert state.progress() == "0 of 2 reviewed, 1 left out"
    assert queue_name(1, state.current, state.labels).startswith("1. left out · Main entrance · 2026-01-05")
    assert ReviewState(made_up(3), case).position == 1
    state.include()
    assert (case.exclusions(), state.progress()) == ({}, "0 of 3 reviewed")


@pytest.mark.parametrize("reason", ["", "  "])
def test_an_event_is_not_left_out_without_a_reason(state, case, reason):
    "The message says who reads it"
    with pytest.raises(InputError, match="Write why this event is left out: the report says"):
        state.exclude(reason)
    assert (case.exclusions(), state.current.excluded) == ({}, None)


@contextmanager
def unusable(case: Case) -> Iterator[None]:
    """Let the file of the case be something that this camkit cannot use, for a while."""
    path = case.folder / "case.sqlite"
    with closing(sqlite3.connect(path)) as other:
        (version,) = other.execute("PRAGMA user_version").fetchone()
        other.execute("PRAGMA user_version = 99")
        yield
        other.execute(f"PRAGMA user_version = {version}")


def test_what_another_undoes_is_seen_though_the_case_is_as_it_was_read_before(state, case):
    "What was recorded here counts as a change, also when somebody else brings the case back to what it said before"
    state.go(0)
    state.exclude("By mistake.")
    with Case(case.folder, operator="Somebody Else") as other:
        other.include(state.current.event)
    state.go(0)
    assert (state.current.excluded, state.progress()) == (None, "0 of 3 reviewed")


ACTIONS = {
    "a verdict": lambda state: state.decide("unclear"),
    "a note": lambda state: state.write_note("Same coat."),
    "a frame": lambda state: state.choose(),
    "leaving out": lambda state: state.exclude("By mistake."),
    "going on": lambda state: state.go(1),
    "taking back": lambda state: state.take_back(),
}


@pytest.mark.parametrize("action", ACTIONS.values(), ids=ACTIONS)
def test_what_the_case_does_not_take_does_not_count(state, case, action):
    "Whatever is tried; the progress says so, and counts again once the case can be used"
    give(state)
    state.decide("match")
    give(state, 5.0, b"later")
    state.show(5)
    before = list(state.current.decisions)
    with unusable(case), pytest.raises(CaseError):
        action(state)
    assert state.progress() == "The case cannot be used"
    assert state.queue[0].decisions == before
    assert state.queue[0].excluded is None
    state.go(0)
    assert (state.trouble, state.progress()) == ("", "1 of 3 reviewed")


@pytest.mark.parametrize("action", ACTIONS.values(), ids=ACTIONS)
def test_when_the_folder_vanishes_nothing_more_is_accepted(state, case, action):
    "A sync client or a colleague takes it away: no verdict counts that is not on the disk, until it is back"
    give(state)
    state.decide("match")
    give(state, 5.0, b"later")
    state.show(5)
    before = list(state.current.decisions)
    away = case.folder.rename(case.folder.with_name("away"))
    with pytest.raises((CaseError, OutputError)):
        action(state)
    assert (state.progress(), state.queue[0].decisions) == ("The case cannot be used", before)
    away.rename(case.folder)
    state.go(0)
    assert (state.trouble, state.progress()) == ("", "1 of 3 reviewed")
    assert case.verdicts()["verdict"].tolist() == ["match"]


def test_a_picture_that_the_case_cannot_take_is_no_picture_to_be_judged(state, case):
    "Though it came: it is not on the disk; the review says so without being asked"
    away = case.folder.rename(case.folder.with_name("away"))
    give(state)
    assert not state.shown.ok
    assert state.progress() == "The case cannot be used"
    assert "there is none in view" in state.why_not("match")
    away.rename(case.folder)
    give(state)
    state.decide("match")
    assert state.progress() == "1 of 3 reviewed"


def test_a_note_that_the_case_does_not_take_stays_as_typed(state, case):
    "It is saved as soon as the case takes it: with a verdict, or when one goes on"
    give(state)
    for then in (lambda: state.decide("match"), lambda: state.go(1)):
        with unusable(case), pytest.raises(CaseError):
            state.write_note(f"Same coat, {then}.")
        assert state.current.note == f"Same coat, {then}."
        assert "The note is not saved." in status_html(state)
        then()
        assert notes(case)[-1] == (0, f"Same coat, {then}.")
        assert "not saved" not in status_html(state)


def test_the_demo_sites_pictures_mark_the_review(state, case):
    "From the first one that comes, and when the case is opened again"
    assert not state.is_demo
    drawn = made_up_snapshot(0, b"drawn")
    state.keep(state.queue[0], (0, 0.0), replace(drawn, picture=replace(drawn.picture, is_demo=True)))
    assert state.is_demo
    assert ReviewState(made_up(3), case).is_demo
