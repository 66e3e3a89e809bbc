"""How results show themselves in Jupyter: small HTML; text from outside is no markup in it, and rearranges nothing."""

from __future__ import annotations

import base64
import re
from datetime import datetime, tzinfo
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["GREY", "image_html", "local_time", "table_html", "text_html", "visible"]

GREY = "color:var(--jp-ui-font-color2, #666)"
"""The style of what is said by the way."""

_REARRANGES = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Unicode's embeddings, overrides and isolates, which make later text read in another order."""


def visible(text: str) -> str:
    """Show the characters that rearrange what is read as their numbers.

    Examples
    --------
    >>> visible("\\u202e123")
    '[U+202E]123'
    """
    return _REARRANGES.sub(lambda found: f"[U+{ord(found[0]):04X}]", text)


def text_html(text: str) -> str:
    """Some text from outside: escaped, and set apart, so that a name from right to left leaves its neighbours alone."""
    return f"<bdi>{escape(visible(text))}</bdi>" if text else ""


def local_time(at: datetime, timezone: tzinfo) -> str:
    """A time in a zone, with the zone's name."""
    return f"{at.astimezone(timezone):%a %Y-%m-%d %H:%M:%S %Z}"


def image_html(content: bytes, kind: str, alt: str, style: str) -> str:
    data = base64.b64encode(content).decode("ascii")
    return f'<img src="data:{escape(kind)};base64,{data}" alt="{escape(alt)}" style="{style}">'


def table_html(table: pd.DataFrame, **options: Any) -> str:
    """Render a DataFrame as HTML, with every text in it escaped and made `visible`.

    Parameters
    ----------
    table : pandas.DataFrame
        The cells, the names of columns and index, and the labels may be text from outside.
    **options
        Passed on to `pandas.DataFrame.to_html`, except ``escape``, which is always on.
    """
    shown = table.rename(index=_visible_text, columns=_visible_text)
    shown = shown.rename_axis(index=_visible_text, columns=_visible_text)
    for position, dtype in enumerate(table.dtypes):
        if dtype.kind not in "biufcmM":  # numbers and times stay as they are
            shown.isetitem(position, table.iloc[:, position].astype(object).map(_visible_text).array)
    return shown.to_html(**{**options, "escape": True})


def _visible_text(value: object) -> object:
    return visible(value) if isinstance(value, str) else value
