"""The commands of a checkout."""

from __future__ import annotations

from tools.room_coverage import FLOORS, below, by_room


def counts(branches: int) -> dict[str, dict[str, int]]:
    """One file's part of coverage.py's JSON report, with 100 branches."""
    return {
        "summary": {
            "covered_lines": 10, "num_statements": 10, "covered_branches": branches, "num_branches": 100,
        }
    }  # fmt: skip


def test_a_room_with_too_few_tested_branches_is_named(capsys):
    "Files of one room count together; a room without a floor is only shown"
    files = {f"camkit/{room}/a.py": counts(96) for room in FLOORS}
    files |= {"camkit/http/b.py": counts(90), "camkit/site.py": counts(10)}
    assert below(by_room(files)) == ["http"]
    shown = capsys.readouterr().out
    assert "http          100.0 %    93.0 %   95 %\n" in shown
    assert "site          100.0 %    10.0 %       \n" in shown


def test_a_room_that_was_not_measured_is_below_its_floor():
    "A report without the room proves nothing"
    assert below(by_room({"camkit/http/a.py": counts(100), "camkit/case/a.py": counts(100)})) == ["badges"]
