"""One object for all services of a site: the cameras of both vendors, and the directory."""

from __future__ import annotations

import os
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

import requests
from pydantic import SecretStr

from camkit.cameras import SnapshotSource
from camkit.cameras.een import (
    AUTH_URL,
    LOGIN_URL,
    REDIRECT_URI,
    EagleEye,
    EagleEyeV1,
    EagleEyeV3,
    TokensInMemory,
)
from camkit.cameras.meraki import API_URL, Meraki
from camkit.demo.launch import DemoProcess
from camkit.directory import SheetDirectory, WebDirectory, load_directory
from camkit.errors import InputError, SettingsError
from camkit.http import NotPickled, secrets_stay_inside
from camkit.settings import Settings, load_settings

__all__ = ["Site", "connect", "demo_site"]

T = TypeVar("T")

_DEMO = "this is the built-in demo site: invented people, drawn pictures."
DEMO_NOTICE = f"No camera credentials are set, so {_DEMO}"
CHOSEN_NOTICE = f"CAMKIT_DEMO is set, so {_DEMO} The camera credentials that are set are not used."
V3_NOTICE = (
    "Its Eagle Eye cameras are used by API v3. The demo site allows the access by itself; your own account asks you in "
    "a browser."
)


class Site(NotPickled):
    """The services of one site; a context manager that closes them.

    Attributes
    ----------
    is_demo : bool
        Whether it is the built-in demo site.
    directory : WebDirectory, SheetDirectory or None
        The directory of cardholders; None if it is not configured.
    doors_file : pathlib.Path or None
        The doors file that ``CAMKIT_DOORS`` names; None if it is not set, and on the demo site.
    """

    def __init__(
        self,
        *,
        meraki: Meraki | None = None,
        een: EagleEye | None = None,
        directory: WebDirectory | SheetDirectory | None = None,
        doors_file: Path | None = None,
        demo: DemoProcess | None = None,
    ) -> None:
        self._meraki = meraki
        self._een = een
        self.directory = directory
        self.doors_file = doors_file
        self.is_demo = any(client.is_demo for client in (meraki, een) if client)
        # Runs when the site is closed or collected, or when the interpreter ends, whichever is first.
        self._end_demo = weakref.finalize(self, demo.stop) if demo is not None else lambda: None

    @property
    def meraki(self) -> Meraki:
        """The Meraki organization; `SettingsError` if none is configured."""
        return _configured(self._meraki, "Meraki", "MERAKI_DASHBOARD_API_KEY")

    @property
    def een(self) -> EagleEye:
        """The Eagle Eye account; `SettingsError` if none is configured."""
        variables = "EEN_CLIENT_ID and EEN_CLIENT_SECRET (API v3), or EEN_USERNAME and EEN_PASSWORD (v1),"
        return _configured(self._een, "Eagle Eye", variables)

    @property
    def sources(self) -> dict[str, SnapshotSource]:
        """The configured cameras by vendor, for `camkit.snapshots_for`."""
        found: list[SnapshotSource | None] = [self._meraki, self._een]
        return {source.vendor: source for source in found if source is not None}

    @property
    def services(self) -> dict[str, dict[str, str]]:
        """Which services and accounts it uses, to be recorded in a case: no secret is in it, and no request is made.

        By name of the service, ``meraki``, ``een`` and ``directory``, those that are configured, each with its
        ``host`` (a list of people with its ``file`` and ``sha256``), and with what is known of the account: ``user``
        and, after a login, ``account_id`` (Eagle Eye); ``organizations``, once they were listed (Meraki). Nothing but
        text is in it, so it can be written as JSON.
        """
        cameras = {client.vendor: client.account for client in (self._meraki, self._een) if client}
        return cameras | ({"directory": self.directory.account} if self.directory else {})

    def close(self) -> None:
        """Close the connections; end the demo site if this is one."""
        for service in (self._meraki, self._een, self.directory):
            if service is not None:
                service.close()
        self._end_demo()

    def __enter__(self) -> Site:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        if self.is_demo:
            return "the built-in demo site"
        parts = [*self.sources, *(["directory"] if self.directory else [])]
        return f"a site with {', '.join(parts)}"


