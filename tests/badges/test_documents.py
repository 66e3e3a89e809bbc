"""Exports that are workbooks, web pages, JSON, or printed by a database."""

# ruff: noqa: DTZ001 - a cell of a sheet has a time without a zone

from __future__ import annotations

import json
import re
import struct
import zipfile
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camkit.badges import BadgeLog, load_badges
from camkit.badges.files import Export
from camkit.badges.given import Given
from camkit.badges.read import read_export
from camkit.errors import BadgeFileError, CamkitError
from tests.conftest import ROOT

COLUMNS = {"event_time": "When", "cardholder_id": "Badge", "reader_id": "Door"}
HEADER = ("When", "Badge", "Door")
MORNING = datetime(2026, 5, 1, 8, 2, 17)
ROW = (MORNING, "00042", "Gate")

Edit = Callable[[openpyxl.Workbook], object]


def book(path: Path, *rows: Sequence[Any], edit: Edit = lambda _: None) -> Path:
    "A workbook with these rows in its only sheet"
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(row)
    edit(made)
    made.save(path)
    return path


def repacked(path: Path, part: str, change: Callable[[bytes], bytes]) -> Path:
    "The workbook with one of its parts changed"
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts[part] = change(parts[part])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def load(path: Path, **said: Any) -> BadgeLog:
    "The log, with every row accounted for"
    log = load_badges(path, "America/Denver", **{"columns": COLUMNS, **said})
    assert log.rows_read == sum(map(len, (log.events, log.rejected, log.duplicates, log.ignored)))
    return log


def rows_of(log: BadgeLog) -> list[tuple[object, ...]]:
    "Time in UTC, cardholder, reader and line of each event"
    events = log.events
    times = events["event_time"].dt.strftime("%d %H:%M:%S")
    return list(zip(times, events["cardholder_id"], events["reader_id"], events["line"], strict=True))


def test_a_workbook_is_read_with_its_own_line_numbers(tmp_path: Path) -> None:
    "Dates are dates, a title and blank rows do not count, and the sheet is named"
    path = book(tmp_path / "may.xlsx", ["Report"], [], HEADER, ROW, [], [MORNING.replace(hour=9), 7, "Gate"])
    log = load(path)
    assert rows_of(log) == [("01 14:02:17", "00042", "Gate", 4), ("01 15:02:17", "7", "Gate", 6)]
    assert log.files["encoding"].tolist() == ["xlsx, sheet 'Sheet'"]
    assert log.problems() == []


def test_the_first_bytes_decide_and_not_the_name(tmp_path: Path) -> None:
    "A workbook called .csv is a workbook, and text called .xlsx is text; one in an archive is read, too"
    book(tmp_path / "may.xlsx", HEADER, ROW).rename(tmp_path / "may.csv")
    (tmp_path / "june.xlsx").write_text("When,Badge,Door\n2026-06-01 08:02:17,00042,Gate\n")
    with zipfile.ZipFile(tmp_path / "both.zip", "w") as archive:
        archive.write(tmp_path / "may.csv", "may.csv")
    assert len(load(tmp_path / "may.csv").events) == len(load(tmp_path / "june.xlsx").events) == 1
    assert rows_of(load(tmp_path / "both.zip")) == [("01 14:02:17", "00042", "Gate", 2)]


def test_dates_and_times_in_two_columns_and_midnight(tmp_path: Path) -> None:
    "A date at midnight among dates with times keeps its time"
    rows = [
        ("Date", "Time", "Badge"),
        (date(2026, 5, 1), time(8, 2, 17), "1"),
        (date(2026, 5, 2), time(0), "2"),
    ]
    said = {"date": "Date", "time": "Time", "cardholder_id": "Badge"}
    events = load(book(tmp_path / "two.xlsx", *rows), columns=said).events
    assert events["event_time"].dt.strftime("%d %H:%M:%S").tolist() == ["01 14:02:17", "02 06:00:00"]
    path = book(tmp_path / "one.xlsx", HEADER, ROW, (datetime(2026, 5, 2), "2", "Gate"))
    assert rows_of(load(path))[1][0] == "02 06:00:00"


def test_numbers_have_the_zeros_that_their_format_shows(tmp_path: Path) -> None:
    "A format of zeros fills up; a number that a spreadsheet rounded is rejected, one that it may have changed a doubt"

    def edit(made: openpyxl.Workbook) -> None:
        made.active["B2"].number_format = "00000"
        made.active["B3"].number_format = "0000;-0000"

    numbers = [42, 43, 44, 4111111111111110, 41111111111111110, 1.5]
    path = book(tmp_path / "ids.xlsx", HEADER, *((MORNING, number, "Gate") for number in numbers), edit=edit)
    log = load(path)
    assert log.events["cardholder_id"].tolist() == ["00042", "0043", "44", "4111111111111110", "1.5"]
    assert log.rejected["line"].tolist() == [6]
    assert any(
        "line 5: the column 'Badge' has numbers of more than 15 digits (1 rows)" in it
        for it in log.problems()
    )


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ('"EMP"0000', "EMP0042"), ("000-00-0000", "000-00-0042"), ("00000_ ", "00042"), ("[$-407]00000", "00042"),
        ("[Red]0000;0", "0042"), ('0"0"', "420"), ("\\E000", "E042"), ("0", "42"), ("#,##0", "42"), ("0.00", "42"),
        ('#,##0.00" €"', "42"), ("0%", "42"),
    ],
)  # fmt: skip
def test_a_number_is_read_as_its_format_shows_it(tmp_path: Path, code: str, shown: str) -> None:
    "Zeros and letters of the format are part of an identifier; groups and fractions are not"

    def edit(made: openpyxl.Workbook) -> None:
        made.active["B2"].number_format = code

    log = load(book(tmp_path / "a.xlsx", HEADER, (MORNING, 42, "Gate"), edit=edit))
    assert (log.events["cardholder_id"].tolist(), log.problems()) == ([shown], [])


