"""Load badge exports: the way from paths to a `BadgeLog`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import tzinfo
from os import PathLike
from pathlib import Path

import numpy as np
import pandas as pd

from camkit.badges.account import ENTRY
from camkit.badges.files import Export, SourceFile, find_exports, sha256_of, unchanged
from camkit.badges.given import Column, Given
from camkit.badges.interpret import FileEvents, interpret
from camkit.badges.log import BadgeLog
from camkit.badges.read import read_export
from camkit.support.timezones import as_zone
from camkit.visible import visible


def load_badges(  # noqa: PLR0913 - each says one thing about an export, and all but the zone by keyword
    path_or_paths: str | PathLike[str] | Iterable[str | PathLike[str]],
    timezone: str | tzinfo | None = None,
    *,
    profile: str | None = None,
    columns: Mapping[str, Column] | None = None,
    day_first: bool | None = None,
    granted: Iterable[str] = (),
    denied: Iterable[str] = (),
    encoding: str | None = None,
    sheet: str | None = None,
) -> BadgeLog:
    """Load badge events from exports of any access-control system, with an account of every row.

    Parameters
    ----------
    path_or_paths : path-like or iterable of path-like
        A file, several, or a folder. Text with commas, semicolons, tabs or pipes, in UTF-8, UTF-16 or Latin-1, plain
        or in ``.gz`` or ``.zip``. In a file that is in UTF-8 except for some lines, these are read as Latin-1.
    timezone : str or datetime.tzinfo, optional
        The site's zone, such as ``"America/Denver"``: for display, and for times that carry no offset. Not needed
        where they do, or where the heading of their column names it, as in "Time (UTC-06:00)".
    profile : str, optional
        The system that wrote the export, a name from `profiles.toml`. Recognised from the file if left out.
    columns : mapping of str to str, optional
        What the columns of an unknown export are for: ``{"event_time": "When", "cardholder_id": "Badge"}``. Other
        keys: ``date`` and ``time`` (instead of ``event_time``), ``reader_id``, ``outcome``, ``cardholder_name``,
        ``credential``, ``minutes_east`` and ``minutes_west`` (of UTC).
    day_first : bool, optional
        Whether 01/05/2026 is the first of May. Decided from the whole column, or by the profile, if left out.

    Returns
    -------
    BadgeLog
        Events, rejected rows, duplicates and ignored rows. Together they are the rows read.

    Raises
    ------
    BadgeFileError
        If a file is missing, empty, damaged, binary, changing, too large to be a badge log, fits no profile or
        several, or does not show whether day or month comes first.
    TimestampError
        If no time carries an offset and `timezone` is not given, or the zone does not exist.

    Notes
    -----
    Two events are the same if their time, cardholder, reader, outcome and every other column that the files share are
    equal. A time in the hour that a clock change repeats is placed if the file's order shows in which pass it is, else
    rejected.
    """
    zone = as_zone(timezone)
    given = Given(zone, profile, columns, day_first, (*granted,), (*denied,), encoding, sheet)
    given.candidates()  # what it says is checked before anything is read
    exports = find_exports(path_or_paths)
    digests: dict[Path, str] = {}
    reports, parts = zip(*(_load(export, given, digests) for export in exports), strict=True)
    files = pd.DataFrame(reports)
    named_in_full = not files["file"].is_unique
    if named_in_full:
        files["file"] = [export.full_name for export in exports]
    offsets = {part.times.offset for part in parts}
    log = _join(files, parts, zone or (offsets.pop() if len(offsets) == 1 else None))
    sources = [
        SourceFile(path, visible(str(path) if named_in_full else path.name), digest)
        for path, digest in digests.items()
    ]
    return replace(log, sources=tuple(sources), given=given.as_dict())


def _load(export: Export, given: Given, digests: dict[Path, str]) -> tuple[dict[str, object], FileEvents]:
    """Load one export: its row of `BadgeLog.files`, and its events; the digest of its file is added to the others."""
    with unchanged(export.path):
        digest = digests.get(export.path) or sha256_of(export.path)
        table = read_export(export, given)
    digests[export.path] = digest
    part = interpret(table, given)
    report = {
        "file": export.name,
        "profile": table.layout.profile.name,
        "encoding": table.encoding,
        "not_utf8": table.rows.stray_lines,
        "delimiter": table.layout.delimiter,
        "titles": table.layout.titles,
        "rows": len(table) + len(table.rows.ragged),
        "dates": part.times.dates,
        "times": part.times.placed,
        "doubts": [*table.doubts, *part.doubts],
        "unknown_outcomes": part.unknown,
    }
    return report, part


def _join(files: pd.DataFrame, parts: tuple[FileEvents, ...], zone: tzinfo | None) -> BadgeLog:
    """Put the files together and set the duplicates apart."""
    names = [str(name) for name in files["file"]]
    events = _concat([part.events for part in parts], names)
    shared = set.intersection(*(set(part.events) for part in parts)) - {"line"}
    events, duplicates = _set_duplicates_apart(events, [str(name) for name in events if name in shared])
    if zone is not None:
        events.attrs["timezone"] = str(zone)
    rejected = _concat([part.rejected for part in parts], names)
    ignored = _concat([part.ignored for part in parts], names)
    columns = ["file", *ENTRY]
    return BadgeLog(events, rejected[columns], duplicates, ignored[columns], files, zone)


def _concat(tables: list[pd.DataFrame], names: list[str]) -> pd.DataFrame:
    """Concatenate tables, with the name of the file each came from."""
    table = tables[0] if len(tables) == 1 else pd.concat(tables, ignore_index=True)
    files = pd.Index(names).unique()
    codes = np.repeat(files.get_indexer(pd.Index(names)), [len(it) for it in tables])
    table["file"] = pd.Categorical.from_codes(codes, categories=files)
    table["line"] = table.pop("line")  # last, after the file
    return table


def _set_duplicates_apart(events: pd.DataFrame, columns: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split events into those kept and their duplicates, which are equal to a kept one in these columns.

    Both get a RangeIndex. The duplicates have ``same_as``: the index of the kept event.
    """
    # Few events share their time, and only those are compared in full.
    candidates = events.loc[_shares_its_time(events["event_time"]), columns]
    groups = candidates.groupby(columns, sort=False, dropna=False, observed=True).ngroup()
    first = candidates.index.to_series().groupby(groups).transform("first")
    again = first[first != first.index]
    duplicates = events.loc[again.index].reset_index(drop=True)
    # A kept event moves up by the number of duplicates before it.
    duplicates["same_as"] = (again - np.searchsorted(again.index, again)).to_numpy(dtype="int64")
    kept = events.drop(index=again.index).reset_index(drop=True) if len(again) else events
    return kept, duplicates


def _shares_its_time(times: pd.Series) -> np.ndarray:
    """Whether each event has the time of another one; in a log in order that is one of its neighbours."""
    if times.is_monotonic_increasing or times.is_monotonic_decreasing:
        at = times.dt.tz_localize(None).to_numpy()
        shares = np.zeros(len(at), dtype=bool)
        shares[1:] = at[1:] == at[:-1]
        shares[:-1] |= shares[1:]
        return shares
    return times.duplicated(keep=False).to_numpy()
