"""What a case rests on is kept with it: the files byte for byte, the rows that are not events, the settings."""

from __future__ import annotations

import json
import os
import re
from hashlib import sha256

import pandas as pd
import pytest
from pydantic import SecretStr

from camkit.badges import flag_events, load_badges, load_doors, resolve
from camkit.cameras.een import EagleEyeV1
from camkit.cameras.meraki import Meraki
from camkit.case import Case
from camkit.errors import InputError
from camkit.site import Site
from tests.support.cases import ZONE

EXPORT = """timestamp,UserID,reader_id,outcome
2019-04-12T14:20:29-06:00,85063715,HQ-R1,denied
2019-04-12T14:20:35-06:00,85063715,HQ-R1,granted
2019-04-12T14:20:35-06:00,85063715,HQ-R1,granted
yesterday at 14:30,85063716,HQ-R2,granted
2019-04-12T14:21:00-06:00,85063717,HQ-R2,granted
Total 4
"""
DOORS = (
    "reader_id,door,vendor,camera_id\nHQ-R1,Main entrance,meraki,Q2XX-0000-0001\nHQ-R2,Server room,een,2\n"
)


class Asked:
    "A site as a case sees it"

    is_demo = False
    services = {"een": {"host": "https://c001.example", "user": "cameras@example.com"}}  # noqa: RUF012


@pytest.fixture
def files(tmp_path):
    "An export and a doors file, as somebody brings them"
    (tmp_path / "Export May.csv").write_text(EXPORT)
    (tmp_path / "doors.csv").write_text(DOORS)
    return tmp_path


@pytest.fixture
def case(tmp_path):
    "An empty case"
    with Case(tmp_path / "case", operator="R. Investigator") as case:
        yield case


def loaded(files):
    "Log, doors and flags"
    log = load_badges(files / "Export May.csv", timezone=ZONE)
    doors = load_doors(files / "doors.csv")
    return log, doors, flag_events(log.events, doors, ("06:00", "20:00"))


def fill(case, files, rows=slice(1, 2)):
    "A case with some of the events and all sources"
    log, doors, flags = loaded(files)
    case.add_events(resolve(log.events.iloc[rows], doors), flags=flags)
    case.add_sources(log, doors=doors, flags=flags, site=Asked())


def document(case, kind):
    "The row and the bytes of a document"
    row = next(row for row in case.table("documents").to_dict("records") if row["kind"] == kind)
    content = (case.folder / row["path"]).read_bytes()
    assert sha256(content).hexdigest() == row["sha256"]
    assert len(content) == row["bytes"]
    return row, content


def setting(case, name):
    "The latest value of a setting"
    table = case.table("settings")
    return json.loads(table.loc[table["name"] == name, "value"].iloc[-1])


def test_the_exports_and_the_doors_are_kept_byte_for_byte(case, files):
    "By their SHA-256, with the names that they had"
    fill(case, files)
    row, content = document(case, "badge export")
    assert row["name"] == "Export May.csv"
    assert row["path"] == f"documents/{row['sha256'][:2]}/{row['sha256']}.csv"
    assert content == EXPORT.encode()
    assert document(case, "doors")[1] == DOORS.encode()


def test_an_event_can_be_looked_up_in_the_export_beside_it(case, files):
    "Its file and its line are those of the document"
    fill(case, files)
    event = case.events().iloc[0]
    row, content = document(case, "badge export")
    assert event["file"] == row["name"]
    assert (
        content.decode().splitlines()[event["line"] - 1] == "2019-04-12T14:20:35-06:00,85063715,HQ-R1,granted"
    )


def test_every_row_that_is_no_event_is_kept_with_its_line_and_its_reason(case, files):
    "Rejected, ignored and duplicate rows, in the order of the file"
    fill(case, files)
    content = document(case, "rows that are not events")[1].decode()
    rows = pd.read_csv(
        case.folder / document(case, "rows that are not events")[0]["path"], keep_default_na=False
    )
    assert rows[["line", "what"]].values.tolist() == [[4, "duplicate"], [5, "rejected"], [7, "ignored"]]
    assert rows["reason"].tolist()[0] == "the same as Export May.csv, line 3"
    assert "yesterday at 14:30" in content


def test_the_settings_say_how_it_was_read_and_who_was_asked(case, files):
    "What was given, what was found, the hours of the flags, the site, the versions"
    fill(case, files)
    read = setting(case, "badge log")
    assert read["timezone"] == ZONE
    assert (read["rows_read"], read["events"], read["rejected"], read["duplicates"], read["ignored"]) == (
        6,
        3,
        1,
        1,
        1,
    )
    assert read["files"][0]["profile"] == "simple"
    assert setting(case, "flags")["hours"] == ["06:00", "20:00"]
    assert setting(case, "site") == {"is_demo": False, "services": Asked.services}
    assert {"camkit", "Python", "pandas"} <= set(setting(case, "software"))


def test_adding_the_same_sources_again_adds_nothing(case, files):
    "Neither a document nor a setting nor a description; a changed setting is added"
    fill(case, files)
    before = case.seal()
    fill(case, files)
    assert case.seal() == before
    log, doors, _ = loaded(files)
    case.add_sources(log, doors=doors, flags=flag_events(log.events, doors, ("05:00", "20:00")), site=Asked())
    assert setting(case, "flags")["hours"] == ["05:00", "20:00"]
    assert len(case.table("settings")) == 5
    assert case.verify().ok


