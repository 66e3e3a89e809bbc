"""The short way: a plain answer on a connection that is open already, read at once.

Nearly every answer is plain: HTTP/1.1, headers in ASCII, one length, not packed, not large, and the connection stays
open. Whatever is not so goes to `http.client` and urllib3 with the bytes that have arrived, so there is one meaning of
what is odd.
"""

from __future__ import annotations

import re
import socket
from typing import NamedTuple

from urllib3 import HTTPHeaderDict

_LONGEST_HEAD = 16 * 1024
_MOST_LINES = 99
"""So many does `http.client` take."""
_AT_ONCE = 32 * 1024
_HEAD = re.compile(
    rb"HTTP/1\.1 (?!204|304)([2-5][0-9]{2})(?: [\t -~]*)?\r\n((?:[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t -~]*\r\n)+)\r\n"
)
_NOT_PLAIN = frozenset({"transfer-encoding", "content-encoding", "connection"})


class Plain(NamedTuple):
    """A whole plain answer."""

    status: int
    headers: HTTPHeaderDict
    content: bytes
    is_last: bool
    """Whether more than its length came: nobody may take that for the next answer."""

    def close(self) -> None:
        """Do nothing: nothing is open."""


def exchange(sock: socket.socket, request: bytes, most: int) -> tuple[Plain | None, bytes]:
    """Send a request and read its answer.

    Parameters
    ----------
    most : int
        Size of the largest body that is read here, bytes.

    Returns
    -------
    Plain or None
        None if the answer is not plain, or the connection broke.
    bytes
        What has arrived, for who reads the rest.

    Raises
    ------
    TimeoutError
        If nothing comes within the socket's time.
    """
    received = b""
    try:
        sock.sendall(request)
        while b"\r\n\r\n" not in received and len(received) < _LONGEST_HEAD:
            if not _may_be_plain(received):
                return None, received
            if not (more := sock.recv(_AT_ONCE)):
                return None, received
            received += more
        if (head := _read_head(received)) is None:
            return None, received
        status, headers, start, length = head
        missing = start + length - len(received)
        if length > most:
            return None, received
        while missing > 0:
            if not (more := sock.recv(missing)):
                return None, received
            received += more
            missing -= len(more)
        is_last = missing < 0 or is_behind(sock)
    except OSError as error:  # whoever reads on comes upon it again, unless it was a wait
        if isinstance(error, TimeoutError) or "timed out" in str(error):
            raise TimeoutError from None
        return None, received
    return Plain(status, headers, received[start : start + length], is_last), received


def is_behind(sock: socket.socket) -> bool:
    """Whether TLS has decrypted bytes that nobody has read: a look at the descriptor does not show them."""
    pending = getattr(sock, "pending", None)
    return pending is not None and pending() > 0


def _may_be_plain(received: bytes) -> bool:
    """Whether the rest of a head may still come: it begins as one does, and no line ends without a CR."""
    return received[:9] == b"HTTP/1.1 "[: len(received)] and received.count(b"\n") == received.count(b"\r\n")


def _read_head(received: bytes) -> tuple[int, HTTPHeaderDict, int, int] | None:
    """Status, headers, where the body begins and how long it is; None if the answer is not plain."""
    if (head := _HEAD.match(received)) is None:
        return None
    lines = head[2].decode("ascii").split("\r\n")[:-1]
    pairs = [(name, value.strip(" \t")) for name, _, value in (line.partition(":") for line in lines)]
    names = [name.lower() for name, _ in pairs]
    if names.count("content-length") != 1 or len(lines) > _MOST_LINES or not _NOT_PLAIN.isdisjoint(names):
        return None
    length = pairs[names.index("content-length")][1]
    if not (length.isdecimal() and len(length) < 10):
        return None
    return int(head[1]), HTTPHeaderDict(pairs), head.end(), int(length)
