"""The picked events of an investigation, in a small file that each of its notebooks reads and adds to."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pandas as pd

from camkit.badges import IDENTITY, find_events, identities
from camkit.errors import InputError
from camkit.support.files import open_regular, write_whole

MAX_BYTES = 16 << 20
"""Of the file; it holds some 100,000 picks."""

KIND = "picked badge events"


class KeptPicks:
    """Picked events in a file, each by what it says: a log that has grown since may have another row for it.

    Parameters
    ----------
    path : str or path-like
        The file, JSON; made at the first change.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    def positions(self, events: pd.DataFrame) -> tuple[np.ndarray, int] | None:
        """Return the positions of the picked events, and how many are not there; None if there is no file yet.

        Raises
        ------
        InputError
            If the file is not one of picked events, or cannot be read.
        """
        kept = self._read()
        if kept is None:
            return None
        found = find_events(events.reset_index(drop=True), kept).dropna()
        return found.to_numpy(int), len(kept) - len(found)

    def change(self, events: pd.DataFrame, before: np.ndarray, after: np.ndarray) -> None:
        """Write the difference of two sets of picks, of which each says for every event whether it is picked.

        What another notebook picked meanwhile, and what is picked in another log, stays.

        Raises
        ------
        InputError
            If the file is not one of picked events, or cannot be read.
        OutputError
            If it cannot be written.
        """
        kept = self._read()
        if kept is None:
            kept = _identities(events, np.flatnonzero(before))
        gone = _identities(events, np.flatnonzero(before & ~after)).assign(gone=True)
        new = _identities(events, np.flatnonzero(after & ~before))
        rest = kept.merge(gone, how="left", on=[*IDENTITY, "number"])
        kept = pd.concat([kept[rest["gone"].isna().to_numpy()], new]).drop_duplicates()
        kept = kept.sort_values(["event_time", *IDENTITY[1:], "number"])
        rows = kept.assign(event_time=[at.isoformat() for at in kept["event_time"]]).to_dict("records")
        text = json.dumps({"kind": KIND, "events": rows}, ensure_ascii=False, indent=1)
        write_whole(self.path, text.encode())

    def _read(self) -> pd.DataFrame | None:
        """Return the events of the file; None if there is no file."""
        try:
            with open_regular(self.path, links=True) as file:
                content = file.read(MAX_BYTES + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise InputError(
                f"The picked events in {self.path} cannot be read: {error.strerror}. Give another file as keep=.",
                path=self.path,
            ) from None
        try:
            return _table(content)
        except (ValueError, KeyError, TypeError, RecursionError, OverflowError):
            raise InputError(
                f"{self.path} is not a list of picked events that camkit wrote: move it elsewhere, or give another "
                "file as keep=.",
                path=self.path,
            ) from None


def _table(content: bytes) -> pd.DataFrame:
    """Read what `KeptPicks.change` wrote; ValueError, KeyError or TypeError if it is something else."""
    found = json.loads(content) if len(content) <= MAX_BYTES else {}
    if found["kind"] != KIND:
        raise ValueError("another kind of file")
    columns = {name: [event[name] for event in found["events"]] for name in (*IDENTITY, "number")}
    kinds = {**dict.fromkeys(IDENTITY, str), "number": int}
    if not all(type(cell) is kind for name, kind in kinds.items() for cell in columns[name]):
        raise TypeError("a cell of another kind")
    times = pd.to_datetime(pd.Series(columns["event_time"], dtype=object), utc=True, format="ISO8601")
    # With these dtypes also where all picks were taken back: they are merged with those of a log.
    texts = {name: pd.Series(columns[name], dtype=object) for name in IDENTITY}
    table = pd.DataFrame({**texts, "number": pd.Series(columns["number"], dtype="int64")})
    table = table.assign(event_time=times.dt.as_unit("us"))
    return table.drop_duplicates()


def _identities(events: pd.DataFrame, places: np.ndarray) -> pd.DataFrame:
    """Return what the events at these positions say, and which one each is of those that say the same."""
    times = events["event_time"]
    near = np.flatnonzero(times.isin(times.iloc[places]))
    return identities(events.iloc[near].reset_index(drop=True)).iloc[np.searchsorted(near, places)]
