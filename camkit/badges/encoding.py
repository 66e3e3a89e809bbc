"""Decode an export: a checked stream of UTF-8, whatever encoding and line ends the file has."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, TypeVar

import numpy as np

from camkit.badges.files import Export
from camkit.errors import BadgeFileError

Read = TypeVar("Read")

MAX_LINE = 1 << 20
"""Longest accepted line, bytes."""

HEAD = 1 << 18
"""How much of the file's start is examined to detect its encoding, bytes."""

UTF_8, UTF_8_MARKED, MIXED = "utf-8", "utf-8-sig", "utf-8 and cp1252"
"""UTF-8, the same with a byte order mark, and how a file is reported that is in UTF-8 except for some lines."""

STRAY = re.compile("([\udc80-\udcff])")
"""What Python's "surrogateescape" makes of a byte that is not UTF-8."""

IN_CP1252 = {
    chr(0xDC00 + byte): bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in range(128, 256)
}
"""The letter that such a byte stands for; the few that cp1252 does not define are taken from Latin-1."""


def decoded(export: Export, read: Callable[[str], Read]) -> Read:
    """Read the export in the first encoding that fits it; a `BadgeFileError` if it is empty or not text."""
    encodings = encodings_for(export)
    for encoding in encodings:
        try:
            return read(encoding)
        except UnicodeDecodeError:
            continue
    raise BadgeFileError(
        f"{export.name} is not valid text in {encodings[-1]}: export it again.",
        path=export.path,
    )


def encodings_for(export: Export) -> tuple[str, ...]:
    """Name the encodings to try, in order, by the first bytes; refuse what is empty or not text."""
    with export.open() as file:
        head = file.read(HEAD)
    if not head:
        raise BadgeFileError(f"{export.name} is empty: export it again.", path=export.path)
    if wide := _utf_16(head):
        return (wide,)
    controls = sum(head.count(code) for code in range(32)) - sum(head.count(code) for code in b"\t\n\f\r")
    if controls > len(head) / 20 or head.startswith(b"%PDF"):
        raise BadgeFileError(f"{export.name} is binary, not text: save it as CSV first.", path=export.path)
    if head.startswith(codecs.BOM_UTF8):
        return (UTF_8_MARKED,)
    # cp1252 is what Windows calls Latin-1; a few bytes are defined in Latin-1 only.
    return UTF_8, "cp1252", "latin-1"


