"""One complete answer, and the exception for an unsuccessful one."""

from __future__ import annotations

import json as jsonlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin

from urllib3 import HTTPHeaderDict
from urllib3.response import HTTPResponse

from camkit.errors import AccessDenied, BadResponse, LoginRefused, NotFound, RateLimited, ServiceError
from camkit.http.limits import RETRY_STATUSES
from camkit.http.links import link_targets
from camkit.http.secrets import Address, Headers

_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]|\xed[\xa0-\xbf]")


@dataclass(frozen=True)
class Reply:
    """One complete answer.

    Attributes
    ----------
    url : str
        Where it came from, after redirects, without secrets (see `Masking`).
    content : bytes
        The body as it arrived; in an answer that is not a success, the request's secrets are masked.
    headers : urllib3.HTTPHeaderDict
        As they arrived, without cookies; the secrets of the request's key and body are masked.
    cookies : camkit.http.secrets.Headers
        The cookies that it sets, by name. They are secrets: not in its repr, and not in a pickle or a copy of it.
    moved : bool
        Whether redirects led to another path or query than was asked for.
    sent_at, received_at : datetime.datetime
        This machine's clock, UTC-aware.
    latency_s : float
        From sending to the last byte, seconds, by a monotonic clock.
    """

    method: str
    url: str
    status: int
    headers: HTTPHeaderDict = field(repr=False)
    content: bytes = field(repr=False)
    sent_at: datetime
    received_at: datetime
    latency_s: float
    cookies: Mapping[str, str] = field(repr=False, default_factory=Headers)
    moved: bool = False

    def __getstate__(self) -> dict[str, Any]:
        """What is pickled and copied: all but the cookies."""
        return {**vars(self), "cookies": {}}

    @property
    def ok(self) -> bool:
        """Whether the status is a success, 2xx."""
        return 200 <= self.status < 300

    @property
    def server_date(self) -> str | None:
        """The server's own time, from its ``Date`` header."""
        return self.headers.get("Date")

    @property
    def content_type(self) -> str:
        """The media type without parameters, in lower case; empty if the server gave none."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    @property
    def retry_after_s(self) -> float | None:
        """Seconds to wait by ``Retry-After``, a date in it by the server's own clock; None if it cannot be read."""
        value = self.headers.get("Retry-After", "").strip()
        if re.fullmatch(r"[0-9]{1,9}(\.[0-9]+)?", value):
            return float(value)
        until = http_date(value)
        if until is None:
            return None
        now = http_date(self.headers.get("Date", "")) or datetime.now(UTC)
        return max(0.0, (until - now).total_seconds())

    @property
    def said(self) -> str:
        """The body as one short line of text, for a message; empty if it is a page or not text."""
        text = " ".join(self.content[:300].decode("utf-8", "replace").split())
        return "" if "<" in text or not text.isprintable() else text

    def linked(self, relation: str) -> Address | None:
        """The address that the ``Link`` header gives for a relation such as ``next``; None if it gives none.

        Raises
        ------
        BadResponse
            If it cannot be read.
        """
        targets = link_targets(self.headers.get("Link", ""), relation)
        try:
            return Address(urljoin(self.url, targets[0])) if targets else None
        except ValueError:
            pass
        raise self.bad(f"names a {relation} page whose address cannot be read")

    @property
    def _unread_codings(self) -> str:
        """How the body is packed, where that cannot be unpacked, as words for a message; empty if it can."""
        named = re.findall(r"[a-z0-9_.-]{1,20}", self.headers.get("Content-Encoding", "").lower())
        unread = [name for name in named[:3] if name not in ("identity", *HTTPResponse.CONTENT_DECODERS)]
        return ", ".join(unread)

    def json(self) -> Any:
        """Return the decoded body; a lone surrogate, which no table or file could hold, becomes ``?``.

        Raises
        ------
        BadResponse
            If the body is not JSON.
        """
        try:
            found = jsonlib.loads(self.content)
            if _SURROGATE.search(self.content):
                found = jsonlib.loads(jsonlib.dumps(found, ensure_ascii=False).encode("utf-8", "replace"))
            return found
        except (ValueError, RecursionError):
            pass
        kind = self.content_type or "no content type"
        raise self.bad(f"answered {self.status} with something that is not JSON ({kind[:60]})")

    def require_not_moved(self) -> None:
        """Raise `BadResponse` if redirects led to another path or query, whose answer is about something else."""
        if self.moved:
            raise self.bad("is not what was asked for: the service led to another address")

    def bad(self, what: str) -> BadResponse:
        """Return the exception that says what is wrong with this answer; `what` follows its address."""
        coding = self._unread_codings
        hint = (
            f" Its encoding is {coding}, which camkit did not ask for; a proxy may do that." if coding else ""
        )
        return BadResponse(f"{self.url} {what}.{hint}", url=self.url, status=self.status)


