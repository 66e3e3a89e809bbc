"""The review panel: the view of `camkit.review.state.ReviewState`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import tzinfo
from functools import partial
from typing import Any

import ipywidgets as ipw
import pandas as pd

from camkit.cameras import Snapshot, SnapshotSource
from camkit.case import MEANINGS, Case, Verdict
from camkit.directory import Directory
from camkit.errors import CamkitError
from camkit.review import show
from camkit.review.loader import FrameLoader
from camkit.review.parts import EventView, Keys, mark
from camkit.review.state import STEPS_S, ReviewState

VERDICTS = {
    Verdict.MATCH: ("m", "Match"),
    Verdict.MISMATCH: ("x", "Mismatch"),
    Verdict.UNCLEAR: ("u", "Unclear"),
    Verdict.NOBODY: ("n", "Nobody there"),
}
"""The key of each verdict, and what its button says."""

KEY_SIGNS = {"ArrowLeft": "←", "ArrowRight": "→"}
HINT = "↑ ↓ frames · Esc leaves the note"


class ReviewPanel(ipw.VBox):
    """Look at picked events one by one, snapshot beside directory entry, and record what one sees.

    Parameters
    ----------
    events : pandas.DataFrame
        The events, such as ``picker.picked``.
    source : SnapshotSource or mapping of str to SnapshotSource
        The cameras, by vendor: ``site.sources``. An empty mapping shows what the case has, and asks nobody.
    doors : pandas.DataFrame
        As `load_doors` returns it.
    case : Case
        Everything goes there as it comes: events, pictures, verdicts, notes. What it has already is taken up,
        and not fetched again.
    directory : Directory, optional
        Looks each cardholder up: ``site.directory``.
    timezone : datetime.tzinfo or str, optional
        The site's zone; by default the one in ``events.attrs["timezone"]``, else UTC.
    flags : pandas.DataFrame, optional
        As `flag_events` returns it, for these events and any others.
    snapshots : iterable of Snapshot
        Pictures that were fetched already, as `snapshots_for` returns them.
    steps_s : iterable of float
        When, from the event, frames are asked for: seconds. 0 is always among them.

    Attributes
    ----------
    state : ReviewState
        What is shown. Changing it changes the view.

    Raises
    ------
    InputError
        If there is no event, a column is missing, or the labels are not unique.
    TimestampError
        If ``event_time`` has no zone or has gaps.

    Notes
    -----
    A verdict is about the frame in view, which then stands for the event. Verdicts are only ever added: the latest
    counts. A note is recorded together with a verdict. Frames are loaded in the background, those of the event in
    front first, then of the next `camkit.review.loader.AHEAD`; they stay in memory as long as the panel does.

    Without a browser, use `next`, `decide` and `wait`, and the methods of `state`.
    """

    def __init__(
        self,
        events: pd.DataFrame,
        source: SnapshotSource | Mapping[str, SnapshotSource],
        doors: pd.DataFrame,
        case: Case,
        *,
        directory: Directory | None = None,
        timezone: tzinfo | str | None = None,
        flags: pd.DataFrame | None = None,
        snapshots: Iterable[Snapshot] = (),
        steps_s: Iterable[float] = STEPS_S,
    ) -> None:
        self.state = state = ReviewState(events, doors, case, timezone=timezone, flags=flags, steps_s=steps_s)
        state.take(snapshots)
        self._loader = FrameLoader(state, source, doors, directory, self._draw)
        self._lock = threading.RLock()  # frames come in another thread
        self._drawing = False
        self._listed: list[str] = []  # the verdicts in the list of events
        self._problem = ""
        self._make_controls()
        super().__init__(self._laid_out())
        self.add_class("camkit-review")
        state.on_change = self._follow
        self._follow()

    def next(self) -> None:
        """Go to the next event."""
        self.state.go(self.state.position + 1)

    def previous(self) -> None:
        """Go to the previous event."""
        self.state.go(self.state.position - 1)

    def decide(self, verdict: Verdict | str, note: str | None = None) -> None:
        """Record a verdict on the event in front; see `ReviewState.decide`."""
        self.state.decide(verdict, note)

    def stop(self) -> None:
        """Break off loading, until `load` is called; can be called from any thread."""
        self._loader.stop()

    def load(self) -> None:
        """Load again, also what could not be had before."""
        self._loader.resume()
        self._draw()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until nothing is being loaded; whether that came about in time."""
        return self._loader.wait(timeout_s)

    def close(self) -> None:
        """Break off loading and take the panel off the screen; the case stays open."""
        if hasattr(self, "_loader"):  # ipywidgets also closes a panel that was never made to its end
            self.stop()
        super().close()

    def __repr__(self) -> str:
        # This is what stands there in a page that was loaded anew.
        return f"ReviewPanel: {self.state.progress()} when this cell ran; run it again, the case keeps everything"

    def _make_controls(self) -> None:
        """One widget for each thing that is read, pressed, chosen or typed."""
        state = self.state
        self.queue = ipw.Dropdown(description="Event", layout=ipw.Layout(flex="1 1 0", width="auto"))
        self.queue.observe(self._pick, "index")
        self.view = EventView(state.steps_s, partial(self._do, state.show))
        self.view.note.observe(self._write_note, "value")
        self.flags, self.status, self.progress, self.loading = (ipw.HTML() for _ in range(4))
        self.shortcuts = Keys()
        self.verdicts = {
            verdict: self._button(label, key, MEANINGS[verdict].capitalize(), partial(state.decide, verdict))
            for verdict, (key, label) in VERDICTS.items()
        }
        for button in self.verdicts.values():
            button.add_class("camkit-verdict")
        self.use = self._button("Use this frame", "c", "Let this frame stand for the event", state.choose)
        self.back = self._button("‹ Previous", "ArrowLeft", "Previous event", self.previous)
        self.forth = self._button("Next ›", "ArrowRight", "Next event", self.next)
        self.shortcuts.add("ArrowUp", partial(self._do, state.step, -1))
        self.shortcuts.add("ArrowDown", partial(self._do, state.step, 1))
        self.load_or_stop = ipw.Button()
        self.load_or_stop.on_click(lambda _button: self._do(self._load_or_stop))

    def _button(self, label: str, key: str, meaning: str, action: Callable[[], object]) -> ipw.Button:
        """A button, and the key that does the same."""
        button = ipw.Button(
            description=f"{label} ({KEY_SIGNS.get(key, key.upper())})",
            tooltip=meaning,
            layout=ipw.Layout(width="auto"),
        )
        self.shortcuts.add(key, partial(self._do, action))
        button.on_click(lambda _button: self._do(action))
        return button

    def _laid_out(self) -> list[ipw.Widget]:
        """The controls in their places."""
        hint = ipw.HTML(show.text_html(HINT))
        names = {"use": self.use, "progress": self.progress, "wide": self.status, "small": hint}
        for name, part in names.items():
            part.add_class(f"camkit-{name}")
        return [
            self.shortcuts,
            ipw.HBox([self.back, self.queue, self.forth, self.progress]),
            self.view,
            self.flags,
            ipw.HBox([*self.verdicts.values(), hint, self.use]),
            ipw.HBox([self.status, self.loading, self.load_or_stop]),
        ]

    def _do(self, action: Callable[..., object], *arguments: Any) -> None:
        """Do what the browser asks for; what goes wrong is shown, since there is no cell that could."""
        self._problem = ""
        try:
            action(*arguments)
        except CamkitError as error:
            self._problem = str(error)
        except Exception as error:
            self._problem = f"{type(error).__name__}: {error}"
        self._draw()

    def _pick(self, change: Any) -> None:
        if self._comes_from_browser():
            self._do(self.state.go, change["new"])

    def _write_note(self, change: Any) -> None:
        if self._comes_from_browser():
            self._do(self.state.write_note, change["new"])

    def _comes_from_browser(self) -> bool:
        """Whether a control was changed by hand; else it was `_draw`, in this thread."""
        with self._lock:
            return not self._drawing

    def _load_or_stop(self) -> None:
        (self.stop if self._loader.busy else self.load)()

    def _follow(self) -> None:
        """Load what a change asks for, and show it."""
        self._loader.follow()
        self._draw()

    def _draw(self) -> None:
        """Show the state as it is."""
        with self._lock:
            self._drawing = True
            try:
                self._draw_event()
                self._draw_queue()
                self._draw_loading()
            finally:
                self._drawing = False

    def _draw_event(self) -> None:
        state, item = self.state, self.state.current
        self.view.draw(state, "Loading …" if self._loader.busy else "Not loaded: press Load again.")
        self.flags.value = show.flags_html(item)
        self.status.value = show.alert_html(self._problem) or show.verdicts_html(item, state.zone)
        for verdict, button in self.verdicts.items():
            mark(button, verdict == item.verdict)

    def _draw_queue(self) -> None:
        state = self.state
        verdicts = [item.verdict for item in state.queue]
        if verdicts != self._listed:
            self.queue.options = [show.queue_name(item, state.zone) for item in state.queue]
            self._listed = verdicts
        self.queue.index = state.position
        self.progress.value = show.text_html(state.progress())

    def _draw_loading(self) -> None:
        busy = self._loader.busy
        self.load_or_stop.description = "Stop loading" if busy else "Load again"
        self.loading.value = show.text_html("Loading …" if busy else "")
