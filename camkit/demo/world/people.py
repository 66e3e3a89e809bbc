"""The cardholders, and what they look like."""

from __future__ import annotations

from dataclasses import dataclass

Colour = tuple[int, int, int]

PALE, FAIR, TAN, BROWN, DEEP = (
    (246, 215, 196),
    (236, 194, 164),
    (209, 158, 118),
    (156, 105, 72),
    (100, 64, 45),
)
BLACK_HAIR, DARK_BROWN, CHESTNUT, GINGER, BLOND, GREY, WHITE = (
    (32, 28, 30),
    (66, 44, 34),
    (112, 70, 42),
    (184, 88, 38),
    (222, 184, 110),
    (150, 150, 154),
    (226, 224, 220),
)


@dataclass(frozen=True)
class Looks:
    """The features of a drawn person.

    Attributes
    ----------
    skin, hair, shirt : tuple of int
        Colours, RGB.
    style : str
        Hair: ``short``, ``side``, ``long``, ``bun``, ``bob``, ``curly`` (long), ``curls`` (short), ``afro``,
        ``bald``, ``scarf`` or ``ponytail``.
    beard : str
        ``none``, ``stubble``, ``full`` or ``moustache``.
    glasses : str
        ``none``, ``round`` or ``square``.
    jacket : tuple of int or None
        The colour of an open jacket over the shirt, RGB.
    """

    skin: Colour
    hair: Colour
    shirt: Colour
    style: str = "short"
    beard: str = "none"
    glasses: str = "none"
    jacket: Colour | None = None


@dataclass(frozen=True)
class Person:
    """A cardholder.

    Attributes
    ----------
    user_id : str
        The badge's number: eight digits, as text, with leading zeros.
    doors : tuple of str
        The reader ids this person's badge opens.
    """

    user_id: str
    name: str
    department: str
    title: str
    looks: Looks
    doors: tuple[str, ...]


_EVERYONE = ("HQ-R1", "HQ-R5", "HQ-R6")
_WITH_DOCK = (*_EVERYONE, "HQ-R3")
_WITH_LAB = (*_EVERYONE, "HQ-R4")
_WITH_SERVERS = (*_EVERYONE, "HQ-R2")
_ALL = (*_EVERYONE, "HQ-R2", "HQ-R3", "HQ-R4")

PEOPLE = (
    Person(
        "85063715",
        "Amara Okafor",
        "Engineering",
        "Test Engineer",
        Looks(DEEP, BLACK_HAIR, (240, 178, 52), style="afro"),
        _WITH_LAB,
    ),
    Person(
        "86543202",
        "Jonas Weidmüller",
        "Information Technology",
        "Systems Administrator",
        Looks(FAIR, BLOND, (44, 98, 160), style="side", glasses="square", beard="stubble"),
        _WITH_SERVERS,
    ),
    Person(
        "86543201",
        "Priya Raman",
        "Finance",
        "Controller",
        Looks(TAN, BLACK_HAIR, (190, 44, 92), style="long"),
        _EVERYONE,
    ),
    Person(
        "85063685",
        "Tom Halloran",
        "Logistics",
        "Dock Supervisor",
        Looks(PALE, GINGER, (236, 120, 34), style="short", beard="full"),
        _WITH_DOCK,
    ),
    Person(
        "00071234",
        "Zoë Lindqvist",
        "Research",
        "Laboratory Lead",
        Looks(PALE, BLOND, (238, 240, 244), style="ponytail", glasses="round"),
        _WITH_LAB,
    ),
    Person(
        "85063702",
        "Marcus Bell",
        "Security",
        "Shift Lead",
        Looks(BROWN, BLACK_HAIR, (54, 58, 70), style="bald", beard="full"),
        _ALL,
    ),
    Person(
        "86543188",
        "Kenji Watanabe",
        "Information Technology",
        "Network Engineer",
        Looks(FAIR, BLACK_HAIR, (86, 164, 120), style="short", glasses="round"),
        _WITH_SERVERS,
    ),
    Person(
        "86543215",
        "Lucía Fernández",
        "Human Resources",
        "Recruiter",
        Looks(TAN, CHESTNUT, (128, 84, 170), style="curly"),
        _EVERYONE,
    ),
    Person(
        "85063731",
        "Gareth O'Neill",
        "Facilities",
        "Caretaker",
        Looks(PALE, GREY, (70, 132, 138), style="side", beard="moustache", jacket=(46, 66, 70)),
        _ALL,
    ),
    Person(
        "00082310",
        "Ingrid Sørensen",
        "Legal",
        "Counsel",
        Looks(PALE, WHITE, (206, 60, 50), style="bob", glasses="square"),
        _EVERYONE,
    ),
    Person(
        "85063694",
        "David Cohen",
        "Engineering",
        "Mechanical Designer",
        Looks(FAIR, DARK_BROWN, (150, 108, 70), style="curls", beard="full", glasses="square"),
        _WITH_LAB,
    ),
    Person(
        "86543230",
        "Fatima Al-Hassan",
        "Research",
        "Chemist",
        Looks(BROWN, (38, 128, 142), (224, 226, 214), style="scarf"),
        _WITH_LAB,
    ),
)

BY_ID = {person.user_id: person for person in PEOPLE}

STRANGER = Looks(FAIR, DARK_BROWN, (92, 96, 60), style="bun", jacket=(38, 42, 48))
"""A person who is not in the directory."""
