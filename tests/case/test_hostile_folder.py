"""A case folder from somebody else: whatever is in it, opening and verifying end, and say what it is."""

from __future__ import annotations

import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from camkit.case import Case
from camkit.case.images import store_image
from camkit.errors import CamkitError, CaseError, InputError, OutputError
from tests.conftest import ROOT
from tests.support.cases import at_doors, made_up, made_up_events, made_up_snapshot

pytestmark = pytest.mark.not_quick

ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    "The folder of a closed case: two events with pictures, a verdict"
    folder = tmp_path_factory.mktemp("made") / "front-door"
    with Case(folder, operator="R. Investigator") as case:
        case.add_events(made_up(2))
        case.add_snapshots(made_up_snapshot(label, b"picture %d" % label) for label in range(2))
        case.record_verdict(0, "unclear", "Too dark.")
    return folder


@pytest.fixture
def folder(made, tmp_path):
    "A copy of it"
    return shutil.copytree(made, tmp_path / "front-door")


def picture(folder):
    "The first picture's file"
    return next((folder / "images").rglob("*.jpg"))


def in_a_process(code: str, *arguments: object, memory_mib: int = 0) -> str:
    "What a process prints that is ended after a while, and gets no more memory than that beyond what it needs to start"
    limit = (
        "import resource, psutil; "
        f"resource.setrlimit(resource.RLIMIT_AS, (psutil.Process().memory_info().vms + ({memory_mib} << 20),) * 2)\n"
        if memory_mib
        else ""
    )
    start = "import sys\nfrom camkit.case import Case\nfrom camkit.errors import CamkitError\n"
    command = [sys.executable, "-c", start + limit + code, *map(str, arguments)]
    # What is measured about a process needs files and memory of its own.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    return done.stdout + done.stderr


# Images


def put_fifo(path):
    os.mkfifo(path)


def put_link_to_a_device(path):
    path.symlink_to("/dev/zero")


def put_link_to_itself(path):
    path.symlink_to(path)


def put_link_to_another_file(path):
    other = path.with_name("other")
    other.write_bytes(b"picture 0")
    path.symlink_to(other)


def put_folder(path):
    path.mkdir()


def put_socket(path):
    with socket.socket(socket.AF_UNIX) as server:
        here = os.open(path.parent, os.O_RDONLY)
        server.bind(f"/proc/self/fd/{here}/{path.name[:20]}")
        os.close(here)
    (path.parent / path.name[:20]).rename(path)


def put_sparse_terabyte(path):
    with path.open("wb") as file:
        file.truncate(1 << 40)


KINDS = [
    put_fifo, put_link_to_a_device, put_link_to_itself, put_link_to_another_file, put_folder, put_socket,
    put_sparse_terabyte,
]  # fmt: skip


@pytest.mark.parametrize("put", KINDS)
def test_only_a_file_counts_as_an_image(folder, put):
    "Anything else is never opened to be read: not waited for, not followed, not read to its end"
    path = picture(folder)
    path.unlink()
    put(path)
    with Case(folder) as case:
        found = case.verify()
        assert not found.ok
        assert found.findings["path"][0] == path.relative_to(folder).as_posix()
        with pytest.raises(CaseError, match=re.escape(path.name)):
            case.image(path.stem)
        case.report(folder / "report.html")
        with pytest.raises(CaseError):
            case.export(folder / "bag.zip")


@pytest.mark.parametrize("which", ["images", "images/??"])
def test_a_link_in_place_of_a_folder_of_images_is_not_followed(folder, tmp_path, which):
    "It is a finding; what is behind it is neither listed nor taken for evidence, and nothing is written there"
    there = sorted(folder.glob(which))[0]
    elsewhere = tmp_path / "elsewhere"
    there.rename(elsewhere)
    for number in range(30):
        (elsewhere / f"foreign {number}").write_bytes(b"")
    there.symlink_to(elsewhere)
    content = sorted(elsewhere.rglob("*"))
    with Case(folder) as case:
        found = case.verify()
        assert not found.ok
        assert not found.findings["path"].str.contains("foreign").any()
        assert there.relative_to(folder).as_posix() in set(found.findings["path"])
        with pytest.raises(CaseError, match=r"is not a folder, or is a link\. Run verify"):
            case.add_snapshots(made_up_snapshot(0, b"another %d" % number) for number in range(300))
    assert sorted(elsewhere.rglob("*")) == content or which != "images"


