"""The status of cameras over time: when each was online, and whether it was at the time of an event.

API v3 keeps it; by API v1 it is what the device lists said that were fetched.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from math import floor
from typing import Any

import pandas as pd

from camkit.cameras import Snapshots
from camkit.cameras.een.status import OVERALL, overall_of
from camkit.cameras.een.status_rules import OverallStatus
from camkit.support.html import block_html, table_html, text_html
from camkit.support.timezones import aware

StatusRecord = tuple[str, str, datetime, datetime | None, str | None, str | None]
"""Camera id, name, start, end (None: until now), status and overall status (None: not known from there on)."""

COLUMNS = ["id", "name", "start", "end", "status", "overall"]
NO_NEWS = (OverallStatus.NO_CHANGE, OverallStatus.INVALID)
"""What says nothing new: the state before still holds (the vendor, of API v1's poll stream)."""

NO_LISTS = (
    "API v1 keeps no history: a status is known between two lists of the devices that were fetched. List the devices "
    "now, and again later."
)

NOT_KNOWN = [status.value for status in (*NO_NEWS, OverallStatus.UNKNOWN)]
FOREVER = pd.Timestamp("2262-01-01", tz="UTC")
"""The end of a status that still holds; later than any time of the vendor's."""


@dataclass(frozen=True, repr=False)
class StatusHistory:
    """When each camera had which status.

    Attributes
    ----------
    spans : pandas.DataFrame
        One row per span, by camera and start: ``id``, ``name``, ``status`` (string: the vendor's word or number),
        ``start`` and ``end`` (datetime64, UTC) and ``overall`` (ordered categorical, see `overall_status`). Spans of a
        camera do not overlap; between them its status is not known.
    start, end : datetime.datetime
        The time that it is about, UTC-aware.
    silent : dict of str to str
        Cameras whose history could not be fetched: id to reason.
    notes : tuple of str
        What was wrong with what the vendor told, in sentences.
    """

    spans: pd.DataFrame
    start: datetime
    end: datetime
    silent: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @classmethod
    def from_records(
        cls,
        records: Iterable[StatusRecord],
        start: datetime,
        end: datetime,
        silent: dict[str, str] | None = None,
        notes: Sequence[str] = (),
    ) -> StatusHistory:
        """Make a history of what is known, in any order and with overlaps.

        Parameters
        ----------
        records : iterable of StatusRecord
            Where two overlap, the later one counts from its start. Two statuses from the same moment on contradict each
            other: which holds is not known. Of one status that is told with two ends, the time to the first is known.
        start, end : datetime.datetime
            What is before or after is cut off.
        """
        start, end = aware(start), aware(end)
        first, last = pd.Timestamp(start), pd.Timestamp(end)
        table = pd.DataFrame(list(records), columns=["id", "name", "start", "end", "status", "overall"])
        for name in ("start", "end"):
            table[name] = pd.to_datetime(table[name], utc=True).astype("datetime64[us, UTC]")
        table["end"] = table["end"].fillna(FOREVER)
        table = _one_per_start(table)
        following = table.groupby("id")["start"].shift(-1)
        for name in ("end", "longest"):
            until = table[name].where(following.isna() | (table[name] <= following), following)
            table[name] = until.where(until <= last, last)
        contradictions = _contradictions(table, first)
        within = table.loc[(table["start"] < last) & (table["end"] > first), "id"].unique()
        elsewhen = table.loc[~table["id"].isin(within), "id"].unique()
        silent = {
            **(silent or {}),
            **dict.fromkeys(elsewhen, "what is told of its status is of another time"),
        }
        table = table[(table["words"] == 1) & ~table["is_unread"]]
        table["start"] = table["start"].where(table["start"] >= first, first)
        table = _joined(table[table["start"] < table["end"]])
        table["overall"] = pd.Categorical(table["overall"], dtype=OVERALL)
        text = dict.fromkeys(("id", "name", "status"), "string")
        return cls(table[COLUMNS].astype(text), start, end, silent, (*notes, *contradictions))

    @classmethod
    def from_lists(
        cls,
        lists: Sequence[tuple[datetime, pd.DataFrame]],
        start: datetime,
        end: datetime,
        silent: dict[str, str] | None = None,
    ) -> StatusHistory:
        """Make a history of device lists and when they were fetched; it is about the time from the first to the last.

        A status holds until the next list; after the last one nothing is known. One that says nothing new (0, invalid)
        leaves the state before; after one that cannot be read, the state is not known.
        """
        start, end = aware(start), aware(end)
        known: dict[str, tuple[str, str]] = {}
        records: list[StatusRecord] = []
        ordered = sorted(lists, key=lambda pair: pair[0])
        for (at, devices), (until, _) in pairwise(ordered):
            cameras = devices[devices["type"].ne("bridge") & devices["id"].notna()]
            said = cameras["device_status"].astype("string")
            if "connection_status" in cameras:
                said = said.fillna(cameras["connection_status"])
            rows = zip(cameras["id"], cameras["name"], said, overall_of(cameras), strict=True)
            for camera_id, name, word, overall in rows:
                if overall == OverallStatus.UNKNOWN:
                    known.pop(camera_id, None)
                elif overall not in NO_NEWS:
                    known[camera_id] = str(word), str(overall)
                if camera_id in known and at < until:
                    records.append((camera_id, name, at, until, *known[camera_id]))
        if not records:
            return cls.from_records([], start, end, silent, [NO_LISTS])
        first, last = max(start, ordered[0][0]), min(end, ordered[-1][0])
        if first < last:
            start, end = first, last
        return cls.from_records(records, start, end, silent)

    def at(self, cameras: Sequence[Any], times: Sequence[Any]) -> pd.DataFrame:
        """Say which status cameras had at some times.

        Parameters
        ----------
        cameras : sequence of str
            A camera for each time.
        times : sequence of datetime.datetime
            UTC-aware.

        Returns
        -------
        pandas.DataFrame
            One row for each: ``id``, ``time``, ``status``, ``overall``, ``start`` and ``end``, as in `spans`; missing
            where the status is not known.

        Raises
        ------
        TimestampError
            If a time has no zone.
        """
        utc = pd.Series([pd.NaT if pd.isna(at) else aware(at) for at in times], dtype="datetime64[us, UTC]")
        asked = pd.DataFrame({"id": pd.array([*cameras], dtype="string"), "time": utc})
        spans = self.spans.drop(columns="name").astype(
            {"start": "datetime64[us, UTC]", "end": "datetime64[us, UTC]"}
        )
        ordered = asked.reset_index().dropna(subset=["id", "time"]).sort_values("time")
        found = pd.merge_asof(
            ordered,
            spans.sort_values("start"),
            left_on="time",
            right_on="start",
            by="id",
            direction="backward",
        ).set_index("index")
        # The last moment was asked for as well: it is often that of the last event.
        is_within = (found["time"] < found["end"]) | (
            found["time"].eq(found["end"]) & found["end"].eq(self.end)
        )
        found.loc[~is_within, ["start", "end", "status", "overall"]] = None
        return asked.join(found.drop(columns=["id", "time"]))[
            ["id", "time", "status", "overall", "start", "end"]
        ]

    def share_online(self) -> pd.DataFrame:
        """Say how much of the known time each camera was online.

        Returns
        -------
        pandas.DataFrame
            One row per camera, the least online first, indexed by ``id``: ``name`` (string), ``online`` (float64, 0 to
            1; missing where nothing is known), ``known_h`` (float64, hours whose status is known) and ``outages``
            (int64, times without interruption in which it was known not to be online).
        """
        spans = self.spans.assign(hours=(self.spans["end"] - self.spans["start"]).dt.total_seconds() / 3600)
        is_known = ~spans["overall"].isin(NOT_KNOWN)
        is_online = spans["overall"] == OverallStatus.ONLINE.value
        spans["known_h"] = spans["hours"].where(is_known, 0.0)
        spans["online_h"] = spans["hours"].where(is_online, 0.0)
        is_out = is_known & ~is_online
        before = spans.shift(1)
        goes_on = (
            is_out.shift(1, fill_value=False)
            & spans["id"].eq(before["id"])
            & spans["start"].eq(before["end"])
        )
        spans["outages"] = (is_out & ~goes_on).astype("int64")
        found = spans.groupby("id").agg(
            {"name": "last", "known_h": "sum", "online_h": "sum", "outages": "sum"}
        )
        found["online"] = found["online_h"] / found["known_h"].where(found["known_h"] > 0)
        return found.sort_values(["online", "name"])[["name", "online", "known_h", "outages"]]

    def problems(self) -> list[str]:
        """One sentence for each camera whose history could not be fetched, for odd reports, and if nothing is known."""
        found = [
            f"The history of camera {camera} could not be fetched: {said}"
            for camera, said in self.silent.items()
        ]
        found += self.notes
        return [*found, "No status of this time is known."] if self.spans.empty else found

    def __repr__(self) -> str:
        cameras = self.spans["id"].nunique()
        return (
            f"The status of {cameras} cameras from {self.start:%Y-%m-%d %H:%M} to {self.end:%Y-%m-%d %H:%M} UTC, "
            f"{len(self.spans)} spans"
        )

    def _repr_html_(self) -> str:
        least = self.share_online().head(10).reset_index()
        least["online"] = [percent(share) for share in least["online"]]
        least["known_h"] = least["known_h"].map("{:.1f}".format)
        shown = [table_html(least, index=False, border=0)] if len(least) else []
        return block_html(f"<p>{text_html(repr(self))}. The least online:</p>", *shown)


def percent(share: float) -> str:
    """Write a share of time, rounded down: what was offline for a minute was not online all the time."""
    return "not known" if pd.isna(share) else f"{floor(round(1000 * share, 6)) / 10:.1f} %"


def choose_cameras(known: Iterable[str], wanted: Sequence[str] | None) -> tuple[list[str], dict[str, str]]:
    """The ids that are wanted among those that are known, however they are written, and why others are not there."""
    known = list(known)
    if wanted is None:
        return known, {}
    asked = {camera_id.casefold(): camera_id for camera_id in wanted}
    others = asked.keys() - {camera_id.casefold() for camera_id in known}
    silent = {asked[other]: "the account does not list a camera with this id" for other in sorted(others)}
    return [camera_id for camera_id in known if camera_id.casefold() in asked], silent


def _one_per_start(reports: pd.DataFrame) -> pd.DataFrame:
    """One report for each camera and start, in order, and how many statuses and which ends were reported."""
    same = reports.assign(is_unread=reports["status"].isna()).groupby(["id", "start"], as_index=False)
    return same.agg(
        name=("name", "first"),
        end=("end", "min"),
        longest=("end", "max"),
        status=("status", "first"),
        overall=("overall", "first"),
        words=("status", "nunique"),
        is_unread=("is_unread", "any"),
    )


def _contradictions(reports: pd.DataFrame, first: pd.Timestamp) -> list[str]:
    """A sentence for each camera of which different statuses, or ends of a status, are reported from one moment on."""
    two_ends = (reports["end"] < reports["longest"]) & (reports["longest"] > first)
    kinds = (
        (reports["words"] > 1, "different statuses", "Which of them holds is not known."),
        (
            two_ends & (reports["words"] == 1),
            "different ends of one status",
            "The status is known to the first end.",
        ),
    )
    return [
        f"Camera {camera_id}: {what} are reported from {theirs.min():%Y-%m-%d %H:%M:%S} UTC on"
        f"{f', and from {len(theirs) - 1} other times on' if len(theirs) > 1 else ''}. {so}"
        for unclear, what, so in kinds
        for camera_id, theirs in reports[unclear].groupby("id")["start"]
    ]


def _joined(spans: pd.DataFrame) -> pd.DataFrame:
    """Spans of the same status that follow each other without a gap as one."""
    before = spans.shift(1)
    goes_on = (
        spans["id"].eq(before["id"]) & spans["status"].eq(before["status"]) & spans["start"].eq(before["end"])
    )
    run = (~goes_on).cumsum()
    ends = {name: "last" if name == "end" else "first" for name in spans}
    return spans.groupby(run).agg(ends).reset_index(drop=True)


def explain_missing(snapshots: Snapshots, history: StatusHistory) -> pd.DataFrame:
    """Say of each event without a picture whether its Eagle Eye camera was online then.

    Returns
    -------
    pandas.DataFrame
        One row per snapshot without a picture of an Eagle Eye camera, indexed by the events' labels: ``door``,
        ``camera_id`` (string), ``time`` (datetime64, UTC: by the camera's clock), ``reason`` (string: why there is no
        picture), ``status`` (string, missing where it is not known), ``start``, ``end`` (of that status; missing where
        it began before the history's time, or may have lasted longer) and ``why`` (string, a sentence).
    """
    missing = [
        item for item in snapshots if not item.ok and item.camera and item.camera.vendor == "een" and item.at
    ]
    known = {
        str(id_).casefold(): id_ for id_ in history.spans["id"].unique()
    }  # a doors file may have capitals
    ids = [item.camera.camera_id for item in missing if item.camera]
    ids = [known.get(id_.casefold(), id_) for id_ in ids]
    found = history.at(ids, [item.at for item in missing])
    found.index = pd.Index([item.event.event_id for item in missing])
    table = pd.DataFrame(
        {
            "door": pd.array(
                [item.event.door.name if item.event.door else None for item in missing], dtype="string"
            ),
            "camera_id": found["id"],
            "time": found["time"],
            "reason": pd.array([item.reason for item in missing], dtype="string"),
            "status": found["status"].astype("string"),
            "start": found["start"].mask(found["start"] == history.start),
            "end": found["end"].mask(found["end"] == history.end),
        },
        index=found.index,
    )
    why = [
        _why(status, overall, _span(start, end, history))
        for status, overall, start, end in zip(
            found["status"], found["overall"], found["start"], found["end"], strict=True
        )
    ]
    table["why"] = pd.array(why, dtype="string")
    return table


def _span(start: Any, end: Any, history: StatusHistory) -> str:
    """From when to when, in words; what is before and after the history's time is not known."""
    before = " or before" if start == history.start else ""
    after = " or later" if end == history.end else ""
    return "" if pd.isna(start) else f"from {start:%Y-%m-%d %H:%M}{before} to {end:%Y-%m-%d %H:%M} UTC{after}"


def _why(status: Any, overall: Any, since: str) -> str:
    """What the status at the time of an event says about its missing picture."""
    if pd.isna(status):
        return "The status of the camera at that time is not known."
    if overall in NOT_KNOWN:
        return f"The status of the camera was not known to the vendor {since}."
    if overall == OverallStatus.ONLINE:
        return f"The camera was online {since}: the status does not explain it."
    return f"The camera was not online ({status}) {since}."
