"""HTML for results in Jupyter. Text from outside is escaped, no mathematics, and cannot reorder what is around it."""

from __future__ import annotations

import base64
from datetime import datetime, tzinfo
from html import escape
from typing import TYPE_CHECKING, Any

from camkit.visible import visible

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["GREY", "LITERAL", "block_html", "image_html", "local_time", "table_html", "text_html", "visible"]

GREY = "color:var(--jp-ui-font-color2, #666)"
"""The style of secondary text."""

LITERAL = ("mathjax_ignore", "tex2jax_ignore")
"""Classes of an element whose text is shown as it is: JupyterLab's MathJax heeds the first, that of a notebook exported
as HTML the second. Without them ``$...$`` in a name is run as LaTeX, which can hide the name or write another."""


def block_html(*parts: str) -> str:
    """Put HTML into one element that is shown as it is: what every ``_repr_html_`` returns."""
    return f'<div class="{" ".join(LITERAL)}">{"".join(parts)}</div>'


def text_html(text: str) -> str:
    """Escape text from outside and isolate it, so that a right-to-left name does not reorder its neighbours."""
    return f"<bdi>{escape(visible(text))}</bdi>" if text else ""


def local_time(at: datetime, timezone: tzinfo) -> str:
    """Format a time in a zone, with the zone's abbreviation."""
    return f"{at.astimezone(timezone):%a %Y-%m-%d %H:%M:%S %Z}"


def image_html(content: bytes, kind: str, alt: str, style: str = "") -> str:
    """Embed an image of a media type as a data URI; `alt` is what a screen reader says, empty for a decoration."""
    data = base64.b64encode(content).decode("ascii")
    return f'<img src="data:{escape(kind)};base64,{data}" alt="{escape(visible(alt))}" style="{style}">'


def table_html(table: pd.DataFrame, **options: Any) -> str:
    """Return a table as HTML, with text from outside escaped and made visible; options as for ``to_html``."""
    return visible(table.to_html(**{**options, "escape": True}))
