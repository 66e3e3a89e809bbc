"""One export as a table: its header, the profile that fits it, its rows, and its columns by role.

A reader of a format makes an `ExportTable` of a file, as `delimited.read_delimited` does for text: it offers the first
rows to `find_layout`, and reads the rows below the header, each with its line number.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import partial
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from camkit.badges.files import Export
from camkit.badges.profiles import MAX_COLUMNS, Header, Profile, has_digit, nameless, plain, positions, unique
from camkit.badges.sentences import some_lines
from camkit.badges.words import Words
from camkit.errors import BadgeFileError

RENAMED = ("event_time", "cardholder_id", "cardholder_name", "credential", "reader_id")
"""Roles whose columns are in events under the role's name. Any other column is kept under its own."""

Kind = Literal["rejected", "ignored"]

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
    header: Record | None = None  # a first row without a time, where columns are given by position
    doubts: tuple[str, ...] = ()  # sentences, without the file's name, on which columns were taken
    above: tuple[Record, ...] = ()  # the rows above the header

    @property
    def used(self) -> set[int]:
        """The positions of all columns that have a role."""
        return {position for source in self.sources.values() for position in source}


@dataclass(frozen=True)
class Rows:
    """The rows below the header.

    Attributes
    ----------
    cells : list of pyarrow.ChunkedArray
        Trimmed text, one for each column; an empty cell is an empty text.
    lines : numpy.ndarray
        Where each row starts, int64, counted from 1.
    ragged : list of Record
        Rows with more or fewer cells than the header.
    stray_lines : list of int
        Lines with bytes that are not in the file's encoding.
    reasons : dict of int to tuple of Kind and str
        By line, what becomes of a ragged row, and why, where that is known: ``("rejected", "cut off")``.
    short : dict of int to list of int
        By the number of cells, the lines of rows whose last cells are not written: they are taken as empty.
    """

    cells: list[pa.ChunkedArray]
    lines: np.ndarray
    ragged: list[Record] = field(default_factory=list)
    stray_lines: list[int] = field(default_factory=list)
    reasons: dict[int, tuple[Kind, str]] = field(default_factory=dict)
    short: dict[int, list[int]] = field(default_factory=dict)

    def ignore_header(self, layout: Layout) -> None:
        """Account for a first row that names the columns although they are given by position."""
        if layout.header is not None:
            self.ragged.insert(0, layout.header)
            self.reasons[layout.header[0]] = ("ignored", "the header")


@dataclass(frozen=True)
class ExportTable:
    """One export's rows with its layout.

    A role is what a column is for, see `profiles.ROLES`. The doubts are sentences, without the file's name, on what may
    be misread; `days_later` is how many days after its date each row's time is, int, where a row had several.
    """

    export: Export
    encoding: str
    layout: Layout
    rows: Rows
    doubts: list[str] = field(default_factory=list)
    days_later: np.ndarray | None = None

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
        return {
            name: column
            for position, (name, column) in enumerate(cells)
            if position not in renamed and not (name == nameless(position) and _is_empty(column))
        }


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
    return choose_layout(export, layouts_of(starts, candidates), starts, candidates)


def layouts_of(starts: Mapping[str, Sequence[Record]], candidates: Sequence[Profile]) -> list[Layout]:
    """Return the layouts in which a profile fits the first rows."""
    return [
        layout for delimiter, start in starts.items() for layout in _fitting(candidates, delimiter, start)
    ]


def choose_layout(
    export: Export,
    layouts: Sequence[Layout],
    starts: Mapping[str, Sequence[Record]],
    candidates: Sequence[Profile],
) -> Layout:
    """Choose the layout that uses most columns; for the errors see `find_layout`."""
    if not layouts:
        raise BadgeFileError(_nothing_fits(export, starts, candidates), path=export.path)
    best = max(len(layout.used) for layout in layouts)
    first, *others = [layout for layout in layouts if len(layout.used) == best]
    if others and others[0].profile is not first.profile:
        raise BadgeFileError(
            f"{export.name} fits the profiles {first.profile.name!r} and {others[0].profile.name!r} equally well: "
            f"say which, with profile={first.profile.name!r} or profile={others[0].profile.name!r}.",
            path=export.path,
        )
    return first


def _fitting(candidates: Sequence[Profile], delimiter: str, start: Sequence[Record]) -> Iterator[Layout]:
    """Yield the layouts in which the profiles fit these rows."""
    waiting = list(candidates)
    known = frozenset[str]().union(*(profile.in_header for profile in waiting))
    is_named = all(profile.in_header for profile in waiting)  # a preview takes any row
    for above, (_, cells) in enumerate(start):
        if len(cells) > MAX_COLUMNS or (is_named and known.isdisjoint(map(plain, set(cells)))):
            continue
        header = Header(cells)
        for profile in [profile for profile in waiting if profile.fits_header(header)]:
            waiting.remove(profile)
            yield _with_rows_above(_headed(profile, delimiter, start[above:], above), start)
    for profile in waiting:
        if profile.fits_rows([cells for _, cells in start]):
            yield _headless(profile, delimiter, start)


