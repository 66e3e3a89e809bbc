"""The map from readers to cameras."""

from __future__ import annotations

import gzip
import os
import zipfile
from datetime import date

import openpyxl
import pandas as pd
import pytest

from camkit import errors, load_doors
from camkit.badges.doors import Camera, Door, doors_by_reader
from tests.conftest import ROOT

HEADER = "reader_id,door,vendor,camera_id,clock_offset_s\n"


def written(tmp_path, text: str | bytes):
    path = tmp_path / "doors.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_reads_the_sample():
    "Six readers, one of them with an Eagle Eye camera, one with a clock that is off"
    doors = load_doors(ROOT / "data" / "doors.csv")
    assert doors["reader_id"].nunique() == 6
    assert doors.set_index("reader_id").loc["HQ-R4", "clock_offset_s"] == 47.0
    assert doors_by_reader(doors)["HQ-R3"].main.camera_id == "1007b3c4"


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
    rows = "a,A,meraki,Q1,0\na,A,meraki,Q1,0\n,B,een,1,0\nc,C,axis,1,0\nd,D,een,,0\ne,E,een,1,soon\nf,F,een,1,inf\n"
    with pytest.raises(errors.DoorsFileError) as caught:
        load_doors(written(tmp_path, HEADER + rows))
    for said in (
        "line 2: the reader has this camera twice",
        "line 3: the reader has this camera twice",
        "line 4: no reader_id",
        "line 5: vendor is neither meraki nor een",
        "line 6: no camera_id",
        "line 7: clock_offset_s is not a number",
        "line 8: clock_offset_s is not a number",
    ):
        assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "is empty"),
        (b"\n , \n", "is empty. A doors file has reader_id"),
        (b"\x00\x01\x02\x03" * 100, "binary, not text"),
        ("reader_id,vendor,camera_id\nJUNK,R1,een,100b0bd4\n", "line 2, has 4 cells, the header 3"),
        ("reader_id,vendor,camera_id,reader_id\n", "has a column twice"),
        ('reader_id,vendor,camera_id\n"R1,een\n', "line 2, has 1 cells, the header 3"),
        (b"a,b\n1,2,3\n4,5,6,7\n", "doors.csv"),
        (HEADER.encode("utf-16") + b"\n", "is not valid text in utf-16"),
        (b"Doors of HQ,,,,\n" + HEADER.encode(), "has a header but no doors below it"),
        (
            "reader_id,vendor,camera_id,clock_offset\nR1,een,1,30\n",
            "a column clock_offset: write clock_offset_s",
        ),
        (
            "reader;vendor;camera\n1;2;3\n",
            "has no column reader_id, camera_id; its columns are reader, vendor, camera",
        ),
    ],
)
def test_a_file_that_is_not_a_doors_file_says_so(tmp_path, text, said):
    "Empty, not text, ragged or with other columns: one sentence with the path"
    with pytest.raises(errors.DoorsFileError, match=said) as caught:
        load_doors(written(tmp_path, text))
    assert caught.value.path == tmp_path / "doors.csv"


def test_a_missing_file_and_a_folder_say_so(tmp_path):
    "The path is in the message, as it is for a name that is too long for the file system"
    with pytest.raises(errors.DoorsFileError, match="does not exist"):
        load_doors(tmp_path / "none.csv")
    with pytest.raises(errors.DoorsFileError, match="is a folder"):
        load_doors(tmp_path)
    with pytest.raises(errors.DoorsFileError, match="cannot be read: File name too long"):
        load_doors(tmp_path / ("x" * 300))


def test_a_table_without_the_columns_is_refused():
    "A hand-made table that lacks a column says which"
    with pytest.raises(errors.InputError, match="no column vendor, camera_id, clock_offset_s"):
        doors_by_reader(pd.DataFrame({"reader_id": ["1"], "door": ["A"]}))


def test_a_reader_has_several_cameras(tmp_path):
    "The first row is the main camera; each has a view and a clock offset of its own"
    header = "reader_id,door,view,vendor,camera_id,clock_offset_s\n"
    text = f"{header}R1,Gate,inside,meraki,Q1,2\nR1,,outside,een,100abcde,-3\n"
    door = doors_by_reader(load_doors(written(tmp_path, text)))["R1"]
    assert door.name == "Gate"
    assert door.cameras == (Camera("meraki", "Q1", "inside", 2.0), Camera("een", "100abcde", "outside", -3.0))
    assert door.main.view == "inside"


def test_cameras_without_a_view_are_called_by_their_ids(tmp_path):
    "Only where a door has several: the only camera of a door needs no name"
    text = "reader_id,vendor,camera_id\nR1,meraki,Q1\nR1,meraki,Q2\nR2,meraki,Q1\n"
    assert load_doors(written(tmp_path, text))["view"].tolist() == ["Q1", "Q2", ""]