@pytest.mark.parametrize("code", ["[<=99999]00000;000000", "#0000", '"A"##'])
def test_a_format_that_is_not_known_is_a_doubt(tmp_path: Path, code: str) -> None:
    "It names the first cell"

    def edit(made: openpyxl.Workbook) -> None:
        made.active["B3"].number_format = code

    log = load(book(tmp_path / "a.xlsx", HEADER, ROW, (MORNING, 42, "Gate"), edit=edit))
    assert log.events["cardholder_id"].tolist() == ["00042", "42"]
    assert (
        "the cell B3 of the column 'Badge', and maybe others, shows a number with more" in log.problems()[0]
    )


def test_a_row_that_is_there_twice_is_an_error(tmp_path: Path) -> None:
    "Else one of them would be lost"
    path = book(tmp_path / "a.xlsx", HEADER, ROW, ROW)
    repacked(
        path, "xl/worksheets/sheet1.xml", lambda xml: xml.replace(b'r="3"', b'r="2"').replace(b'3"', b'2"')
    )
    with pytest.raises(BadgeFileError, match="it has row 2 twice"):
        load(path)


def test_a_date_without_a_time_among_times_is_a_doubt(tmp_path: Path) -> None:
    "It is read as midnight, which the cell does not say"
    log = load(book(tmp_path / "a.xlsx", HEADER, ROW, (date(2026, 5, 2), "7", "Gate")))
    (said,) = log.problems()
    assert said.startswith(
        "a.xlsx: line 3: at midnight, as a date without a time of day is shown in a spreadsheet"
    )


@pytest.mark.parametrize("repeated", ["", ' table:number-rows-repeated="2"'])
def test_an_error_in_a_cell_of_an_ods_stays_what_it_is(tmp_path: Path, repeated: str) -> None:
    "As in an .xlsx: its row is rejected, not an event of nobody"
    text = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'.format
    error = (
        '<table:table-cell calcext:value-type="error" office:value-type="string" office:string-value="">'
        "<text:p>#REF!</text:p></table:table-cell>"
    )
    rows = ["".join(map(text, HEADER)), text(PRINTED[0]) + error + text("Gate"), "".join(map(text, LATER))]
    path = ods(tmp_path / "a.ods", rows)
    names = b' xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'
    repacked(
        path,
        "content.xml",
        lambda xml: xml.replace(b"<office:document-content", b"<office:document-content" + names),
    )
    old = b'<table:table-row><table:table-cell office:value-type="string"><text:p>2026-05-01 08'
    repacked(
        path,
        "content.xml",
        lambda xml: xml.replace(old, old.replace(b"row>", b"row" + repeated.encode() + b">", 1)),
    )
    log = load(path)
    assert log.events["cardholder_id"].tolist() == ["7"]
    assert set(log.rejected["value"]) == {"#REF!"}
    assert len(log.rejected) == (2 if repeated else 1)


def test_a_number_whose_format_cannot_be_known_is_a_doubt(tmp_path: Path) -> None:
    "An .ods does not tell python-calamine the format"
    cells = [
        "".join(
            f'<table:table-cell office:value-type="string"><text:p>{name}</text:p></table:table-cell>'
            for name in HEADER
        )
    ]
    cells.append(
        '<table:table-cell office:value-type="date" office:date-value="2026-05-01T08:02:17">'
        "<text:p>x</text:p></table:table-cell>"
        '<table:table-cell office:value-type="float" office:value="42"><text:p>00042</text:p></table:table-cell>'
        '<table:table-cell office:value-type="string"><text:p>Gate</text:p></table:table-cell>'
    )
    log = load(ods(tmp_path / "may.ods", cells))
    assert rows_of(log) == [("01 14:02:17", "42", "Gate", 2)]
    assert log.files["encoding"].tolist() == ["ods, sheet 'May'"]
    assert "the column 'Badge' has numbers, and zeros that the sheet shows" in log.problems()[0]


def test_an_old_workbook_is_read(tmp_path: Path) -> None:
    "The .xls of HikCentral, with a title over all columns; numbers among its identifiers are a doubt"
    log = load(ROOT / "tests" / "fixtures" / "sheets" / "hikcentral.xls", columns=None)
    assert rows_of(log) == [
        ("31 18:03:17", "00042", "Door1_Entrance Card Reader1", 3),
        ("31 18:04:17", "43", "Door1_Entrance Card Reader1", 4),
    ]
    assert (log.profile, log.files["encoding"][0]) == ("hikcentral", "xls, sheet 'Original Records'")
    assert "the column 'Person ID' has numbers" in log.problems()[0]


