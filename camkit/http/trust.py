"""Where a key may go: which addresses are a service's own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address

from urllib3.exceptions import LocationParseError
from urllib3.util import Url, parse_url

_HOST = re.compile(r"[a-z0-9.-]+")


@dataclass(frozen=True)
class Trust:
    """The addresses of one service.

    Attributes
    ----------
    home : urllib3.util.Url
        Its base address.
    domains : tuple of str
        The vendor's domains.
    """

    home: Url
    domains: tuple[str, ...]

    def includes(self, parts: Url) -> bool:
        """Whether an address is the service's own: its host and port, or one in its domains over HTTPS.

        If the host is this machine, where the demo site has several ports, the port does not matter.
        """
        host, home = parts.host, self.home
        if parts.auth is not None or not host:
            return False
        if host == home.host:
            same_port = _port(parts) == _port(home) or (parts.scheme != home.scheme and _port(parts) == 443)
            return parts.scheme in (home.scheme, "https") and (same_port or is_loopback(host))
        in_domains = any(host == domain or host.endswith("." + domain) for domain in self.domains)
        plain = _HOST.fullmatch(host) is not None
        return parts.scheme == "https" and _port(parts) == 443 and in_domains and plain


def parts_of(url: str) -> Url:
    r"""An address in its parts, as urllib3 reads it; all parts are missing if it cannot be read.

    No other parser may decide where an address leads: in ``https://evil.example\.meraki.com/``, `urllib.parse`
    sees a host of Meraki's, and urllib3, which connects, sees evil.example.
    """
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
