"""JupyterLab on loopback, driven by a real browser, for the browser tests.

Jupyter's settings, workspaces and runtime files go to a temporary folder, so that a test neither reads nor changes
those of the user.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from playwright.sync_api import Locator, Page, Request, expect, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
CHROMIUM_FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
START_S, RUN_MS = 60, 60_000
SETTINGS = {
    "@jupyterlab/apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/notebook-extension/tracker": {"windowingMode": "none"},
}

expect.set_options(timeout=20_000)  # Playwright's 5 s are short for a kernel on a busy machine
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="NO CHROMIUM: install it to run the browser tests"
)


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab.

    Attributes
    ----------
    url : str
        Its address, with a slash at the end.
    token : str
        The token that it requires.
    root : pathlib.Path
        Its root folder.
    """

    url: str
    token: str
    root: Path


@contextmanager
def jupyter_lab(
    root: Path,
    private: Path,
    command: Sequence[str] = (),
    settings: Mapping[str, object] = SETTINGS,
    /,
    **environment: str,
) -> Iterator[Lab]:
    """Run JupyterLab over `root`, with its own files in `private`; it and its kernels end with the block.

    `command` is what Python is asked to run if it is not JupyterLab itself; `settings` are those of the user.
    """
    folders = {
        name: private / name.lower()
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    }
    folders["JUPYTERLAB_SETTINGS_DIR"] = private / "settings"
    folders["JUPYTERLAB_WORKSPACES_DIR"] = private / "workspaces"
    for folder in folders.values():
        folder.mkdir(parents=True, exist_ok=True)
    for name, values in settings.items():
        path = private / "settings" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))
    token = secrets.token_hex(16)
    command = command or ("-m", "jupyterlab", "--ServerApp.ip=127.0.0.1", f"--ServerApp.root_dir={root}")
    options = {
        "ServerApp.port": 0,
        "ServerApp.open_browser": False,
        "ServerApp.allow_root": True,
        "LabApp.extension_manager": "readonly",
    }
    with (private / "jupyterlab.log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, *command, *(f"--{name}={value}" for name, value in options.items())],
            env={
                **os.environ,
                **{name: str(folder) for name, folder in folders.items()},
                "JUPYTER_TOKEN": token,
                **environment,
            },
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            yield Lab(_address(server, folders["JUPYTER_RUNTIME_DIR"], Path(log.name)), token, root)
        finally:
            server.terminate()
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


@contextmanager
def browser_page(width: int = 1280, height: int = 720) -> Iterator[Page]:
    """Open a page of this size in Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_FLAGS)
        try:
            page = browser.new_page(viewport={"width": width, "height": height})
            page.set_default_timeout(RUN_MS)
            yield page
        finally:
            browser.close()


def requests_abroad(page: Page) -> list[str]:
    """List the addresses off loopback that a page requests from now on."""
    abroad: list[str] = []
    home = ("127.0.0.1", "localhost", None)

    def note(request: Request) -> None:
        if urlsplit(request.url).hostname not in home:
            abroad.append(request.url)

    page.on("request", note)
    return abroad


def open_notebook(page: Page, lab: Lab, name: str) -> None:
    """Open a notebook alone on the page and wait for its kernel."""
    page.goto(f"{lab.url}lab/tree/{quote(name)}?token={lab.token}&reset")
    wait_until_idle(page)


def run_all(page: Page) -> None:
    """Run all cells of the notebook and wait until the last has run."""
    page.locator("#jp-MainMenu").get_by_text("Run", exact=True).click()
    page.locator('.lm-Menu [data-command="runmenu:run-all"]').click()
    for prompt in notebook(page).locator(".jp-CodeCell .jp-InputPrompt").all():
        expect(prompt).to_have_text(re.compile(r"^\[\d+\]:$"), timeout=RUN_MS)
    wait_until_idle(page)


def outputs(page: Page, cell: int) -> Locator:
    """The outputs of a code cell, counted from 0."""
    return notebook(page).locator(".jp-CodeCell").nth(cell).locator(".jp-OutputArea-output")


def wait_until_idle(page: Page) -> None:
    """Wait until the status bar says that the kernel is idle; the cells say so too early."""
    expect(page.locator("#jp-main-statusbar")).to_contain_text("(ipykernel) | Idle", timeout=RUN_MS)


def notebook(page: Page) -> Locator:
    """The notebook in front."""
    return page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")


def _address(server: subprocess.Popen[bytes], runtime: Path, log: Path) -> str:
    """The server's address, which it writes to a file once it listens."""
    deadline = time.monotonic() + START_S
    info = runtime / f"jpserver-{server.pid}.json"
    while time.monotonic() < deadline and server.poll() is None:
        if info.exists() and (text := info.read_text()).endswith("}"):
            return str(json.loads(text)["url"])
        time.sleep(0.05)
    raise RuntimeError(f"JupyterLab did not start; its log:\n{log.read_text()[-2000:]}")
