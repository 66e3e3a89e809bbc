"""The bag: whoever has it can check it without camkit, and one flipped bit shows."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
import zipfile
from contextlib import closing
from dataclasses import replace
from itertools import cycle
from pathlib import Path

import bagit
import pandas as pd
import pytest

from camkit.badges import load_badges
from camkit.case import Case, schema
from camkit.case.bag import _fill as fill
from camkit.case.bag_zip import write_bag_zip
from camkit.case.database import Stamp, insert
from camkit.directory import Cardholder
from camkit.errors import CaseError, OutputError
from camkit.support.files import working_folder
from tests.case.test_chain import REPLY, unguarded
from tests.conftest import ROOT
from tests.support.cases import MADE_AT, at_doors, frame, look, made_up, made_up_snapshot, main_of, review

pytestmark = pytest.mark.not_quick

MOMENT = "2026-01-05T07:00:00.000000Z"

needs_sha256sum = pytest.mark.skipif(shutil.which("sha256sum") is None, reason="no sha256sum here")


@pytest.fixture(scope="module")
def exported(demo, tmp_path_factory):
    "A reviewed case and its bag, zipped"
    folder = tmp_path_factory.mktemp("exported")
    seen = look(demo)
    with Case(folder / "front-door", operator="R. Investigator") as case:
        review(case, seen)
        path = case.export(folder / "case.zip", organization="Example GmbH", now=MADE_AT)
        yield case, path, seen


@pytest.fixture
def bag(exported, tmp_path):
    "The unzipped bag"
    with zipfile.ZipFile(exported[1]) as archive:
        archive.extractall(tmp_path)
    return tmp_path / "case"


def test_a_bag_is_a_zip_whatever_its_name(exported, tmp_path):
    "A name without .zip gets it, and the result says so"
    assert exported[0].export(tmp_path / "case 7.final") == tmp_path / "case 7.final.zip"
    assert zipfile.is_zipfile(tmp_path / "case 7.final.zip")


def by_bagit(bag: Path) -> bool:
    "What bagit.py says"
    command = [sys.executable, "-m", "bagit", "--validate", str(bag)]
    return subprocess.run(command, capture_output=True).returncode == 0


def by_sha256sum(bag: Path) -> bool:
    "What sha256sum says, alone"
    command = ["sha256sum", "--check", "--strict", "manifest-sha256.txt"]
    return subprocess.run(command, cwd=bag, capture_output=True).returncode == 0


@needs_sha256sum
def test_the_bag_is_valid_for_bagit_and_for_sha256sum(bag):
    "Two programs that know nothing of camkit"
    assert by_bagit(bag)
    assert by_sha256sum(bag)


@needs_sha256sum
@pytest.mark.parametrize(
    "which", ["images/*/*.jpg", "case.sqlite", "report.html", "evidence.json", "tables/*.csv"]
)
def test_one_flipped_bit_fails_both(bag, which):
    "In any file"
    path = next((bag / "data").glob(which))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert not by_bagit(bag)
    assert not by_sha256sum(bag)


def test_the_bag_is_of_version_1_with_both_manifests(bag):
    "BagIt 1.0, SHA-256 and SHA-512, each listing every file"
    assert (bag / "bagit.txt").read_text() == "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
    payload = {path.relative_to(bag).as_posix() for path in (bag / "data").rglob("*") if path.is_file()}
    for algorithm in ("sha256", "sha512"):
        lines = (bag / f"manifest-{algorithm}.txt").read_text().splitlines()
        digests = dict(reversed(line.split("  ")) for line in lines)
        assert set(digests) == payload
        for path, digest in digests.items():
            assert hashlib.new(algorithm, (bag / path).read_bytes()).hexdigest() == digest
        assert (bag / f"tagmanifest-{algorithm}.txt").exists()


def test_the_bag_says_whose_it_is(bag):
    "The fields of bag-info.txt"
    info = bagit.Bag(str(bag)).info
    files = [path for path in (bag / "data").rglob("*") if path.is_file()]
    assert info["External-Identifier"] == "front-door"
    assert info["Contact-Name"] == "R. Investigator"
    assert info["Source-Organization"] == "Example GmbH"
    assert info["Bagging-Date"] == "2026-02-03"
    assert re.fullmatch(r"camkit/\d+\.\d+\.\d+", info["Bag-Software-Agent"])
    assert info["Payload-Oxum"] == f"{sum(path.stat().st_size for path in files)}.{len(files)}"


def test_the_images_are_the_originals(bag, exported):
    "Byte for byte, under the same names"
    case, _, seen = exported
    inside = {
        path.relative_to(bag / "data"): path.read_bytes() for path in (bag / "data" / "images").glob("*/*")
    }
    outside = {
        path.relative_to(case.folder): path.read_bytes() for path in (case.folder / "images").glob("*/*")
    }
    assert inside == outside
    assert {snapshot.picture.content for snapshot in seen if snapshot.ok} <= set(inside.values())


def test_the_database_in_the_bag_is_whole_by_itself(bag, exported):
    "No second file beside it; reading it changes nothing; it says what the case says"
    database = bag / "data" / "case.sqlite"
    before = database.read_bytes()
    raw = sqlite3.connect(database)
    assert raw.execute("SELECT verdict FROM overview WHERE event = 1").fetchone() == ("mismatch",)
    assert raw.execute("PRAGMA journal_mode").fetchone() == ("delete",)
    raw.close()
    with Case(bag / "data") as case:
        assert case.verify().ok
        assert case.verdicts().equals(exported[0].verdicts())
    assert database.read_bytes() == before
    assert by_bagit(bag)


def test_the_evidence_says_what_exports_are_asked_to_say(bag, exported):
    "Source, exporting unit and software, export time, operator, absolute and corrected start time, hash"
    evidence = json.loads((bag / "data" / "evidence.json").read_text("utf-8"))
    assert evidence["operator"] == "R. Investigator"
    assert evidence["export_time"] == "2026-02-03T04:05:06.000000Z"
    assert evidence["exporting_unit"] == "Example GmbH"
    assert evidence["exporting_software"].startswith("camkit ")
    seen = exported[2]
    laboratory = next(picture for picture in evidence["pictures"] if picture["event"] == 7)
    replies = main_of(seen, 7).picture.replies
    assert laboratory == {
        "event": 7,
        "source_name": "Laboratory",
        "source_view": None,
        "source_id": main_of(seen, 7).camera.camera_id,
        "source_vendor": "meraki",
        "source_address": "/".join(replies[-1].url.split("/")[:3]),
        "operator": "R. Investigator",
        "requested_start_time": "2019-04-12T20:25:32.000000Z",
        "absolute_start_time": "2019-04-12T20:25:32.000000Z",
        "absolute_start_time_is_from": "request",
        "clock_offset_s": 47.0,
        "corrected_start_time": "2019-04-12T20:26:19.000000Z",
        "retrieved_time": replies[-1].received_at.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "file": f"images/{main_of(seen, 7).sha256[:2]}/{main_of(seen, 7).sha256}.jpg",
        "bytes": len(main_of(seen, 7).picture.content),
        "sha256": main_of(seen, 7).sha256,
    }
    dock = next(picture for picture in evidence["pictures"] if picture["event"] == 3)
    assert dock["absolute_start_time_is_from"] == "vendor"
    assert dock["absolute_start_time"] == "2019-04-12T17:33:36.445000Z"


def test_the_report_and_the_tables_are_in_the_bag(bag):
    "Made from the same state, with the same time"
    assert "Made at 2026-02-03 04:05:06 UTC" in (bag / "data" / "report.html").read_text("utf-8")
    names = {path.stem for path in (bag / "data" / "tables").glob("*.csv")}
    assert {"events", "snapshots", "requests", "verdicts", "images"} <= names


def test_the_bag_says_the_seal_of_what_it_holds(bag, exported):
    "The same in bag-info.txt, in the report and in the case that it was made from"
    seal = bagit.Bag(str(bag)).info["Case-Seal"]
    assert seal in (bag / "data" / "report.html").read_text("utf-8")
    with Case(bag / "data") as copy:
        assert copy.verify(seal=seal).ok
    assert exported[0].verify(seal=seal).ok


def test_the_readme_says_how_to_check_without_camkit(bag):
    "The very commands that the tests above run"
    text = (bag / "data" / "README.txt").read_text("utf-8")
    assert "sha256sum -c manifest-sha256.txt" in text
    assert "bagit.py --validate" in text


def test_the_bag_holds_one_state_though_others_write(tmp_path):
    "Database, tables and report agree on how many verdicts there are, while another thread gives more"
    with Case(tmp_path / "busy") as case, Case(tmp_path / "busy", operator="Other") as other:
        case.add_events(made_up(1))
        done = threading.Event()

        def decide() -> None:
            verdicts = cycle(["unclear", "no_picture"])
            while not done.is_set():
                other.record_verdict(0, next(verdicts))

        writer = threading.Thread(target=decide)
        writer.start()
        case.export(tmp_path / "case.zip")
        done.set()
        writer.join()
    with zipfile.ZipFile(tmp_path / "case.zip") as archive:
        archive.extractall(tmp_path)
    data = tmp_path / "case" / "data"
    with Case(data) as copy:
        count = len(copy.verdicts())
    assert len(pd.read_csv(data / "tables" / "verdicts.csv")) == count
    assert (data / "report.html").read_text("utf-8").count("<dt>Earlier</dt>") == max(0, count - 1)
    assert by_bagit(tmp_path / "case")


def test_a_case_that_is_not_in_order_is_not_exported(tmp_path):
    "Missing, altered or unreadable images are named; nothing is left behind"
    with Case(tmp_path / "case") as case:
        case.add_events(made_up(2))
        case.add_snapshots(made_up_snapshot(label, b"%d" % label) for label in range(2))
        image = case.folder / case.table("images")["path"].iloc[0]
        for spoil in (lambda: image.write_bytes(b"forged"), image.unlink, image.mkdir):
            spoil()
            with pytest.raises(CaseError, match=image.name):
                case.export(tmp_path / "case.zip")
    assert [path.name for path in tmp_path.iterdir()] == ["case"]


def test_a_path_that_leads_out_of_the_case_is_not_followed(tmp_path):
    "Somebody else's database cannot have files written elsewhere"
    with Case(tmp_path / "case") as case:
        row = ("0" * 64, "../../escaped.jpg", 1, "image/jpeg", MOMENT, "", "")
        with case.database.writing() as connection:
            connection.execute("INSERT INTO images VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        (tmp_path / "escaped.jpg").write_text("x")
        with pytest.raises(CaseError, match="not in its folder of images"):
            case.export(tmp_path / "out" / "case.zip")


def test_a_full_disk_leaves_no_bag(tmp_path):
    "An output error, and neither half a zip nor a working folder"
    with Case(tmp_path / "case") as case:
        case.add_events(made_up(3))
        case.add_snapshots(made_up_snapshot(label, os.urandom(150_000)) for label in range(3))
    code = """
