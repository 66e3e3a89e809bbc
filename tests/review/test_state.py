"""The review without its view: the queue, frames, decisions, and what the case makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from camkit.badges import Camera, DoorEvents
from camkit.cameras import Result, Snapshot
from camkit.case import Case
from camkit.errors import CaseError, InputError
from camkit.review.html import verdicts_html, view_names
from camkit.review.loading import wanted
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
    return list(case.verdicts()[["event", "verdict", "note"]].itertuples(index=False, name=None))


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
    with pytest.raises(CaseError, match=r"Event 2 is not in the case. .* first: case.add_events\(events\)"):
        ReviewState(made_up(3), case)


@pytest.mark.parametrize(
    "column", [{"cardholder_id": "0815"}, {"reader_id": None}, {"event_time": [START + timedelta(hours=1)]}]
)
def test_an_event_of_another_log_with_the_same_label_is_refused(case, column):
    "A verdict would be about somebody else"
    case.add_events(made_up(1))
    with pytest.raises(InputError, match="Event 0 of the case is another event"):
        ReviewState(made_up(1, **column), case)


def test_an_event_without_a_reader_is_the_same_event_again(case):
    "What is missing in the log is missing in the case"
    assert review(case, made_up(1, reader_id=None)).current.event.reader_id == ""


def test_no_events_are_refused(case):
    "There is nothing to review"
    with pytest.raises(InputError, match="selection of events is empty"):
        ReviewState(made_up(0), case)


def test_events_that_share_a_label_are_refused(case):
    "A verdict would be about both"
    with pytest.raises(InputError, match="share a label"):
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
    assert state.shown_key[1] == 0
    state.go(0)
    assert state.shown_key[1] == -5


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


def test_a_note_after_reopening_is_about_the_judged_picture(state, case):
    "Not about none, and not about one that came in the meantime"
    seen = give(state)
    state.decide("match")
    again = ReviewState(made_up(3), case)
    again.go(0)
    again.read_frames(again.current)
    again.write_note("Same coat.")
    assert case.verdicts()["image"].tolist() == [seen.sha256] * 2
    later = give(again, 5.0, b"later")
    again.show(5)
    again.choose()
    assert again.current.image == later.sha256
    again.write_note("Same coat, same hat.")
    assert case.verdicts()["image"].tolist() == [seen.sha256] * 3
    assert case.events()["sha256"][0] == again.current.image == seen.sha256


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
    assert case.verdicts()["image"].tolist() == [outside.sha256] * 2
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
    assert "cannot be shown" not in verdicts_html(state.current)
    image_file(case, b"seen").unlink()
    again = reopened_with(state, CAMERA)
    assert "The picture that stands for the event cannot be shown." in verdicts_html(again.current)


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
    "In words, with the event that is the evidence"
    flags = pd.DataFrame(
        {"repeated_swipe": [False, True], "repeated_swipe_event": [pd.NA, 0], "first": [True, True]}
    )
    case.add_events(made_up(2), flags=flags)
    state = ReviewState(made_up(2), case)
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
