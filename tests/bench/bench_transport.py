"""One call through the transport compared with plain requests, and whether other greenlets run while it waits."""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

import gevent
import requests

from camkit.demo.launch import DemoProcess
from camkit.http import Transport
from tests.bench.measure import Row, in_turn
from tests.support.control import Control

CALLS = 100
PATH = "/people/00071234/photo.jpg"


def seconds(call: Callable[[], object]) -> float:
    "The duration of one call, seconds"
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def one_call(base: str, rounds: int) -> list[Row]:
    "One request with its whole answer, on an open connection"
    transport, plain = Transport("the demo", base), requests.Session()
    calls = {
        "camkit": lambda: transport.request("GET", PATH).content,
        "requests": lambda: plain.get(base + PATH, timeout=(5, 20)).content,
    }
    subjects = {
        name: lambda call=call: median(seconds(call) for _ in range(CALLS)) for name, call in calls.items()
    }
    rows = in_turn("one call, kept-alive connection", subjects, rounds=rounds)
    transport.close()
    plain.close()
    return rows


def heartbeat(base: str, control: Control, rounds: int) -> list[Row]:
    "The largest gap of a 5 ms heartbeat while another greenlet waits as Retry-After says; at most 50 ms"
    transport = Transport("the demo", base)

    def largest_gap() -> float:
        control.faults(
            {"route": PATH, "kind": "status", "params": {"status": 429, "retry_after": 1}, "times": 1}
        )
        waiting, gaps = gevent.spawn(transport.request, "GET", PATH), [0.0]
        while not waiting.ready():
            gaps.append(seconds(lambda: gevent.sleep(0.005)))
        waiting.get()
        return max(gaps)

    rows = in_turn("largest heartbeat gap during Retry-After", {"camkit": largest_gap}, rounds=rounds)
    transport.close()
    return rows


def bench(rounds: int = 5) -> list[Row]:
    "Both, against one demo site"
    demo = DemoProcess()
    control = Control(demo.info)
    try:
        return one_call(demo.info["een"], rounds) + heartbeat(demo.info["een"], control, rounds)
    finally:
        control.close()
        demo.stop()
