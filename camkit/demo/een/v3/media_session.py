"""``/media/session`` of the media host: a cookie in place of the bearer, for images that a browser asks for itself.

Source: EENCloud/VMS-Developer-Portal, ``media_category.yaml`` and ``Agent Skills/een-api``. The cookie's name is not
documented. Here it opens the images of API v3 while the access token holds, which it is made of.
"""

from __future__ import annotations

from flask import Blueprint, Response, request

from camkit.demo.een.v3.answers import refuse
from camkit.demo.een.v3.oauth import Authorizations

COOKIE = "een_media_session"
PATH = "/media/session"


def create_blueprint(authorizations: Authorizations) -> Blueprint:
    """The route that ``GET /api/v3.0/media/session`` names."""
    routes = Blueprint("een_v3_media_session", __name__)

    @routes.get(PATH)
    def session() -> Response:
        token = bearer()
        if not authorizations.is_valid(token):
            refuse(401, "unauthenticated", "The caller does not have a valid credential")
        answer = Response(status=204)
        answer.set_cookie(COOKIE, authorizations.media_session(token), httponly=True, samesite="Lax")
        return answer

    return routes


def bearer() -> str:
    """The request's access token, empty if it has none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else ""


def is_open(authorizations: Authorizations) -> bool:
    """Whether the request's cookie stands for an access token that holds."""
    return authorizations.is_media_session(request.cookies.get(COOKIE, ""))
