"""HTTP to one vendor: deadlines, retries, a size cap, and secrets that stay at home."""

from camkit.http.limits import Limits
from camkit.http.rate import TokenBucket
from camkit.http.reply import Meanings, Reply, raise_for_status
from camkit.http.transport import Transport

__all__ = ["Limits", "Meanings", "Reply", "TokenBucket", "Transport", "raise_for_status"]
