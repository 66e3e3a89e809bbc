"""The event picker in a real browser: filter, click rows, read the picks back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Page, expect

from tests.conftest import ROOT
from tests.support.browser import (
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

ARTEFACTS = ROOT / "out" / "test-artefacts"
pytestmark = [pytest.mark.browser, needs_chromium]

MAKE = """
import camkit
import pandas as pd
from camkit.review.picker import EventPicker

times = pd.date_range("2019-04-12 14:00", periods=40, freq="7min", tz="America/Denver").tz_convert("UTC")
events = pd.DataFrame({
    "event_time": times,
    "cardholder_id": [f"{85063685 + n % 5:08}" for n in range(40)],
    "reader_id": [("HQ-R1", "HQ-R2", "Dock <b>3</b>")[n % 3] for n in range(40)],
    "outcome": ["denied" if n % 8 == 0 else "granted" for n in range(40)],
    "note": ["<script>document.title = 'broken'</script>" if n == 1 else "" for n in range(40)],
    "kind": ["held" if n % 10 == 9 else "swipe" for n in range(40)],
    "line": range(2, 42),
}, index=range(100, 140))
flags = camkit.flag_events(events, hours=("15:00", "18:00"), timezone="America/Denver")
picker = EventPicker(events, default=2, timezone="America/Denver", flags=flags, keep="picked.json")
picker
"""
READ = "print(picker.state.picked.index.tolist())"


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """JupyterLab beside a notebook with the picker in the first cell and a reader of picks in the second."""
    root = tmp_path / "notebooks"
    root.mkdir()
    cells = [nbformat.v4.new_code_cell(source.strip()) for source in (MAKE, READ)]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), root / "pick.ipynb")
    with jupyter_lab(root, tmp_path / "jupyter") as lab:
        yield lab


def read_picks(page: Page) -> list[int]:
    """Run the second cell again and read what it prints."""
    cell = notebook(page).locator(".jp-CodeCell").nth(1)
    before = cell.locator(".jp-InputPrompt").inner_text()
    cell.locator(".jp-InputArea-editor").click()
    page.keyboard.press("Control+Enter")
    expect(cell.locator(".jp-InputPrompt")).not_to_have_text(before)
    expect(cell.locator(".jp-InputPrompt")).to_have_text(re.compile(r"\[\d+\]:"))
    return [int(label) for label in re.findall(r"\d+", outputs(page, 1).inner_text())]


def test_filter_and_click_picks_the_rows_one_sees(lab: Lab, tmp_path: Path):
    "Picks made by clicking in a filtered table come back by label, and survive every change of the filters"
    with browser_page() as page:
        abroad = requests_abroad(page)
        open_notebook(page, lab, "pick.ipynb")
        run_all(page)
        view = outputs(page, 0)
        rows, status = view.locator("tbody tr"), view.get_by_role("status")
        expect(status).to_have_text("2 of 40 events picked, 40 shown")
        expect(view.locator("tr.selected")).to_have_count(2)
        page.screenshot(path=tmp_path / "1-start.png")

        view.get_by_label("Reader", exact=True).select_option("HQ-R2")
        expect(status).to_have_text("2 of 40 events picked, 13 shown; 1 of the picked not shown")
        rows.nth(1).click()
        expect(status).to_have_text("3 of 40 events picked, 13 shown; 1 of the picked not shown")
        page.screenshot(path=tmp_path / "2-filtered.png")
        assert read_picks(page) == [100, 101, 104]

        rows.nth(0).focus()
        page.keyboard.press("Space")
        expect(status).to_have_text("2 of 40 events picked, 13 shown; 1 of the picked not shown")
        view.get_by_label("From", exact=True).fill("2019-04-12 18:00")
        view.get_by_label("From", exact=True).press("Enter")
        expect(status).to_have_text("2 of 40 events picked, 1 shown; 2 of the picked not shown")
        view.get_by_role("button", name="Pick all shown").click()
        assert read_picks(page) == [100, 104, 137]

        view.get_by_label("From", exact=True).fill("yesterday")
        view.get_by_label("From", exact=True).press("Enter")
        expect(view.get_by_role("alert")).to_contain_text("From is not applied: 'yesterday' is not a time")
        page.screenshot(path=tmp_path / "3-message.png")
        view.get_by_role("button", name="Clear picks").click()
        assert read_picks(page) == []
        assert abroad == []


@pytest.mark.slow
def test_flags_lead_to_events_and_a_title_sorts_them(lab: Lab):
    "A flag and a kind are chosen, a click on the whole title sorts; the picks are there when the notebook runs again"
    with browser_page(1600, 1000) as page:
        open_notebook(page, lab, "pick.ipynb")
        run_all(page)
        view = outputs(page, 0)
        rows, status = view.locator("tbody tr"), view.get_by_role("status")
        ARTEFACTS.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=ARTEFACTS / "picker-flags.png")
        title = view.locator("thead th", has_text="time")
        box = title.bounding_box()
        assert box is not None
        for expected in ("14:00:00", "18:33:00"):
            page.mouse.click(
                box["x"] + 6, box["y"] + box["height"] / 2
            )  # beside its text, far from its arrow
            expect(rows.first).to_contain_text(f"2019-04-12 {expected}")
        view.get_by_label("Kind", exact=True).select_option("held")
        expect(status).to_have_text("2 of 40 events picked, 4 shown; 2 of the picked not shown")
        view.get_by_label("Flags", exact=True).select_option("outside the hours given")
        expect(status).to_have_text("2 of 40 events picked, 1 shown; 2 of the picked not shown")
        expect(rows.first).to_contain_text("outside the hours given")
        rows.first.click()
        expect(status).to_have_text("3 of 40 events picked, 1 shown; 2 of the picked not shown")
        page.screenshot(path=ARTEFACTS / "picker-flags-chosen.png")
        run_all(page)
        expect(outputs(page, 0).get_by_role("status")).to_have_text("3 of 40 events picked, 40 shown")
        assert read_picks(page) == [100, 101, 139]
