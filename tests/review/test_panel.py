"""The review panel's view, driven as a browser would; and what it loads in the background."""

from __future__ import annotations

import gc
import re
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from html import unescape
from pathlib import Path
from typing import Any

import ipywidgets as ipw
import nbformat
import pandas as pd
import pytest
from nbclient import NotebookClient

from camkit.badges import Door, DoorEvents, load_doors, resolve
from camkit.cameras import Picture, SnapshotSource
from camkit.case import TAKEN_KEYS, VERDICTS, Case, VerdictLabel
from camkit.directory import Cardholder
from camkit.errors import InputError
from camkit.review.loading import AHEAD
from camkit.review.panel import DEMO, LISTED, USE_KEY, VIEW_KEY, ReviewPanel
from camkit.review.widgets import NOTE_KEY
from camkit.support.html import image_html
from tests.conftest import ROOT
from tests.review.test_state import unusable
from tests.support.cameras import (
    INSIDE,
    OUTSIDE,
    TWO_VIEWS,
    DeadCamera,
    LockedCamera,
    QuickCamera,
    SlowCamera,
    picture_at,
)
from tests.support.cases import DOOR, START, at_doors, made_up, made_up_events, made_up_snapshot, picked

WAIT_S = 20
EVIL = "<script>'\"alert(1)</script>"


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    """An empty case."""
    with Case(tmp_path / "case", operator="R. Investigator") as case:
        yield case


def open_panel(
    case: Case, events: DoorEvents, source: SnapshotSource | dict[str, SnapshotSource]
) -> ReviewPanel:
    """A panel of events that are added to the case, everything loaded."""
    case.add_events(events)
    panel = ReviewPanel(events, case, source)
    assert panel.wait(WAIT_S)
    return panel


@pytest.fixture
def panel(case: Case) -> Iterator[ReviewPanel]:
    """Three events, everything loaded."""
    panel = open_panel(case, made_up(3), QuickCamera())
    yield panel
    panel.close()


@pytest.fixture
def two_views(case: Case) -> Iterator[ReviewPanel]:
    """Three events at a door with two cameras, everything loaded."""
    panel = open_panel(case, at_doors(made_up_events(3), TWO_VIEWS), QuickCamera())
    yield panel
    panel.close()


class BrokenCamera(QuickCamera):
    """Fails with a defect for the first event."""

    def snapshot(self, camera_id: str, at: datetime) -> Picture:
        """The picture of a moment."""
        if abs((at - START).total_seconds()) <= 10:
            raise ValueError("no good")
        return super().snapshot(camera_id, at)


class Entries:
    """A directory that knows everybody by one name."""

    def lookup(self, cardholder_id: str) -> Cardholder:
        """The entry."""
        return Cardholder(cardholder_id, "Ann Li")


class DrawnCamera(QuickCamera):
    """Belongs to the demo site."""

    def snapshot(self, camera_id: str, at: datetime) -> Picture:
        """The picture of a moment, drawn."""
        return replace(super().snapshot(camera_id, at), is_demo=True)


def press(panel: ReviewPanel, key: str, **message: str) -> None:
    """Press a key in the panel, as the browser reports it; by default what it shows is what the kernel shows."""
    tell(panel.shortcuts, {"key": key, **message})


def in_a_browser(panel: ReviewPanel) -> None:
    """Show the panel, as the browser reports it."""
    tell(panel.shortcuts, {"shown": True})


def in_view(panel: ReviewPanel) -> str:
    """What is in view, as the picture says it to the browser."""
    (said,) = re.findall('data-in-view="([^"]*)"', panel.view.picture.value)
    return unescape(said)


def type_note(panel: ReviewPanel, note: str, event: int | None = None) -> None:
    """Type a note on an event, by default the one in front, and leave the field."""
    tell(panel.view.note, {"note": note, "event": panel.view.note.event if event is None else event})


def tell(widget: ipw.Widget, message: dict[str, Any]) -> None:
    """Send what the browser sends."""
    content = {"data": {"method": "custom", "content": message}}
    widget._handle_msg({"content": content, "buffers": []})


def widgets(widget: ipw.Widget) -> Iterator[ipw.Widget]:
    """A widget and all that is in it."""
    yield widget
    for child in getattr(widget, "children", ()):
        yield from widgets(child)


def all_html(panel: ReviewPanel) -> str:
    """Everything that a browser would take as markup."""
    return "".join(widget.value for widget in widgets(panel) if isinstance(widget, ipw.HTML))


def until(true: Any) -> None:
    """Wait until something is the case."""
    ends = time.monotonic() + WAIT_S
    while not true():
        assert time.monotonic() < ends
        time.sleep(0.005)


def verdicts(case: Case) -> list[tuple[object, ...]]:
    """What the case has: event, verdict, note."""
    columns = case.verdicts()[["event", "verdict", "note"]].fillna({"note": ""})
    return list(columns.itertuples(index=False, name=None))


