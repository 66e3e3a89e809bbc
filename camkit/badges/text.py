"""The export's text as a checked stream of UTF-8, whatever encoding and line ends the file has."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from camkit.badges.files import Export
from camkit.errors import BadgeFileError

MAX_LINE = 1 << 20
"""Longest accepted line, bytes."""

HEAD = 1 << 18
"""How much of the file's start is looked at to tell its encoding, bytes."""

MIXED = "utf-8 and cp1252"
"""How a file is read that is in UTF-8, but for some lines: the bytes that are no UTF-8 as cp1252."""

STRAY = re.compile("([\udc80-\udcff])")
"""What Python's "surrogateescape" makes of a byte that is no UTF-8."""

IN_CP1252 = {
    chr(0xDC00 + byte): bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in range(128, 256)
}
"""The letter that such a byte stands for; a few are none in cp1252, and what they are in Latin-1."""


def encodings_for(export: Export) -> Iterator[str]:
    """Name the encodings to try, in order, by the first bytes; refuse what is empty or not text."""
    with export.open() as file:
        head = file.read(HEAD)
    if not head:
        raise BadgeFileError(f"{export.name} is empty: export it again.", path=export.path)
    if wide := _utf_16(head):
        yield wide
        return
    controls = sum(head.count(code) for code in range(32)) - sum(head.count(code) for code in b"\t\n\f\r")
    if controls > len(head) / 20 or head.startswith(b"%PDF"):
        raise BadgeFileError(f"{export.name} is binary, not text: save it as CSV first.", path=export.path)
    marked = head.startswith(codecs.BOM_UTF8)
    yield "utf-8-sig" if marked else "utf-8"
    # From here on only for a file that turned out to be something else. Text in another encoding is hardly ever
    # UTF-8 by accident: if half of the lines that could be are, the others come from elsewhere.
    stray, proper = count_lines(export)
    if marked or len(stray) <= proper:
        yield MIXED
    # cp1252 is what Windows calls Latin-1; a few bytes mean something in the real one only.
    yield "cp1252"
    yield "latin-1"


def _utf_16(head: bytes) -> str | None:
    """Name the kind of UTF-16 that the file starts in, if it does."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    # Text in the Latin alphabet has a zero in every second byte of UTF-16.
    zeros_even, zeros_odd = head[::2].count(0), head[1::2].count(0)
    if zeros_odd > len(head) / 4 and zeros_even == 0:
        return "utf-16-le"
    if zeros_even > len(head) / 4 and zeros_odd == 0:
        return "utf-16-be"
    return None


def count_lines(export: Export) -> tuple[list[int], int]:
    """Find the lines that are no UTF-8, and count those that are and have letters outside ASCII."""
    with open_text(export, MIXED) as stream:
        letters = sum(not line.isascii() for line in stream.lines())
    return stream.stray_lines, letters - len(stream.stray_lines)


@contextmanager
def open_text(export: Export, encoding: str, *, skip_lines: int = 0) -> Iterator[Utf8Stream]:
    """Open the export as UTF-8 with line ends ``\\n``, after the first `skip_lines` lines."""
    with export.open() as file:
        stream = Utf8Stream(file, encoding, export)
        stream.skip(skip_lines)
        yield stream


class Utf8Stream(io.RawIOBase):
    """Bytes in UTF-8 with line ends ``\\n``, recoded and counted as they are read.

    Attributes
    ----------
    last_line : int
        Number of the last line that is not empty, counted from 1 at the file's start.
    space_before_quote : bool
        Whether a quote was seen after a space, where readers of CSV differ.
    stray_lines : list of int
        Numbers of the lines with bytes that are no UTF-8, where the encoding is `MIXED`.
    """

    def __init__(self, file: IO[bytes], encoding: str, export: Export) -> None:
        self._file = file
        codec, errors = ("utf-8-sig", "surrogateescape") if encoding == MIXED else (encoding, "strict")
        decoder = codecs.getincrementaldecoder(codec)(errors)
        self._decoder = io.IncrementalNewlineDecoder(decoder, translate=True)
        self._fresh = self._decoder.getstate()
        self._encoding = encoding
        self._export = export
        self._pending = b""
        self._ended = False
        self._newlines = 0
        self._unended = 0
        self._last = b""
        self.last_line = 0
        self.space_before_quote = False
        self.stray_lines: list[int] = []

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """Read at most `size` bytes: a whole block as it is, for pyarrow, which asks for blocks."""
        if size < 0:
            return self.readall()
        while not self._pending and not self._ended:
            self._pending = self._next_block()
        data, self._pending = self._pending[:size], self._pending[size:]
        return data

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def lines(self) -> Iterator[str]:
        """Give the rest of the text line by line, each with its ``\\n``."""
        return io.TextIOWrapper(io.BufferedReader(self, MAX_LINE), "utf-8", newline="\n")

    def skip(self, count: int) -> None:
        """Pass over the next `count` lines."""
        for _ in range(count):
            while (end := self._pending.find(b"\n")) < 0 and not self._ended:
                self._pending += self._next_block()
            self._pending = self._pending[end + 1 :] if end >= 0 else b""

    def _next_block(self) -> bytes:
        block = self._file.read(MAX_LINE)
        self._ended = not block
        data = block if self._is_ready(block) else self._recode(block)
        self._count(data)
        return data

    def _recode(self, block: bytes) -> bytes:
        text = self._decoder.decode(block, final=self._ended)
        return (self._without_strays(text) if self._encoding == MIXED else text).encode()

    def _without_strays(self, text: str) -> str:
        """Put letters in place of the bytes that are no UTF-8, and note their lines."""
        pieces = STRAY.split(text)
        line = self._newlines + 1
        for at in range(1, len(pieces), 2):
            line += pieces[at - 1].count("\n")
            pieces[at] = IN_CP1252[pieces[at]]
            if self.stray_lines[-1:] != [line]:
                self.stray_lines.append(line)
        return "".join(pieces)

    def _is_ready(self, block: bytes) -> bool:
        """Whether the block is as it should be: most logs are ASCII, which needs no recoding."""
        return (
            self._encoding == "utf-8"
            and bool(block)
            and block.isascii()
            and b"\r" not in block
            and self._decoder.getstate() == self._fresh
        )

    def _count(self, data: bytes) -> None:
        newlines = data.count(b"\n")
        text = data.rstrip(b"\n")
        if text:
            self.last_line = self._newlines + newlines - (len(data) - len(text)) + 1
        if self._unended + (data.find(b"\n") if newlines else len(data)) > MAX_LINE:
            raise BadgeFileError(
                f"{self._export.name} has more than {MAX_LINE:,} bytes in line {self._newlines + 1}: "
                "that is no badge log.",
                path=self._export.path,
                line=self._newlines + 1,
            )
        self._unended = len(data) - data.rfind(b"\n") - 1 if newlines else self._unended + len(data)
        self._newlines += newlines
        if not self.space_before_quote and b'"' in data:
            self.space_before_quote = b' "' in self._last + data
        self._last = data[-1:] or self._last
