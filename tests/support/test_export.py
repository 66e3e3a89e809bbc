"""Tables for spreadsheets that run no formula."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from camkit.badges import load_badges
from camkit.errors import OutputError
from camkit.support.export import export_table

RUN_BY_SPREADSHEETS = ("=", "+", "-", "@", "\t", "\r", "\n")


def read(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


@pytest.mark.parametrize("start", RUN_BY_SPREADSHEETS)
def test_a_cell_that_would_be_run_gets_an_apostrophe(tmp_path: Path, start: str) -> None:
    "In text, in categories, in columns of objects, and in the names of columns"
    evil = f"{start}cmd|' /C calc'!A0"
    table = pd.DataFrame({evil: [evil], "b": pd.Categorical([evil]), "c": pd.Series([evil], dtype=object)})
    rows = read(export_table(table, tmp_path / "out.csv"))
    assert rows == [["'" + evil, "b", "c"], ["'" + evil] * 3]


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("Bob;=cmd|' /C calc'!A0", "Bob;'=cmd|' /C calc'!A0"),
        ("Bob\t+1", "Bob\t'+1"),
        ("Bob\r\n-1", "Bob\r\n'-1"),
        ("Bob\n@SUM(A1)", "Bob\n'@SUM(A1)"),
        ('Bob;"=1+1";', 'Bob;\'"=1+1";'),
        (";;=1", ";;'=1"),
        ("=1;=1", "'=1;'=1"),
        ("Dock; lower level - A=B", "Dock; lower level - A=B"),
        ("Bob;'=1", "Bob;'=1"),
    ],
)
def test_what_another_spreadsheet_takes_for_a_cell_gets_an_apostrophe(
    tmp_path: Path, cell: str, written: str
) -> None:
    "With semicolons or tabs as separators, part of a cell is a cell of its own, and a line end begins a row"
    assert read(export_table(pd.DataFrame({cell: [cell]}), tmp_path / "out.csv")) == [[written], [written]]


def test_numbers_times_and_plain_text_stay_as_they_are(tmp_path: Path) -> None:
    "A negative number is a number; an identifier keeps its zeros"
    at = pd.to_datetime(["2019-04-12T20:20:29Z"])
    table = pd.DataFrame({"n": [-1.5], "t": at, "id": ["00042"], "nothing": [None]})
    assert read(export_table(table, tmp_path / "out.csv"))[1] == [
        "-1.5",
        "2019-04-12 20:20:29+00:00",
        "00042",
        "",
    ]


@pytest.mark.not_quick
@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from(";\t\n='\"")),
        min_size=1,
        max_size=5,
    )
)
def test_no_text_runs(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    "Whatever the text, nothing that a spreadsheet takes for a cell begins a formula, and the text is complete"
    path = export_table(pd.DataFrame({"a": texts}), tmp_path_factory.getbasetemp() / "any.csv")
    for text, (cell,) in zip(texts, read(path)[1:] if any(texts) else [], strict=False):
        assert not cell.startswith(RUN_BY_SPREADSHEETS)
        assert not re.search(r"[;\t\r\n]\"*[=+@-]", cell)
        assert cell.replace("'", "") == text.replace("'", "")


def test_what_was_written_can_be_loaded_again(tmp_path: Path) -> None:
    "Events are the same after a round trip"
    source = tmp_path / "badges.csv"
    source.write_text("timestamp,UserID,reader_id,outcome\n2019-04-12T14:20:29.5-06:00,00042,=R1,denied\n")
    before = load_badges(source).events
    after = load_badges(export_table(before, tmp_path / "out.csv")).events
    columns = ["event_time", "cardholder_id", "outcome"]
    pd.testing.assert_frame_equal(before[columns], after[columns])


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    "The error names the file, and no partial file is left"
    with pytest.raises(OutputError, match="missing"):
        export_table(pd.DataFrame({"a": [1]}), tmp_path / "missing" / "out.csv")
    assert list(tmp_path.iterdir()) == []