def test_shows_the_first_event(panel):
    "Its picture, its facts, and how far the review is"
    assert 'alt="What Main entrance saw: event"' in panel.view.picture.value
    assert "07:00:00 UTC" in panel.view.facts.value
    assert "reader 2 s ahead of the camera, corrected" in panel.view.facts.value
    assert "R. Investigator: 0 of 3 reviewed" in panel.progress.value  # who decides is always in view
    assert [frame.button.description for frame in panel.view.strip] == [
        "10 s before", "5 s before", "★ event", "5 s after", "10 s after",
    ]  # fmt: skip


@pytest.mark.parametrize("label", VERDICTS, ids=lambda label: label.name)
def test_each_verdict_has_a_key_and_a_button(panel, case, label):
    "Both do the same, and the button says its key and its meaning; without a picture, other verdicts than with one"
    if label.needs_picture is False:
        case.add_events(made_up(4))
        panel = open_panel(case, made_up(4), {})
        panel.state.go(3)
        assert panel.wait(WAIT_S)
    number = panel.state.position
    press(panel, label.key)
    assert verdicts(case) == [(number, label.name, "")]
    press(panel, "Backspace")
    panel.verdicts[label.name].click()
    assert verdicts(case) == [(number, label.name, "")]
    assert panel.verdicts[label.name].description == f"{label.title} ({label.key.upper()})"
    assert panel.verdicts[label.name].tooltip == label.meaning.capitalize()
    panel.close()


def test_a_verdict_that_cannot_be_given_is_off_and_says_why(case):
    "On its button, and in the status line when its key is pressed; nothing is recorded"
    panel = open_panel(case, made_up(1), DeadCamera())
    assert {name for name, button in panel.verdicts.items() if not button.disabled} == {
        "unclear",
        "no_picture",
    }
    why = "Nobody there says what is in a picture, and there is none in view: look at another frame, or give Unclear or"
    assert why in panel.verdicts["nobody"].tooltip
    press(panel, "n")
    assert f'<div role="alert"><bdi>{why}' in panel.status.value
    assert verdicts(case) == []
    panel.load_or_stop.click()
    panel.close()


def test_a_picture_that_comes_turns_the_verdicts_about_it_on(case):
    "And the one that says that there is none off"
    camera = DeadCamera()
    panel = open_panel(case, made_up(1), camera)
    camera.repaired = True
    panel.load()
    assert panel.wait(WAIT_S)
    assert {name for name, button in panel.verdicts.items() if button.disabled} == {"no_picture"}
    panel.close()


@pytest.mark.parametrize("key", ["m", "c"])
def test_a_key_that_was_pressed_before_the_picture_changed_records_nothing(panel, case, key):
    "It was about the picture that the browser showed then"
    seen = in_view(panel)
    press(panel, "ArrowDown")
    press(panel, key, seen=seen)
    assert "What is in view changed just as you pressed" in panel.status.value
    assert verdicts(case) == []
    assert case.table("choices").empty
    press(panel, key, seen=in_view(panel))
    assert len(case.table("choices")) == 1


def test_everything_that_can_be_in_view_is_told_apart(two_views):
    "Event, camera, frame, and whether the picture has come"
    seen = [in_view(two_views)]
    for key in ("ArrowDown", "v", "ArrowRight", "ArrowUp"):
        press(two_views, key)
        seen.append(in_view(two_views))
    assert len(set(seen)) == len(seen)


def test_the_panels_own_keys_are_no_verdicts():
    "The case refuses them when a verdict is made"
    assert {USE_KEY, NOTE_KEY, VIEW_KEY} == set(TAKEN_KEYS)


def test_an_organization_has_its_own_verdicts(tmp_path):
    "Each with its button, key and meaning, as text"
    own = VerdictLabel("drill", EVIL, EVIL, "d", None)
    with Case(tmp_path / "own", operator="R. Investigator", verdicts=[own]) as case:
        panel = open_panel(case, made_up(1), QuickCamera())
        assert [*panel.verdicts] == ["drill"]
        press(panel, "d")
        assert verdicts(case) == [(0, "drill", "")]
        assert "<script" not in all_html(panel)
        panel.close()


def test_a_slip_is_taken_back_by_key(panel, case):
    "The line that says so goes away by itself; then the verdict stays, and the key says it"
    press(panel, "x")
    assert "Mismatch</bdi> recorded. Backspace takes it back." in panel.status.value
    press(panel, "Backspace")
    assert verdicts(case) == []
    assert panel.status.value == '<span role="status">No verdict yet.</span>'


@pytest.mark.slow
def test_a_verdict_stays_after_some_seconds(panel, case):
    "The offer to take it back goes away without a key or a click"
    press(panel, "x")
    assert "Backspace" in panel.status.value
    until(lambda: "Backspace" not in panel.status.value)
    press(panel, "Backspace")
    assert "after that it stays" in panel.status.value
    assert verdicts(case) == [(0, "mismatch", "")]


def test_the_verdict_is_seen(panel):
    "On its button, in words with its time, in the list of events and in the progress"
    press(panel, "m")
    press(panel, "x")
    assert [verdict for verdict, button in panel.verdicts.items() if "camkit-on" in button._dom_classes] == [
        "mismatch"
    ]
    assert "Verdict: <b><bdi>Mismatch, you, 20" in panel.status.value
    assert re.search(
        r'title="Match, you, \d{4}-[^"]*">\(before: <bdi>Match</bdi>\)<',
        panel.status.value,
    )
    assert (
        panel.queue.options[0] == "1. • Mismatch · Main entrance · 2026-01-05 07:00:00 UTC · 4711 · granted"
    )
    assert (
        repr(panel)
        == "ReviewPanel: 1 of 3 reviewed when this cell ran; run it again, the case keeps everything"
    )


