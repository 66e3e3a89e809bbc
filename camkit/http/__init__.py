"""HTTP to one vendor: deadlines, retries, a size cap, and secrets that stay at home."""

from camkit.http.limits import RETRY_STATUSES, Limits
from camkit.http.rate import TokenBucket
from camkit.http.reply import Meanings, Reply, raise_for_status
from camkit.http.secrets import Address, Credential, mask_url
from camkit.http.transport import Transport

__all__ = [
    "RETRY_STATUSES",
    "Address",
    "Credential",
    "Limits",
    "Meanings",
    "Reply",
    "TokenBucket",
    "Transport",
    "mask_url",
    "raise_for_status",
]
