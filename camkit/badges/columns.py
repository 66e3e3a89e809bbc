"""Small tools on columns of text."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from camkit.badges.profiles import matches

TEXT = pd.StringDtype("pyarrow", na_value=np.nan)
"""The dtype of text in events: a missing one compares as False, as in pandas 3's own ``str``."""


def translate(text: pa.ChunkedArray, function: Callable[[str], str | None]) -> pa.ChunkedArray:
    """Apply a function to each different text once."""
    encoded = text.dictionary_encode().unify_dictionaries()
    if encoded.num_chunks == 0:
        return text
    values = pa.array([function(value) for value in encoded.chunk(0).dictionary.to_pylist()], pa.string())
    return pa.chunked_array([values.take(chunk.indices) for chunk in encoded.chunks], pa.string())


def holds(text: pa.ChunkedArray, value: str) -> np.ndarray:
    """Whether each text is this one, as numpy's bool; a missing text is not."""
    return np.asarray(pc.fill_null(pc.equal(text, value), False).to_numpy(), dtype=bool)


def matching(text: pa.ChunkedArray, patterns: tuple[str, ...]) -> np.ndarray:
    """Whether each text is one of the patterns, as numpy's bool."""
    return ~missing(translate(text, lambda value: value if matches(value, patterns) else None))


def missing(text: pa.ChunkedArray) -> np.ndarray:
    """Whether each text is missing, as numpy's bool."""
    return np.asarray(pc.is_null(text).to_numpy(), dtype=bool)


def missing_if_empty(text: pa.ChunkedArray) -> pa.ChunkedArray:
    """Turn empty texts into missing ones."""
    return pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)


def numbered(text: pa.ChunkedArray) -> np.ndarray:
    """A number for each different text."""
    return pd.factorize(text.to_pandas(), use_na_sentinel=False)[0]


def constant(value: str | None, count: int) -> pa.ChunkedArray:
    """A column of one value."""
    return pa.chunked_array([pa.repeat(pa.scalar(value, pa.string()), count)])


def joined(columns: list[pa.ChunkedArray]) -> pa.ChunkedArray:
    """Join columns with a space, without a space where one is empty."""
    first, *rest = columns
    for column in rest:
        first = pc.utf8_trim_whitespace(pc.binary_join_element_wise(first, column, " "))
    return first
