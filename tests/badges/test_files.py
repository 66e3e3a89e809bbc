"""What a path may lead to, and what goes wrong with files."""

from __future__ import annotations

import codecs
import gzip
import io
import os
import shutil
import struct
import tracemalloc
import warnings
import zipfile
from contextlib import AbstractContextManager
from hashlib import sha256
from pathlib import Path
from threading import Event, Thread
from typing import IO

import pytest

from camkit.badges import load_badges
from camkit.badges.delimited import read_delimited
from camkit.badges.encoding import BLOCKS, MAX_LINE, OtherEncodingError, Utf8Text
from camkit.badges.files import SMALL, Export, unchanged
from camkit.badges.given import Given
from camkit.badges.log import SAMPLES
from camkit.errors import BadgeFileError
from tests.conftest import ROOT

ROWS = "timestamp,UserID,reader_id,outcome\n2019-04-12T14:20:29-06:00,00071234,Büro,granted\n"


def ids(path: Path | list[Path]) -> list[str]:
    return load_badges(path).events["cardholder_id"].tolist()


def with_id(number: int) -> str:
    return ROWS.replace("00071234", f"{number:08d}")


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1", "cp1252"]
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_reads_text_in_any_encoding_and_with_any_line_end(
    tmp_path: Path, encoding: str, line_end: str
) -> None:
    "The text is the same, whatever program wrote it"
    path = tmp_path / "badges.csv"
    path.write_bytes(ROWS.replace("\n", line_end).encode(encoding))
    log = load_badges(path)
    assert log.events[["cardholder_id", "reader_id", "line"]].iloc[0].tolist() == ["00071234", "Büro", 2]
    assert log.rows_read == 1


def test_carriage_returns_are_line_ends_in_plain_ascii_too(tmp_path: Path) -> None:
    "A file that needs no recoding otherwise is recoded for its line ends"
    path = tmp_path / "badges.csv"
    path.write_bytes(ROWS.replace("Büro", "Lobby").replace("\n", "\r").encode("ascii") * 2)
    log = load_badges(path)
    assert (log.events["line"].tolist(), len(log.ignored), len(log.duplicates)) == ([2], 1, 1)


def test_a_letter_outside_ascii_deep_in_the_file_changes_the_encoding(tmp_path: Path) -> None:
    "A file that starts as UTF-8 and turns out to be Latin-1 is read again, and nothing is lost"
    path = tmp_path / "badges.csv"
    plain = ROWS.replace("Büro", "Lobby") + "2019-04-12T14:20:29-06:00,1,Lobby,granted\n" * 40_000
    path.write_bytes(plain.encode() + "2019-04-12T14:20:30-06:00,2,Büro,granted\n".encode("latin-1"))
    log = load_badges(path)
    assert log.rows_read == 40_002
    assert log.events["reader_id"].iloc[-1] == "Büro"
    assert log.files["encoding"].tolist() == ["cp1252"]


ZOE = "2019-04-12T14:20:{:02d}-06:00,{},Zoë,granted\n"
JOSE = ZOE.replace("Zoë", "José")


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("start", [b"", codecs.BOM_UTF8])
def test_one_letter_that_is_not_utf_8_does_not_change_the_others(
    tmp_path: Path, start: bytes, line_end: str
) -> None:
    "A line pasted in from elsewhere is read as cp1252, the rest as UTF-8, and the log names the line"
    path = tmp_path / "badges.csv"
    header, *_ = ROWS.splitlines(keepends=True)
    lines = [header, *(ZOE.format(at, at) for at in range(5)), JOSE.format(5, 5), ZOE.format(6, 6)]
    encodings = ["utf-8"] * 6 + ["cp1252", "utf-8"]
    text = [it.replace("\n", line_end).encode(how) for it, how in zip(lines, encodings, strict=True)]
    path.write_bytes(start + b"".join(text))
    log = load_badges(path)
    assert log.events["reader_id"].tolist() == ["Zoë"] * 5 + ["José", "Zoë"]
    assert (log.rows_read, log.events["line"].tolist()) == (7, list(range(2, 9)))
    assert log.problems() == [
        "badges.csv, line 7: bytes that are not UTF-8 were read as cp1252; check these letters."
    ]
    assert "badges.csv: encoding utf-8 and cp1252." in log.summary()


