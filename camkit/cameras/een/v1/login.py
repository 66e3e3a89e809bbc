"""A session with Eagle Eye by API v1: log in, stay logged in, log out.

Source: EENCloud/api-docs, "Authenticate", "Authorize", "Two factor authentication".
"""

from __future__ import annotations

import getpass
import math
import re
import time
from collections.abc import Callable, Mapping
from copy import copy
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import urlsplit

from pydantic import SecretStr

from camkit.cameras.een.account import Account
from camkit.cameras.een.v1.formats import branded_host
from camkit.errors import LoginRefused, ServiceError
from camkit.http import (
    Credential,
    Limits,
    Masking,
    Meanings,
    NotPickled,
    Reply,
    TokenBucket,
    Transport,
    as_secret,
    raise_for_status,
    secrets_stay_inside,
)
from camkit.support.greenlet_lock import GreenletLock

T = TypeVar("T")

LOGIN_URL = "https://login.eagleeyenetworks.com"
HOSTS = re.compile(r"(?:login|c[0-9]+)\.(eagleeyenetworks\.com)")
"""The login and the archivers; the host that an account works with is trusted once the login has named it."""

MASKING = Masking(
    frozenset("id c timestamp t start_timestamp end_timestamp e count asset_class a n s".split())
)
"""Everything but the session, ``A``, that a request or a redirect of the vendor's may have in its query."""

PAUSE_S = 5.0
"""After a login that the vendor could not answer, the shortest time before a call causes another one, seconds."""

_AUTHENTICATE: Meanings = {
    400: (LoginRefused, "the login was not understood"),
    401: (LoginRefused, "user name or password are wrong; check EEN_USERNAME and EEN_PASSWORD"),
    402: (LoginRefused, "the account is suspended"),
    412: (LoginRefused, "the user is disabled, or locked after too many wrong codes"),
    460: (LoginRefused, "the account is inactive"),
    461: (LoginRefused, "the account is still pending"),
    462: (LoginRefused, "the user is still pending; finish the registration first"),
    465: (LoginRefused, "this network address is not allowed to log in"),
}
_AUTHORIZE: Meanings = {
    400: (LoginRefused, "the login was not understood"),
    401: (LoginRefused, "the login token or the code has expired, or the code is missing"),
    406: (LoginRefused, "the code is wrong"),
    429: (LoginRefused, "the login is locked after too many wrong codes"),
}
_SEND_CODE: Meanings = {
    400: (LoginRefused, "the request for a code was not understood"),
    412: (LoginRefused, "the code cannot be sent that way; try send_code_by='email' or 'sms'"),
    415: (LoginRefused, "codes are sent by 'sms' or 'email' only"),
}
_NO_PHONE = "No sms phone found"


def _ask_code(question: str) -> str:
    """Ask for the second factor; what is typed is neither shown nor kept in the notebook."""
    return getpass.getpass(question)


