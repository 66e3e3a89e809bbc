"""Pictures to JPEG bytes of about the size a real camera's have."""

from __future__ import annotations

import io

from PIL import Image


def encode(image: Image.Image, quality: int) -> bytes:
    """The picture as JPEG."""
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()


def quality_for(image: Image.Image, size: int) -> int:
    """The highest quality, 20 to 96, at which the picture has at most `size` bytes."""
    low, high = 20, 96
    while low < high:
        middle = (low + high + 1) // 2
        if len(encode(image, middle)) <= size:
            low = middle
        else:
            high = middle - 1
    return low


def encode_within(image: Image.Image, smallest: int, largest: int, quality: int) -> bytes:
    """The picture as JPEG of `smallest` to `largest` bytes; `quality` is where the search starts."""
    data = encode(image, quality)
    while len(data) > largest and quality > 20:
        quality -= 1
        data = encode(image, quality)
    while len(data) < smallest and quality < 96:
        quality += 1
        data = encode(image, quality)
    return data
