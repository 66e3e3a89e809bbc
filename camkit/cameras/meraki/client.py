"""A client of one Meraki organization: its cameras and their snapshots.

Sources: meraki/openapi (spec 3), CiscoDevNet/Meraki-Dashboard-API-v1-Documentation; redirects and retries
as in the vendor's own SDK (meraki/dashboard-api-python).
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from typing import Any
from urllib.parse import quote, urlsplit

import pandas as pd
from pydantic import SecretStr

from camkit.cameras import Lendable, Picture
from camkit.errors import (
    AccessDenied,
    BadResponse,
    DeadlineExceeded,
    InputError,
    LoginRefused,
    NoPicture,
    NotFound,
    ServiceError,
)
from camkit.http import (
    RETRY_STATUSES,
    Address,
    Credential,
    Limits,
    Masking,
    Meanings,
    Reply,
    TokenBucket,
    Transport,
    as_secret,
    http_date,
    raise_for_status,
    retry,
    secrets_stay_inside,
)
from camkit.support.jpeg import BadImage, check_jpeg
from camkit.support.timezones import aware

API_URL = "https://api.meraki.com/api/v1"
_DOMAINS = r"(meraki\.com|meraki\.ca|meraki\.cn|meraki\.in|gov-meraki\.com)"
API_HOSTS = re.compile(rf"(?:api|api-mp|n[0-9]+)\.{_DOMAINS}")
"""Where the key may go: the API, and the shard that it redirects an organization's requests to."""

IMAGE_HOSTS = re.compile(rf"(?:api|api-mp|spn[0-9]+)\.{_DOMAINS}")

MASKING = Masking(
    frozenset("timestamp perPage startingAfter endingBefore productTypes[] serial model fullframe".split()),
    secret_path=re.compile(r"(?<=/stream/jpeg/snapshot/)[^/]+"),  # enough to fetch a snapshot without a key
)

REQUESTS_PER_S = 10.0
"""The limit of an organization, for all its applications together (vendor's rate-limit page)."""

TOO_RECENT = "No video for specified timestamp"
"""The vendor's error for the two to three minutes in which its cloud does not have the video yet."""

TOO_RECENT_PAUSE_S = 30.0

PAGES = 1000
"""More pages than any organization fills: a service that sends more repeats itself."""

DEVICE_COLUMNS = tuple("serial name model productType networkId address lanIp mac firmware".split())

ERRORS, ERROR_LENGTH = 5, 200  # how many of the vendor's texts a message repeats, how many characters of each


_EXPIRED = (403, 410)
_ISO_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(?:Z|[+-][0-9]{2}:?[0-9]{2})?")
_NEVER_READY = "it never became ready"

_MEANINGS: Meanings = {
    401: (LoginRefused, "the API key was not accepted; check MERAKI_DASHBOARD_API_KEY"),
    403: (AccessDenied, "the API key does not have permission"),
}
_CAMERA: Meanings = {
    **_MEANINGS,
    404: (NotFound, "no such camera for this key; check the serial in the doors file"),
}


