"""`Case`: a folder with everything that was looked at, found and decided."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo
from pathlib import Path

import pandas as pd

from camkit.cameras import Snapshot
from camkit.case import chain, decisions, pictures, tables
from camkit.case import events as recording
from camkit.case.database import Database, Stamp, this_user
from camkit.case.decisions import CHOSEN, Verdict
from camkit.case.events import label_of
from camkit.case.images import image_path, read_image
from camkit.case.show import case_html, summary
from camkit.case.verify import Verification, verify
from camkit.errors import CaseError
from camkit.support.files import make_folder

DATABASE = "case.sqlite"


class Case:
    """A folder that holds an investigation: events, pictures, verdicts, and what proves them.

    Nothing in it is ever changed or deleted: what is new is added. It can be closed and opened again, and several
    notebooks or threads can have it open at once. Where its folder cannot be written, it can be read, verified and
    exported to elsewhere. Images are in ``images/`` by their SHA-256, everything else is in ``case.sqlite``.

    Parameters
    ----------
    folder : str or path-like
        Made if it is not there.
    operator : str, optional
        Who adds to the case, kept with all that is added; by default this machine's user.
    name : str, optional
        The case's name; by default the folder's. It is given once, when the case is made.
    make : bool
        Make the case if there is none.

    Raises
    ------
    CaseError
        If the folder's ``case.sqlite`` is something else, is damaged, was made by another version of camkit, is a
        case of another name, or is not there and not to be made.
    OutputError
        If the folder cannot be made.

    Examples
    --------
    >>> with Case("out/front-door", operator="R. Investigator") as case:  # doctest: +SKIP
    ...     case.add_events(picked, timezone="America/Denver")
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
    ) -> None:
        if not (make or (Path(folder) / DATABASE).exists()):
            raise CaseError(f"There is no case in {folder}: check the path.")
        self.folder = make_folder(Path(folder)).absolute()
        self.operator = operator or this_user()
        self._stamp = Stamp(self.operator)
        about = {"name": name or self.folder.name, **self._stamp.columns("created_at")}
        self.database = Database(self.folder / DATABASE, about)
        self.name = self.database.case_name
        if name not in (None, self.name):
            self.close()
            raise CaseError(
                f"{self.folder} holds the case {self.name!r}, not {name!r}; choose another folder."
            )

    def add_events(
        self, events: pd.DataFrame, *, timezone: tzinfo | str | None = None, flags: pd.DataFrame | None = None
    ) -> None:
        """Add badge events, by their labels.

        Parameters
        ----------
        events : pandas.DataFrame
            Events as `camkit.load_badges` gives them, all or some. The labels in the index, whole numbers or text,
            are the events' names in the case.
        timezone : datetime.tzinfo or str, optional
            The site's zone, in which times are shown; by default the one in ``events.attrs["timezone"]``, else UTC.
        flags : pandas.DataFrame, optional
            As `camkit.flag_events` gives them, for these events and any others.

        Raises
        ------
        InputError
            If a column is missing, a label is no number or text or stands for another event of the case, or `flags`
            lacks an event. Then nothing is added.
        TimestampError
            If ``event_time`` has no zone or has gaps.

        Notes
        -----
        An event that is there already, under the same label and saying the same in all columns but ``file`` and
        ``line``, is not added again. Flags may be added to it later.
        """
        with self.database.writing() as connection:
            recording.add_events(connection, events, timezone, self._stamp)
            if flags is not None:
                recording.add_flags(connection, flags, events.index, self._stamp)

    def add_snapshots(
        self, snapshots: Iterable[Snapshot], *, camera_names: Mapping[str, str] | None = None
    ) -> None:
        """Add what the cameras saw, or why they saw nothing, and what the directory said.

        Parameters
        ----------
        snapshots : Snapshots or iterable of Snapshot
            Of events that are in the case. An event may have several, such as the frames before and after.
        camera_names : mapping of str to str, optional
            The cameras' names by their ids; where there is none, the door's name tells which camera it is.

        Raises
        ------
        CaseError
            If an event is not in the case.
        InputError
            If a snapshot is of another badge log than the event with its label.
        OutputError
            If an image cannot be written. Those before it are in the case.

        Notes
        -----
        Each image is on disk before the database knows it. The same picture of the same event, asked for again with
        the same result, is not added again: the first retrieval stands.
        """
        for snapshot in snapshots:
            pictures.add_snapshot(self.database, self.folder, snapshot, self._stamp, camera_names or {})

    def choose(self, event: Snapshot | int | str, sha256: str) -> None:
        """Say which of an event's pictures shows it best; until then it is the one asked for nearest to it.

        Raises
        ------
        CaseError
            If the event (a label, or a snapshot of it) or that picture of it is not in the case.
        """
        with self.database.writing() as connection:
            decisions.choose(connection, label_of(event), sha256, self._stamp)

    def record_verdict(
        self,
        event: Snapshot | int | str,
        verdict: Verdict | str,
        note: str = "",
        *,
        image: str | None = CHOSEN,
    ) -> None:
        """Add a verdict on an event; earlier ones stay, the latest counts.

        Parameters
        ----------
        event : int, str or Snapshot
            The event's label, or a snapshot of it.
        verdict : Verdict or str
            ``match``, ``mismatch``, ``unclear`` or ``nobody``.
        note : str
            Why.
        image : str or None
            SHA-256 of the picture that was looked at, which then stands for the event; None if there was none. By
            default the one that was chosen before.

        Raises
        ------
        InputError
            If there is no such verdict.
        CaseError
            If the event, or that picture of it, is not in the case. Then nothing is added.
        """
        with self.database.writing() as connection:
            decisions.record_verdict(connection, label_of(event), verdict, note, image, self._stamp)

    def events(self) -> pd.DataFrame:
        """Return one row per event, with its chosen picture and its latest verdict.

        Returns
        -------
        pandas.DataFrame
            Indexed by the events' labels, in the order they were added. Among its columns: ``event_time`` (by the
            reader's clock), ``name`` (the directory's), ``access`` (what the reader did), ``outcome`` and ``reason``
            (of asking for a picture; missing where nobody asked), ``pictures`` (how many), the chosen one's ``sha256``
            and ``seen_at`` (its moment by the camera's clock: what the vendor gave, else what was asked for),
            ``flags`` (in words), ``verdict``, ``note``, ``decided_at``. The dtypes are as in `table`.
        """
        return self.table("events").set_index("event")

    def verdicts(self) -> pd.DataFrame:
        """Return every verdict, in the order given, each with the ``image`` that was looked at."""
        return self.table("verdicts")

    def table(self, name: str) -> pd.DataFrame:
        """Return a table of the case.

        Parameters
        ----------
        name : str
            ``about``, ``events``, ``snapshots``, ``requests``, ``verdicts``, ``choices``, ``flags``, ``cardholders``
            or ``images``.

        Returns
        -------
        pandas.DataFrame
            Times datetime64[us, UTC]; seconds (``…_s``) float64; counts Int64; events' labels Int64, or object if
            one is text; other text string. The database says what each column means: ``sqlite3 case.sqlite .schema``.

        Raises
        ------
        InputError
            If there is no such table.
        """
        with self.database.reading() as connection:
            return tables.read_table(connection, name)

    def image(self, sha256: str) -> bytes:
        """Return a picture or a photo, unchanged; `CaseError` if it is not there or is altered."""
        with self.database.reading() as connection:
            found = connection.execute("SELECT path FROM images WHERE sha256 = ?", [sha256]).fetchone()
        if found is None:
            raise CaseError(f"There is no image {sha256!r} in this case.")
        return read_image(image_path(self.folder, found[0]), sha256)

    def seal(self) -> str:
        """Return a hash over all that was added so far, in hexadecimal, to be noted elsewhere; see `verify`."""
        with self.database.reading() as connection:
            return chain.seal(connection)

    def verify(self, seal: str | None = None) -> Verification:
        """Hash every image anew, hold every row against the chain of hashes, and list everything that is wrong.

        Parameters
        ----------
        seal : str, optional
            A seal that the case had once, such as its report or bag says.

        Returns
        -------
        Verification
            What was found. Without a seal from elsewhere, it does not show that the last rows were taken out or that
            somebody made the chain anew from some row on; with it, all that was there when it was noted is proven
            to be there still, unchanged. `InputError` if `seal` does not look like one.
        """
        return verify(self.database, self.folder, self.name, seal)

    def report(self, path: str | os.PathLike[str] | None = None, *, now: datetime | None = None) -> Path:
        """Write a report, one HTML page with all pictures in it, that opens offline and prints well.

        Parameters
        ----------
        path : str or path-like, optional
            A file, or a folder to have ``report.html`` in, by default the case's; an existing file is replaced.
        now : datetime.datetime, optional
            The time to put on it, UTC-aware; by default the present. Everything else follows from the case.

        Returns
        -------
        pathlib.Path
            The file; `OutputError` if it cannot be written.
        """
        from camkit.case.report import write_report

        path = self.folder if path is None else Path(path)
        return write_report(self, path / "report.html" if path.is_dir() else path, now)

    def export_tables(self, folder: str | os.PathLike[str]) -> list[Path]:
        """Write each table as CSV, safe to open in a spreadsheet, and as Parquet; return the files."""
        with self.database.reading() as connection:
            return tables.export_tables(connection, Path(folder))

    def export(
        self, path: str | os.PathLike[str], *, organization: str = "", now: datetime | None = None
    ) -> Path:
        """Write a BagIt 1.0 bag (RFC 8493), zipped: images, database, report, tables, and how to check them.

        Parameters
        ----------
        path : str or path-like
            The zip file, ``.zip`` added where it is missing; an existing one is replaced.
        organization : str
            Who hands it over: ``Source-Organization`` in ``bag-info.txt``.
        now : datetime.datetime, optional
            The time of the export, UTC-aware; by default the present.

        Returns
        -------
        pathlib.Path
            The file.

        Raises
        ------
        CaseError
            If the case is not as it was recorded: an image is missing or altered.
        OutputError
            If it cannot be written.
        """
        from camkit.case.bag import write_bag

        path = Path(path)
        zipped = path if path.suffix.lower() == ".zip" else path.with_name(f"{path.name}.zip")
        return write_bag(self, zipped, organization, now)

    def close(self) -> None:
        """Close the database; a second time does nothing."""
        self.database.close()

    def __enter__(self) -> Case:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Case {self.name}: closed." if self.database.closed else summary(self.name, self.events())

    def _repr_html_(self) -> str | None:
        return None if self.database.closed else case_html(self.name, self.events())
