"""The login host of API v3: an application exchanges codes and refresh tokens for tokens there, and ends logins.

Sources: EENCloud/VMS-Developer-Portal, ``Agent Skills/een-api`` (authenticate, refresh) and its Python sample; RFC
6749, RFC 7009 and RFC 7636.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from pydantic import SecretStr

from camkit.cameras.een.v3.errors import raise_for_refusal
from camkit.cameras.een.v3.tokens import Tokens
from camkit.errors import BadResponse, LoginRefused, SettingsError
from camkit.http import Credential, Limits, Meanings, NotPickled, Reply, Transport, scrub_text

AUTH_URL = "https://auth.eagleeyenetworks.com"
REDIRECT_URI = "http://127.0.0.1:3333"
HOSTS = re.compile(r"(?:auth|api|media|(?:api|media)\.c[0-9]+)\.(eagleeyenetworks\.com)")
SCOPE = "vms.all"
AGAIN = "run site.een.login() and allow the access in your browser"

MARGIN_S = 60.0
"""A token is renewed so long before it ends, or after nine tenths of its time if that is later, seconds."""

RENEWAL = Limits(deadline_s=20.0)
"""Ctrl-C waits for a renewal, since an answer that is not kept would end the login: so it must not take long."""

SHORT_S = 300.0
"""How long a token is used whose answer does not say how long it holds, seconds."""

_EXCHANGE: Meanings = {
    400: (LoginRefused, "the login was not understood; EEN_REDIRECT_URI has to be the registered address, letter by "
                        "letter"),
    401: (LoginRefused, f"the code was too old, or the application was not accepted; {AGAIN} again, and check "
                        "EEN_CLIENT_ID and EEN_CLIENT_SECRET"),
    403: (LoginRefused, "the application may not use this account"),
}  # fmt: skip
_REFRESH: Meanings = {
    400: (LoginRefused, f"the login has ended; {AGAIN} again"),
    401: (
        LoginRefused,
        f"the login has ended (14 days without use, 90 days, or somebody ended it); {AGAIN} again",
    ),
    403: (LoginRefused, "the application may not use this account any longer"),
}


class LoginHost(NotPickled):
    """The vendor's login host, as one application sees it.

    Parameters
    ----------
    transport : Transport
        To the login host; also the account's API is asked through it, once it is trusted.
    client_id, secret, redirect_uri : str, pydantic.SecretStr, str
        As the application is registered.
    """

    def __init__(self, transport: Transport, client_id: str, secret: SecretStr, redirect_uri: str) -> None:
        if not _is_address(redirect_uri):
            raise SettingsError(
                "EEN_REDIRECT_URI is not an address. Write it as it is registered, such as http://127.0.0.1:3333."
            )
        self.redirect_uri = redirect_uri
        self._transport, self._client_id, self._secret = transport, client_id, secret
        self._at_vendor = transport.trust.is_vendors

    def consent_address(self, state: str, verifier: SecretStr) -> str:
        """Return the address of the page on which a user allows the access."""
        digest = hashlib.sha256(verifier.get_secret_value().encode()).digest()
        query = {
            "scope": SCOPE,
            "client_id": self._client_id,
            "response_type": "code",
            "redirect_uri": self.redirect_uri,
            "state": state,
            # A server that does not know these two has to ignore them (RFC 6749, 3.1).
            "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        return f"{self._transport.base_url}/oauth2/authorize?{urlencode(query)}"

    def exchange(
        self, code: SecretStr, verifier: SecretStr, before: Tokens | None, keep: Callable[[Tokens], object]
    ) -> Tokens:
        """Return the tokens for the code of a consent, after `keep` has them; those `before` are secrets, too."""
        fields = {
            "grant_type": "authorization_code",
            "scope": SCOPE,
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": verifier,
        }
        reply = self._post("token", fields, before, limits=RENEWAL)
        raise_for_refusal(reply, "Logging in to Eagle Eye", _EXCHANGE)
        tokens = self._tokens_of(reply, None)
        keep(tokens)
        return tokens

    def refresh(self, before: Tokens, keep: Callable[[Tokens], object]) -> Tokens:
        """Return the tokens for a refresh token, which is worth nothing then, after `keep` has them.

        Where the new access token cannot be used, `keep` gets the new refresh token: with it the login can go on.
        """
        fields = {"grant_type": "refresh_token", "refresh_token": before.refresh, "scope": SCOPE}
        reply = self._post("token", fields, before, limits=RENEWAL)
        raise_for_refusal(reply, "Renewing the login to Eagle Eye", _REFRESH)
        try:
            tokens = self._tokens_of(reply, before)
        except BadResponse:
            if (rest := _renewable(reply, before)) is not None:
                keep(rest)
            raise
        keep(tokens)
        return tokens

    def revoke(self, tokens: Tokens) -> None:
        """End a login; nothing happens when it has ended already."""
        token, kind = (tokens.refresh, "refresh_token") if tokens.refresh else (tokens.access, "access_token")
        reply = self._post("revoke", {"token": token, "token_type_hint": kind}, tokens, idempotent=True)
        if reply.status not in (400, 401):
            raise_for_refusal(reply, "Logging out of Eagle Eye", {})

    def credential(self, authorization: str, tokens: Tokens | None) -> Credential:
        """Return a credential that knows the login's other secrets, too: an answer may repeat any of them."""
        pair = (tokens.access, tokens.refresh) if tokens is not None else ()
        return Credential({"Authorization": authorization}, also=[self._secret, *filter(None, pair)])

    def trust(self, url: str) -> bool:
        """Trust an address that may get the token: the vendor's over HTTPS; else only the host of the login itself."""
        if self._at_vendor:
            is_api = HOSTS.fullmatch(urlsplit(url).netloc) is not None and url.startswith("https://")
        else:
            login = urlsplit(self._transport.base_url)
            is_api = (urlsplit(url).scheme, urlsplit(url).hostname) == (login.scheme, login.hostname)
            if is_api:
                self._transport.trust_also(url)
        return is_api

    def _post(self, step: str, fields: dict[str, Any], known: Tokens | None, **options: Any) -> Reply:
        """One call of the login host. A renewal is not sent twice: the vendor may have acted on the first."""
        pair = f"{self._client_id}:{self._secret.get_secret_value()}".encode()
        credential = self.credential(f"Basic {base64.b64encode(pair).decode()}", known)
        return self._transport.request(
            "POST", f"/oauth2/{step}", form=fields, credential=credential, **options
        )

    def _tokens_of(self, reply: Reply, before: Tokens | None) -> Tokens:
        """The tokens in an answer. What a renewal's does not say stays as `before`, whose own tokens are spent."""
        found = reply.json()
        body = found if isinstance(found, dict) else {}
        access, refresh, seconds = (
            body.get(name) for name in ("access_token", "refresh_token", "expires_in")
        )
        if not isinstance(access, str) or not access:
            raise reply.bad("did not send a token")
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < 10**8:
            seconds = SHORT_S  # it is only recommended to say it (RFC 6749, 5.1)
        try:
            api_url = self._api_url(reply, body)
        except BadResponse:
            if before is None:
                raise
            api_url = before.api_url
        spare = before.refresh if before else None
        given = SecretStr(refresh) if isinstance(refresh, str) and refresh else spare
        try:
            return Tokens(
                SecretStr(access), given, time.time() + seconds - min(MARGIN_S, seconds / 10), api_url
            )
        except ValueError:
            pass
        raise reply.bad("sent a token that is too long or has characters which no token may have")

    def _api_url(self, reply: Reply, body: dict[str, Any]) -> str:
        """Where the account's API is: at one of the vendor's hosts, or beside a login that is not the vendor's."""
        place = body.get("httpsBaseUrl")
        name = place.get("hostname") if isinstance(place, dict) else None
        port = place.get("port", 443) if isinstance(place, dict) else None
        if (
            not isinstance(name, str)
            or not re.fullmatch(r"[A-Za-z0-9.-]{1,253}", name)
            or isinstance(port, bool)
            or not isinstance(port, int)
            or not 0 < port < 65536
        ):
            raise reply.bad("did not say where the account's API is")
        url = (
            f"https://{name}"
            if self._at_vendor
            else f"{urlsplit(self._transport.base_url).scheme}://{name}:{port}"
        )
        if not self.trust(url) or (self._at_vendor and port != 443):
            # Without the name, which may be anything, such as a secret that is repeated.
            raise reply.bad("names a host for the account's API that is not one of Eagle Eye's")
        return url


