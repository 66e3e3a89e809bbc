"""A login to API v3: whose it is, its tokens kept and renewed between notebooks, and calls with them."""

from __future__ import annotations

import secrets
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from copy import copy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from urllib.parse import urlsplit

import gevent
from pydantic import SecretStr

from camkit.cameras.een.account import Account
from camkit.cameras.een.v3.consent import consent_in_browser
from camkit.cameras.een.v3.errors import raise_for_answer
from camkit.cameras.een.v3.oauth import AGAIN, AUTH_URL, HOSTS, REDIRECT_URI, LoginHost, code_in
from camkit.cameras.een.v3.tokens import Tokens, TokensKept, TokenStore
from camkit.errors import BadResponse, CamkitError, LoginRefused, ServiceError
from camkit.http import (
    Limits,
    Masking,
    Meanings,
    NotPickled,
    Reply,
    TokenBucket,
    Transport,
    as_secret,
    http_date,
    secrets_stay_inside,
)
from camkit.support.greenlet_lock import GreenletLock
from camkit.support.interrupts import interrupts_wait

T = TypeVar("T")

API = "/api/v3.0"

MASKING = Masking(
    frozenset(
        "include pageSize type deviceId id timestamp timestamp__lt timestamp__lte timestamp__gt timestamp__gte "
        "startTimestamp__gte startTimestamp__lte endTimestamp__gte endTimestamp__lte type__in actor sort".split()
    )
)
"""Everything but tokens, codes and states that an address of the vendor's may have in its query."""

STALE_S = 5.0
"""On the demo site an answer's time is now for so long, seconds: so a second run asks for the same moments."""

ASLEEP_S = 5.0
"""If this machine's clocks disagree by more on how long ago an answer came, it slept or was set, seconds."""

CLOCKS_APART = timedelta(days=1)
"""A server's clock that is further from this machine's is not believed; the demo site's is in 2019."""

TRIES = 5
"""How often new tokens may turn out to be renewed already by another process."""

PAUSE_S = 5.0
"""After a renewal that the vendor could not answer, the shortest time before a call causes another one, seconds."""

_USER_FIELDS = {"include": "timeZone"}
_NOT_KEPT = (
    "The new login to Eagle Eye could not be kept on this machine, so it holds in this notebook only. Make room in "
    "your home directory, or unlock the keyring; it is tried again at the next renewal."
)


