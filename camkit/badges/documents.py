"""Read workbooks, web pages and JSON: tables of text that a process of its own takes from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from camkit.badges.account import CLOCK_TIME
from camkit.badges.files import Export
from camkit.badges.formats import Format, format_of
from camkit.badges.given import Given
from camkit.badges.rows import Fit, RowsBuilder
from camkit.badges.sentences import counted
from camkit.badges.table import ExportTable, Layout, Record, Rows, find_layout
from camkit.errors import BadgeFileError
from camkit.support.tables.confined import ForeignTable, Limits, Unreadable, read_tables

START = 500
"""How many rows at the start of a table are searched for the header."""

SHOWN = 5
"""How many sheets a sentence names."""

DOORS = Limits(memory=1 << 30, unpacked=64 << 20, seconds=20, rows=20_000, columns=200)
"""A doors file is small."""

NUMBERED_ROLES = ("cardholder_id", "credential", "reader_id")
LONG = r"^\d{16,}$"


def read_document(export: Export, kind: Format, given: Given) -> ExportTable:
    """Read the table that fits a profile: a sheet of a workbook, the tables of a web page, the objects of a JSON file.

    The line of an event is its row in the sheet, its row among all rows of the page, the line where its object begins,
    or its object's place in the list. A value that is merged over several rows is in each of them.

    Raises
    ------
    BadgeFileError
        If it cannot be read, no table fits, several fit equally well, or a formula has no value.
    """
    tables = [table for table in _tables(export, kind, given) if len(table.lines)]
    if not tables:
        raise BadgeFileError(f"{export.name} has no rows: export it again.", path=export.path)
    table, layout = _fitting(export, tables, given)
    if cell := table.facts.get("no_value"):
        raise BadgeFileError(
            f"{export.name}, sheet {table.name!r}: the cell {cell} has a formula without a value. Open the workbook in "
            "a spreadsheet program, save it, and load it again.",
            path=export.path,
        )
    rows = _rows(table, layout)
    doubts = [
        *_unknown_zeros(table, layout, rows),
        *_lost_digits(table, layout, rows),
        *_not_read(tables, table),
    ]
    doubts += layout.doubts
    return ExportTable(export, _named(kind, table), layout, rows, doubts)


def _rows(table: ForeignTable, layout: Layout) -> Rows:
    """The rows below the header, and those that are not whole."""
    below = table.lines >= layout.first_line
    builder = RowsBuilder(Fit.of(layout))
    builder.add([([column.filter(pa.array(below)) for column in table.columns], table.lines[below])])
    builder.add_records((line, [text]) for line, text in table.facts.get("loose", ()))
    rows = builder.finish([], is_ended=True)
    rows.ignore_header(layout)
    return rows


def sheet_names(export: Export) -> tuple[str, ...]:
    """Name the sheets of a workbook that have rows; none of another file."""
    if format_of(export) is not Format.WORKBOOK:
        return ()
    return tuple(table.name for table in _tables(export, Format.WORKBOOK, Given()) if len(table.lines))


def first_sheet(path: Path) -> list[Record]:
    """Return line and cells of each row of the first sheet that is not blank, every cell as text.

    Raises
    ------
    BadgeFileError
        If it is not a workbook, has cells without a value, or needs too much memory or time.
    """
    export = Export(path)
    try:
        with export.open() as file:
            (table,) = read_tables(file, "workbook", DOORS, first=True) or [ForeignTable("")]
        if table.facts.get("errors") or table.facts.get("no_value"):
            raise Unreadable("a cell has an error such as #N/A, or a formula without a value; correct it")
    except Unreadable as problem:
        raise BadgeFileError(
            f"{path.name} cannot be read: {problem}. Save the sheet as CSV.", path=path
        ) from None
    return table.start(len(table.lines))


def _tables(export: Export, kind: Format, given: Given) -> list[ForeignTable]:
    options = {"sheet": given.sheet} if kind is Format.WORKBOOK else {"encoding": given.encoding}
    try:
        with export.open() as file:
            return read_tables(file, kind.value, Limits(), **options)
    except Unreadable as problem:
        raise BadgeFileError(
            f"{export.name} cannot be read: {problem}. Export it again, or save the table as CSV.",
            path=export.path,
        ) from None


def _fitting(export: Export, tables: list[ForeignTable], given: Given) -> tuple[ForeignTable, Layout]:
    """Return the table that fits best, with its layout."""
    candidates = given.candidates()
    fitting: list[tuple[int, ForeignTable, Layout]] = []
    problems: list[tuple[ForeignTable, BadgeFileError]] = []
    for table in tables:
        # A heading of several lines is one row of a sheet.
        start = [(line, [" ".join(cell.split()) for cell in cells]) for line, cells in table.start(START)]
        try:
            layout = find_layout(export, {"": start}, candidates)
        except BadgeFileError as problem:
            problems.append((table, problem))
        else:
            fitting.append((len({at for source in layout.sources.values() for at in source}), table, layout))
    if not fitting:
        table, why = max(problems, key=lambda each: len(each[0].lines))
        where = f"Sheet {table.name!r} of " if table.name and len(tables) > 1 else ""
        raise BadgeFileError(f"{where}{why}".replace("line 0 has", "its objects have"), path=export.path)
    best = max(used for used, *_ in fitting)
    first, *others = [(table, layout) for used, table, layout in fitting if used == best]
    if others and first[0].name:
        names = _sheets([table for table, _ in (first, *others)])
        raise BadgeFileError(
            f"{export.name} has several sheets that fit: {names}. Say which, as in sheet={others[-1][0].name!r}.",
            path=export.path,
        )
    return first


def _unknown_zeros(table: ForeignTable, layout: Layout, rows: Rows) -> list[str]:
    """Say that an identifier may be shown with zeros before it, where the format of the workbook does not tell."""
    if table.facts.get("known_formats", True):
        numbered = _numbered(table, layout)
        return [
            f"the cell {cell} of the column {layout.names[at]!r}, and maybe others, shows a number with more zeros or "
            "letters than it has: compare the identifiers with what the sheet shows"
            for at, cell in table.facts.get("unknown_formats", ())
            if at in numbered
        ]
    return [
        f"the column {layout.names[at]!r} has numbers, and zeros that the sheet shows before them cannot be told from "
        f"an .{table.facts['kind']}: if the sheet shows some, save it as .xlsx and load that"
        for at in _numbered(table, layout)
        if len(rows.lines)
    ]


def _lost_digits(table: ForeignTable, layout: Layout, rows: Rows) -> list[str]:
    """Say where an identifier has more digits than a spreadsheet keeps."""
    doubts = []
    for at in _numbered(table, layout):
        long = pc.match_substring_regex(rows.cells[at], LONG)
        if count := pc.sum(long).as_py():
            line = rows.lines[pc.index(long, True).as_py()]
            doubts.append(
                f"line {line}: the column {layout.names[at]!r} has numbers of more than 15 digits ({count:,} rows); "
                "a spreadsheet may have changed their last digits: compare them with the system's own list"
            )
    return doubts


def _numbered(table: ForeignTable, layout: Layout) -> list[int]:
    """The columns that identify somebody or something and are numbers in the sheet."""
    numbers = table.facts.get("numbers", ())
    return sorted({at for role in NUMBERED_ROLES for at in layout.sources.get(role, ()) if at in numbers})


def _not_read(tables: Sequence[ForeignTable], taken: ForeignTable) -> list[str]:
    """Name what else is in the file."""
    others = [table for table in tables if table is not taken]
    found = []
    if others and taken.name:
        them = "it" if len(others) == 1 else "one of them"
        found.append(f"also has {_sheets(others)}, not read: load {them} with sheet={others[0].name!r}")
    elif lists := {name: count for table in others for name, count in table.facts.get("lists", {}).items()}:
        found.append(f"also has other lists of objects, not read: {_lists(lists)}")
    elif large := [len(table.lines) for table in others if _may_have_events(table)]:
        found.append(
            f"also has other tables, not read: {', '.join(counted(rows, 'row') for rows in large[:SHOWN])}"
        )
    if part := taken.facts.get("unclosed"):
        found.append(
            f"a {part} in it does not end: what follows, which a browser does not show, was read too"
        )
    if len(lists := taken.facts.get("lists", {})) > 1:
        found.append(f"its lists {_lists(lists)} were read one after the other")
    if more := taken.facts.get("more"):
        name, number = more
        says = "says that the system has more events"
        if number:
            says = f"is {int(number):,}, and this file has {counted(len(taken.lines) - 1, 'row')}"
        found.append(f"its {name!r} {says}: ask for all pages and load them together")
    return found


def _may_have_events(table: ForeignTable) -> bool:
    """Whether a table is more than a title or a button."""
    cells = [cell for _, row in table.start(2) for cell in row]
    return len(table.columns) > 1 and (len(table.lines) > 1 or any(map(CLOCK_TIME.search, cells)))


def _lists(lists: Mapping[str, int]) -> str:
    """Name lists with their lengths."""
    return ", ".join(f"{name!r} ({count:,})" for name, count in [*lists.items()][:SHOWN])


def _sheets(tables: Sequence[ForeignTable]) -> str:
    """Name sheets with their rows below the first one, which is the headings'."""
    named = ", ".join(
        f"{table.name!r} ({counted(max(len(table.lines) - 1, 0), 'row')})" for table in tables[:SHOWN]
    )
    more = f" and {len(tables) - SHOWN:,} more" if len(tables) > SHOWN else ""
    return f"the sheet{'s' if len(tables) > 1 else ''} {named}{more}"


def _named(kind: Format, table: ForeignTable) -> str:
    """Say how the file was read, as text files have their encoding."""
    if kind is Format.WORKBOOK:
        return f"{table.facts['kind']}, sheet {table.name!r}"
    return f"web page ({table.facts['encoding']})" if kind is Format.WEB_PAGE else "JSON"
