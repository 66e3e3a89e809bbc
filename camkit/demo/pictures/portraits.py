"""The directory's photos."""

from __future__ import annotations

import io
from functools import lru_cache

from camkit.demo.pictures.figures import draw_bust
from camkit.demo.pictures.pen import Pen
from camkit.demo.world.people import Looks

WIDTH, HEIGHT = 320, 400
_UNIT = 0.93


@lru_cache(maxsize=64)
def portrait_jpeg(looks: Looks) -> bytes:
    """A portrait of 320 x 400 pixels, JPEG: head and shoulders on a plain background."""
    left = 200 - WIDTH / _UNIT / 2
    pen = Pen(WIDTH, HEIGHT, unit=_UNIT, origin=(left, 8), background=(214, 222, 230))
    pen.ellipse(200, 230, 210, 250, (224, 231, 238))
    draw_bust(pen, looks)
    out = io.BytesIO()
    pen.finish().save(out, "JPEG", quality=88)
    return out.getvalue()
