"""Delimited text into rows: both ways have the same result, and every row knows its line."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from camkit.badges import load_badges
from camkit.badges.encoding import CACHED, Utf8Text, open_text
from camkit.badges.files import Export
from camkit.badges.rows import Fit, RowsBuilder
from camkit.badges.split import Cursor, Dialect, records, split, split_carefully, split_quickly
from camkit.badges.table import Rows

EXPORT = Export(Path("badges.csv"))


COMMA = Dialect(",")


def fast(text: str, width: int = 2) -> Rows | None:
    """The rows by the quick way alone; None where it leaves any to the careful one."""
    builder = RowsBuilder(Fit(width, width))
    groups = split_quickly(text.encode(), COMMA, width, 1, text.count("\n"))
    if groups is None:
        return None
    builder.add(groups)
    return builder.finish([], is_ended=True)


def careful(text: str, width: int = 2) -> Rows:
    """The rows by the careful way alone."""
    builder = RowsBuilder(Fit(width, width))
    builder.add_records(split_carefully(Cursor(iter([text.encode()])), COMMA, width, len(text.encode()) + 1))
    return builder.finish([], is_ended=True)


def both(text: str, width: int = 2, least: int = 2) -> Rows:
    """The rows as an export's are read."""
    return split(Utf8Text(io.BytesIO(text.encode()), "utf-8", EXPORT), COMMA, Fit(width, least), 1)


def cells(rows: Rows) -> list[list[str]]:
    return [column.to_pylist() for column in rows.cells]


def lines(text: str, width: int = 2) -> list[tuple[int, list[str]]]:
    return list(records(io.StringIO(text, newline="\n"), COMMA, width=width))


CLEAN_CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=',"\n\r'), max_size=8)
QUOTED_CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=8)


@given(st.lists(st.tuples(CLEAN_CELL, CLEAN_CELL.filter(str.strip)), min_size=1, max_size=20))
@settings(deadline=None)
def test_both_ways_agree_on_clean_files(table: list[tuple[str, str]]) -> None:
    "Where every line is a row, the fast way is taken, and the careful one has the same result"
    text = "".join(f"{a},{b}\n" for a, b in table)
    quick, slow = fast(text), careful(text)
    assert quick is not None
    assert cells(quick) == cells(slow) == [[a.strip() for a, _ in table], [b.strip() for _, b in table]]
    assert quick.lines.tolist() == slow.lines.tolist() == list(range(1, len(table) + 1))
    assert slow.ragged == []


