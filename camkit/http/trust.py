"""Where a key may go: which addresses are a service's own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address

from urllib3.exceptions import LocationParseError
from urllib3.util import Url, parse_url

_USUAL_QUERY = re.compile(r"(?:[A-Za-z0-9._~=&+:-]|%[0-9A-F]{2})*")
"""A query that urllib3 leaves as it is."""


@dataclass(frozen=True)
class Trust:
    """The addresses of one service.

    Attributes
    ----------
    home : urllib3.util.Url
        Its base address.
    hosts : re.Pattern or None
        Matches the vendor's hosts that the service needs; its first group is the domain.
    also : tuple of urllib3.util.Url
        Further addresses that the service has: the demo site's second one, an account's own host.
    """

    home: Url
    hosts: re.Pattern[str] | None = None
    also: tuple[Url, ...] = ()

    def includes(self, parts: Url) -> bool:
        """Whether an address is the service's own: where it is at home, or one of the vendor's hosts over HTTPS.

        From a host in one of the vendor's domains nothing goes to another domain of the vendor's.
        """
        if parts.auth is not None or not parts.host:
            return False
        if any(_is_at(parts, place) for place in (self.home, *self.also)):
            return True
        domain, home_domain = self._domain(parts), self._domain(self.home)
        near = domain is not None and home_domain in (None, domain)
        return near and parts.scheme == "https" and _port(parts) == 443

    @property
    def is_vendors(self) -> bool:
        """Whether the base address is one of the vendor's own."""
        return self._domain(self.home) is not None

    def _domain(self, parts: Url) -> str | None:
        """The vendor's domain that a host is in; None if it is not one of the hosts."""
        found = self.hosts.fullmatch(parts.host or "") if self.hosts else None
        return found and found[1]


def _is_at(parts: Url, place: Url) -> bool:
    """Whether an address is at the host and port of another one, or at the same host with TLS instead of without.

    On this machine another port is another program, whatever it speaks.
    """
    if parts.host != place.host or parts.scheme not in (place.scheme, "https"):
        return False
    secured = parts.scheme != place.scheme and _port(parts) == 443 and not is_loopback(place.host or "")
    return _port(parts) == _port(place) or secured


def parts_of(url: str) -> Url:
    r"""An address in its parts, as urllib3 reads it; all parts are missing if it cannot be read.

    No other parser may decide where an address leads: in ``https://evil.example\.meraki.com/``, `urllib.parse`
    sees a host of Meraki's, and urllib3, which connects, sees evil.example.
    """
    before, mark, query = url.partition("?")
    if mark and "#" not in before and _USUAL_QUERY.fullmatch(query) and (known := _read(before)).path:
        return known._replace(query=query)  # just what urllib3 makes of it, for a tenth of the time
    return _read.__wrapped__(url)


@lru_cache(128)
def _read(url: str) -> Url:
    try:
        return parse_url(url)
    except LocationParseError:
        return Url()


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return host == "localhost" or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _port(parts: Url) -> int:
    """The port of an address; its scheme's default if it has none."""
    return parts.port or {"http": 80, "https": 443}.get(parts.scheme or "", 0)
