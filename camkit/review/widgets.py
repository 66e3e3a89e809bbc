"""The widgets that the panel is put together from; what they show is decided elsewhere."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets as ipw
import traitlets

from camkit.cameras import Picture, Snapshot
from camkit.review.event_review import EventReview
from camkit.review.html import (
    entry_html,
    facts_html,
    in_view_html,
    other_notes_html,
    picture_name,
    step_name,
    thumbnail,
)
from camkit.review.state import ReviewState
from camkit.support.html import image_html, text_html

HERE = Path(__file__).parent

NOTE_KEY = "t"
"""Moves the focus to the field for the note."""

PAUSE_S = 3.0
"""When nothing was typed for so long, seconds, a note is saved, though its field was not left."""


class Keys(anywidget.AnyWidget):
    """Calls the action of a key that is pressed in the panel around it; invisible, and brings the panel's style.

    The browser sends with each key what it showed then, as the picture says it (`EventView`), so that a key that was
    pressed before the picture changed does not judge the next one.

    Parameters
    ----------
    in_view : callable
        Returns what is in view now, as `ReviewState.in_view`.
    missed : callable
        Called when a key is about what is no longer in view.
    shown : callable
        Called when the panel is on a page in a browser; a notebook that is run without one does not.

    Attributes
    ----------
    judging : list of str
        The keys that judge what is in view: they do nothing but bring it to the screen if it is not there.
    """

    _esm = HERE / "panel.js"
    _css = HERE / "panel.css"
    handled = traitlets.List(traitlets.Unicode()).tag(sync=True)
    note_key = traitlets.Unicode(NOTE_KEY).tag(sync=True)
    judging = traitlets.List(traitlets.Unicode()).tag(sync=True)

    def __init__(
        self, in_view: Callable[[], str], missed: Callable[[], None], shown: Callable[[], None]
    ) -> None:
        super().__init__(layout=ipw.Layout(display="none"))
        self._actions: dict[str, Callable[[], None]] = {}
        self._in_view, self._missed, self._shown = in_view, missed, shown
        self.on_msg(lambda _widget, message, _buffers: self._receive(message))

    def add(self, key: str, action: Callable[[], None], *, about_view: bool = False) -> None:
        """Let a key, by its name in the browser (``m``, ``ArrowLeft``), do something, perhaps with what is in view."""
        self._actions[key] = action
        if about_view:
            self.judging = [*self.judging, key]
        self.handled = list(self._actions)

    def _receive(self, message: dict[str, Any]) -> None:
        if message.get("shown"):
            self._shown()
            return
        key = message["key"]
        now = self._in_view()
        if key in self.judging and message.get("seen", now) != now:
            self._missed()
        else:
            self._actions[key]()


class NoteField(anywidget.AnyWidget):
    """The field for a note.

    Attributes
    ----------
    event : int
        The place of the event that it is about, in the queue.
    text : str
        The note as the kernel has it. What is typed is not in it: it comes to `typed`.
    typed : callable
        Called with the place of the event and what was typed about it, when the field is left or typing pauses.
    """

    _esm = HERE / "note.js"
    event = traitlets.Int().tag(sync=True)
    text = traitlets.Unicode().tag(sync=True)
    placeholder = traitlets.Unicode(f"Note ({NOTE_KEY.upper()})").tag(sync=True)
    pause_s = traitlets.Float(PAUSE_S).tag(sync=True)

    def __init__(self, typed: Callable[[int, str], object]) -> None:
        super().__init__()
        self.on_msg(lambda _widget, message, _buffers: typed(int(message["event"]), str(message["note"])))

    def draw(self, event: int, text: str) -> None:
        """Show the note on an event."""
        with self.hold_sync():
            self.event, self.text = event, text


class Later:
    """Does something once, some seconds after `start` was called last, in a thread of its own.

    Parameters
    ----------
    seconds : float
        How much later.
    action : callable
        What is done; raises nothing.
    """

    def __init__(self, seconds: float, action: Callable[[], object]) -> None:
        self._seconds, self._action = seconds, action
        self._timer: threading.Timer | None = None

    def start(self) -> None:
        """Begin to wait, or begin again."""
        self.stop()
        self._timer = threading.Timer(self._seconds, self._action)
        self._timer.daemon = True  # the interpreter does not wait for it
        self._timer.start()

    def stop(self) -> None:
        """Do not do it."""
        if self._timer is not None:
            self._timer.cancel()


class ImageHtml(ipw.HTML):
    """HTML with an image in it, which is encoded again only when it has changed."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: Hashable = None

    def draw(self, shown: Hashable, make: Callable[[], str]) -> None:
        """Show something; `make` is called for its HTML if it is not what is shown already."""
        if shown != self._shown:
            self.value, self._shown = make(), shown


class FrameButton(ipw.Box):
    """A small picture that can be pressed.

    Parameters
    ----------
    step_s : float
        Which frame it is.
    pressed : callable
        Called when it is pressed.
    """

    def __init__(self, step_s: float, pressed: Callable[[], None]) -> None:
        self.step_s = step_s
        self.picture = ImageHtml()
        self.button = ipw.Button(tooltip=f"Look at this frame: {step_name(step_s)}")
        self.button.on_click(lambda _button: pressed())
        super().__init__([self.picture, self.button])
        self.add_class("camkit-frame")

    def draw(self, frame: Snapshot | None, *, will_come: bool, is_shown: bool, is_chosen: bool) -> None:
        """Show a frame or whether it will come, whether it is in view, and whether it stands for the event."""
        picture = frame.picture if frame else None
        self.picture.draw(picture.sha256 if picture else None, partial(self._thumbnail, picture))
        name = step_name(self.step_s)
        if picture is None:
            self.button.description = f"{name}: {'not loaded' if will_come and not frame else 'none'}"
        else:
            self.button.description = f"★ {name}" if is_chosen else name
        mark(self, is_shown)

    def _thumbnail(self, picture: Picture | None) -> str:
        return image_html(thumbnail(picture.content), "image/jpeg", "") if picture else ""


