"""What urllib3 reports, as camkit's exceptions and without urllib3's own, which may hold a secret."""

from __future__ import annotations

import ssl
from http.client import BadStatusLine, LineTooLong, RemoteDisconnected, UnknownProtocol
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
from camkit.http.routes import HandshakeTimeout, Unreadable


def failure_of(error: Exception, service: str, url: str, *, began: bool) -> ServiceError:
    """The exception for a request that did not get a complete answer; `began` says whether one had begun."""
    host = urlsplit(url).netloc
    kind: type[ServiceError] = BadResponse
    transient = True
    match error:
        case SSLError():
            return _tls_failure(_innermost(error), host, url)
        case ProxyError() | InvalidProxyURL():
            kind = ServiceUnreachable
            message = f"{service}: the proxy did not connect to {host}. Check HTTPS_PROXY and NO_PROXY."
        case LocationParseError() | URLSchemeUnknown() | InvalidSchema():
            kind, transient = ServiceUnreachable, False
            message = f"{service}: camkit cannot use the proxy in HTTPS_PROXY; write it as http://host:port."
        case NewConnectionError():
            kind = ServiceUnreachable
            message = f"{service}: there is no connection to {host}. Check the address and the network."
        case ConnectTimeoutError():
            kind = ServiceUnreachable
            did_not = (
                "finish the TLS handshake" if isinstance(error, HandshakeTimeout) else "accept a connection"
            )
            message = f"{service}: {host} did not {did_not} in time. Check the address and the network."
        case ReadTimeoutError():
            kind = DeadlineExceeded
            message = f"{service} stopped answering ({url}). Run the cell again later."
        case DecodeError():
            message = f"The answer of {url} cannot be unpacked."
        case ProtocolError() if began:
            message = f"The answer of {url} broke off before its end."
        case ProtocolError():
            message = f"{host} {_what_came(_innermost(error))} ({url})."
        case _:
            transient = False
            message = f"{service}: the request to {url} failed ({type(error).__name__})."
    return kind(message, url=url, transient=transient)


def _what_came(cause: BaseException) -> str:
    """What came instead of an answer, by the standard library's exception."""
    match cause:
        case Unreadable():
            return str(cause)
        case RemoteDisconnected():
            return "closed the connection without an answer"
        case LineTooLong():
            return "sent a header line of more than 64 KB, which camkit does not read"
        case UnknownProtocol() | BadStatusLine():
            return "answered with something that is not HTTP"
    if str(cause).startswith("got more than"):  # http.client has no class of its own for this
        return "sent more than 100 header lines, which camkit does not read"
    return "closed the connection without an answer"


def _tls_failure(cause: BaseException, host: str, url: str) -> ServiceUnreachable:
    if isinstance(cause, ssl.SSLCertVerificationError):
        message = (
            f"The TLS certificate of {host} is not accepted ({cause.verify_message.rstrip('.')}), so nothing was "
            "sent. Behind an inspecting proxy, set REQUESTS_CA_BUNDLE to its CA file."
        )
    else:
        reason = getattr(cause, "reason", None) or type(cause).__name__
        message = f"The TLS connection to {host} failed ({reason}). "
        message += "Check the address, and REQUESTS_CA_BUNDLE if it is set."
    return ServiceUnreachable(message, url=url, transient=False)


def _innermost(error: BaseException) -> BaseException:
    """The first cause of an error that urllib3 wrapped, perhaps several times."""
    while True:
        wrapped = [getattr(error, "reason", None), *error.args[:2]]
        inner = next((each for each in wrapped if isinstance(each, BaseException)), None)
        if inner is None:
            return error
        error = inner
