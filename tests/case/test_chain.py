"""The chain of hashes: a change of a case without camkit shows."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from urllib3 import HTTPHeaderDict

from camkit.case import Case, chain, schema
from camkit.errors import CaseError, InputError
from camkit.http import Reply
from tests.support.cases import (
    CAMERA,
    DOOR,
    START,
    at_doors,
    fill_empty_tables,
    made_up_events,
    made_up_snapshot,
    upgraded_case,
)

KEYS = schema.KEYS[schema.VERSION]
TWO_VIEWS = replace(DOOR, cameras=(CAMERA, replace(CAMERA, camera_id="Q2XX-0000-0002", view="outside")))
REPLY = Reply("GET", "https://a.example/1", 200, HTTPHeaderDict(), b"{}", START, START, 0.1)


def fill(folder: Path) -> Case:
    "An open case with rows in every table, three events and three verdicts among them"
    case = upgraded_case(folder)
    events = made_up_events(3)
    case.add_events(at_doors(events), flags=events[[]].assign(first=True))
    case.add_snapshots([made_up_snapshot(0, b"outside", door=TWO_VIEWS, camera=TWO_VIEWS.cameras[1])])
    for label in range(3):
        seen = made_up_snapshot(label, b"picture %d" % label)
        assert seen.picture is not None
        case.add_snapshots([replace(seen, picture=replace(seen.picture, replies=(REPLY,)))])
        case.choose(label, seen.sha256)
        case.record_verdict(label, "mismatch", "Somebody else.")
    with case.database.writing() as connection:
        fill_empty_tables(connection, case.folder)
    return case


@pytest.fixture
def case(tmp_path):
    "Such a case"
    with fill(tmp_path / "front-door") as case:
        yield case


@contextmanager
def unguarded(case: Case, *tables: str) -> Iterator[sqlite3.Connection]:
    "The database, opened by somebody who removes tables' triggers and puts them back"
    with closing(sqlite3.connect(case.database.path, isolation_level=None)) as raw:
        triggers = [
            trigger
            for table in tables
            for trigger in raw.execute(
                "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?", [table]
            )
        ]
        for name, _ in triggers:
            raw.execute(f"DROP TRIGGER {name}")
        yield raw
        for _, sql in triggers:
            raw.execute(sql)


def said(case: Case, seal: str | None = None) -> list[str]:
    "What verify() finds"
    return case.verify(seal).findings["detail"].tolist()


def rewrite_chain(raw: sqlite3.Connection) -> None:
    "Make every link again, as somebody can who knows how"
    links = raw.execute("SELECT table_name, row_key FROM chain ORDER BY number").fetchall()
    raw.execute("DELETE FROM chain")
    for table, name in links:
        key = KEYS[table]
        found = raw.execute(f"SELECT rowid FROM {table} WHERE {key} = ?", [name]).fetchone()
        if found:
            chain.add_link(raw, table, key, found[0])


def test_a_case_that_nobody_touched_is_in_order(case):
    "With a row in each table, each with its link"
    assert case.verify().ok
    with case.database.reading() as connection:
        counts = {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in KEYS}
        linked = dict(connection.execute("SELECT table_name, count(*) FROM chain GROUP BY table_name"))
    assert linked == counts


def test_a_rewritten_verdict_is_found_though_its_guard_is_back(case):
    "Removing the trigger, changing a row and putting the trigger back leaves a trace"
    with unguarded(case, "decisions") as raw:
        raw.execute("UPDATE decisions SET verdict = 'match' WHERE id = 2")
    assert said(case) == ["decision 2 was changed, or something recorded before it was changed or removed"]


@pytest.mark.parametrize("table", [*KEYS])
def test_a_changed_row_of_any_table_is_found(case, table):
    "Also where the change is only in who added it, or which address was asked"
    column = {"requests": "url", "camera_views": "view"}.get(table, "operator")
    with unguarded(case, table) as raw:
        raw.execute(f"UPDATE {table} SET {column} = 'forged' WHERE rowid = (SELECT min(rowid) FROM {table})")
    text, *_ = said(case)
    assert text.startswith(f"{table.removesuffix('s')} ")
    assert "was changed" in text


def test_a_row_that_was_removed_is_found(case):
    "By its link; and if that was removed as well, by the next one"
    with unguarded(case, "decisions") as raw:
        raw.execute("DELETE FROM decisions WHERE id = 2")
    assert said(case) == ["decision 2 was removed"]
    with unguarded(case, "chain") as raw:
        raw.execute("DELETE FROM chain WHERE table_name = 'decisions' AND row_key = 2")
    jump, text, _ = said(case)
    assert jump.startswith("the chain of hashes jumps from link ")
    assert text.endswith("something recorded before it was changed or removed")


def test_a_row_that_was_slipped_in_is_found(case):
    "Adding is what the triggers allow to any program; a link of its own does not fit the others"
    slip_in = "INSERT INTO {table} SELECT {values} FROM {table} LIMIT 1"
    with closing(sqlite3.connect(case.database.path, isolation_level=None)) as raw:
        values = "9, event, 'match', image, NULL, decided_at, operator, software"
        raw.execute(slip_in.format(table="decisions", values=values))
        assert said(case) == ["decision 9 was not added by camkit"]
        ((last,),) = raw.execute("SELECT max(number) FROM chain").fetchall()
        raw.execute(slip_in.format(table="chain", values="900, 'decisions', 9, sha256"))
        jump, text, *_ = said(case)
        assert jump == f"the chain of hashes jumps from link {last} to link 900"
        assert "decision 9 was changed" in text


@pytest.mark.parametrize("spoil", ["slipped in", "removed", "unreadable"])
def test_every_row_after_one_that_is_not_in_its_place_is_still_checked(case, spoil):
    "Rows are read in the order of their links; where somebody altered it, each one is looked up by its key"
    with unguarded(case, "events", "decisions") as raw:
        if spoil == "slipped in":
            raw.execute(
                "INSERT INTO decisions SELECT -7, event, verdict, image, NULL, decided_at, operator, software"
                " FROM decisions LIMIT 1"
            )
        elif spoil == "removed":
            raw.execute("DELETE FROM decisions WHERE id = 1")
        else:
            raw.execute("UPDATE decisions SET operator = CAST(x'ff' AS TEXT) WHERE id = 1")
        raw.execute("UPDATE decisions SET verdict = 'match' WHERE id = 3")
    details = said(case)
    assert "decision 3 was changed, or something recorded before it was changed or removed" in details
    assert [detail for detail in details if "decision 2" in detail] == []
    assert len([detail for detail in details if detail.startswith("decision")]) >= 1 + (spoil != "unreadable")


def test_a_changed_view_is_found(case):
    "It is what a case's events and its report are read from"
    with closing(sqlite3.connect(case.database.path, isolation_level=None)) as raw:
        ((made,),) = raw.execute("SELECT sql FROM sqlite_master WHERE name = 'overview'").fetchall()
        raw.execute("DROP VIEW overview")
        raw.execute(made.replace("said.verdict,", "'match' AS verdict,"))
    with pytest.raises(CaseError, match=r"the view overview is not as camkit made it\. Run verify\(\)"):
        case.events()
    assert said(case) == ["the view overview is missing or altered"]


@pytest.mark.parametrize("table", [*KEYS, "chain"])
def test_a_row_cannot_be_replaced_by_its_place(case, table):
    "Neither by its key nor by its rowid, for a program that has SQLite's own settings"
    with closing(sqlite3.connect(case.database.path, isolation_level=None)) as raw:
        columns = [row[1] for row in raw.execute(f"PRAGMA table_info({table})")]
        key = {**KEYS, "chain": "number"}[table]
        before = raw.execute(f"SELECT rowid, * FROM {table}").fetchall()
        others = ", ".join(
            "'another'" if column == key and table in ("events", "images") else column for column in columns
        )
        with pytest.raises(sqlite3.IntegrityError, match="rows are only ever added"):
            raw.execute(
                f"INSERT OR REPLACE INTO {table} (rowid, {', '.join(columns)}) "
                f"SELECT rowid, {others} FROM {table} LIMIT 1"
            )
        assert raw.execute(f"SELECT rowid, * FROM {table}").fetchall() == before
    assert case.verify().ok


def test_the_seal_stays_true_as_the_case_grows(case):
    "What was noted once is found in the chain ever after; a seal from elsewhere is not"
    noted = case.seal()
    case.record_verdict(0, "unclear")
    assert case.seal() != noted
    assert case.verify(seal=noted.upper() + "\n").ok
    assert case.verify(seal=case.seal()).ok
    (text,) = said(case, "0" * 64)
    assert text.startswith(f"it never had the seal {'0' * 64}")


def test_a_chain_made_again_does_not_have_the_seal_that_was_noted(case):
    "In itself it is in order: that is why the seal is to be noted elsewhere"
    noted = case.seal()
    with unguarded(case, "decisions", "chain") as raw:
        raw.execute("UPDATE decisions SET verdict = 'match' WHERE id = 2")
        rewrite_chain(raw)
    assert case.verify().ok
    assert not case.verify(seal=noted).ok


def test_rows_removed_from_the_end_are_found_by_the_seal(case):
    "The last row and its link leave no gap"
    noted = case.seal()
    with unguarded(case, "withdrawals", "chain") as raw:
        raw.execute("DELETE FROM withdrawals")
        raw.execute("DELETE FROM chain WHERE number = (SELECT max(number) FROM chain)")
    assert case.verify().ok
    assert not case.verify(seal=noted).ok


def test_a_seal_cannot_be_slipped_into_the_chain(case):
    "A link that belongs to no row is found"
    with closing(sqlite3.connect(case.database.path, isolation_level=None)) as raw:
        ((last,),) = raw.execute("SELECT max(number) FROM chain").fetchall()
        raw.execute("INSERT INTO chain VALUES (900, 'nothing', 0, ?)", ["a" * 64])
    assert said(case, "a" * 64) == [
        f"the chain of hashes jumps from link {last} to link 900",
        "link 900 of the chain was not added by camkit",
    ]


def test_the_chain_can_be_followed_without_camkit(case):
    "As the schema says: the link before, the table's name and the row, as JSON, by any SHA-256"
    before = ""
    with closing(sqlite3.connect(case.database.path)) as raw:
        for table, name, digest in raw.execute(
            "SELECT table_name, row_key, sha256 FROM chain ORDER BY number"
        ):
            row = raw.execute(f"SELECT * FROM {table} WHERE {KEYS[table]} = ?", [name]).fetchone()
            text = json.dumps([before, table, *row], ensure_ascii=False, separators=(",", ":"))
            assert sha256(text.encode()).hexdigest() == digest
            before = digest
    assert before == case.seal()


def test_values_that_change_on_their_way_in_are_not_a_finding(case):
    "A line as text becomes a number; odd text and large numbers stay what they are"
    case.add_events(
        at_doors(
            made_up_events(1, line="7", Note="Zoë \u2028 \0 '\"", reader_id="", cardholder_id="007").set_axis(
                [2**62]
            )
        )
    )
    assert case.verify().ok


def test_the_summary_of_verify_says_what_was_checked(case):
    "Hashes of images, and the chain"
    assert repr(case.verify()) == (
        "Case front-door: 5 images and 1 document (0.0 MB) have their recorded SHA-256, and all rows of the database "
        "match the chain of hashes that was made with them. 1 verdict was taken back within seconds and counts nowhere."
    )


@pytest.mark.parametrize(
    ("event", "place", "order"), [(0, 100, [1, 2, 0]), (2, 0, [2, 0, 1]), (1, -1, [1, 0, 2])]
)
def test_events_in_another_order_are_found(case, event, place, order):
    "Their places are in no link, and decide in which order a report shows them"
    seal = case.seal()
    with unguarded(case, "events") as raw:
        raw.execute("UPDATE events SET rowid = ? WHERE event = ?", [place, event])
    assert case.events().index.tolist() == order
    assert said(case, seal) == ["the rows of events are not numbered in the order in which they were added"]


@pytest.mark.parametrize(
    ("added", "named"),
    [
        ("CREATE TRIGGER quiet BEFORE INSERT ON decisions BEGIN SELECT RAISE(IGNORE); END", "trigger quiet"),
        ("CREATE TABLE remarks (text)", "table remarks"),
        ("CREATE VIEW more AS SELECT 1", "view more"),
        ("CREATE INDEX quick ON decisions (verdict)", "index quick"),
    ],
)
def test_what_camkit_did_not_make_in_the_database_is_found(case, added, named):
    "A trigger of somebody's own can keep rows from being added"
    with closing(sqlite3.connect(case.database.path)) as raw:
        raw.execute(added)
    assert said(case, case.seal()) == [f"the {named} was not made by camkit"]


def test_a_row_that_the_database_ignores_is_reported(case):
    "Whoever records a verdict learns that it is not there"
    with closing(sqlite3.connect(case.database.path)) as raw:
        raw.execute("CREATE TRIGGER quiet BEFORE INSERT ON decisions BEGIN SELECT RAISE(IGNORE); END")
    with pytest.raises(CaseError, match=r"did not accept a row of decisions.* Run verify\(\)"):
        case.record_verdict(0, "match")
    with closing(sqlite3.connect(case.database.path)) as raw:
        raw.execute("CREATE TRIGGER loud BEFORE INSERT ON choices BEGIN SELECT RAISE(ABORT, 'no'); END")
    with pytest.raises(CaseError, match=r"did not accept what was added \(no\)\. Run verify\(\)"):
        case.choose(0, sha256(b"outside").hexdigest())


def test_what_sqlite_adds_for_itself_is_not_a_problem(case):
    "A program that looks into a case may run ANALYZE"
    with closing(sqlite3.connect(case.database.path)) as raw:
        raw.execute("ANALYZE")
    assert case.verify().ok


def test_bytes_in_place_of_a_text_are_found(case):
    "Also in place of a text that looks like Python's bytes"
    case.record_note(0, "b'Somebody'")
    with unguarded(case, "notes") as raw:
        raw.execute("UPDATE notes SET note = CAST('Somebody' AS BLOB) WHERE id = (SELECT max(id) FROM notes)")
    assert len(said(case)) == 1


@pytest.mark.parametrize("seal", ["", "abc", 5, "g" * 64])
def test_a_malformed_seal_is_an_input_error(case, seal):
    "It says what one looks like"
    with pytest.raises(InputError, match="64 hexadecimal digits"):
        case.verify(seal)
