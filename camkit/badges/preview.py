"""The first rows of an export, also of one that no profile fits, so that somebody can say what its columns are for."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path

import pyarrow.compute as pc

from camkit.badges.documents import sheet_names
from camkit.badges.files import Export, find_exports, nothing_to_read
from camkit.badges.given import Given
from camkit.badges.profiles import Header, Profile, profiles
from camkit.badges.read import read_export
from camkit.badges.table import ExportTable
from camkit.errors import BadgeFileError

SHOWN = 8
"""How many rows are shown."""

TRIED = 10
"""How many exports of a folder are tried before one is shown that no profile fits."""

WORDS = 30
"""How many different words for an outcome are listed; a column with more is hardly one of outcomes."""

VALUE = re.compile(r"\d[-/.:]\d|^\s*\d+\s*$")
"""A time or a number, which a heading is not."""


@dataclass(frozen=True)
class Preview:
    """The beginning of an export.

    Attributes
    ----------
    name : str
        Of the file.
    profile : str
        The profile that fits it; empty if none does.
    problem : str
        Why none does; empty if one does.
    headings : tuple of str
        One for each column, as the events have it; of a file without a header, "column 1" and so on.
    rows : list of list of str
        The first rows, as they are.
    roles : mapping of str to tuple of int
        The positions of the columns of each role that the profile recognises.
    has_header : bool
        Whether a row looks like headings.
    sheets : tuple of str
        The names of a workbook's sheets.
    """

    name: str
    profile: str
    problem: str
    headings: tuple[str, ...]
    rows: list[list[str]]
    roles: Mapping[str, tuple[int, ...]]
    has_header: bool
    sheets: tuple[str, ...]
    _table: ExportTable
    _words: Profile

    def column(self, position: int) -> str | int:
        """How `load_badges` is told of a column: its heading, or its position from 1 where there are no headings."""
        return self.headings[position] if self.has_header else position + 1

    def outcomes(self, positions: Sequence[int]) -> dict[str, tuple[int, str]]:
        """Each text of these columns, joined, with how often it occurs and what it is taken for: the commonest ones.

        It is taken for ``granted``, ``denied``, ``ignored`` (not a badge event) or ``unknown``.
        """
        layout = replace(self._table.layout, sources={"outcome": tuple(positions)})
        text = replace(self._table, layout=layout).text("outcome")
        counts = {entry["values"]: entry["counts"] for entry in pc.value_counts(text).to_pylist()}
        common = sorted(filter(None, counts), key=lambda word: (-counts[word], word))[:WORDS]
        return {word: (counts[word], self._words.outcome(word)) for word in common}


def preview(path: str | PathLike[str], given: Given | None = None) -> Preview:
    """Read the beginning of an export; of a folder or an archive, that of one in it.

    Parameters
    ----------
    path : path-like
        As for `load_badges`.
    given : Given, optional
        What is known of it.

    Raises
    ------
    BadgeFileError
        If it cannot be read as a table at all.
    """
    given = given or Given()
    exports, left_out = find_exports(path)
    if not exports:
        raise nothing_to_read(Path(path), left_out)
    table, problem = _first_that_fits(exports[:TRIED], given)
    profile = None if problem else table.layout.profile
    columns = [column.slice(0, SHOWN).to_pylist() for column in table.rows.cells]
    return Preview(
        name=table.export.name,
        profile=profile.name if profile and profile.name in profiles() else "",
        problem=problem,
        headings=table.layout.names,
        rows=[list(row) for row in zip(*columns, strict=True)],
        roles=table.layout.sources if profile else {},
        has_header=table.layout.names != _numbered(len(table.layout.names)),
        sheets=sheet_names(table.export),
        _table=table,
        _words=profile or replace(given, profile=None, columns={"event_time": "1"}).candidates()[0],
    )


def _first_that_fits(exports: Sequence[Export], given: Given) -> tuple[ExportTable, str]:
    """Read the first export that a profile fits, or else the first one, with the reason why none does."""
    problems = []
    for export in exports:
        try:
            return read_export(export, given), ""
        except BadgeFileError as error:
            problems.append(str(error))
    sheets = sheet_names(exports[0])
    sheet = given.sheet or (sheets[0] if sheets else None)
    return _any_table(exports[0], replace(given, sheet=sheet)), problems[0]


@dataclass(frozen=True)
class _AnyHeader(Profile):
    """Fits the first row of so many texts that are neither times nor numbers."""

    at_least: int = 2

    def fits_header(self, header: Header) -> bool:
        """Whether it may be a header."""
        filled = [cell for cell in header.cells if cell]
        return len(filled) >= self.at_least and not any(map(VALUE.search, filled))

    def sources(self, header: Header) -> dict[str, tuple[int, ...]]:
        """Every column, so that the delimiter that makes most of them is taken."""
        return {"any": tuple(range(len(header.cells)))}


class _AnyRow(_AnyHeader):
    def fits_header(self, header: Header) -> bool:
        """Whether it has cells."""
        return bool(header.cells)


class _NoHeader(_AnyHeader):
    def fits_header(self, header: Header) -> bool:
        """No row is one."""
        return False

    def has_shape(self, row: Sequence[str]) -> bool:
        """Whether a row has its width."""
        return len(row) == len(self.names)


@dataclass(frozen=True)
class _AnyTable(Given):
    """Reads a table whatever is in it."""

    fallback: Profile = field(kw_only=True)

    def candidates(self) -> list[Profile]:
        """Return the one that fits."""
        return [self.fallback]


def _any_table(export: Export, given: Given) -> ExportTable:
    """Read an export that no profile fits, by its first row that looks like headings and is as wide as the others."""

    def read(fallback: Profile) -> ExportTable:
        return read_export(export, _AnyTable(encoding=given.encoding, sheet=given.sheet, fallback=fallback))

    try:
        table = read(_AnyHeader("any", "a table with a header", {}))
        widths = Counter(len(cells) for _, cells in table.rows.ragged)
        if widths.total() > len(table):  # the row is above the header, such as a title
            table = read(_AnyHeader("any", "a table with a header", {}, at_least=widths.most_common(1)[0][0]))
    except BadgeFileError:
        width = len(read(_AnyRow("any", "a table", {})).layout.names)
        return read(_NoHeader("any", "a table without a header", {}, names=_numbered(width)))
    return table


def _numbered(width: int) -> tuple[str, ...]:
    return tuple(f"column {position}" for position in range(1, width + 1))
