"""The parts that the panel is put together from: widgets without a logic of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import anywidget
import ipywidgets as ipw
import traitlets

from camkit.cameras import Snapshot
from camkit.review import show
from camkit.review.state import ReviewState

HERE = Path(__file__).parent

NOTE_KEY = "t"
"""Takes one to the field for the note."""


class Keys(anywidget.AnyWidget):
    """Calls what belongs to a key that is pressed in the panel around it; invisible, and brings the panel's style."""

    _esm = HERE / "panel.js"
    _css = HERE / "panel.css"
    handled = traitlets.List(traitlets.Unicode()).tag(sync=True)
    note_key = traitlets.Unicode(NOTE_KEY).tag(sync=True)

    def __init__(self) -> None:
        super().__init__(layout=ipw.Layout(display="none"))
        self._actions: dict[str, Callable[[], None]] = {}
        self.on_msg(lambda _widget, message, _buffers: self._actions[message["key"]]())

    def add(self, key: str, action: Callable[[], None]) -> None:
        """Let a key, by its name in the browser (``m``, ``ArrowLeft``), do something."""
        self._actions[key] = action
        self.handled = list(self._actions)


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
        self.picture = ipw.HTML()
        self.button = ipw.Button(tooltip=f"Look at this frame: {show.step_name(step_s)}")
        self.button.on_click(lambda _button: pressed())
        super().__init__([self.picture, self.button])
        self.add_class("camkit-frame")

    def draw(self, frame: Snapshot | None, *, is_shown: bool, is_chosen: bool) -> None:
        """Show a frame, whether it is the one in view, and whether it stands for the event."""
        picture = frame.picture if frame else None
        self.picture.value = show.picture_html(show.thumbnail(picture.content), "") if picture else ""
        state = "" if picture else ": none" if frame else ": not loaded"
        self.button.description = (
            f"{'★ ' if is_chosen and picture else ''}{show.step_name(self.step_s)}{state}"
        )
        mark(self, is_shown)


class EventView(ipw.HBox):
    """One event: the frame in view over the strip of all, and beside them who, when, where, and the note.

    Parameters
    ----------
    steps_s : iterable of float
        The frames in the strip.
    show_frame : callable
        Called with the step of a frame that is pressed.
    """

    def __init__(self, steps_s: Iterable[float], show_frame: Callable[[float], None]) -> None:
        self.picture, self.entry, self.facts = ipw.HTML(), ipw.HTML(), ipw.HTML()
        self.strip = [FrameButton(step, partial(show_frame, step)) for step in steps_s]
        self.note = ipw.Textarea(
            description="Note",
            placeholder=f"Note ({NOTE_KEY.upper()})",
            continuous_update=False,
            layout=ipw.Layout(width="100%", height="48px"),
        )
        left = ipw.VBox([self.picture, ipw.HBox(self.strip)])
        side = ipw.Box([ipw.VBox([self.entry, self.facts, self.note])])
        super().__init__([left, side])
        names = {
            "body": self, "left": left, "side": side, "picture": self.picture,
            "entry": self.entry, "facts": self.facts, "note": self.note,
        }  # fmt: skip
        for name, part in names.items():
            part.add_class(f"camkit-{name}")

    def draw(self, state: ReviewState, waiting: str) -> None:
        """Show the event in front; `waiting` says of a frame that has not come why it has not."""
        item, step, frame = state.current, state.shown_step, state.shown
        if frame is not None and frame.picture is not None:
            self.picture.value = show.picture_html(frame.picture.content, show.picture_name(frame, step))
        else:
            self.picture.value = show.text_html(item.why_no_picture(step) or waiting)
        for button in self.strip:
            button.draw(
                item.frames.get(button.step_s),
                is_shown=button.step_s == step,
                is_chosen=button.step_s == item.chosen_step,
            )
        self.entry.value = show.entry_html(item)
        self.facts.value = show.facts_html(item, step, state.zone)
        self.note.value = item.note


def mark(widget: ipw.DOMWidget, on: bool) -> None:
    """Set off a widget from its like, or no longer."""
    (widget.add_class if on else widget.remove_class)("camkit-on")
