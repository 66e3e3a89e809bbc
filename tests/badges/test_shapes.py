"""Exports in which something about an event stands in another row, or several events in one."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camkit.badges import BadgeLog, load_badges
from camkit.errors import CamkitError

ZONE = "America/Denver"
BY_DATE = {"date": "Date", "time": "Time", "cardholder_id": "Badge", "reader_id": "Door"}
PERSON_ABOVE = {"event_time": "Date/Time", "reader_id": "Door", "outcome": "Event"}


def load(tmp_path: Path, text: str, columns: dict[str, str], day_first: bool | None = None) -> BadgeLog:
    path = tmp_path / "badges.csv"
    path.write_text(text, encoding="utf-8")
    log = load_badges(path, ZONE, columns=columns, day_first=day_first)
    assert len(log.events) + len(log.duplicates) + len(log.rejected) + len(log.ignored) == log.rows_read
    return log


def times(log: BadgeLog) -> list[str]:
    "The events' local times"
    return log.events["event_time"].dt.tz_convert(ZONE).dt.strftime("%m-%d %H:%M").tolist()


REPORT = """Cardholder Activity Report,,
Date/Time,Door,Event
{ann},,
05/31/2026 08:02:17 AM,Lobby,Access Granted
05/31/2026 08:05:00 AM,Lab,Access Granted
Cardholder Activity Report,,
Date/Time,Door,Event
05/31/2026 08:05:30 AM,Lab,Access Granted
{kim},,
05/31/2026 08:06:00 AM,Lobby,Access Denied
soon,Lobby,Access Denied
Total events: 4,,
"""


@pytest.mark.parametrize(
    ("ann", "kim", "ids"),
    [
        ('"Li, Ann (00042)"', '"Bo, Kim (00043)"', ["00042", "00043"]),
        ('"00042 Li, Ann"', '"00043 Bo, Kim"', ["00042", "00043"]),
        ("Cardholder: Ann Li [00042]", "Cardholder: Kim Bo [A-43]", ["00042", "A-43"]),
        ("Cardholder: Ann Li", "Cardholder: Kim Bo", ["Ann Li", "Kim Bo"]),
    ],
)
def test_the_person_above_the_events_is_their_cardholder(
    tmp_path: Path, ann: str, kim: str, ids: list[str]
) -> None:
    "Until the next person, on the next page too; the rows that name them are ignored, and said"
    log = load(tmp_path, REPORT.format(ann=ann, kim=kim), PERSON_ABOVE)
    assert log.events["cardholder_id"].tolist() == [ids[0]] * 3 + [ids[1]]
    assert [name.split()[-1].strip(",") for name in log.events["cardholder_name"]][-1] in ("Kim", "Bo")
    assert log.events["line"].tolist() == [4, 5, 8, 10]
    assert log.ignored["reason"].tolist() == [
        "the cardholder of the rows below",
        "a line of text",
        "the header again",
        "the cardholder of the rows below",
        "a total or a note",
    ]
    assert log.rejected["line"].tolist() == [11]
    assert any("were taken for the cardholder of the rows below" in said for said in log.problems())


@pytest.mark.parametrize(
    ("ann", "bo", "ids"),
    [
        ("Employee: 00042 Ann Li", "Employee: 00043 Bo", ["00042", "00043"]),
        ("Employee Name: Li Ann (00042),,,", "Employee Name: Bo (00043),,,", ["00042", "00043"]),
        ("Cardholder: Ann Li", "Cardholder: Bo", ["Ann Li", "Bo"]),
    ],
)
def test_a_person_above_a_header_of_their_own_is_the_cardholder_of_its_rows(
    tmp_path: Path, ann: str, bo: str, ids: list[str]
) -> None:
    "The first one too, who is above the first header; that row is in the account"
    block = "{0}\nDate,Time,Door,Event\n2026-05-01,08:0{1}:17,R1,Access Granted\n"
    columns = {"date": "Date", "time": "Time", "reader_id": "Door", "outcome": "Event"}
    log = load(tmp_path, "Activity Report (2026)\n" + block.format(ann, 1) + block.format(bo, 2), columns)
    assert log.events["cardholder_id"].tolist() == ids
    assert log.ignored[["line", "reason"]].values.tolist() == [
        [2, "the cardholder of the rows below"],
        [5, "the cardholder of the rows below"],
        [6, "the header again"],
    ]
    assert log.rows_read == 5


def test_an_empty_row_above_the_first_person_is_only_that(tmp_path: Path) -> None:
    "Nobody is above it"
    text = 'Date/Time,Door,Event\n,,\n"Li, Ann (00042)",,\n05/31/2026 08:02:17 AM,Lobby,Access Granted\n'
    log = load(tmp_path, text, PERSON_ABOVE)
    assert log.events["cardholder_id"].tolist() == ["00042"]
    assert log.ignored["reason"].tolist() == ["an empty row", "the cardholder of the rows below"]


def test_a_title_above_the_header_is_not_a_person_without_a_label(tmp_path: Path) -> None:
    "It may name a report, a door or a year"
    text = "Activity Report (2026)\nDate/Time,Door,Event\n05/31/2026 08:02:17 AM,Lobby,Access Denied\n"
    log = load(tmp_path, text, PERSON_ABOVE)
    assert log.events["cardholder_id"].isna().all()
    assert (log.rows_read, "cardholder_name" in log.events) == (1, False)
    assert "badges.csv: no column says who, so its events do not have a cardholder." in log.problems()


@pytest.mark.parametrize("names", ["In 1,Out 1,In 2,Out 2", "Morning In,Morning Out,Noon In,Noon Out"])
@pytest.mark.parametrize("both", [True, False])
def test_further_arrivals_and_departures_of_a_row_are_said(tmp_path: Path, names: str, both: bool) -> None:
    "Their times do not become events"
    arrive, depart, *others = names.split(",")
    columns = {"date": "Date", "cardholder_id": "Badge"}
    columns |= {"first_in": arrive, "last_out": depart} if both else {"time": arrive}
    text = f"Date,Badge,{names}\n2026-05-01,42,08:00,12:00,13:00,17:00\n2026-05-02,42,08:00,12:00,,\n"
    log = load(tmp_path, text, columns)
    unread = others if len(log.events) == 4 else [depart, *others]
    assert f"the times in {', '.join(map(repr, unread))} did not become events" in " ".join(log.problems())


def test_a_row_of_text_is_not_a_person_where_the_events_have_one(tmp_path: Path) -> None:
    "Or where it stands below them"
    text = "Date/Time,Badge,Door\nLobby (12),,\n05/31/2026 08:02:17 AM,7,Lobby\n"
    log = load(tmp_path, text, {"event_time": "Date/Time", "cardholder_id": "Badge", "reader_id": "Door"})
    assert (len(log.events), log.rejected["value"].tolist()) == (1, ["Lobby (12)"])
    text = "Date/Time,Door\n05/31/2026 08:02:17 AM,Lobby\n05/31/2026 08:02:18 AM,Lobby\nBo (12),\n"
    log = load(tmp_path, text, {"event_time": "Date/Time", "reader_id": "Door"})
    assert "cardholder_name" not in log.events


def test_a_date_that_stands_in_the_first_row_of_its_day_is_that_of_the_rows_below(tmp_path: Path) -> None:
    "As merged cells are exported; the log says how many rows were given a date"
    text = "Date,Time,Badge,Door\n31/05/2026,08:02,1,A\n,08:05,2,B\n,08:06,3,A\n01/06/2026,08:01,4,A\n,,,\n"
    log = load(tmp_path, text, BY_DATE)
    assert times(log) == ["05-31 08:02", "05-31 08:05", "05-31 08:06", "06-01 08:01"]
    assert log.problems() == [
        "badges.csv: 2 rows, the first in line 3, with only a time of day were given the date above them."
    ]
    assert log.ignored["reason"].tolist() == ["an empty row"]


@pytest.mark.parametrize(
    ("text", "columns"),
    [
        ("Date,Time,Badge,Door\n{0},,,\n,08:02,1,A\n,08:05,2,B\n{1},,,\n,09:01,4,A\n", BY_DATE),
        (
            "When,Badge,Door\n{0},,\n08:02,1,A\n08:05,2,B\n{1},,\n09:01,4,A\n",
            {"event_time": "When", "cardholder_id": "Badge"},
        ),
    ],
)
@pytest.mark.parametrize("days", [("31/05/2026", "01/06/2026"), ("2026-05-31", "2026-06-01")])
def test_a_date_in_a_row_of_its_own_is_that_of_the_rows_below(
    tmp_path: Path, text: str, columns: dict[str, str], days: tuple[str, str]
) -> None:
    "Whether date and time have a column each or one together"
    log = load(tmp_path, text.format(*days), columns)
    assert times(log) == ["05-31 08:02", "05-31 08:05", "06-01 09:01"]
    assert log.ignored["reason"].tolist() == ["the date of the rows below"] * 2


@pytest.mark.parametrize(
    "rows",
    [
        "31/05/2026,08:02,1,A\n31/05/2026,08:05,2,A\n,08:06,3,A\n",
        ",08:02,1,A\n31/05/2026,08:05,2,A\n",
    ],
)
def test_a_date_that_is_missing_is_not_taken_from_above_where_others_repeat_it(
    tmp_path: Path, rows: str
) -> None:
    "Nor from below"
    log = load(tmp_path, "Date,Time,Badge,Door\n" + rows, BY_DATE)
    assert len(log.rejected) == 1


IN_AND_OUT = "Person ID,Name,Date,First In,Last Out\n{0}"
BOTH = {"date": "Date", "first_in": "First In", "last_out": "Last Out", "cardholder_id": "Person ID"}


@pytest.mark.parametrize(
    "columns", [BOTH, {"date": "Date", "time": "First In", "cardholder_id": "Person ID"}]
)
@pytest.mark.parametrize(
    ("today", "last"),
    [
        ("2025-05-31", "2025-12-31"),
        ("31/05/2025", "31/12/2025"),
        ("5/31/25", "12/31/25"),
        ("31-May-2025", "31-Dec-2025"),
    ],
)
def test_an_arrival_and_a_departure_in_one_row_are_two_events(
    tmp_path: Path, columns: dict[str, str], today: str, last: str
) -> None:
    "A departure before the arrival is of the next day, and a row counts once for each; the log says so"
    rows = f"1,Ann,{today},08:02,17:05\n2,Kim,{today},22:00,06:01\n3,Bo,{last},10:00 PM,06:00 AM\n"
    rows += f"4,Di,{today},09:00,-\n"
    log = load(tmp_path, IN_AND_OUT.format(rows), columns)
    assert times(log) == [
        "05-31 08:02", "05-31 17:05", "05-31 22:00", "06-01 06:01", "12-31 22:00", "01-01 06:00", "05-31 09:00",
    ]  # fmt: skip
    assert log.events["in_or_out"].tolist() == ["First In", "Last Out"] * 3 + ["First In"]
    assert (log.rows_read, log.events["line"].tolist()) == (7, [2, 2, 3, 3, 4, 4, 5])
    assert log.problems() == [
        "badges.csv: a row with both 'First In' and 'Last Out' became two events; in 2 cases, such as line 3, a time "
        "is earlier than the one before it and was taken for the next day."
    ]


def test_entry_and_exit_with_their_dates_are_two_events(tmp_path: Path) -> None:
    "Each has its own day; a visitor who has not left has one"
    text = (
        "log_id,employee_id,room,entry_time,exit_time\n"
        "7,42,R1,2025-05-31 22:00:10,2025-06-01 06:01:00\n8,43,R1,2025-05-31 23:00:10,\n"
    )
    log = load(
        tmp_path, text, {"event_time": "entry_time", "cardholder_id": "employee_id", "reader_id": "room"}
    )
    assert times(log) == ["05-31 22:00", "06-01 06:01", "05-31 23:00"]


def test_a_second_time_that_is_not_the_departure_is_left_alone(tmp_path: Path) -> None:
    "When a server received an event is another thing"
    text = "timestamp,UserID,received\n2026-05-31 22:00:10,42,2026-05-31 22:00:11\n"
    log = load(tmp_path, text, {"event_time": "timestamp", "cardholder_id": "UserID"})
    assert (len(log.events), log.problems()) == (1, [])


def test_several_punches_in_one_cell_are_several_events(tmp_path: Path) -> None:
    "Each with its reader and direction; a day without a punch is rejected"
    text = (
        "Emp Code,Att. Date,Punch Records\n"
        '42,31-05-2026,"08:33:in(Main),17:58:out(Main),"\n'
        '43,31-05-2026,"22:33:in(Lab),06:58:out(Main),07:30:in(Lab),"\n'
        "44,31-05-2026,\n"
    )
    log = load(tmp_path, text, {"date": "Att. Date", "time": "Punch Records", "cardholder_id": "Emp Code"})
    assert times(log) == ["05-31 08:33", "05-31 17:58", "05-31 22:33", "06-01 06:58", "06-01 07:30"]
    assert log.events["reader_id"].tolist() == ["Main", "Main", "Lab", "Main", "Lab"]
    assert log.events["in_or_out"].tolist() == ["in", "out", "in", "out", "in"]
    assert log.rejected["reason"].tolist() == ["not a date and time"]


CELL = st.sampled_from(
    [
        "",
        "31/05/2026",
        "2026-05-31",
        "08:02",
        "8:5",
        "08:33:in(A),17:58:out(A),",
        "Li, Ann (42)",
        "Total",
        "Date",
        "x",
    ]
)


@given(st.lists(st.lists(CELL, min_size=1, max_size=5), max_size=8), st.sampled_from([True, None]))
@settings(deadline=None, max_examples=40)
def test_whatever_shape_an_export_has_its_rows_are_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], day_first: bool | None
) -> None:
    "Only camkit's exceptions, and the counts add up"
    body = "".join(",".join(f'"{cell}"' for cell in row) + "\n" for row in rows)
    for columns in (BY_DATE, {"event_time": "Date", "reader_id": "Door"}, {**BOTH, "cardholder_id": "Badge"}):
        try:
            load(
                tmp_path_factory.mktemp("any"),
                "Date,Time,Badge,Door,First In,Last Out\n" + body,
                columns,
                day_first,
            )
        except CamkitError as error:
            assert str(error).endswith(".")


@pytest.mark.parametrize(
    ("rows", "doubtful"),
    [
        ("2026-05-01,23:50,42\n,23:55,43\n,00:05,44\n", "line 4"),
        ("2026-05-01,23:50,42\n,00:05,44\n", "line 3"),
        ("2026-05-01,23:50,42\n,00:05,44\n2026-05-02,23:50,42\n,00:05,44\n", "lines 3, 5"),
        ("2026-05-02,00:05,42\n,23:55,43\n,23:50,44\n2026-05-01,08:00,44\n", "line 3"),
        ("2026-05-02,09:05,42\n,07:55,43\n2026-05-01,08:00,44\n,07:00,44\n", None),
        ("2026-05-02,08:05,42\n,07:55,43\n,23:50,44\n2026-05-01,08:00,44\n", "line 4"),
        ("2026-05-01,08:00,42\n,08:00,43\n,09:00,44\n2026-05-02,07:00,44\n", None),
        ("2026-05-01,,\n,23:50,42\n,00:05,43\n", "line 4"),
    ],
)
def test_a_time_that_may_be_past_the_midnight_of_its_date_leaves_a_doubt(
    tmp_path: Path, rows: str, doubtful: str | None
) -> None:
    "It steps against the order of the other times below the same date"
    columns = {"date": "Date", "time": "Time", "cardholder_id": "Badge"}
    log = load(tmp_path, f"Date,Time,Badge\n{rows}", columns)
    found = [problem for problem in log.problems() if "past midnight" in problem]
    assert [problem.startswith(f"badges.csv: {doubtful}: ") for problem in found] == [True] * bool(doubtful)
