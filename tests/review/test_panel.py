"""The review panel's view, driven as a browser would; and what it loads in the background."""

from __future__ import annotations

import gc
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import ipywidgets as ipw
import nbformat
import pandas as pd
import pytest
from nbclient import NotebookClient

from camkit.badges import Door, DoorEvents, load_doors, resolve
from camkit.cameras import Picture, SnapshotSource
from camkit.case import Case
from camkit.directory import Cardholder
from camkit.errors import InputError
from camkit.review.loading import AHEAD
from camkit.review.panel import ReviewPanel
from camkit.support.html import image_html
from tests.conftest import ROOT
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


def press(panel: ReviewPanel, key: str) -> None:
    """Press a key in the panel, as the browser reports it."""
    content = {"data": {"method": "custom", "content": {"key": key}}}
    panel.shortcuts._handle_msg({"content": content, "buffers": []})


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
    return list(case.verdicts()[["event", "verdict", "note"]].itertuples(index=False, name=None))


def test_shows_the_first_event(panel):
    "Its picture, its facts, and how far the review is"
    assert 'alt="What Main entrance saw: event"' in panel.view.picture.value
    assert "07:00:00 UTC" in panel.view.facts.value
    assert "reader 2 s ahead of the camera, corrected" in panel.view.facts.value
    assert "0 of 3 reviewed" in panel.progress.value
    assert [frame.button.description for frame in panel.view.strip] == [
        "10 s before", "5 s before", "★ event", "5 s after", "10 s after",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("key", "verdict"), [("m", "match"), ("x", "mismatch"), ("u", "unclear"), ("n", "nobody")]
)
def test_each_verdict_has_a_key_and_a_button(panel, case, key, verdict):
    "Both do the same, and the button says its key"
    press(panel, key)
    panel.verdicts[verdict].click()
    assert verdicts(case) == [(0, verdict, ""), (0, verdict, "")]
    assert f"({key.upper()})" in panel.verdicts[verdict].description


def test_the_verdict_is_seen(panel):
    "On its button, in words with its time, in the list of events and in the progress"
    press(panel, "m")
    press(panel, "x")
    assert [verdict for verdict, button in panel.verdicts.items() if "camkit-on" in button._dom_classes] == [
        "mismatch"
    ]
    assert 'role="status">Verdict: <b>mismatch, ' in panel.status.value
    assert re.search(r'title="match, \d{4}-[^"]*">\(before: match\)<', panel.status.value)
    assert panel.queue.options[0].startswith("0: • mismatch · ")
    assert (
        repr(panel)
        == "ReviewPanel: 1 of 3 reviewed when this cell ran; run it again, the case keeps everything"
    )


def test_of_many_verdicts_the_last_are_named(panel):
    "The others are counted, so that the line stays short; the tooltip has all"
    for key in "mxun":
        press(panel, key)
    assert "(before: unclear, mismatch and 1 more)<" in panel.status.value
    assert "; match, " in panel.status.value


def test_a_verdict_on_another_frame_says_that_it_stands_for_the_event(panel):
    "A slip while looking at an empty corridor is seen, and taken back by choosing"
    press(panel, "ArrowDown")
    assert "stands for the event" not in panel.status.value
    press(panel, "m")
    assert "The frame “5 s after” stands for the event." in panel.status.value
    press(panel, "ArrowUp")
    press(panel, "c")
    assert "stands for the event" not in panel.status.value


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


def test_each_event_has_its_own_picture(panel, case):
    "What is shown is the image of the case, byte by byte"
    seen = set()
    for digest in case.events()["sha256"]:
        assert panel.view.picture.value == image_html(
            case.image(digest), "image/jpeg", "What Main entrance saw: event"
        )
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


def test_a_note_goes_with_the_verdict(panel, case):
    "Until then the panel says that it waits"
    panel.view.note.value = "A scarf hides the face."
    assert "The note is not saved until you give a verdict." in panel.status.value
    press(panel, "u")
    assert verdicts(case) == [(0, "unclear", "A scarf hides the face.")]
    assert "not saved" not in panel.status.value
    panel.next()
    assert panel.view.note.value == ""


@pytest.mark.parametrize("camera", [QuickCamera(), DeadCamera(EVIL)], ids=["with a picture", "without one"])
def test_text_from_outside_is_text(case, camera):
    "From the log, the doors, the camera, the flags and the note"
    door = Door(DOOR.reader_id, EVIL, (INSIDE, replace(OUTSIDE, view=EVIL)))
    events = at_doors(made_up_events(1, cardholder_id=EVIL, outcome=EVIL), door)
    case.add_events(events, flags=pd.DataFrame({EVIL: [True]}))
    panel = open_panel(case, events, camera)
    press(panel, "v")
    panel.decide("unclear", EVIL)
    assert panel.view.note.value == EVIL  # a text field: the browser takes it as text
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
    assert panel.queue.options[0].endswith("[U+202E]321 · 4711 · [U+202E]321")
    assert "\u202e" not in "".join(map(str, (*panel.queue.options, *panel.views.options)))
    panel.close()


def test_a_problem_is_shown_until_the_next_action(panel, case):
    "What goes wrong in a callback has no cell to appear in"
    case.close()
    press(panel, "m")
    assert panel.status.value.startswith('<div role="alert"><bdi>The case ')
    press(panel, "ArrowRight")
    assert 'role="status"' in panel.status.value


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
    "Showing it does: then it loads"
    events, camera = made_up(1), QuickCamera()
    case.add_events(events)
    before = case.seal()
    panel = ReviewPanel(events, case, camera)
    panel.next()
    assert not panel._loader.busy
    assert (case.seal(), camera.asked) == (before, [])
    assert "Not loaded" in panel.view.picture.value
    assert "application/vnd.jupyter.widget-view+json" in panel._repr_mimebundle_()
    assert panel.wait(WAIT_S)
    assert len(camera.asked) == 5
    panel._repr_mimebundle_()
    assert panel.wait(WAIT_S)
    assert len(camera.asked) == 5
    panel.close()


def test_a_stopped_panel_that_is_shown_again_stays_stopped(case):
    "It was stopped by hand"
    events, camera = made_up(1), DeadCamera()
    panel = open_panel(case, events, camera)
    panel.stop()
    panel._repr_mimebundle_()
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
    assert again.view.picture.value == image_html(case.image(digest), "image/jpeg", name)
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
    assert (again.view.note.value, repr(again)) == (
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
    assert again.view.picture.value == image_html(shown, "image/jpeg", alt)
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
    with pytest.raises(InputError, match="selection of events is empty"):
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
        if isinstance(widget, ipw.Button | ipw.Dropdown | ipw.Textarea):
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
