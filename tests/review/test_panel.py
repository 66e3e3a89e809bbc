"""The review panel's view, driven as a browser would; and what it loads in the background."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ipywidgets as ipw
import nbformat
import pandas as pd
import pytest
from nbclient import NotebookClient

from camkit.case import Case
from camkit.errors import InputError
from camkit.review.loader import AHEAD
from camkit.review.panel import ReviewPanel
from camkit.review.show import picture_html
from tests.support.cameras import DOORS, Camera, DeadCamera, LockedCamera, SlowCamera, picture_at
from tests.support.cases import START, made_up_events, made_up_snapshot

WAIT_S = 20
EVIL = "<script>'\"alert(1)</script>"


@pytest.fixture
def case(tmp_path: Path) -> Iterator[Case]:
    """An empty case."""
    with Case(tmp_path / "case", operator="R. Investigator") as case:
        yield case


@pytest.fixture
def panel(case: Case) -> Iterator[ReviewPanel]:
    """Three events, everything loaded."""
    panel = ReviewPanel(made_up_events(3), Camera(), DOORS, case)
    assert panel.wait(WAIT_S)
    yield panel
    panel.close()


def press(panel: ReviewPanel, key: str) -> None:
    """Press a key in the panel, as the browser tells it."""
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
    assert "the reader's is 2 s ahead, taken off" in panel.view.facts.value
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
    assert "(before: match, " in panel.status.value
    assert panel.queue.options[0].startswith("0: ✓ mismatch · ")
    assert (
        repr(panel)
        == "ReviewPanel: 1 of 3 reviewed when this cell ran; run it again, the case keeps everything"
    )


def test_a_verdict_on_another_frame_says_that_it_stands_for_the_event(panel):
    "A slip while looking at an empty corridor is seen, and taken back by choosing"
    press(panel, "ArrowDown")
    assert "stands for the event" not in panel.status.value
    press(panel, "m")
    assert "The frame 5 s after stands for the event." in panel.status.value
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
        assert panel.view.picture.value == picture_html(case.image(digest), "What Main entrance saw: event")
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


def test_a_verdict_moves_nothing(panel):
    "One stays at the event and at the frame; one key leads on"
    panel.next()
    press(panel, "ArrowDown")
    press(panel, "m")
    assert (panel.state.position, panel.state.shown_step) == (1, 5)
    assert (panel.queue.index, "camkit-on" in panel.view.strip[3]._dom_classes) == (1, True)


def test_a_note_goes_with_the_verdict(panel, case):
    "Until then the panel says that it waits"
    panel.view.note.value = "A scarf hides the face."
    assert "recorded with the verdict" in panel.status.value
    press(panel, "u")
    assert verdicts(case) == [(0, "unclear", "A scarf hides the face.")]
    assert "with the verdict" not in panel.status.value
    panel.next()
    assert panel.view.note.value == ""


@pytest.mark.parametrize("camera", [Camera(), DeadCamera(EVIL)], ids=["with a picture", "without one"])
def test_text_from_outside_is_text(case, camera):
    "From the log, the doors, the camera, the flags and the note"
    events = made_up_events(1, cardholder_id=EVIL, outcome=EVIL)
    flags = pd.DataFrame({EVIL: [True]})
    panel = ReviewPanel(events, camera, DOORS.assign(door=EVIL), case, flags=flags)
    assert panel.wait(WAIT_S)
    panel.decide("unclear", EVIL)
    assert panel.view.note.value == EVIL  # a text field: the browser takes it as text
    for widget in (panel.view.picture, panel.view.entry, panel.view.facts, panel.flags):
        assert "&lt;script&gt;" in widget.value
    assert "<script" not in all_html(panel)
    panel.close()


def test_text_that_rearranges_is_shown_as_its_number(case):
    "A right-to-left override in a badge number does not turn the door and the verdict around"
    panel = ReviewPanel(made_up_events(1, cardholder_id="\u202e123"), Camera(), DOORS, case)
    assert panel.wait(WAIT_S)
    assert "\u202e" not in all_html(panel)
    assert "<bdi>[U+202E]123</bdi>" in panel.view.entry.value
    assert "[U+202E]123" in panel.queue.options[0]
    panel.close()


def test_a_problem_is_shown_until_the_next_action(panel, case):
    "What goes wrong in a callback has no cell to appear in"
    case.close()
    press(panel, "m")
    assert panel.status.value.startswith('<div role="alert">The case ')
    press(panel, "ArrowRight")
    assert 'role="status"' in panel.status.value


def test_an_unexpected_problem_is_shown_too(panel):
    "With its kind"
    panel.state.case = None
    press(panel, "m")
    assert "AttributeError: " in panel.status.value


def test_in_a_cell_a_problem_is_an_exception(panel):
    "Only callbacks show it in the panel"
    with pytest.raises(Exception, match="There is no verdict 'maybe'"):
        panel.decide("maybe")


def test_a_dead_camera_says_so_and_can_be_decided(case):
    "The reason stands where the picture would be, and is in the case"
    panel = ReviewPanel(made_up_events(1), DeadCamera(), DOORS, case)
    assert panel.wait(WAIT_S)
    assert "it is offline" in panel.view.picture.value
    assert panel.view.strip[2].button.description == "event: none"
    press(panel, "u")
    assert case.events()["outcome"].tolist() == ["no picture"]
    assert verdicts(case) == [(0, "unclear", "")]
    panel.close()


def test_a_repaired_camera_is_asked_again_on_demand(case):
    "By itself it is asked once"
    camera = DeadCamera()
    panel = ReviewPanel(made_up_events(2), camera, DOORS, case)
    assert panel.wait(WAIT_S)
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
    panel = ReviewPanel(made_up_events(1), LockedCamera(), DOORS, case)
    assert panel.wait(WAIT_S)
    assert "The API key was not accepted." in panel.view.picture.value
    panel.close()


def test_an_event_without_a_door_says_so(case):
    "No camera is asked"
    camera = Camera()
    panel = ReviewPanel(made_up_events(1, reader_id="R9"), camera, DOORS, case)
    assert panel.wait(WAIT_S)
    assert "reader R9 is not in the doors table" in panel.view.picture.value
    assert camera.asked == []
    panel.close()


def test_the_next_events_are_loaded_ahead(case):
    "So many, and no more until one goes on"
    camera = Camera()
    panel = ReviewPanel(made_up_events(AHEAD + 3), camera, DOORS, case)
    assert panel.wait(WAIT_S)
    assert [len(item.frames) for item in panel.state.queue] == [5] * (AHEAD + 1) + [0, 0]
    panel.next()
    assert panel.wait(WAIT_S)
    assert len(panel.state.queue[AHEAD + 1].frames) == 5
    assert len(camera.asked) == 5 * (AHEAD + 2)
    panel.close()


def test_snapshots_fetched_before_are_not_fetched_again(case):
    "Only the frames before and after"
    camera, events = Camera(), made_up_events(1)
    given = made_up_snapshot(0, picture_at(START))
    panel = ReviewPanel(events, camera, DOORS, case, snapshots=[given])
    assert panel.wait(WAIT_S)
    assert given.at not in camera.asked
    assert len(camera.asked) == 4
    panel.close()


def test_a_reopened_case_is_not_fetched_again(panel, case):
    "Pictures, verdict and note come from the case"
    press(panel, "ArrowDown")
    panel.decide("match", "Same hat.")
    shown = panel.view.picture.value
    again = ReviewPanel(made_up_events(3), {}, DOORS, case)
    assert again.state.position == 1  # the first that nobody has decided on
    again.state.go(0)
    assert again.wait(WAIT_S)
    assert again.view.picture.value == shown
    assert (again.view.note.value, repr(again)) == (
        "Same hat.",
        "ReviewPanel: 1 of 3 reviewed when this cell ran; run it again, the case keeps everything",
    )
    again.close()


def test_a_frame_whose_file_is_gone_is_fetched_again(panel, case):
    "That one alone; all others come from the case"
    gone = panel.state.current.frames[5].picture
    next((case.folder / "images").rglob(f"{gone.sha256}.jpg")).unlink()
    camera = Camera()
    again = ReviewPanel(made_up_events(3), camera, DOORS, case)
    assert again.wait(WAIT_S)
    assert camera.asked == [gone.requested_at]
    assert all(len(item.frames) == 5 and not item.missing(again.state.steps_s) for item in again.state.queue)
    assert case.verify().ok
    again.close()


def test_a_frame_whose_file_is_gone_says_so_where_no_camera_is_asked(panel, case):
    "Loading again changes nothing, and the other frames stay"
    digest = panel.state.current.frames[0].sha256
    next((case.folder / "images").rglob(f"{digest}.jpg")).unlink()
    again = ReviewPanel(made_up_events(3), {}, DOORS, case)
    for _ in range(2):
        assert again.wait(WAIT_S)
        assert f"{digest}.jpg cannot be read" in again.view.picture.value
        assert sorted(step for step, frame in again.state.current.frames.items() if frame.ok) == [
            -10,
            -5,
            5,
            10,
        ]
        again.load()
    again.close()


def test_a_panel_opens_though_a_given_snapshot_was_altered_in_the_case(panel, case):
    "It says so, and shows the other frames"
    frame = panel.state.current.frames[0]
    next((case.folder / "images").rglob(f"{frame.sha256}.jpg")).write_bytes(b"forged")
    again = ReviewPanel(made_up_events(3), Camera(), DOORS, case, snapshots=[frame])
    assert again.wait(WAIT_S)
    assert "is not what was stored" in again.view.picture.value
    assert len(again.state.current.missing(again.state.steps_s)) == 1
    again.close()


def test_a_panel_that_was_never_made_leaves_quietly(case, monkeypatch):
    "The error that says why is the only one"
    stray = []
    monkeypatch.setattr(sys, "unraisablehook", stray.append)
    with pytest.raises(InputError, match="no event to review"):
        ReviewPanel(made_up_events(0), Camera(), DOORS, case)
    gc.collect()
    assert stray == []


def test_what_is_being_loaded_says_so(case):
    "From the first moment on, until it is there"
    panel = ReviewPanel(made_up_events(2), SlowCamera(quick=0), DOORS, case)
    assert "Loading …" in panel.view.picture.value
    assert panel.load_or_stop.description == "Stop loading"
    assert panel.view.strip[0].button.description == "10 s before: not loaded"
    panel.close()


def test_stop_breaks_off_loading(case):
    "At once; what has come stays, and the rest comes on demand"
    camera = SlowCamera()
    panel = ReviewPanel(made_up_events(1), camera, DOORS, case)
    until(lambda: len(camera.asked) == 5)
    assert panel.load_or_stop.description == "Stop loading"
    panel.view.strip[0].button.click()
    assert "Loading …" in panel.view.picture.value
    panel.load_or_stop.click()
    assert panel.wait(WAIT_S)
    assert panel.load_or_stop.description == "Load again"
    assert "Not loaded: press Load again." in panel.view.picture.value
    assert list(panel.state.current.frames) == [0]
    camera.hurry = True
    panel.next()
    assert panel.wait(WAIT_S)
    assert list(panel.state.current.frames) == [0]
    panel.load_or_stop.click()
    assert panel.wait(WAIT_S)
    assert len(panel.state.current.frames) == 5
    assert len(camera.asked) == 9
    panel.close()


def test_closing_the_panel_ends_its_loading(case):
    "The case stays open"
    camera = SlowCamera()
    panel = ReviewPanel(made_up_events(1), camera, DOORS, case)
    until(lambda: len(camera.asked) == 5)
    panel.close()
    assert panel.wait(WAIT_S)
    assert case.events()["pictures"].tolist() == [1]


def test_every_control_has_a_name(panel):
    "A screen reader can say what each one is"
    for widget in widgets(panel):
        if isinstance(widget, ipw.Button | ipw.Dropdown | ipw.Textarea):
            assert widget.description


def test_in_a_notebook_without_a_browser_it_is_one_output(request, tmp_path):
    "Run headless, it leaves a widget view with a text beside it, and can be driven by calls"
    cells = [
        "from camkit.case import Case\n"
        "from camkit.review.panel import ReviewPanel\n"
        "from tests.support.cameras import DOORS, Camera\n"
        "from tests.support.cases import made_up_events\n"
        f"case = Case({str(tmp_path / 'case')!r})\n"
        "panel = ReviewPanel(made_up_events(2), Camera(), DOORS, case)\npanel",
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
