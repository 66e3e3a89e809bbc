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
from pathlib import Path

import bagit
import pandas as pd
import pytest

from camkit.case import Case
from camkit.case.bag import _fill as fill
from camkit.case.bag_zip import write_bag_zip
from camkit.errors import CaseError, OutputError
from camkit.support.files import working_folder
from tests.conftest import ROOT
from tests.support.cases import MADE_AT, look, made_up, made_up_snapshot, main_of, review

pytestmark = pytest.mark.not_quick

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
    assert evidence["exporting_unit"] == os.uname().nodename
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
            while not done.is_set():
                other.record_verdict(0, "unclear")

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
    "Missing, altered or unreadable images are named; nothing is left behind, and an earlier bag stays"
    (tmp_path / "case.zip").write_bytes(b"earlier")
    with Case(tmp_path / "case") as case:
        case.add_events(made_up(2))
        case.add_snapshots(made_up_snapshot(label, b"%d" % label) for label in range(2))
        image = case.folder / case.table("images")["path"].iloc[0]
        for spoil in (lambda: image.write_bytes(b"forged"), image.unlink, image.mkdir):
            spoil()
            with pytest.raises(CaseError, match=image.name):
                case.export(tmp_path / "case.zip")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["case", "case.zip"]
    assert (tmp_path / "case.zip").read_bytes() == b"earlier"


def test_a_path_that_leads_out_of_the_case_is_not_followed(tmp_path):
    "Somebody else's database cannot have files written elsewhere"
    with Case(tmp_path / "case") as case:
        row = ("0" * 64, "../../escaped.jpg", 1, "image/jpeg", "", "", "")
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
            fill(folder, case, MADE_AT)
            assert [path.stat().st_nlink for path in (folder / "images").glob("*/*")] == [2, 2]


def test_an_image_that_changes_while_the_bag_is_made_ends_it(tmp_path):
    "The manifest would vouch for it under another picture's name"
    image = tmp_path / "image.jpg"
    image.write_bytes(b"forged")
    name = f"images/aa/{'a' * 64}.jpg"
    with pytest.raises(CaseError, match="was altered while the bag was made"):
        write_bag_zip(tmp_path / "case.zip", "case", [(name, image)], {}, MADE_AT)
