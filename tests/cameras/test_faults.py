"""Every fault with every call: the outcome, nothing left behind, no other greenlet blocked, no secret shown."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import gevent
import psutil
import pytest
from pydantic import SecretStr

from camkit import errors
from camkit.cameras.een import EagleEyeV1
from camkit.cameras.een.previews import download_previews, failures
from camkit.cameras.meraki import Meraki
from camkit.demo.launch import DemoProcess
from camkit.directory import WebDirectory
from camkit.http import Limits
from camkit.support.jpeg import check_jpeg
from tests.http.test_secrets_stay import everything_about
from tests.support.control import Control
from tests.support.fault_table import CALLS, ROWS, Row

LIMITS = Limits(
    connect_s=0.4, read_s=0.4, deadline_s=1.5, attempts=2, backoff_s=0.01, backoff_max_s=0.05, max_bytes=2**20
)
READY_S = 0.6
BEAT_S = 0.01
MOST_MISSED = 35
"""Beats of a thread between two of a greenlet, below the read timeout: a wait that blocks the hub takes more."""

NOW = datetime(2019, 4, 12, 20, 45, tzinfo=UTC)
SERIAL, NUMBER = "Q2GV-7K2M-D9HT", "00071234"

KINDS = {
    "bad": errors.BadResponse,
    "late": errors.DeadlineExceeded,
    "error": errors.ServiceError,
    "refused": errors.LoginRefused,
    "denied": errors.AccessDenied,
    "none": errors.NoPicture,
    "unknown": errors.NotFound,
    "limited": errors.RateLimited,
}


@pytest.fixture(scope="module")
def site() -> Iterator[DemoProcess]:
    """A demo site of its own, without the vendors' delays and limits."""
    process = DemoProcess("--ready-delay-ms", "0", "--timeout-ms", "20", "--rate-limit", "off")
    yield process
    process.stop()


@pytest.fixture(scope="module")
def steer(site) -> Iterator[Control]:
    control = Control(site.info)
    yield control
    control.close()


class Clients:
    """All three clients, new for each test, and the calls on them."""

    def __init__(self, info: dict, out: Path) -> None:
        self.een = EagleEyeV1(
            info["een_username"],
            SecretStr(info["een_password"]),
            base_url=info["een"],
            limits=LIMITS,
            demo_origin=info["media"],
        )
        self.meraki = Meraki(
            SecretStr(info["meraki_key"]),
            base_url=info["meraki"],
            limits=LIMITS,
            ready_s=READY_S,
            poll_s=0.01,
            demo_origin=info["media"],
        )
        self.directory = WebDirectory(info["directory"], limits=LIMITS)
        self.out = out

    def prepare(self, call: str) -> str:
        """Log in if the call needs it, before anything goes wrong; returns a camera."""
        return "" if call in ("login", "order", "snapshot", "directory") else self.een.healthy_camera(seed=1)

    def make(self, call: str, camera: str) -> str:
        """Make the call, and return the outcome in the table's words."""
        calls: dict[str, Callable[[], str]] = {
            "login": lambda: "ok" if self.een.login().email else "nobody",
            "devices": lambda: "ok" if len(self.een.devices()) == 94 else "too few",
            "image": lambda: "ok" if check_jpeg(self.een.frame(camera).content) == (640, 360) else "odd",
            "list": lambda: (
                "ok" if self.een.frame_times(camera, NOW - timedelta(minutes=5), count=3) else "empty"
            ),
            "download": lambda: self._download(camera),
            "order": self._snapshot,
            "snapshot": self._snapshot,
            "directory": self._look_up,
        }
        try:
            return calls[call]()
        except errors.ServiceError as error:
            self.caught = error
            return next(word for word, kind in KINDS.items() if type(error) is kind)

    def close(self) -> None:
        for client in (self.een, self.meraki, self.directory):
            client.close()

    caught: errors.ServiceError | None = None

    def _snapshot(self) -> str:
        picture = self.meraki.snapshot(SERIAL, NOW - timedelta(hours=1))
        return "ok" if check_jpeg(picture.content) == (1280, 720) else "odd"

    def _look_up(self) -> str:
        person = self.directory.lookup(NUMBER)
        return "note" if person.note else "ok" if person.photo and person.name == "Zoë Lindqvist" else "odd"

    def _download(self, camera: str) -> str:
        run = download_previews(
            self.een, camera, count=3, workers=2, attempts=4, out=self.out / "out", progress=False
        )
        assert run.requests == len(run.saved) + run.repeated + len(run.failures)
        assert {frame.path.name for frame in run.saved} == {path.name for path in run.out.iterdir()}
        for frame in run.saved:
            check_jpeg(frame.path.read_bytes())
        if run.complete:
            return "ok"
        assert run.shortfall and run.failures
        return "short"


