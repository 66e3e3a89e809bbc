"""Files appear whole or not at all."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

from camkit import errors
from camkit.support.files import make_folder, replacing, write_whole
from tests.conftest import ROOT


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
