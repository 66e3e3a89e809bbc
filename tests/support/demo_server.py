"""The demo site as a subprocess, for tests: a real server on a free port."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import pytest
import requests

QUICK = ("--ready-delay-ms", "0", "--timeout-ms", "20", "--rate-limit", "off")
"""Arguments for tests that do not care about the vendors' delays and limits."""


@dataclass
class RunningDemo:
    """A running demo site.

    Attributes
    ----------
    info : dict
        The JSON line that it printed.
    process : subprocess.Popen
        Its process.
    """

    info: dict[str, str]
    process: subprocess.Popen[str]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self, number: int = signal.SIGTERM) -> tuple[int, str]:
        """End it, and give its exit code and what it wrote on stderr."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            _, errors = self.process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            _, errors = self.process.communicate()
        return self.process.returncode, errors

    def log_in(self) -> requests.Session:
        """A session that is logged in to the Eagle Eye account."""
        session = requests.Session()
        session.trust_env = False
        base = self.info["een"]
        credentials = {"username": self.info["een_username"], "password": self.info["een_password"]}
        token = session.post(f"{base}/g/aaa/authenticate", json=credentials, timeout=10).json()
        session.post(f"{base}/g/aaa/authorize", json=token, timeout=10).raise_for_status()
        return session

    def control(self, method: str, name: str, **arguments: object) -> requests.Response:
        """Call the control path."""
        url = f"{self.info['control']}/{name}"
        return requests.request(method, url, timeout=10, **arguments)  # type: ignore[arg-type]


def start_demo(*arguments: str) -> RunningDemo:
    """Start ``python -m camkit.demo`` with these arguments and wait for its JSON line."""
    process = subprocess.Popen(
        [sys.executable, "-m", "camkit.demo", "--parent", str(os.getpid()), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        _, errors = process.communicate(timeout=10)
        raise RuntimeError(f"the demo site did not start: {errors}")
    return RunningDemo(json.loads(line), process)


@pytest.fixture(scope="module", name="demo")
def demo_fixture() -> Iterator[RunningDemo]:
    """One quick demo site for all tests of a module."""
    with start_demo(*QUICK) as running:
        yield running


@pytest.fixture(scope="module", name="een")
def een_fixture(demo: RunningDemo) -> Iterator[requests.Session]:
    """A session that is logged in to the module's demo site."""
    with demo.log_in() as session:
        yield session