@pytest.mark.not_quick
def test_many_lines_that_are_not_utf_8_are_one_problem(tmp_path: Path) -> None:
    "Deep in a large file, in blank and quoted lines too; the first lines are named and the others counted"
    path = tmp_path / "badges.csv"
    header, *_ = ROWS.splitlines(keepends=True)
    good = [ZOE.format(at % 60, at).encode() for at in range(40_000)]
    odd = [JOSE.format(at, at).replace("José", '"J\nosé"').encode("cp1252") for at in range(10)]
    path.write_bytes(header.encode() + b"\n" + b"".join(good) + b"".join(odd))
    log = load_badges(path)
    assert log.rows_read == len(log.events) == 40_010
    assert log.events["reader_id"].iloc[-1] == "J\nosé"
    assert log.problems() == [
        "badges.csv, lines 40004, 40006, 40008, 40010, 40012 and 5 more: bytes that are not UTF-8 were read as "
        "cp1252; check these letters."
    ]


class CountedExport(Export):
    """An export that counts how often it is opened."""

    opened = 0

    def open(self) -> AbstractContextManager[IO[bytes]]:
        CountedExport.opened += 1
        return super().open()


@pytest.mark.parametrize("stray", ["", "José"])
def test_a_file_is_read_once_besides_its_start(tmp_path: Path, stray: str) -> None:
    "Opened for its encoding, for its layout and for its rows, also if lines in it are not UTF-8"
    path = tmp_path / "badges.csv"
    good = "".join(ZOE.format(at % 60, at) for at in range(40_000))
    odd = JOSE.format(1, 1) if stray else ""
    path.write_bytes((ROWS + good).encode() + odd.encode("cp1252"))
    CountedExport.opened = 0
    table = read_delimited(CountedExport(path), Given())
    assert CountedExport.opened == 3
    assert table.rows.stray_lines == ([40_003] if stray else [])
    assert table.encoding == ("utf-8 and cp1252" if stray else "utf-8")