def ods(path: Path, rows: list[str]) -> Path:
    "A document of LibreOffice with these rows of cells"
    names = "urn:oasis:names:tc:opendocument:xmlns"
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    body = "".join(f"<table:table-row>{cells}</table:table-row>" for cells in rows)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", kind)
        archive.writestr(
            "META-INF/manifest.xml",
            f'<manifest:manifest xmlns:manifest="{names}:manifest:1.0"><manifest:file-entry manifest:full-path="/" '
            f'manifest:media-type="{kind}"/></manifest:manifest>',
        )
        archive.writestr(
            "content.xml",
            f'<office:document-content xmlns:office="{names}:office:1.0" xmlns:table="{names}:table:1.0" '
            f'xmlns:text="{names}:text:1.0"><office:body><office:spreadsheet><table:table table:name="May">{body}'
            "</table:table></office:spreadsheet></office:body></office:document-content>",
        )
    return path


def test_an_error_in_a_cell_stays_what_it_is(tmp_path: Path) -> None:
    "It is not an empty cell, so that what it means can be said"
    path = book(tmp_path / "errors.xlsx", HEADER, ROW, ("#REF!", "7", "Gate"), (MORNING, "8", "#N/A"))
    table = read_export(Export(path), Given(columns=COLUMNS))
    assert [column.to_pylist()[1:] for column in table.rows.cells] == [
        ["#REF!", "2026-05-01 08:02:17"],
        ["7", "8"],
        ["Gate", "#N/A"],
    ]


def test_a_formula_without_a_value_names_its_cell(tmp_path: Path) -> None:
    "A program wrote it, and no spreadsheet program has worked it out; an empty text is a value"
    path = book(tmp_path / "formula.xlsx", HEADER, (MORNING, "=40+2", "Gate"))
    with pytest.raises(BadgeFileError, match="the cell B2 has a formula without a value"):
        load(path)
    filled = repacked(
        path,
        "xl/worksheets/sheet1.xml",
        lambda xml: xml.replace(b"<v />", b"<v>42</v>").replace(b"<v></v>", b"<v>42</v>"),
    )
    assert load(filled).events["cardholder_id"].tolist() == ["42"]


def test_merged_cells_fill_the_rows_below(tmp_path: Path) -> None:
    "The day stands once above its events; a heading over two columns and a blank row in between stay as they are"

    def edit(made: openpyxl.Workbook) -> None:
        for cells in ("A3:A5", "A1:C1"):
            made.active.merge_cells(cells)

    said = {"date": "Date", "time": "Time", "cardholder_id": "Badge"}
    rows = [
        ["Report"],
        ["Date", "Time", "Badge"],
        [date(2026, 5, 1), time(8), "1"],
        [],
        [None, time(9), "2"],
        [date(2026, 5, 2), time(7), "3"],
    ]
    log = load(book(tmp_path / "merged.xlsx", *rows, edit=edit), columns=said)
    assert log.events["event_time"].dt.strftime("%d %H").tolist() == ["01 14", "01 15", "02 13"]
    assert log.events["line"].tolist() == [3, 5, 6]


def two_sheets(path: Path, second: Sequence[Sequence[Any]]) -> Path:
    "A workbook with May's events and a second sheet 'June'"

    def edit(made: openpyxl.Workbook) -> None:
        made.active.title = "May"
        june = made.create_sheet("June")
        for row in second:
            june.append(row)

    return book(path, HEADER, ROW, edit=edit)


def test_the_sheet_that_fits_is_read_and_the_others_are_named(tmp_path: Path) -> None:
    "A sheet of something else does not stop it; an empty one is not worth a word"
    log = load(two_sheets(tmp_path / "a.xlsx", [["Name", "Badge"], ["Ann", "00042"]]))
    assert len(log.events) == 1
    assert log.problems() == [
        "a.xlsx: also has the sheet 'June' (1 row), not read: load it with sheet='June'."
    ]
    assert load(two_sheets(tmp_path / "b.xlsx", [])).problems() == []


def test_two_sheets_that_fit_are_a_question(tmp_path: Path) -> None:
    "sheet= answers it; a sheet that is not there is an error that names those that are"
    path = two_sheets(tmp_path / "a.xlsx", [HEADER, (datetime(2026, 6, 1, 8), "7", "Gate")])
    with pytest.raises(
        BadgeFileError, match=r"'May' \(1 row\), 'June' \(1 row\). Say which, as in sheet='June'"
    ):
        load(path)
    assert load(path, sheet="June").events["cardholder_id"].tolist() == ["7"]
    with pytest.raises(BadgeFileError, match="does not have a sheet 'July'; its sheets are 'May', 'June'"):
        load(path, sheet="July")


def test_no_sheet_that_fits_says_what_the_largest_has(tmp_path: Path) -> None:
    "The message names the sheet"
    path = two_sheets(tmp_path / "a.xlsx", [["Name", "Phone"], ["Ann", "1"], ["Bea", "2"]])
    with pytest.raises(BadgeFileError, match=r"Sheet 'June' of a\.xlsx .*'Name', 'Phone'"):
        load(path, columns={"event_time": "Clock"})


def test_a_heading_of_two_lines_is_one_row(tmp_path: Path) -> None:
    "The first event below it is not lost"
    path = book(tmp_path / "a.xlsx", ("When\nit was", "Badge", "Door"), ROW)
    assert len(load(path, columns={**COLUMNS, "event_time": "When it was"}).events) == 1


