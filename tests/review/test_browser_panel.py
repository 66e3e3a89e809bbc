"""The review in a real browser: pick, look, decide with mouse and keys, close, open again."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import nbformat
import pytest
import requests
from playwright.sync_api import Locator, Page, expect

from camkit.case import VERDICTS, Case
from tests.conftest import ROOT
from tests.support.browser import (
    RUN_MS,
    Lab,
    browser_page,
    jupyter_lab,
    needs_chromium,
    notebook,
    open_notebook,
    outputs,
    requests_abroad,
    run_all,
)
from tests.support.review_notebook import ENVIRONMENT, panel_of, write_notebook
from tools.notebooks import working_copy

pytestmark = [pytest.mark.browser, needs_chromium]

ARTEFACTS = ROOT / "out" / "test-artefacts"
QUICK = ("--ready-delay-ms", "0", "--timeout-ms", "20", "--rate-limit", "off")
EVIL = "<script>window.broken = true</script><img src=x onerror='window.broken = true'>"

SHOWS = """
async (expected) => {
  const pixels = async (source) => {
    const image = new Image();
    image.src = source;
    await image.decode();
    const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight);
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    return context.getImageData(0, 0, canvas.width, canvas.height).data;
  };
  const picture = document.querySelector(".camkit-picture img");
  if (!picture?.complete || !picture.checkVisibility()) return false;
  const [seen, wanted] = [await pixels(picture.src), await pixels(`data:image/jpeg;base64,${expected}`)];
  return seen.length === wanted.length && seen.every((value, n) => value === wanted[n]);
}
"""
"""Whether the picture on the page is the one expected, pixel by pixel."""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One JupyterLab for all tests; each has its own folder in it."""
    root = tmp_path_factory.mktemp("notebooks")
    with jupyter_lab(root, tmp_path_factory.mktemp("jupyter"), **ENVIRONMENT) as lab:
        yield lab


