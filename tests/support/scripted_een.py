"""An Eagle Eye service on a scripted server: one camera whose frames the test chooses."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

from PIL import Image, ImageDraw
from pydantic import SecretStr

from camkit.cameras.een import EagleEyeV1
from camkit.cameras.een.formats import een_time, parse_een_time
from camkit.http import Limits
from tests.support.scripted import Scripted, scripted, send

NOW = datetime(2019, 4, 12, 20, 45, tzinfo=UTC)
CAMERA = "1001abcd"
QUICK = Limits(connect_s=1, read_s=2, deadline_s=5, attempts=2, backoff_s=0.01)


def drawn(text: str) -> bytes:
    """A small JPEG with a text on it."""
    image, buffer = Image.new("L", (160, 30), "white"), io.BytesIO()
    ImageDraw.Draw(image).text((2, 8), text)
    image.save(buffer, "JPEG")
    return buffer.getvalue()


def send_frame(handler: BaseHTTPRequestHandler, at: datetime, picture: bytes | None = None) -> None:
    """Answer with the frame of a moment."""
    content = picture or drawn(een_time(at))
    send(handler, 200, content, Content_Type="image/jpeg", x_ee_timestamp=f"preview-{een_time(at)}")


def asked_moment(handler: BaseHTTPRequestHandler) -> datetime:
    """The moment that a request names."""
    text = parse_qs(urlsplit(handler.path).query)["timestamp"][0]
    if text == "now":
        return NOW
    return NOW + timedelta(milliseconds=int(text)) if text[0] in "+-" else parse_een_time(text)


def last_before(times: Sequence[datetime], at: datetime) -> datetime | None:
    """The newest of some times before a moment, or at it if it is now."""
    return max((time for time in times if time < at or time == at == NOW), default=None)


@contextmanager
def een_service(
    answer: Callable[[BaseHTTPRequestHandler, int], None], devices: Sequence[object] = ()
) -> Iterator[tuple[EagleEyeV1, Scripted]]:
    """A client of a service that logs everyone in; `answer` gets the image requests, numbered from 0."""
    images = iter(range(10**6))

    def serve(handler: BaseHTTPRequestHandler, _: int) -> None:
        if "/g/aaa/" in handler.path:
            fields = b'{"token": "t", "active_brand_subdomain": "c001"}'
            send(handler, 200, fields, Set_Cookie="auth_key=c001~1")
        elif "/g/device" in handler.path:
            send(handler, 200, json.dumps(devices).encode())
        else:
            answer(handler, next(images))

    with scripted(serve) as server:
        een = EagleEyeV1("me@camkit.example", SecretStr("secret"), base_url=server.base, limits=QUICK)
        yield een, server
        een.close()


def camera_with(times: Sequence[datetime]) -> Callable[[BaseHTTPRequestHandler, int], None]:
    """Answer like a camera that has frames at these times."""

    def answer(handler: BaseHTTPRequestHandler, _: int) -> None:
        found = last_before(times, asked_moment(handler))
        if found is None:
            send(handler, 404, b"no matching asset")
        else:
            send_frame(handler, found)

    return answer
