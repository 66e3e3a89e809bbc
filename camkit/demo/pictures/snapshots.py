"""Meraki snapshots: a door, and the people who are really there."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from PIL import Image

from camkit.demo.pictures.camera import empty_picture, finished, usual_quality
from camkit.demo.pictures.figures import figure
from camkit.demo.pictures.jpeg import encode, encode_within
from camkit.demo.world.doors import BY_CAMERA, SITE_TIME
from camkit.demo.world.world import Sighting, World

WIDTH, FULL_WIDTH = 1280, 1920
SMALLEST, LARGEST = 50_000, 80_000
_USUAL = 62_000
_FULL_QUALITY = 88


@lru_cache(maxsize=64)
def snapshot_jpeg(
    world: World, camera_id: str, name: str, moment: datetime, *, fullframe: bool = False
) -> bytes:
    """What a camera saw at `moment` by its own clock: 1280 x 720 pixels, or 1920 x 1080 in full frame, as JPEG."""
    image = empty_picture(camera_id, name, FULL_WIDTH if fullframe else WIDTH, moment)
    if camera_id in BY_CAMERA:
        draw_people(image, world.people_at(camera_id, moment), BY_CAMERA[camera_id].view)
    image = finished(image, moment, name, f"{moment.astimezone(SITE_TIME):%Y-%m-%d %H:%M:%S %z}")
    if fullframe:
        return encode(image, _FULL_QUALITY)
    return encode_within(image, SMALLEST, LARGEST, usual_quality(camera_id, name, WIDTH, _USUAL))


def draw_people(image: Image.Image, people: list[Sighting], view: str) -> None:
    """Draw people at a door, those who follow behind the one at the reader.

    Inside they come out of the doorway; outside they come nearer from farther away, on the other side.
    """
    for seen in sorted(people, key=lambda sighting: -sighting.place):
        if view == "outside":
            size = (0.46 + 0.6 * seen.progress) * (0.84 if seen.place else 1.0)
            centre = 0.53 - 0.05 * seen.progress - 0.15 * seen.place
            top = 0.33 - 0.16 * seen.progress
        else:
            size = (0.92 + 0.42 * seen.progress) * (0.9 if seen.place else 1.0)
            centre = 0.46 + 0.06 * seen.progress + 0.17 * seen.place
            top = 0.16 - 0.06 * seen.progress
        person = figure(seen.looks, round(image.height * size))
        left = round(image.width * centre) - person.width // 2
        image.paste(person, (left, round(image.height * top)), person)
