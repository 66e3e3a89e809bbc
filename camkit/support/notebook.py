"""How a notebook shows tables with text from outside."""

from __future__ import annotations

from typing import Any

import pandas as pd
from IPython.core.getipython import get_ipython

from camkit.support.html import block_html
from camkit.visible import visible

__all__ = ["notebook_defaults"]


def notebook_defaults() -> None:
    """Let this notebook show the text in its tables in full and as it is.

    By itself JupyterLab runs ``$...$`` in a table as LaTeX, so a name in an export can hide itself or look like another
    one; pandas cuts a cell after 50 characters; and characters that reorder text, or that a terminal obeys, do so. From
    now on every pandas table and column that a cell of this notebook shows is spared that. pandas' own options, files
    and other notebooks stay as they are. Outside of a notebook it does nothing.

    Notes
    -----
    It is a call, not a part of importing camkit, since it is also about tables that have nothing to do with camkit. It
    uses IPython's formatters, since pandas' ``display.html.use_mathjax`` spares a table the LaTeX only, and everywhere.
    """
    shell = get_ipython()
    if shell is None or shell.display_formatter is None:
        return
    formatters = shell.display_formatter.formatters
    formatters["text/html"].for_type(pd.DataFrame, _html)
    for kind in (pd.DataFrame, pd.Series, pd.Index):
        formatters["text/plain"].for_type(kind, _plain)


def _html(table: pd.DataFrame) -> str | None:
    """What pandas shows, by its own options but for the cut; None where they say that tables are shown as text."""
    with pd.option_context("display.max_colwidth", None):
        shown = table._repr_html_()  # type: ignore[operator]
    return None if shown is None else block_html(visible(shown))


def _plain(values: pd.DataFrame | pd.Series | pd.Index, printer: Any, _cycle: bool) -> None:
    with pd.option_context("display.max_colwidth", None):
        printer.text(visible(repr(values)))
