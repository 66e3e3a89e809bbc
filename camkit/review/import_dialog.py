"""The import dialog: the view of `camkit.review.import_state.ImportState`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any
from zoneinfo import available_timezones

import ipywidgets as ipw

from camkit.badges import ENCODINGS, ROLES, BadgeLog
from camkit.errors import CamkitError
from camkit.investigation import Investigation
from camkit.review.html import alert_html
from camkit.review.import_state import KEPT, ImportState
from camkit.support.html import LITERAL, text_html, visible

TITLES = {KEPT: "keep as it is", **{role: title[0].upper() + title[1:] for role, title in ROLES.items()}}
"""How the menus call what a column can be for."""

ZONES = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith("Etc/"))
DATES: list[Any] = [("found out", None), ("31.05.2026: day first", True), ("05/31/2026: month first", False)]
UNSAID = ""
"""What stands for None in a menu: ipywidgets shows an empty menu for None."""

MENUS = {
    "timezone": "the menu Time zone",
    "day_first": "the menu Dates",
    "sheet": "the menu Sheet",
    "encoding": "the menu Encoding",
    "columns": "the menus over the columns",
    "profile": "the menus over the columns",
}
"""Where this dialog has what a message calls by the name of an argument."""

ARGUMENT = re.compile(
    rf"(as in |with |in )?\b({'|'.join(MENUS)})=('[^']*'|\"[^\"]*\"|True|\{{[^}}]*\}})?( or \2=(False|'[^']*'))?"
)
SEE_TABLE = re.compile(r",? see \.\w+")

MOST_COLUMNS = 40
MOST_OTHERS = 5
STYLE = """<style>
.jupyter-widgets.camkit-column { flex-flow: column; width: 12em; height: auto; }
.jupyter-widgets.camkit-column > .widget-label { text-align: left; width: 100%; }
.jupyter-widgets.camkit-column > select { flex: 0 0 auto; height: 2em; }
.camkit-import [role="alert"], .camkit-import .camkit-remarks { color: var(--jp-error-color1, #b00020); }
</style>"""
CELL = (
    "max-width:12em; overflow:hidden; text-overflow:ellipsis; white-space:pre; line-height:1.6; height:1.6em"
)


class ImportDialog(ipw.VBox):
    """Choose a badge export and say what its columns are for, with the mouse or the keyboard.

    Parameters
    ----------
    investigation : Investigation
        What is said so far; its file is read again, so that a cell that runs once more begins with what was saved.

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
        self.state = ImportState(investigation)
        self._is_drawing = False
        self._drawn: list[object] = [None, None]  # the preview and the words that the menus were made for
        self._make_controls()
        self._observe_controls()
        super().__init__(self._laid_out(), _dom_classes=(*LITERAL, "camkit-import"))
        self._do(self.state.look)

    def _make_controls(self) -> None:
        """Make one widget for each thing that is read, pressed, chosen or typed."""
        self.files, self.zone, self.dates, self.encoding, self.sheet, self.doors, self.people = (
            ipw.Dropdown(description=label, layout=ipw.Layout(width="24em"))
            for label in ("Export", "Time zone", "Dates", "Encoding", "Sheet", "Doors", "People")
        )
        self.typed, self.case, self.start, self.end, self.operator = (
            ipw.Text(description=label, continuous_update=False, layout=ipw.Layout(width=f"{width}em"))
            for label, width in (
                ("or its path", 24),
                ("Case", 24),
                ("Hours from", 12),
                ("to", 12),
                ("Your name", 24),
            )
        )
        self.case.placeholder = "named after the export"
        self.case.tooltip = "The folder that keeps what you find"
        self.refresh = ipw.Button(description="Refresh", tooltip="Look again for files")
        self.refresh.layout.width = "auto"
        self.upload = ipw.FileUpload(description="Upload (up to 10 MB)", layout=ipw.Layout(width="auto"))
        self.load = ipw.Button(description="Load and save", button_style="primary")
        self.grid = ipw.HBox(layout=ipw.Layout(overflow="auto", width="100%"))
        self.others, self.words, self.status = ipw.HTML(), ipw.VBox(), ipw.HTML()

    def _observe_controls(self) -> None:
        """Let each control change the state."""
        state = self.state
        self._observe(self.files, state.choose)
        self._observe(self.typed, lambda text: state.type(text) if text.strip() else None)
        self._observe(self.upload, self._upload)
        self._observe(self.case, state.name_case)
        for control, key in (
            (self.zone, "timezone"), (self.dates, "day_first"), (self.encoding, "encoding"), (self.sheet, "sheet"),
            (self.doors, "doors"), (self.people, "directory"), (self.operator, "operator"),
        ):  # fmt: skip
            self._observe(control, partial(state.set, key))
        for field in (self.start, self.end):
            self._observe(field, lambda _text: state.set("hours", (self.start.value, self.end.value)))
        self.refresh.on_click(lambda _button: self._do(lambda: None))
        self.load.on_click(lambda _button: self._do(lambda: _account_html(state.apply(), state)))

    def _laid_out(self) -> list[ipw.Widget]:
        """Return the controls in their places."""
        rows = (
            (self.files, self.refresh, self.typed, self.upload),
            (self.zone, self.dates, self.encoding, self.sheet),
            (self.doors, self.people, self.case, self.start, self.end, self.operator),
        )
        export, reading, site = (ipw.HBox(row, layout=ipw.Layout(flex_flow="row wrap")) for row in rows)
        return [
            export,
            self.others,
            reading,
            self.grid,
            self.words,
            site,
            self.load,
            self.status,
            ipw.HTML(STYLE),
        ]

    @property
    def investigation(self) -> Investigation:
        """The investigation as it was saved last."""
        return self.state.investigation

    def __repr__(self) -> str:
        # A page that was loaded again shows this.
        return visible(f"ImportDialog: {self.state.summary()} when this cell ran; run it again to change it")

    def _observe(self, control: ipw.Widget, action: Callable[[Any], object]) -> None:
        """Act on a change that was made by hand."""

        def act(change: dict[str, Any]) -> None:
            new = change["new"]
            if not self._is_drawing:
                is_unsaid = isinstance(control, ipw.Dropdown) and new == UNSAID
                self._do(action, None if is_unsaid else new)

        control.observe(act, "value")

    def _do(self, action: Callable[..., object], *arguments: Any) -> None:
        """Do what the browser asks for; a problem is shown in the dialog, since no cell can show it."""
        has_failed = False
        try:
            said = action(*arguments)
            html = said if isinstance(said, str) else text_html(f"{self.state.summary()}.")
            self.status.value = f'<div role="status">{html}</div>'
        except Exception as error:  # noqa: BLE001 - a defect too must be seen, and Jupyter drops it in a callback
            kind = "" if isinstance(error, CamkitError) else f"{type(error).__name__}: "
            self.status.value = alert_html(f"{kind}{_by_menu(str(error))}")
            has_failed = True
        self._is_drawing = True
        try:
            if not has_failed:  # else what was typed can be corrected
                self.typed.value = ""
            self._draw()
        finally:
            self._is_drawing = False

    def _upload(self, files: Iterable[dict[str, Any]]) -> None:
        for file in files:
            self.state.upload(file["name"], bytes(file["content"]))

    def _draw(self) -> None:
        """Show the state as it is."""
        state, reading, site = self.state, self.state.reading, self.state.site
        sheets = state.preview.sheets if state.preview else ()
        tables = [(visible(path.name), path) for path in state.tables()]
        _fill(self.files, [(visible(path.name), path) for path in state.files()], state.path)
        _fill(self.zone, [("not said", None), "UTC", *ZONES], reading["timezone"])
        _fill(self.dates, DATES, reading["day_first"])
        _fill(self.encoding, [("found out", None), *ENCODINGS], reading["encoding"])
        _fill(self.sheet, [("found out", None), *sheets], reading["sheet"])
        _fill(self.doors, tables, site["doors"])
        _fill(self.people, [("as set up for the site", None), *tables], site["directory"])
        self.sheet.layout.display = None if len(sheets) > 1 else "none"
        self.start.value, self.end.value = site["hours"]
        self.operator.value = site["operator"]
        self.case.value = state.case_name()
        names = state.others()
        listed = ", ".join(names[:MOST_OTHERS]) + (", ..." if len(names) > MOST_OTHERS else "")
        self.others.value = text_html(
            f"Not offered, since they do not look like exports: {listed}." if names else ""
        )
        if self._drawn[0] is not state.preview:
            _replace(self.grid, self._columns())
        if self._drawn[1] is not state.words:
            _replace(self.words, self._word_menus())
        self._drawn = [state.preview, state.words]

    def _columns(self) -> list[ipw.Widget]:
        """Make a menu over the first cells of each column."""
        seen, columns = self.state.preview, []
        rows = seen.rows if seen else []
        for place, heading in enumerate(seen.headings[:MOST_COLUMNS] if seen else ()):
            menu = ipw.Dropdown(
                description=visible(heading),
                tooltip=visible(heading),
                options=[(title, role) for role, title in TITLES.items()],
                value=self.state.roles[place],
            )
            menu.add_class("camkit-column")
            self._observe(menu, partial(self.state.set_role, place))
            cells = "".join(f'<div style="{CELL}">{text_html(row[place][:80]) or " "}</div>' for row in rows)
            layout = ipw.Layout(flex="0 0 12.5em", overflow="hidden")
            columns.append(ipw.VBox([menu, ipw.HTML(cells)], layout=layout))
        return columns

    def _word_menus(self) -> list[ipw.Widget]:
        """Make a menu for each word for an outcome, below a title."""
        menus: list[ipw.Widget] = []
        for word, (count, taken) in self.state.words.items():
            menu = ipw.Dropdown(
                description=visible(f"{word[:60]} ({count:,} x)"),
                options=[*dict.fromkeys((taken, "granted", "denied"))],
                value=self.state.outcome(word),
                layout=ipw.Layout(width="36em"),
                style={"description_width": "22em"},
            )
            self._observe(menu, partial(self.state.say, word))
            menus.append(menu)
        return [ipw.HTML("<b>What the export's words for the outcome mean</b>"), *menus] if menus else []


def _fill(menu: ipw.Dropdown, options: list[Any], value: Any) -> None:
    """Offer these options, and the value, which may be another one."""
    value = UNSAID if value is None else value
    pairs = [option if isinstance(option, tuple) else (option, option) for option in options]
    pairs = [(label, UNSAID if known is None else known) for label, known in pairs]
    if value not in [known for _, known in pairs]:
        pairs.append((visible(str(value)), value))
    if [*menu.options] != pairs:
        menu.options = pairs
    menu.value = value


def _replace(box: ipw.Box, children: list[ipw.Widget]) -> None:
    """Show other widgets; the old ones are closed, else they stay in the kernel."""
    old, box.children = box.children, children
    for child in old:
        for part in getattr(child, "children", ()):
            part.close()
        child.close()


def _by_menu(text: str) -> str:
    """Name the menus of this dialog in a message, not arguments of a function."""

    def named(found: re.Match[str]) -> str:
        lead, key, value = found[1] or "", found[2], found[3] or ""
        is_example = lead == "as in " or key in ("columns", "profile") or value[:1] not in ("'", '"')
        return f"in {MENUS[key]}" if is_example or not value else f"{lead}{value} in {MENUS[key]}"

    return SEE_TABLE.sub("", ARGUMENT.sub(named, text))


def _account_html(log: BadgeLog, state: ImportState) -> str:
    """Say what was loaded and what may be wrong with it, and what to do next."""
    lines = [text_html(line) for line in _by_menu(log.summary()).splitlines()]
    remarks, problems = (
        "".join(f"<li>{text_html(_by_menu(said))}</li>" for said in sentences)
        for sentences in (state.remarks, log.problems())
    )
    saved = f"Saved in {state.investigation.file.name}, with the case {state.case_name()}."
    if state.overruled:
        what = ", ".join(state.overruled)
        saved += f" The first cell of this notebook says something else of {what}, and goes before it: "
        saved += "write None there."
    done = f"{saved} Now run the cells below (menu Run, Run Selected Cell and All Below)."
    return (
        f'<b>{lines[0]}</b><br>{"<br>".join(lines[1:])}<ul class="camkit-remarks">{remarks}</ul>'
        f"<ul>{problems}</ul>{text_html(done)}"
    )
