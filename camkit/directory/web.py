"""Who a cardholder is according to the organization's web directory: name, number and photo."""

from __future__ import annotations

import codecs
import re
import unicodedata
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Protocol
from urllib.parse import quote, urljoin, urlsplit

import gevent
from bs4 import BeautifulSoup
from bs4.exceptions import ParserRejectedMarkup

from camkit.errors import ServiceError, SettingsError
from camkit.http import Address, Limits, NotPickled, Reply, Transport, secrets_stay_inside
from camkit.support.html import GREY, block_html, image_html, text_html
from camkit.support.jpeg import BadImage, check_photo

MAX_BYTES = 5 * 1024 * 1024
"""Size limit of a photo, bytes."""

PAGE_BYTES, PAGE_MARKS = 1024 * 1024, 25_000
"""Limits of a page: bytes, and what makes parsing slow: the signs that begin tags and entities and join attributes."""

PAGE_S = 10.0
"""The longest time for reading a page that has arrived, seconds."""


@dataclass(frozen=True)
class Cardholder:
    """What the directory says about one number.

    Attributes
    ----------
    name : str
        Empty if the directory does not know the number.
    photo : bytes or None
        The image file as it arrived.
    note : str
        What is missing, and why; empty if nothing is.
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

    def is_named(self, name: str) -> bool:
        """Whether a name may be this person's: one has all the words of the other, whatever their order and accents.

        An empty name may be anybody's; where the directory has no name, no other one is.
        """
        one, other = _words(self.name), _words(name)
        return not other or (bool(one) and (one <= other or other <= one))

    def _repr_html_(self) -> str:
        return block_html(cardholder_html(self))


class Directory(Protocol):
    """Anything that can say who a cardholder is."""

    def lookup(self, cardholder_id: str) -> Cardholder:
        """Return the entry; for an unknown number, one whose ``note`` says so."""
        ...


class WebDirectory(NotPickled):
    """A directory with one web page per person.

    Parameters
    ----------
    address : str
        The address of a person's page, with ``{user_id}`` in place of the number.
    limits : Limits, optional
        Deadlines and caps.

    Raises
    ------
    SettingsError
        If the address has no ``{user_id}``.

    Notes
    -----
    The name and the photo are taken from schema.org Person microdata or an h-card if the page has
    them, otherwise from the first heading and the first picture of a page that shows the number as a
    separate word: other pages may be anything, such as a sign-in page. If the page is itself an image, it
    is the photo. Photos are fetched from the directory's own host only, and nothing secret is sent.
    """

    def __init__(self, address: str, *, limits: Limits | None = None) -> None:
        if "{user_id}" not in address:
            raise SettingsError(
                "The directory's address needs {user_id} in place of the number, as in "
                "https://people.example/{user_id}; check CAMKIT_DIRECTORY_URL."
            )
        self._address = Address(address)  # an address may hold a token
        home = urlsplit(address)
        self._transport = Transport(
            "the directory", f"{home.scheme}://{home.netloc}", limits=limits or Limits(max_bytes=MAX_BYTES)
        )

    @secrets_stay_inside
    def lookup(self, cardholder_id: str) -> Cardholder:
        """Look up one number.

        Returns
        -------
        Cardholder
            If the page, the name or the photo is missing, its ``note`` says why.
        """
        person = Cardholder(cardholder_id)
        try:
            page = photo = self._page(cardholder_id)
            if not page.content_type.startswith("image/"):
                entry = _read_aside(page, cardholder_id)
                person = Cardholder(cardholder_id, entry.name, entry.title, entry.department)
                photo = self._photo(page, entry)
            photo_type = check_photo(photo.content)
        except _Missing as missing:
            return replace(person, note=str(missing))
        except BadImage as error:
            return replace(person, note=f"the photo cannot be shown: {error}")
        return replace(person, photo=photo.content, photo_type=photo_type)

    @property
    def host(self) -> str:
        """The directory's host."""
        return self._transport.host

    def close(self) -> None:
        """Close this thread's idle connections."""
        self._transport.close()

    def _page(self, cardholder_id: str) -> Reply:
        if not cardholder_id.strip(" ."):  # in a path, "." and ".." are not names
            raise _Missing("not in the directory")
        try:
            number = quote(cardholder_id, safe="")
            page = self._transport.request("GET", Address(self._address.replace("{user_id}", number)))
        except UnicodeEncodeError:
            raise _Missing("the number has a character that an address cannot have") from None
        except ServiceError as error:
            raise _Missing(f"the directory did not answer: {error}") from None
        if page.status in (404, 410):
            raise _Missing("not in the directory")
        if not page.ok:
            raise _Missing(f"the directory answered with HTTP {page.status}")
        return page

    def _photo(self, page: Reply, entry: _Entry) -> Reply:
        if not entry.photo:
            raise _Missing("its page does not show a photo")
        try:
            url = urljoin(urljoin(page.url, entry.base), entry.photo)
            if not url.startswith(("http://", "https://")):
                raise _Missing("the photo does not have a web address of its own")
            photo = self._transport.request("GET", url)
        except (ServiceError, ValueError) as error:
            raise _Missing(f"the photo could not be fetched: {error}") from None
        if not photo.ok:
            raise _Missing(f"the photo could not be fetched (HTTP {photo.status})")
        return photo


