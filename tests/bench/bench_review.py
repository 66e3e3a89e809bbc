"""The time in a browser from the key "next" until the next picture, loaded ahead, is on the screen."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.bench.measure import Row, in_turn
from tests.support.browser import browser_page, jupyter_lab, open_notebook, run_all
from tests.support.review_notebook import ENVIRONMENT, panel_of, write_notebook

IDEAL_S = 0.150
"""What feels immediate, seconds."""

EVENTS = 20
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


def bench() -> list[Row]:
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
