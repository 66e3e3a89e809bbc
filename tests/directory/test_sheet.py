"""A directory in files: a list of people, and a folder of photos named by number."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from camkit import errors
from camkit.directory import SheetDirectory, load_directory
from camkit.support.jpeg import MAX_PIXELS
from tests.directory.test_web import photo

PEOPLE = """Employee ID;Full Name;Job title;Department
00042;Zoë Lindqvist;Engineer;HQ
0043;"Li, Ann";;Lab
ab7;Bo Berg;;
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A list of three people, two of them with a photo."""
    (tmp_path / "people.csv").write_text(PEOPLE)
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "00042.PNG").write_bytes(photo())
    (tmp_path / "photos" / "ab7.jpg").write_bytes(photo("JPEG"))
    return tmp_path


@pytest.fixture
def directory(folder: Path) -> SheetDirectory:
    """The directory of it."""
    return load_directory(folder / "people.csv")


def test_finds_name_title_department_and_photo(directory, folder):
    "The photo is the file, byte for byte, whatever the letters of its suffix"
    person = directory.lookup("00042")
    assert (person.name, person.title, person.department, person.note) == (
        "Zoë Lindqvist",
        "Engineer",
        "HQ",
        "",
    )
    assert (person.photo, person.photo_type) == ((folder / "photos" / "00042.PNG").read_bytes(), "image/png")
    assert directory.lookup("ab7").photo_type == "image/jpeg"


def test_says_what_is_missing(directory, folder):
    "The person, or the photo, as a web directory does"
    assert (directory.lookup("99").known, directory.lookup("99").note) == (False, "not in the directory")
    assert directory.lookup("0043").note == "photos has no photo of this number"
    (folder / "photos" / "0043.gif").write_bytes(b"GIF89a")
    assert (
        "cannot be shown: the image is corrupt" in load_directory(folder / "people.csv").lookup("0043").note
    )


def test_zeros_that_differ_are_a_doubt_if_nobody_else_can_be_meant(directory):
    "The entry says so, and so does its name"
    person = directory.lookup("42")
    assert (person.cardholder_id, person.name, person.photo_type) == ("42", "Zoë Lindqvist", "image/png")
    assert person.note == (
        "people.csv has the number 00042, without the same zeros; the photo is called 00042.PNG, without the same zeros"
    )
    assert directory.names_of(["42", "0043", "99", "B7"]) == {
        "42": "Zoë Lindqvist (00042?)",
        "0043": "Li, Ann",
    }


def test_numbers_that_differ_in_zeros_only_are_other_people(folder):
    "Each is found as it is written, and a third way of writing it is nobody"
    (folder / "people.csv").write_text("number,name\n7,Ann\n007,Bo\n")
    (folder / "photos" / "7.png").write_bytes(photo())
    directory = load_directory(folder / "people.csv")
    assert [directory.lookup(number).name for number in ("7", "007", "07")] == ["Ann", "Bo", ""]
    assert (
        directory.lookup("07").note
        == "not in the directory; the photo is called 7.png, without the same zeros"
    )
    (folder / "photos" / "007.png").write_bytes(photo())
    assert load_directory(folder / "people.csv").lookup("07").photo is None


def test_a_number_of_two_people_is_nobodys(folder):
    "The same row twice is one person"
    (folder / "people.csv").write_text("number,name\n7,Ann\n8,Bo\n7,Cy\n8,Bo\n")
    directory = load_directory(folder / "people.csv")
    assert directory.lookup("7").name == ""
    assert (
        directory.lookup("7").note
        == "people.csv has this number in several rows, so it does not say whose it is"
    )
    assert directory.lookup("8").name == "Bo"


def test_several_photos_of_a_number_are_nobodys(folder):
    "Which one is the person is not known"
    (folder / "photos" / "00042.jpeg").write_bytes(photo("JPEG"))
    person = load_directory(folder / "people.csv").lookup("00042")
    assert person.photo is None
    assert "several photos of this number" in person.note


def test_nothing_is_read_that_is_not_a_file_of_the_folder(folder, tmp_path_factory):
    "Neither through a link, nor a folder, nor by a number that looks like a path"
    outside = tmp_path_factory.mktemp("outside") / "secret.png"
    outside.write_bytes(photo())
    (folder / "photos" / "0043.png").symlink_to(outside)
    (folder / "photos" / "ab8.png").mkdir()
    (folder / "up.png").write_bytes(photo())
    directory = load_directory(folder / "people.csv")
    for number in ("0043", "ab8", "../up", str(outside.with_suffix("")), ""):
        assert directory.lookup(number).photo is None


def test_a_photo_that_becomes_a_link_later_is_not_followed(directory, folder, tmp_path_factory):
    "The folder was listed before"
    outside = tmp_path_factory.mktemp("outside") / "secret.png"
    outside.write_bytes(photo())
    (folder / "photos" / "00042.PNG").unlink()
    (folder / "photos" / "00042.PNG").symlink_to(outside)
    person = directory.lookup("00042")
    assert person.photo is None
    assert "the photo 00042.PNG cannot be read" in person.note


def test_a_photo_that_is_too_large_is_not_shown(folder):
    "Neither by its bytes nor by its pixels"
    (folder / "photos" / "00042.PNG").write_bytes(photo() + bytes(5 << 20))
    assert "is larger than 5 MiB" in load_directory(folder / "people.csv").lookup("00042").note
    bomb = bytearray(photo())
    bomb[16:24] = (MAX_PIXELS).to_bytes(4, "big") + (2).to_bytes(4, "big")
    (folder / "photos" / "00042.PNG").write_bytes(bomb)
    assert "cannot be shown" in load_directory(folder / "people.csv").lookup("00042").note


@pytest.mark.parametrize(
    "header",
    [
        "Badge No.,First Name,Last Name",
        "Ausweis-Nr;Vorname;Nachname",
        "card number\tfirst name\tsurname",
    ],
)
def test_columns_are_found_by_their_usual_names(tmp_path, header):
    "Names in two columns become one"
    comma = next(sign for sign in ",;\t" if sign in header)
    (tmp_path / "list.csv").write_text(f"{header}\n7{comma}Ann{comma}Li\n")
    assert load_directory(tmp_path / "list.csv").lookup("7").name == "Ann Li"


def test_a_spreadsheet_with_a_title_above_the_header(folder):
    "A number without its zeros is a doubt there, too"
    book = openpyxl.Workbook()
    for row in (["Staff"], [], ["Number", "Name"], [42, "Ann Li"], ["00044", "Bo Berg"]):
        book.active.append(row)
    book.save(folder / "people.xlsx")
    directory = load_directory(folder / "people.xlsx")
    assert directory.lookup("00044").name == "Bo Berg"
    assert directory.lookup("00042").name == "Ann Li"
    assert directory.lookup("00042").note == "people.xlsx has the number 42, without the same zeros"


def test_rows_without_a_readable_number_are_said(tmp_path):
    "A spreadsheet has rounded one of them"
    (tmp_path / "people.csv").write_text("number,name\n8.51E+07,Ann\n,Bo\n9,Cy\n")
    (problem,) = load_directory(tmp_path / "people.csv").problems()
    assert problem.startswith("people.csv: 2 rows do not have a number that can be read")
    assert "lines 2, 3" in problem


@pytest.mark.parametrize(
    ("header", "taken", "other"),
    [
        ("Employee No,Card Number,Name", "Card Number", "Employee No"),
        ("Employee ID,Badge,Name", "Badge", "Employee ID"),
        ("Card,Number,Name", "Number", "Card"),
    ],
)
def test_of_two_columns_with_numbers_it_is_said_which_was_taken(tmp_path, header, taken, other):
    "And of a number, if the other column has it too"
    (tmp_path / "people.csv").write_text(f"{header}\n1,42,Ann\n42,1,Bo\n9,7,Cy\n8,8,Di\n")
    directory = load_directory(tmp_path / "people.csv")
    (problem,) = directory.problems()
    assert (
        f"numbers were taken to be in the column {taken!r}, and not in {other!r}. If that is wrong" in problem
    )
    assert directory.lookup("42").name == "Ann"
    assert f"the column {other!r} has this number, for somebody else" in directory.lookup("42").note
    assert f"not in the directory; the column {other!r} has this number" in directory.lookup("9").note
    assert "column" not in directory.lookup("8").note


@pytest.mark.parametrize("header", ["Badge,Badge,Name", "badge,Name,BADGE ", "number,Name,Name"])
def test_two_columns_of_one_name_are_a_question(tmp_path, header):
    "Nothing shows which one is meant"
    (tmp_path / "people.csv").write_text(f"{header}\n1,42,Ann\n")
    with pytest.raises(
        errors.InputError, match=r"people.csv has 2 columns that are called '\w+'. Give those"
    ):
        load_directory(tmp_path / "people.csv")


def test_a_row_with_more_cells_than_the_header_is_nobodys(tmp_path):
    "A comma in a name moves the cells behind it; empty cells at the end do not matter"
    for text, number in (
        ("name,number\nSmith, Ann,42\nBo,7,\n", "7"),
        ("no;name\n7;Bo;;\n8;Li;Ann;HQ\n", "7"),
    ):
        (tmp_path / "people.csv").write_text(text)
        directory = load_directory(tmp_path / "people.csv")
        assert [directory.lookup(some).known for some in (number, "Ann", "42", "8")] == [
            True,
            False,
            False,
            False,
        ]
        (problem,) = directory.problems()
        assert problem.startswith("people.csv: 1 rows have more cells than the header")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "does not exist"),
        ("", "List of people: people.csv is empty"),
        ("a,b\n1,2\n", "does not show who has which number: its first row has a, b. Call the columns"),
        ("number\n7\n", "does not show who has which number"),
    ],
)
def test_a_list_that_cannot_be_used_says_why(tmp_path, content, said):
    "In one sentence, with what next"
    if content is not None:
        (tmp_path / "people.csv").write_text(content)
    with pytest.raises(errors.InputError, match=said):
        load_directory(tmp_path / "people.csv")


def test_without_a_folder_of_photos_there_are_names(tmp_path):
    "A folder that is named has to be there"
    (tmp_path / "people.csv").write_text("number,name\n7,Ann\n")
    assert load_directory(tmp_path / "people.csv").lookup("7").note == "there is no folder of photos"
    with pytest.raises(errors.InputError, match=r"The folder of photos .*nowhere cannot be read"):
        load_directory(tmp_path / "people.csv", tmp_path / "nowhere")
