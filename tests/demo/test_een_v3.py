"""Eagle Eye's API v3 on the demo site, asked by plain requests."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from camkit.demo.een.devices import account
from camkit.demo.een.outages import BEGINNING, gaps
from camkit.demo.een.population import DOOR_READER
from camkit.demo.een.v3.answers import token_of
from camkit.demo.een.v3.oauth import CLIENT_ID, CLIENT_SECRET, REDIRECT_URI
from camkit.demo.world.badge_log import badge_log
from camkit.demo.world.story import STORY
from camkit.demo.world.world import DEFAULT_SEED
from tests.demo.conftest import QUICK, log_in, started

DOOR, NOW = "1007b3c4", "2019-04-12T20:45:00.000+00:00"
EVENTS = {
    "actor": f"camera:{DOOR}",
    "type__in": "een.deviceCloudStatusUpdateEvent.v1",
    "startTimestamp__gte": "2019-03-01T00:00:00.000+00:00",
    "startTimestamp__lte": NOW,
}
CONSENT = {
    "scope": "vms.all",
    "client_id": CLIENT_ID,
    "response_type": "code",
    "redirect_uri": REDIRECT_URI,
    "state": "state-1",
}


def consented(base: str, decision: str = "allow", **changes) -> dict[str, list[str]]:
    """What comes back to the redirect's address after a click."""
    answer = requests.post(
        f"{base}/oauth2/authorize",
        params=CONSENT | changes,
        data={"decision": decision},
        allow_redirects=False,
        timeout=10,
    )
    assert answer.status_code == 303, answer.text
    assert answer.headers["Location"].startswith(REDIRECT_URI + "?")
    return parse_qs(urlsplit(answer.headers["Location"]).query)


def token(base: str, secret: str = CLIENT_SECRET, how: str = "data", **fields) -> requests.Response:
    """One call of the token endpoint, its fields as a form (``data``) or a query (``params``)."""
    options = {how: {"scope": "vms.all"} | fields}
    return requests.post(f"{base}/oauth2/token", auth=(CLIENT_ID, secret), timeout=10, **options)


def exchanged(base: str, how: str = "data") -> dict[str, object]:
    """The tokens of a new login."""
    code = consented(base)["code"][0]
    return token(base, how=how, grant_type="authorization_code", code=code, redirect_uri=REDIRECT_URI).json()


class Api:
    """The API with a bearer."""

    def __init__(self, base: str, bearer: str) -> None:
        self.base, self.session = base, requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Bearer {bearer}"

    def get(self, path: str, **params) -> requests.Response:
        return self.session.get(f"{self.base}/api/v3.0{path}", params=params, timeout=10)


@pytest.fixture(scope="module")
def api(demo) -> Api:
    return Api(demo.info["een_api"], exchanged(demo.info["een_auth"])["access_token"])


def reason(answer: requests.Response) -> tuple[int, str, str]:
    """Status, the vendor's word for it, and the reason; the whole body has the vendor's form."""
    body = answer.json()
    assert set(body) == {"code", "status", "message", "details"} and body["code"] == answer.status_code
    assert body["details"][0]["metadata"]["path"].startswith("/api/v3.0")
    return body["code"], body["status"], body["details"][0]["reason"]


# OAuth


def test_the_consent_page_is_one_form_without_script(demo):
    "It posts back to its own address, and no other page can frame it"
    page = requests.get(f"{demo.info['een_auth']}/oauth2/authorize", params=CONSENT, timeout=10)
    assert page.text.count("<form") == 1 and "action=" not in page.text and "<script" not in page.text
    assert page.headers["X-Frame-Options"] == "DENY"


def test_a_click_sends_the_browser_back_with_code_and_state(demo):
    "A refusal with an error; both with the state as it was sent"
    assert consented(demo.info["een_auth"]).keys() == {"code", "state"}
    assert consented(demo.info["een_auth"], "deny") == {"error": ["access_denied"], "state": ["state-1"]}


