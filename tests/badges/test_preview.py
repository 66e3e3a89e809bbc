"""The first rows of an export, whatever it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import Workbook

from camkit.badges import Given, preview
from camkit.errors import BadgeFileError
from tests.conftest import ROOT


def export(folder: Path, text: str) -> Path:
    path = folder / "export.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_known_export_is_recognised() -> None:
    "With its profile, and what each column is for"
    seen = preview(ROOT / "data" / "messy_badges.csv")
    assert (seen.profile, seen.problem) == ("hikvision", "")
    assert seen.roles["event_time"] == (3,)
    assert seen.rows[0][:2] == ["'86543215", "Lucía Fernández"]
    assert len(seen.rows) == 8


def test_an_unknown_export_has_its_columns_and_rows() -> None:
    "By the delimiter that makes most columns"
    seen = preview(ROOT / "data" / "german_export.csv")
    assert seen.profile == ""
    assert "german_export.csv" in seen.problem
    assert seen.headings == ("Datum", "Uhrzeit", "Ausweisnummer", "Name", "Tür", "Ergebnis")
    assert seen.rows[0] == ["12.04.2019", "02:14:47", "85063702", "Bell, Marcus", "HQ-R1", "Durchlass"]
    assert seen.column(4) == "Tür"


@pytest.mark.parametrize(
    "above",
    ["", "Report of May\n", "Exported by;front desk\n\n", "Exported by: front desk; 15/03/2019 18:05\n"],
)
def test_the_header_is_as_wide_as_the_rows(tmp_path: Path, above: str) -> None:
    "A title above it is not the header, even if it has a delimiter"
    rows = "".join(f"0{n}.05.2026;08:02:17;0004{n};Lobby\n" for n in range(1, 6))
    seen = preview(export(tmp_path, f"{above}Tag;Zeit;Ausweis;Leser\n{rows}"))
    assert seen.headings == ("Tag", "Zeit", "Ausweis", "Leser")
    assert seen.rows[0] == ["01.05.2026", "08:02:17", "00041", "Lobby"]


def test_a_file_without_a_header_has_numbered_columns(tmp_path: Path) -> None:
    "No row is taken for the header, and a column is told by its position"
    seen = preview(export(tmp_path, "00042;31.05.2026 08:02;7\n00043;31.05.2026 08:03;7\n"))
    assert seen.headings == ("column 1", "column 2", "column 3")
    assert seen.rows == [["00042", "31.05.2026 08:02", "7"], ["00043", "31.05.2026 08:03", "7"]]
    assert (seen.has_header, seen.column(1)) == (False, 2)


def test_words_are_counted_and_taken_for_what_the_vocabulary_says(tmp_path: Path) -> None:
    "The commonest first; what was said of a word counts"
    rows = ["OK", "Durchlass", "Durchlass", "denied", "", "vielleicht"]
    path = export(tmp_path, "Wann;Wer;Was\n" + "".join(f"31.05.2026;7;{word}\n" for word in rows))
    assert preview(path).outcomes([2]) == {
        "Durchlass": (2, "unknown"), "OK": (1, "granted"), "denied": (1, "denied"), "vielleicht": (1, "unknown"),
    }  # fmt: skip
    assert preview(path, Given(denied=("viel*",))).outcomes([2])["vielleicht"] == (1, "denied")
    assert list(preview(path).outcomes([1, 2]))[:2] == ["7 Durchlass", "7"]


def test_a_column_of_many_different_texts_is_cut(tmp_path: Path) -> None:
    "Somebody may choose the wrong column"
    path = export(tmp_path, "Wann;Wer\n" + "".join(f"31.05.2026;{n}\n" for n in range(500)))
    assert len(preview(path).outcomes([1])) == 30


def test_columns_that_are_said_count(tmp_path: Path) -> None:
    "As load_badges would take them"
    path = export(tmp_path, "Wann;Wer\n31.05.2026 08:02;7\n")
    seen = preview(path, Given(columns={"event_time": "Wann", "cardholder_id": "Wer"}))
    assert (seen.profile, seen.problem) == ("", "")
    assert seen.roles == {"event_time": (0,), "cardholder_id": (1,)}


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7\n", bytes(range(256)) * 8])
def test_what_is_not_a_table_is_an_error(tmp_path: Path, content: bytes) -> None:
    "The one that load_badges gives"
    path = tmp_path / "export.csv"
    path.write_bytes(content)
    with pytest.raises(BadgeFileError, match=r"export\.csv"):
        preview(path)


def test_of_a_folder_one_that_fits_is_shown(tmp_path: Path) -> None:
    "A readme may be the first file in it"
    (tmp_path / "a_readme.txt").write_text("These are the logs, of May, and June.\nAsk Ann.\n")
    (tmp_path / "b.csv").write_text("timestamp,UserID\n2026-05-31T08:02:17Z,00042\n")
    assert preview(tmp_path).name == "b.csv"
    (tmp_path / "b.csv").unlink()
    (tmp_path / "a_readme.txt").unlink()
    with pytest.raises(BadgeFileError, match="does not contain a badge export"):
        preview(tmp_path)


def test_a_workbook_with_several_sheets_names_them(tmp_path: Path) -> None:
    "The first is shown until one is chosen"
    book = Workbook()
    for name, card in (("April", "00042"), ("Mai", "00043")):
        sheet = book.create_sheet(name)
        sheet.append(["Wann", "Wer"])
        sheet.append(["12.04.2019 02:14:47", card])
    path = tmp_path / "two.xlsx"
    book.save(path)
    seen = preview(path)
    assert (seen.sheets, seen.rows) == (("April", "Mai"), [["12.04.2019 02:14:47", "00042"]])
    assert preview(path, Given(sheet="Mai")).rows[0][1] == "00043"
    assert preview(path, Given(columns={"event_time": "Wann"}, sheet="Mai")).roles == {"event_time": (0,)}
