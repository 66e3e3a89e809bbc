"""Text from outside, so that a terminal, a page and a reader see every character of it."""

from __future__ import annotations

import re

_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2064\u2066-\u2069\ud800-\udfff\ufeff]"
)
"""Controls but tab and line feed, Unicode's line separators, what reorders the text around it, what takes no room, and
half characters. The two joiners, U+200C and U+200D, stay: words of Persian and of India's languages need them."""


def visible(text: str) -> str:
    r"""Replace the characters that a terminal obeys, that reorder text or that cannot be written by their code points.

    Examples
    --------
    >>> visible("\x1b[8m\u202e123")
    '[U+001B][8m[U+202E]123'
    """
    return _HIDDEN.sub(lambda found: f"[U+{ord(found[0]):04X}]", text)


def one_line(text: str) -> str:
    """Make the text visible, on one line: each stretch of white space becomes one space."""
    return " ".join(visible(text).split())