class Session(NotPickled):
    """One user's login; `camkit.cameras.een.EagleEyeV3` has the parameters, and the calls that need it."""

    @secrets_stay_inside
    def __init__(
        self,
        client_id: str,
        client_secret: SecretStr | str,
        redirect_uri: str = REDIRECT_URI,
        *,
        auth_url: str = AUTH_URL,
        consent: Callable[[str], str] | None = None,
        store: TokenStore | None = None,
        limits: Limits | None = None,
        demo_origin: str | None = None,
    ) -> None:
        self.is_demo = demo_origin is not None
        self._client_id, self._consent = client_id, consent
        self._transport = Transport("Eagle Eye", auth_url, hosts=HOSTS, limits=limits, masking=MASKING)
        self._login_host = LoginHost(self._transport, client_id, as_secret(client_secret), redirect_uri)
        self.at_vendor = self._transport.trust.is_vendors
        self.host = self._transport.base_url
        self._store = store or TokensKept(f"{self._transport.host} {client_id}")
        self._tokens: Tokens | None = None
        self._unkept: Tokens | None = None
        self._read: Tokens | None = None
        self._account: Account | None = None
        self._refusal: ServiceError | None = None
        self._refused_until = 0.0
        self._login_lock = GreenletLock()
        self._clock: tuple[datetime, datetime, float] | None = None

    def is_lent(self) -> None:
        """Refuse to ask for a consent in a browser: nobody looks at what a worker shows."""

        def refuse(_address: str) -> str:
            raise LoginRefused(
                "This worker's machine does not keep the login to Eagle Eye: use workers of the machine on which you "
                "log in, or run site.een.login() on each of them before."
            )

        self._consent = self._consent or refuse

    def share_rate(self, rate: TokenBucket, parts: int) -> None:
        """Wait for a turn there before each request; `parts` is how many clients share the account's rates."""
        self._transport.share_rate(rate)

    @secrets_stay_inside
    def login(self, *, again: bool = False, paste: bool | None = None) -> Account:
        """Log in: by the login that is kept from before, else by a consent in the browser.

        Parameters
        ----------
        again : bool
            Ask for the consent even if a login is kept.
        paste : bool, optional
            See `camkit.cameras.een.v3.consent.consent_in_browser`.

        Raises
        ------
        LoginRefused
            If the vendor or the user refuses; the message says what to do.
        SettingsError
            If nobody can listen at the redirect's address, such as when another program does.
        ServiceError
            If the login host fails or cannot be reached.
        """
        with self._login_lock:
            self._tokens = self._account = self._refusal = None
            if not again and self._resumed():
                return self._known_account()
            self._use(self._consented(paste))
            return self._known_account()

    @secrets_stay_inside
    def ensure_login(self) -> None:
        """Log in if necessary, so that a refusal or an unreachable host is found before the work begins."""
        self._renewed(None)

    @property
    def account(self) -> dict[str, str]:
        """What is known of the account, without a request and without a secret, for a record of who was asked.

        ``host`` and ``application``; after a login also ``user``, ``account_id`` and, where it is known, ``timezone``.
        """
        known = {"host": self._transport.host, "application": self._client_id}
        if self._account is None:
            return known
        zone = {"timezone": self._account.timezone} if self._account.timezone else {}
        return known | {"user": self._account.email, "account_id": self._account.account_id} | zone

    @secrets_stay_inside
    def logout(self) -> None:
        """End the login at the vendor and remove it here; nothing happens when there is none."""
        with self._login_lock, self._store.lock():
            kept = self._loaded() or self._tokens
            if kept is None:
                return
            is_own = self._tokens is not None and kept.access == self._tokens.access
            if not is_own and self._account is not None and self._login_host.trust(kept.api_url):
                if (account := self._account_of(kept)) is None and kept.refresh is not None:
                    with suppress(LoginRefused):  # then it has ended
                        kept = self._refreshed(kept)
                        account = self._account_of(kept)
                self._compare(account)
            self._tokens = self._unkept = self._account = None
            self._login_host.revoke(kept)
            self._store.forget()

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
        rate: TokenBucket | None = None,
    ) -> T:
        """GET from the account's API: what `read` makes of the answer. One that it refuses is a failed attempt.

        When the login has expired, renew it and repeat the request once; more often only where another process has
        renewed it meanwhile, which ended the tokens that were sent.
        """
        found: list[T] = []

        def check(reply: Reply) -> None:
            reply.require_not_moved()  # to another camera's picture, for one
            found.append(read(reply))

        limits = None if attempts is None else replace(self._transport.limits, attempts=attempts)

        def request(tokens: Tokens) -> Reply:
            if rate is not None:
                rate.take()
            return self._ask(tokens, path, params, check=check, limits=limits)

        tokens = self._renewed(None)
        reply = request(tokens)
        for number in range(TRIES):
            if reply.status != 401 or (number and not self._is_renewed_elsewhere(tokens)):
                break
            tokens = self._renewed(tokens)
            reply = request(tokens)
        raise_for_answer(reply, doing, meanings)
        return found[-1]

    def _ask(self, tokens: Tokens, path: str, params: dict[str, Any], **options: Any) -> Reply:
        """GET from the account's API with these tokens, whatever the answer."""
        reply = self._transport.request(
            "GET",
            tokens.api_url + API + path,
            params=params,
            credential=self._login_host.credential(f"Bearer {tokens.access.get_secret_value()}", tokens),
            **options,
        )
        if (date := http_date(reply.server_date or "")) is not None:
            self._clock = date, reply.received_at, time.monotonic()
        return reply

    def _server_now(self) -> datetime:
        """The server's time: that of its latest answer, and what has passed since. API v3 has no word for "now"."""
        if self._clock is None:
            self._renewed(None)  # new tokens are asked whose they are, which tells the time
        if self._clock is None:
            self._known_account(again=True)
        if self._clock is None:
            return datetime.now(UTC)
        date, received_at, read_at = self._clock
        passed_s = time.monotonic() - read_at
        if abs((datetime.now(UTC) - received_at).total_seconds() - passed_s) > ASLEEP_S:
            self._clock = None
            self._known_account(again=True)
            return self._server_now()
        if abs(date - received_at) > CLOCKS_APART and not self.is_demo:
            self._clock = None  # whoever sets this machine's clock is not told the same again
            raise BadResponse(
                f"Eagle Eye's clock says {date:%Y-%m-%d %H:%M} UTC, and this computer's {received_at:%Y-%m-%d %H:%M} "
                "UTC: more than a day apart, so it is not known which time it is. Set this computer's clock if it is "
                "wrong, and run the cell again.",
                transient=False,
            )
        return date + timedelta(seconds=0 if self.is_demo and passed_s < STALE_S else passed_s)

    def _renewed(self, expired: Tokens | None) -> Tokens:
        """The tokens to use; renews them unless somebody else has done so since `expired` was in use."""
        tokens = self._tokens
        if tokens is None or tokens is expired or not tokens.is_fresh():
            with self._login_lock:
                if self._refusal is not None and time.monotonic() < self._refused_until:
                    raise copy(self._refusal)
                try:
                    tokens = self._usable(expired)
                except ServiceError as error:
                    if isinstance(error, LoginRefused) and error.transient:
                        raise  # of this machine, which a person can change at once; the vendor was not asked
                    self._refusal = copy(error)  # without the traceback, whose frames hold sockets
                    ends = isinstance(error, LoginRefused)
                    self._refused_until = float("inf") if ends else time.monotonic() + PAUSE_S
                    raise
        return tokens

    def _is_renewed_elsewhere(self, tokens: Tokens) -> bool:
        """Whether another process has renewed the login since it gave these tokens."""
        with self._login_lock, self._store.lock():
            kept = self._loaded()
            return kept is not None and kept.access != tokens.access

    def _usable(self, expired: Tokens | None) -> Tokens:
        """Tokens that hold: this client's, those that are kept, renewed if necessary, or those of a new consent."""
        tokens = self._tokens
        if tokens is not None and tokens is not expired and tokens.is_fresh():
            return tokens
        found = self._kept(expired)
        if found is None:
            if expired is not None or tokens is not None:  # in the middle of the work nobody waits for a page
                raise self._ended()
            found = self._consented(None)
        return self._use(found)

    def _resumed(self) -> bool:
        """Whether the login that is kept goes on, by the vendor's word."""
        try:
            kept = self._kept()
            return kept is not None and self._use(kept) is not None
        except LoginRefused as error:
            if error.status is None:  # not the vendor's word: what is kept may be somebody else's
                raise
        return False

    def _kept(self, expired: Tokens | None = None) -> Tokens | None:
        """The login that is kept, by this process or another; it is renewed if necessary."""
        with self._store.lock():
            kept = self._loaded()
            if kept is None or not self._login_host.trust(kept.api_url):
                return None
            is_used_up = expired is not None and kept.access == expired.access
            if is_used_up or not kept.is_fresh():
                return self._refreshed(kept) if kept.refresh is not None else None
            return kept

    def _use(self, tokens: Tokens) -> Tokens:
        """Use new tokens once the vendor has said whose they are: another notebook may log somebody else in."""
        for _ in range(
            TRIES
        ):  # another process may renew them meanwhile, or not know yet that they have ended
            if (account := self._account_of(tokens)) is not None:
                break
            newer = self._kept(tokens)
            if newer is None:
                raise self._ended()
            tokens = newer
        else:
            raise self._ended()
        self._compare(account)
        self._tokens, self._account, self.host = tokens, account, tokens.api_url
        return tokens

    def _ended(self) -> LoginRefused:
        return LoginRefused(f"The login to Eagle Eye has ended: {AGAIN} again.", status=401)

    def _account_of(self, tokens: Tokens) -> Account | None:
        """Whose tokens they are; None if they have ended."""
        host = urlsplit(tokens.api_url).hostname or ""
        found: list[Account] = []
        reply = self._ask(
            tokens, "/users/self", _USER_FIELDS, check=lambda reply: found.append(_account_in(reply, host))
        )
        if reply.status == 401:
            return None
        raise_for_answer(reply, "Asking whose login this is")
        return found[-1]

    def _compare(self, account: Account | None) -> None:
        """Refuse the login of somebody else than before."""
        if self._account is None or account is None or _is_same(account, self._account):
            return
        raise LoginRefused(
            f"The login that is kept on this machine is now that of {_named(account)}, and this notebook works with "
            f"that of {_named(self._account)}. Run site.een.login() to go on as {_named(account)}, or "
            "site.een.login(again=True) to log in anew."
        )

    def _loaded(self) -> Tokens | None:
        """What is kept, or what could not be kept instead of it, which is tried again now."""
        kept = self._store.load()
        if self._unkept is not None and kept == self._read:  # nobody has logged in since
            self._keep(kept := self._unkept)
            return kept
        self._unkept, self._read = None, kept
        return kept

    def _keep(self, tokens: Tokens) -> None:
        """Keep new tokens; here where the disk does not take them, since the ones before may be worth nothing."""
        try:
            self._store.save(tokens)
            self._unkept = None
        except (CamkitError, OSError):
            self._unkept = tokens

    def _refreshed(self, before: Tokens) -> Tokens:
        """Exchange a refresh token for new tokens, which are kept before they are used."""
        return self._new(lambda: self._login_host.refresh(before, self._keep))

    def _new(self, exchange: Callable[[], Tokens]) -> Tokens:
        """New tokens. The old ones may be worth nothing then, so no interrupt comes before the new ones are kept."""
        with interrupts_wait():
            tokens = _to_its_end(exchange)
        if self._unkept is tokens:
            warnings.warn(_NOT_KEPT, stacklevel=2)
        return tokens

    def _consented(self, paste: bool | None) -> Tokens:
        """Ask for the consent in the browser, and exchange its code for tokens."""
        state, verifier = secrets.token_urlsafe(24), SecretStr(secrets.token_urlsafe(48))
        host = self._login_host
        with self._store.lock():
            pass  # where that fails, nobody is asked in vain
        ask = self._consent or partial(consent_in_browser, redirect_uri=host.redirect_uri, paste=paste)
        code = code_in(ask(host.consent_address(state, verifier)), state)
        with self._store.lock():
            with suppress(CamkitError):  # where it cannot be read, the new one replaces it
                self._read = self._store.load()
            return self._new(lambda: host.exchange(code, verifier, self._tokens, self._keep))

    def _known_account(self, again: bool = False) -> Account:
        """Whose login it is, asked once."""
        if self._account is None or again:
            self._account = self._get(
                "/users/self",
                _USER_FIELDS,
                "Asking whose login this is",
                read=lambda reply: _account_in(reply, urlsplit(self.host).hostname or ""),
            )
        return self._account


