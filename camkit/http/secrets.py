"""Keys and cookies that do not show themselves, and addresses without their secrets."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl, quote, quote_plus, urlsplit, urlunsplit

from camkit.errors import SettingsError

_MASK = "***"

_HARMLESS = frozenset(
    "id c timestamp t start_timestamp end_timestamp e count asset_class a n s perPage startingAfter "
    "endingBefore productTypes[] serial model fullframe".split()
)
"""Query names whose values may be shown; `A`, tokens and whatever is unknown may not."""

_SNAPSHOT_TOKEN = re.compile(r"(?<=/stream/jpeg/snapshot/)[^/]+")
"""What follows in the path of a Meraki snapshot is all that it takes to fetch it."""


class Headers(dict[str, str]):
    """A request's headers; their repr, which a traceback may print, shows only their names."""

    def copy(self) -> Headers:
        """Return another of the same kind; a plain copy would show them."""
        return Headers(self)

    def __repr__(self) -> str:
        return f"Headers({', '.join(self)})"


class Credential:
    """Secret headers, added to a request at the last moment.

    Parameters
    ----------
    headers : mapping of str to str
        Such as ``{"Authorization": "Bearer ..."}``.

    Raises
    ------
    SettingsError
        If a value cannot be sent in a header: a line break, a letter outside ASCII.
    """

    def __init__(self, headers: Mapping[str, str]) -> None:
        for name, value in headers.items():
            if not (value.isascii() and value.isprintable()):
                raise SettingsError(
                    f"The secret for the header {name} cannot be sent: it has a line break or a letter outside ASCII. "
                    "Copy the key again."
                )
        self.headers = Headers(headers)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secret values: each header's, and what follows its scheme or cookie name."""
        values = self.headers.values()
        return (*values, *(value.partition(" ")[2] or value.partition("=")[2] for value in values))

    def __repr__(self) -> str:
        return f"Credential({', '.join(self.headers)}: **********)"


class Address(str):
    """An address whose repr, which a traceback may print, shows no secret."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(mask_url(self))


def mask_url(url: str) -> str:
    """Return an address fit for a message: no user, no password, no token.

    Examples
    --------
    >>> mask_url("https://c001.example/asset/prev/image.jpeg?id=1005f2ed&A=c001~5eb63bbb")
    'https://c001.example/asset/prev/image.jpeg?id=1005f2ed&A=***'
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return "(an address that cannot be read)"
    query = "&".join(
        f"{quote(name, safe='[]')}={quote(value, safe=':+-') if name in _HARMLESS else _MASK}"
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
    )
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, _SNAPSHOT_TOKEN.sub(_MASK, parts.path), query, ""))


def secrets_in(url: str) -> list[str]:
    """What `mask_url` leaves out of an address that can be read, save a user name and password."""
    parts = urlsplit(url)
    hidden = [value for name, value in parse_qsl(parts.query) if name not in _HARMLESS]
    return hidden + _SNAPSHOT_TOKEN.findall(parts.path)


def scrub(content: bytes, secrets: Iterable[str]) -> bytes:
    """Return an answer without the secrets of its request, which some services repeat in an error."""
    forms = {form for secret in secrets for form in _forms(secret)}
    for form in sorted(forms, key=len, reverse=True):
        content = content.replace(form.encode(), _MASK.encode())
    return content


def _forms(secret: str) -> tuple[str, ...]:
    """A secret as it is, and as JSON and addresses write it; one too short to tell from a word is left."""
    if len(secret) < 4:
        return ()
    return secret, json.dumps(secret)[1:-1], quote(secret, safe=""), quote_plus(secret)
