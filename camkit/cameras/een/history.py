"""The status of cameras over time: what is known of it, and what it says about events without a picture.

API v3 keeps a history, as events. API v1 tells the present only, so its list of devices is read again and again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from itertools import pairwise
from typing import Any, NamedTuple, Self

import pandas as pd

from camkit.cameras import Snapshots
from camkit.cameras.een.devices import CAMERA_TYPES
from camkit.cameras.een.status import OVERALL, overall_of
from camkit.cameras.een.status_rules import CONNECTION_STATUS, UNKNOWN_CONNECTION, OverallStatus
from camkit.support.html import block_html, table_html
from camkit.support.timezones import aware

KEEPS_THE_STATE = (OverallStatus.NO_CHANGE, OverallStatus.INVALID)
"""With these the vendor asks to keep the status that was known before."""


class Report(NamedTuple):
    """A status that a camera had for a time, as the vendor tells it; `end` is None where it still has it."""

    start: datetime
    end: datetime | None
    status: str


_Report = tuple[datetime, str | None]
"""When a status ended, and which it is; None where reports contradict each other."""

NEVER = datetime.max.replace(tzinfo=UTC)


class _Row(NamedTuple):
    camera_id: str
    start: datetime
    end: datetime | None
    status: str
    overall: str


@dataclass(frozen=True, eq=False, repr=False)
class StatusHistory:
    """What is known of the status of cameras from `start` to `end`. Time that no span covers is not known.

    Attributes
    ----------
    spans : pandas.DataFrame
        One row per time in which a camera had one status; the spans of a camera are in order and do not overlap.
        ``camera_id`` (string), ``start`` and ``end`` (datetime64, UTC; ``end`` is NaT where the status still holds),
        ``status`` (string, the vendor's word or bitmask) and ``overall`` (categorical, see `overall_status`).
    start, end : datetime.datetime
        The time that was looked at, UTC. A span may begin before it.
    camera_ids : tuple of str
        All cameras that were asked for, also those of which nothing is known.
    notes : tuple of str
        What was wrong with what the vendor sent, in sentences.
    """

    spans: pd.DataFrame
    start: datetime
    end: datetime
    camera_ids: tuple[str, ...]
    notes: tuple[str, ...] = ()

    @classmethod
    def from_reports(
        cls,
        reports: Mapping[str, Iterable[Report]],
        start: datetime,
        end: datetime,
        notes: Iterable[str] = (),
    ) -> Self:
        """Make a history of what API v3 reports of each camera.

        Parameters
        ----------
        reports : mapping of str to iterable of Report
            By camera id, in any order, overlapping or double; the cameras without a report as well.
        start, end : datetime.datetime
            The time that was asked for, UTC-aware.
        notes : iterable of str
            What was wrong with the answers.

        Notes
        -----
        Where reports overlap, the one that began last counts. One that has not ended is ended by the next one.
        Two different statuses from the same moment on contradict each other: that time is not known.
        """
        rows: list[_Row] = []
        said = list(notes)
        for camera_id, theirs in reports.items():
            spans = _one_after_the_other(theirs)
            for begins, ends, word in spans:
                if word is not None:
                    overall = CONNECTION_STATUS.get(word, UNKNOWN_CONNECTION).overall
                    rows.append(_Row(camera_id, begins, ends, word, overall.value))
            if unclear := [begins for begins, _, word in spans if word is None]:
                more = f", and from {len(unclear) - 1} other moments on" if len(unclear) > 1 else ""
                said.append(
                    f"Camera {camera_id}: different statuses are reported from {_utc(unclear[0])} on{more}. Which of "
                    "them holds is not known."
                )
        return cls(_table(rows), aware(start), aware(end), tuple(reports), tuple(said))

    @classmethod
    def from_lists(
        cls, lists: Iterable[tuple[datetime, pd.DataFrame]], camera_ids: Sequence[str] | None = None
    ) -> Self:
        """Make a history of device lists that were read one after the other.

        Parameters
        ----------
        lists : iterable of (datetime.datetime, pandas.DataFrame)
            When each was read (UTC-aware), and the list as `EagleEye.devices` returns it; at least one.
        camera_ids : sequence of str, optional
            Which cameras; by default all that are listed.

        Notes
        -----
        A status is taken to hold until the next list. "Invalid" and "No Change" keep the one before. A camera
        that a list does not have is not known from then on.
        """
        by_time = sorted(((aware(at), devices) for at, devices in lists), key=lambda pair: pair[0])
        seen: dict[str, None] = dict.fromkeys(camera_ids or ())
        current: dict[str, _Row] = {}
        rows: list[_Row] = []
        for at, devices in by_time:
            found = _statuses(devices, camera_ids)
            seen |= dict.fromkeys(found)
            for camera_id in [*current]:
                status, overall = found.get(camera_id, (None, None))
                if overall in KEEPS_THE_STATE or (status, overall) == current[camera_id][3:]:
                    continue
                rows.append(current.pop(camera_id)._replace(end=at))
            for camera_id, (status, overall) in found.items():
                if camera_id not in current and overall not in KEEPS_THE_STATE:
                    current[camera_id] = _Row(camera_id, at, None, status, overall)
        rows += current.values()
        order = {camera_id: number for number, camera_id in enumerate(seen)}
        rows.sort(key=lambda row: (order[row.camera_id], row.start))
        rows = [row for row in rows if row.end != row.start]
        return cls(_table(rows), by_time[0][0], by_time[-1][0], tuple(seen))

    def status_at(
        self, camera_ids: Sequence[str] | pd.Series, times: Sequence[Any] | pd.Series
    ) -> pd.DataFrame:
        """Say which status cameras had at some times.

        Parameters
        ----------
        camera_ids : sequence of str or pandas.Series
            One for each time; missing ones are not known.
        times : sequence of datetime.datetime or pandas.Series
            With a zone.

        Returns
        -------
        pandas.DataFrame
            One row per time, with the index of `times`: ``status`` (string, missing where it is not known),
            ``overall`` (categorical, "Unknown" where it is not known), ``since`` and ``until`` (datetime64, UTC;
            ``until`` is NaT where the status still holds). Outside of `start` to `end` nothing is known.

        Raises
        ------
        TimestampError
            If a time has no zone.
        """
        index = times.index if isinstance(times, pd.Series) else pd.RangeIndex(len(times))
        utc = times if isinstance(getattr(times, "dtype", None), pd.DatetimeTZDtype) else map(_aware, times)
        at = pd.Series(list(utc), dtype="datetime64[ns, UTC]")
        asked = pd.DataFrame({"camera_id": pd.array(list(camera_ids), dtype="string"), "at": at})
        asked = asked[at.between(self.start, self.end)].sort_values("at", kind="stable").reset_index()
        spans = self.spans.sort_values("start", kind="stable")
        found = pd.merge_asof(
            asked.dropna(), spans, left_on="at", right_on="start", by="camera_id"
        ).set_index("index")
        found = found[found["start"].notna() & (found["end"].isna() | (found["at"] < found["end"]))]
        table = found[["status", "overall", "start", "end"]].reindex(range(len(index)))
        table["overall"] = table["overall"].fillna(OverallStatus.UNKNOWN.value)
        table.columns = pd.Index(["status", "overall", "since", "until"])
        return table.set_axis(index)

    def at(self, camera_id: str, when: datetime) -> OverallStatus:
        """Return the overall status of a camera at a time, UTC-aware; Unknown where it is not known."""
        return OverallStatus(self.status_at([camera_id], [aware(when)])["overall"].iloc[0])

    def share_online(self) -> pd.DataFrame:
        """Say what share of the time that is known each camera was online.

        Returns
        -------
        pandas.DataFrame
            Indexed by ``camera_id``, in the order of `camera_ids`: ``online`` (float64, 0 to 1, NaN where nothing is
            known) and ``known`` (float64, 0 to 1: the share of the time from `start` to `end` that is known). Time
            with the status "unknown" is not known.
        """
        length_s = (self.end - self.start).total_seconds()
        shown = self.clipped()
        seconds = (shown["end"] - shown["start"]).dt.total_seconds()
        ids, overall = shown["camera_id"], shown["overall"]
        known_s = seconds.where(overall != OverallStatus.UNKNOWN, 0.0).groupby(ids).sum()
        online_s = seconds.where(overall == OverallStatus.ONLINE, 0.0).groupby(ids).sum()
        names = pd.Index(self.camera_ids, name="camera_id", dtype="string")
        known_s, online_s = (
            each.reindex(names, fill_value=0.0).astype(float) for each in (known_s, online_s)
        )
        online = (online_s / known_s).where(known_s > 0)
        return pd.DataFrame({"online": online, "known": known_s / length_s if length_s else known_s})

    def clipped(self) -> pd.DataFrame:
        """Return the spans as far as they lie within `start` to `end`; none of them is open."""
        first, last = pd.Timestamp(self.start), pd.Timestamp(self.end)
        start, end = self.spans["start"], self.spans["end"].fillna(last)
        start, end = start.where(start > first, first), end.where(end < last, last)
        table = self.spans.assign(start=start, end=end)
        return table[table["end"] > table["start"]]

    def problems(self) -> list[str]:
        """One sentence for each odd report, and one for the cameras of which nothing is known."""
        known = set(self.spans.loc[self.spans["overall"] != OverallStatus.UNKNOWN, "camera_id"])
        unknown = [camera_id for camera_id in self.camera_ids if camera_id not in known]
        said = f"Cameras whose status is not known for any of the time: {', '.join(unknown)}."
        return [*self.notes, *([said] if unknown else [])]

    def __repr__(self) -> str:
        return (
            f"the status of {len(self.camera_ids)} cameras from {_utc(self.start)} to {_utc(self.end)}: "
            f"{len(self.spans)} spans"
        )

    def _repr_html_(self) -> str:
        return block_html(
            f"<p>{escape(repr(self))}</p>", table_html(self.share_online(), float_format="{:.1%}".format)
        )


def events_without_picture(snapshots: Snapshots, history: StatusHistory) -> pd.DataFrame:
    """Say of each event without a picture whether its camera was online at that moment.

    Parameters
    ----------
    snapshots : Snapshots
        As `camkit.snapshots_for` returns them.
    history : StatusHistory
        As `EagleEye.status_history` returns it.

    Returns
    -------
    pandas.DataFrame
        One row per snapshot without a picture, indexed by the events' labels: ``door`` and ``camera_id`` (string),
        ``at`` (datetime64, UTC: the event by the camera's clock), ``status``, ``overall``, ``since`` and ``until`` as
        `StatusHistory.status_at` gives them, and ``why`` (string, a sentence).
    """
    silent = [item for item in snapshots if not item.ok]
    known = {
        camera_id.casefold(): camera_id for camera_id in history.camera_ids
    }  # a doors file may have capitals
    ids = [item.camera.camera_id if item.camera else None for item in silent]
    doors = [item.event.door.name if item.event.door else None for item in silent]
    table = pd.DataFrame(
        {
            "door": pd.array(doors, dtype="string"),
            "camera_id": pd.array([id_ and known.get(id_.casefold(), id_) for id_ in ids], dtype="string"),
            "at": pd.Series([item.at for item in silent], dtype="datetime64[ns, UTC]"),
        }
    )
    table = table.join(history.status_at(table["camera_id"], table["at"]))
    why = [
        _why(row, history) if item.camera else item.reason
        for item, row in zip(silent, table.itertuples(), strict=True)
    ]
    table["why"] = pd.array(why, dtype="string")
    return table.set_axis(pd.Index([item.event.event_id for item in silent]))


def _why(row: Any, history: StatusHistory) -> str:
    """Whether the status of a camera explains that there is no picture."""
    if row.camera_id not in history.camera_ids:
        return "The status of this camera was not asked for."
    if not history.start <= row.at <= history.end:
        return (
            f"The status is known from {_utc(history.start)} to {_utc(history.end)} only, not of this moment."
        )
    if row.overall == OverallStatus.UNKNOWN:
        return "The status of the camera at this moment is not known."
    until = "still so at the end of the history" if pd.isna(row.until) else f"until {_utc(row.until)}"
    lasted = f"from {_utc(row.since)}, {until}"
    if row.overall == OverallStatus.ONLINE:
        return f"The camera was online, {lasted}. Its status does not explain it."
    return f"The camera was not online: {row.overall}, {lasted}. That explains it."


def _by_start(reports: Iterable[Report]) -> dict[datetime, _Report]:
    """One report for each start, in order; an open one ends where the next begins."""
    found: dict[datetime, _Report] = {}
    for start, end, status in reports:
        until = NEVER if end is None else end
        known_until, known = found.get(start, (until, status))
        found[start] = max(until, known_until), status if status == known else None
    starts = sorted(found)
    for start, following in pairwise(starts):
        if found[start][0] == NEVER:
            found[start] = following, found[start][1]
    return {start: found[start] for start in starts}


def _one_after_the_other(reports: Iterable[Report]) -> list[tuple[datetime, datetime | None, str | None]]:
    """Spans of one camera in order, without overlaps; the status is None where reports contradict each other."""
    by_start = _by_start(reports)
    moments = sorted({*by_start, *(end for end, _ in by_start.values())})
    covering: list[_Report] = []  # the one that began last is at the end
    spans: list[tuple[datetime, datetime | None, str | None]] = []
    for at, until in pairwise(moments):
        if at in by_start:
            covering.append(by_start[at])
        while covering and covering[-1][0] <= at:
            covering.pop()
        if covering:
            start, status = at, covering[-1][1]
            if spans and spans[-1][1:] == (at, status):
                start = spans.pop()[0]
            spans.append((start, None if until == NEVER else until, status))
    return spans


def _statuses(devices: pd.DataFrame, camera_ids: Sequence[str] | None) -> dict[str, tuple[str, str]]:
    """The status and overall status of each camera of a list, by id."""
    cameras = devices[devices["type"].isin(CAMERA_TYPES) & devices["id"].notna()]
    if camera_ids is not None:
        cameras = cameras[cameras["id"].isin(list(camera_ids))]
    status = cameras["device_status"].astype("string")
    if "connection_status" in cameras:
        status = status.fillna(cameras["connection_status"])
    pairs = zip(status.fillna("none"), overall_of(cameras), strict=True)
    return dict(zip(cameras["id"], pairs, strict=True))


def _table(rows: Sequence[_Row]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=_Row._fields)
    for name in ("camera_id", "status"):
        table[name] = table[name].astype("string")
    for name in ("start", "end"):
        table[name] = pd.to_datetime(table[name], utc=True).astype("datetime64[ns, UTC]")
    table["overall"] = table["overall"].astype(OVERALL)
    return table


def _aware(at: Any) -> Any:
    return pd.NaT if pd.isna(at) else aware(at)


def _utc(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"