@pytest.mark.parametrize(
    "change",
    [
        {"redirect_uri": "http://localhost:3333"},
        {"redirect_uri": REDIRECT_URI + "/"},
        {"client_id": "somebody"},
        {"scope": "all"},
        {"response_type": "token"},
        {"code_challenge": "x"},
        {"code_challenge": "x", "code_challenge_method": "plain"},
        {"code_challenge": "", "code_challenge_method": "S256"},
    ],
)
def test_a_consent_that_cannot_be_given_gets_no_page(demo, change):
    "The redirect's address is compared letter by letter; a challenge that would not be checked is refused"
    answer = requests.get(
        f"{demo.info['een_auth']}/oauth2/authorize",
        params=CONSENT | change,
        allow_redirects=False,
        timeout=10,
    )
    assert answer.status_code == 400 and "Location" not in answer.headers


@pytest.mark.parametrize("how", ["data", "params"])
def test_a_code_gives_a_pair_of_tokens_once(demo, how):
    "As a form and as a query; a second use is refused"
    base = demo.info["een_auth"]
    code = consented(base)["code"][0]
    fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT_URI}
    body = token(base, how=how, **fields).json()
    assert body["token_type"] == "Bearer" and body["expires_in"] == 43198
    host = urlsplit(demo.info["een_api"])
    assert body["httpsBaseUrl"] == {"hostname": host.hostname, "port": host.port}
    assert Api(base, body["access_token"]).get("/users/self").json()["accountId"] == "00014750"
    assert token(base, how=how, **fields).status_code == 401


def test_a_refresh_ends_the_pair_before_and_a_used_token_ends_the_login(demo):
    "The old access token stops at once; whoever comes with an old refresh token may be a thief"
    base, old = demo.info["een_auth"], exchanged(demo.info["een_auth"])
    new = token(base, grant_type="refresh_token", refresh_token=old["refresh_token"]).json()
    assert reason(Api(base, old["access_token"]).get("/users/self")) == (
        401,
        "unauthenticated",
        "unauthenticated",
    )
    assert Api(base, new["access_token"]).get("/users/self").ok
    assert token(base, grant_type="refresh_token", refresh_token=old["refresh_token"]).status_code == 401
    assert Api(base, new["access_token"]).get("/users/self").status_code == 401


@pytest.mark.parametrize(
    ("secret", "fields", "status"),
    [
        ("wrong", {"grant_type": "refresh_token", "refresh_token": "x"}, 401),
        (CLIENT_SECRET, {"grant_type": "refresh_token", "refresh_token": "x"}, 401),
        (CLIENT_SECRET, {"grant_type": "refresh_token"}, 400),
        (CLIENT_SECRET, {"grant_type": "authorization_code", "redirect_uri": REDIRECT_URI}, 400),
        (CLIENT_SECRET, {}, 400),
        (CLIENT_SECRET, {"grant_type": "password", "username": "me", "password": "x"}, 400),
        (CLIENT_SECRET, {"grant_type": "authorization_code", "code": "x", "redirect_uri": REDIRECT_URI}, 401),
        (CLIENT_SECRET, {"grant_type": "authorization_code", "scope": "other"}, 403),
    ],
)
def test_wrong_token_requests_are_refused(demo, secret, fields, status):
    "With the statuses of the vendor's guide"
    assert token(demo.info["een_auth"], secret, **fields).status_code == status


def test_a_code_with_a_challenge_needs_its_verifier(demo):
    "RFC 7636; the address has to be that of the consent, too"
    base = demo.info["een_auth"]
    challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"  # of the verifier in RFC 7636, appendix B
    code = consented(base, code_challenge=challenge, code_challenge_method="S256")["code"][0]
    fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT_URI}
    assert token(base, **fields, code_verifier="wrong").status_code == 400
    assert token(base, **fields | {"redirect_uri": "http://127.0.0.1:1"}).status_code == 400
    assert token(base, **fields, code_verifier="dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk").ok


