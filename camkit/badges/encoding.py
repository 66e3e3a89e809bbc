"""Decode an export: text in UTF-8, whatever encoding and line ends the file has."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO, TypeVar

import numpy as np
from charset_normalizer import from_bytes

from camkit.badges.files import Export
from camkit.badges.given import Given, known_encoding
from camkit.badges.profiles import plain
from camkit.errors import BadgeFileError

Read = TypeVar("Read")

MAX_LINE = 1 << 20
"""Longest accepted line, bytes."""

HEAD = 1 << 18
"""How much of the file's start is examined to detect its encoding, bytes."""

BLOCKS = (1 << 14, 1 << 22)
"""How much is read at a time, bytes: at first, for a header only, and at most."""

CACHED = 1 << 17
"""How much text stays in the processor's cache, bytes."""

SAMPLE, LOOKED_AT = 1 << 12, 1 << 16
"""How much text outside ASCII is examined to tell an encoding, and to doubt it, bytes."""

UTF_8, UTF_8_MARKED, MIXED = "utf-8", "utf-8-sig", "utf-8 and cp1252"
"""UTF-8, the same with a byte order mark, and how a file is reported that is in UTF-8 except for some lines."""

CP1252 = "cp1252"

OTHERS = (
    CP1252, "gb18030", "cp932", "big5", "cp949", "cp1251", "cp1253", "cp1255", "cp1256", "cp1250", "cp1254", "koi8_r",
    "cp866", "cp850",
)  # fmt: skip
"""The encodings that a file may be in that is not Unicode, the more common ones first."""

NEAR = ("cp1250", "cp1254", "cp1257", "cp1255", "mac_roman")
"""The encodings in which a text looks almost as in cp1252."""

ENCODINGS = (UTF_8, *OTHERS, "cp1257", "mac_roman", "cp437")
"""What a menu of encodings has: whatever a doubt may name, and the one of old American systems."""

MESS = 0.1
"""Share of unlikely neighbours among letters, as charset-normalizer counts them, up to which a text is plausible."""

FOREIGN = re.compile(
    r"""
    [þÞðÐýÝŸ]                                                            # Turkish, Baltic, Polish; or Icelandic
    | \w[ŒŠŽÀ-ÖØ-Þ][a-zß-ÿ]                                              # a capital within a word: Mac Roman
    | œ(?![uidcslt]) | Œ(?![UuIiE]) | iæ\b | [ñÑ][b-df-hj-np-tv-xz]      # Polish, Croatian
    | [ìù][^\W\d_] | õ(?!e) | \b(?=\w*[øØ])\w*[áíúìèùÁÍÈ]               # Czech, Hungarian
    | [^\W\d_][£¥¢¤¦§¨¯¬±¹³²¼½¾¶ˆ¿¡ºª«»©®†‡•˜„‰‹›™][^\W\d_]              # a sign within a word
    | [£¥¢¤¦¨¯¬±¹³¼½¾¶ˆ][^\W\d_]{2} | [^\W\d_]{2}[£¥¢¤¦¨¯¬±¹³¼½¾¶ˆ¿¡]     # a sign at its edge
    | \b[^\W\d_a-zA-Z]{3,}\b                                            # a word without any plain letter
    """,
    re.VERBOSE,
)
"""Text that hardly any Western language has, so that it may be in another encoding than cp1252."""

MIXED_SCRIPTS = re.compile(r"[a-z][\u0370-\u07ff\u2e80-\uffef]|[\u0370-\u07ff\u2e80-\uffef][a-z]")
"""What is in hardly any text in another script, but in Latin text that is read as that."""

WORD = re.compile(rb"[\w\x80-\xff]+")

LETTERS = re.compile(rb"[\x40-\xff ]*[\x80-\xff][\x40-\xff ]*")
"""A stretch with letters outside ASCII; the second bytes of Chinese and Japanese letters begin at 0x40."""