def take_cookies(headers: HTTPHeaderDict) -> Headers:
    """Remove the cookies from an answer's headers and return them by name.

    A line that deletes a cookie, often an older one of the same name, hides no other line. Of several
    cookies with one name, one for the whole site counts before one for a part of it, and then the last.
    """
    cookies, partial = Headers(), Headers()
    lines = headers.getlist("Set-Cookie")
    if not lines:
        return cookies
    now = http_date(headers.get("Date", "")) or datetime.now(UTC)
    for line in lines:  # http.cookies would stop at the first odd name
        (name, value), *attributes = map(_pair, line.split(";"))
        given = {name.lower(): value for name, value in attributes}
        if not _is_over(given, now):
            kept = cookies if given.get("path", "/") in ("", "/") else partial
            kept[name] = value.removeprefix('"').removesuffix('"')
    headers.discard("Set-Cookie")
    return Headers({**partial, **cookies})


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name.strip(), value.strip()


def _is_over(attributes: Mapping[str, str], now: datetime) -> bool:
    """Whether a cookie with these attributes is deleted (RFC 6265: Max-Age counts before Expires)."""
    age = attributes.get("max-age", "")
    if re.fullmatch(r"-?[0-9]+", age):
        return age.startswith("-") or not age.strip("0")
    expires = http_date(attributes.get("expires", ""))
    return expires is not None and expires <= now


def http_date(text: str) -> datetime | None:
    """Read a date as HTTP writes it, UTC-aware; None if it is not one."""
    try:
        date = parsedate_to_datetime(text)
        return date.astimezone(UTC) if date.tzinfo is not None else date.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


Meanings = Mapping[int, tuple[type[ServiceError], str]]
"""What a status means: an exception, and a clause for its message."""


def raise_for_status(reply: Reply, doing: str, meanings: Meanings | None = None) -> None:
    """Raise the exception for an unsuccessful answer; return if it is a success.

    Parameters
    ----------
    doing : str
        What was attempted, as in "Listing the devices".
    meanings : mapping, optional
        What the documentation of this call says about a status; other statuses have a general meaning.

    Raises
    ------
    LoginRefused, AccessDenied, NotFound, RateLimited, ServiceError, BadResponse
        By the status.
    """
    if reply.ok:
        return
    other = ServiceError if reply.status >= 500 else BadResponse, "unexpected answer"
    kind, meaning = {**_MEANINGS, **(meanings or {})}.get(reply.status, other)
    words = f" It said: {reply.said!r}." if reply.said else ""
    raise kind(
        f"{doing} failed: {meaning} (HTTP {reply.status} from {reply.url}).{words}",
        url=reply.url,
        status=reply.status,
        transient=reply.status in RETRY_STATUSES,
        said=reply.said,
        retry_after_s=reply.retry_after_s,
    )


_MEANINGS: Meanings = {
    401: (LoginRefused, "the credentials or the session were not accepted"),
    403: (AccessDenied, "this account does not have permission"),
    404: (NotFound, "not found"),
    410: (NotFound, "no longer kept"),
    429: (RateLimited, "too many requests; wait a little and run the cell again"),
    500: (ServiceError, "the service had an internal error; run the cell again later"),
    502: (ServiceError, "the service's gateway failed; run the cell again later"),
    503: (ServiceError, "the service is not available; run the cell again later"),
    504: (ServiceError, "the service's gateway timed out; run the cell again later"),
}
