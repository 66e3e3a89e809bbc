"""Text from outside, so that a terminal, a page and a reader see every character of it."""

from __future__ import annotations

import re

_HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Controls but tab and line feed, Unicode's line separators, what reorders the text that follows, half characters."""


def visible(text: str) -> str:
    r"""Replace the characters that a terminal obeys, that reorder text or that cannot be written by their code points.

    Examples
    --------
    >>> visible("\x1b[8m\u202e123")
    '[U+001B][8m[U+202E]123'
    """
    return _HIDDEN.sub(lambda found: f"[U+{ord(found[0]):04X}]", text)
