"""One file names the investigation, and every notebook reads it."""

from __future__ import annotations

import tomllib
from dataclasses import fields
from pathlib import Path

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camkit import Investigation, load_investigation
from camkit.errors import InputError, OutputError
from camkit.investigation import KEYS
from tests.conftest import ROOT

SAMPLE = Path("../data/sample_badges.csv")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the notebooks, in which the test runs."""
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")
    return tmp_path / "notebooks"


def write(text: str, path: str = "investigation.toml") -> None:
    Path(path).write_text(text, encoding="utf-8")


def test_without_a_file_it_is_the_sample() -> None:
    "As the notebooks ship, nothing is said and nothing is needed"
    found = load_investigation(badges=None, timezone="", granted=())
    assert (found.badges, found.timezone) == ((SAMPLE,), "America/Denver")
    assert (found.doors, found.case) == (Path("../data/doors.csv"), Path("../out/front-door"))
    assert (found.hours, found.operator) == (("06:00", "20:00"), "Investigator")
    assert found.origin == {}


def test_an_empty_value_says_nothing() -> None:
    "Nobody signs as nobody"
    write('operator = ""\nbadges = []\n')
    found = load_investigation()
    assert (found.operator, found.badges) == ("Investigator", (SAMPLE,))


def test_every_key_is_an_attribute() -> None:
    "What can be said is what can be asked for"
    assert set(KEYS) <= {known.name for known in fields(Investigation)}


def test_the_file_goes_before_the_sample_and_the_notebook_before_the_file() -> None:
    "Each key by itself; what says it is shown"
    write(
        'badges = ["../data/may.csv", "/exports/june.csv"]\ntimezone = "Europe/Oslo"\noperator = "Ann Li"\n'
    )
    found = load_investigation(timezone="Europe/Berlin")
    assert found.badges == (Path("../data/may.csv"), Path("/exports/june.csv"))
    assert (found.timezone, found.operator) == ("Europe/Berlin", "Ann Li")
    assert "operator: Ann Li  (investigation.toml)" in repr(found)
    assert "timezone: Europe/Berlin  (the notebook's first cell)" in repr(found)


def test_the_samples_zone_is_not_that_of_another_export() -> None:
    "An export that is named without a zone has none"
    assert load_investigation(badges="../data/may.csv").timezone is None


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    "Wherever the notebook is; what the notebook says is relative to the notebook"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    write('badges = "may.csv"\ndoors = "doors.csv"\ncase = "case"\n', str(elsewhere / "mine.toml"))
    found = load_investigation(elsewhere / "mine.toml", case="here")
    assert (found.badges, found.doors) == ((elsewhere / "may.csv",), elsewhere / "doors.csv")
    assert found.case == Path("here")


def test_the_log_is_loaded_as_the_file_says() -> None:
    "Columns, words, zone and day order"
    export = "Datum;Uhrzeit;Ausweis;Ergebnis\n01.05.2026;08:02:17;00042;Durchlass\n"
    Path("../data/may.csv").write_text(export)
    write(
        'badges = "../data/may.csv"\ntimezone = "Europe/Berlin"\nday_first = true\ngranted = ["Durchlass"]\n'
        '[columns]\ndate = "Datum"\ntime = "Uhrzeit"\ncardholder_id = "Ausweis"\noutcome = "Ergebnis"\n'
    )
    (event,) = load_investigation().load_badges().events.to_dict("records")
    assert str(event["event_time"]) == "2026-05-01 06:02:17+00:00"
    assert (event["cardholder_id"], event["outcome"]) == ("00042", "granted")


def test_the_doors_file_that_is_said_goes_before_that_of_the_settings() -> None:
    "Without one, that of the settings counts, and without that the sample's"
    header = "reader_id,door,view,vendor,camera_id,clock_offset_s\n"
    for name in ("said", "settings"):
        Path(f"{name}.csv").write_text(f"{header}R1,{name},,meraki,Q2GV-7K2M-D9HT,0\n")
    assert load_investigation(doors="said.csv").load_doors(Path("settings.csv"))["door"].tolist() == ["said"]
    assert load_investigation().load_doors(Path("settings.csv"))["door"].tolist() == ["settings"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('badgs = "may.csv"', "investigation.toml: the key 'badgs' is not known. Did you mean badges?"),
        ("xyz = 1", "investigation.toml: the key 'xyz' is not known. Choose from badges, timezone,"),
        ("day_first = 1", "investigation.toml: day_first has to be true or false."),
        ("hours = 6", 'investigation.toml: hours has to be two times of day, such as ["06:00", "20:00"].'),
        ("badges = [1]", "investigation.toml: badges has to be the name of a file or folder, or a list of them"),
        ("timezone = 2026-05-01", "investigation.toml: timezone has to be text in quotation marks."),
        ("columns.event_time = true", "investigation.toml: columns has to be headings by what they are for"),
        ("timezone = Europe/Oslo", "investigation.toml cannot be read: Invalid value (at line 1, column 12)."),
        ('badges = "C:\\Users\\may.csv"', "and paths have / in them."),
        ('meraki_key = "x"', "'meraki_key' looks like a key or a password. Remove it, and put it into the environment"),
        ('een_password = "x"', "looks like a key or a password"),
        ('directory = "https://people.example/{user_id}"', "directory has to be a file. A web address"),
        ("columns = " + "[" * 5_000, "cannot be read: a number is too long, or lists are in too many"),
        ("columns = " + "{a=" * 5_000, "cannot be read: a number is too long, or lists are in too many"),
        ("timezone = " + "9" * 6_000, "investigation.toml cannot be read: a number is too long"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_the_file_is_one_sentence(text: str, said: str) -> None:
    "Which file, which key, and what it has to be"
    write(text)
    with pytest.raises(InputError) as error:
        load_investigation()
    assert said in str(error.value)


@pytest.mark.parametrize("text", ["a = " + "[" * 5_000, "a = " + "9" * 6_000])
def test_saving_into_a_file_that_cannot_be_read_is_one_sentence(text: str) -> None:
    "As reading it is"
    write(text)
    investigation = Investigation()
    with pytest.raises(InputError, match=r"investigation.toml cannot be read: .*Each line is a key"):
        investigation.save(operator="Ann")


@pytest.mark.parametrize("name", ["a/" * 3_000, "a" * 300, "a\0b"])
def test_a_name_that_no_file_can_have_is_one_sentence(name: str) -> None:
    "It is as good as a file that is missing"
    for key, load in (("badges", Investigation.load_badges), ("doors", Investigation.load_doors)):
        with pytest.raises(InputError, match="which does not exist") as error:
            load(load_investigation(**{key: name}))
        assert len(str(error.value)) < 400


def test_a_value_does_not_make_lines_of_its_own() -> None:
    "What is shown has one line for each key"
    shown = repr(load_investigation(operator="x\nfake: line", hours=("06:00\nfake: a", "20:00")))
    assert "operator: x fake: line" in shown
    assert not any(line.startswith("fake") for line in shown.splitlines())


def test_a_secret_is_not_repeated() -> None:
    "A message may be stored with a notebook"
    write('api_token = "a1b2c3"')
    with pytest.raises(InputError) as error:
        load_investigation()
    assert "a1b2c3" not in str(error.value)


def test_what_the_notebook_says_is_checked_too() -> None:
    "By the same rules"
    with pytest.raises(InputError, match="the notebook's first cell: hours has to be two times of day"):
        load_investigation(hours="06:00")


def test_a_file_that_is_missing_is_named_with_who_names_it() -> None:
    "So that one knows where to correct it"
    write('badges = "../data/gone.csv"')
    with pytest.raises(
        InputError, match=r"badges in investigation.toml names \.\./data/gone.csv, which does not exist"
    ):
        load_investigation().load_badges()
    with pytest.raises(InputError, match=r"doors in the notebook's first cell names gone.csv"):
        load_investigation(doors="gone.csv").load_doors()


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"#" * (2 << 20)])
def test_a_file_that_is_something_else_is_refused(content: bytes) -> None:
    "Neither an export nor anything large is taken for it"
    Path("investigation.toml").write_bytes(content)
    with pytest.raises(InputError, match=r"investigation.toml is"):
        load_investigation()


def test_saving_keeps_comments_and_what_was_not_changed() -> None:
    "The file is its owner's; only what has changed is written"
    write(
        '# ours\noperator = "Ann Li" # signs\ntimezone = "Europe/Oslo"  # of the site\n\n[columns]\ndate = "D"\n'
    )
    found = load_investigation().save(timezone="Europe/Berlin", badges="../data/may.csv", columns=None)
    text = Path("investigation.toml").read_text()
    assert "# ours\n" in text
    assert 'operator = "Ann Li" # signs' in text
    assert 'timezone = "Europe/Berlin"  # of the site' in text
    assert tomllib.loads(text) == {
        "operator": "Ann Li", "timezone": "Europe/Berlin", "badges": "../data/may.csv",
    }  # fmt: skip
    assert (found.timezone, found.columns) == ("Europe/Berlin", None)


def test_saving_writes_nothing_over_a_file_that_cannot_be_read() -> None:
    "Somebody's typing error costs nobody the file"
    found = load_investigation()
    write("timezone = Oslo")
    with pytest.raises(InputError, match="cannot be read"):
        found.save(timezone="Europe/Oslo")
    assert Path("investigation.toml").read_text() == "timezone = Oslo"


def test_what_was_saved_goes_before_what_the_notebook_said_until_then() -> None:
    "The dialog is later than the first cell"
    found = load_investigation(timezone="UTC", operator="Ann Li").save(timezone="Europe/Oslo")
    assert (found.timezone, found.operator) == ("Europe/Oslo", "Ann Li")


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    "As for every other file"
    with pytest.raises(OutputError):
        load_investigation(tmp_path / "gone" / "investigation.toml").save(timezone="Europe/Oslo")


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=8)


@settings(max_examples=25)
@given(timezone=TEXTS, words=st.lists(TEXTS, min_size=1), columns=st.dictionaries(TEXTS, TEXTS, min_size=1))
@pytest.mark.parametrize(
    "before", ["", "columns.a.b = 1\n", "[columns]\nx = 1 # y\n[other]\n", 'operator="A"\r\n']
)
def test_what_is_saved_is_what_is_read(
    before: str, timezone: str, words: list[str], columns: dict[str, str]
) -> None:
    "Whatever a heading or a word has in it, and whatever form the file had"
    path = Path("property.toml")
    path.unlink(missing_ok=True)
    said = {"timezone": timezone, "granted": words, "columns": columns}
    found = load_investigation(path)
    if before:
        path.write_text(before, newline="")
    try:
        found.save(**said)
    except InputError:
        assert "other" in before or "a.b" in before
        return
    assert tomllib.loads(path.read_bytes().decode()).items() >= said.items()


def test_the_notebooks_name_nothing_twice() -> None:
    "What an investigation is about is said with None in their first cells"
    for name in ("01_badge_events", "02_snapshots", "05_case_report"):
        notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
        code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
        assert "load_investigation" in code
        assert "sample_badges.csv" not in code