STRAY = re.compile("([\udc80-\udcff])")
"""What Python's "surrogateescape" makes of a byte that is not UTF-8."""

IN_CP1252 = "".join(bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in range(256))
"""The letter that each byte stands for; the few that cp1252 does not define are taken from Latin-1."""


CONTROLS = bytes({*range(32)} - {*b"\t\n\f\r"})
"""The bytes that text does not have, or hardly ever."""


class OtherEncodingError(Exception):
    """The file is in this encoding, not in UTF-8."""

    def __init__(self, encoding: str, doubt: str | None) -> None:
        super().__init__(encoding)
        self.encoding = encoding
        self.doubt = doubt


def decoded(export: Export, read: Callable[[str, list[str]], Read], given: Given) -> Read:
    """Read the export in the encoding that is given, or else in the one that its bytes show.

    `read` gets the encoding, and doubts about it.

    Raises
    ------
    BadgeFileError
        If the export is empty, not text, or not in the encoding that is given.
    """
    wanted = given.encoding and known_encoding(given.encoding)
    encoding, doubts = wanted or encoding_of(export, given.headings()), list[str]()
    try:
        try:
            return read(encoding, doubts)
        except OtherEncodingError as other:
            encoding, doubts = other.encoding, [other.doubt] if other.doubt else []
        return read(encoding, doubts)
    except UnicodeError:  # some codecs do not say UnicodeDecodeError
        raise BadgeFileError(
            f"{export.name} is not valid text in {encoding}: export it again, or say its encoding, as in "
            "encoding='cp1251'.",
            path=export.path,
        ) from None


def encoding_of(export: Export, names: Sequence[str]) -> str:
    """Name the encoding that the first bytes show, if these headings are in it; refuse what is empty or not text."""
    with export.open() as file:
        head = file.read(HEAD)
    if not head:
        raise BadgeFileError(f"{export.name} is empty: export it again.", path=export.path)
    if wide := _utf_16(head):
        return wide
    controls = len(head) - len(head.translate(None, CONTROLS))
    if controls > len(head) / 20 or head.startswith(b"%PDF"):
        raise BadgeFileError(f"{export.name} is binary, not text: save it as CSV first.", path=export.path)
    if head.startswith(codecs.BOM_UTF8):
        return UTF_8_MARKED
    letters = [plain(name) for name in names if not name.isascii()]
    if not letters or head.isascii():
        return UTF_8
    text = {encoding: plain(head.decode(encoding, "ignore")) for encoding in (UTF_8, *OTHERS)}
    return next((it for it in text if all(name in text[it] for name in letters)), UTF_8)