@pytest.fixture
def folder(lab: Lab, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A folder for the test's notebook and its case; the kernels end with the test."""
    folder = lab.root / re.sub(r"\W+", "-", request.node.name)
    folder.mkdir()
    yield folder
    end_kernels(lab)


def end_kernels(lab: Lab) -> None:
    """Shut down every kernel, as at the end of a working day."""
    headers = {"Authorization": f"token {lab.token}"}
    for session in requests.get(f"{lab.url}api/sessions", headers=headers, timeout=10).json():
        requests.delete(
            f"{lab.url}api/sessions/{session['id']}", headers=headers, timeout=10
        ).raise_for_status()


def open_and_run(page: Page, lab: Lab, book: str) -> Locator:
    """Open a notebook, run it, and give its panel."""
    open_notebook(page, lab, book)
    run_all(page)
    panel = page.locator(".camkit-review")
    expect(panel).to_have_css("border-radius", "6px")  # its style has come, so it has its size
    panel.scroll_into_view_if_needed()
    return panel


def expect_picture(panel: Locator, case: Case, event: int, step_s: float = 0.0, view: int = 0) -> None:
    """Expect that the picture on the screen is, or soon becomes, that frame of the case, pixel by pixel."""
    place = case.events().index.get_loc(event) + 1
    expect(panel.get_by_role("combobox", name="Event")).to_have_value(re.compile(rf"^{place}\. "))
    frames = case.table("snapshots").set_index(["event", "step_s", "camera_rank"])["image"].dropna()
    expected = base64.b64encode(case.image(frames[event, step_s, view])).decode()
    panel.page.wait_for_function(SHOWS, arg=expected, timeout=10_000)


def expect_on_screen(page: Page, *parts: Locator) -> None:
    """Expect that all of each part is inside the notebook's part of the window, give or take a border."""
    box = notebook(page).locator(".jp-WindowedPanel-outer").bounding_box()
    assert box is not None
    for part in parts:
        inside = part.bounding_box()
        assert inside is not None
        for start, size in (("x", "width"), ("y", "height")):
            assert inside[start] >= box[start] - 2
            assert inside[start] + inside[size] <= box[start] + box[size] + 2


def expect_whole(panel: Locator, *parts: Locator) -> None:
    """Expect that no part is smaller than what it holds, or sticks out of the panel."""
    box = panel.bounding_box()
    assert box is not None
    for part in parts:
        inside = part.bounding_box()
        assert inside is not None
        assert inside["width"] > 20 and inside["height"] > 10
        assert inside["x"] >= box["x"] and inside["x"] + inside["width"] <= box["x"] + box["width"]
        assert inside["y"] + inside["height"] <= box["y"] + box["height"]
    cut = panel.locator(".camkit-facts").evaluate("part => part.scrollHeight - part.clientHeight")
    assert cut <= 0


def pick_one_more(page: Page) -> None:
    """Pick the ninth event beside the first eight, and run what is below the picker."""
    cell = notebook(page).locator(".jp-CodeCell")
    picker = cell.filter(has_text="EventPicker(")
    picker.locator("tbody tr").nth(8).click()
    expect(picker.get_by_role("status")).to_contain_text("9 of ")
    cell.filter(has_text="snapshots_for(").locator(".jp-InputArea-editor").click()
    page.locator("#jp-MainMenu").get_by_text("Run", exact=True).click()
    page.locator('.lm-Menu [data-command="notebook:run-all-below"]').click()


def look_through(panel: Locator, case: Case) -> None:
    """Go through nine events by mouse: each shows its picture."""
    for number in (0, 1, 2, 3, 4, 5, None, 7, 8):  # the camera of the seventh is off
        if number is None:
            expect(panel.locator(".camkit-picture")).to_contain_text("The camera is offline.")
        else:
            expect_picture(panel, case, number)
        panel.get_by_role("button", name="Next").click()


def decide_by_mouse(panel: Locator, case: Case) -> None:
    """Decide on the first event, and change one's mind."""
    status = panel.get_by_role("status")
    panel.get_by_role("combobox", name="Event").select_option(index=0)
    expect_picture(panel, case, 0)
    panel.get_by_role("button", name="Mismatch").click()
    expect(status).to_contain_text("Verdict: Mismatch")
    panel.get_by_role("button", name="Match (M)").click()
    expect(status).to_contain_text(re.compile("Verdict: Match.*before: Mismatch"))


def decide_by_key(panel: Locator, case: Case) -> None:
    """Go on to the second event, and decide on a later frame, with an evil note."""
    page, status = panel.page, panel.get_by_role("status")
    page.keyboard.press("ArrowRight")
    expect_picture(panel, case, 1)
    page.keyboard.press("ArrowDown")
    expect_picture(panel, case, 1, step_s=5.0)
    page.keyboard.press("t")
    page.keyboard.type(f"{EVIL} mxunc")
    page.keyboard.press("Escape")
    page.keyboard.press("x")
    expect(status).to_contain_text("Verdict: Mismatch")
    page.keyboard.press("m")
    expect(status).to_contain_text("Verdict: Match")
    page.keyboard.press("Backspace")
    expect(status).to_contain_text("Mismatch recorded. Backspace takes it back. Verdict: Mismatch")


def without_demo_verdicts(path: Path) -> None:
    "Leave the cell out in which the demo's reviewer decides on everything"
    book = nbformat.read(path, as_version=4)
    book.cells = [cell for cell in book.cells if "add_demo_verdicts" not in cell.source]
    nbformat.write(book, path)


@pytest.mark.slow
def test_a_review_from_picking_to_reopening(lab: Lab, folder: Path):
    "Notebook 02: the right picture for each event, verdicts by mouse and by key, an evil note; all there the next day"
    without_demo_verdicts(working_copy(ROOT, folder) / "notebooks" / "02_snapshots.ipynb")
    book = f"{folder.name}/notebooks/02_snapshots.ipynb"
    with browser_page() as page:
        abroad = requests_abroad(page)
        panel = open_and_run(page, lab, book)
        cells = notebook(page).locator(".jp-CodeCell").count()
        pick_one_more(page)
        options = panel.get_by_role("combobox", name="Event").locator("option")
        expect(options).to_have_count(9, timeout=RUN_MS)
        panel.scroll_into_view_if_needed()
        with Case(folder / "out" / "front-door") as case:
            look_through(panel, case)
            decide_by_mouse(panel, case)
            decide_by_key(panel, case)
            expect(panel.get_by_text("2 of 9 reviewed")).to_be_visible()
            verdicts = case.verdicts()[["event", "verdict"]].to_numpy().tolist()
            notes = case.table("notes")[["event", "note"]].to_numpy().tolist()
        assert verdicts == [[0, "mismatch"], [0, "match"], [1, "mismatch"]]
        assert notes == [[1, f"{EVIL} mxunc"]]  # once, and whole
        expect(notebook(page).locator(".jp-CodeCell")).to_have_count(
            cells
        )  # JupyterLab's X would have cut one
        assert abroad == []

    end_kernels(lab)
    with browser_page() as page:
        abroad = requests_abroad(page)
        panel = open_and_run(page, lab, book)
        expect(panel.get_by_text("2 of 9 reviewed")).to_be_visible()
        event = panel.get_by_role("combobox", name="Event")
        expect(event).to_have_value(re.compile(r"^3\. "))  # the first that nobody has decided on
        event.select_option(index=0)
        expect(panel.get_by_role("status")).to_contain_text(re.compile("Verdict: Match.*before: Mismatch"))
        panel.get_by_role("button", name="Next").click()
        expect(panel.get_by_role("textbox", name="Note")).to_have_value(f"{EVIL} mxunc")
        with Case(folder / "out" / "front-door") as case:
            expect_picture(panel, case, 1, step_s=5.0)
        assert page.evaluate("window.broken") is None
        assert abroad == []


@pytest.mark.slow
def test_the_views_of_a_door_by_mouse_and_by_key(lab: Lab, folder: Path):
    "Each view shows its own picture; the choice is there only where the door has several, and all is on the screen"
    events = "picked().query('reader_id in (\"HQ-R1\", \"HQ-R2\")').drop_duplicates('reader_id')"
    write_notebook(folder / "review.ipynb", panel_of(events, *QUICK))
    with browser_page() as page:
        panel = open_and_run(page, lab, f"{folder.name}/review.ipynb")
        expect(panel.get_by_role("button", name="Load again")).to_be_visible()
        inside = panel.get_by_role("radio", name="inside")
        outside = panel.get_by_role("radio", name="outside")
        with Case(folder / "case") as case:
            first, second = case.events().index
            expect(inside).to_be_checked()
            expect_picture(panel, case, first)
            ARTEFACTS.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=ARTEFACTS / "two-views-inside.png")
            outside.click()
            expect_picture(panel, case, first, view=1)
            expect(outside).to_be_checked()
            expect_on_screen(page, panel, inside, outside, panel.get_by_text("View (V)"))
            page.screenshot(path=ARTEFACTS / "two-views-outside.png")
            page.keyboard.press("ArrowDown")  # the focus is on the radio button: the keys work there, too
            expect_picture(panel, case, first, step_s=5.0, view=1)
            page.keyboard.press("v")
            expect_picture(panel, case, first, step_s=5.0)
            page.keyboard.press("v")
            expect_picture(panel, case, first, step_s=5.0, view=1)
            page.keyboard.press("m")
            expect(panel.get_by_role("status")).to_contain_text("The frame “5 s after, outside” stands")
            page.set_viewport_size({"width": 853, "height": 480})  # what 150 % leaves of 1280x720
            expect(panel).to_have_css("width", re.compile(r"^[1-4]?\d\d(\.\d+)?px"))
            expect_whole(panel, panel.get_by_text("View (V)"), panel.locator("label", has_text="outside"))
            panel.get_by_role("status").scroll_into_view_if_needed()
            page.screenshot(path=ARTEFACTS / "two-views-853x480.png")
            page.set_viewport_size({"width": 1280, "height": 720})
            page.keyboard.press("ArrowRight")
            expect_picture(panel, case, second)
            expect(panel.get_by_text("View (V)")).to_be_hidden()
            panel.locator(".camkit-picture").scroll_into_view_if_needed()
            page.screenshot(path=ARTEFACTS / "one-view.png")
            page.keyboard.press("ArrowLeft")
            expect_picture(panel, case, first, step_s=5.0, view=1)


