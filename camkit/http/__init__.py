"""HTTP to one service: deadlines, retries, a size cap, and secrets that go to its own hosts only."""

from camkit.http.limits import RETRY_STATUSES, Limits, TokenBucket
from camkit.http.reply import Meanings, Reply, http_date, raise_for_status
from camkit.http.retry import retry
from camkit.http.secrets import Address, Credential, Masking, NotPickled, as_secret, scrub_text
from camkit.http.transport import Transport
from camkit.support.tracebacks import secrets_stay_inside

__all__ = [
    "RETRY_STATUSES",
    "Address",
    "Credential",
    "Limits",
    "Masking",
    "Meanings",
    "NotPickled",
    "Reply",
    "TokenBucket",
    "Transport",
    "as_secret",
    "http_date",
    "raise_for_status",
    "retry",
    "scrub_text",
    "secrets_stay_inside",
]
