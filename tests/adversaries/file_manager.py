"""A colleague with a file manager: moves, deletes and replaces files."""

from __future__ import annotations

import os
import shutil

from camkit.badges import load_doors
from camkit.case import Case
from tests.adversaries.desk import Desk, said
from tests.adversaries.rows import row
from tests.support.cases import made_up_snapshot

WHO = "a colleague with a file manager"


@row(WHO, "deletes a picture", r"missing: the file is not there")
def _(desk: Desk) -> str:
    desk.images()[0].unlink()
    return desk.verify()


@row(WHO, "puts another picture in its place", r"altered: it has 15 bytes instead of 9")
def _(desk: Desk) -> str:
    desk.images()[0].write_bytes(b"another picture")
    return desk.verify()


@row(
    WHO,
    "empties a picture; it is fetched again",
    r"^Case front-door: 4 images .* have their recorded SHA-256",
)
def _(desk: Desk) -> str:
    desk.images()[0].write_bytes(b"")
    assert "altered" in desk.verify()
    desk.case.add_snapshots([made_up_snapshot(0, b"picture 0")])
    return desk.verify()


@row(WHO, "swaps two pictures", r"(?s)altered: .*altered: ")
def _(desk: Desk) -> str:
    first, _, second, *_ = desk.images()
    first.rename(first.with_name("aside"))
    second.rename(first)
    first.with_name("aside").rename(second)
    return desk.verify()


@row(WHO, "puts a photo of their own among the pictures", r"extra|does not list it")
def _(desk: Desk) -> str:
    (desk.folder / "images" / "mine.jpg").write_bytes(b"mine")
    return str(desk.case.verify().findings.to_dict("records"))


@row(WHO, "puts a file among the pictures whose name is not text", r"images/\[U\+DCFF\]\.jpg")
def _(desk: Desk) -> str:
    (desk.folder / "images" / os.fsdecode(b"\xff.jpg")).write_bytes(b"")
    return desk.verify()


@row(WHO, "puts a pipe where the doors were", r"DoorsFileError: .*not a regular file")
def _(desk: Desk) -> str:
    os.mkfifo(pipe := desk.folder.parent / "doors.csv")
    return said(lambda: load_doors(pipe))


@row(WHO, "renames the folder of the pictures", r"(?s)missing.*missing.*missing")
def _(desk: Desk) -> str:
    (desk.folder / "images").rename(desk.folder / "pictures")
    return desk.verify()


@row(WHO, "puts yesterday's database back", r"never had the seal")
def _(desk: Desk) -> str:
    desk.case.close()
    yesterday = desk.folder.parent / "yesterday.sqlite"
    shutil.copy(desk.database, yesterday)
    with Case(desk.folder, operator="Owner") as case:
        case.record_verdict(0, "mismatch")
        desk.seal = case.seal()
    yesterday.replace(desk.database)
    with Case(desk.folder) as case:
        return str(case.verify(desk.seal))


@row(WHO, "opens the database in a text editor and saves it", r"damaged|not a database")
def _(desk: Desk) -> str:
    desk.case.close()
    text = desk.database.read_bytes().decode("utf-8", "replace")
    desk.database.write_text(text, "utf-8")
    return desk.opened()


@row(WHO, "cuts the database in half", r"damaged|malformed|not a database")
def _(desk: Desk) -> str:
    desk.case.close()
    content = desk.database.read_bytes()
    desk.database.write_bytes(content[: len(content) // 2])
    return desk.opened()


@row(WHO, "copies the whole folder", r"have their recorded SHA-256, and all rows")
def _(desk: Desk) -> str:
    desk.case.close()
    copy = desk.folder.parent / "copy"
    shutil.copytree(desk.folder, copy)
    with Case(copy) as case:
        return str(case.verify(desk.seal))


@row(WHO, "moves the folder while the case is open", r"CaseError: .*(gone|moved|not there|No such file)")
def _(desk: Desk) -> str:
    desk.folder.rename(desk.folder.parent / "elsewhere")
    return said(lambda: desk.case.record_verdict(0, "mismatch"))


@row(
    WHO, "deletes the database while the case is open", r"CaseError: .*(gone|deleted|not there|No such file)"
)
def _(desk: Desk) -> str:
    desk.database.unlink()
    return said(lambda: desk.case.record_verdict(0, "mismatch"))


@row(
    WHO,
    "puts another case's database in its place while the case is open",
    r"CaseError: .*(another|replaced|other)",
)
def _(desk: Desk) -> str:
    other = desk.folder.parent / "other"
    Case(other).close()
    (other / "case.sqlite").replace(desk.database)
    return said(lambda: desk.case.record_verdict(0, "mismatch"))


@row(WHO, "opens a folder that holds no case", r"CaseError: .*does not contain a case")
def _(desk: Desk) -> str:
    return said(lambda: Case(desk.folder.parent / "mistyped", make=False))


@row(WHO, "has a file where the case is to be made", r"OutputError: .*is a file, not a folder")
def _(desk: Desk) -> str:
    place = desk.folder.parent / "file"
    place.touch()
    return said(lambda: Case(place))


@row("another user of this machine", "reads the case's files", r"^600 700 600$")
def _(desk: Desk) -> str:
    paths = [desk.database, desk.folder, desk.images()[0]]
    return " ".join(f"{path.stat().st_mode & 0o777:o}" for path in paths)
