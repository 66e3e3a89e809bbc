"""The places that cameras watch, each drawn on a canvas of 640 x 360 units."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import cycle

from camkit.demo.pictures.pen import Colour, Pen, shade

WIDTH, HEIGHT = 640, 360

WALLS: tuple[Colour, ...] = (
    (206, 204, 196),
    (190, 204, 208),
    (212, 196, 180),
    (194, 206, 190),
    (200, 194, 208),
    (216, 208, 186),
)
_METAL, _DARK, _PAPER, _LAMP = (150, 156, 164), (38, 42, 48), (236, 236, 230), (255, 252, 236)
_GREEN, _LEAF, _WOOD, _ASPHALT = (76, 168, 96), (62, 124, 74), (152, 112, 74), (98, 100, 104)


def _room(pen: Pen, wall: Colour, floor: Colour, back: tuple[int, int, int, int]) -> None:
    """Five sides of a room; `back` is its far wall."""
    left, top, right, bottom = back
    pen.polygon([(0, 0), (640, 0), (right, top), (left, top)], shade(wall, 1.1))
    pen.polygon([(0, 0), (left, top), (left, bottom), (0, 360)], shade(wall, 0.86))
    pen.polygon([(640, 0), (right, top), (right, bottom), (640, 360)], shade(wall, 0.8))
    pen.polygon([(0, 360), (left, bottom), (right, bottom), (640, 360)], floor)
    pen.rectangle(left, top, right, bottom, wall)
    pen.line([(left, bottom), (right, bottom)], shade(wall, 0.7), 3)


def _plant(pen: Pen, x: float, y: float, size: float = 1.0) -> None:
    for lean in (-24, -12, 0, 12, 24):
        pen.line([(x, y - 30 * size), (x + lean * size, y - 84 * size)], _LEAF, 9 * size)
    pen.polygon(
        [
            (x - 20 * size, y - 36 * size),
            (x + 20 * size, y - 36 * size),
            (x + 14 * size, y),
            (x - 14 * size, y),
        ],
        (170, 96, 66),
    )


def doorway(pen: Pen, wall: Colour) -> None:
    """A badge door, seen from the inside: the reader is to the right of it."""
    pen.rectangle(0, 0, 640, 300, wall)
    pen.rectangle(0, 0, 640, 26, shade(wall, 1.08))
    pen.polygon([(0, 296), (640, 296), (640, 360), (0, 360)], (134, 136, 140))
    pen.rectangle(0, 288, 640, 298, shade(wall, 0.72))
    pen.rectangle(204, 42, 436, 300, (92, 98, 108))
    pen.rectangle(216, 54, 424, 300, (196, 206, 212))
    pen.polygon([(216, 300), (262, 254), (378, 254), (424, 300)], (172, 174, 176))
    pen.rectangle(262, 96, 378, 254, (214, 222, 226))
    pen.rectangle(286, 66, 354, 74, _LAMP, radius=3)
    pen.polygon([(216, 54), (150, 34), (150, 330), (216, 300)], (110, 134, 156))
    pen.polygon([(204, 70), (164, 58), (164, 200), (204, 198)], (170, 194, 208))
    pen.ellipse(208, 190, 4, 6, _METAL)
    pen.rectangle(462, 168, 490, 216, _DARK, radius=5)
    pen.ellipse(476, 179, 3.5, 3.5, (96, 230, 120))
    pen.rectangle(468, 190, 484, 208, (70, 76, 86), radius=2)
    pen.rectangle(534, 92, 600, 146, _PAPER, radius=2)
    for row in range(4):
        pen.line([(542, 104 + row * 10), (592 - row % 2 * 14, 104 + row * 10)], (150, 152, 150), 2)
    pen.rectangle(48, 196, 66, 262, (196, 48, 44), radius=7)
    pen.rectangle(53, 186, 61, 198, _DARK)


def forecourt(pen: Pen, wall: Colour) -> None:
    """The place in front of a door, seen from above the door: the reader's post is on the left."""
    _forecourt(pen, wall, sky=(170, 204, 232), windows=((96, 124, 148),), light=1.0)


def forecourt_at_night(pen: Pen, wall: Colour) -> None:
    """The same in the dark, with some windows lit."""
    dark, lit = (30, 36, 50), (250, 214, 130)
    windows = (dark, lit, dark, dark, dark, lit, lit, dark, dark, dark, dark)
    _forecourt(pen, wall, sky=(18, 24, 46), windows=windows, light=0.45)


