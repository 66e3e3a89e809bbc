"""A case that an older camkit made opens in this one, and stays provable when it is upgraded."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
import zipfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from camkit.cameras import Result
from camkit.case import VERDICTS, Case, VerdictLabel, chain, schema
from camkit.case.database import Stamp, insert
from camkit.errors import CaseError, InputError
from tests.case.test_opening import read_only
from tests.conftest import ROOT
from tests.support.cases import frame, made_up, made_up_snapshot, picked_at_doors

pytestmark = pytest.mark.not_quick

FIXTURES = Path(__file__).parent / "fixtures"
NOTED = json.loads((FIXTURES / "schema_2.json").read_text("utf-8"))
SEALS = [NOTED["early_seal"], NOTED["seal"]]


@pytest.fixture
def folder(tmp_path):
    "A copy of the case that a camkit with version 2 of the schema made"
    return Path(shutil.copytree(FIXTURES / "schema_2", tmp_path / "front-door"))


@pytest.fixture
def old(folder):
    "That case, open"
    with Case(folder, operator="R. Investigator") as case:
        yield case


def found(path: Path) -> dict[str, bytes]:
    "The schema of a database"
    with closing(sqlite3.connect(path)) as raw:
        return schema.found_in(raw)


def rows(path: Path) -> dict[str, list[tuple]]:
    "All rows of the tables of version 2"
    with closing(sqlite3.connect(path)) as raw:
        return {
            table: raw.execute(f"SELECT rowid, * FROM {table}").fetchall()
            for table in (*schema.KEYS[2], "chain")
        }


def upgrade_row(connection: sqlite3.Connection) -> dict:
    "A correct row of an upgrade that happens now"
    step = {"from_version": 2, "to_version": 3, "seal": chain.seal(connection)}
    digest = {"schema_sha256": schema.digest(schema.as_made(2))}
    return {**step, **digest, **Stamp("R. Investigator").columns("upgraded_at")}


def version(path: Path) -> int:
    "The version of a database"
    with closing(sqlite3.connect(path)) as raw:
        return schema.version_of(raw)


# As it is


def test_the_kept_sql_is_what_made_the_old_case(folder):
    "Statement by statement; a file of an old version is never edited"
    assert schema.as_made(2) == found(folder / "case.sqlite")


def test_an_old_case_says_what_it_said(old):
    "Events, verdicts, tables and images, under the present names"
    assert old.events()["verdict"].fillna("").to_dict() == {
        int(event) if event.isdigit() else event: verdict for event, verdict in NOTED["verdicts"].items()
    }
    assert {name: len(old.table(name)) for name in NOTED["rows"]} == NOTED["rows"]
    events = old.events()
    assert events.loc[6, ["outcome", "result"]].tolist() == ["granted", "no picture"]
    assert set(events["outcome"].dropna()) <= {"granted", "denied", "unknown"}
    assert set(old.table("snapshots")["result"]) == {"picture", "no picture", "no door"}
    for sha256 in old.table("images")["sha256"]:
        assert len(old.image(sha256)) > 100
    assert repr(old).startswith("Case front-door: 9 events, 7 with a picture, 5 reviewed")
    until = "Made by an older camkit (database version 2): read-only until upgrade()."
    assert repr(old).endswith(f" {until}")
    assert until in old._repr_html_()
    assert until not in old.summary()
    assert old.flags()
    assert len(old.decisions()[1]) >= 1
    assert len(old.choices()) == 1


def test_an_old_case_has_the_columns_of_a_new_one(old, tmp_path):
    "So that whatever reads a table can read both"
    with Case(tmp_path / "new") as new:
        for name in schema.KEYS[2]:
            assert set(old.table(name)) == set(new.table(name))
            assert (
                old.table(name)
                .dtypes.astype(str)
                .sort_index()
                .drop(["event", "other_event"], errors="ignore")
                .equals(
                    new.table(name)
                    .dtypes.astype(str)
                    .sort_index()
                    .drop(["event", "other_event"], errors="ignore")
                )
            )


@pytest.mark.parametrize("seal", [None, *SEALS])
def test_an_old_case_verifies_with_its_seals(old, seal):
    "The one that was noted early and the last one"
    assert old.verify(seal).ok
    assert old.seal() == SEALS[-1]


def test_a_forged_row_of_an_old_case_is_found(folder):
    "Also when version 2 is what is claimed to be there"
    with closing(sqlite3.connect(folder / "case.sqlite")) as raw:
        (guard,) = raw.execute("SELECT sql FROM sqlite_master WHERE name = 'verdicts_no_update'").fetchone()
        raw.execute("DROP TRIGGER verdicts_no_update")
        raw.execute("UPDATE verdicts SET verdict = 'nobody' WHERE id = 1")
        raw.execute(guard)
        raw.commit()
    with Case(folder) as case:
        assert "verdict 1 was changed" in case.verify().problems()[0]


def test_an_old_case_is_reported(old):
    "As one of this version is"
    page = old.report().read_text("utf-8")
    assert SEALS[-1] in page
    assert 'class="sound"' in page
    assert page.count("<article") == 9


def test_an_old_case_is_exported_as_it_is(old, tmp_path):
    "The database in the bag is of version 2, has the same rows and the same seal, and opens again"
    with zipfile.ZipFile(old.export(tmp_path / "bag.zip")) as archive:
        archive.extractall(tmp_path)
    data = tmp_path / "bag" / "data"
    assert version(data / "case.sqlite") == 2
    assert rows(data / "case.sqlite") == rows(old.database.path)
    assert found(data / "case.sqlite") == schema.as_made(2)
    assert SEALS[-1] in (tmp_path / "bag" / "bag-info.txt").read_text("utf-8")
    command = [sys.executable, "-m", "bagit", "--validate", str(tmp_path / "bag")]
    assert subprocess.run(command, capture_output=True).returncode == 0
    with Case(data) as copy:
        assert copy.verify(SEALS[0]).ok
    assert "result" in pd.read_csv(data / "tables" / "events.csv")


def test_looking_at_an_old_case_changes_nothing(folder):
    "Not a byte of it"
    before = (folder / "case.sqlite").read_bytes()
    with Case(folder) as case:
        case.events()
        case.verify()
        case.report()
    assert (folder / "case.sqlite").read_bytes() == before


@pytest.mark.parametrize(
    "add",
    [
        lambda case: case.add_events(made_up(1)),
        lambda case: case.add_events(picked_at_doors()),
        lambda case: case.record_verdict(0, "match"),
        lambda case: case.choose(0, case.events()["sha256"][0]),
        lambda case: case.add_snapshots(snapshot for _, snapshot in case.frames_of(picked_at_doors()[0])),
    ],
)
def test_an_old_case_is_not_written(old, add):
    "The error names what makes it one that can be"
    before = rows(old.database.path)
    with pytest.raises(
        CaseError, match=r"made by an older camkit .* call case\.upgrade\(\) before you add to it"
    ):
        add(old)
    assert rows(old.database.path) == before


def test_an_old_case_in_a_read_only_folder_is_read_and_verified(folder, tmp_path):
    "Report and export go elsewhere; what cannot be written cannot be upgraded either, so the first step is a copy"
    counts, written, *refused = read_only(folder, tmp_path)
    assert counts == f"9 7 True {SEALS[-1]}"
    assert written == "True True"
    for said in refused[:2]:
        assert said.startswith(
            f"OutputError {folder / 'case.sqlite'} is read-only, so nothing can be added: copy"
        )
    assert sorted(path.name for path in folder.iterdir()) == ["case.sqlite", "images"]


def test_the_frames_of_an_old_case_are_snapshots(old):
    "With the picture, its moment, and the cardholder's photo"
    events = {event.event_id: event for event in picked_at_doors()}
    (step_s, first), (other_step_s, other) = old.frames_of(events[0])
    assert (step_s, other_step_s) == (0.0, -5.0)
    assert first.result == Result.PICTURE
    assert first.camera is events[0].door.main
    assert {first.sha256, other.sha256} == set(old.table("snapshots").query("event == 0")["image"])
    assert first.cardholder.photo == old.image(old.events()["photo"][0])
    assert old.frames_of(events[6]) == []


# The upgrade


def test_an_upgraded_case_keeps_its_seals_and_can_be_added_to(folder, tmp_path):
    "Every old row and link is as it was; the upgrade is a row and a link of its own"
    before = rows(folder / "case.sqlite")
    with Case(folder, operator="Second Pair of Eyes") as case:
        events = case.events()
        case.upgrade()
        after = rows(folder / "case.sqlite")
        for table, old_rows in before.items():
            assert after[table][: len(old_rows)] == old_rows
        assert (
            case.events()["flags"].dropna().size == events["flags"].dropna().size
        )  # without other events' labels
        assert case.events()["note"].fillna("").equals(events["note"].fillna(""))
        same = events.columns.drop(["flags", "note"])
        pd.testing.assert_frame_equal(case.events()[same], events[same])
        assert "read-only" not in repr(case)
        (step,) = case.table("upgrades").to_dict("records")
        assert (step["from_version"], step["to_version"], step["seal"]) == (2, 3, SEALS[-1])
        assert step["operator"] == "Second Pair of Eyes"
        case.record_verdict(3, "unclear", "After the upgrade.")
    with Case(folder) as again:
        for seal in SEALS:
            assert again.verify(seal).ok
        assert again.events().loc[3, "verdict"] == "unclear"
        page = again.report().read_text("utf-8")
        assert "Its database was upgraded from version 2 to 3" in page
        with zipfile.ZipFile(again.export(tmp_path / "bag.zip")) as archive:
            archive.extractall(tmp_path)
    with Case(tmp_path / "bag" / "data") as copy:
        assert copy.verify(SEALS[0]).ok
        assert copy.verdicts()["note"].tolist()[-1] == "After the upgrade."


@pytest.mark.parametrize(
    "label", [VERDICTS[1], VerdictLabel("mismatch", "Match", "the badge's holder", "x"), VERDICTS[4]]
)
def test_the_verdicts_of_an_old_case_keep_their_meaning(old, label):
    "The upgrade records what was shown when they were given; others can be added, and the standard ones stay"
    before = old.labels()
    old.upgrade()
    assert old.labels() == before
    assert before[label.name] != label
    with pytest.raises(InputError, match=f"The verdict '{label.name}' means .* in this case, not"):
        Case(old.folder, verdicts=[label])
    with Case(old.folder, verdicts=[VerdictLabel("tailgate", "Tailgating", "slipped in", "g")]) as again:
        assert [*again.labels()] == [*before, "tailgate"]
        assert again.verify(SEALS[-1]).ok


def test_the_pictures_of_an_upgraded_case_are_not_added_again(old):
    "Though its door has views by now"
    old.upgrade()
    before = old.table("snapshots")
    for event in picked_at_doors():
        old.add_snapshots(snapshot for _, snapshot in old.frames_of(event))
    assert any(event.door and event.door.main.view for event in picked_at_doors())
    pd.testing.assert_frame_equal(old.table("snapshots"), before)
    assert "What another camera saw" not in old.report().read_text("utf-8")


def test_an_upgraded_case_has_the_schema_of_a_new_one(old, tmp_path):
    "However a case came to its version"
    old.upgrade()
    Case(tmp_path / "new").close()
    assert (
        found(old.database.path) == found(tmp_path / "new" / "case.sqlite") == schema.as_made(schema.VERSION)
    )


def test_an_upgrade_happens_once(old):
    "A second one, also by somebody else who has the case open, does nothing"
    with Case(old.folder) as other:
        old.upgrade()
        other.upgrade()
        old.upgrade()
        assert len(old.table("upgrades")) == 1
        other.record_verdict(0, "match")
    assert old.verify(SEALS[-1]).ok


@pytest.mark.parametrize("later", [True, False])
def test_a_case_that_is_upgraded_while_somebody_has_it_open_is_not_written(folder, later):
    "Whoever opened it knew another version; opened again, it can be added to"
    with Case(folder) as first, Case(folder) as other:
        other.upgrade()
        with pytest.raises(CaseError, match=r"was upgraded meanwhile.*; open it again"):
            first.record_verdict(0, "match")
        if later:
            first.upgrade()
            first.record_verdict(0, "match")
    with Case(folder) as again:
        again.record_verdict(0, "match")


def test_a_case_that_is_upgraded_while_somebody_reads_it_is_read_on(old):
    "Its tables are read as those of the version that it has by then"
    assert old.events()["result"][6] == "no picture"
    with Case(old.folder) as other:
        other.upgrade()
    assert old.events()["result"][6] == "no picture"
    assert len(old.table("upgrades")) == 1
    assert old.verify(SEALS[0]).ok


def test_an_upgrade_that_is_changed_later_is_found(old):
    "It is in the chain as all else is"
    old.upgrade()
    with closing(sqlite3.connect(old.database.path)) as raw:
        (guard,) = raw.execute("SELECT sql FROM sqlite_master WHERE name = 'upgrades_no_update'").fetchone()
        raw.execute("DROP TRIGGER upgrades_no_update")
        raw.execute("UPDATE upgrades SET operator = 'forged'")
        raw.execute(guard)
        raw.commit()
    assert "upgrade 1 was changed" in old.verify().problems()[0]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"seal": "0" * 64}, "upgrade 1 does not have the seal of what was recorded before it"),
        ({"schema_sha256": "0" * 64}, "upgrade 1 is from a schema that is not that of version 2"),
        ({"from_version": 7}, "upgrade 1 is from version 7 to 3, which camkit does not do"),
        ({"to_version": "x"}, "upgrade 1 is from version 2 to x, which camkit does not do"),
    ],
)
def test_an_upgrade_that_did_not_happen_is_found(old, changed, said):
    "Though its link is right"
    with old.database._transaction("BEGIN IMMEDIATE") as connection:
        step = upgrade_row(connection) | changed
        for statement in schema.statements(after=2):
            connection.execute(statement)
        insert(connection, "upgrades", step)
    assert old.verify(SEALS[-1]).findings["detail"].tolist() == [said]


def test_a_second_upgrade_is_found(old):
    "A case is upgraded once from a version"
    old.upgrade()
    with old.database.writing() as connection:
        insert(connection, "upgrades", upgrade_row(connection))
    assert old.verify().findings["detail"].tolist() == [
        "upgrade 2 is from version 2, but a row of upgrades was added before it",
        "upgrade 2 is from version 2, but a row of verdict_labels was added before it",
    ]


def test_an_upgrade_of_a_new_case_is_found(tmp_path):
    "It was never of an older version: rows that only a newer one has are before it"
    with Case(tmp_path / "new") as new:
        with new.database.writing() as connection:
            insert(connection, "upgrades", upgrade_row(connection))
        (said,) = new.verify().findings["detail"]
    assert said == "upgrade 1 is from version 2, but a row of verdict_labels was added before it"


def test_a_picture_of_an_upgraded_case_cannot_be_relabelled(old):
    "A view is recorded directly after its snapshot"
    old.upgrade()
    with old.database.writing() as connection:
        insert(
            connection, "camera_views", {"snapshot": 1, "view": "car park", "camera_rank": 9, "is_demo": 0}
        )
    (said,) = old.verify(SEALS[-1]).findings["detail"]
    assert said == "the view of snapshot 1 was not recorded with it"


def test_the_last_picture_of_a_case_cannot_be_relabelled(old):
    "Each picture has its row of views from the start, also where it says nothing"
    old.upgrade()
    (event, *_) = picked_at_doors()
    ((_, snapshot), *_) = old.frames_of(event)
    camera = replace(snapshot.camera, view="")
    old.add_snapshots([frame(replace(snapshot, camera=camera, cardholder=None), b"new", 10.0)])
    number = old.table("snapshots")["id"].iloc[-1]
    with pytest.raises(CaseError, match="rows are only ever added"), old.database.writing() as connection:
        insert(
            connection, "camera_views", {"snapshot": int(number), "view": "x", "camera_rank": 9, "is_demo": 0}
        )


@pytest.mark.parametrize(
    "forgery", ["DROP VIEW overview", "DROP TRIGGER chain_no_update", "CREATE TABLE upgrades (id)"]
)
def test_an_altered_schema_is_not_upgraded(folder, forgery):
    "An upgrade replaces views: what was altered must not disappear with it"
    with closing(sqlite3.connect(folder / "case.sqlite")) as raw:
        raw.execute(forgery)
    before = found(folder / "case.sqlite")
    with Case(folder) as case, pytest.raises(CaseError, match=r"cannot be upgraded: the .*Run verify\(\)"):
        case.upgrade()
    assert found(folder / "case.sqlite") == before
    assert version(folder / "case.sqlite") == 2


def test_a_process_that_dies_in_the_middle_of_an_upgrade_leaves_the_old_case(folder):
    "Whole, with its seal, and ready to be upgraded"
    code = """
