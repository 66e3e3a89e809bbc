"""How an answer can go wrong, one function for each kind of fault.

A kind takes what was asked and gives the reply; its keyword arguments are the fault's ``params``. A reply
whose body breaks off raises `BrokenPipeError`, on which the server closes the connection without a word.
"""

from __future__ import annotations

import errno
import gzip as gzip_format
import json
import socket
import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache
from http import HTTPStatus
from typing import Any, NoReturn

import gevent
from gevent.socket import wait_read

from camkit.demo.pictures.portraits import portrait_jpeg
from camkit.demo.world.people import STRANGER

Headers = list[tuple[str, str]]

_BLOCK = 64 * 1024
_MEGABYTE = 1_000_000
_RETURNED = "camkit_redirected=1"


@dataclass(frozen=True)
class Reply:
    """A status line, headers and a body, which may be made while it is sent."""

    status: str
    headers: Headers
    body: Iterable[bytes]

    def with_headers(self, **changed: str | None) -> Reply:
        """The same with headers replaced, or with None dropped; underscores stand for hyphens."""
        names = {name.replace("_", "-"): value for name, value in changed.items()}
        kept = [(name, value) for name, value in self.headers if name.lower() not in names]
        added = [(name, value) for name, value in names.items() if value is not None]
        return Reply(self.status, kept + added, self.body)


@dataclass(frozen=True)
class Asked:
    """A request that is to go wrong.

    Attributes
    ----------
    environ : dict
        The WSGI environment.
    honest : callable
        Gives the reply as it would have been, its body whole.
    """

    environ: dict[str, Any]
    honest: Callable[[], Reply]


def slow(asked: Asked, *, ms: float = 1000) -> Reply:
    """The right answer, late."""
    gevent.sleep(ms / 1000)
    return asked.honest()


def drip(asked: Asked, *, bytes_per_s: float = 1000) -> Reply:
    """The right answer, in drops."""
    reply, body = _whole(asked)
    size = max(1, int(bytes_per_s / 10))

    def drops() -> Iterator[bytes]:
        for start in range(0, len(body), size):
            gevent.sleep(size / bytes_per_s)
            yield body[start : start + size]

    return Reply(reply.status, reply.headers, drops())


def truncate(asked: Asked, *, keep: float = 0.5) -> Reply:
    """The whole length announced, a part of it sent."""
    reply, body = _whole(asked)
    announced = reply.with_headers(content_length=str(len(body)))
    return Reply(reply.status, announced.headers, _breaking_off(body, keep))


def short(asked: Asked, *, keep: float = 0.5) -> Reply:
    """Sent in chunks, the last one never."""
    reply, body = _whole(asked)
    return Reply(reply.status, reply.with_headers(content_length=None).headers, _breaking_off(body, keep))


def empty(asked: Asked) -> Reply:
    """200, and no body."""
    return _ok(asked.honest().headers, b"")


def html(asked: Asked) -> Reply:
    """200, with a web page where something else was asked for."""
    page = b"<!doctype html><html><body><h1>Please sign in to the network</h1></body></html>"
    return _ok([("Content-Type", "text/html; charset=utf-8")], page)


def wrong_type(asked: Asked, *, type: str = "application/octet-stream") -> Reply:
    """The right body under another content type."""
    return asked.honest().with_headers(content_type=type)


def not_jpeg(asked: Asked) -> Reply:
    """Called a JPEG, and none."""
    return _ok([("Content-Type", "image/jpeg")], b"GIF89a, or so it says, but surely not a JPEG" * 40)


