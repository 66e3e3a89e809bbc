"""A TLS front on a free loopback port: it ends the encryption and passes the bytes on, as in front of a real site."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.support.proxy import relay


class Front:
    """The front's address, and the port that it passes on to."""

    def __init__(self, port: int) -> None:
        self.address = f"https://127.0.0.1:{port}"
        self.target = 0


@contextmanager
def tls_front(context: ssl.SSLContext) -> Iterator[Front]:
    """Serve until the block ends; set `Front.target` before the first request."""
    listener = socket.create_server(("127.0.0.1", 0))
    front = Front(listener.getsockname()[1])

    def serve() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=pass_on, args=(client,), daemon=True).start()

    def pass_on(plain: socket.socket) -> None:
        plain.settimeout(30)
        with (
            plain,
            suppress(OSError),
            context.wrap_socket(plain, server_side=True) as client,
            socket.create_connection(("127.0.0.1", front.target)) as server,
        ):
            back = threading.Thread(target=relay, args=(server, client), daemon=True)
            back.start()
            relay(client, server)
            back.join()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield front
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)