import resource, signal, sys
from camkit.case import Case
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with Case(sys.argv[1]) as case:
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
    try:
        case.export(sys.argv[3])
    except Exception as error:
        print(type(error).__name__)
"""
    for limit in (50_000, 400_000):
        command = [sys.executable, "-c", code, str(tmp_path / "case"), str(limit), str(tmp_path / "case.zip")]
        assert subprocess.run(command, capture_output=True, text=True, cwd=ROOT).stdout == "OutputError\n"
    assert [path.name for path in tmp_path.iterdir()] == ["case"]


def test_a_place_that_cannot_be_written_is_an_output_error(exported, tmp_path):
    "A file where the folder should be"
    (tmp_path / "taken").write_text("")
    with pytest.raises(OutputError):
        exported[0].export(tmp_path / "taken" / "case.zip")


def test_the_same_case_gives_the_same_bytes(exported, tmp_path):
    "Exported twice with the same time, also after it was closed and opened"
    case, path, _ = exported
    again = case.export(tmp_path / "case.zip", organization="Example GmbH", now=MADE_AT)
    with Case(shutil.copytree(case.folder, tmp_path / "front-door"), operator="R. Investigator") as copy:
        copied = copy.export(tmp_path / "copy" / "case.zip", organization="Example GmbH", now=MADE_AT)
    assert again.read_bytes() == path.read_bytes()
    with zipfile.ZipFile(copied) as one, zipfile.ZipFile(path) as other:
        different = [name for name in other.namelist() if one.read(name) != other.read(name)]
    assert different == []


@pytest.mark.parametrize("sign", [*"\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029", "\r\n", "\0", "\x1b"])
def test_no_sign_in_a_name_adds_a_field_to_the_bag(tmp_path, sign):
    "Programs differ in what they take for the end of a line: a second seal could be read"
    forged = f"Doe{sign}Case-Seal: {'0' * 64}"
    with Case(tmp_path / "case", operator=forged, name=forged) as case:
        case.add_events(made_up(1))
        with zipfile.ZipFile(case.export(tmp_path / "case.zip", organization=forged)) as archive:
            text = archive.read("case/bag-info.txt").decode()
            archive.extractall(tmp_path / "out")
        seal = case.seal()
    assert [line for line in text.splitlines() if line.startswith("Case-Seal")] == [f"Case-Seal: {seal}"]
    assert sign not in text.replace("\n", "") or sign == "\n"
    assert bagit.Bag(str(tmp_path / "out" / "case")).info["Case-Seal"] == seal


def test_an_export_that_was_killed_leaves_nothing_after_the_next_one(tmp_path):
    "Neither half a zip nor a folder with the evidence in it; what a running one works with stays"
    with Case(tmp_path / "case") as case:
        case.add_events(made_up(2))
        case.add_snapshots(made_up_snapshot(label, os.urandom(3_000_000)) for label in range(2))
        code = "import sys; from camkit.case import Case; Case(sys.argv[1]).export(sys.argv[2])"
        out = tmp_path / "out"
        out.mkdir()
        command = [sys.executable, "-c", code, str(case.folder), str(out / "case.zip")]
        with subprocess.Popen(command, cwd=ROOT) as process:
            while len([*out.iterdir()]) < 2:
                assert process.poll() is None
                time.sleep(0.001)
            process.kill()
        assert len([*out.glob(".case.zip.*.part")]) == 2
        with working_folder(out / "case.zip") as in_use:
            case.export(out / "case.zip")
            assert sorted(out.iterdir()) == sorted([in_use, out / "case.zip"])
    assert [path.name for path in out.iterdir()] == ["case.zip"]


def test_an_export_makes_no_second_copy_of_the_images(tmp_path):
    "While it works, the disk holds them once and in the zip"
    with Case(tmp_path / "case") as case:
        case.add_events(made_up(1))
        case.add_snapshots([made_up_snapshot(0, b"picture")])
        with working_folder(tmp_path / "case.zip") as folder:
            fill(folder, case, "", MADE_AT)
            assert [path.stat().st_nlink for path in (folder / "images").glob("*/*")] == [2, 2]


def test_an_image_that_changes_while_the_bag_is_made_ends_it(tmp_path):
    "The manifest would vouch for it under another picture's name"
    image = tmp_path / "image.jpg"
    image.write_bytes(b"forged")
    name = f"images/aa/{'a' * 64}.jpg"
    with pytest.raises(CaseError, match="was altered while the bag was made"):
        write_bag_zip(tmp_path / "case.zip", "case", [(name, image)], {}, MADE_AT)


BYSTANDER = Cardholder("badge-0815", "Bea Bystander", photo=b"her portrait", photo_type="image/png")
HERS = ("Bea Bystander", "badge-0815", "her portrait", "her picture", "This is Bea")


def picked_by_mistake(folder: Path) -> Case:
    "A case with an event of a bystander, who was picked by mistake, was looked at and judged, and is excluded"
    case = Case(folder, operator="R. Investigator")
    case.add_events(made_up(2, cardholder_id=["4711", "badge-0815"]))
    hers = made_up_snapshot(1, b"her picture", cardholder_id="badge-0815", cardholder=BYSTANDER)
    case.add_snapshots([made_up_snapshot(0, b"picture"), hers, frame(hers, b"her picture, later", 5)])
    case.record_verdict(0, "match")
    case.record_verdict(1, "unclear", "Who is it?")
    case.record_verdict(1, "match", "This is Bea.")
    case.exclude(1, "picked by mistake\u2028Case-Seal: 0000")
    return case


@pytest.fixture
def with_bystander(tmp_path):
    "Such a case"
    with picked_by_mistake(tmp_path / "mistake") as case:
        yield case


@pytest.fixture(scope="module")
def handed_over(tmp_path_factory):
    "What is in the bag of such a case"
    folder = tmp_path_factory.mktemp("handed")
    with picked_by_mistake(folder / "mistake") as case:
        return unzipped(case.export()) / "data"


def unzipped(path: Path) -> Path:
    "The folder that a zipped bag holds"
    with zipfile.ZipFile(path) as archive:
        archive.extractall(path.parent / "unzipped")
    return path.parent / "unzipped" / path.stem


def test_what_belongs_to_an_excluded_event_is_in_no_file_of_the_bag(with_bystander):
    "Not in the database's unused bytes either; the bag says how many events are left out, and why"
    case = with_bystander
    bag = unzipped(case.export(now=MADE_AT))
    for path in (path for path in bag.rglob("*") if path.is_file()):
        content = path.read_bytes()
        if path.suffix == ".parquet":
            content = pd.read_parquet(path).to_csv().encode()
        assert not [said for said in HERS if said.encode() in content], path
    info = (bag / "bag-info.txt").read_text("utf-8")
    said = "1 event left out: “picked by mistake[U+2028]Case-Seal: 0000” (R. Investigator)."
    assert f"Events-Left-Out: {said}\n" in info
    assert re.findall("^Case-Seal: .*$", info, re.MULTILINE) == [f"Case-Seal: {case.seal()}"]
    assert said in (bag / "data" / "README.txt").read_text("utf-8")
    assert by_bagit(bag)


def test_unused_bytes_of_the_case_are_not_handed_over(with_bystander):
    "Which SQLite does not overwrite everywhere when it moves rows; two exports of one state are the same all the same"
    case = with_bystander
    with closing(sqlite3.connect(case.folder / "case.sqlite", isolation_level=None)) as other:
        other.execute("PRAGMA secure_delete = OFF")
        other.execute("CREATE TABLE scratch (text)")
        other.execute("INSERT INTO scratch VALUES (?)", ["This is Bea. " * 4000])
        other.execute("DROP TABLE scratch")
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    copies = [unzipped(case.export(now=MADE_AT)) / "data" / "case.sqlite" for _ in range(2)]
    first, second = (path.read_bytes() for path in copies)
    assert b"This is Bea" not in first
    assert first == second


def test_a_copy_without_the_excluded_events_can_be_verified(with_bystander):
    "With the case's own seal, also when more was added; it says what it is, and it is not written to"
    case = with_bystander
    copy_of = unzipped(case.export())
    seal = case.seal()
    case.record_verdict(0, "unclear")
    with Case(copy_of / "data") as copy:
        assert copy.verify(seal=seal).problems() == []
        assert "This is a copy that was handed over: 1 event that was excluded" in copy.verify().summary()
        with pytest.raises(CaseError, match="a copy that was handed over"):
            copy.record_verdict(0, "unclear")
    assert case.verify(seal=seal).ok
    assert "copy" not in case.verify().summary()


@pytest.mark.parametrize(
    ("tampering", "found"),
    [
        ("DELETE FROM decisions WHERE event = 0", "decision 1 was removed"),
        ("UPDATE decisions SET verdict = 'unclear' WHERE event = 0", "decision 1 was changed"),
        ("DELETE FROM left_out WHERE table_name = 'snapshots'", "snapshot 2 was removed"),
        (
            "INSERT INTO left_out VALUES ('exclusions', 1); DELETE FROM exclusions",
            "exclusion 1 is said to be left out",
        ),
        (
            "INSERT INTO left_out VALUES ('events', 0)",
            "event 0 is said to be left out of a copy, but it is not excluded",
        ),
    ],
)
def test_a_copy_that_was_tampered_with_is_found_out(handed_over, tmp_path, tampering, found):
    "Only what belongs to excluded events may be missing"
    data = shutil.copytree(handed_over, tmp_path / "data")
    with closing(sqlite3.connect(data / "case.sqlite")) as raw:
        guards = raw.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in guards:
            raw.execute(f"DROP TRIGGER {name}")
        raw.executescript(tampering)
        for _, sql in guards:
            raw.execute(sql)
        raw.commit()
    with Case(data) as copy:
        assert [problem for problem in copy.verify().problems() if found in problem]


@pytest.mark.parametrize(("table", "key"), [("decisions", 1), ("withdrawals", 2), ("requests", 1)])
def test_what_was_there_before_the_exclusion_cannot_be_called_the_excluded_events(tmp_path, table, key):
    "A verdict, a slip and a request of an event that is still there; what was recorded of the other one later may be"
    folder = tmp_path / "mistake"
    with Case(folder, operator="R. Investigator") as case:
        case.add_events(made_up(2))
        seen = made_up_snapshot(0, b"picture")
        asked = replace(seen, picture=replace(seen.picture, replies=(REPLY,)))
        case.add_snapshots([asked, made_up_snapshot(1, b"her picture")])
        case.record_verdict(0, "mismatch")
        case.record_verdict(0, "match")
        case.withdraw_verdict(0)
        case.exclude(1, "picked by mistake")
        case.record_note(1, "Later.")
        copy_of = unzipped(case.export()) / "data"
    with Case(copy_of) as copy:
        assert copy.verify().problems() == []
        with unguarded(copy, table) as raw:
            raw.execute(f"DELETE FROM {table} WHERE {schema.KEYS[3][table]} = ?", [key])
            raw.execute("INSERT INTO left_out VALUES (?, ?)", [table, key])
        (found,) = copy.verify().findings["detail"]
    assert found.endswith("left out of a copy, but it is not among what belonged to the excluded events")


def test_an_earlier_reason_of_an_excluded_event_is_not_handed_over(with_bystander):
    "It may have said too much; the one that counts now is there, and the copy verifies"
    case = with_bystander
    case.include(1)
    case.exclude(1, "This is Bea's boss.")
    case.exclude(1, "not needed")
    copy_of = unzipped(case.export())
    assert not [path for path in copy_of.rglob("*") if path.is_file() and b"Bea's boss" in path.read_bytes()]
    with Case(copy_of / "data") as copy:
        assert copy.verify(case.seal()).problems() == []
        assert copy.table("exclusions")["reason"].tolist() == ["not needed"]


def test_a_missing_picture_of_an_excluded_event_stays_a_finding(with_bystander):
    "In the case itself; the rest can be handed over nevertheless"
    case = with_bystander
    row = next(
        row for row in case.table("images").to_dict("records") if case.image(row["sha256"]) == b"her picture"
    )
    (case.folder / row["path"]).unlink()
    assert [row["path"] in problem for problem in case.verify().problems()] == [True]
    assert case.export().exists()


def test_a_photo_that_another_event_needs_stays(tmp_path):
    "The same holder at two events, one of which is excluded"
    with Case(tmp_path / "case") as case:
        case.add_events(made_up(2))
        case.add_snapshots(made_up_snapshot(label, b"%d" % label) for label in range(2))
        case.exclude(1, "not needed")
        data = unzipped(case.export()) / "data"
    with Case(data) as copy:
        assert sorted(map(copy.image, copy.table("images")["sha256"])) == [b"0", b"portrait"]
        assert copy.events()["name"].tolist() == ["Ann Li"]


def test_a_bag_is_never_replaced(tmp_path):
    "A second one has another name; one of that name is refused"
    with Case(tmp_path / "case") as case:
        case.add_events(made_up(1))
        first, second = case.export(), case.export()
        assert [first.name, second.name] == ["case.zip", "case-2.zip"]
        before = first.read_bytes()
        with pytest.raises(OutputError, match="is there already, and a bag is never replaced"):
            case.export(first)
        assert first.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["case", "case-2.zip", "case.zip"]


def test_a_bag_that_somebody_else_made_meanwhile_is_not_replaced(tmp_path):
    "The name is taken while the bag is being made"
    with Case(tmp_path / "case") as case:
        case.add_events(made_up(1))
        target = tmp_path / "case.zip"

        def take() -> None:
            while not list(tmp_path.glob(".case.zip.*.part")):
                time.sleep(0.001)
            target.write_bytes(b"earlier")

        other = threading.Thread(target=take)
        other.start()
        with pytest.raises(OutputError, match="never replaced"):
            case.export(target)
        other.join()
    assert target.read_bytes() == b"earlier"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["case", "case.zip"]


def test_the_description_of_a_bag_shows_what_would_turn_its_text(tmp_path):
    "In the case's name, the operator's and the organization's"
    with Case(tmp_path / "case", name="Na\u202eme\nX: y", operator="Op\u200f") as case:
        bag = unzipped(case.export(organization="Ex\u2066ample"))
    info = (bag / "bag-info.txt").read_text("utf-8")
    assert "External-Identifier: Na[U+202E]me X: y\n" in info
    assert "Contact-Name: Op[U+200F]\n" in info
    assert "Source-Organization: Ex[U+2066]ample\n" in info


def test_what_a_killed_export_left_goes_when_the_case_is_opened(tmp_path):
    "From the folder that the bag would be in; nothing else there does"
    Case(tmp_path / "case").close()
    names = [".case.zip.0a1b2c3d.camkit.part", ".another.zip.0a1b2c3d.camkit.part"]
    for name in names:
        (tmp_path / name).write_bytes(b"half")
    Case(tmp_path / "case").close()
    assert sorted(path.name for path in tmp_path.iterdir()) == [names[1], "case"]


def test_a_bag_is_a_draft_until_all_is_decided(with_bystander):
    "In its description and in its README"
    case = with_bystander
    case.include(1)
    with Case(case.folder, operator="S. Second") as other:
        other.record_verdict(1, "unclear")
    case.add_events(made_up(3, cardholder_id=["4711", "badge-0815", "4711"]))
    said = "DRAFT: 1 event without a verdict on its picture. The reviewers disagree on 1 event."
    bag = unzipped(case.export())
    assert f"Case-Status: {said}\n" in (bag / "bag-info.txt").read_text("utf-8")
    assert f"\n{said}\n" in (bag / "data" / "README.txt").read_text("utf-8")
    case.exclude(1, "disputed")
    case.exclude(2, "picked by mistake")
    info = (unzipped(case.export()) / "bag-info.txt").read_text("utf-8")
    assert "DRAFT" not in info
    assert "Events-Left-Out: 2 events left out: " in info


@pytest.mark.parametrize("is_demo", [False, True])
def test_a_real_case_is_no_demo_whatever_is_added(with_bystander, is_demo):
    "Neither one drawn picture nor a setting makes it one"
    shown = frame(made_up_snapshot(0, b"x"), b"drawn", 5)
    with_bystander.add_snapshots([replace(shown, picture=replace(shown.picture, is_demo=True))])
    with with_bystander.database.writing() as connection:
        value = json.dumps({"is_demo": is_demo, "services": {}})
        row = {"name": "site", "value": value, **Stamp("Insider").columns("added_at")}
        insert(connection, "settings", row)
    assert not with_bystander.is_demo
    bag = unzipped(with_bystander.export())
    assert "DEMO" not in (bag / "bag-info.txt").read_text("utf-8")


def test_a_bag_of_the_demo_site_says_so(tmp_path):
    "Where it says whose it is, and in its README"
    shown = made_up_snapshot(0, b"drawn")
    with Case(tmp_path / "case") as case:
        case.add_events(made_up(1))
        case.add_snapshots([replace(shown, picture=replace(shown.picture, is_demo=True))])
        bag = unzipped(case.export())
    assert "Demo: DEMO" in (bag / "bag-info.txt").read_text("utf-8")
    assert "\nDEMO: " in (bag / "data" / "README.txt").read_text("utf-8")


def test_an_event_can_be_looked_up_in_the_export_in_the_bag(tmp_path):
    "As its README says: name, line and place; the export is byte for byte what was brought"
    (tmp_path / "log.csv").write_bytes(
        b"timestamp,UserID,reader_id\r\n2026-01-05T07:00:00Z,4711,R1\r\nTotal 1\r\n"
    )
    log = load_badges(tmp_path / "log.csv", timezone="UTC")
    with Case(tmp_path / "case") as case:
        case.add_events(at_doors(log.events))
        case.add_sources(log)
        bag = unzipped(case.export())
    event = pd.read_csv(bag / "data" / "tables" / "events.csv").iloc[0]
    readme = (bag / "data" / "README.txt").read_text("utf-8")
    place = re.search(
        r"    log\.csv\n        badge export, \d+ bytes\n        (data/documents/\S+\.csv)\n", readme
    )
    assert event["file"] == "log.csv"
    assert (bag / place[1]).read_bytes() == (tmp_path / "log.csv").read_bytes()
    assert (bag / place[1]).read_text().splitlines()[event["line"] - 1] == "2026-01-05T07:00:00Z,4711,R1"
    assert (bag / place[1]).name.startswith(hashlib.sha256((tmp_path / "log.csv").read_bytes()).hexdigest())
    with Case(bag / "data") as copy:
        assert copy.verify().ok
