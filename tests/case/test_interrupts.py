"""Ctrl-C at any moment: no lock stays, nothing waits for nothing, and the next cell works."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, closing, contextmanager, nullcontext

import pytest

from camkit.case import Case
from camkit.errors import CaseError
from camkit.support.interrupts import interrupts_wait
from tests.conftest import ROOT
from tests.support.cases import made_up, made_up_snapshot

INTERRUPTED = """
import gc, os, random, signal, sys, threading, time
from itertools import count
from pathlib import Path
from camkit.case import Case
from camkit.errors import CamkitError
from tests.support.cases import made_up, made_up_snapshot

folder, times = Path(sys.argv[1]), int(sys.argv[2])
dice, ready, numbers = random.Random(7), threading.Event(), count()

def press():
    for _ in range(times):
        ready.wait()
        ready.clear()
        time.sleep(dice.random() * 0.012)
        os.kill(os.getpid(), signal.SIGINT)

def free(case):
    "Whether another thread could use the case"
    found = []
    def look():
        found.append(case.database._lock.acquire(blocking=False))
        if found[0]:
            case.database._lock.release()
    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    return found[0]

def add():
    case.add_snapshots([made_up_snapshot(next(numbers) % 3, b"picture %d" % next(numbers)) for _ in range(3)])

def open_one():
    with Case(folder) as other:
        other.seal()

def make_one():
    with Case(folder / f"case {next(numbers)}") as other:
        other.add_events(made_up(1))

case = Case(folder)
calls = [
    lambda: case.record_verdict(0, "unclear"), lambda: case.events(), add, lambda: case.verify(), open_one, make_one,
    lambda: case.record_verdict(1, "match", "because"), lambda: case.seal(),
    lambda: case.report(folder / "report.html"),
    lambda: case.database.copy_to(folder / "copy.sqlite"),
]
for call in calls:
    call()
def descriptors():
    "The files that this process has open; SQLite keeps those of the database itself for its next connection"
    gc.collect()
    links = [Path("/proc/self/fd", name) for name in os.listdir("/proc/self/fd")]
    names = sorted(str(link.readlink()) for link in links if link.is_symlink())
    return [name for name in names if not name.endswith(".sqlite")]

before = descriptors()
handler = signal.getsignal(signal.SIGINT)
threading.Thread(target=press, daemon=True).start()
stopped = 0
while stopped < times:
    try:
        ready.set()
        while True:
            dice_of_calls = calls[next(numbers) * 7 % len(calls)]
            dice_of_calls()
    except KeyboardInterrupt:
        stopped += 1
    problems = [
        name for name, wrong in {
            "transaction": case.database._opened.connection.in_transaction,
            "lock": not free(case),
            "handler": signal.getsignal(signal.SIGINT) is not handler,
        }.items() if wrong
    ]
    if problems:
        print(stopped, *problems, flush=True)
case.record_verdict(2, "match")
print("same files open:", descriptors() == before)
print("sound:", case.verify().ok, "waiting parts:", len([*folder.rglob("*.part")]))
"""

OTHER = """
import sys, time
from itertools import count
from camkit.case import Case
with Case(sys.argv[1]) as case:
    print(flush=True)
    for number in count():
        case.record_note(0, f"The {number}th.")
        time.sleep(0.01)
