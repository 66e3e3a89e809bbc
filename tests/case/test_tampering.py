"""An insider with SQLite: whatever is changed in a database behind the kit's back, `verify` says so."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from camkit.case import Case, chain, schema
from camkit.errors import CaseError
from tests.case.test_chain import fill, said, unguarded

KEYS = schema.KEYS[schema.VERSION]
HIGHEST = 2**63 - 1
NUMBERS = "are not numbered in the order in which they were added"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    "A case with rows in every table, closed, and its seal"
    folder = tmp_path_factory.mktemp("made") / "front-door"
    with fill(folder) as case:
        seal = case.seal()
    return folder, seal


@pytest.fixture
def case(made, tmp_path):
    "A copy of it, open"
    with Case(shutil.copytree(made[0], tmp_path / "front-door")) as case:
        yield case


def link_of(raw: sqlite3.Connection, before: str, table: str, rowid: int) -> tuple[str, object, str]:
    "A link that fits a row, as somebody makes it who knows how"
    key = KEYS[table]
    name, *row = raw.execute(f"SELECT {key}, * FROM {table} WHERE rowid = ?", [rowid]).fetchone()
    return table, name, chain._link(before, table, row)


VERDICT = (
    "INSERT INTO decisions SELECT ?, event, 'match', image, NULL, decided_at, operator, software"
    " FROM decisions LIMIT 1"
)


# The seal


def test_a_link_that_skips_a_number_does_not_cut_the_chain(case, made):
    "It could be hashed from nothing, and everything before it rewritten, with a seal noted after it still true"
    with closing(sqlite3.connect(case.database.path, isolation_level=None)) as raw:
        (last,) = raw.execute("SELECT max(number) FROM chain").fetchone()
        raw.execute(VERDICT, [5])
        raw.execute("INSERT INTO chain VALUES (?, ?, ?, ?)", [last + 2, *link_of(raw, "", "decisions", 5)])
    noted = case.seal()
    found = said(case, noted)
    assert f"the chain of hashes jumps from link {last} to link {last + 2}" in found
    assert any(text.startswith("decision 5 was changed") for text in found)
    with pytest.raises(
        CaseError, match=r"Nothing was added: camkit numbers the rows of chain .*Run verify\(\)"
    ):
        case.record_verdict(0, "match")


@pytest.mark.parametrize("number", [HIGHEST, 100, -5, 0])
@pytest.mark.parametrize("linked", [True, False])
def test_a_verdict_far_ahead_does_not_outrank_later_ones(case, number, linked):
    "Its number is named, though its link fits; and nothing is added after it, which would not count"
    with closing(sqlite3.connect(case.database.path, isolation_level=None)) as raw:
        before, last = raw.execute("SELECT sha256, max(number) FROM chain").fetchone()
        raw.execute(VERDICT, [number])
        if linked:
            raw.execute(
                "INSERT INTO chain VALUES (?, ?, ?, ?)",
                [last + 1, *link_of(raw, before, "decisions", number)],
            )
    expected = f"the rows of decisions {NUMBERS}" if linked else f"decision {number} was not added by camkit"
    assert expected in said(case)
    if number > 0:
        with pytest.raises(
            CaseError, match=r"numbers the rows of decisions 1, 2, 3 and so on.* Run verify\(\)"
        ):
            case.record_verdict(0, "unclear")


def test_a_link_far_ahead_is_not_followed(case):
    "Neither by SQLite's choice of any free number, nor by an error of its own"
    with closing(sqlite3.connect(case.database.path, isolation_level=None)) as raw:
        raw.execute("INSERT INTO chain VALUES (?, 'decisions', 1, 'x')", [HIGHEST])
    with pytest.raises(CaseError, match=r"Run verify\(\)"):
        case.record_verdict(0, "match")


@pytest.mark.parametrize("table", sorted(schema.numbered(schema.VERSION) - {"about"}))
def test_rows_that_are_all_moved_by_one_are_found(case, made, table):
    "No link holds a row's place where the key is a text"
    with unguarded(case, table) as raw:
        raw.execute("PRAGMA foreign_keys = OFF")
        for (rowid,) in raw.execute(f"SELECT rowid FROM {table} ORDER BY rowid DESC").fetchall():
            raw.execute(f"UPDATE {table} SET rowid = rowid + 1 WHERE rowid = ?", [rowid])
    by_place = f"the rows of {table} {NUMBERS}"
    texts = said(case, made[1])
    assert texts
    assert by_place in texts or KEYS[table] == "id"


def test_a_time_before_that_of_the_row_before_is_named(case):
    "A clock may have been set back, so it does not count against the case, but it is said"
    with closing(sqlite3.connect(case.database.path, isolation_level=None)) as raw:
        before, last = raw.execute("SELECT sha256, max(number) FROM chain").fetchone()
        raw.execute(
            "INSERT INTO decisions SELECT 5, event, 'match', image, NULL, '2001-01-01T00:00:00.000000Z', operator,"
            " software FROM decisions LIMIT 1"
        )
        raw.execute(
            "INSERT INTO chain VALUES (?, ?, ?, ?)", [last + 1, *link_of(raw, before, "decisions", 5)]
        )
    found = case.verify()
    assert found.findings["kind"].tolist() == ["clock"]
    assert "decision 5 was added at 2001-01-01T00:00:00.000000Z, but what was added before it at" in repr(
        found
    )
    assert (
        "Besides, 1 row has a time before that of what was added before: see the findings." in found.summary()
    )
    assert found.ok
    assert found.problems() == []


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE sqlite_master SET tbl_name = 'events' WHERE name = 'verdicts_no_update'",
        "UPDATE sqlite_master SET sql = sql || ' ' WHERE name = 'verdicts_no_update'",
        "UPDATE sqlite_master SET sql = sql || ' ' WHERE name = 'overview'",
        "UPDATE sqlite_master SET sql = replace(sql, 'ABORT', 'IGNORE') WHERE name = 'verdicts_no_delete'",
        "DELETE FROM sqlite_master WHERE name = 'verdicts_by_event'",
        "UPDATE sqlite_master SET name = 'other' WHERE name = 'verdicts_no_update'",
    ],
)
def test_a_change_of_the_list_of_tables_itself_is_found(made, tmp_path, change):
    "Behind SQLite's own back; a blank is enough"
    folder = shutil.copytree(made[0], tmp_path / "front-door")
    with closing(sqlite3.connect(folder / "case.sqlite", isolation_level=None)) as raw:
        raw.execute("PRAGMA writable_schema = ON")
        assert raw.execute(change).rowcount == 1
    try:
        with Case(folder) as case:
            assert not case.verify(made[1]).ok
    except CaseError as error:
        assert "damaged" in str(error)


# Whatever else


def columns_of(raw: sqlite3.Connection, table: str) -> list[str]:
    "The columns of a table"
    return [name for _, name, *_ in raw.execute(f"PRAGMA table_info({table})")]


def altered(value: object, dice: random.Random) -> object:
    "Another value, or the same in another type"
    ways = [None, "", "x", 0, -1, 1.5, HIGHEST, b"", b"x"]
    if isinstance(value, str):
        ways += [
            value + " ",
            " " + value,
            value.upper(),
            value + "\0",
            value.encode(),
            value[:-1],
            value + "\u200b",
        ]
    if isinstance(value, int | float):
        ways += [value + 1, value - 1, float(value), str(value), f"{value} "]
    return dice.choice(ways)


def tamper(raw: sqlite3.Connection, dice: random.Random) -> str:
    "One change somewhere; what it was"
    table = dice.choice([*KEYS, "chain"])
    rows = [rowid for (rowid,) in raw.execute(f"SELECT rowid FROM {table}")]
    row = dice.choice(rows)
    way = dice.choice(["column"] * 8 + ["remove", "move", "shift", "swap", "copy"])
    if way == "column":
        column = dice.choice(columns_of(raw, table))
        (value,) = raw.execute(f"SELECT {column} FROM {table} WHERE rowid = ?", [row]).fetchone()
        raw.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", [altered(value, dice), row])
    elif way == "remove":
        raw.execute(f"DELETE FROM {table} WHERE rowid = ?", [row])
    elif way == "move":
        raw.execute(f"UPDATE {table} SET rowid = ? WHERE rowid = ?", [dice.choice([0, -3, 77, HIGHEST]), row])
    elif way == "shift":
        by = dice.choice([1, 1000])
        for rowid in sorted(rows, reverse=True):
            raw.execute(f"UPDATE {table} SET rowid = ? WHERE rowid = ?", [rowid + by, rowid])
    elif way == "swap":
        other = dice.choice(rows)
        for old, new in ((row, -1), (other, row), (-1, other)):
            raw.execute(f"UPDATE {table} SET rowid = ? WHERE rowid = ?", [new, old])
    else:
        names = columns_of(raw, table)
        others = ", ".join("rowid + 500" if name in (KEYS.get(table), "number") else name for name in names)
        raw.execute(f"INSERT INTO {table} SELECT {others} FROM {table} WHERE rowid = ?", [row])
    return f"{way} {table} {row}"


def content_of(raw: sqlite3.Connection) -> list[list[tuple]]:
    "Everything in it, with places and types: 1, 1.0 and True are the same to Python"
    return [
        [
            tuple((type(value), value) for value in row)
            for row in raw.execute(f"SELECT rowid, * FROM {table} ORDER BY rowid")
        ]
        for table in (*KEYS, "chain")
    ]


def tampered(path: Path, seeds: range) -> Iterator[tuple[int, str, bytes]]:
    "The bytes of the database after one change each, with the guards back in place"
    original = path.read_bytes()
    for seed in seeds:
        path.write_bytes(original)
        with closing(sqlite3.connect(path, isolation_level=None)) as raw:
            raw.execute("PRAGMA journal_mode = DELETE")
            raw.execute("PRAGMA synchronous = OFF")
            raw.execute("BEGIN")
            before = content_of(raw)
            guards = raw.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
            for name, _ in guards:
                raw.execute(f"DROP TRIGGER {name}")
            try:
                what = tamper(raw, random.Random(seed))
            except (sqlite3.IntegrityError, OverflowError, sqlite3.OperationalError):
                continue  # SQLite itself does not take it
            for _, sql in guards:
                raw.execute(sql)
            if content_of(raw) == before:
                continue
            raw.execute("COMMIT")
        yield seed, what, path.read_bytes()


@pytest.mark.not_quick
def test_no_change_of_a_row_a_link_or_a_place_goes_unseen(made, tmp_path):
    "Two hundred at random, each with the triggers removed and put back"
    folder, seal = made
    path = tmp_path / "case.sqlite"
    shutil.copytree(folder / "images", tmp_path / "images")
    shutil.copy(folder / "case.sqlite", path)
    tried, unseen = 0, []
    for seed, what, _ in tampered(path, range(230)):
        tried += 1
        try:
            with Case(tmp_path) as case:
                if case.verify(seal).ok:
                    unseen.append((seed, what))
        except CaseError:  # it does not even open
            pass
    assert unseen == []
    assert tried > 150
