"""Identifiers, and what a whole column tells about them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from camkit.badges.identifiers import Identifiers, clean_id, read_identifiers


def read(*cells: str) -> Identifiers:
    return read_identifiers(pa.chunked_array([pa.array(cells, pa.string())]), np.arange(2, len(cells) + 2))


@pytest.mark.parametrize(
    ("written", "identifier"),
    [
        ("8.506371E7", "85063710"),
        ("8.5E7", "85000000"),
        ("8.0E7", "80000000"),
        ("8.506371E+7", None),
        ("8.506371E07", None),
        ("8,506371E7", None),
        ("8.506371e7", None),
        ("8.50637E+007", None),
        ("’00042", "00042"),
        ("‘00042", "00042"),
        ("`00042", "00042"),
        ("´00042", "00042"),
        ("'00042'", "00042"),
        ("O’Hara", "O’Hara"),
    ],
)
def test_scientific_notation_and_apostrophes(written: str, identifier: str | None) -> None:
    "A program's shortest form is exact, a spreadsheet's is rounded; an apostrophe before an ID is none of it"
    assert clean_id(written) == identifier
    ids = read(written, "7")
    assert ids.text.to_pylist() == [identifier, "7"]
    assert ids.rounded.tolist() == [identifier is None, False]


@pytest.mark.parametrize("mark", [",", ".", "'", "’", "\u00a0", "\u202f", "\u2009"])
def test_separators_of_thousands_are_removed_where_the_column_shows_them(mark: str) -> None:
    "One number with two separators proves what a single one is; a sentence says what was done"
    ids = read(f"85{mark}063{mark}715", "85063715", f"12{mark}345", "A-17")
    assert ids.text.to_pylist() == ["85063715", "85063715", "12345", "A-17"]
    assert ids.doubts == [
        f"the identifier {f'85{mark}063{mark}715'!r} in line 2 was read as '85063715', a number with separators"
    ]


@pytest.mark.parametrize(
    "cells", [("12,345,678", "12,34"), ("012,345,678", "7"), ("1,2,3", "4"), ("10,20,300", "7")]
)
def test_what_does_not_fit_is_not_a_number_with_separators(cells: tuple[str, str]) -> None:
    "If one of the column's numbers with a separator is none of thousands, none is"
    ids = read(*cells)
    assert (ids.text.to_pylist(), ids.doubts) == (list(cells), [])


def test_one_separator_may_stand_between_two_numbers() -> None:
    "Facility and card: the identifier stays as it is, with a doubt"
    ids = read("7", "12,345", "12,346")
    assert ids.text.to_pylist() == ["7", "12,345", "12,346"]
    assert ids.doubts == [
        "the identifier '12,345' in line 3 may be the number '12345': it was read as it stands"
    ]


def test_number_and_name_in_one_cell_are_taken_apart() -> None:
    "If most cells have both"
    ids = read("00378(Ann Li)", "00379 (Bo (Jr.) Østby)", "", "380")
    assert ids.text.to_pylist() == ["00378", "00379", None, "380"]
    assert ids.names is not None
    assert ids.names.to_pylist() == ["Ann Li", "Bo (Jr.) Østby", None, None]


def test_a_bracket_in_a_few_identifiers_is_part_of_them() -> None:
    "Two are not most of five"
    cells = ["7(new)", "8", "9(new)", "10", "11"]
    ids = read(*cells)
    assert (ids.text.to_pylist(), ids.names) == (cells, None)


def test_an_empty_column_has_nobody() -> None:
    "No rows, or none with a cardholder"
    assert read().text.to_pylist() == []
    assert read("", "NULL").text.to_pylist() == [None, None]


@pytest.mark.parametrize(
    "cells",
    [("12345678901234500", "7"), ("1234567890123450", "1234567890123460"), ("123456789012345000", "A-1")],
)
def test_zeros_behind_fifteen_digits_are_a_doubt(cells: tuple[str, str]) -> None:
    "A spreadsheet keeps 15 digits and writes zeros for the others: two people may have become one"
    ids = read(*cells)
    assert ids.text.to_pylist() == list(cells)
    assert ids.doubts == [
        f"the identifier {cells[0]!r} in line 2, and every other of more than 15 digits, has zeros behind the 15th: a "
        "spreadsheet may have changed the last digits, so that several people have one identifier; export again, and "
        "do not open the file in a spreadsheet"
    ]


@pytest.mark.parametrize("cells", [("1234567890123450", "7"), ("12345678901234500", "12345678901234567")])
def test_a_zero_may_be_the_last_digit(cells: tuple[str, str]) -> None:
    "Of one identifier, or where another shows that the digits are kept"
    assert read(*cells).doubts == []


@pytest.mark.parametrize(
    "error",
    "#####|########|#HODNOTA!|#ÉRTÉK!|#VALUE|Err:511|Fehler:502|#ΤΙΜΗ!|#ОШИБКА!|#¿CÓMO?|#DIV/0!|#N/A".split(
        "|"
    ),
)
def test_a_spreadsheets_error_in_any_language_is_not_an_identifier(error: str) -> None:
    "A word in capitals with a mark behind, a cell that is too narrow, a number of an error"
    ids = read("42", error)
    assert (ids.failed.tolist(), ids.text.to_pylist()) == ([False, True], ["42", None])


@pytest.mark.parametrize(
    "identifier", ["#42", "#A17", "##", "#ANN", "#Eval!", "Room:511", "#A-17!", "Err", "A#####"]
)
def test_a_sign_before_an_identifier_is_not_an_error(identifier: str) -> None:
    "Numbers of badges are written with it"
    assert read(identifier).failed.tolist() == [False]


@pytest.mark.parametrize(
    "cell",
    [
        "Mar-01",
        "3-12",
        "1-Mar",
        "01-Mar-26",
        "2026-05-01",
        "2026-05-01 00:00:00",
        "1/5/2026",
        "3.12.",
        "Dec 3",
    ],
)
def test_a_date_among_numbers_is_a_doubt(cell: str) -> None:
    "A spreadsheet makes dates of what looks like one"
    ids = read("42", "5990", cell, "17", "")
    assert ids.text.to_pylist() == ["42", "5990", cell, "17", None]
    assert ids.doubts == [
        f"the identifier {cell!r} in line 4 looks like a date, and the others are numbers: a spreadsheet may have "
        "changed it; compare it with the system's own list"
    ]


@pytest.mark.parametrize(
    "cells", [("3-12", "4-17", "5-9", "42"), ("Ann Li", "Mar-01", "42"), ("3-45", "42", "7")]
)
def test_identifiers_that_only_look_like_dates(cells: tuple[str, ...]) -> None:
    "Where most are like that, where the others are not numbers, and where it cannot be a date"
    assert read(*cells).doubts == []
