"""Fixtures that many tests share: a running demo site and clients of it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from camkit.demo.launch import DemoProcess
from camkit.site import Site, demo_site
from tests.support.control import Control

ROOT = Path(__file__).resolve().parent.parent

settings.register_profile("camkit", deadline=None)  # how fast the machine is, is not what tests are about
settings.load_profile("camkit")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell's background job: `make test &`
    signal.signal(signal.SIGINT, signal.default_int_handler)


class SayFailuresAtOnce:
    """Prints each failure as it comes: a run that is ended before its summary has still named them."""

    def __init__(self, terminal: pytest.TerminalReporter) -> None:
        self._terminal = terminal

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self._terminal.write_line("")
            self._terminal.write_line(f"FAILED in {report.when}, {report.duration:.0f} s: {report.nodeid}")
            self._terminal.write_line("\n".join(report.longreprtext.splitlines()[-12:]))


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    terminal = config.pluginmanager.get_plugin("terminalreporter")
    if isinstance(terminal, pytest.TerminalReporter):
        config.pluginmanager.register(SayFailuresAtOnce(terminal))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest where several processes share the tests: at the end the others would wait for it."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=lambda item: "test_every_notebook" not in item.name and "browser" not in item.keywords)


@pytest.fixture(scope="session")
def demo() -> Iterator[DemoProcess]:
    """One demo site for the whole session, with short delays."""
    with DemoProcess("--ready-delay-ms", "50", "--timeout-ms", "20") as demo:
        yield demo


@pytest.fixture
def site(demo: DemoProcess) -> Iterator[Site]:
    """New clients of the test's demo site."""
    with demo_site(demo.info) as site:
        yield site


@pytest.fixture
def control(demo: DemoProcess) -> Iterator[Control]:
    """Controls the test's demo site; its request log starts empty, and no fault outlives the test."""
    control = Control(demo.info)
    control.reset()
    yield control
    control.close()


NO_KEYRING = "keyring.backends.fail.Keyring"
os.environ["PYTHON_KEYRING_BACKEND"] = (
    NO_KEYRING  # read at the first use: no test writes into anybody's own keyring
)


@pytest.fixture(autouse=True)
def _no_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test uses this machine's accounts, a .env file above the repository, or a login that is kept."""
    for name in (
        "MERAKI_DASHBOARD_API_KEY MERAKI_BASE_URL EEN_USERNAME EEN_PASSWORD EEN_API_KEY EEN_BASE_URL "
        "EEN_CLIENT_ID EEN_CLIENT_SECRET EEN_REDIRECT_URI "
        "CAMKIT_DIRECTORY CAMKIT_DIRECTORY_URL CAMKIT_DOORS CAMKIT_DEMO"
    ).split():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "user-state"))
