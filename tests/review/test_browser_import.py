"""The way of a newcomer in a real browser: an export of another language, from notebook 01 to the panel, by mouse."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

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
    wait_until_idle,
)
from tests.support.review_notebook import ENVIRONMENT
from tools.notebooks import working_copy

pytestmark = [pytest.mark.browser, needs_chromium]

COLUMNS = {
    "Datum": "Date",
    "Uhrzeit": "Time of day",
    "Ausweisnummer": "Cardholder number",
    "Name": "Name",
    "Tür": "Door or reader",
    "Ergebnis": "Outcome",
}


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    """JupyterLab over a copy of the notebooks and their data."""
    root = working_copy(ROOT, tmp_path / "kit")
    photos = root / "data" / "people" / "photos"
    photos.mkdir(parents=True)
    (photos.parent / "people.csv").write_text("number,name,department\n85063702,Marcus Bell,Night watch\n")
    Image.new("RGB", (60, 80), "teal").save(photos / "85063702.jpg")
    with jupyter_lab(root, tmp_path / "jupyter", **ENVIRONMENT) as lab:
        yield lab


def cell_with(page: Page, source: str) -> Locator:
    return notebook(page).locator(".jp-CodeCell").filter(has_text=source)


def run_from(page: Page, source: str) -> None:
    "Click beside a cell, then choose from the menu to run it and those below"
    cell_with(page, source).locator(".jp-InputPrompt").click()
    page.locator("#jp-MainMenu").get_by_text("Run", exact=True).click()
    page.locator('.lm-Menu [data-command="notebook:run-all-below"]').click()


def choose_in_dialog(dialog: Locator, shots: Path) -> None:
    "Say by menus what the export is"
    expect(dialog.get_by_role("status")).to_have_text("sample_badges.csv is recognised as simple.")
    expect(dialog.get_by_label("UserID", exact=True)).to_have_value("Cardholder number")
    dialog.screenshot(path=shots / "1-sample.png")

    dialog.get_by_label("Export", exact=True).select_option("german_export.csv")
    expect(dialog.get_by_label("Time zone", exact=True)).to_have_value("not said")
    expect(dialog.get_by_role("status")).to_contain_text("Choose what its columns are for")
    for heading, role in COLUMNS.items():
        dialog.get_by_label(heading, exact=True).select_option(role)
    dialog.get_by_label("Durchlass (51 x)", exact=True).select_option("granted")
    dialog.get_by_label("kein Durchlass (2 x)", exact=True).select_option("denied")
    dialog.get_by_role("button", name="Load and save").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Say which, in the menu Dates.")
    dialog.screenshot(path=shots / "1b-alert.png")
    dialog.get_by_label("Dates", exact=True).select_option("31.05.2026: day first")
    dialog.get_by_label("Time zone", exact=True).select_option("America/Denver")
    dialog.get_by_label("People", exact=True).select_option("people.csv")
    dialog.get_by_role("button", name="Load and save").click()
    expect(dialog.get_by_role("status")).to_contain_text("53 rows read = 53 events")
    dialog.screenshot(path=shots / "2-german.png")
    expect(dialog.get_by_label("Case", exact=True)).to_have_value("../out/german_export")


@pytest.mark.slow
def test_a_german_export_gets_from_notebook_01_to_the_panel_by_mouse(lab: Lab, tmp_path: Path) -> None:
    "The dialog in 01 writes investigation.toml; 02 begins with it, and with the photos of a folder; nothing is typed"
    with browser_page(1400, 1000) as page:
        abroad = requests_abroad(page)
        open_notebook(page, lab, "notebooks/01_badge_events.ipynb")
        run_all(page)
        choose_in_dialog(outputs(page, 2), tmp_path)
        saved = (lab.root / "notebooks" / "investigation.toml").read_text()
        assert 'badges = "../data/german_export.csv"' in saved
        run_from(page, "dialog = camkit.ImportDialog")
        expect(outputs(page, 2).get_by_role("status")).to_contain_text("german_export.csv is recognised")
        outputs(page, 2).screenshot(path=tmp_path / "2b-again.png")
        expect(outputs(page, 3)).to_contain_text("53 rows read = 53 events", timeout=RUN_MS)
        wait_until_idle(page)

        open_notebook(page, lab, "notebooks/02_snapshots.ipynb")
        page.locator("#jp-MainMenu").get_by_text("Run", exact=True).click()
        page.locator('.lm-Menu [data-command="runmenu:run-all"]').click()
        expect(notebook(page)).to_contain_text("No events are picked", timeout=RUN_MS)
        picker = cell_with(page, "picker = camkit.EventPicker")
        expect(picker.get_by_role("status")).to_contain_text("0 of 53 events picked")
        picker.locator("tbody tr").first.click()
        expect(picker.get_by_role("status")).to_contain_text("1 of 53 events picked")
        run_from(page, "events = camkit.resolve")
        panel = cell_with(page, "panel = camkit.ReviewPanel")
        expect(panel.locator(".camkit-picture img")).to_be_visible(timeout=RUN_MS)
        expect(panel).to_contain_text("0 of 1 reviewed")
        expect(panel.locator(".camkit-entry img")).to_be_visible()
        expect(panel).to_contain_text("Night watch")
        panel.screenshot(path=tmp_path / "3-panel.png")
        assert (lab.root / "out" / "german_export" / "case.sqlite").is_file()
        assert abroad == []
