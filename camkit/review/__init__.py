"""The review: name the exports, pick events, look at each, decide, note why."""

from camkit.review.import_dialog import ImportDialog
from camkit.review.panel import ReviewPanel
from camkit.review.picker import EventPicker

__all__ = ["EventPicker", "ImportDialog", "ReviewPanel"]