@pytest.mark.slow
@pytest.mark.parametrize(("width", "height"), [(1280, 720), (853, 480)])
def test_nothing_is_cut_off_or_moves(lab: Lab, folder: Path, width: int, height: int):
    "At a door with two cameras, with one, and with none: captions, facts, and the buttons after several verdicts"
    events = "picked().drop_duplicates('reader_id').head(3).replace({'reader_id': {'HQ-R3': 'NOWHERE'}})"
    write_notebook(folder / "review.ipynb", panel_of(events, *QUICK).replace("flags=flags()", "flags=None"))
    with browser_page() as page:
        panel = open_and_run(page, lab, f"{folder.name}/review.ipynb")
        expect(panel.get_by_role("button", name="Load again")).to_be_visible()
        page.set_viewport_size({"width": width, "height": height})
        buttons = panel.locator(".camkit-verdict")
        ARTEFACTS.mkdir(parents=True, exist_ok=True)
        for kind in ("two cameras", "one camera", "no camera"):
            if kind == "two cameras":
                panel.get_by_role("radio", name="outside").click()
                expect(panel.locator("dl")).to_contain_text("12 s ahead")
            if kind == "no camera":
                expect(panel.get_by_role("button", name="5 s before: none")).to_be_visible()
            panel.scroll_into_view_if_needed()
            before = [panel.bounding_box(), *(button.bounding_box() for button in buttons.all())]
            for name in ("Unclear (U)", "No picture (P)" if kind == "no camera" else "Mismatch (X)"):
                panel.get_by_role("button", name=name, exact=True).click()
                expect(panel.get_by_role("status")).to_contain_text(f"Verdict: {name[:-4]}")
            after = [panel.bounding_box(), *(button.bounding_box() for button in buttons.all())]
            assert [box["x"] - after[0]["x"] for box in after] == [
                box["x"] - before[0]["x"] for box in before
            ]
            assert [box["y"] - after[0]["y"] for box in after] == [
                box["y"] - before[0]["y"] for box in before
            ]
            expect_whole(panel, *buttons.all())
            cut = "parts => parts.filter(part => part.scrollWidth > part.clientWidth).map(part => part.innerText)"
            assert panel.locator("button").evaluate_all(cut) == []
            if height == 720:
                assert after[0]["height"] == before[0]["height"]
                expect_on_screen(page, panel)
            page.screenshot(path=ARTEFACTS / f"{kind.replace(' ', '-')}-{width}x{height}.png")
            page.keyboard.press("ArrowRight")
            expect(panel.get_by_role("status")).to_contain_text(
                "No verdict yet" if kind != "no camera" else ""
            )


