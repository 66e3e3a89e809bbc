"""The map from readers to cameras."""

from __future__ import annotations

import pandas as pd
import pytest

from camkit import errors, load_doors
from camkit.badges.doors import doors_by_reader
from tests.conftest import ROOT

HEADER = "reader_id,door,vendor,camera_id,clock_offset_s\n"


def written(tmp_path, text: str | bytes):
    path = tmp_path / "doors.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_reads_the_sample():
    "Six readers, one of them with an Eagle Eye camera, one with a clock that is off"
    doors = load_doors(ROOT / "data" / "doors.csv")
    assert doors["vendor"].value_counts().to_dict() == {"meraki": 5, "een": 1}
    assert doors.set_index("reader_id").loc["HQ-R4", "clock_offset_s"] == 47.0
    assert doors_by_reader(doors)["HQ-R3"].camera_id == "1007b3c4"


def test_fills_in_what_may_be_left_out(tmp_path):
    "Name and offset are optional; text keeps its zeros, further columns stay, spaces and case do not matter"
    text = "\ufeffreader_id, vendor ,camera_id,floor\n 007 , MERAKI ,Q1,02\nNA,een,0071abcd,\n"
    doors = load_doors(written(tmp_path, text))
    assert doors["reader_id"].tolist() == doors["door"].tolist() == ["007", "NA"]
    assert doors["vendor"].tolist() == ["meraki", "een"]
    assert doors["clock_offset_s"].tolist() == [0.0, 0.0]
    assert doors["floor"].tolist()[0] == "02"


def test_names_every_row_that_cannot_be_used(tmp_path):
    "All problems at once, by line"
    rows = "a,A,meraki,Q1,0\na,A,meraki,Q2,0\n,B,een,1,0\nc,C,axis,1,0\nd,D,een,,0\ne,E,een,1,soon\nf,F,een,1,inf\n"
    with pytest.raises(errors.DoorsFileError) as caught:
        load_doors(written(tmp_path, HEADER + rows))
    for said in (
        "line 2: the reader stands there twice",
        "line 3: the reader stands there twice",
        "line 4: no reader_id",
        "line 5: vendor is neither meraki nor een",
        "line 6: no camera_id",
        "line 7: clock_offset_s is no number",
        "line 8: clock_offset_s is no number",
    ):
        assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "is empty"),
        (b"\xff\xfe\x00bad", "not UTF-8 text"),
        ("reader_id,vendor,camera_id\nJUNK,R1,een,100b0bd4\n", "line 2, has 4 cells, the header 3"),
        ("reader_id,vendor,camera_id,reader_id\n", "has a column twice"),
        ('reader_id,vendor,camera_id\n"R1,een,1\n', "line 2, is no CSV"),
        (b"a,b\n1,2,3\n4,5,6,7\n", "doors.csv"),
        ("reader;vendor;camera\n1;2;3\n", "separated by semicolons"),
    ],
)
def test_a_file_that_is_none_says_so(tmp_path, text, said):
    "Empty, not text, ragged or with other columns: one sentence with the path"
    with pytest.raises(errors.DoorsFileError, match=said) as caught:
        load_doors(written(tmp_path, text))
    assert caught.value.path == tmp_path / "doors.csv"


def test_a_missing_file_and_a_folder_say_so(tmp_path):
    "The path is in the message"
    with pytest.raises(errors.DoorsFileError, match="There is no doors file"):
        load_doors(tmp_path / "none.csv")
    with pytest.raises(errors.DoorsFileError, match="cannot be read"):
        load_doors(tmp_path)


def test_a_table_without_the_columns_is_refused():
    "A hand-made table that lacks a column says which"
    with pytest.raises(errors.InputError, match="no column vendor, camera_id, clock_offset_s"):
        doors_by_reader(pd.DataFrame({"reader_id": ["1"], "door": ["A"]}))
