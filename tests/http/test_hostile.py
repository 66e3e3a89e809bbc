"""The transport against odd answers: interim ones, floods, invalid numbers and headers."""

from __future__ import annotations

import gzip
import logging
import re
import time
import zlib
from dataclasses import replace

import pytest

from camkit import errors
from camkit.http import Limits, Masking, TokenBucket, Transport
from tests.http.test_network import get, heartbeat
from tests.support.scripted import scripted, send

QUICK = Limits(connect_s=1, read_s=1, deadline_s=5, attempts=2, backoff_s=0.01)
SECRET = "kei-4711-canary"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
ZIPPED = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n"
ZIPPED_CHUNKS = CHUNKED.replace(b"\r\n", b"\r\nContent-Encoding: gzip\r\n", 1)


def chunks(body: bytes, size: int = 50_000) -> bytes:
    "A body in chunks, each after its length, without the last chunk"
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)


def raw(*parts: bytes):
    "An answer byte by byte as given, and then the end of the connection"

    def answer(handler, number):
        for part in parts:
            handler.wfile.write(part)
        handler.close_connection = True

    return answer


@pytest.mark.parametrize("statuses", [[100], [102], [103], [199], [103, 103], [100, 102, 103], [102] * 40])
def test_interim_answers_are_passed_over_and_never_shift_the_answers_that_follow(statuses):
    "Otherwise the final answer to one request would be taken for the answer to the next: another camera's picture"

    def answer(handler, number):
        if number != 1:
            for status in statuses:
                handler.wfile.write(b"HTTP/1.1 %d Wait\r\nLink: </x>\r\nContent-Length: 9\r\n\r\n" % status)
            time.sleep(0.1)
        send(handler, 200, handler.path.encode())

    with scripted(answer) as server:
        transport = Transport("it", server.base, limits=QUICK)
        assert [transport.request("GET", path).content for path in ("/a", "/b", "/c")] == [
            b"/a",
            b"/b",
            b"/c",
        ]
        assert len(server.seen) == 3
        transport.close()


def test_an_interim_answer_without_another_is_an_error():
    "It is not returned as an empty picture"
    with scripted(raw(b"HTTP/1.1 103 Early Hints\r\n\r\n")) as server:
        with pytest.raises(errors.BadResponse, match="closed the connection without an answer"):
            get(server.base)
        assert len(server.seen) == QUICK.attempts


def test_interim_answers_without_end_are_an_error():
    "Their number is limited, so they end soon"
    with (
        scripted(raw(b"HTTP/1.1 102 Processing\r\n\r\n" * 1000)) as server,
        pytest.raises(errors.BadResponse, match="more than 50 interim answers and no other"),
    ):
        get(server.base)


