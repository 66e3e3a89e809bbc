"""Opening a case that cannot be written or is damaged."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from camkit.case import Case, opening
from camkit.errors import CamkitError, CaseError
from tests.conftest import ROOT
from tests.support.cases import made_up, made_up_snapshot

READ_ONLY = """
import faulthandler, sys
faulthandler.dump_traceback_later(60, exit=True)  # says where, should it ever wait for something that does not come
from pathlib import Path
from camkit.case import Case
from camkit.errors import CamkitError
from tests.support.cases import *

folder, out = map(Path, sys.argv[1:])
try:
    with Case(folder) as case:
        print(len(case.events()), len(case.verdicts()), case.verify().ok, case.seal())
        print(case.report(out / "report.html").exists(), case.export(out / "bag.zip").exists())
        for add in (lambda: case.record_verdict(0, "match"), lambda: case.add_events(made_up(9)), case.report):
            try:
                add()
            except CamkitError as error:
                print(type(error).__name__, error)
except CamkitError as error:
    print(type(error).__name__, error)
"""

ONLOOKER = """
import sys
from camkit.case import Case
from camkit.errors import CamkitError

with Case(sys.argv[1]) as case:
    for _ in sys.stdin:
        try:
            found = case.verify()
            print(len(case.verdicts()), found.ok, len(found.findings), flush=True)
        except CamkitError as error:
            print(type(error).__name__, error, flush=True)
