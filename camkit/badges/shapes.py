"""Give each event of an export a row of its own, in exports where something about it is in another row.

Reports that are printed to a file put the cardholder or the date in a row of its own above the events, or several times
in one row. Each shape is recognised narrowly, is undone before anything is interpreted, and is said in
`ExportTable.doubts`. Rows keep the line that they come from; a row with several times counts once for each.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from camkit.badges.account import CLOCK_TIME, filled_cells
from camkit.badges.identifiers import as_mask
from camkit.badges.profiles import unique
from camkit.badges.sentences import counted, some_lines
from camkit.badges.table import ExportTable, Kind, Layout
from camkit.badges.timestamps import Timestamps
from camkit.badges.vocabulary import footer_patterns, matches

LABEL = (
    r"(?:(?:card ?holder|badge ?holder|person|people|employee|user|name|mitarbeiter|benutzer|usuario|utilisateur)"
    r"(?: ?(?:name|id|no\.?|number))?\s*:\s*)"
)

PEOPLE = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{LABEL}?(?P<name>[^\W\d][^:;()\[\]#]*?)\s*[(\[#]\s*(?P<id>[\w./-]*\d[\w./-]*)\s*[)\]]?",
        rf"{LABEL}?(?P<id>\d[\w-]{{2,}})\s*[-,:]?\s+(?P<name>[^\W\d][^:;()\[\]\d]*)",
        rf"{LABEL}(?P<name>[^\W\d].*)",
    )
)
"""How a person is written in a row of its own: "Li, Ann (00042)", "00042 Li, Ann", "Cardholder: Li, Ann"."""

LABELLED = re.compile(rf"{LABEL}.+", re.IGNORECASE)
"""Above a header, other text such as "Activity Report (2026)" may look like a person without a label."""

DATE = r"^(?:\pL+\.?,? +)?(?:\d{1,4}[-/. ] ?(?:\d{1,2}|\pL+\.?)[-/. ,]+ ?\d{2,4}|\pL+\.? +\d{1,2},? +\d{4})$"
CLOCK = r"^\d{1,2}[:.]\d{2}(?:[:.]\d{2})?(?:[.,]\d+)?[ \x{A0}\x{202F}]?(?:[AaPp]\.? ?[Mm]\.?)?$"
"""A date, or a time of day, and nothing else, as pyarrow's regular expressions have it."""

CLOCK_IN_TEXT = r"\d[:.]\d\d"

PUNCH = re.compile(
    r"(?P<time>\d{1,2}:\d{2}(?::\d{2})?)(?::?(?P<way>in|out))?(?:\((?P<place>[^()]*)\))?", re.IGNORECASE
)
PUNCHES = re.compile(rf"(?:{re.sub('[?]P<[a-z]+>', '?:', PUNCH.pattern)}\s*(?:[,;]\s*)?)+", re.IGNORECASE)
"""Several times in one cell, as in "08:33:in(Main),17:58:out(Main),"."""

OPPOSITE = {
    "first": "last", "in": "out", "entry": "exit", "arrival": "departure", "checkin": "checkout", "kommen": "gehen",
    "eingang": "ausgang", "entrada": "salida", "entrée": "sortie", "entrata": "uscita",
}  # fmt: skip
"""How the heading of an arrival differs from that of the departure in the same row."""

START = 100
"""How many rows show whether an export may have a shape."""

MAX_PERSON = 200
"""Longest text that may name a person, characters."""

DIRECTION = "in_or_out"

TURNED_BACK = (
    "these times were given the date above them, but are not in the order of the others: check whether they are past "
    "midnight, of another date"
)

PERSON_ABOVE = "the cardholder of the rows below"


def reshape(table: ExportTable) -> ExportTable:
    """Return the table with a row for each event; the same table if it has that already."""
    table = _dated_above(table)
    table = _named_above(table)
    table = _several_in_a_cell(table)
    return _first_and_last(table)


def _newest_first(dates: Sequence[str]) -> bool | None:
    """Whether each of several dates is earlier than the one before; None if they are not in order."""
    parsed = Timestamps.parse(pa.chunked_array([[f"{date} 00:00" for date in dates]]))
    steps = [np.diff(order) for order in (parsed.wall, parsed.day_first) if order is not None]
    zero = np.timedelta64(0)
    later, earlier = (
        any(len(step) and way(step, zero).all() for step in steps) for way in (np.greater, np.less)
    )
    return earlier if later != earlier else None