def test_a_line_in_two_blocks_is_counted_once() -> None:
    "One line in UTF-8 and one that is not: mixed; one more that is not, and the file is in another encoding"
    line, odd = ("ë" * 40 + "\n").encode(), b"\xe9\n"
    for before in range(BLOCKS[0] - 9, BLOCKS[0] - 5):
        text = b"x\n" * (before // 2) + b"x" * (before % 2) + line
        mixed = Utf8Text(io.BytesIO(text + odd), "utf-8", Export(Path("badges.csv")))
        assert b"".join(mixed.blocks()).endswith(line + "é\n".encode())
        other = Utf8Text(io.BytesIO(text + odd * 2), "utf-8", Export(Path("badges.csv")))
        with pytest.raises(OtherEncodingError):
            list(other.blocks())


def test_a_letter_that_is_cut_off_at_the_end_of_the_file_is_read_as_cp1252(tmp_path: Path) -> None:
    "Half a letter at the very end does not change the others either"
    path = tmp_path / "badges.csv"
    path.write_bytes((ROWS + ZOE.format(1, 1)).encode() + b"2019-04-12T14:20:30-06:00,2,Zo\xc3")
    log = load_badges(path)
    assert log.events["reader_id"].tolist() == ["Büro", "Zoë"]
    assert log.files["not_utf8"].tolist() == [[4]]


def test_a_file_in_another_encoding_is_read_in_that_and_the_summary_says_so(tmp_path: Path) -> None:
    "Letters that look like UTF-8 by accident are too few to make it UTF-8; UTF-8 itself is not mentioned"
    path = tmp_path / "badges.csv"
    path.write_bytes((ROWS + JOSE.format(1, 1) + JOSE.format(2, 2).replace("José", "Ã©")).encode("cp1252"))
    log = load_badges(path)
    assert log.events["reader_id"].tolist() == ["Büro", "José", "Ã©"]
    assert log.problems() == []
    assert "badges.csv: encoding cp1252." in log.summary()
    path.write_text(ROWS, encoding="utf-8-sig")
    assert "encoding" not in load_badges(path).summary()


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_finds_the_delimiter(tmp_path: Path, delimiter: str) -> None:
    "Of commas, semicolons, tabs and pipes it is the one by which a profile fits the header"
    path = tmp_path / "badges.txt"
    path.write_text(ROWS.replace(",", f" {delimiter} "), encoding="utf-8")
    assert ids(path) == ["00071234"]


def test_reads_gzip_by_its_first_bytes(tmp_path: Path) -> None:
    "A compressed file is unpacked, whatever its name says"
    path = tmp_path / "badges.csv"
    path.write_bytes(gzip.compress(ROWS.encode()))
    assert ids(path) == ["00071234"]


def test_reads_each_member_of_an_archive(tmp_path: Path) -> None:
    "A zip file is read as the exports in it; other files in it are skipped"
    path = tmp_path / "badges.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("north/a.csv", with_id(1))
        archive.writestr("b.csv", with_id(2))
        archive.writestr("photo.jpg", b"\xff\xd8")
        archive.writestr("__MACOSX/b.csv", b"\0\0")
    log = load_badges(path)
    assert log.events["cardholder_id"].tolist() == ["00000001", "00000002"]
    assert log.events["file"].tolist() == ["badges.zip/north/a.csv", "badges.zip/b.csv"]


def test_reads_a_folder_in_the_order_of_names(tmp_path: Path) -> None:
    "A folder is read as the exports in it; pictures and hidden files are skipped"
    (tmp_path / "b.csv").write_text(with_id(2), encoding="utf-8")
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(with_id(1).encode()))
    (tmp_path / ".hidden.csv").write_text("?", encoding="utf-8")
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8")
    assert ids(tmp_path) == ["00000001", "00000002"]


def test_what_a_folder_has_beside_exports_is_named(tmp_path: Path) -> None:
    "Each file and folder that is not read is listed with the reason, and does not stop the others"
    (tmp_path / "may.csv").write_text(with_id(1), encoding="utf-8")
    (tmp_path / "readme.txt").write_text("Exports of May, from Bo\n")
    (tmp_path / "staff.csv").write_text("Number,Name\n42,Ann Li\n")
    (tmp_path / "april.zip").write_bytes(pack("badges.csv", b"x")[:-30])
    (tmp_path / ".DS_Store").write_bytes(b"x")
    for name in ("~$may.xlsx", "plan.png", "door.jpg"):
        (tmp_path / name).write_bytes(b"\xff\xd8")
    (tmp_path / "april").mkdir()
    log = load_badges(tmp_path)
    assert log.events["cardholder_id"].tolist() == ["00000001"]
    assert sorted(log.left_out["file"]) == [
        "april.zip", "april/", "door.jpg", "plan.png", "readme.txt", "staff.csv", "~$may.xlsx",
    ]  # fmt: skip
    said = log.problems()
    suffix = "its name does not end as that of an export; name the file itself if it is one"
    assert f"Not read: door.jpg, plan.png: {suffix}." in said
    assert "Not read: april/: a folder in the folder; name it too if its files are to be read." in said
    for name in (
        "readme.txt is not an export",
        "staff.csv is not an export",
        "april.zip is a damaged archive",
    ):
        assert sum(sentence.startswith(f"Not read: {name}") for sentence in said) == 1
    assert "Not read: 7 files, see .left_out." in log.summary()


