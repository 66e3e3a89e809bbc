"""What the pictures of all cameras have in common: room, light, noise and caption."""

from __future__ import annotations

import hashlib
import unicodedata
from datetime import UTC, datetime
from functools import lru_cache
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageFont

from camkit.demo.pictures.jpeg import quality_for
from camkit.demo.pictures.pen import Pen
from camkit.demo.pictures.rooms import HEIGHT, ROOMS, WALLS, WIDTH, room_of
from camkit.demo.world.doors import BY_CAMERA, DOORS, SITE_TIME

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_TINTS = {camera.camera_id: tint for tint, door in enumerate(DOORS) for camera in door.cameras}
_GRAIN = 5
_MARGIN = 64
_NIGHT = [value * 2 // 3 for value in range(256)] * 2 + [value * 3 // 4 for value in range(256)]
"""Darker red and green, and slightly less dark blue."""


def empty_picture(camera_id: str, name: str, width: int, moment: datetime) -> Image.Image:
    """A new picture of the place that a camera watches, without people."""
    if camera_id not in BY_CAMERA:
        tint = hashlib.sha256(camera_id.encode()).digest()[0] % len(WALLS)
        return _room(room_of(name), tint, width).copy()
    room = "doorway"
    if BY_CAMERA[camera_id].view == "outside":
        room = "forecourt at night" if _is_night(moment) else "forecourt"
    return _room(room, _TINTS[camera_id], width).copy()


def finished(image: Image.Image, moment: datetime, name: str, time: str) -> Image.Image:
    """The picture in the light of the hour, with the sensor's noise, and with name and time burnt in."""
    if _is_night(moment):
        image = image.point(_NIGHT)
    image = ImageChops.add(image, _grain(image.size, milliseconds(moment)), 1, -128)
    _caption(image, name, time)
    return image


@lru_cache(maxsize=20_000)  # cameras in turn, of a fleet as well: the search costs ten times its use
def usual_quality(camera_id: str, name: str, width: int, size: int) -> int:
    """The JPEG quality at which a camera's empty picture has `size` bytes, where the search starts."""
    return quality_for(finished(empty_picture(camera_id, name, width, EPOCH), EPOCH, name, str(EPOCH)), size)


def milliseconds(moment: datetime) -> int:
    """A moment as whole milliseconds since 1970."""
    return (moment - EPOCH) // (moment.resolution * 1000)


def _is_night(moment: datetime) -> bool:
    return not 6 <= moment.astimezone(SITE_TIME).hour < 20


@lru_cache(maxsize=64)
def _room(room: str, tint: int, width: int) -> Image.Image:
    """An empty room. Shared: copy it before drawing on it."""
    pen = Pen(width, width * HEIGHT // WIDTH, unit=width / WIDTH, background=WALLS[tint])
    ROOMS[room](pen, WALLS[tint])
    return pen.finish()


def _grain(size: tuple[int, int], number: int) -> Image.Image:
    """Noise around 128, a different part of it for each number."""
    place = Random(number)
    left, top = place.randrange(_MARGIN), place.randrange(_MARGIN)
    return _noise(size).crop((left, top, left + size[0], top + size[1]))


@lru_cache(maxsize=4)
def _noise(size: tuple[int, int]) -> Image.Image:
    width, height = size[0] + _MARGIN, size[1] + _MARGIN
    raw = Image.frombytes("L", (width, height), Random(1).randbytes(width * height))
    scaled = raw.point([128 + round((value - 127.5) * _GRAIN / 128) for value in range(256)])
    return Image.merge("RGB", (scaled, scaled, scaled))


def _caption(image: Image.Image, name: str, time: str) -> None:
    """Name and time in the upper corners; in ASCII, as in the overlays of real cameras."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    size = max(11, image.width // 46)
    font = _font(size)
    draw = ImageDraw.Draw(image)
    right = image.width - draw.textlength(time, font) - size
    for x, text in ((size, plain), (right, time)):
        left, top, end, bottom = draw.textbbox((x, size * 0.7), text, font)
        draw.rectangle((left - 6, top - 4, end + 6, bottom + 4), fill=(18, 22, 28))
        draw.text((x, size * 0.7), text, (244, 246, 248), font)


@lru_cache(maxsize=8)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