import os, sys
from camkit.case import Case, database
database.insert = lambda *_: os._exit(9)  # what an upgrade does last, after the tables and views
Case(sys.argv[1]).upgrade()
"""
    assert subprocess.run([sys.executable, "-c", code, str(folder)], cwd=ROOT).returncode == 9
    assert version(folder / "case.sqlite") == 2
    with Case(folder) as case:
        assert case.verify(SEALS[-1]).ok
        case.upgrade()
        assert case.verify(SEALS[-1]).ok


# Versions that cannot be read


@pytest.mark.parametrize(("number", "said"), [(schema.VERSION + 1, "newer"), (schema.OLDEST - 1, "older")])
def test_a_case_of_an_unknown_version_is_not_opened(folder, number, said):
    "It says which version it has, which are known, and what to do"
    with closing(sqlite3.connect(folder / "case.sqlite")) as raw:
        raw.execute(f"PRAGMA user_version = {number}")
    with pytest.raises(
        CaseError,
        match=f"{said} camkit .*version {number}, this camkit reads versions {schema.OLDEST} to {schema.VERSION}",
    ):
        Case(folder)


def test_a_version_that_is_only_claimed_is_found(old, tmp_path):
    "A case of this version that is said to be an older one, and the other way round"
    with Case(tmp_path / "new") as new:
        new.add_events(made_up(1))
        new.add_snapshots([made_up_snapshot(0, b"x")])
    for folder, claimed in ((tmp_path / "new", 2), (old.folder, 3)):
        with closing(sqlite3.connect(folder / "case.sqlite")) as raw:
            raw.execute(f"PRAGMA user_version = {claimed}")
        with Case(folder) as case:
            assert not case.verify().ok
