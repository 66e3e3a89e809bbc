"""Keys and cookies that do not show themselves, and addresses without their secrets."""

from __future__ import annotations

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

    Raises
    ------
    SettingsError
        If a value cannot be sent in a header: it has a line break or a character outside ASCII.
    """

    def __init__(self, headers: Mapping[str, str]) -> None:
        for name, value in headers.items():
            if not (value.isascii() and value.isprintable()):
                raise SettingsError(
                    f"The secret for the header {name} cannot be sent: it has a line break or a character outside "
                    "ASCII. Copy the key again."
                )
        self._headers = {name: SecretStr(value) for name, value in headers.items()}

    @property
    def headers(self) -> Headers:
        """The headers, secrets revealed."""
        return Headers((name, value.get_secret_value()) for name, value in self._headers.items())

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secret values: each header's, and what follows its scheme or cookie name."""
        values = self.headers.values()
        return (*values, *(value.partition(" ")[2] or value.partition("=")[2] for value in values))

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
    """Return an answer without the secrets of its request, which some services repeat in an error."""
    forms = {form for secret in secrets for form in _forms(secret)}
    for form in sorted(forms, key=len, reverse=True):
        content = content.replace(form.encode(), _MASK.encode())
    return content


def scrub_headers(headers: MutableMapping[str, str], secrets: Iterable[str]) -> None:
    """Mask in an answer's headers the secrets of its request, which a proxy or a service may repeat there."""
    pairs = [
        (name, value) for name, value in headers.items()
    ]  # urllib3 makes them anew each time, and list() twice
    for secret in filter(_is_telling, secrets):
        for name in [name for name, value in pairs if secret in value]:
            headers[name] = headers[name].replace(secret, _MASK)


def _is_telling(secret: str) -> bool:
    """Whether a secret is long enough to tell it from a word."""
    return len(secret) >= 4


def _forms(secret: str) -> tuple[str, ...]:
    """A secret as it is, and as JSON and addresses write it; none if it is too short to tell from a word."""
    if not _is_telling(secret):
        return ()
    return secret, json.dumps(secret)[1:-1], quote(secret, safe=""), quote_plus(secret)
