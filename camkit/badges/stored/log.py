"""A log in a folder of Parquet files: the face of `BadgeLog`, with its events as a Dask DataFrame."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import time, tzinfo
from functools import cached_property, partial
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pandas as pd
import pyarrow as pa
from pyarrow.dataset import HivePartitioning
from pyarrow.parquet import filters_to_expression

from camkit.badges.files import SourceFile
from camkit.badges.flags import Rules
from camkit.badges.identifiers import TEXT
from camkit.badges.log import Account, BadgeLog
from camkit.badges.sentences import SHOWN
from camkit.badges.stored.flags import flag_log, read_flags
from camkit.badges.stored.places import KINDS, LABEL, PLACE, SITE, damaged, read_part
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
        As those of `BadgeLog`; `files` has also ``events``, how many were kept of each, and ``timezone``, which may be
        another one for each site: then that of the log is None.
    """

    folder: Path
    counts: dict[str, int]
    files: pd.DataFrame
    timezone: tzinfo | None
    sources: tuple[SourceFile, ...]
    given: dict[str, Any]
    left_out: pd.DataFrame
    _seen: tuple[int, int]  # cardholders and readers
    _span: tuple[int, int] | None  # of the events, microseconds since 1970
    _empty: pd.DataFrame
    _reasons: pd.DataFrame

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
            If there is not such a column or operator, or the value cannot be compared with it.

        Notes
        -----
        A time may be text, ``("event_time", ">=", "2026-03-01 18:00")``, and is the site's if it does not say more.
        """
        checked = [self._comparison(one) for one in filters]
        return self._table("events", index=LABEL, filters=checked or None)

    def _comparison(self, one: Any) -> tuple[str, str, Any]:
        """A comparison that can be made, with a time as such."""
        columns = self._empty.assign(**dict.fromkeys(PLACE, pd.Series(dtype=TEXT)))
        try:
            name, operator, value = one
            if operator in ("in", "not in") and not isinstance(value, str):
                value = [*value]  # Dask takes a list only
            if name not in columns:
                raise InputError(
                    f"The log does not have a column {name!r}: it has {', '.join(sorted(map(str, columns)))}."
                )
            if name == SITE and operator in ("==", "in"):
                self._require_sites([value] if operator == "==" else value)
            if name == "event_time":
                value = [*map(self._moment, value)] if operator in ("in", "not in") else self._moment(value)
            pa.Table.from_pandas(columns).filter(filters_to_expression([(name, operator, value)]))
        except InputError:
            raise
        except (TypeError, ValueError, pa.ArrowException):
            raise InputError(
                f"{one!r} is not a comparison with a column of the log: write a column, an operator and a value of its "
                "kind, such as ('reader_id', '==', 'R1')."
            ) from None
        return name, operator, value

    def _require_sites(self, names: Iterable[str]) -> None:
        places = (self.folder / "events").glob("*")
        there = {unquote(place.name.partition("=")[2]) for place in places}
        if strange := [name for name in names if name not in there]:
            raise InputError(
                f"The log does not have a site {strange[0]!r}: it has {', '.join(sorted(there))}."
            )

    def _moment(self, value: Any) -> pd.Timestamp:
        at = pd.Timestamp(value)
        if at.tzinfo is None and self.timezone is None and self.files["timezone"].nunique() > 1:
            raise InputError(
                f"The sites of the log have several time zones: write which one {value!r} is of, as in "
                "'2026-03-01 18:00+01:00'."
            )
        return at if at.tzinfo else at.tz_localize(self.timezone or "UTC")

    @property
    def rejected(self) -> dd.DataFrame:
        """The rows that could not be read, a Dask DataFrame."""
        return self._table("rejected")

    @property
    def duplicates(self) -> dd.DataFrame:
        """The events that repeat another one, a Dask DataFrame; ``same_as`` is the label of that.

        Its index, as that of `rejected` and `ignored`, is counted in each export.
        """
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

    def pick(self, events: dd.DataFrame | pd.DataFrame | None = None) -> pd.DataFrame:
        """Bring events into memory, in the order of their labels, as those of `BadgeLog` are.

        Parameters
        ----------
        events : dask.dataframe.DataFrame or pandas.DataFrame, optional
            Some of `events`, such as ``log.where(("reader_id", "==", "R1"))``, or of the flags, such as
            ``flags[flags["too_fast"]]``. All of them if left out.

        Returns
        -------
        pandas.DataFrame
            For `EventPicker` and `resolve`: the columns of `BadgeLog.events`, with the same labels. For their
            flags see `pick_flags`: `camkit.flag_events` would not know the events before them.
        """
        chosen: Any = self.events if events is None else events
        if getattr(getattr(chosen, "index", None), "name", None) != LABEL:
            raise InputError(
                "pick() takes some of the log's events or flags, such as log.where(('reader_id', '==', 'R1')) or "
                "flags[flags['too_fast']]."
            )
        try:
            if isinstance(chosen, pd.DataFrame) or "event_time" not in chosen.columns:
                labels = chosen.index if isinstance(chosen, pd.DataFrame) else chosen.index.compute()
                chosen = self._table("events", index=LABEL, filters=[(LABEL, "in", labels.tolist())])
            table = chosen.compute()
        except (OSError, pa.ArrowException):
            raise damaged(self.folder, "a part of it cannot be read") from None
        return self._plain(table)

    def _plain(self, table: pd.DataFrame) -> pd.DataFrame:
        """Events as those of `BadgeLog`, with the labels of the log."""
        table = table.sort_index()
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
        if (zone := self._zone_of(table)) is not None:
            table.attrs["timezone"] = str(zone)
        return table

    def _zone_of(self, events: pd.DataFrame) -> tzinfo | None:
        """The zone of these events, if it is the same for all."""
        if self.timezone is not None or "file" not in events:
            return self.timezone
        zones = self.files.loc[self.files["file"].isin(events["file"].unique()), "timezone"].unique()
        return as_zone(zones[0]) if len(zones) == 1 else None

    def load(self, events: pd.DataFrame) -> BadgeLog:
        """Bring into memory all rows of the exports that picked events are from.

        Parameters
        ----------
        events : pandas.DataFrame
            As `pick` returned them.

        Returns
        -------
        BadgeLog
            For a case: ``case.add_sources(log.load(events))``. Its events have the labels of this log.

        Raises
        ------
        InputError
            If these are not events of the log, or a part of it cannot be read.
        """
        if not isinstance(events, pd.DataFrame) or "file" not in events:
            raise InputError("load() takes events that were picked, as in log.load(log.pick(...)).")
        if events.empty:
            raise InputError(
                "No events were picked: load() needs at least one, to know of which exports to load."
            )
        files = self.files[self.files["file"].isin(events["file"].astype("str").unique())]
        parts = {kind: [self._empty] if kind == "events" else [] for kind in KINDS}
        for kind, number in product(KINDS, files.index):
            parts[kind] += self._parts(kind, number)
        names = pd.CategoricalDtype(files["file"])
        tables = {
            kind: pd.concat(found, ignore_index=kind != "events").astype({"file": names})
            for kind, found in parts.items()
        }
        table = self._plain(tables.pop("events"))
        again = tables.pop("duplicates")
        again["event_time"] = again["event_time"].dt.as_unit("us")
        return BadgeLog(
            events=table.astype({"file": names}),
            duplicates=again,
            **tables,
            files=files.drop(columns=["events", "timezone"]).reset_index(drop=True),
            timezone=self._zone_of(events),
            sources=tuple(
                one
                for one in self.sources
                if (files["file"].eq(one.name) | files["file"].str.startswith(f"{one.name}/")).any()
            ),
            given=self.given,
            left_out=self.left_out.head(0),
        )

    def pick_flags(self, flags: dd.DataFrame | pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
        """Bring the flags of picked events into memory, for `EventPicker` and a case.

        Parameters
        ----------
        flags : dask.dataframe.DataFrame or pandas.DataFrame
            As `flag_events` returned them.
        events : pandas.DataFrame
            As `pick` returned them.

        Returns
        -------
        pandas.DataFrame
            The columns of `camkit.flag_events`, in the order of `events`.
        """
        table = flags
        if not isinstance(flags, pd.DataFrame):
            table = flags.map_partitions(_of_labels, events.index, meta=flags._meta).compute()
        table = table.reindex(events.index)
        table.attrs.update(getattr(flags, "_meta", flags).attrs)
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
            As for `camkit.flag_events`; without a `timezone` the hours are those of each site's own.
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
            As `camkit.flag_events`; `InputError` also if Dask is not installed, or a part of the log cannot be read.
        OutputError, ClusterError
            If they cannot be written, or the cluster goes away.
        """
        zones = self.files["timezone"].tolist()
        of_each = timezone is None and self.timezone is None and None not in zones
        zone = zones[0] if of_each else timezone or self.timezone
        rules = Rules.of(pd.DataFrame(), doors, hours, zone, known, retry_s, repeat_s, walk_s)
        if of_each:
            rules = replace(rules, settings={**rules.settings, "timezone": "that of each site"})
        zones = [as_zone(one) if of_each else rules.zone for one in zones]
        return read_flags(flag_log(self.folder, self.files["events"].tolist(), zones, rules, client), rules)

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
        return Account(
            self.counts, self._reasons, self.files, self.left_out, self.timezone, *self._seen, *span
        )

    def _first(self, count: int) -> pd.DataFrame:
        """The first events, by their labels."""
        tables = [self._empty]
        for number in self.files.index[self.files["events"] > 0]:
            tables += self._parts("events", number)
            if sum(map(len, tables)) >= count:
                break
        return pd.concat(tables).sort_index().head(count).rename_axis(index=None)

    def _parts(self, kind: str, number: int) -> list[pd.DataFrame]:
        """The rows of a kind that a file has; its events are by month."""
        paths = (self.folder / kind).glob("*/*/" * (kind == "events") + f"{number:06}.parquet")
        read = [read_part(path, partial(pd.read_parquet, partitioning=None)) for path in paths]
        return [part.set_index(LABEL) for part in read] if kind == "events" else read

    def _table(self, kind: str, **options: Any) -> dd.DataFrame:
        need_dask("A log in parts")
        import dask.dataframe as dd  # noqa: PLC0415 - an extra

        folder = self.folder / kind
        if not folder.is_dir():  # there are not any events
            return dd.from_pandas(self._empty.assign(**dict.fromkeys(PLACE, "")))
        # With a schema, since else 0012 would be a number; a site's name may be what stands for a missing one.
        places = pa.schema([(name, pa.string()) for name in PLACE] if kind == "events" else [])
        parts = {
            "partitioning": HivePartitioning(places, null_fallback=""),
            "partition_base_dir": str(folder),
        }
        try:
            return dd.read_parquet(str(folder), **{"index": False, "dataset": parts, **options})
        except (OSError, pa.ArrowException):
            raise damaged(self.folder, "a part of it cannot be read") from None


def _of_labels(part: pd.DataFrame, labels: pd.Index) -> pd.DataFrame:
    return part[part.index.isin(labels)]
