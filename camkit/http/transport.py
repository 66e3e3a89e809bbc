"""HTTP on gevent's sockets, with deadlines, retries and a size cap.

Every request of the kit goes through `Transport.request`, which either returns an answer (whatever its
status) or raises one of camkit's own exceptions. It yields to other greenlets whenever it waits.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import gevent
from pydantic import SecretStr
from requests import RequestException
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError

from camkit._version import __version__
from camkit.errors import (
    BadResponse,
    CamkitError,
    DeadlineExceeded,
    RateLimited,
    ServiceError,
    ServiceUnreachable,
    SettingsError,
)
from camkit.http.failures import failure_of
from camkit.http.limits import RETRY_STATUSES, Limits, TokenBucket, within
from camkit.http.plain import Plain
from camkit.http.reply import Reply, take_cookies
from camkit.http.request import Request, address_of
from camkit.http.retry import retry
from camkit.http.routes import Routes
from camkit.http.secrets import Credential, Masking, NotPickled, scrub, scrub_headers, scrub_text
from camkit.http.trust import Trust, is_loopback, parts_of
from camkit.support.tracebacks import secrets_stay_inside

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_CHUNK = 64 * 1024


class Transport(NotPickled):
    """HTTP to one service, from any thread and any number of greenlets.

    Parameters
    ----------
    service : str
        The service's name, for messages.
    base_url : str
        Its address; relative addresses are joined to it.
    hosts : re.Pattern, optional
        Matches the vendor's hosts, with the domain as its first group. A redirect or an absolute address is
        followed only to these (over HTTPS, and within the domain of `base_url` if that is one of them), or to
        the host and port of `base_url`; a credential goes nowhere else.
    also : sequence of str
        Further addresses that are the service's own.
    limits : Limits, optional
        Deadlines and caps.
    rate : TokenBucket, optional
        Every attempt waits for its turn there, and a 429 delays all of them.
    masking : Masking, optional
        What may be shown of the service's addresses; by default everything but the query's values.

    Raises
    ------
    SettingsError
        If `base_url` is not an http or https address, holds a user name or password, or is a vendor's
        and not encrypted.

    Notes
    -----
    Sockets belong to the gevent hub of the thread that made them, so each thread has its own.
    Cookies are not kept: a client that has a session cookie sends it as a `Credential`.
    """

    def __init__(
        self,
        service: str,
        base_url: str,
        *,
        hosts: re.Pattern[str] | None = None,
        also: Sequence[str] = (),
        limits: Limits | None = None,
        rate: TokenBucket | None = None,
        masking: Masking | None = None,
    ) -> None:
        self._masking = masking or Masking()
        shown = self._masking.mask(base_url)
        parts = parts_of(base_url)
        if parts.scheme not in ("http", "https") or not parts.host or parts.auth is not None:
            raise SettingsError(
                f"The address of {service}, {shown!r}, is not a plain http(s) address. Write it as https://host/path, "
                "without user name and password."
            )
        if hosts and parts.scheme == "http" and not is_loopback(parts.host):
            raise SettingsError(
                f"The address of {service}, {shown!r}, is not encrypted, so no key is sent there. Use https://."
            )
        self.service = service
        self.base_url = base_url.rstrip("/")
        self.trust = Trust(parts, hosts, tuple(map(parts_of, also)))
        self.limits = limits or Limits()
        self._rate = rate
        self._local = threading.local()

    @property
    def host(self) -> str:
        """Its host, with the port if the address has one."""
        return self.trust.home.netloc or ""

    @secrets_stay_inside
    def request(  # noqa: PLR0913 - all but two are given by name
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        form: Mapping[str, str | SecretStr] | None = None,
        credential: Credential | None = None,
        idempotent: bool | None = None,
        check: Callable[[Reply], object] | None = None,
        limits: Limits | None = None,
    ) -> Reply:
        """Send one request, and again where that is safe and may help.

        Parameters
        ----------
        method, url : str
            `url` is absolute, or a path below the base address.
        params : mapping, optional
            The query; parameters that are None are left out.
        json : optional
            The body. A `pydantic.SecretStr` in it is revealed only as it is sent.
        form : mapping of str to str or pydantic.SecretStr, optional
            The body as the fields of a form, instead of `json`.
        credential : Credential, optional
            Sent to the service's own hosts only.
        idempotent : bool, optional
            Whether sending it twice does no harm; by default true of GET and HEAD. Other requests are
            repeated only if the service cannot have acted on them: no connection, or a 429.
        check : callable, optional
            Looks at an answer with a 2xx status and raises `BadResponse` if it is not what was asked
            for; such an answer counts as a failed attempt.
        limits : Limits, optional
            For this call, instead of the transport's. The wait for a first turn at the rate is not counted.

        Returns
        -------
        Reply
            The last answer, whatever its status.

        Raises
        ------
        ServiceUnreachable, DeadlineExceeded, BadResponse
            If no complete answer came, or none that passed `check`.
        RateLimited
            If the service asked for a wait longer than the call may take.
        SettingsError
            If ``REQUESTS_CA_BUNDLE`` does not name a file.
        """
        limits = limits or self.limits
        url = address_of(self.base_url, url, params)  # from here on its repr hides its secrets
        safe = method in ("GET", "HEAD") if idempotent is None else idempotent
        request = Request(method, url, json, form, credential, safe, limits, self._masking)
        self._await_turn(limits.deadline_s)
        ends = time.monotonic() + limits.deadline_s

        def attempt() -> Reply:
            reply = self._follow(request, ends)
            if check is not None and reply.ok:
                check(reply)
            return reply

        def pause_s(result: Reply | ServiceError, number: int) -> float | None:
            wait_s = limits.pause_s(number, result.retry_after_s)
            if self._rate is not None and result.status == 429:
                self._rate.hold(wait_s)
            return wait_s if _may_repeat(result, safe) else None

        def sleep(wait_s: float) -> None:
            gevent.sleep(wait_s)
            self._await_turn(ends - time.monotonic())

        return retry(attempt, pause_s, attempts=limits.attempts, deadline_s=limits.deadline_s, sleep=sleep)

    def trust_also(self, address: str) -> None:
        """Count the host and port of an address as the service's own from now on."""
        if not self.trust.includes(parts := parts_of(address)):
            self.trust = replace(self.trust, also=(*self.trust.also, parts))

    def share_rate(self, rate: TokenBucket) -> None:
        """Wait for a turn there from now on, instead of at the own rate."""
        self._rate = rate

    def close(self) -> None:
        """Close this thread's idle connections; it opens new ones when used again."""
        routes = self._local.__dict__.pop("routes", None)
        if routes is not None:
            routes.close()

    def _await_turn(self, longest_s: float) -> None:
        """Wait for the rate, unless the service asked for a longer wait than the call may take."""
        if self._rate is None:
            return
        if (held_s := self._rate.held_s) > longest_s:
            raise RateLimited(
                f"{self.service} asks to wait another {held_s:.0f} s. Run the cell again after that.",
                url=self.base_url,
                status=429,
                retry_after_s=held_s,
            )
        self._rate.take()

    def _follow(self, request: Request, ends: float) -> Reply:
        """The request and the redirects it leads to."""
        asked = _place(request)
        for _ in range(request.limits.redirects + 1):
            if not self.trust.includes(request.parts):
                host = scrub_text(request.parts.netloc or "an address that cannot be read", request.carried())
                raise BadResponse(
                    f"{self.service} points to another site, {host}; camkit does not go there.",
                    url=self._masking.mask(self.base_url),
                    transient=False,
                )
            reply = self._once(request, ends, moved=_place(request) != asked)
            if reply.status not in _REDIRECTS or "Location" not in reply.headers:
                return reply
            request = request.redirected(reply)
        raise BadResponse(
            f"{self.service} redirected more than {request.limits.redirects} times, last from {reply.url}.",
            url=reply.url,
            status=reply.status,
            transient=False,
        )

    def _once(self, request: Request, ends: float, *, moved: bool) -> Reply:
        """One request, one complete answer."""
        shown = request.shown
        deadline = gevent.Timeout(max(0.001, ends - time.monotonic()))
        sent_at, start = datetime.now(UTC), time.perf_counter()
        answer: Plain | BaseHTTPResponse | None = None
        problem: CamkitError
        try:
            with within(deadline):
                answer = self._routes().send(request)
                if answer.status < 200:  # 101: what follows is not HTTP
                    raise BadResponse(
                        f"{shown} changes to another protocol (HTTP {answer.status}), for which camkit did not ask.",
                        url=shown,
                    )
                most = request.limits.max_bytes
                content = answer.content if isinstance(answer, Plain) else _read(answer, shown, most)
        except gevent.Timeout as timeout:
            if timeout is not deadline:
                raise
            did_not = "did not answer" if answer is None else "did not finish its answer"
            problem = DeadlineExceeded(
                f"{self.service} {did_not} in time ({shown}). Run the cell again later.", url=shown
            )
        except (HTTPError, RequestException, ValueError) as error:  # ValueError: http.client, of odd numbers
            problem = failure_of(error, self.service, shown, began=answer is not None)
        except OSError:  # of the files that the environment names; urllib3 wraps those of sockets
            problem = SettingsError(
                "REQUESTS_CA_BUNDLE names a file that does not exist. Correct or remove it."
            )
        else:
            success = 200 <= answer.status < 300
            secrets = request.carried() if success else request.secrets()
            cookies = take_cookies(answer.headers)
            if (
                answer.status not in _REDIRECTS
            ):  # there Location may repeat the secret of an address, and needs it
                scrub_headers(answer.headers, secrets)
            return Reply(
                method=request.method,
                url=shown,
                status=answer.status,
                headers=answer.headers,
                content=content if success else scrub(content, secrets),
                cookies=cookies,
                sent_at=sent_at,
                received_at=datetime.now(UTC),
                latency_s=time.perf_counter() - start,
                moved=moved,
            )
        finally:
            if answer is not None:
                answer.close()  # does nothing if it was read to its end
        raise problem  # not above: it would keep urllib3's exception, with headers and sockets

    def _routes(self) -> Routes:
        if not hasattr(self._local, "routes"):
            self._local.routes = Routes(f"camkit/{__version__}")
        return self._local.routes


