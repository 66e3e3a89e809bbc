"""A login to API v3 that is kept in a folder of the test's."""

from __future__ import annotations

from collections.abc import Iterator

import keyring
import pytest
from keyring.backends.fail import Keyring as NoKeyring

from camkit.cameras.een import EagleEyeV3
from camkit.cameras.een.v3.tokens import TokensKept
from tests.support.een_v3 import client


@pytest.fixture(autouse=True)
def _no_keyring() -> Iterator[None]:
    """No test writes to the keyring of the one who runs it."""
    before = keyring.get_keyring()
    keyring.set_keyring(NoKeyring())
    yield
    keyring.set_keyring(before)


@pytest.fixture
def store(tmp_path) -> TokensKept:
    return TokensKept("demo", tmp_path / "state")


@pytest.fixture
def kept(demo, store) -> Iterator[EagleEyeV3]:
    """A client of the demo site whose tokens are in `store`."""
    een = client(demo.info, store)
    yield een
    een.close()
