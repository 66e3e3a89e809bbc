"""How an answer can go wrong, one function for each kind of fault.

A kind takes the request and returns the reply; its keyword arguments are the fault's ``params``. A reply
that breaks off raises `BrokenPipeError`, on which the server closes the connection silently.
"""

from __future__ import annotations

import errno
import gzip as gzip_format
import io
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
_RETURNED = "&"
"""At the end of a query it marks a redirected request and changes nothing of what is asked for."""


@dataclass(frozen=True)
class Reply:
    """A status line, headers and a body, which may be generated while it is sent."""

    status: str
    headers: Headers
    body: Iterable[bytes]

    def with_headers(self, **changed: str | None) -> Reply:
        """The same reply with headers replaced, or removed with None; underscores stand for hyphens."""
        names = {name.replace("_", "-"): value for name, value in changed.items()}
        kept = [(name, value) for name, value in self.headers if name.lower() not in names]
        added = [(name, value) for name, value in names.items() if value is not None]
        return Reply(self.status, kept + added, self.body)


@dataclass(frozen=True)
class Request:
    """A request that is to go wrong.

    Attributes
    ----------
    environ : dict
        The WSGI environment.
    correct : callable
        Returns the reply without the fault, its body complete.
    """

    environ: dict[str, Any]
    correct: Callable[[], Reply]


def slow(request: Request, *, ms: float = 1000) -> Reply:
    """The correct answer, delayed."""
    gevent.sleep(ms / 1000)
    return request.correct()


def drip(request: Request, *, bytes_per_s: float = 1000) -> Reply:
    """The correct answer, sent slowly in small pieces."""
    reply, body = _whole(request)
    size = max(1, int(bytes_per_s / 10))

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(body), size):
            gevent.sleep(size / bytes_per_s)
            yield body[start : start + size]

    return Reply(reply.status, reply.headers, pieces())


def truncate(request: Request, *, keep: float = 0.5) -> Reply:
    """The whole length announced, only a part of the body sent."""
    reply, body = _whole(request)
    announced = reply.with_headers(content_length=str(len(body)))
    return Reply(reply.status, announced.headers, _breaking_off(body, keep))


def short(request: Request, *, keep: float = 0.5) -> Reply:
    """Sent in chunks, without the last one."""
    reply, body = _whole(request)
    return Reply(reply.status, reply.with_headers(content_length=None).headers, _breaking_off(body, keep))


def empty(request: Request) -> Reply:
    """200 with an empty body."""
    return _ok(request.correct().headers, b"")


def html(request: Request, *, status: int = 200) -> Reply:
    """A web page instead of the requested content, by default with 200."""
    page = b"<!doctype html><html><body><h1>Please sign in to the network</h1></body></html>"
    return _with(status, [("Content-Type", "text/html; charset=utf-8")], page)


def xml(request: Request, *, status: int = 503, type: str = "image/jpeg") -> Reply:
    """A store's error document that is declared as an image."""
    page = b'<?xml version="1.0" encoding="UTF-8"?><Error><Code>SlowDown</Code></Error>'
    return _with(status, [("Content-Type", type)], page)


def wrong_type(request: Request, *, type: str = "application/octet-stream") -> Reply:
    """The correct body with another content type."""
    return request.correct().with_headers(content_type=type)


def not_jpeg(request: Request) -> Reply:
    """Declared as a JPEG, but not one."""
    return _ok([("Content-Type", "image/jpeg")], b"GIF89a, or so it says, but surely not a JPEG" * 40)


