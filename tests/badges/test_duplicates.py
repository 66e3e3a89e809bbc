"""Which rows of exports are the same event, and which only look alike."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camkit.badges import BadgeLog, load_badges

COLUMNS = {"event_time": "When", "cardholder_id": "Badge"}
WITH_READER = {**COLUMNS, "reader_id": "Door"}


def load(tmp_path: Path, files: dict[str, str], columns: dict[str, str] = WITH_READER) -> BadgeLog:
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    log = load_badges([tmp_path / name for name in files], "UTC", columns=columns)
    assert len(log.events) + len(log.duplicates) + len(log.rejected) + len(log.ignored) == log.rows_read
    return log


def rows(*minutes: int, seconds: str = ":17", rest: str = ",00042,Lobby") -> str:
    "A row at each of these minutes after eight, in May"
    return "".join(f"2026-05-01 08:{minute:02d}{seconds}{rest}\n" for minute in minutes)


HEADER = "When,Badge,Door\n"


def test_overlapping_exports_count_each_event_once(tmp_path: Path) -> None:
    "Rows of the second export that the first one also has are duplicates, and name the event that was kept"
    log = load(tmp_path, {"a.csv": HEADER + rows(0, 1, 2, 3), "b.csv": HEADER + rows(2, 3, 4, 5)})
    assert (log.rows_read, len(log.events)) == (8, 6)
    assert log.duplicates[["file", "line", "same_as"]].astype(str).values.tolist() == [
        ["b.csv", "2", "2"],
        ["b.csv", "3", "3"],
    ]
    assert log.events.index.tolist() == list(range(6))
    assert log.problems() == [
        "b.csv: 2 rows, the first in line 2, are the same as in a.csv, 2026-05-01 08:02 to 2026-05-01 08:03, and "
        "counted once."
    ]


def test_same_as_is_the_index_of_the_kept_event_after_earlier_duplicates_are_removed(tmp_path: Path) -> None:
    "The index of the kept events, not of the rows in the file"
    first, second, third = rows(0), rows(1), rows(2)
    log = load(tmp_path, {"a.csv": HEADER + first + first + second + third + first + third})
    assert log.duplicates["same_as"].tolist() == [0, 0, 2]
    for row in log.duplicates.itertuples():
        assert log.events.loc[row.same_as, "event_time"] == row.event_time
    assert log.problems() == ["a.csv: 3 rows, the first in line 3, are repeated in full, and counted once."]


def test_a_duplicate_of_a_duplicate_names_the_event_that_was_kept(tmp_path: Path) -> None:
    "Of three files that overlap, the first has the event; so it has that which another file repeats in itself"
    part = HEADER + rows(0, 1)
    log = load(tmp_path, {"a.csv": part, "b.csv": part + rows(1), "c.csv": part})
    assert log.duplicates["same_as"].tolist() == [0, 1, 1, 0, 1]


@pytest.mark.parametrize("name", ["No", "S/N", ""])
def test_a_column_that_counts_the_rows_of_its_file_is_not_compared(tmp_path: Path, name: str) -> None:
    "Each export numbers its own rows, oldest or newest first"
    header = f"{name},When,Badge,Door\n"
    a = header + "1,2026-05-01 08:02:17,00042,Lobby\n2,2026-05-01 08:05:00,00043,Lobby\n"
    b = header + "2,2026-05-01 08:05:00,00043,Lobby\n1,2026-05-01 09:00:00,00044,Lobby\n"
    log = load(tmp_path, {"a.csv": a, "b.csv": b})
    assert (len(log.events), len(log.duplicates)) == (3, 1)


def test_a_number_that_the_system_gives_to_each_event_is_compared(tmp_path: Path) -> None:
    "Two swipes of one second have different numbers, though these rise from row to row"
    header = "Event,When,Badge,Door\n"
    files = {
        "a.csv": header + "7001" + "," + rows(1) + "7002," + rows(2),
        "b.csv": header + "7003," + rows(2) + "7004," + rows(3),
    }
    assert len(load(tmp_path, files).events) == 4


def test_one_card_at_two_sites_in_one_minute_is_two_events(tmp_path: Path) -> None:
    "Without a reader, equal rows of two files do not show that they are one event; the log says so"
    text = "When,Badge\n" + rows(3, seconds="", rest=",00042")
    log = load(tmp_path, {"north.csv": text, "south.csv": text}, COLUMNS)
    assert len(log.events) == 2
    assert log.problems() == [
        "south.csv: line 2 is equal to rows of north.csv; without a reader and seconds they may be different events, "
        "so all are kept."
    ]


def test_a_few_people_who_pass_two_sites_together_are_not_an_overlap(tmp_path: Path) -> None:
    "Files of one week with some equal rows, and others between them that only one has"
    north = "When,Badge\n" + rows(1, 2, 3, 5, 8, seconds="", rest=",00042")
    south = "When,Badge\n" + rows(1, 2, 4, 5, 8, seconds="", rest=",00042")
    log = load(tmp_path, {"north.csv": north, "south.csv": south}, COLUMNS)
    assert len(log.events) == 10
    assert "4 rows, the first in line 2, are equal to rows of north.csv" in log.problems()[0]


@pytest.mark.parametrize(("seconds", "common"), [("", 10), (":17", 3)])
def test_files_without_a_reader_overlap_where_both_have_the_same_rows(
    tmp_path: Path, seconds: str, common: int
) -> None:
    "The stretch that both cover is equal row by row, and long enough for what a row says"
    for length, merged in ((common, common), (common - 1, 0)):
        first = range(20)
        second = range(20 - length, 40)
        files = {
            name: "When,Badge\n" + rows(*minutes, seconds=seconds, rest=",00042")
            for name, minutes in (("a.csv", first), ("b.csv", second))
        }
        assert len(load(tmp_path, files, COLUMNS).duplicates) == merged


def test_a_minute_in_which_one_export_ends_may_be_cut(tmp_path: Path) -> None:
    "The second export has one more swipe in the last minute of the first, which was exported in that minute"

    def minutes(*several: int) -> str:
        return "When,Badge,Door\n" + rows(*several, seconds="")

    files = {"a.csv": minutes(0, 1, 2, 3, 4), "b.csv": minutes(2, 3, 4, 4, 5)}
    log = load(tmp_path, files)
    assert (len(log.duplicates), len(log.events)) == (3, 7)


def test_swipes_of_one_minute_without_seconds_are_all_kept(tmp_path: Path) -> None:
    "Three rows of one file that are equal to the minute may be three swipes"
    log = load(tmp_path, {"a.csv": HEADER + rows(2, 2, 2, 3, seconds="")})
    assert len(log.events) == 4
    assert log.problems() == [
        "a.csv: 2 rows, the first in line 3, are repeated in full; times without seconds do not show whether these are "
        "one event, so all are kept."
    ]


def test_seconds_that_are_always_zero_are_not_seconds(tmp_path: Path) -> None:
    "A system that rounds to minutes may write them"
    log = load(tmp_path, {"a.csv": HEADER + rows(*range(30), 29, seconds=":00")})
    assert len(log.events) == 31


def test_rows_of_one_file_that_differ_in_any_column_are_different_events(tmp_path: Path) -> None:
    "Also in one that the other file does not have, or spells otherwise"
    files = {
        "a.csv": "When,Badge,Door,Dept\n" + rows(1, rest=",00042,Lobby,IT") + rows(1, rest=",00042,Lobby,HQ"),
        "b.csv": "When,Badge,Door,Depts\n"
        + rows(2, rest=",00042,Lobby,IT")
        + rows(2, rest=",00042,Lobby,HQ"),
    }
    assert len(load(tmp_path, files).events) == 4


def test_files_are_compared_by_the_columns_they_share(tmp_path: Path) -> None:
    "The same event with one column more in the other export is the same event; each row stands for one"
    files = {
        "a.csv": HEADER + rows(1),
        "b.csv": "When,Badge,Door,Note\n" + rows(1, rest=",00042,Lobby,x") + rows(1, rest=",00042,Lobby,y"),
    }
    log = load(tmp_path, files)
    assert log.duplicates["Note"].tolist() == ["x"]


FULL = "When,Badge,Door,Result\n"
RESULT = {**WITH_READER, "outcome": "Result"}


@pytest.mark.parametrize("lacks", ["Door", "Result"])
@pytest.mark.parametrize("swapped", [False, True])
def test_a_role_that_one_export_does_not_have_does_not_hide_an_overlap(
    tmp_path: Path, lacks: str, swapped: bool
) -> None:
    "The event of the export that says more is kept"
    header = FULL.strip().split(",")
    lines = rows(1, 2, 3, 4, 5, rest=",00042,Lobby,granted").splitlines()
    without = header.index(lacks)
    less = [",".join(cell for at, cell in enumerate(line.split(",")) if at != without) for line in lines]
    heading = ",".join(name for name in header if name != lacks)
    texts = [FULL + "\n".join(lines), f"{heading}\n" + "\n".join(less)]
    paths = []
    for name, text in zip(("a.csv", "b.csv"), reversed(texts) if swapped else texts, strict=True):
        (tmp_path / name).write_text(text.replace("When,Badge", "timestamp,UserID").replace("Door", "reader_id")
                                     .replace("Result", "outcome"))  # fmt: skip
        paths.append(tmp_path / name)
    log = load_badges(paths, "UTC")
    assert (len(log.events), len(log.duplicates)) == (5, 5)
    assert set(log.events["outcome"]) == {"granted"}
    assert set(log.events["reader_id"]) == {"Lobby"}
    assert len(log.problems()) == 1


@pytest.mark.parametrize(
    ("name", "a", "b"),
    [
        ("Printed", ["1 May", "1 May"], ["8 May", "8 May"]),
        ("Id", ["900", "901"], ["901", "902"]),
        ("Guid", ["x7", "a9"], ["b1", "q2"]),
    ],
)
def test_a_column_without_a_role_does_not_hide_an_overlap(
    tmp_path: Path, name: str, a: list[str], b: list[str]
) -> None:
    "Where rows with a reader and seconds are otherwise the same wherever both files have any"
    lines = [rows(1).strip(), rows(2).strip()]
    files = {
        file: f"When,Badge,Door,{name}\n"
        + "".join(f"{line},{it}\n" for line, it in zip(lines, its, strict=True))
        for file, its in (("a.csv", a), ("b.csv", b))
    }
    log = load(tmp_path, files)
    assert (len(log.events), len(log.duplicates)) == (2, 2)


@pytest.mark.parametrize(
    ("a", "b", "differ"),
    [
        (rows(1, 2), rows(1, 2, rest=",00042,LOBBY"), "'reader_id'"),
        (rows(1, 2), rows(1, 2, rest=",42,Lobby"), "'cardholder_id'"),
        (rows(1, 2), rows(1, 2, seconds=""), "'event_time'"),
        (rows(1, 2), rows(1, 2, seconds=":17.250"), "'event_time'"),
        (rows(1, 2, seconds=":17.9"), rows(1, 2, seconds="", rest=",42,lobby"),
         "'event_time', 'cardholder_id', 'reader_id'"),
    ],
)  # fmt: skip
def test_rows_of_two_files_that_look_alike_are_said(tmp_path: Path, a: str, b: str, differ: str) -> None:
    "None is dropped, and none doubles in silence"
    log = load(tmp_path, {"a.csv": HEADER + a, "b.csv": HEADER + b})
    assert len(log.events) == 4
    assert log.problems() == [
        f"b.csv: 2 rows, the first in line 2, are like rows of a.csv but for {differ}; all are kept, so events may be "
        "counted twice."
    ]


def test_other_events_of_a_minute_do_not_look_alike(tmp_path: Path) -> None:
    "Another second, another door, another person"
    b = rows(1, seconds=":18") + rows(1, rest=",00042,Lab") + rows(1, rest=",00043,Lobby")
    assert load(tmp_path, {"a.csv": HEADER + rows(0, 1, 2), "b.csv": HEADER + b}).problems() == []


@pytest.mark.parametrize("clock", ["08:01", "8:01 AM", "08.01"])
def test_a_time_without_seconds_is_one_whatever_other_rows_have(tmp_path: Path, clock: str) -> None:
    "Within a file, and across files"
    text = HEADER + f"2026-05-01 {clock},00042,Lobby\n" * 2 + rows(2)
    log = load(tmp_path, {"a.csv": text})
    assert len(log.events) == 3
    assert "line 3 is repeated in full; times without seconds" in " ".join(log.problems())
    log = load(
        tmp_path, {"a.csv": text, "b.csv": text.replace("Door", "Door,Note").replace("Lobby", "Lobby,x")}
    )
    assert len(log.duplicates) < 3


@pytest.mark.parametrize("minutes", [(1, 1), (1, 1, 2), (1, 2, 3, 3)])
def test_a_few_times_on_whole_minutes_do_not_show_seconds(tmp_path: Path, minutes: tuple[int, ...]) -> None:
    "However few rows there are"
    log = load(tmp_path, {"a.csv": HEADER + rows(*minutes, seconds=":00")})
    assert len(log.events) == len(minutes)


def test_rows_that_differ_in_the_words_for_outcome_or_kind_are_different_events(tmp_path: Path) -> None:
    "The words are kept"
    header = "event_time,cardholder_id,reader_id,outcome,kind\n"
    row = "2026-05-01 08:01:17,42,R1,granted,"
    (tmp_path / "a.csv").write_text(f"{header}{row}Visitor\n{row}Contractor forced\n{row}swipe\n{row}swipe\n")
    log = load_badges(tmp_path / "a.csv", "UTC")
    assert (len(log.events), len(log.duplicates)) == (3, 1)
    assert log.events["kind_text"].fillna("").tolist() == ["Visitor", "Contractor forced", ""]


def test_a_column_that_is_called_as_one_of_ours_is_compared(tmp_path: Path) -> None:
    "Such as the position of a person"
    text = "When,Badge,Door,position\n" + rows(1, rest=",42,Lobby,guard") + rows(1, rest=",42,Lobby,cook")
    assert len(load(tmp_path, {"a.csv": text}).events) == 2


@given(
    st.lists(
        st.lists(st.tuples(st.integers(0, 9), st.sampled_from("AB"), st.sampled_from(["R1", ""])), max_size=8),
        min_size=1, max_size=4,
    ),
    st.sampled_from(["", ":00", ":17"]),
)  # fmt: skip
@settings(deadline=None, max_examples=60)
def test_whatever_files_have_in_common_the_counts_add_up(
    tmp_path_factory: pytest.TempPathFactory, files: list[list[tuple[int, str, str]]], seconds: str
) -> None:
    "Each duplicate names a kept event of the same time and cardholder"
    folder = tmp_path_factory.mktemp("any")
    texts = {
        f"{number}.csv": HEADER
        + "".join(rows(at, seconds=seconds, rest=f",{who},{door}") for at, who, door in some)
        for number, some in enumerate(files)
    }
    log = load(folder, texts)
    kept = log.events.loc[log.duplicates["same_as"]]
    for column in ("event_time", "cardholder_id"):
        assert kept[column].tolist() == log.duplicates[column].tolist()
