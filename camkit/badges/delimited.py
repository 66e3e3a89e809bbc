"""Read delimited text: with commas, semicolons, tabs or pipes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice

from camkit.badges.encoding import MIXED, decoded, open_text
from camkit.badges.files import Export
from camkit.badges.given import Given
from camkit.badges.rows import Fit
from camkit.badges.sentences import and_more, some_lines
from camkit.badges.split import Dialect, lines_in_cells, records, split
from camkit.badges.surplus import join_surplus
from camkit.badges.table import ExportTable, Layout, Rows, choose_layout, layouts_of

DELIMITERS = (",", ";", "\t", "|")

START = 60
"""How many lines at the file's start are searched for the header at first."""

SEARCH_LINES, SEARCH_CHARACTERS = 10_000, 4 << 20
"""How far it is searched for if it is not there."""


def read_delimited(export: Export, given: Given) -> ExportTable:
    """Read the export in the encoding that is wanted or that its bytes show.

    Raises
    ------
    BadgeFileError
        If it is not text, or no profile fits it, or not the wanted one.
    """

    def read(encoding: str, doubts: list[str]) -> ExportTable:
        layout, dialect = _find_layout(export, encoding, given)
        with open_text(export, encoding) as text:
            rows = split(text, dialect, Fit.of(layout), layout.first_line)
        rows.ignore_header(layout)
        found = MIXED if text.stray_lines else text.encoding
        rows, joined = join_surplus(layout, rows)
        doubts += [*text.doubts, *layout.doubts, *_missing_cells(layout, rows), *joined]
        if swallowing := lines_in_cells(rows, dialect.delimiter):
            doubts.append(
                f"{some_lines(swallowing)}: a quoted text goes on over lines that look like rows of their own: look "
                "there for rows that are lacking, and for a quote that is not closed"
            )
        return ExportTable(export, found, layout, rows, doubts)

    return decoded(export, read, given)


def _find_layout(export: Export, encoding: str, given: Given) -> tuple[Layout, Dialect]:
    """Find the header and the delimiter; far below the start only if they are not there."""
    with open_text(export, encoding) as text:
        rest = text.lines()
        lines = list(islice(rest, START))
        quote = quote_of(lines)
        known: tuple[Layout, Dialect] | None = given.layouts.get(lines[0]) if lines else None
        if known is not None and known[1].quote == quote:
            return known
        candidates = given.candidates()
        for more in ((), _up_to(SEARCH_CHARACTERS, islice(rest, SEARCH_LINES - START))):
            lines += more
            starts = {it: [*records(lines, Dialect(it, quote))] for it in DELIMITERS}
            if layouts := layouts_of(starts, candidates):
                break
    layout = choose_layout(export, layouts, starts, candidates)
    found = layout, Dialect(layout.delimiter, quote)
    if (
        layout.first_line == 2
        and not layout.above
        and layout.profile.recognise
        and all(map(str.strip, lines[0].split(layout.delimiter)))
    ):
        given.layouts[lines[0]] = found
    return found


def _up_to(characters: int, lines: Iterable[str]) -> Iterator[str]:
    """Yield lines until they have so many characters."""
    for line in lines:
        yield line
        characters -= len(line)
        if characters < 0:
            return


def quote_of(lines: Iterable[str]) -> str:
    """Return the quote: the double one, unless single ones enclose whole cells in every line that has any."""
    text = "".join(lines)
    if '"' in text or "'" not in text:
        return '"'
    cell = r"(?:'[^'\n]*'|[^'\n,;\t|]*)"
    whole = re.compile(rf" *{cell}(?: *[,;\t|] *{cell})* *")
    quoted = [line for line in text.split("\n") if "'" in line]
    return "'" if len(quoted) > 1 and all(map(whole.fullmatch, quoted)) else '"'


def _missing_cells(layout: Layout, rows: Rows) -> list[str]:
    """Say where rows end before a column that the kit uses."""
    doubts = []
    for length, lines in rows.short.items():
        if lines and (missing := [layout.names[at] for at in sorted(layout.used) if at >= length]):
            columns = ", ".join(map(repr, missing))
            doubts.append(
                f"line {lines[0]}{and_more(len(lines), 1)} end before the column {columns}, which was taken as empty"
            )
    return doubts
