"""Files appear whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import gc
import os
import re
import signal
import stat
import subprocess
import sys
import textwrap
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from camkit import errors
from camkit.support import files, interrupts
from camkit.support.files import (
    creating,
    is_leftover,
    make_folder,
    open_regular,
    remove_leftovers,
    replacing,
    sync,
    working_folder,
    write_new,
    write_whole,
)
from tests.conftest import ROOT
from tests.support.child import in_child


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_writes_a_file_and_leaves_nothing_else(tmp_path):
    "The content is complete, and the folder has this one file only"
    path = tmp_path / "a.bin"
    write_whole(path, b"one")
    write_whole(path, b"two")
    assert path.read_bytes() == b"two"
    assert names_in(tmp_path) == ["a.bin"]


def test_makes_a_folder_with_its_parents(tmp_path):
    "A folder that exists already is fine"
    assert make_folder(tmp_path / "a" / "b") == make_folder(str(tmp_path / "a" / "b"))
    assert (tmp_path / "a" / "b").is_dir()


def test_reports_a_file_in_place_of_a_folder(tmp_path):
    "A file in place of the folder, or of one above it, is an OutputError that names it"
    (tmp_path / "out").write_text("mine")
    for path in (tmp_path / "out", tmp_path / "out" / "below"):
        with pytest.raises(errors.OutputError, match="Choose another"):
            make_folder(path)
    assert (tmp_path / "out").read_text() == "mine"


@pytest.mark.parametrize("name", ["a\0b", "a\ud800b"])
def test_refuses_a_folder_name_with_an_impossible_character(name):
    "A character that file names cannot have is an OutputError, not whatever the system raises"
    with pytest.raises(errors.OutputError, match="has a character that file names cannot have"):
        make_folder(name)


def test_reports_a_folder_in_place_of_a_file(tmp_path):
    "A folder in place of the file is an OutputError, and no temporary file stays"
    (tmp_path / "a.bin").mkdir()
    with pytest.raises(errors.OutputError, match="cannot be written"):
        write_whole(tmp_path / "a.bin", b"one")
    assert names_in(tmp_path) == ["a.bin"]
    with pytest.raises(errors.OutputError, match="cannot be written"):
        write_whole(tmp_path / "gone" / "a.bin", b"one")


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), ValueError("no"), FileNotFoundError(2, "gone", "/other")]
)
def test_an_error_while_writing_leaves_what_was_there(tmp_path, error):
    "An interrupt, and an error about anything but the file, is raised as it is, and the old file stays"
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    with pytest.raises(type(error)) as caught, replacing(path) as temporary:
        temporary.write_bytes(b"half")
        raise error
    assert caught.value is error
    assert (path.read_bytes(), names_in(tmp_path)) == (b"old", ["a.bin"])


def test_leaves_nothing_when_the_disk_is_full(tmp_path):
    "A write that fails in the middle leaves the old file and no temporary one"
    (tmp_path / "a.bin").write_bytes(b"old")
    script = f"""
        import resource, signal
        from pathlib import Path
        from camkit import errors
        from camkit.support.files import write_whole
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        try:
            write_whole(Path({str(tmp_path)!r}) / "a.bin", b"x" * 5000)
        except errors.OutputError as error:
            print(error)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], capture_output=True, text=True, cwd=ROOT, timeout=30
    )
    assert "cannot be written: File too large. Make room" in done.stdout, done.stderr
    assert names_in(tmp_path) == ["a.bin"]
    assert (tmp_path / "a.bin").read_bytes() == b"old"


# What others may see


def modes_below(folder):
    "The permissions of everything in a folder"
    return {
        path.relative_to(folder).as_posix(): stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*")
    }


@pytest.fixture
def open_to_all():
    "A process whose files everybody may read and write"
    before = os.umask(0)
    yield
    os.umask(before)


