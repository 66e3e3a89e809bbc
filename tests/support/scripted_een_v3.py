"""Eagle Eye's API v3 on a scripted server: a client that has logged in already, and answers that the test chooses."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler
from socket import IPPROTO_TCP, TCP_NODELAY
from typing import Any
from urllib.parse import parse_qs, urlsplit

from pydantic import SecretStr

from camkit.cameras.een import EagleEyeV3, TokensInMemory
from camkit.cameras.een.v3.formats import iso_time
from camkit.cameras.een.v3.tokens import Tokens
from tests.support.scripted import Scripted, scripted, send
from tests.support.scripted_een import NOW, QUICK, drawn

USER = {"id": "ca0e1cf2", "accountId": "00001106", "firstName": "Robin", "email": "robin@camkit.example"}


def query(path: str) -> dict[str, str]:
    """The arguments of a request."""
    return {
        name: values[0] for name, values in parse_qs(urlsplit(path).query, keep_blank_values=True).items()
    }


def send_json(handler: BaseHTTPRequestHandler, found: Any, status: int = 200, **headers: str) -> None:
    """Answer with JSON."""
    send(handler, status, json.dumps(found).encode(), Content_Type="application/json", **headers)


def send_image(
    handler: BaseHTTPRequestHandler, at: datetime, text: str | None = None, **headers: str
) -> None:
    """Answer with the image of a moment; its time may be another text."""
    named = {"X_Een_Timestamp": iso_time(at) if text is None else text, **headers}
    send(handler, 200, drawn(iso_time(at)), Content_Type="image/jpeg", **named)


def error(status: int, word: str, message: str, *details: Mapping[str, Any]) -> dict[str, Any]:
    """The vendor's error body; without details, as its guide shows it, it has none."""
    body: dict[str, Any] = {"code": status, "status": word, "message": message}
    return body | ({"details": list(details)} if details else {})


@contextmanager
def een_v3(
    answer: Callable[[BaseHTTPRequestHandler, dict[str, str], int], None],
    now: datetime | str = NOW,
    *,
    is_demo: bool = True,
) -> Iterator[tuple[EagleEyeV3, Scripted]]:
    """A logged-in client of a service; `answer` gets every request but the user's, with its query, numbered from 0.

    The service's ``Date`` is `now`, which may be another text. Of the demo site's clock it is believed that it is 2019.
    """
    numbers = iter(range(10**6))

    def serve(handler: BaseHTTPRequestHandler, _: int) -> None:
        handler.connection.setsockopt(IPPROTO_TCP, TCP_NODELAY, 1)  # else each answer takes 40 ms
        date = now if isinstance(now, str) else format_datetime(now, usegmt=True)
        handler.date_time_string = lambda timestamp=None: date  # type: ignore[method-assign]
        if urlsplit(handler.path).path.endswith("/users/self"):
            send_json(handler, USER)
        else:
            answer(handler, query(handler.path), next(numbers))

    with scripted(serve) as server:
        store = TokensInMemory()
        store.save(Tokens(SecretStr("access-1"), None, time.time() + 3600, server.base))
        demo = server.base if is_demo else None
        een = EagleEyeV3(
            "app", SecretStr("secret"), auth_url=server.base, store=store, limits=QUICK, demo_origin=demo
        )
        yield een, server
        een.close()
