"""The review panel: the view of `camkit.review.state.ReviewState`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from html import escape
from typing import Any

import ipywidgets as ipw

from camkit.badges import DoorEvents
from camkit.cameras import SnapshotSource
from camkit.case import TAKE_BACK_S, Case, Decision, Verdict
from camkit.directory import Directory
from camkit.errors import CamkitError, InputError
from camkit.review.html import alert_html, flags_html, part_name, queue_name, status_html, view_names
from camkit.review.loading import FrameLoader
from camkit.review.state import STEPS_S, ReviewState
from camkit.review.widgets import EventView, Keys, Later, LeaveOut, mark, name_parts
from camkit.support.html import LITERAL, text_html, visible

KEY_SIGNS = {"ArrowLeft": "←", "ArrowRight": "→"}
USE_KEY, VIEW_KEY = "c", "v"
LISTED = 200
"""How many events the list of events names one by one; of more, it names this many at a time."""

NAME_LETTERS = 20  # of the reviewer stand beside the count
HINT = "↑ ↓ frames<br>Esc leaves the note"
AWAY = "The keys are off:<br>click here first"
DEMO = '<span title="Invented people, drawn pictures: nothing of this has happened">DEMO</span>'


class ReviewPanel(ipw.VBox):
    """Look at picked events one by one, the snapshot beside the directory entry, and record what you see.

    Parameters
    ----------
    events : DoorEvents
        Events of the case, as `camkit.resolve` returns them.
    case : Case
        Has the events already (`Case.add_events`), with their flags; pictures, verdicts and notes that it has are shown
        and not fetched again. It gets what is new as it comes: pictures, verdicts, notes.
    source : SnapshotSource or mapping of str to SnapshotSource
        The cameras, by vendor: ``site.sources``. An empty mapping shows what the case has, and asks no camera.
    directory : Directory, optional
        Looks each cardholder up: ``site.directory``.
    steps_s : iterable of float
        When, relative to the event, frames are asked for: seconds. 0 is always among them.

    Attributes
    ----------
    state : ReviewState
        What is shown. Changing it changes the view.

    Raises
    ------
    InputError
        If `events` are not resolved, there are none, their labels are not unique, or the case has another event with
        the label of one.
    CaseError
        If an event is not in the case.

    Notes
    -----
    Making a panel writes nothing and asks nobody. When a browser shows it, or with `load`, it begins to load frames in
    the background, those of the event in front first, then of the next `camkit.review.loading.AHEAD`, main cameras
    before others; they stay in memory as long as the panel does.

    Of more than `LISTED` events, the list names those around the one in front one by one, and the others so many at a
    time: a list of 100,000 names would be megabytes for the browser. Choosing a group leads to its first event.

    The verdicts are those of the case (`Case.labels`), each with its key. One is about the frame in view, which then
    stands for the event; one that says what is in a picture can be given only where there is one. It can be taken back
    for some seconds; after that, verdicts are only ever added, and the latest of each operator counts. A note is saved
    when its field is left, or typing pauses.

    What the case does not take, because its folder is gone or full, does not count, and the panel says so.

    Without a browser, use `next`, `decide` and `wait`, and the methods of `state`.
    """

    def __init__(
        self,
        events: DoorEvents,
        case: Case,
        source: SnapshotSource | Mapping[str, SnapshotSource],
        *,
        directory: Directory | None = None,
        steps_s: Iterable[float] = STEPS_S,
    ) -> None:
        self.state = state = ReviewState(events, case, steps_s=steps_s)
        self._loader = FrameLoader(state, source, directory, self._draw)
        self._lock = threading.RLock()  # frames come in another thread
        self._is_drawing = False
        self._listed: list[object] = []  # what the list of events was made of
        self._places: list[int] = []  # in the queue, of what is listed
        self._problem: str | None = None
        self._told: Decision | None = None  # the verdict of which the panel says that it can be taken back
        self._untold = Later(TAKE_BACK_S + 0.1, self._draw)
        self._make_controls()
        super().__init__(self._laid_out(), _dom_classes=LITERAL)
        self.add_class("camkit-review")
        state.on_change = self._follow
        self._draw()

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
        """Stop loading, until `load` is called; can be called from any thread."""
        self._loader.stop()

    def load(self) -> None:
        """Begin to load, or load again, also what could not be loaded before."""
        self._loader.load()
        self._draw()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until nothing is being loaded, which begins now if it has not; return whether that happened in time."""
        self._begin()
        return self._loader.wait(timeout_s)

    def close(self) -> None:
        """Save the note, stop loading and take the panel off the screen; the case stays open."""
        if hasattr(self, "_loader"):  # ipywidgets also closes a panel whose constructor failed
            self.stop()
            self._untold.stop()
            self._do(self.state.save_notes)
        super().close()

    def __repr__(self) -> str:
        # A page that was loaded again shows this.
        return f"ReviewPanel: {self.state.progress()} when this cell ran; run it again, the case keeps everything"

    def _begin(self) -> None:
        if not self._loader.begun:
            self.load()

    def _make_controls(self) -> None:
        """Make one widget for each thing that is read, pressed, chosen or typed."""
        state = self.state
        self.queue = ipw.Dropdown(description="Event", layout=ipw.Layout(flex="1 1 0", width="auto"))
        self.view = EventView(
            state.steps_s, partial(self._do, state.show), partial(self._do, state.write_note_on)
        )
        self.views = ipw.RadioButtons(description=f"View ({VIEW_KEY.upper()})", orientation="horizontal")
        self._observe(self.queue, "index", lambda index: state.go(self._places[index]))
        self._observe(self.views, "index", state.show_view)
        self.flags, self.status, self.progress, self.loading = (ipw.HTML() for _ in range(4))
        self.leave_out = LeaveOut(partial(self._do, state.exclude), partial(self._do, state.include))
        self.shortcuts = Keys(
            lambda: state.in_view,
            missed=partial(self._do, _say_that_it_changed),
            shown=partial(self._do, self._begin),
        )
        self.verdicts = {
            name: self._button(label.title, label.key, partial(state.decide, name), about_view=True)
            for name, label in state.labels.items()
        }
        for button in self.verdicts.values():
            button.add_class("camkit-verdict")
        self.use = self._button("Use this frame", USE_KEY, state.choose, about_view=True)
        self.back = self._button("‹ Previous", "ArrowLeft", self.previous)
        self.forth = self._button("Next ›", "ArrowRight", self.next)
        self.use.tooltip = "Let this frame stand for the event"
        self.back.tooltip, self.forth.tooltip = "Previous event", "Next event"
        self.shortcuts.add("Backspace", partial(self._do, state.take_back))
        self.shortcuts.add("ArrowUp", partial(self._do, state.step, -1))
        self.shortcuts.add("ArrowDown", partial(self._do, state.step, 1))
        self.shortcuts.add(VIEW_KEY, partial(self._do, state.next_view))
        self.load_or_stop = ipw.Button()
        self.load_or_stop.on_click(lambda _button: self._do(self._load_or_stop))

    def _button(
        self, label: str, key: str, action: Callable[[], object], *, about_view: bool = False
    ) -> ipw.Button:
        """Make a button, and let a key do the same."""
        button = ipw.Button(
            description=f"{label} ({KEY_SIGNS.get(key, key.upper())})", layout=ipw.Layout(width="auto")
        )
        self.shortcuts.add(key, partial(self._do, action), about_view=about_view)
        button.on_click(lambda _button: self._do(action))
        if about_view:
            button.add_class(f"camkit-key-{key}")  # the browser sends its key, with what it shows
        return button

    def _observe(self, control: ipw.Widget, trait: str, action: Callable[[Any], object]) -> None:
        """Act on a change that was made by hand; others are made by `_draw`, in this thread."""

        def changed(change: Any) -> None:
            with self._lock:
                is_by_hand = not self._is_drawing
            if is_by_hand:
                self._do(action, change["new"])

        control.observe(changed, trait)

    def _laid_out(self) -> list[ipw.Widget]:
        """Return the controls in their places."""
        hint = ipw.HTML(f'<span class="camkit-here">{HINT}</span><span class="camkit-away">{AWAY}</span>')
        self.demo = ipw.HTML(DEMO)
        about = ipw.HBox([self.views, self.flags, self.use, self.leave_out])
        name_parts(
            use=self.use, progress=self.progress, wide=self.status, leave=self.leave_out, demo=self.demo
        )
        name_parts(small=hint, views=self.views, about=about)
        return [
            self.shortcuts,
            ipw.HBox([self.demo, self.back, self.queue, self.forth, self.progress]),
            self.view,
            about,
            ipw.HBox([*self.verdicts.values()]),
            ipw.HBox([self.status, hint, self.loading, self.load_or_stop]),
        ]

    def _do(self, action: Callable[..., object], *arguments: Any) -> None:
        """Do what the browser asks for; a problem is shown in the panel, since no cell can show it."""
        self._problem = None
        try:
            action(*arguments)  # it changes the state, and every change is drawn
        except Exception as error:  # noqa: BLE001 - a defect too must be seen, and Jupyter drops it in a callback
            kind = "" if isinstance(error, CamkitError) else f"{type(error).__name__}: "
            self._problem = f"{kind}{error}"
            self._draw()

    def _load_or_stop(self) -> None:
        (self.stop if self._loader.busy else self.load)()

    def _follow(self) -> None:
        """Load what a change asks for, and show it."""
        self._loader.follow()
        self._draw()

    def _draw(self) -> None:
        """Show the state as it is."""
        with self._lock:
            self._is_drawing = True
            try:
                self._draw_event()
                self._draw_queue()
                self._draw_loading()
            finally:
                self._is_drawing = False

    def _draw_event(self) -> None:
        state, item = self.state, self.state.current
        self.view.draw(state, "Loading …" if self._loader.busy else "Not loaded: press Load again.")
        names = view_names(item)
        self.views.layout.display = None if names else "none"
        if names != list(self.views.options):
            self.views.options = names
        self.views.index = state.shown_key[0] if names else None
        self.flags.value = flags_html(item)
        self.leave_out.draw(item)
        self.demo.layout.display = None if state.is_demo else "none"
        self._draw_verdicts()

    def _draw_verdicts(self) -> None:
        state, own = self.state, self.state.current.own
        for name, button in self.verdicts.items():
            why_not = state.why_not(name)
            button.disabled, button.tooltip = (
                bool(why_not),
                why_not or state.labels[name].meaning.capitalize(),
            )
            mark(button, own is not None and name == own.verdict)
        problem = self._problem or state.trouble
        self.status.value = alert_html(problem) if problem else status_html(state)
        last = state.can_take_back
        told = last and last[1]
        if told is not None and told != self._told:
            self._untold.start()
        self._told = told

    def _draw_queue(self) -> None:
        state = self.state
        first = state.position // LISTED * LISTED
        near = state.queue[first : first + LISTED]
        listed = [first, *((item.verdict, item.excluded, item.cardholder) for item in near)]
        if listed != self._listed:
            named = {
                first + place: queue_name(first + place + 1, item, state.labels)
                for place, item in enumerate(near)
            }
            for start in range(0, len(state.queue), LISTED):
                named.setdefault(start, part_name(start, min(start + LISTED, len(state.queue))))
            self._places = sorted(named)
            self.queue.options = [named[place] for place in self._places]
            self._listed = listed
        self.queue.index = self._places.index(state.position)
        who = state.current.operator  # whose name the next verdict gets
        short = who if len(who) <= NAME_LETTERS else f"{who[:NAME_LETTERS]}…"
        said = text_html(f"{short}: {state.progress()}")
        self.progress.value = f'<span title="{escape(visible(who))}">{said}</span>'

    def _draw_loading(self) -> None:
        busy = self._loader.busy
        self.load_or_stop.description = "Stop loading" if busy else "Load again"
        self.loading.value = text_html("Loading …" if busy else "")


def _say_that_it_changed() -> None:
    raise InputError(
        "What is in view changed just as you pressed, so nothing was recorded. Look again, then press again."
    )