def _named_above(table: ExportTable) -> ExportTable:
    """Put the person who has a row of their own into the rows below it."""
    sources = table.layout.sources
    if "reader_id" not in sources or {"cardholder_id", "cardholder_name"} & sources.keys() or not len(table):
        return table
    rows = table.rows
    filled, headers = filled_cells(table.rows.cells), _header_again(table)
    alone = (filled == 1) & as_mask(pc.not_equal(rows.cells[0], ""))
    below = dict(
        zip(rows.lines[alone].tolist(), rows.cells[0].filter(pa.array(alone)).to_pylist(), strict=True)
    )
    below |= {line: cells[0] for line, cells in rows.ragged if cells[0] and not any(cells[1:])}
    above = [(line, cells) for line, cells in table.layout.above if LABELLED.fullmatch(_one_text(cells))]
    below |= {line: _one_text(cells) for line, cells in above}
    titles = set(rows.lines[headers].tolist())  # what is directly above a header is of a page, as a rule
    people = {
        line: found
        for line, text in below.items()
        if (line + 1 not in titles or LABELLED.fullmatch(text)) and (found := _person(text))
    }
    lines = sorted(people)
    if not lines or lines[0] > rows.lines[filled > 1].min(initial=np.iinfo(np.int64).max):
        return table
    totals = [line for line, text in below.items() if matches(text, footer_patterns())]
    texts = [line for line, text in below.items() if not CLOCK_TIME.search(text)]
    reasons: dict[int, tuple[Kind, str]] = {
        **dict.fromkeys(texts, ("ignored", "a line of text")),
        **dict.fromkeys(totals, ("ignored", "a total or a note")),
        **dict.fromkeys(lines, ("ignored", PERSON_ABOVE)),
    }
    table = _set_aside(table, headers, "the header again")
    table = _set_aside(table, np.isin(table.rows.lines, [*reasons]), PERSON_ABOVE)
    ragged = sorted([*table.rows.ragged, *((line, cells) for line, cells in above if line in people)])
    table = replace(table, rows=replace(table.rows, ragged=ragged, reasons={**table.rows.reasons, **reasons}))
    nearest = pa.array(np.searchsorted(lines, table.rows.lines, "right"))  # 0 for an empty row above them all
    columns = {
        role: pa.array(["", *(people[line][place] for line in lines)], pa.string()).take(nearest)
        for place, role in enumerate(("cardholder_id", "cardholder_name"))
    }
    said = (
        f"{counted(len(lines), 'row')} with text in one cell only, such as line {lines[0]}, {below[lines[0]]!r}, "
        "were taken for the cardholder of the rows below"
    )
    return _with_columns(table, columns, said)


