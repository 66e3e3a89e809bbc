"""A client of one Meraki organization: its cameras and their snapshots.

Sources: meraki/openapi (spec 3), CiscoDevNet/Meraki-Dashboard-API-v1-Documentation; redirects and retries
as in the vendor's own SDK (meraki/dashboard-api-python).
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import quote

import pandas as pd
from pydantic import SecretStr
from requests.utils import parse_header_links

from camkit.cameras.meraki.formats import (
    DEVICE_COLUMNS,
    camera_path,
    errors_of,
    iso_time,
    link_of,
    rows_of,
    table_of,
)
from camkit.cameras.source import Picture, aware
from camkit.errors import AccessDenied, DeadlineExceeded, LoginRefused, NoPicture, NotFound, ServiceError
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
    raise_for_status,
    retry,
)
from camkit.support.jpeg import BadImage, check_jpeg

API_URL = "https://api.meraki.com/api/v1"
DOMAINS = ("meraki.com", "meraki.ca", "meraki.cn", "meraki.in", "gov-meraki.com")

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


class Meraki:
    """A client of one Meraki organization's cameras.

    Parameters
    ----------
    api_key : pydantic.SecretStr
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
    """

    vendor = "meraki"

    def __init__(
        self,
        api_key: SecretStr,
        *,
        base_url: str = API_URL,
        ready_s: float = 30.0,
        poll_s: float = 0.2,
        patience_s: float = 0.0,
        limits: Limits | None = None,
    ) -> None:
        self._credential = Credential({"Authorization": f"Bearer {api_key.get_secret_value()}"})
        transport = partial(Transport, base_url=base_url, domains=DOMAINS, limits=limits, masking=MASKING)
        self._api = transport("Meraki", rate=TokenBucket(REQUESTS_PER_S))
        self._images = transport("Meraki's image host")
        self._ready_s = ready_s
        self._poll_s = poll_s
        self._patience_s = patience_s

    def organizations(self) -> pd.DataFrame:
        """List the organizations the key can see: ``id``, ``name``, ``url`` (string), one row each."""
        return table_of(self._pages("/organizations", {}, "Listing the organizations"), ("id", "name", "url"))

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
        return table_of(self._pages(path, params, "Listing the Meraki devices"), DEVICE_COLUMNS)

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
        body: dict[str, Any] = {"fullframe": True} if fullframe else {}
        if at is not None:
            at = aware(at)
            body["timestamp"] = iso_time(at)
        asked_at = datetime.now(UTC)

        def make() -> tuple[Reply, Reply | str]:
            made = self._order(camera_id, body)
            self._refuse(made, camera_id, at)
            return made, self._await_image(link_of(made), camera_id)

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
        return Picture.from_reply(
            self.vendor, camera_id, made, image, requested_at=at or asked_at, captured_at=None
        )

    def video_link(self, camera_id: str, at: datetime | None = None) -> str:
        """Return the address of the dashboard's player at a moment, for someone with a dashboard login.

        Raises
        ------
        TimestampError
            If `at` has no zone.
        NotFound
            If the camera does not exist, or the key does not see it.
        """
        params = {"timestamp": iso_time(at)} if at else {}
        reply = self._call("GET", camera_path(camera_id, "videoLink"), params=params, check=link_of)
        raise_for_status(reply, f"Getting the video link of camera {camera_id}", _CAMERA)
        return str(link_of(reply))

    def close(self) -> None:
        """Close this thread's idle connections."""
        self._api.close()
        self._images.close()

    def _order(self, camera_id: str, body: Mapping[str, Any]) -> Reply:
        """Order a snapshot; again, within `patience_s`, while the cloud has no video of that moment yet."""
        path = camera_path(camera_id, "generateSnapshot")
        return retry(
            lambda: self._call("POST", path, json=body, check=link_of),
            lambda made, _: TOO_RECENT_PAUSE_S if isinstance(made, Reply) and _too_recent(made) else None,
            deadline_s=self._patience_s,
        )

    def _await_image(self, url: Address, camera_id: str) -> Reply | str:
        """Ask for the image until it is ready and complete; what is wrong with it if that takes too long."""
        ends = time.monotonic() + self._ready_s
        problem = _NEVER_READY

        def look() -> Reply:
            left_s = max(0.001, ends - time.monotonic())
            return self._images.request("GET", url, limits=replace(self._images.limits, deadline_s=left_s))

        def pause_s(image: Reply | ServiceError, _number: int) -> float | None:
            nonlocal problem
            if isinstance(image, ServiceError):
                return None
            problem = _problem_of(image)
            if not problem or image.status in _EXPIRED:
                return None
            asked_s = (image.retry_after_s or 0.0) if image.status in RETRY_STATUSES else 0.0
            if asked_s > max(0.0, ends - time.monotonic()):
                raise_for_status(image, f"Fetching the snapshot of camera {camera_id}")
            return max(self._poll_s, asked_s)

        try:
            image = retry(look, pause_s, deadline_s=self._ready_s)
        except DeadlineExceeded:
            return problem
        return problem or image

    def _refuse(self, made: Reply, camera_id: str, at: datetime | None) -> None:
        if made.status == 400:
            moment = f" at {at:%Y-%m-%d %H:%M:%S} UTC" if at else ""
            said = "; ".join(errors_of(made)) or made.said or "the vendor gave no reason"
            hint = " (the cloud may not have it yet: ask again in three minutes)" if _too_recent(made) else ""
            raise NoPicture(
                f"Camera {camera_id} gives no picture{moment}: {said}{hint}.",
                url=made.url,
                status=400,
                said=said,
            )
        raise_for_status(made, f"Asking camera {camera_id} for a snapshot", _CAMERA)

    def _only_organization(self) -> str:
        found = self.organizations()
        if len(found) != 1:
            listed = ", ".join(f"{row.id} ({row.name})" for row in found.itertuples()) or "none"
            raise NotFound(
                f"Give an organization_id: the key sees these organizations: {listed}.",
                url=self._api.base_url,
            )
        return str(found["id"].iloc[0])

    def _pages(self, path: str, params: Mapping[str, Any], doing: str) -> list[dict[str, Any]]:
        """The rows of all pages, following the ``next`` links."""
        rows: list[dict[str, Any]] = []
        url = path
        for _ in range(PAGES):
            reply = self._call("GET", url, params=params, check=rows_of)
            raise_for_status(reply, doing, _MEANINGS)
            rows += rows_of(reply)
            links = parse_header_links(reply.headers.get("Link", ""))
            following = next((link["url"] for link in links if link.get("rel") == "next"), None)
            if following is None:
                return rows
            url, params = following, {}
        raise reply.bad(f"has more than {PAGES} pages; camkit stopped there")

    def _call(self, method: str, url: str, **options: Any) -> Reply:
        """One API call; repeating any of those used here does no harm."""
        return self._api.request(method, url, credential=self._credential, idempotent=True, **options)


_EXPIRED = (403, 410)
_NEVER_READY = "it never became ready"


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
    return made.status == 400 and TOO_RECENT in errors_of(made)


_MEANINGS: Meanings = {
    401: (LoginRefused, "the API key was not accepted; check MERAKI_DASHBOARD_API_KEY"),
    403: (AccessDenied, "the API key does not have permission"),
}
_CAMERA: Meanings = {
    **_MEANINGS,
    404: (NotFound, "no such camera for this key; check the serial in the doors file"),
}
