"""Read the objects of a JSON file: a list, the lists inside an envelope, or one object after the other."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import IO, Any

from camkit.support.tables.limits import Limits, Unreadable

__all__ = ["read"]

BATCH = 20_000
DEEPEST = 8
"""What is nested more deeply than this stays JSON, in one cell."""

MOST_KINDS = 100
"""How many kinds of objects an envelope may have in lists."""

NEXT = re.compile(
    r"next|has(?:next|more)|more$|more(?:pages|results|available)$|cursor$|continuation|(?:is)?truncated$"
)
LAST = re.compile(r"(?:is|on)?(?:last|final|complete)(?:page)?")
PAGES = re.compile(
    r"total(?:number(?:of)?)?pages|(?:num|number(?:of)?)?pages|page(?:count|total)|pagestotal|lastpage"
)
TOTAL = re.compile(
    r"(?:total|(?:number|num)(?:of)?)(?:number(?:of)?)?(?:count|found|records|elements|results|hits|items|rows|events|"
    rf"entries|matches|size)?|(?:records|rows|results|events)(?:total|count)|{PAGES.pattern}"
)
"""Names, in small letters, by which an envelope says that there is more."""

Object = dict[str, Any]
Row = tuple[int, str]


def read(file: IO[bytes], limits: Limits, *, encoding: str | None = None) -> Iterator[dict[str, Any]]:
    """Yield a table of the objects: a column for each name, with dots for what is nested; see `child`.

    An envelope has a table for the lists of each kind of object, the longest first. The number of a row is the line
    where the object begins, where each stands for itself, and its place in the lists of its table otherwise. The first
    row, number 0, has the names. The facts have the ``loose`` rows, which are not objects, as pairs of line and text,
    the ``lists`` of an envelope with their lengths, and what says that there is ``more``, with how much.
    """
    data = file.read(limits.unpacked + 1)
    if len(data) > limits.unpacked:
        raise Unreadable(f"it is larger than {limits.unpacked >> 20:,} MiB; split it")
    loose: list[Row] = []
    values = _values(_decoded(data, encoding), loose)
    if len(values) > 1 or loose:
        yield from _table(values, loose, limits)
        return
    for envelope in (value for _, value in values):
        for lists, rows in _lists_of(envelope):
            facts = {"lists": lists, "more": _more(envelope, len(rows))}
            first = 0 if _are_lists(rows) else 1  # a header is row 0
            yield from _table(list(enumerate(rows, first)), [], limits, **facts)


def _table(
    values: list[tuple[int, Any]], loose: list[Row], limits: Limits, **facts: object
) -> Iterator[dict[str, Any]]:
    """Yield the table of these values: of lists, the first of which has the names, or of objects."""
    yield {"table": ""}
    if _are_lists([value for _, value in values]):
        width = max(len(value) for _, value in values)
        limits.check(len(values), width, "it")
        pending = iter(values)
        while some := list(islice(pending, BATCH)):
            texts = [[*map(_text, row), *[""] * (width - len(row))] for _, row in some]
            yield {"lines": [line for line, _ in some], "columns": list(zip(*texts, strict=True))}
    else:
        yield from _objects(values, loose, limits)
    yield {"facts": {"loose": sorted(loose), **facts}}


def _objects(values: list[tuple[int, Any]], loose: list[Row], limits: Limits) -> Iterator[dict[str, Any]]:
    """Yield the rows of objects below their names, and set aside what is not an object."""
    rows: list[tuple[int, dict[str, str]]] = []
    names: dict[str, None] = {}
    for line, value in values:
        if isinstance(value, dict):
            try:
                cells = _flat(value)
            except _Twice as twice:
                raise Unreadable(f"object {line} has the name {str(twice)[:40]!r} twice") from None
            rows.append((line, cells))
            names.update(dict.fromkeys(cells))
            limits.check(len(rows), len(names), "it")
        else:
            loose.append((line, _text(value)))
    if names:
        yield {"lines": [0], "columns": [[_text(name)] for name in names]}
    pending = iter(rows)
    while batch := list(islice(pending, BATCH)):
        columns = [[cells.get(name, "") for _, cells in batch] for name in names]
        yield {"lines": [line for line, _ in batch], "columns": columns}


def _are_lists(rows: list[Any]) -> bool:
    return bool(rows) and all(isinstance(row, list) for row in rows) and any(rows)


def _decoded(data: bytes, encoding: str | None) -> str:
    """Decode it; JSON is in UTF-8, or in UTF-16 or UTF-32 that the first bytes show."""
    try:
        text = data.decode(codecs.lookup(encoding or json.detect_encoding(data)).name)
    except (LookupError, UnicodeDecodeError) as error:
        raise Unreadable(f"it is not text in the encoding of JSON ({error})") from None
    return text.removeprefix("\ufeff")


def _values(text: str, damaged: list[Row]) -> list[tuple[int, Any]]:
    """Read one value after the other, with the line that each begins at; a line that cannot be read is damaged."""
    decoder = json.JSONDecoder(
        object_pairs_hook=_object, parse_int=str, parse_float=str, parse_constant=str, strict=False
    )
    values: list[tuple[int, Any]] = []
    at, line = 0, 1
    while True:
        before = at
        while at < len(text) and (text[at].isspace() or text[at] in ",\x1e"):
            at += 1
        line += text.count("\n", before, at)
        if at == len(text):
            return values
        try:
            value, end = decoder.raw_decode(text, at)
        except json.JSONDecodeError as error:
            if not values:
                raise Unreadable(f"its JSON is damaged in line {error.lineno} ({error.msg})") from None
            end = text.find("\n", at)
            end = len(text) if end < 0 else end
            damaged.append((line, text[at:end].strip()))
        except _Twice as twice:
            raise Unreadable(f"the object in line {line} has the name {str(twice)[:40]!r} twice") from None
        else:
            values.append((line, value))
        line += text.count("\n", at, end)
        at = end


class _Twice(Exception):
    """A name that is twice in one object, or as a part of another and with a dot."""


def _object(pairs: list[tuple[str, Any]]) -> Object:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise _Twice(next(name for name in found if names.count(name) > 1))
    return found


def _lists_of(value: Any) -> list[tuple[dict[str, int], list[Any]]]:
    """Return the rows of each table, with the lists that they come from: those with the same names are one table."""
    if not isinstance(value, dict):
        return [({}, value if isinstance(value, list) else [value])]
    lists = {
        name: part
        for name, part in _parts(value)
        if isinstance(part, list) and any(isinstance(row, dict) for row in part)
    }
    kinds: list[tuple[set[str], list[str]]] = []
    for name in sorted(lists, key=lambda name: -len(lists[name])):
        names = {key for row in lists[name] if isinstance(row, dict) for key in row}
        same = next((them for known, them in kinds if names <= known or names >= known), None)
        if same is None:
            kinds.append((names, [name]))
        else:
            same.append(name)
        if len(kinds) > MOST_KINDS:
            raise Unreadable(f"it has more than {MOST_KINDS} kinds of lists of objects")
    tables = [({name: len(lists[name]) for name in them}, them) for _, them in kinds]
    return [(lengths, [row for name in them for row in lists[name]]) for lengths, them in tables] or [
        ({}, [value])
    ]


def _parts(value: Object) -> Iterator[tuple[str, Any]]:
    """Yield the parts of an object and of the objects in it, with dots in their names."""
    pending = [("", value, 0)]
    while pending:
        above, part, depth = pending.pop()
        for key, each in part.items():
            name = f"{above}{key}"
            yield name, each
            if isinstance(each, dict) and depth < DEEPEST:
                pending.append((f"{name}.", each, depth + 1))


def _more(envelope: Any, count: int) -> list[str]:
    """Name what in an envelope says that a service has more than these rows, with its number; empty if nothing does."""
    says: list[str] = []
    for name, part in _parts(envelope) if isinstance(envelope, dict) else ():
        words = [re.sub(r"[\W_]", "", word.casefold()) for word in name.split(".")[-2:]]
        if isinstance(part, str) and part.isdecimal() and len(part) < 10:
            word = words[0] if words[-1] == "value" else words[-1]
            if int(part) > (1 if PAGES.fullmatch(word) else count) and TOTAL.fullmatch(word):
                return [name, part]
        there = part is not False and isinstance(part, str | bool) and part not in ("", "0", "-1")
        if (there and any(map(NEXT.match, words))) or (part is False and LAST.fullmatch(words[-1])):
            says = says or [name, ""]
    return says


def _flat(value: Object) -> dict[str, str]:
    """Return a cell for each value in the object, with dots in the names of what is nested."""
    cells: dict[str, str] = {}
    pending: list[tuple[str, Any, int]] = [(name, part, 1) for name, part in reversed(value.items())]
    while pending:
        name, part, depth = pending.pop()
        if name in cells:
            raise _Twice(name)
        if depth >= DEEPEST or not part or not isinstance(part, dict | list):
            cells[name] = _text(part)
        elif isinstance(part, dict):
            pending += [(f"{name}.{key}", each, depth + 1) for key, each in reversed(part.items())]
        elif isinstance(part[0], dict):
            pending += [(key, each, depth + 1) for key, each in reversed(_named(name, part))]
        else:
            cells[name] = ", ".join(map(_text, part))
    return cells


def _named(name: str, parts: list[Any]) -> list[tuple[str, Any]]:
    """Name the parts of a list by their type, as UniFi's targets have one, or else by their place."""
    named: dict[str, Any] = {}
    for place, part in enumerate(parts, start=1):
        kind = part.get("type") if isinstance(part, dict) else None
        key = f"{name}.{kind}" if isinstance(kind, str) and kind else f"{name}.{place}"
        if key in named:
            key = f"{key} {place}"
        named[key] = part
    return list(named.items())


def _text(value: Any) -> str:
    """Write a value as text: a number as it stands in the file, nothing for null."""
    if value is None or value in ([], {}):
        return ""
    text = value.strip() if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    # Half of a pair, which JSON can write, is not a letter: it stays as it is written.
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()
