"""Eagle Eye previews: 640 x 360 pixels, 12.9 to 15.0 kB, no two alike.

The sizes are those of a published run (SwyftG/EEN, ``out/``).
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from random import Random

from PIL import Image

from camkit.demo.pictures.camera import EPOCH, empty_picture, finished, usual_quality
from camkit.demo.pictures.figures import figure
from camkit.demo.pictures.jpeg import encode_within
from camkit.demo.pictures.snapshots import draw_people
from camkit.demo.world.doors import BY_CAMERA, SITE_TIME
from camkit.demo.world.people import PEOPLE
from camkit.demo.world.world import World

WIDTH = 640
SMALLEST, LARGEST = 12_900, 15_000
_USUAL = 14_000
_WALK_S = 16


@lru_cache(maxsize=4096)
def preview_jpeg(world: World, camera_id: str, name: str, moment: datetime) -> bytes:
    """The preview frame that a camera took at `moment`."""
    image = empty_picture(camera_id, name, WIDTH, moment)
    if camera_id in BY_CAMERA:
        draw_people(image, world.people_at(camera_id, moment), BY_CAMERA[camera_id].view)
    else:
        _draw_passer_by(image, camera_id, moment)
    time = f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d} UTC"
    image = finished(image, moment, name, time)
    return encode_within(image, SMALLEST, LARGEST, usual_quality(camera_id, name, WIDTH, _USUAL))


def _draw_passer_by(image: Image.Image, camera_id: str, moment: datetime) -> None:
    """Sometimes, mostly by day, a person walks through the picture."""
    walk, seconds = divmod((moment - EPOCH).total_seconds(), _WALK_S)
    chance = Random(f"{camera_id} {walk}")
    by_day = 7 <= moment.astimezone(SITE_TIME).hour < 19
    if chance.random() > (0.7 if by_day else 0.02):
        return
    height = chance.randrange(150, 240, 10)
    person = figure(chance.choice(PEOPLE).looks, height)
    way = seconds / _WALK_S
    if chance.random() < 0.5:
        way = 1 - way
    left = round((image.width + person.width) * way) - person.width
    image.paste(person, (left, image.height - height - chance.randint(6, 40)), person)
