"""One export as a table: its header, the profile that fits it, its rows, and its columns by role.

A reader of a format makes an `ExportTable` of a file, as `delimited.read_delimited` does for text: it offers the first
rows to `find_layout`, and reads the rows below the header, each with its line number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from camkit.badges.files import Export
from camkit.badges.profiles import Profile, plain, positions
from camkit.errors import BadgeFileError

RENAMED = ("event_time", "cardholder_id", "cardholder_name", "credential", "reader_id")
"""Roles whose columns are in events under the role's name. Any other column is kept under its own."""

Record = tuple[int, list[str]]
"""The line that a row starts at, counted from 1, and its cells."""


@dataclass(frozen=True)
class Layout:
    """How one export is laid out."""

    profile: Profile
    delimiter: str
    names: tuple[str, ...]  # one for each column: the header's own, made unique
    titles: int  # rows above the header
    first_line: int  # the first line below the header
    sources: dict[str, tuple[int, ...]]  # for each role the positions of its columns


@dataclass(frozen=True)
class Rows:
    """The rows below the header."""

    cells: list[pa.ChunkedArray]  # trimmed text, one for each column; an empty cell is an empty text
    lines: np.ndarray  # where each row starts, int64, counted from 1
    ragged: list[Record] = field(default_factory=list)  # rows with more or fewer cells than the header
    stray_lines: list[int] = field(
        default_factory=list
    )  # lines with bytes that are not in the file's encoding
    aside: list[tuple[int, str, str]] = field(
        default_factory=list
    )  # line, text and reason of rows that are not events, by the shape of the export


@dataclass(frozen=True)
class ExportTable:
    """One export's rows with its layout.

    A role is what a column is for, see `profiles.ROLES`.
    """

    export: Export
    encoding: str
    layout: Layout
    rows: Rows
    doubts: list[str] = field(
        default_factory=list
    )  # sentences, without the file's name, on what may be misread

    def __len__(self) -> int:
        """Count the rows that have the header's width."""
        return len(self.rows.lines)

    def text(self, role: str) -> pa.ChunkedArray | None:
        """The role's columns, joined, or what the profile extracts from them; None if the export has none."""
        sources = self.layout.sources.get(role)
        if sources is None:
            return None
        text = _joined([self.rows.cells[position] for position in sources])
        pattern = self.layout.profile.extract.get(role)
        return translate(text, partial(_extract, pattern)) if pattern else text

    def heading(self, role: str) -> str:
        """What the role's columns are called in the export."""
        return " + ".join(self.layout.names[position] for position in self.layout.sources.get(role, ()))

    def column(self, heading: str) -> pa.ChunkedArray | None:
        """The column with this heading in the export, or None."""
        position = positions(self.layout.names).get(plain(heading))
        return None if position is None else self.rows.cells[position]

    def extras(self) -> dict[str, pa.ChunkedArray]:
        """The columns that do not become a role's column as they are, by their names."""
        renamed: set[int] = set()
        for role in RENAMED:
            sources = self.layout.sources.get(role, ())
            if role not in self.layout.profile.extract and (role == "event_time" or len(sources) == 1):
                renamed.update(sources)
        cells = zip(self.layout.names, self.rows.cells, strict=True)
        return {name: column for position, (name, column) in enumerate(cells) if position not in renamed}


def find_layout(
    export: Export, starts: Mapping[str, Sequence[Record]], candidates: Sequence[Profile]
) -> Layout:
    """Find the layout by the export's first rows, as each possible delimiter splits them.

    A single candidate must fit; of several, the profile that uses most columns is taken.

    Raises
    ------
    BadgeFileError
        If no profile fits, or several fit equally well.
    """
    layouts = [
        layout
        for delimiter, start in starts.items()
        for profile in candidates
        for layout in _fitting(profile, delimiter, start)
    ]
    if not layouts:
        raise BadgeFileError(_nothing_fits(export, starts, candidates), path=export.path)
    best = max(len(_used(layout)) for layout in layouts)
    first, *others = [layout for layout in layouts if len(_used(layout)) == best]
    if others and others[0].profile is not first.profile:
        raise BadgeFileError(
            f"{export.name} fits the profiles {first.profile.name!r} and {others[0].profile.name!r} equally well: "
            f"say which, with profile={first.profile.name!r} or profile={others[0].profile.name!r}.",
            path=export.path,
        )
    return first


def _fitting(profile: Profile, delimiter: str, start: Sequence[Record]) -> Iterator[Layout]:
    """Yield the layout in which the profile fits these rows, if it does."""
    for above, (line, cells) in enumerate(start):
        if profile.fits_header(cells):
            first_line = line + 1 + sum(cell.count("\n") for cell in cells)
            names = unique(cell.strip() for cell in cells)
            yield Layout(profile, delimiter, names, above, first_line, profile.sources(cells))
            return
    if profile.fits_rows([cells for _, cells in start]):
        yield Layout(profile, delimiter, profile.names, 0, 1, profile.sources(profile.names))


def _used(layout: Layout) -> set[int]:
    return {position for source in layout.sources.values() for position in source}


def _nothing_fits(
    export: Export, starts: Mapping[str, Sequence[Record]], candidates: Sequence[Profile]
) -> str:
    """Say which columns were found and what to do."""
    wanted = candidates[0] if len(candidates) == 1 else None
    start = max(starts.values(), key=lambda rows: max((len(cells) for _, cells in rows), default=0))
    if not start:
        return f"{export.name} has no rows: export it again."
    line, cells = max(start, key=lambda record: len(record[1]))
    found = ", ".join(repr(cell.strip()[:40]) for cell in cells[:20])
    if wanted and wanted.recognise:
        there = positions(cells)
        lacking = ", ".join(repr(name) for name in wanted.recognise if plain(name) not in there)
        return f"{export.name} does not have the column {lacking}; line {line} has: {found}."
    if wanted:
        return f"{export.name} does not look like {wanted.title}; line {line} has: {found}."
    return (
        f"{export.name} is no export that camkit knows; line {line} has: {found}. Name the columns, as in "
        'columns={"event_time": "When", "cardholder_id": "Badge"}, or say whose export it is, as in profile="brivo".'
    )


def unique(names: Iterable[str]) -> tuple[str, ...]:
    """Name nameless columns, and number those whose name an earlier one has."""
    taken: list[str] = []
    for position, name in enumerate(names, start=1):
        candidate = base = name or f"column {position}"
        number = 2
        while candidate in taken:
            candidate = f"{base} {number}"
            number += 1
        taken.append(candidate)
    return tuple(taken)


def translate(text: pa.ChunkedArray, function: Callable[[str], str | None]) -> pa.ChunkedArray:
    """Apply a function to each different text once."""
    encoded = text.dictionary_encode().unify_dictionaries()
    if encoded.num_chunks == 0:
        return text
    values = pa.array([function(value) for value in encoded.chunk(0).dictionary.to_pylist()], pa.string())
    return pa.chunked_array([values.take(chunk.indices) for chunk in encoded.chunks], pa.string())


def _joined(columns: list[pa.ChunkedArray]) -> pa.ChunkedArray:
    """Join columns with a space, without a space where one is empty."""
    first, *rest = columns
    for column in rest:
        first = pc.utf8_trim_whitespace(pc.binary_join_element_wise(first, column, " "))
    return first


def _extract(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return (found[1] or "").strip() if found else ""