def test_a_revoked_login_is_over(demo):
    "By either token; an unknown one is not an error"
    base, pair = demo.info["een_auth"], exchanged(demo.info["een_auth"])
    for value in ("unknown", pair["refresh_token"]):
        done = requests.post(
            f"{base}/oauth2/revoke", data={"token": value}, auth=(CLIENT_ID, CLIENT_SECRET), timeout=10
        )
        assert done.status_code == 200
    assert Api(base, pair["access_token"]).get("/users/self").status_code == 401


# Lists


def test_the_cameras_and_bridges_are_those_of_v1(api):
    "All seven words of the vendor occur; nothing that has no id, and no switch or speaker"
    cameras = api.get("/cameras", include="status", pageSize=500).json()
    assert len(cameras["results"]) == cameras["totalSize"] == 83
    words = {camera["status"]["connectionStatus"] for camera in cameras["results"]}
    assert words == {
        "online",
        "deviceOffline",
        "bridgeOffline",
        "off",
        "error",
        "unknown",
        "invalidCredentials",
    }
    bridges = api.get("/bridges", include="status,deviceInfo").json()["results"]
    assert len(bridges) == 7 and {bridge["status"]["connectionStatus"] for bridge in bridges} == {
        "online",
        "deviceOffline",
    }


@pytest.mark.parametrize("marker", ["empty", "null", "absent"])
def test_pages_end_as_the_option_says(marker):
    "A size out of range is clamped, and the total counts what is filtered out as well"
    with started(*QUICK, "--end-marker", marker) as (_, info):
        api = Api(info["een_api"], exchanged(info["een_auth"])["access_token"])
        page, ids = api.get("/cameras", pageSize=40).json(), []
        while True:
            ids += [camera["id"] for camera in page["results"]]
            if not page.get("nextPageToken"):
                break
            page = api.get("/cameras", pageSize=40, pageToken=page["nextPageToken"]).json()
        end = {"empty": {"nextPageToken": ""}, "null": {"nextPageToken": None}, "absent": {}}[marker]
        assert {name: page[name] for name in page if name == "nextPageToken"} == end
        assert len(ids) == len(set(ids)) == 83
        assert len(api.get("/cameras", pageSize=9999).json()["results"]) == 83
        assert len(api.get("/cameras", pageSize=0).json()["results"]) == 1
        one = api.get("/cameras", name__contains="loading").json()
        assert [camera["id"] for camera in one["results"]] == [DOOR] and one["totalSize"] == 83