class Meraki(Lendable):
    """A client of one Meraki organization's cameras.

    Parameters
    ----------
    api_key : pydantic.SecretStr or str
        Sent as a bearer token to the API's hosts only, never to the host of an image.
    base_url : str
        The API of the organization's region.
    ready_s : float
        How long to wait for a snapshot to become ready before it is ordered again, seconds.
    poll_s : float
        Pause before asking again for an image that is not ready, seconds. Its host has no rate limit.
    patience_s : float
        How long to keep asking for a moment so recent that the cloud does not have the video yet, seconds.
        The vendor needs two to three minutes. By default that is reported at once.
    limits : Limits, optional
        Deadlines and caps.
    demo_origin : str, optional
        Only for the built-in demo site: its second address, which serves the images.

    Attributes
    ----------
    is_demo : bool
        Whether it is the built-in demo site, so that its pictures are drawn.
    at_vendor : bool
        Whether `base_url` is an address of the vendor's own.
    """

    vendor = "meraki"

    REQUESTS_PER_S = REQUESTS_PER_S

    @secrets_stay_inside
    def __init__(
        self,
        api_key: SecretStr | str,
        *,
        base_url: str = API_URL,
        ready_s: float = 30.0,
        poll_s: float = 0.2,
        patience_s: float = 0.0,
        limits: Limits | None = None,
        demo_origin: str | None = None,
    ) -> None:
        self.is_demo = demo_origin is not None
        self._credential = Credential({"Authorization": f"Bearer {as_secret(api_key).get_secret_value()}"})
        transport = partial(Transport, base_url=base_url, limits=limits, masking=MASKING)
        self._api = transport("Meraki", hosts=API_HOSTS, rate=TokenBucket(self.REQUESTS_PER_S))
        demo = (demo_origin,) if demo_origin else ()
        self._images = transport("Meraki's image host", hosts=IMAGE_HOSTS, also=demo)
        self.at_vendor = self._api.trust.is_vendors
        self._organizations: list[str] = []
        self._ready_s = ready_s
        self._poll_s = poll_s
        self._patience_s = patience_s

    @secrets_stay_inside
    def organizations(self) -> pd.DataFrame:
        """List the organizations the key can see: ``id``, ``name``, ``url`` (string), one row each."""
        found = _table(self._pages("/organizations", {}, "Listing the organizations"), ("id", "name", "url"))
        self._organizations = [f"{row.name} ({row.id})" for row in found.itertuples()]
        return found

    @property
    def account(self) -> dict[str, str]:
        """What is known of the account, without a request and without a secret, for a record of who was asked.

        ``host``; ``organizations`` with their ids, once they were listed.
        """
        known = {"host": self._api.host}
        return known | ({"organizations": ", ".join(self._organizations)} if self._organizations else {})

    @secrets_stay_inside
    def devices(self, organization_id: str | None = None, *, cameras_only: bool = True) -> pd.DataFrame:
        """List an organization's devices, page by page.

        Parameters
        ----------
        organization_id : str, optional
            By default the only organization the key can see.
        cameras_only : bool
            Leave out switches, access points and the like.

        Returns
        -------
        pandas.DataFrame
            One row per device: ``serial``, ``name``, ``model``, ``productType``, ``networkId``, ``address``,
            ``lanIp``, ``mac``, ``firmware`` (string, missing where the vendor gives none).

        Raises
        ------
        NotFound
            If the key sees no organization, or several and `organization_id` is not given.
        """
        organization = organization_id or self._only_organization()
        params = {"productTypes[]": ["camera"]} if cameras_only else {}
        path = f"/organizations/{quote(organization, safe='')}/devices"
        rows = self._pages(path, params, "Listing the Meraki devices")
        if cameras_only:  # a service may not know the filter; a row that does not tell its type has passed it
            rows = [row for row in rows if row.get("productType") in (None, "camera")]
        return _table(rows, DEVICE_COLUMNS)

    @secrets_stay_inside
    def snapshot(self, camera_id: str, at: datetime | None = None, *, fullframe: bool = False) -> Picture:
        """Order a snapshot, wait until it is ready, fetch and check it.

        Parameters
        ----------
        camera_id : str
            The camera's serial, ``Qxxx-xxxx-xxxx``.
        at : datetime.datetime, optional
            UTC-aware; by default now.
        fullframe : bool
            The sensor's full resolution; the vendor offers it only without `at`.

        Returns
        -------
        Picture
            Its ``captured_at`` is None: the vendor does not say which moment the image shows.

        Raises
        ------
        TimestampError
            If `at` has no zone.
        NoPicture
            If the camera has none for that moment: offline, too recent, too old.
        NotFound
            If the camera does not exist, or the key does not see it.
        DeadlineExceeded
            If it was not ready in time, twice.
        RateLimited, ServiceError
            If the image's host asks to wait longer than `ready_s`.

        Notes
        -----
        The key is not sent to the image's host: the address itself is the secret, and it is not kept.
        """
        requested_at = datetime.now(UTC) if at is None else aware(at)

        def make() -> tuple[Reply, Reply | str]:
            made = self._order(camera_id, at, fullframe)
            return made, self._await_image(_link(made), camera_id, _life_s(made))

        made, image = retry(
            make,  # an image that expired or never became ready is ordered once more
            lambda result, _: 0.0 if isinstance(result, tuple) and isinstance(result[1], str) else None,
            attempts=2,
        )
        if isinstance(image, str):
            raise DeadlineExceeded(
                f"Meraki made a snapshot of camera {camera_id}, and twice it could not be fetched: {image}.",
                url=made.url,
            )
        made = replace(made, content=b"")  # it held the image's address
        digest = sha256(image.content).hexdigest()
        replies = (made, image)
        return Picture(
            self.vendor, camera_id, image.content, digest, requested_at, None, replies, is_demo=self.is_demo
        )

    @secrets_stay_inside
    def video_link(self, camera_id: str, at: datetime | None = None) -> str:
        """Return the address of the dashboard's player at a moment, for someone with a dashboard login.

        Raises
        ------
        TimestampError
            If `at` has no zone.
        NotFound
            If the camera does not exist, or the key does not see it.
        """
        params = {"timestamp": _iso_time(at)} if at else {}
        reply = self._call("GET", _camera_path(camera_id, "videoLink"), params=params, check=_link)
        raise_for_status(reply, f"Getting the video link of camera {camera_id}", _CAMERA)
        return str(_link(reply))

    def share_rate(self, rate: TokenBucket, parts: int) -> None:
        """Wait for a turn there before each request to the API; images have no rate."""
        self._api.share_rate(rate)

    def close(self) -> None:
        """Close this thread's idle connections."""
        self._api.close()
        self._images.close()

    def _order(self, camera_id: str, at: datetime | None, fullframe: bool) -> Reply:
        """Order a snapshot; again, within `patience_s`, while the cloud has no video of that moment yet."""
        path = _camera_path(camera_id, "generateSnapshot")
        body: dict[str, Any] = {"fullframe": True} if fullframe else {}
        if at is not None:
            body["timestamp"] = _iso_time(at)
        made = retry(
            lambda: self._call("POST", path, json=body, check=_link),
            lambda made, _: TOO_RECENT_PAUSE_S if isinstance(made, Reply) and _too_recent(made) else None,
            deadline_s=self._patience_s,
        )
        if made.status == 400:
            moment = f" at {aware(at):%Y-%m-%d %H:%M:%S} UTC" if at else ""
            said = "; ".join(_errors(made)) or made.said or "the vendor gave no reason"
            hint = " (the cloud may not have it yet: ask again in three minutes)" if _too_recent(made) else ""
            message = f"Camera {camera_id} gives no picture{moment}: {said}{hint}."
            raise NoPicture(message, url=made.url, status=400, said=said)
        raise_for_status(made, f"Asking camera {camera_id} for a snapshot", _CAMERA)
        return made

    def _await_image(self, url: Address, camera_id: str, life_s: float) -> Reply | str:
        """Ask for the image until it is ready and complete; what is wrong with it if that takes too long.

        Some stores say 403 or 410 of what is not there yet, so "expired" is believed only when the address is that old.
        """
        began = time.monotonic()
        ends = began + self._ready_s
        problem = _NEVER_READY

        def look() -> Reply:
            left_s = max(0.001, ends - time.monotonic())
            return self._images.request("GET", url, limits=replace(self._images.limits, deadline_s=left_s))

        def pause_s(image: Reply | ServiceError, _number: int) -> float | None:
            nonlocal problem
            if isinstance(image, ServiceError):
                return None
            problem = _problem_of(image)
            if not problem or (image.status in _EXPIRED and time.monotonic() - began >= life_s):
                return None
            if image.status in _EXPIRED:
                problem = _NEVER_READY
            asked_s = (image.retry_after_s or 0.0) if image.status in RETRY_STATUSES else 0.0
            if asked_s > max(0.0, ends - time.monotonic()):
                raise_for_status(image, f"Fetching the snapshot of camera {camera_id}")
            return max(self._poll_s, asked_s)

        try:
            image = retry(look, pause_s, deadline_s=self._ready_s)
        except DeadlineExceeded:
            return problem
        return problem or image

    def _only_organization(self) -> str:
        found = self.organizations()
        if len(found) != 1:
            listed = ", ".join(f"{row.id} ({row.name})" for row in found.itertuples()) or "none"
            message = f"Give the organization_id of one of the organizations that the key is for: {listed}."
            raise NotFound(message, url=self._api.base_url)
        return str(found["id"].iloc[0])

    def _pages(self, path: str, params: Mapping[str, Any], doing: str) -> list[dict[str, Any]]:
        """The rows of all pages, following the ``next`` links."""
        rows: list[dict[str, Any]] = []
        url, seen = path, set[str]()
        for _ in range(PAGES):
            reply = self._call("GET", url, params=params, check=_rows)
            raise_for_status(reply, doing, _MEANINGS)
            rows += _rows(reply)
            following = reply.linked("next")
            if following is None:
                return rows
            here, there = urlsplit(reply.url), urlsplit(following)
            is_other = here.netloc == there.netloc and here.path.rstrip("/") != there.path.rstrip("/")
            if is_other or following in seen:
                raise reply.bad("names a next page that is of another list, or was there before")
            seen.add(following)
            url, params = following, {}
        raise reply.bad(f"has more than {PAGES} pages; camkit stopped there")

    def _call(self, method: str, url: str, *, check: Callable[[Reply], object], **options: Any) -> Reply:
        """One API call; repeating any of those used here does no harm. An answer that `check` refuses is repeated."""

        def check_place(reply: Reply) -> None:
            reply.require_not_moved()  # to another camera's picture, for one
            check(reply)

        return self._api.request(
            method, url, credential=self._credential, idempotent=True, check=check_place, **options
        )