def _one_text(cells: Sequence[str]) -> str:
    """The text of a row with a single filled cell; empty for others."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    return filled[0] if len(filled) == 1 else ""


def _person(text: str) -> tuple[str, str] | None:
    """Number and name of the person that a row names; the name twice if it has no number."""
    if len(text) > MAX_PERSON or matches(text, footer_patterns()):
        return None
    found = next(filter(None, (pattern.fullmatch(text) for pattern in PEOPLE)), None)
    return (found.groupdict().get("id") or found["name"], found["name"]) if found else None


def _dated_above(table: ExportTable) -> ExportTable:
    """Put the date that is in a row of its own, or only in the first row of its day, into the rows below it."""
    *dates, time = table.layout.sources["event_time"]
    rows = table.rows
    if not len(table) or len(dates) > 1:
        return table
    # Most exports have nothing of the kind, which must cost next to nothing.
    if dates and not pc.any(pc.equal(rows.cells[dates[0]], "")).as_py():
        return table
    if not dates and not _like(rows.cells[time].slice(0, START), CLOCK).any():
        return table
    clock = _like(rows.cells[time], CLOCK)
    at = dates[0] if dates else time
    dated = _like(rows.cells[at], DATE)
    lacks = clock & as_mask(pc.equal(rows.cells[at], "")) if dates else clock
    if not lacks.any() or not dated.any() or not dated[: int(np.argmax(lacks))].any():
        return table
    alone = dated & (filled_cells(table.rows.cells) == 1)
    days = np.flatnonzero(dated)
    text = rows.cells[at].take(pa.array(days)).to_pylist()
    # Where a date may repeat the one above it, an empty cell is a gap, and not the same date again.
    repeats = any(one == other for one, other in pairwise(text))
    if repeats or not (dates or np.array_equal(dated, alone)):
        return table
    above = days[np.searchsorted(days, np.arange(len(table)), "right") - 1]
    filled = rows.cells[at].take(pa.array(above))
    if not dates:
        filled = pc.binary_join_element_wise(filled, rows.cells[time], " ")
    cells = [*rows.cells]
    cells[at] = pc.if_else(pa.array(lacks), filled, rows.cells[at])
    first = rows.lines[int(np.argmax(lacks))]
    said = (
        f"{counted(int(lacks.sum()), 'row')}, the first in line {first}, with only a time of day were given the date "
        "above them"
    )
    turned = _turned_back(rows.cells[time], clock, above, text)
    doubts = [f"{some_lines(rows.lines[turned])}: {TURNED_BACK}"] if len(turned) else []
    table = replace(table, rows=replace(rows, cells=cells), doubts=[*table.doubts, said, *doubts])
    return _set_aside(table, alone, "the date of the rows below")


def _turned_back(
    time: pa.ChunkedArray, clock: np.ndarray, above: np.ndarray, dates: Sequence[str]
) -> np.ndarray:
    """Positions of the times that step against the order of the others below the same date: past midnight, perhaps."""
    rows = np.flatnonzero(clock)
    texts = pc.binary_join_element_wise("2000-01-01", time.take(pa.array(rows)), " ")
    moment = Timestamps.parse(texts).wall
    same = above[rows[1:]] == above[rows[:-1]]
    back, on = same & (moment[1:] < moment[:-1]), same & (moment[1:] > moment[:-1])
    newest_first = _newest_first(dates)
    if newest_first is None:
        newest_first = bool(back.sum() > max(on.sum(), 1))
    return rows[1:][on if newest_first else back]


@dataclass(frozen=True)
class _Times:
    """The times in the rows of a table, in order: arrays with one element for each."""

    parents: np.ndarray  # the position of the row
    clock: Sequence[str]
    way: Sequence[str]  # arrival or departure
    place: Sequence[str]


def _several_in_a_cell(table: ExportTable) -> ExportTable:
    """Make a row of each punch in a cell with several."""
    *dates, time = table.layout.sources["event_time"]
    cells = table.rows.cells[time]
    first = next((text for text in cells.slice(0, START).to_pylist() if text), "") if dates else ""
    found = [*PUNCH.finditer(first)] if PUNCHES.fullmatch(first) else []
    if len(found) < 2 and not any(punch["way"] for punch in found):
        return table
    punches = [
        (row, punch["time"], (punch["way"] or "").lower(), punch["place"] or "")
        for row, text in enumerate(cells.to_pylist())
        for punch in (
            PUNCH.finditer(text) if PUNCHES.fullmatch(text) else [{"time": text, "way": "", "place": ""}]
        )
    ]
    parents, clock, way, place = zip(*punches, strict=True)
    said = f"rows have several times in {table.layout.names[time]!r}, and each became an event"
    return _exploded(table, _Times(np.array(parents), clock, way, place), said)


def _first_and_last(table: ExportTable) -> ExportTable:
    """Make two rows of each with an arrival and a departure."""
    sources = table.layout.sources
    arrive, depart = sources.get("first_in"), sources.get("last_out") or _departure(table)
    arrive = arrive or sources["event_time"]
    table = _with_doubt_of_other_times(table, {*arrive, *(depart or ())})
    if depart is None:
        return table
    names = [table.layout.names[position] for position in (arrive[-1], depart[-1])]
    arrivals, departures = (table.rows.cells[position].to_pylist() for position in (arrive[-1], depart[-1]))
    times = [
        (row, time, name)
        for row, pair in enumerate(zip(arrivals, departures, strict=True))
        for time, name in zip(pair, names, strict=True)
        if re.search(r"\d", time) or (name == names[0] and not re.search(r"\d", pair[1]))
    ]
    if not times:
        return table
    parents, clock, way = zip(*times, strict=True)
    table = replace(table, layout=_renamed(table.layout, {"event_time": arrive}, ("first_in", "last_out")))
    said = f"a row with both {names[0]!r} and {names[1]!r} became two events"
    return _exploded(table, _Times(np.array(parents), clock, way, [""] * len(clock)), said)


def _with_doubt_of_other_times(table: ExportTable, taken: set[int]) -> ExportTable:
    """Name the columns with further arrivals and departures, where those that are read are such by their headings."""
    said = {*OPPOSITE, *OPPOSITE.values()}
    ways = [not said.isdisjoint(_words(name)) for name in table.layout.names]
    if not any(ways[position] for position in taken):
        return table
    others = [
        repr(table.layout.names[position])
        for position in np.flatnonzero(ways).tolist()
        if position not in taken | table.layout.used
        and _like(table.rows.cells[position], CLOCK_IN_TEXT).any()
    ]
    if not others:
        return table
    doubt = (
        f"the times in {', '.join(others)} did not become events: load the export once more for these columns"
    )
    return replace(table, doubts=[*table.doubts, doubt])


def _words(name: str) -> list[str]:
    return re.findall(r"[^\W\d_]+", name.casefold())


def _departure(table: ExportTable) -> tuple[int, ...] | None:
    """The columns of the departure, where the time is that of an arrival by its heading."""
    *dates, time = table.layout.sources["event_time"]
    words = [_words(name) for name in table.layout.names]
    wanted = [OPPOSITE.get(word, word) for word in words[time]]
    found = [
        at for at, these in enumerate(words) if these == wanted != words[time] and at not in table.layout.used
    ]
    if len(found) != 1:
        return None
    column = table.rows.cells[found[0]]
    column = column.filter(pc.match_substring_regex(column, r"\d"))
    like_time = _like(column, CLOCK if dates else CLOCK_IN_TEXT)
    return (*dates, found[0]) if like_time.any() and like_time.all() else None


def _exploded(table: ExportTable, times: _Times, said: str) -> ExportTable:
    """Make a row of each time; one that is earlier than the one before it in its row is of the next day."""
    *dates, time = table.layout.sources["event_time"]
    cells = [column.take(pa.array(times.parents)) for column in table.rows.cells]
    cells[time] = pa.chunked_array([pa.array(times.clock, pa.string())])
    lines = table.rows.lines[times.parents]
    later = _days_later(times) if dates else np.zeros(len(lines), dtype=int)
    if table.days_later is not None:
        later += table.days_later[times.parents]
    if later.any():
        first = lines[int(np.argmax(later > 0))]
        said += (
            f"; in {counted(int(np.count_nonzero(later)), 'case')}, such as line {first}, a time is earlier than the "
            "one before it and was taken for the next day"
        )
    columns = {DIRECTION: pa.array(times.way, pa.string())}
    if any(times.place) and "reader_id" not in table.layout.sources:
        columns["reader_id"] = pa.array(times.place, pa.string())
    table = replace(table, rows=replace(table.rows, cells=cells, lines=lines), days_later=later)
    return _with_columns(table, columns, said)


def _days_later(times: _Times) -> np.ndarray:
    """How many days after its row's date each time is."""
    time = Timestamps.parse(pa.chunked_array([[f"2000-01-01 {text}" for text in times.clock]])).wall
    same_row = times.parents[1:] == times.parents[:-1]
    back = np.zeros(len(time), dtype=int)
    back[1:] = same_row & (time[1:] < time[:-1])
    total = np.cumsum(back)
    begins = np.flatnonzero(np.concatenate([[True], ~same_row]))
    return total - np.repeat(total[begins] - back[begins], np.diff([*begins, len(time)]))


