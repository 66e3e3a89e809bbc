"""A log in a folder of Parquet files: the face of `BadgeLog`, with its events as a Dask DataFrame."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import time, tzinfo
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

from camkit.badges.files import SourceFile
from camkit.badges.flags import Rules
from camkit.badges.identifiers import TEXT
from camkit.badges.log import Account
from camkit.badges.sentences import SHOWN
from camkit.badges.stored.flags import flag_log, read_flags
from camkit.badges.stored.places import EMPTY, FORMAT, LABEL, LOG, PLACE, REASONS
from camkit.errors import InputError
from camkit.support.cluster import need_dask
from camkit.support.html import block_html, table_html, text_html
from camkit.support.timezones import as_zone

if TYPE_CHECKING:
    import dask.dataframe as dd
    from distributed import Client


@dataclass(frozen=True, eq=False, repr=False)
class StoredLog:
    """A badge log in a folder; see `BadgeLog` for what its tables have.

    Attributes
    ----------
    folder : pathlib.Path
        Where it is.
    counts : dict of str to int
        Of ``events``, ``rejected``, ``duplicates`` and ``ignored``: together they are the rows read.
    files, timezone, sources, given, left_out
        As those of `BadgeLog`; `files` has also ``events``, how many were kept of each.
    """

    folder: Path
    counts: dict[str, int]
    files: pd.DataFrame
    timezone: tzinfo | None
    sources: tuple[SourceFile, ...]
    given: dict[str, Any]
    left_out: pd.DataFrame
    _seen: tuple[int, int] = field(default=(0, 0))
    _span: tuple[int, int] | None = None  # of the events, microseconds since 1970

    @property
    def events(self) -> dd.DataFrame:
        """The events, a Dask DataFrame.

        Its index is ``log_label``; beside the columns of `BadgeLog.events` it has ``log_site``, the name of the folder
        that the export was in, and ``log_month``, as ``2026-03``, of UTC.
        """
        return self._table("events", index=LABEL)

    def where(self, *filters: tuple[str, str, Any]) -> dd.DataFrame:
        """Return the events for which all of these comparisons hold; what cannot fit is not read.

        Parameters
        ----------
        *filters : tuple of str, str and value
            A column, an operator of pandas' ``read_parquet(filters=)`` (``==``, ``!=``, ``<``, ``<=``, ``>``, ``>=``,
            ``in``, ``not in``), and what to compare with: ``("log_month", "==", "2026-03")``. A comparison of
            ``log_site`` or ``log_month`` chooses folders, and one of another column parts of files.

        Returns
        -------
        dask.dataframe.DataFrame
            As `events`.

        Raises
        ------
        InputError
            If there is not such a column.
        """
        names = set(self.events.columns)
        if strange := [one[0] for one in filters if one[0] not in names]:
            raise InputError(
                f"The log does not have a column {strange[0]!r}: it has {', '.join(sorted(names))}."
            )
        return self._table("events", index=LABEL, filters=[*filters] or None)

    @property
    def rejected(self) -> dd.DataFrame:
        """The rows that could not be read, a Dask DataFrame."""
        return self._table("rejected")

    @property
    def duplicates(self) -> dd.DataFrame:
        """The events that repeat another one, a Dask DataFrame; ``same_as`` is the label of that."""
        return self._table("duplicates")

    @property
    def ignored(self) -> dd.DataFrame:
        """The rows that are not badge events, a Dask DataFrame."""
        return self._table("ignored")

    @property
    def profile(self) -> str:
        """The profile the files were read by; several are joined with commas."""
        return self._account.profile

    @property
    def rows_read(self) -> int:
        """Rows in the files, below the headers and without blank lines."""
        return int(self.files["rows"].sum())

    def pick(self, events: dd.DataFrame | None = None) -> pd.DataFrame:
        """Bring events into memory, in the order of their labels, as those of `BadgeLog` are.

        Parameters
        ----------
        events : dask.dataframe.DataFrame, optional
            Some of `events`, such as ``log.where(("reader_id", "==", "R1"))``. All of them if left out.

        Returns
        -------
        pandas.DataFrame
            For `flag_events`, `EventPicker` and `resolve`: the columns of `BadgeLog.events`, with the same labels.
        """
        table = (self.events if events is None else events).compute().sort_index()
        table = table.drop(columns=[*PLACE], errors="ignore")
        texts = {name: TEXT for name, kind in table.dtypes.items() if isinstance(kind, pd.StringDtype)}
        table = table.astype(texts).rename_axis(index=None)
        if len(table) == self.counts["events"]:
            table.index = pd.RangeIndex(len(table))
        if "event_time" in table:
            table["event_time"] = table["event_time"].dt.as_unit("us")
        if "file" in table:
            table["file"] = pd.Categorical(
                table["file"].astype("str"), categories=pd.Index(self.files["file"])
            )
        if self.timezone is not None:
            table.attrs["timezone"] = str(self.timezone)
        return table

    def flag_events(
        self,
        doors: pd.DataFrame | None = None,
        hours: tuple[str | time, str | time] | None = None,
        *,
        timezone: str | tzinfo | None = None,
        known: Iterable[str] | None = None,
        retry_s: float = 120.0,
        repeat_s: float = 30.0,
        walk_s: float = 30.0,
        client: Client | None = None,
    ) -> dd.DataFrame:
        """Flag the events of the whole log, as `camkit.flag_events` does; the flags are kept in the log's folder.

        Parameters
        ----------
        doors, hours, timezone, known, retry_s, repeat_s, walk_s
            As for `camkit.flag_events`.
        client : distributed.Client, optional
            Where to work; see `store_badges`.

        Returns
        -------
        dask.dataframe.DataFrame
            By ``log_label``, the columns of `camkit.flag_events`, and once computed its ``attrs``. Of the same rules
            the second time at once.

        Raises
        ------
        InputError, TimestampError
            As `camkit.flag_events`; `InputError` also if Dask is not installed.
        OutputError, ClusterError
            If they cannot be written, or the cluster goes away.
        """
        zone = timezone or self.timezone
        rules = Rules.of(pd.DataFrame(), doors, hours, zone, known, retry_s, repeat_s, walk_s)
        return read_flags(flag_log(self.folder, self.files["events"].tolist(), rules, client), rules)

    def summary(self) -> str:
        """Say in a few lines of text what was read and what became of each row."""
        return self._account.summary()

    def problems(self) -> list[str]:
        """Return a sentence for each reason for which rows were rejected or may be misread; see `BadgeLog.problems`."""
        return self._account.problems()

    def __repr__(self) -> str:
        return f"StoredLog in {self.folder}\n{self.summary()}"

    def _repr_html_(self) -> str:
        account, *rest = self.summary().splitlines()
        notes = "<br>".join(text_html(line) for line in rest)
        head = self._first(SHOWN).drop(columns=["file"])
        if self.timezone is not None:
            head["event_time"] = head["event_time"].dt.tz_convert(self.timezone)
        return block_html(f"<p><b>{text_html(account)}</b><br>{notes}</p>", table_html(head, na_rep=""))

    @cached_property
    def _account(self) -> Account:
        span: Any = (pd.NaT, pd.NaT)
        if self._span is not None:
            span = (pd.Timestamp(at, unit="us", tz="UTC") for at in self._span)
        reasons = pd.read_parquet(self.folder / REASONS)
        return Account(self.counts, reasons, self.files, self.left_out, self.timezone, *self._seen, *span)

    def _first(self, count: int) -> pd.DataFrame:
        """The first events, by their labels."""
        tables = [pd.read_parquet(self.folder / EMPTY).set_index(LABEL)]
        for number in self.files.index[self.files["events"] > 0]:
            paths = (self.folder / "events").glob(f"*/*/{number:06}.parquet")
            tables += [pd.read_parquet(path, partitioning=None).set_index(LABEL) for path in paths]
            if sum(map(len, tables)) >= count:
                break
        return pd.concat(tables).sort_index().head(count).rename_axis(index=None)

    def _table(self, kind: str, **options: Any) -> dd.DataFrame:
        need_dask("A log in parts")
        import dask.dataframe as dd  # noqa: PLC0415 - an extra

        folder = self.folder / kind
        if not folder.is_dir():  # there are not any events
            return dd.from_pandas(
                pd.read_parquet(self.folder / EMPTY).set_index(LABEL).assign(**dict.fromkeys(PLACE, ""))
            )
        places = pa.schema([(name, pa.string()) for name in PLACE] if kind == "events" else [])
        parts = {
            "partitioning": {"flavor": "hive", "schema": places}
        }  # else it would guess that 0012 is a number
        return dd.read_parquet(str(folder), **{"index": False, "dataset": parts, **options})


def open_log(folder: str | PathLike[str]) -> StoredLog:
    """Open a log that `store_badges` made.

    Parameters
    ----------
    folder : path-like
        The ``into`` of `store_badges`.

    Raises
    ------
    InputError
        If the folder does not have a log, one that is not complete, or one of a later camkit.
    """
    folder = Path(folder).absolute()
    try:
        log = json.loads((folder / LOG).read_bytes())
        files = pd.DataFrame(log["files"])
        sources = tuple(SourceFile(Path(one["path"]), one["name"], one["sha256"]) for one in log["sources"])
        version = int(log["format"])
        span = log["span"] and (int(log["span"][0]), int(log["span"][1]))
    except FileNotFoundError:
        raise InputError(
            f"The folder {folder} does not have a complete log: give the folder into which one was stored. If that was "
            "stopped, run its cell again.",
            path=folder,
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{folder / LOG} cannot be read: {error}. Store the log again.", path=folder
        ) from None
    if version > FORMAT:
        raise InputError(f"The log in {folder} was made by a later camkit: update camkit.", path=folder)
    left_out = pd.DataFrame(log["left_out"], columns=["file", "reason"], dtype="str")
    seen = int(log["people"]), int(log["readers"])
    return StoredLog(
        folder, log["counts"], files, as_zone(log["timezone"]), sources, log["given"], left_out, seen, span
    )
