"""What a file is, by its first bytes: its name may say anything."""

from __future__ import annotations

import re
import shutil
import zipfile
from enum import Enum
from tempfile import TemporaryFile
from typing import IO

from camkit.badges.files import Export
from camkit.errors import BadgeFileError

HEAD = 1 << 16
"""How much of the file's start is looked at, bytes."""


class Format(Enum):
    """A format that is read, and the module that reads it."""

    TEXT = "delimited"
    PRINTED = "printed"
    WORKBOOK = "workbook"
    WEB_PAGE = "webpage"
    JSON = "objects"


SAVE = "save it as an Excel workbook or as CSV"
AGAIN = "export the log from its system again, as an Excel workbook or as CSV"

AS_CSV = "save the table as CSV"
FROM_ACCESS = "open it in Access and export the table as an Excel workbook"
UNPACK = "unpack it first"
UNLOCK = "open it, remove the password and save it under another name"

OTHERS = (
    (0, b"%PDF", "a PDF document", AGAIN),
    (4, b"Standard Jet DB", "an Access database", FROM_ACCESS),
    (4, b"Standard ACE DB", "an Access database", FROM_ACCESS),
    (0, b"SQLite format 3", "an SQLite database", "export the table of events as CSV"),
    (0, b"TAPE\0", "a backup of SQL Server", "restore it and export the table of events as CSV"),
    (0, b"PAR1", "a Parquet file", AS_CSV),
    (0, b"ARROW1", "an Arrow file", AS_CSV),
    (0, b"FEA1", "a Feather file", AS_CSV),
    (0, b"\x89HDF", "an HDF5 file", AS_CSV),
    (0, b"ElfFile\0", "an event log of Windows", "save it as CSV in the Event Viewer"),
    *((0, magic, "a picture", AGAIN) for magic in (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\0", b"MM\0*")),
    (0, b"{\\rtf", "a text document (RTF)", AGAIN),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive", UNPACK),
    (0, b"Rar!", "a RAR archive", UNPACK),
    (0, b"BZh", "a bzip2 archive", UNPACK),
    (0, b"\xfd7zXZ", "an xz archive", UNPACK),
    (0, b"\x28\xb5\x2f\xfd", "a zstd archive", UNPACK),
    (0, b"\x1f\x8b", "an archive in an archive", UNPACK),
    (257, b"ustar", "a tar archive", UNPACK),
    (0, b"\x09\x00\x04\0", "a workbook of Excel 2", SAVE),
    (0, b"\x09\x02\x06\0", "a workbook of Excel 3", SAVE),
    (0, b"\x09\x04\x06\0", "a workbook of Excel 4", SAVE),
    (0, b"MZ\x90\0", "a program", AGAIN),
    (0, b"\x7fELF", "a program", AGAIN),
)
"""Files that are not read: at which byte what begins, what such a file is, and how to get another."""

PARTS = (
    ("word/document.xml", "a Word document", AGAIN),
    ("ppt/presentation.xml", "a PowerPoint document", AGAIN),
    ("Index/Document.iwa", "a document of Apple's Numbers or Pages", "export it there as an Excel workbook"),
)
"""The same for documents that are archives, by one of their parts."""

STREAMS = (
    ("EncryptedPackage", "a document protected by a password", UNLOCK),
    ("WordDocument", "an old Word document", AGAIN),
    ("PowerPoint Document", "an old PowerPoint document", AGAIN),
    ("__properties_version1.0", "an e-mail of Outlook", "save what is attached to it"),
)
"""The same for old Office documents, by the name of one of their streams."""

MOST = 256 << 20
"""How much of an old document is searched for the names of its streams, bytes."""

WORKBOOK_PARTS = frozenset({"xl/workbook.xml", "xl/workbook.bin", "content.xml"})

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ZIP = b"PK\x03\x04"

BYTE_ORDER_MARK = re.compile(rb"\A(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)")
MAIL = re.compile(
    rb"(?:Received|Return-Path|Delivered-To|Message-ID|MIME-Version|From): [^\r\n]*\r?\n[\w-]+: ", re.I
)
JSON = re.compile(rb'\s*(?:\{\s*["}]|\[\s*[\[\]{])')
PAGE = re.compile(rb"\s*<.*?<?(?:html|table|head|body|meta|style)\b", re.I | re.S)
XML = re.compile(rb"\s*<\?xml\b")
UNDERLINE = re.compile(rb"^-+(?: +-+)+ *\r?$", re.M)
"""The line of SQL Server below the names of columns, whose dashes show how wide each is."""


def format_of(export: Export) -> Format:
    """Return the format of an export; a `BadgeFileError` says what it is if it cannot be read."""
    with export.open() as file:
        head = file.read(HEAD)
        if head.startswith(ZIP):
            _refuse_other_archives(export, file)
            return Format.WORKBOOK
        if head.startswith(OLE):
            _refuse_other_documents(export, head + file.read(MOST - len(head)))
            return Format.WORKBOOK
    for at, magic, what, instead in OTHERS:
        if head.startswith(magic, at):
            raise _not_read(export, what, instead)
    # Of UTF-16 the letters of what is looked for remain.
    letters = BYTE_ORDER_MARK.sub(b"", head).replace(b"\0", b"")
    if MAIL.match(letters):
        raise _not_read(
            export, "an e-mail or a saved web page", "save what is attached to it, or its table as CSV"
        )
    return _format_of_text(export, letters)


def _format_of_text(export: Export, letters: bytes) -> Format:
    if PAGE.match(letters):
        return Format.WEB_PAGE
    if XML.match(letters):
        what = "a workbook in XML" if b"office:spreadsheet" in letters else "an XML file"
        raise _not_read(export, what, SAVE)
    if JSON.match(letters):
        return Format.JSON
    underlined = b"\n-" in letters and UNDERLINE.search(letters)
    return Format.PRINTED if underlined else Format.TEXT


def _refuse_other_archives(export: Export, file: IO[bytes]) -> None:
    """Refuse an archive that is not a workbook."""
    with TemporaryFile() as unpacked:
        if not file.seekable():
            with export.open() as again:
                shutil.copyfileobj(again, unpacked)
            file = unpacked
        try:
            with zipfile.ZipFile(file) as archive:
                names = frozenset(archive.namelist())
        except zipfile.BadZipFile as error:
            raise BadgeFileError(
                f"{export.name} is a damaged archive or workbook: {error}.", path=export.path
            ) from None
    if not WORKBOOK_PARTS & names:
        for part, what, instead in PARTS:
            if part in names:
                raise _not_read(export, what, instead)
        raise _not_read(export, "an archive, or a document without sheets, in an archive", "unpack it first")


def _refuse_other_documents(export: Export, data: bytes) -> None:
    """Refuse an old document that is not a workbook, in which another one may be."""

    def has(stream: str) -> bool:
        return f"{stream}\0".encode("utf-16-le") in data

    if not (has("Workbook") or has("Book")):
        for stream, what, instead in STREAMS:
            if has(stream):
                raise _not_read(export, what, instead)


def _not_read(export: Export, what: str, instead: str) -> BadgeFileError:
    return BadgeFileError(f"{export.name} is {what}, which camkit cannot read: {instead}.", path=export.path)