def test_hashing_an_image_takes_little_memory(folder):
    "However large it is, and however large the database says that it is"
    path = picture(folder)
    with path.open("wb") as file:
        file.truncate(300 << 20)
    with closing(sqlite3.connect(folder / "case.sqlite")) as raw:
        raw.execute("DROP TRIGGER images_no_update")
        raw.execute("UPDATE images SET bytes = ? WHERE sha256 = ?", [300 << 20, path.stem])
        raw.commit()
    said = in_a_process(
        "print(Case(sys.argv[1]).verify().findings['detail'].tolist())", folder, memory_mib=250
    )
    assert "its SHA-256 is " in said
    assert "Error" not in said


# The database


@pytest.mark.parametrize("name", ["case.sqlite", "case.sqlite-wal", "case.sqlite-journal", "case.sqlite-shm"])
@pytest.mark.parametrize("put", [put_fifo, put_link_to_a_device, put_link_to_itself])
def test_only_files_count_as_a_database(folder, name, put):
    "A pipe would be waited for, a link could lead anywhere"
    path = folder / name
    path.unlink(missing_ok=True)
    put(path)
    with pytest.raises(CaseError, match=rf"{name} is a link or something else that is not a file"):
        Case(folder)


def test_the_folder_itself_may_be_a_link(folder, tmp_path):
    "It is the user's own path"
    (tmp_path / "link").symlink_to(folder)
    with Case(tmp_path / "link") as case:
        case.record_verdict(0, "match")
        assert case.verify().ok


def spoiled(folder, *statements: str) -> None:
    "Change the database as somebody with SQLite can"
    with closing(sqlite3.connect(folder / "case.sqlite", isolation_level=None)) as raw:
        raw.execute("PRAGMA foreign_keys = OFF")
        raw.execute("PRAGMA ignore_check_constraints = ON")
        raw.execute("PRAGMA legacy_alter_table = ON")  # renames nothing in other tables
        raw.execute("PRAGMA synchronous = OFF")
        for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            raw.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            raw.execute(statement)


@pytest.mark.parametrize(
    "view",
    [
        f"CREATE VIEW about AS {ENDLESS} count(*) AS name, 1 AS created_at, 1 AS operator, 1 AS software FROM n",
        "CREATE VIEW about AS SELECT 'x' AS name, 1 AS created_at, 1 AS operator, 1 AS software",
        "CREATE TABLE about (name, created_at, operator, software)",
    ],
)
def test_another_thing_in_place_of_the_table_about_is_refused(folder, view):
    "Before it is asked for the case's name, which could last for ever"
    spoiled(folder, "ALTER TABLE about RENAME TO gone", view)
    with pytest.raises(CaseError, match="was altered: its table about is not as camkit made it"):
        Case(folder)


@pytest.mark.parametrize("name", ["events", "images", "chain", "decisions"])
def test_an_endless_view_in_place_of_a_table_is_a_finding(folder, name):
    "It is not asked for anything, neither by verify nor by what reads the case or adds to it"
    spoiled(folder, f"ALTER TABLE {name} RENAME TO gone", f"CREATE VIEW {name} AS {ENDLESS} * FROM n")
    with Case(folder) as case:
        assert f"the table {name} is missing or altered" in case.verify().findings["detail"].tolist()
        for call in (case.events, case.seal, case.summary, lambda: case.record_verdict(0, "match")):
            with pytest.raises(
                CaseError, match=rf"the table {name} is not as camkit made it\. Run verify\(\)"
            ):
                call()