def test_of_many_verdicts_the_last_are_named(panel):
    "The others are counted, so that the line stays short; the tooltip has all"
    for key in "mxun":
        press(panel, key)
    assert "(before: <bdi>Unclear, Mismatch</bdi> and 1 more)<" in panel.status.value
    assert "; Match, you, " in panel.status.value


def test_a_verdict_on_another_frame_says_that_it_stands_for_the_event(panel):
    "A slip while looking at an empty corridor is seen, and taken back by choosing"
    press(panel, "ArrowDown")
    assert "stands for the event" not in panel.status.value
    press(panel, "m")
    assert "The frame “5 s after” stands for the event." in panel.status.value
    press(panel, "ArrowUp")
    press(panel, "c")
    assert "The frame “5 s after” stands for the event." not in panel.status.value
    assert "is about another picture than this ★ one. Please give your verdict again." in panel.status.value
    press(panel, "m")
    assert "again" not in panel.status.value


def test_events_are_stepped_through(panel):
    "By key, by button, by picking one from the list, and by call"
    press(panel, "ArrowRight")
    assert (panel.state.position, panel.queue.index) == (1, 1)
    panel.forth.click()
    assert panel.queue.index == 2
    press(panel, "ArrowLeft")
    panel.back.click()
    assert panel.queue.index == 0
    panel.queue.index = 2
    assert panel.state.position == 2
    panel.previous()
    panel.next()
    assert panel.queue.index == 2


@pytest.fixture
def long_panel(case):
    "A panel of more events than its list names, from an empty case"
    events = made_up(2 * LISTED + 50)
    case.add_events(events)
    panel = ReviewPanel(events, case, {})
    yield panel
    panel.close()


def test_a_long_list_names_the_events_around_the_one_in_front(long_panel):
    "The others are in groups, so that each can be reached and the list stays small; a group leads to its first event"
    panel, options = long_panel, long_panel.queue.options
    assert len(options) == LISTED + 2
    assert options[LISTED - 1].startswith(f"{LISTED}. Main entrance")
    assert options[LISTED:] == ("Events 201 to 400 …", "Events 401 to 450 …")
    panel.queue.index = LISTED + 1
    assert panel.state.position == 2 * LISTED
    options = panel.queue.options
    assert options[:2] == ("Events 1 to 200 …", "Events 201 to 400 …")
    assert options[panel.queue.index].startswith("401. Main entrance")
    panel.queue.index = 4
    assert panel.state.position == 2 * LISTED + 2
    panel.queue.index = 0
    assert (panel.state.position, panel.queue.index) == (0, 0)


def test_going_over_the_end_of_what_is_listed_lists_the_next(long_panel):
    "In both directions, one by one, without asking for anything"
    long_panel.state.go(LISTED - 1)
    long_panel.next()
    assert long_panel.queue.options[long_panel.queue.index].startswith(f"{LISTED + 1}. ")
    long_panel.previous()
    assert long_panel.queue.options[long_panel.queue.index].startswith(f"{LISTED}. ")


def test_a_verdict_far_down_a_long_list_is_in_it_and_counted(long_panel, case):
    "Also one that somebody else gave, and one on an event of a group, as soon as it is listed"
    with Case(case.folder, operator="Somebody Else") as other:
        other.record_verdict(2 * LISTED, "no_picture", image=None)
        other.record_verdict(0, "no_picture", image=None)
        other.exclude(1, "Picked by mistake")
    long_panel.state.go(2 * LISTED)
    assert "401. • No picture · " in long_panel.queue.options[long_panel.queue.index]
    said = f"2 of {2 * LISTED + 49} reviewed, 0 by you, 1 left out"
    assert long_panel.state.progress() == said
    long_panel.state.go(0)
    assert long_panel.queue.options[0].startswith("1. • No picture · ")
    assert long_panel.queue.options[1].startswith("2. left out · ")


def test_each_event_has_its_own_picture(panel, case):
    "What is shown is the image of the case, byte by byte"
    seen = set()
    for digest in case.events()["sha256"]:
        shown = image_html(case.image(digest), "image/jpeg", "What Main entrance saw: event")
        assert shown in panel.view.picture.value
        seen.add(panel.view.picture.value)
        panel.next()
    assert len(seen) == 3


def test_frames_are_stepped_through_and_chosen(panel, case):
    "By key and by pressing one; the chosen one has the star"
    press(panel, "ArrowDown")
    assert "camkit-on" in panel.view.strip[3]._dom_classes
    assert "5 s after: 07:00:03" in panel.view.facts.value
    press(panel, "c")
    assert panel.view.strip[3].button.description == "★ 5 s after"
    panel.view.strip[0].button.click()
    assert 'alt="What Main entrance saw: 10 s before"' in panel.view.picture.value
    press(panel, "ArrowUp")
    panel.use.click()
    assert panel.view.strip[0].button.description == "★ 10 s before"
    assert len(case.table("choices")) == 2


