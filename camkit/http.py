"""HTTP to one vendor: deadlines, retries, a size cap, and secrets that stay at home.

Every request of the kit goes through `Transport.request`, which either returns an answer (whatever its
status) or raises one of camkit's own exceptions. It yields to other greenlets whenever it waits.
"""

from __future__ import annotations

import json as jsonlib
import logging
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import DefaultCookiePolicy
from typing import Any, NoReturn
from urllib.parse import urljoin, urlsplit

import gevent
import requests
from requests.exceptions import ChunkedEncodingError, ConnectTimeout, ContentDecodingError
from requests.structures import CaseInsensitiveDict

from camkit import __version__
from camkit.errors import (
    AccessDenied,
    BadResponse,
    DeadlineExceeded,
    LoginRefused,
    NotFound,
    RateLimited,
    ServiceError,
    ServiceUnreachable,
    SettingsError,
)
from camkit.secret import Credential, NoCredential, mask_url
from camkit.sockets import GeventAdapter

log = logging.getLogger(__name__)

RETRY_STATUSES = frozenset({429, 500, 502, 503, 504})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


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
        Largest answer accepted, bytes.
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


@dataclass(frozen=True)
class Reply:
    """One complete answer.

    Attributes
    ----------
    url : str
        Where it came from, without secrets.
    sent_at, received_at : datetime.datetime
        This machine's clock, UTC-aware.
    latency_s : float
        From sending to the last byte, seconds, by a monotonic clock.
    """

    method: str
    url: str
    status: int
    headers: CaseInsensitiveDict[str] = field(repr=False)
    content: bytes = field(repr=False)
    cookies: Mapping[str, str] = field(repr=False)
    sent_at: datetime
    received_at: datetime
    latency_s: float

    @property
    def server_date(self) -> str | None:
        """The server's own clock, as its ``Date`` header says."""
        return self.headers.get("Date")

    @property
    def text(self) -> str:
        """The body as one short line of text, for a message."""
        return " ".join(self.content[:300].decode("utf-8", "replace").split())

    def json(self) -> Any:
        """Return the decoded body.

        Raises
        ------
        BadResponse
            If the body is no JSON.
        """
        try:
            return jsonlib.loads(self.content)
        except ValueError:
            kind = self.headers.get("Content-Type", "no content type")
            raise BadResponse(
                f"{self.url} answered {self.status} with something that is not JSON ({kind}).",
                url=self.url,
                status=self.status,
            ) from None


