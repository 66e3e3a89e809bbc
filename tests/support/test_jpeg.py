"""Images are checked before they are used."""

from __future__ import annotations

import io
import random

import pytest
from PIL import Image, ImageFile

from camkit.support.jpeg import BadImage, check_jpeg, check_photo


def picture(kind: str = "JPEG", **options) -> bytes:
    noise = Image.frombytes("RGB", (160, 90), random.Random(0).randbytes(160 * 90 * 3))
    buffer = io.BytesIO()
    noise.save(buffer, kind, **options)
    return buffer.getvalue()


JPEG = picture()


def claiming(width: int, height: int) -> bytes:
    """The picture with another size in its header."""
    at = JPEG.index(b"\xff\xc0") + 5
    return JPEG[:at] + height.to_bytes(2) + width.to_bytes(2) + JPEG[at + 4 :]


@pytest.mark.parametrize("kind", ["image/jpeg", "image/jpg", "IMAGE/JPEG; q=1", None])
def test_accepts_a_whole_jpeg(kind):
    "Baseline or progressive, with padding after its end; returns its size"
    assert check_jpeg(JPEG, kind) == (160, 90)
    assert check_jpeg(picture(progressive=True), kind) == (160, 90)
    assert check_jpeg(JPEG + b"\0\0\r\n", kind) == (160, 90)


@pytest.mark.parametrize(
    ("content", "kind", "said"),
    [
        (b"", "image/jpeg", "empty"),
        (JPEG, "text/html", "'text/html', not a JPEG"),
        (b"<html>sign in</html>", "image/jpeg", "not a JPEG"),
        (picture("PNG"), "image/jpeg", "not a JPEG"),
        (JPEG[:-2], "image/jpeg", "cut off"),
        (JPEG[: len(JPEG) // 2], "image/jpeg", "cut off"),
        (JPEG[: len(JPEG) // 2] + b"\xff\xc4\x00\x03\xff" * 20 + JPEG[-2000:], "image/jpeg", "corrupt"),
        (b"\xff\xd8\xff\xd9", "image/jpeg", "corrupt"),
        (b"\xff\xd8\xff" + b"x" * 5000 + b"\xff\xd9", "image/jpeg", "corrupt"),
        (claiming(60_000, 60_000), "image/jpeg", "pixels"),
        (claiming(9_000, 9_000), "image/jpeg", "9000 x 9000 pixels"),
    ],
)
def test_refuses_anything_but_a_whole_jpeg(content, kind, said):
    "Empty, of another type, cut off, corrupt, or a bomb: each with its reason"
    with pytest.raises(BadImage, match=said):
        check_jpeg(content, kind)


def with_scans(number: int, size: tuple[int, int] = (160, 90)) -> bytes:
    """A progressive picture whose last scan is repeated that many times."""
    plain = io.BytesIO()
    Image.new("L", size).save(plain, "JPEG", progressive=True)
    jpeg = plain.getvalue()
    last = jpeg[jpeg.rindex(b"\xff\xda") : -2]
    return jpeg[:-2] + last * number + jpeg[-2:]


@pytest.mark.not_quick
def test_refuses_a_jpeg_of_endless_scans_before_it_is_decoded():
    "Each repeated scan costs a pass over the whole picture, however small the file; real pictures have far fewer"
    assert check_jpeg(with_scans(50)) == (160, 90)
    check_photo(with_scans(50))
    for bomb in (with_scans(100, (8000, 8000)), with_scans(50_000)):
        for check in (check_jpeg, check_photo):
            with pytest.raises(BadImage, match="more scans than camkit decodes"):
                check(bomb)


def test_accepts_a_preview_in_the_metadata():
    "A photo with a thumbnail in its EXIF, progressive itself, is accepted"
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0" + picture(progressive=True)[:30_000]
    assert check_jpeg(picture(progressive=True, exif=exif)) == (160, 90)


def test_does_not_let_a_global_switch_pass_half_an_image(monkeypatch):
    "Even where the notebook told Pillow to accept truncated images, half a JPEG is refused"
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    with pytest.raises(BadImage):
        check_jpeg(JPEG[: len(JPEG) // 2])


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP"])
def test_says_what_kind_a_photo_is(kind):
    "According to its bytes, not to the server"
    assert check_photo(picture(kind)) == f"image/{kind.lower()}"


def test_a_photo_followed_by_a_second_picture_is_a_jpeg():
    "What Pillow calls MPO, and some phones write, is a JPEG to a browser"
    second = Image.new("RGB", (160, 90))
    assert check_photo(picture("MPO", save_all=True, append_images=[second])) == "image/jpeg"


@pytest.mark.parametrize(
    "content", [b"", b"<svg/>", picture("TIFF"), picture("PNG")[:200], claiming(60_000, 60_000)]
)
def test_refuses_a_photo_that_browsers_do_not_show(content):
    "Other formats, incomplete files and bombs"
    with pytest.raises(BadImage):
        check_photo(content)
