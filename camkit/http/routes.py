"""The way out: urllib3's pool for each origin, with the proxy and the CA bundle that requests finds for it.

What requests itself does around a call (its request and response objects, its cookie jar) takes three times as long as
sending it, which shows when images come by the thousand. So requests is asked for the way to an origin
once, and urllib3 goes it from then on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import requests
from urllib3 import BaseHTTPResponse, HTTPConnectionPool, Timeout
from urllib3.util import Retry, Url

from camkit.http.request import Request, is_loopback
from camkit.http.secrets import Headers
from camkit.http.sockets import GeventAdapter

_NO_RETRIES = Retry(total=False, redirect=False)


@dataclass(frozen=True)
class _Route:
    """How an origin is reached: its pool, and what stands before a target (a proxy without TLS wants it whole)."""

    pool: HTTPConnectionPool
    before: str


class Routes:
    """The ways to all origins, for one thread: the sockets belong to its hub.

    Parameters
    ----------
    user_agent : str
        Sent with every request.

    Notes
    -----
    The environment (``HTTPS_PROXY``, ``NO_PROXY``, ``REQUESTS_CA_BUNDLE``) is read at the first request to
    an origin. ``.netrc`` is not read, and cookies are not kept.
    """

    def __init__(self, user_agent: str) -> None:
        self._headers = {"User-Agent": user_agent, "Accept": "*/*", "Accept-Encoding": "gzip, deflate"}
        self._adapter = GeventAdapter(pool_maxsize=64)
        self._known: dict[tuple[str | None, str | None], _Route] = {}

    def send(self, request: Request, *, connect_s: float, read_s: float) -> BaseHTTPResponse:
        """Send a request and return the answer, its body not yet read.

        Raises
        ------
        urllib3.exceptions.HTTPError, requests.RequestException
            If no answer began.
        OSError
            If ``REQUESTS_CA_BUNDLE`` names no file.
        """
        url = request.parts
        route = self._known.get((url.scheme, url.netloc)) or self._find(url)
        return route.pool.urlopen(
            request.method,
            route.before + url.request_uri,
            body=request.body(),
            headers=Headers({**self._headers, **request.headers()}),
            timeout=Timeout(connect=connect_s, read=read_s),
            retries=_NO_RETRIES,
            redirect=False,
            assert_same_host=False,
            preload_content=False,
        )

    def close(self) -> None:
        """Close the idle connections."""
        self._known.clear()
        self._adapter.close()

    def _find(self, url: Url) -> _Route:
        """Request requests how the environment wants an origin to be reached."""
        origin = f"{url.scheme}://{url.netloc}"
        request = requests.Request("GET", origin + "/").prepare()
        told = requests.Session().merge_environment_settings(origin, {}, None, None, None)
        if is_loopback(url.host or ""):
            told["proxies"] = {}  # a proxy's loopback is another machine's
        pool = cast(
            HTTPConnectionPool,
            self._adapter.get_connection_with_tls_context(
                request, told["verify"], proxies=told["proxies"], cert=told["cert"]
            ),
        )
        self._adapter.cert_verify(
            pool, f"{pool.scheme}://", told["verify"], told["cert"]
        )  # its own, or the proxy's
        whole = self._adapter.request_url(request, told["proxies"]) != "/"
        route = self._known[url.scheme, url.netloc] = _Route(pool, origin if whole else "")
        return route
