"""Faults on demand: which requests go wrong, and when.

A fault is a JSON object, given with ``--fault`` or put to the control path in a list::

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
from camkit.demo.misbehaviour import KINDS, Asked, Reply

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
        Which paths, as a shell pattern: ``/asset/*``.
    kind : str
        One of `camkit.demo.misbehaviour.KINDS`.
    params : dict
        The kind's own arguments.
    method : str or None
        Which method; None for all.
    times : int or None
        How many requests go wrong before the fault is over; None for all.
    after : int
        How many matching requests are spared first.
    probability : float
        The share of the other matching requests that go wrong, 0 to 1.
    seed : int
        For the draw; the same seed spares the same requests.
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
        self._struck = 0
        self._random = Random(self.seed)
        for name, allowed in _TYPES.items():
            if not isinstance(getattr(self, name), allowed):
                raise ValueError(f"fault: {name} is {getattr(self, name)!r}, which is of the wrong type")
        if self.kind not in KINDS:
            raise ValueError(f"fault: no kind {self.kind!r}; there are {', '.join(KINDS)}")
        try:
            inspect.signature(KINDS[self.kind]).bind(None, **self.params)
        except TypeError as error:
            raise ValueError(f"fault {self.kind}: params: {error}") from error

    def strikes(self, method: str, path: str) -> bool:
        """Whether this request goes wrong; counts it."""
        if not fnmatchcase(path, self.route) or self.method not in (None, method):
            return False
        self._matched += 1
        over = self.times is not None and self._struck >= self.times
        if over or self._matched <= self.after or self._random.random() >= self.probability:
            return False
        self._struck += 1
        return True


def fault_from(description: object) -> Fault:
    """Read a fault from its JSON object, or from the text of one.

    Raises
    ------
    ValueError
        With a sentence that says what is wrong with it.
    """
    if isinstance(description, str):
        description = json.loads(description)
    if not isinstance(description, dict) or not {"route", "kind"} <= description.keys() <= _TYPES.keys():
        raise ValueError(f"a fault is a JSON object with route, kind, and any of {', '.join(_TYPES)}")
    return Fault(**description)


class Faults:
    """The faults in force; the first one that strikes is the one that happens."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self.set(faults)

    def set(self, faults: Iterable[Fault]) -> None:
        """Put these in force instead of all others."""
        self._faults = list(faults)

    def watch(self, inner: WsgiApp) -> WsgiApp:
        """`inner`, with requests going wrong as the faults say."""

        def watched(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
            fault = next((fault for fault in self._faults if fault.strikes(method, path)), None)
            if fault is None:
                return inner(environ, start_response)
            environ["camkit.fault"] = fault.kind
            asked = Asked(environ, lambda: _honest(inner, environ))
            reply = KINDS[fault.kind](asked, **fault.params)
            start_response(reply.status, reply.headers)
            return reply.body

        return watched


def _honest(inner: WsgiApp, environ: dict[str, Any]) -> Reply:
    started: list[Any] = []

    def start_response(status: str, headers: list[tuple[str, str]], *_: object) -> None:
        started.extend((status, headers))

    chunks = inner(environ, start_response)
    try:
        body = b"".join(chunks)
    finally:
        getattr(chunks, "close", lambda: None)()
    return Reply(started[0], started[1], [body])