@pytest.mark.slow
def test_stop_in_the_middle_of_loading(lab: Lab, folder: Path):
    "It ends at once, the kernel answers all the while, and loading begins again on demand"
    write_notebook(
        folder / "review.ipynb", panel_of("picked()", "--ready-delay-ms", "25000"), "panel.wait(0)"
    )
    with browser_page() as page:
        panel = open_and_run(page, lab, f"{folder.name}/review.ipynb")
        picture = panel.locator(".camkit-picture")
        expect(picture).to_have_text("Loading …")
        expect(outputs(page, 1)).to_have_text("False")
        panel.get_by_role("button", name="Stop loading").click()
        expect(picture).to_have_text("Not loaded: press Load again.", timeout=2000)
        expect(panel.get_by_role("button", name="Match (M)")).to_be_disabled()
        panel.get_by_role("button", name="Unclear (U)").click()
        expect(panel.get_by_role("status")).to_contain_text("Verdict: Unclear")
        panel.get_by_role("button", name="Load again").click()
        expect(picture).to_have_text("Loading …")


@pytest.mark.slow
@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1920, 1080)])
def test_all_of_an_event_is_on_the_screen(lab: Lab, folder: Path, width: int, height: int):
    "Without scrolling, also where a camera is dead; in a small window nothing is cut off; the keyboard alone will do"
    write_notebook(folder / "review.ipynb", panel_of("picked().iloc[[1, 6]]", *QUICK))
    with browser_page(width, height) as page:
        panel = open_and_run(page, lab, f"{folder.name}/review.ipynb")
        expect(panel.get_by_role("button", name="Load again")).to_be_visible()
        buttons = [f"{label.title} ({label.key.upper()})" for label in VERDICTS]
        buttons += ["Use this frame (C)", "Leave this event out …"]
        shown = [panel.get_by_role("button", name=name, exact=True) for name in buttons]
        shown += [
            panel.get_by_role("img", name=name)
            for name in ("What Server room saw", "Directory photo of Jonas")
        ]
        shown += [panel.get_by_role("textbox", name="Note"), panel.get_by_role("status"), panel.locator("dl")]
        expect_on_screen(page, panel, *shown)
        picture = panel.get_by_role("img", name="What Server room saw").bounding_box()
        assert picture is not None
        assert picture["width"] >= 600

        page.set_viewport_size({"width": 853, "height": 480})  # what 150 % leaves of 1280x720
        expect(panel).to_have_css("width", re.compile(r"^[1-4]?\d\d(\.\d+)?px"))
        expect_whole(panel, *shown, panel.get_by_role("combobox", name="Event"))
        page.set_viewport_size({"width": width, "height": height})

        panel.get_by_role("button", name="Previous").focus()
        page.keyboard.press("Tab")
        expect(panel.get_by_role("combobox", name="Event")).to_be_focused()
        page.keyboard.press("x")  # in the list of events a letter looks for an event
        page.keyboard.press("Tab")
        page.keyboard.press("x")
        expect(panel.get_by_role("status")).to_contain_text("Verdict: Mismatch")
        page.keyboard.press("Control+b")  # JupyterLab's own: hides the side bar
        page.keyboard.press("Control+b")
        ARTEFACTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=ARTEFACTS / f"review-{width}x{height}.png")

        page.keyboard.press("Enter")  # the focus is on Next
        expect(panel.locator(".camkit-picture")).to_contain_text("The camera is offline.")
        expect_on_screen(page, panel)
        page.keyboard.press("u")
        expect(panel.get_by_role("status")).to_contain_text("Verdict: Unclear")
        page.keyboard.press("c")
        expect(panel.get_by_role("alert")).to_contain_text("This frame has no picture")
        expect_on_screen(page, panel)
        page.screenshot(path=ARTEFACTS / f"dead-camera-{width}x{height}.png")
        with Case(folder / "case") as case:
            assert case.verdicts()["verdict"].tolist() == ["mismatch", "unclear"]