def test_two_cameras_of_a_door_must_differ(tmp_path):
    "A view twice, or another name for the same door, is named by its line"
    text = "reader_id,door,view,vendor,camera_id\nR1,Gate,in,meraki,Q1\nR1,Yard,in,meraki,Q2\n"
    with pytest.raises(errors.DoorsFileError) as caught:
        load_doors(written(tmp_path, text))
    assert "line 3: the reader has this view twice" in str(caught.value)
    assert "line 3: the reader has several door names" in str(caught.value)


def test_the_rows_of_a_reader_need_not_be_together():
    "The first of them is the main camera; readers are in the order of their first rows"
    rows = [["R1", "Gate", "meraki", "Q1", 0], ["R2", None, "een", "1", 0], ["R1", None, "meraki", "Q2", 3]]
    doors = doors_by_reader(pd.DataFrame(rows, columns=HEADER.strip().split(",")))
    assert list(doors) == ["R1", "R2"]
    assert [camera.camera_id for camera in doors["R1"].cameras] == ["Q1", "Q2"]
    assert (doors["R1"].name, doors["R2"].name) == ("Gate", "R2")


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA])
def test_gaps_in_a_table_made_by_hand_are_filled_like_those_of_a_file(missing):
    "No door is called nan, and no clock is off by it"
    row = {
        "reader_id": 7,
        "door": missing,
        "view": missing,
        "vendor": "een",
        "camera_id": 12,
        "clock_offset_s": missing,
    }
    assert doors_by_reader(pd.DataFrame([row])) == {"7": Door("7", "7", (Camera("een", "12", "", 0.0),))}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"reader_id": None}, "a row without reader_id"),
        ({"camera_id": None}, "a row without camera_id"),
        ({"clock_offset_s": "soon"}, "clock_offset_s has soon"),
        ({"clock_offset_s": float("inf")}, "clock_offset_s has inf"),
    ],
)
def test_rows_of_a_table_made_by_hand_that_cannot_be_used_are_refused(change, said):
    "Where load_doors would have refused them"
    row = {"reader_id": "7", "door": "A", "vendor": "een", "camera_id": "12", "clock_offset_s": 0.0}
    with pytest.raises(errors.InputError, match=said):
        doors_by_reader(pd.DataFrame([{**row, **change}]))


def test_one_camera_may_look_at_several_doors(tmp_path):
    "The same camera below two readers is two rows"
    text = "reader_id,vendor,camera_id\nR1,meraki,Q1\nR2,meraki,Q1\n"
    doors = doors_by_reader(load_doors(written(tmp_path, text)))
    assert doors["R1"].main == doors["R2"].main


@pytest.mark.parametrize(
    "content",
    [
        "reader_id;door;vendor;camera_id;clock_offset_s\nR1;Entrée;meraki;Q1;1,5\n".encode(),
        "reader_id;door;vendor;camera_id;clock_offset_s\r\nR1;Entrée;meraki;Q1;1,5\r\n".encode("cp1252"),
        "reader_id\tdoor\tvendor\tcamera_id\tclock_offset_s\nR1\tEntrée\tmeraki\tQ1\t1.5\n".encode("utf-16"),
    ],
    ids=["semicolons", "cp1252", "utf-16 with tabs"],
)
def test_reads_what_a_spreadsheet_program_saves(tmp_path, content):
    "Semicolons, tabs, decimal commas and other encodings are read like a badge log's"
    row = load_doors(written(tmp_path, content)).iloc[0]
    assert (row["reader_id"], row["door"], row["clock_offset_s"]) == ("R1", "Entrée", 1.5)


@pytest.mark.parametrize("suffix", [".xlsx", ".XLSX"])
def test_reads_the_first_sheet_of_a_spreadsheet(tmp_path, suffix):
    "Numbers come as they are shown: a reader called 7 is not 7.0; empty rows do not count"
    path = tmp_path / f"doors{suffix}"
    rows = [["R1", "Gate", "meraki", "Q1", 47], [7, "Yard", "een", "100abcde", None]]
    table = pd.DataFrame(rows, columns=HEADER.strip().split(","))
    with path.open("wb") as file:
        table.to_excel(file, index=False, engine="openpyxl")
    doors = load_doors(path)
    assert doors["reader_id"].tolist() == ["R1", "7"]
    assert doors["clock_offset_s"].tolist() == [47.0, 0.0]


def test_dates_and_columns_without_a_name_in_a_spreadsheet_are_kept(tmp_path):
    "A date as ISO 8601; nameless columns are numbered, however many"
    path = tmp_path / "doors.xlsx"
    rows = [
        ["reader_id", "vendor", "camera_id", "installed", None, None],
        ["R1", "een", 7, date(2019, 4, 12), None, "x"],
    ]
    pd.DataFrame(rows).to_excel(path, index=False, header=False)
    row = load_doors(path).iloc[0]
    assert row[["camera_id", "installed", "column 6"]].tolist() == ["7", "2019-04-12", "x"]


