"""What urllib3 reports, in camkit's words and without its own, which may hold a secret."""

from __future__ import annotations

import ssl
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


def failure_of(error: Exception, service: str, url: str, *, began: bool) -> ServiceError:
    """Return the exception that stands for a request that got no whole answer.

    Parameters
    ----------
    error : Exception
        Of urllib3, or of requests while it looked for the way to the host.
    service : str
        The service's name.
    url : str
        The address, without secrets.
    began : bool
        Whether an answer had begun.
    """
    host = urlsplit(url).netloc
    match error:
        case SSLError():
            return _tls_failure(_innermost(error), host, url)
        case ProxyError() | InvalidProxyURL():
            return ServiceUnreachable(
                f"{service}: the proxy did not connect to {host}. Check HTTPS_PROXY and NO_PROXY.", url=url
            )
        case LocationParseError() | URLSchemeUnknown() | InvalidSchema():
            return ServiceUnreachable(
                f"{service}: HTTPS_PROXY holds no proxy that camkit can use; write it as http://host:port.",
                url=url,
                transient=False,
            )
        case NewConnectionError():
            return ServiceUnreachable(
                f"{service}: there is no connection to {host}. Check the address and the network.", url=url
            )
        case ConnectTimeoutError():
            return ServiceUnreachable(
                f"{service}: {host} did not accept a connection in time. Check the address and the network.",
                url=url,
            )
        case ReadTimeoutError():
            return DeadlineExceeded(
                f"{service} stopped answering ({url}). Run the cell again later.", url=url
            )
        case DecodeError():
            return BadResponse(f"The answer of {url} cannot be unpacked.", url=url)
        case ProtocolError() if began:
            return BadResponse(f"The answer of {url} broke off before its end.", url=url)
        case ProtocolError():
            return BadResponse(f"{host} closed the connection without an answer ({url}).", url=url)
    return BadResponse(
        f"{service}: the request to {url} failed ({type(error).__name__}).", url=url, transient=False
    )


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
