"""Hand a case over: a BagIt 1.0 bag (RFC 8493), zipped, that anyone can check without camkit.

The bag is made by the Library of Congress' ``bagit``, which changes the working directory while it works; so that
no other thread notices, it works in a process of its own: ``python -m camkit.case.bag <folder>``.
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
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from camkit.case.database import SOFTWARE
from camkit.case.images import SUFFIXES, copy_images
from camkit.case.times import utc_text
from camkit.errors import CaseError, OutputError
from camkit.support.files import make_folder, replacing, write_whole

if TYPE_CHECKING:
    from camkit.case import Case

CHECKSUMS = ("sha256", "sha512")


def write_bag(case: Case, path: Path, organization: str, now: datetime | None) -> Path:
    """Write the bag of a case; see `Case.export`."""
    exported_at = utc_text(now or datetime.now(UTC))
    info = {
        "External-Identifier": case.name,
        "External-Description": f"Review of badge events: {case!r}",
        "Contact-Name": case.operator,
        "Bagging-Date": exported_at[:10],
        "Bag-Software-Agent": SOFTWARE.replace(" ", "/"),
    }
    if organization:
        info["Source-Organization"] = organization
    make_folder(path.parent)
    with replacing(path) as part, tempfile.TemporaryDirectory(prefix=".new-", dir=path.parent) as folder:
        bag = Path(folder) / "bag"
        info["Case-Seal"] = _fill(bag, case, exported_at)
        _bag_in_place(bag, info)
        _zip(bag, part, top=path.stem)
    return path


def _fill(folder: Path, case: Case, exported_at: str) -> str:
    """Put into a folder what the bag is to hold, all of it from one state of the case; return that state's seal."""
    folder.mkdir()
    case.database.copy_to(folder / case.database.path.name)
    with type(case)(folder, operator=case.operator) as copy:
        copy_images(case.folder, folder, copy.table("images")["path"])
        if problems := copy.verify().problems():
            raise CaseError(
                f"The case {case.folder} is not as it was recorded, and so not exported: {problems[0]}"
            )
        copy.report(now=datetime.fromisoformat(exported_at))
        copy.export_tables(folder / "tables")
        evidence = json.dumps(_evidence(copy, exported_at), indent=2, ensure_ascii=False)
        seal = copy.seal()
    write_whole(folder / "evidence.json", evidence.encode())
    write_whole(folder / "README.txt", files("camkit.case").joinpath("templates/bag_readme.txt").read_bytes())
    return seal


def _evidence(case: Case, exported_at: str) -> dict[str, Any]:
    """What evidence exports are asked to state: of the export, and of each picture."""
    with case.database.reading() as connection:
        cursor = connection.execute(_PICTURES)
        columns = [column[0] for column in cursor.description]
        rows = [dict(zip(columns, row, strict=True)) for row in cursor]
    return {
        "case": case.name,
        "operator": case.operator,
        "export_time": exported_at,
        "exporting_unit": platform.node(),
        "exporting_software": SOFTWARE,
        "pictures": [_picture(row) for row in rows],
    }


def _picture(row: dict[str, Any]) -> dict[str, Any]:
    """One picture; its time is the vendor's where the vendor gives one."""
    start = datetime.fromisoformat(row["captured_at"] or row["requested_at"])
    corrected = start + timedelta(seconds=row["clock_offset_s"] or 0.0)
    return {
        "event": row["event"],
        "source_name": row["camera_name"] or row["door"],
        "source_id": row["camera_id"],
        "source_vendor": row["vendor"],
        "source_address": _origin(row["url"]),
        "operator": row["operator"],
        "requested_start_time": row["requested_at"],
        "absolute_start_time": utc_text(start),
        "absolute_start_time_is_from": "vendor" if row["captured_at"] else "request",
        "clock_offset_s": row["clock_offset_s"],
        "corrected_start_time": utc_text(corrected),
        "retrieved_time": row["retrieved_at"],
        "file": row["path"],
        "bytes": row["bytes"],
        "sha256": row["image"],
    }


_PICTURES = """
SELECT snapshots.*, images.path, images.bytes, (
    SELECT url FROM requests WHERE snapshot = snapshots.id ORDER BY id DESC LIMIT 1
) AS url
FROM snapshots JOIN images ON images.sha256 = snapshots.image ORDER BY snapshots.id
"""


def _origin(url: str | None) -> str | None:
    """The service that an address belongs to."""
    parts = urlsplit(url or "")
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else None


def _bag_in_place(folder: Path, info: dict[str, str]) -> None:
    """Have the child process make a bag of a folder, and check it."""
    command = [sys.executable, "-P", "-m", "camkit.case.bag", str(folder)]
    done = subprocess.run(command, input=json.dumps(info), capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        *_, said = done.stderr.strip().splitlines() or ["no reason given"]
        raise OutputError(f"The bag could not be made: {said}")


def _main(folder: Path) -> None:
    """The child process; the fields of ``bag-info.txt`` come in as JSON."""
    import bagit

    bag = bagit.make_bag(str(folder), json.load(sys.stdin), checksums=[*CHECKSUMS])
    # bagit says 0.97, the draft before the RFC; what it has made is right for 1.0 as well.
    (folder / "bagit.txt").write_text(
        "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n", encoding="utf-8", newline="\n"
    )
    bag.save()
    bagit.Bag(str(folder)).validate()


def _zip(folder: Path, target: Path, top: str) -> None:
    """Pack a folder; images are packed as they are, since they do not get smaller."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            stored = zipfile.ZIP_STORED if file.suffix in SUFFIXES.values() else None
            archive.write(file, Path(top) / file.relative_to(folder), compress_type=stored)


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