def test_nobody_else_can_read_what_is_made(tmp_path, open_to_all):
    "Files and folders alike, each folder of the way; an existing folder stays as it is"
    tmp_path.chmod(0o755)
    folder = make_folder(tmp_path / "a" / "b")
    write_whole(folder / "c", b"secret")
    assert write_new(folder / "d", b"secret")
    with working_folder(folder / "e") as work, replacing(folder / "f") as part:
        part.write_bytes(b"secret")
        assert stat.S_IMODE(work.stat().st_mode) == 0o700
        assert stat.S_IMODE(part.stat().st_mode) == 0o600
    assert modes_below(tmp_path) == {"a": 0o700, "a/b": 0o700, "a/b/c": 0o600, "a/b/d": 0o600, "a/b/f": 0o600}
    make_folder(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


# What is left behind


KILLED = """
import os, signal, sys
from pathlib import Path
from typing import Any
from camkit.support.files import replacing, working_folder
with replacing(Path(sys.argv[1])) as part, working_folder(Path(sys.argv[1])) as folder:
    part.write_bytes(b"half")
    (folder / "copy").write_bytes(b"evidence")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_left_is_removed_and_nothing_else(tmp_path):
    "Neither what a living one is writing, nor a file of the user's, nor what a link leads to"
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "a.bin")], cwd=ROOT, timeout=30)
    assert len(names_in(tmp_path)) == 2
    assert all(is_leftover(name) for name in names_in(tmp_path))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "mine").write_bytes(b"")
    mine = ["a.part", ".a.part", ".a.bin.0a1b2c3.part", "elsewhere"]
    for name in mine[:3]:
        (tmp_path / name).write_bytes(b"")
    (tmp_path / ".link.0a1b2c3d.camkit.part").symlink_to(elsewhere)
    os.mkfifo(tmp_path / ".pipe.0a1b2c3d.camkit.part")
    with replacing(tmp_path / "b.bin") as part, working_folder(tmp_path / "b.bin") as folder:
        part.write_bytes(b"whole")
        remove_leftovers(tmp_path)
        left = [*mine, ".link.0a1b2c3d.camkit.part", ".pipe.0a1b2c3d.camkit.part", part.name, folder.name]
        assert names_in(tmp_path) == sorted(left)
    assert (tmp_path / "b.bin").read_bytes() == b"whole"
    assert names_in(elsewhere) == ["mine"]
    assert not folder.exists()
    remove_leftovers(tmp_path / "gone")


def test_making_a_folder_removes_nothing(tmp_path):
    "It may be anybody's, and another program's files may have such names"
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "a.bin")], cwd=ROOT, timeout=30)
    (tmp_path / ".backup.0a1b2c3d.part").mkdir()
    assert len(names_in(tmp_path)) == 3
    make_folder(tmp_path)
    assert len(names_in(tmp_path)) == 3
    remove_leftovers(tmp_path)
    assert names_in(tmp_path) == [".backup.0a1b2c3d.part"]


def test_of_several_that_make_a_file_at_once_one_stays(tmp_path):
    "The others learn that it is not theirs, and no half file is ever seen"
    path = tmp_path / "a.bin"
    with ThreadPoolExecutor(8) as pool:
        ours = [*pool.map(lambda number: write_new(path, b"%d" % number * 10_000), range(8))]
    assert ours.count(True) == 1
    assert path.read_bytes() == b"%d" % ours.index(True) * 10_000
    assert names_in(tmp_path) == ["a.bin"]


def test_a_file_can_be_written_by_way_of_another_folder(tmp_path):
    "So that what an interrupted write leaves is all in one place"
    (tmp_path / "deep").mkdir()
    with replacing(tmp_path / "deep" / "a.bin", beside=tmp_path) as part:
        assert part.parent == tmp_path
        part.write_bytes(b"x")
    assert (tmp_path / "deep" / "a.bin").read_bytes() == b"x"
    assert names_in(tmp_path) == ["deep"]


def left_by_interrupts(kind: Callable[..., Any], folder: Path) -> dict[int, list[str]]:
    """The names in a folder after an interrupt at each step of writing a file there, by the number of the step."""
    target = folder / "case.zip"
    watched = {contextlib.__file__, files.__file__, interrupts.__file__}
    steps = 0

    def write(interrupt_at: int) -> None:
        nonlocal steps
        steps = 0

        def each(frame, event, _):
            nonlocal steps
            if frame.f_code.co_filename not in watched:
                return None
            steps += event == "line"
            assert not target.exists() or target.read_bytes() == b"whole"
            if steps == interrupt_at and event == "line":
                signal.raise_signal(signal.SIGINT)
            return each

        sys.settrace(each)
        try:
            if kind is write_whole:
                write_whole(target, b"whole")
            else:
                with kind(target) as part, working_folder(target) as working:
                    (working / "image").write_bytes(b"x")
                    part.write_bytes(b"whole")
        finally:
            sys.settrace(None)

    write(0)
    left = {}
    for step in range(1, steps + 1):
        target.unlink(missing_ok=True)
        with contextlib.suppress(KeyboardInterrupt):
            write(step)
        if len(names_in(folder)) > 1:
            gc.collect()  # it was interrupted between two steps of Python's own
        left[step] = names_in(folder)
    return left


@pytest.mark.not_quick
@pytest.mark.parametrize("kind", [creating, replacing, write_whole])
def test_an_interrupt_at_any_step_leaves_the_whole_file_or_nothing(tmp_path, kind):
    "And neither a temporary file nor a working folder; at no step there is an empty file, which a kill would leave"
    # In a child: Python keeps an exception as the one being handled where a trace function raises in a generator.
    left = in_child(left_by_interrupts, kind, tmp_path)
    assert len(left) > 10
    assert {step: names for step, names in left.items() if names not in ([], ["case.zip"])} == {}


def test_a_file_that_somebody_else_made_meanwhile_stays(tmp_path):
    "Of two that make a new file the first one's stays, and so does an empty one"
    with pytest.raises(FileExistsError, match="file of this name"), creating(tmp_path / "a") as part:
        part.write_bytes(b"second")
        (tmp_path / "a").write_bytes(b"")
    assert (names_in(tmp_path), (tmp_path / "a").read_bytes()) == (["a"], b"")


def test_leftovers_of_one_name_only_are_removed_where_others_may_be_working(tmp_path):
    "In the folder that holds a case and its bags"
    for name in (
        ".case.zip.0a1b2c3d.camkit.part",
        ".other.zip.0a1b2c3d.camkit.part",
        ".0a1b2c3d.camkit.part",
    ):
        (tmp_path / name).touch()
    remove_leftovers(tmp_path, "case")
    assert names_in(tmp_path) == [".0a1b2c3d.camkit.part", ".other.zip.0a1b2c3d.camkit.part"]


# Opening and advice


def test_opens_files_only(tmp_path):
    "Neither a link nor a pipe nor a folder nor a device, and it waits for none of them"
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "link").symlink_to(tmp_path / "file")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with open_regular(tmp_path / "file") as file:
        assert file.read() == b"x"
    before = len([*Path("/proc/self/fd").iterdir()])
    for path in (tmp_path / "link", tmp_path / "folder", tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(OSError, match=re.escape(path.name)):
            open_regular(path)
    assert len([*Path("/proc/self/fd").iterdir()]) == before


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (errno.ENOSPC, "Make room"),
        (errno.EDQUOT, "Make room"),
        (errno.EMFILE, "Close other notebooks"),
        (errno.ENFILE, "Close other notebooks"),
        (errno.EACCES, "Choose another folder"),
        (errno.EROFS, "Choose another folder"),
        (errno.EIO, "Have the disk checked"),
    ],
)
def test_the_advice_is_about_the_cause(tmp_path, code, said):
    "Room does not help against a missing right, or too many open files"
    with pytest.raises(errors.OutputError, match=said), replacing(tmp_path / "a.bin") as part:
        raise OSError(code, os.strerror(code), str(part))
    assert names_in(tmp_path) == []


def test_writing_leaves_no_file_open(tmp_path):
    "Whether it succeeds or not: thousands of pictures are written"
    (tmp_path / "folder").mkdir()
    before = len([*Path("/proc/self/fd").iterdir()])
    for _ in range(5):
        write_whole(tmp_path / "a", b"x")
        with pytest.raises(errors.OutputError):
            write_whole(tmp_path / "folder", b"x")
    assert len([*Path("/proc/self/fd").iterdir()]) == before


def test_syncing_a_file_that_is_gone_is_an_output_error(tmp_path):
    "Nothing may vouch for it"
    with pytest.raises(errors.OutputError, match="gone cannot be written: No such file"):
        sync([tmp_path / "gone"])
    write_whole(tmp_path / "a", b"x")
    sync([tmp_path / "a"] * 40, [tmp_path])


def test_where_the_system_has_no_locks_files_are_whole_all_the_same(tmp_path, monkeypatch):
    "As on Windows, where an open file cannot be renamed either; leftovers stay, since nobody knows whose they are"
    monkeypatch.setattr("camkit.support.files.CAN_LOCK", False)
    (tmp_path / ".a.txt.0123abcd.camkit.part").touch()
    write_whole(tmp_path / "a.txt", b"whole")
    assert write_new(tmp_path / "b.txt", b"new")
    with working_folder(tmp_path / "c.zip") as folder:
        assert folder.is_dir()
    with replacing(tmp_path / "a.txt") as part:
        part.write_bytes(b"again")
        assert str(part) not in {os.path.realpath(path) for path in Path("/proc/self/fd").iterdir()}
    remove_leftovers(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".a.txt.0123abcd.camkit.part",
        "a.txt",
        "b.txt",
    ]
    assert (tmp_path / "a.txt").read_bytes() == b"again"