def test_a_folder_in_which_nothing_can_be_read_says_why_of_each_file(tmp_path: Path) -> None:
    "The error names the files and the reasons; a file that is named itself stops the load"
    (tmp_path / "a.csv").write_text("Number,Name\n42,Ann Li\n")
    with pytest.raises(BadgeFileError, match=r"^a\.csv is not an export"):
        load_badges(tmp_path)
    (tmp_path / "b.csv").write_bytes(b"")
    (tmp_path / "c.png").write_bytes(b"x")
    with pytest.raises(
        BadgeFileError,
        match=r"c\.png: its name .*; a\.csv is not an export.*; b\.csv is empty: export it again\.$",
    ):
        load_badges(tmp_path)
    (tmp_path / "d.csv").write_text(with_id(1), encoding="utf-8")
    assert ids(tmp_path) == ["00000001"]
    with pytest.raises(BadgeFileError, match=r"b\.csv is empty"):
        load_badges([tmp_path, tmp_path / "b.csv"])


def test_a_file_named_twice_is_read_once(tmp_path: Path) -> None:
    "By its own name and by that of its folder"
    path = tmp_path / "a.csv"
    path.write_text(with_id(1), encoding="utf-8")
    log = load_badges([path, tmp_path])
    assert log.rows_read == 1
    assert log.left_out.values.tolist() == [["a.csv", "named more than once, and read once"]]


def test_links_that_lead_out_of_a_folder_are_left_out(tmp_path: Path) -> None:
    "Whoever filled the folder may mean a file of somebody else; a link that is named itself is read"
    folder = tmp_path / "badges"
    folder.mkdir()
    (tmp_path / "secret.csv").write_text(with_id(2), encoding="utf-8")
    (folder / "a.csv").write_text(with_id(1), encoding="utf-8")
    (folder / "b.csv").symlink_to("../secret.csv")
    (folder / "c.csv").symlink_to("/etc/passwd")
    (folder / "d.csv").symlink_to("a.csv")
    log = load_badges(folder)
    assert log.events["cardholder_id"].tolist() == ["00000001"]
    outside = "a link that leads out of the folder; name the file itself if it is to be read"
    assert log.left_out.values.tolist() == [
        ["b.csv", outside],
        ["c.csv", outside],
        ["d.csv", "named more than once, and read once"],
    ]
    assert ids(folder / "b.csv") == ["00000002"]
    linked = tmp_path / "linked"
    linked.symlink_to(folder, target_is_directory=True)
    assert ids(linked) == ["00000001"]


def test_members_of_one_name_are_all_read(tmp_path: Path) -> None:
    "An archive may have a name several times; the later ones get a number"
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a name that is there already
        for number in (1, 2, 3):
            archive.writestr("x.csv", with_id(number).replace("T14", f"T1{number}"))
    log = load_badges(path)
    assert log.events["cardholder_id"].tolist() == ["00000001", "00000002", "00000003"]
    assert log.files["file"].tolist() == ["a.zip/x.csv", "a.zip/x.csv (2)", "a.zip/x.csv (3)"]
    assert not len(log.left_out)


def test_members_of_an_archive_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    "As in a folder"
    path = tmp_path / "badges.zip"
    path.write_bytes(
        zip_of({"a.csv": with_id(1).encode(), "readme.txt": b"Exports of May, from Bo", "x.png": b"x"})
    )
    assert sorted(load_badges(path).left_out["file"]) == ["badges.zip/readme.txt", "badges.zip/x.png"]


