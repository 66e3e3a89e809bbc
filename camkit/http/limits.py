"""How long to wait, how many attempts to make, and how much to accept."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from camkit.errors import InputError
from camkit.support.workers import whole_number

RETRY_STATUSES = frozenset({429, 500, 502, 503, 504})
"""Failures that may pass by themselves; a 429 also says that nothing was done."""


@dataclass(frozen=True)
class Limits:
    """How long to wait and how much to accept.

    Attributes
    ----------
    connect_s, read_s : float
        Longest wait for a connection, and for the next byte, seconds.
    deadline_s : float
        Longest time for one call with all its attempts and pauses, seconds.
    attempts : int
        Maximum number of requests per call, not counting redirects.
    backoff_s, backoff_max_s : float
        First and longest pause between attempts, seconds; doubled each time, and jittered by half.
    max_bytes : int
        Size of the largest answer accepted, unpacked, bytes.
    redirects : int
        Maximum number of redirects followed in a row.

    Raises
    ------
    InputError
        If `attempts` is not a whole number of at least 1, or a time is not positive (a pause may be 0).
    """

    connect_s: float = 5.0
    read_s: float = 20.0
    deadline_s: float = 60.0
    attempts: int = 4
    backoff_s: float = 0.4
    backoff_max_s: float = 8.0
    max_bytes: int = 25 * 1024 * 1024
    redirects: int = 5

    def __post_init__(self) -> None:
        whole_number("attempts", self.attempts)
        for name in ("connect_s", "read_s", "deadline_s"):
            if not (seconds := getattr(self, name)) > 0:
                raise InputError(f"{name} is {seconds!r}; it has to be more than 0 seconds.")

    def pause_s(self, attempt: int, asked_s: float | None = None) -> float:
        """Seconds to wait after a failed attempt, the first being 1.

        If the service asked for a wait, that long and up to a tenth longer, so that those who were asked
        at once do not all come back at once; otherwise doubled each time and jittered.
        """
        if asked_s is not None:
            return asked_s * random.uniform(1.0, 1.1)  # noqa: S311 - jitter, not a secret
        pause = min(self.backoff_s * 2 ** min(attempt - 1, 30), self.backoff_max_s)
        return pause * random.uniform(0.5, 1.5)  # noqa: S311 - jitter, not a secret


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait by ``Retry-After``, whose date counts by the server's own clock; None if it cannot be read."""
    value = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]+)?", value):
        return float(value)
    until = _http_date(value)
    if until is None:
        return None
    now = _http_date(headers.get("Date", "")) or datetime.now(UTC)
    return max(0.0, (until - now).total_seconds())


def _http_date(text: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return date if date.tzinfo is not None else date.replace(tzinfo=UTC)