@pytest.mark.parametrize(
    ("path", "params", "expected"),
    [
        ("/cameras", {"colour": "red"}, "unexpectedArgument"),
        ("/cameras", {"include": "passwords"}, "wrongArgumentValue"),
        ("/cameras", {"sort": "name"}, "wrongArgumentValue"),
        ("/cameras", {"sort": "+name,-name"}, "wrongArgumentValue"),
        ("/cameras", {"pageToken": "x"}, "wrongArgumentValue"),
        ("/cameras", {"status__in": "offline"}, "wrongArgumentValue"),
        ("/media/liveImage.jpeg", {"deviceId": DOOR}, "missingRequiredArgument"),
        ("/media/liveImage.jpeg", {"deviceId": DOOR, "type": "main"}, "wrongArgumentValue"),
        ("/media/recordedImage.jpeg", {"deviceId": DOOR, "type": "preview"}, "wrongArgumentValue"),
        (
            "/media/recordedImage.jpeg",
            {"deviceId": DOOR, "type": "preview", "timestamp__lt": NOW, "timestamp__gt": NOW},
            "wrongArgumentValue",
        ),
        (
            "/media/recordedImage.jpeg",
            {"deviceId": DOOR, "type": "preview", "timestamp__lte": "2019-04-12T20:45:00.000Z"},
            "wrongArgumentValue",
        ),
        ("/media/recordedImage.jpeg", {"timestamp__lte": NOW}, "missingRequiredArgument"),
        (
            "/media/recordedImage.jpeg",
            {"deviceId": DOOR, "type": "preview", "targetWidth": "9"},
            "unexpectedArgument",
        ),
        ("/media/recordedImage.jpeg", {"pageToken": "W10"}, "wrongArgumentValue"),
        ("/media", {"deviceId": DOOR, "type": "preview", "mediaType": "image"}, "missingRequiredArgument"),
        (
            "/media",
            {
                "deviceId": DOOR,
                "type": "main",
                "mediaType": "video",
                "startTimestamp__gte": NOW,
                "coalesce": "no",
            },
            "wrongArgumentValue",
        ),
        ("/cameras", {"q": "dock", "qRelevance__gte": "much"}, "wrongArgumentValue"),
        ("/cameras", {"q": "dock", "qRelevance__gte": "nan"}, "wrongArgumentValue"),
        ("/bridges", {"q": "dock", "qRelevance__gte": "1.5"}, "wrongArgumentValue"),
        ("/events", {"actor": f"camera:{DOOR}", "type__in": "een.x"}, "missingRequiredArgument"),
        ("/events", {"actor": DOOR, "type__in": "x", "startTimestamp__gte": NOW}, "wrongArgumentValue"),
        ("/events", EVENTS | {"actor": DOOR}, "wrongArgumentValue"),
        ("/events", EVENTS | {"include": "connectionStatus"}, "wrongArgumentValue"),
        ("/events", EVENTS | {"sort": "+endTimestamp"}, "wrongArgumentValue"),
    ],
)
def test_wrong_arguments_are_named(api, path, params, expected):
    "400 with the reason and the argument, never an answer to another question"
    assert reason(api.get(path, **params)) == (400, "invalidArgument", expected)


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("/cameras", ("/api/v3.0/cameras", 1, 2)),
        ("/cameras", ("/api/v3.0/cameras", True)),
        ("/cameras", ("/api/v3.0/cameras", -1)),
        ("/cameras", ("/api/v3.0/bridges", 1)),
        ("/media/recordedImage.jpeg", ("image", DOOR, "preview", -(10**11))),
        ("/media/recordedImage.jpeg", ("image", DOOR, "preview", 10**11 + 1)),
        ("/media/recordedImage.jpeg", ("image", DOOR, "other", 1)),
        ("/media/recordedImage.jpeg", ("image", [DOOR], "preview", 1)),
        ("/media/recordedImage.jpeg", ("image", DOOR, "preview")),
    ],
)
def test_a_token_that_was_not_given_out_is_not_known(api, path, parts):
    "Whatever it holds, the answer names the argument"
    answer = api.get(path, pageToken=token_of(*parts))
    assert reason(answer) == (400, "invalidArgument", "wrongArgumentValue")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE"])
def test_a_method_that_is_not_served_is_said_in_the_vendors_form(api, method):
    "405 with what is served; a path that does not exist is 404 for every method"
    for path in ("/cameras", f"/cameras/{DOOR}", "/media/recordedImage.jpeg"):
        answer = api.session.request(method, f"{api.base}/api/v3.0{path}", timeout=10)
        assert reason(answer) == (405, "methodNotSupported", "methodNotSupported")
        assert "GET" in answer.headers["Allow"]
    answer = api.session.request(method, f"{api.base}/api/v3.0/nothing", timeout=10)
    assert reason(answer) == (404, "notFound", "endpointNotFound")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/nothing", (404, "notFound", "endpointNotFound")),
        ("/cameras/ffffffff", (404, "notFound", "resourceNotFound")),
        ("/media/liveImage.jpeg?deviceId=ffffffff&type=preview", (404, "notFound", "resourceNotFound")),
    ],
)
def test_what_does_not_exist_is_said_in_the_vendors_form(api, path, expected):
    "A path, a camera; without a token it is 401 whatever the path"
    assert reason(api.get(path)) == expected
    assert reason(Api(api.base, "wrong").get(path))[0] == 401


# Images


