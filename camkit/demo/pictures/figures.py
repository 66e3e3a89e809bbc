"""People, drawn from their looks: the same face on the directory photo and in front of a camera.

A figure is drawn on a canvas of 400 x 1000 units; the centre of the head is at (200, 165).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from PIL import Image

from camkit.demo.pictures.pen import Colour, Pen, shade
from camkit.demo.world.people import Looks

WIDTH, HEIGHT = 400, 1000

_TROUSERS, _SHOES = (52, 56, 68), (30, 28, 30)
_EYE_WHITE, _IRIS, _CARD = (250, 250, 248), (58, 42, 34), (246, 246, 242)


@lru_cache(maxsize=64)
def figure(looks: Looks, height: int) -> Image.Image:
    """A person from head to toe, `height` pixels tall, on a transparent background."""
    pen = Pen(height * WIDTH // HEIGHT, height, unit=height / HEIGHT)
    draw_legs(pen)
    draw_bust(pen, looks)
    return pen.finish()


def draw_legs(pen: Pen) -> None:
    """Trousers and shoes."""
    for x in (167, 233):
        pen.rectangle(x - 36, 590, x + 36, 968, _TROUSERS, radius=20)
        pen.ellipse(x + (-8 if x < 200 else 8), 972, 44, 20, _SHOES)
    pen.rectangle(126, 560, 274, 680, _TROUSERS, radius=24)


def draw_bust(pen: Pen, looks: Looks) -> None:
    """Everything above the hips."""
    _HAIR_BEHIND.get(looks.style, _nothing)(pen, looks.hair)
    _body(pen, looks)
    _head(pen, looks)
    _HAIR_IN_FRONT.get(looks.style, _cap)(pen, looks.hair)
    if looks.style != "bald":
        pen.ellipse(200, 192, 60, 64 if looks.style != "scarf" else 60, looks.skin)
        _FRINGES.get(looks.style, _nothing)(pen, looks.hair)
    for x in (158, 242):
        pen.ellipse(x, 203, 12, 7, _blush(looks.skin))
    _BEARDS.get(looks.beard, _no_beard)(pen, looks)
    _face(pen, looks)
    _mouth(pen, looks)
    if looks.glasses != "none":
        _glasses(pen, looks.glasses)


def _nothing(pen: Pen, colour: Colour) -> None:
    pass


def _body(pen: Pen, looks: Looks) -> None:
    coat = looks.jacket or looks.shirt
    for side in (-1, 1):
        pen.ellipse(200 + side * 118, 648, 24, 30, looks.skin)
        pen.rectangle(200 + side * 118 - 31, 340, 200 + side * 118 + 31, 640, coat, radius=30)
    pen.polygon([(168, 282), (232, 282), (312, 318), (300, 640), (100, 640), (88, 318)], coat)
    for side in (-1, 1):
        pen.ellipse(200 + side * 105, 360, 44, 50, coat)
        pen.line([(200 + side * 92, 404), (200 + side * 90, 632)], shade(coat, 0.74), 5)
    if looks.jacket:
        pen.polygon([(166, 286), (234, 286), (222, 640), (178, 640)], looks.shirt)
        for side in (-1, 1):
            pen.line([(200 + side * 34, 288), (200 + side * 22, 640)], shade(coat, 0.7), 5)
    pen.rectangle(170, 225, 230, 312, shade(looks.skin, 0.84), radius=22)
    pen.polygon([(168, 288), (232, 288), (200, 338)], shade(looks.skin, 0.9))
    pen.line([(166, 288), (200, 342), (234, 288)], shade(looks.shirt, 0.78), 8)
    pen.line([(172, 300), (200, 452), (228, 300)], (40, 92, 150), 6)
    pen.rectangle(176, 448, 224, 516, _CARD, radius=6)
    pen.rectangle(184, 458, 206, 484, looks.skin, radius=3)
    pen.line([(184, 496), (216, 496)], (120, 124, 130), 4)


def _head(pen: Pen, looks: Looks) -> None:
    if looks.style != "scarf":
        for x in (133, 267):
            pen.ellipse(x, 176, 13, 20, shade(looks.skin, 0.93))
    pen.ellipse(200, 168, 68, 84, looks.skin)


def _face(pen: Pen, looks: Looks) -> None:
    brow = (48, 34, 28) if looks.style == "scarf" else shade(looks.hair, 0.72)
    for x in (172, 228):
        pen.ellipse(x, 172, 14, 9.5, _EYE_WHITE)
        pen.ellipse(x, 172, 8, 8.5, _IRIS)
        pen.ellipse(x + 2.5, 169, 2.5, 2.5, _EYE_WHITE)
        pen.arc(x, 172, 15, 11, 195, 345, shade(looks.skin, 0.5), 3)
        pen.arc(x, 166, 21, 17, 215, 325, brow, 6)
    pen.arc(200, 196, 11, 14, 30, 150, shade(looks.skin, 0.72), 4.5)


def _blush(skin: Colour) -> Colour:
    red, green, blue = skin
    return min(255, red + 4), max(0, green - 9), max(0, blue - 8)


def _mouth(pen: Pen, looks: Looks) -> None:
    lips = (150, 62, 62) if sum(looks.skin) > 330 else (164, 84, 78)
    pen.chord(200, 221, 21, 14, 12, 168, lips)
    pen.rectangle(185, 223, 215, 226.5, _EYE_WHITE, radius=1.5)


def _glasses(pen: Pen, kind: str) -> None:
    rim = (34, 36, 44)
    for x in (171, 229):
        if kind == "round":
            pen.arc(x, 173, 24, 23, 0, 360, rim, 4.5)
        else:
            pen.frame(x - 25, 154, x + 25, 192, rim, 5.5, radius=7)
    pen.line([(195, 170), (205, 170)], rim, 4.5)
    for x, ear in ((147, 134), (253, 266)):
        pen.line([(x, 168), (ear, 164)], rim, 4.5)


def _cap(pen: Pen, hair: Colour) -> None:
    pen.chord(200, 158, 74, 84, 176, 364, hair)


def _bald(pen: Pen, hair: Colour) -> None:
    pen.ellipse(222, 108, 18, 9, (196, 148, 112))


def _long_behind(pen: Pen, hair: Colour) -> None:
    pen.rectangle(116, 82, 284, 392, shade(hair, 0.86), radius=76)


def _bob_behind(pen: Pen, hair: Colour) -> None:
    pen.rectangle(112, 84, 288, 268, shade(hair, 0.9), radius=70)


def _tail_behind(pen: Pen, hair: Colour) -> None:
    pen.ellipse(276, 132, 34, 30, shade(hair, 0.9))
    pen.polygon([(262, 130), (308, 140), (318, 250), (296, 318), (276, 252)], shade(hair, 0.82))


def _bun_behind(pen: Pen, hair: Colour) -> None:
    pen.ellipse(200, 66, 40, 36, shade(hair, 0.88))


def _afro_behind(pen: Pen, hair: Colour) -> None:
    pen.ellipse(200, 142, 116, 112, hair)


def _curls_behind(pen: Pen, hair: Colour) -> None:
    for x, y in (
        (128, 130),
        (116, 176),
        (122, 222),
        (132, 262),
        (272, 130),
        (284, 176),
        (278, 222),
        (268, 262),
    ):
        pen.ellipse(x, y, 32, 32, shade(hair, 0.88))


def _curls(pen: Pen, hair: Colour) -> None:
    _cap(pen, hair)
    for x, y in ((136, 130), (142, 102), (168, 84), (200, 76), (232, 84), (258, 102), (264, 130)):
        pen.ellipse(x, y, 25, 24, hair)


def _quiff(pen: Pen, hair: Colour) -> None:
    _cap(pen, hair)
    pen.ellipse(206, 96, 68, 36, hair)
    pen.ellipse(244, 108, 30, 36, hair)


def _spikes(pen: Pen, hair: Colour) -> None:
    _cap(pen, hair)
    edge = [(x, 74 + (x - 200) ** 2 / 150 - (9 if n % 2 else 0)) for n, x in enumerate(range(136, 272, 8))]
    pen.polygon([(126, 148), *edge, (274, 148)], hair)


def _scarf_behind(pen: Pen, hair: Colour) -> None:
    pen.rectangle(114, 74, 286, 340, shade(hair, 0.8), radius=84)


def _scarf(pen: Pen, hair: Colour) -> None:
    pen.polygon([(118, 200), (282, 200), (306, 330), (256, 366), (200, 380), (144, 366), (94, 330)], hair)
    pen.ellipse(200, 172, 86, 104, hair)
    pen.line([(124, 250), (168, 296), (232, 318), (290, 318)], shade(hair, 0.82), 6)


def _side_parting(pen: Pen, hair: Colour) -> None:
    pen.polygon(
        [(136, 158), (146, 100), (222, 84), (266, 120), (265, 158), (246, 132), (212, 122), (160, 136)], hair
    )


def _middle_parting(pen: Pen, hair: Colour) -> None:
    pen.polygon([(134, 184), (138, 108), (200, 84), (208, 96), (164, 128)], hair)
    pen.polygon([(266, 184), (262, 108), (204, 84), (202, 96), (236, 128)], hair)


def _straight_fringe(pen: Pen, hair: Colour) -> None:
    pen.chord(200, 162, 74, 76, 186, 354, hair)
    for side in (-1, 1):
        pen.rectangle(200 + side * 68 - 12, 140, 200 + side * 68 + 12, 238, hair, radius=10)


def _crop(pen: Pen, hair: Colour) -> None:
    pen.polygon(
        [(137, 166), (146, 110), (200, 92), (254, 110), (263, 166), (248, 134), (200, 126), (152, 134)], hair
    )


def _no_beard(pen: Pen, looks: Looks) -> None:
    pass


def _jaw(pen: Pen, looks: Looks, colour: Colour) -> None:
    """A beard along the jaw and around the mouth."""
    pen.chord(200, 186, 69, 76, 352, 188, colour)
    pen.ellipse(200, 172, 55, 35, looks.skin)
    pen.ellipse(200, 176, 24, 28, looks.skin)


def _full_beard(pen: Pen, looks: Looks) -> None:
    _jaw(pen, looks, looks.hair)


def _stubble(pen: Pen, looks: Looks) -> None:
    _jaw(pen, looks, shade(looks.skin, 0.86))


def _moustache(pen: Pen, looks: Looks) -> None:
    pen.polygon(
        [(200, 203), (226, 206), (242, 222), (222, 219), (200, 214), (178, 219), (158, 222), (174, 206)],
        shade(looks.hair, 0.85),
    )


_Layer = Callable[[Pen, Colour], None]

_HAIR_BEHIND: dict[str, _Layer] = {
    "long": _long_behind,
    "bob": _bob_behind,
    "ponytail": _tail_behind,
    "bun": _bun_behind,
    "afro": _afro_behind,
    "curly": _curls_behind,
    "scarf": _scarf_behind,
}
_HAIR_IN_FRONT: dict[str, _Layer] = {
    "bald": _bald,
    "curly": _curls,
    "curls": _curls,
    "scarf": _scarf,
    "side": _quiff,
    "short": _spikes,
}
_FRINGES: dict[str, _Layer] = {
    "side": _side_parting,
    "long": _middle_parting,
    "bob": _straight_fringe,
    "short": _crop,
    "ponytail": _side_parting,
}
_BEARDS: dict[str, Callable[[Pen, Looks], None]] = {
    "full": _full_beard,
    "stubble": _stubble,
    "moustache": _moustache,
}
