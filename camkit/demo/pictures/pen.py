"""A canvas with its own units, drawn larger than needed and scaled down, so that edges are smooth."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw

Colour = tuple[int, int, int]
Point = tuple[float, float]

SUPERSAMPLING = 3


def shade(colour: Colour, factor: float) -> Colour:
    """A colour made darker (below 1) or lighter (above 1)."""
    red, green, blue = (max(0, min(255, round(part * factor))) for part in colour)
    return red, green, blue


class Pen:
    """Draws shapes given in units on an image of `width` x `height` pixels.

    Parameters
    ----------
    unit : float
        Pixels to a unit.
    origin : tuple of float
        The point, in units, of the image's upper left corner.
    background : tuple of int or None
        RGB; None leaves the image transparent.
    """

    def __init__(
        self,
        width: int,
        height: int,
        unit: float = 1.0,
        origin: Point = (0.0, 0.0),
        background: Colour | None = None,
    ) -> None:
        self._unit = unit * SUPERSAMPLING
        self._origin = origin
        mode, fill = ("RGBA", (0, 0, 0, 0)) if background is None else ("RGB", background)
        self._image = Image.new(mode, (width * SUPERSAMPLING, height * SUPERSAMPLING), fill)
        self._draw = ImageDraw.Draw(self._image)

    def finish(self) -> Image.Image:
        """The image, in its final size."""
        return self._image.reduce(SUPERSAMPLING)

    def ellipse(self, x: float, y: float, rx: float, ry: float, fill: Colour) -> None:
        """An ellipse around its centre."""
        self._draw.ellipse(self._box(x - rx, y - ry, x + rx, y + ry), fill=fill)

    def chord(self, x: float, y: float, rx: float, ry: float, start: float, end: float, fill: Colour) -> None:
        """A slice of an ellipse, from `start` to `end` degrees clockwise from three o'clock."""
        self._draw.chord(self._box(x - rx, y - ry, x + rx, y + ry), start, end, fill=fill)

    def arc(
        self, x: float, y: float, rx: float, ry: float, start: float, end: float, fill: Colour, width: float
    ) -> None:
        """A piece of an ellipse's outline."""
        box = self._box(x - rx, y - ry, x + rx, y + ry)
        self._draw.arc(box, start, end, fill=fill, width=self._thick(width))

    def rectangle(
        self, left: float, top: float, right: float, bottom: float, fill: Colour, radius: float = 0.0
    ) -> None:
        """A rectangle, with round corners where a radius is given."""
        box = self._box(left, top, right, bottom)
        self._draw.rounded_rectangle(box, radius * self._unit, fill=fill)

    def frame(
        self,
        left: float,
        top: float,
        right: float,
        bottom: float,
        fill: Colour,
        width: float,
        radius: float = 0,
    ) -> None:
        """The outline of a rectangle."""
        box = self._box(left, top, right, bottom)
        self._draw.rounded_rectangle(box, radius * self._unit, outline=fill, width=self._thick(width))

    def polygon(self, points: Sequence[Point], fill: Colour) -> None:
        """A filled polygon."""
        self._draw.polygon([self._point(*point) for point in points], fill=fill)

    def line(self, points: Sequence[Point], fill: Colour, width: float) -> None:
        """A line through the points."""
        places = [self._point(*point) for point in points]
        self._draw.line(places, fill=fill, width=self._thick(width), joint="curve")

    def _point(self, x: float, y: float) -> Point:
        return (x - self._origin[0]) * self._unit, (y - self._origin[1]) * self._unit

    def _box(self, left: float, top: float, right: float, bottom: float) -> list[float]:
        return [*self._point(left, top), *self._point(right, bottom)]

    def _thick(self, width: float) -> int:
        return max(1, round(width * self._unit))
