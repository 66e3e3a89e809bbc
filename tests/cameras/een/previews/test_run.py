"""What a download left in a folder: found again, shown, compared with what is there now."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PIL import Image

from camkit import errors
from camkit.cameras.een.previews.collection import Collection, saved_frames
from camkit.cameras.een.previews.failures import Failure
from camkit.cameras.een.previews.run import DownloadRun
from tests.support.scripted_een import CAMERA, drawn

TIME = "20190412204500.000"


def name(number: int, timestamp: str = TIME) -> str:
    return f"{number:02d}-{CAMERA}-preview-{timestamp}.jpeg"


def run_of(folder: Path) -> DownloadRun:
    """A run that saved what is in a folder."""
    saved = tuple(saved_frames(folder, CAMERA))
    return DownloadRun(CAMERA, folder, len(saved), saved, (), len(saved), 0, 0, 0.1, "")


@pytest.fixture
def run(tmp_path) -> DownloadRun:
    for number in range(3):
        (tmp_path / name(number, f"2019041220450{number}.000")).write_bytes(drawn(str(number)))
    return run_of(tmp_path)


@pytest.mark.parametrize(
    "timestamp",
    [
        "99990230000000.000",
        "00010101000000.000",
        "99991231235959.999",
        "20190230000000.000",
        "19691231235959.999",
    ],
)
def test_leaves_out_a_file_whose_time_is_impossible(tmp_path, timestamp):
    "A day that does not exist, years in which there were no cameras: the file does not count, and is left alone"
    odd = tmp_path / name(0, timestamp)
    odd.write_bytes(drawn("odd"))
    (tmp_path / name(1)).write_bytes(drawn("good"))
    assert [frame.number for frame in saved_frames(tmp_path, CAMERA)] == [1]
    assert odd.read_bytes() == drawn("odd")


def test_does_not_wait_for_a_pipe(tmp_path):
    "A FIFO that is named like a frame is not a file, and is not opened"
    os.mkfifo(tmp_path / name(0))
    (tmp_path / name(1)).symlink_to(tmp_path / "gone")
    assert saved_frames(tmp_path, CAMERA) == []


def test_the_same_bytes_or_the_same_time_are_one_frame(tmp_path):
    "Of files that have either in common, the first counts"
    for number, timestamp, text in ((0, TIME, "a"), (1, "20190412204501.000", "a"), (2, TIME, "b")):
        (tmp_path / name(number, timestamp)).write_bytes(drawn(text))
    (tmp_path / name(3, "20190412204503.000")).write_bytes(drawn("c"))
    assert [frame.number for frame in saved_frames(tmp_path, CAMERA)] == [0, 1, 2, 3]
    collection = Collection(tmp_path, CAMERA)
    assert [frame.number for frame in collection.frames] == [0, 3]
    assert len(collection) == collection.found_before == 2
    assert [collection.take_number() for _ in range(2)] == [4, 5]


def test_names_what_is_no_longer_as_it_was_saved(run):
    "A file that is gone, one with other content, a folder in the place of the third"
    gone, other, folder = (frame.path for frame in run.saved)
    gone.unlink()
    other.write_bytes(b"tampered")
    folder.unlink()
    folder.mkdir()
    assert run.problems() == [
        f"{gone.name} is no longer there.",
        f"{other.name} is not what was saved: its SHA-256 differs.",
        f"{folder.name} is no longer a file.",
    ]


def test_draws_an_empty_place_for_a_frame_that_cannot_be_shown(run):
    "A file that is gone or damaged is missing on the sheet, and the others are on it"
    whole = run.contact_sheet()
    run.saved[0].path.unlink()
    run.saved[1].path.write_bytes(b"tampered")
    sheet = run.contact_sheet()
    assert sheet.size == whole.size
    size = (200, 113)
    places = [(8 + 208 * i, 8, 8 + 208 * i + size[0], 8 + size[1]) for i in range(3)]
    same = [sheet.crop(place).tobytes() == whole.crop(place).tobytes() for place in places]
    assert same == [False, False, True]


def test_text_from_outside_is_not_markup(tmp_path):
    "A service's words are escaped, and characters that rearrange what is read are shown as their numbers"
    failure = Failure("now", "<b>\u202eno</b>", 404)
    run = DownloadRun(CAMERA, tmp_path, 1, (), (failure,), 1, 0, 0, 0.1, failure.reason)
    assert run._repr_html_().count("&lt;b&gt;[U+202E]no&lt;/b&gt;") == 2


@pytest.mark.parametrize("columns", [0, -1])
def test_a_sheet_without_columns_is_an_input_error(run, columns):
    "It says so in a sentence"
    with pytest.raises(errors.InputError, match=f"columns is {columns}; it must be at least 1"):
        run.contact_sheet(columns)


def test_a_sheet_of_nothing_is_empty(tmp_path):
    "A run that saved nothing draws a white sheet"
    assert isinstance(run_of(tmp_path).contact_sheet(), Image.Image)


def test_the_summary_names_both_days_where_frames_are_of_two(tmp_path):
    "Else an hour of the next day would read as one of the first"
    for number, at in enumerate(("20190412230000.000", "20190413010000.000")):
        (tmp_path / name(number, at)).write_bytes(drawn(str(number)))
    assert "2019-04-12 23:00:00 to 2019-04-13 01:00:00 UTC" in run_of(tmp_path).summary()


def test_the_summary_names_a_day_once(run):
    "It is the same one at both ends"
    assert "2019-04-12 20:45:00 to 20:45:02 UTC" in run.summary()
