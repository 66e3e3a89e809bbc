"""How an origin is reached: urllib3's pool, with the proxy and the CA bundle that requests finds for it.

What requests itself does around a call (its request and response objects, its cookie jar) takes three times as long as
sending it, which matters when images are fetched by the thousand. So requests finds the route to an origin
once, and urllib3 is used directly from then on.
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
    """How an origin is reached: its pool, and what precedes a target (the origin, for a proxy without TLS)."""

    pool: HTTPConnectionPool
    before: str


class Routes:
    """The routes to all origins, for one thread: the sockets belong to its hub.

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
        self._known: dict[str, _Route] = {}

    def send(self, request: Request) -> BaseHTTPResponse:
        """Send a request and return the answer, its body not yet read; raises what urllib3 and requests raise."""
        route = self._known.get(request.origin) or self._find(request.origin, request.parts)
        return route.pool.urlopen(
            request.method,
            route.before + request.shown.removeprefix(request.origin),  # all that urllib3 could log
            target=route.before + request.parts.request_uri,
            body=request.body(),
            headers=Headers({**self._headers, **request.headers()}),
            timeout=Timeout(connect=request.limits.connect_s, read=request.limits.read_s),
            retries=_NO_RETRIES,
            redirect=False,
            assert_same_host=False,
            preload_content=False,
        )

    def close(self) -> None:
        """Close the idle connections."""
        self._known.clear()
        self._adapter.close()

    def _find(self, origin: str, url: Url) -> _Route:
        """Let requests read from the environment how an origin is reached."""
        request = requests.Request("GET", origin + "/").prepare()
        settings = requests.Session().merge_environment_settings(origin, {}, None, None, None)
        if is_loopback(url.host or ""):
            settings["proxies"] = {}  # a proxy's loopback is another machine's
        pool = cast(
            HTTPConnectionPool,
            self._adapter.get_connection_with_tls_context(
                request, settings["verify"], proxies=settings["proxies"], cert=settings["cert"]
            ),
        )
        # The pool's scheme is the origin's, or the proxy's.
        self._adapter.cert_verify(  # type: ignore[no-untyped-call]  # requests has no types for it
            pool, f"{pool.scheme}://", settings["verify"], settings["cert"]
        )
        whole = self._adapter.request_url(request, settings["proxies"]) != "/"
        route = self._known[origin] = _Route(pool, origin if whole else "")
        return route