@pytest.mark.parametrize("name", ["Export May.csv", "doors.csv"])
@pytest.mark.parametrize("change", ["edit", "remove", "pipe"])
def test_a_file_that_changed_since_it_was_loaded_is_refused(case, files, name, change):
    "It is not what the events come from; nothing of it is in the case"
    log, doors, flags = loaded(files)
    case.add_events(resolve(log.events, doors), flags=flags)
    path = files / name
    content = path.read_text()
    path.unlink()
    if change == "pipe":
        os.mkfifo(path)
    elif change == "edit":
        path.write_text(content.replace("HQ-R1", "HQ-R9"))
    with pytest.raises(InputError, match=r"changed since it was loaded|cannot be read any more"):
        case.add_sources(log, doors=doors)
    assert case.table("documents").empty
    assert case.table("settings").empty
    assert not (case.folder / "documents").exists()


def test_sources_of_another_log_are_refused(case, files):
    "Its events have other labels, or say something else"
    fill(case, files, slice(0, 3))
    (files / "Export May.csv").write_text(EXPORT.replace("85063717", "85063718"))
    with pytest.raises(InputError, match="another badge log"):
        case.add_sources(loaded(files)[0])
    (files / "Export May.csv").write_text("".join(EXPORT.splitlines(keepends=True)[:3]))
    with pytest.raises(InputError, match="not in this badge log"):
        case.add_sources(loaded(files)[0])


def test_events_that_were_picked_from_another_log_are_refused_before_they_are_added(case, files):
    "Such as those of the sample, which a cell above left in the kernel; in a case nothing can be taken back"
    log, doors, flags = loaded(files)
    left = resolve(log.events, doors)
    (files / "Export May.csv").write_text(EXPORT.replace("85063717", "85063718"))
    with pytest.raises(
        InputError, match=r"1 of these .* events are not in this badge log.*Run the cells above again"
    ):
        case.add_events(left, flags=flags, log=loaded(files)[0])
    assert case.events().empty and case.table("flags").empty
    case.add_events(left, flags=flags, log=log)
    assert len(case.events()) == len(log.events)


def test_a_changed_doors_table_is_kept_as_it_was_used(case, files):
    "Not the file, which says something else"
    log, doors, _ = loaded(files)
    doors.loc[0, "clock_offset_s"] = 5.0
    case.add_sources(log, doors=doors)
    row, content = document(case, "doors")
    assert row["name"] == "doors_table.csv"
    assert b"5.0" in content


def test_the_other_event_of_a_flag_is_described(case, files):
    "Though it is not in the case: who, where, when, what the reader did, and the line"
    fill(case, files)
    assert set(case.table("flags")["description"].dropna()) == {
        "85063715 at Main entrance (HQ-R1), Fri 2019-04-12 14:20:29 MDT; denied; Export May.csv, line 2"
    }


NAMED = """event_time,cardholder_id,cardholder_name,reader_id,outcome
2026-01-05T08:00:00Z,9001,Bea Bystander,R1,granted
2026-01-05T07:59:00Z,4711,Ann Li,R1,granted
2026-01-05T09:00:00Z,9001,Bea Bystander,R1,granted
2026-01-05T10:00:00Z,4711,Bea Bystander,R1,granted
"""


@pytest.mark.parametrize(
    ("picked", "flag", "described"),
    [
        ([1, 2], "clock_backwards", "another name or number at reader (R1), Mon 2026-01-05 08:00:00 UTC"),
        ([1, 2], "two_names", "another name or number at reader (R1), Mon 2026-01-05 10:00:00 UTC"),
        ([0, 1], "clock_backwards", "Bea Bystander (9001) at reader (R1), Mon 2026-01-05 08:00:00 UTC"),
    ],
)
def test_a_holder_who_is_not_in_the_case_is_not_named_beside_a_flag(case, files, picked, flag, described):
    "Such as a bystander whose own event was picked by mistake and excluded; the line of the export is given"
    (files / "log.csv").write_text(NAMED)
    log = load_badges(files / "log.csv", timezone="UTC")
    flags = flag_events(log.events)
    case.add_events(resolve(log.events.loc[picked], load_doors(files / "doors.csv")), flags=flags)
    case.add_sources(log, flags=flags)
    table = case.table("flags")
    about_ann = table[(table["event"] == 1) & (table["flag"] == flag)]
    assert about_ann["description"].str.startswith(described).all() and len(about_ann) == 1
    assert "log.csv, line " in about_ann["description"].iloc[0]
    case.exclude(next(event for event in picked if event != 1), "picked by mistake")
    assert "Bea" not in case.report().read_text("utf-8")


def test_an_altered_or_missing_document_is_found(case, files):
    "As an image is; and one that nobody added is named"
    fill(case, files)
    assert case.verify().ok
    path = case.folder / document(case, "badge export")[0]["path"]
    path.write_bytes(EXPORT.replace("85063717", "85063718").encode())
    assert "its SHA-256 is" in case.verify().problems()[0]
    path.unlink()
    assert "is not there" in case.verify().problems()[0]
    (path.parent / "new.csv").write_text("x")
    assert "new.csv" in case.verify().summary()


def test_the_accounts_are_recorded_without_their_secrets(case, files):
    "Who was asked, in the case and in its report; no key and no password in any of its files"
    site = Site(
        meraki=Meraki(SecretStr("key-canary")),
        een=EagleEyeV1("cameras@example.com", SecretStr("password-canary"), SecretStr("api-canary")),
    )
    log, doors, _ = loaded(files)
    case.add_sources(log, doors=doors, site=site)
    assert setting(case, "site")["services"]["een"]["user"] == "cameras@example.com"
    page = case.report().read_text("utf-8")
    assert re.search("Eagle Eye Networks, host [^,]+, user <bdi>cameras@example.com</bdi>", page)
    for path in (path for path in case.folder.rglob("*") if path.is_file()):
        assert b"canary" not in path.read_bytes()