def test_the_clock_of_the_camera_is_compared_with_the_readers(case):
    "An offset of 0 in the doors file is one; without a camera there is nothing to compare"
    door = replace(DOOR, cameras=(replace(INSIDE, clock_offset_s=0.0),))
    panel = open_panel(case, at_doors(made_up_events(2, reader_id=["R1", "R9"]), door), QuickCamera())
    assert "<dt>Clock</dt><dd>no offset</dd>" in panel.view.facts.value
    panel.next()
    assert "<dt>Clock</dt><dd>no camera</dd>" in panel.view.facts.value
    panel.close()


def test_a_verdict_moves_nothing(panel):
    "One stays at the event and at the frame; one key leads on"
    panel.next()
    press(panel, "ArrowDown")
    press(panel, "m")
    assert (panel.state.position, panel.state.shown_key) == (1, (0, 5))
    assert (panel.queue.index, "camkit-on" in panel.view.strip[3]._dom_classes) == (1, True)


def test_a_note_is_saved_without_a_verdict(panel, case):
    "As it comes from its field; an event without one has an empty field"
    type_note(panel, "A scarf hides the face.")
    assert case.notes() == {0: {"R. Investigator": "A scarf hides the face."}}
    assert (verdicts(case), panel.view.note.text) == ([], "A scarf hides the face.")
    panel.next()
    assert (panel.view.note.text, panel.view.note.event) == ("", 1)


def test_a_note_that_arrives_late_is_about_its_own_event(panel, case):
    "The kernel was busy, and another event is in front already"
    panel.next()
    type_note(panel, "A scarf hides the face.", event=0)
    assert case.notes() == {0: {"R. Investigator": "A scarf hides the face."}}
    assert panel.view.note.text == ""


def test_the_notes_of_others_are_beside_the_own(panel, case, tmp_path):
    "With their names, as text; the field has the own one"
    with Case(tmp_path / "case", operator=EVIL) as other:
        other.record_note(0, EVIL)
    assert panel.view.other_notes.layout.display == "none"
    panel.next()
    panel.previous()
    assert panel.view.other_notes.layout.display is None
    assert panel.view.other_notes.value.count("&lt;script&gt;") == 2
    assert panel.view.note.text == ""
    assert "<script" not in all_html(panel)


def test_an_event_is_left_out_by_hand(panel, case):
    "After a reason was given; it is marked in the list, and can be taken in again"
    assert panel.leave_out.children == (panel.leave_out.begin,)
    panel.leave_out.begin.click()
    panel.leave_out.confirm.click()
    assert "Write why this event is left out" in panel.status.value
    panel.leave_out.reason.value = EVIL
    panel.leave_out.confirm.click()
    assert case.exclusions() == {0: EVIL}
    assert panel.leave_out.children == (panel.leave_out.said, panel.leave_out.include)
    assert panel.queue.options[0].startswith("1. left out · ")
    assert "0 of 2 reviewed, 1 left out" in panel.progress.value
    assert "<script" not in all_html(panel)
    panel.next()
    assert panel.leave_out.children == (panel.leave_out.begin,)
    panel.previous()
    panel.leave_out.include.click()
    assert (case.exclusions(), panel.leave_out.children) == ({}, (panel.leave_out.begin,))


def test_a_reason_belongs_to_the_event_it_was_typed_for(panel, case):
    "Going on, or a second thought, leaves nothing out"
    panel.leave_out.begin.click()
    panel.leave_out.reason.value = "Picked by mistake."
    panel.next()
    panel.leave_out.begin.click()
    assert panel.leave_out.reason.value == ""
    panel.leave_out.cancel.click()
    assert panel.leave_out.children == (panel.leave_out.begin,)
    assert case.exclusions() == {}


def test_demo_is_marked(panel, case):
    "From the first drawn picture on; pictures of real cameras have no mark"
    assert panel.demo.layout.display == "none"
    panel.close()
    drawn = open_panel(case, made_up(3), DrawnCamera())
    assert (drawn.demo.layout.display, drawn.demo.value) == ("none", DEMO)
    drawn.close()
    case.add_events(made_up(4))
    drawn = open_panel(case, made_up(4), DrawnCamera())
    assert drawn.demo.layout.display is None
    drawn.close()


@pytest.mark.parametrize("camera", [QuickCamera(), DeadCamera(EVIL)], ids=["with a picture", "without one"])
def test_text_from_outside_is_text(case, camera):
    "From the log, the doors, the camera, the flags and the note"
    door = Door(DOOR.reader_id, EVIL, (INSIDE, replace(OUTSIDE, view=EVIL)))
    events = at_doors(made_up_events(1, cardholder_id=EVIL, outcome=EVIL), door)
    case.add_events(events, flags=pd.DataFrame({EVIL: [True]}))
    panel = open_panel(case, events, camera)
    press(panel, "v")
    panel.decide("unclear", EVIL)
    assert panel.view.note.text == EVIL  # a text field: the browser takes it as text
    for widget in (panel.view.picture, panel.view.entry, panel.view.facts, panel.flags):
        assert "&lt;script&gt;" in widget.value
    assert "<script" not in all_html(panel)
    panel.close()


