"""A session with Eagle Eye: log in, stay logged in, log out.

Source: EENCloud/api-docs, "Authenticate", "Authorize", "Two factor authentication".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import gevent.lock
from pydantic import SecretStr

from camkit.een.wire import branded_host
from camkit.errors import BadResponse, LoginRefused
from camkit.http import Limits, Reply, Transport, raise_for_status
from camkit.secret import Credential

LOGIN_URL = "https://login.eagleeyenetworks.com"
DOMAINS = ("eagleeyenetworks.com",)

_AUTHENTICATE = {
    400: "the login was not understood",
    401: "user name or password are wrong; check EEN_USERNAME and EEN_PASSWORD",
    402: "the account is suspended",
    412: "the user is disabled, or locked after too many wrong codes",
    460: "the account is inactive",
    461: "the account is still pending",
    462: "the user is still pending; finish the registration first",
    465: "this network address is not allowed to log in",
}
_AUTHORIZE = {
    401: "the login token or the code has expired, or the code is missing",
    406: "the code is wrong",
    429: "the login is locked after too many wrong codes",
}
_SEND_CODE = {
    412: "the code cannot be sent that way; try send_code_by='email' or 'sms'",
    415: "codes are sent by 'sms' or 'email' only",
}


@dataclass(frozen=True)
class Account:
    """Who is signed in, and where the account lives.

    Attributes
    ----------
    host : str
        The branded host, which serves every call after the login.
    """

    name: str
    email: str
    account_id: str
    host: str
    timezone: str


class Session:
    """One user's session; see `camkit.een.EagleEye` for the parameters.

    Notes
    -----
    It logs in by itself when a call needs it, and once more when the session has expired, for all
    greenlets together.
    """

    def __init__(
        self,
        username: str,
        password: SecretStr,
        api_key: SecretStr | None = None,
        *,
        base_url: str = LOGIN_URL,
        ask_code: Callable[[str], str] = input,
        limits: Limits | None = None,
    ) -> None:
        self._username = username
        self._password = password
        self._api_key = api_key
        self._ask_code = ask_code
        self._transport = Transport("Eagle Eye", base_url, domains=DOMAINS, limits=limits)
        self.host = self._transport.base_url
        self._session: Credential | None = None
        self._login_lock = gevent.lock.RLock()
        self.account: Account | None = None

    def login(self, send_code_by: str = "sms") -> Account:
        """Log in: authenticate, authorize, and move to the account's branded host.

        Parameters
        ----------
        send_code_by : {"sms", "email"}
            How the vendor sends the code, if the account wants a second factor.

        Returns
        -------
        Account

        Raises
        ------
        LoginRefused
            If the vendor turns the user, the account or the code down; the message says which.
        ServiceError
            If the login host fails or is not there.
        """
        self._session = None
        reply = self._post(
            "/g/aaa/authenticate",
            {"username": self._username, "password": self._password.get_secret_value()},
            idempotent=True,
        )
        _refuse_login(reply, "Logging in to Eagle Eye", _AUTHENTICATE)
        token = {"token": _field(reply, "token")}
        if (ways := reply.json().get("two_factor_authentication_code")) is not None:
            token["two_factor_authentication_code"] = self._second_factor(token["token"], ways, send_code_by)
        reply = self._post("/g/aaa/authorize", token, idempotent=False)
        _refuse_login(reply, "Logging in to Eagle Eye", _AUTHORIZE)
        cookie = reply.cookies.get("auth_key")
        if not cookie:
            raise BadResponse(
                f"{reply.url} accepted the login and sent no session.", url=reply.url, status=200
            )
        self.host = branded_host(self._transport.base_url, str(_field(reply, "active_brand_subdomain")))
        self._session = Credential({"Cookie": f"auth_key={cookie}", **self._key_header()})
        user = reply.json()
        self.account = Account(
            name=f"{user.get('first_name') or ''} {user.get('last_name') or ''}".strip(),
            email=str(user.get("email") or self._username),
            account_id=str(user.get("active_account_id") or ""),
            host=urlsplit(self.host).hostname or "",
            timezone=str(user.get("timezone") or ""),
        )
        return self.account

    def logout(self) -> None:
        """End the session at the vendor; nothing happens when there is none."""
        session, self._session = self._session, None
        if session is not None:
            reply = self._transport.request("POST", self.host + "/g/aaa/logout", credential=session)
            if reply.status != 401:  # 401: it had expired already
                raise_for_status(reply, "Logging out of Eagle Eye")

    def get(
        self,
        path: str,
        params: dict[str, Any],
        *,
        check: Callable[[Reply], object],
        attempts: int | None = None,
    ) -> Reply:
        """GET from the working host; when the session has expired, log in once more and go on."""
        session = self._session or self._renew(None)
        for renewed in (False, True):
            reply = self._transport.request(
                "GET", self.host + path, params=params, credential=session, check=check, attempts=attempts
            )
            if reply.status != 401 or renewed:
                break
            session = self._renew(session)
        return reply

    def close(self) -> None:
        """Close this thread's idle connections."""
        self._transport.close()

    def _renew(self, expired: Credential | None) -> Credential:
        """Log in, unless another greenlet has done so since `expired` was in use."""
        with self._login_lock:
            if self._session is None or self._session is expired:
                self.login()
            assert self._session is not None  # noqa: S101 - login sets it or raises
            return self._session

    def _second_factor(self, token: str, ways: Any, send_code_by: str) -> str:
        where = ways.get(send_code_by) if isinstance(ways, dict) else None
        body = {"token": token, "two_factor_authentication_type": send_code_by}
        reply = self._post("/g/aaa/two_factor_authenticate", body, idempotent=False)
        _refuse_login(reply, "Asking for the login code", _SEND_CODE)
        return self._ask_code(f"Eagle Eye sent a code by {send_code_by} to {where}: ").strip()

    def _post(self, path: str, body: dict[str, str], *, idempotent: bool) -> Reply:
        key = self._key_header()
        return self._transport.request(
            "POST", path, json=body, credential=Credential(key) if key else None, idempotent=idempotent
        )

    def _key_header(self) -> dict[str, str]:
        return {"Authorization": self._api_key.get_secret_value()} if self._api_key else {}


def _field(reply: Reply, name: str) -> Any:
    body = reply.json()
    if not isinstance(body, dict) or not body.get(name):
        raise BadResponse(f"{reply.url} sent no {name!r}.", url=reply.url, status=reply.status)
    return body[name]


def _refuse_login(reply: Reply, doing: str, meanings: dict[int, str]) -> None:
    """Like `raise_for_status`, but every refusal is a `LoginRefused`, and nothing the host said is repeated."""
    if reply.status in meanings:
        raise LoginRefused(
            f"{doing} failed: {meanings[reply.status]} (HTTP {reply.status}).",
            url=reply.url,
            status=reply.status,
        )
    raise_for_status(reply, doing)
