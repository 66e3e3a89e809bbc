"""What looks odd, and on which other event that rests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camkit.badges import load_badges
from camkit.badges.flags import FLAGS, flag_events
from camkit.errors import InputError, TimestampError
from tests.conftest import ROOT

DATA = ROOT / "data"


def events(*rows: tuple[str, str | None, str | None, str], **columns: list[Any]) -> pd.DataFrame:
    """Events of (time in UTC on one day, cardholder, reader, outcome)."""
    table = pd.DataFrame(rows, columns=["event_time", "cardholder_id", "reader_id", "outcome"])
    table["event_time"] = pd.to_datetime("2019-04-12T" + table["event_time"] + "Z", utc=True)
    table[["cardholder_id", "reader_id"]] = table[["cardholder_id", "reader_id"]].astype("str")
    return table.assign(**columns)


def hits(flags: pd.DataFrame, name: str) -> list[tuple[int, int]]:
    """The flagged events, each with the event it rests on."""
    flagged = flags[flags[name]]
    assert flags.loc[~flags[name], f"{name}_event"].isna().all()
    return [(int(row), int(other)) for row, other in flagged[f"{name}_event"].items()]


def doors(*rows: tuple[str, str], **columns: list[Any]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["reader_id", "door"]).assign(**columns)


def test_the_columns_are_those_documented() -> None:
    "A bool column for each flag, an Int64 column where it rests on another event, the index of the events"
    table = events(("08:00:00", "1", "A", "granted"))
    table.index = [7]
    flags = flag_events(table)
    assert [name for name in flags if not name.endswith("_event")] == list(FLAGS)
    assert flags.index.tolist() == [7]
    assert {str(flags[name].dtype) for name in FLAGS} == {"bool"}
    assert {str(flags[name].dtype) for name in flags if name not in FLAGS} == {"Int64"}


def test_the_empty_log_has_no_flags() -> None:
    "Without events there are no flags, and every column is there"
    flags = flag_events(events(), hours=("07:00", "19:00"), timezone="UTC")
    assert len(flags) == 0
    assert list(FLAGS) == [name for name in flags if name in FLAGS]


@pytest.mark.parametrize(
    ("hours", "outside"),
    [
        (("07:00", "19:00"), ["12:59:59", "01:00:00"]),
        (("19:00", "07:00"), ["13:00:00", "00:59:59"]),
        (None, []),
    ],
)
def test_outside_hours_goes_by_the_sites_clock(hours: tuple[str, str] | None, outside: list[str]) -> None:
    "The end is outside, a start after the end is a night shift, no hours flag nothing"
    times = ["12:59:59", "13:00:00", "00:59:59", "01:00:00"]  # 06:59:59, 07:00, 18:59:59 and 19:00 in Denver
    table = events(*((at, "1", "A", "granted") for at in times))
    flags = flag_events(table, hours=hours, timezone="America/Denver")
    assert [at for at, is_outside in zip(times, flags["outside_hours"], strict=True) if is_outside] == outside


def test_hours_need_a_zone_which_a_loaded_log_brings(tmp_path: Path) -> None:
    "Hours without a zone are an error, unless the events know their site's"
    with pytest.raises(TimestampError, match="timezone="):
        flag_events(events(("08:00:00", "1", "A", "granted")), hours=("07:00", "19:00"))
    path = tmp_path / "badges.csv"
    path.write_text("timestamp,UserID\n2019-04-12T06:59:00-06:00,7\n2019-04-12T07:00:00-06:00,7\n")
    assert flag_events(load_badges(path).events, hours=("07:00", "19:00"))["outside_hours"].tolist() == [
        True,
        False,
    ]


def test_denied_then_granted_rests_on_the_denied_swipe() -> None:
    "Only within the time given, only where the last swipe was the denied one"
    table = events(
        ("08:00:00", "1", "A", "denied"),
        ("08:00:05", "2", "A", "granted"),
        ("08:02:00", "1", "B", "granted"),
        ("08:02:10", "1", "B", "granted"),
        ("09:00:00", "1", "A", "denied"),
        ("09:02:01", "1", "A", "granted"),
    )
    assert hits(flag_events(table), "denied_then_granted") == [(2, 0)]
    assert hits(flag_events(table, retry_s=121), "denied_then_granted") == [(2, 0), (5, 4)]


def test_repeated_swipes_rest_on_the_swipe_before() -> None:
    "The same cardholder at the same reader, whatever others do there meanwhile"
    table = events(
        ("08:00:00", "1", "A", "granted"),
        ("08:00:02", "2", "A", "granted"),
        ("08:00:30", "1", "A", "granted"),
        ("08:01:01", "1", "A", "granted"),
        ("08:01:02", "1", "B", "granted"),
    )
    assert hits(flag_events(table), "repeated_swipe") == [(2, 0)]
    assert hits(flag_events(table, repeat_s=31), "repeated_swipe") == [(2, 0), (3, 2)]


NEWEST_FIRST = [
    ("09:00:00", "9", "R1", "granted"),
    ("08:01:00", "1", "R1", "granted"),
    ("08:01:00", "1", "R1", "denied"),
    ("07:00:00", "9", "R1", "granted"),
]


@pytest.mark.parametrize("shuffle", [False, True])
def test_swipes_of_the_same_time_follow_the_order_of_their_file(shuffle: bool) -> None:
    "Newest first the lower line came before, oldest first the upper one, also when the events have been sorted since"
    for rows, denied_first in (
        (NEWEST_FIRST, True),
        ([NEWEST_FIRST[at] for at in (0, 2, 1, 3)], False),
        (NEWEST_FIRST[::-1], True),
        ([NEWEST_FIRST[at] for at in (3, 1, 2, 0)], False),
    ):
        table = events(*rows, file=["a.csv"] * 4, line=[2, 3, 4, 5])
        flags = flag_events(table.sample(frac=1, random_state=3) if shuffle else table)
        granted, denied = (1, 2) if table["outcome"].tolist().index("denied") == 2 else (2, 1)
        assert hits(flags, "denied_then_granted") == ([(granted, denied)] if denied_first else [])
        assert hits(flags, "repeated_swipe") == [(granted, denied) if denied_first else (denied, granted)]


def test_each_file_has_an_order_of_its_own() -> None:
    "One export newest first and one oldest first are each read as they are written"
    later = [(at.replace("0", "1", 1), *rest) for at, *rest in reversed(NEWEST_FIRST)]
    table = events(*NEWEST_FIRST, *later, file=["a.csv"] * 4 + ["b.csv"] * 4, line=[2, 3, 4, 5] * 2)
    assert hits(flag_events(table), "denied_then_granted") == [(1, 2), (6, 5)]


def test_readers_with_one_event_each_still_show_the_order_of_the_file() -> None:
    "Where no reader has two events at different times, the file's own order decides"
    table = events(
        ("09:00:00", "9", "R3", "granted"),
        ("08:01:00", "1", "R1", "granted"),
        ("08:01:00", "1", "R2", "denied"),
        line=[2, 3, 4],
    )
    flags = flag_events(table)
    assert [hits(flags, name) for name in ("denied_then_granted", "too_fast")] == [[(1, 2)], [(1, 2)]]


def test_swipes_without_a_cardholder_are_not_one_persons() -> None:
    "Two unknown badges at a reader may be two people"
    table = events(
        ("08:00:00", None, "A", "denied"),
        ("08:00:05", None, "A", "granted"),
        ("08:00:06", None, "B", "denied"),
    )
    flags = flag_events(table)
    assert [hits(flags, name) for name in ("repeated_swipe", "denied_then_granted", "too_fast")] == [
        [],
        [],
        [],
    ]


def test_too_fast_is_sooner_than_one_can_walk() -> None:
    "Two readers within the seconds it takes; the order of the rows does not matter"
    table = events(
        ("08:00:29", "1", "B", "granted"),
        ("08:00:00", "1", "A", "granted"),
        ("08:00:59", "1", "A", "granted"),
        ("08:01:00", "2", "B", "granted"),
    )
    assert hits(flag_events(table), "too_fast") == [(0, 1)]
    assert hits(flag_events(table, walk_s=31), "too_fast") == [(0, 1), (2, 0)]


def test_doors_say_how_long_the_walk_is() -> None:
    "Seconds in one direction count for both, within one door it is 0, and other walks take the default"
    table = events(
        ("08:00:00", "1", "A", "granted"),
        ("08:01:00", "1", "B", "granted"),
        ("08:02:00", "1", "A", "granted"),
        ("08:02:01", "1", "A2", "granted"),
        ("08:02:11", "1", "C", "granted"),
    )
    where = doors(("A", "Lobby"), ("A2", "Lobby"), ("B", "Dock"), walk_s_B=["90", "", None])
    assert hits(flag_events(table, where), "too_fast") == [(1, 0), (2, 1), (4, 3)]
    assert hits(flag_events(table, where, walk_s=5), "too_fast") == [(1, 0), (2, 1)]


@pytest.mark.parametrize("readers", [[7, 8], [7.0, 8.0], pd.Categorical(["7", "8"])])
def test_doors_with_numbers_for_readers_serve_as_well(readers: Any) -> None:
    "A table made by hand, on either side"
    table = events(("08:00:00", "1", "7", "granted"), ("08:01:00", "1", "8", "granted"))
    where = doors(("7", "Lobby"), ("8", "Dock"), walk_s_8=[90, None]).assign(reader_id=readers)
    assert hits(flag_events(table, where), "too_fast") == [(1, 0)]
    assert hits(flag_events(table.assign(reader_id=readers), where), "too_fast") == [(1, 0)]


def test_the_walk_may_be_in_any_row_of_a_reader() -> None:
    "It belongs to the door, not to one of its cameras"
    table = events(("08:00:00", "1", "A", "granted"), ("08:00:20", "1", "B", "granted"))
    rows = {"vendor": "een", "camera_id": ["1", "2", "3"], "walk_s_B": [None, 10, None]}
    where = doors(("A", "Lobby"), ("A", "Lobby"), ("B", "Dock")).assign(**rows)
    assert hits(flag_events(table), "too_fast") == [(1, 0)]
    assert hits(flag_events(table, where), "too_fast") == []


def test_columns_may_be_categorical_or_lack_cells() -> None:
    "As after astype(), or after joining a log with a table made by hand"
    table = events(
        ("08:00:00", "1", "A", "denied"),
        ("08:00:05", "1", "A", "granted"),
        ("08:00:04", "1", "A", "granted"),
        ("08:00:06", "1", "A", "granted"),
        ("08:00:07", "1", "A", "granted"),
        cardholder_name=["Ann", None, "Bo", None, None],
        credential=[None, "c2", None, None, None],
        file=["a.csv", *[None] * 4],
        line=[2, 3, 4, 5, 6],
    )
    texts = ["cardholder_id", "reader_id", "outcome", "cardholder_name", "credential", "file"]
    flags = flag_events(table.astype(dict.fromkeys(texts, "category")))
    pd.testing.assert_frame_equal(flags, flag_events(table))
    assert hits(flags, "two_names") == [(0, 2), (2, 0)]
    assert hits(flags, "clock_backwards") == [(2, 1)]
    unknown = flag_events(table.assign(outcome=pd.array(["denied", *[pd.NA] * 4], dtype="string")))
    assert hits(unknown, "denied_then_granted") == []


def test_the_readers_clock_offset_is_subtracted() -> None:
    "A reader whose clock is ahead does not make anybody too fast"
    table = events(("08:00:00", "1", "A", "granted"), ("08:00:20", "1", "B", "granted"))
    ahead = doors(("A", "Lobby"), ("B", "Dock"), clock_offset_s=[0.0, -47.0])
    assert hits(flag_events(table), "too_fast") == [(1, 0)]
    assert hits(flag_events(table, ahead), "too_fast") == []


def test_walking_seconds_that_are_not_numbers_are_explained() -> None:
    "The error names the column"
    with pytest.raises(InputError, match="walk_s_"):
        flag_events(
            events(("08:00:00", "1", "A", "granted")),
            doors(("A", "Lobby"), ("B", "Dock"), walk_s_B=["far", ""]),
        )


def test_the_first_time_at_a_reader_is_flagged_once() -> None:
    "For each cardholder and reader the earliest event; not without a cardholder or a reader"
    table = events(
        ("08:05:00", "1", "A", "granted"),
        ("08:00:00", "1", "A", "granted"),
        ("08:10:00", "1", "B", "granted"),
        ("08:11:00", "2", "B", "granted"),
        ("08:12:00", None, "B", "denied"),
        ("08:13:00", "3", None, "granted"),
    )
    assert flag_events(table)["first_time_at_reader"].tolist() == [False, True, True, True, False, False]


def test_unknown_cardholders_are_those_missing_or_not_in_the_directory() -> None:
    "Without a list of the known ones only the missing are unknown"
    table = events(
        ("08:00:00", "1", "A", "granted"),
        ("08:01:00", "2", "A", "granted"),
        ("08:02:00", None, "A", "denied"),
    )
    assert flag_events(table)["unknown_cardholder"].tolist() == [False, False, True]
    assert flag_events(table, known=["1"])["unknown_cardholder"].tolist() == [False, True, True]


def test_one_credential_with_two_names_rests_on_the_earliest_other_name() -> None:
    "Case and spaces do not make another name; a card counts, and the cardholder where there is no card"
    table = events(
        *((f"08:00:0{n}", "1", "A", "granted") for n in range(6)),
        cardholder_name=["Ann Li", "ANN  LI", "Bo", "Bo", "Cy", None],
        credential=["c1", "c1", "c1", None, "c2", "c1"],
    )
    assert hits(flag_events(table), "two_names") == [(0, 2), (1, 2), (2, 0)]
    assert hits(flag_events(table.drop(columns="credential")), "two_names") == [
        (0, 2), (1, 2), (2, 0), (3, 0), (4, 0)
    ]  # fmt: skip


def test_a_clock_that_goes_back_shows_in_the_order_of_the_log() -> None:
    "Per reader, oldest or newest first, and also when the events have been sorted since"
    times = ["08:00:00", "08:05:00", "08:03:00", "08:10:00", "08:12:00"]
    table = events(*((at, "1", "A", "granted") for at in times), line=[2, 3, 4, 5, 6])
    assert hits(flag_events(table), "clock_backwards") == [(2, 1)]
    assert hits(flag_events(table.sort_values("event_time")), "clock_backwards") == [(2, 1)]
    newest_first = table.assign(line=table["line"].to_numpy()[::-1])
    assert hits(flag_events(newest_first), "clock_backwards") == [(2, 1)]
    at_two_readers = table.assign(reader_id=["A", "A", "B", "A", "A"])
    assert hits(flag_events(at_two_readers), "clock_backwards") == []


def test_a_log_in_some_other_order_says_nothing_about_clocks() -> None:
    "Sorted by cardholder, say, half of the swipes go back"
    random = np.random.default_rng(0)
    seconds = random.permutation(100)
    table = events(*((f"08:{s // 60:02d}:{s % 60:02d}", "1", "A", "granted") for s in seconds))
    assert not flag_events(table)["clock_backwards"].any()


def test_swipes_of_the_same_time_in_a_log_in_some_other_order_follow_its_lines() -> None:
    "Sorted by cardholder, say, the file has no direction, and a person's swipes are in the order they were made"
    random = np.random.default_rng(0)
    rows = [
        (f"08:{minute:02d}:00", str(who), "A", outcome)
        for who, minute in enumerate(random.integers(0, 60, 80))
        for outcome in ("denied", "granted")
    ]
    for first in range(0, 80, 2):  # more steps on than back, and more back than on
        table = events(*rows[first:], line=range(len(rows) - first))
        assert len(hits(flag_events(table), "denied_then_granted")) == len(table) // 2


def test_the_samples_story_is_found() -> None:
    "The drawn-up oddities of the sample are among its flags"
    log = load_badges(DATA / "sample_badges.csv", timezone="America/Denver")
    flags = flag_events(log.events, hours=("06:00", "20:00"))
    assert flags["denied_then_granted"].sum() == 1
    assert flags["too_fast"].sum() == 1
    assert flags["repeated_swipe"].sum() == 3
    assert flags["outside_hours"].sum() > 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda table: table.set_axis(["a"]), "the same number"),
        (lambda table: pd.concat([table, table]), "the same number"),
        (lambda table: table.assign(event_time=pd.Series([pd.NaT], dtype="datetime64[us, UTC]")), "no time"),
    ],
)
def test_tables_that_are_not_events_are_refused(change: Any, message: str) -> None:
    "One clear sentence says what is missing"
    with pytest.raises((InputError, TimestampError), match=message):
        flag_events(change(events(("08:00:00", "1", "A", "granted"))))


@pytest.mark.parametrize(
    "hours", [("7", "19:00"), ("07:00", "soon"), (6, 20), ("07:00",), ("07:00Z", "19:00")]
)
def test_hours_that_are_not_times_are_refused(hours: Any) -> None:
    "The error shows how to write one"
    with pytest.raises(InputError, match="07:00"):
        flag_events(events(("08:00:00", "1", "A", "granted")), hours=hours, timezone="UTC")


def by_hand(table: pd.DataFrame) -> dict[str, list[tuple[int, int]]]:
    """The flags of swipes, one event at a time."""
    found: dict[str, list[tuple[int, int]]] = {
        "denied_then_granted": [],
        "repeated_swipe": [],
        "too_fast": [],
    }
    seen: list[Any] = []
    for row in table.sort_values("event_time", kind="stable").itertuples():
        own = [it for it in seen if it.cardholder_id == row.cardholder_id]
        here = [it for it in own if it.reader_id == row.reader_id]
        seen.append(row)
        if here and (row.event_time - here[-1].event_time).total_seconds() <= 30:
            found["repeated_swipe"].append((row.Index, here[-1].Index))
        if not own:
            continue
        since = (row.event_time - own[-1].event_time).total_seconds()
        if (own[-1].outcome, row.outcome) == ("denied", "granted") and since <= 120:
            found["denied_then_granted"].append((row.Index, own[-1].Index))
        if own[-1].reader_id != row.reader_id and since < 30:
            found["too_fast"].append((row.Index, own[-1].Index))
    return {name: sorted(pairs) for name, pairs in found.items()}


SWIPE = st.tuples(
    st.integers(0, 599).map(lambda s: f"08:{s // 60:02d}:{s % 60:02d}"),
    st.sampled_from("123"),
    st.sampled_from("AB"),
    st.sampled_from(["granted", "denied", "unknown"]),
)


@pytest.mark.not_quick
@given(st.lists(SWIPE, min_size=1, max_size=25))
@settings(deadline=None, max_examples=60)
def test_agrees_with_going_through_the_events_one_by_one(rows: list[tuple[str, str, str, str]]) -> None:
    "The vectorised flags are those that a person with the list would set"
    table = events(*rows)
    flags = flag_events(table)
    assert {name: hits(flags, name) for name in by_hand(table)} == by_hand(table)
