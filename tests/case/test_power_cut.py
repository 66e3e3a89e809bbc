"""A power cut: the database never vouches for a picture whose bytes are not on the disk."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest

from camkit.case import Case
from camkit.case.images import store_image
from tests.conftest import ROOT
from tests.support.cases import made_up, made_up_snapshot

WRITER = """
import random, sys
from camkit.case import Case
from tests.support.cases import made_up, made_up_snapshot

EVENTS, AT_ONCE = 400, 4
with Case(sys.argv[1]) as case:
    case.add_events(made_up(EVENTS))
    print("ready", flush=True)
    for first in range(0, EVENTS, AT_ONCE):
        labels = range(first, first + AT_ONCE)
        case.add_snapshots(made_up_snapshot(label, random.Random(label).randbytes(30_000)) for label in labels)
        for label in labels:
            case.record_verdict(label, "match")
        print(first + AT_ONCE, flush=True)
"""


def run(*command: object) -> None:
    subprocess.run([str(part) for part in command], check=True, capture_output=True)


@contextmanager
def mounted(image: Path, at: Path, options: str = "loop"):
    "A file system in a file, mounted"
    at.mkdir(exist_ok=True)
    run("mount", "-o", options, image, at)
    try:
        yield at
    finally:
        run("umount", at)


@pytest.fixture
def device(tmp_path):
    "A file with an ext4 file system, which writes nothing by itself for minutes"
    image = tmp_path / "device"
    with image.open("wb") as file:
        file.truncate(64 << 20)
    try:
        run("mkfs.ext4", "-q", "-E", "lazy_itable_init=0,lazy_journal_init=0", image)
        with mounted(image, tmp_path / "disk"):
            pass
    except (OSError, subprocess.CalledProcessError):
        pytest.skip(
            "NOT TESTED, a power cut: nobody may mount an ext4 file system here (mkfs.ext4, mount -o loop)"
        )
    return image


def stop(process: subprocess.Popen) -> None:
    "Halt a process; what it has asked the disk for is done, and nothing more comes"
    process.send_signal(signal.SIGSTOP)
    tasks = Path(f"/proc/{process.pid}/task")
    while any(
        task.joinpath("stat").read_text().rpartition(")")[2].split()[0] not in "TZ"
        for task in tasks.iterdir()
    ):
        time.sleep(0.001)


def after_the_cut(copy: Path, at: Path, said: int) -> list[str]:
    "What is wrong with the case on the disk as it was at that moment"
    with mounted(copy, at), Case(at / "case") as case:
        problems = case.verify().problems()
        if len(case.verdicts()) < said:
            problems.append(f"{said} verdicts were recorded, {len(case.verdicts())} are there")
        if case.events()["sha256"].notna().sum() < said:
            problems.append(f"{said} pictures were recorded")
    return problems


@pytest.mark.slow
@pytest.mark.not_quick
@pytest.mark.timeout(600)
def test_a_power_cut_at_any_moment_takes_no_bytes_that_a_row_stands_for(device, tmp_path):
    "Fifty moments: each recorded picture is whole, and each recorded verdict is there"
    dice, copy = random.Random(3), tmp_path / "copy"
    problems, moments = [], 0
    with mounted(device, tmp_path / "disk", "loop,commit=600"):
        command = [sys.executable, "-c", WRITER, str(tmp_path / "disk" / "case")]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as writer:
            assert writer.stdout
            assert writer.stdout.readline() == b"ready\n"
            os.set_blocking(writer.stdout.fileno(), False)
            said = 0
            while moments < 50 and writer.poll() is None:
                time.sleep(dice.random() * 0.05)
                stop(writer)
                lines = (writer.stdout.read() or b"").split()
                said = int(lines[-1]) if lines else said
                shutil.copyfile(device, copy)
                problems += after_the_cut(copy, tmp_path / "afterwards", said)
                moments += 1
                writer.send_signal(signal.SIGCONT)
            writer.kill()
    assert problems == []
    assert moments == 50


@pytest.mark.parametrize("left", [b"", b"pict", b"picture X", None])
def test_what_a_power_cut_took_is_written_anew_when_it_comes_again(tmp_path, left):
    "The finding goes away; and bytes that are right are never written over"
    with Case(tmp_path / "case") as case:
        case.add_events(made_up(1))
        snapshot = made_up_snapshot(0, b"picture 0")
        case.add_snapshots([snapshot])
        path = next((case.folder / "images").rglob("*.jpg"))
        if left is None:
            path.unlink()
        else:
            path.write_bytes(left)
        assert not case.verify().ok
        case.add_snapshots([snapshot])
        assert path.read_bytes() == b"picture 0"
        assert case.verify().findings.empty
        inode = path.stat().st_ino
        case.add_snapshots([snapshot])
        assert path.stat().st_ino == inode
        assert len(case.table("snapshots")) == 1


@pytest.mark.parametrize("kind", ["link", "pipe"])
def test_something_else_in_place_of_an_image_is_replaced_and_not_written_through(tmp_path, kind):
    "What a link leads to stays as it is"
    content, elsewhere = b"picture", tmp_path / "elsewhere"
    elsewhere.write_bytes(b"mine")
    stored = store_image(tmp_path, content, "image/jpeg")
    path = tmp_path / stored.path
    path.unlink()
    if kind == "link":
        path.symlink_to(elsewhere)
    else:
        os.mkfifo(path)
    assert store_image(tmp_path, content, "image/jpeg") == stored
    assert not path.is_symlink()
    assert path.read_bytes() == content
    assert sha256(content).hexdigest() == path.stem
    assert elsewhere.read_bytes() == b"mine"
