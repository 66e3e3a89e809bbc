"""How an origin is reached: urllib3's pools, with the proxy and the CA bundle that requests finds, on gevent's sockets.

What requests itself does around a call (its request and response objects, its cookie jar) takes three times as long as
sending it, which matters when images are fetched by the thousand. So requests finds the route to an origin
once, and urllib3 is used directly from then on.

Nothing is patched: urllib3 opens its connections in one method, ``_new_conn``, which is overridden together with
the TLS context that belongs to it.

urllib3 logs the address of each request, and headers that it could not read. So it gets the address without its
secrets, which are filled in when the request is written to the socket, and no header that could not be read.
"""

from __future__ import annotations

import io
import logging
import re
import socket
from functools import partial
from http.client import HTTPException, HTTPResponse, parse_headers
from queue import Empty
from typing import Any, NamedTuple, cast

import gevent.queue
import gevent.socket
import gevent.ssl
import requests
from requests.adapters import HTTPAdapter
from urllib3 import BaseHTTPResponse, Timeout
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, ReadTimeoutError
from urllib3.util import Retry

from camkit.http.limits import within
from camkit.http.plain import Plain, exchange, is_behind
from camkit.http.request import Request
from camkit.http.secrets import Headers
from camkit.http.trust import is_loopback

log = logging.getLogger(__name__)

_NO_RETRIES = Retry(total=False, redirect=False)
_ONCE = {"Connection": "close"}
"""On what may be sent only once: it gets a new connection, as an idle one may be closed just as it is sent."""

_YIELD_EVERY = 64 * 1024
_INTERIM_ANSWERS = 50
"""More than a service sends before its answer; after that it is a flood."""

_SWITCHING_PROTOCOLS = 101


class HandshakeTimeout(ConnectTimeoutError):
    """A connection was accepted, but its TLS handshake took too long."""


class Unreadable(HTTPException):
    """An answer that is not as HTTP has it; the text is a clause for a message."""


class _YieldingIO(socket.SocketIO):
    """The bytes of one answer. Yields: a fast sender would keep others from working and the deadline from ending it."""

    def __init__(self, sock: socket.socket, mode: Any, begun: bytes) -> None:
        super().__init__(sock, mode)
        self._begun, self._since_yield = begun, 0

    def readinto(self, buffer: Any) -> int | None:
        if self._begun:
            given = self._begun[: len(buffer)]
            buffer[: len(given)], self._begun = given, self._begun[len(given) :]
            return len(given)
        count = super().readinto(buffer)
        self._since_yield += count or 0
        if self._since_yield >= _YIELD_EVERY:
            self._since_yield = 0
            gevent.sleep(0.001)  # 0 would let neither timers nor sockets have their turn
        return count


