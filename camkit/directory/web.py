"""Who a cardholder is according to the organization's web directory: name, number and photo."""

from __future__ import annotations

import codecs
import re
from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple
from urllib.parse import quote, urljoin, urlsplit

import gevent
from bs4 import BeautifulSoup, Tag
from bs4.exceptions import ParserRejectedMarkup

from camkit.directory.cardholder import MAX_BYTES, Cardholder
from camkit.errors import ServiceError, SettingsError
from camkit.http import Address, Limits, NotPickled, Reply, Transport, secrets_stay_inside
from camkit.support.jpeg import BadImage, check_photo

PAGE_BYTES, PAGE_MARKS = 1024 * 1024, 25_000
"""Limits of a page: bytes, and what makes parsing slow: the signs that begin tags and entities and join attributes."""

PAGE_S = 10.0
"""The longest time for reading a page that has arrived, seconds."""


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
    Name and photo are those of one person, whom the page shows with the number as text, not only in a link. In a page
    with schema.org Person microdata or an h-card that is the only such element with the number. Other pages may be
    anything, such as a sign-in page or a list of matches: they count if they have the number, one first-level heading
    without it, which is the name, no form, and are where the number's address leads without a redirect to another
    page; their photo is the only picture outside links, lists and navigation. If the page is itself an image, it
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
            if page.content_type.startswith("image/"):
                _require_not_moved(page)
            else:
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

    @property
    def account(self) -> dict[str, str]:
        """What a case records of it."""
        return {"host": self.host}

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
            raise _Missing("its page does not show a photo that is surely of this person")
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


_PERSON = "[itemtype*='schema.org/Person'], .h-card:not(.p-org)"
"""Marks what a page says of one person."""

_OTHER_ITEM = "[itemscope]:not([itemtype*='schema.org/PropertyValue']), .p-org"
"""Marks something else inside a person's entry, such as the organization: its name is not the person's."""

_NOT_SHOWN = "a, head, title, script, style, template, form, input, textarea, select, button"
"""Elements whose text may be of any page: a link back to the address asked for, the answer of a search form."""

_AROUND = "header:not(:has(h1)), nav, footer, [role=search]"
"""What is around the content of a page."""

_FORM = "form, input, textarea, select"
_BESIDE = "a, ul, ol, nav, aside, footer"
"""Elements whose pictures are of other pages and of other people."""

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
    reading = gevent.get_hub().threadpool.spawn(_entry_or_problem, page, number)
    reading.wait(PAGE_S)
    if not reading.ready():
        raise _Missing("its page takes too long to read")
    if isinstance(found := reading.get(), _Missing):
        raise found
    return found


def _entry_or_problem(page: Reply, number: str) -> _Entry | _Missing:
    """An exception in a thread of gevent's would be printed to the notebook."""
    try:
        return _entry(page, number)
    except _Missing as missing:
        return missing.with_traceback(None)


def _entry(page: Reply, number: str) -> _Entry:
    """Read a page, which has to be about the number."""
    try:
        soup = BeautifulSoup(page.content + _CLOSING, "html.parser", from_encoding=_encoding(page))
    except ParserRejectedMarkup:
        raise _Missing("its page cannot be read") from None
    base = _attribute(soup, "href", "base[href]")
    # The innermost first: what is taken out of the page has no other person in it.
    people = [marked.extract() for marked in reversed(soup.select(_PERSON))]
    return _marked(people, number, base) if people else _plain(page, soup, number, base)


def _marked(people: list[Tag], number: str, base: str) -> _Entry:
    """Read the one of the marked people who is shown with the number."""
    entries = []
    for person in people:
        department = _text(person, "[itemprop=department]", "[itemprop=worksFor]", ".p-org")
        for other in reversed(person.select(_OTHER_ITEM)):
            other.extract()
        entry = _Entry(
            name=_text(person, "[itemprop=name]", ".p-name", "h1"),
            title=_text(person, "[itemprop=jobTitle]", ".p-job-title"),
            department=department,
            photo=_attribute(person, "src", "img[itemprop=image]", "img.u-photo") or _only_picture(person),
            base=base,
        )
        if _shows(person, number):
            entries.append(entry)
    if not entries:
        raise _Missing("the page under this number does not show it beside a person, so it is not an entry")
    if len(entries) > 1:
        raise _Missing("the page shows this number beside several people, so it does not say whose it is")
    return entries[0]


def _plain(page: Reply, soup: BeautifulSoup, number: str, base: str) -> _Entry:
    """Read a page that does not mark what is about a person."""
    _require_not_moved(page)
    for around in soup.select(_AROUND):  # a search box there is on every page of a site
        around.extract()
    if soup.select_one(_FORM):
        raise _Missing(
            "the page has a form, as sign-in and search pages have, so it is not taken for an entry"
        )
    headings = soup.select("h1")
    name = _text(soup, "h1")
    if len(headings) != 1 or not name or _has_word(name, number):
        raise _Missing(
            "the page does not have one heading with a person's name, so it is not taken for an entry"
        )
    for beside in soup.select(_BESIDE):
        for picture in beside.select("img"):
            picture.extract()
    photo = _only_picture(soup)
    if not _shows(soup, number):
        raise _Missing("the page under this number does not show it, so it is not an entry")
    return _Entry(name, "", "", photo, base)


def _require_not_moved(page: Reply) -> None:
    if page.moved:
        raise _Missing(
            "the directory led to another page, which does not say whose it is, so it is not an entry"
        )


def _shows(shown: Tag, number: str) -> bool:
    """Whether the number is there as text; takes away what does not count."""
    for other in reversed(shown.select(_NOT_SHOWN)):
        other.extract()
    return _has_word(shown.get_text(" "), number)


def _has_word(text: str, number: str) -> bool:
    """Whether a number is in a text as a word of its own, not as a part of another, such as a telephone's."""
    word = rf"(?<!\w)(?<!\d[-./]){re.escape(number.strip())}(?!\w)(?![-./]\d)"
    return re.search(word, text) is not None


def _only_picture(shown: Tag) -> str:
    """The address of the only picture; of several, any may be somebody else's."""
    pictures = shown.select("img")
    return str(pictures[0].get("src") or "") if len(pictures) == 1 else ""


def _attribute(shown: Tag, name: str, *selectors: str) -> str:
    """An attribute of the first element found; empty if there is none."""
    element = next(filter(None, map(shown.select_one, selectors)), None)
    return str(element.get(name) or "") if element is not None else ""


def _text(shown: Tag, *selectors: str) -> str:
    for selector in selectors:
        found = shown.select_one(selector)
        if found is not None and (text := " ".join(found.get_text(" ").split())):
            return text[:200]
    return ""
