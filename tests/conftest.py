"""Fixtures that many tests share: a running demo site and clients of it."""

from __future__ import annotations

import os
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