"""


@pytest.fixture
def folder(tmp_path):
    "The folder of a closed case: two events with pictures, a verdict"
    folder = tmp_path / "front-door"
    with Case(folder, operator="R. Investigator") as case:
        case.add_events(made_up(2))
        case.add_snapshots(made_up_snapshot(label, b"picture %d" % label) for label in range(2))
        case.record_verdict(0, "unclear", "Too dark to tell.")
    return folder


def in_read_only(folder: Path) -> list[str]:
    "What to put before a command so that the folder is read-only for it, whoever runs it"
    mounted = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0"'
    for namespace in (["unshare", "-m"], ["unshare", "-r", "-m"]):
        try:
            tried = subprocess.run([*namespace, "sh", "-c", mounted, folder], capture_output=True, text=True)
        except FileNotFoundError:
            break
        if tried.returncode == 0:
            return [*namespace, "sh", "-c", f'{mounted} && exec "$@"', str(folder)]
    pytest.skip("NOT TESTED, a case in a read-only folder: nobody may mount here (unshare -m, mount --bind)")


def read_only(folder: Path, out: Path) -> list[str]:
    "What a process prints that reads the case in a read-only folder"
    done = subprocess.run(
        [*in_read_only(folder), sys.executable, "-X", "faulthandler", "-c", READ_ONLY, folder, out],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


@contextmanager
def onlooker(folder: Path) -> Iterator[Callable[[], str]]:
    "A process that has the case open in a read-only folder; what it sees whenever it is asked"
    with subprocess.Popen(
        [*in_read_only(folder), sys.executable, "-c", ONLOOKER, folder],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:

        def look() -> str:
            assert process.stdin
            assert process.stdout
            print(file=process.stdin, flush=True)
            return process.stdout.readline().strip()

        yield look


@pytest.mark.not_quick
@pytest.mark.parametrize("from_a_bag", [False, True])
def test_a_case_in_a_read_only_folder_can_be_read_and_verified(folder, tmp_path, from_a_bag):
    "Report and export go elsewhere; adding says that the case is read-only; also for the database of a bag"
    with Case(folder) as case:
        seal = case.seal()
        if from_a_bag:
            case.database.copy_to(tmp_path / "copy.sqlite")
    if from_a_bag:
        (tmp_path / "copy.sqlite").replace(folder / "case.sqlite")
    counts, written, *refused = read_only(folder, tmp_path)
    assert counts == f"2 1 True {seal}"
    assert written == "True True"
    assert len(refused) == 3
    for said in refused[:2]:
        assert said.startswith(f"OutputError {folder / 'case.sqlite'} is read-only, so nothing can be added")
    assert refused[2].startswith(
        f"OutputError {folder / 'report.html'} cannot be written: Read-only file system"
    )
    assert sorted(path.name for path in folder.iterdir()) == ["case.sqlite", "images"]


@pytest.mark.not_quick
def test_a_read_only_case_whose_latest_rows_are_in_a_second_file(folder, tmp_path):
    "They are read if SQLite can, or the case is not opened: it is never shown without them"
    with Case(folder) as case:
        case.record_verdict(1, "match")
        for name in ("case.sqlite", "case.sqlite-wal"):
            (tmp_path / name).write_bytes((folder / name).read_bytes())
    for name in ("case.sqlite", "case.sqlite-wal"):
        (tmp_path / name).replace(folder / name)
    (said,) = read_only(folder, tmp_path)
    assert said.startswith(
        f"CaseError {folder / 'case.sqlite'} is not complete without case.sqlite-wal, and "
    )
    assert "copy the folder" in said
    with Case(folder) as case:
        assert len(case.verdicts()) == 2


@pytest.mark.not_quick
def test_a_read_only_case_that_somebody_else_has_open(folder, tmp_path):
    "On a share, another machine adds to it: what is read is what that one has written"
    with Case(folder) as case:
        case.record_verdict(1, "match")
        counts, *_ = read_only(folder, tmp_path)
        assert counts.startswith("2 2 True ")


@pytest.mark.not_quick
def test_a_read_only_case_that_somebody_else_adds_to_later(folder):
    "What was added is read, or an error says that it cannot be; the old state is never shown, nor called damaged"
    with onlooker(folder) as look:
        assert look() == "1 True 0"
        for count in range(2, 6):
            with Case(folder) as case:
                case.record_verdict(1, ("match", "mismatch")[count % 2], "n" * 9000)
                case.add_snapshots([made_up_snapshot(1, b"picture, take %d" % count)])
            assert look() == f"{count} True 0"
        with Case(folder) as case:
            case.record_verdict(0, "match")
            assert look() == "6 True 0"
        assert look() == "6 True 0"
        with Case(folder) as case:
            case.record_verdict(0, "nobody")
        assert look() == "7 True 0"


@pytest.mark.not_quick
def test_a_read_only_case_that_is_gone_is_reported(folder):
    "Such as one on a memory stick that was removed"
    with onlooker(folder) as look:
        assert look() == "1 True 0"
        (folder / "case.sqlite").rename(folder / "away")
        assert look().startswith(f"CaseError {folder / 'case.sqlite'} cannot be read: No such file")


@pytest.mark.not_quick
def test_a_read_only_case_that_becomes_another_one_is_reported(folder, tmp_path):
    "Its rows are never shown under the first one's name"
    with Case(tmp_path / "other") as other:
        other.add_events(made_up(3))
    with onlooker(folder) as look:
        assert look() == "1 True 0"
        (tmp_path / "other" / "case.sqlite").replace(folder / "case.sqlite")
        assert look().startswith(f"CaseError {folder / 'case.sqlite'} now holds another case")


@pytest.mark.not_quick
def test_a_read_only_case_in_the_middle_of_a_change_is_not_opened(folder, tmp_path):
    "With a journal beside it, it is neither as it was nor as it will be"
    (folder / "case.sqlite-journal").write_bytes(b"what was there before")
    (said,) = read_only(folder, tmp_path)
    assert said.startswith(f"CaseError {folder / 'case.sqlite'} is not complete without case.sqlite-journal")


def test_a_file_that_changes_while_it_is_read_is_read_again(tmp_path, monkeypatch):
    "Until it does not change during a reading, or else an error says so: half a change is never read"
    path = tmp_path / "case.sqlite"
    path.write_bytes(b"as it is in the end")
    marks = iter([(1,), (2,), (3,), (3,)])
    monkeypatch.setattr(opening, "_mark", lambda _path: next(marks))
    assert opening._read_whole(path) == (b"as it is in the end", (3,))
    endless = count()
    monkeypatch.setattr(opening, "_mark", lambda _path: (next(endless),))
    with pytest.raises(CaseError, match="Somebody else keeps writing"):
        opening._read_whole(path)


@pytest.mark.not_quick
@pytest.mark.parametrize("content", [b"", b"SQLite format 3\0", b"something else"])
def test_a_read_only_file_that_is_not_a_case_is_reported(folder, tmp_path, content):
    "As in a folder that can be written"
    (folder / "case.sqlite").write_bytes(content)
    (said,) = read_only(folder, tmp_path)
    assert said.startswith(f"CaseError {folder / 'case.sqlite'} is ")


PLACES = [
    "CREATE TABLE about", "CREATE TABLE verdicts", "note TEXT NOT NULL", "CREATE VIEW overview", "verdicts_no_update",
    "rows are only ever added", "REFERENCES events", "-- its label", "viewoverview", "typeof",
    "Too dark", "R. Investigator", "front-door", "4711", "granted", "images/",
]  # fmt: skip
"""Text somewhere in the file."""


@pytest.mark.not_quick
@pytest.mark.parametrize("damage", [b"\xff\x80", b"\x00\x00", b"(("])
@pytest.mark.parametrize("place", PLACES)
def test_a_damaged_database_is_reported_in_camkits_words(folder, place, damage):
    "Whatever byte it is: opening and verifying say that it is damaged or altered, and nothing else comes out"
    path = folder / "case.sqlite"
    content = path.read_bytes()
    places = [found.start() for found in re.finditer(re.escape(place.encode()), content)]
    assert places
    for at in places:
        path.write_bytes(content[: at + 2] + damage + content[at + 4 :])
        try:
            with Case(folder) as case:
                assert not case.verify().ok
                assert repr(case.verify())
        except CamkitError as error:
            assert "damaged" in str(error) or "read" in str(error)


def test_a_row_that_is_no_text_is_one_finding_among_the_others(folder):
    "The rest is checked all the same"
    path = folder / "case.sqlite"
    path.write_bytes(path.read_bytes().replace(b"Too dark to", b"Too \xff\x80rk to"))
    next((folder / "images").rglob("*.jpg")).unlink()
    with Case(folder) as case:
        found = case.verify().findings
        assert found["kind"].tolist() == ["database", "missing"]
        assert "it is damaged: Could not decode" in found["detail"][0]
        with pytest.raises(
            CaseError, match=r"is damaged or not a database .*restore it from a copy or a bag"
        ):
            case.verdicts()
