"""The first rows of an export, also of one that no profile fits, so that somebody can say what its columns are for."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from camkit.badges.documents import sheet_names
from camkit.badges.door_events import ALARMS
from camkit.badges.files import Export, find_exports, nothing_to_read
from camkit.badges.given import Given
from camkit.badges.profiles import Header, Profile, profiles, unique
from camkit.badges.read import read_export
from camkit.badges.table import ExportTable
from camkit.badges.vocabulary import kind_of, wording
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
        """Return how to name a column to `load_badges`: by its heading, or without headings by its position from 1."""
        return self.headings[position] if self.has_header else position + 1

    def outcomes(self, positions: Sequence[int]) -> dict[str, tuple[int, str]]:
        """Each text of these columns, joined, with how often it occurs and what it is taken for: the commonest ones.

        It is taken for ``granted``, ``denied``, ``ignored`` (not a badge event), ``unknown``, or an alarm, as `ALARMS`
        call it.
        """
        layout = replace(self._table.layout, sources={"outcome": tuple(positions)})
        text = replace(self._table, layout=layout).text("outcome")
        counts = {entry["values"]: entry["counts"] for entry in pc.value_counts(text).to_pylist()}
        common = sorted(filter(None, counts), key=lambda word: (-counts[word], word))[:WORDS]
        kinds = {word: kind_of(wording(word)) for word in common}
        return {word: (counts[word], ALARMS.get(kinds[word]) or self._words.outcome(word)) for word in common}


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
        has_header=table.layout.names != unique([""] * len(table.layout.names)),
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
class _AnyTable(Profile):
    """Fits any table: with names, each row of as many cells; else the first row that may be a header."""

    at_least: int = 2
    may_be_values: bool = False

    def fits_header(self, header: Header) -> bool:
        """Whether a row has enough texts that are neither times nor numbers."""
        filled = [cell for cell in header.cells if cell]
        if self.names or len(filled) < self.at_least:
            return False
        return self.may_be_values or not any(map(VALUE.search, filled))

    def has_shape(self, row: Sequence[str]) -> bool:
        """Whether a row has as many cells as there are names."""
        return len(row) == len(self.names)

    def sources(self, header: Header) -> dict[str, tuple[int, ...]]:
        """Every column, so that the delimiter that makes most of them is taken."""
        return {"any": tuple(range(len(header.cells)))}


@dataclass(frozen=True)
class _GivenAny(Given):
    """Leaves only one profile to choose."""

    profile_of_any: Profile = field(kw_only=True)

    def candidates(self) -> list[Profile]:
        """Return it."""
        return [self.profile_of_any]


def _any_table(export: Export, given: Given) -> ExportTable:
    """Read an export that no profile fits, by its first row that looks like headings and is as wide as the others."""

    def read(**fits: Any) -> ExportTable:
        anything = _AnyTable("any", "a table", {}, **fits)
        return read_export(
            export, _GivenAny(encoding=given.encoding, sheet=given.sheet, profile_of_any=anything)
        )

    try:
        table = read()
        widths = Counter(len(cells) for _, cells in table.rows.ragged)
        if widths.total() > len(table):  # the row is above the header, such as a title
            table = read(at_least=widths.most_common(1)[0][0])
    except BadgeFileError:
        width = len(read(at_least=0, may_be_values=True).layout.names)
        return read(names=unique([""] * width))
    return table
