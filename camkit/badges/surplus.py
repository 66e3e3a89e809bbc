"""Rows with a delimiter too many: a name such as Li, Ann whose quotes were not written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from camkit.badges.sentences import and_more
from camkit.badges.table import Layout, Record, Rows

LIKE = 1_000
"""How many rows show what each column has in it."""

FEW = 8
"""Fewer rows do not show it. A column has a vocabulary if each of its values is there so often, on average."""

OPEN_ROLES = ("cardholder_name", "cardholder_id")
"""The roles whose columns may have a name in them; columns without a role may as well."""


def join_surplus(layout: Layout, rows: Rows) -> tuple[Rows, list[str]]:
    """Join the surplus cells of rows where only one column can have them; say which rows those are.

    Every other column must then look like that column in the other rows.
    """
    width = len(layout.names)
    surplus = [
        (line, cells) for line, cells in rows.ragged if len(cells) > width and line not in rows.reasons
    ]
    if not surplus or len(rows.lines) < FEW:
        return rows, []
    closed = {at for role, source in layout.sources.items() if role not in OPEN_ROLES for at in source}
    columns = [_Column(cells.slice(0, LIKE).to_pylist()) for cells in rows.cells]
    mended: list[Record] = []
    where: set[str] = set()
    for line, cells in surplus:
        tried = (
            (at, _joined(cells, at, layout.delimiter, columns)) for at in range(width) if at not in closed
        )
        ways = [(at, joined) for at, joined in tried if joined]
        if len(ways) == 1:
            (at, joined), *_ = ways
            mended.append((line, joined))
            where.add(layout.names[at])
    if not mended:
        return rows, []
    lines = np.concatenate([rows.lines, np.array([line for line, _ in mended], np.int64)])
    order = np.argsort(lines, kind="stable")
    added = zip(*(cells for _, cells in mended), strict=True)
    cells_ = [
        pa.chunked_array([*column.chunks, pa.array(more, pa.string())]).take(pa.array(order))
        for column, more in zip(rows.cells, added, strict=True)
    ]
    done = {line for line, _ in mended}
    ragged = [record for record in rows.ragged if record[0] not in done]
    doubt = (
        f"line {mended[0][0]}{and_more(len(mended), 1)} have a {layout.delimiter!r} too many, which was taken as part "
        f"of {', '.join(map(repr, sorted(where)))}"
    )
    return replace(rows, cells=cells_, lines=lines[order], ragged=ragged), [doubt]


class _Column:
    """What a column has in it."""

    def __init__(self, sample: Sequence[str]) -> None:
        self._values = set(sample)
        self._forms = set(map(_form, self._values))
        self._has_vocabulary = FEW * len(self._values) <= len(sample)
        self.is_open = not self._has_vocabulary and not any(map(str.isdigit, "".join(self._forms)))

    def fits(self, text: str) -> bool:
        return text in self._values if self._has_vocabulary else _form(text) in self._forms


def _joined(cells: Sequence[str], at: int, delimiter: str, columns: Sequence[_Column]) -> list[str] | None:
    """The row with its surplus joined in this column; None if a column does not fit."""
    end = at + len(cells) - len(columns) + 1
    between = f"{delimiter} " if delimiter in ",;" else delimiter
    joined = [*cells[:at], between.join(cells[at:end]), *cells[end:]]
    if not columns[at].is_open:
        return None
    fits = [column.fits(cell) for column, cell in zip(columns, joined, strict=True)]
    return joined if all([*fits[:at], *fits[at + 1 :]]) else None


def _form(text: str) -> str:
    """The form of a text: 9 for a number, a for a word, a few words as one."""
    words = re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "9", text))
    return re.sub(r"a(?:[ .'-]+a)*", "a", words)