@pytest.mark.slow
def test_a_key_is_taken_as_soon_as_the_picture_is_there(lab: Lab, folder: Path):
    "Though the kernel is held up right after it sent the picture: what the browser shows is what it judges"
    held_up = """
    import time
    panel.view.picture.observe(lambda _change: time.sleep(2), "value")
    """
    write_notebook(folder / "review.ipynb", panel_of("picked().iloc[[1, 6]]", *QUICK), dedent(held_up))
    with browser_page() as page:
        panel = open_and_run(page, lab, f"{folder.name}/review.ipynb")
        expect(panel.get_by_role("button", name="Load again")).to_be_visible()
        panel.get_by_role("button", name="Next").click()
        expect(panel.locator(".camkit-picture")).to_contain_text("The camera is offline.")
        page.keyboard.press("u")
        expect(panel.get_by_role("status")).to_contain_text("Verdict: Unclear")
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("x")  # before the other picture is there
        expect(panel.get_by_role("alert")).to_contain_text("What is in view changed just as you pressed")
        with Case(folder / "case") as case:
            assert case.verdicts()["verdict"].tolist() == ["unclear"]


@pytest.mark.slow
def test_a_key_after_run_all_does_not_go_to_the_notebook(lab: Lab, folder: Path):
    "X brings the picture to the screen, and once it is there gives a verdict; it cuts no cell"
    cells_below = 20
    below = [f"print({number})" for number in range(cells_below)]
    write_notebook(folder / "review.ipynb", panel_of("picked().head(1)", *QUICK), *below)
    with browser_page() as page:
        open_notebook(page, lab, f"{folder.name}/review.ipynb")
        run_all(page)
        panel, status = page.locator(".camkit-review"), page.locator(".camkit-review").get_by_role("status")
        expect(panel).to_be_focused()
        expect(panel.get_by_text("Esc leaves the note")).to_be_visible()
        expect(panel.get_by_role("button", name="Load again")).to_be_attached()
        page.keyboard.press("x")
        expect(panel.locator(".camkit-picture")).to_be_in_viewport()
        expect(status).to_contain_text("No verdict yet.")
        page.keyboard.press("x")
        expect(status).to_contain_text("Verdict: Mismatch")
        expect(notebook(page).locator(".jp-CodeCell")).to_have_count(1 + cells_below)
        page.locator(".jp-CodeCell .jp-InputArea-editor").nth(1).click()
        expect(panel.get_by_text("The keys are off")).to_be_visible()
        expect(panel.get_by_text("Esc leaves the note")).to_be_hidden()