def corrupt_jpeg(request: Request, *, where: str = "middle") -> Reply:
    """A JPEG that is damaged in its ``middle``, or whose ``end`` is missing."""
    reply, body = _whole(request)
    if where == "end":
        return _ok(reply.headers, body[: len(body) * 2 // 3])
    damage = b"\xff\xc4\x00\x03\xff" * (len(body) // 25)
    at = len(body) // 2
    return _ok(reply.headers, body[:at] + damage + body[at + len(damage) :])


def spliced_jpeg(request: Request, *, header: bool = True) -> Reply:
    """The first half of the picture and then another one, whole, or without its `header` and first half."""
    reply, body = _whole(request)
    other = portrait_jpeg(STRANGER)
    return _ok(reply.headers, body[: len(body) // 2] + (other if header else other[len(other) // 2 :]))


def another_moment(request: Request, *, at: str | None = None, minutes: float | None = None) -> Reply:
    """The correct answer to an order for another ``timestamp``: so many `minutes` later, always `at`, or now."""
    order = json.loads(request.environ["wsgi.input"].read() or b"{}")
    asked = order.pop("timestamp", None)
    if minutes is not None and asked is not None:
        order["timestamp"] = (datetime.fromisoformat(asked) + timedelta(minutes=minutes)).isoformat()
    elif at is not None:
        order["timestamp"] = at
    body = json.dumps(order).encode()
    request.environ.update({"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))})
    return request.correct()


def null_field(request: Request, *, field: str = "serial", row: int = 0) -> Reply:
    """The correct list, one field of one row null."""
    reply, body = _whole(request)
    rows = json.loads(body)
    rows[row][field] = None
    return _ok(reply.headers, json.dumps(rows).encode())


def huge(request: Request, *, megabytes: int = 1000) -> Reply:
    """A JPEG's first bytes, followed by as many zeros as announced."""
    length = megabytes * _MEGABYTE

    def flood() -> Iterator[bytes]:
        yield b"\xff\xd8\xff\xe0"
        for start in range(4, length, _BLOCK):
            yield bytes(min(_BLOCK, length - start))

    return Reply("200 OK", [("Content-Type", "image/jpeg"), ("Content-Length", str(length))], flood())


def bomb(request: Request, *, side: int = 60_000) -> Reply:
    """A small JPEG whose header claims `side` pixels of width and height."""
    picture = bytearray(portrait_jpeg(STRANGER))
    size_at = picture.index(b"\xff\xc0") + 5
    picture[size_at : size_at + 4] = struct.pack(">HH", side, side)
    return _ok([("Content-Type", "image/jpeg")], bytes(picture))


def status(
    request: Request, *, status: int = 503, retry_after: float | None = None, as_date: bool = False
) -> Reply:
    """Another status, optionally with ``Retry-After`` in seconds or as a date."""
    phrase = HTTPStatus(status).phrase
    headers = [("Content-Type", "text/plain")]
    body = phrase.lower()
    if request.environ["PATH_INFO"].startswith("/api/"):
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


def reset(request: Request) -> NoReturn:
    """The connection is reset."""
    no_linger = struct.pack("ii", 1, 0)
    request.environ["camkit.socket"].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_linger)
    _cut()


def close(request: Request) -> NoReturn:
    """The connection is closed without an answer."""
    _cut()


def hang(request: Request) -> NoReturn:
    """No answer until the client closes the connection."""
    request.environ["wsgi.input"].read()
    wait_read(request.environ["camkit.socket"].fileno())
    _cut()


def redirect_home(request: Request, *, code: int = 307) -> Reply:
    """One redirect to the same path and query on the same origin, which then gives the correct answer."""
    if request.environ.get("QUERY_STRING", "").endswith(_RETURNED):
        return request.correct()
    target = _target(request)
    return _redirect(code, f"{_origin(request)}{target}{'' if '?' in target else '?'}{_RETURNED}")


def redirect_abroad(request: Request, *, code: int = 302, to: str = "http://abroad.invalid") -> Reply:
    """A redirect to the same path on another host."""
    return _redirect(code, to + _target(request))


def redirect_loop(request: Request, *, code: int = 302) -> Reply:
    """A redirect to the same path on the same origin, again and again."""
    return _redirect(code, f"{_origin(request)}{_target(request)}")


def bad_json(request: Request) -> Reply:
    """200 with JSON that breaks off in the middle."""
    return _ok([("Content-Type", "application/json")], b'[{"id": "1234", "name": ')


def gzip(request: Request) -> Reply:
    """The correct answer, compressed."""
    reply, body = _whole(request)
    packed = gzip_format.compress(body, mtime=0)
    headers = reply.with_headers(content_length=str(len(packed)), content_encoding="gzip").headers
    return Reply(reply.status, headers, [packed])


def gzip_broken(request: Request) -> Reply:
    """Declared as compressed, but not compressed."""
    return request.correct().with_headers(content_encoding="gzip")


def gzip_bomb(request: Request, *, megabytes: int = 200) -> Reply:
    """A small compressed body that unpacks to a large one."""
    headers = [("Content-Type", "image/jpeg"), ("Content-Encoding", "gzip")]
    return _ok(headers, _packed_zeros(megabytes))


@lru_cache(maxsize=2)
def _packed_zeros(megabytes: int) -> bytes:
    """Zeros in one gzip member for each megabyte: a reader unpacks them as one body."""
    return gzip_format.compress(bytes(_MEGABYTE), mtime=0) * megabytes


def _whole(request: Request) -> tuple[Reply, bytes]:
    reply = request.correct()
    return reply, b"".join(reply.body)


def _ok(headers: Headers, body: bytes) -> Reply:
    return _with(200, headers, body)


def _with(status: int, headers: Headers, body: bytes) -> Reply:
    reply = Reply(f"{status} {HTTPStatus(status).phrase}", headers, [body])
    return reply.with_headers(content_length=str(len(body)))


def _breaking_off(body: bytes, keep: float) -> Iterator[bytes]:
    yield body[: int(len(body) * keep)]
    _cut()


def _cut() -> NoReturn:
    raise BrokenPipeError(errno.EPIPE, "the connection is cut on purpose")


def _target(request: Request) -> str:
    text = request.environ.get("QUERY_STRING", "")
    return request.environ["PATH_INFO"] + (f"?{text}" if text else "")


def _origin(request: Request) -> str:
    return f"{request.environ['wsgi.url_scheme']}://{request.environ['HTTP_HOST']}"


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
        xml,
        wrong_type,
        not_jpeg,
        corrupt_jpeg,
        spliced_jpeg,
        another_moment,
        null_field,
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