def _life_s(made: Reply) -> float:
    """How long the address in an answer holds by the server's own clock, seconds; infinite where that is not said.

    ``expiry`` is an English sentence with a time in it, or the time alone.
    """
    body = made.json()
    found = _ISO_TIME.search(str(body.get("expiry"))) if isinstance(body, dict) else None
    date = http_date(made.server_date or "")
    with suppress(ValueError):
        if found and date:
            until = datetime.fromisoformat(found[0])
            left_s = (until.replace(tzinfo=until.tzinfo or UTC) - date).total_seconds()
            return left_s if left_s > 0 else math.inf  # another clock
    return math.inf


def _problem_of(image: Reply) -> str:
    """Why an answer of the image's host is not the image, as a clause; empty if it is."""
    if image.status in _EXPIRED:
        return "its address had expired"
    if image.status != 200:
        return _NEVER_READY
    try:
        check_jpeg(image.content, image.content_type)
    except BadImage as error:
        return str(error)
    return ""


def _too_recent(made: Reply) -> bool:
    return made.status == 400 and TOO_RECENT in _errors(made)


def _errors(reply: Reply) -> list[str]:
    """The first texts of the vendor's ``errors`` array, if there is one, each as one short line."""
    try:
        found = reply.json()
    except BadResponse:
        return []
    errors = found.get("errors") if isinstance(found, dict) else None
    texts = [text for text in errors if isinstance(text, str)] if isinstance(errors, list) else []
    return [line for text in texts[:ERRORS] if (line := _line(text))]


