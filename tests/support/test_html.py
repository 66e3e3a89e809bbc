"""HTML of results: text from outside is text, and rearranges nothing."""

from __future__ import annotations

import pandas as pd

from camkit.support.html import block_html, table_html

EVIL = "\u202e<b>$x$"
SHOWN = "[U+202E]&lt;b&gt;$x$"


def test_a_table_shows_every_text_as_text() -> None:
    "In cells of any dtype, names of columns, labels, and the names of both axes"
    table = pd.DataFrame(
        {
            EVIL: pd.Series([EVIL], dtype="str"),
            "object": pd.Series([EVIL], dtype=object),
            "category": pd.Categorical([EVIL]),
        },
    )
    table.index = pd.Index([EVIL], name=EVIL)
    table.columns.name = EVIL
    html = table_html(table, escape=False)
    assert html.count(SHOWN) == 7
    assert "\u202e" not in html
    assert "<b>" not in html


def test_a_table_of_harmless_values_is_as_pandas_renders_it() -> None:
    "Numbers, times, missing values, columns of the same name and the options stay as they are"
    table = pd.DataFrame(
        [[1.5, pd.Timestamp("2019-04-12T14:20:29Z"), "a", None]], columns=["n", "at", "text", "text"]
    )
    assert table_html(table, na_rep="-", border=0) == table.to_html(na_rep="-", border=0)
    empty = table.iloc[:0]
    assert table_html(empty) == empty.to_html()


def test_labels_in_several_levels_are_shown_as_text() -> None:
    "Each level of the index and of the columns"
    labels = pd.MultiIndex.from_tuples([(EVIL, EVIL)])
    html = table_html(pd.DataFrame([[1]], index=labels, columns=labels))
    assert html.count(SHOWN) == 4
    assert "\u202e" not in html


def test_a_block_is_shown_as_it_is_in_jupyterlab_and_on_an_exported_page() -> None:
    "The classes are those that the two versions of MathJax look for"
    assert block_html("<p>", "$x$") == '<div class="mathjax_ignore tex2jax_ignore"><p>$x$</div>'
