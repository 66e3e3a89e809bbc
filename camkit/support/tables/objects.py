"""Read the objects of a JSON file: a list, the longest list inside an envelope, or one object after the other."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from itertools import islice
from typing import IO, Any

from camkit.support.tables.limits import Limits, Unreadable

__all__ = ["read"]

BATCH = 20_000
DEEPEST = 8
"""What is nested more deeply than this stays JSON, in one cell."""

Object = dict[str, Any]


def read(file: IO[bytes], limits: Limits, *, encoding: str | None = None) -> Iterator[dict[str, Any]]:
    """Yield one table: a column for each name, with dots for what is nested; see `child`.

    The number of a row is the line where the object begins, where each stands for itself, and its place in the list
    otherwise. The first row, number 0, has the names. The facts have the ``damaged`` lines as pairs of line and text,
    the ``others``, which are lists of objects that were not taken and how long they are, and what says that there is
    ``more``.
    """
    data = file.read(limits.unpacked + 1)
    if len(data) > limits.unpacked:
        raise Unreadable(f"it is larger than {limits.unpacked >> 20:,} MiB; split it")
    damaged: list[tuple[int, str]] = []
    values = _values(_decoded(data, encoding), damaged)
    others: dict[str, int] = {}
    more = ""
    if len(values) == 1 and not damaged:
        envelope = values[0][1]
        found, others = _rows_of(envelope)
        values, more = list(enumerate(found, start=1)), _more(envelope)
    rows, names = [], dict[str, None]()
    for line, value in values:
        if isinstance(value, dict):
            cells = _flat(value)
            rows.append((line, cells))
            names.update(dict.fromkeys(cells))
            limits.check(len(rows), len(names), "it")
        else:
            damaged.append((line, _text(value)))
    yield {"table": ""}
    if names:
        yield {"lines": [0], "columns": [[name] for name in names]}
    pending = iter(rows)
    while batch := list(islice(pending, BATCH)):
        columns = [[cells.get(name, "") for _, cells in batch] for name in names]
        yield {"lines": [line for line, _ in batch], "columns": columns}
    yield {"facts": {"damaged": sorted(damaged), "others": others, "more": more}}


def _decoded(data: bytes, encoding: str | None) -> str:
    """Decode it; JSON is in UTF-8, or in UTF-16 or UTF-32 that the first bytes show."""
    try:
        text = data.decode(codecs.lookup(encoding or json.detect_encoding(data)).name)
    except (LookupError, UnicodeDecodeError) as error:
        raise Unreadable(f"it is not text in the encoding of JSON ({error})") from None
    return text.removeprefix("\ufeff")


def _values(text: str, damaged: list[tuple[int, str]]) -> list[tuple[int, Any]]:
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
    """A name that is twice in one object."""


def _object(pairs: list[tuple[str, Any]]) -> Object:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise _Twice(next(name for name in found if names.count(name) > 1))
    return found


def _rows_of(value: Any) -> tuple[list[Any], dict[str, int]]:
    """Return the list that the events are in, and the length of each other: the longest, at most two levels down."""
    if isinstance(value, list):
        if value and all(isinstance(row, list) for row in value):  # a header and rows
            header = [_text(cell) for cell in value[0]]
            return [dict(zip(header, row, strict=False)) for row in value[1:]], {}
        return value, {}
    if not isinstance(value, dict):
        return [value], {}
    lists = {
        name: part
        for name, part in _two_levels(value)
        if isinstance(part, list) and any(isinstance(row, dict) for row in part)
    }
    if not lists:
        return [value], {}
    longest = max(lists, key=lambda name: len(lists[name]))
    return lists[longest], {name: len(part) for name, part in lists.items() if name != longest}


def _two_levels(value: Object) -> Iterator[tuple[str, Any]]:
    for name, part in value.items():
        yield name, part
        if isinstance(part, dict):
            yield from ((f"{name}.{key}", deep) for key, deep in part.items())


def _more(envelope: Any) -> str:
    """Name what in an envelope says that a service has more than this page; empty if nothing does."""
    for name, part in _two_levels(envelope) if isinstance(envelope, dict) else ():
        word = name.rpartition(".")[2].casefold().replace("_", "").replace("-", "")
        if (
            (word.startswith("next") or word in ("hasmore", "cursor"))
            and part
            and isinstance(part, str | bool)
        ):
            return name
    return ""


def _flat(value: Object) -> dict[str, str]:
    """Return a cell for each value in the object, with dots in the names of what is nested."""
    cells: dict[str, str] = {}
    pending: list[tuple[str, Any, int]] = [(name, part, 1) for name, part in reversed(value.items())]
    while pending:
        name, part, depth = pending.pop()
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
    if isinstance(value, str):
        return value.strip()
    if value is None or value in ([], {}):
        return ""
    return json.dumps(value, ensure_ascii=False)
