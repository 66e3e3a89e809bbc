"""How API v1 names hosts, moments and the times of its images.

Sources: EENCloud/api-docs; the shape of ``x-ee-timestamp`` from public code (SwyftG/EEN).
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from urllib.parse import urlsplit, urlunsplit

from camkit.cameras.een.formats import een_time
from camkit.cameras.een.moments import Moment
from camkit.errors import BadResponse
from camkit.http import Reply

MILLISECOND = timedelta(milliseconds=1)
"""The vendor's resolution. "Just before a frame" is this much earlier: the vendor does not say if "before" includes."""


def branded_host(login_url: str, subdomain: str) -> str:
    """Return the working host that belongs to a login host.

    Examples
    --------
    >>> branded_host("https://login.eagleeyenetworks.com", "c001")
    'https://c001.eagleeyenetworks.com'

    A host whose name does not begin with ``login.`` serves everything itself:

    >>> branded_host("http://127.0.0.1:8000", "c001")
    'http://127.0.0.1:8000'
    """
    if not re.fullmatch(r"[A-Za-z0-9-]{1,63}", subdomain):
        raise BadResponse("Eagle Eye's login did not name a valid host to work with.", url=login_url)
    parts = urlsplit(login_url)
    name, _, rest = parts.netloc.lower().partition(".")
    host = f"{subdomain}.{rest}" if name == "login" else parts.netloc
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


def stamp(at: datetime | Moment | str) -> str:
    """A moment as requests name it: text in the vendor's words stays as it is.

    Examples
    --------
    >>> stamp(Moment.now(timedelta(seconds=2.1)))
    '-2100'
    """
    match at:
        case Moment(time=None):
            return f"-{at.back // MILLISECOND}" if at.back else "now"
        case Moment(time=time) if time is not None:
            return een_time(time - MILLISECOND if at.is_before else time)
        case datetime():
            return een_time(at)
    return str(at)


def asset_time(reply: Reply, header: str) -> str | None:
    """The time in a header such as ``preview-20191023102411.065``; None where the server does not know."""
    value = reply.headers.get(header, "unknown")
    return None if value == "unknown" else value.partition("-")[2]