class _Missing(Exception):
    """The entry or its photo is missing; the message is the note."""


_MARKED = "[itemtype*='schema.org/Person'], .h-card"
"""Marks a page that is about a person."""

_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]+)", re.IGNORECASE)

_CLOSING = b"<!-- '>\">-->"
"""Ends whatever a page leaves open: html.parser would take half a minute for 20,000 unfinished tags."""


class _Entry(NamedTuple):
    """What a page says of a person; empty where it says nothing."""

    name: str
    title: str
    department: str
    photo: str
    base: str


def _encoding(page: Reply) -> str | None:
    """Return the encoding of a page: what its header says, else UTF-8 if it is that; None to heed the page's own words.

    Beautiful Soup would guess it from the letters, and make another name of "Zoë" where nothing says what it is.
    """
    if declared := _CHARSET.search(page.headers.get("Content-Type", "")):
        with suppress(LookupError):
            return codecs.lookup(declared[1]).name
    if _CHARSET.search(page.content[:1024].decode("latin-1")):
        return None
    try:
        page.content.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return "utf-8"


def _read_aside(page: Reply, number: str) -> _Entry:
    """Read a page in a thread, so that others go on meanwhile, and for no longer than `PAGE_S`."""
    content = page.content
    if len(content) > PAGE_BYTES or sum(map(content.count, (b"<", b"&", b"="))) > PAGE_MARKS:
        raise _Missing(
            f"its page cannot be read: it is larger than {PAGE_BYTES >> 10} KiB, or has more than {PAGE_MARKS:,} tags, "
            "attributes and entities"
        )
    reading = gevent.get_hub().threadpool.spawn(_entry_or_problem, content, _encoding(page), number)
    reading.wait(PAGE_S)
    if not reading.ready():
        raise _Missing("its page takes too long to read")
    if isinstance(found := reading.get(), _Missing):
        raise found
    return found


def _entry_or_problem(content: bytes, encoding: str | None, number: str) -> _Entry | _Missing:
    """An exception in a thread of gevent's would be printed to the notebook."""
    try:
        return _entry(content, encoding, number)
    except _Missing as missing:
        return missing.with_traceback(None)


def _entry(content: bytes, encoding: str | None, number: str) -> _Entry:
    """Read a page, which has to be about the number."""
    try:
        soup = BeautifulSoup(content + _CLOSING, "html.parser", from_encoding=encoding)
    except ParserRejectedMarkup:
        raise _Missing("its page cannot be read") from None
    shows_number = re.search(rf"(?<!\w){re.escape(number.strip())}(?!\w)", soup.get_text(" ")) is not None
    if soup.select_one(_MARKED) is None and not shows_number:
        raise _Missing("the page under this number does not show it, so it is not an entry")
    return _Entry(
        name=_text(soup, "[itemprop=name]", ".p-name", "h1", "title"),
        title=_text(soup, "[itemprop=jobTitle]", ".p-job-title"),
        department=_text(soup, "[itemprop=department]", "[itemprop=worksFor]", ".p-org"),
        photo=_attribute(soup, "src", "img[itemprop=image]", "img.u-photo", "img"),
        base=_attribute(soup, "href", "base[href]"),
    )


def _attribute(soup: BeautifulSoup, name: str, *selectors: str) -> str:
    """An attribute of the first element found; empty if there is none."""
    element = next(filter(None, map(soup.select_one, selectors)), None)
    return str(element.get(name) or "") if element is not None else ""


def _text(soup: BeautifulSoup, *selectors: str) -> str:
    for selector in selectors:
        found = soup.select_one(selector)
        if found is not None and (text := " ".join(found.get_text(" ").split())):
            return text[:200]
    return ""


def _words(name: str) -> set[str]:
    """Return the words of a name without case and accents."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    return set(re.findall(r"\w+", "".join(sign for sign in letters if not unicodedata.combining(sign))))


def cardholder_html(person: Cardholder, logged_name: str = "") -> str:
    """Show photo, name, number and what else the directory says; and the badge log's name if it is another."""
    photo = ""
    if person.photo is not None:
        photo = image_html(
            person.photo, person.photo_type, f"Directory photo of {person.name}", "height:216px"
        )
    name = f"<b>{text_html(person.name) or 'unknown'}</b>"
    rest = ", ".join(text_html(text) for text in (person.title, person.department) if text)
    notes = [person.note] if person.note else []
    if not person.is_named(logged_name):
        notes.append(f"the badge log gives the name {logged_name}")
    note = "".join(f'<div style="color:#a33">{text_html(said)}</div>' for said in notes)
    number = f'<span style="{GREY}">{text_html(person.cardholder_id)}</span>'
    return f'<div style="font-size:13px">{photo}<div>{name} {number}</div><div>{rest}</div>{note}</div>'