def test_text_that_rearranges_is_shown_as_its_number(case):
    "A right-to-left override in a badge number does not turn the door and the verdict around"
    panel = open_panel(case, made_up(1, cardholder_id="\u202e123"), QuickCamera())
    assert "\u202e" not in all_html(panel)
    assert "<bdi>[U+202E]123</bdi>" in panel.view.entry.value
    assert "[U+202E]123" in panel.queue.options[0]
    panel.close()


def test_labels_show_text_that_rearranges_as_its_number(case):
    "In the list of events and of views"
    evil = "\u202e321"
    door = Door(evil, evil, (INSIDE, replace(OUTSIDE, view=evil)))
    panel = open_panel(case, at_doors(made_up_events(1, reader_id=evil, outcome=evil), door), QuickCamera())
    assert panel.views.options == ("inside", "[U+202E]321")
    assert panel.queue.options[0] == "1. [U+202E]321 · 2026-01-05 07:00:00 UTC · 4711 · [U+202E]321"
    assert "\u202e" not in "".join(map(str, (*panel.queue.options, *panel.views.options)))
    panel.close()


def test_a_problem_is_shown_until_the_next_action(panel):
    "What goes wrong in a callback has no cell to appear in"
    press(panel, "Backspace")
    assert panel.status.value.startswith('<div role="alert"><bdi>No verdict was given just now')
    press(panel, "ArrowRight")
    assert 'role="status"' in panel.status.value


@pytest.mark.parametrize("key", ["m", "u", "c", "Backspace", "ArrowRight", "ArrowDown", "v"])
def test_a_case_that_cannot_be_used_is_in_red_until_it_can(panel, case, key):
    "Whatever is pressed; what is typed stays, and no verdict counts"
    press(panel, "m")
    with unusable(case):
        type_note(panel, "Same coat.")
        press(panel, "x")
        press(panel, key)
        assert panel.status.value.startswith('<div role="alert"><bdi>')
        assert "was made by a newer camkit" in panel.status.value
        assert "The case cannot be used" in panel.progress.value
        assert panel.state.queue[0].note == "Same coat."
    assert [verdict for _, verdict, _ in verdicts(case)] == ["match"]
    press(panel, "ArrowLeft")
    assert 'role="status"' in panel.status.value
    assert "1 of 3 reviewed" in panel.progress.value
    assert case.notes() == {0: {"R. Investigator": "Same coat."}}


@pytest.mark.parametrize("what", [shutil.rmtree, lambda folder: (folder / "case.sqlite").unlink()])
def test_when_the_folder_is_deleted_the_panel_is_red_and_accepts_nothing(panel, case, what):
    "Whatever is pressed then; what is typed stays in its field"
    press(panel, "m")
    what(case.folder)
    type_note(panel, "Same coat.")
    for key in ("x", "ArrowDown", "ArrowRight", "m", "Backspace"):
        press(panel, key)
        assert panel.status.value.startswith('<div role="alert"><bdi>')
        assert "The case cannot be used" in panel.progress.value
    assert [item.verdict for item in panel.state.queue] == ["match", None, None]
    press(panel, "ArrowLeft")
    assert panel.view.note.text == "Same coat."


def test_an_unexpected_problem_is_shown_too(panel):
    "With its kind"
    panel.state.case = None
    press(panel, "m")
    assert "AttributeError: " in panel.status.value


def test_in_a_cell_a_problem_is_an_exception(panel):
    "Only callbacks show it in the panel"
    with pytest.raises(Exception, match="maybe"):
        panel.decide("maybe")


def test_a_dead_camera_says_so_and_can_be_decided(case):
    "The reason is where the picture would be, and is in the case"
    panel = open_panel(case, made_up(1), DeadCamera())
    assert "it is offline" in panel.view.picture.value
    assert panel.view.strip[2].button.description == "event: none"
    press(panel, "ArrowUp")
    assert "no picture at 06:59:53: it is offline" in panel.view.picture.value
    press(panel, "u")
    assert case.events()["result"].tolist() == ["no picture"]
    assert verdicts(case) == [(0, "unclear", "")]
    panel.close()


def test_a_repaired_camera_is_asked_again_on_demand(case):
    "By itself it is asked once"
    camera = DeadCamera()
    panel = open_panel(case, made_up(2), camera)
    camera.repaired = True
    panel.next()
    panel.previous()
    assert panel.wait(WAIT_S)
    assert len(camera.asked) == 10
    panel.load_or_stop.click()
    assert panel.wait(WAIT_S)
    assert 'alt="What Main entrance saw: event"' in panel.view.picture.value
    assert camera.closed == 2
    panel.close()


def test_a_refused_login_is_shown(case):
    "And asked again only on demand"
    panel = open_panel(case, made_up(1), LockedCamera())
    assert "The API key was not accepted." in panel.view.picture.value
    panel.close()


def test_a_defect_while_loading_is_shown_and_the_other_events_are_loaded(case):
    "In place of the picture, by its text"
    panel = open_panel(case, made_up(2), BrokenCamera())
    assert "no good" in panel.view.picture.value
    panel.next()
    assert 'alt="What Main entrance saw: event"' in panel.view.picture.value
    panel.close()


