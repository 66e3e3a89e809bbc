"""The API as a whole: who may use it, its own clock in ``Date``, and its form for what does not exist."""

from __future__ import annotations

from email.utils import format_datetime
from urllib.parse import urlsplit

from flask import Blueprint, Response, current_app, request

from camkit.demo.clock import Clock
from camkit.demo.een.devices import Device
from camkit.demo.een.v3 import events, inventory, media, media_session
from camkit.demo.een.v3.answers import Pages, error, refuse
from camkit.demo.een.v3.media_session import bearer
from camkit.demo.een.v3.oauth import Authorizations

PREFIX = "/api/v3.0"
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "TRACE")


def create_blueprint(
    authorizations: Authorizations,
    clock: Clock,
    devices: list[Device],
    images: media.Media,
    end_marker: str,
    origin: str,
) -> Blueprint:
    """All routes of the API of one account at one origin."""
    routes = Blueprint("een_v3", __name__, url_prefix=PREFIX)
    pages = Pages(end_marker)
    routes.register_blueprint(inventory.create_blueprint(devices, pages, base_url(origin)))
    routes.register_blueprint(media.create_blueprint(images, pages, origin))
    routes.register_blueprint(events.create_blueprint(devices, pages))

    @routes.before_request
    def admit() -> None:
        if authorizations.is_valid(bearer()):
            return
        if not (request.path.startswith(f"{PREFIX}/media/") and media_session.is_open(authorizations)):
            refuse(401, "unauthenticated", "The caller does not have a valid credential")

    @routes.route("/", defaults={"path": ""}, methods=_METHODS)
    @routes.route("/<path:path>", methods=_METHODS)
    def missing(path: str) -> Response:
        rule, _ = current_app.url_map.bind_to_environ(request.environ).match(method="GET", return_rule=True)
        if rule.endpoint == request.endpoint:
            return error(404, "endpointNotFound", "Endpoint not found")
        said = f"HTTP method {request.method} not supported for API path {request.path}"
        answer = error(405, "methodNotSupported", said)
        answer.headers["Allow"] = "GET, HEAD, OPTIONS"
        return answer

    @routes.after_request
    def date(answer: Response) -> Response:
        answer.headers["Date"] = format_datetime(clock.now(), usegmt=True)
        return answer

    return routes


def base_url(origin: str) -> dict[str, object]:
    """An origin as the vendor's ``httpsBaseUrl``."""
    parts = urlsplit(origin)
    return {"hostname": parts.hostname, "port": parts.port or (443 if parts.scheme == "https" else 80)}
