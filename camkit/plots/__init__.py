"""Figures: each function takes data and an ``Axes``, and returns the ``Axes``."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

_WHERE = {
    "plot_events_by_hour": "camkit.plots.badges",
    "plot_timeline": "camkit.plots.badges",
    "plot_rejected": "camkit.plots.badges",
    "save_plot": "camkit.plots.save",
    "plot_status_bits": "camkit.plots.status",
    "plot_overall_status": "camkit.plots.status",
    "plot_silent_cameras": "camkit.plots.status",
}

__all__ = list(_WHERE)

if TYPE_CHECKING:
    from camkit.plots.badges import plot_events_by_hour as plot_events_by_hour
    from camkit.plots.badges import plot_rejected as plot_rejected
    from camkit.plots.badges import plot_timeline as plot_timeline
    from camkit.plots.save import save_plot as save_plot
    from camkit.plots.status import plot_overall_status as plot_overall_status
    from camkit.plots.status import plot_silent_cameras as plot_silent_cameras
    from camkit.plots.status import plot_status_bits as plot_status_bits


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(import_module(_WHERE[name]), name)
    raise AttributeError(f"module 'camkit.plots' has no attribute {name!r}")
