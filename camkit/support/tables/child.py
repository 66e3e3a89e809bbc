"""The process that reads: run by `confined`, never imported by the kernel.

Its input is the file, its output lines of JSON: ``{"table": name}`` where a table begins, ``{"rows": bytes}`` for some
of its rows, which follow as an Arrow stream, ``{"facts": {...}}`` where it ends, and at last ``{"end": true}``, or
``{"problem": "..."}``. A reader yields rows as ``{"lines": [...], "columns": [[...], ...]}``.
"""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.abc import MetaPathFinder
from threading import Thread
from typing import Any

from camkit.support.tables.limits import Limits, Unreadable

__all__ = ["main"]


def main() -> None:
    """Read standard input with the reader and the options that the arguments name."""
    reader, options = sys.argv[1], json.loads(sys.argv[2])
    limits = Limits(**options.pop("limits"))
    limits.apply()
    gc.disable()  # there is much data without cycles, and the process is short
    sys.meta_path.insert(0, _WithoutPandas())
    Thread(target=import_module, args=["camkit.support.tables.texts"]).start()  # while the reader reads
    written = 0
    for message in _messages(reader, limits, options):
        written += _write(message)
        if written > limits.written:
            _write({"problem": f"it has more than {limits.written >> 20:,} MiB of text"})
            break
    sys.stdout.buffer.flush()


class _WithoutPandas(MetaPathFinder):
    """Arrow imports pandas with its first array, if it is there, which takes longer than most files."""

    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError(fullname)


def _write(message: dict[str, Any]) -> int:
    """Write a message, and return how large its rows are, bytes."""
    rows = b""
    if "lines" in message:
        texts = import_module("camkit.support.tables.texts")
        rows = texts.packed(message["lines"], message["columns"])
        message = {"rows": len(rows)}
    sys.stdout.buffer.write(json.dumps(message).encode() + b"\n")
    sys.stdout.buffer.write(rows)
    return len(rows)


def _messages(reader: str, limits: Limits, options: dict[str, Any]) -> Iterator[dict[str, Any]]:
    read = import_module(f"camkit.support.tables.{reader}").read
    try:
        yield from read(sys.stdin.buffer, limits, **options)
        yield {"end": True}
    except Unreadable as problem:
        yield {"problem": str(problem)}
    except RecursionError:
        yield {"problem": "its parts are nested too deeply"}
    except MemoryError:
        yield {"problem": f"it needs more than {limits.memory >> 30} GiB of memory"}
    except Exception as error:  # noqa: BLE001 - whatever a library makes of a file
        yield {"problem": f"it is damaged, or unlike any other ({type(error).__name__}: {str(error)[:80]})"}
