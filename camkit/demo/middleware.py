"""The layers between the socket and the applications: absolute targets, the public origin, latency."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

import gevent
from gevent.pywsgi import WSGIHandler

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_LATE_S = 0.0011
"""Average delay that a minimal client measures on top of the latency: parsing, and timers of whole milliseconds."""


class Handler(WSGIHandler):  # type: ignore[misc]  # gevent has no type hints
    """Also understands absolute targets, as a client behind an ``http_proxy`` setting sends them."""

    path: str

    def get_environ(self) -> dict[str, Any]:
        """The request's environment; a host in the target replaces the ``Host`` header."""
        authority = ""
        if self.path.startswith("http://"):
            authority, _, rest = self.path.removeprefix("http://").partition("/")
            self.path = f"/{rest}"
        environ: dict[str, Any] = super().get_environ()
        if authority:
            environ["HTTP_HOST"] = authority
        environ["camkit.socket"] = self.socket
        return environ


def at_origin(app: WsgiApp, origin: str | None) -> WsgiApp:
    """`app` as it would be at `origin`, so that the addresses in its answers are those that clients can reach.

    What a request says about its own host or scheme does not count: not every front passes it on. With None, the
    request's own ``Host`` counts.
    """
    if origin is None:
        return app
    parts = urlsplit(origin)
    place = {"wsgi.url_scheme": parts.scheme, "HTTP_HOST": parts.netloc}
    return lambda environ, start_response: app({**environ, **place}, start_response)


class Latency:
    """Holds each answer back until a fixed time after its request arrived.

    The time it takes to make the answer is part of the latency, not added to it.
    """

    def __init__(self, app: WsgiApp, seconds: float) -> None:
        self._app = app
        self._seconds = seconds

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Wait, make the answer, then wait for the rest of the latency.

        The answer is made after half of the latency: by then requests that arrived together have all been
        received, and one that is slow to draw does not delay the others.
        """
        if not self._seconds:
            return self._app(environ, start_response)
        due = time.monotonic() + self._seconds - _LATE_S
        gevent.sleep(self._seconds / 2)
        answer = self._app(environ, start_response)
        gevent.sleep(max(0.0, due - time.monotonic()))
        return answer