def _utf_16(head: bytes) -> str | None:
    """Name the variant of UTF-16 that the file starts in, or None."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    # Text in the Latin alphabet has a zero in every second byte of UTF-16.
    zeros_even, zeros_odd = head[::2].count(0), head[1::2].count(0)
    if zeros_odd > len(head) / 4 and zeros_even == 0:
        return "utf-16-le"
    if zeros_even > len(head) / 4 and zeros_odd == 0:
        return "utf-16-be"
    return None


@contextmanager
def open_text(export: Export, encoding: str) -> Iterator[Utf8Stream]:
    r"""Open the export as UTF-8 with line ends ``\n``."""
    with export.open() as file:
        yield Utf8Stream(file, encoding, export)


class Utf8Stream(io.RawIOBase):
    r"""Bytes in UTF-8 with line ends ``\n``, recoded and counted as they are read.

    In UTF-8, single bytes that are not UTF-8 are read as cp1252. At the end of such a file a UnicodeDecodeError says
    that it is in another encoding altogether, unless it starts with a byte order mark: text in another encoding is
    hardly ever UTF-8 by accident, so if half of the lines with letters outside ASCII are UTF-8, only the other lines
    come from elsewhere.
    """

    def __init__(self, file: IO[bytes], encoding: str, export: Export) -> None:
        self._file = file
        if encoding == UTF_8_MARKED:
            file.read(len(codecs.BOM_UTF8))
        self._encoding = encoding
        self._is_utf_8 = encoding in (UTF_8, UTF_8_MARKED)
        codec, errors = (UTF_8, "surrogateescape") if self._is_utf_8 else (encoding, "strict")
        decoder = codecs.getincrementaldecoder(codec)(errors)
        self._decoder = io.IncrementalNewlineDecoder(decoder, translate=True)
        self._fresh = self._decoder.getstate()
        self._export = export
        self._pending = b""
        self._ended = False
        self._newlines = 0
        self._unended = 0
        self._last = b""
        self._letter_lines = 0
        self._last_letter_line = 0
        self.last_line = 0  # number of the last line that is not empty, counted from 1 at the file's start
        self.space_before_quote = False  # whether a quote was seen after a space, where readers of CSV differ
        self.stray_lines: list[int] = []  # numbers of the lines with bytes that are not UTF-8

    def readable(self) -> bool:
        """Return True."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Read at most `size` bytes, and at least half of them before the end: pyarrow fails on very small blocks."""
        if size < 0:
            return self.readall()
        while 2 * len(self._pending) < size and not self._ended:
            self._pending += self._next_block()
        data, self._pending = self._pending[:size], self._pending[size:]
        return data

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read into the buffer; return the number of bytes."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def lines(self) -> Iterator[str]:
        r"""Iterate over the rest of the text line by line, each with its ``\n``."""
        return io.TextIOWrapper(io.BufferedReader(self, MAX_LINE), "utf-8", newline="\n")

    def _next_block(self) -> bytes:
        block = self._file.read(MAX_LINE)
        self._ended = not block
        data = block if self._is_ready(block) else self._recode(block)
        self._count(data)
        if self._ended and self._encoding == UTF_8 and 2 * len(self.stray_lines) > self._letter_lines:
            raise UnicodeDecodeError(UTF_8, b"", 0, 0, "more lines are in another encoding")
        return data

    def _is_ready(self, block: bytes) -> bool:
        """Whether the block needs no recoding, as in most logs."""
        return (
            self._is_utf_8
            and bool(block)
            and b"\r" not in block
            and self._decoder.getstate() == self._fresh
            and (block.isascii() or _is_valid(block))
        )

    def _recode(self, block: bytes) -> bytes:
        text = self._decoder.decode(block, final=self._ended)
        try:
            return text.encode()
        except UnicodeEncodeError:
            return self._without_strays(text).encode()

    def _without_strays(self, text: str) -> str:
        """Put letters in place of the bytes that are not UTF-8, and note their lines."""
        pieces = STRAY.split(text)
        line = self._newlines + 1
        for at in range(1, len(pieces), 2):
            line += pieces[at - 1].count("\n")
            pieces[at] = IN_CP1252[pieces[at]]
            if self.stray_lines[-1:] != [line]:
                self.stray_lines.append(line)
        return "".join(pieces)

    def _count(self, data: bytes) -> None:
        newlines = data.count(b"\n")
        text = data.rstrip(b"\n")
        if text:
            self.last_line = self._newlines + newlines - (len(data) - len(text)) + 1
        if self._unended + (data.find(b"\n") if newlines else len(data)) > MAX_LINE:
            raise BadgeFileError(
                f"{self._export.name} has more than {MAX_LINE:,} bytes in line {self._newlines + 1}: "
                "this is not a badge log.",
                path=self._export.path,
                line=self._newlines + 1,
            )
        if self._encoding == UTF_8 and not data.isascii():
            self._count_letter_lines(np.frombuffer(data, np.uint8))
        self._unended = len(data) - data.rfind(b"\n") - 1 if newlines else self._unended + len(data)
        self._newlines += newlines
        if not self.space_before_quote and b'"' in data:
            self.space_before_quote = b' "' in self._last + data
        self._last = data[-1:] or self._last

    def _count_letter_lines(self, data: np.ndarray) -> None:
        """Count the lines with letters outside ASCII; one may have begun in the block before."""
        newlines, letters = np.flatnonzero(data == ord("\n")), np.flatnonzero(data > 127)
        lines = self._newlines + 1 + np.searchsorted(newlines, letters)
        self._letter_lines += int(np.count_nonzero(np.diff(lines, prepend=self._last_letter_line)))
        self._last_letter_line = int(lines[-1])


def _is_valid(block: bytes) -> bool:
    """Whether the block is whole letters of UTF-8."""
    try:
        block.decode()
    except UnicodeDecodeError:
        return False
    return True
