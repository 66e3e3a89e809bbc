"""The consent as a person gives it: a button in a notebook, a click on the page that it opens."""

from __future__ import annotations

import socket

import pytest
from playwright.sync_api import expect

from tests.conftest import NO_KEYRING, ROOT
from tests.support.browser import browser_page, jupyter_lab, needs_chromium, notebook, open_notebook
from tests.support.review_notebook import write_notebook

pytestmark = [pytest.mark.browser, pytest.mark.slow, needs_chromium]

CELL = """
from camkit.demo.launch import DemoProcess
from camkit.cameras.een import EagleEyeV3

demo = DemoProcess("--redirect-uri", "{uri}")
info = demo.info
een = EagleEyeV3(info["een_client_id"], info["een_client_secret"], "{uri}", auth_url=info["een_auth"])
een.login()
"""


def test_a_click_in_a_notebook_logs_in(tmp_path):
    "The button opens the vendor's page in a tab; after the click the cell goes on, and the button is gone"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        uri = f"http://127.0.0.1:{free.getsockname()[1]}/back"
    root = tmp_path / "root"
    root.mkdir()
    write_notebook(root / "login.ipynb", CELL.format(uri=uri))
    environment = {
        "PYTHONPATH": str(ROOT),
        "PYTHON_KEYRING_BACKEND": NO_KEYRING,
        "XDG_STATE_HOME": str(tmp_path / "state"),
    }
    with jupyter_lab(root, tmp_path / "jupyter", **environment) as lab, browser_page() as page:
        open_notebook(page, lab, "login.ipynb")
        notebook(page).locator(".jp-CodeCell .cm-content").first.click()
        page.keyboard.press("Shift+Enter")  # not "Run All" of the helper, which waits for the last cell
        button = notebook(page).get_by_role("link", name="Allow the access to Eagle Eye")
        expect(button).to_be_visible()
        with page.context.expect_page() as opened:
            button.click()
        tab = opened.value
        expect(tab.get_by_role("heading", name="Allow the access?")).to_be_visible()
        tab.get_by_role("button", name="Allow").click()
        expect(tab.get_by_text("go back to the notebook")).to_be_visible()
        assert tab.url.startswith(uri)
        expect(notebook(page).get_by_text("investigator@camkit.example").first).to_be_visible()
        expect(button).to_have_count(0)
        assert list((tmp_path / "state").rglob("een-*.json"))