@pytest.mark.slow
def test_the_panel_takes_no_keys_from_a_cell_that_is_typed_into(lab: Lab, folder: Path):
    "The panel comes while one types elsewhere: what is typed goes there"
    slow = panel_of("picked().head(1)", *QUICK).replace("panel = ", "import time; time.sleep(3); panel = ")
    write_notebook(folder / "review.ipynb", slow, "text = ''")
    with browser_page() as page:
        open_notebook(page, lab, f"{folder.name}/review.ipynb")
        first, second = notebook(page).locator(".jp-CodeCell .jp-InputArea-editor").all()
        first.click()
        page.keyboard.press("Control+Enter")
        second.click()
        page.keyboard.press("End")
        expect(page.locator(".camkit-picture img")).to_be_visible()
        page.keyboard.type("mxc")
        expect(second).to_contain_text("mxc")
        expect(page.locator(".camkit-review").get_by_role("status")).to_contain_text("No verdict yet.")


def leave_the_next_out(panel: Locator, shot: Path) -> None:
    """Go on, and leave the event out: the reason is typed, not taken for keys."""
    panel.get_by_role("button", name="Next").click()
    panel.get_by_role("button", name="Leave this event out").click()
    panel.get_by_role("textbox", name="Reason").fill("")
    panel.page.keyboard.type("Picked by mistake: mxunc")
    panel.page.screenshot(path=shot)
    panel.get_by_role("button", name="Leave out", exact=True).click()
    expect(panel.get_by_text("Left out of the report: Picked by mistake: mxunc")).to_be_visible()
    expect(panel.get_by_text("1 of 1 reviewed, 1 disputed, 1 left out")).to_be_visible()
    expect(panel).to_be_focused()  # though the button that had the focus is gone
    expect_whole(panel, panel.get_by_role("button", name="Take it in again"))


@pytest.mark.slow
def test_two_reviewers_and_an_event_that_is_left_out(lab: Lab, folder: Path):
    "Each sees what the other said; all of it fits the panel; the reason is typed, not taken for keys"
    write_notebook(folder / "review.ipynb", panel_of("picked().head(2)", *QUICK))
    write_notebook(folder / "second.ipynb", panel_of("picked().head(2)", *QUICK).replace("R. Inv", "B. Inv"))
    with browser_page(1280, 800) as page:
        panel = open_and_run(page, lab, f"{folder.name}/review.ipynb")
        expect(panel.get_by_role("button", name="Load again")).to_be_visible()
        page.keyboard.press("m")
        expect(panel.get_by_role("status")).to_contain_text("Match recorded. Backspace takes it back.")
        page.keyboard.press("t")
        page.keyboard.type("Same coat. MXC")  # Shift+M would merge cells
        expect(panel.get_by_role("textbox", name="Note")).to_have_value("Same coat. MXC")
        expect(panel.get_by_role("status")).not_to_contain_text("Backspace")  # it goes away by itself

        panel = open_and_run(page, lab, f"{folder.name}/second.ipynb")
        page.locator("#jp-MainMenu").get_by_text("Settings", exact=True).click()
        page.locator(".lm-Menu").get_by_text("Theme", exact=True).hover()
        page.locator(".lm-Menu").get_by_text("JupyterLab Dark", exact=True).click()
        expect(panel.get_by_role("button", name="Load again")).to_be_visible()
        panel.get_by_role("combobox", name="Event").select_option(index=0)
        expect(panel.get_by_text("R. Investigator: Same coat. MXC")).to_be_visible()
        expect(panel.get_by_role("textbox", name="Note")).to_have_value("")
        panel.get_by_role("button", name="5 s after").click()
        expect(panel.locator("dl")).to_contain_text("5 s after:")
        panel.get_by_role("button", name="Mismatch (X)").click()
        status = panel.get_by_role("status")
        expect(status).to_contain_text(
            re.compile("The reviewers disagree: Match, R. Investigator, .*; Mismatch, you, ")
        )
        expect(status).to_contain_text("The verdict of R. Investigator (Match) is about another picture")
        expect(panel.get_by_text("1 of 2 reviewed, 1 disputed")).to_be_visible()
        ARTEFACTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=ARTEFACTS / "disputed-dark.png")
        expect_whole(panel, status, *panel.locator(".camkit-verdict").all())

        leave_the_next_out(panel, ARTEFACTS / "leave-out-dark.png")
        with Case(folder / "case") as case:
            assert case.verdicts()[["event", "verdict"]].to_numpy().tolist() == [
                [0, "match"],
                [0, "mismatch"],
            ]
            assert list(case.exclusions().values()) == ["Picked by mistake: mxunc"]
