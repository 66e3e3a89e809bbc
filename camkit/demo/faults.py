"""Faults on demand: which requests go wrong, and when.

A fault is a JSON object, passed with ``--fault`` or sent to the control path in a list::

    {"route": "/asset/*", "kind": "status", "params": {"status": 503}, "times": 2}
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from random import Random
from types import UnionType
from typing import Any

from camkit.demo.middleware import WsgiApp
from camkit.demo.misbehaviour import KINDS, Reply, Request

_TYPES: dict[str, type | UnionType] = {
    "route": str,
    "kind": str,
    "params": dict,
    "method": str | None,
    "times": int | None,
    "after": int,
    "probability": int | float,
    "seed": int,
}


@dataclass
class Fault:
    """One fault.

    Attributes
    ----------
    route : str
        The paths that it applies to, as a shell pattern: ``/asset/*``.
    kind : str
        One of `camkit.demo.misbehaviour.KINDS`.
    params : dict
        The arguments of the kind.
    method : str or None
        The HTTP method that it applies to; None for all.
    times : int or None
        How many requests go wrong before the fault ends; None for no limit.
    after : int
        How many matching requests are answered normally first.
    probability : float
        The share of the other matching requests that go wrong, 0 to 1.
    seed : int
        Seed of the random choice; the same seed chooses the same requests.
    """

    route: str
    kind: str
    params: dict[str, Any] = field(default_factory=dict)
    method: str | None = None
    times: int | None = None
    after: int = 0
    probability: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        self._matched = 0
        self._applied = 0
        self._random = Random(self.seed)
        for name, allowed in _TYPES.items():
            if not isinstance(getattr(self, name), allowed):
                raise ValueError(f"fault: {name} is {getattr(self, name)!r}, which has the wrong type")
        if self.kind not in KINDS:
            raise ValueError(f"fault: unknown kind {self.kind!r}; the kinds are {', '.join(KINDS)}")
        try:
            inspect.signature(KINDS[self.kind]).bind(None, **self.params)
        except TypeError as error:
            raise ValueError(f"fault {self.kind}: params: {error}") from error

    def applies(self, method: str, path: str) -> bool:
        """Whether this request goes wrong; counts the request if it matches."""
        if not fnmatchcase(path, self.route) or self.method not in (None, method):
            return False
        self._matched += 1
        over = self.times is not None and self._applied >= self.times
        if over or self._matched <= self.after or self._random.random() >= self.probability:
            return False
        self._applied += 1
        return True


def fault_from(description: object) -> Fault:
    """Read a fault from its JSON object, or from the text of one.

    Raises
    ------
    ValueError
        If it is not a valid fault; the message says why.
    """
    if isinstance(description, str):
        description = json.loads(description)
    if not isinstance(description, dict) or not {"route", "kind"} <= description.keys() <= _TYPES.keys():
        raise ValueError(f"a fault is a JSON object with route, kind, and any of {', '.join(_TYPES)}")
    return Fault(**description)


class Faults:
    """The active faults; the first one that applies to a request is used."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self.set(faults)

    def set(self, faults: Iterable[Fault]) -> None:
        """Replace all faults with these."""
        self._faults = list(faults)

    def watch(self, inner: WsgiApp) -> WsgiApp:
        """Wrap `inner` so that requests go wrong as the faults say."""

        def watched(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
            fault = next((fault for fault in self._faults if fault.applies(method, path)), None)
            if fault is None:
                return inner(environ, start_response)
            environ["camkit.fault"] = fault.kind
            request = Request(environ, lambda: _correct_reply(inner, environ))
            reply = KINDS[fault.kind](request, **fault.params)
            start_response(reply.status, reply.headers)
            return reply.body

        return watched


def _correct_reply(inner: WsgiApp, environ: dict[str, Any]) -> Reply:
    started: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], *_: object) -> None:
        started.extend((status, headers))

    chunks = inner(environ, start_response)
    try:
        body = b"".join(chunks)
    finally:
        getattr(chunks, "close", lambda: None)()
    return Reply(started[0], started[1], [body])
