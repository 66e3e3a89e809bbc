"""Export a case: a BagIt 1.0 bag (RFC 8493), zipped, that anyone can check without camkit.

The bag is made by the Library of Congress' ``bagit``. It changes the working directory while it works, so it runs in
a process of its own: ``make_bag.py``.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import tempfile
import zipfile
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

from camkit.case.database import SOFTWARE
from camkit.case.images import SUFFIXES, copy_image
from camkit.case.queries import Row, read_all
from camkit.case.record import DATABASE, Record
from camkit.case.report import write_report
from camkit.case.times import utc_text
from camkit.errors import CaseError, OutputError
from camkit.support.files import make_folder, replacing, write_whole


def write_bag(record: Record, path: Path, organization: str, now: datetime | None) -> Path:
    """Write the bag of a case; see `Case.export`."""
    exported_at = now or datetime.now(UTC)
    info = {
        "External-Identifier": record.name,
        "Contact-Name": record.operator,
        "Bagging-Date": utc_text(exported_at)[:10],
        "Bag-Software-Agent": SOFTWARE.replace(" ", "/"),
    }
    if organization:
        info["Source-Organization"] = organization
    make_folder(path.parent)
    with replacing(path) as part, tempfile.TemporaryDirectory(prefix=".new-", dir=path.parent) as folder:
        bag = Path(folder) / "bag"
        info |= _fill(bag, record, exported_at)
        _bag_in_place(bag, info)
        _zip(bag, part, top=path.stem)
    return path


def _fill(folder: Path, record: Record, exported_at: datetime) -> dict[str, str]:
    """Put everything into a folder, from one state of the case; return what ``bag-info.txt`` says of that state."""
    folder.mkdir()
    record.database.copy_to(folder / DATABASE)
    with Record(folder, operator=record.operator) as copy:
        with copy.database.reading() as connection:
            rows = read_all(connection)
        for image in rows["images"]:
            copy_image(record.folder, folder, image["path"])
        checked = copy.verify()
        if problems := checked.problems():
            raise CaseError(
                f"The case {record.folder} is not as it was recorded, so it is not exported: {problems[0]}"
            )
        write_report(copy, folder / "report.html", exported_at, checked)
        copy.export_tables(folder / "tables")
        info = {
            "External-Description": f"Review of badge events: {copy.summary()}",
            "Case-Seal": copy.seal(),
        }
    evidence = {
        "case": record.name,
        "operator": record.operator,
        "export_time": utc_text(exported_at),
        "exporting_unit": platform.node(),
        "exporting_software": SOFTWARE,
        "pictures": _pictures(rows),
    }
    write_whole(folder / "evidence.json", json.dumps(evidence, indent=2, ensure_ascii=False).encode())
    write_whole(folder / "README.txt", files("camkit.case").joinpath("templates/bag_readme.txt").read_bytes())
    return info


def _pictures(rows: dict[str, list[Row]]) -> list[Row]:
    """What exports of evidence are asked to state of each picture."""
    addresses = {request["snapshot"]: request["url"] for request in rows["requests"]}  # the last one's counts
    images = {image["sha256"]: image for image in rows["images"]}
    return [
        _picture(row, images[row["image"]], addresses.get(row["id"]))
        for row in rows["snapshots"]
        if row["image"] is not None
    ]


def _picture(row: Row, image: Row, address: str | None) -> Row:
    """One picture; its time is the vendor's if the vendor gives one."""
    start = datetime.fromisoformat(row["captured_at"] or row["requested_at"])
    corrected = start + timedelta(seconds=row["clock_offset_s"] or 0.0)
    service = urlsplit(address or "")
    return {
        "event": row["event"],
        "source_name": row["camera_name"] or row["door"],
        "source_view": row["view"],
        "source_id": row["camera_id"],
        "source_vendor": row["vendor"],
        "source_address": f"{service.scheme}://{service.netloc}" if service.netloc else None,
        "operator": row["operator"],
        "requested_start_time": row["requested_at"],
        "absolute_start_time": utc_text(start),
        "absolute_start_time_is_from": "vendor" if row["captured_at"] else "request",
        "clock_offset_s": row["clock_offset_s"],
        "corrected_start_time": utc_text(corrected),
        "retrieved_time": row["retrieved_at"],
        "file": image["path"],
        "bytes": image["bytes"],
        "sha256": row["image"],
    }


def _bag_in_place(folder: Path, info: dict[str, str]) -> None:
    """Let the child process make a bag of a folder, and check it."""
    command = [sys.executable, "-P", str(Path(__file__).with_name("make_bag.py")), str(folder)]
    done = subprocess.run(command, input=json.dumps(info), capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        *_, said = done.stderr.strip().splitlines() or ["no reason given"]
        raise OutputError(f"The bag could not be made: {said}")


def _zip(folder: Path, target: Path, top: str) -> None:
    """Pack a folder; images are stored, since compressing does not make them smaller."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            stored = zipfile.ZIP_STORED if file.suffix in SUFFIXES.values() else None
            archive.write(file, Path(top) / file.relative_to(folder), compress_type=stored)
