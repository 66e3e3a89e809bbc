"""Figures: each function takes data and an ``Axes`` (or makes a new one), and returns the ``Axes``."""

from camkit.plots.badges import plot_events_by_hour, plot_rejected, plot_timeline
from camkit.plots.status import (
    plot_overall_status,
    plot_silent_cameras,
    plot_status_bits,
    plot_status_timeline,
)
from camkit.plots.style import save_plot

__all__ = [
    "plot_events_by_hour",
    "plot_overall_status",
    "plot_rejected",
    "plot_silent_cameras",
    "plot_status_bits",
    "plot_status_timeline",
    "plot_timeline",
    "save_plot",
]
