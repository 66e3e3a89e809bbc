"""The logins of the demo's Eagle Eye account, with their tokens and sessions.

The lifetimes are part of the protocol, so they run on the real, monotonic clock. Source: EENCloud/api-docs,
"Authentication".
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

USERNAME, PASSWORD = "investigator@camkit.example", "demo-password-1"
TFA_USERNAME, TFA_PASSWORD, TFA_CODE = "auditor@camkit.example", "demo-password-2", "4711"
CLUSTER = "c001"

TOKEN_S, TFA_TOKEN_S, CODE_S, IDLE_S = 30.0, 900.0, 900.0, 900.0
MAX_FAILED_CODES = 3

REFUSALS = {
    400: "unexpected or unidentifiable arguments",
    402: "account is suspended",
    412: "user is disabled",
    460: "account is inactive",
    461: "account is pending",
    462: "user is pending",
    465: "ip address is invalid",
}
"""The answers to ``status-<code>@camkit.example``, so that a client can be tested against each."""


class LoginError(Exception):
    """A step of the login was refused.

    Attributes
    ----------
    status : int
        The HTTP status of the answer.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class _Token:
    username: str
    second_factor: bool
    expires: float
    code_until: float = 0.0


@dataclass
class Login:
    """Checks credentials, and keeps tokens and sessions."""

    _tokens: dict[str, _Token] = field(default_factory=dict)
    _sessions: dict[str, tuple[str, float]] = field(default_factory=dict)
    _known_clients: set[str] = field(default_factory=set)
    _failed_codes: int = 0

    def authenticate(self, username: str, password: str, tfa_key: str | None) -> tuple[str, bool]:
        """Exchange credentials for a token; also returns whether a second factor is needed.

        Raises
        ------
        LoginError
            With the documented status.
        """
        for status, message in REFUSALS.items():
            if username == f"status-{status}@camkit.example":
                raise LoginError(status, message)
        passwords = {USERNAME: PASSWORD, TFA_USERNAME: TFA_PASSWORD}
        if passwords.get(username) != password:
            raise LoginError(401, "invalid credentials")
        if username == TFA_USERNAME and self._failed_codes > MAX_FAILED_CODES:
            raise LoginError(412, "user is locked")
        second_factor = username == TFA_USERNAME and tfa_key not in self._known_clients
        token = secrets.token_urlsafe(48)
        lifetime = TFA_TOKEN_S if second_factor else TOKEN_S
        self._tokens[token] = _Token(username, second_factor, time.monotonic() + lifetime)
        return token, second_factor

    def send_code(self, token: str, kind: str) -> None:
        """Send the second factor's code, valid for 15 minutes. The user has no telephone number."""
        held = self._live_token(token)
        if kind not in ("sms", "email"):
            raise LoginError(415, "two_factor_authentication_type is not supported")
        if kind == "sms":
            raise LoginError(412, "cannot send a code by sms")
        held.code_until = time.monotonic() + CODE_S

    def authorize(self, token: str, code: str | None) -> tuple[str, str, str | None]:
        """Exchange a token, and a code if one is needed, for username, session and ``tfa_key``."""
        if code is not None and code != TFA_CODE:
            self._failed_codes += 1
            if self._failed_codes > MAX_FAILED_CODES:
                raise LoginError(429, "user is locked: too many wrong codes")
            raise LoginError(406, "wrong code")
        held = self._live_token(token)
        if held.second_factor and (code is None or held.code_until < time.monotonic()):
            raise LoginError(401, "code is missing or has expired")
        del self._tokens[token]
        session = f"{CLUSTER}~{secrets.token_hex(16)}"
        self._sessions[session] = (held.username, time.monotonic() + IDLE_S)
        if not held.second_factor:
            return held.username, session, None
        self._failed_codes = 0
        tfa_key = secrets.token_urlsafe(24)
        self._known_clients.add(tfa_key)
        return held.username, session, tfa_key

    def is_valid(self, session: str | None) -> bool:
        """Whether a session is valid; each use extends it."""
        username, until = self._sessions.get(session or "", ("", 0.0))
        if session is None or until < time.monotonic():
            return False
        self._sessions[session] = (username, time.monotonic() + IDLE_S)
        return True

    def log_out(self, session: str) -> None:
        """End a session."""
        self._sessions.pop(session, None)

    def expire_sessions(self) -> None:
        """End every session, as if it had been idle for too long."""
        self._sessions.clear()

    def reset(self) -> None:
        """Forget tokens, failed codes and known clients; sessions are kept."""
        self._tokens.clear()
        self._known_clients.clear()
        self._failed_codes = 0

    def _live_token(self, token: str) -> _Token:
        held = self._tokens.get(token)
        if held is None or held.expires < time.monotonic():
            raise LoginError(401, "invalid token")
        return held


def user(username: str) -> Mapping[str, object]:
    """The user object that Authorize returns; only its documented fields."""
    tfa = username == TFA_USERNAME
    user_id = "ca0e2b71" if tfa else "ca0e1a60"
    return {
        "id": user_id,
        "user_id": user_id,
        "email": username,
        "first_name": "Avery" if tfa else "Robin",
        "last_name": "Auditor" if tfa else "Investigator",
        "owner_account_id": "00014750",
        "active_account_id": "00014750",
        "active_brand_subdomain": CLUSTER,
        "is_branded": 0,
        "camera_access": [],
        "inactive_session_timeout": 15,
        "is_active": 1,
        "is_superuser": 0,
        "is_account_superuser": 1,
        "is_view_preview_video": 1,
        "is_recorded_video": 1,
        "is_live_video": 1,
        "timezone": "US/Mountain",
        "utc_offset": -21600,
        "account_utc_offset": -21600,
        "last_login": "20190412134500.000",
        "access_period": [f"{day}-0000-2359" for day in range(7)],
        "layouts": [],
        "json": "{}",
        "user_authenticated_clients": None,
    }