def test_an_endless_view_in_place_of_one_is_never_asked(folder):
    "Nor is a forged one"
    spoiled(folder, "DROP VIEW overview", f"CREATE VIEW overview AS {ENDLESS} * FROM n")
    with Case(folder) as case:
        assert "the view overview is missing or altered" in case.verify().findings["detail"].tolist()
        with pytest.raises(CaseError, match="the view overview is not as camkit made it"):
            case.events()


def test_a_query_that_takes_too_long_is_ended(folder, monkeypatch):
    "In words; the next call works"
    monkeypatch.setattr("camkit.case.opening.QUERY_S", 0.2)
    with Case(folder) as case:
        with (
            pytest.raises(CaseError, match="did not answer within"),
            case.database.reading() as connection,
        ):
            connection.execute(f"{ENDLESS} count(*) FROM n")
        assert len(case.events()) == 2


ODD = [
    ("notes", "note", "x'00ff'"), ("decisions", "decided_at", "x'00'"), ("decisions", "verdict", "x'6d61746368'"),
    ("events", "event_time", "x'00'"), ("events", "line", "'seven'"), ("events", "event", "1.5"),
    ("events", "extras", "x'7b7d'"), ("snapshots", "at", "x'00'"), ("snapshots", "step_s", "'far'"),
    ("images", "bytes", "'many'"), ("images", "path", "x'00'"), ("cardholders", "name", "x'00'"),
    ("about", "name", "x'00'"), ("camera_views", "camera_rank", "'first'"), ("flags", "meaning", "x'00'"),
]  # fmt: skip


@pytest.mark.parametrize(("table", "column", "value"), ODD)
def test_a_value_of_another_kind_is_one_clear_error(folder, table, column, value):
    "It is named where the case is read, and verify lists it among the others"
    if table == "flags":
        with Case(folder) as case:
            events = made_up(2)
            case.add_events(events, flags=events.table[[]].assign(first=True))
    spoiled(folder, f"UPDATE {table} SET {column} = {value} WHERE rowid = 1")
    with Case(folder) as case:
        assert not case.verify().ok
        for call in (case.events, case.decisions, case.summary, lambda: case.report(folder / "report.html")):
            with pytest.raises(CaseError, match=rf"the column {column} of the table {table} holds something"):
                call()


def test_a_value_that_could_not_be_read_again_is_not_added(folder):
    "SQLite would keep a text in a column of numbers"
    with Case(folder) as case:
        events = at_doors(made_up_events(1, line="seven").set_axis([2]))
        with pytest.raises(
            InputError, match="Nothing was added: the column line of the table events cannot hold"
        ):
            case.add_events(events)
        assert len(case.events()) == 2
        case.record_verdict(1, "match")
        assert case.verify().ok


def test_names_in_the_findings_do_not_move_the_cursor(folder):
    "Somebody may have chosen them"
    (folder / "images" / "\x1b[2J\x9b\u2028x").write_bytes(b"")
    with Case(folder) as case:
        said = repr(case.verify())
    assert "images/[U+001B][2J[U+009B][U+2028]x: extra" in said
    assert "\x1b" not in said


# What cannot be kept


def test_half_a_character_is_refused_in_one_sentence(folder, tmp_path):
    "Wherever a text is given"
    half = "a\ud800"
    with Case(folder) as case:
        calls = [
            lambda: case.record_verdict(0, "match", half),
            lambda: case.record_verdict(half, "match"),
            lambda: case.add_snapshots([made_up_snapshot(0, b"x")], camera_names={"Q2XX-0000-0001": half}),
            lambda: case.choose(0, half),
            lambda: Case(tmp_path / "new", operator=half),
            lambda: Case(tmp_path / "other", name=half),
        ]
        for call in calls:
            with pytest.raises(
                InputError, match=r"has half of a character \(U\+D800\), which cannot be kept"
            ):
                call()
        with pytest.raises(InputError, match="more than 64 bits"):
            case.record_verdict(2**64, "match")
        assert case.verify().ok


