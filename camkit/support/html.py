"""HTML for results in Jupyter. Text from outside is escaped and cannot reorder the text around it."""

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
"""The style of secondary text."""

_REARRANGES = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Unicode's embeddings, overrides and isolates, which reorder the text that follows."""


def visible(text: str) -> str:
    r"""Replace the characters that reorder text by their code points.

    Examples
    --------
    >>> visible("\u202e123")
    '[U+202E]123'
    """
    return _REARRANGES.sub(lambda found: f"[U+{ord(found[0]):04X}]", text)


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