def test_a_spreadsheet_that_cannot_be_read_says_so(tmp_path):
    "A workbook that is cut off; text in a file called .xlsx is text"
    path = tmp_path / "doors.xlsx"
    path.write_text(HEADER + "R1,Gate,meraki,Q1,0\n")
    assert load_doors(path)["reader_id"].tolist() == ["R1"]
    path.write_bytes(sheet(path).read_bytes()[:-30])
    with pytest.raises(errors.DoorsFileError, match="is a damaged archive or workbook"):
        load_doors(path)


def test_a_title_above_the_header_and_other_spellings_of_it(tmp_path):
    "People put a title on their sheet, and write Reader ID"
    text = "Doors of HQ,,\n,,\nReader ID,VENDOR,Camera-ID\nR1,meraki,Q1\n"
    assert load_doors(written(tmp_path, text))["camera_id"].tolist() == ["Q1"]


@pytest.mark.parametrize("offset", ["1,000", "12,345", "1.2.3"])
def test_a_number_that_may_be_a_thousand_is_not_read(tmp_path, offset):
    "A decimal comma has one, two or more than three digits behind it"
    with pytest.raises(errors.DoorsFileError, match="line 2: clock_offset_s is not a number"):
        load_doors(written(tmp_path, f'{HEADER}R1,Gate,meraki,Q1,"{offset}"\n'))


def sheet(path, **cells: object):
    "A doors file as a spreadsheet, with some cells replaced"
    book = openpyxl.Workbook()
    book.active.append(HEADER.strip().split(","))
    book.active.append(["R1", "Gate", "meraki", "Q1", 47])
    for cell, value in cells.items():
        book.active[cell] = value
    book.save(path)
    return path


@pytest.mark.parametrize("value", ["#N/A", "=1/0"], ids=["error", "formula without a value"])
def test_a_cell_without_a_value_is_not_an_offset_of_zero(tmp_path, value):
    "A picture twelve seconds off is worse than a refusal"
    with pytest.raises(errors.DoorsFileError, match="an error such as #N/A, or a formula without a value"):
        load_doors(sheet(tmp_path / "doors.xlsx", E2=value))


def test_a_spreadsheet_that_needs_endless_memory_is_refused(tmp_path):
    "One stray cell in the last corner asks for half a terabyte, and ends no kernel"
    with pytest.raises(errors.DoorsFileError, match="needs more than 1 GiB of memory"):
        load_doors(sheet(tmp_path / "doors.xlsx", XFD1048576="x"))


def test_a_spreadsheet_that_unpacks_to_very_much_is_refused(tmp_path):
    "The limit is said; parts that are not a sheet count, too"
    path = sheet(tmp_path / "doors.xlsx", A1="reader_id")
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/picture.bmp", bytes(65 << 20))
    with pytest.raises(errors.DoorsFileError, match="unpacks to more than 64 MiB"):
        load_doors(path)


def test_a_doors_file_of_a_gigabyte_is_refused(tmp_path):
    "Packed it is small; reading stops after as many lines as a file of its size can have"
    path = tmp_path / "doors.csv.gz"
    with gzip.open(path, "wt") as file:
        file.write(HEADER)
        for _ in range(200):
            file.write("R1,Gate,meraki,Q1,0\n" * 10_000)
    with pytest.raises(errors.DoorsFileError, match=r"unpacks from .* to more than .* lines"):
        load_doors(path)


def test_a_message_names_twenty_rows_and_counts_the_rest(tmp_path):
    "It stays a sentence"
    rows = "".join(f"R{n},Gate,axis,Q1,0\n" for n in range(50))
    with pytest.raises(errors.DoorsFileError, match="line 21: vendor is neither meraki nor een; and 30 more"):
        load_doors(written(tmp_path, HEADER + rows))


@pytest.mark.parametrize("name", ["doors.csv", "doors.xlsx"])
def test_a_pipe_or_a_device_in_place_of_the_doors_is_refused(tmp_path, name):
    "Nobody waits for what may never come, nor reads what never ends, also through a link; a link to a file is read"
    os.mkfifo(tmp_path / name)
    (tmp_path / "link.csv").symlink_to(tmp_path / name)
    for path in (tmp_path / name, tmp_path / "link.csv", "/dev/zero"):
        with pytest.raises(errors.DoorsFileError, match="not a regular file"):
            load_doors(path)
    (tmp_path / "real.csv").write_text("reader_id,vendor,camera_id\nR1,een,1\n")
    (tmp_path / "link.csv").unlink()
    (tmp_path / "link.csv").symlink_to(tmp_path / "real.csv")
    assert load_doors(tmp_path / "link.csv")["reader_id"].tolist() == ["R1"]
