"""One request before it is sent, and the request that a redirect turns it into."""

from __future__ import annotations

import json as jsonlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any
from urllib.parse import urlencode, urljoin

from pydantic import SecretStr
from urllib3.util import Url

from camkit.http.limits import Limits
from camkit.http.reply import Reply
from camkit.http.secrets import Address, Credential, Headers, Masking, NotPickled, scrub_text
from camkit.http.trust import parts_of


@dataclass(frozen=True)
class Request(NotPickled):
    """One request, before it is sent. Its repr shows no secret.

    Attributes
    ----------
    safe : bool
        Whether sending it twice does no harm.
    earlier : tuple of str
        Secrets that went with a request before, which a redirect led to this one.
    """

    method: str
    url: Address
    json: Any
    form: Mapping[str, str | SecretStr] | None
    credential: Credential | None
    safe: bool
    limits: Limits = field(repr=False)
    masking: Masking = field(repr=False)
    earlier: tuple[str, ...] = field(default=(), repr=False)

    @cached_property
    def parts(self) -> Url:
        """The address in its parts: these are checked, and the request is sent to these."""
        return parts_of(self.url)

    @cached_property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"{self.parts.scheme}://{self.parts.netloc}"

    @cached_property
    def shown(self) -> str:
        """The address as it is sent, without secrets."""
        return scrub_text(self.masking.mask(self.origin + self.parts.request_uri), self.carried())

    def body(self) -> bytes | None:
        """The body as it is sent, secrets revealed."""
        if self.form is not None:
            return urlencode({name: _revealed(value) for name, value in self.form.items()}).encode()
        if self.json is None:
            return None
        return jsonlib.dumps(self.json, default=SecretStr.get_secret_value).encode()

    def headers(self) -> dict[str, str]:
        """Its own headers, secrets revealed."""
        kind = {} if self.json is None else {"Content-Type": "application/json"}
        if self.form is not None:
            kind = {"Content-Type": "application/x-www-form-urlencoded"}
        return Headers({**kind, **self.credential.headers}) if self.credential else kind

    def carried(self) -> tuple[str, ...]:
        """The secrets of its credential and of its body."""
        key = self.credential.secrets if self.credential else ()
        fields = self.form or self.json
        values = fields.values() if isinstance(fields, Mapping) else ()
        in_body = [value.get_secret_value() for value in values if isinstance(value, SecretStr)]
        return (*key, *in_body, *self.earlier)

    def secrets(self) -> tuple[str, ...]:
        """Every secret that goes with it."""
        return (*self.carried(), *self.masking.secrets_in(self.url))

    def redirected(self, reply: Reply) -> Request:
        """The request that a redirect leads to: method, body and key stay, except after a 303."""
        try:
            url = Address(urljoin(self.url, reply.headers["Location"]))
        except ValueError:
            url = Address("")
        if reply.status == 303:
            return replace(self, url=url, method="GET", json=None, form=None, earlier=self.carried())
        return replace(self, url=url)


def _revealed(value: str | SecretStr) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def address_of(base: str, url: str, params: Mapping[str, Any] | None) -> Address:
    """An address, below a base if it is a path, with its query; parameters that are None are left out."""
    url = url if "://" in url else f"{base}/{url.lstrip('/')}"
    query = urlencode(
        {name: value for name, value in (params or {}).items() if value is not None}, doseq=True
    )
    return Address(f"{url}{'&' if '?' in url else '?'}{query}" if query else url)