def _utf_16(head: bytes) -> str | None:
    """Name the variant of UTF-16 that the file starts in, or None."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if 0 not in head:
        return None
    # Text in the Latin alphabet has a zero in every second byte of UTF-16.
    zeros_even, zeros_odd = head[::2].count(0), head[1::2].count(0)
    if zeros_odd > len(head) / 4 and zeros_even == 0:
        return "utf-16-le"
    if zeros_even > len(head) / 4 and zeros_odd == 0:
        return "utf-16-be"
    return None


def likely_encoding(sample: bytes) -> tuple[str, str | None]:
    """Name the likeliest encoding of text that is not UTF-8, and a sentence of doubt where it is not sure.

    Western text is the rule: another encoding is taken only if the text makes no sense as cp1252.
    """
    sample = sample[:LOOKED_AT]
    words = b"\n".join(found[0].strip() for found in LETTERS.finditer(sample))[:SAMPLE]
    scores: dict[str, tuple[float, float]] = {}
    for encoding in OTHERS:
        if 2 * len(MIXED_SCRIPTS.findall(words.decode(encoding, "ignore"))) > len(words.splitlines()):
            continue
        match = from_bytes(words, cp_isolation=[encoding], threshold=1.0).best()
        if match is not None:
            scores[encoding] = (match.chaos, -match.coherence)
    best = min(scores, key=lambda encoding: scores[encoding], default=CP1252)
    western = scores.get(CP1252, (1.0, 0.0))
    if best == CP1252 or western == scores[best]:
        return CP1252, _unlike_western(sample)
    example = words.splitlines()[0]
    as_read = example.decode(CP1252, "replace")[:40]
    if western[0] <= MESS or scores[best][0] > MESS:
        other = example.decode(best, "replace")[:40]
        return CP1252, (
            f"it is not UTF-8 and was read as cp1252: check text such as {as_read!r}, and say encoding={best!r} if "
            f"{other!r} is right"
        )
    others = [encoding for encoding in scores if scores[encoding][0] == scores[best][0] and encoding != best]
    instead = f" (or {', '.join(others)})" if others else ""
    shown = example.decode(best, "replace")[:40]
    return best, (
        f"it is not UTF-8 and was read as {best}, as its letters suggest: check text such as {shown!r}, and say "
        f"encoding={CP1252!r}{instead} if it is wrong"
    )


def _unlike_western(sample: bytes) -> str | None:
    """Say which word is not like a Western one, and how it reads in other encodings."""
    for found in WORD.finditer(sample):
        as_read = found[0].decode(CP1252, "replace")
        if found[0].isascii() or not FOREIGN.search(as_read):
            continue
        readings = {encoding: found[0].decode(encoding, "replace") for encoding in NEAR}
        others = [
            f"{text[:40]!r} in {it}" for it, text in readings.items() if text.isalpha() and text != as_read
        ]
        if others:
            return (
                f"it is not UTF-8 and was read as cp1252: check text such as {as_read[:40]!r}, which is "
                f"{', '.join(others)}, and say the encoding if it is another, as in encoding={NEAR[0]!r}"
            )
    return None


@contextmanager
def open_text(export: Export, encoding: str) -> Iterator[Utf8Text]:
    r"""Open the export as UTF-8 with line ends ``\n``."""
    with export.open() as file:
        yield Utf8Text(file, encoding, export)


class Utf8Text:
    r"""Text in UTF-8 with line ends ``\n``, recoded and checked as it is read.

    In UTF-8, single bytes that are not UTF-8 are read as cp1252. At the end of such a file an OtherEncodingError says
    that it is in another encoding altogether, unless it starts with a byte order mark: text in another encoding is
    hardly ever UTF-8 by accident, so if half of the lines with letters outside ASCII are UTF-8, only the other lines
    come from elsewhere.
    """

    def __init__(self, file: IO[bytes], encoding: str, export: Export) -> None:
        self.encoding = encoding
        self.stray_lines: list[int] = []  # numbers of the lines with bytes that are not UTF-8
        self.doubts: list[str] = []
        self.is_ended = True  # whether the last line has its line end
        self._file = file
        self._export = export
        self._line = 1  # of the next block
        self._letter_lines = 0
        self._only_strays = True
        self._sample = b""

    def blocks(self, size: int = BLOCKS[0]) -> Iterator[bytes]:
        """Iterate over the text in blocks of whole lines, at first of this size; the last may lack its line end."""
        is_utf_8 = self.encoding in (UTF_8, UTF_8_MARKED)
        for raw in self._whole_lines(self._unmarked(self._chunks(size) if is_utf_8 else self._recoded(size))):
            block = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in raw else raw
            self._require_short_lines(block)
            newlines = count_lines(block)
            if is_utf_8 and not block.isascii():
                block = self._without_strays(block)
            self._line += newlines
            self.is_ended = block.endswith(b"\n")
            yield block
        if self.encoding == UTF_8 and 2 * len(self.stray_lines) > self._letter_lines:
            self._settle()

    def lines(self) -> Iterator[str]:
        r"""Iterate over the text line by line, each with its ``\n``."""
        for block in self.blocks():
            start, *more = block.decode().split("\n")
            for line in more:
                yield f"{start}\n"
                start = line
            if start:
                yield start

    def _chunks(self, size: int) -> Iterator[bytes]:
        while chunk := self._file.read(size):
            yield chunk
            size = min(4 * size, BLOCKS[1])

    def _recoded(self, size: int) -> Iterator[bytes]:
        decoder = codecs.getincrementaldecoder(self.encoding)()
        for chunk in self._chunks(size):
            yield decoder.decode(chunk).encode()
        yield decoder.decode(b"", final=True).encode()

    def _unmarked(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Drop the byte order mark at the start, if there is one."""
        start = b""
        for chunk in chunks:
            start += chunk
            if len(start) >= len(codecs.BOM_UTF8):
                break
        yield start.removeprefix(codecs.BOM_UTF8)
        yield from chunks

    def _whole_lines(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Cut the chunks at line ends."""
        rest = b""
        for chunk in chunks:
            data = rest + chunk
            # A carriage return at the very end may be half of a line end.
            cut = data.rfind(b"\n") + 1 or data.rfind(b"\r", 0, len(data) - 1) + 1
            if not cut and len(data) > MAX_LINE:
                raise self._too_long(self._line)
            if cut:
                yield data[:cut]
            rest = data[cut:]
        if rest:
            yield rest

    def _require_short_lines(self, block: bytes) -> None:
        start = 0
        while len(block) - start > MAX_LINE:
            end = block.rfind(b"\n", start, start + MAX_LINE + 1)
            if end < 0:
                raise self._too_long(self._line + block.count(b"\n", 0, start))
            start = end + 1

    def _too_long(self, line: int) -> BadgeFileError:
        return BadgeFileError(
            f"{self._export.name} has more than {MAX_LINE:,} bytes in line {line}: this is not a badge log.",
            path=self._export.path,
            line=line,
        )

    def _without_strays(self, block: bytes) -> bytes:
        """Put letters in place of the bytes that are not UTF-8, and note their lines."""
        text = block.decode(UTF_8, "surrogateescape")
        lines = _lines_with_letters(block)
        self._letter_lines += len(lines)
        if len(text) == len(block):  # each byte outside ASCII is a stray one
            strays = self._line + lines
            recoded: str = codecs.charmap_decode(block, "strict", IN_CP1252)[0]
        elif text.isprintable() or not STRAY.search(text):
            self._only_strays = False
            return block
        else:
            self._only_strays = False
            pieces = STRAY.split(text)
            ends = np.cumsum([piece.count("\n") for piece in pieces])
            strays = np.unique(self._line + ends[1::2])
            pieces[1::2] = [IN_CP1252[ord(piece) - 0xDC00] for piece in pieces[1::2]]
            recoded = "".join(pieces)
        if len(self._sample) < LOOKED_AT:
            raw = block.split(b"\n")
            self._sample += b"\n".join(raw[at] for at in (strays[:SAMPLE] - self._line).tolist()) + b"\n"
        self.stray_lines += strays.tolist()
        return recoded.encode()

    def _settle(self) -> None:
        """Find the encoding of a file that is not in UTF-8; an error if it was not read as that."""
        encoding, doubt = likely_encoding(self._sample)
        if encoding != CP1252 or not self._only_strays:
            raise OtherEncodingError(encoding, doubt)
        self.encoding, self.stray_lines = encoding, []
        self.doubts += [doubt] if doubt else []


def count_lines(block: bytes) -> int:
    """Count the line ends."""
    data = np.frombuffer(block, np.uint8)
    return sum(
        int(np.count_nonzero(data[start : start + CACHED] == ord("\n")))
        for start in range(0, len(data), CACHED)
    )


def _lines_with_letters(block: bytes) -> np.ndarray:
    """Count from 0 the lines with letters outside ASCII."""
    data = np.frombuffer(block, np.uint8)
    return np.unique(np.searchsorted(np.flatnonzero(data == ord("\n")), np.flatnonzero(data > 127)))
