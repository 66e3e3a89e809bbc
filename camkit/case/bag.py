"""Export a case: a BagIt 1.0 bag (RFC 8493), zipped, that anyone can check without camkit."""

from __future__ import annotations

import json
import platform
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

from camkit.case.bag_zip import write_bag_zip
from camkit.case.database import SOFTWARE
from camkit.case.images import copy_image
from camkit.case.queries import Row, read_all
from camkit.case.record import DATABASE, Record
from camkit.case.report import write_report
from camkit.case.times import utc_text
from camkit.errors import CaseError
from camkit.support.files import make_folder, replacing, sync, working_folder, write_whole


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
    # The images in the working folder are the case's own files under a second name wherever the disk lets them.
    with replacing(path) as part, working_folder(path) as folder:
        info |= _fill(folder, record, exported_at)
        payload = sorted(
            (file.relative_to(folder).as_posix(), file) for file in folder.rglob("*") if not file.is_dir()
        )
        write_bag_zip(part, path.stem, payload, info, exported_at)
        sync([part])
    sync([path])
    return path


def _fill(folder: Path, record: Record, exported_at: datetime) -> dict[str, str]:
    """Put everything into a folder, from one state of the case; return what ``bag-info.txt`` says of that state."""
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
