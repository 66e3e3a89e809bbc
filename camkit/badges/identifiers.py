"""Identifiers as text, without what spreadsheets, panels and hand-made tables add to them."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

TEXT = pd.StringDtype("pyarrow", na_value=np.nan)
"""The dtype of text in events: a missing one compares as False, as in pandas 3's own ``str``."""

SCIENTIFIC = re.compile(r"(\d)(?:[.,](\d+))?E\+?(\d{1,2})", re.IGNORECASE)

WHOLE_NUMBER = re.compile(r"^(\d+)[.,]0$")


def clean_id(text: str) -> str | None:
    """Return an identifier without apostrophe, formula quotes and padding, or None if digits were lost.

    ``8.5063715E7`` becomes ``85063715``: each digit of the number is there. ``8.50637E+7`` may be any of a hundred
    numbers and becomes None; so does ``8,50637E+7``, as a European spreadsheet writes it. ``1E5``, without a point or
    a plus, is an identifier like any other. ``85063715.0``, a number read as a fraction, becomes ``85063715``.
    Leading zeros that a spreadsheet removed cannot be restored.

    Examples
    --------
    >>> clean_id("'00042"), clean_id('="00042"'), clean_id("8.5063715E7"), clean_id("8,51E+07")
    ('00042', '00042', '85063715', None)
    """
    if text.isalnum():
        return text
    if text.startswith('="') and text.endswith('"'):
        text = text[2:-1]
    text = text.removeprefix("'").strip()
    number = SCIENTIFIC.fullmatch(text)
    if number and not text.isalnum():
        first, decimals, exponent = number[1], number[2] or "", int(number[3])
        return first + decimals if len(decimals) == exponent else None
    return WHOLE_NUMBER.sub(r"\1", text)


def cell_text(cell: object) -> str:
    """Return a cell as text: a whole number without a fraction."""
    return str(int(cell) if isinstance(cell, float) and cell.is_integer() else cell)


def column_text(column: pd.Series) -> pd.Series:
    """Return a column as text, missing where it is missing; a reader called 7 in a hand-made table may be 7.0."""
    if not isinstance(column.dtype, pd.StringDtype):
        column = column.map({cell: cell_text(cell) for cell in column.dropna().unique()})
    return column.astype(TEXT)
