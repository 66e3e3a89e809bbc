"""What a directory says about one number, and how it is shown."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Protocol

from camkit.support.html import GREY, block_html, image_html, text_html

MAX_BYTES = 5 * 1024 * 1024
"""Size limit of a photo, bytes."""


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
        What is missing or in doubt, and why; empty if nothing is.
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

        An empty name may be anybody's. A name that is not empty cannot be that of a person without a name.
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
