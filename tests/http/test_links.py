"""The Link header: which page is next."""

from __future__ import annotations

import pytest

from camkit import errors
from camkit.http import Transport
from camkit.http.links import link_targets
from tests.http.test_hostile import QUICK
from tests.support.scripted import scripted, send


@pytest.mark.parametrize(
    "field",
    [
        '<?page=2>; rel="next"',
        "<?page=2>; rel=next",
        "<?page=2>; REL=Next",
        '<?page=2>;rel="last NEXT"',
        '<?page=2>; title="on, <x>; rel=prev, and \\"on\\""; rel=next',
        '<?page=2>; title=a=b; rel="next"',
        '<?page=2> ; rel = "next" ; rel="prev"',
        '<?page=0>; rel=prev, <?page=2>; rel=next, <?page=9>; rel="last"',
        ",, <?page=0>; rel=prev ,<?page=2>; hreflang; rel=next,",
        '<?page=8>; anchor="#other"; rel=next, <?page=2>; rel=next',
        "<?page=2 >; rel*=UTF-8''x; rel=next",
    ],
)
def test_the_next_page_is_found(field):
    "However RFC 8288 lets a service write it"
    assert link_targets(field, "next") == ["?page=2"]


@pytest.mark.parametrize(
    "field",
    ["", "<", "<?page=2>", "?page=2; rel=next", "<?page=2>; rel=nextish", '<?page=2>; title="rel=next"', '"'],
)
def test_nothing_is_next_where_nothing_says_so(field):
    "Neither in a title nor in another word"
    assert link_targets(field, "next") == []


@pytest.mark.parametrize("piece", ['"', '"\\', "<", "<>", ";=", "\\", '<a>;rel="'])
def test_a_long_odd_field_is_read_once(piece):
    "A header line of 64 KB is read in one pass: without an end in sight this test would time out"
    assert link_targets(piece * (65_000 // len(piece)), "next") == []


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("?page=2", "/api/v1/list?page=2"),
        ("list?page=2", "/api/v1/list?page=2"),
        ("/api/v1/list?page=2", "/api/v1/list?page=2"),
        ("../v1/list?page=2", "/api/v1/list?page=2"),
    ],
)
def test_a_relative_target_is_of_the_page_that_names_it(target, expected):
    "Not of the base address of the service"
    with scripted(lambda h, n: send(h, 200, b"[]", Link=f"<{target}>; rel=next")) as server:
        transport = Transport("it", server.base + "/api/v1", limits=QUICK)
        assert transport.request("GET", "/list?page=1").linked("next") == server.base + expected
        transport.close()


def test_a_target_that_cannot_be_read_is_an_error():
    "The list is not silently shorter"
    with scripted(lambda h, n: send(h, 200, b"[]", Link="<http://[x/>; rel=next")) as server:
        transport = Transport("it", server.base, limits=QUICK)
        with pytest.raises(errors.BadResponse, match="names a next page whose address cannot be read"):
            transport.request("GET", "/").linked("next")
        transport.close()