def _to_its_end(call: Callable[[], T]) -> T:
    """What a call returns. It ends even if the greenlet that asked for it is killed meanwhile, which dies after it."""

    def outcome() -> T | CamkitError:
        try:
            return call()
        except CamkitError as error:
            return error.with_traceback(None)  # without the frames, which hold secrets

    job = gevent.spawn(outcome)
    try:
        job.join()
    except BaseException:
        job.join()
        raise
    result = job.get()
    if isinstance(result, CamkitError):
        raise result
    return result


def _is_same(one: Account, other: Account) -> bool:
    """Whether two accounts are of the same user."""
    return (one.account_id, one.user_id or one.email) == (other.account_id, other.user_id or other.email)


def _named(account: Account) -> str:
    return f"{(account.email or account.name or 'a user')[:60]} (account {account.account_id[:20]})"


def _account_in(reply: Reply, host: str) -> Account:
    """The account in an answer of ``/users/self``."""
    user = reply.json()
    if not isinstance(user, dict) or not isinstance(user.get("accountId"), str):
        raise BadResponse(f"{reply.url} did not send a user.", url=reply.url, status=reply.status)
    zone = user.get("timeZone")
    return Account(
        name=f"{user.get('firstName') or ''} {user.get('lastName') or ''}".strip(),
        email=str(user.get("email") or ""),
        account_id=user["accountId"],
        host=host,
        timezone=str(zone.get("timeZone") or "") if isinstance(zone, dict) else "",
        user_id=str(user.get("id") or ""),
    )
