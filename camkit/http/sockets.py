"""requests' adapter, and urllib3's pools under it, on gevent's sockets, without patching anything.

urllib3 opens its connections in one method, ``_new_conn``. Overriding that, and the TLS context that belongs to
it, is all that is needed; what people expect of requests (proxies, CA bundles) stays as it is.

urllib3 logs the address of each request, and headers that it could not read. So it gets the address without its
secrets, which are filled in when the request is written to the socket, and no header that could not be read.
"""

from __future__ import annotations

import io
import socket
from http.client import HTTPResponse
from typing import Any

import gevent.socket
import gevent.ssl
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
from urllib3.poolmanager import PoolManager

_YIELD_EVERY = 64 * 1024


class _YieldingIO(socket.SocketIO):
    """The bytes of one answer. Yields: a fast sender would keep others from working and the deadline from ending it."""

    _since_yield = 0

    def readinto(self, buffer: Any) -> int | None:
        count = super().readinto(buffer)
        self._since_yield += count or 0
        if self._since_yield >= _YIELD_EVERY:
            self._since_yield = 0
            gevent.sleep(0.001)  # 0 would let neither timers nor sockets have their turn
        return count


class _Response(HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        sock._io_refs += 1  # type: ignore[attr-defined]  # as makefile() does: closed when its last reader is
        self.fp = io.BufferedReader(_YieldingIO(sock, "rb"))

    def begin(self) -> None:
        super().begin()
        self.msg.defects.clear()  # urllib3 would log these with the lines that follow, cookies included
        self.msg.set_payload("")


class _GeventConnection(HTTPConnection):
    response_class = _Response
    target = ""

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


class _GeventTLSConnection(_GeventConnection, HTTPSConnection):
    def connect(self) -> None:
        # A fresh context for each connection: a shared one would collect every CA it is ever given,
        # and the standard library's would freeze the hub during the handshake.
        self.ssl_context = gevent.ssl.SSLContext(gevent.ssl.PROTOCOL_TLS_CLIENT)
        self.ssl_context.minimum_version = gevent.ssl.TLSVersion.TLSv1_2
        super().connect()


class _GeventPool(HTTPConnectionPool):
    ConnectionCls = _GeventConnection

    def _make_request(self, conn: Any, *args: Any, **kwargs: Any) -> Any:
        conn.target = kwargs.pop("target")
        return super()._make_request(conn, *args, **kwargs)


class _GeventTLSPool(_GeventPool, HTTPSConnectionPool):
    ConnectionCls = _GeventTLSConnection


_POOLS = {"http": _GeventPool, "https": _GeventTLSPool}


class GeventAdapter(HTTPAdapter):
    """A requests adapter whose connections yield to other greenlets while they wait.

    Notes
    -----
    One adapter belongs to one thread, since its sockets belong to that thread's hub. `close` closes
    the idle sockets at once (urllib3 leaves that to the garbage collector, which is too late when
    the hub is destroyed first).
    """

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Let the pools of direct connections use gevent's sockets."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        """Let the pools of connections through a proxy use gevent's sockets."""
        manager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager

    def close(self) -> None:
        """Close the idle sockets."""
        for manager in (self.poolmanager, *self.proxy_manager.values()):
            _close_pools(manager)
        super().close()


def _close_pools(manager: PoolManager) -> None:
    for key in manager.pools.keys():  # noqa: SIM118 - not a dict: it refuses plain iteration
        pool = manager.pools.get(key)
        if pool is not None:
            pool.close()