def test_one_export_shows_for_the_others_whether_the_day_comes_first(tmp_path: Path) -> None:
    "Of the same system and columns; what shows it is named, and files that contradict each other show nothing"
    undecided = "When,CardNum\n4/5/2026 9:00,1001\n10/5/2026 9:30,1002\n"
    (tmp_path / "a.csv").write_text(undecided)
    (tmp_path / "b.csv").write_text("When,CardNum\n18/5/2026 9:00,1001\n")
    columns = {"event_time": "When", "cardholder_id": "CardNum"}
    log = load_badges(tmp_path, "Asia/Singapore", columns=columns)
    assert log.files["dates"].tolist() == ["day first, shown by b.csv, line 2", "day first, shown by line 2"]
    assert log.events["event_time"].dt.strftime("%d.%m.").tolist() == ["04.05.", "10.05.", "18.05."]
    (tmp_path / "c.csv").write_text("When,CardNum\n5/18/2026 9:00,1001\n")
    with pytest.raises(BadgeFileError, match=r"^a\.csv: no date has a day above 12"):
        load_badges(tmp_path, "Asia/Singapore", columns=columns)
    (tmp_path / "c.csv").unlink()
    (tmp_path / "b.csv").write_text("When,CardNum,Name\n18/5/2026 9:00,1001,Ann\n")
    with pytest.raises(BadgeFileError, match=r"^a\.csv: no date has a day above 12"):
        load_badges(tmp_path, "Asia/Singapore", columns=columns)


def test_reads_several_paths_in_the_order_given(tmp_path: Path) -> None:
    "Events are in the order of the files, and files of one name are distinguished by their folders"
    paths = [tmp_path / "x" / "badges.csv", tmp_path / "a" / "badges.csv"]
    for number, path in enumerate(paths):
        path.parent.mkdir()
        path.write_text(with_id(number), encoding="utf-8")
    log = load_badges(paths)
    assert log.events["cardholder_id"].tolist() == ["00000000", "00000001"]
    assert log.events["file"].tolist() == [str(path) for path in paths]
    assert log.events.index.tolist() == [0, 1]


def test_a_file_with_only_a_header_is_an_empty_log(tmp_path: Path) -> None:
    "No events in a period is a result, not an error; and it can be loaded together with a log that has some"
    path = tmp_path / "badges.csv"
    path.write_text("timestamp,UserID\n")
    log = load_badges(path)
    assert (log.rows_read, len(log.events)) == (0, 0)
    assert str(log.events["event_time"].dtype) == "datetime64[us, UTC]"
    full = tmp_path / "full.csv"
    full.write_text(ROWS, encoding="utf-8")
    assert ids([path, full]) == ["00071234"]


