"""The event picker: the view of `camkit.review.picker_state.PickState`."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Hashable, Iterable
from contextlib import suppress
from datetime import datetime, tzinfo
from functools import partial
from typing import Any

import ipywidgets as ipw
import pandas as pd
from itables.widget import ITable

from camkit.badges import BadgeLog
from camkit.case import Record
from camkit.directory import Directory, SheetDirectory
from camkit.errors import CamkitError, InputError, TimestampError
from camkit.review.loading import BackgroundJobs
from camkit.review.picker_state import Filters, PickState, choices
from camkit.review.picks import KeptPicks
from camkit.support.html import LITERAL, text_html, visible

TABLE_OPTIONS: dict[str, Any] = {
    "select": {"style": "multi+shift", "keys": True},
    # The table's own search would hide rows that "Pick all shown" picks: the fields above it search.
    # The pages are on the left, where a wide table does not move them off the screen, and long cells are wrapped.
    "layout": {"topStart": None, "topEnd": None, "bottomStart": "paging", "bottomEnd": "pageLength"},
    "style": "width:100%",
    "classes": "display compact",
    "columnDefs": [{"targets": [0, 1, 2], "className": "dt-body-nowrap"}],
    "showIndex": False,
    "maxBytes": 0,  # no limit: every row is in the table
    "text_in_header_can_be_selected": False,  # a click anywhere on a column's title sorts by it
}
NAMES = 25
"""The most numbers that a web directory is asked for at a press of the button."""

HINT = (
    "Times are in {zone}. Click a row to pick it or to remove the pick, Shift-click for all rows up to it; "
    "with the keyboard: Tab to a row, then Space."
)


class EventPicker(ipw.VBox):
    """Search badge events and pick some of them.

    Parameters
    ----------
    events : BadgeLog or pandas.DataFrame
        Badge events: what `load_badges` returns, or some of its events.
    default : pandas.DataFrame, int or iterable of index labels, optional
        What is picked at the start, and so in a run without a browser: rows of `events`, the first n rows, or
        rows by their labels. Nothing if not given.
    timezone : datetime.tzinfo or str, optional
        The site's zone, in which times are shown and typed; by default the one in ``events.attrs["timezone"]``, else
        UTC.
    sample_picks : int
        How many events, from the top, are picked at the start if the log is the sample that ships with camkit, so that
        the notebooks run by themselves. Nothing of any other log is picked before the user picks it.
    begun : Record or pandas.DataFrame, optional
        A `Case`, or its events as `Case.events` returns them: if there are any, they are picked instead. A case also
        gives the filter "Not reviewed yet".
    flags : pandas.DataFrame, optional
        What looks odd about the events, as `flag_events` returns it: a column with each event's flags in words, and a
        filter.
    directory : Directory, optional
        Gives the cardholders' names, ``site.directory``. One that `load_directory` read gives them all; a web
        directory is asked at the press of a button, for the first `NAMES` numbers in the table that have no name yet.
    keep : str or path-like, optional
        A file of picks, JSON, made at the first pick. If it is there, its events are picked instead of the default,
        found by what they say, so that it may come from another notebook, or from an export that has grown since.

    Attributes
    ----------
    picked : pandas.DataFrame
        The picked rows of the events, in their order, with their labels, columns and dtypes; `InputError` as long as
        nothing is picked, so that the cells below do nothing.

    Raises
    ------
    TimestampError
        If ``event_time`` is not UTC-aware, or the zone is unknown.
    InputError
        If a needed column is missing, `default` has events that are not there, `begun` is of another log, the flags
        do not cover the events, or `keep` is a file of something else.

    Notes
    -----
    A click on a row picks it, or removes the pick; with Shift, all rows from the last one clicked. Filters hide
    events, they do not change the picks.
    """

    def __init__(
        self,
        events: BadgeLog | pd.DataFrame,
        default: pd.DataFrame | int | Iterable[Hashable] | None = None,
        timezone: tzinfo | str | None = None,
        *,
        sample_picks: int = 0,
        begun: Record | pd.DataFrame | None = None,
        flags: pd.DataFrame | None = None,
        directory: Directory | None = None,
        keep: str | os.PathLike[str] | None = None,
    ) -> None:
        if isinstance(events, BadgeLog):
            if events.is_sample and default is None:
                default = sample_picks
            events = events.events
        self._directory, self._keep = directory, KeptPicks(keep) if keep is not None else None
        case, of_case = (begun, begun.events()) if isinstance(begun, Record) else (None, begun)
        self.state = state = PickState(
            events,
            default,
            timezone,
            begun=of_case,
            flags=flags,
            keep=self._keep,
            decided=partial(_decided, case) if case else lambda: pd.Index([]),
        )
        if isinstance(directory, SheetDirectory):
            state.names = directory.names_of(events["cardholder_id"].dropna().unique())
        self._found: dict[str, str] = {}
        self._lock = threading.RLock()  # names come in another thread
        self._lookups = BackgroundJobs(
            self._look_up, close=getattr(directory, "close", lambda: None), ended=self._names_came, at_once=4
        )
        self._make_controls(events)
        self._show()
        self._say_what_is_kept()
        # The text of every part is shown as it is.
        super().__init__(self._laid_out(is_case=case is not None), _dom_classes=LITERAL)

    def _make_controls(self, events: pd.DataFrame) -> None:
        """Make one widget for each thing that is read, pressed, chosen or typed."""
        state = self.state
        self.start = _text_field("From", state.local(events["event_time"].min()))
        self.end = _text_field("To", state.local(events["event_time"].max()))
        self.cardholder = _text_field("Cardholder", "part of number or name")
        self.text = _text_field("Other text", "in any other column")
        self.readers = _choice_field("Reader", events["reader_id"])
        self.outcomes = _choice_field("Outcome", events["outcome"])
        self.kinds = _choice_field("Kind", events["kind"] if "kind" in events else pd.Series(["swipe"]))
        self.flags = _choice_field("Flags", pd.Series(state.flags or []), width="42em")
        self.undecided = ipw.Checkbox(description="Not reviewed yet", indent=False)
        self.ask_names = ipw.Button(description="Names from the directory", layout=ipw.Layout(width="auto"))
        self.pick_all = ipw.Button(description="Pick all shown")
        self.clear = ipw.Button(description="Clear picks")
        self.show_all = ipw.Button(description="Show all", tooltip="Empty all the fields above")
        self.message, self.status, self.kept = ipw.HTML(), ipw.HTML(), ipw.HTML()
        self._place = ipw.Box(layout=ipw.Layout(overflow="auto", min_height="25em"))
        self._fields = (
            self.start, self.end, self.cardholder, self.text, self.undecided, self.readers, self.outcomes, self.kinds,
            self.flags,
        )  # fmt: skip
        for field in self._fields:
            field.observe(self._filter, "value")
        self.show_all.on_click(self._show_all)
        self.pick_all.on_click(self._pick_all)
        self.clear.on_click(self._clear)
        self.ask_names.on_click(self._ask_names)

    def _laid_out(self, *, is_case: bool) -> list[ipw.Widget]:
        """Return the controls in their places, without those that have nothing to offer."""
        is_web = self._directory is not None and not isinstance(self._directory, SheetDirectory)
        typed = [self.start, self.end, self.cardholder, self.text, *([self.undecided] if is_case else [])]
        chosen = [self.readers, self.outcomes]
        chosen += [self.kinds] if len(self.kinds.options) > 1 else []
        chosen += [self.flags] if self.state.flags is not None else []
        return [
            ipw.HBox([ipw.VBox(typed), *chosen], layout=ipw.Layout(flex_flow="row wrap")),
            self.message,
            ipw.HBox(
                [self.show_all, self.pick_all, self.clear, *([self.ask_names] if is_web else []), self.status]
            ),
            self.kept,
            ipw.HTML(f"<small>{text_html(HINT.format(zone=self.state.zone))}</small>"),
            self._place,
        ]

    @property
    def picked(self) -> pd.DataFrame:
        """The picked events; `InputError` as long as there are none."""
        picked = self.state.picked
        if picked.empty:
            raise InputError(
                "No events are picked. Pick some in the table above, then run this cell and those below it (menu Run, "
                "Run Selected Cell and All Below)."
            )
        return picked

    @property
    def table(self) -> ITable:
        """The table on display; its `selected_rows` are the picks among the rows shown."""
        return self._place.children[0]

    def __repr__(self) -> str:
        # A page that was loaded again shows this.
        return f"EventPicker: {self.state.summary()} when this cell ran; run it again to pick"

    def _filter(self, _change: Any) -> None:
        """Show the events that match the fields; a time that cannot be read is reported and not applied."""
        problems: list[str] = []
        filters = Filters(
            start=self._read(self.start, problems),
            end=self._read(self.end, problems, is_end=True),
            cardholder=self.cardholder.value,
            readers=self.readers.value,
            outcomes=self.outcomes.value,
            text=self.text.value,
            kinds=self.kinds.value,
            flags=self.flags.value,
            undecided=self.undecided.value,
        )
        if filters.start and filters.end and filters.start >= filters.end:
            problems.append("From is later than To: no event can match.")
        try:
            self.state.show(filters)
        except CamkitError as error:  # the case is gone
            problems.append(str(error))
        self.message.value = _alert(problems) or self._about_names(filters.cardholder)
        self._show()

    def _about_names(self, searched: str) -> str:
        """Say that a name cannot be found, as HTML, if one is searched for and there are none."""
        if self.state.has_names or not any(map(str.isalpha, searched)):
            return ""
        ask = "" if self._directory is None else f" Press “{self.ask_names.description}” first."
        return f'<div role="status">This log has no names, so only numbers are searched.{ask}</div>'

    def _read(self, field: ipw.Text, problems: list[str], is_end: bool = False) -> datetime | None:
        """Return the time in a field; what is wrong with it is added to the problems."""
        try:
            return self.state.read_time(field.value, is_end=is_end)
        except TimestampError as error:
            problems.append(f"{field.description} is not applied: {error}")
            return None

    def _show(self) -> None:
        """Show a new table: after a change of its rows, a table no longer reports clicks (itables 2.9)."""
        with self._lock:
            self._show_table()
        self._show_status()

    def _show_table(self) -> None:
        table = ITable(
            self.state.table().map(visible).rename(columns=visible),
            selected_rows=self.state.picked_in_table(),
            **TABLE_OPTIONS,
        )
        table.observe(self._select, "selected_rows")
        old, self._place.children = self._place.children, [table]
        for closing in old:
            closing.close()

    def _show_status(self) -> None:
        self.status.value = (
            f'<span role="status" style="margin-left:1em">{text_html(self.state.summary())}</span>'
        )

    def _select(self, change: Any) -> None:
        self._pick(partial(self.state.pick_in_table, change["new"]))

    def _show_all(self, _button: Any) -> None:
        for field in self._fields:
            field.value = type(field.value)()

    def _pick_all(self, _button: Any) -> None:
        self.table.selected_rows = list(range(len(self.state.shown)))

    def _clear(self, _button: Any) -> None:
        self._pick(self.state.clear)
        self.table.selected_rows = []

    def _pick(self, action: Callable[[], None]) -> None:
        """Pick, and say of picks that cannot be kept why; no cell can show it."""
        try:
            action()
        except CamkitError as error:
            self.kept.value = _alert([f"The picks are not kept: {error}"])
        self._show_status()

    def _say_what_is_kept(self) -> None:
        """Say which of the kept picks are picked again, and which are not in this log."""
        if self._keep is None:
            return
        found, lost = self.state.found, self.state.not_found
        said = [
            f"{found:,} of the picks in {self._keep.path} are in this log and picked." if found else "",
            f"Of the events picked before, {lost:,} are not in this log; they stay in {self._keep.path}."
            if lost
            else "",
        ]
        self.kept.value = text_html(" ".join(filter(None, said)))

    def _ask_names(self, _button: Any) -> None:
        self.ask_names.disabled = True
        self._lookups.want(self.state.nameless(NAMES))
        if not self._lookups.busy:
            self.ask_names.disabled = False

    def _look_up(self, number: str) -> None:
        """Ask the directory for one name, in the background."""
        if self._directory is not None:
            self._found[number] = ""  # then it is not asked again
            with suppress(Exception):  # a directory of the user's own; without a name the number stays
                self._found[number] = self._directory.lookup(number).name

    def _names_came(self) -> None:
        self.state.names = {**self.state.names, **self._found}
        self.ask_names.disabled = False
        self._filter(None)


def _text_field(label: str, example: str) -> ipw.Text:
    """Make a field that is read when it loses the focus or Enter is pressed."""
    return ipw.Text(
        description=label, placeholder=example, continuous_update=False, layout=ipw.Layout(width="25em")
    )


def _choice_field(label: str, column: pd.Series, width: str = "18em") -> ipw.SelectMultiple:
    """Make a list of a column's values; none selected means all."""
    options = [(visible(value), value) for value in sorted(choices(column).unique())]
    return ipw.SelectMultiple(description=label, options=options, rows=7, layout=ipw.Layout(width=width))


def _decided(case: Record) -> pd.Index:
    """Return the labels of the case's events that have a verdict or are left out."""
    events = case.events()
    return events.index[events["verdict"].notna() | events["excluded"].notna()]


def _alert(problems: list[str]) -> str:
    """Return the problems as HTML that a screen reader speaks at once; empty without any."""
    return (
        f'<div role="alert" style="color:#B00020">{text_html(" ".join(problems))}</div>' if problems else ""
    )
