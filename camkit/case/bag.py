"""Export a case: a BagIt 1.0 bag (RFC 8493), zipped, that anyone can check without camkit."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import chain, count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined

from camkit.case import handover
from camkit.case.bag_zip import write_bag_zip
from camkit.case.database import SOFTWARE
from camkit.case.decisions import DISPUTED, Decision, agreed, is_settled
from camkit.case.images import copy_image
from camkit.case.queries import Row, grouped, read_all
from camkit.case.record import DATABASE, Record
from camkit.case.report import write_report
from camkit.case.times import utc_text
from camkit.errors import CaseError, OutputError
from camkit.support.files import creating, make_folder, remove_leftovers, working_folder, write_whole
from camkit.visible import one_line


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
    remove_leftovers(path.parent, path.stem)
    # The images in the working folder are the case's own files under a second name wherever the disk lets them.
    try:
        with creating(path) as part, working_folder(path) as folder:
            info |= _fill(folder, record, organization, exported_at)
            payload = sorted(
                (file.relative_to(folder).as_posix(), file) for file in folder.rglob("*") if not file.is_dir()
            )
            write_bag_zip(part, path.stem, payload, info, exported_at)
    except FileExistsError:
        raise _taken(path) from None
    return path


def free_path(folder: Path) -> Path:
    """Return the path of a bag beside the folder of a case that is not taken yet: ``NAME.zip``, ``NAME-2.zip``, ..."""
    names = (f"{folder.name}{ending}.zip" for ending in chain([""], (f"-{number}" for number in count(2))))
    return next(path for path in map(folder.parent.joinpath, names) if not path.exists())


def _taken(path: Path) -> OutputError:
    return OutputError(
        f"{path} is there already, and a bag is never replaced: choose another name, or leave the name out, and a new "
        "one is found."
    )


def _fill(folder: Path, record: Record, organization: str, exported_at: datetime) -> dict[str, str]:
    """Put everything into a folder, from one state of the case; return what ``bag-info.txt`` says of that state."""
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
    info |= {name: one_line(said) for name, said in status.items()}
    evidence = {
        "case": record.name,
        "operator": record.operator,
        "export_time": utc_text(exported_at),
        "exporting_unit": organization or None,
        "exporting_software": SOFTWARE,
        "pictures": _pictures(rows),
    }
    write_whole(folder / "evidence.json", json.dumps(evidence, indent=2, ensure_ascii=False).encode())
    has_pages = (folder / "report.html-pages").is_dir()
    write_whole(folder / "README.txt", _readme(status, documents, rows, has_pages=has_pages).encode())
    return info


def _status(rows: dict[str, list[Row]], *, is_demo: bool) -> dict[str, str]:
    """Say whether the review is done, what is left out of the bag, and whether it is of the demo site."""
    verdicts = grouped(rows["verdicts"], "event")
    given = [[*map(Decision.from_row, verdicts.get(event["event"], []))] for event in rows["events"]]
    settled = [is_settled(said, event["sha256"]) for said, event in zip(given, rows["events"], strict=True)]
    disputed = [*map(agreed, given)].count(DISPUTED)
    status = {"Case-Status": "All events that are in it have a verdict."}
    if not all(settled):
        status["Case-Status"] = f"DRAFT: {_counted(settled.count(False))} without a verdict on its picture."
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


def _readme(
    status: dict[str, str], documents: list[Row], rows: dict[str, list[Row]], *, has_pages: bool
) -> str:
    return str(
        _template().render(
            status=[one_line(line) for line in status.values()],
            documents=documents,
            has_pages=has_pages,
            left_out="Events-Left-Out" in status,
            verdicts="judged" if "notes" in rows else "verdicts",
        )
    )


@cache
def _template() -> Any:
    environment = Environment(
        loader=PackageLoader("camkit.case"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - it is plain text
    )
    environment.filters["one_line"] = one_line
    return environment.get_template("bag_readme.txt")


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
