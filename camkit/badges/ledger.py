"""Account for every row of a file: each is an event until it is rejected or ignored, once."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa

ENTRY = {"line": "int64", "column": "str", "value": "str", "reason": "str"}
"""Columns of the tables of rejected and ignored rows, beside ``file``."""

Kind = Literal["rejected", "ignored"]


class Ledger:
    """What became of each row of one file.

    Attributes
    ----------
    open : numpy.ndarray
        bool, True for each row that is still an event.
    """

    def __init__(self, lines: np.ndarray) -> None:
        self.open = np.ones(len(lines), dtype=bool)
        self._lines = lines
        self._columns: dict[Kind, list[pd.DataFrame]] = {"rejected": [], "ignored": []}
        self._rows: dict[Kind, list[tuple[int, str, str, str]]] = {"rejected": [], "ignored": []}

    def reject(self, rows: np.ndarray, column: str, values: pa.ChunkedArray, reason: str) -> None:
        """Take those of the rows that are still open out, as unreadable in this column."""
        self._close("rejected", rows, column, values, reason)

    def ignore(self, rows: np.ndarray, column: str, values: pa.ChunkedArray, reason: str) -> None:
        """Take those of the rows that are still open out, as no badge events by this column."""
        self._close("ignored", rows, column, values, reason)

    def enter(self, kind: Kind, line: int, value: str, reason: str) -> None:
        """Enter a row that has no column to blame."""
        self._rows[kind].append((line, "", value, reason))

    def table(self, kind: Kind) -> pd.DataFrame:
        """Give the entries of a kind in the order of the lines."""
        rows = pd.DataFrame(self._rows[kind], columns=[*ENTRY])
        table = pd.concat([*self._columns[kind], rows]) if self._columns[kind] else rows
        return table.astype(ENTRY).sort_values("line", ignore_index=True)

    def _close(self, kind: Kind, rows: np.ndarray, column: str, values: pa.ChunkedArray, reason: str) -> None:
        positions = np.flatnonzero(rows & self.open)
        if len(positions):
            self.open[positions] = False
            taken = values.take(pa.array(positions)).to_pylist()
            entry = {"line": self._lines[positions], "column": column, "value": taken, "reason": reason}
            self._columns[kind].append(pd.DataFrame(entry))
