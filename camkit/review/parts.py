"""The parts that the panel is put together from: widgets without a logic of their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import anywidget
import ipywidgets as ipw
import traitlets

from camkit.review import show
from camkit.snapshots import Snapshot

HERE = Path(__file__).parent


class Keys(anywidget.AnyWidget):
    """Calls what belongs to a key that is pressed in the panel around it; invisible, and brings the panel's style.

    Parameters
    ----------
    note_key : str
        The key that takes one to the field for the note.
    """

    _esm = HERE / "panel.js"
    _css = HERE / "panel.css"
    handled = traitlets.List(traitlets.Unicode()).tag(sync=True)
    note_key = traitlets.Unicode().tag(sync=True)

    def __init__(self, note_key: str) -> None:
        super().__init__(note_key=note_key, layout=ipw.Layout(display="none"))
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


def mark(widget: ipw.DOMWidget, on: bool) -> None:
    """Set off a widget from its like, or no longer."""
    (widget.add_class if on else widget.remove_class)("camkit-on")