def test_an_image_walks_to_its_neighbours_by_token(api):
    "Back and forth is the same image; the newest has no next one"
    newest = api.get("/media/recordedImage.jpeg", deviceId=DOOR, type="preview", timestamp__lte=NOW)
    assert newest.headers["Content-Type"] == "image/jpeg" and "X-Een-NextToken" not in newest.headers
    before = api.get("/media/recordedImage.jpeg", pageToken=newest.headers["X-Een-PrevToken"])
    assert before.headers["X-Een-Timestamp"] < newest.headers["X-Een-Timestamp"]
    again = api.get("/media/recordedImage.jpeg", pageToken=before.headers["X-Een-NextToken"])
    assert again.content == newest.content


def test_the_operators_mean_what_they_say(api):
    "Before, at, and after an image's own time; the exact one and no other"

    def at(**time):
        return api.get("/media/recordedImage.jpeg", deviceId=DOOR, type="preview", **time)

    here = at(timestamp__lte=NOW).headers["X-Een-Timestamp"]
    assert at(timestamp=here).headers["X-Een-Timestamp"] == here
    assert at(timestamp__gte=here).headers["X-Een-Timestamp"] == here
    before = at(timestamp__lt=here).headers["X-Een-Timestamp"]
    assert before < here and at(timestamp__gt=before).headers["X-Een-Timestamp"] == here
    assert reason(at(timestamp=NOW)) == (404, "notFound", "resourceNotFound")


def test_answers_carry_the_worlds_time(api):
    "So a client can count from the server's now, on a clock that stands still in 2019"
    assert api.get("/users/self").headers["Date"] == "Fri, 12 Apr 2019 20:45:00 GMT"


def test_full_resolution_exists_of_the_door_and_is_limited(api):
    "1280 x 720, refused with 429 in quick succession, and 404 where nothing is recorded"
    params = {"type": "main", "timestamp__lte": NOW}
    answers = [api.get("/media/recordedImage.jpeg", deviceId=DOOR, **params) for _ in range(4)]
    assert answers[0].ok and len(answers[0].content) > 30_000
    assert reason(answers[-1]) == (429, "tooManyRequests", "tooManyRequests")
    other = api.get("/cameras", name="Lobby north").json()["results"][0]["id"]
    assert reason(api.get("/media/recordedImage.jpeg", deviceId=other, **params))[0] == 404


def test_during_an_outage_there_are_no_images(api):
    "The event says when it was; the image before it is older, and the interval list has a gap"
    data = {"sort": "+startTimestamp", "include": "data.een.deviceCloudStatusUpdate.v1"}
    found = api.get("/events", **EVENTS, **data).json()
    spans = [
        (e["startTimestamp"], e["endTimestamp"], e["data"][0]["newStatus"]["connectionStatus"])
        for e in found["results"]
    ]
    assert [span[2] for span in spans] == ["online", "deviceOffline", "online"] and spans[-1][1] is None
    start, end, _ = spans[1]
    frame = api.get("/media/recordedImage.jpeg", deviceId=DOOR, type="preview", timestamp__lte=end)
    assert frame.headers["X-Een-Timestamp"] < start
    media = api.get(
        "/media",
        deviceId=DOOR,
        type="preview",
        mediaType="image",
        startTimestamp__gte="2019-04-08T00:00:00+00:00",
    ).json()
    assert media["results"][0]["endTimestamp"] == start and "totalSize" not in media


def test_the_latest_event_is_the_first(api):
    "As the vendor's file says of a query without an order; events that have not ended are outside a bound of ends"
    found = api.get("/events", **EVENTS).json()["results"]
    times = [event["startTimestamp"] for event in found]
    assert len(times) == 3 and times == sorted(times, reverse=True)
    ended = {name: EVENTS[name] for name in EVENTS if name != "startTimestamp__lte"} | {
        "endTimestamp__lte": NOW
    }
    assert [event["startTimestamp"] for event in api.get("/events", **ended).json()["results"]] == times[1:]


