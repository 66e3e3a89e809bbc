"""Who a cardholder is meant to be: name, number and photo from the organization's web directory."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Protocol
from urllib.parse import quote, urljoin, urlsplit

from bs4 import BeautifulSoup
from bs4.exceptions import ParserRejectedMarkup

from camkit.errors import ServiceError, SettingsError
from camkit.http import Limits, Reply, Transport
from camkit.support.html import GREY, image_html, text_html
from camkit.support.jpeg import BadImage, check_photo

MAX_BYTES = 5 * 1024 * 1024
"""A photo may have so many bytes."""

PAGE_BYTES, PAGE_TAGS = 1024 * 1024, 20_000
"""A page may have so many bytes and tags, opening and closing; it takes half a second to read that many."""


@dataclass(frozen=True)
class Cardholder:
    """What the directory says of one number.

    Attributes
    ----------
    name : str
        Empty when the directory does not know the number.
    photo : bytes or None
        The image file as it arrived.
    note : str
        What is missing, and why; empty when nothing is.
    """

    cardholder_id: str
    name: str = ""
    title: str = ""
    department: str = ""
    photo: bytes | None = field(default=None, repr=False)
    photo_type: str = ""
    note: str = ""

    @property
    def known(self) -> bool:
        """Whether the directory has an entry."""
        return bool(self.name or self.photo)

    def _repr_html_(self) -> str:
        return cardholder_html(self)


class Directory(Protocol):
    """Anything that can say who a cardholder is."""

    def lookup(self, cardholder_id: str) -> Cardholder:
        """Return the entry; one that is not known is an answer too, with a note."""
        ...


class WebDirectory:
    """A directory with one web page per person.

    Parameters
    ----------
    address : str
        Of a person's page, with ``{user_id}`` where the number goes.
    limits : Limits, optional
        Deadlines and caps.

    Raises
    ------
    SettingsError
        If the address has no ``{user_id}``.

    Notes
    -----
    The name and the photo are taken from schema.org Person microdata or an h-card where the page has
    them, else the first heading and the first picture of a page that shows the number, as a word of its
    own: a page that does not may be anything, such as a request to sign in. A page that is itself an image
    is the photo. Photos are fetched from the directory's own host only, and nothing secret is sent.
    """

    def __init__(self, address: str, *, limits: Limits | None = None) -> None:
        if "{user_id}" not in address:
            raise SettingsError(
                "The directory's address needs {user_id} where the number goes, as in "
                "https://people.example/{user_id}; check CAMKIT_DIRECTORY_URL."
            )
        self._address = address
        home = urlsplit(address)
        self._transport = Transport(
            "the directory", f"{home.scheme}://{home.netloc}", limits=limits or Limits(max_bytes=MAX_BYTES)
        )

    def lookup(self, cardholder_id: str) -> Cardholder:
        """Look one number up.

        Returns
        -------
        Cardholder
            Where the page, the name or the photo could not be had, its ``note`` says so.
        """
        if not cardholder_id.strip(" ."):  # "." and ".." are steps in a path, not names in it
            return Cardholder(cardholder_id, note="not in the directory")
        try:
            url = self._address.replace("{user_id}", quote(cardholder_id, safe=""))
        except UnicodeEncodeError:
            return Cardholder(cardholder_id, note="the number has a character that no address can hold")
        try:
            page = self._transport.request("GET", url)
        except ServiceError as error:
            return Cardholder(cardholder_id, note=f"the directory did not answer: {error}")
        if page.status in (404, 410):
            return Cardholder(cardholder_id, note="not in the directory")
        if not page.ok:
            return Cardholder(cardholder_id, note=f"the directory answered with HTTP {page.status}")
        if page.content_type.startswith("image/"):
            return _with_photo(Cardholder(cardholder_id), page)
        soup = _read(page.content)
        if soup is None:
            return Cardholder(cardholder_id, note="its page cannot be read")
        if soup.select_one(_MARKED) is None and not _shows(soup, cardholder_id):
            return Cardholder(cardholder_id, note="the page under this number does not show it: no entry")
        person = Cardholder(
            cardholder_id,
            name=_said(soup, "[itemprop=name]", ".p-name", "h1", "title"),
            title=_said(soup, "[itemprop=jobTitle]", ".p-job-title"),
            department=_said(soup, "[itemprop=department]", "[itemprop=worksFor]", ".p-org"),
        )
        source = _attribute(soup, "src", "img[itemprop=image]", "img.u-photo", "img")
        if not source:
            return replace(person, note="its page shows no photo")
        try:
            base = urljoin(page.url, _attribute(soup, "href", "base[href]"))
            photo_url = urljoin(base, source)
            if not photo_url.startswith(("http://", "https://")):
                return replace(person, note="the photo has no web address of its own")
            return _with_photo(person, self._transport.request("GET", photo_url))
        except (ServiceError, ValueError) as error:
            return replace(person, note=f"the photo did not come: {error}")

    def close(self) -> None:
        """Close this thread's idle connections."""
        self._transport.close()


_MARKED = "[itemtype*='schema.org/Person'], .h-card"
"""A page that says of itself that it is about a person."""

_CLOSING = b"<!-- '>\">-->"
"""Ends whatever a page leaves open: over 20,000 unfinished tags html.parser takes half a minute."""


def _read(content: bytes) -> BeautifulSoup | None:
    """A page's elements; None when it is none, or would take seconds."""
    if len(content) > PAGE_BYTES or content.count(b"<") > PAGE_TAGS:
        return None
    try:
        return BeautifulSoup(content + _CLOSING, "html.parser")
    except ParserRejectedMarkup:
        return None


def _shows(soup: BeautifulSoup, number: str) -> bool:
    """Whether a page shows the number, as more than a part of another word."""
    return re.search(rf"(?<!\w){re.escape(number.strip())}(?!\w)", soup.get_text(" ")) is not None


def _with_photo(person: Cardholder, reply: Reply) -> Cardholder:
    if not reply.ok:
        return replace(person, note=f"the photo did not come (HTTP {reply.status})")
    try:
        kind = check_photo(reply.content)
    except BadImage as error:
        return replace(person, note=f"the photo cannot be shown: {error}")
    return replace(person, photo=reply.content, photo_type=kind)


def _attribute(soup: BeautifulSoup, name: str, *selectors: str) -> str:
    """An attribute of the first element found; empty when there is none."""
    element = next(filter(None, map(soup.select_one, selectors)), None)
    return str(element.get(name) or "") if element is not None else ""


def _said(soup: BeautifulSoup, *selectors: str) -> str:
    for selector in selectors:
        found = soup.select_one(selector)
        if found is not None and (text := " ".join(found.get_text(" ").split())):
            return text[:200]
    return ""


def cardholder_html(person: Cardholder) -> str:
    """Photo, name, number and what else the directory says."""
    photo = ""
    if person.photo is not None:
        photo = image_html(
            person.photo, person.photo_type, f"Directory photo of {person.name}", "height:216px"
        )
    name = f"<b>{text_html(person.name) or 'unknown'}</b>"
    rest = ", ".join(text_html(text) for text in (person.title, person.department) if text)
    note = f'<div style="color:#a33">{text_html(person.note)}</div>' if person.note else ""
    number = f'<span style="{GREY}">{text_html(person.cardholder_id)}</span>'
    return f'<div style="font-size:13px">{photo}<div>{name} {number}</div><div>{rest}</div>{note}</div>'