def test_a_protected_workbook_says_so(tmp_path: Path) -> None:
    "It is an OLE file with one stream, and not an old workbook"
    path = tmp_path / "locked.xlsx"
    path.write_bytes(ole("EncryptedPackage", "EncryptionInfo"))
    with pytest.raises(
        BadgeFileError, match=r"a document protected by a password.*: open it, remove the password"
    ):
        load(path)


def ole(*streams: str) -> bytes:
    "An OLE file with these empty streams"
    free, end, special = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
    header = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16)
    header += struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, end, 0, end, 0)
    header += struct.pack("<109I", 0, *[free] * 108)
    table = struct.pack("<128I", special, end, *[free] * 126)
    entries = b""
    for at, name in enumerate(("Root Entry", *streams)):
        text = (name + "\0").encode("utf-16-le")
        child = 1 if at == 0 else free
        right = at + 1 if 0 < at < len(streams) else free
        entries += text.ljust(64, b"\0") + struct.pack(
            "<HBBIII", len(text), 5 if at == 0 else 2, 1, free, right, child
        )
        entries += bytes(36) + struct.pack("<III", end, 0, 0)
    return header + table + entries.ljust(512, b"\0")


BILLION = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><x>&b;</x>'


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/styles.xml", "xl/workbook.xml"])
def test_entities_in_a_workbook_are_refused_or_not_expanded(tmp_path: Path, part: str) -> None:
    "One sentence, whichever part has them"
    path = repacked(book(tmp_path / "a.xlsx", HEADER, ROW), part, lambda _: BILLION)
    with pytest.raises(BadgeFileError, match=r"a\.xlsx (cannot be read|has no rows)"):
        load(path)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (
            {"XFD1048576": "x"},
            "has more than 1,048,576 rows or 1,000 columns|a cell far below or to the right",
        ),
        ({"XFD1": "x"}, "1,000 columns"),
        pytest.param(
            {"AZ1048576": "x"}, "more than 30,000,000 cells|GiB of memory", marks=pytest.mark.not_quick
        ),
    ],
    ids=["the last corner", "16,384 columns", "too many cells"],
)
def test_a_sheet_of_the_wrong_size_is_one_sentence(
    tmp_path: Path, cells: dict[str, str], message: str
) -> None:
    "Neither memory nor time is used up"

    def edit(made: openpyxl.Workbook) -> None:
        for cell, value in cells.items():
            made.active[cell] = value

    with pytest.raises(BadgeFileError, match=message):
        load(book(tmp_path / "a.xlsx", HEADER, ROW, edit=edit))


def test_a_sheet_that_claims_a_million_rows_and_has_two_is_read(tmp_path: Path) -> None:
    "What the sheet says of its size is not what it has"
    path = book(tmp_path / "a.xlsx", HEADER, ROW)
    claimed = b'<dimension ref="A1:XFD1048576" />'
    path = repacked(
        path, "xl/worksheets/sheet1.xml", lambda xml: xml.replace(b'<dimension ref="A1:C2" />', claimed)
    )
    assert len(load(path).events) == 1


def test_a_workbook_with_macros_is_read_and_a_bomb_is_not(tmp_path: Path) -> None:
    "Macros are bytes that nobody looks at; a part of three gigabytes is refused by its size"
    path = book(tmp_path / "a.xlsm", HEADER, ROW)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/vbaProject.bin", b"Sub Auto_Open()")
    assert len(load(path).events) == 1
    content = bytearray(path.read_bytes())
    at = content.rindex(b"PK\x01\x02")
    content[at + 24 : at + 28] = b"\xf0\xff\xff\xff"  # the size that the archive declares
    path.write_bytes(content)
    with pytest.raises(BadgeFileError, match="unpacks to more than 2,048 MiB"):
        load(path)


def page(*tables: str) -> str:
    return f"<html><head><meta charset='utf-8'><style>td {{}}</style></head><body>{''.join(tables)}</body></html>"


def rows_html(*rows: Sequence[str]) -> str:
    return (
        "<table>"
        + "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
        + "</table>"
    )


PRINTED = ("2026-05-01 08:02:17", "00042", "Gate")


def test_a_web_page_that_calls_itself_a_workbook_is_read(tmp_path: Path) -> None:
    "Its largest table; entities are letters, other tables are named"
    path = tmp_path / "a.xls"
    menu = rows_html(("Home", "Help"), ("News", "Contact"))
    path.write_text(page(menu, rows_html(HEADER, (*PRINTED[:2], "Caf&eacute;&nbsp;<b>1</b>"))), "utf-8")
    log = load(path)
    assert rows_of(log) == [("01 14:02:17", "00042", "Café 1", 4)]
    assert log.files["encoding"].tolist() == ["web page (utf-8)"]
    assert log.problems() == ["a.xls: also has other tables, not read: 2 rows."]


def test_a_report_on_several_pages_and_in_tables_in_tables_is_one_log(tmp_path: Path) -> None:
    "The header of each page is a row of its own; a cell that spans rows is in each"
    path = tmp_path / "a.html"
    first = rows_html(HEADER, PRINTED)
    second = (
        "<TABLE><tr><th>When<th>Badge<th>Door<tr><td rowspan=2>2026-05-02 08:00<td>7<td>Gate<tr><td>8<td>Gate"
        "<tr><td>2026-05-02 09:00<td>9</TABLE>"
    )
    path.write_text(page(f"<table><tr><td>Report{first}</td></tr><tr><td>{second}</td></tr></table>"))
    log = load(path)
    assert log.events["cardholder_id"].tolist() == ["00042", "7", "8", "9"]
    assert log.ignored["reason"].tolist() == ["the header again"]


