"""What is where in the folder of a stored log."""

from __future__ import annotations

FORMAT = 1
"""Of the folder; a later version that changes it counts on."""

LOG, REASONS = "log.json", "reasons.parquet"

LABEL = "log_label"
"""The column of an event's label, which is the index of `StoredLog.events`."""

KINDS = ("events", "rejected", "duplicates", "ignored")
"""What rows can be; each kind has a folder."""

SITE, MONTH = PLACE = ("log_site", "log_month")
"""The columns by which the folder is divided."""

EMPTY = "no-events.parquet"
"""A table without rows: the columns of the events."""

PARTS = (*KINDS, REASONS, EMPTY)
"""What a log has in its folder beside `LOG`, which says that it is complete."""