class Transport:
    """HTTP to one service, from any thread and any number of greenlets.

    Parameters
    ----------
    service : str
        The service's name, for messages.
    base_url : str
        Where it lives; relative addresses are joined to it.
    domains : sequence of str
        The vendor's domains. A redirect or an absolute address is followed only into these (over
        HTTPS), or to the very host of `base_url`; a credential goes nowhere else.
    limits : Limits
        Deadlines and caps.

    Raises
    ------
    SettingsError
        If `base_url` is no http or https address.

    Notes
    -----
    Sockets belong to the gevent hub of the thread that made them, so each thread has its own session.
    Cookies are not kept: a client that has a session cookie sends it as a `Credential`.
    """

    def __init__(
        self, service: str, base_url: str, *, domains: Sequence[str] = (), limits: Limits | None = None
    ) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise SettingsError(f"The address of {service}, {mask_url(base_url)!r}, is no http(s) address.")
        self.service = service
        self.base_url = base_url.rstrip("/")
        self.domains = tuple(domains)
        self.limits = limits or Limits()
        self._local = threading.local()

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        credential: Credential | None = None,
        idempotent: bool | None = None,
        check: Callable[[Reply], object] | None = None,
        attempts: int | None = None,
        deadline_s: float | None = None,
    ) -> Reply:
        """Send one request, and again where that is safe and may help.

        Parameters
        ----------
        method, url : str
            `url` is absolute, or a path below the base address.
        idempotent : bool, optional
            Whether sending it twice does no harm; by default true of GET and HEAD. Other requests are
            repeated only when the service cannot have acted on them: no connection, or a 429.
        check : callable, optional
            Looks at an answer with a 2xx status and raises `BadResponse` if it is not what was asked
            for; such an answer counts as a failed attempt.
        attempts, deadline_s : optional
            Instead of those in `limits`.

        Returns
        -------
        Reply
            The last answer, whatever its status.

        Raises
        ------
        ServiceUnreachable, DeadlineExceeded, BadResponse
            If no whole answer came, or none that passed `check`.
        """
        url = urljoin(self.base_url + "/", url.lstrip("/")) if "://" not in url else url
        safe = method in ("GET", "HEAD") if idempotent is None else idempotent
        attempts = attempts or self.limits.attempts
        ends = time.monotonic() + (deadline_s or self.limits.deadline_s)
        for attempt in range(1, attempts + 1):
            failure: ServiceError | None = None
            reply: Reply | None = None
            try:
                reply = self._follow(method, url, params, json, credential, ends)
                if check is not None and 200 <= reply.status < 300:
                    check(reply)
            except ServiceError as error:
                failure = error
                again = error.transient and (safe or isinstance(error, ServiceUnreachable))
            else:
                again = reply.status in RETRY_STATUSES and (safe or reply.status == 429)
            wait_s = self._pause(attempt, reply)
            if not again or attempt == attempts or time.monotonic() + wait_s >= ends:
                break
            log.debug("%s %s again in %.2f s: %s", method, mask_url(url), wait_s, failure or reply)
            gevent.sleep(wait_s)
        if failure is not None:
            raise failure
        assert reply is not None  # noqa: S101 - one of the two is set
        return reply

    def close(self) -> None:
        """Close this thread's idle connections; it opens new ones when used again."""
        session = self._local.__dict__.pop("session", None)
        if session is not None:
            session.close()

    def trusts(self, url: str) -> bool:
        """Whether an address is the service's own: its host, or one in its domains over HTTPS."""
        parts, home = urlsplit(url), urlsplit(self.base_url)
        host = (parts.hostname or "").lower()
        if parts.username is not None or not host:
            return False
        if host == (home.hostname or "").lower():
            return parts.scheme == home.scheme
        return parts.scheme == "https" and any(host == d or host.endswith("." + d) for d in self.domains)

    def _follow(
        self,
        method: str,
        url: str,
        params: Mapping[str, Any] | None,
        json: Any,
        credential: Credential | None,
        ends: float,
    ) -> Reply:
        """One attempt: the request and the redirects it leads to, method and body kept."""
        for _ in range(self.limits.redirects + 1):
            if not self.trusts(url):
                raise BadResponse(
                    f"{self.service} points to another site, {mask_url(url)}; camkit does not go there.",
                    url=mask_url(url),
                    transient=False,
                )
            reply, location = self._once(method, url, params, json, credential, ends)
            if reply.status not in _REDIRECTS or location is None:
                return reply
            if reply.status == 303:
                method, json = "GET", None
            url, params = urljoin(url, location), None
        raise BadResponse(
            f"{self.service} redirected more than {self.limits.redirects} times from {reply.url}.",
            url=reply.url,
            status=reply.status,
            transient=False,
        )

    def _once(
        self,
        method: str,
        url: str,
        params: Mapping[str, Any] | None,
        json: Any,
        credential: Credential | None,
        ends: float,
    ) -> tuple[Reply, str | None]:
        limits, shown = self.limits, mask_url(url)
        deadline = gevent.Timeout(max(0.001, ends - time.monotonic()))
        sent_at, start = datetime.now(UTC), time.perf_counter()
        try:
            with (
                deadline,
                self._session().request(
                    method,
                    url,
                    params=params,
                    json=json,
                    auth=credential or NoCredential(),
                    timeout=(limits.connect_s, limits.read_s),
                    allow_redirects=False,
                    stream=True,
                ) as response,
            ):
                shown = mask_url(response.url)
                content = self._read(response, shown)
        except gevent.Timeout as timeout:
            if timeout is not deadline:
                raise
            raise DeadlineExceeded(
                f"{self.service} did not finish its answer in time ({shown}).", url=shown
            ) from None
        except requests.RequestException as error:
            self._translate(error, shown)
        reply = Reply(
            method=method,
            url=shown,
            status=response.status_code,
            headers=response.headers,
            content=content,
            cookies=response.cookies.get_dict(),
            sent_at=sent_at,
            received_at=datetime.now(UTC),
            latency_s=time.perf_counter() - start,
        )
        return reply, response.headers.get("Location")

    def _read(self, response: requests.Response, shown: str) -> bytes:
        """The body, up to the cap; the announced length is only a hint."""
        cap = self.limits.max_bytes
        body = bytearray()
        announced = response.headers.get("Content-Length", "")
        too_large = announced.isdigit() and int(announced) > cap
        if not too_large:
            for chunk in response.iter_content(64 * 1024):
                body += chunk
                if too_large := len(body) > cap:
                    break
        if too_large:
            raise BadResponse(
                f"{shown} sent more than {cap / 2**20:.0f} MiB; camkit stopped reading.",
                url=shown,
                status=response.status_code,
                transient=False,
            )
        return bytes(body)

    def _translate(self, error: requests.RequestException, shown: str) -> NoReturn:
        """Say in camkit's words what requests reports, without its text, which may hold a secret."""
        host = urlsplit(shown).netloc
        if isinstance(error, requests.exceptions.SSLError):
            raise ServiceUnreachable(
                f"The TLS certificate of {host} is not trusted, so nothing was sent. Behind an inspecting "
                "proxy, set REQUESTS_CA_BUNDLE to its CA file.",
                url=shown,
                transient=False,
            ) from None
        if isinstance(error, requests.exceptions.ProxyError):
            raise ServiceUnreachable(
                f"The proxy did not connect to {host}. Check HTTPS_PROXY and NO_PROXY.", url=shown
            ) from None
        if isinstance(error, ConnectTimeout):
            raise ServiceUnreachable(f"{host} did not accept a connection in time.", url=shown) from None
        if isinstance(error, requests.exceptions.ReadTimeout):
            raise DeadlineExceeded(f"{host} stopped answering ({shown}).", url=shown) from None
        if isinstance(error, ChunkedEncodingError | ContentDecodingError):
            raise BadResponse(f"The answer of {shown} broke off before its end.", url=shown) from None
        if isinstance(error, requests.exceptions.ConnectionError):
            if "NewConnectionError" in str(error) or "NameResolutionError" in str(error):
                raise ServiceUnreachable(
                    f"There is no connection to {host}. Check the address and the network.", url=shown
                ) from None
            raise BadResponse(
                f"{host} closed the connection without an answer ({shown}).", url=shown
            ) from None
        raise BadResponse(
            f"{self.service}: the request to {shown} failed ({type(error).__name__}).",
            url=shown,
            transient=False,
        ) from None

    def _pause(self, attempt: int, reply: Reply | None) -> float:
        """Seconds to wait before the next attempt: as told, else doubled and jittered."""
        if reply is not None and (told := retry_after_s(reply)) is not None:
            return told
        pause = min(self.limits.backoff_s * 2 ** (attempt - 1), self.limits.backoff_max_s)
        return pause * random.uniform(0.5, 1.5)  # noqa: S311 - jitter, not a secret

    def _session(self) -> requests.Session:
        session = getattr(self._local, "session", None)
        if session is None:
            session = requests.Session()
            session.headers["User-Agent"] = f"camkit/{__version__}"
            session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
            adapter = GeventAdapter(pool_maxsize=64)
            session.mount("http://", adapter)
            session.mount("https://", adapter)
            self._local.session = session
        return session