def corrupt_jpeg(asked: Asked, *, where: str = "middle") -> Reply:
    """A JPEG that is broken in its ``middle``, or lacks its ``end``."""
    reply, body = _whole(asked)
    if where == "end":
        return _ok(reply.headers, body[: len(body) * 2 // 3])
    wound = b"\xff\xc4\x00\x03\xff" * (len(body) // 25)
    at = len(body) // 2
    return _ok(reply.headers, body[:at] + wound + body[at + len(wound) :])


def huge(asked: Asked, *, megabytes: int = 1000) -> Reply:
    """A JPEG's beginning with as much behind it as announced."""
    length = megabytes * _MEGABYTE

    def flood() -> Iterator[bytes]:
        yield b"\xff\xd8\xff\xe0"
        for start in range(4, length, _BLOCK):
            yield bytes(min(_BLOCK, length - start))

    return Reply("200 OK", [("Content-Type", "image/jpeg"), ("Content-Length", str(length))], flood())


def bomb(asked: Asked, *, side: int = 60_000) -> Reply:
    """A small JPEG that says it is `side` pixels wide and high."""
    picture = bytearray(portrait_jpeg(STRANGER))
    size_at = picture.index(b"\xff\xc0") + 5
    picture[size_at : size_at + 4] = struct.pack(">HH", side, side)
    return _ok([("Content-Type", "image/jpeg")], bytes(picture))


def status(
    asked: Asked, *, status: int = 503, retry_after: float | None = None, as_date: bool = False
) -> Reply:
    """Another status, for a 429 or 503 with ``Retry-After`` in seconds or as a date."""
    phrase = HTTPStatus(status).phrase
    headers = [("Content-Type", "text/plain")]
    body = phrase.lower()
    if asked.environ["PATH_INFO"].startswith("/api/"):
        headers = [("Content-Type", "application/json")]
        body = json.dumps(
            {"errors": ["API rate limit exceeded for organization" if status == 429 else phrase]}
        )
    if retry_after is not None and as_date:
        later = datetime.now(UTC) + timedelta(seconds=retry_after)
        headers.append(("Retry-After", format_datetime(later, usegmt=True)))
    elif retry_after is not None:
        headers.append(("Retry-After", f"{retry_after:g}"))
    return Reply(f"{status} {phrase}", headers, [body.encode()])


def reset(asked: Asked) -> NoReturn:
    """The connection is reset."""
    linger_for_nothing = struct.pack("ii", 1, 0)
    asked.environ["camkit.socket"].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_for_nothing)
    _cut()


def close(asked: Asked) -> NoReturn:
    """The connection is closed without an answer."""
    _cut()


def hang(asked: Asked) -> NoReturn:
    """No answer, for as long as somebody waits for it."""
    asked.environ["wsgi.input"].read()
    wait_read(asked.environ["camkit.socket"].fileno())
    _cut()


def redirect_home(asked: Asked, *, code: int = 307) -> Reply:
    """Once over to the same path on the same origin, where the right answer waits."""
    if _RETURNED in asked.environ.get("QUERY_STRING", ""):
        return asked.honest()
    target = _target(asked)
    return _redirect(
        code, f"http://{asked.environ['HTTP_HOST']}{target}{'&' if '?' in target else '?'}{_RETURNED}"
    )


def redirect_abroad(asked: Asked, *, code: int = 302, to: str = "http://abroad.invalid") -> Reply:
    """Over to the same path on another host."""
    return _redirect(code, to + _target(asked))


def redirect_loop(asked: Asked, *, code: int = 302) -> Reply:
    """Over to the same path on the same origin, again and again."""
    return _redirect(code, f"http://{asked.environ['HTTP_HOST']}{_target(asked)}")


def bad_json(asked: Asked) -> Reply:
    """200, with JSON that stops in the middle."""
    return _ok([("Content-Type", "application/json")], b'[{"id": "1234", "name": ')


def gzip(asked: Asked) -> Reply:
    """The right answer, compressed."""
    reply, body = _whole(asked)
    packed = gzip_format.compress(body, mtime=0)
    headers = reply.with_headers(content_length=str(len(packed)), content_encoding="gzip").headers
    return Reply(reply.status, headers, [packed])


def gzip_broken(asked: Asked) -> Reply:
    """Said to be compressed, and not so."""
    return asked.honest().with_headers(content_encoding="gzip")


def gzip_bomb(asked: Asked, *, megabytes: int = 200) -> Reply:
    """A small compressed body that unpacks to a large one."""
    headers = [("Content-Type", "image/jpeg"), ("Content-Encoding", "gzip")]
    return _ok(headers, _packed_zeros(megabytes))


@lru_cache(maxsize=2)
def _packed_zeros(megabytes: int) -> bytes:
    """Zeros in one gzip member for each megabyte: a reader unpacks them as one body."""
    return gzip_format.compress(bytes(_MEGABYTE), mtime=0) * megabytes


def _whole(asked: Asked) -> tuple[Reply, bytes]:
    reply = asked.honest()
    return reply, b"".join(reply.body)


def _ok(headers: Headers, body: bytes) -> Reply:
    return Reply("200 OK", headers, [body]).with_headers(content_length=str(len(body)))


def _breaking_off(body: bytes, keep: float) -> Iterator[bytes]:
    yield body[: int(len(body) * keep)]
    _cut()


def _cut() -> NoReturn:
    raise BrokenPipeError(errno.EPIPE, "the connection is cut on purpose")


def _target(asked: Asked) -> str:
    text = asked.environ.get("QUERY_STRING", "")
    return asked.environ["PATH_INFO"] + (f"?{text}" if text else "")


def _redirect(code: int, location: str) -> Reply:
    return Reply(
        f"{code} {HTTPStatus(code).phrase}", [("Location", location), ("Content-Length", "0")], [b""]
    )


KINDS: dict[str, Callable[..., Reply]] = {
    kind.__name__.replace("_", "-"): kind
    for kind in (
        slow,
        drip,
        truncate,
        short,
        empty,
        html,
        wrong_type,
        not_jpeg,
        corrupt_jpeg,
        huge,
        bomb,
        status,
        reset,
        close,
        hang,
        redirect_home,
        redirect_abroad,
        redirect_loop,
        bad_json,
        gzip,
        gzip_broken,
        gzip_bomb,
    )
}
"""The kinds of fault by name, with hyphens."""
