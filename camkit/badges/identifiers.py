"""Identifiers as text, without what spreadsheets, panels and hand-made tables add to them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from camkit.badges.vocabulary import nobody, spreadsheet_errors

TEXT = pd.StringDtype("pyarrow", na_value=np.nan)
"""The dtype of text in events: a missing one compares as False, as in pandas 3's own ``str``."""

NO_TEXT = pa.scalar(None, pa.string())

APOSTROPHES = "'’‘`´ʼ"

SCIENTIFIC = re.compile(r"(\d)(?:([.,])(\d+))?([Ee])(\+?)(\d{1,3})")

WHOLE_NUMBER = re.compile(r"^(\d+)[.,]0$")

NUMBER_AND_NAME = r"^([\w-]*\d[\w-]*) ?\((.+)\)$"
"""``00378(Ann Li)``: the number of a person, and the name in brackets."""

THOUSANDS = (",", ".", "'", "’", "\u00a0", "\u202f", "\u2009", "\u2007")
"""What separates the thousands of a number: comma, point, apostrophes, and spaces at which a line does not break."""

KEPT_DIGITS = 15
"""Digits of a number that a spreadsheet keeps; the others become zeros."""

_DAY, _MONTH = "(0?[1-9]|[12][0-9]|3[01])", "(0?[1-9]|1[0-2])"
_NAMED = (
    "(jan|feb|f[eé]v|mar|m[aä]r|mrt|apr|abr|avr|may|mai|mei|mag|maj|jun|juin|giu|jul|juil|lug|aug|ago|ao[uû]|sep|set|"
    "oct|okt|out|ott|nov|dec|d[eé]c|dez|dic|ene|gen|янв|фев|мар|апр|май|июн|июл|авг|сен|окт|ноя|дек)[.]?"
)
_YEAR = "([-./]?[0-9]{4}|[-./][0-9]{2})?"
DATES = (
    f"(?i)^([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}( 00:00:00)?|({_DAY}[-./]{_MONTH}|{_MONTH}[-./]{_DAY})[.]?{_YEAR}"
    f"|{_NAMED}[-./ ][0-9]{{1,4}}|{_DAY}[-./ ]{{1,2}}{_NAMED}([-./ ][0-9]{{2,4}})?)$"
)
"""What a spreadsheet makes of an identifier such as 3-12."""

NEEDS_CLEANING = f'^[="{APOSTROPHES}]|^[0-9]([.,][0-9]+)?[Ee][+]?[0-9]+$|^[0-9]+[.,]0$'
"""Of the identifiers that are not plain letters and digits, those that `clean_id` may change."""


@dataclass(frozen=True)
class Identifiers:
    """A column of identifiers, read."""

    text: pa.ChunkedArray  # missing where there is nobody, or where it cannot be told
    names: pa.Array | None  # of the people, where the column holds them beside the identifiers
    rounded: np.ndarray  # bool: a spreadsheet rounded the identifier
    failed: np.ndarray  # bool: the cell has a spreadsheet's error
    doubts: list[str]  # sentences, without the file's name


def read_identifiers(text: pa.ChunkedArray, lines: np.ndarray) -> Identifiers:
    """Read a column of trimmed texts as identifiers; `lines` are those of its rows, for the doubts.

    Some things are told by the whole column. If most of its cells are like ``00378(Ann Li)``, number and name are taken
    apart. If all of its numbers with a separator are like ``85,063,715``, and one has two of them at least, these
    separate thousands and are removed. ``12,345`` may be two numbers: it stays, with a doubt. So do dates among
    numbers, and long numbers with zeros at the end.
    """
    lacking = pc.is_in(text, value_set=pa.array(nobody(person=True)))
    odd = ~as_mask(pc.or_(pc.ascii_is_alnum(text), lacking))
    rounded, failed, names = np.zeros_like(odd), np.zeros_like(odd), None
    doubts = _lost_digits(text, lines)
    if odd.any():
        # Only what is not plain letters and digits is looked at: it is little, and mostly nothing.
        cells = text.filter(pa.array(odd)).combine_chunks()
        failed[odd] = as_mask(spoilt(cells))
        both = pc.match_substring_regex(cells, NUMBER_AND_NAME)
        if 2 * pc.sum(both).as_py() > len(text) - pc.sum(lacking).as_py() - failed.sum():
            named = pc.if_else(both, pc.replace_substring_regex(cells, NUMBER_AND_NAME, r"\2"), NO_TEXT)
            names = pc.replace_with_mask(pa.nulls(len(text), pa.string()), pa.array(odd), named)
            cells = pc.replace_substring_regex(cells, NUMBER_AND_NAME, r"\1")
        doubts += _dates(cells, lines[odd], text, lacking)
        cells, separated = _without_thousands(cells, lines[odd])
        doubts += separated
        cells = _cleaned(cells)
        rounded[odd] = as_mask(pc.is_null(cells))
        text = pc.replace_with_mask(text, pa.array(odd), cells)
    gone = pc.or_(lacking, pa.array(failed))
    if pc.any(gone).as_py():
        text = pc.if_else(gone, NO_TEXT, text)
    return Identifiers(text, names, rounded, failed, doubts)