def page_log(tmp_path: Path, *parts: str, **said: Any) -> BadgeLog:
    "The log of a web page"
    path = tmp_path / "a.html"
    path.write_text(page(*parts), "utf-8")
    return load(path, **said)


LATER = ("2026-05-01 09:02:17", "7", "Gate")


def test_a_table_of_one_event_is_not_left_out_in_silence(tmp_path: Path) -> None:
    "A row of another width may be an event; a title and a button are none"
    log = page_log(
        tmp_path, rows_html(HEADER, PRINTED), rows_html((*LATER, "late")), rows_html(("Back", "Next"))
    )
    assert log.problems() == ["a.html: also has other tables, not read: 1 row."]


def test_a_line_between_the_tables_is_a_row(tmp_path: Path) -> None:
    "A table of one cell may say who came, and one with a time is not lost"
    line = rows_html(("Employee: 00042 Ann Li",))
    log = page_log(
        tmp_path, rows_html(HEADER, PRINTED), line, rows_html(HEADER, LATER), rows_html(("10:00 x",))
    )
    assert (len(log.events), log.ignored["value"].tolist()[0]) == (2, "Employee: 00042 Ann Li")
    assert log.rejected[["line", "value"]].to_numpy().tolist() == [[6, "10:00 x"]]


def test_the_person_between_two_tables_is_the_one_of_the_rows_below(tmp_path: Path) -> None:
    "Above the first table, too"
    rows = [("Date", "Time", "Door"), ("2026-05-01", "08:02:17", "Gate")]
    parts = [
        part
        for who in ("Employee: 00042 Ann Li", "Employee: 00043 Bo")
        for part in (rows_html((who,)), rows_html(*rows))
    ]
    log = page_log(tmp_path, *parts, columns={"date": "Date", "time": "Time", "reader_id": "Door"})
    assert log.events["cardholder_id"].tolist() == ["00042", "00043"]


@pytest.mark.parametrize(
    "between", ["<script>x('<td>')", "<style>td {}", "<SCRIPT><script>", "<!--", "<!-- x --><!-- y"]
)
def test_what_follows_a_script_without_an_end_is_read(tmp_path: Path, between: str) -> None:
    "And said, for a browser does not show it"
    log = page_log(tmp_path, rows_html(HEADER, PRINTED), between, rows_html(HEADER, LATER, LATER[:2]))
    assert len(log.events) == 3
    assert re.search(r"a (<script>|<style>|comment) in it does not end", " ".join(log.problems()))


def test_a_script_with_an_end_is_not_read(tmp_path: Path) -> None:
    "Nor a comment"
    hidden = f"<script>{rows_html(LATER)}</script><!-- {rows_html(LATER)} -->"
    log = page_log(tmp_path, rows_html(HEADER, PRINTED), hidden)
    assert (len(log.events), log.problems()) == (1, [])


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ("<input value=42>", "42"),
        ('<input type="hidden" value="99">42', "42"),
        ('<input type=checkbox value=on><b>42</b><img alt="a person">', "42"),
        ('42<span style="display: none">99</span>', "42"),
        ("<p hidden>9<p>9</p></p>42", "42"),
        ('<i style="VISIBILITY:hidden">9<i>9</i>9</i>42', "42"),
        ("<select><option>7<option selected>42<option>9</select>", "42"),
        ("<span style='display:none'>9", ""),
    ],
    ids=["field", "hidden field", "box", "hidden", "attribute", "nested", "menu", "open"],
)
def test_a_cell_is_what_it_shows(tmp_path: Path, cell: str, shown: str) -> None:
    "A field shows its value, and what is not shown does not change a number"
    log = page_log(tmp_path, rows_html(HEADER, (PRINTED[0], cell, "Gate"), LATER))
    assert log.events["cardholder_id"].fillna("").tolist() == [shown, "7"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (page("<table>" * 30), "more than 20 tables are in one another"),
        (page("<table><tr>" + "<td>x" * 2_000), "a row has more than 1,000 columns"),
        (page("<table><tr><td rowspan=999999 colspan=1000>x" + "<tr><td>y" * 50_000), "has|is"),
        (page("no table"), "has no rows"),
        ("<!DOCTYPE html>" + "<![" * 10_000, "has no rows|cannot be read"),
    ],
    ids=["deep", "wide", "spans", "none", "open"],
)
def test_a_hostile_web_page_is_one_sentence(tmp_path: Path, content: str, message: str) -> None:
    "Neither depth nor spans fill the memory"
    path = tmp_path / "a.html"
    path.write_text(content)
    with pytest.raises(BadgeFileError, match=message):
        load(path)


EVENT = {"When": "2026-05-01 08:02:17", "Badge": "00042", "Door": "Gate"}