def _headed(profile: Profile, delimiter: str, start: Sequence[Record], above: int) -> Layout:
    """The layout under a header, the first of these rows."""
    (line, header), *rows = start
    first_line = line + 1 + sum(cell.count("\n") for cell in header)
    cells = [cell.strip() for cell in header]
    nameless = len(cells) - sum(map(bool, cells))
    lengths = Counter(len(row) for _, row in rows)
    if nameless and lengths and lengths.most_common(1)[0][0] == len(cells) - nameless:
        cells = [cell for cell in cells if cell]  # the rows do not have the nameless cells
    sources = profile.sources(Header(cells))
    names = unique(cells)
    twice = {name for name in names if cells.count(name) > 1}
    doubts = tuple(
        f"the column {name!r} is there {cells.count(name)} times and the first was read: name another as "
        f"{name + ' 2'!r} in columns= if that is right"
        for name in sorted(twice & {names[position] for source in sources.values() for position in source})
    )
    return Layout(profile, delimiter, names, above, first_line, sources, doubts=doubts)


def _with_rows_above(layout: Layout, start: Sequence[Record]) -> Layout:
    """Read what is above the header by it too, from the first row on that looks like one of the rows below it."""
    if "event_time" not in layout.sources:  # of a preview
        return layout
    above, below = start[: layout.titles], start[layout.titles + 1 :]
    forms = {_form(_time(layout, cells)) for _, cells in below} - {""}
    rows = [line for line, cells in above if _is_like_a_row(layout, cells, forms)]
    doubts = layout.doubts
    if rows:
        doubts += (
            f"{some_lines(rows)}: above the header in line {start[layout.titles][0]}, and read as the rows below it: "
            "check that they have the same columns",
        )
    first_line = min(rows, default=layout.first_line)
    titles = tuple((line, cells) for line, cells in above if line < first_line)
    return replace(layout, titles=len(titles), first_line=first_line, doubts=doubts, above=titles)


def _is_like_a_row(layout: Layout, cells: Sequence[str], forms: set[str]) -> bool:
    """Whether a row above the header has its width, and a time where the rows below have one."""
    time = _time(layout, cells)
    fits = not any(map(str.strip, cells[len(layout.names) :])) and sum(map(bool, map(str.strip, cells))) > 1
    return fits and (_form(time) in forms or bool(re.match(r"\d.*\d[:.]\d\d", time))) and has_digit(time)


def _time(layout: Layout, cells: Sequence[str]) -> str:
    """The text of the time in a row; empty if the row ends before it."""
    source = layout.sources.get("event_time", ())  # a preview does not know where it is
    return " ".join(cells[at].strip() for at in source) if max(source, default=0) < len(cells) else ""


def _form(text: str) -> str:
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "9", text))


def _headless(profile: Profile, delimiter: str, start: Sequence[Record]) -> Layout:
    """The layout of rows without a header, or with one that does not matter because columns are given by position."""
    if profile.names:
        width = max(len(cells) for _, cells in start if profile.has_shape(cells))
        names = profile.names[:width]
        return Layout(profile, delimiter, names, 0, 1, profile.sources(Header(names)))
    least = profile.least_width
    width = Counter(len(cells) for _, cells in start if len(cells) >= least).most_common(1)[0][0]
    names = unique([""] * width)
    sources = profile.sources(Header(names))
    line, cells = start[0]
    if len(cells) == width and not any(has_digit(cells[position]) for position in sources["event_time"]):
        first_line = line + 1 + sum(cell.count("\n") for cell in cells)
        header = (line, [cell.strip() for cell in cells])
        return Layout(profile, delimiter, unique(header[1]), 0, first_line, sources, header)
    return Layout(profile, delimiter, names, 0, 1, sources)


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
    if len(cells) > MAX_COLUMNS:
        return f"{export.name} has {len(cells):,} cells in line {line}, and a badge log has at most {MAX_COLUMNS:,}."
    header = Header(cells)
    if wanted and (lacking := [name for name in wanted.recognise if header.find(name) is None]):
        near = [name for it in lacking for name in get_close_matches(plain(it), header.headings, n=1)]
        hint = ", ".join(repr(header.cells[header.headings[name]]) for name in near)
        hint = f" Did you mean {hint}?" if hint else ""
        if all(name.isdigit() for name in lacking):
            hint = " A number names a column by its position, from 1."
        named = ", ".join(map(repr, lacking))
        return f"{export.name} does not have the column {named}; line {line} has: {found}.{hint}"
    if wanted and wanted.least_width:
        return f"{export.name}: most rows do not have a time in the column given; line {line} has: {found}."
    if wanted:
        return f"{export.name} does not look like {wanted.title}; line {line} has: {found}."
    return (
        f"{export.name} is not an export that camkit knows; line {line} has: {found}. Name the columns, as in "
        'columns={"event_time": "When", "cardholder_id": "Badge"}, or say whose export it is, as in profile="brivo".'
    )


def translate(text: pa.ChunkedArray, function: Callable[[str], str | None]) -> pa.ChunkedArray:
    """Apply a function to each different text once."""
    return Words.of(text).map(function).text()


def _is_empty(column: pa.ChunkedArray) -> bool:
    """Whether no cell is filled."""
    return len(column) > 0 and pc.max(pc.binary_length(column)).as_py() == 0


def _joined(columns: list[pa.ChunkedArray]) -> pa.ChunkedArray:
    """Join columns with a space, without a space where one is empty."""
    first, *rest = columns
    for column in rest:
        first = pc.utf8_trim_whitespace(pc.binary_join_element_wise(first, column, " "))
    return first


def _extract(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return (found[1] or "").strip() if found else ""