@pytest.mark.not_quick
def test_frames_come_from_the_demo_site(site, case):
    "Different pictures around one event from each camera of the door, with the directory's entry"
    doors = load_doors(ROOT / "data" / "doors.csv")
    events = resolve(picked().head(1), doors)
    case.add_events(events)
    panel = ReviewPanel(events, case, site.sources, directory=site.directory)
    assert panel.wait(WAIT_S)
    assert case.events()["pictures"].tolist() == [5 * len(events[0].cameras)]
    assert "Amara Okafor" in panel.view.entry.value
    panel.close()


def test_the_directory_is_asked_where_there_is_no_camera(case):
    "Whose badge it is can be said all the same"
    case.add_events(events := made_up(1, reader_id="R9"))
    panel = ReviewPanel(events, case, {}, directory=Entries())
    assert panel.wait(WAIT_S)
    assert "Ann Li" in panel.view.entry.value
    assert case.events()[["name", "result"]].to_numpy().tolist() == [["Ann Li", "no door"]]
    panel.close()


def test_an_event_without_a_door_says_so(case):
    "No camera is asked"
    camera = QuickCamera()
    panel = open_panel(case, made_up(1, reader_id="R9"), camera)
    assert "reader R9 is not in the doors table" in panel.view.picture.value
    assert [frame.button.description for frame in panel.view.strip][:3] == [
        "10 s before: none", "5 s before: none", "event: none",
    ]  # fmt: skip
    assert camera.asked == []
    assert case.table("snapshots").empty
    panel.close()


def test_the_next_events_are_loaded_ahead(case):
    "So many, and no more until one goes on"
    camera = QuickCamera()
    panel = open_panel(case, made_up(AHEAD + 3), camera)
    assert [len(item.frames) for item in panel.state.queue] == [5] * (AHEAD + 1) + [0, 0]
    panel.next()
    assert panel.wait(WAIT_S)
    assert len(panel.state.queue[AHEAD + 1].frames) == 5
    assert len(camera.asked) == 5 * (AHEAD + 2)
    panel.close()


def test_snapshots_of_the_case_are_not_fetched_again(case):
    "Only the frames before and after"
    camera, events = QuickCamera(), made_up(1)
    case.add_events(events)
    given = made_up_snapshot(0, picture_at(START))
    case.add_snapshots([given])
    panel = open_panel(case, events, camera)
    assert given.at not in camera.asked
    assert len(camera.asked) == 4
    panel.close()


def test_making_a_panel_writes_nothing_and_asks_nobody(case):
    "A browser that shows it does: then it loads, and a notebook that runs without one asks for nothing"
    events, camera = made_up(1), QuickCamera()
    case.add_events(events)
    before = case.seal()
    panel = ReviewPanel(events, case, camera)
    panel.next()
    assert not panel._loader.busy
    assert (case.seal(), camera.asked) == (before, [])
    assert "Not loaded" in panel.view.picture.value
    assert "application/vnd.jupyter.widget-view+json" in panel._repr_mimebundle_()
    assert not panel._loader.begun
    in_a_browser(panel)
    assert panel._loader.begun
    assert panel.wait(WAIT_S)
    assert len(camera.asked) == 5
    in_a_browser(panel)
    assert panel.wait(WAIT_S)
    assert len(camera.asked) == 5
    panel.close()


def test_a_stopped_panel_that_is_shown_again_stays_stopped(case):
    "It was stopped by hand"
    events, camera = made_up(1), DeadCamera()
    panel = open_panel(case, events, camera)
    panel.stop()
    in_a_browser(panel)
    assert not panel._loader.busy
    panel.close()


def test_each_view_has_its_own_frames_and_facts(two_views):
    "Picture, strip, clock and name are those of the camera in view; the moment stays"
    assert 'alt="What Main entrance saw: event, inside"' in two_views.view.picture.value
    assert "<dd>event: 06:59:58<br>" in two_views.view.facts.value
    thumbnails = [frame.picture.value for frame in two_views.view.strip]
    press(two_views, "ArrowDown")
    press(two_views, "v")
    assert 'alt="What Main entrance saw: 5 s after, outside"' in two_views.view.picture.value
    assert "reader 12 s ahead of the camera, corrected" in two_views.view.facts.value
    assert "<dd>5 s after: 06:59:53<br>" in two_views.view.facts.value
    assert not {frame.picture.value for frame in two_views.view.strip} & set(thumbnails)
    assert "camkit-on" in two_views.view.strip[3]._dom_classes
    assert [frame.button.description for frame in two_views.view.strip][2] == "event"  # the star is inside
    press(two_views, "v")
    assert two_views.view.strip[2].button.description == "★ event"


def test_the_view_is_chosen_by_key_or_by_hand(two_views):
    "The control says which one is in view, and the key"
    assert (two_views.views.options, two_views.views.index) == (("inside", "outside"), 0)
    assert (two_views.views.description, two_views.views.layout.display) == ("View (V)", None)
    press(two_views, "v")
    assert (two_views.views.index, two_views.state.shown_key) == (1, (1, 0))
    two_views.views.index = 0
    assert two_views.state.shown_key == (0, 0)
    two_views.views.index = 1
    two_views.next()
    assert (two_views.views.index, two_views.state.shown_key) == (0, (0, 0))