def _forecourt(pen: Pen, wall: Colour, sky: Colour, windows: Sequence[Colour], light: float) -> None:
    """`windows` are the colours of the windows in turn; `light` below 1 makes all but the lamps darker."""
    pen.rectangle(0, 0, 640, 180, sky)
    _street(pen, wall, windows, light)
    paving = shade((190, 186, 176), (1 + light) / 2)  # under the lamps
    pen.rectangle(0, 206, 640, 360, paving)
    pen.rectangle(0, 206, 640, 211, shade(paving, 1.15))
    pen.polygon([(262, 211), (378, 211), (560, 360), (80, 360)], shade(paving, 1.12))
    for n, y in enumerate((222, 238, 260, 290, 328)):
        pen.line([(0, y), (640, y)], shade(paving, 0.88), 1 + n * 0.4)
    for far in range(-3, 4):
        pen.line([(320 + far * 28, 211), (320 + far * 118, 360)], shade(paving, 0.88), 1.6)
    for x in (180, 250, 390, 460):
        pen.rectangle(x - 5, 196, x + 5, 232, shade(_METAL, light), radius=4)
        pen.rectangle(x - 5, 204, x + 5, 209, shade((226, 190, 60), light))
    pen.rectangle(70, 214, 84, 340, shade(_METAL, light), radius=4)
    pen.rectangle(60, 176, 94, 234, _DARK, radius=5)
    pen.ellipse(77, 189, 4, 4, (96, 230, 120))
    pen.rectangle(67, 202, 87, 225, (70, 76, 86), radius=2)
    pen.polygon([(0, 0), (640, 0), (610, 24), (30, 24)], shade((92, 98, 108), light))
    for x in (200, 320, 440):
        pen.rectangle(x - 30, 12, x + 30, 19, _LAMP, radius=3)


def _street(pen: Pen, wall: Colour, windows: Sequence[Colour], light: float) -> None:
    """Two buildings, trees between them, and a street with cars."""
    panes = cycle(windows)
    for left, top, right, brick in ((18, 52, 258, (176, 116, 96)), (372, 76, 634, shade(wall, 0.92))):
        pen.rectangle(left, top, right, 178, shade(brick, light))
        pen.rectangle(left - 5, top - 6, right + 5, top + 3, shade(brick, 0.7 * light))
        for y in range(top + 14, 140, 30):
            for x in range(left + 14, right - 24, 34):
                pen.rectangle(x, y, x + 20, y + 18, next(panes))
    for x, size in ((288, 30), (326, 38), (356, 26)):
        pen.rectangle(x - 4, 130, x + 4, 180, shade(_WOOD, 0.7 * light))
        pen.ellipse(x, 128 - size * 0.4, size, size * 1.15, shade(_LEAF, light))
        pen.ellipse(x - size * 0.3, 118 - size * 0.4, size * 0.55, size * 0.6, shade(_LEAF, 1.2 * light))
    pen.rectangle(0, 174, 640, 210, shade(_ASPHALT, light))
    for x in range(8, 640, 52):
        pen.rectangle(x, 190, x + 26, 193, shade(_PAPER, light))
    for x, colour in ((128, (64, 92, 138)), (540, (150, 54, 52))):
        car(pen, x, 188, shade(colour, light), light)


def lobby(pen: Pen, wall: Colour) -> None:
    """A reception desk, a sofa and a plant."""
    _room(pen, wall, (186, 180, 170), (120, 60, 520, 230))
    pen.rectangle(200, 84, 300, 214, (164, 196, 214))
    pen.rectangle(306, 84, 406, 214, (164, 196, 214))
    pen.polygon([(330, 250), (560, 250), (580, 330), (310, 330)], _WOOD)
    pen.rectangle(322, 238, 570, 254, shade(_WOOD, 1.25))
    pen.rectangle(500, 212, 540, 240, _DARK, radius=3)
    pen.rectangle(40, 262, 190, 300, (84, 110, 150), radius=10)
    pen.rectangle(34, 290, 196, 326, (70, 94, 132), radius=10)
    _plant(pen, 236, 316, 1.1)
    for x in (200, 320, 440):
        pen.rectangle(x - 26, 22, x + 26, 32, _LAMP, radius=4)