def test_a_change_of_protocol_is_not_an_answer():
    "101 is final: what follows it is not HTTP"
    head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"
    with (
        scripted(raw(head, b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")) as server,
        pytest.raises(errors.BadResponse, match="changes to another protocol"),
    ):
        get(server.base)


@pytest.mark.not_quick
@pytest.mark.parametrize(
    ("first", "again"),
    [
        (CHUNKED, b"1\r\na\r\n" * 20_000),
        (CHUNKED + b"0\r\n", b"X: y\r\n" * 20_000),
        (ZIPPED, gzip.compress(b"") * 5000),
        (ZIPPED_CHUNKS, chunks(gzip.compress(b"") * 5000)),
    ],
    ids=["chunks of a byte", "trailers", "empty gzip members", "and those in chunks"],
)
def test_an_endless_answer_without_content_ends_in_time(first, again):
    "Data that arrive as fast as they are read, and have no content, neither freeze others nor outlive the deadline"

    def flood(handler, number):
        handler.close_connection = True
        handler.wfile.write(first)
        ends = time.monotonic() + 10
        while time.monotonic() < ends:
            handler.wfile.write(again)

    limits = Limits(connect_s=1, read_s=1, deadline_s=1, attempts=1)
    with (
        scripted(flood) as server,
        heartbeat() as gaps,
        pytest.raises(errors.DeadlineExceeded, match="did not finish its answer in time"),
    ):
        get(server.base, limits)
    assert len(gaps) > 3


@pytest.mark.parametrize("framed", ["by its length", "in chunks", "by the end of the connection"])
@pytest.mark.parametrize(
    ("coding", "pack"),
    [
        ("gzip", gzip.compress),
        ("gzip", lambda body: gzip.compress(body[:9]) + gzip.compress(body[9:])),
        ("deflate", zlib.compress),
        ("identity", bytes),
    ],
    ids=["gzip", "gzip of two members", "deflate", "none"],
)
def test_a_compressed_answer_is_unpacked_however_it_is_framed(coding, pack, framed):
    "What servers compress on the fly they mostly send in chunks"
    body = b'{"name": "Ann Li"}' * 5000
    sent = pack(body)
    headers, body_sent = {
        "by its length": (b"Content-Length: %d\r\n" % len(sent), sent),
        "in chunks": (b"Transfer-Encoding: chunked\r\n", chunks(sent, 100) + b"0\r\n\r\n"),
        "by the end of the connection": (b"", sent),
    }[framed]
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: %b\r\n%b\r\n" % (coding.encode(), headers)
    with scripted(raw(head, body_sent)) as server:
        assert get(server.base).content == body


def test_a_bomb_in_chunks_is_not_unpacked_to_its_end():
    "The cap applies to the unpacked body, however it is framed"
    bomb = gzip.compress(bytes(64 * 2**20))
    limits = Limits(connect_s=1, read_s=2, deadline_s=10, attempts=1, max_bytes=2**20)
    with (
        scripted(raw(ZIPPED_CHUNKS, chunks(bomb), b"0\r\n\r\n")) as server,
        pytest.raises(errors.BadResponse, match="more than 1 MiB"),
    ):
        get(server.base, limits)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\nx",
        CHUNKED + b"-5\r\nhello\r\n0\r\n\r\n",
        CHUNKED + b"f" * 5000 + b"\r\nhello\r\n0\r\n\r\n",
    ],
    ids=["a length of 5,000 digits", "a chunk of -5 bytes", "a chunk of 5,000 digits"],
)
def test_invalid_numbers_are_a_bad_response(answer):
    "Not a ValueError from the standard library"
    with scripted(raw(answer)) as server, pytest.raises(errors.BadResponse):
        get(server.base)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (b"X: y\r\n" * 101, "more than 100 header lines"),
        (b"X: " + b"y" * 70_000 + b"\r\n", "a header line of more than 64 KB"),
        (b"Set-Cookie: " + SECRET.encode() * 7_000 + b"\r\n", "a header line of more than 64 KB"),
        (b"Content-Length: 2, 3\r\n", "its length in a way that cannot be read"),
        (b"Content-Length: 2\r\nContent-Length: 3\r\n", "its length in a way that cannot be read"),
        (b"Content-Length: 0x2\r\n", "its length in a way that cannot be read"),
    ],
    ids=["lines", "long line", "long cookie", "two lengths", "lengths in two lines", "another number"],
)
def test_headers_that_are_not_read_are_named(lines, said):
    "The server did answer: it did not close the connection"
    with (
        scripted(raw(b"HTTP/1.1 200 OK\r\n" + lines + b"\r\n{}")) as server,
        pytest.raises(errors.BadResponse, match=said) as caught,
    ):
        get(server.base)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "start", [b"SSH-2.0-OpenSSH_9.6\r\n", b"HTTP/9.9 200 OK\r\n\r\n", b"HTTP/1.1 many\r\n\r\n"]
)
def test_an_answer_that_is_not_http_is_named(start):
    "Another service listens at that port"
    with (
        scripted(raw(start)) as server,
        pytest.raises(errors.BadResponse, match="something that is not HTTP"),
    ):
        get(server.base)


