"""Each system's export is recognised and read; the columns of an unknown one can be named."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from camkit.badges import load_badges
from camkit.badges.profiles import profiles
from camkit.errors import BadgeFileError
from tests.conftest import ROOT

FIXTURES = ROOT / "tests" / "fixtures" / "badges"

# file: profile, rows, ignored, then of the first event: UTC, cardholder, reader, outcome
EXPORTS = {
    "camkit.csv": ("camkit", 2, 0, "2019-04-12T20:20:29", "00071234", "HQ-R1", "granted"),
    "simple.csv": ("simple", 3, 0, "2019-04-12T20:20:29", "85063715", None, "unknown"),
    "keypad.csv": ("keypad", 4, 1, "2019-11-16T03:04:11", "071", None, "granted"),
    "hikvision.csv": (
        "hikvision",
        3,
        0,
        "2026-05-31T18:03:17",
        "00042",
        "Door1_Entrance Card Reader1",
        "granted",
    ),
    "attlog.dat": ("zkteco", 4, 1, "2026-10-03T14:59:01", "7", None, "unknown"),
    "attlog_names.dat": ("zkteco_names", 2, 0, "2026-10-03T14:59:01", "9", None, "unknown"),
    "agl_001.txt": ("agl", 2, 0, "2026-10-03T14:59:01", "00042", None, "unknown"),
    "verkada.csv": ("verkada", 3, 1, "2026-01-26T22:22:34", "5990", "Lobby", "granted"),
    "verkada_api.json": ("verkada_api", 3, 1, "2026-01-26T22:22:34", "5990", "Lobby", "granted"),
    "brivo.csv": ("brivo", 2, 0, "2026-05-01T08:02:17", "Ann Li", "Lobby", "granted"),
    "kisi.csv": ("kisi", 3, 1, "2026-05-01T08:02:17", "501", "Lobby", "granted"),
    "unifi.csv": ("unifi", 3, 1, "2023-11-27T12:11:31", "u-17", "Lobby", "granted"),
    "unifi_api.json": ("unifi_api", 3, 1, "2023-11-27T12:11:31", "u-17", "Lobby", "granted"),
    "genetec.csv": ("genetec", 3, 0, "2026-06-01T14:02:17.123400", "Ann Li", "Lobby", "granted"),
    "onguard.csv": ("onguard", 2, 0, "2026-05-01T08:02:17", "17", "Lobby", "granted"),
    "onguard_local.csv": ("onguard", 1, 0, "2026-05-01T08:02:17", "17", "Lobby", "granted"),
    "ccure.csv": ("ccure", 3, 1, "2026-05-01T08:02:17", "Li, Ann", "Lobby", "granted"),
    "gallagher.csv": ("gallagher", 3, 1, "2026-05-01T14:02:17", "5990", "D1", "granted"),
    "prowatch.txt": ("prowatch", 2, 0, "2026-05-01T14:02:17", "5990", "Lobby", "granted"),
    "net2.csv": ("net2", 3, 0, "2026-05-01T14:02:17", "17", "Lobby (IN)", "granted"),
    "hikcentral.csv": (
        "hikcentral",
        2,
        0,
        "2026-05-31T18:03:17",
        "00042",
        "Door1_Entrance Card Reader1",
        "unknown",
    ),
    "biostar.csv": ("biostar", 3, 0, "2026-05-01T14:02:17", "00042", "MAIN DOOR - IN", "granted"),
    "salto.csv": ("salto", 3, 0, "2026-05-01T14:02:17", "00042", "Lobby", "granted"),
    "amag.csv": ("amag", 3, 0, "2026-05-01T14:02:17", "17", "Lobby", "granted"),
    "nedap.csv": ("nedap", 3, 0, "2026-05-01T14:02:17", "17", "Lobby", "granted"),
    "purview.csv": ("purview", 2, 0, "2026-05-01T08:02:17", "ann@example.com", "Lobby", "granted"),
    "niagara.csv": ("niagara", 2, 0, "2026-05-01T14:02:17", "17", "Lobby", "granted"),
}


@pytest.mark.parametrize("name", EXPORTS)
def test_reads_the_export_of_each_system(name: str) -> None:
    "The system is recognised, the first event is what the file says, and every row is accounted for"
    profile, rows, ignored, at, cardholder, reader, outcome = EXPORTS[name]
    log = load_badges(FIXTURES / name, timezone="America/Denver")
    first = log.events.iloc[0]
    assert log.profile == profile
    assert (log.rows_read, len(log.ignored), len(log.rejected)) == (rows, ignored, 0)
    assert len(log.events) == rows - ignored
    assert first["event_time"] == datetime.fromisoformat(at).replace(tzinfo=UTC)
    assert first["cardholder_id"] == cardholder
    assert first["reader_id"] == reader if reader else pd.isna(first["reader_id"])
    assert first["outcome"] == outcome


def test_the_readme_names_every_system() -> None:
    "Whoever looks for their own system finds it there"
    systems = (ROOT / "README.md").read_text("utf-8").split("**Systems.**", 1)[1].split("\n**", 1)[0]
    assert [profile.title for profile in profiles().values() if f"- {profile.title}" not in systems] == []


def test_every_profile_and_every_fixture_is_covered() -> None:
    "Every profile has an export that proves it, and every export is used"
    assert {profile for profile, *_ in EXPORTS.values()} == set(profiles())
    assert {file.name for file in FIXTURES.iterdir()} == set(EXPORTS)


@pytest.mark.parametrize(
    ("name", "outcomes"),
    [
        ("keypad.csv", ["granted", "denied", "granted"]),
        ("verkada.csv", ["granted", "denied"]),
        ("brivo.csv", ["granted", "denied"]),
        ("unifi.csv", ["granted", "denied"]),
        ("genetec.csv", ["granted", "denied", "granted"]),
        ("onguard.csv", ["granted", "denied"]),
        ("ccure.csv", ["granted", "denied"]),
        ("gallagher.csv", ["granted", "denied"]),
        ("prowatch.txt", ["granted", "denied"]),
        ("net2.csv", ["granted", "denied", "granted"]),
        ("biostar.csv", ["granted", "denied", "unknown"]),
        ("salto.csv", ["granted", "denied", "unknown"]),
        ("amag.csv", ["granted", "denied", "unknown"]),
        ("nedap.csv", ["granted", "denied", "unknown"]),
        ("purview.csv", ["granted", "denied"]),
        ("niagara.csv", ["granted", "denied"]),
    ],
)
def test_translates_the_outcomes_of_each_system(name: str, outcomes: list[str]) -> None:
    "Granted and denied come from the system's own words, or from its numbers where those do not depend on language"
    assert list(load_badges(FIXTURES / name, timezone="America/Denver").events["outcome"]) == outcomes


def test_keeps_zeros_names_and_the_commas_in_them() -> None:
    "Identifiers keep their zeros, and a name in quotes keeps its comma"
    events = load_badges(FIXTURES / "keypad.csv", timezone="America/Denver").events
    assert list(events["cardholder_id"].fillna("")) == ["071", "", "008"]
    assert events["cardholder_name"].iloc[2] == "Bo Østby, Jr."


def test_distinguishes_the_credential_from_the_cardholder() -> None:
    "Where card and employee have their own numbers, the cardholder is the employee"
    first = load_badges(FIXTURES / "onguard.csv").events.iloc[0]
    assert (first["cardholder_id"], first["credential"], first["cardholder_name"]) == ("17", "5990", "Ann Li")


def test_extracts_fields_from_sentences() -> None:
    "A profile may extract reader, name and card number from sentences"
    second = load_badges(FIXTURES / "gallagher.csv", timezone="Europe/Oslo").events.iloc[1]
    assert (second["cardholder_id"], second["cardholder_name"], second["reader_id"]) == (
        "5991",
        "Bo Østby",
        "D2",
    )


def test_the_offset_column_gives_the_site_its_zone() -> None:
    "C-CURE's minutes west of UTC become the zone for display if none is passed"
    assert str(load_badges(FIXTURES / "ccure.csv").timezone) == "UTC-06:00"


def test_keeps_columns_that_have_no_role() -> None:
    "A column that the kit does not use is still in the events, under its own name"
    events = load_badges(FIXTURES / "hikvision.csv", timezone="America/Denver").events
    assert list(events["Department"]) == ["HQ", "HQ", "HQ"]
    assert list(events["Attendance Status"]) == ["Check-in", "Check-in", "Check-out"]


def test_extra_columns_never_replace_those_of_the_kit(tmp_path: Path) -> None:
    "A column with the name of one of the kit's, or of another column, gets a number"
    path = tmp_path / "badges.csv"
    path.write_text("timestamp,UserID,line,note,note,\n2019-04-12T14:20:29Z,7,A,b,c,d\n")
    events = load_badges(path).events
    assert events.iloc[0][["line", "line 2", "note", "note 2", "column 6"]].tolist() == [
        2,
        "A",
        "b",
        "c",
        "d",
    ]


def test_keeps_the_words_of_an_outcome_that_says_more(tmp_path: Path) -> None:
    "A column called outcome is translated, and its own words are kept in another column"
    path = tmp_path / "badges.csv"
    path.write_text("timestamp,UserID,outcome\n2019-04-12T14:20:29Z,7,Access Denied: expired\n")
    first = load_badges(path).events.iloc[0]
    assert (first["outcome"], first["outcome_text"]) == ("denied", "Access Denied: expired")


def test_the_words_of_an_outcome_depend_on_its_own_row_only(tmp_path: Path) -> None:
    "An event has words of its own or none, whatever other rows are: a total, a rejected row, another event"
    path = tmp_path / "badges.csv"
    plain = "timestamp,UserID,outcome\n2019-04-12T14:20:29Z,7,granted\n"
    path.write_text(plain)
    alone = load_badges(path).events
    for row in ("Total: 1,,\n", "soon,7,Access Granted\n"):
        path.write_text(plain + row)
        pd.testing.assert_frame_equal(load_badges(path).events, alone)
    path.write_text(plain + "2019-04-12T14:20:30Z,7,Access Granted\n2019-04-12T14:20:31Z,7,\n")
    words = load_badges(path).events["outcome_text"]
    assert words.isna().tolist() == [True, False, True]
    assert words[1] == "Access Granted"


def test_an_exports_own_outcome_text_is_kept(tmp_path: Path) -> None:
    "A column of that name is not overwritten"
    path = tmp_path / "badges.csv"
    path.write_text(
        "timestamp,UserID,outcome,outcome_text\n2019-04-12T14:20:29Z,7,Access Denied,card expired\n"
    )
    first = load_badges(path).events.iloc[0]
    assert first[["outcome_text", "outcome_text 2"]].tolist() == ["card expired", "Access Denied"]


def test_outcomes_that_are_not_in_the_vocabulary_are_unknown(tmp_path: Path) -> None:
    "An unknown word is neither granted nor denied"
    path = tmp_path / "badges.csv"
    path.write_text("timestamp,UserID,outcome\n2019-04-12T14:20:29Z,7,Perhaps\n")
    assert load_badges(path).events["outcome"].tolist() == ["unknown"]


def test_columns_map_an_unknown_export(tmp_path: Path) -> None:
    "The caller says what each column is for; date and time may be separate, names may be joined"
    path = tmp_path / "badges.csv"
    path.write_text("Day;Clock;Badge;First;Last;Gate\n2019-04-12;14:20:29;0042;Ann;Li;North\n")
    columns = {"date": "Day", "time": "Clock", "cardholder_id": "Badge", "cardholder_name": "First + Last"}
    log = load_badges(path, "America/Denver", columns={**columns, "reader_id": "Gate"})
    first = log.events.iloc[0]
    assert first["event_time"] == datetime(2019, 4, 12, 20, 20, 29, tzinfo=UTC)
    assert first[["cardholder_id", "cardholder_name", "reader_id"]].tolist() == ["0042", "Ann Li", "North"]
    assert log.profile == "columns given"


def test_columns_can_correct_a_profile(tmp_path: Path) -> None:
    "With a profile and columns, the columns take precedence and the profile's vocabulary stays"
    path = tmp_path / "badges.csv"
    path.write_text("When,UserID,EventType\n2019-04-12T14:20:29Z,7,26\n")
    log = load_badges(path, profile="net2", columns={"event_time": "When"})
    assert (log.profile, log.events["outcome"].iloc[0]) == ("net2", "granted")


@pytest.mark.parametrize(
    ("name", "old", "new", "outcome"),
    [
        ("kisi.csv", "Ann Li unlocked Lobby", "Denied Osei unlocked Failed Goods Store", "granted"),
        ("brivo.csv", "Ann,Li,Access Granted", ",,Failed Access by Unknown Credential", "denied"),
        ("onguard.csv", "Access Granted", "Granted Access", "granted"),
        ("onguard.csv", "Access Granted", "Access Granted: Reader Unlocked", "granted"),
        ("onguard.csv", "Access Granted", '"Denied, Badge Not in Panel"', "denied"),
        ("onguard.csv", "Access Granted", "Invalid Badge", "denied"),
        ("onguard.csv", "Access Granted", "Access Granted - No Entry", "granted"),
        ("onguard.csv", "Access Granted", "Access Granted Entry Made", "granted"),
        ("onguard.csv", "Access Granted", "Access Granted No Entry Made", "granted"),
    ],
)
def test_knows_outcomes_by_other_words(tmp_path: Path, name: str, old: str, new: str, outcome: str) -> None:
    "Words that the systems write besides the most common ones; a refusal is never taken for an entry"
    text = (FIXTURES / name).read_text("utf-8")
    assert old in text
    (tmp_path / name).write_text(text.replace(old, new, 1), encoding="utf-8")
    log = load_badges(tmp_path / name)
    assert log.rejected.empty
    assert log.events["outcome"].iloc[0] == outcome
    assert "Outcome unknown" not in log.summary()


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        (
            "kisi.csv",
            "Ann Li unlocked Lobby",
            "Ann Li was denied to unlock Lobby",
            "unlock Ann Li was denied to ",
        ),
        (
            "kisi.csv",
            "Ann Li unlocked Lobby",
            "Ann Li could not unlock Lobby",
            "unlock Ann Li could not unlock",
        ),
        ("onguard.csv", "Access Granted", "Access Granted Level Removed", "Access Granted Level Removed"),
        ("onguard.csv", "Access Granted", "Granted Access Level Changed", "Granted Access Level Changed"),
    ],
)
def test_other_words_are_never_taken_for_an_entry(
    tmp_path: Path, name: str, old: str, new: str, words: str
) -> None:
    "Their outcome is unknown, and the summary says so"
    text = (FIXTURES / name).read_text("utf-8")
    (tmp_path / name).write_text(text.replace(old, new, 1), encoding="utf-8")
    log = load_badges(tmp_path / name)
    assert log.events["outcome"].iloc[0] == "unknown"
    assert f"Outcome unknown where the export says '{words}" in log.summary()


def test_unknown_words_for_an_outcome_are_listed(tmp_path: Path) -> None:
    "In the summary, each with its count; an alarm's words are known; nobody is granted anything"
    path = tmp_path / "badges.csv"
    rows = ["7,Waved through", "7,Waved through", "8,Tailgated", ",Door forced open", ",granted", "9,granted"]
    lines = [f"2019-04-12T14:20:{second}Z,{row}" for second, row in enumerate(rows, 10)]
    path.write_text("\n".join(["timestamp,UserID,outcome", *lines]))
    log = load_badges(path)
    assert "Outcome unknown where the export says 'Waved through' (2 x), 'Tailgated' (1 x)." in log.summary()
    assert log.rejected["reason"].tolist() == ["no cardholder, though not denied"]
    assert log.events["kind"].tolist() == ["swipe", "swipe", "swipe", "forced", "swipe"]


def test_a_profile_fits_without_the_column_of_kinds(tmp_path: Path) -> None:
    "With the columns named and the kind of event not in the export, every row is an event"
    path = tmp_path / "badges.csv"
    path.write_text("timestamp,Card\n2019-04-12T14:20:29Z,7\n")
    log = load_badges(path, profile="verkada", columns={"event_time": "timestamp", "cardholder_id": "Card"})
    assert (log.profile, log.events["cardholder_id"].tolist()) == ("verkada", ["7"])


def test_events_need_no_cardholder_column(tmp_path: Path) -> None:
    "The cardholder is then missing in every event"
    path = tmp_path / "badges.csv"
    path.write_text("When,Door\n2019-04-12T14:20:29Z,R1\n")
    events = load_badges(path, columns={"event_time": "When", "reader_id": "Door"}).events
    assert (events["cardholder_id"].isna().tolist(), events["reader_id"].tolist()) == ([True], ["R1"])


def test_minutes_east_place_local_times(tmp_path: Path) -> None:
    "An offset in a column of its own applies to each time, whatever the zone; without it the row is rejected"
    path = tmp_path / "badges.csv"
    path.write_text(
        "When,Who,Min\n2019-04-12T14:00:00,7,120\n2019-04-12T14:00:00,8,-90\n2019-04-12T14:00:00,9,?\n"
    )
    columns = {"event_time": "When", "cardholder_id": "Who", "minutes_east": "Min"}
    log = load_badges(path, columns=columns)
    assert log.events["event_time"].dt.strftime("%H:%M").tolist() == ["12:00", "15:30"]
    assert log.rejected["line"].tolist() == [4]


def test_unknown_columns_say_what_was_found_and_what_to_pass(tmp_path: Path) -> None:
    "The message names the columns of the file and the argument that explains them"
    path = tmp_path / "badges.csv"
    path.write_text("When,Badge\n2019-04-12T14:20:29Z,7\n")
    with pytest.raises(BadgeFileError, match=r"'When', 'Badge'.*columns=\{") as caught:
        load_badges(path)
    assert caught.value.path == path


def test_two_profiles_that_fit_equally_well_are_an_error(tmp_path: Path) -> None:
    "The message names both, and the argument that decides"
    path = tmp_path / "badges.csv"
    path.write_text("timestamp,UserID,published,type,result\n2019-04-12T14:20:29Z,7,1701087091000,x,ACCESS\n")
    with pytest.raises(BadgeFileError, match=r"'simple' and 'unifi'.*profile='simple' or profile='unifi'"):
        load_badges(path)
    assert load_badges(path, profile="simple").events["cardholder_id"].tolist() == ["7"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"profile": "acme"}, "Unknown profile 'acme'.*keypad"),
        ({"columns": {"when": "Date"}}, "Unknown word 'when'.*event_time"),
        ({"profile": "net2"}, "does not have the column 'EventTime'.*'timestamp'"),
        ({"profile": "genetec"}, "does not look like Genetec"),
        ({"columns": {"event_time": "Moment"}}, "does not have the column 'Moment'"),
        ({"columns": {"cardholder_id": "UserID"}}, "must say which column is the event_time"),
    ],
)
def test_arguments_that_do_not_fit_are_explained(arguments: dict, message: str) -> None:
    "The message for a wrong profile or column says what is possible"
    with pytest.raises(BadgeFileError, match=message):
        load_badges(FIXTURES / "simple.csv", **arguments)


@pytest.mark.parametrize(
    ("credentials", "cardholders"),
    [
        (["12|345", "13|345", "12|7"], ["12|345", "13|345", "7"]),
        (["345", "13|345"], ["345", "13|345"]),
        (["12|345", "12|345", "13|7"], ["345", "345", "7"]),
        (["40|5990"], ["5990"]),
    ],
)
def test_two_cards_of_one_number_stay_apart(
    tmp_path: Path, credentials: list[str], cardholders: list[str]
) -> None:
    "The facility stays in the identifier where the number alone stands for two cards, and a sentence says so"
    rows = [
        f"DOOR_KEYCARD_ENTERED_ACCEPTED,2026-05-01T08:00:0{at}Z,{card},Ann,R1"
        for at, card in enumerate(credentials)
    ]
    path = tmp_path / "badges.csv"
    path.write_text("\n".join(["event_type,timestamp,inputValue,userName,entityName", *rows, ""]))
    log = load_badges(path)
    assert log.events["cardholder_id"].tolist() == cardholders
    assert log.events["credential"].tolist() == credentials
    said = (
        f"badges.csv: the identifier '345' stands for 2 cards, such as {credentials[0]!r} in line 2: they stay apart, "
        "under the whole number of the card."
    )
    assert log.problems()[:1] == ([said] if cardholders[0] == credentials[0] else [])
