"""How long to wait: as the service asks, otherwise longer each time; and how much to read."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from urllib3 import HTTPHeaderDict

from camkit import errors
from camkit.http import Limits, Reply, Transport
from tests.support.scripted import scripted, send

QUICK = Limits(connect_s=1, read_s=1, deadline_s=5, attempts=3, backoff_s=0.01)


def retry_after_s(headers: dict[str, str]) -> float | None:
    """The wait that an answer with these headers asks for."""
    now = datetime.now(UTC)
    return Reply("GET", "", 503, HTTPHeaderDict(headers), b"", now, now, 0.0).retry_after_s


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("7", 7.0),
        (" 7 ", 7.0),
        ("1.5", 1.5),
        ("", None),
        ("-7", None),
        ("soon", None),
        ("²", None),
        ("nan", None),
        ("9" * 400, None),
        ("Fri, 99 Foo 2019 99:99:99 GMT", None),
    ],
)
def test_reads_retry_after_in_seconds(value, seconds):
    "A number is a number of seconds; anything invalid is ignored"
    assert retry_after_s({"Retry-After": value}) == seconds


def test_reads_retry_after_as_a_date_by_the_servers_clock():
    "A date is compared with the server's own Date, so a wrong clock here has no effect; a past one means 0 seconds"
    then = datetime(2019, 4, 12, 20, 45, tzinfo=UTC)
    date = format_datetime(then, usegmt=True)
    later = format_datetime(then + timedelta(seconds=90), usegmt=True)
    assert retry_after_s({"Retry-After": later, "Date": date}) == 90.0
    assert retry_after_s({"Retry-After": date, "Date": later}) == 0.0
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    assert 30 < retry_after_s({"Retry-After": soon}) <= 90
    assert retry_after_s({}) is None


def test_waits_longer_each_time_and_never_shorter_than_asked():
    "Doubled up to the longest, jittered by half; at least as long as the service asks, and at most a tenth longer"
    limits = Limits(backoff_s=0.4, backoff_max_s=8)
    for attempt, pause in ((1, 0.4), (2, 0.8), (3, 1.6), (10, 8.0), (10**6, 8.0)):
        waits = {limits.pause_s(attempt) for _ in range(50)}
        assert len(waits) > 10
        assert all(0.5 * pause <= wait <= 1.5 * pause for wait in waits)
    assert all(3.0 <= limits.pause_s(1, 3.0) <= 3.3 for _ in range(50))


def test_an_answer_that_unpacks_beyond_the_cap_is_refused():
    "A small body that unpacks to a large one is stopped at the cap, and one with a wrong encoding is reported"
    limits = Limits(attempts=3, backoff_s=0.01, max_bytes=100_000)  # a busy machine may not accept at once
    bomb = gzip.compress(bytes(50_000_000))
    with (
        scripted(lambda h, n: send(h, 200, bomb, Content_Encoding="gzip")) as server,
        pytest.raises(errors.BadResponse, match="stopped reading"),
    ):
        Transport("it", server.base, limits=limits).request("GET", "/")
    with (
        scripted(lambda h, n: send(h, 200, b"not packed", Content_Encoding="gzip")) as server,
        pytest.raises(errors.BadResponse, match="cannot be unpacked"),
    ):
        Transport("it", server.base, limits=limits).request("GET", "/")


@pytest.mark.parametrize("location", ["http://[", "javascript:alert(1)", "ftp://127.0.0.1/x", "https://a@b/"])
def test_a_redirect_to_nowhere_is_not_followed(location):
    "An address that cannot be read, or has another scheme, is a BadResponse after one request"
    with (
        scripted(lambda h, n: send(h, 302, Location=location)) as server,
        pytest.raises(errors.BadResponse, match="does not go there"),
    ):
        Transport("it", server.base, limits=QUICK).request("GET", "/")
    assert len(server.seen) == 1


def test_the_cap_applies_to_redirects():
    "A redirect with a body above the cap is refused, and not read to its end"

    def answer(handler, number):
        handler.send_response(302)
        handler.send_header("Location", "/there")
        handler.end_headers()
        handler.close_connection = True
        for _ in range(1000):
            handler.wfile.write(bytes(100_000))
        sent.append("everything")

    sent: list[str] = []
    limits = Limits(attempts=1, max_bytes=100_000)
    with scripted(answer) as server, pytest.raises(errors.BadResponse, match="stopped reading"):
        Transport("it", server.base, limits=limits).request("GET", "/")
    assert not sent


def test_a_see_other_is_read_without_the_body():
    "After a 303 the answer is fetched with GET, without what was posted"
    with scripted(lambda h, n: send(h, 303 if n == 0 else 200, Location="/there")) as server:
        Transport("it", server.base, limits=QUICK).request("POST", "/here", json={"a": 1})
    assert [(seen.method, seen.path, seen.body) for seen in server.seen][1] == ("GET", "/there", b"")


def test_an_answer_without_a_location_is_the_answer():
    "A 3xx without a target is returned, for the caller to judge"
    with scripted(lambda h, n: send(h, 300)) as server:
        assert Transport("it", server.base, limits=QUICK).request("GET", "/").status == 300
