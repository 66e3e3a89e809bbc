"""How fast the bitmask is decoded, beside a Python function called a row at a time.

The peers run on a share of the rows and are scaled up; the peak memory of ours stands beside the size of its result.
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable

import numpy as np
import pandas as pd

from camkit.cameras.een import DeviceStatus, decode_status, overall_status
from tests.bench.measure import Row, in_turn

PEER_SHARE = 50
FOUR_BITS = {"online": 0x100000, "on": 0x020000, "streaming": 0x040000, "recording": 0x080000}


def four_bits(status: int) -> dict[str, bool]:
    """What the vendor's sample decoder does for one device: four tests into a dictionary."""
    return {name: bool(status & bit) for name, bit in FOUR_BITS.items()}


def all_bits(status: int) -> dict[str, bool]:
    """The same for all 21 named bits."""
    return {name: bool(status & bit) for name, bit in ALL_BITS.items()}


def overall(status: int) -> str:
    """The rules for a camera as a chain of conditions over one integer."""
    if status == 0:
        return "No Change"
    if status & 0x10000:
        return "Invalid"
    if not status & 0x20000:
        return "Off"
    if not status & 0x100000:
        return "Internet Offline"
    if status & 0x40000:
        return "Online"
    return "Password Needed" if status & 0x100 else "Offline"


def from_four_bits(status: int, bits: dict[str, bool]) -> str:
    """The rules over the dictionary of the vendor's sample decoder."""
    if status == 0 or status & 0x10000:
        return "No Change" if status == 0 else "Invalid"
    if not bits["on"]:
        return "Off"
    if not bits["online"]:
        return "Internet Offline"
    if bits["streaming"]:
        return "Online"
    return "Password Needed" if status & 0x100 else "Offline"


ALL_BITS = {str(flag.name): int(flag) for flag in DeviceStatus}
WORKLOADS: dict[str, dict[str, Callable[[pd.Series], object]]] = {
    "decode_status": {
        "camkit": decode_status,
        "21 bits a row, as a table": lambda s: pd.DataFrame([all_bits(v) for v in s.tolist()], index=s.index),
        "21 bits a row, Series.apply": lambda s: s.apply(all_bits),
        "4 bits a row, as a table": lambda s: pd.DataFrame([four_bits(v) for v in s.tolist()], index=s.index),
        "4 bits a row, Series.apply": lambda s: s.apply(four_bits),
    },
    "overall_status": {
        "camkit": overall_status,
        "if-chain a row, Series.apply": lambda s: s.apply(overall),
        "4 bits a row, then the rules": lambda s: s.apply(lambda v: from_four_bits(v, four_bits(v))),
        "if-chain a row, as a category": lambda s: s.apply(overall).astype("category"),
    },
}


def timed(
    call: Callable[[pd.Series], object], statuses: pd.Series, scale: float = 1.0
) -> Callable[[], float]:
    """A subject: the seconds of a call, scaled up from a share of the rows.

    Of two calls in a row the second counts: on a virtual machine the first pays for memory that the host has taken
    back while another subject ran, up to four times the work itself.
    """

    def subject() -> float:
        call(statuses)
        started = time.perf_counter()
        call(statuses)
        return (time.perf_counter() - started) * scale

    return subject


def peak_ratio(call: Callable[[pd.Series], pd.DataFrame | pd.Series], statuses: pd.Series) -> float:
    """The peak memory of a call (its result included) over the size of its result."""
    tracemalloc.start()
    result = call(statuses)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / np.sum(result.memory_usage(index=False))


def bench(rows: int = 10_000_000) -> list[Row]:
    """Both functions beside their peers, which run on a share of the rows."""
    population = [1441847, 1441831, 1179649, 1441855, 32803, 0, 0x10005, 655360]
    statuses = pd.Series(np.random.default_rng(1).choice(population, rows))
    share = statuses[: rows // PEER_SHARE]
    found = []
    for workload, calls in WORKLOADS.items():
        subjects = {
            name: timed(call, statuses) if name == "camkit" else timed(call, share, rows / len(share))
            for name, call in calls.items()
        }
        found += in_turn(f"{workload}, {rows:,} values", subjects, rounds=5)
    for call in (decode_status, overall_status):
        print(f"  peak memory of {call.__name__}: {peak_ratio(call, statuses):.2f} times its result")
    return found