@pytest.mark.parametrize(
    "shaped",
    [
        json.dumps([EVENT, EVENT]),
        json.dumps({"events": [EVENT, EVENT], "readers": []}, indent=1),
        json.dumps({"data": {"hits": [EVENT, EVENT], "total": 2}}),
        json.dumps(EVENT) + "\n\n" + json.dumps(EVENT),
        json.dumps([list(EVENT), list(EVENT.values()), list(EVENT.values())]),
    ],
    ids=["list", "envelope", "deep envelope", "one after the other", "header and rows"],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_json_in_any_shape_is_read(tmp_path: Path, shaped: str, encoding: str) -> None:
    "A row is an object, wherever the list is"
    path = tmp_path / "a.json"
    path.write_text(shaped, encoding)
    log = load(path)
    assert (log.rows_read, log.events["cardholder_id"].iloc[0]) == (2, "00042")
    assert log.files["encoding"].tolist() == ["JSON"]


def test_nested_objects_and_numbers_keep_their_names_and_digits(tmp_path: Path) -> None:
    "Names get dots, a list of things its types, and a number stays as it is written"
    event = {
        "at": {"time": "2026-05-01T08:02:17Z"},
        "who": {"id": 90071992547409931234567},
        "tags": ["a", "b"],
    }
    event["target"] = [{"type": "door", "display_name": "Gate", "id": None}, {"type": "hub", "ok": True}]
    path = tmp_path / "a.json"
    path.write_text(json.dumps([event, {**event, "at": None}]))
    said = {"event_time": "at.time", "cardholder_id": "who.id", "reader_id": "target.door.display_name"}
    log = load(path, columns=said)
    assert rows_of(log) == [("01 08:02:17", "90071992547409931234567", "Gate", 1)]
    assert log.events[["tags", "target.hub.ok"]].iloc[0].tolist() == ["a, b", "true"]
    assert log.rejected["line"].tolist() == [2]


def test_what_a_json_leaves_out_is_said(tmp_path: Path) -> None:
    "Another list of objects, and a page that is not the last"
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"events": [EVENT, EVENT], "users": [{"name": "Ann"}], "next_page": "abc"}))
    said = " ".join(load(path).problems())
    assert "other lists of objects, not read: 'users' (1)" in said
    assert "'next_page' says that the system has more events" in said


def json_log(tmp_path: Path, value: Any, **said: Any) -> BadgeLog:
    "The log of a JSON file"
    path = tmp_path / "a.json"
    path.write_text(json.dumps(value))
    return load(path, **said)


@pytest.mark.parametrize(
    ("envelope", "lists"),
    [
        (
            {"data": {"events": [EVENT], "more": {"x": [EVENT, EVENT]}}},
            "'data.more.x' (2), 'data.events' (1)",
        ),
        ({"granted": [EVENT, EVENT], "denied": [{**EVENT, "Why": "late"}]}, "'granted' (2), 'denied' (1)"),
        ({"a": {"b": {"c": {"d": [EVENT]}}}, "z": [EVENT, EVENT]}, "'z' (2), 'a.b.c.d' (1)"),
    ],
    ids=["deep", "more names", "deeper"],
)
def test_all_lists_of_the_same_objects_are_read(tmp_path: Path, envelope: Any, lists: str) -> None:
    "However deep they are in the envelope, and it is said"
    log = json_log(tmp_path, envelope)
    assert log.rows_read == 3
    assert f"a.json: its lists {lists} were read one after the other." in log.problems()


def test_a_longer_list_of_something_else_does_not_hide_the_events(tmp_path: Path) -> None:
    "The list that fits is read, and the other is named"
    log = json_log(tmp_path, {"users": [{"name": "Ann"}] * 5, "log": {"events": [EVENT]}})
    assert log.events["cardholder_id"].tolist() == ["00042"]
    assert log.problems() == ["a.json: also has other lists of objects, not read: 'users' (5)."]


@pytest.mark.parametrize(
    ("envelope", "said"),
    [
        (
            {"page": 1, "totalPages": 9, "total": 900},
            r"its 'total(Pages)?' is (9|900), and this file has 1 row",
        ),
        ({"hits": {"total": {"value": 10000, "relation": "gte"}}}, "its 'hits.total.value' is 10,000"),
        ({"meta": {"page": {"next": 2, "hasNextPage": True}}}, "its 'meta.page.next' says"),
        ({"pageInfo": {"hasNextPage": True}}, "its 'pageInfo.hasNextPage' says"),
        ({"paging": {"cursors": {"after": "b"}, "nextCursor": "b"}}, "its 'paging.nextCursor' says"),
        ({"links": {"next": {"href": "https://example.org/?page=2"}}}, "its 'links.next.href' says"),
        ({"last": False, "number": 0}, "its 'last' says"),
        (
            {"next_page_token": "", "total": 1, "hasNextPage": False, "last": True, "next": None, "pages": 1},
            "",
        ),
    ],
    ids=["totals", "Elasticsearch", "next", "GraphQL", "cursor", "links", "last", "all"],
)
def test_an_envelope_that_says_there_is_more_is_a_doubt(tmp_path: Path, envelope: Any, said: str) -> None:
    "With its number, where it has one; an envelope that has everything is none"
    problems = " ".join(json_log(tmp_path, {**envelope, "events": [EVENT]}).problems())
    assert re.search(said, problems) if said else not problems, problems


