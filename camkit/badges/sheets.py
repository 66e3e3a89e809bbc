"""Read the first sheet of a spreadsheet, in a process of its own: see `read_sheet.py`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from camkit.badges.table import Record
from camkit.errors import BadgeFileError
from camkit.support.children import child_environment

SUFFIXES = frozenset({".xlsx", ".xls", ".xlsb", ".xlsm", ".ods"})
PROGRAM = Path(__file__).with_name("read_sheet.py")
TIMEOUT_S = 60.0


def sheet_rows(path: Path) -> list[Record]:
    """Return line and cells of each row of the first sheet that is not blank, every cell as text.

    Raises
    ------
    BadgeFileError
        If it is not a spreadsheet, has cells without a value, or needs too much memory or time.
    """
    command = [sys.executable, "-I", str(PROGRAM), str(path)]
    try:
        done = subprocess.run(  # noqa: S603 - our own
            command, capture_output=True, check=False, timeout=TIMEOUT_S, env=child_environment()
        )
        answer = json.loads(done.stdout) if done.returncode == 0 else {}
    except subprocess.TimeoutExpired:
        answer = {}
    if "rows" not in answer:
        problem = answer.get("problem", "it is damaged, or needs more than 1 GiB of memory or 20 s")
        raise BadgeFileError(f"{path.name} cannot be read: {problem}. Save the sheet as CSV.", path=path)
    return [(line, cells) for line, cells in answer["rows"]]
