"""A case on a network disk, where SQLite's write-ahead log does not work between machines.

What is tested here is that another journal is used there, with several processes on one machine; that the locks of a
real file server hold between two machines is for that server to promise.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

from camkit.case import Case
from camkit.case.database import Stamp, create_database
from camkit.support import disks
from tests.conftest import ROOT
from tests.support.cases import made_up, made_up_snapshot

WRITER = """
import sys
from pathlib import Path
from camkit.case import Case
from camkit.support import disks
from tests.support.cases import made_up_snapshot

disks.MOUNTS = Path(sys.argv[2])
with Case(sys.argv[1], operator=sys.argv[3]) as case:
    for number in range(10):
        case.record_note(0, f"{number}")
        case.add_snapshots([made_up_snapshot(0, f"{sys.argv[3]} {number}".encode())])
        case.events()
"""


pytestmark = pytest.mark.filterwarnings("ignore:.* is on a network disk:UserWarning")


@pytest.fixture
def share(tmp_path, monkeypatch):
    "A folder that the system says is on a share"
    mounts = tmp_path / "mountinfo"
    (tmp_path / "share").mkdir()
    mounts.write_text(f"30 22 0:50 / {tmp_path / 'share'} rw - nfs4 server:/export rw\n")
    monkeypatch.setattr(disks, "MOUNTS", mounts)
    return tmp_path / "share"


def journal_of(case: Case) -> str:
    "Which one the database uses"
    with case.database.reading() as connection:
        return connection.execute("PRAGMA journal_mode").fetchone()[0]


def test_a_new_case_on_a_share_has_no_write_ahead_log(share, tmp_path):
    "On a disk of this computer it has one"
    with Case(share / "case") as case:
        case.add_events(made_up(1))
        assert journal_of(case) == "delete"
        assert sorted(path.name for path in case.folder.iterdir()) == ["case.sqlite"]
    with Case(tmp_path / "case") as case:
        assert journal_of(case) == "wal"


@pytest.mark.parametrize("on_share", [True, False])
def test_a_new_database_has_its_journal_from_the_first_byte(share, tmp_path, on_share):
    "So that nobody else ever opens it with another one"
    path = (share if on_share else tmp_path) / "case.sqlite"
    create_database(path, {"name": "x", **Stamp("R. Investigator").columns("created_at")})
    assert path.read_bytes()[18:20] == (b"\1\1" if on_share else b"\2\2")


def test_a_case_that_was_moved_to_a_share_is_changed_when_nobody_else_has_it_open(share, tmp_path):
    "All of it is there still, with its seal"
    with Case(tmp_path / "case") as case:
        case.add_events(made_up(1))
        case.record_verdict(0, "no_picture")
        seal = case.seal()
    (tmp_path / "case").rename(share / "case")
    with pytest.warns(UserWarning, match="as safe there as the locks of the file server; if in doubt"):
        moved = Case(share / "case")
    with moved as case:
        assert journal_of(case) == "delete"
        assert case.verify(seal).ok
        case.record_verdict(0, "unclear")
        assert len(case.verdicts()) == 2


def test_a_case_with_a_log_that_somebody_has_open_on_a_share_is_said_to_be_unsafe(share, monkeypatch):
    "It cannot be changed meanwhile"
    mounts = disks.MOUNTS
    monkeypatch.setattr(disks, "MOUNTS", mounts.with_name("none"))
    with Case(share / "case") as case:
        case.add_events(made_up(1))
        monkeypatch.setattr(disks, "MOUNTS", mounts)
        with pytest.warns(
            UserWarning,
            match=r"on a network disk \(nfs4\): somebody else has the case open in a way that is not safe",
        ):
            other = Case(share / "case")
        with other:
            other.record_verdict(0, "no_picture")
    with Case(share / "case") as case:
        assert journal_of(case) == "delete"
        assert case.verdicts()["verdict"].tolist() == ["no_picture"]


@pytest.mark.not_quick
def test_several_processes_can_add_to_a_case_on_a_share(share):
    "Readers and writers wait for each other, and nothing is lost"
    with Case(share / "case") as case:
        case.add_events(made_up(1))
        names = ["A. One", "B. Two"]
        command = [sys.executable, "-c", WRITER, str(case.folder), str(disks.MOUNTS)]
        workers = [
            subprocess.Popen([*command, name], cwd=ROOT, stderr=subprocess.PIPE, text=True) for name in names
        ]
        said = [worker.communicate()[1] for worker in workers]
        assert all(
            text.count("is on a network disk (nfs4)") == 1 and "Traceback" not in text for text in said
        )
        assert case.table("notes")["operator"].value_counts().to_dict() == dict.fromkeys(names, 10)
        assert len(case.table("snapshots")) == 20
        assert case.verify().findings.empty


def test_nothing_is_removed_on_a_share(share):
    "What looks like a leftover may be another machine's, whose lock does not show"
    (share / "case").mkdir()
    part = share / "case" / ".picture.jpg.0a1b2c3d.camkit.part"
    part.write_bytes(b"half")
    with Case(share / "case") as case:
        case.add_events(made_up(1))
        case.add_snapshots([made_up_snapshot(0, b"x")])
        assert case.verify().findings["path"].tolist() == [part.name]
    assert part.exists()
