"""What stands between the socket and the applications: proxy-style targets, and latency."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

import gevent
from gevent.pywsgi import WSGIHandler

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_LATE_S = 0.0011
"""What a bare client sees beyond the latency asked for, on average: timers count whole milliseconds, and parsing."""


class Handler(WSGIHandler):
    """Also understands absolute targets, as a client behind an ``http_proxy`` setting sends them."""

    path: str

    def get_environ(self) -> dict[str, Any]:
        """The request's environment, with the target's host where the target names one."""
        authority = ""
        if self.path.startswith("http://"):
            authority, _, rest = self.path.removeprefix("http://").partition("/")
            self.path = f"/{rest}"
        environ: dict[str, Any] = super().get_environ()
        if authority:
            environ["HTTP_HOST"] = authority
        environ["camkit.socket"] = self.socket
        return environ


class Latency:
    """Lets no answer leave earlier than a fixed time after its request came.

    The time an answer takes to make counts: it is part of the latency, not on top of it.
    """

    def __init__(self, app: WsgiApp, seconds: float) -> None:
        self._app = app
        self._seconds = seconds

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Wait, answer, then wait for what is left.

        The answer is made at half time: then requests that come together have all been seen, and one that
        takes long to draw does not make the others late.
        """
        if not self._seconds:
            return self._app(environ, start_response)
        due = time.monotonic() + self._seconds - _LATE_S
        gevent.sleep(self._seconds / 2)
        answer = self._app(environ, start_response)
        gevent.sleep(max(0.0, due - time.monotonic()))
        return answer