def _set_aside(table: ExportTable, chosen: np.ndarray, reason: str) -> ExportTable:
    """Take rows out of the table and ignore them, for this reason."""
    if not chosen.any():
        return table
    rows = table.rows
    lines = rows.lines[chosen].tolist()
    taken = zip(*(column.filter(pa.array(chosen)).to_pylist() for column in rows.cells), strict=True)
    ragged = sorted([*rows.ragged, *((line, list(row)) for line, row in zip(lines, taken, strict=True))])
    cells = [column.filter(pa.array(~chosen)) for column in rows.cells]
    reasons = {**rows.reasons, **dict.fromkeys(lines, ("ignored", reason))}
    return replace(
        table, rows=replace(rows, cells=cells, lines=rows.lines[~chosen], ragged=ragged, reasons=reasons)
    )


def _with_columns(table: ExportTable, columns: dict[str, pa.Array], said: str) -> ExportTable:
    """Add columns; those that are called as a role become that role's."""
    width = len(table.layout.names)
    names = unique([*table.layout.names, *columns])
    roles = {role: (width + at,) for at, role in enumerate(columns) if role != DIRECTION}
    cells = [*table.rows.cells, *(pa.chunked_array([column]) for column in columns.values())]
    layout = replace(_renamed(table.layout, roles), names=names)
    return replace(table, layout=layout, rows=replace(table.rows, cells=cells), doubts=[*table.doubts, said])


def _renamed(layout: Layout, roles: Mapping[str, tuple[int, ...]], without: Sequence[str] = ()) -> Layout:
    sources = {role: source for role, source in layout.sources.items() if role not in without}
    return replace(layout, sources={**sources, **roles})


def _header_again(table: ExportTable) -> np.ndarray:
    """Which rows repeat the header."""
    pairs = zip(table.rows.cells, table.layout.names, strict=True)
    return np.logical_and.reduce([as_mask(pc.equal(column, name)) for column, name in pairs])


def _like(column: pa.ChunkedArray, pattern: str) -> np.ndarray:
    return as_mask(pc.match_substring_regex(column, pattern))
