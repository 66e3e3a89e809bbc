"""Keys and cookies that do not show themselves, and addresses without their secrets."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import parse_qsl, quote, quote_plus, urlsplit, urlunsplit

from pydantic import SecretStr

from camkit.errors import SettingsError

_MASK = "***"
_UNRESERVED = re.compile("[A-Za-z0-9_.~-]*")


def as_secret(secret: str | SecretStr) -> SecretStr:
    """Return a secret that does not show itself, however it was given."""
    return secret if isinstance(secret, SecretStr) else SecretStr(secret)


class NotPickled:
    """Base of what holds a secret: it cannot be pickled or copied, which would write the secret down."""

    def __reduce_ex__(self, _protocol: object) -> NoReturn:
        """Refuse."""
        raise TypeError(
            f"{type(self).__name__} objects hold keys or a session, so they cannot be pickled or copied. Make a new "
            "one where it is needed."
        )


class Headers(NotPickled, dict[str, str]):
    """A request's headers; their repr, which a traceback may print, shows only their names."""

    def copy(self) -> Headers:
        """Return another of the same kind; a plain copy would show them."""
        return Headers(self)

    def __repr__(self) -> str:
        return f"Headers({', '.join(self)})"


class Credential(NotPickled):
    """Secret headers, added to a request at the last moment.

    Parameters
    ----------
    headers : mapping of str to str
        Such as ``{"Authorization": "Bearer ..."}``.
    also : iterable of pydantic.SecretStr
        Secrets that are known beside it. They are not sent, and masked where an answer shows them.

    Raises
    ------
    SettingsError
        If a value cannot be sent in a header: it has a line break or a character outside ASCII.
    """

    def __init__(self, headers: Mapping[str, str], also: Iterable[SecretStr] = ()) -> None:
        for name, value in headers.items():
            if not (value.isascii() and value.isprintable()):
                raise SettingsError(
                    f"The secret for the header {name} cannot be sent: it has a line break or a character outside "
                    "ASCII. Copy the key again."
                )
        self._headers = {name: SecretStr(value) for name, value in headers.items()}
        self._also = tuple(also)

    @property
    def headers(self) -> Headers:
        """The headers, secrets revealed."""
        return Headers((name, value.get_secret_value()) for name, value in self._headers.items())

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secret values: each header's, what follows its scheme or cookie name, and what is known beside it."""
        values = self.headers.values()
        parts = [value.partition(" ")[2] or value.partition("=")[2] for value in values]
        passwords = [password for value in values if (password := _password_in(value))]
        return (*values, *parts, *passwords, *(secret.get_secret_value() for secret in self._also))

    def __repr__(self) -> str:
        return f"Credential({', '.join(self._headers)}: **********)"


@dataclass(frozen=True)
class Masking:
    """What may be shown of a service's addresses. User names, passwords and unknown query values never are.

    Attributes
    ----------
    public_params : frozenset of str
        Query names whose values may be shown.
    secret_path : re.Pattern or None
        Matches what is secret in a path; None if nothing is.

    Examples
    --------
    >>> Masking(frozenset({"id"})).mask("https://me:pw@c001.example/image.jpeg?id=1005f2ed&A=c001~5eb63bbb")
    'https://c001.example/image.jpeg?id=1005f2ed&A=***'
    """

    public_params: frozenset[str] = frozenset()
    secret_path: re.Pattern[str] | None = None

    def mask(self, url: str) -> str:
        """Return an address fit for a message, a log or a file."""
        try:
            parts = urlsplit(url)
        except ValueError:
            return "(an address that cannot be read)"
        query = "&".join(
            self._shown(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True)
        )
        path = self.secret_path.sub(_MASK, parts.path) if self.secret_path else parts.path
        return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], path, query, ""))

    def secrets_in(self, url: str) -> list[str]:
        """Return what `mask` hides in an address that can be read, except user name and password."""
        parts = urlsplit(url)
        pairs = parse_qsl(parts.query, keep_blank_values=True)
        in_query = [value or name for name, value in pairs if name not in self.public_params]
        return in_query + (self.secret_path.findall(parts.path) if self.secret_path else [])

    def _shown(self, name: str, value: str) -> str:
        if name in self.public_params:
            return f"{_quoted(name, '[]')}={_quoted(value, ':+-')}"
        return f"{_quoted(name, '[]')}={_MASK}" if value else _MASK  # a token may have no name


def _quoted(text: str, safe: str) -> str:
    """A text as addresses have it; most need no quoting, which takes ten times as long as to see that."""
    return text if _UNRESERVED.fullmatch(text) else quote(text, safe=safe)


_ORIGIN_ONLY = Masking(secret_path=re.compile(".+"))


class Address(str):
    """An address whose repr, which a traceback may print, shows the host and the names in its query only."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(_ORIGIN_ONLY.mask(self))


def scrub(content: bytes, secrets: Iterable[str]) -> bytes:
    """Return an answer without these secrets, which some services repeat in an error, whatever the case of letters."""
    lowered = content.lower()
    found = {form for secret in secrets for form in _forms(secret, lowered) if form.lower() in lowered}
    if not found:
        return content
    longest_first = sorted(found, key=len, reverse=True)
    return re.sub(b"|".join(map(re.escape, longest_first)), _MASK.encode(), content, flags=re.IGNORECASE)


def scrub_text(text: str, secrets: Iterable[str]) -> str:
    """As `scrub`, of a text."""
    return scrub(text.encode("utf-8", "surrogatepass"), secrets).decode("utf-8", "surrogatepass")


def scrub_headers(headers: MutableMapping[str, str], secrets: Iterable[str]) -> None:
    """Mask these secrets in an answer's headers, where a proxy or a service may repeat them."""
    together = "\n".join(headers.values())
    shown = scrub_text(together, secrets)
    if shown != together:
        for name in list(headers):
            headers[name] = scrub_text(headers[name], secrets)


def _password_in(value: str) -> str:
    """The password in a header of HTTP's Basic scheme; empty if it is another."""
    scheme, _, pair = value.partition(" ")
    try:
        return base64.b64decode(pair).decode().partition(":")[2] if scheme.lower() == "basic" else ""
    except ValueError:
        return ""


def _forms(secret: str, content: bytes) -> list[bytes]:
    """A secret as it is, and as JSON and addresses write it; none if it is too short to tell from a word.

    Only those that the content may have: each request asks, and most secrets are longer than what is looked at.
    """
    if not 4 <= len(secret) <= len(content):
        return []
    forms = [secret]
    if b"\\" in content:
        forms.append(json.dumps(secret)[1:-1])
    if b"%" in content or b"+" in content:
        forms += [quote(secret, safe=""), quote_plus(secret)]
    return [form.encode("utf-8", "surrogatepass") for form in forms]