def test_too_many_open_files_is_not_a_full_disk(folder):
    "Making room would not help"
    code = """
import resource
case = Case(sys.argv[1])
case.events()
from tests.support.cases import made_up_snapshot
resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
taken = []
try:
    while True:
        taken.append(open("/dev/null"))
except OSError:
    pass
for call in (
    lambda: case.add_snapshots([made_up_snapshot(0, b"x")]), lambda: Case(sys.argv[1]), lambda: case.report(),
    lambda: case.verify(), lambda: Case(sys.argv[2]),
):
    try:
        print("done", call())
    except CamkitError as error:
        print(type(error).__name__, error)
"""
    said = in_a_process(code, folder, folder.parent / "new")
    assert "Traceback" not in said
    assert "Make room" not in said
    assert said.count("Too many open files") >= 4


# Away


def test_a_folder_that_was_moved_away_takes_nothing_more(folder, tmp_path):
    "SQLite would go on with the file that it has open, and a new folder would appear; reading says so as well"
    case = Case(folder)
    folder.rename(tmp_path / "away")
    calls = [
        lambda: case.record_verdict(1, "match"),
        lambda: case.add_snapshots([made_up_snapshot(1, b"more")]),
        lambda: case.choose(0, "x"),
        case.events,
        case.verify,
        lambda: case.export(tmp_path / "bag.zip"),
    ]
    for call in calls:
        with pytest.raises(CaseError, match=r"case\.sqlite is not there any more.*Nothing was added"):
            call()
    assert not folder.exists()
    (tmp_path / "away").rename(folder)
    case.record_verdict(1, "match")
    case.close()


@pytest.mark.parametrize("name", ["case.sqlite", "case.sqlite-wal"])
@pytest.mark.parametrize("how", ["deleted", "replaced"])
def test_a_database_that_was_deleted_or_replaced_takes_nothing_more(folder, name, how):
    "By a program that synchronizes folders; the file with the latest rows is as important"
    case = Case(folder)
    case.record_verdict(1, "match")
    path = folder / name
    content = path.read_bytes()
    path.unlink()
    if how == "replaced":
        path.write_bytes(content)
    with pytest.raises(CaseError, match=rf"{name} is not there any more, or is another file now"):
        case.record_verdict(1, "unclear")
    case.close()


def test_a_folder_that_was_deleted_and_made_again_takes_nothing_more(folder, tmp_path):
    "As a synchronizing program does"
    case = Case(folder)
    shutil.copytree(folder, tmp_path / "copy")
    shutil.rmtree(folder)
    (tmp_path / "copy").rename(folder)
    with pytest.raises(CamkitError, match="is another file now"):
        case.record_verdict(1, "match")
    case.close()


def test_a_folder_that_is_gone_is_no_reason_to_make_another(folder, tmp_path):
    "An image needs the case's folder"
    shutil.rmtree(folder)
    with pytest.raises(OutputError, match="cannot be made: No such file"):
        store_image(folder, b"x", "image/jpeg")
    assert not folder.exists()


def test_a_file_whose_name_is_not_utf_8_is_named(tmp_path):
    "In all that shows names: what verify() says, the report, the bag"
    with Case(tmp_path / "case") as case:
        case.add_events(made_up(1))
        case.add_snapshots([made_up_snapshot(0, b"picture")])
        stranger = os.fsdecode(b"\xff\xfe.jpg")
        (case.folder / "images" / stranger).write_bytes(b"")
        (case.folder / os.fsdecode(b".\xff.0a1b2c3d.camkit.part")).write_bytes(b"")
        found = case.verify()
        assert found.ok
        assert "images/[U+DCFF][U+DCFE].jpg" in found.findings["path"].tolist()
        assert case.report().is_file() and case.export().is_file()