@pytest.mark.parametrize(
    "event",
    [
        {"who": {"id": "7"}, "who.id": "42"},
        {"who.id": "42", "who": {"id": "7"}},
        {"who": [{"type": "id", "x": "7"}], "who.id": {"x": "1"}},
    ],
    ids=["nested first", "dotted first", "by type"],
)
def test_names_that_are_one_after_the_dots_are_an_error(tmp_path: Path, event: Any) -> None:
    "Which of them is the cardholder cannot be told, and must not depend on their order"
    with pytest.raises(BadgeFileError, match=r"object 1 has the name 'who\.id(\.x)?' twice"):
        json_log(tmp_path, [{**EVENT, **event}])


def test_rows_below_a_header_in_json_are_read_as_those_of_a_sheet(tmp_path: Path) -> None:
    "Of two columns of one name the first is taken, and said; cells beyond the header and of lines are kept"
    rows = [["When", "Badge", "Badge", "Door"], [EVENT["When"], "1", "77", "Gate", "x"], [EVENT["When"], "2"]]
    log = json_log(tmp_path, rows)
    assert log.events["cardholder_id"].tolist() == ["1", "2"]
    assert log.events["column 5"].iloc[0] == "x"
    assert "the column 'Badge' is there 2 times" in log.problems()[0]


def test_half_a_letter_in_json_stays_as_it_is_written(tmp_path: Path) -> None:
    "In a value, in a name, and in what is not an object"
    log = json_log(tmp_path, [{**EVENT, "Door": "a\ud83d", "b\ud83d": 1}, "\udc00"])
    assert log.events["reader_id"].tolist() == ["a\\ud83d"]
    assert log.rows_read == 2


def test_a_line_of_json_that_is_cut_is_accounted_for(tmp_path: Path) -> None:
    "The others are read, each with its own line"
    path = tmp_path / "a.ndjson"
    path.write_text(
        json.dumps(EVENT) + '\n{"When": "2026-05-01 09:00:00", "Ba\n' + json.dumps({**EVENT, "Badge": "7"})
    )
    log = load(path)
    assert log.events["line"].tolist() == [1, 3]
    assert log.rejected["line"].tolist() == [2]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 200_000, "nested too deeply"),
        ('{"a":' * 200_000, "nested too deeply"),
        ('[{"When": 1, "When": 2}]', "has the name 'When' twice"),
        ('[{"When": NaN, "Badge": 1e999999, "Door": Infinity}]', "not a date|without an offset|NaN"),
        ('[{"When": "2026', "damaged in line 1"),
        ("[]", "has no rows"),
        ("[[]]", "has no rows|fit|does not have"),
        (json.dumps([{f"a{n}": n for n in range(1_001)}]), "1,000 columns"),
    ],
    ids=["lists", "objects", "twice", "not numbers", "cut", "empty", "empty row", "wide"],
)
def test_a_hostile_json_is_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    "Whatever is in it, an error or a log says what"
    path = tmp_path / "a.json"
    path.write_text(text)
    try:
        said = " ".join(load(path).problems())
    except CamkitError as error:
        said = str(error)
    assert re.search(message, said), said


SQL = """Changed database context to 'acs'.
When                    Badge      Door
----------------------- ---------- --------------------
2026-05-01 08:02:17.123 00042      Gate, north
2026-05-01 09:02:17.000 NULL       Gate

(2 rows affected)
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_what_sql_server_prints_is_read(tmp_path: Path, encoding: str, line_end: str) -> None:
    "Columns stand below their dashes, commas and all; the count at the end is not an event"
    path = tmp_path / "a.rpt"
    path.write_bytes(SQL.replace("\n", line_end).replace("north", "nörd").encode(encoding))
    log = load(path)
    assert log.events["reader_id"].iloc[0] == "Gate, nörd"
    assert (log.rows_read, len(log.ignored), log.events["line"].iloc[0]) == (3, 1, 4)


def test_the_dashes_of_a_narrow_table_do_not_cut_the_count(tmp_path: Path) -> None:
    "A line with letters between the columns is one cell"
    path = tmp_path / "a.txt"
    path.write_text("Badge When\n----- -------------------\n00042 2026-05-01 08:02:17\n(1 rows affected)\n")
    log = load(path, columns={"event_time": "When", "cardholder_id": "Badge"})
    assert (len(log.events), log.ignored["value"].tolist()) == (1, ["(1 rows affected)"])


def test_a_printed_header_above_columns_by_position_is_accounted_for(tmp_path: Path) -> None:
    "As in text and workbooks: it is a row that is ignored"
    path = tmp_path / "a.txt"
    path.write_text(
        "Badge When\n----- -------------------\n00042 2026-05-01 08:02:17\n00043 2026-05-01 08:03:17\n"
    )
    log = load(path, columns={"event_time": 2, "cardholder_id": 1})
    assert (log.rows_read, len(log.events)) == (3, 2)
    assert log.ignored[["line", "reason"]].to_numpy().tolist() == [[1, "the header"]]


ACCESS = """----------------------------------------
|        When         |  Badge  | Door |
----------------------------------------
| 2026-05-01 08:02:17 | 00042   | Gate |
----------------------------------------
| 2026-05-01 09:02:17 | 00043   | Gate |
----------------------------------------
"""

POSTGRES = """        When         | Badge | Door
---------------------+-------+------
 2026-05-01 08:02:17 | 00042 | Gate
 2026-05-01 09:02:17 | 00043 | Gate
