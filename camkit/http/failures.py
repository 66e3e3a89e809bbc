"""What requests and urllib3 report, in camkit's words and without theirs, which may hold a secret."""

from __future__ import annotations

import ssl
from urllib.parse import urlsplit

import requests
import urllib3
from requests.exceptions import ChunkedEncodingError, ContentDecodingError, InvalidProxyURL, ProxyError

from camkit.errors import BadResponse, DeadlineExceeded, ServiceError, ServiceUnreachable


def failure_of(error: requests.RequestException, service: str, url: str) -> ServiceError:
    """Return the exception that stands for a request that got no whole answer.

    Parameters
    ----------
    service : str
        The service's name.
    url : str
        The address, without secrets.
    """
    host = urlsplit(url).netloc
    cause = _innermost(error)
    if isinstance(error, requests.exceptions.SSLError):
        return _tls_failure(cause, host, url)
    if isinstance(error, ProxyError | InvalidProxyURL):
        return ServiceUnreachable(
            f"The proxy did not connect to {host}. Check HTTPS_PROXY and NO_PROXY.", url=url
        )
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return ServiceUnreachable(
            f"{host} did not accept a connection in time. Check the address and the network.", url=url
        )
    if isinstance(error, requests.exceptions.Timeout) or isinstance(
        cause, urllib3.exceptions.ReadTimeoutError
    ):
        return DeadlineExceeded(f"{service} stopped answering ({url}). Run the cell again later.", url=url)
    if isinstance(error, ChunkedEncodingError):
        return BadResponse(f"The answer of {url} broke off before its end.", url=url)
    if isinstance(error, ContentDecodingError):
        return BadResponse(f"The answer of {url} cannot be unpacked.", url=url)
    if isinstance(cause, urllib3.exceptions.NewConnectionError):
        return ServiceUnreachable(
            f"There is no connection to {host}. Check the address and the network.", url=url
        )
    if isinstance(error, requests.exceptions.ConnectionError):
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
    """The first cause of an error that was wrapped several times, by requests and by urllib3."""
    while True:
        wrapped = [getattr(error, "reason", None), *error.args[:1]]
        inner = next((each for each in wrapped if isinstance(each, BaseException)), None)
        if inner is None:
            return error
        error = inner