@secrets_stay_inside
def connect(
    settings: Settings | None = None,
    *,
    directory: str | Path | None = None,
    een_api: Literal["v1", "v3"] | None = None,
) -> Site:
    """Connect to the configured services, or start the demo site if no cameras are configured.

    Parameters
    ----------
    settings : Settings, optional
        By default read from the environment and from ``.env``: ``MERAKI_DASHBOARD_API_KEY``; ``EEN_CLIENT_ID``,
        ``EEN_CLIENT_SECRET`` and perhaps ``EEN_REDIRECT_URI`` (API v3), or ``EEN_USERNAME``,
        ``EEN_PASSWORD`` and, where the account has one, ``EEN_API_KEY`` (API v1); ``CAMKIT_DIRECTORY_URL`` (with
        ``{user_id}``) or ``CAMKIT_DIRECTORY`` (a list of people, with a folder ``photos`` beside it: `load_directory`);
        ``CAMKIT_DOORS``. ``MERAKI_BASE_URL`` and ``EEN_BASE_URL`` choose another region or host;
        ``CAMKIT_DEMO=1`` starts the demo site in any case, ``CAMKIT_DEMO=v3`` for use by API v3. Where the file has to
        be: `load_settings`.
    directory : str or pathlib.Path, optional
        A list of people, as for `load_directory`: instead of the configured one, also on the demo site.
    een_api : {"v1", "v3"}, optional
        By which API the demo site's Eagle Eye cameras are used; ``CAMKIT_DEMO`` and then v1 if it is not given. An
        account of your own is used by the API that its credentials are for.

    Returns
    -------
    Site
        Each client logs in when it is first used.

    Raises
    ------
    SettingsError
        If a set of credentials is incomplete or an address is malformed.
    InputError
        If the list of people cannot be used, or `een_api` is not the name of an API.
    DemoSiteError
        If the demo site does not start.

    Notes
    -----
    Demo and real services are never mixed: with credentials for one vendor only, the other vendor is
    missing and is not replaced by the demo.
    """
    _require_api(een_api)
    settings = settings or load_settings()
    people = _directory(settings, directory)
    if settings.demo or not settings.has_cameras:
        print(CHOSEN_NOTICE if settings.has_cameras else DEMO_NOTICE)
        api = een_api or ("v3" if settings.demo == "v3" else "v1")
        if api == "v3":
            print(V3_NOTICE)
        demo = DemoProcess()
        return demo_site(demo.info, demo, people, een_api=api)
    een = _eagle_eye(settings)
    meraki = None
    if settings.meraki_key:
        meraki = Meraki(settings.meraki_key, base_url=settings.meraki_base_url or API_URL)
    site = Site(meraki=meraki, een=een, directory=people, doors_file=settings.doors_file)
    for client, variable in ((meraki, "MERAKI_BASE_URL"), (een, "EEN_BASE_URL")):
        if client is not None and not client.at_vendor:
            host = client.account["host"]
            print(
                f"{variable} is set: the secrets go to {host}, which is not an address of the vendor's own."
            )
    print(f"Using {site!r}.")
    return site


def demo_site(
    info: Mapping[str, Any],
    demo: DemoProcess | None = None,
    directory: WebDirectory | SheetDirectory | None = None,
    *,
    een_api: str = "v1",
) -> Site:
    """Return the site that a demo server describes in its first line.

    Parameters
    ----------
    info : mapping
        `DemoProcess.info`.
    demo : DemoProcess, optional
        The process to end when the site is closed.
    directory : WebDirectory or SheetDirectory, optional
        Instead of the demo site's own.
    een_api : {"v1", "v3"}
        By which API its Eagle Eye cameras are used. For v3 the demo site allows the access by itself, and the login
        is not kept.
    """
    _require_api(een_api)
    een: EagleEye
    if een_api == "v3":
        een = EagleEyeV3(
            info["een_client_id"],
            SecretStr(info["een_client_secret"]),
            info["een_redirect_uri"],
            auth_url=info["een_auth"],
            consent=_demo_consent,
            store=TokensInMemory(),
            demo_origin=info["media"],
        )
    else:
        password = SecretStr(info["een_password"])
        een = EagleEyeV1(info["een_username"], password, base_url=info["een"], demo_origin=info["media"])
    return Site(
        meraki=Meraki(SecretStr(info["meraki_key"]), base_url=info["meraki"], demo_origin=info["media"]),
        een=een,
        directory=directory or WebDirectory(info["directory"]),
        demo=demo,
    )


def _require_api(name: str | None) -> None:
    """Raise `InputError` if it is not the name of an API; None leaves the choice to others."""
    if name not in (None, "v1", "v3"):
        raise InputError(f"een_api is {name!r}, and Eagle Eye's APIs are 'v1' and 'v3'. Write one of these.")


def _demo_consent(address: str) -> str:
    """Press "Allow" on the demo site's page: the address to which it then sends the browser."""
    with requests.Session() as browser:
        browser.trust_env = False  # a proxy's loopback is another machine's
        browser.verify = os.environ.get("REQUESTS_CA_BUNDLE") or True
        answer = browser.post(address, data={"decision": "allow"}, allow_redirects=False, timeout=30)
    return answer.headers["Location"]


def _eagle_eye(settings: Settings) -> EagleEye | None:
    """The client of the Eagle Eye account for which there are credentials."""
    if settings.een_client_id and settings.een_client_secret:
        return EagleEyeV3(
            settings.een_client_id,
            settings.een_client_secret,
            settings.een_redirect_uri or REDIRECT_URI,
            auth_url=settings.een_base_url or AUTH_URL,
        )
    if settings.een_username and settings.een_password:
        return EagleEyeV1(
            settings.een_username,
            settings.een_password,
            settings.een_api_key,
            base_url=settings.een_base_url or LOGIN_URL,
        )
    return None


def _directory(settings: Settings, people: str | Path | None) -> WebDirectory | SheetDirectory | None:
    """Return the directory: the list of people that is wanted, else what is configured."""
    is_demo = settings.demo or not settings.has_cameras
    if file := people or (None if is_demo else settings.directory_file):
        listed = load_directory(file)
        print(f"Names and photos come from {listed.path.name}.")
        return listed
    if settings.directory_url and not is_demo:
        found = WebDirectory(settings.directory_url)
        print(f"Names and photos come from {found.host}, which gets the badge numbers.")
        return found
    return None


def _configured(service: T | None, name: str, variables: str) -> T:
    if service is None:
        raise SettingsError(
            f"No {name} account is configured. Set {variables} in the environment or in .env."
        )
    return service
