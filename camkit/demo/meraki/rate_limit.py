"""The organization's limit: ten requests a second, and ten more in the first one.

Source: CiscoDevNet/Meraki-Dashboard-API-v1-Documentation, ``RateLimit``.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

PER_SECOND, BURST = 10.0, 20.0


@dataclass
class TokenBucket:
    """A bucket of `BURST` tokens, refilled with `PER_SECOND` each second."""

    _tokens: float = BURST
    _filled: float = field(default_factory=time.monotonic)

    def take(self) -> bool:
        """Take one token; False if the bucket is empty."""
        now = time.monotonic()
        self._tokens = min(BURST, self._tokens + (now - self._filled) * PER_SECOND)
        self._filled = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True

    def reset(self) -> None:
        """Fill the bucket."""
        self._tokens = BURST