def code_in(address: str, state: str) -> SecretStr:
    """Return the code in the address on which the browser ended; `LoginRefused` says why there is none."""
    try:
        found = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    except ValueError:
        found = {}
    if not hmac.compare_digest(found.get("state", "").encode("utf-8", "replace"), state.encode()):
        raise LoginRefused(
            "That is not the address on which the browser ends after this login. Run site.een.login() again, and copy "
            "the whole address."
        )
    if error := found.get("error"):
        said = scrub_text(error, [found.get("code", "")])[:60]
        said = "the access was not allowed" if error == "access_denied" else f"it said {said!r}"
        raise LoginRefused(f"Eagle Eye did not log you in: {said}. Run site.een.login() to try again.")
    if not re.fullmatch(r"[!-~]{1,4096}", found.get("code", "")):
        raise LoginRefused(f"Eagle Eye sent the browser back without a code. To try again, {AGAIN}.")
    return SecretStr(found["code"])


def _renewable(reply: Reply, before: Tokens) -> Tokens | None:
    """The tokens `before` with the refresh token of an answer that is good for nothing else."""
    with suppress(BadResponse, ValueError):
        body = reply.json()
        refresh = body.get("refresh_token") if isinstance(body, dict) else None
        if isinstance(refresh, str) and refresh:
            return Tokens(before.access, SecretStr(refresh), 0.0, before.api_url)
    return None


def _is_address(text: str) -> bool:
    """Whether it is an address with a host, and a port that exists if it has one."""
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