def corridor(pen: Pen, wall: Colour) -> None:
    """A long corridor with doors on both sides."""
    _room(pen, wall, (158, 164, 168), (256, 110, 384, 220))
    pen.rectangle(300, 136, 340, 220, (112, 130, 148))
    for near, far in ((24, 92), (126, 172), (196, 222)):
        for mirrored in (False, True):
            points = [
                (near, _slope(near, 70)),
                (far, _slope(far, 70)),
                (far, _base(far)),
                (near, _base(near)),
            ]
            pen.polygon([(640 - x if mirrored else x, y) for x, y in points], (120, 98, 78))
    for n in range(4):
        y, half = 16 + n * 24, 60 - n * 12
        pen.polygon([(320 - half, y), (320 + half, y), (314 + half, y + 9), (326 - half, y + 9)], _LAMP)


def _slope(x: float, height: float) -> float:
    return height + (110 - height) * x / 256 + 30 * (1 - x / 256)


def _base(x: float) -> float:
    return 360 - 140 * x / 256


def office(pen: Pen, wall: Colour) -> None:
    """Two desks under a window."""
    _room(pen, wall, (148, 142, 150), (70, 46, 570, 236))
    pen.rectangle(130, 70, 510, 164, (176, 208, 226))
    for x in (256, 384):
        pen.line([(x, 70), (x, 164)], _PAPER, 5)
    for x in (150, 400):
        pen.polygon([(x - 30, 244), (x + 130, 244), (x + 150, 280), (x - 50, 280)], shade(_WOOD, 1.3))
        pen.rectangle(x + 18, 190, x + 82, 234, _DARK, radius=3)
        pen.rectangle(x + 46, 234, x + 54, 246, _METAL)
        pen.rectangle(x + 24, 284, x + 76, 336, (58, 72, 96), radius=12)
    _plant(pen, 604, 320, 1.2)


def laboratory(pen: Pen, wall: Colour) -> None:
    """Benches with glassware and a fume hood."""
    _room(pen, wall, (176, 186, 188), (90, 50, 550, 240))
    pen.rectangle(360, 72, 520, 206, (196, 204, 206))
    pen.rectangle(372, 84, 508, 160, (122, 158, 170))
    for x in (120, 190, 260):
        pen.rectangle(x, 80, x + 56, 132, _PAPER, radius=3)
    pen.polygon([(40, 256), (600, 256), (630, 296), (10, 296)], (222, 226, 226))
    pen.rectangle(20, 296, 620, 360, (120, 140, 150))
    for n, colour in enumerate(((96, 190, 200), (220, 150, 80), (160, 120, 200), (120, 200, 120))):
        x = 110 + n * 62
        pen.polygon([(x - 6, 222), (x + 6, 222), (x + 20, 264), (x - 20, 264)], colour)
        pen.rectangle(x - 6, 206, x + 6, 226, (214, 230, 232))
    pen.rectangle(420, 226, 500, 268, _METAL, radius=6)
    pen.ellipse(460, 246, 12, 12, (64, 84, 96))


def stairwell(pen: Pen, wall: Colour) -> None:
    """A flight of stairs with a handrail."""
    _room(pen, wall, (140, 142, 146), (110, 30, 530, 270))
    for n in range(8):
        left, top = 150 + n * 38, 262 - n * 26
        pen.rectangle(left, top, 530, 290, shade((176, 172, 166), 1 - n * 0.045))
        pen.line([(left, top), (530, top)], shade(wall, 0.62), 2.5)
    pen.line([(140, 190), (440, -12)], _DARK, 7)
    for n in range(6):
        pen.line([(160 + n * 52, 178 - n * 35), (160 + n * 52, 254 - n * 35)], _DARK, 3)
    pen.rectangle(44, 150, 84, 190, _GREEN, radius=3)
    pen.polygon([(52, 170), (66, 158), (66, 166), (76, 166), (76, 174), (66, 174), (66, 182)], _PAPER)


def warehouse(pen: Pen, wall: Colour) -> None:
    """An aisle between racks of boxes."""
    _room(pen, wall, (150, 148, 142), (230, 70, 410, 220))
    boxes = ((186, 140, 92), (168, 124, 80), (204, 160, 108), (120, 138, 160))
    for mirrored in (False, True):
        for shelf in range(3):
            for n in range(4):
                left, right = 8 + n * 54, 54 + n * 54
                top, bottom = 40 + shelf * 92, 100 + shelf * 92

                def place(x: float, y: float, flip: bool = mirrored) -> tuple[float, float]:
                    squeezed = 160 + (y - 160) * (1 - x / 420)
                    return (640 - x if flip else x), squeezed

                corners = ((left, top), (right, top), (right, bottom), (left, bottom))
                pen.polygon([place(*corner) for corner in corners], boxes[(shelf * 5 + n * 3 + mirrored) % 4])
            pen.line([place(0, bottom + 6), place(226, bottom + 6)], (216, 116, 40), 6)
    pen.line([(320, 220), (250, 360)], (226, 200, 70), 4)
    pen.line([(340, 220), (430, 360)], (226, 200, 70), 4)


