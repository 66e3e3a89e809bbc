"""The import dialog without a browser: its state, and what its widgets do."""

from __future__ import annotations

import shutil
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import ipywidgets as ipw
import pytest

from camkit import ImportDialog, load_investigation
from camkit.badges import ENCODINGS, ROLES, resolve
from camkit.case import Case
from camkit.review.import_dialog import TITLES, UNSAID, _by_menu
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
    assert "Say which, in the menu Dates." in shown.status.value
    shown.dates.value = True
    shown.load.click()
    assert "in the menu Time zone." in shown.status.value
    assert not Path("investigation.toml").exists()


def test_the_zone_of_the_sample_is_not_taken_for_another_export() -> None:
    "The zone that was said for the site is"
    shown = dialog()
    shown.files.value = GERMAN
    assert shown.zone.value == UNSAID
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
    assert "Say which, in the menu Sheet." in shown.status.value
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
    assert shown.typed.value.strip() == str(tmp_path / "gone.csv")
    assert shown.files.value == Path("../data/sample_badges.csv")
    shown.typed.value = str(tmp_path / "elsewhere.csv")
    assert [menu.description for menu in menus(shown)][:2] == ["Datum", "Uhrzeit"]
    assert shown.typed.value == ""


@pytest.mark.parametrize(
    "typed", ["german_export.csv", '"german_export.csv"', "\u201e../data/german_export.csv\u201c"]
)
def test_a_file_in_the_folder_of_data_is_found_by_its_name(typed: str) -> None:
    "Also in the quotation marks that Windows puts around a path"
    shown = dialog()
    shown.typed.value = typed
    assert shown.state.path.resolve() == GERMAN.resolve()
    assert "alert" not in shown.status.value


def test_a_menu_that_goes_back_to_nothing_shows_it() -> None:
    "An empty menu says nothing"
    shown = dialog()
    choose_german(shown)
    shown.encoding.value, shown.encoding.value = "cp1252", UNSAID
    shown.files.value = Path("../data/messy_badges.csv")
    for menu in (shown.zone, shown.dates, shown.encoding, shown.sheet, shown.people):
        assert menu.index is not None


def test_files_that_come_later_are_listed_and_those_that_are_not_offered_are_named() -> None:
    "Such as a printed export; the picks are not an export"
    shown = dialog()
    shutil.copy(GERMAN, "../data/later.csv")
    Path("../data/march.pdf").write_bytes(b"%PDF-1.7")
    Path("picked.json").write_text("[]")
    shown.refresh.click()
    assert {"later.csv"} < {label for label, _ in shown.files.options}
    assert "picked.json" not in {label for label, _ in shown.files.options}
    assert "march.pdf" in shown.others.value
    assert "sample_badges.csv" not in shown.others.value


def test_the_cell_that_runs_again_begins_with_what_was_saved() -> None:
    "Also where the investigation was read before that"
    before = load_investigation()
    shown = ImportDialog(before)
    choose_german(shown)
    shown.load.click()
    again = ImportDialog(before)
    assert again.files.value == GERMAN
    assert again.investigation.badges == (GERMAN,)
    again = ImportDialog(load_investigation(operator="Ann Li"))
    assert (again.investigation.badges, again.operator.value) == ((GERMAN,), "Ann Li")


def test_an_export_with_the_same_headings_is_read_as_the_one_that_was_saved() -> None:
    "Another one is not, and the first one is again"
    shown = dialog()
    choose_german(shown)
    shown.load.click()
    text = GERMAN.read_bytes()
    Path("../data/next_week.csv").write_bytes(text)
    for path in (Path("../data/messy_badges.csv"), Path("../data/next_week.csv")):
        shown.files.value, _ = path, shown.refresh.click()
    shown.typed.value = "next_week.csv"
    assert [menu.value for menu in menus(shown)] == list(ROLES_OF_GERMAN)
    assert [menu.value for menu in words(shown).values()] == ["granted", "denied"]
    assert shown.dates.value is True
    shown.typed.value = "messy_badges.csv"
    assert shown.dates.value == UNSAID
    assert shown.state.reading["columns"] is None


def loaded(shown: ImportDialog, name: str, rows: str) -> str:
    "Write an export, load it, and return what the dialog says"
    Path(f"../data/{name}.csv").write_text(f"timestamp,UserID,reader_id,outcome\n{rows}")
    shown.typed.value = f"{name}.csv"
    shown.load.click()
    return shown.status.value


def keep(shown: ImportDialog, folder: str = "") -> Path:
    "Put the export's events into the case, as notebook 02 does"
    folder = folder or str(saved()["case"])
    events = shown.investigation.load_badges().events
    with Case(folder) as case:
        case.add_events(resolve(events, shown.investigation.load_doors()))
    return Path(folder)


MONDAY, TUESDAY = "2026-05-04T08:00:17Z,7,HQ-R1,granted\n", "2026-05-05T08:00:17Z,8,HQ-R1,granted\n"


