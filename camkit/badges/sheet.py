"""The columns of one file by what they are for."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa

from camkit.badges.columns import joined, translate
from camkit.badges.files import Export
from camkit.badges.layout import Layout
from camkit.badges.profiles import plain
from camkit.badges.rows import Rows

TAKEN_OVER = ("event_time", "cardholder_id", "cardholder_name", "credential", "reader_id")
"""Roles whose columns come back in events under the role's name. Any other column is kept under its own."""


@dataclass(frozen=True)
class Sheet:
    """One file's rows with its layout.

    A role is what a column is for, see `profiles.ROLES`.
    """

    export: Export
    layout: Layout
    rows: Rows

    def text(self, role: str) -> pa.ChunkedArray | None:
        """The role's columns, joined, or what the profile extracts from them; None if the file has none."""
        positions = self.layout.sources.get(role)
        if positions is None:
            return None
        text = joined([self.rows.cells[position] for position in positions])
        pattern = self.layout.profile.extract.get(role)
        return translate(text, _extractor(pattern)) if pattern else text

    def heading(self, role: str) -> str:
        """What the role's columns are called in the file."""
        return " + ".join(self.layout.names[position] for position in self.layout.sources.get(role, ()))

    def column(self, heading: str) -> pa.ChunkedArray | None:
        """The column that is called so in the file, if there is one."""
        for name, cells in zip(self.layout.names, self.rows.cells, strict=True):
            if plain(name) == plain(heading):
                return cells
        return None

    def extras(self) -> dict[str, pa.ChunkedArray]:
        """The columns that are not taken over whole, by their names."""
        taken = {
            position
            for role in TAKEN_OVER
            if role not in self.layout.profile.extract and (role == "event_time" or self._is_single(role))
            for position in self.layout.sources.get(role, ())
        }
        cells = zip(self.layout.names, self.rows.cells, strict=True)
        return {name: column for position, (name, column) in enumerate(cells) if position not in taken}

    def _is_single(self, role: str) -> bool:
        return len(self.layout.sources.get(role, ())) == 1


def _extractor(pattern: re.Pattern[str]) -> Callable[[str], str]:
    def extract(text: str) -> str:
        found = pattern.search(text)
        return (found[1] or "").strip() if found else ""

    return extract
