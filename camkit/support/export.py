"""Write a table to CSV so that a spreadsheet shows its cells and does not run them as formulas."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pandas as pd

from camkit.support.files import write_whole

__all__ = ["export_table"]

RUN_AS_FORMULA = re.compile(r"""\A(?=[=+@\t\r\n-])|(?<=[;\t\r\n])(?="*[=+@-])""")
"""Where a spreadsheet would see a formula begin: at the start of a cell, or of what it takes for another one."""


def export_table(table: pd.DataFrame, path: str | os.PathLike[str]) -> Path:
    """Write a table to a CSV file that is safe to open in a spreadsheet.

    A cell or a column name that begins with ``=``, ``+``, ``-``, ``@``, a tab or a line end would be run as a formula:
    it gets an apostrophe in front. So does any of the first four within a cell, even after quotes, that follows a
    semicolon, a tab or a line end: a spreadsheet for which these separate cells or rows would run it too. Removing the
    apostrophes restores the text. Numbers and times are written as they are. The file is in UTF-8 with a byte order
    mark, by which spreadsheets recognise UTF-8, and appears whole or not at all.

    Parameters
    ----------
    table : pandas.DataFrame
        The index is not written.
    path : str or path-like
        The file to write; an existing file is replaced.

    Returns
    -------
    pathlib.Path
        The file.

    Raises
    ------
    OutputError
        If the file cannot be written.

    Notes
    -----
    The list of characters, and that separators within cells count: OWASP, "CSV Injection".
    """
    target = Path(path)
    safe = table.rename(columns=_harmless)
    for position, dtype in enumerate(table.dtypes):
        if not pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_datetime64_any_dtype(dtype):
            safe.isetitem(position, table.iloc[:, position].astype(object).map(_harmless).array)
    write_whole(target, safe.to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig"))
    return target


def _harmless(cell: object) -> object:
    return RUN_AS_FORMULA.sub("'", cell) if isinstance(cell, str) else cell
