"""What a notebook is asked to do with tables; what it then shows is in tests/test_outside_text.py."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from IPython.core.formatters import DisplayFormatter
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from camkit.support.notebook import notebook_defaults

LONG = "$x$" + " a reason in full" * 20


def test_it_does_nothing_outside_of_a_notebook() -> None:
    "A script that was copied out of a notebook runs on"
    before = pd.get_option("display.max_colwidth"), pd.get_option("display.html.use_mathjax")
    notebook_defaults()
    assert (pd.get_option("display.max_colwidth"), pd.get_option("display.html.use_mathjax")) == before


def test_tables_are_shown_in_full_and_by_pandas_own_options(tmp_path: Path) -> None:
    "Cells are not cut, too many rows are, and where a user wants text there is no HTML; pandas' options stay"
    quiet = Config({"HistoryManager": {"enabled": False}})
    shell = InteractiveShell.instance(config=quiet, ipython_dir=str(tmp_path))
    try:
        notebook_defaults()
        show: DisplayFormatter = shell.display_formatter
        table = pd.DataFrame({"reason": [LONG] * 100})
        shown = show.format(table)[0]
        assert LONG in shown["text/html"]
        assert "100 rows" in shown["text/html"]
        assert LONG in shown["text/plain"]
        with pd.option_context("display.notebook_repr_html", False):
            assert "text/html" not in show.format(table)[0]
        assert LONG not in table._repr_html_()
    finally:
        InteractiveShell.clear_instance()
