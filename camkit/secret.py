"""Keys and cookies that do not show themselves, and addresses without their secrets."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

from requests import PreparedRequest
from requests.auth import AuthBase

_HARMLESS = frozenset(
    "id c timestamp t start_timestamp end_timestamp e count asset_class a n s perPage startingAfter "
    "endingBefore productTypes[] serial model fullframe".split()
)
"""Query names whose values may be shown; `A`, tokens and whatever is unknown may not."""

_SNAPSHOT_TOKEN = re.compile(r"(/stream/jpeg/snapshot/)[^/?#\s\"']+")


class Credential(AuthBase):
    """Secret headers, added to a request at the last moment.

    It is given to requests as ``auth``, so that the secret is in no dictionary that a traceback could
    print, and so that a ``.netrc`` entry cannot replace it.

    Parameters
    ----------
    headers : mapping of str to str
        Such as ``{"Authorization": "Bearer ..."}``.
    """

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = dict(headers)

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers.update(self._headers)
        return request

    def __repr__(self) -> str:
        return f"Credential({', '.join(self._headers)}: **********)"


class NoCredential(AuthBase):
    """Adds nothing, and keeps requests from adding what a ``.netrc`` file holds."""

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        return request


def mask_url(url: str) -> str:
    """Return an address fit for a message: no user, no password, no token.

    Examples
    --------
    >>> mask_url("https://c001.example/asset/prev/image.jpeg?id=1005f2ed&A=c001~5eb63bbb")
    'https://c001.example/asset/prev/image.jpeg?id=1005f2ed&A=***'
    """
    parts = urlsplit(url)
    query = "&".join(
        f"{quote(name, safe='[]')}={quote(value, safe=':+-') if name in _HARMLESS else '***'}"
        for name, value in parse_qsl(parts.query, keep_blank_values=True)
    )
    host = parts.netloc.rpartition("@")[2]
    path = _SNAPSHOT_TOKEN.sub(r"\1***", parts.path)
    return urlunsplit((parts.scheme, host, path, query, ""))