class _Response(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, begun: bytes = b"", **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        sock._io_refs += 1  # type: ignore[attr-defined]  # as makefile() does: closed when its last reader is
        self.fp = io.BufferedReader(_YieldingIO(sock, "rb", begun))

    def begin(self) -> None:
        super().begin()
        self.msg.defects.clear()  # urllib3 would log these with the lines that follow, cookies included
        self.msg.set_payload("")
        lines = self.msg.items()
        if any(value.endswith((" ", "\t")) for _, value in lines):
            lines = self._strip(lines)
        if not self.chunked:
            self._read_length([value for name, value in lines if name.lower() == "content-length"])

    def _read_status(self) -> tuple[str, int, str]:
        """The status line of the final answer: interim ones are passed over (RFC 9110, 15.2)."""
        for _ in range(_INTERIM_ANSWERS):
            line: tuple[str, int, str] = super()._read_status()  # type: ignore[misc]  # not in its types
            if not 100 <= line[1] < 200 or line[1] == _SWITCHING_PROTOCOLS:
                return line
            parse_headers(self.fp)
        raise Unreadable(f"sent more than {_INTERIM_ANSWERS} interim answers and no other")

    def _strip(self, lines: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """Remove the spaces behind values, which are not part of them (RFC 9110, 5.5)."""
        for name in {name.lower() for name, _ in lines}:
            del self.msg[name]
        for name, value in lines:
            self.msg[name] = value.rstrip(" \t")
        return self.msg.items()

    def _read_length(self, lines: list[str]) -> None:
        """Read a length that is there several times, if it is the same each time (RFC 9110, 8.6)."""
        lengths = {length.strip() for line in lines for length in line.split(",")}
        if len(lengths) > 1 or not all(re.fullmatch("[0-9]{1,18}", length) for length in lengths):
            raise Unreadable("says its length in a way that cannot be read")
        if lengths and self.length is None:
            del self.msg["Content-Length"]
            self.msg["Content-Length"] = lengths.pop()
            self.length = int(self.msg["Content-Length"])
            self.will_close = self._check_close()  # type: ignore[attr-defined]  # not in its types


class _GeventConnection(HTTPConnection):
    response_class = _Response
    target = ""
    is_once = False
    begun: tuple[Request, bytes] | None = None
    """A request that was sent already, and what has arrived of its answer."""

    @property
    def is_connected(self) -> bool:
        return self.begun is not None or (super().is_connected and not is_behind(self.sock))

    def send(self, data: Any) -> None:
        if self.begun is None:
            super().send(data)

    def getresponse(self) -> Any:
        begun, self.begun = self.begun, None
        if begun is not None:
            self.response_class = partial(_Response, begun=begun[1])  # type: ignore[assignment]  # as good as a class
        try:
            return super().getresponse()
        finally:
            self.__dict__.pop("response_class", None)

    def close(self) -> None:
        self.begun = None
        super().close()

    def putrequest(self, method: str, url: str, *args: Any, **kwargs: Any) -> None:
        super().putrequest(method, self.target, *args, **kwargs)

    def _new_conn(self) -> socket.socket:
        try:
            self._dns_host.encode("idna")
        except UnicodeError as error:  # a label is empty or too long; gevent would print a traceback
            raise NewConnectionError(self, "this cannot be the name of a host") from error
        try:
            sock = gevent.socket.create_connection(
                (self._dns_host, self.port), self.timeout, source_address=self.source_address
            )
        except TimeoutError as error:
            raise ConnectTimeoutError(
                self, f"no connection to {self.host} within {self.timeout} s"
            ) from error
        except OSError as error:
            raise NewConnectionError(self, f"no connection: {error}") from error
        for option in self.socket_options or ():
            sock.setsockopt(*option)
        return sock


class _GeventContext(gevent.ssl.SSLContext):  # type: ignore[misc]  # gevent has no types for it
    def wrap_socket(self, sock: Any, *args: Any, **kwargs: Any) -> Any:
        """Do the handshake within the time for a connection, however slowly its bytes arrive."""
        deadline = gevent.Timeout(sock.gettimeout())
        try:
            with within(deadline):
                return super().wrap_socket(sock, *args, **kwargs)
        except (gevent.Timeout, TimeoutError) as error:
            if error is not deadline and isinstance(error, gevent.Timeout):
                raise
        except gevent.ssl.SSLError as error:
            if "timed out" not in str(error):
                raise
        raise HandshakeTimeout(None, "the TLS handshake took too long")


class _GeventTLSConnection(_GeventConnection, HTTPSConnection):
    def connect(self) -> None:
        # A fresh context for each connection: a shared one would collect every CA it is ever given,
        # and the standard library's would freeze the hub during the handshake.
        self.ssl_context = _GeventContext(gevent.ssl.PROTOCOL_TLS_CLIENT)
        self.ssl_context.minimum_version = gevent.ssl.TLSVersion.TLSv1_2
        super().connect()


class _GeventPool(HTTPConnectionPool):
    ConnectionCls = _GeventConnection
    QueueCls = gevent.queue.LifoQueue  # an interrupt can leave the standard library's locked, for good

    def _make_request(self, conn: Any, *args: Any, **kwargs: Any) -> Any:
        conn.target, conn.is_once, asked = kwargs.pop("target"), kwargs.pop("once"), kwargs.pop("asked")
        if conn.begun is not None and conn.begun[0] is not asked:
            conn.close()  # an interrupt came before it was read on: the answer is that to another request
        return super()._make_request(conn, *args, **kwargs)

    def _put_conn(self, conn: Any) -> None:
        if conn is not None and conn.is_once:
            conn.close()  # opened again when it is used
        super()._put_conn(conn)

    def plain(self, head: str, request: Request) -> Plain | None:
        """Send a request on a connection that is open, if there is one, and return its answer if it is plain.

        If it is not, the connection is in its place for `urlopen`, which goes on with what has arrived.
        """
        if (conn := self._get_open()) is None:
            return None
        own = "".join(f"{name}: {value}\r\n" for name, value in request.headers().items())
        text = f"GET {request.parts.request_uri} HTTP/1.1\r\n{head}{own}\r\n"
        most = min(_YIELD_EVERY, request.limits.max_bytes)
        try:
            conn.sock.settimeout(request.limits.read_s)
            plain, received = exchange(conn.sock, text.encode("latin-1"), most)
        except BaseException as error:
            conn.close()
            self._put_conn(conn)
            if isinstance(error, TimeoutError):
                raise ReadTimeoutError(self, request.shown, "Read timed out.") from None
            raise
        if plain is None:
            conn.begun = request, received
        else:
            if plain.is_last:
                conn.close()
            log.debug("GET %s %d", request.shown, plain.status)
        self._put_conn(conn)
        return plain

    def _get_open(self) -> Any:
        """A connection that is open; None if the next one is not."""
        try:
            conn = self.pool.get_nowait() if self.pool is not None else None
        except Empty:
            return None
        if conn is not None and conn.sock is not None and conn.begun is None and conn.is_connected:
            return conn
        self._put_conn(conn)
        return None


class _GeventTLSPool(_GeventPool, HTTPSConnectionPool):
    ConnectionCls = _GeventTLSConnection


_POOLS = {"http": _GeventPool, "https": _GeventTLSPool}


class _GeventAdapter(HTTPAdapter):
    """A requests adapter whose pools use gevent's sockets."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager


class _Route(NamedTuple):
    """How an origin is reached: its pool, and what precedes a target (the origin, for a proxy without TLS)."""

    pool: _GeventPool
    before: str
    head: str
    """The lines of every request's head that are the same for all."""


class Routes:
    """The routes to all origins, for one thread: the sockets belong to its hub.

    Parameters
    ----------
    user_agent : str
        Sent with every request.

    Notes
    -----
    The environment (``HTTPS_PROXY``, ``NO_PROXY``, ``REQUESTS_CA_BUNDLE``) is read at the first request to
    an origin. ``.netrc`` is not read, and cookies are not kept.
    """

    def __init__(self, user_agent: str) -> None:
        self._headers = {"User-Agent": user_agent, "Accept": "*/*", "Accept-Encoding": "gzip, deflate"}
        self._adapters = {safe: _GeventAdapter(pool_maxsize=64) for safe in (True, False)}
        self._known: dict[tuple[str, bool], _Route] = {}

    def send(self, request: Request) -> Plain | BaseHTTPResponse:
        """Send a request and return the answer, whole or with its body not yet read.

        Raises what urllib3 and requests raise.
        """
        route = self._known.get((request.origin, request.safe)) or self._find(request)
        is_short = (
            request.method == "GET" and request.safe and not (route.before or request.json or request.form)
        )
        if is_short and (plain := route.pool.plain(route.head, request)) is not None:
            return plain
        return route.pool.urlopen(
            request.method,
            route.before + request.shown.removeprefix(request.origin),  # all that urllib3 could log
            target=route.before + request.parts.request_uri,
            once=not request.safe,
            asked=request,
            body=request.body(),
            headers=Headers({**self._headers, **({} if request.safe else _ONCE), **request.headers()}),
            timeout=Timeout(connect=request.limits.connect_s, read=request.limits.read_s),
            retries=_NO_RETRIES,
            redirect=False,
            assert_same_host=False,
            preload_content=False,
        )

    def close(self) -> None:
        """Close the idle connections, at once: urllib3 leaves it to the garbage collector, which outlives the hub."""
        for route in self._known.values():
            route.pool.close()
        self._known.clear()
        for adapter in self._adapters.values():
            adapter.close()

    def _find(self, wanted: Request) -> _Route:
        """Let requests read from the environment how an origin is reached."""
        origin, adapter = wanted.origin, self._adapters[wanted.safe]
        request = requests.Request("GET", origin + "/").prepare()
        settings = requests.Session().merge_environment_settings(origin, {}, None, None, None)
        if is_loopback(wanted.parts.host or ""):
            settings["proxies"] = {}  # a proxy's loopback is another machine's
        pool = cast(
            _GeventPool,
            adapter.get_connection_with_tls_context(
                request, settings["verify"], proxies=settings["proxies"], cert=settings["cert"]
            ),
        )
        # The pool's scheme is the origin's, or the proxy's.
        adapter.cert_verify(  # type: ignore[no-untyped-call]  # requests has no types for it
            pool, f"{pool.scheme}://", settings["verify"], settings["cert"]
        )
        whole = adapter.request_url(request, settings["proxies"]) != "/"
        host, port = wanted.parts.host, wanted.parts.port
        netloc = f"{host}:{port}" if port not in (None, pool.ConnectionCls.default_port) else host
        head = "".join(f"{name}: {value}\r\n" for name, value in {"Host": netloc, **self._headers}.items())
        route = self._known[origin, wanted.safe] = _Route(pool, origin if whole else "", head)
        return route
