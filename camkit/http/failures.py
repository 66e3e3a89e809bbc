"""What urllib3 reports, as camkit's exceptions and without urllib3's own, which may hold a secret."""

from __future__ import annotations

import ssl
from typing import NamedTuple
from urllib.parse import urlsplit

from requests.exceptions import InvalidProxyURL, InvalidSchema
from urllib3.exceptions import (
    ConnectTimeoutError,
    DecodeError,
    LocationParseError,
    NewConnectionError,
    ProtocolError,
    ProxyError,
    ReadTimeoutError,
    SSLError,
    URLSchemeUnknown,
)

from camkit.errors import BadResponse, DeadlineExceeded, ServiceError, ServiceUnreachable


class _Failure(NamedTuple):
    """How some of urllib3's and requests' errors are reported."""

    causes: tuple[type[Exception], ...]
    kind: type[ServiceError]
    message: str
    transient: bool = True


_FAILURES = (
    _Failure(
        (ProxyError, InvalidProxyURL),
        ServiceUnreachable,
        "{service}: the proxy did not connect to {host}. Check HTTPS_PROXY and NO_PROXY.",
    ),
    _Failure(
        (LocationParseError, URLSchemeUnknown, InvalidSchema),
        ServiceUnreachable,
        "{service}: HTTPS_PROXY is not a proxy that camkit can use; write it as http://host:port.",
        transient=False,
    ),
    _Failure(
        (NewConnectionError,),
        ServiceUnreachable,
        "{service}: there is no connection to {host}. Check the address and the network.",
    ),
    _Failure(
        (ConnectTimeoutError,),
        ServiceUnreachable,
        "{service}: {host} did not accept a connection in time. Check the address and the network.",
    ),
    _Failure(
        (ReadTimeoutError,),
        DeadlineExceeded,
        "{service} stopped answering ({url}). Run the cell again later.",
    ),
    _Failure((DecodeError,), BadResponse, "The answer of {url} cannot be unpacked."),
    _Failure((ProtocolError,), BadResponse, "{host} closed the connection without an answer ({url})."),
    _Failure((Exception,), BadResponse, "{service}: the request to {url} failed ({name}).", transient=False),
)
"""The first that matches counts."""


def failure_of(error: Exception, service: str, url: str, *, began: bool) -> ServiceError:
    """Return the exception for a request that did not get a complete answer.

    Parameters
    ----------
    error : Exception
        Raised by urllib3, or by requests while it determined how to reach the host.
    service : str
        The service's name.
    url : str
        The address, without secrets.
    began : bool
        Whether an answer had begun.
    """
    host = urlsplit(url).netloc
    if isinstance(error, SSLError):
        return _tls_failure(_innermost(error), host, url)
    if began and isinstance(error, ProtocolError):
        return BadResponse(f"The answer of {url} broke off before its end.", url=url)
    failure = next(each for each in _FAILURES if isinstance(error, each.causes))
    message = failure.message.format(service=service, host=host, url=url, name=type(error).__name__)
    return failure.kind(message, url=url, transient=failure.transient)


def _tls_failure(cause: BaseException, host: str, url: str) -> ServiceUnreachable:
    if isinstance(cause, ssl.SSLCertVerificationError):
        return ServiceUnreachable(
            f"The TLS certificate of {host} is not accepted ({cause.verify_message.rstrip('.')}), so nothing was "
            "sent. Behind an inspecting proxy, set REQUESTS_CA_BUNDLE to its CA file.",
            url=url,
            transient=False,
        )
    reason = getattr(cause, "reason", None) or type(cause).__name__
    return ServiceUnreachable(
        f"The TLS connection to {host} failed ({reason}). Check the address, and REQUESTS_CA_BUNDLE if it is set.",
        url=url,
        transient=False,
    )


def _innermost(error: BaseException) -> BaseException:
    """The first cause of an error that urllib3 wrapped, perhaps several times."""
    while True:
        wrapped = [getattr(error, "reason", None), *error.args[:1]]
        inner = next((each for each in wrapped if isinstance(each, BaseException)), None)
        if inner is None:
            return error
        error = inner
