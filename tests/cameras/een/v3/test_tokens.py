"""Tokens are kept for their owner only, whole, and by one at a time."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import threading
import time
from dataclasses import replace

import gevent
import keyring
import pytest
from keyring.backend import KeyringBackend
from pydantic import SecretStr

from camkit.cameras.een.v3 import tokens
from camkit.cameras.een.v3.tokens import Tokens, TokensKept
from camkit.errors import LoginRefused, OutputError
from tests.conftest import ROOT
from tests.support.een_v3 import client

TOKENS = Tokens(SecretStr("access-canary"), SecretStr("refresh-canary"), 4e9, "https://api.c001.example")


class SomeKeyring(KeyringBackend):
    """A keyring in memory that can be told to fail, in its own words."""

    priority = 5

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str], str] = {}
        self.failure: Exception | None = None

    def get_password(self, service, username):
        if self.failure:
            raise self.failure
        return self.entries.get((service, username))

    def set_password(self, service, username, password):
        if self.failure:
            raise self.failure
        self.entries[service, username] = password

    def delete_password(self, service, username):
        if self.entries.pop((service, username), None) is None:
            raise keyring.errors.PasswordDeleteError


def test_what_is_kept_is_read_again_by_its_owner_only(store, tmp_path):
    "A file of mode 0600 in a folder of mode 0700"
    store.save(TOKENS)
    assert store.load() == TOKENS
    (file,) = (tmp_path / "state").glob("*.json")
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    store.forget()
    assert store.load() is None and not file.exists()


def test_tokens_do_not_show_themselves():
    "Neither in a repr nor in a pickle"
    assert "canary" not in repr(TOKENS)
    with pytest.raises(TypeError):
        pickle.dumps(TOKENS)


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\xff\xfe", b"{}", b"[1, 2]", b'["a", "b", "soon", "https://c"]', b'["a\\n", "b", 1, "https://c"]',
        b'["a", "b", 1, "https://["]', b"[" * 30_000,
        b'["a", "b", 1' + b"0" * 400 + b', "https://c"]', b'["a", 1, 1, "x"]',
    ],
)  # fmt: skip
def test_a_file_that_is_not_a_login_is_none_and_stays(store, tmp_path, content):
    "It is replaced by the next login only"
    store.save(TOKENS)
    (file,) = (tmp_path / "state").glob("*.json")
    file.write_bytes(content)
    assert store.load() is None
    assert file.read_bytes() == content
    store.save(TOKENS)
    assert store.load() == TOKENS


def test_a_file_that_others_can_read_is_refused(store, tmp_path):
    "It says what to remove"
    store.save(TOKENS)
    (file,) = (tmp_path / "state").glob("*.json")
    file.chmod(0o644)
    with pytest.raises(LoginRefused, match="not yours alone"):
        store.load()


def test_a_link_is_refused(store, tmp_path):
    "Whether it leads to a good file or nowhere"
    store.save(TOKENS)
    (file,) = (tmp_path / "state").glob("*.json")
    file.rename(tmp_path / "elsewhere")
    for target in (tmp_path / "elsewhere", tmp_path / "nowhere"):
        file.symlink_to(target)
        with pytest.raises(LoginRefused, match="cannot be read"):
            store.load()
        file.unlink()


def test_a_folder_that_others_can_look_into_is_refused(store, tmp_path):
    "So is one that is a link"
    store.save(TOKENS)
    (tmp_path / "state").chmod(0o750)
    with pytest.raises(LoginRefused, match="chmod 700"):
        store.save(TOKENS)
    (tmp_path / "link").symlink_to(tmp_path / "state")
    with pytest.raises(LoginRefused, match="is a link"), TokensKept("demo", tmp_path / "link").lock():
        pass


def test_a_keyring_takes_them_and_no_file_is_left(store, tmp_path):
    "Where there was none before"
    keyring.set_keyring(SomeKeyring())
    store.save(TOKENS)
    assert not [*(tmp_path / "state").glob("*.json")]
    assert store.load() == TOKENS
    store.forget()
    assert store.load() is None


def test_a_process_without_a_keyring_and_one_with_it_share_a_login(store, tmp_path):
    "The file stays the place, whoever writes; after a logout the keyring is"
    store.save(TOKENS)
    desktop, ssh = SomeKeyring(), keyring.get_keyring()
    newer = replace(TOKENS, access=SecretStr("newer-canary"))
    keyring.set_keyring(desktop)
    assert store.load() == TOKENS
    store.save(newer)
    keyring.set_keyring(ssh)
    assert store.load() == newer and not desktop.entries
    keyring.set_keyring(desktop)
    store.forget()
    store.save(TOKENS)
    assert desktop.entries and not [*(tmp_path / "state").glob("*.json")]
    keyring.set_keyring(ssh)
    store.save(newer)  # that process could not know of the login in the keyring, and made one
    keyring.set_keyring(desktop)
    assert store.load() == newer
    store.forget()
    assert not desktop.entries and store.load() is None


class SlowKeyring(SomeKeyring):
    """A keyring that waits for somebody to unlock it."""

    def __init__(self) -> None:
        super().__init__()
        self.unlocked = threading.Event()

    def get_password(self, service, username):
        self.unlocked.wait(20)
        return super().get_password(service, username)

    def set_password(self, service, username, password):
        self.unlocked.wait(20)
        super().set_password(service, username, password)

    def delete_password(self, service, username):
        self.unlocked.wait(20)
        super().delete_password(service, username)


@pytest.mark.parametrize("call", ["load", "save", "forget"])
def test_a_keyring_that_waits_for_somebody_does_not_stop_the_rest(store, call):
    "Greenlets go on, such as the one that lets it be unlocked"
    backend = SlowKeyring()
    keyring.set_keyring(backend)
    gevent.spawn_later(0.1, backend.unlocked.set)
    getattr(store, call)(*[TOKENS] * (call == "save"))
    assert backend.unlocked.is_set()


def test_a_keyring_that_nobody_unlocks_is_not_waited_for(store, tmp_path, monkeypatch):
    "New tokens go to the file; what cannot be read or removed is said"
    monkeypatch.setattr(tokens, "KEYRING_S", 0.1)
    monkeypatch.setattr(tokens, "SAVING_S", 0.1)
    backend = SlowKeyring()
    keyring.set_keyring(backend)
    try:
        with pytest.raises(LoginRefused, match="Unlock the keyring"):
            store.load()
        store.save(TOKENS)
        assert [*(tmp_path / "state").glob("*.json")] and store.load() == TOKENS
        with pytest.raises(OutputError, match="Unlock it"):
            store.forget()
    finally:
        backend.unlocked.set()


@pytest.mark.parametrize(
    "failure", [keyring.errors.KeyringLocked(), OSError("canary"), RuntimeError("canary")]
)
def test_a_keyring_that_fails_is_replaced_by_the_file(store, tmp_path, failure):
    "And a login that can only be in it is said to be there"
    backend = SomeKeyring()
    keyring.set_keyring(backend)
    store.save(TOKENS)
    assert not [*(tmp_path / "state").glob("*.json")]
    backend.failure = failure
    with pytest.raises(LoginRefused, match="Unlock the keyring") as caught:
        store.load()
    assert "canary" not in str(caught.value)
    store.save(TOKENS)
    assert [*(tmp_path / "state").glob("*.json")] and store.load() == TOKENS


@pytest.mark.not_quick
def test_two_processes_share_one_login_through_thirty_rotations(demo, kept, store, tmp_path, control):
    "Whoever gets the lock uses what the other renewed; the login holds at the end"
    kept.login()
    arguments = [
        sys.executable,
        "-m",
        "tests.support.een_v3",
        json.dumps(demo.info),
        str(tmp_path / "state"),
        "30",  # now and then one takes what the other has just renewed
    ]
    jobs = [subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [job.wait(100) for job in jobs] == [0, 0]
    assert control.count("/oauth2/token") >= 30
    newcomer = client(demo.info, store, consent=None)
    assert newcomer.login().account_id == "00014750"
    newcomer.close()


@pytest.mark.not_quick
def test_a_process_that_is_killed_leaves_no_lock_and_whole_tokens(demo, kept, store, tmp_path):
    "What it had begun to write is removed by the next one"
    kept.login()
    arguments = [
        sys.executable,
        "-m",
        "tests.support.een_v3",
        json.dumps(demo.info),
        str(tmp_path / "state"),
        "9999",
    ]
    with subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE) as job:
        for _ in range(5):
            job.stdout.readline()
        time.sleep(os.urandom(1)[0] / 5000)
        job.kill()
    with store.lock():
        tokens = store.load()
    assert tokens is not None
    store.save(tokens)
    assert not [*(tmp_path / "state").glob("*.part")]
