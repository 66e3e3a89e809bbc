"""The process that reads: run by `confined`, never imported by the kernel.

Its input is the file, its output lines of JSON: ``{"table": name}`` where a table begins, ``{"lines": [...],
"columns": [[...], ...]}`` for some of its rows, ``{"facts": {...}}`` where it ends, and at last ``{"end": true}``, or
``{"problem": "..."}``.
"""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from camkit.support.tables.limits import Limits, Unreadable

__all__ = ["main"]


def main() -> None:
    """Read standard input with the reader and the options that the arguments name."""
    reader, options = sys.argv[1], json.loads(sys.argv[2])
    limits = Limits(**options.pop("limits"))
    limits.apply()
    gc.disable()  # there is much data without cycles, and the process is short
    written = 0
    for message in _messages(reader, limits, options):
        line = json.dumps(message, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
        written += len(line)
        if written > limits.written:
            line = json.dumps({"problem": f"it has more than {limits.written >> 20:,} MiB of text"}).encode()
        sys.stdout.buffer.write(line)
        if written > limits.written:
            break
    sys.stdout.buffer.flush()


def _messages(reader: str, limits: Limits, options: dict[str, Any]) -> Iterator[dict[str, Any]]:
    read = import_module(f"camkit.support.tables.{reader}").read
    try:
        yield from read(sys.stdin.buffer, limits, **options)
        yield {"end": True}
    except Unreadable as problem:
        yield {"problem": str(problem)}
    except RecursionError:
        yield {"problem": "its parts are nested too deeply"}