"""


@pytest.fixture
def case(tmp_path):
    "A case of three events"
    with Case(tmp_path / "front-door") as case:
        case.add_events(made_up(3))
        yield case


@contextmanager
def pressed_after(seconds: float):
    "Ctrl-C comes a moment later"
    timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


@pytest.mark.not_quick
@pytest.mark.parametrize("times", [60, pytest.param(500, marks=pytest.mark.slow)])
def test_an_interrupt_leaves_no_lock_at_any_moment(case, times):
    "Many at random moments over all calls, beside somebody else who writes"
    command = [sys.executable, "-c", OTHER, str(case.folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        command = [sys.executable, "-c", INTERRUPTED, str(case.folder), str(times)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100)
        other.kill()
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["same files open: True", "sound: True waiting parts: 0"]


@pytest.mark.parametrize("journal", ["wal", "delete"])
def test_an_interrupt_ends_the_waiting_for_somebody_else(case, journal):
    "At once, not after half a minute; once the other has finished, the next call works"
    folder = case.folder
    case.close()
    with closing(sqlite3.connect(case.database.path, isolation_level=None)) as other:
        other.execute(f"PRAGMA journal_mode = {journal}")
        other.execute("BEGIN EXCLUSIVE" if journal == "delete" else "BEGIN IMMEDIATE")
        if journal == "delete":
            with pressed_after(0.2), pytest.raises(KeyboardInterrupt):
                Case(folder)
            other.execute("COMMIT")
            other.execute("BEGIN")
            other.execute("SELECT * FROM about").fetchall()  # a reader keeps others from committing
        with Case(folder) as again:
            with pressed_after(0.2), pytest.raises(KeyboardInterrupt):
                again.record_verdict(0, "no_picture")
            assert not again.database._opened.connection.in_transaction
            other.execute("COMMIT")
            again.record_verdict(0, "unclear")
            assert again.verdicts()["verdict"].tolist() == ["unclear"]


def test_an_interrupt_ends_the_waiting_for_another_thread(case):
    "Which uses the same case"
    release, held = threading.Event(), threading.Event()

    def hold():
        with case.database.reading():
            held.set()
            release.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait()
    with pressed_after(0.1), pytest.raises(KeyboardInterrupt):
        case.record_verdict(0, "no_picture")
    release.set()
    thread.join()
    case.record_verdict(0, "no_picture")


def test_an_interrupt_ends_a_query_that_never_would(case):
    "And the case can be used afterwards"
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    with pressed_after(0.2), pytest.raises(KeyboardInterrupt), case.database.reading() as connection:
        connection.execute(endless)
    case.record_verdict(0, "no_picture")


def test_somebody_else_who_never_ends_is_reported(case, monkeypatch):
    "As before: after half a minute, in words"
    monkeypatch.setattr("camkit.case.database.BUSY_S", 0.1)
    with closing(sqlite3.connect(case.database.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(CaseError, match="Somebody else has been writing"):
            case.record_verdict(0, "no_picture")


def test_an_interrupt_waits_until_the_end_of_a_block_and_then_comes():
    "Also when an error leaves the block; the handler of before is back"
    handler = signal.getsignal(signal.SIGINT)
    for error in (None, ValueError("no")):
        steps = []
        with pytest.raises(KeyboardInterrupt), interrupts_wait() as waiting:
            signal.raise_signal(signal.SIGINT)
            time.sleep(0)
            steps.append(waiting.wanted)
            if error:
                raise error
        assert steps == [True]
        assert signal.getsignal(signal.SIGINT) is handler


@pytest.mark.parametrize("first_out", ["first", "second"])
@pytest.mark.parametrize("pressed", [False, True])
def test_blocks_that_overlap_in_greenlets_give_ctrl_c_back(first_out, pressed):
    "Whichever ends first; what was pressed meanwhile takes effect once, at the end of the last one"
    handler = signal.getsignal(signal.SIGINT)
    blocks = {name: ExitStack() for name in ("first", "second")}
    waiting = [block.enter_context(interrupts_wait()) for block in blocks.values()]
    if pressed:
        signal.raise_signal(signal.SIGINT)
        assert all(each.wanted for each in waiting)
    blocks.pop(first_out).close()
    (last,) = blocks.values()
    with pytest.raises(KeyboardInterrupt) if pressed else nullcontext():
        last.close()
    assert signal.getsignal(signal.SIGINT) is handler
    with interrupts_wait() as later:
        assert not later.wanted


def test_a_handler_that_somebody_set_within_a_block_stays():
    "Jupyter sets its own at the beginning and the end of each cell"
    before, others = signal.getsignal(signal.SIGINT), signal.Handlers.SIG_IGN
    try:
        with interrupts_wait():
            signal.signal(signal.SIGINT, others)
        assert signal.getsignal(signal.SIGINT) is others
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_thread_is_not_interrupted_and_changes_no_handler():
    "Python only ever interrupts the main thread"
    handler, found = signal.getsignal(signal.SIGINT), []

    def work():
        with interrupts_wait() as waiting:
            found.append((signal.getsignal(signal.SIGINT) is handler, waiting.wanted))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [(True, False)]


def test_pictures_that_came_before_an_interrupt_are_in_the_case(case):
    "While the next one is fetched"

    def fetched():
        yield made_up_snapshot(0, b"one")
        yield made_up_snapshot(1, b"two")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        case.add_snapshots(fetched())
    assert case.events()["sha256"].notna().tolist() == [True, True, False]
