"""The import dialog: the view of `camkit.review.import_state.ImportState`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import ipywidgets as ipw

from camkit.badges import ROLES, BadgeLog
from camkit.errors import CamkitError
from camkit.investigation import Investigation
from camkit.review.html import alert_html
from camkit.review.import_state import KEPT, ImportState
from camkit.support.html import LITERAL, text_html, visible

TITLES = {
    KEPT: "keep as it is",
    "event_time": "Date and time",
    "date": "Date",
    "time": "Time of day",
    "first_in": "First in",
    "last_out": "Last out",
    "cardholder_id": "Cardholder number",
    "cardholder_name": "Name",
    "credential": "Card",
    "reader_id": "Door or reader",
    "outcome": "Outcome",
    "kind": "Swipe or alarm",
    "minutes_east": "Minutes east of UTC",
    "minutes_west": "Minutes west of UTC",
}
"""How the menus call what a column can be for."""

ZONES = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/"))
DATES: list[Any] = [("found out", None), ("31.05.2026: day first", True), ("05/31/2026: month first", False)]
ENCODINGS = (
    "utf-8",
    "cp1252",
    "cp1250",
    "cp1251",
    "cp1253",
    "cp1254",
    "cp1256",
    "cp437",
    "gbk",
    "big5",
    "shift_jis",
)
HERE = {
    "timezone=": "the menu Time zone",
    "day_first=": "the menu Dates",
    "columns=": "the menus over the columns",
    "sheet=": "the menu Sheet",
    "encoding=": "the menu Encoding",
}
"""Where this dialog has what an error asks for."""

MOST_COLUMNS = 40
STYLE = """<style>
.jupyter-widgets.camkit-column { flex-flow: column; width: 12em; height: auto; }
.jupyter-widgets.camkit-column > .widget-label { text-align: left; width: 100%; }
.jupyter-widgets.camkit-column > select { flex: 0 0 auto; height: 2em; }
</style>"""
CELL = (
    "max-width:12em; overflow:hidden; text-overflow:ellipsis; white-space:pre; line-height:1.6; height:1.6em"
)


class ImportDialog(ipw.VBox):
    """Choose a badge export and say what its columns are for, with the mouse or the keyboard.

    Parameters
    ----------
    investigation : Investigation
        What is said so far.

    Attributes
    ----------
    state : ImportState
        What is chosen.
    investigation : Investigation
        The investigation as the dialog saved it last.

    Notes
    -----
    Making it writes nothing. "Load and save" loads the export, shows the log's account and problems, and writes what
    was chosen into the investigation's file, where the other notebooks find it. A file that is uploaded is kept in the
    folder of data, or beside the notebook, and replaces nothing. Errors are shown in the dialog.
    """

    def __init__(self, investigation: Investigation) -> None:
        self.state = state = ImportState(investigation)
        self._is_drawing = False
        self.files, self.zone, self.dates, self.encoding, self.sheet = (
            ipw.Dropdown(description=label, layout=ipw.Layout(width="24em"))
            for label in ("Export", "Time zone", "Dates", "Encoding", "Sheet")
        )
        self.typed = ipw.Text(
            description="or its path", placeholder="C:/exports/may.csv", continuous_update=False
        )
        self.upload = ipw.FileUpload(description="Upload (up to 10 MB)", layout=ipw.Layout(width="auto"))
        self.grid = ipw.HBox(layout=ipw.Layout(overflow="auto", width="100%"))
        self.words = ipw.VBox()
        self.load = ipw.Button(description="Load and save", button_style="primary")
        self.status = ipw.HTML()
        self._observe(self.files, state.choose)
        self._observe(self.typed, lambda text: state.choose(Path(text.strip())) if text.strip() else None)
        self._observe(self.upload, self._upload)
        self._observe(self.zone, lambda zone: state.reading.update(timezone=zone), redraws=False)
        self._observe(self.dates, lambda first: state.reading.update(day_first=first), redraws=False)
        self._observe(self.encoding, partial(self._look_again, "encoding"))
        self._observe(self.sheet, partial(self._look_again, "sheet"))
        self.load.on_click(lambda _button: self._do(self._apply))
        wrapped = ipw.Layout(flex_flow="row wrap")
        super().__init__(
            [
                ipw.HBox([self.files, self.typed, self.upload], layout=wrapped),
                ipw.HBox([self.zone, self.dates, self.encoding, self.sheet], layout=wrapped),
                self.grid,
                self.words,
                self.load,
                self.status,
                ipw.HTML(STYLE),
            ],
            _dom_classes=LITERAL,
        )
        self._do(state.look)

    @property
    def investigation(self) -> Investigation:
        """The investigation as it was saved last."""
        return self.state.investigation

    def __repr__(self) -> str:
        # A page that was loaded again shows this.
        return visible(f"ImportDialog: {self.state.summary()} when this cell ran; run it again to change it")

    def _observe(self, control: ipw.Widget, action: Callable[[Any], object], *, redraws: bool = True) -> None:
        """Act on a change that was made by hand."""

        def changed(change: Any) -> None:
            if not self._is_drawing:
                self._do(action, change["new"], redraws=redraws)

        control.observe(changed, "value")

    def _do(self, action: Callable[..., object], *arguments: Any, redraws: bool = True) -> None:
        """Do what the browser asks for; a problem is shown in the dialog, since no cell can show it."""
        try:
            said = action(*arguments)
            html = said if isinstance(said, str) else text_html(f"{self.state.summary()}.")
            self.status.value = f'<div role="status">{html}</div>'
        except Exception as error:  # noqa: BLE001 - a defect too must be seen, and Jupyter drops it in a callback
            kind = "" if isinstance(error, CamkitError) else f"{type(error).__name__}: "
            asked = next(
                (f" Here that is {place}." for word, place in HERE.items() if word in str(error)), ""
            )
            self.status.value = alert_html(f"{kind}{error}{asked}")
        if redraws:
            self._draw()

    def _upload(self, files: Iterable[dict[str, Any]]) -> None:
        for file in files:
            self.state.upload(file["name"], bytes(file["content"]))

    def _look_again(self, key: str, value: str | None) -> None:
        self.state.reading[key] = value
        self.state.look()

    def _apply(self) -> str:
        return _account_html(self.state.apply(), self.state)

    def _draw(self) -> None:
        """Show the state as it is."""
        state, reading = self.state, self.state.reading
        self._is_drawing = True
        try:
            files = state.files()
            _fill(self.files, [(visible(path.name), path) for path in files], state.path)
            _fill(self.zone, [("not said", None), "UTC", *ZONES], reading["timezone"])
            _fill(self.encoding, [("found out", None), *ENCODINGS], reading["encoding"])
            sheets = state.preview.sheets if state.preview else ()
            _fill(self.sheet, [("found out", None), *sheets], reading["sheet"])
            self.sheet.layout.display = None if len(sheets) > 1 else "none"
            _fill(self.dates, DATES, reading["day_first"])
            self._draw_columns()
            self._draw_words()
        finally:
            self._is_drawing = False

    def _draw_columns(self) -> None:
        seen = self.state.preview
        rows = seen.rows if seen else []
        columns = []
        for place, heading in enumerate(seen.headings[:MOST_COLUMNS] if seen else ()):
            menu = ipw.Dropdown(
                description=visible(heading),
                tooltip=visible(heading),
                options=[(TITLES.get(role, role), role) for role in (KEPT, *ROLES)],
                value=self.state.roles[place],
            )
            menu.add_class("camkit-column")
            self._observe(menu, partial(self._set_role, place), redraws=False)
            cells = "".join(f'<div style="{CELL}">{text_html(row[place][:80]) or " "}</div>' for row in rows)
            columns.append(
                ipw.VBox([menu, ipw.HTML(cells)], layout=ipw.Layout(flex="0 0 12.5em", overflow="hidden"))
            )
        _replace(self.grid, columns)

    def _set_role(self, place: int, role: str) -> None:
        self.state.set_role(place, role)
        self._draw_words()

    def _draw_words(self) -> None:
        state, menus = self.state, []
        for word, (count, taken) in state.words.items():
            menu = ipw.Dropdown(
                description=visible(f"{word[:60]} ({count:,} x)"),
                options=[*dict.fromkeys((taken, "granted", "denied"))],
                value=state.outcome(word),
                layout=ipw.Layout(width="36em"),
                style={"description_width": "22em"},
            )
            self._observe(menu, partial(state.say, word), redraws=False)
            menus.append(menu)
        title = [ipw.HTML("<b>What the export's words for the outcome mean</b>")] if menus else []
        _replace(self.words, [*title, *menus])


def _fill(menu: ipw.Dropdown, options: list[Any], value: Any) -> None:
    """Offer these options, and the value, which may be another one."""
    pairs = [option if isinstance(option, tuple) else (option, option) for option in options]
    if value not in [known for _, known in pairs]:
        pairs.append((visible(str(value)), value))
    if [*menu.options] != pairs:
        menu.options = pairs
    menu.index = [known for _, known in pairs].index(
        value
    )  # setting a value of None would show an empty menu


def _replace(box: ipw.Box, children: list[ipw.Widget]) -> None:
    """Show other widgets; the old ones are closed, else they stay in the kernel."""
    old, box.children = box.children, children
    for child in old:
        for part in getattr(child, "children", ()):
            part.close()
        child.close()


def _account_html(log: BadgeLog, state: ImportState) -> str:
    """Say what was loaded and what may be wrong with it, and what to do next."""
    lines = [text_html(line) for line in log.summary().splitlines()]
    problems = "".join(f"<li>{text_html(problem)}</li>" for problem in log.problems())
    saved = f"Saved in {state.investigation.file.name}."
    if state.overruled:
        what = ", ".join(state.overruled)
        saved += f" The first cell of this notebook says something else of {what}, and goes before it: "
        saved += "write None there."
    done = f"{saved} Now run the cells below (menu Run, Run Selected Cell and All Below)."
    return f"<b>{'<br>'.join(lines[:1])}</b><br>{'<br>'.join(lines[1:])}<ul>{problems}</ul>{text_html(done)}"