def test_a_media_session_stands_for_the_bearer_where_a_browser_asks(api):
    "Its address gives a cookie to who has a bearer; the cookie opens images and nothing else, while the login lasts"
    pair = exchanged(api.base)
    url = Api(api.base, pair["access_token"]).get("/media/session").json()["url"]
    assert requests.get(url, timeout=10).status_code == 401
    given = requests.get(url, headers={"Authorization": f"Bearer {pair['access_token']}"}, timeout=10)
    assert given.status_code == 204 and "HttpOnly" in given.headers["Set-Cookie"]
    browser = requests.Session()
    browser.cookies.update(given.cookies)
    image = {"deviceId": DOOR, "type": "preview", "timestamp__lte": NOW}

    def asked(path):
        return browser.get(f"{api.base}/api/v3.0{path}", params=image, timeout=10).status_code

    assert asked("/media/recordedImage.jpeg") == 200 and asked("/cameras") == 401
    token(api.base, grant_type="refresh_token", refresh_token=pair["refresh_token"])
    assert asked("/media/recordedImage.jpeg") == 401


def test_a_fault_of_the_table_reaches_a_path_of_v3(demo, api):
    "Routes of v3 are path patterns like the others"
    fault = {"route": "/api/v3.0/cameras", "kind": "status", "params": {"status": 503}}
    url = demo.info["control"] + "/faults"
    assert requests.put(url, json=[fault], timeout=10).ok
    try:
        assert api.get("/cameras").status_code == 503 and api.get("/bridges").ok
    finally:
        requests.delete(url, timeout=10)


def test_the_request_log_holds_no_token_and_no_code(demo):
    "Paths are logged without their queries"
    base, code = demo.info["een_auth"], consented(demo.info["een_auth"])["code"][0]
    fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT_URI}
    pair = token(base, how="params", **fields).json()
    Api(base, pair["access_token"]).get("/users/self")
    log = requests.get(demo.info["control"] + "/requests", timeout=10).text
    assert "/oauth2/token" in log and "/api/v3.0/users/self" in log
    assert not [secret for secret in (code, pair["access_token"], pair["refresh_token"]) if secret in log]


def test_both_versions_know_the_same_outage(demo, api):
    "From within it, the frame before and the frame after are the same ones, and are outside it"
    outage = {
        "prev": ("timestamp__lt", "20190408183513.000"),
        "after": ("timestamp__gt", "20190408183513.000"),
    }
    with log_in(demo) as v1:
        for verb, (operator, stamp) in outage.items():
            image = {"id": DOOR, "timestamp": stamp, "asset_class": "pre"}
            old = v1.get(f"{demo.info['een']}/asset/{verb}/image.jpeg", params=image, timeout=10)
            at = {operator: "2019-04-08T18:35:13.000+00:00"}
            new = api.get("/media/recordedImage.jpeg", deviceId=DOOR, type="preview", **at)
            assert old.content == new.content
            taken = datetime.fromisoformat(new.headers["X-Een-Timestamp"])
            assert (
                old.headers["x-ee-timestamp"]
                == f"preview-{taken:%Y%m%d%H%M%S}.{taken.microsecond // 1000:03}"
            )
            assert (
                not datetime(2019, 4, 8, 18, 4, 9, tzinfo=UTC)
                < taken
                < datetime(2019, 4, 8, 19, 11, 40, tzinfo=UTC)
            )


def test_one_ordinary_swipe_is_in_the_doors_outage():
    "It is not of the story, and not among the rows that a reader sees first"
    door = next(device for device in account(DEFAULT_SEED) if device.id == DOOR)
    ((start, end),) = gaps(door.history)
    log = badge_log(DEFAULT_SEED)
    inside = [row for row in log if row.reader_id == DOOR_READER and start <= row.time <= end]
    assert len(inside) == 1 and log.index(inside[0]) >= 30
    assert (inside[0].time, inside[0].reader_id) not in [(event.time, event.reader_id) for event in STORY]


def test_each_history_has_no_gap_and_no_overlap():
    "From the account's first day up to now, and each span differs from the one before"
    for device in (device for device in account(DEFAULT_SEED) if device.type == "camera"):
        spans = device.history
        assert spans[0].start == BEGINNING and spans[-1].end is None
        assert all(one.end == two.start and one.status != two.status for one, two in pairwise(spans))
        assert all(span.end is None or span.start < span.end for span in spans)
