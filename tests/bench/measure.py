"""Measure subjects in turn, so that a noisy machine affects each alike; medians, spread and ratios."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median


@dataclass(frozen=True)
class Row:
    """One subject of one workload.

    Attributes
    ----------
    ratio_to_ideal : float or None
        Its median over the ideal, where there is one.
    ratio_to_ours : float
        Its median over camkit's.
    """

    workload: str
    subject: str
    median_s: float
    min_s: float
    max_s: float
    ratio_to_ideal: float | None
    ratio_to_ours: float


def in_turn(
    workload: str,
    subjects: Mapping[str, Callable[[], float]],
    *,
    rounds: int = 5,
    ideal_s: float | None = None,
    warm_up: bool = True,
) -> list[Row]:
    """Run each subject once per round; a subject measures and returns its own seconds."""
    if warm_up:
        for subject in subjects.values():
            subject()
    seconds: dict[str, list[float]] = {name: [] for name in subjects}
    for _ in range(rounds):
        for name, subject in subjects.items():
            seconds[name].append(subject())
    return rows_of(workload, seconds, ideal_s)


def rows_of(workload: str, seconds: Mapping[str, Sequence[float]], ideal_s: float | None = None) -> list[Row]:
    """The rows of one workload, of the seconds of each subject."""
    ours = median(seconds["camkit"])
    return [
        Row(
            workload,
            name,
            median(times),
            min(times),
            max(times),
            median(times) / ideal_s if ideal_s else None,
            median(times) / ours,
        )
        for name, times in seconds.items()
    ]


def own_peak_mib() -> float:
    """Peak memory of this process, MiB; getrusage would include the peak of the parent."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) / 1024 if found else float("nan")
