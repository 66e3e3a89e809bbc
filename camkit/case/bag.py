"""Export a case: a BagIt 1.0 bag (RFC 8493), zipped, that anyone can check without camkit.

The bag is made by the Library of Congress' ``bagit``. It changes the working directory while it works, so it runs in
a process of its own: ``make_bag.py``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import zipfile
from datetime import UTC, datetime, timedelta
from itertools import chain, count
from pathlib import Path
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined

from camkit.case import handover
from camkit.case.database import SOFTWARE
from camkit.case.decisions import DISPUTED, Decision, agreed
from camkit.case.images import SUFFIXES, copy_image
from camkit.case.queries import Row, grouped, read_all
from camkit.case.record import DATABASE, Record
from camkit.case.report import write_report
from camkit.case.times import utc_text
from camkit.errors import CaseError, OutputError
from camkit.support.files import make_folder, replacing, write_whole
from camkit.support.html import visible


def write_bag(record: Record, path: Path, organization: str, now: datetime | None) -> Path:
    """Write the bag of a case; see `Case.export`."""
    if path.exists():
        raise _taken(path)
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
        info |= _fill(bag, record, organization, exported_at)
        _bag_in_place(bag, info)
        _zip(bag, part, top=path.stem)
        _claim(path)
    return path


def free_path(folder: Path) -> Path:
    """Return the path of a bag beside the folder of a case that is not taken yet: ``NAME.zip``, ``NAME-2.zip``, ..."""
    names = (f"{folder.name}{ending}.zip" for ending in chain([""], (f"-{number}" for number in count(2))))
    return next(path for path in map(folder.parent.joinpath, names) if not path.exists())


def _claim(path: Path) -> None:
    """Make an empty file where the bag will be; refuse it if somebody else was faster."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        raise _taken(path) from None


def _taken(path: Path) -> OutputError:
    return OutputError(
        f"{path} is there already, and a bag is never replaced: choose another name, or leave the name out, and a new "
        "one is found."
    )


def _fill(folder: Path, record: Record, organization: str, exported_at: datetime) -> dict[str, str]:
    """Put everything into a folder, from one state of the case; return what ``bag-info.txt`` says of that state."""
    folder.mkdir()
    handover.copy_to(record.database, folder / DATABASE)
    with Record(folder, operator=record.operator) as copy:
        with copy.database.reading() as connection:
            rows = read_all(connection)
        documents = rows.get("documents", [])
        for file in (*rows["images"], *documents):
            copy_image(record.folder, folder, file["path"])
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
    status = _status(rows, is_demo=record.is_demo)
    info |= {name: _one_line(said) for name, said in status.items()}
    evidence = {
        "case": record.name,
        "operator": record.operator,
        "export_time": utc_text(exported_at),
        "exporting_unit": organization or None,
        "exporting_software": SOFTWARE,
        "pictures": _pictures(rows),
    }
    write_whole(folder / "evidence.json", json.dumps(evidence, indent=2, ensure_ascii=False).encode())
    write_whole(folder / "README.txt", _readme(status, documents, rows).encode())
    return info


def _status(rows: dict[str, list[Row]], *, is_demo: bool) -> dict[str, str]:
    """Say whether the review is done, what is left out of the bag, and whether it is of the demo site."""
    verdicts = grouped(rows["verdicts"], "event")
    given = [map(Decision.from_row, verdicts.get(event["event"], [])) for event in rows["events"]]
    said = [agreed(decisions) for decisions in given]
    undecided, disputed = said.count(None), said.count(DISPUTED)
    status = {"Case-Status": "All events that are in it have a verdict."}
    if undecided:
        status["Case-Status"] = f"DRAFT: {_counted(undecided)} without a verdict."
    if disputed:
        status["Case-Status"] += f" The reviewers disagree on {_counted(disputed)}."
    latest = {row["event"]: row for row in rows.get("exclusions", [])}
    reasons = [f"“{row['reason']}” ({row['operator']})" for row in latest.values() if row["is_excluded"]]
    if reasons:
        status["Events-Left-Out"] = f"{_counted(len(reasons))} left out: {'; '.join(reasons)}."
    if is_demo:
        status["Demo"] = "DEMO: of camkit's demo site, with invented people and drawn pictures."
    return status


def _counted(number: int) -> str:
    return "1 event" if number == 1 else f"{number:,} events"


def _readme(status: dict[str, str], documents: list[Row], rows: dict[str, list[Row]]) -> str:
    environment = Environment(
        loader=PackageLoader("camkit.case"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - it is plain text
    )
    environment.filters["one_line"] = _one_line
    return environment.get_template("bag_readme.txt").render(
        status=[_one_line(line) for line in status.values()],
        documents=documents,
        left_out="Events-Left-Out" in status,
        verdicts="judged" if "notes" in rows else "verdicts",
    )


def _one_line(text: str) -> str:
    """Put text from outside on one line, without characters that cannot be seen."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in visible(text)).split())


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