def spoilt(text: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
    """Tell which cells have a spreadsheet's error."""
    marked = pc.or_(
        pc.match_substring(text, "#"), pc.match_substring(text, ":")
    )  # few have, and this is fast
    return pc.match_substring_regex(text, spreadsheet_errors()) if pc.any(marked).as_py() else marked


def keep_apart(read: Identifiers, whole: pa.ChunkedArray, lines: np.ndarray) -> Identifiers:
    """Return the identifiers with the whole number of the card where a part of it stands for several cards."""
    cards = pa.table({"part": read.text, "whole": whole}).group_by(["part", "whole"]).aggregate([])
    counts = cards.drop_null().group_by("part", use_threads=False).aggregate([("whole", "count")])
    counts = counts.filter(pc.greater(counts["whole_count"], 1))
    if not len(counts):
        return read
    several = pc.is_in(read.text, value_set=counts["part"].combine_chunks())
    first = pc.index(several, True).as_py()
    count = counts.filter(pc.equal(counts["part"], read.text[first]))["whole_count"][0].as_py()
    doubt = (
        f"the identifier {read.text[first].as_py()!r} stands for {count} cards, such as {whole[first].as_py()!r} in "
        f"line {lines[first]}: they stay apart, under the whole number of the card"
    )
    return replace(read, text=pc.if_else(several, whole, read.text), doubts=[*read.doubts, doubt])


def _lost_digits(text: pa.ChunkedArray, lines: np.ndarray) -> list[str]:
    """Say where a spreadsheet may have replaced the last digits of identifiers by zeros."""
    if (pc.max(pc.binary_length(text)).as_py() or 0) <= KEPT_DIGITS:
        return []
    long = pc.match_substring_regex(text, f"^[1-9][0-9]{{{KEPT_DIGITS},}}$")
    values = text.filter(long).unique().to_pylist()
    lost = [value[KEPT_DIGITS:] for value in values]
    # One zero may be by chance, as one identifier in ten has it.
    if any(digits.strip("0") for digits in lost) or sum(map(len, lost)) < 2:
        return []
    line = lines[pc.index(long, True).as_py()]
    return [
        f"the identifier {values[0]!r} in line {line}, and every other of more than {KEPT_DIGITS} digits, has zeros "
        f"behind the {KEPT_DIGITS}th: a spreadsheet may have changed the last digits, so that several people have one "
        "identifier; export again, and do not open the file in a spreadsheet"
    ]


def _dates(cells: pa.Array, lines: np.ndarray, text: pa.ChunkedArray, lacking: pa.ChunkedArray) -> list[str]:
    """Say that an identifier looks like a date, if most of the column are numbers."""
    dates = pc.match_substring_regex(cells, DATES)
    if not pc.any(dates).as_py():
        return []
    numbers = pc.sum(pc.ascii_is_decimal(text)).as_py()
    if 2 * numbers <= len(text) - (pc.sum(lacking).as_py() or 0):
        return []
    first = pc.index(dates, True).as_py()
    said = f"{cells[first].as_py()!r} in line {lines[first]}"
    return [
        f"the identifier {said} looks like a date, and the others are numbers: "
        "a spreadsheet may have changed it; compare it with the system's own list"
    ]


def _without_thousands(cells: pa.Array, lines: np.ndarray) -> tuple[pa.Array, list[str]]:
    """Remove the separators of thousands where the column shows that they are; say so, or that it may be."""
    doubts = []
    for mark in THOUSANDS:
        separator = re.escape(mark)
        numbers = pc.match_substring_regex(cells, f"^[0-9]+({separator}[0-9]+)+$")
        grouped = pc.match_substring_regex(cells, f"^[1-9][0-9]{{0,2}}({separator}[0-9]{{3}})+$")
        if not pc.any(grouped).as_py() or pc.any(pc.and_not(numbers, grouped)).as_py():
            continue
        first = pc.index(grouped, True).as_py()
        said = f"{cells[first].as_py()!r} in line {lines[first]}"
        plain = pc.replace_substring(cells, mark, "")
        if pc.any(pc.match_substring_regex(cells, f"^[0-9]+({separator}[0-9]+){{2,}}$")).as_py():
            doubts.append(
                f"the identifier {said} was read as {plain[first].as_py()!r}, a number with separators"
            )
            cells = pc.if_else(grouped, plain, cells)
        else:
            doubts.append(
                f"the identifier {said} may be the number {plain[first].as_py()!r}: it was read as it stands"
            )
    return cells, doubts


def _cleaned(cells: pa.Array) -> pa.Array:
    """Clean the identifiers that need it; a rounded one becomes missing."""
    needs = pc.match_substring_regex(cells, NEEDS_CLEANING)
    if not pc.any(needs).as_py():
        return cells
    unclean = cells.filter(needs)
    values = unclean.unique()
    cleaned = pa.array([clean_id(value) for value in values.to_pylist()], pa.string())
    return pc.replace_with_mask(cells, needs, cleaned.take(pc.index_in(unclean, value_set=values)))


def clean_id(text: str) -> str | None:
    """Return an identifier without apostrophe, formula quotes and padding, or None if digits were lost.

    ``8.5063715E7`` becomes ``85063715``: each digit of the number is there. ``8.506371E7`` becomes ``85063710``: a
    program writes the shortest form that is exact, with neither a plus nor a zero in the exponent. A spreadsheet
    writes both, and rounds: ``8.50637E+07`` may be any of a hundred numbers and becomes None; so does ``8,50637E+7``,
    as a European spreadsheet writes it. ``1E5``, without a point or a plus, is an identifier like any other.
    ``85063715.0``, a number read as a fraction, becomes ``85063715``. Leading zeros that a spreadsheet removed
    cannot be restored.

    Examples
    --------
    >>> clean_id("'00042"), clean_id('="00042"'), clean_id("8.506371E7"), clean_id("8,51E+07")
    ('00042', '00042', '85063710', None)
    """
    if text.isalnum():
        return text
    if text.startswith('="') and text.endswith('"'):
        text = text[2:-1]
    if text[:1] in APOSTROPHES:
        text = text.strip(APOSTROPHES).strip()
    number = SCIENTIFIC.fullmatch(text)
    if number and not text.isalnum():
        return _in_full(number)
    return WHOLE_NUMBER.sub(r"\1", text)


def _in_full(number: re.Match[str]) -> str | None:
    """Write a number in scientific notation with all its digits; None if some were lost."""
    first, mark, decimals, letter, plus, exponent = number.groups(default="")
    exact = mark == "." and letter == "E" and not plus and not exponent.startswith("0")
    missing = int(exponent) - len(decimals)
    return first + decimals + "0" * missing if missing == 0 or (exact and missing > 0) else None


def as_mask(column: pa.ChunkedArray | pa.Array) -> np.ndarray:
    """Return a column of truth values as a numpy array."""
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=bool)


def cell_text(cell: object) -> str:
    """Return a cell as text: a whole number without a fraction."""
    return str(int(cell) if isinstance(cell, float) and cell.is_integer() else cell)


def column_text(column: pd.Series) -> pd.Series:
    """Return a column as text, missing where it is missing; a reader called 7 in a hand-made table may be 7.0."""
    if not isinstance(column.dtype, pd.StringDtype):
        column = column.map({cell: cell_text(cell) for cell in column.dropna().unique()})
    return column.astype(TEXT)
