"""What a file may ask for while its tables are read."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

__all__ = ["Limits", "Unreadable"]


class Unreadable(ValueError):
    """A file's tables cannot be read; the message goes on from "it cannot be read: "."""


@dataclass(frozen=True)
class Limits:
    """Limits for one file.

    Attributes
    ----------
    memory, unpacked, written : int
        Of the process, of an archive's parts together, and of the cells as JSON, bytes.
    seconds : int
        Processor time.
    rows, columns, cells : int
        Of one table.
    """

    memory: int = 4 << 30
    unpacked: int = 2 << 30
    written: int = 1 << 30
    seconds: int = 300
    rows: int = 1 << 20
    columns: int = 1_000
    cells: int = 30_000_000

    def apply(self) -> None:
        """Limit this process, on systems that can."""
        with suppress(ImportError):
            import resource  # noqa: PLC0415 - not on Windows

            resource.setrlimit(resource.RLIMIT_AS, (self.memory, self.memory))
            resource.setrlimit(resource.RLIMIT_CPU, (self.seconds, self.seconds))

    def check(self, rows: int, columns: int, what: str) -> None:
        """Refuse a table that is too large."""
        if rows > self.rows or columns > self.columns:
            raise Unreadable(f"{what} has more than {self.rows:,} rows or {self.columns:,} columns")
        if rows * columns > self.cells:
            raise Unreadable(f"{what} has more than {self.cells:,} cells")
