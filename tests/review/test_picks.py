"""What was picked in one notebook is what the next one begins with."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from camkit.badges import load_badges
from camkit.errors import InputError
from camkit.review.picker import EventPicker
from camkit.review.picks import MAX_BYTES
from tests.conftest import ROOT
from tests.review.test_picker_state import make_events


def labels(picker: EventPicker) -> list[int]:
    """The labels of the picked events."""
    return picker.state.picked.index.tolist()


@pytest.fixture
def keep(tmp_path: Path) -> Path:
    """The file of picks, which is not there yet."""
    return tmp_path / "picked.json"


def test_the_next_notebook_begins_with_what_was_picked(keep):
    "Nothing is written before somebody picks; from then on the file has the picks, and no default goes before it"
    first = EventPicker(make_events(), default=2, keep=keep)
    assert not keep.exists()
    first.table.selected_rows = [0, 1, 4]
    assert labels(EventPicker(make_events(), keep=keep)) == [40, 39, 36]
    first.clear.click()
    again = EventPicker(make_events(), default=3, keep=keep)
    assert labels(again) == []
    again.table.selected_rows = [3]
    assert labels(EventPicker(make_events(), keep=keep)) == [37]


def test_picks_are_found_in_a_log_that_has_grown(keep):
    "By what they say: the same events have other labels and other places there"
    EventPicker(make_events(), keep=keep).table.selected_rows = [1, 2]
    newer = make_events().assign(event_time=lambda log: log["event_time"] + pd.Timedelta(days=7))
    grown = pd.concat([newer, make_events()], ignore_index=True)
    picker = EventPicker(grown, keep=keep)
    assert labels(picker) == [7, 8]
    assert "2 of the picks in" in picker.kept.value and "are in this log and picked." in picker.kept.value


def test_one_of_several_equal_events_is_the_same_one_again(keep):
    "Three swipes in one minute are three events"
    events = pd.concat([make_events(2)] * 3, ignore_index=True)
    EventPicker(events, keep=keep).table.selected_rows = [2, 5]
    assert labels(EventPicker(events, keep=keep)) == [2, 5]


def test_picks_of_another_log_are_said_and_stay(keep):
    "They are there again when their log is"
    EventPicker(make_events(), keep=keep).table.selected_rows = [1, 2]
    other = EventPicker(make_events().assign(cardholder_id="4712"), keep=keep)
    assert "picked before, 2 are not in this log; they stay in" in other.kept.value
    other.table.selected_rows = [0]
    assert labels(EventPicker(make_events(), keep=keep)) == [39, 38]


def test_two_open_notebooks_keep_the_picks_of_each_other(keep):
    "What one of them did not change, it does not write over"
    first, second = (EventPicker(make_events(), keep=keep) for _ in range(2))
    first.table.selected_rows = [0, 1]
    second.table.selected_rows = [5]
    first.table.selected_rows = [0]
    assert labels(EventPicker(make_events(), keep=keep)) == [40, 35]


def test_of_the_sample_the_picks_of_notebook_01_are_those_of_02(keep):
    "The default of the sample counts until somebody picks"
    log = load_badges(ROOT / "data" / "sample_badges.csv", timezone="America/Denver")
    first = EventPicker(log, sample_picks=3, keep=keep)
    first.table.selected_rows = [0, 1, 2, 7]
    assert labels(EventPicker(log, sample_picks=3, keep=keep)) == [0, 1, 2, 7]


EVENT = {"event_time": "2026-05-04T08:00:00+00:00", "cardholder_id": "1", "reader_id": "1", "outcome": "x"}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"shopping list",
        b"[1]",
        b'{"kind": "picked badge events"}',
        b'{"kind": "picked badge events", "events": [{"cardholder_id": "1"}]}',
        b"[" * 100_000,
        b" " * (MAX_BYTES + 1),
        json.dumps({"kind": "picked badge events", "events": [{**EVENT, "number": "a"}]}).encode(),
        json.dumps({"kind": "picked badge events", "events": [{**EVENT, "number": 1e300}]}).encode(),
        json.dumps({"kind": "picked badge events", "events": [{**EVENT, "number": 0, "event_time": "9"}]}).encode(),
        json.dumps({"kind": "picked badge events", "events": [{**EVENT, "number": 0, "reader_id": 7}]}).encode(),
    ],
)  # fmt: skip
def test_a_file_of_something_else_is_neither_read_nor_written_over(keep, content):
    "It may be somebody's"
    keep.write_bytes(content)
    with pytest.raises(InputError, match=r"picked\.json is not a list of picked events"):
        EventPicker(make_events(), keep=keep)
    assert keep.read_bytes() == content


def test_picks_that_cannot_be_kept_are_said_in_the_picker(keep):
    "They are picked all the same"
    picker = EventPicker(make_events(), keep=keep / "folder" / "picked.json")
    keep.write_text("in the way")
    picker.table.selected_rows = [0]
    assert "The picks are not kept" in picker.kept.value
    assert labels(picker) == [40]