class EventView(ipw.HBox):
    """One event: the frame in view over the strip of all, and beside them who, when, where, and the note.

    Parameters
    ----------
    steps_s : iterable of float
        The frames in the strip.
    show_frame : callable
        Called with the step of a frame that is pressed.
    typed : callable
        Called with the place of an event and the note that was typed about it.
    """

    def __init__(
        self,
        steps_s: Iterable[float],
        show_frame: Callable[[float], None],
        typed: Callable[[int, str], object],
    ) -> None:
        self.picture, self.entry, self.facts = ImageHtml(), ImageHtml(), ipw.HTML()
        self.strip = [FrameButton(step, partial(show_frame, step)) for step in steps_s]
        self.note = NoteField(typed)
        self.other_notes = ipw.HTML()
        left = ipw.VBox([self.picture, ipw.HBox(self.strip)])
        side = ipw.Box([ipw.VBox([self.entry, self.facts, self.other_notes, self.note])])
        super().__init__([left, side])
        name_parts(body=self, left=left, side=side, picture=self.picture)
        name_parts(entry=self.entry, facts=self.facts, note=self.note, others=self.other_notes)

    def draw(self, state: ReviewState, waiting: str) -> None:
        """Show the event in front; `waiting` says of a frame that has not come why it has not."""
        in_view = state.in_view  # first: a frame that comes meanwhile is drawn by itself, after this
        item, key, frame = state.current, state.shown_key, state.shown
        view, step_s = key
        for button in self.strip:
            button.draw(
                item.frames.get((view, button.step_s)),
                will_come=item.views[view] in item.event.cameras,
                is_shown=button.step_s == step_s,
                is_chosen=(view, button.step_s) == item.standing,
            )
        self.entry.draw(item.cardholder or item.event.cardholder_id, partial(entry_html, item))
        self.facts.value = facts_html(item, key)
        self.note.draw(state.position, item.note)
        self.other_notes.value = other_notes_html(item)
        self.other_notes.layout.display = None if self.other_notes.value else "none"
        # Last: when the picture says that it is in view, all that is beside it is there already.
        if frame is not None and frame.picture is not None:
            alt = picture_name(item, key)
            make = partial(image_html, frame.picture.content, "image/jpeg", alt)
            self.picture.draw((in_view, alt), partial(in_view_html, in_view, make))
        else:
            said = item.why_no_picture(key) or waiting
            self.picture.draw((in_view, said), partial(in_view_html, in_view, partial(text_html, said)))


class LeaveOut(ipw.HBox):
    """Leaves an event out of the report, with a reason, or takes it in again.

    Parameters
    ----------
    exclude : callable
        Called with the reason.
    include : callable
        Called to take it in again.
    """

    def __init__(self, exclude: Callable[[str], object], include: Callable[[], object]) -> None:
        self._item: EventReview | None = None
        self._is_open = False
        self._shown: tuple[ipw.Widget, ...] = ()
        self.begin = ipw.Button(description="Leave this event out …")
        self.begin.tooltip = (
            "Such as one that was picked by mistake: it stays in the case, but not in the report"
        )
        # Not with each letter: a busy kernel would get the last ones after the button.
        self.reason = ipw.Text(
            description="Reason", placeholder="Why is it left out?", continuous_update=False
        )
        self.confirm, self.cancel = ipw.Button(description="Leave out"), ipw.Button(description="Cancel")
        self.said, self.include = ipw.HTML(), ipw.Button(description="Take it in again")
        self.begin.on_click(lambda _button: self._open(True))
        self.cancel.on_click(lambda _button: self._open(False))
        self.confirm.on_click(lambda _button: exclude(self.reason.value))
        self.include.on_click(lambda _button: include())
        super().__init__()

    def draw(self, item: EventReview) -> None:
        """Show whether an event is left out, and why."""
        if item is not self._item or item.excluded is not None:
            self._item, self._is_open, self.reason.value = item, False, ""
        self.said.value = text_html(f"Left out of the report: {item.excluded}")
        self._show()

    def _open(self, is_open: bool) -> None:
        self._is_open = is_open
        self._show()

    def _show(self) -> None:
        shown: tuple[ipw.Widget, ...]
        if self._item is not None and self._item.excluded is not None:
            shown = (self.said, self.include)
        else:
            shown = (self.reason, self.confirm, self.cancel) if self._is_open else (self.begin,)
        if shown != self._shown:
            self.children = self._shown = shown


def name_parts(**parts: ipw.DOMWidget) -> None:
    """Give widgets the names by which the style sheet knows them."""
    for name, part in parts.items():
        part.add_class(f"camkit-{name}")


def mark(widget: ipw.DOMWidget, on: bool) -> None:
    """Set a widget apart from its neighbours, or no longer."""
    (widget.add_class if on else widget.remove_class)("camkit-on")