def test_with_one_camera_there_is_no_choice_of_views(panel):
    "Neither a control nor a name; the key does nothing"
    press(panel, "v")
    assert (panel.views.layout.display, panel.state.shown_key) == ("none", (0, 0))
    assert 'alt="What Main entrance saw: event"' in panel.view.picture.value


def test_a_verdict_on_another_view_stands_and_is_shown_again(two_views, case):
    "The panel says which view and frame, and opens there when one comes back"
    press(two_views, "v")
    press(two_views, "m")
    digest = two_views.state.current.frames[1, 0].sha256
    assert case.verdicts()["image"].tolist() == [digest]
    assert "The frame “event, <bdi>outside</bdi>” stands for the event." in two_views.status.value
    again = ReviewPanel(at_doors(made_up_events(3), TWO_VIEWS), case, {})
    again.state.go(0)
    assert again.wait(WAIT_S)
    assert again.views.index == 1
    name = "What Main entrance saw: event, outside"
    assert image_html(case.image(digest), "image/jpeg", name) in again.view.picture.value
    again.close()


def test_main_views_are_loaded_before_other_views(case):
    "Of all events that are loaded ahead"
    camera = QuickCamera()
    panel = open_panel(case, at_doors(made_up_events(AHEAD + 2), TWO_VIEWS), camera)
    half = 5 * (AHEAD + 1)
    assert set(camera.asked_of[:half]) == {INSIDE.camera_id}
    assert camera.asked_of[half:] == [OUTSIDE.camera_id] * half
    panel.close()


def test_a_dead_view_leaves_the_other(case):
    "Its reason is where its picture would be"
    door = replace(TWO_VIEWS, cameras=(INSIDE, replace(OUTSIDE, vendor="een")))
    panel = open_panel(case, at_doors(made_up_events(1), door), {"meraki": QuickCamera()})
    press(panel, "v")
    assert "no een account is connected" in panel.view.picture.value
    press(panel, "v")
    assert "<img" in panel.view.picture.value
    panel.close()


class CountingPanel(ReviewPanel):
    """Counts its drawings."""

    drawings = 0

    def _draw(self) -> None:
        """Draw, counted."""
        self.drawings += 1
        super()._draw()


@pytest.mark.parametrize("key", ["m", "c", "v", "ArrowDown", "ArrowRight"])
def test_each_change_is_drawn_once(case, key):
    "And what has not changed is not encoded again"
    case.add_events(made_up(2))
    panel = CountingPanel(made_up(2), case, QuickCamera())
    assert panel.wait(WAIT_S)
    before, picture = panel.drawings, panel.view.picture.value
    press(panel, key)
    assert panel.drawings == before + 1
    assert (panel.view.picture.value is picture) == (not key.startswith("Arrow"))
    panel.close()


def test_a_reopened_case_is_not_fetched_again(panel, case):
    "Pictures, verdict and note come from the case"
    press(panel, "ArrowDown")
    panel.decide("match", "Same hat.")
    shown = panel.view.picture.value
    again = ReviewPanel(made_up(3), case, {})
    assert again.state.position == 1  # the first that nobody has decided on
    again.state.go(0)
    assert again.wait(WAIT_S)
    assert again.view.picture.value == shown
    assert (again.view.note.text, repr(again)) == (
        "Same hat.",
        "ReviewPanel: 1 of 3 reviewed when this cell ran; run it again, the case keeps everything",
    )
    again.close()


def test_looking_at_a_case_without_sources_writes_nothing(case):
    "What a camera answered earlier stays; the panel says that its account is not connected"
    open_panel(case, made_up(1), DeadCamera()).close()
    before, asked = case.seal(), case.events()["reason"][0]
    panel = open_panel(case, made_up(1), {})
    assert "no meraki account is connected" in panel.view.picture.value
    assert (case.seal(), case.events()["reason"][0]) == (before, asked)
    panel.close()


@pytest.mark.parametrize(
    ("camera", "name"),
    [
        (replace(INSIDE, view="", clock_offset_s=5.0), "3 s after"),
        (OUTSIDE, f"event, {INSIDE.camera_id} (former)"),
    ],
    ids=["clock corrected", "camera replaced"],
)
def test_the_judged_picture_is_shown_after_the_doors_file_changed(panel, case, camera, name):
    "At its own step, or as a view of its own; the panel says what it is"
    press(panel, "m")
    shown = case.image(case.verdicts()["image"][0])
    again = ReviewPanel(at_doors(made_up_events(3), replace(DOOR, cameras=(camera,))), case, {})
    again.state.go(0)
    assert again.wait(WAIT_S)
    alt = f"What Main entrance saw: {name}"
    assert image_html(shown, "image/jpeg", alt) in again.view.picture.value
    assert " stands for the event." in again.status.value
    press(again, "ArrowDown")
    press(again, "v")
    again.close()


def test_a_frame_whose_file_is_missing_is_fetched_again(panel, case):
    "That one alone; all others come from the case"
    gone = panel.state.current.frames[0, 5].picture
    next((case.folder / "images").rglob(f"{gone.sha256}.jpg")).unlink()
    camera = QuickCamera()
    again = ReviewPanel(made_up(3), case, camera)
    assert again.wait(WAIT_S)
    assert camera.asked == [gone.requested_at]
    assert all(
        len(item.frames) == 5 and not item.missing(0, again.state.steps_s) for item in again.state.queue
    )
    assert case.verify().ok
    again.close()


