"""What `load_badges` returns: the events, and an account of every other row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from functools import partial
from typing import Any

import pandas as pd

from camkit.badges.encoding import UTF_8, UTF_8_MARKED
from camkit.badges.files import SourceFile
from camkit.badges.sentences import SHOWN, and_more, counted, some_lines
from camkit.support.html import block_html, table_html, text_html, visible

SAMPLE_SHA256 = "ed32df494c625f9f43280cc7c900c1ca355267e7ee413f2a30a01fb642644cf2"
"""Of the sample export that ships with camkit: events of invented people."""

SAMPLES = {
    "sample_badges.csv": SAMPLE_SHA256,
    "messy_badges.csv": "11f0c2d568c557849aecbae9ff29b1e4ad0d2b10e050a30eeb3de5a8d04248ef",
    "german_export.csv": "53664ec4561d7f543b728f2c1e2cb94cb82879b7cfda088e9feb9c92c841258c",
    "two_sheets.xlsx": "baef0d277956726970b99d2cd9878617f34244962e895ec609a21583fee1e823",
    "doors.csv": "efce89ed41d6dc1b8fb2667e37fc995def2c55b63267840fbd5265c3f2ee8f21",
}
"""The files in ``data`` that ship with camkit, each with its SHA-256."""


@dataclass(frozen=True, eq=False, repr=False)
class BadgeLog:
    """Badge events, and every other row with the reason why it is not one.

    Attributes
    ----------
    events : pandas.DataFrame
        In the files' order, with a RangeIndex. ``event_time`` (datetime64[us, UTC]), ``cardholder_id``,
        ``reader_id`` (text, missing where the export has none), ``outcome`` (``granted``, ``denied`` or
        ``unknown``), ``kind`` (``swipe``, or an alarm of the door, whose outcome is ``unknown``: ``forced``, ``held``
        open, ``rex``, a request to exit, ``operator``, opened without a card by somebody at a desk), where the export
        has them ``cardholder_name`` and ``credential`` (what was presented, where
        it is not the cardholder's number), then every other column of the export as text (a column ``outcome``
        becomes ``outcome_text``, missing where it says no more than ours), then ``file`` (categorical) and
        ``line`` (int64, counted from 1), where the row starts. ``attrs["timezone"]`` names the site's zone, if it
        is known.
    rejected : pandas.DataFrame
        Rows that could not be read: ``file``, ``line``, ``column``, ``value``, ``reason``.
    duplicates : pandas.DataFrame
        Events that are the same as another one: the columns of `events`, and ``same_as``, the index of the
        event that was kept.
    ignored : pandas.DataFrame
        Rows that are not badge events, such as totals and system messages; columns as in `rejected`.
    files : pandas.DataFrame
        One row per file: ``file``, ``profile``, ``encoding``, ``not_utf8`` (the lines that are not UTF-8 in a file that
        otherwise is), ``delimiter``, ``titles`` (rows above the header), ``rows`` (below it, without
        blank ones; a row with several times, which becomes several events, counts once for each),
        ``dates`` (how day and month were distinguished), ``times`` (how those without an offset were placed, where the
        heading of their column says), ``doubts`` (a list of what may have been misread), ``unknown_outcomes`` (how
        often each word for an outcome occurs that is not known). A text is empty where there was nothing to decide.
    timezone : datetime.tzinfo or None
        The site's zone, for display: the one given, or the one offset that all times have.
    sources : tuple of SourceFile
        The files that were read, each with its SHA-256 at that moment; an archive once.
    given : mapping of str to Any
        The arguments of `load_badges`, by name; None where left out.
    left_out : pandas.DataFrame
        One row for each file in a folder or an archive that was not read: ``file`` (a folder's ends with a slash) and
        ``reason``. What Windows and macOS put into every folder is not listed.
    """

    events: pd.DataFrame
    rejected: pd.DataFrame
    duplicates: pd.DataFrame
    ignored: pd.DataFrame
    files: pd.DataFrame
    timezone: tzinfo | None
    sources: tuple[SourceFile, ...] = ()
    given: Mapping[str, Any] = field(default_factory=dict)
    left_out: pd.DataFrame = field(
        default_factory=partial(pd.DataFrame, columns=["file", "reason"], dtype="str")
    )

    @property
    def is_sample(self) -> bool:
        """Whether it was read from the sample that ships with camkit, byte for byte, and from nothing else."""
        return [source.sha256 for source in self.sources] == [SAMPLE_SHA256]

    @property
    def profile(self) -> str:
        """The profile the files were read by; several are joined with commas."""
        return ", ".join(self.files["profile"].unique())

    @property
    def rows_read(self) -> int:
        """Rows in the files, below the headers and without blank lines."""
        return int(self.files["rows"].sum())

    def summary(self) -> str:
        """Say in a few lines of text what was read and what became of each row."""
        return self._account().summary()

    def problems(self) -> list[str]:
        """Return a sentence for each reason for which rows were rejected or may be misread, or files were not read.

        So are rows that were counted once, or might have been; a log without events is a problem as well.
        """
        return self._account().problems()

    def __repr__(self) -> str:
        return f"BadgeLog\n{self.summary()}"

    def _repr_html_(self) -> str:
        head = self.events.head(SHOWN).drop(columns=["file"])
        if self.timezone is not None:
            head["event_time"] = head["event_time"].dt.tz_convert(self.timezone)
        account, *rest = self.summary().splitlines()
        notes = "<br>".join(text_html(line) for line in rest)
        return block_html(f"<p><b>{account}</b><br>{notes}</p>", table_html(head, na_rep=""))

    def _account(self) -> Account:
        span = self.events["event_time"].agg(["min", "max"]) if len(self.events) else (pd.NaT, pd.NaT)
        return Account(
            {name: len(getattr(self, name)) for name in ("events", "rejected", "duplicates", "ignored")},
            reasons_of(self.rejected, self.ignored),
            self.files,
            self.left_out,
            self.timezone,
            self.events["cardholder_id"].nunique(),
            self.events["reader_id"].nunique(),
            *span,
        )


@dataclass(frozen=True)
class Account:
    """What became of the rows of a log, in words.

    Attributes
    ----------
    counts : dict of str to int
        Of ``events``, ``rejected``, ``duplicates`` and ``ignored``.
    reasons : pandas.DataFrame
        As `reasons_of` returns them.
    files, left_out, timezone
        As those of `BadgeLog`.
    people, readers : int
        How many different ones.
    first, last : pandas.Timestamp
        Of the events; missing if there are none.
    """

    counts: Mapping[str, int]
    reasons: pd.DataFrame
    files: pd.DataFrame
    left_out: pd.DataFrame
    timezone: tzinfo | None
    people: int
    readers: int
    first: pd.Timestamp
    last: pd.Timestamp

    @property
    def profile(self) -> str:
        """The profile the files were read by; several are joined with commas."""
        return ", ".join(self.files["profile"].unique())

    def count_line(self) -> str:
        """Say how many rows there are, and what they are."""
        counts = " + ".join(f"{count:,} {name}" for name, count in self.counts.items())
        return f"{int(self.files['rows'].sum()):,} rows read = {counts}."

    def summary(self) -> str:
        """Say in a few lines of text what was read and what became of each row."""
        lines = [self.count_line(), f"Profile: {self.profile}. {self._zones()}"]
        if self.counts["events"]:
            span = " to ".join((self._local(self.first), self._local(self.last)))
            lines.append(
                f"{counted(self.people, 'cardholder')} at {counted(self.readers, 'reader')}, from {span}."
            )
            lines += self._unknown_outcomes()
        lines += self._about_files()
        for kind in ("rejected", "ignored"):
            of_kind = self.reasons[self.reasons["kind"] == kind]
            rows = (
                of_kind.groupby("reason", sort=False)["rows"]
                .sum()
                .sort_values(ascending=False, kind="stable")
            )
            for reason, count in rows.head(SHOWN).items():
                lines.append(f"{kind.capitalize()}: {count:,} x {reason}.")
            if len(rows) > SHOWN:
                lines.append(
                    f"{kind.capitalize()}: for {counted(len(rows) - SHOWN, 'more reason')}, see .{kind}."
                )
        if len(self.left_out):
            lines.append(f"Not read: {counted(len(self.left_out), 'file')}, see .left_out.")
        return visible("\n".join(lines))

    def _about_files(self) -> list[str]:
        """Say how the first files were read."""
        said = []
        for file in self.files.head(SHOWN).to_dict("records"):
            if file["encoding"] not in (UTF_8, UTF_8_MARKED):
                said.append(f"{file['file']}: encoding {file['encoding']}.")
            for what in ("dates", "times"):
                if file[what]:
                    said.append(f"{file['file']}: {what} {file[what]}.")
        if len(self.files) > SHOWN:
            said.append(f"{counted(len(self.files) - SHOWN, 'more file')}, see .files.")
        return said

    def _zones(self) -> str:
        """Name the site's time zone, or those of the sites of a stored log."""
        zones = [*dict.fromkeys(self.files["timezone"].dropna())] if "timezone" in self.files else []
        if self.timezone is not None or len(zones) < 2:
            return f"Site's time zone: {self.timezone or 'not known'}."
        return f"The sites' time zones: {', '.join(zones[:SHOWN])}{and_more(len(zones))}; times here are UTC."

    def problems(self) -> list[str]:
        """Return a sentence for each reason for which rows were rejected or may be misread, or files were not read."""
        found = [] if self.counts["events"] else ["The log does not have any badge events."]
        for one in self.reasons[self.reasons["kind"] == "rejected"].to_dict("records"):
            more = f", and {one['rows'] - 1:,} more rows" if one["rows"] > 1 else ""
            found.append(f"{one['file']}, line {one['line']}: {one['value']!r}: {one['reason']}{more}.")
        names = self.files["file"]
        for name, doubts in zip(names, self.files["doubts"], strict=True):
            found += [f"{name}: {doubt}." for doubt in doubts]
        found += self._unknown_outcomes()
        what = "bytes that are not UTF-8 were read as cp1252; check these letters"
        strays = zip(names, self.files["not_utf8"], strict=True)
        found += [f"{name}, {some_lines(lines)}: {what}." for name, lines in strays if lines]
        for reason, others in self.left_out.groupby("reason", sort=False)["file"]:
            file = ", ".join(others.head(SHOWN)) + and_more(len(others))
            said = str(reason).rstrip(".")
            found.append(f"Not read: {said if said.startswith(file) else f'{file}: {said}'}.")
        return found

    def _unknown_outcomes(self) -> list[str]:
        """Name the exports' words for an outcome that are not known."""
        words: Counter[str] = Counter()
        for found in self.files["unknown_outcomes"]:
            words.update(found)
        if not words:
            return []
        named = ", ".join(f"{word!r} ({count:,} x)" for word, count in words.most_common(SHOWN))
        more = ", ..." if len(words) > SHOWN else ""
        return [f"Outcome unknown where the export says {named}{more}."]

    def _local(self, moment: pd.Timestamp) -> str:
        # With the offset: letters such as PST and IST mean another place to most readers.
        return moment.tz_convert(self.timezone or "UTC").isoformat(" ", "seconds")


def reasons_of(rejected: pd.DataFrame, ignored: pd.DataFrame) -> pd.DataFrame:
    """Count the rows by kind, file and reason, in the order of the first of each, with its ``line`` and ``value``."""
    entries = pd.concat([rejected.assign(kind="rejected"), ignored.assign(kind="ignored")], ignore_index=True)
    entries["file"] = entries["file"].astype("str")
    by_reason = entries.groupby(["kind", "file", "reason"], sort=False)
    return by_reason.agg(
        rows=("line", "size"), line=("line", "first"), value=("value", "first")
    ).reset_index()
