"""The export's text as a checked stream of UTF-8, whatever encoding and line ends the file has."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from camkit.badges.files import Export
from camkit.errors import BadgeFileError

MAX_LINE = 1 << 20
"""Longest accepted line, bytes."""

HEAD = 1 << 18
"""How much of the file's start is looked at to tell its encoding, bytes."""


def encodings_for(export: Export) -> tuple[str, ...]:
    """Name the encodings to try, in order, by the first bytes; refuse what is empty or not text."""
    with export.open() as file:
        head = file.read(HEAD)
    if not head:
        raise BadgeFileError(f"{export.name} is empty: export it again.", path=export.path)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return ("utf-16",)
    # Text in the Latin alphabet has a zero in every second byte of UTF-16.
    zeros_even, zeros_odd = head[::2].count(0), head[1::2].count(0)
    if zeros_odd > len(head) / 4 and zeros_even == 0:
        return ("utf-16-le",)
    if zeros_even > len(head) / 4 and zeros_odd == 0:
        return ("utf-16-be",)
    controls = sum(head.count(code) for code in range(32)) - sum(head.count(code) for code in b"\t\n\f\r")
    if controls > len(head) / 20 or head.startswith(b"%PDF"):
        raise BadgeFileError(f"{export.name} is binary, not text: save it as CSV first.", path=export.path)
    utf_8 = "utf-8-sig" if head.startswith(codecs.BOM_UTF8) else "utf-8"
    # cp1252 is what Windows calls Latin-1; a few bytes mean something in the real one only.
    return (utf_8, "cp1252", "latin-1")


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
    """

    def __init__(self, file: IO[bytes], encoding: str, export: Export) -> None:
        self._file = file
        self._decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(encoding)(), translate=True)
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
        data = block if self._is_ready(block) else self._decoder.decode(block, final=self._ended).encode()
        self._count(data)
        return data

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