def dock(pen: Pen, wall: Colour) -> None:
    """Two roller doors, one with a lorry behind it."""
    pen.rectangle(0, 0, 640, 262, wall)
    pen.rectangle(0, 256, 640, 360, (138, 136, 130))
    for left, is_open in ((60, False), (350, True)):
        pen.rectangle(left - 12, 48, left + 242, 262, (226, 190, 60))
        pen.rectangle(left, 60, left + 230, 262, (92, 100, 110))
        if is_open:
            pen.rectangle(left + 22, 84, left + 208, 262, (232, 234, 236))
            pen.rectangle(left + 40, 104, left + 190, 262, (64, 70, 78))
            for n, colour in enumerate(((180, 134, 88), (198, 152, 100), (160, 118, 78))):
                pen.rectangle(left + 52 + n * 44, 196, left + 92 + n * 44, 260, colour)
        else:
            for y in range(74, 262, 14):
                pen.line([(left, y), (left + 230, y)], (120, 128, 138), 2)
    for x in range(0, 640, 64):
        pen.polygon([(x, 264), (x + 32, 264), (x + 22, 276), (x - 10, 276)], (226, 190, 60))


def parking(pen: Pen, wall: Colour) -> None:
    """Marked bays under a low ceiling, with a few cars."""
    pen.rectangle(0, 0, 640, 360, shade(wall, 0.72))
    pen.rectangle(0, 150, 640, 360, _ASPHALT)
    pen.rectangle(0, 0, 640, 40, shade(wall, 0.5))
    for x in (80, 320, 560):
        pen.rectangle(x - 14, 36, x + 14, 176, shade(wall, 0.92))
        pen.rectangle(x - 14, 140, x + 14, 164, (226, 190, 60))
        pen.rectangle(x - 110, 20, x - 50, 28, _LAMP, radius=3)
    for x in range(-40, 720, 110):
        pen.line([(x, 176), (x - (320 - x) * 0.2, 236)], _PAPER, 4)
    for x, colour in ((70, (150, 54, 52)), (292, (64, 92, 138)), (512, (200, 202, 204))):
        car(pen, x, 214, colour)


def car(pen: Pen, x: float, y: float, colour: Colour, light: float = 1.0) -> None:
    """A car seen from the side, its wheels on `y`."""
    pen.rectangle(x - 50, y - 34, x + 54, y - 8, colour, radius=10)
    pen.polygon([(x - 34, y - 32), (x - 20, y - 56), (x + 22, y - 56), (x + 40, y - 32)], colour)
    pen.polygon(
        [(x - 26, y - 33), (x - 15, y - 51), (x + 19, y - 51), (x + 31, y - 33)],
        shade((176, 204, 220), light),
    )
    for wheel in (-28, 32):
        pen.ellipse(x + wheel, y - 8, 12, 12, _DARK)
        pen.ellipse(x + wheel, y - 8, 5, 5, shade(_METAL, light))


ROOMS: dict[str, Callable[[Pen, Colour], None]] = {
    "corridor": corridor,
    "dock": dock,
    "doorway": doorway,
    "forecourt": forecourt,
    "forecourt at night": forecourt_at_night,
    "laboratory": laboratory,
    "lobby": lobby,
    "office": office,
    "parking": parking,
    "stairwell": stairwell,
    "warehouse": warehouse,
}

_WORDS = (
    ("dock", "dock"),
    ("ramp", "dock"),
    ("warehouse", "warehouse"),
    ("archive", "warehouse"),
    ("server", "warehouse"),
    ("cellar", "warehouse"),
    ("parking", "parking"),
    ("fence", "parking"),
    ("gate", "parking"),
    ("yard", "parking"),
    ("lab", "laboratory"),
    ("stair", "stairwell"),
    ("lift", "stairwell"),
    ("lobby", "lobby"),
    ("reception", "lobby"),
    ("hall", "lobby"),
    ("corridor", "corridor"),
)


def room_of(name: str) -> str:
    """The room that a camera with that name watches."""
    lower = name.casefold()
    return next((room for word, room in _WORDS if word in lower), "office")