def test_a_case_goes_on_with_an_export_that_has_all_its_events_and_else_another_begins() -> None:
    "What is grown, what is new, and what was there before"
    shown = dialog()
    loaded(shown, "week", MONDAY)
    assert saved()["case"] == "../out/week"
    keep(shown)
    loaded(shown, "weeks", MONDAY + TUESDAY)
    assert saved()["case"] == "../out/week"
    assert shown.case.value == "../out/week"
    said = loaded(shown, "other", TUESDAY)
    assert "1 of the 1 events of the case ../out/week are not in this export" in said
    assert saved()["case"] == "../out/other"
    keep(shown)
    loaded(shown, "week", MONDAY)
    assert saved()["case"] == "../out/week"
    loaded(shown, "other", MONDAY)
    assert saved()["case"] == "../out/week"
    loaded(shown, "other", TUESDAY.replace("8,H", "9,H"))
    assert saved()["case"] == "../out/other-2"


def test_a_case_can_be_named_and_is_not_if_its_events_are_others() -> None:
    "Two sheets of a workbook have a case each"
    shown = dialog()
    loaded(shown, "week", MONDAY)
    case = keep(shown)
    shown.typed.value = "sample_badges.csv"
    shown.case.value = case.as_posix()
    shown.load.click()
    assert "1 of the 1 events of the case ../out/week are not in this export" in shown.status.value
    assert str(saved()["badges"]).endswith("week.csv")
    shown.case.value = "../out/mine"
    shown.load.click()
    assert saved()["case"] == shown.case.value == "../out/mine"


def test_sheets_of_a_workbook_have_a_case_each() -> None:
    "They may have other events"
    shown = dialog()
    shown.files.value = Path("../data/two_sheets.xlsx")
    roles = ("date", "time", "cardholder_id", "reader_id", "outcome")
    for menu, role in zip(menus(shown), roles, strict=True):
        menu.value = role
    shown.zone.value = "America/Denver"
    for sheet in ("11 April", "12 April"):
        shown.sheet.value = sheet
        shown.load.click()
        assert saved()["case"] == f"../out/two_sheets-{sheet}"
        keep(shown)


def test_a_log_without_events_is_not_saved() -> None:
    "And the dialog says what to try"
    shown = dialog()
    said = loaded(shown, "none", "soon,7,1,granted\n")
    assert 'role="alert"' in said
    assert "Nothing is saved: none of the 1 rows is a badge event." in said
    assert not Path("investigation.toml").exists()


def test_columns_that_are_hardly_right_are_said() -> None:
    "Nobody, names instead of numbers, two columns joined, readers without a door"
    shown = dialog()
    said = loaded(shown, "week", MONDAY + TUESDAY.replace("8,HQ-R1", "8,Vault"))
    assert "1 of 2 readers is not in the doors file, so no camera is asked for its events: Vault." in said
    assert "No column says who" not in said
    menus(shown)[1].value = ""
    shown.load.click()
    assert "No column says who: choose the column of the cardholder number." in shown.status.value
    menus(shown)[1].value = "cardholder_id"
    menus(shown)[3].value = "cardholder_id"
    shown.load.click()
    assert "2 columns are joined as the cardholder number" in shown.status.value
    said = loaded(shown, "names", MONDAY.replace(",7,", ",Li Ann,"))
    assert "The cardholder numbers, such as &#x27;Li Ann granted&#x27;, do not have digits." in said


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"start": "8 Uhr"}, "write two times of day"),
        ({"operator": " "}, "Write your name"),
        ({"people": Path("../data/doors.csv")}, "does not show who has which number"),
        ({"people": Path("../data/sample_badges.csv")}, "is the badge export"),
    ],
)
def test_what_later_cells_would_stop_at_is_refused(change: dict[str, object], said: str) -> None:
    "Nothing is saved"
    shown = dialog()
    for name, value in change.items():
        getattr(shown, name).value = value
    shown.load.click()
    assert said in shown.status.value
    assert 'role="alert"' in shown.status.value
    assert not Path("investigation.toml").exists()


def test_the_words_of_alarms_are_recognised() -> None:
    "As what they are, not as unknown outcomes"
    rows = "".join(
        MONDAY.replace("granted", word) for word in ("Tür aufgebrochen", "door held open", "granted")
    )
    Path("../data/alarms.csv").write_text(f"timestamp,UserID,reader_id,outcome\n{rows}", encoding="utf-8")
    shown = dialog()
    shown.typed.value = "alarms.csv"
    taken = {label: menu.value for label, menu in words(shown).items()}
    assert taken["Tür aufgebrochen (1 x)"] == "door forced open"
    assert taken["door held open (1 x)"] == "door held open"


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("Say which, with day_first=True or day_first=False.", "Say which, in the menu Dates."),
        ("the doors are, as in timezone='America/Denver'.", "the doors are, in the menu Time zone."),
        ("load them with sheet='Haus B'", "load them with 'Haus B' in the menu Sheet"),
        ("check it, and say encoding='cp1251' if", "check it, and say 'cp1251' in the menu Encoding if"),
        ("say which, with profile='a b' or profile='c'.", "say which, in the menus over the columns."),
        ("say the zone, with timezone=", "say the zone, in the menu Time zone"),
        ('as in columns={"event_time": "When"}, or', "in the menus over the columns, or"),
        ("Not read: 1 file, see .left_out.", "Not read: 1 file."),
    ],
)
def test_a_message_names_the_menu_instead_of_the_argument(message: str, shown: str) -> None:
    "An investigator does not write code"
    assert _by_menu(message) == shown


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
    assert (shown.doors.value, shown.people.value) == (Path("../data/doors.csv"), UNSAID)
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
