"""``/g/aaa``: authenticate, the second factor, authorize, isauth and logout."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, make_response, request

from camkit.demo.een.login import Login, LoginError, user
from camkit.demo.een.request import BAD_ARGUMENTS, body_fields, refuse, require_session, session_id

_VENDOR_DOMAIN = "eagleeyenetworks.com"


def create_blueprint(login: Login) -> Blueprint:
    """The login routes of one account."""
    routes = Blueprint("een_aaa", __name__, url_prefix="/g/aaa")

    @routes.errorhandler(LoginError)
    def refused(error: LoginError) -> Response:
        return Response(str(error), error.status, mimetype="text/plain")

    @routes.post("/authenticate")
    def authenticate() -> Response:
        fields = body_fields()
        username, password = _needed(fields, "username", "password")
        token, second_factor = login.authenticate(username, password, request.cookies.get("tfa_key"))
        body: dict[str, object] = {"token": token}
        if second_factor:
            masked = {"sms": "No sms phone found", "email": "*******@camkit.example"}
            body["two_factor_authentication_code"] = masked
        return jsonify(body)

    @routes.post("/two_factor_authenticate")
    def two_factor_authenticate() -> Response:
        token, kind = _needed(body_fields(), "token", "two_factor_authentication_type")
        login.send_code(token, kind)
        return Response(status=200)

    @routes.post("/authorize")
    def authorize() -> Response:
        fields = body_fields()
        (token,) = _needed(fields, "token")
        username, session, tfa_key = login.authorize(token, fields.get("two_factor_authentication_code"))
        answer = jsonify(user(username))
        _set_cookie(answer, "auth_key", session)
        if tfa_key is not None:
            _set_cookie(answer, "tfa_key", tfa_key)
        return answer

    @routes.get("/isauth")
    def isauth() -> Response:
        require_session(login)
        return jsonify(True)

    @routes.post("/logout")
    def logout() -> Response:
        require_session(login)
        login.log_out(session_id() or "")
        return make_response("", 204)

    return routes


def _needed(fields: dict[str, str], *names: str) -> tuple[str, ...]:
    if any(not fields.get(name) for name in names):
        refuse(400, BAD_ARGUMENTS)
    return tuple(fields[name] for name in names)


def _set_cookie(answer: Response, name: str, value: str) -> None:
    """Set a cookie for the vendor's whole domain if the request's host is in it, else for this host."""
    host = request.host.partition(":")[0]
    of_vendor = host == _VENDOR_DOMAIN or host.endswith("." + _VENDOR_DOMAIN)
    answer.set_cookie(name, value, path="/", httponly=True, domain=_VENDOR_DOMAIN if of_vendor else None)
