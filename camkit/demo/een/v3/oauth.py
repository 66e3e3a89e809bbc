"""OAuth: a consent page, codes, tokens that are rotated, and their end.

Lifetimes are part of the protocol, so they run on the real, monotonic clock. Sources: EENCloud/VMS-Developer-Portal,
``Agent Skills/een-api``; RFC 6749, RFC 7009 and, for ``code_challenge``, RFC 7636. Bodies of errors, which the
vendor does not document, are those of RFC 6749.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, jsonify, make_response, render_template, request

CLIENT_ID, CLIENT_SECRET = "camkit-demo-application", "demo-client-secret-1"
REDIRECT_URI = "http://127.0.0.1:3333"
SCOPE = "vms.all"
CODE_S, REFRESH_S, CONSENT_S = 300.0, 14 * 86400.0, 90 * 86400.0


@dataclass(frozen=True)
class _Code:
    redirect_uri: str
    challenge: str | None
    until: float


@dataclass
class _Login:
    """One consent: the pair of tokens that is valid, and those that were."""

    access: str
    refresh: str
    access_until: float
    refresh_until: float
    consent_until: float


@dataclass
class Authorizations:
    """Codes and tokens.

    Parameters
    ----------
    token_s : float
        How long an access token holds, seconds.
    redirect_uris : tuple of str
        What is registered, besides `REDIRECT_URI`.
    """

    token_s: float
    redirect_uris: tuple[str, ...] = ()
    _codes: dict[str, _Code] = field(default_factory=dict)
    _logins: list[_Login] = field(default_factory=list)
    _used: dict[str, _Login] = field(default_factory=dict)

    def refusal(self, query: Mapping[str, str]) -> str | None:
        """Why a consent cannot be asked for; None if it can."""
        if query.get("client_id") != CLIENT_ID:
            return "client_id is not known"
        if query.get("redirect_uri") not in (REDIRECT_URI, *self.redirect_uris):
            return "redirect_uri is not registered for this application"
        if query.get("response_type") != "code" or query.get("scope") != SCOPE:
            return "response_type has to be code, and scope vms.all"
        if "code_challenge" in query and (
            query.get("code_challenge_method") != "S256" or not query["code_challenge"]
        ):
            return "code_challenge_method has to be S256"
        return None

    def code(self, query: Mapping[str, str]) -> str:
        """A code for a consent."""
        code = secrets.token_urlsafe(32)
        self._codes[code] = _Code(
            query["redirect_uri"], query.get("code_challenge"), time.monotonic() + CODE_S
        )
        return code

    def exchange(self, fields: Mapping[str, str]) -> _Login | int:
        """The tokens for a code, which is good once; or the status of the refusal."""
        found = self._codes.get(fields.get("code", ""))
        if found is None or found.until < time.monotonic():
            return 401
        if found.redirect_uri != fields.get("redirect_uri") or not _is_verified(found, fields):
            return 400
        del self._codes[fields["code"]]
        login = _Login("", "", 0.0, 0.0, time.monotonic() + CONSENT_S)
        self._logins.append(login)
        return self._rotated(login)

    def refresh(self, fields: Mapping[str, str]) -> _Login | int:
        """New tokens for a refresh token. One that was used before ends the login: somebody has a copy."""
        token, now = fields.get("refresh_token", ""), time.monotonic()
        if token in self._used:
            self._end(self._used[token])
            return 401
        login = next((login for login in self._logins if login.refresh == token and token), None)
        if login is None or min(login.refresh_until, login.consent_until) < now:
            return 401
        self._used[token] = login
        return self._rotated(login)

    def revoke(self, token: str) -> None:
        """End the login that a token is of; other texts are ignored, as RFC 7009 says."""
        for login in [login for login in self._logins if token in (login.access, login.refresh)]:
            self._end(login)

    def is_valid(self, token: str) -> bool:
        """Whether an access token holds."""
        return any(login.access == token and login.access_until > time.monotonic() for login in self._logins)

    def media_session(self, token: str) -> str:
        """The cookie that stands for an access token where images are asked for."""
        return hashlib.sha256(f"media session {token}".encode()).hexdigest()

    def is_media_session(self, cookie: str) -> bool:
        """Whether the access token that a cookie stands for holds."""
        return any(
            self.is_valid(login.access) and self.media_session(login.access) == cookie
            for login in self._logins
        )

    def expire(self) -> None:
        """End every access token, as if its time were over."""
        for login in self._logins:
            login.access_until = 0.0

    def reset(self) -> None:
        """Forget the codes; logins are kept."""
        self._codes.clear()

    def _rotated(self, login: _Login) -> _Login:
        now = time.monotonic()
        login.access, login.refresh = _access_token(), secrets.token_urlsafe(48)
        login.access_until, login.refresh_until = now + self.token_s, now + REFRESH_S
        return login

    def _end(self, login: _Login) -> None:
        if login in self._logins:
            self._logins.remove(login)


def create_blueprint(authorizations: Authorizations, base_url: dict[str, object]) -> Blueprint:
    """The login host's routes; `base_url` is where the account's API is."""
    routes = Blueprint("een_oauth", __name__, url_prefix="/oauth2")
    routes.add_url_rule("/authorize", "consent", lambda: _authorize(authorizations), methods=["GET", "POST"])
    routes.add_url_rule("/token", "token", lambda: _token(authorizations, base_url), methods=["POST"])
    routes.add_url_rule("/revoke", "revoke", lambda: _revoke(authorizations), methods=["POST"])
    return routes


def _authorize(authorizations: Authorizations) -> Response:
    """The consent page, and what follows from a click on it."""
    query = request.args.to_dict()
    if refusal := authorizations.refusal(query):
        return make_response(f"invalid_request: {refusal}", 400, {"Content-Type": "text/plain"})
    if request.method == "GET":
        page = make_response(render_template("consent.html"))
        page.headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'"
        page.headers["X-Frame-Options"] = "DENY"
        return page
    allowed = request.form.get("decision") == "allow"
    answer = {"code": authorizations.code(query)} if allowed else {"error": "access_denied"}
    if "state" in query:
        answer["state"] = query["state"]
    separator = "&" if urlsplit(query["redirect_uri"]).query else "?"
    return Response(status=303, headers={"Location": query["redirect_uri"] + separator + urlencode(answer)})


def _token(authorizations: Authorizations, base_url: dict[str, object]) -> Response:
    """Tokens for a code or a refresh token; the fields may be a form or a query."""
    if not _is_client():
        return _refused(401, "invalid_client")
    fields = {**request.args.to_dict(), **request.form.to_dict()}
    if fields.get("scope", SCOPE) != SCOPE:
        return _refused(403, "invalid_scope")
    grants = {
        "authorization_code": (authorizations.exchange, ("code", "redirect_uri")),
        "refresh_token": (authorizations.refresh, ("refresh_token",)),
    }
    if fields.get("grant_type") not in grants:
        return _refused(400, "unsupported_grant_type")
    grant, required = grants[fields["grant_type"]]
    if not all(map(fields.get, required)):
        return _refused(400, "invalid_request")
    found = grant(fields)
    if isinstance(found, int):
        return _refused(found, "invalid_grant")
    body = {
        "access_token": found.access,
        "refresh_token": found.refresh,
        "expires_in": max(1, round(authorizations.token_s) - 2),
        "token_type": "Bearer",
        "scope": SCOPE,
        "httpsBaseUrl": base_url,
    }
    answer = jsonify(body)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _revoke(authorizations: Authorizations) -> Response:
    """End a login; a token that is not known is not an error."""
    if not _is_client():
        return _refused(401, "invalid_client")
    authorizations.revoke({**request.args.to_dict(), **request.form.to_dict()}.get("token", ""))
    return Response(status=200)


def _is_client() -> bool:
    """Whether the application says who it is: by Basic, or within the form (RFC 6749, 2.3.1)."""
    given = request.authorization
    pair = (
        (given.username, given.password)
        if given
        else tuple(map(request.form.get, ("client_id", "client_secret")))
    )
    return pair == (CLIENT_ID, CLIENT_SECRET)


def _is_verified(code: _Code, fields: Mapping[str, str]) -> bool:
    if code.challenge is None:
        return True
    digest = hashlib.sha256(fields.get("code_verifier", "").encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=") == code.challenge


def _access_token() -> str:
    """Looks like a signed JWT; whoever reads it learns nothing."""
    head = base64.urlsafe_b64encode(b'{"alg":"RS256","typ":"JWT"}').decode().rstrip("=")
    return ".".join([head, secrets.token_urlsafe(90), secrets.token_urlsafe(128)])


def _refused(status: int, error: str) -> Response:
    answer = make_response(
        jsonify({"error": error, "error_description": f"The demo site refuses this: {error}"}), status
    )
    if status == 401:
        answer.headers["WWW-Authenticate"] = "Basic"
    return answer
