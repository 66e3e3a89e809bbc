"""The event picker: the view of `camkit.review.picker_state.PickState`."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from datetime import datetime, tzinfo
from typing import Any

import ipywidgets as ipw
import pandas as pd
from itables.widget import ITable

from camkit.badges import BadgeLog
from camkit.errors import InputError, TimestampError
from camkit.review.picker_state import Filters, PickState, check_same_log, choices
from camkit.support.html import LITERAL, text_html, visible

TABLE_OPTIONS: dict[str, Any] = {
    "select": {"style": "multi+shift", "keys": True},
    # The table's own search would hide rows that "Pick all shown" picks: the fields above it search.
    "layout": {"topStart": None, "topEnd": None, "bottomStart": "pageLength"},
    "style": "width:100%",
    "showIndex": False,
    "maxBytes": 0,  # no limit: every row is in the table
}
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
    begun : pandas.DataFrame, optional
        The events of a case, as `Case.events` returns them: if there are any, they are picked instead.

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
        If a needed column is missing, `default` has events that are not there, or `begun` is of another log.

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
        begun: pd.DataFrame | None = None,
    ) -> None:
        if isinstance(events, BadgeLog):
            if events.is_sample and default is None:
                default = sample_picks
            events = events.events
        if begun is not None and not begun.empty:
            check_same_log(events, begun)
            default = begun
        self.state = state = PickState(events, default, timezone)
        self.start = _text_field("From", state.local(events["event_time"].min()))
        self.end = _text_field("To", state.local(events["event_time"].max()))
        self.cardholder = _text_field("Cardholder", "part of number or name")
        self.text = _text_field("Other text", "in any other column")
        self.readers = _choice_field("Reader", events["reader_id"])
        self.outcomes = _choice_field("Outcome", events["outcome"])
        self.pick_all = ipw.Button(description="Pick all shown")
        self.clear = ipw.Button(description="Clear picks")
        self.message, self.status = ipw.HTML(), ipw.HTML()
        self._place = ipw.Box(layout=ipw.Layout(overflow="auto", min_height="25em"))
        self._show()
        typed = [self.start, self.end, self.cardholder, self.text]
        for field in (*typed, self.readers, self.outcomes):
            field.observe(self._filter, "value")
        self.pick_all.on_click(self._pick_all)
        self.clear.on_click(self._clear)
        super().__init__(
            [
                ipw.HBox([ipw.VBox(typed), self.readers, self.outcomes]),
                self.message,
                ipw.HBox([self.pick_all, self.clear, self.status]),
                ipw.HTML(f"<small>{text_html(HINT.format(zone=state.zone))}</small>"),
                self._place,
            ],
            _dom_classes=LITERAL,  # the text of every part is shown as it is
        )

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
        )
        if filters.start and filters.end and filters.start >= filters.end:
            problems.append("From is later than To: no event can match.")
        self.message.value = _alert(problems)
        self.state.show(filters)
        self._show()

    def _read(self, field: ipw.Text, problems: list[str], is_end: bool = False) -> datetime | None:
        """Return the time in a field; what is wrong with it is added to the problems."""
        try:
            return self.state.read_time(field.value, is_end=is_end)
        except TimestampError as error:
            problems.append(f"{field.description} is not applied: {error}")
            return None

    def _show(self) -> None:
        """Show a new table: after a change of its rows, a table no longer reports clicks (itables 2.9)."""
        table = ITable(
            self.state.table().map(visible).rename(columns=visible),
            selected_rows=self.state.picked_in_table(),
            **TABLE_OPTIONS,
        )
        table.observe(self._select, "selected_rows")
        old, self._place.children = self._place.children, [table]
        for closing in old:
            closing.close()
        self._show_status()

    def _show_status(self) -> None:
        self.status.value = (
            f'<span role="status" style="margin-left:1em">{text_html(self.state.summary())}</span>'
        )

    def _select(self, change: Any) -> None:
        self.state.pick_in_table(change["new"])
        self._show_status()

    def _pick_all(self, _button: Any) -> None:
        self.table.selected_rows = list(range(len(self.state.shown)))

    def _clear(self, _button: Any) -> None:
        self.state.clear()
        self.table.selected_rows = []
        self._show_status()


def _text_field(label: str, example: str) -> ipw.Text:
    """Make a field that is read when it loses the focus or Enter is pressed."""
    return ipw.Text(
        description=label, placeholder=example, continuous_update=False, layout=ipw.Layout(width="25em")
    )


def _choice_field(label: str, column: pd.Series) -> ipw.SelectMultiple:
    """Make a list of a column's values; none selected means all."""
    options = [(visible(value), value) for value in sorted(choices(column).unique())]
    return ipw.SelectMultiple(description=label, options=options, rows=7, layout=ipw.Layout(width="18em"))


def _alert(problems: list[str]) -> str:
    """Return the problems as HTML that a screen reader speaks at once; empty without any."""
    return (
        f'<div role="alert" style="color:#B00020">{text_html(" ".join(problems))}</div>' if problems else ""
    )
