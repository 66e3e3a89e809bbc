"""The ``Link`` header (RFC 8288)."""

from __future__ import annotations

import re

# What is not closed ends with the field, so that each character is read once.
_PART = re.compile(
    r'<(?P<target>[^>]*)|"(?P<quoted>(?:[^"\\]|\\.)*)"?|(?P<mark>[;,=])|(?P<word>[^\s<>";,=]+)', re.S
)


def link_targets(field: str, relation: str) -> list[str]:
    """Return the targets of the links with a relation, as they are written: absolute or relative.

    Links with an ``anchor`` are left out: they say something of another page.

    Examples
    --------
    >>> link_targets('<?page=1>; rel=prev, <?page=3>; title="on, and on"; REL="last Next"', "next")
    ['?page=3']
    """
    links: list[tuple[str, dict[str, str]]] = []
    inside, name, mark = False, "", ""
    for part in _PART.finditer(field):
        found = part[part.lastgroup or 0]
        if part.lastgroup == "mark":
            inside, mark = inside and found != ",", found
        elif part.lastgroup == "target" and not inside:
            inside, mark = True, ""
            links.append((found.strip(), {}))
        elif inside and mark == "=":
            links[-1][1].setdefault(name, re.sub(r"\\(.)", r"\1", found))  # the first of a name counts
        elif inside:
            name = found.lower()
    return [
        target
        for target, given in links
        if relation in given.get("rel", "").lower().split() and "anchor" not in given
    ]
