"""The short way of a plain answer on an open connection, and the long way of all others, give the same."""

from __future__ import annotations

import gzip
import time

import gevent
import pytest
from hypothesis import given
from hypothesis import strategies as st
from urllib3.exceptions import LocationParseError
from urllib3.util import Url, parse_url

from camkit import errors
from camkit.http import Credential, Limits, Transport
from camkit.http.trust import parts_of
from tests.support.scripted import scripted, send

QUICK = Limits(connect_s=5, read_s=5, deadline_s=20, attempts=1)
ZIPPED = gzip.compress(b"{}")
CAMERA = b"x-ee-timestamp: preview-20190412204500.000 \t\r\n"

ANSWERS = {
    "plain": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    "no reason": b"HTTP/1.1 200\r\ncontent-length:2\r\n\r\n{}",
    "empty": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "not found": b"HTTP/1.1 404 Not here\r\nContent-Length: 2\r\n\r\nno",
    "spaces": b"HTTP/1.1 200 OK\r\n" + CAMERA + b"Content-Length:\t 2 \r\n\r\n{}",
    "names twice": b"HTTP/1.1 200 OK\r\nX: a\r\nx: b\r\nContent-Length: 2\r\n\r\n{}",
    "cookies": b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 2\r\n\r\n{}",
    "zero before": b"HTTP/1.1 200 OK\r\nContent-Length: 002\r\n\r\n{}",
    "length twice": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "odd length": b"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\n{}",
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "both": b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "packed": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b"
    % (len(ZIPPED), ZIPPED),
    "closes": b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}",
    "older": b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    "no body": b"HTTP/1.1 204 None\r\nContent-Length: 2\r\n\r\n",
    "interim": b"HTTP/1.1 103 Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
    "folded": b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\n{}",
    "latin": b"HTTP/1.1 200 OK\r\nX: caf\xe9\r\nContent-Length: 2\r\n\r\n{}",
    "no colon": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nodd line\r\n\r\n{}",
    "space before colon": b"HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\n{}",
    "lines end in LF": b"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}",
    "many lines": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 101 + b"Content-Length: 2\r\n\r\n{}",
    "long line": b"HTTP/1.1 200 OK\r\nX: " + b"y" * 40_000 + b"\r\nContent-Length: 2\r\n\r\n{}",
    "large": b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + b"x" * 200_000,
    "too large": b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\nx",
    "cut off": b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}",
    "cut in the head": b"HTTP/1.1 200 OK\r\nContent-Le",
    "nothing": b"",
    "another protocol": b"SSH-2.0-OpenSSH_9.6\r\n",
}


@pytest.mark.parametrize("split", [False, True], ids=["at once", "in pieces"])
@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_means_the_same_on_an_open_connection(name, split):
    "Status, headers in their order, cookies and body, or the words of the failure"
    answer = ANSWERS[name]

    def write(handler, number):
        if handler.path == "/first":
            send(handler, 200, b"ok")
            return
        handler.close_connection = True
        for piece in (answer[:30], answer[30:]) if split else (answer,):
            handler.wfile.write(piece)
            handler.wfile.flush()
            time.sleep(0.02 if split else 0)

    def outcome(first: bool) -> object:
        transport = Transport("it", server.base, limits=QUICK)
        try:
            if first:
                transport.request("GET", "/first")
            reply = transport.request("GET", "/x")
            return reply.status, [*reply.headers.items()], dict(reply.cookies), reply.content
        except errors.ServiceError as error:
            return type(error), str(error)
        finally:
            transport.close()

    with scripted(write) as server:
        assert outcome(first=True) == outcome(first=False)


def test_plain_answers_take_the_short_way_and_the_same_request():
    "Or the other tests would compare nothing; the request's lines are those of the first one"
    with scripted(lambda h, n: send(h, 200, b"ok")) as server:
        transport = Transport("it", server.base, limits=QUICK)
        key = Credential({"Authorization": "Bearer canary-key"})
        routes = transport._routes()
        for _ in range(3):
            assert transport.request("GET", "/a", params={"id": "x y"}, credential=key).content == b"ok"
        (route,) = routes._known.values()
        assert route.pool.num_requests == 1  # urllib3 saw the first one only
        transport.close()
    first, *others = [(seen.method, seen.path, sorted(seen.headers.items())) for seen in server.seen]
    assert others == [first] * 2


def test_an_answer_that_was_not_read_is_never_taken_for_another():
    "An interrupt may come between sending on an open connection and reading what is not plain"

    def answer(handler, number):
        time.sleep(0.3 if handler.path == "/slow" else 0)
        body = handler.path.encode()
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        handler.wfile.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body))

    with scripted(answer) as server:
        transport = Transport("it", server.base, limits=QUICK)
        transport.request("GET", "/first")
        with gevent.Timeout(0.1, False):
            transport.request("GET", "/slow")
        (route,) = transport._routes()._known.values()
        assert transport.request("GET", "/mine").content == b"/mine"
        for method in ("HEAD", "GET"):  # as if the interrupt had come just then
            conn = route.pool.pool.get_nowait()
            conn.begun = object(), b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n/other"
            route.pool.pool.put(conn)
            assert transport.request(method, "/mine").content in (b"/mine", b"")
        transport.close()


def test_a_wait_on_an_open_connection_ends_in_time():
    "With the words of any other, and the connection is not used again"

    def answer(handler, number):
        time.sleep(0.6 if handler.path == "/slow" else 0)
        send(handler, 200, handler.path.encode())

    with scripted(answer) as server:
        transport = Transport("it", server.base, limits=QUICK)
        transport.request("GET", "/first")
        with pytest.raises(errors.DeadlineExceeded, match="stopped answering"):
            transport.request("GET", "/slow", limits=Limits(read_s=0.2, attempts=1))
        assert transport.request("GET", "/next").content == b"/next"
        transport.close()


@given(
    st.sampled_from(
        [
            "http://127.0.0.1:8/a",
            "https://h.example",
            "https://h.example/A b/../c",
            "h/x",
            "//h/",
            "",
            "http://me:pw@h/%7e",
            "http://h/a#b",
        ]
    ),
    st.text("aZ09._~=&+:-%7eFf?#/\\ \u00e9@[]", max_size=12),
)
def test_an_address_read_in_two_steps_is_what_urllib3_reads(before, query):
    "What depends on the path only is read once; where an address leads is still decided by one parser"
    for url in (f"{before}?{query}", before + query):
        try:
            expected = parse_url(url)
        except LocationParseError:
            expected = Url()
        assert parts_of(url) == expected
        assert parts_of(url).request_uri == expected.request_uri
