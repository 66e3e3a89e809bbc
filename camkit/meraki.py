"""Cisco Meraki, Dashboard API v1: the cameras of an organization and their snapshots.

Sources: meraki/openapi (spec 3), CiscoDevNet/Meraki-Dashboard-API-v1-Documentation; redirects and retries
as the vendor's own SDK treats them (meraki/dashboard-api-python).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import gevent
import pandas as pd
from pydantic import SecretStr
from requests.utils import parse_header_links

from camkit.errors import BadResponse, DeadlineExceeded, NoPicture, NotFound, TimestampError
from camkit.http import Limits, Reply, Transport, raise_for_status
from camkit.images import BadImage, check_jpeg
from camkit.ratelimit import TokenBucket
from camkit.secret import Credential
from camkit.snapshots import Picture

API_URL = "https://api.meraki.com/api/v1"
DOMAINS = ("meraki.com", "meraki.ca", "meraki.cn", "meraki.in", "gov-meraki.com")

REQUESTS_PER_S = 10.0
"""What an organization may ask, shared by all its applications (vendor's rate-limit page)."""


class Meraki:
    """A client of one Meraki organization's cameras.

    Parameters
    ----------
    api_key : pydantic.SecretStr
        Sent as a bearer token to the API's hosts only, never to the host of an image.
    base_url : str
        The API of the organization's region.
    ready_s : float
        How long to wait for a snapshot to become ready before asking for it anew, seconds.
    poll_s : float
        First pause between two looks, seconds; it grows to one second.
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
        poll_s: float = 0.1,
        limits: Limits | None = None,
    ) -> None:
        self._credential = Credential({"Authorization": f"Bearer {api_key.get_secret_value()}"})
        self._transport = Transport("Meraki", base_url, domains=DOMAINS, limits=limits)
        self._bucket = TokenBucket(REQUESTS_PER_S)
        self._ready_s = ready_s
        self._poll_s = poll_s

    def organizations(self) -> pd.DataFrame:
        """List the organizations the key can see: ``id``, ``name``, ``url`` (string), one row each."""
        return _table(self._pages("/organizations", {}, "Listing the organizations"), ("id", "name", "url"))

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
            If the key sees no organization, or several and none is named.
        """
        organization = organization_id or self._only_organization()
        params = {"productTypes[]": ["camera"]} if cameras_only else {}
        path = f"/organizations/{quote(organization, safe='')}/devices"
        return _table(self._pages(path, params, "Listing the Meraki devices"), _DEVICE_COLUMNS)

    def snapshot(self, camera_id: str, at: datetime | None = None, *, fullframe: bool = False) -> Picture:
        """Have a snapshot made, wait until it is ready, fetch and check it.

        Parameters
        ----------
        camera_id : str
            The camera's serial, ``Qxxx-xxxx-xxxx``.
        at : datetime.datetime, optional
            UTC-aware; by default now.
        fullframe : bool
            The sensor's full resolution; the vendor has it for now only.

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
            If there is no such camera, or the key does not see it.
        DeadlineExceeded
            If it was not ready in time, twice.

        Notes
        -----
        The image's host gets no key: the address itself is the secret, and it is not kept.
        """
        if at is not None and at.tzinfo is None:
            raise TimestampError(
                f"The time {at} has no zone; give an aware one, such as datetime(..., tzinfo=UTC)."
            )
        body: dict[str, Any] = {"fullframe": True} if fullframe else {}
        if at is not None:
            body["timestamp"] = at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        asked_at = datetime.now(UTC)
        reason = ""
        for _ in range(2):  # an image that expired or never became ready is asked for once more
            made = self._call(
                "POST", f"/devices/{quote(camera_id, safe='')}/camera/generateSnapshot", json=body
            )
            self._refuse(made, camera_id, at)
            try:
                image = self._await_image(_link(made))
            except _NotReady as error:
                reason = str(error)
                continue
            return Picture.from_reply(
                self.vendor, camera_id, made, image, requested_at=at or asked_at, captured_at=None
            )
        raise DeadlineExceeded(
            f"Meraki made a snapshot of camera {camera_id}, and twice it could not be fetched: {reason}.",
            url=made.url,
        )

    def video_link(self, camera_id: str, at: datetime | None = None) -> str:
        """Return the address of the dashboard's player at a moment, for someone with a dashboard login."""
        params = {"timestamp": at.astimezone(UTC).isoformat()} if at else {}
        reply = self._call("GET", f"/devices/{quote(camera_id, safe='')}/camera/videoLink", params=params)
        raise_for_status(reply, f"Getting the video link of camera {camera_id}")
        return _link(reply)

    def close(self) -> None:
        """Close this thread's idle connections."""
        self._transport.close()

    def _await_image(self, url: str) -> Reply:
        """Look until the image is there and whole."""
        ends, pause = time.monotonic() + self._ready_s, self._poll_s
        problem = "it never became ready"
        while (left_s := ends - time.monotonic()) > 0:
            image = self._transport.request("GET", url, deadline_s=left_s)
            if image.status == 200:
                try:
                    check_jpeg(image.content, image.headers.get("Content-Type", ""))
                    return image
                except BadImage as error:
                    problem = str(error)
            elif image.status in (403, 410):
                raise _NotReady("its address had expired")
            gevent.sleep(min(pause, left_s))
            pause = min(1.0, pause * 1.3)
        raise _NotReady(problem)

    def _refuse(self, made: Reply, camera_id: str, at: datetime | None) -> None:
        if made.status == 400:
            moment = f" at {at:%Y-%m-%d %H:%M:%S} UTC" if at else ""
            said = "; ".join(_errors(made)) or made.text
            raise NoPicture(f"Camera {camera_id} gives no picture{moment}: {said}", url=made.url, status=400)
        if made.status == 404:
            raise NotFound(
                f"Meraki knows no camera {camera_id} for this key; check the serial in the doors file.",
                url=made.url,
                status=404,
            )
        raise_for_status(made, f"Asking camera {camera_id} for a snapshot", _MEANINGS)

    def _only_organization(self) -> str:
        found = self.organizations()
        if len(found) != 1:
            listed = ", ".join(f"{row.id} ({row.name})" for row in found.itertuples()) or "none"
            raise NotFound(f"Say which organization: the key sees {listed}.", url=self._transport.base_url)
        return str(found["id"].iloc[0])

    def _pages(self, path: str, params: Mapping[str, Any], doing: str) -> list[dict[str, Any]]:
        """Follow the ``next`` links until there is none."""
        rows: list[dict[str, Any]] = []
        url: str | None = path
        while url is not None:
            reply = self._call("GET", url, params=params, check=Reply.json)
            raise_for_status(reply, doing, _MEANINGS)
            page = reply.json()
            if not isinstance(page, list):
                raise BadResponse(f"{reply.url} sent no list.", url=reply.url, status=reply.status)
            rows += [row for row in page if isinstance(row, dict)]
            links = parse_header_links(reply.headers.get("Link", ""))
            url = next((link["url"] for link in links if link.get("rel") == "next"), None)
            params = {}
        return rows

    def _call(self, method: str, url: str, **options: Any) -> Reply:
        """One API call within the organization's rate; all of them are harmless to repeat."""
        self._bucket.take()
        return self._transport.request(method, url, credential=self._credential, idempotent=True, **options)


class _NotReady(Exception):
    """The image did not come; the message says why, as a clause."""


_DEVICE_COLUMNS = (
    "serial",
    "name",
    "model",
    "productType",
    "networkId",
    "address",
    "lanIp",
    "mac",
    "firmware",
)

_MEANINGS = {
    401: "the API key was not accepted; check MERAKI_DASHBOARD_API_KEY",
    403: "the API key has not the privilege for it",
}


def _errors(reply: Reply) -> list[str]:
    """The texts of the vendor's ``errors`` array, as far as there is one."""
    try:
        found = reply.json()
    except BadResponse:
        return []
    errors = found.get("errors") if isinstance(found, dict) else None
    return [str(text)[:200] for text in errors] if isinstance(errors, list) else []


def _link(reply: Reply) -> str:
    found = reply.json()
    url = found.get("url") if isinstance(found, dict) else None
    if not isinstance(url, str) or not url.startswith(("https://", "http://")):
        raise BadResponse(f"{reply.url} sent no address.", url=reply.url, status=reply.status)
    return url


def _table(rows: list[dict[str, Any]], columns: Any) -> pd.DataFrame:
    table = pd.DataFrame(rows)
    return table.reindex(columns=[*columns]).astype("string")
