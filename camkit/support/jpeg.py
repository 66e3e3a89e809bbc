"""Checks of images from outside: what they claim to be, whether they are complete, how large they are."""

from __future__ import annotations

import io
import re
import warnings

from PIL import Image, UnidentifiedImageError

__all__ = ["BadImage", "check_ends", "check_jpeg", "check_photo"]

MAX_PIXELS = 64_000_000
"""Twice the largest sensor of the two vendors' cameras, in pixels; more is treated as an attack."""

MAX_SCANNED = 10 * MAX_PIXELS
"""Pixels times scans. A progressive JPEG has about ten scans, each a pass over the whole picture in C, during which
nothing else runs; a small file may have thousands of them."""

_TEXT = re.compile(r"^text/|^multipart/|(json|xml|html|javascript|x-www-form-urlencoded)$")

Image.preinit()  # loads Pillow's decoders now, not when the first images arrive


class BadImage(ValueError):
    """The bytes are not a complete image; the message says why, as the end of a sentence."""


def check_ends(content: bytes, content_type: str | None = None) -> None:
    """Check that bytes begin and end like a JPEG; the quick part of `check_jpeg`.

    Raises
    ------
    BadImage
        If they do not, or the server called them text or markup. Other names, such as ``application/octet-stream``,
        are those of stores that do not know what they keep.
    """
    if not content:
        raise BadImage("the answer was empty")
    kind = (content_type or "").split(";")[0].strip()
    if _TEXT.search(kind.lower()):
        raise BadImage(f"the answer was {kind[:60]!r}, not a JPEG")
    if not content.startswith(b"\xff\xd8\xff"):
        raise BadImage("the bytes are not a JPEG")
    if not content.rstrip(b"\0\r\n").endswith(b"\xff\xd9"):
        raise BadImage("the JPEG has no end marker; it was cut off")


def check_jpeg(content: bytes, content_type: str | None = None) -> tuple[int, int]:
    """Check that bytes are one complete JPEG that decodes.

    Parameters
    ----------
    content : bytes
        The file as it arrived.
    content_type : str, optional
        Media type according to the server.

    Returns
    -------
    tuple of int
        Width and height, pixels.

    Raises
    ------
    BadImage
        If it is empty, of another type, cut off, corrupt, larger than `MAX_PIXELS`, or has more scans than
        `MAX_SCANNED` allows.

    Notes
    -----
    All entropy-coded data are decoded, but only to an eighth of the size (Pillow's ``draft``): that
    finds the same damage as a full decode in about a third of the time. Damage that libjpeg tolerates is not
    found: data that stop early before a valid end marker decode with the rest grey, and the halves of two pictures
    decode as one if the second has no header.
    """
    check_ends(content, content_type)
    return _decode(content, ("JPEG",))[1]


def check_photo(content: bytes) -> str:
    """Check that bytes are one picture that decodes, in a format that browsers show.

    Parameters
    ----------
    content : bytes
        A JPEG, PNG, GIF or WebP file.

    Returns
    -------
    str
        Its media type, according to its content.

    Raises
    ------
    BadImage
        If it is not one of these, corrupt, larger than `MAX_PIXELS`, or has more scans than `MAX_SCANNED` allows.
    """
    kind, _ = _decode(content, ("JPEG", "PNG", "GIF", "WEBP"))
    return f"image/{kind.lower()}"


def _decode(content: bytes, formats: tuple[str, ...]) -> tuple[str, tuple[int, int]]:
    """Decode in full, under the limits; return the format and the size."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=formats) as image:
                width, height = image.size
                if width * height > MAX_PIXELS:
                    raise BadImage(f"the image claims {width} x {height} pixels, more than camkit opens")
                kind = "JPEG" if image.format == "MPO" else str(image.format)  # a JPEG followed by others
                # FF bytes within a scan are escaped, so this counts the scans, and those of a thumbnail.
                if kind == "JPEG" and width * height * content.count(b"\xff\xda") > MAX_SCANNED:
                    raise BadImage("the image has more scans than camkit decodes")
                image.draft("L", (max(1, width // 8), max(1, height // 8)))
                image.load()
                return kind, (width, height)
    except Image.DecompressionBombError:
        raise BadImage("the image claims more pixels than camkit opens") from None
    except BadImage:
        raise
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError):
        raise BadImage("the image is corrupt and does not decode") from None
