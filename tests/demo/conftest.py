"""Fixtures and helpers of the demo's own tests."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import requests

from camkit.demo.launch import DemoProcess

QUICK = ("--ready-delay-ms", "0", "--timeout-ms", "20", "--rate-limit", "off")
"""Options for tests that do not depend on the vendors' delays and limits."""


@pytest.fixture(scope="module")
def demo() -> Iterator[DemoProcess]:
    """A demo site without delays and limits, for the tests of one module; used instead of the shared one."""
    with DemoProcess(*QUICK) as demo:
        yield demo


@pytest.fixture(scope="module")
def session(demo: DemoProcess) -> Iterator[requests.Session]:
    """A session that is logged in to the demo's Eagle Eye account."""
    with log_in(demo) as session:
        yield session


def log_in(demo: DemoProcess) -> requests.Session:
    """A new session that is logged in to the demo's Eagle Eye account."""
    session = requests.Session()
    session.trust_env = False
    base = demo.info["een"]
    credentials = {"username": demo.info["een_username"], "password": demo.info["een_password"]}
    token = session.post(f"{base}/g/aaa/authenticate", json=credentials, timeout=10).json()
    session.post(f"{base}/g/aaa/authorize", json=token, timeout=10).raise_for_status()
    return session


@contextmanager
def started(*options: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """A demo site as a plain process, for its exit status and output, with the JSON line it printed."""
    process = subprocess.Popen(
        [sys.executable, "-m", "camkit.demo", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()


def ended(process: subprocess.Popen[str], number: int) -> tuple[int, str]:
    """Send a signal, wait for the end of the process, and return its exit status and standard error."""
    process.send_signal(number)
    _, errors = process.communicate(timeout=10)
    return process.returncode, errors
