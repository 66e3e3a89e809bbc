"""The log of the site's requests, so that a test can see each one. Credentials are never logged."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable
from typing import Any

from flask import Flask
from werkzeug.exceptions import HTTPException

from camkit.demo.middleware import WsgiApp

LAST = 500
_CREDENTIALS = ("HTTP_AUTHORIZATION", "HTTP_X_CISCO_MERAKI_API_KEY", "HTTP_AUTHENTICATION", "HTTP_COOKIE")
_IMAGE_PATHS = "/stream/"


class RequestLog:
    """Counts requests by path pattern and keeps the last ones."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._last: deque[dict[str, Any]] = deque(maxlen=LAST)
        self._leaks = 0

    def reset(self) -> None:
        """Clear the log."""
        self._counts.clear()
        self._last.clear()
        self._leaks = 0

    def as_json(self) -> dict[str, Any]:
        """The body of ``GET /demo/requests``.

        ``counts``: path pattern to number of requests. ``credentials_at_image_origin``: how many requests
        for a snapshot came with a credential. ``last``: the last `LAST` requests, oldest first, each with

        - ``method``, ``path``: the path without its query, and without the token in a snapshot's address;
        - ``origin``: ``main`` or ``media``;
        - ``status``: None until answered, or if the connection was closed before an answer;
        - ``fault``: the kind of fault that was applied to it, or None;
        - ``credential``: whether it came with a credential header or cookie.
        """
        return {
            "counts": dict(self._counts),
            "last": list(self._last),
            "credentials_at_image_origin": self._leaks,
        }

    def watch(self, inner: WsgiApp, app: Flask, control: str) -> WsgiApp:
        """`inner` with its requests logged, except those to the control path."""
        origin = app.name.rpartition(".")[2]

        def watched(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            if environ["PATH_INFO"].startswith(control + "/"):
                return app(environ, start_response)
            pattern = _pattern(app, environ)
            is_image = pattern.startswith(_IMAGE_PATHS)
            entry: dict[str, Any] = {
                "method": environ["REQUEST_METHOD"],
                "path": pattern if is_image else environ["PATH_INFO"],
                "origin": origin,
                "status": None,
                "fault": None,
                "credential": any(environ.get(name) for name in _CREDENTIALS),
            }
            self._last.append(entry)
            self._counts[pattern] += 1
            self._leaks += is_image and entry["credential"]

            def start(status: str, *rest: Any) -> Any:
                entry["status"] = int(status.split(maxsplit=1)[0])
                return start_response(status, *rest)

            try:
                return inner(environ, start)
            finally:
                entry["fault"] = environ.get("camkit.fault")

        return watched


def _pattern(app: Flask, environ: dict[str, Any]) -> str:
    try:
        rule, _ = app.url_map.bind_to_environ(environ).match(return_rule=True)
    except HTTPException:
        return "(unknown)"
    return rule.rule
