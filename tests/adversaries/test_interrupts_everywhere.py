"""Ctrl-C at any moment of any call: nothing is left behind, and the next cell works."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.conftest import ROOT

CELLS = """
import gc, os, random, signal, sqlite3, sys, threading, time
from contextlib import closing
from pathlib import Path

import gevent

import camkit
from camkit.demo.launch import DemoProcess
from camkit.site import demo_site

out, times = Path(sys.argv[1]), int(sys.argv[2])
dice = random.Random(11)
demo = DemoProcess("--ready-delay-ms", "0", "--rate-limit", "off")


def descriptors():
    return os.listdir("/proc/self/fd")


def living():
    gc.collect()
    return [found for found in gc.get_objects() if isinstance(found, gevent.Greenlet) and not found.dead and found]


log = camkit.load_badges("data/sample_badges.csv", timezone="America/Denver")
doors = camkit.load_doors("data/doors.csv")
events = camkit.resolve(log.events.head(4), doors)
camkit.plots  # what is imported when it is first used stays open to nothing


def connect():
    "As the first cells do, before the others are run"
    global site, devices, case
    site = demo_site(demo.info)
    devices = site.een.devices()
    case = camkit.Case(out / "case", operator="R. Investigator")
    case.add_events(events)
    case.add_snapshots(camkit.snapshots_for(events, site.sources, directory=site.directory))


def disconnect():
    "As the last cell does"
    case.close()
    site.close()
    gc.collect()



def look():
    panel = camkit.ReviewPanel(events, case, site.sources, directory=site.directory)
    try:
        panel.wait(5)
    finally:
        panel.close()


def open_again():
    with camkit.Case(out / "case") as again:
        again.verify()


CALLS = {
    "load": lambda: camkit.load_badges("data/sample_badges.csv", timezone="America/Denver"),
    "messy": lambda: camkit.load_badges("data/messy_badges.csv", timezone="America/Denver"),
    "flags": lambda: camkit.flag_events(log.events, doors, hours=("06:00", "20:00")),
    "resolve": lambda: camkit.resolve(log.events, doors),
    "devices": lambda: site.een.devices(),
    "probe": lambda: camkit.probe_cameras(site.een, devices),
    "snapshots": lambda: camkit.snapshots_for(events, site.sources, directory=site.directory),
    "previews": lambda: camkit.download_previews(site.een, out=out / f"{dice.random()}", count=5, progress=False),
    "verdict": lambda: case.record_verdict(0, dice.choice(["match", "unclear"]), f"{dice.random()}"),
    "exclude": lambda: (case.exclude(1, f"{dice.random()}"), case.include(1)),
    "sources": lambda: case.add_sources(log, doors=doors, site=site),
    "report": lambda: case.report(),
    "export": lambda: case.export(),
    "verify": lambda: case.verify(),
    "open": open_again,
    "panel": look,
}
TAKES = {}
connect()
for name, call in CALLS.items():
    began = time.perf_counter()
    call()
    TAKES[name] = time.perf_counter() - began
disconnect()
before = len(descriptors())
connect()


def free():
    "Whether somebody else could write to the case"
    with closing(sqlite3.connect(out / "case" / "case.sqlite", timeout=0, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("ROLLBACK")


stopped, finished = 0, 0
for number in range(times):
    name = dice.choice([*CALLS])
    pressed = threading.Event()

    def press(after=dice.random() * TAKES[name] * 1.1):
        time.sleep(after)
        pressed.set()
        os.kill(os.getpid(), signal.SIGINT)

    presser = threading.Thread(target=press)
    try:
        presser.start()
        CALLS[name]()
        finished += 1
        pressed.wait()
        time.sleep(0.01)
    except KeyboardInterrupt:
        stopped += 1
    for _ in range(2):  # one may come while the other is handled
        try:
            presser.join()
            free()
            break
        except KeyboardInterrupt:
            pass
    if left := living():
        gevent.sleep(0.2)
        if left := living():
            print("left running:", name, left)
for name, call in CALLS.items():  # the next cell, whichever it is
    call()
print("sound:", case.verify().ok)
disconnect()
print("greenlets:", len(living()), "threads:", threading.active_count(), "files:", len(descriptors()) - before)
print("in the middle of a call:", stopped > times / 4)
demo.stop()
"""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_two_hundred_interrupts_leave_nothing_behind(tmp_path):
    "No lock, no descriptor, no greenlet, no broken next cell; over all that notebooks call"
    command = [sys.executable, "-X", "faulthandler", "-c", CELLS, str(tmp_path), "200"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=550)
    # gevent says it when one comes in its own loop, and nothing else.
    assert not re.sub(r"^KeyboardInterrupt\n[\d:TZ-]+\n", "", done.stderr, flags=re.MULTILINE)
    assert done.stdout.splitlines()[-3:] == [
        "sound: True",
        "greenlets: 0 threads: 1 files: 0",
        "in the middle of a call: True",
    ]
    assert "left running" not in done.stdout
