"""The time from the key "next" until the next picture is on the screen, and what many events cost in the kernel."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from playwright.sync_api import Page, expect

from camkit.case import Case
from camkit.review import EventPicker, ReviewPanel
from tests.bench.measure import Row, in_turn
from tests.support.browser import browser_page, jupyter_lab, open_notebook, run_all
from tests.support.cases import made_up, made_up_events
from tests.support.review_notebook import ENVIRONMENT, panel_of, write_notebook

IDEAL_S = 0.150
"""What feels immediate, seconds."""

EVENTS = 20
LOG, PICKED = 1_000_000, 100_000
QUICK = ("--ready-delay-ms", "0", "--rate-limit", "off")

WATCH = """
() => {
  const box = document.querySelector(".camkit-picture");
  document.addEventListener("keydown", () => { window.pressedAt = performance.now(); window.tookMs = null; }, true);
  new MutationObserver(async () => {
    await box.querySelector("img").decode();
    requestAnimationFrame(() => setTimeout(() => { window.tookMs = performance.now() - window.pressedAt; }));
  }).observe(box, { childList: true, subtree: true });
}
"""
"""From the key's event until the frame after the decoded picture was painted."""


def press_next(page: Page) -> Callable[[], float]:
    """A subject: the seconds from the key to the picture, by the browser's clock."""

    def subject() -> float:
        expect(page.get_by_role("button", name="Load again")).to_be_visible()  # nothing is being loaded
        page.keyboard.press("ArrowRight")
        took_ms: float = page.wait_for_function("window.tookMs").json_value()
        return took_ms / 1000

    return subject


def timed(call: Callable[[], object]) -> float:
    """The seconds of a call."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def filters() -> list[Row]:
    """Change a filter of the picker, its new table included, beside what pandas takes for the mask alone."""
    names = np.array([f"Person {number} Surname{number}" for number in range(5000)])
    drawn = np.random.default_rng(1).integers(0, 5000, LOG)
    columns = {"cardholder_name": names[drawn], "reader_id": [f"R{number % 300}" for number in drawn]}
    events = made_up_events(LOG, **columns).astype(dict.fromkeys(columns, "string"))
    picker = EventPicker(events)

    def choose() -> float:
        picker.readers.value = ()
        return timed(lambda: picker.readers.set_trait("value", ("R7",)))

    def search() -> float:
        picker.cardholder.value = ""
        return timed(lambda: picker.cardholder.set_trait("value", "surname77"))

    def contain() -> pd.Series:
        people = ("cardholder_id", "cardholder_name")
        number, name = (events[one].str.contains("surname77", case=False, regex=False) for one in people)
        return number | name

    about = f"of {LOG:,} events"
    return [
        *in_turn(
            f"choose one reader {about}",
            {"camkit": choose, "pandas, the mask": lambda: timed(lambda: events["reader_id"] == "R7")},
        ),
        *in_turn(f"search a name {about}", {"camkit": search, "pandas, the mask": lambda: timed(contain)}),
    ]


def steps() -> list[Row]:
    """Go to the next event of a long queue, without a browser."""
    events = made_up(PICKED)
    with tempfile.TemporaryDirectory() as temporary, Case(temporary, operator="bench") as case:
        case.add_events(events)
        panel = ReviewPanel(events, case, {})
        rows = in_turn(
            f"go to the next of {PICKED:,} events, in the kernel",
            {"camkit": lambda: timed(panel.next)},
            ideal_s=IDEAL_S,
        )
        panel.close()
        return rows


def bench() -> list[Row]:
    """Filter, go through a long queue, and step through a short one in a browser."""
    return [*filters(), *steps(), *in_browser()]


def in_browser() -> list[Row]:
    """Step through the queue."""
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        log = 'camkit.load_badges(ROOT / "data" / "sample_badges.csv", timezone=ZONE).events'
        write_notebook(
            root / "review.ipynb", panel_of(f"{log}.query('reader_id == \"HQ-R1\"').head({EVENTS})", *QUICK)
        )
        with jupyter_lab(root, root / "jupyter", **ENVIRONMENT) as lab, browser_page() as page:
            open_notebook(page, lab, "review.ipynb")
            run_all(page)
            page.locator(".camkit-picture").click()
            page.evaluate(WATCH)
            return in_turn(
                'from "next" to the picture on the screen, loaded ahead',
                {"camkit": press_next(page)},
                rounds=EVENTS - 2,
                ideal_s=IDEAL_S,
            )