(2 rows)
"""


@pytest.mark.parametrize(("text", "ignored"), [(ACCESS, 3), (POSTGRES, 2)], ids=["Access", "PostgreSQL"])
def test_what_other_databases_print_is_read(tmp_path: Path, text: str, ignored: int) -> None:
    "Their lines between rows are not events"
    path = tmp_path / "a.txt"
    path.write_text(text)
    log = load(path)
    assert log.events["cardholder_id"].tolist() == ["00042", "00043"]
    assert (len(log.ignored), len(log.rejected)) == (ignored, 0)


MYSQL = """+---------------------+-------+------+
| When                | Badge | Door |
+---------------------+-------+------+
| 2026-05-01 08:02:17 | 00042 | Gate |
| 2026-05-01 09:02:17 | 00043 | R|1  |
| 2026-05-01 09:02:18 | 0|043 | Gate |
+---------------------+-------+------+
"""


@pytest.mark.parametrize("text", [MYSQL, re.sub(r"(?m)^[+].*\n", "", MYSQL)], ids=["MySQL", "bars only"])
def test_a_bar_in_a_cell_of_a_printed_table_does_not_move_the_others(tmp_path: Path, text: str) -> None:
    "Where the cells of such a row begin cannot be told: it is rejected"
    path = tmp_path / "a.txt"
    path.write_text(text)
    log = load(path)
    assert log.events[["cardholder_id", "reader_id"]].to_numpy().tolist() == [["00042", "Gate"]]
    assert len(log.rejected) == 2
    assert "R|1" in log.rejected["value"].iloc[0]


OTHERS = {
    b"%PDF-1.7\n": "PDF document",
    b"\0\x01\0\0Standard ACE DB\0": "an Access database: open it in Access".replace(
        ":", ", which camkit cannot read:"
    ),
    b"SQLite format 3\0": "SQLite database",
    b"PAR1\x15\x04": "Parquet",
    b"ElfFile\0": "event log of Windows",
    b"\xff\xd8\xff\xe0": "picture",
    b"From: ann@example.org\r\nTo: bea@example.org\r\n\r\nWhen,Badge": "e-mail",
    b"{\\rtf1": "RTF",
    b"7z\xbc\xaf\x27\x1c": "7z archive",
    b'<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n'
    b'<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">': "a workbook in XML",
    b'<?xml version="1.0"?><events/>': "an XML file",
    bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600): "not a workbook",
    b"\x09\x04\x06\0": "Excel 4",
}


@pytest.mark.parametrize("start", OTHERS, ids=OTHERS.values())
def test_what_cannot_be_read_says_what_it_is(tmp_path: Path, start: bytes) -> None:
    "And how to get something else, whatever the file is called"
    path = tmp_path / "a.csv"
    path.write_bytes(start + bytes(range(256)))
    with pytest.raises(BadgeFileError, match=f"a.csv .*{OTHERS[start]}") as caught:
        load(path)
    assert caught.value.path == path


CELLS = st.one_of(
    st.none(),
    st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=8),
    st.integers(-(10**18), 10**18),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.datetimes(datetime(1980, 1, 1), datetime(2090, 1, 1)),
    st.sampled_from(["#N/A", "=1+1", "NULL", "00042"]),
)
"""What can be in a cell."""


@pytest.mark.not_quick
@settings(max_examples=10, deadline=None)
@given(rows=st.lists(st.lists(CELLS, max_size=5), max_size=8))
def test_any_workbook_is_a_log_or_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[Any]]
) -> None:
    "The counts add up, whatever is in the cells"
    path = tmp_path_factory.mktemp("books") / "a.xlsx"
    book(path, HEADER, ROW, *rows)
    _log_or_sentence(path)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.not_quick
@settings(max_examples=10, deadline=None)
@given(values=st.lists(JSON_VALUES, max_size=5), cut=st.integers(0, 40))
def test_any_json_is_a_log_or_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, values: list[Any], cut: int
) -> None:
    "Also where it is cut off"
    path = tmp_path_factory.mktemp("json") / "a.json"
    text = "\n".join(json.dumps(value) for value in (EVENT, *values))
    path.write_text(text[: len(text) - cut])
    _log_or_sentence(path)


@pytest.mark.not_quick
@settings(max_examples=10, deadline=None)
@given(
    tags=st.lists(
        st.sampled_from(
            ["<table>", "</table>", "<tr>", "</tr>", "<td>", "<td rowspan=3 colspan=2>", "<script>", "x"]
        ),
        max_size=30,
    )
)
def test_any_web_page_is_a_log_or_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, tags: list[str]
) -> None:
    "However its tags are mixed"
    path = tmp_path_factory.mktemp("pages") / "a.html"
    path.write_text(page(rows_html(HEADER, PRINTED), *tags))
    _log_or_sentence(path)


@settings(max_examples=50, deadline=None)
@given(lines=st.lists(st.text(st.characters(exclude_categories=("Cs",)), max_size=40), max_size=8))
def test_any_printed_table_is_a_log_or_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str]
) -> None:
    "Whatever stands between the columns"
    path = tmp_path_factory.mktemp("printed") / "a.rpt"
    path.write_text(SQL + "\n".join(lines), "utf-8")
    _log_or_sentence(path)


def _log_or_sentence(path: Path) -> None:
    try:
        load(path)
    except CamkitError as error:
        assert "\n" not in str(error)
