"""Read an Eagle Eye request: its fields, parameters and session; or refuse it in plain text."""

from __future__ import annotations

from typing import Any, NoReturn
from urllib.parse import parse_qsl

from flask import Response, abort, request

from camkit.demo.een.login import Login

BAD_ARGUMENTS = "unexpected or unidentifiable arguments"

_SHORT_NAMES = {
    "c": "id",
    "t": "timestamp",
    "start_timestamp": "timestamp",
    "e": "end_timestamp",
    "a": "asset_class",
}


def refuse(status: int, text: str) -> NoReturn:
    """End the request with an error in plain text, as the vendor does."""
    abort(Response(text, status, mimetype="text/plain"))


def body_fields() -> dict[str, str]:
    """The fields of the body: JSON, form or multipart. Other JSON than an object is refused with 400."""
    if not request.is_json:
        return request.form.to_dict()
    fields = json_body()
    if not isinstance(fields, dict):
        refuse(400, BAD_ARGUMENTS)
    return {str(name): str(value) for name, value in fields.items()}


def json_body() -> Any:
    """The body read as JSON, whatever its type is called; None if it is not JSON, or nested too deeply."""
    try:
        return request.get_json(force=True, silent=True)
    except RecursionError:
        return None


def query() -> dict[str, str]:
    """The query's parameters by the names in the request; both ``&`` and ``;`` separate them."""
    text = request.query_string.decode("latin-1").replace(";", "&")
    return dict(parse_qsl(text, keep_blank_values=True))


def image_query() -> dict[str, str]:
    """The query's parameters by their long names."""
    return {_SHORT_NAMES.get(name, name): value for name, value in query().items()}


def session_id() -> str | None:
    """The session of the request: ``A`` in the query, the form or the JSON body, else the cookie."""
    fields = json_body() if request.is_json else request.form
    named = fields.get("A") if isinstance(fields, dict) else None
    return query().get("A") or (str(named) if named else None) or request.cookies.get("auth_key")


def require_session(login: Login) -> None:
    """Refuse a request whose session is missing, unknown or expired."""
    if not login.is_valid(session_id()):
        refuse(401, "invalid session cookie")