@pytest.mark.parametrize(
    "lines",
    [
        b"Content-Length: 2, 2\r\n",
        b"Content-Length: 2\r\nContent-Length: 2\r\n",
        b"Content-Length: 2 ,2,2 \r\n",
        b"Content-Length: 2\t \r\n",
    ],
)
def test_a_length_given_twice_is_one_length(lines):
    "A proxy may repeat it; the connection is used again"
    ports = set()

    def answer(handler, number):
        ports.add(handler.client_address)
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n" + lines + b"\r\n{}")

    with scripted(answer) as server:
        transport = Transport("it", server.base, limits=QUICK)
        assert [transport.request("GET", "/").content for _ in range(3)] == [b"{}"] * 3
        transport.close()
    assert len(ports) == 1


def test_spaces_behind_a_header_are_not_part_of_it():
    "Neither of the time of a picture nor of how the body is framed"
    head = (
        b"HTTP/1.1 200 OK\r\nx-ee-timestamp: preview-20190412204500.000 \t\r\nX-Two: a \r\nX-Two: b\r\n"
        b"Transfer-Encoding: chunked \r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    )
    with scripted(raw(head)) as server:
        reply = get(server.base)
    assert reply.headers["x-ee-timestamp"] == "preview-20190412204500.000"
    assert reply.headers.getlist("X-Two") == ["a", "b"]
    assert reply.content == b"{}"


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, br", "Compress"])
def test_an_encoding_that_nobody_offered_is_named(coding):
    "A proxy may pack what it should not: the JSON itself is not what is wrong"
    name = coding.split()[-1].lower()
    with (
        scripted(lambda h, n: send(h, 200, b"\x0b\x02\x80{}\x03", Content_Encoding=coding)) as server,
        pytest.raises(errors.BadResponse, match=f"Its encoding is {name}, which"),
    ):
        get(server.base).json()


@pytest.mark.parametrize("coding", ["aws-chunked", "binary", "identity", "utf-8"])
def test_an_encoding_that_changed_nothing_does_no_harm(coding):
    "Stores of files send such words; the content is judged by its bytes"
    with scripted(lambda h, n: send(h, 200, b"{}", Content_Encoding=coding)) as server:
        assert get(server.base).json() == {}


def test_what_may_be_sent_only_once_gets_a_new_connection():
    "A server that closes after each answer may close an idle connection just as the request is sent on it"

    def once_each(handler, number):
        handler.close_connection = hasattr(handler, "has_answered")
        if not handler.close_connection:
            handler.has_answered = True
            send(handler, 200, handler.command.encode())

    with scripted(once_each) as server:
        transport = Transport("it", server.base, limits=replace(QUICK, attempts=3))
        calls = ["GET", "POST", "POST", "GET", "POST"]
        assert [transport.request(call, "/").content.decode() for call in calls] == calls
        transport.close()
    assert [seen.method for seen in server.seen].count("POST") == 3


def test_a_header_that_cannot_be_read_is_not_repeated_in_a_log(caplog, capfd):
    "urllib3 would warn on stderr with all the headers that follow it, cookies included"
    odd = f"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nodd line\r\nSet-Cookie: auth_key={SECRET}\r\n\r\n{{}}".encode()
    with caplog.at_level(logging.DEBUG), scripted(raw(odd)) as server:
        get(server.base)
    assert SECRET not in caplog.text + "".join(capfd.readouterr())


@pytest.mark.parametrize(
    "other", ["BIGipServer/Common/pool=1.2; path=/", "a,b=c", "a@b=1", "{x}=1", "", "=", "no value"]
)
def test_an_odd_cookie_does_not_hide_the_others(other):
    "A load balancer's cookie may have any name"

    def answer(handler, number):
        handler.send_response(200)
        handler.send_header("Set-Cookie", other)
        handler.send_header("Set-Cookie", 'auth_key="c001~1"; Path=/; odd@attribute=1')
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    with scripted(answer) as server:
        assert get(server.base).cookies["auth_key"] == "c001~1"


@pytest.mark.parametrize(
    "other",
    [
        "auth_key=; Path=/; Max-Age=0",
        "auth_key=gone; max-age = -1",
        "auth_key=gone; Expires=Thu, 01-Jan-1970 00:00:00 GMT; Path=/",
        "auth_key=gone; expires=Fri, 12 Apr 2019 20:44:59 GMT; Domain=.camkit.example",
        "auth_key=other; Path=/billing",
        "auth_key=; Path=/old; Max-Age=0; Expires=Fri, 01 Jan 2100 00:00:00 GMT",
    ],
)
@pytest.mark.parametrize("is_last", [True, False])
def test_a_cookie_that_is_deleted_or_of_another_path_does_not_hide_the_good_one(other, is_last):
    "A service removes an older cookie of the same name; dates are compared by its own clock"
    good = "auth_key=c001~1; Path=/; Expires=Fri, 12 Apr 2019 21:45:00 GMT"

    def answer(handler, number):
        handler.send_response_only(200)
        handler.send_header("Date", "Fri, 12 Apr 2019 20:45:00 GMT")
        for line in (good, other) if is_last else (other, good):
            handler.send_header("Set-Cookie", line)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    with scripted(answer) as server:
        assert get(server.base).cookies == {"auth_key": "c001~1"}


@pytest.mark.parametrize(
    "body", [rb'{"name": "\ud800 \ud83d\ude00"}', b'{"name": "\xed\xa0\x80 \xf0\x9f\x98\x80"}']
)
def test_a_lone_surrogate_becomes_a_question_mark(body):
    "No table and no file could hold it; a complete pair stays"
    with scripted(lambda h, n: send(h, 200, body)) as server:
        assert get(server.base).json() == {"name": "? \N{GRINNING FACE}"}


def test_a_token_of_the_address_is_scrubbed_from_an_error_that_repeats_it():
    "A service that says what it did not find may repeat the whole address"

    def answer(handler, number):
        if number == 0:
            send(handler, 302, Location=f"/stream/jpeg/snapshot/{SECRET}?id=1&A={SECRET}+2")
        else:
            send(handler, 404, f"no such object: {handler.path} ({SECRET} 2)".encode())

    masking = Masking(frozenset({"id"}), re.compile(r"(?<=/stream/jpeg/snapshot/)[^/]+"))
    with scripted(answer) as server:
        reply = Transport("it", server.base, limits=QUICK, masking=masking).request("GET", "/")
    assert reply.status == 404
    assert reply.said == "no such object: /stream/jpeg/snapshot/***?id=1&A=*** (***)"


@pytest.mark.parametrize(
    "wrong",
    [
        {"attempts": 0},
        {"attempts": -1},
        {"attempts": 1.5},
        {"attempts": None},
        {"deadline_s": 0},
        {"deadline_s": -1.0},
        {"deadline_s": float("nan")},
        {"connect_s": 0},
        {"read_s": 0},
    ],
)
def test_limits_that_allow_nothing_are_refused(wrong):
    "Zero attempts do not mean the default number, and zero seconds do not mean the default time"
    with pytest.raises(errors.InputError, match=f"{next(iter(wrong))} is .*; it must be"):
        Limits(**wrong)


def test_a_wait_longer_than_a_call_may_take_is_reported_at_once():
    "The calls after a 429 with an hour's Retry-After do not hang for an hour"
    with scripted(lambda h, n: send(h, 429 if n == 0 else 200, Retry_After="3600")) as server:
        transport = Transport("it", server.base, limits=QUICK, rate=TokenBucket(100))
        assert transport.request("GET", "/").status == 429
        with pytest.raises(errors.RateLimited, match=r"it asks to wait another 3\d{3} s") as caught:
            transport.request("GET", "/")
        assert caught.value.retry_after_s > 3590
    assert len(server.seen) == 1


@pytest.mark.not_quick
def test_waits_if_the_wait_fits_into_the_call():
    "The next call is sent when the service asked for it"
    with scripted(lambda h, n: send(h, 429 if n == 0 else 200, Retry_After="0.5")) as server:
        transport = Transport("it", server.base, limits=QUICK, rate=TokenBucket(100))
        assert transport.request("GET", "/", limits=replace(QUICK, attempts=1)).status == 429
        started = time.monotonic()
        assert transport.request("GET", "/").status == 200
    assert time.monotonic() - started > 0.3