def pack(name: str, content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return packed.getvalue()


LOCKED = bytearray(pack("badges.csv", b"x"))
LOCKED[6] |= 1
LOCKED[LOCKED.index(b"PK\x01\x02") + 8] |= 1

UNUSABLE = {
    "empty": (b"", "is empty"),
    "blank": (b"\n\n  \n", "has no rows"),
    "picture": (
        b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40,
        "is a picture, which camkit cannot read: export the log",
    ),
    "PDF": (b"%PDF-1.7\n" + b"abc, def\n" * 100, "is a PDF document"),
    "workbook": (pack("[Content_Types].xml", b"<xml/>"), "without sheets.*unpack"),
    "archive of pictures": (pack("photo.jpg", b"x"), "does not contain a badge export"),
    "archive in an archive": (pack("badges.zip", pack("badges.csv", b"x")), "an archive.* in an archive"),
    "locked archive": (bytes(LOCKED), "password"),
    "cut archive": (pack("badges.csv", ROWS.encode())[:-30], "damaged archive"),
    "cut gzip": (gzip.compress(ROWS.encode() * 5)[:-20], "damaged archive"),
    "broken gzip": (b"\x1f\x8bnot really", "cannot be read|damaged"),
    "half a letter of UTF-16": (ROWS.encode("utf-16") + b"\n", "not valid text in utf-16"),
    "zip bomb": (pack("badges.csv", ROWS.encode() * 400_000), "unpacks from .* more than any badge log does"),
    "gzip bomb": (gzip.compress(ROWS.encode() * 400_000), "unpacks from .* more than any badge log does"),
}


@pytest.mark.parametrize("what", UNUSABLE)
def test_what_cannot_be_used_is_one_clear_sentence(tmp_path: Path, what: str) -> None:
    "The error says what is wrong, and in which file"
    content, message = UNUSABLE[what]
    path = tmp_path / "badges.csv"
    path.write_bytes(content)
    with pytest.raises(BadgeFileError, match=message) as caught:
        load_badges(path)
    assert caught.value.path == path
    assert "badges.csv" in str(caught.value)


def test_a_path_that_cannot_be_loaded_says_why(tmp_path: Path) -> None:
    "A missing file, an impossible name, an empty folder, a pipe and no path at all each have their message"
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").mkdir()
    for path, message in {
        tmp_path / "missing.csv": "does not exist",
        tmp_path / ("x" * 300): "cannot be read",
        tmp_path / "empty": "does not contain a badge export",
        tmp_path / "pipe": "not a regular file",
    }.items():
        with pytest.raises(BadgeFileError, match=message) as caught:
            load_badges(path)
        assert caught.value.path == path
    for given, message in {
        (): "No file is named",
        None: "None is not the name of a file",
        ("a.csv", 4): "4 is not the name of a file",
        "https://camkit.example/a.csv": "download the export",
    }.items():
        with pytest.raises(BadgeFileError, match=message):
            load_badges(given)


@pytest.mark.parametrize("what", ["zip bomb", "gzip bomb"])
def test_nothing_is_unpacked_beyond_the_limit(tmp_path: Path, what: str) -> None:
    "Whoever reads the unpacked bytes, they end with an error"
    path = tmp_path / "badges.csv"
    path.write_bytes(UNUSABLE[what][0])
    export = Export(path, "badges.csv" if what == "zip bomb" else None)
    with pytest.raises(BadgeFileError, match="bytes to more than 456,"), export.open() as file:
        file.read()


def zip_of(members: dict[str, bytes]) -> bytes:
    "A zip archive of these members"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def overlapping(content: bytes, count: int) -> bytes:
    "A zip archive whose members all have the same packed bytes"
    packed = zip_of({"0000.csv": content})
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        start = archive.start_dir
    entry, end = packed[start:-22], packed[-22:]
    entries = b"".join(entry.replace(b"0000.csv", b"%04d.csv" % number) for number in range(count))
    counts = struct.pack("<HHLL", count, count, len(entries), start)
    return packed[:start] + entries + end[:8] + counts + end[20:]


HEADER = b"event_time,cardholder_id,reader_id,outcome,note\n"
BOMBS = {
    "many small members": (
        lambda: zip_of({f"{number}.csv": HEADER + b"a,b,c,d,e\n" * 100_000 for number in range(40)}),
        "to more than [0-9,]+ bytes, more than any badge log does: unpack it yourself if you trust it",
    ),
    "members that share their bytes": (
        lambda: overlapping(HEADER + b"a,b,c,d,e\n" * 1000, 400),
        "its files overlap",
    ),
    "very many members": (
        lambda: zip_of({f"{number}.csv": HEADER for number in range(1001)}),
        "contains 1,001 exports, more than 1,000: unpack it, and load them in parts",
    ),
    "one small member of short lines": (
        lambda: zip_of({"a.csv": HEADER + b",,,,\n" * 150_000}),
        "to more than [0-9,]+ lines, more than any badge log does",
    ),
    "short lines in gzip": (
        lambda: gzip.compress(HEADER + b",,,,\n" * 150_000),
        "to more than [0-9,]+ lines",
    ),
    "carriage returns": (lambda: gzip.compress(HEADER + b",,,,\r" * 150_000), "to more than [0-9,]+ lines"),
    "less than 16 MiB": (
        lambda: gzip.compress(HEADER + (b"x" * 1000 + b",,,,\n") * 10_000),
        "to more than [0-9,]+ bytes",
    ),
}


@pytest.mark.parametrize("what", BOMBS)
def test_a_bomb_below_the_limits_of_one_member_is_refused(tmp_path: Path, what: str) -> None:
    "All members count together, from the first byte, and lines as well as bytes: each becomes a row in memory"
    make, message = BOMBS[what]
    path = tmp_path / "badges.zip"
    path.write_bytes(make())
    assert path.stat().st_size < 400_000
    tracemalloc.start()
    with pytest.raises(BadgeFileError, match=message):
        load_badges(path, timezone="UTC")
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 60 << 20


def test_an_archive_of_a_whole_year_is_no_bomb(tmp_path: Path) -> None:
    "Many members of a few events each, as a system exports them daily"
    day = "event_time,cardholder_id,reader_id,outcome\n" + "".join(
        f"2019-04-12T{hour:02d}:{minute:02d}:07Z,{7 * hour + minute},R1,granted\n"
        for hour in range(24)
        for minute in range(3)
    )
    path = tmp_path / "badges.zip"
    path.write_bytes(
        zip_of({f"{number}.csv": day.replace("R1", f"R{number}").encode() for number in range(6)})
    )
    assert len(load_badges(path).events) == 6 * 72


def test_an_endless_line_is_refused_early(tmp_path: Path) -> None:
    "Of a line of two gigabytes, little more than the limit is read"
    path = tmp_path / "badges.csv"
    with path.open("wb") as file:
        file.write(ROWS.encode())
        file.write(b"x" * (MAX_LINE + MAX_LINE // 2))
        file.truncate(2 << 30)  # sparse: no space is taken
    with pytest.raises(BadgeFileError, match="more than 1,048,576 bytes in line 3") as caught:
        load_badges(path)
    assert caught.value.line == 3


def test_the_limit_on_lines_does_not_depend_on_the_blocks_they_fall_into() -> None:
    "A line just within the limit passes, one just above it does not, wherever it starts"
    export = Export(Path("badges.csv"))
    for before in (0, BLOCKS[0] - 1, BLOCKS[0], MAX_LINE - 1, MAX_LINE + 7):
        lead = b"y\n" * (before // 2)
        fine = Utf8Text(io.BytesIO(lead + b"x" * MAX_LINE + b"\nz\n"), "utf-8", export)
        assert len(b"".join(fine.blocks())) == len(lead) + MAX_LINE + 3
        long = Utf8Text(io.BytesIO(lead + b"x" * (MAX_LINE + 1) + b"\nz\n"), "utf-8", export)
        with pytest.raises(BadgeFileError):
            list(long.blocks())


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path: Path) -> None:
    "Of an export that is still being written, only half would be read"
    path = tmp_path / "badges.csv"
    path.write_text(ROWS, encoding="utf-8")
    with (
        pytest.raises(BadgeFileError, match="changed while it was read"),
        unchanged(path),
        path.open("a") as file,
    ):
        file.write("more\n")
    with pytest.raises(BadgeFileError, match="cannot be read"), unchanged(path):
        path.unlink()


def test_loading_notices_that_the_file_changes(tmp_path: Path) -> None:
    "An export that is still being written is refused"
    path = tmp_path / "badges.csv"
    path.write_text(ROWS + "2019-04-12T14:20:29-06:00,1,Lobby,granted\n" * 100_000, encoding="utf-8")
    loaded = Event()

    def keep_writing() -> None:
        with path.open("a") as file:
            while not loaded.is_set():
                file.write("2019-04-12T14:20:29-06:00,1,Lobby,granted\n")
                file.flush()

    writer = Thread(target=keep_writing)
    writer.start()
    try:
        with pytest.raises(BadgeFileError, match="changed while it was read"):
            load_badges(path)
    finally:
        loaded.set()
        writer.join()


def test_a_file_whose_name_is_not_utf_8_is_read(tmp_path):
    "With a name that a table can hold, alone and in a folder, and with its path where two have one name"
    for folder in (tmp_path / "a", tmp_path / os.fsdecode(b"\xfe")):
        folder.mkdir()
        (folder / os.fsdecode(b"log\xff.csv")).write_text(
            "Timestamp,UserID,reader_id\n2026-01-05T07:00:00Z,4711,R1\n"
        )
    assert load_badges(tmp_path / "a").events["file"].tolist() == ["log[U+DCFF].csv"]
    both = load_badges([tmp_path / "a", tmp_path / os.fsdecode(b"\xfe")])
    assert both.files["file"].str.endswith("log[U+DCFF].csv").all()
    assert both.files["file"].str.contains("[U+DCFE]", regex=False).tolist() == [False, True]


def test_files_are_listed_in_their_order_though_small_ones_are_read_ahead(tmp_path: Path) -> None:
    "A small file is read while a large one before it is interpreted; events and sources keep the order of the names"
    header, row = "timestamp,UserID,reader_id\n", "2026-05-01T08:00:07Z,{},door\n"
    count = SMALL // len(row) + 1
    (tmp_path / "a.csv").write_text(header + row.format(1234) * count)
    (tmp_path / "b.csv").write_text(header + row.format(2))
    (tmp_path / "c.csv").write_text(header + row.format(3))
    log = load_badges(tmp_path)
    assert [source.name for source in log.sources] == list(log.files["file"]) == ["a.csv", "b.csv", "c.csv"]
    assert log.events["cardholder_id"].tolist() == ["1234", "2", "3"]
    assert [source.sha256 for source in log.sources] == [
        sha256(source.path.read_bytes()).hexdigest() for source in log.sources
    ]


def test_the_samples_are_not_read_with_the_exports_of_a_folder(tmp_path: Path) -> None:
    "By what is in them; alone, or changed, or named themselves, they are"
    data = shutil.copytree(ROOT / "data", tmp_path / "data")
    assert sorted(SAMPLES) == sorted(path.name for path in data.iterdir() if path.is_file())
    alone = load_badges(data, "America/Denver", sheet="Haus A")
    assert "sample_badges.csv" in set(alone.files["file"])
    (data / "own.csv").write_text("timestamp,UserID\n2026-05-01T08:00:00Z,00042\n")
    with (data / "messy_badges.csv").open("a") as file:
        file.write("\n")
    log = load_badges(data, "America/Denver")
    assert set(log.files["file"]) == {"own.csv", "messy_badges.csv"}
    reasons = dict(zip(log.left_out["file"], log.left_out["reason"], strict=True))
    assert reasons["sample_badges.csv"].startswith("a sample of camkit")
    assert any(
        said.startswith("Not read: doors.csv, german_export.csv, sample_badges") for said in log.problems()
    )
    both = load_badges([data, data / "sample_badges.csv"], "America/Denver")
    assert "sample_badges.csv" in set(both.files["file"])


def test_an_export_that_cannot_be_read_is_not_replaced_by_the_samples(tmp_path: Path) -> None:
    "One who names a folder means their own"
    data = shutil.copytree(ROOT / "data", tmp_path / "data")
    (data / "own.csv").write_text("Wann,Wer\n2026-05-01T08:00:00Z,00042\n")
    with pytest.raises(BadgeFileError, match=r"own.csv is not an export that camkit knows"):
        load_badges(data, "America/Denver")


def test_a_file_that_does_not_exist_is_said_with_where_it_was_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    "A name without a folder may be meant in another one"
    monkeypatch.chdir(tmp_path)
    with pytest.raises(BadgeFileError) as error:
        load_badges("april.csv")
    assert str(error.value) == (
        f"The file april.csv does not exist in the folder {tmp_path}: check the name and the folder."
    )
