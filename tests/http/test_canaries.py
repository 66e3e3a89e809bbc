"""No secret is in a notebook, an output, a log or a file, after any run."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from camkit.case import Case
from camkit.demo.launch import DemoProcess
from tests.conftest import ROOT
from tools.notebooks import notebooks, working_copy

NOTEBOOKS = notebooks(ROOT)

SESSION = re.compile(r"c\d{3}~[0-9a-f]{32}")
SNAPSHOT = re.compile(r"/stream/jpeg/snapshot/(?!\*\*\*)[\w-]+")


def secrets_in(text: str, info: dict) -> list[str]:
    """Every secret of the demo site that occurs in a text, and what looks like a session or a snapshot token."""
    known = [
        value
        for name, value in info.items()
        if name.endswith(("password", "_key", "_code")) and len(value) > 4
    ]
    assert len(known) >= 3
    return [secret for secret in known if secret in text] + SESSION.findall(text) + SNAPSHOT.findall(text)


def test_the_search_finds_what_it_looks_for(demo):
    "The check itself can fail"
    info = demo.info
    for text in (info["een_password"], f"Bearer {info['meraki_key']}", "auth_key=c001~" + "0a" * 16):
        assert secrets_in(f"so {text} it is", info)
    assert secrets_in("GET /stream/jpeg/snapshot/0123VH-x", info)
    assert not secrets_in("GET /stream/jpeg/snapshot/*** and c001", info)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_stored_notebook_is_clean(path, demo):
    "The notebooks in the repository do not have a secret"
    assert not secrets_in(path.read_text(encoding="utf-8"), demo.info)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_run_with_credentials_leaves_no_trace_of_them(path, tmp_path):
    "With accounts in the environment and all logs at DEBUG: outputs, logs and files are free of secrets"
    with DemoProcess("--one-port") as demo:  # the addresses that a user can set know of no second port
        run_with_credentials(path, demo, tmp_path)


def run_with_credentials(path: Path, demo: DemoProcess, tmp_path: Path) -> None:
    "Run a notebook on the demo site as if it were a real account, and look for secrets everywhere"
    settings = {
        "EEN_USERNAME": demo.info["een_username"],
        "EEN_PASSWORD": demo.info["een_password"],
        "EEN_BASE_URL": demo.info["een"],
        "MERAKI_DASHBOARD_API_KEY": demo.info["meraki_key"],
        "MERAKI_BASE_URL": demo.info["meraki"],
        "CAMKIT_DIRECTORY_URL": demo.info["directory"],
    }
    copy = working_copy(ROOT, tmp_path / "copy")
    Case(copy / "out" / "front-door").close()  # notebook 05 expects it
    log = tmp_path / "debug.log"
    book = nbformat.read(copy / "notebooks" / path.name, as_version=4)
    first = f"import logging\nlogging.basicConfig(level=logging.DEBUG, filename={str(log)!r}, force=True)"
    book.cells.insert(0, nbformat.v4.new_code_cell(first))
    client = NotebookClient(book, timeout=120, resources={"metadata": {"path": str(copy / "notebooks")}})
    client.execute(env={**os.environ, **settings})
    logged = log.read_text()
    assert (
        "connect()" not in "".join(cell.source for cell in book.cells) or "urllib3.connectionpool" in logged
    )
    assert not secrets_in(json.dumps(book), demo.info)
    assert not secrets_in(logged, demo.info)
    for file in tmp_path.rglob("*"):
        if file.is_file():
            assert not secrets_in(file.read_bytes().decode("latin-1"), demo.info), file