@pytest.mark.parametrize("cell", [" b", "b ", "\tb", "b\x0b", "\u00a0b", "b\u2003", " b ", " "])
@pytest.mark.parametrize("place", range(-3, 4))
def test_white_space_around_a_cell_is_found_anywhere_in_a_large_text(cell: str, place: int) -> None:
    "Cells are trimmed only where one needs it: a single one does, where two stretches that are searched meet"
    before = "a a,b b\n" * (CACHED // 8 - 1)
    before += "c" * (CACHED + place - len(before) - 2) + ","
    quick = fast(f"{before}{cell}\nd,e\n")
    assert quick is not None
    assert quick.cells[1].to_pylist()[-2:] == [cell.strip(), "e"]


@pytest.mark.parametrize("text", [" a,b\n", "a,b ", "a,b\t", "\x0ca,b\n"])
def test_white_space_at_the_ends_of_a_text_is_removed(text: str) -> None:
    "The first cell and the last one are cells like others"
    quick = fast(text)
    assert quick is not None
    assert cells(quick) == [["a"], ["b"]]


def assert_same(quick: Rows | None, slow: Rows) -> None:
    if quick is not None:
        assert cells(quick) == cells(slow)
        assert quick.lines.tolist() == slow.lines.tolist()
        assert quick.ragged == slow.ragged


@given(st.lists(st.tuples(QUOTED_CELL, QUOTED_CELL), min_size=1, max_size=12))
@settings(deadline=None)
def test_both_ways_agree_wherever_the_fast_one_is_taken(table: list[tuple[str, str]]) -> None:
    "With quotes, commas and line ends inside cells, the fast way has the same result or leaves it to the careful one"
    file = io.StringIO(newline="")
    csv.writer(file, lineterminator="\n").writerows(table)
    assert_same(fast(file.getvalue()), careful(file.getvalue()))


@pytest.mark.not_quick
@given(st.text(st.sampled_from('a ",\n\t'), max_size=40).map(lambda text: text + "\n"), st.integers(2, 3))
@settings(deadline=None, max_examples=500)
def test_both_ways_agree_on_any_text(text: str, width: int) -> None:
    "Whatever the fast way reads, the careful way reads the same"
    assert_same(fast(text, width), careful(text, width))


@pytest.mark.not_quick
@given(
    st.text(st.sampled_from('aé ",\n'), max_size=80),
    st.integers(1, 4),
    st.integers(1, 3),
    st.integers(1, 20),
    st.integers(1, 40),
)
@settings(deadline=None, max_examples=300)
def test_where_stretches_end_does_not_matter(
    text: str, width: int, least: int, small: int, large: int
) -> None:
    "However the text is cut into stretches, the rows are those of the careful way"
    fit = Fit(width, min(width, least))
    stretched, whole = (
        split(Utf8Text(io.BytesIO(text.encode()), "utf-8", EXPORT), COMMA, fit, 1, (size, most))
        for size, most in ((small, large), (1 << 16, 1 << 16))
    )
    builder = RowsBuilder(fit)
    builder.add_records(records(io.StringIO(text, newline="\n"), COMMA, width=width))
    slow = builder.finish([], is_ended=not text or text.endswith("\n"))
    assert_same(stretched, slow)
    assert_same(whole, slow)
    assert stretched.reasons == slow.reasons


@given(st.text(st.sampled_from('a ",\n'), max_size=60))
@settings(deadline=None, max_examples=200)
def test_no_line_is_lost(text: str) -> None:
    "Every line that is not blank is in a row, wherever quotes are"
    rows = lines(text)
    within = {number for line, row in rows for number in range(line, line + 1 + "".join(row).count("\n"))}
    filled = {number for number, line in enumerate(text.split("\n"), 1) if line.strip(' "')}
    assert filled <= within
    assert len({line for line, _ in rows}) == len(rows)


def test_a_quoted_line_end_and_blank_lines_move_the_numbers() -> None:
    "A row has the line where it starts, however many lines are before it or within it"
    for rows in (fast('a,b\n\n"c\nd",e\nf,g\n'), careful('a,b\n\n"c\nd",e\nf,g\n')):
        assert rows is not None
        assert rows.lines.tolist() == [1, 3, 5]
        assert cells(rows) == [["a", "c\nd", "f"], ["b", "e", "g"]]


def test_a_quote_that_is_never_closed_costs_one_row() -> None:
    "The rows after it are read as if the quote were an ordinary character"
    text = 'a,b\nc,"d\ne,f\ng,h\n'
    assert lines(text) == [(1, ["a", "b"]), (2, ["c", '"d']), (3, ["e", "f"]), (4, ["g", "h"])]


def test_an_unbalanced_quote_does_not_end_at_the_next_opening_quote() -> None:
    "A row that swallows another and has too many cells is undone"
    text = '"a,b\nc,"d"\ne,f\n'
    assert lines(text) == [(1, ['"a', "b"]), (2, ["c", "d"]), (3, ["e", "f"])]


def test_a_cell_beyond_the_limit_of_the_reader_is_still_a_row() -> None:
    "The standard library's limit on a cell does not stop the reading"
    big = "x" * (csv.field_size_limit() + 1)
    assert lines(f"a,{big}\nb,c\n") == [(1, ["a", big]), (2, ["b", "c"])]


def test_empty_cells_beyond_the_header_do_no_harm() -> None:
    "A delimiter at the end of a row adds no cell; a filled cell does"
    rows = careful("a,b,\nc,d,,\ne,f,x\ng\n")
    assert rows.lines.tolist() == [1, 2]
    assert rows.ragged == [(3, ["e", "f", "x"]), (4, ["g"])]


def test_a_space_before_a_quote_is_not_part_of_the_cell() -> None:
    "Panels that write a space after each comma also write it before quotes"
    assert cells(both('a, "b, c"\n')) == [["a"], ["b, c"]]
    assert cells(careful('a, "b, c"\n')) == [["a"], ["b, c"]]


@pytest.mark.not_quick
@pytest.mark.parametrize("odd", ["", "\n", '"c\nd",e\n', "ragged\n"])
def test_reads_more_rows_than_a_batch(tmp_path: Path, odd: str) -> None:
    "Neither way loses a row where its blocks meet"
    path = tmp_path / "badges.csv"
    path.write_text("h1,h2\n" + odd + "".join(f"{n},é{n}\n" for n in range(150_000)), encoding="utf-8")
    with open_text(Export(path), "utf-8") as text:
        rows = split(text, COMMA, Fit(2, 2), 2)
    extra = len(rows.cells[0]) - 150_000
    assert rows.cells[0].to_pylist()[extra:] == [str(n) for n in range(150_000)]
    assert np.array_equal(rows.lines[extra:], np.arange(150_000) + 2 + odd.count("\n"))


def test_a_line_end_in_the_header_moves_the_numbers(tmp_path: Path) -> None:
    "The first row is below the header, however many lines the header has"
    path = tmp_path / "badges.csv"
    path.write_text('timestamp,UserID,"two\nlines"\n2019-04-12T14:20:29Z,1,x\n2019-04-12T14:20:30Z,2,y\n')
    log = load_badges(path)
    assert (log.events["line"].tolist(), len(log.ignored), log.rows_read) == ([3, 4], 0, 2)


def test_rejected_rows_have_the_line_that_a_text_editor_shows(tmp_path: Path) -> None:
    "With title rows, blank lines, CRLF and quoted line ends before it, a bad row is found in the editor"
    path = tmp_path / "badges.csv"
    text = 'Report\n\ntimestamp,UserID,note\n2019-04-12T14:20:29Z,1,"two\nlines"\n\nbad,2,x\n2019-04-12T14:20:29Z,3,y\n'
    path.write_bytes(text.replace("\n", "\r\n").encode())
    log = load_badges(path)
    assert text.split("\n")[log.rejected["line"].iloc[0] - 1] == "bad,2,x"
    assert log.events["line"].tolist() == [4, 8]


def test_a_quote_that_is_not_closed_swallows_no_row_of_a_list() -> None:
    "Also where the number of cells is not known before"
    found = lines_of('42,"Ann\n43,Bo\n44,"Cy\n45,Dee\n')
    assert [cells[0] for _, cells in found] == ["42", "43", "44", "45"]
    assert lines_of('42,"Ann\nLi"\n43,Bo\n') == [(1, ["42", "Ann\nLi"]), (3, ["43", "Bo"])]


def lines_of(text: str) -> list[tuple[int, list[str]]]:
    return list(records(io.StringIO(text, newline="\n"), COMMA))
