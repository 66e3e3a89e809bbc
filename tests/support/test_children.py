"""What programs that camkit starts get to know."""

from __future__ import annotations

import os
import sys

import psutil
import pytest

from camkit.badges import load_doors
from camkit.demo.launch import DemoProcess
from camkit.errors import DoorsFileError
from camkit.support.children import child_environment

CANARY = "kei-4711-canary"
SECRETS = {
    "MERAKI_DASHBOARD_API_KEY": CANARY,
    "EEN_USERNAME": CANARY,
    "EEN_PASSWORD": CANARY,
    "EEN_API_KEY": CANARY,
    "AWS_SECRET_ACCESS_KEY": CANARY,
    "JUPYTER_TOKEN": CANARY,
    "github_token": CANARY,
    "PGPASSWORD": CANARY,
    "HTTPS_PROXY": f"http://me:{CANARY}@proxy.example:8080",
    "MY_LOGIN": CANARY,
    "DATABASE_DSN": CANARY,
    "PYTHONINDEX": f"https://me:{CANARY}@packages.example/simple",
    "PIP_INDEX_URL": f"https://{CANARY}:x@packages.example/simple",
}


@pytest.fixture(autouse=True)
def _with_secrets(monkeypatch):
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LC_TIME", "de_DE.UTF-8")


def test_a_child_gets_what_python_needs_and_no_secret():
    "Whatever the name of a variable with a secret is"
    found = child_environment()
    assert not SECRETS.keys() & found.keys()
    assert {"PATH", "HOME", "LC_TIME"} <= found.keys()
    assert CANARY in os.environ["EEN_PASSWORD"]


@pytest.mark.not_quick
def test_the_demo_site_gets_no_key():
    "Everybody who may look at this user's processes sees its environment"
    with DemoProcess() as demo:
        environment = psutil.Process(demo._process.pid).environ()
    assert CANARY not in str(environment) and environment["LC_TIME"] == "de_DE.UTF-8"


def test_the_reader_of_spreadsheets_gets_no_key(tmp_path, monkeypatch):
    "It opens files from outside, so it has nothing that they could send on"
    spy = tmp_path / "python"
    spy.write_text(f"#!/bin/sh\nenv > {tmp_path}/environment\nexit 1\n")
    spy.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(spy))
    (tmp_path / "doors.xls").write_bytes(bytes.fromhex("d0cf11e0a1b11ae1"))
    with pytest.raises(DoorsFileError):
        load_doors(tmp_path / "doors.xls")
    seen = (tmp_path / "environment").read_text()
    assert CANARY not in seen and "LC_TIME=de_DE.UTF-8" in seen
