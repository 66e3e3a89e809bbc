"""The account of every row, and how a log shows itself."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camkit.badges import BadgeLog, load_badges
from camkit.badges.identifiers import clean_id
from camkit.badges.profiles import profiles
from camkit.errors import CamkitError
from tests.conftest import ROOT

FIXTURES = ROOT / "tests" / "fixtures" / "badges"
MESSY = ROOT / "data" / "messy_badges.csv"
HEADER = "timestamp,UserID,reader_id,outcome\n"
ROW = "2019-04-12T14:20:29-06:00,85063715,HQ-R1,granted\n"


def load(tmp_path: Path, text: str, name: str = "badges.csv") -> BadgeLog:
    (tmp_path / name).write_text(text, encoding="utf-8")
    return load_badges(tmp_path / name)


def accounted(log: BadgeLog) -> int:
    return len(log.events) + len(log.rejected) + len(log.duplicates) + len(log.ignored)


def test_every_row_of_the_messy_export_is_accounted_for() -> None:
    "The export that ships with the kit has one of each problem, and its counts add up"
    log = load_badges(MESSY, timezone="America/Denver")
    assert accounted(log) == log.rows_read == 155
    assert (len(log.rejected), len(log.duplicates), len(log.ignored)) == (6, 5, 2)
    lines = MESSY.read_text("latin-1").splitlines()
    for row in log.rejected.itertuples():
        assert str(row.value).split(";")[0] in lines[row.line - 1]


def test_the_columns_and_types_of_events(tmp_path: Path) -> None:
    "Times are aware and in UTC, identifiers are text, and each event has its file and line"
    events = load(tmp_path, HEADER + ROW).events
    assert list(events) == ["event_time", "cardholder_id", "reader_id", "outcome", "kind", "file", "line"]
    assert str(events["event_time"].dtype) == "datetime64[us, UTC]"
    assert all(
        pd.api.types.is_string_dtype(events[name]) for name in ("cardholder_id", "reader_id", "outcome")
    )
    assert isinstance(events.index, pd.RangeIndex)
    assert events[["file", "line"]].iloc[0].tolist() == ["badges.csv", 2]


def test_a_rejected_row_says_where_what_and_why(tmp_path: Path) -> None:
    "File, line, column, value and reason; only the first problem of a row counts"
    log = load(tmp_path, HEADER + ROW + "soon,,HQ-R1,granted\n")
    assert log.rejected.to_dict("records") == [
        {
            "file": "badges.csv",
            "line": 3,
            "column": "timestamp",
            "value": "soon",
            "reason": "not a date and time",
        }
    ]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("Total: 1\n", "a total or a note"),
        ("Total,1\n", "a total or a note"),
        ("TOTAL,,,1\n", "a total or a note"),
        ("(1 rows affected)\n", "a total or a note"),
        (HEADER, "the header again"),
        (",,,\n", "an empty row"),
        ("---,---,---,---\n", "a line between rows"),
        ("confidential\n", "a line of text"),
    ],
)
def test_rows_that_are_not_events_are_ignored_with_a_reason(tmp_path: Path, row: str, reason: str) -> None:
    "Footers, notes and repeated headers are not badge events, and are listed"
    log = load(tmp_path, HEADER + ROW + row)
    assert log.ignored[["line", "reason"]].values.tolist() == [[3, reason]]
    assert accounted(log) == log.rows_read == 2


@pytest.mark.parametrize(
    "row",
    [
        "Total,1,Lobby,granted\n",
        "Counts,12/04/2019 14.20,,\n",
        "Page 1,85063715,HQ-R1,\n",
        "Summary,2:20 pm,,\n",
    ],
)
def test_a_swipe_whose_time_is_not_read_is_no_note(tmp_path: Path, row: str) -> None:
    "A row with more cells than a total has, or with a time of day beside the word, is rejected, not ignored"
    log = load(tmp_path, HEADER + ROW + row)
    assert (log.rejected["line"].tolist(), len(log.ignored)) == ([3], 0)


@pytest.mark.parametrize(
    "row",
    [
        "2019-04-12T14:20:29-06:00\n",
        "2019-04-12T14:20:29-06:00,850637\n",
        "2019-04-12T14:20:29-06:00,85063715,HQ-R1,granted,x\n",
        ",85063715,HQ-R1,granted\n",
        "2019-04-12T14:20:29-06:00,,HQ-R1,granted\n",
    ],
)
def test_rows_that_may_be_cut_events_are_rejected(tmp_path: Path, row: str) -> None:
    "Half an identifier is not taken for a whole one"
    log = load(tmp_path, HEADER + ROW + row)
    assert log.rejected["line"].tolist() == [3]
    assert accounted(log) == log.rows_read == 2


def test_a_denied_swipe_needs_no_cardholder(tmp_path: Path) -> None:
    "An unknown badge that was refused is an event"
    log = load(tmp_path, HEADER + "2019-04-12T14:20:29-06:00,,HQ-R1,denied\n")
    assert log.events["cardholder_id"].isna().tolist() == [True]


@pytest.mark.parametrize(
    ("written", "identifier"),
    [
        ("85063715", "85063715"),
        ("'00042", "00042"),
        ('="00042"', "00042"),
        ("8.5063715E7", "85063715"),
        ("8.5063715e+07", "85063715"),
        ("85063715.0", "85063715"),
        ("1E5", "1E5"),
        ("'1E5", "1E5"),
        ("A-17", "A-17"),
        ("8.50637E+07", None),
        ("8,50637E+11", None),
        ("85063715,0", "85063715"),
        ("8,5063715E7", "85063715"),
        ("8E+07", None),
        ("8.50637155E7", None),
    ],
)
def test_what_spreadsheets_do_to_identifiers_is_undone_if_no_digit_is_lost(
    written: str, identifier: str | None
) -> None:
    "A number with all its digits is restored; a rounded one is not guessed"
    assert clean_id(written) == identifier


@given(st.integers(10, 10**11))
def test_exact_scientific_notation_is_restored_digit_by_digit(number: int) -> None:
    "A number written with all its digits becomes the number it was"
    digits = str(number)
    assert clean_id(f"{digits[0]}.{digits[1:]}E{len(digits) - 1}") == digits


def test_the_summary_says_how_many_files_it_does_not_name(tmp_path: Path) -> None:
    "Else they would seem to be read as the first ones are not"
    for number in range(7):
        row = f"2026-03-0{number + 1} 08:00:07,{number},Caf\xe9"
        (tmp_path / f"{number}.csv").write_bytes(
            f"event_time,cardholder_id,reader_id\n{row}\n".encode("cp1252")
        )
    said = load_badges(tmp_path, timezone="America/Denver").summary()
    assert said.count("encoding cp1252") == 5 and "2 more files, see .files." in said


def test_the_summary_says_what_became_of_each_row() -> None:
    "In text, the counts come first and add up"
    text = repr(load_badges(MESSY, timezone="America/Denver"))
    assert "155 rows read = 142 events + 6 rejected + 5 duplicates + 2 ignored." in text
    assert "Profile: hikvision. Site's time zone: America/Denver." in text


def test_the_notebook_view_shows_text_as_text(tmp_path: Path) -> None:
    "Markup from a log, in cells, headers and names of files, is not markup in the notebook"
    evil = "<img src=x onerror=alert(1)>"
    path = tmp_path / "<b>x.csv"
    path.write_text(f"timestamp,UserID,{evil}\n13/05/2026 08:00,{evil},{evil}\nbad,{evil},{evil}\n")
    log = load_badges(path, "UTC")
    html = log._repr_html_()
    assert "<img" not in html
    assert "<b>x" not in html
    assert "&lt;b&gt;x.csv: dates day first" in html
    assert "&lt;img src=x onerror=alert(1)&gt;" in html
    assert "2 rows read = 1 events + 1 rejected + 0 duplicates + 0 ignored." in html


def test_the_notebook_view_shows_characters_that_rearrange_text(tmp_path: Path) -> None:
    "In cells, headers and the name of the file they are numbers"
    path = tmp_path / "\u202ex.csv"
    path.write_text("timestamp,UserID,\u202ename\n13/05/2026 08:00,\u202e1,\u202eAnn\n", encoding="utf-8")
    html = load_badges(path, "UTC")._repr_html_()
    assert "\u202e" not in html
    for shown in ("[U+202E]x.csv: dates", "<th>[U+202E]name", "<td>[U+202E]1<", "<td>[U+202E]Ann<"):
        assert shown in html


@pytest.mark.parametrize("row", ["", "bad,1,x,granted\n", "Total: 0\n"])
def test_a_log_without_events_has_a_notebook_view(tmp_path: Path, row: str) -> None:
    "With the header alone, or with rejected or ignored rows only"
    html = load(tmp_path, HEADER + row)._repr_html_()
    assert f"{len(row) > 0:d} rows read = 0 events" in html
    assert "Site&#x27;s time zone: not known." in html
    assert "<th>event_time</th>" in html


def test_problems_are_one_sentence_for_each_reason(tmp_path: Path) -> None:
    "A thousand bad rows are one problem, with the first line; an empty log is one as well"
    log = load(tmp_path, HEADER + "bad,1,x,granted\n" * 1000)
    assert log.problems() == [
        "The log does not have any badge events.",
        "badges.csv, line 2: 'bad': not a date and time, and 999 more rows.",
    ]
    assert load(tmp_path, HEADER + ROW).problems() == []


def test_events_name_the_sites_zone(tmp_path: Path) -> None:
    "The zone goes with the events to the functions that need it"
    assert load(tmp_path, HEADER + ROW).events.attrs["timezone"] == "UTC-06:00"


CELL = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        [
            "",
            "'",
            '"',
            '""',
            "\n",
            "8.5E7",
            "2019-04-12T14:20:29Z",
            "1555078829",
            "11/15/19",
            "Total",
            "\0",
            "=1+1",
        ]
    ),
    st.from_regex(r"\A\d{1,2}/\d{1,2}/\d{4} \d{1,2}:\d{2}:\d{2}\Z"),
)


@cache
def sample(name: str) -> tuple[str, list[str], str]:
    """The delimiter, header and a good row of a profile's fixture."""
    profile = profiles()[name]
    file = next(it for it in sorted(FIXTURES.iterdir()) if load_badges(it, "UTC").profile == name)
    log = load_badges(file, "UTC")
    delimiter = log.files["delimiter"].iloc[0]
    text = file.read_bytes().decode(log.files["encoding"].iloc[0]).replace("\r\n", "\n").split("\n")
    line = log.events["line"].iloc[0]
    header = [] if profile.shape else [text[line - 2]]
    return delimiter, header, text[line - 1]


@pytest.mark.not_quick
@pytest.mark.parametrize("name", [name for name in profiles() if not name.endswith("_api")])  # those are JSON
@given(data=st.data())
@settings(deadline=None, max_examples=4)  # for each system
def test_any_text_in_any_cell_is_accounted_for(
    name: str, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    "Only camkit's exceptions, and the counts add up, whatever the cells contain, for each system"
    delimiter, header, good = sample(name)
    width = good.count(delimiter) + 1
    rows = data.draw(st.lists(st.lists(CELL, min_size=1, max_size=width + 1), max_size=6))
    bad = [delimiter.join(row) for row in rows]
    path = tmp_path_factory.getbasetemp() / f"any-{name}.csv"
    path.write_text(
        "\n".join([*header, *[good] * 9, *bad, ""]), encoding="utf-8", errors="surrogatepass", newline=""
    )
    try:
        log = load_badges(path, timezone="America/Denver", profile=data.draw(st.sampled_from([name, None])))
    except CamkitError as error:
        assert str(error).endswith(".")
        return
    assert accounted(log) == log.rows_read
    assert len(log.events) >= 1
    assert log.events["line"].is_monotonic_increasing
    log._repr_html_()
