"""Where a token of API v3 may go: the vendor's own hosts, over HTTPS."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from camkit import errors
from camkit.cameras.een.v3.oauth import HOSTS
from camkit.http import Credential, Limits, Transport
from camkit.http.trust import parts_of
from tests.support.scripted import scripted, send

QUICK = Limits(connect_s=1, read_s=1, deadline_s=5, attempts=2, backoff_s=0.01)
SECRET = "kei-4711-canary"


@pytest.mark.parametrize(
    ("url", "trusted"),
    [
        ("https://auth.eagleeyenetworks.com/oauth2/token", True),
        ("https://api.eagleeyenetworks.com/api/v3.0/clientSettings", True),
        ("https://api.c001.eagleeyenetworks.com/api/v3.0/cameras", True),
        ("https://media.c031.eagleeyenetworks.com/media/session", True),
        ("https://api.c001.eagleeyenetworks.com:443/api/v3.0/cameras", True),
        ("http://api.c001.eagleeyenetworks.com/api/v3.0/cameras", False),
        ("https://api.c001.eagleeyenetworks.com:8443/api/v3.0/cameras", False),
        ("https://api.c001.eagleeyenetworks.com.evil.example/", False),
        ("https://api.c001.evil.example/", False),
        ("https://api.x001.eagleeyenetworks.com/", False),
        ("https://www.eagleeyenetworks.com/", False),
        ("https://evil.example\\.eagleeyenetworks.com/", False),
        ("https://me@api.c001.eagleeyenetworks.com/", False),
    ],
)
def test_a_token_goes_to_the_vendors_own_hosts_only(url, trusted):
    "Login, API and pictures have hosts of their own; each is reached over HTTPS at its usual port"
    transport = Transport("it", "https://auth.eagleeyenetworks.com", hosts=HOSTS)
    assert transport.trust.includes(parts_of(url)) is trusted


@pytest.mark.parametrize("status", [302, 307, 308])
def test_a_redirect_off_the_api_that_the_login_named_gets_nothing(status):
    "Neither the token in the header nor the one in a form"
    with (
        scripted(lambda h, n: send(h, 200)) as other,
        scripted(lambda h, n: send(h, status, Location=other.base + "/picture")) as api,
        scripted(lambda h, n: send(h, 200)) as login,
    ):
        transport = Transport("it", login.base, hosts=HOSTS, limits=QUICK)
        transport.trust_also(api.base)
        key = Credential({"Authorization": f"Bearer {SECRET}"})
        for method, form in (("GET", None), ("POST", {"refresh_token": SecretStr(SECRET)})):
            with pytest.raises(errors.BadResponse, match="points to another site") as caught:
                transport.request(method, api.base + "/image", credential=key, form=form)
            assert SECRET not in str(caught.value)
        transport.close()
    assert other.seen == [] and len(api.seen) == 2


def test_pictures_come_from_the_api_that_the_login_named():
    "Its host and port are the service's own from then on, also for a redirect"
    with (
        scripted(lambda h, n: send(h, 200, b"picture")) as api,
        scripted(lambda h, n: send(h, 302, Location=api.base + "/picture")) as login,
    ):
        transport = Transport("it", login.base, hosts=HOSTS, limits=QUICK)
        key = Credential({"Authorization": f"Bearer {SECRET}"})
        with pytest.raises(errors.BadResponse, match="points to another site"):
            transport.request("GET", "/image", credential=key)
        transport.trust_also(api.base)
        assert transport.request("GET", "/image", credential=key).content == b"picture"
        transport.close()
    assert [seen.headers["Authorization"] for seen in api.seen] == [f"Bearer {SECRET}"]