def retry_after_s(reply: Reply) -> float | None:
    """Return what ``Retry-After`` asks for, in seconds, given as a number or as an HTTP date."""
    told = (reply.headers.get("Retry-After") or "").strip()
    if told.isdigit():
        return float(told)
    try:
        until = parsedate_to_datetime(told)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(0.0, (until - datetime.now(UTC)).total_seconds())


def raise_for_status(reply: Reply, doing: str, meanings: Mapping[int, str] | None = None) -> None:
    """Raise the exception that an unsuccessful answer stands for.

    Parameters
    ----------
    doing : str
        What was attempted, as in "Listing the devices".
    meanings : mapping of int to str, optional
        What this call's documentation says of a status; other statuses have a general text.

    Raises
    ------
    LoginRefused, AccessDenied, NotFound, RateLimited, ServiceError, BadResponse
        By the status.
    """
    status = reply.status
    if 200 <= status < 300:
        return
    kind, general = _MEANING.get(
        status, (ServiceError if status >= 500 else BadResponse, "unexpected answer")
    )
    meaning = (meanings or {}).get(status, general)
    said = f" It said: {reply.text!r}." if reply.text and "<" not in reply.text else ""
    raise kind(
        f"{doing} failed: {meaning} (HTTP {status} from {reply.url}).{said}",
        url=reply.url,
        status=status,
        transient=status in RETRY_STATUSES,
    )


_MEANING: dict[int, tuple[Callable[..., ServiceError], str]] = {
    401: (LoginRefused, "the credentials or the session were not accepted"),
    403: (AccessDenied, "this account has not the privilege for it"),
    404: (NotFound, "not found"),
    410: (NotFound, "no longer kept"),
    429: (RateLimited, "too many requests; wait a little and run the cell again"),
    500: (ServiceError, "the service had an internal error; run the cell again later"),
    502: (ServiceError, "the service's gateway failed; run the cell again later"),
    503: (ServiceError, "the service is not available; run the cell again later"),
    504: (ServiceError, "the service's gateway timed out; run the cell again later"),
}
