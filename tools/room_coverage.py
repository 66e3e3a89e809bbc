"""Show which share of each room's lines and branches the tests ran: ``python -m tools.room_coverage``.

Reads the ``.coverage`` file that ``pytest --cov`` leaves, prints one line for each room, and ends with 1 where
a room is below its floor.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from coverage import Coverage

FLOORS = {"badges": 95.0, "case": 95.0, "http": 95.0}
"""Smallest accepted share of branches, percent: these rooms read what comes from outside, or keep evidence."""


def by_room(files: Mapping[str, Any]) -> dict[str, Counter[str]]:
    """Add up coverage.py's counts of lines and branches for each room.

    Parameters
    ----------
    files : mapping of str to dict
        The part ``files`` of coverage.py's JSON report; the paths begin with ``camkit/``.
    """
    rooms: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for path, report in files.items():
        rooms[Path(path).with_suffix("").parts[1]].update(report["summary"])
    return dict(rooms)


def percent(covered: int, number: int) -> float:
    """Give a share in percent; of nothing, all is covered."""
    return 100 * covered / number if number else 100.0


def below(rooms: Mapping[str, Counter[str]]) -> list[str]:
    """Print the table, and list the rooms below their floor or without a count."""
    print(f"{'room':<12} {'lines':>8} {'branches':>9} {'floor':>6}")
    found = [room for room in FLOORS if room not in rooms]
    for room, counts in sorted(rooms.items()):
        lines = percent(counts["covered_lines"], counts["num_statements"])
        branches = percent(counts["covered_branches"], counts["num_branches"])
        floor = FLOORS.get(room)
        print(f"{room:<12} {lines:>6.1f} % {branches:>7.1f} % {'' if floor is None else f'{floor:.0f} %':>6}")
        if floor is not None and branches < floor:
            found.append(room)
    return found


def main() -> int:
    """Report on the ``.coverage`` file of this folder."""
    coverage = Coverage()
    coverage.load()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "coverage.json"
        coverage.json_report(outfile=str(report))
        files = json.loads(report.read_text())["files"]
    if found := below(by_room(files)):
        print(f"Too few branches are tested in: {', '.join(sorted(found))}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
