"""Read the numbers out of many texts of the same shape at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from camkit.badges.forms import LONGEST
from camkit.badges.table import translate

AS_ZERO = np.arange(256, dtype=np.uint8)
AS_ZERO[ord("0") : ord("9") + 1] = ord("0")
"""For each byte the byte of the shape."""

OTHER_DIGITS = {ord(first) + n: str(n) for first in "٠۰０" for n in range(10)}
"""Arabic, Persian and full-width digits."""

IS_OTHER_DIGIT = "[٠-٩۰-۹０-９]"


class Shaped:
    """Texts grouped by their shape, which has 0 for every digit."""

    def __init__(self, column: pa.ChunkedArray) -> None:
        text = pa.concat_arrays(_with_plain_digits(_short(column)).cast(pa.string()).chunks)
        _, offsets, data = text.buffers()
        ends = np.frombuffer(offsets, np.int32)[text.offset : text.offset + len(text) + 1]
        self._bytes = np.frombuffer(data or b"", np.uint8)[ends[0] : ends[-1]]
        self._starts = ends - ends[0]
        shapes = [None, pa.py_buffer(self._starts), pa.py_buffer(AS_ZERO[self._bytes])]
        self._encoded = pa.Array.from_buffers(pa.string(), len(text), shapes).dictionary_encode()

    def groups(self) -> Iterator[tuple[str, np.ndarray]]:
        """Yield each shape with the positions of its texts."""
        shapes = self._encoded.dictionary.to_pylist()
        codes = self._encoded.indices.to_numpy()
        if len(shapes) < 1 << 15:
            codes = codes.astype(np.int16)  # which numpy sorts in linear time
        order = np.argsort(codes, kind="stable")
        ends = np.cumsum(np.bincount(codes, minlength=len(shapes)))
        for shape, start, end in zip(shapes, [0, *ends[:-1]], ends, strict=True):
            yield shape, order[start:end]

    def numbers(self, rows: np.ndarray, places: Mapping[str, tuple[int, int]]) -> dict[str, np.ndarray]:
        """Return the numbers, int64, of these texts, by the place of each: its first byte, and how many digits."""
        starts = self._starts[rows].astype(np.int64)
        return {name: self._number(starts, *place) for name, place in places.items()}

    def _number(self, starts: np.ndarray, first: int, width: int) -> np.ndarray:
        value = np.zeros(len(starts), np.int64)
        for position in range(first, first + width):
            value *= 10
            value += self._bytes[position:][starts]
        value -= int("1" * width) * ord("0")
        return value


def _short(text: pa.ChunkedArray) -> pa.ChunkedArray:
    """Cut texts that are too long for a date and time, so that a batch of them fits into one array."""
    longest = pc.max(pc.binary_length(text)).as_py()
    return pc.utf8_slice_codeunits(text, 0, LONGEST + 1) if longest > 4 * LONGEST else text


def _with_plain_digits(text: pa.ChunkedArray) -> pa.ChunkedArray:
    """Write other digits as ours."""
    if (
        pc.all(pc.string_is_ascii(text)).as_py()
        or not pc.any(pc.match_substring_regex(text, IS_OTHER_DIGIT)).as_py()
    ):
        return text
    return translate(text, lambda value: value.translate(OTHER_DIGITS))
