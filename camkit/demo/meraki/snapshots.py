"""Ordered snapshots: where, from when and until when they can be fetched.

The image origin needs no credentials: the address is the secret. Lifetimes run on the real, monotonic clock.
Source: meraki/openapi, ``generateDeviceCameraSnapshot``; the rest as used in public code.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from flask import Blueprint, Response

MOST = 50_000
"""Orders that are kept; the oldest goes first, and is then not known."""


@dataclass(frozen=True)
class _Order:
    draw: Callable[[], bytes]
    ready: float
    expires: float


@dataclass
class SnapshotStore:
    """The orders by their token.

    Parameters
    ----------
    ready_delay_s, life_s : float
        Time from the order until the picture can be fetched, and until it expires, seconds.
    not_ready : int
        The status before that, which the vendor does not document.
    """

    ready_delay_s: float
    life_s: float
    not_ready: int = 404
    _orders: dict[str, _Order] = field(default_factory=dict)

    def order(self, draw: Callable[[], bytes]) -> str:
        """Take an order and return its path on the image origin."""
        now = time.monotonic()
        token = secrets.token_hex(8) + "VH" + secrets.token_urlsafe(72)
        self._orders[token] = _Order(draw, now + self.ready_delay_s, now + self.life_s)
        while len(self._orders) > MOST:
            del self._orders[next(iter(self._orders))]
        return f"/stream/jpeg/snapshot/{token}"

    def reset(self) -> None:
        """Forget all orders."""
        self._orders.clear()

    def answer(self, token: str) -> Response:
        """The answer to a request for `token` now: 404 if not ready, 200, or 410 if expired."""
        order = self._orders.get(token)
        now = time.monotonic()
        if order is None or now < order.ready:
            status = 404 if order is None else self.not_ready
            return Response("<html><body>Not found</body></html>", status, mimetype="text/html")
        if now >= order.expires:
            return Response("Gone", 410, mimetype="text/plain")
        return Response(order.draw(), mimetype="image/jpeg")


def create_blueprint(store: SnapshotStore) -> Blueprint:
    """The route of the image origin."""
    routes = Blueprint("meraki_images", __name__)

    @routes.get("/stream/jpeg/snapshot/<token>")
    def snapshot(token: str) -> Response:
        return store.answer(token)

    return routes
