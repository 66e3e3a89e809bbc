"""`Case`: a folder with everything that was looked at, found and decided."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

import pandas as pd

from camkit.badges import BadgeLog, DoorEvent, DoorEvents, require_resolved
from camkit.cameras import Snapshot
from camkit.case import chain, sources
from camkit.case import decisions as deciding
from camkit.case import events as recording
from camkit.case.bag import free_path, write_bag
from camkit.case.database import Stamp, create_database, find, insert, this_user
from camkit.case.decisions import TAKE_BACK_S, VERDICTS, Chosen, Decision, Verdict, VerdictLabel
from camkit.case.handover import belonging
from camkit.case.images import sync_stored
from camkit.case.record import DATABASE, Record
from camkit.case.report import write_report
from camkit.case.snapshots import add_snapshots
from camkit.errors import CaseError, InputError, OutputError
from camkit.support.files import make_folder, remove_leftovers


class Case(Record):
    """A folder that holds an investigation: events, pictures, verdicts, and what proves them.

    Nothing in it is ever changed or deleted: what is new is added. It can be closed and opened again, and several
    notebooks or threads can have it open at once. If its folder cannot be written, the case can be read, verified and
    exported to elsewhere. Images are in ``images/`` by their SHA-256, everything else is in ``case.sqlite``.

    A case that was made by an older camkit opens in every later one: it can be looked at, verified, reported and
    exported as it is. `upgrade` makes it one that can be added to.

    Parameters
    ----------
    folder : str or path-like
        Made if it is not there.
    operator : str, optional
        Who adds to the case, kept with everything that is added; by default this machine's user.
    name : str, optional
        The case's name; by default the folder's. It is given once, when the case is made.
    make : bool
        Make the case if there is none.
    verdicts : iterable of VerdictLabel, optional
        The verdicts that can be given; by default `camkit.case.VERDICTS`, or those that the case has. They are kept in
        the case with their meanings when it is made; others can be added later, but none can be changed.

    Raises
    ------
    InputError
        If `operator` or `name` is empty, or a verdict has another title, meaning or key in the case, or the key of
        another.
    CaseError
        If the folder's ``case.sqlite`` is something else, is damaged, was made by a newer version of camkit, is a
        case of another name, or is not there and not to be made.
    OutputError
        If the folder cannot be made.

    Examples
    --------
    >>> with Case("out/front-door", operator="R. Investigator") as case:  # doctest: +SKIP
    ...     case.add_events(camkit.resolve(picked, doors))
    ...     case.add_snapshots(snapshots)
    ...     case.record_verdict(0, "match")
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        operator: str | None = None,
        name: str | None = None,
        make: bool = True,
        verdicts: Iterable[VerdictLabel] = (),
    ) -> None:
        path, given = Path(folder).absolute(), [*verdicts]
        if name is not None and not name.strip():
            raise InputError("The case's name is empty: give one, or leave it out.")
        if operator is not None and not operator.strip():
            raise InputError("Say who adds to the case: operator is empty.")
        self._stamp = Stamp(operator.strip() if operator else this_user())
        if not (path / DATABASE).exists():
            if not make:
                raise CaseError(f"{path} does not contain a case: check the path.")
            make_folder(path)
            about = {"name": path.name if name is None else name, **self._stamp.columns("created_at")}
            create_database(
                path / DATABASE,
                about,
                lambda connection: deciding.add_labels(connection, given or VERDICTS, self._stamp),
            )
        super().__init__(path, operator=self._stamp.operator)
        remove_leftovers(path)
        remove_leftovers(path.parent, path.name)  # of its bags
        if name not in (None, self.name):
            self.close()
            raise CaseError(
                f"{self.folder} holds the case {self.name!r}, not {name!r}; choose another folder."
            )
        if given:
            try:
                with self.database.writing() as connection:
                    deciding.add_labels(connection, given, self._stamp)
            except BaseException:
                self.close()
                raise

    def upgrade(self) -> None:
        """Make a case of an older camkit one that can be added to; nothing happens if it can be already.

        The upgrade only adds to the database, and is itself recorded (``table("upgrades")``) and part of the chain:
        `verify` accepts every seal that the case had before. An older camkit cannot open the case afterwards.

        Raises
        ------
        CaseError
            If the tables, views or triggers of the database were altered. Then nothing is changed.
        OutputError
            If the case cannot be written.
        """
        self.database.upgrade(
            self._stamp,
            lambda connection: deciding.add_labels(connection, deciding.VERDICTS_2, self._stamp),
        )

    def add_events(
        self, events: DoorEvents, *, flags: pd.DataFrame | None = None, log: BadgeLog | None = None
    ) -> None:
        """Add badge events, by their labels.

        Parameters
        ----------
        events : DoorEvents
            As `camkit.resolve` returns them. Their labels, whole numbers or text, are the events' names in the case.
        flags : pandas.DataFrame, optional
            As `camkit.flag_events` returns them, for these events and any others.
        log : BadgeLog, optional
            What they were picked from. Events of another log, such as one that was loaded before, are refused then,
            before they are in the case for good.

        Raises
        ------
        InputError
            If `events` is something else or not of `log`, a label is neither a number nor text or stands for another
            event of the case, or `flags` lacks an event. Then nothing is added.
        TimestampError
            If an event has no time.

        Notes
        -----
        An event that is there already, under the same label and saying the same in all columns but ``file`` and
        ``line``, is not added again. Flags may be added to it later.
        """
        require_resolved(events)
        if log is not None:
            sources.check_picked(events, log)
        with self.database.writing() as connection:
            recording.add_events(connection, events, self._stamp)
            if flags is not None:
                recording.add_flags(connection, flags, events.table.index, self._stamp)

    def add_sources(
        self,
        log: BadgeLog,
        *,
        doors: pd.DataFrame | None = None,
        flags: pd.DataFrame | None = None,
        site: sources.Asked | None = None,
    ) -> None:
        """Keep what the case rests on: the exports and the doors file byte for byte, and how they were read.

        Reports and bags then hold them, so that an event can be looked up in the export that it was read from. Also
        kept: each row of the exports that is not an event, and why; what the flags were set to, and the other event
        that a flag rests on, in words; which site was asked, without secrets; the versions of the software. What is
        there already is not added again.

        Parameters
        ----------
        log : BadgeLog
            As `camkit.load_badges` returns it; the case's events were picked from it.
        doors : pandas.DataFrame, optional
            As `camkit.load_doors` returns it. If it was made or changed by hand, it is kept as a table.
        flags : pandas.DataFrame, optional
            As `camkit.flag_events` returns it.
        site : Site, optional
            As `camkit.connect` returns it.

        Raises
        ------
        InputError
            If a file has changed since it was loaded, or is not there any more, or an event of the case is not in the
            log. Then nothing is added.
        OutputError
            If a file cannot be written to the case's folder.
        """
        with self.database.reading() as connection:
            sources.check_log(connection, log)
        stored = sources.store_documents(self.folder, log, doors)
        sync_stored(self.folder, [str(row["path"]) for row in stored])
        with self.database.writing() as connection:
            sources.add_documents(connection, stored, self._stamp)
            sources.add_settings(connection, sources.settings_of(log, flags, site), self._stamp)
            sources.add_evidence(connection, log, doors, self._stamp)

    def add_snapshots(
        self, snapshots: Iterable[Snapshot], *, camera_names: Mapping[str, str] | None = None
    ) -> None:
        """Add what the cameras saw, or why they saw nothing, and what the directory said.

        Parameters
        ----------
        snapshots : Snapshots or iterable of Snapshot
            Of events that are in the case. An event may have several, such as those of several cameras, or the frames
            before and after.
        camera_names : mapping of str to str, optional
            The cameras' names by their ids.

        Raises
        ------
        CaseError
            If an event is not in the case.
        InputError
            If a snapshot is from another badge log than the event with its label, a picture is of another
            camera than its snapshot, or does not have the SHA-256 that it claims.
        OutputError
            If an image cannot be written. Those before it are in the case.

        Notes
        -----
        Each image is on disk before the database knows it. The same picture of the same event, asked for again with
        the same result, is not added again: the first retrieval is kept.
        """
        add_snapshots(self.database, self.folder, snapshots, self._stamp, camera_names or {})

    def choose(self, event: Snapshot | DoorEvent | int | str, sha256: str) -> None:
        """Say which of an event's pictures shows it best.

        Until then it is the main camera's picture that was asked for nearest to the event.

        Raises
        ------
        CaseError
            If the event (a label, or a snapshot of it) or that picture of it is not in the case.
        """
        with self.database.writing() as connection:
            self._choose(connection, recording.label_of(event), sha256)

    def record_verdict(
        self,
        event: Snapshot | DoorEvent | int | str,
        verdict: Verdict | str,
        note: str | None = None,
        *,
        image: str | Chosen | None = Chosen.PICTURE,
    ) -> Decision:
        """Add this operator's verdict on an event, and return it as recorded; earlier ones stay.

        The latest of each operator counts. If two operators differ, the event is disputed. The same verdict on the same
        picture, given again, is not added again.

        Parameters
        ----------
        event : int, str, DoorEvent or Snapshot
            The event's label, or the event or a snapshot of it.
        verdict : Verdict or str
            The name of one of `labels`.
        note : str, optional
            Why: recorded as with `record_note`.
        image : str or None
            SHA-256 of the picture that was looked at; None if there was none. By default the one that stands for the
            event already. Either is then the event's chosen picture: one that comes later does not take its place.

        Raises
        ------
        InputError
            If the verdict is not one of the case's, or says what is in a picture although there is none.
        CaseError
            If the event, or that picture of it, is not in the case. Then nothing is added.
        """
        label = recording.label_of(event)
        with self.database.writing() as connection:
            recording.known_event(connection, label)
            if image is Chosen.PICTURE:
                query = "SELECT image FROM chosen WHERE event IS ?"
                (image,) = connection.execute(query, [label]).fetchone() or (None,)
            known = deciding.read_labels(connection)
            deciding.check_verdict(known, verdict, has_picture=image is not None)
            if note is not None:
                self._note(connection, label, note)
            last = deciding.last_of(connection, label, self.operator)
            if last is None or (last["verdict"], last["image"]) != (verdict, image):
                row = {"event": label, "verdict": str(verdict), "image": image}
                row["choice"] = self._choose(connection, label, image) if image else None
                last = {**row, **self._stamp.columns("decided_at")}
                insert(connection, "decisions", last)
            elif image:
                self._choose(connection, label, image)  # another one may have been chosen since
        return Decision.from_row(last)

    def withdraw_verdict(
        self, event: Snapshot | DoorEvent | int | str, given: Decision | None = None
    ) -> None:
        """Take back a slip: this operator's latest verdict on an event, if it was given within the last seconds.

        It then counts nowhere and is in no report, and the picture that it chose is as before. A note stays.

        Parameters
        ----------
        event : int, str, DoorEvent or Snapshot
            The event's label, or the event or a snapshot of it.
        given : Decision, optional
            The verdict that is meant, as `record_verdict` returned it; by default whichever is the latest.

        Raises
        ------
        InputError
            If there is none, it was given more than `TAKE_BACK_S` ago, it is not the latest, or the clock is behind
            what was recorded since. Then it stays.
        CaseError
            If the event is not in the case.
        """
        label = recording.label_of(event)
        with self.database.writing() as connection:
            recording.known_event(connection, label)
            last = deciding.last_of(connection, label, self.operator)
            if last is None or last["decision"] is None:
                raise InputError(
                    f"{self.operator} has given no verdict on this event that can be taken back."
                )
            latest = Decision.from_row(last)
            if given not in (None, latest):
                raise InputError(
                    f"{self.operator} has given another verdict on this event meanwhile; it can only be taken back "
                    "where it was given."
                )
            if not latest.can_be_taken_back():
                raise InputError(
                    f"A verdict can be taken back for {TAKE_BACK_S:g} s; after that it stays. Give another one: the "
                    "latest counts."
                )
            row = {"decision": last["decision"], **self._stamp.columns("withdrawn_at")}
            if row["withdrawn_at"] < chain.latest_time(connection):
                raise InputError(
                    "The verdict cannot be taken back: by this machine's clock, it is earlier now than when something "
                    "was last added to the case. Give another one: the latest counts."
                )
            insert(connection, "withdrawals", row)

    def record_note(self, event: Snapshot | DoorEvent | int | str, note: str) -> None:
        """Keep what this operator notes on an event; earlier notes stay, the latest counts, an empty one says nothing.

        Raises
        ------
        CaseError
            If the event is not in the case.
        """
        label = recording.label_of(event)
        with self.database.writing() as connection:
            recording.known_event(connection, label)
            self._note(connection, label, note)

    def exclude(self, event: Snapshot | DoorEvent | int | str, reason: str) -> None:
        """Leave an event out of reports, tables and bags, such as one that was picked by mistake.

        It stays in the case, with its pictures, and reports say how many events are left out and why.

        Raises
        ------
        InputError
            If no reason is given.
        CaseError
            If the event is not in the case.
        """
        if not reason.strip():
            raise InputError("Say why the event is left out: case.exclude(event, reason).")
        self._exclude(event, reason, is_excluded=True)

    def include(self, event: Snapshot | DoorEvent | int | str, reason: str = "") -> None:
        """Take an excluded event in again; nothing happens if it is not excluded.

        Raises
        ------
        CaseError
            If the event is not in the case.
        """
        self._exclude(event, reason, is_excluded=False)

    def _exclude(self, event: Snapshot | DoorEvent | int | str, reason: str, *, is_excluded: bool) -> None:
        label = recording.label_of(event)
        with self.database.writing() as connection:
            recording.known_event(connection, label)
            query = "SELECT reason FROM excluded WHERE event IS ?"
            last = connection.execute(query, [label]).fetchone()
            if last != ((reason,) if is_excluded else None):
                row = {"event": label, "is_excluded": int(is_excluded), "reason": reason}
                belongs = belonging(connection, label) if is_excluded else None
                insert(
                    connection,
                    "exclusions",
                    {**row, "belongs": belongs, **self._stamp.columns("excluded_at")},
                )

    def _note(self, connection: sqlite3.Connection, label: int | str, note: str) -> None:
        query = "SELECT note FROM noted WHERE event IS ? AND operator IS ?"
        (last,) = connection.execute(query, [label, self.operator]).fetchone() or ("",)
        if note != last:
            row = {"event": label, "note": str(note)}
            insert(connection, "notes", {**row, **self._stamp.columns("noted_at")})

    def _choose(self, connection: sqlite3.Connection, label: int | str, sha256: str) -> int | None:
        """Add a choice and return its number; None if it is the last one already."""
        recording.known_event(connection, label)
        row = {"event": label, "image": sha256}
        if find(connection, "snapshots", row) is None:
            raise CaseError(
                f"Event {label} has no picture {sha256!r} in this case; add it with add_snapshots()."
            )
        last = connection.execute("SELECT image FROM last_choices WHERE event IS ?", [label]).fetchone()
        if last == (sha256,):
            return None
        return insert(connection, "choices", {**row, **self._stamp.columns("chosen_at")})

    def report(self, path: str | os.PathLike[str] | None = None, *, now: datetime | None = None) -> Path:
        """Write a report in HTML, with all pictures in it, that opens offline and prints well; return its path.

        A case of up to 300 events has one page. A larger one has a page about the whole case, which is returned, and
        a folder beside it, such as ``report.html-pages``, with the events by their time, 300 a page; keep both.

        Parameters
        ----------
        path : str or path-like, optional
            A file, or a folder for ``report.html``, by default the case's; an existing file is replaced,
            and so are the pages of an earlier report.
        now : datetime.datetime, optional
            The time to put on it, UTC-aware; by default the present. Everything else follows from the case.

        Raises
        ------
        OutputError
            If it cannot be written.
        """
        path = self.folder if path is None else Path(path)
        return write_report(self, path / "report.html" if path.is_dir() else path, now, self.verify())

    def export(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        organization: str = "",
        now: datetime | None = None,
    ) -> Path:
        """Write a BagIt 1.0 bag (RFC 8493), zipped: images, exports, database, report, tables, and how to check them.

        Its path is returned; `camkit.link` shows what to note of it. What belongs to an excluded event only is not in
        it, and it says how many are left out and why. While an event has no verdict, it says that it is a draft. An
        unchanged case, exported with the same `now`, gives the same content.

        Parameters
        ----------
        path : str or path-like, optional
            The zip file, ``.zip`` added where it is missing; by default beside the case's folder, with its name and, if
            there is a bag already, a number. A bag is never replaced.
        organization : str
            Who hands it over: ``Source-Organization`` in ``bag-info.txt``.
        now : datetime.datetime, optional
            The time of the export, UTC-aware; by default the present.

        Raises
        ------
        CaseError
            If the case is not as it was recorded: an image is missing or altered.
        OutputError
            If it cannot be written, or there is a file of that name.
        """
        if path is None:
            while True:
                free = free_path(self.folder)
                try:
                    return write_bag(self, free, organization, now)
                except OutputError:
                    if not free.exists():  # else somebody took the name meanwhile
                        raise
        path = Path(path)
        zipped = path if path.suffix.lower() == ".zip" else path.with_name(f"{path.name}.zip")
        return write_bag(self, zipped, organization, now)