@pytest.fixture(scope="module")
def at_rest(site, steer, tmp_path_factory) -> None:
    """Create what is created once, such as the hub and its threads, before anything is counted."""
    steer.faults()
    clients = Clients(site.info, tmp_path_factory.mktemp("rest"))
    for call in CALLS:
        clients.make(call, clients.prepare(call))
    clients.close()


def files_and_threads() -> tuple[int, int]:
    """The numbers of open files and of running threads in this process, without the hub's own threads.

    gevent looks addresses up in threads that are started for several look-ups at once and end after some
    idle seconds (``GEVENT_THREADPOOL_IDLE_TASK_TIMEOUT``), so their number says nothing about a call.
    """
    process = psutil.Process()
    return process.num_fds(), process.num_threads() - gevent.get_hub().threadpool.size


@pytest.fixture
def nothing_left(at_rest) -> Iterator[None]:
    """There are no more threads and file descriptors than before, and every greenlet that was spawned has ended."""
    spawned: list[gevent.Greenlet] = []
    before = files_and_threads()
    gevent.Greenlet.add_spawn_callback(spawned.append)
    yield
    gevent.Greenlet.remove_spawn_callback(spawned.append)
    assert spawned
    assert [each for each in spawned if not each.dead] == []
    until = time.monotonic() + 2
    while any(now > then for now, then in zip(files_and_threads(), before, strict=True)):
        assert time.monotonic() < until, (files_and_threads(), before)
        gevent.sleep(0.02)


def slow(row: Row, call: str) -> bool:
    """Whether a case waits for timeouts again and again."""
    return row.outcomes[call] == "late" or row.kind in ("hang", "drip") or row.params.get("ms") == 900


CASES = [
    pytest.param(row, call, id=f"{row.name}-{call}", marks=[pytest.mark.slow] if slow(row, call) else [])
    for row in ROWS
    for call in CALLS
]


def test_the_table_is_as_large_as_promised():
    "At least thirty faults, each by at least six calls, and no two rows alike"
    assert len({row.name for row in ROWS}) == len(ROWS) >= 30
    assert len(CALLS) >= 6


@contextmanager
def missed_beats() -> Iterator[list[int]]:
    """How often a thread beats between two beats of a greenlet; a busy machine slows both down alike."""
    beats, missed, over = [0], [0], threading.Event()

    def thread_beats() -> None:
        while not over.wait(BEAT_S):
            beats[0] += 1

    def greenlet_beats() -> None:
        while True:
            before = beats[0]
            gevent.sleep(BEAT_S)
            missed.append(beats[0] - before)

    thread, heart = threading.Thread(target=thread_beats), gevent.spawn(greenlet_beats)
    thread.start()
    try:
        yield missed
    finally:
        heart.kill()
        over.set()
        thread.join()


@pytest.mark.not_quick
@pytest.mark.parametrize(("row", "call"), CASES)
def test_fault(row, call, site, steer, tmp_path, monkeypatch, caplog, nothing_left):
    "The caller sees what the table says; nothing is left on disk, in memory or in a log, and no greenlet is blocked"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(failures, "PAUSES", LIMITS)
    caplog.set_level(logging.DEBUG)
    clients = Clients(site.info, tmp_path)
    camera = clients.prepare(call)
    steer.faults(row.fault(call))
    with missed_beats() as missed:
        outcome = clients.make(call, camera)
    steer.faults()
    clients.close()

    assert outcome == row.outcomes[call], clients.caught
    assert max(missed) < MOST_MISSED
    assert [
        path.name for path in tmp_path.rglob("*") if path.is_file() and not path.name.endswith(".jpeg")
    ] == []
    assert_no_secret(site, clients, caplog.text)


def assert_no_secret(site: DemoProcess, clients: Clients, log: str) -> None:
    """Neither password, key, session nor snapshot token is in the log or in the exception."""
    shown = log + (everything_about(clients.caught) if clients.caught else "")
    session = clients.een._session
    secrets = [site.info["een_password"], site.info["meraki_key"], *(session.secrets if session else ())]
    assert not [secret for secret in secrets if secret in shown]
    assert not re.search(r"/stream/jpeg/snapshot/(?!\*\*\*)", shown)
    assert clients.caught is None or clients.caught.__context__ is None
