"""What is attacked: a finished case, with its seal noted elsewhere, and everything that the kit says about it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from camkit.case import Case
from camkit.errors import CamkitError
from tests.support.cases import made_up, made_up_snapshot


@dataclass
class Desk:
    """A case of three events with pictures and verdicts, open, and what was noted of it.

    Attributes
    ----------
    case : Case
        Open, as its owner has it.
    folder : Path
        Of the case.
    seal : str
        Noted when the case was finished.
    """

    case: Case
    folder: Path
    seal: str

    @property
    def database(self) -> Path:
        """The file of the database."""
        return self.folder / "case.sqlite"

    def images(self) -> list[Path]:
        """The files of the pictures, as the case lists them."""
        return [self.folder / path for path in self.case.table("images")["path"]]

    def verify(self, *, seal: bool = False) -> str:
        """What verify() says; with the seal that was noted, if asked."""
        return said(lambda: str(self.case.verify(self.seal if seal else None)))

    def opened(self) -> str:
        """What opening the case anew says, or else what verify() says then."""

        def look() -> str:
            with Case(self.folder) as case:
                return str(case.verify())

        return said(look)

    @contextmanager
    def raw(self, *unguarded: str) -> Iterator[sqlite3.Connection]:
        """The database as any program opens it; the triggers of some tables are away meanwhile."""
        with closing(sqlite3.connect(self.database, isolation_level=None)) as raw:
            query = "SELECT name, sql, tbl_name FROM sqlite_master WHERE type = 'trigger'"
            triggers = [(name, sql) for name, sql, table in raw.execute(query) if table in unguarded]
            for name, _ in triggers:
                raw.execute(f"DROP TRIGGER {name}")
            yield raw
            for _, sql in triggers:
                raw.execute(sql)


def said(call: Callable[[], Any]) -> str:
    """What a call returns, or the message of camkit's error; any other error is a failure of the test."""
    try:
        return str(call())
    except CamkitError as error:
        return f"{type(error).__name__}: {error}"


def make_desk(folder: Path) -> Desk:
    """Fill a case, and note its seal."""
    case = Case(folder, operator="Owner")
    case.add_events(made_up(3))
    case.add_snapshots(made_up_snapshot(label, b"picture %d" % label) for label in range(3))
    case.record_verdict(0, "match")
    case.record_verdict(1, "mismatch", "It is not her.")
    case.record_verdict(2, "nobody")
    return Desk(case, folder, case.seal())
