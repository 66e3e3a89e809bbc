"""How long to wait, how often to try, and how much to accept."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

RETRY_STATUSES = frozenset({429, 500, 502, 503, 504})
"""What may pass by itself; 429 moreover says that nothing was done."""


@dataclass(frozen=True)
class Limits:
    """How long to wait and how much to accept.

    Attributes
    ----------
    connect_s, read_s : float
        Longest wait for a connection, and for the next byte, seconds.
    deadline_s : float
        Longest time for one call with all its retries and waits, seconds.
    attempts : int
        Requests per call at most, redirects not counted.
    backoff_s, backoff_max_s : float
        First and longest pause between attempts, seconds; doubled each time, and jittered by half.
    max_bytes : int
        Largest answer accepted, bytes, unpacked.
    redirects : int
        Redirects followed in a row at most.
    """

    connect_s: float = 5.0
    read_s: float = 20.0
    deadline_s: float = 60.0
    attempts: int = 4
    backoff_s: float = 0.4
    backoff_max_s: float = 8.0
    max_bytes: int = 25 * 1024 * 1024
    redirects: int = 5

    def pause_s(self, attempt: int, told_s: float | None = None) -> float:
        """Seconds to wait after a failed attempt, the first being 1.

        As told, and up to a tenth longer, so that those who were told the same do not all come back at
        once; else doubled each time and jittered.
        """
        if told_s is not None:
            return told_s * random.uniform(1.0, 1.1)  # noqa: S311 - jitter, not a secret
        pause = min(self.backoff_s * 2 ** min(attempt - 1, 30), self.backoff_max_s)
        return pause * random.uniform(0.5, 1.5)  # noqa: S311 - jitter, not a secret


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Read ``Retry-After``: seconds, or an HTTP date, which is taken by the server's own clock.

    Returns
    -------
    float or None
        Seconds from now, never negative; None when there is no such header or it cannot be read.
    """
    told = headers.get("Retry-After", "").strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]+)?", told):
        return float(told)
    until = _http_date(told)
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
