"""The review: pick events, look at each, decide, note why."""

from camkit.review.panel import ReviewPanel
from camkit.review.picker import EventPicker

__all__ = ["EventPicker", "ReviewPanel"]