def _line(text: str) -> str:
    """A text without line breaks and control characters, shortened."""
    seen = (letter for letter in text[: 5 * ERROR_LENGTH] if letter.isprintable() or letter.isspace())
    return " ".join("".join(seen).split())[:ERROR_LENGTH]


def _link(reply: Reply) -> Address:
    """The address that an answer holds."""
    found = reply.json()
    url = found.get("url") if isinstance(found, dict) else None
    if not isinstance(url, str) or not url.startswith(("https://", "http://")):
        raise reply.bad("did not send an address")
    return Address(url)


def _rows(reply: Reply) -> list[dict[str, Any]]:
    """The objects in the list that an answer holds."""
    found = reply.json()
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise reply.bad("did not send a list of objects")
    return found


def _camera_path(camera_id: str, call: str) -> str:
    if not isinstance(camera_id, str):  # of a row of `devices` that the vendor gave no serial
        raise InputError(f"{camera_id!r} is not the serial of a camera.")
    return f"/devices/{quote(camera_id, safe='')}/camera/{call}"


def _iso_time(at: datetime) -> str:
    """A time as the vendor writes it, to the second."""
    return f"{aware(at):%Y-%m-%dT%H:%M:%SZ}"


def _table(rows: list[dict[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    """Some of the vendor's fields as a table of text."""
    return pd.DataFrame(rows, columns=[*columns]).astype("string")
