"""`Record`: everything that can be read of a case."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Self

import pandas as pd

from camkit.badges import BadgeLog, DoorEvent, renumbered
from camkit.cameras import Snapshot
from camkit.case import chain, queries, schema, snapshots
from camkit.case.database import Database, this_user
from camkit.case.decisions import (
    DISPUTED,
    Decision,
    VerdictLabel,
    agreed,
    is_settled,
    read_labels,
    read_notes,
)
from camkit.case.handover import handed_over
from camkit.case.times import zone_from_text
from camkit.case.verify import Verification, verify
from camkit.support.html import block_html, local_time, table_html, text_html, visible

DATABASE = "case.sqlite"

_SHOWN = ["name", "door", "outcome", "result", "verdict", "note"]


class Record:
    """A case as it is read: nothing of it is written. `Case` adds to it.

    A case that was made by an older camkit is read as it is.

    Parameters
    ----------
    folder : str or path-like
        With the file ``case.sqlite``.
    operator : str, optional
        Who reads it, for a report's heading; by default this machine's user.

    Attributes
    ----------
    folder : pathlib.Path
        Absolute.
    name : str
        The case's name.
    operator : str
    database : Database

    Raises
    ------
    CaseError
        If the folder's ``case.sqlite`` is something else, is damaged, or was made by a newer camkit.
    """

    def __init__(self, folder: str | os.PathLike[str], *, operator: str | None = None) -> None:
        self.folder = Path(folder).absolute()
        self.operator = operator or this_user()
        self.database = Database(self.folder / DATABASE)
        self.name = str(self.database.about[0])

    def events(self) -> pd.DataFrame:
        """Return one row per event, with its chosen picture and its latest verdict.

        Returns
        -------
        pandas.DataFrame
            Indexed by the events' labels, in the order they were added. Among its columns: ``event_time`` (by the
            reader's clock), ``name`` (the directory's), ``outcome`` (what the reader did), ``result`` and ``reason``
            (of asking for a picture; missing where nobody asked), ``pictures`` (how many), the chosen one's ``sha256``,
            ``view`` and ``seen_at`` (its moment by the camera's clock: what the vendor gave, else what was asked for),
            ``flags`` (in words), ``verdict`` (``disputed`` if the latest ones of several operators differ), ``note``,
            ``decided_at``, ``excluded`` (why it is left out; missing if it is not). The dtypes are as in `table`.
        """
        return self.table("events").set_index("event")

    def numbered(self, log: BadgeLog) -> BadgeLog:
        """Return a badge log with the case's numbers for the events that the case has; see `renumbered`.

        An export that has grown since the case was begun may have its events in other rows.

        Raises
        ------
        InputError
            If one of the case's events is not in the log.
        """
        return renumbered(log, self.events())

    def verdicts(self) -> pd.DataFrame:
        """Return every verdict that was not taken back at once, in the order given.

        Each has the ``image`` that was looked at, and the latest ``note`` of its operator on the event.
        """
        return self.table("verdicts")

    def labels(self) -> dict[str, VerdictLabel]:
        """Return the verdicts that can be given in the case, by their names."""
        with self.database.reading() as connection:
            return read_labels(connection)

    def undecided(self) -> pd.DataFrame:
        """Return the rows of `events` that have no verdict and are not excluded."""
        events = self.events()
        return events[events["verdict"].isna() & events["excluded"].isna()]

    def problems(self) -> list[str]:
        """One sentence for each event that is not decided, or on which the reviewers disagree.

        An event is not decided either if every latest verdict on it is about another picture than the one that stands
        for it now, or about none although there is one by now.
        """
        decisions, events, offsets = self.decisions(), self.events(), self._last_offsets()
        found = []
        row: Any
        for row in events[events["excluded"].isna()].itertuples():
            given, picture = decisions.get(row.Index, []), None if pd.isna(row.sha256) else str(row.sha256)
            if not given:
                found.append(f"No verdict yet: {_described(row)}.")
            elif not is_settled(given, picture):
                found.append(
                    f"The verdict is not about the picture that stands for the event now: {_described(row)}."
                )
            last = offsets.get((row.Index, row.vendor, row.camera_id))
            if given and last not in (None, row.clock_offset_s):
                found.append(
                    "The clock offset was corrected after the picture was asked for; look at the event again: "
                    f"{_described(row)}."
                )
            if agreed(given) == DISPUTED:
                found.append(f"The reviewers disagree ({row.operator}): {_described(row)}.")
        return found

    def _last_offsets(self) -> dict[tuple[Any, ...], float]:
        """Return the clock offset with which each camera was asked last for each event, seconds."""
        asked = self.table("snapshots").dropna(subset=["clock_offset_s"])
        columns = asked[["event", "vendor", "camera_id", "clock_offset_s"]]
        return {tuple(key): offset for *key, offset in columns.itertuples(index=False, name=None)}

    def table(self, name: str) -> pd.DataFrame:
        """Return a table of the case.

        Parameters
        ----------
        name : str
            ``about``, ``events``, ``snapshots``, ``requests``, ``verdicts``, ``verdict_labels``, ``notes``,
            ``choices``, ``exclusions``, ``flags``, ``cardholders``, ``images``, ``documents``, ``settings`` or
            ``upgrades``.

        Returns
        -------
        pandas.DataFrame
            Times datetime64[us, UTC]; seconds (``…_s``) float64; counts Int64; events' labels Int64, or object if
            one is text; other text string. The database says what each column means: ``sqlite3 case.sqlite .schema``.

        Raises
        ------
        InputError
            If the case does not have such a table.
        """
        with self.database.reading() as connection:
            return queries.read_table(connection, name)

    def flags(self) -> dict[int | str, list[str]]:
        """Return the flags of each flagged event, in words."""
        with self.database.reading() as connection:
            rows = queries.read_rows(connection, "flags")
        return {
            event: list(dict.fromkeys(row["meaning"] for row in flags))
            for event, flags in queries.grouped(rows, "event").items()
        }

    def choices(self) -> dict[int | str, str]:
        """Return the SHA-256 of the picture that was chosen last, for each event with a choice."""
        with self.database.reading() as connection:
            return queries.last_choices(connection)

    def decisions(self) -> dict[int | str, list[Decision]]:
        """Return the verdicts on each decided event that were not taken back, in the order given."""
        with self.database.reading() as connection:
            rows = queries.grouped(queries.read_rows(connection, "verdicts"), "event")
        return {event: [Decision.from_row(row) for row in verdicts] for event, verdicts in rows.items()}

    def notes(self) -> dict[int | str, dict[str, str]]:
        """Return the latest note of each operator on each event, by the event and the operator."""
        with self.database.reading() as connection:
            return read_notes(connection)

    def exclusions(self) -> dict[int | str, str]:
        """Return why each excluded event is left out of reports and bags."""
        with self.database.reading() as connection:
            return queries.exclusions(connection)

    @property
    def is_demo(self) -> bool:
        """Whether all pictures of the case are from the demo site; without one, whether it was made there."""
        with self.database.reading() as connection:
            return queries.is_demo(connection)

    def frames_of(self, event: DoorEvent) -> list[tuple[float, Snapshot]]:
        """Return the pictures that the case has of an event, from all cameras, in the order they were added.

        Parameters
        ----------
        event : DoorEvent
            An event that was resolved again, such as when a review goes on.

        Returns
        -------
        list of tuple of float and Snapshot
            How long after the event the picture was asked for, seconds by its camera's clock; and the snapshot. One
            whose image is missing or altered has the result ``failed``, with the reason.
        """
        return snapshots.read_frames(self.database, self.folder, event)

    def image(self, sha256: str) -> bytes:
        """Return a picture or a photo, unchanged; `CaseError` if it is not there or is altered."""
        return snapshots.read_stored(self.database, self.folder, sha256)[0]

    def seal(self) -> str:
        """Return a hash over everything that was added so far, in hexadecimal, to be noted elsewhere; see `verify`."""
        with self.database.reading() as connection:
            return chain.seal(connection)

    def verify(self, seal: str | None = None) -> Verification:
        """Hash every image again, compare every row with the chain of hashes, and list everything that is wrong.

        Parameters
        ----------
        seal : str, optional
            A seal that the case had once, as stated by its report or bag.

        Returns
        -------
        Verification
            What was found. Without a seal from elsewhere, it does not show that the last rows were removed, or that
            somebody made the chain again from some row on. With it, everything that was there when the seal was noted
            is proven to be there still, unchanged.

        Raises
        ------
        InputError
            If `seal` does not look like one.
        """
        return verify(self.database, self.folder, self.name, seal)

    def export_tables(self, folder: str | os.PathLike[str]) -> list[Path]:
        """Write each table as CSV, safe to open in a spreadsheet, and as Parquet; return the files.

        What belongs to an excluded event only is not in them.
        """
        with handed_over(self.database) as connection:
            return queries.export_tables(connection, Path(folder))

    def summary(self) -> str:
        """Say in one sentence how many events, pictures and verdicts there are."""
        return visible(_summary(self.name, self.events()))

    def close(self) -> None:
        """Close the database; a second time does nothing."""
        self.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return visible(f"Case {self.name}: closed." if self.database.closed else self._present(self.events()))

    def _repr_html_(self) -> str | None:
        if self.database.closed:
            return None
        events = self.events()
        table = table_html(events[_SHOWN], max_rows=20, na_rep="", border=0)
        return block_html(f"<p><b>{text_html(self._present(events))}</b></p>", table)

    def _present(self, events: pd.DataFrame) -> str:
        """Summarize the case, and say if it has to be upgraded before it can be added to."""
        version = self.database.version
        if version == schema.VERSION:
            return _summary(self.name, events)
        return (
            f"{_summary(self.name, events)} Made by an older camkit (database version {version}): read-only until "
            "upgrade()."
        )


def _summary(name: str, events: pd.DataFrame) -> str:
    left_out = int(events["excluded"].notna().sum())
    events = events[events["excluded"].isna()]
    counts = events["verdict"].value_counts(sort=False).sort_index()
    verdicts = [f"{count:,} {verdict}" for verdict, count in counts.items()]
    pictures, reviewed = (int(events[column].notna().sum()) for column in ("sha256", "verdict"))
    count = "1 event" if len(events) == 1 else f"{len(events):,} events"
    said = f"Case {name}: {count}, {pictures:,} with a picture, {reviewed:,} reviewed"
    said += f" ({', '.join(verdicts)})" if verdicts else ""
    return f"{said}; {left_out:,} excluded." if left_out else f"{said}."


def _logged_name(event: Any) -> str:
    """Return the name that the badge log gives."""
    return str(json.loads(event.extras).get("cardholder_name", ""))


def _described(event: Any) -> str:
    """Name an event by who, where and when: its label in the log says nothing to a reader."""
    named = "" if pd.isna(event.name) else event.name
    who = named or _logged_name(event) or event.cardholder_id
    where = event.reader_id if pd.isna(event.door) else event.door
    when = local_time(event.event_time.to_pydatetime(), zone_from_text(event.timezone))
    parts = ["unknown" if pd.isna(who) else who, "no reader" if pd.isna(where) else where, when]
    return ", ".join(visible(str(part)) for part in parts)
