"""The control path: the request log and the faults, over HTTP."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, abort, jsonify, request

from camkit.demo.faults import Faults, fault_from
from camkit.demo.request_log import RequestLog


def create_blueprint(
    log: RequestLog, faults: Faults, reset: Callable[[], None], expire_sessions: Callable[[], None]
) -> Blueprint:
    """The control routes.

    - ``GET requests``: the request log, see `RequestLog.as_json`.
    - ``POST reset``: clear the request log, ordered snapshots and locks; faults and sessions are kept.
    - ``PUT faults``: replace all faults with those of a JSON list.
    - ``DELETE faults``: remove all faults.
    - ``POST expire-sessions``: end every Eagle Eye session and access token, as if it had been idle for too long.
    """
    routes = Blueprint("control", __name__)
    routes.before_request(_refuse_web_pages)

    @routes.get("/requests")
    def requests() -> Response:
        return jsonify(log.as_json())

    @routes.post("/reset")
    def reset_all() -> Response:
        reset()
        return Response(status=204)

    @routes.put("/faults")
    def put_faults() -> Response:
        descriptions = request.get_json(silent=True)
        if not isinstance(descriptions, list):
            return Response("expected a JSON list of faults", 400, mimetype="text/plain")
        try:
            faults.set([fault_from(description) for description in descriptions])
        except ValueError as error:
            return Response(str(error), 400, mimetype="text/plain")
        return Response(status=204)

    @routes.delete("/faults")
    def delete_faults() -> Response:
        faults.set([])
        return Response(status=204)

    @routes.post("/expire-sessions")
    def expire() -> Response:
        expire_sessions()
        return Response(status=204)

    return routes


def _refuse_web_pages() -> None:
    """Refuse what a web page sends, also one under a name of its own that leads to this machine."""
    port = request.environ["SERVER_PORT"]
    by_name = request.host in (f"127.0.0.1:{port}", f"localhost:{port}")
    if not by_name or "Origin" in request.headers or "Sec-Fetch-Site" in request.headers:
        abort(403)
