"""The import dialog without a browser: its state, and what its widgets do."""

from __future__ import annotations

import shutil
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import ipywidgets as ipw
import pytest

from camkit import ImportDialog, load_investigation
from camkit.badges import ENCODINGS, ROLES
from camkit.review.import_dialog import TITLES
from camkit.review.import_state import SITE, ImportState
from tests.conftest import ROOT

GERMAN = Path("../data/german_export.csv")
ROLES_OF_GERMAN = ("date", "time", "cardholder_id", "cardholder_name", "reader_id", "outcome")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the notebooks beside that of the data, in which the test runs."""
    shutil.copytree(ROOT / "data", tmp_path / "data")
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    return tmp_path / "notebooks"


def saved() -> dict[str, object]:
    return tomllib.loads(Path("investigation.toml").read_text(encoding="utf-8"))


def dialog() -> ImportDialog:
    return ImportDialog(load_investigation())


def menus(shown: ImportDialog) -> list[ipw.Dropdown]:
    return [column.children[0] for column in shown.grid.children]


def words(shown: ImportDialog) -> dict[str, ipw.Dropdown]:
    return {menu.description: menu for menu in shown.words.children[1:]}


def choose_german(shown: ImportDialog) -> None:
    shown.files.value = GERMAN
    for menu, role in zip(menus(shown), ROLES_OF_GERMAN, strict=True):
        menu.value = role
    shown.zone.value, shown.dates.value = "America/Denver", True
    words(shown)["Durchlass (51 x)"].value = "granted"
    words(shown)["kein Durchlass (2 x)"].value = "denied"


def test_every_role_has_a_title() -> None:
    "What a column can be for is said in words"
    assert set(ROLES) < set(TITLES)


def test_it_starts_with_what_is_recognised_and_writes_nothing(folder: Path) -> None:
    "The sample, whose columns are known"
    shown = dialog()
    assert [menu.value for menu in menus(shown)] == ["event_time", "cardholder_id", "reader_id", "outcome"]
    assert repr(shown).startswith(
        "ImportDialog: sample_badges.csv is recognised as simple when this cell ran"
    )
    assert shown.zone.value == "America/Denver"
    assert list(folder.iterdir()) == []


def test_an_export_of_another_language_gets_in() -> None:
    "From menus alone to the log, and the file that the other notebooks read"
    shown = dialog()
    choose_german(shown)
    shown.load.click()
    assert "53 rows read = 53 events" in shown.status.value
    assert 'role="status"' in shown.status.value
    assert "Outcome unknown" not in shown.status.value
    columns = ("Datum", "Uhrzeit", "Ausweisnummer", "Name", "Tür", "Ergebnis")
    assert saved() == {
        "badges": "../data/german_export.csv", "timezone": "America/Denver", "day_first": True,
        "columns": dict(zip(ROLES_OF_GERMAN, columns, strict=True)),
        "granted": ["Durchlass"], "denied": ["kein Durchlass"], "case": "../out/german_export",
    }  # fmt: skip
    log = load_investigation().load_badges()
    assert log.events["outcome"].value_counts().to_dict() == {"granted": 51, "denied": 2}
    assert shown.investigation.load_badges().events.equals(log.events)


def test_it_starts_again_with_what_was_saved() -> None:
    "Columns, zone, order and words; loading once more changes nothing in the file"
    shown = dialog()
    choose_german(shown)
    shown.load.click()
    before = Path("investigation.toml").read_bytes()
    again = dialog()
    assert [menu.value for menu in menus(again)] == list(ROLES_OF_GERMAN)
    assert (again.files.value, again.zone.value, again.dates.value) == (GERMAN, "America/Denver", True)
    assert [menu.value for menu in words(again).values()] == ["granted", "denied"]
    again.load.click()
    assert Path("investigation.toml").read_bytes() == before


def test_what_is_missing_is_said_with_its_place_in_the_dialog() -> None:
    "And nothing is written"
    shown = dialog()
    shown.files.value = GERMAN
    shown.load.click()
    assert 'role="alert"' in shown.status.value
    assert "Choose the column of the date and time" in shown.status.value
    menus(shown)[0].value, menus(shown)[1].value = "date", "time"
    shown.load.click()
    assert "Here that is the menu Dates." in shown.status.value
    shown.dates.value = True
    shown.load.click()
    assert "Here that is the menu Time zone." in shown.status.value
    assert not Path("investigation.toml").exists()


def test_the_zone_of_the_sample_is_not_taken_for_another_export() -> None:
    "The zone that was said for the site is"
    shown = dialog()
    shown.files.value = GERMAN
    assert shown.zone.value is None
    Path("investigation.toml").write_text('timezone = "Europe/Oslo"')
    shown = dialog()
    shown.files.value = GERMAN
    assert shown.zone.value == "Europe/Oslo"


def test_a_recognised_system_stays_recognised_when_a_column_is_added() -> None:
    "Its own rules, such as the words that it ignores, still hold"
    state = ImportState(load_investigation(badges="../data/messy_badges.csv"))
    state.look()
    assert state.columns() == {"profile": None, "columns": None}
    state.set_role(2, "credential")
    assert state.columns() == {"profile": "hikvision", "columns": {"credential": "Department"}}
    state.set_role(1, "")
    assert state.columns()["profile"] is None
    assert state.columns()["columns"]["event_time"] == "Time"


def test_columns_of_one_role_are_joined_and_those_without_headings_counted() -> None:
    "As the file then says, and as it is read again"
    Path("../data/parts.csv").write_text("31.05.2026 08:02;Li;Ann;7\n31.05.2026 08:03;Ek;Bo;8\n")
    state = ImportState(load_investigation(badges="../data/parts.csv", timezone="UTC"))
    state.look()
    for place, role in enumerate(("event_time", "cardholder_name", "cardholder_name", "cardholder_id")):
        state.set_role(place, role)
    assert state.apply().events["cardholder_name"].tolist() == ["Li Ann", "Ek Bo"]
    assert saved()["columns"] == {"event_time": 1, "cardholder_name": [2, 3], "cardholder_id": 4}
    assert state.roles == ["event_time", "cardholder_name", "cardholder_name", "cardholder_id"]
    assert len(load_investigation().load_badges().events) == 2


def test_a_word_means_what_was_said_last() -> None:
    "Also one with a star in it, which stands for itself"
    Path("../data/odd.csv").write_text("When,Badge,Result\n2026-05-31T08:02:17Z,7,*OK* [1]\n")
    state = ImportState(load_investigation(badges="../data/odd.csv"))
    state.look()
    for place, role in enumerate(("event_time", "cardholder_id", "outcome")):
        state.set_role(place, role)
    assert state.outcome("*OK* [1]") == "unknown"
    for said in ("granted", "denied", "unknown", "denied"):
        state.say("*OK* [1]", said)
        assert state.outcome("*OK* [1]") == said
    assert state.apply().events["outcome"].tolist() == ["denied"]


def test_arrival_and_departure_are_in_one_row() -> None:
    "With the date in a column of its own"
    Path("../data/days.csv").write_text("Nr,Tag,Von,Bis\n00042,2026-05-31,08:02:17,17:31:00\n")
    state = ImportState(load_investigation(badges="../data/days.csv", timezone="Europe/Berlin"))
    state.look()
    for place, role in enumerate(("cardholder_id", "date", "first_in", "last_out")):
        state.set_role(place, role)
    assert state.columns()["columns"] == {
        "cardholder_id": "Nr", "date": "Tag", "first_in": "Von", "last_out": "Bis",
    }  # fmt: skip
    state.apply()
    assert state.roles == ["cardholder_id", "date", "first_in", "last_out"]


def test_of_a_workbook_with_two_sheets_one_is_chosen() -> None:
    "The menu is there only then"
    shown = dialog()
    assert shown.sheet.layout.display == "none"
    shown.files.value = Path("../data/two_sheets.xlsx")
    assert shown.sheet.layout.display is None
    for menu, role in zip(
        menus(shown), ("date", "time", "cardholder_id", "reader_id", "outcome"), strict=True
    ):
        menu.value = role
    shown.zone.value = "America/Denver"
    columns = shown.state.columns()
    shown.sheet.value = "11 April"
    assert shown.state.columns() == columns
    shown.sheet.index = 0
    shown.load.click()
    assert "Here that is the menu Sheet." in shown.status.value
    shown.sheet.value = "12 April"
    shown.load.click()
    assert "53 rows read = 53 events" in shown.status.value
    assert saved()["sheet"] == "12 April"


def test_another_encoding_keeps_what_the_columns_are_for() -> None:
    "Only their headings read otherwise"
    Path("../data/koi.csv").write_bytes("Время;Номер\n2026-05-31T08:02:17Z;7\n".encode("cp866"))
    state = ImportState(load_investigation(badges="../data/koi.csv"))
    state.look()
    state.set_role(0, "event_time")
    state.set("encoding", "cp866")
    assert state.preview is not None
    assert (state.preview.headings, state.roles) == (("Время", "Номер"), ["event_time", ""])


def test_the_menu_has_each_encoding_that_a_log_may_ask_for() -> None:
    "Such as encoding='cp932': here that is a choice"
    assert set(ENCODINGS) <= {value for _, value in dialog().encoding.options}


def test_several_exports_stay_several() -> None:
    "As long as no other one is chosen"
    shutil.copy(GERMAN, "../data/second.csv")
    Path("investigation.toml").write_text('badges = ["../data/sample_badges.csv", "../data/second.csv"]')
    state = ImportState(load_investigation())
    state.look()
    state.choose(GERMAN)
    state.choose(Path("../data/sample_badges.csv"))
    assert state.investigation.badges[1] == Path("../data/second.csv")


def test_another_export_gets_another_case_unless_the_case_was_named() -> None:
    "Else the case would refuse the events of another log"
    shown = dialog()
    shown.load.click()
    assert saved()["case"] == "../out/sample_badges"
    choose_german(shown)
    shown.load.click()
    assert saved()["case"] == "../out/german_export"
    shown.investigation.save(case="../out/mine")
    shown = dialog()
    shown.files.value = Path("../data/sample_badges.csv")
    shown.load.click()
    assert saved()["case"] == "../out/mine"


def test_a_first_cell_that_says_something_else_is_named() -> None:
    "Else what was saved would not count the next time, without a word"
    shown = ImportDialog(load_investigation(badges="../data/sample_badges.csv", operator="Ann Li"))
    shown.load.click()
    assert "first cell" not in shown.status.value
    choose_german(shown)
    shown.load.click()
    said = (
        "The first cell of this notebook says something else of badges, and goes before it: write None there."
    )
    assert said in shown.status.value


def test_a_path_that_is_typed_is_taken_and_a_wrong_one_is_said(tmp_path: Path) -> None:
    "The dialog can be used on"
    shutil.copy(GERMAN, tmp_path / "elsewhere.csv")
    shown = dialog()
    shown.typed.value = f" {tmp_path / 'gone.csv'} "
    assert "does not exist" in shown.status.value
    assert menus(shown) == []
    shown.typed.value = str(tmp_path / "elsewhere.csv")
    assert [menu.description for menu in menus(shown)][:2] == ["Datum", "Uhrzeit"]


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("Mai 2026.csv", "Mai 2026.csv"),
        ("../../.bashrc", "bashrc"),
        ("C:\\Users\\ann\\mai.csv", "mai.csv"),
        ("a<b>$x$.csv", "a_b__x_.csv"),
        ("", "export.csv"),
    ],
)
def test_an_upload_is_kept_whole_under_a_plain_name(name: str, kept: str) -> None:
    "In the folder of data"
    shown = dialog()
    content = GERMAN.read_bytes()
    shown.upload.value = [upload(name, content)]
    assert (GERMAN.parent / kept).read_bytes() == content
    assert shown.state.path == GERMAN.parent / kept


def test_what_is_about_the_site_is_saved_too() -> None:
    "Doors, people, hours and who investigates; only what was changed"
    people = Path("../data/people/list.csv")
    people.parent.mkdir()
    people.write_text("number,name\n85063715,Amara Okafor\n")
    shown = dialog()
    assert (shown.doors.value, shown.people.value) == (Path("../data/doors.csv"), None)
    shown.people.value = people
    shown.start.value, shown.operator.value = "07:00", "Ann Li"
    shown.load.click()
    assert {key: value for key, value in saved().items() if key in SITE} == {
        "directory": "../data/people/list.csv", "hours": ["07:00", "20:00"], "operator": "Ann Li",
    }  # fmt: skip
    shown.doors.value = people
    shown.load.click()
    assert "list.csv" in shown.status.value
    assert 'role="alert"' in shown.status.value
    assert "doors" not in saved()


def test_an_upload_replaces_nothing() -> None:
    "Another file of that name gets a number; the same file is not kept twice"
    shown = dialog()
    sample = Path("../data/sample_badges.csv").read_bytes()
    shown.upload.value = [upload("german_export.csv", sample)]
    assert Path("../data/german_export-2.csv").read_bytes() == sample
    shown.state.upload("german_export-2.csv", sample)
    assert not Path("../data/german_export-2-2.csv").exists()
    assert GERMAN.read_bytes() == (ROOT / "data" / "german_export.csv").read_bytes()


def upload(name: str, content: bytes) -> dict[str, object]:
    return {
        "name": name,
        "type": "text/csv",
        "size": len(content),
        "content": content,
        "last_modified": datetime.now(UTC),
    }


def test_text_from_outside_is_text() -> None:
    "Headings, cells, words, file names and messages"
    bad = "<img src=x onerror=alert(1)>\u202e"
    Path("../data/bad.csv").write_text(f"Wann;{bad};Was\n31.05.2026;{bad};{bad}\n", encoding="utf-8")
    shown = dialog()
    shown.files.value = Path("../data/bad.csv")
    menus(shown)[2].value = "outcome"
    html = [column.children[1].value for column in shown.grid.children] + [shown.status.value]
    assert not [text for text in html if "<img" in text or "\u202e" in text]
    assert not [menu for menu in (*menus(shown), *words(shown).values()) if "\u202e" in menu.description]
    assert not any(menu.description_allow_html for menu in menus(shown))
    assert "mathjax_ignore" in shown._dom_classes


def test_a_table_of_thousands_of_columns_shows_the_first() -> None:
    "A browser cannot show a menu over each"
    wide = ";".join(f"c{chr(97 + n % 26)}{n}x" for n in range(900))
    Path("../data/wide.csv").write_text(f"{wide}\n{';'.join('x' * 900)}\n")
    shown = dialog()
    shown.files.value = Path("../data/wide.csv")
    assert len(menus(shown)) == 40