class Session(NotPickled):
    """One user's session; `camkit.cameras.een.EagleEyeV1` has the parameters, and the calls that need it."""

    @secrets_stay_inside
    def __init__(
        self,
        username: str,
        password: SecretStr | str,
        api_key: SecretStr | str | None = None,
        *,
        base_url: str = LOGIN_URL,
        ask_code: Callable[[str], str] = _ask_code,
        limits: Limits | None = None,
        demo_origin: str | None = None,
    ) -> None:
        self.is_demo = demo_origin is not None
        self._username = username
        self._password = as_secret(password)
        self._api_key = Credential(
            {"Authorization": as_secret(api_key).get_secret_value()} if api_key else {}
        )
        self._ask_code = ask_code
        demo = (demo_origin,) if demo_origin else ()
        self._transport = Transport(
            "Eagle Eye", base_url, hosts=HOSTS, also=demo, limits=limits, masking=MASKING
        )
        self.at_vendor = self._transport.trust.is_vendors
        self._account: Account | None = None
        self.host = self._transport.base_url
        self._session: Credential | None = None
        self._second_factor_done: Credential | None = None
        self._refusal: ServiceError | None = None
        self._refused_until = 0.0
        self._login_lock = GreenletLock()

    def share_rate(self, rate: TokenBucket, parts: int) -> None:
        """Wait for a turn there before each request; `parts` is how many clients share the account's rates."""
        self._transport.share_rate(rate)

    @secrets_stay_inside
    def login(self, send_code_by: str | None = None) -> Account:
        """Log in: authenticate, authorize, and move to the account's branded host.

        Parameters
        ----------
        send_code_by : {"sms", "email"}, optional
            How the vendor sends the code, if the account wants a second factor; by default to the
            telephone if one is stored, else by e-mail.

        Raises
        ------
        LoginRefused
            If the vendor refuses the user, the account or the code; the message says which.
        ServiceError
            If the login host fails or cannot be reached.
        """
        with self._login_lock:
            self._session = self._refusal = None
            try:
                return self._login(send_code_by)
            except ServiceError as error:
                if error.status is not None:
                    self._refusal = copy(error)  # without the traceback, whose frames hold sockets
                    self._refused_until = time.monotonic() + PAUSE_S if error.transient else math.inf
                raise

    @property
    def account(self) -> dict[str, str]:
        """What is known of the account, without a request and without a secret, for a record of who was asked.

        ``host`` and ``user``; after a login also ``account_id`` and, where the account has one, its ``timezone``.
        """
        known = {"host": self._transport.host, "user": self._username}
        if self._account is None:
            return known
        zone = {"timezone": self._account.timezone} if self._account.timezone else {}
        return known | {"account_id": self._account.account_id} | zone

    @secrets_stay_inside
    def ensure_login(self) -> None:
        """Log in if necessary, so that a wrong password or an unreachable host is found before the work begins."""
        self._renewed(None)

    @secrets_stay_inside
    def logout(self) -> None:
        """End the session at the vendor; nothing happens when there is none."""
        session, self._session = self._session, None
        if session is not None:
            reply = self._transport.request(
                "POST", self.host + "/g/aaa/logout", credential=session, idempotent=True
            )
            if reply.status != 401:  # 401: it had expired already
                raise_for_status(reply, "Logging out of Eagle Eye")

    def close(self) -> None:
        """Close this thread's idle connections."""
        self._transport.close()

    @secrets_stay_inside
    def _get(
        self,
        path: str,
        params: dict[str, Any],
        doing: str,
        *,
        read: Callable[[Reply], T],
        meanings: Meanings | None = None,
        attempts: int | None = None,
    ) -> T:
        """GET from the working host: what `read` makes of the answer. One that it refuses is a failed attempt.

        When the session has expired, log in again and repeat the request once.
        """
        found: list[T] = []

        def check(reply: Reply) -> None:
            reply.require_not_moved()  # to another camera's picture, for one
            found.append(read(reply))

        limits = None if attempts is None else replace(self._transport.limits, attempts=attempts)

        def request(session: Credential) -> Reply:
            return self._transport.request(
                "GET",
                self.host + path,
                params=params,
                credential=session,
                check=check,
                limits=limits,
            )

        session = self._renewed(None)
        reply = request(session)
        if reply.status == 401:
            reply = request(self._renewed(session))
        raise_for_status(reply, doing, meanings)
        return found[-1]

    def _renewed(self, expired: Credential | None) -> Credential:
        """The session; logs in unless another greenlet has done so since `expired` was in use."""
        if self._session is None or self._session is expired:
            with self._login_lock:
                if self._refusal is not None and time.monotonic() < self._refused_until:
                    raise copy(self._refusal)
                if self._session is None or self._session is expired:
                    self.login()
        assert self._session is not None  # noqa: S101 - login sets it or raises
        return self._session

    def _login(self, send_code_by: str | None) -> Account:
        for last in (False, True):
            token = self._authenticate(send_code_by)
            try:  # the second step: the token for a session
                once = replace(self._transport.limits, attempts=1)
                reply = self._post("authorize", token, _AUTHORIZE, check=_check_session, limits=once)
                break
            except ServiceError as error:
                # A token is valid once, so after a failure of the second step the first is needed again.
                if last or not error.transient:
                    raise
        self.host = branded_host(self._transport.base_url, str(_field(reply, "active_brand_subdomain")))
        self._transport.trust_also(self.host)
        self._session = Credential({**_cookie(reply, "auth_key"), **self._api_key.headers})
        if "tfa_key" in reply.cookies:  # with it, the next login needs no code; it is not stored
            self._second_factor_done = Credential({**_cookie(reply, "tfa_key"), **self._api_key.headers})
        user = reply.json()
        self._account = Account(
            name=f"{user.get('first_name') or ''} {user.get('last_name') or ''}".strip(),
            email=str(user.get("email") or self._username),
            account_id=str(user.get("active_account_id") or ""),
            host=urlsplit(self.host).hostname or "",
            timezone=str(user.get("timezone") or ""),
        )
        return self._account

    def _authenticate(self, send_code_by: str | None) -> dict[str, SecretStr]:
        """The first step: user and password for a token, and the code where one is needed."""
        reply = self._post(
            "authenticate",
            {"username": self._username, "password": self._password},
            _AUTHENTICATE,
            credential=self._second_factor_done or self._api_key,
            idempotent=True,
            check=lambda reply: _field(reply, "token"),
        )
        token = {"token": SecretStr(str(_field(reply, "token")))}
        ways = reply.json().get("two_factor_authentication_code")
        if ways is None:
            return token
        return {**token, "two_factor_authentication_code": self._code(token, ways, send_code_by)}

    def _code(self, token: Mapping[str, SecretStr], ways: Any, send_code_by: str | None) -> SecretStr:
        """The second factor: have a code sent, and ask for it."""
        known = ways if isinstance(ways, dict) else {}
        way = send_code_by or ("email" if known.get("sms") in (None, _NO_PHONE) else "sms")
        wanted = {**token, "two_factor_authentication_type": way}
        self._post("two_factor_authenticate", wanted, _SEND_CODE, doing="Asking for the login code")
        return SecretStr(self._ask_code(f"Eagle Eye sent a code by {way} to {known.get(way)}: ").strip())

    def _post(
        self, step: str, json: Any, meanings: Meanings, doing: str = "Logging in to Eagle Eye", **options: Any
    ) -> Reply:
        """One step of the login."""
        options = {"credential": self._api_key, **options}
        reply = self._transport.request("POST", f"/g/aaa/{step}", json=json, **options)
        raise_for_status(reply, doing, meanings)
        return reply


def _check_session(reply: Reply) -> None:
    """Raise `BadResponse` unless the answer opens a session and says where."""
    _field(reply, "active_brand_subdomain")
    _cookie(reply, "auth_key")


def _cookie(reply: Reply, name: str) -> dict[str, str]:
    """The header that sends a cookie back."""
    if not re.fullmatch(r"[!-~]+", reply.cookies.get(name, "")):
        raise reply.bad("accepted the login but did not send a session")
    return {"Cookie": f"{name}={reply.cookies[name]}"}


def _field(reply: Reply, name: str) -> Any:
    body = reply.json()
    if not isinstance(body, dict) or not body.get(name):
        raise reply.bad(f"did not send {name!r}")
    return body[name]