def test_a_frame_whose_file_is_missing_says_so_where_no_camera_is_asked(panel, case):
    "Loading again changes nothing, and the other frames stay"
    digest = panel.state.current.frames[0, 0].sha256
    next((case.folder / "images").rglob(f"{digest}.jpg")).unlink()
    again = ReviewPanel(made_up(3), case, {})
    for _ in range(2):
        assert again.wait(WAIT_S)
        assert f"{digest}.jpg cannot be read" in again.view.picture.value
        assert sorted(step for (_, step), frame in again.state.current.frames.items() if frame.ok) == [
            -10,
            -5,
            5,
            10,
        ]
        again.load()
    again.close()


def test_a_panel_opens_though_a_picture_was_altered_in_the_case(panel, case):
    "It is asked for again, and its true bytes replace the others"
    frame = panel.state.current.frames[0, 0]
    next((case.folder / "images").rglob(f"{frame.sha256}.jpg")).write_bytes(b"forged")
    again = ReviewPanel(made_up(3), case, QuickCamera())
    assert again.wait(WAIT_S)
    assert "is not what was stored" not in again.view.picture.value
    assert case.verify().ok
    again.close()


def test_a_panel_that_was_never_made_leaves_quietly(case, monkeypatch):
    "The error that says why is the only one"
    stray = []
    monkeypatch.setattr(sys, "unraisablehook", stray.append)
    with pytest.raises(InputError, match="No events are picked"):
        ReviewPanel(made_up(0), case, QuickCamera())
    gc.collect()
    assert stray == []


def test_what_is_being_loaded_says_so(case):
    "From the first moment on, until it is there"
    case.add_events(made_up(2))
    panel = ReviewPanel(made_up(2), case, SlowCamera(quick=0))
    panel.load()
    assert "Loading …" in panel.view.picture.value
    assert panel.load_or_stop.description == "Stop loading"
    assert panel.view.strip[0].button.description == "10 s before: not loaded"
    panel.close()


def test_stop_ends_loading(case):
    "At once; what has come stays, and the rest comes on demand"
    camera = SlowCamera()
    case.add_events(made_up(1))
    panel = ReviewPanel(made_up(1), case, camera)
    panel.load()
    until(lambda: len(camera.asked) == 5)
    assert panel.load_or_stop.description == "Stop loading"
    panel.view.strip[0].button.click()
    assert "Loading …" in panel.view.picture.value
    panel.load_or_stop.click()
    assert panel.wait(WAIT_S)
    assert panel.load_or_stop.description == "Load again"
    assert "Not loaded: press Load again." in panel.view.picture.value
    assert list(panel.state.current.frames) == [(0, 0)]
    camera.hurry = True
    panel.next()
    assert panel.wait(WAIT_S)
    assert list(panel.state.current.frames) == [(0, 0)]
    panel.load_or_stop.click()
    assert panel.wait(WAIT_S)
    assert len(panel.state.current.frames) == 5
    assert len(camera.asked) == 9
    panel.close()


def test_closing_the_panel_ends_its_loading(case):
    "The case stays open"
    camera = SlowCamera()
    case.add_events(made_up(1))
    panel = ReviewPanel(made_up(1), case, camera)
    panel.load()
    until(lambda: len(camera.asked) == 5)
    panel.close()
    assert panel.wait(WAIT_S)
    assert case.events()["pictures"].tolist() == [1]


def test_every_control_has_a_name(panel):
    "A screen reader can say what each one is"
    for widget in widgets(panel):
        if isinstance(widget, ipw.Button | ipw.Dropdown | ipw.Text):
            assert widget.description


@pytest.mark.not_quick
def test_in_a_notebook_without_a_browser_it_is_one_output(request, tmp_path):
    "Run headless, it leaves a widget view with a text beside it, and can be driven by calls"
    cells = [
        "from camkit.case import Case\n"
        "from camkit.review.panel import ReviewPanel\n"
        "from tests.support.cameras import QuickCamera\n"
        "from tests.support.cases import made_up\n"
        f"case = Case({str(tmp_path / 'case')!r})\n"
        "case.add_events(made_up(2))\n"
        "panel = ReviewPanel(made_up(2), case, QuickCamera())\npanel",
        "panel.wait()",
        "panel.decide('match', note='Same face.')\npanel.next()\npanel.decide('nobody')\npanel",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    resources = {"metadata": {"path": request.config.rootpath}}
    NotebookClient(notebook, timeout=60, kernel_name="python3", resources=resources).execute()
    outputs = [output for cell in notebook.cells for output in cell["outputs"]]
    assert [output["data"]["text/plain"] for output in outputs] == [
        "ReviewPanel: 0 of 2 reviewed when this cell ran; run it again, the case keeps everything",
        "True",
        "ReviewPanel: 2 of 2 reviewed when this cell ran; run it again, the case keeps everything",
    ]
    assert "application/vnd.jupyter.widget-view+json" in outputs[0]["data"]