def _place(request: Request) -> tuple[str, list[tuple[str, str]]]:
    """What an address names at its host; a slash at the end of the path, or how a query is written, is the same."""
    query = parse_qsl(request.parts.query or "", keep_blank_values=True, errors="surrogateescape")
    return (request.parts.path or "").rstrip("/"), query


def _read(answer: BaseHTTPResponse, shown: str, cap: int) -> bytes:
    """The body, up to a number of bytes; the announced length is only a hint."""
    announced = answer.headers.get("Content-Length", "").strip().lstrip("0")
    if not (announced.isdecimal() and (len(announced) > len(str(cap)) or int(announced) > cap)):
        body = bytearray()
        for chunk in answer.stream(_CHUNK, decode_content=True):  # said here, or chunked ones stay packed
            body += chunk
            if len(body) > cap:
                break
        else:
            return bytes(body)
    raise BadResponse(
        f"{shown} sent more than {cap / 2**20:.0f} MiB; camkit stopped reading.",
        url=shown,
        status=answer.status,
        transient=False,
    )


def _may_repeat(result: Reply | ServiceError, safe: bool) -> bool:
    """Whether another attempt may help and does no harm."""
    if isinstance(result, Reply):
        return result.status in RETRY_STATUSES and (safe or result.status == 429)
    return result.transient and (safe or isinstance(result, ServiceUnreachable))
