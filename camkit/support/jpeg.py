"""An image is checked before it counts: what it claims to be, whether it is whole, how large it is."""

from __future__ import annotations

import io
import warnings

from PIL import Image, UnidentifiedImageError

__all__ = ["BadImage", "check_ends", "check_jpeg", "check_photo", "problem_of_jpeg"]

MAX_PIXELS = 64_000_000
"""Twice the largest sensor of the two vendors' cameras, in pixels; more is taken for an attack."""

MAX_SCANNED = 10 * MAX_PIXELS
"""Pixels times scans. A progressive JPEG has about ten scans, each a pass over the whole picture in C, while nobody
else can work; a file may be small and have thousands of them."""

Image.preinit()  # loads Pillow's decoders now, not while the first images wait to be read


class BadImage(ValueError):
    """The bytes are no whole image; the message says in what way, as the end of a sentence."""


def check_ends(content: bytes, content_type: str | None = None) -> None:
    """Make sure that bytes begin and end like a JPEG; the quick part of `check_jpeg`.

    Raises
    ------
    BadImage
        If they do not, or the server called them something else.
    """
    if not content:
        raise BadImage("the answer was empty")
    if content_type is not None and content_type.split(";")[0].strip().lower() not in (
        "image/jpeg",
        "image/jpg",
    ):
        raise BadImage(f"the answer was {content_type.split(';')[0].strip()[:60]!r}, not a JPEG")
    if not content.startswith(b"\xff\xd8\xff"):
        raise BadImage("the bytes are not a JPEG")
    if not content.rstrip(b"\0\r\n").endswith(b"\xff\xd9"):
        raise BadImage("the JPEG has no end; it was cut off")


def check_jpeg(content: bytes, content_type: str | None = None) -> tuple[int, int]:
    """Make sure that bytes are one whole, decodable JPEG.

    Parameters
    ----------
    content : bytes
        The file as it arrived.
    content_type : str, optional
        What the server called it; not checked when None.

    Returns
    -------
    tuple of int
        Width and height, pixels.

    Raises
    ------
    BadImage
        If it is empty, of another type, cut off, corrupt, larger than `MAX_PIXELS` or of more scans than
        `MAX_SCANNED` allows.

    Notes
    -----
    All entropy-coded data are decoded, but only to an eighth of the size (Pillow's ``draft``): that
    finds the same damage as a full decode in about a third of the time. What libjpeg forgives passes: data
    that stop early in front of a proper end marker decode with a grey rest.
    """
    check_ends(content, content_type)
    return _decode(content, ("JPEG",))[1]


def problem_of_jpeg(content: bytes, content_type: str | None = None) -> str:
    """Say what is wrong with bytes that should be a JPEG, see `check_jpeg`; empty when nothing is."""
    try:
        check_jpeg(content, content_type)
    except BadImage as error:
        return str(error)
    return ""


def check_photo(content: bytes) -> str:
    """Make sure that bytes are one decodable picture of a kind that browsers show.

    Parameters
    ----------
    content : bytes
        A JPEG, PNG, GIF or WebP file.

    Returns
    -------
    str
        Its media type, by its content.

    Raises
    ------
    BadImage
        If it is none of these, corrupt, larger than `MAX_PIXELS` or of more scans than `MAX_SCANNED` allows.
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
                kind = "JPEG" if image.format == "MPO" else str(image.format)  # a JPEG with others behind it
                # A scan's own FF are escaped, so besides scans this counts but those of a thumbnail.
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
