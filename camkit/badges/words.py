"""A column of text as its different texts, so that each of them is looked at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

LARGE = 1 << 30
"""More text, bytes, may not fit into one piece with offsets of 32 bits."""


@dataclass(frozen=True)
class Words:
    """A column with few different texts: each of them, and for each row which one it is."""

    values: Sequence[Any]
    codes: np.ndarray

    @classmethod
    def of(cls, text: pa.ChunkedArray) -> Words:
        """Find the different texts of a column."""
        # As one piece: the dictionaries of many pieces take longest to unite where most texts are different.
        text = text.cast(pa.large_string()) if text.nbytes > LARGE else text
        encoded = text.combine_chunks().dictionary_encode()
        return cls(encoded.dictionary.to_pylist(), encoded.indices.to_numpy())

    def map(self, function: Callable[[str], str | None]) -> Words:
        """Apply a function to each different text once."""
        return Words([*map(function, self.values)], self.codes)

    def where(self, test: Callable[[str], bool]) -> np.ndarray:
        """For each row, whether its text passes a test."""
        return np.array([*map(test, self.values)], dtype=bool)[self.codes]

    def text(self) -> pa.ChunkedArray:
        """The column."""
        if len(self.codes) and not self.codes.any():  # one text, as a rule
            return pa.chunked_array([pa.repeat(pa.scalar(self.values[0], pa.string()), len(self.codes))])
        return pa.chunked_array([pa.array(self.values, pa.string()).take(pa.array(self.codes))])
