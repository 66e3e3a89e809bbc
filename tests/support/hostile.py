"""Text as an attacker would put it into an export or a directory, and a notebook that shows it everywhere."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path

LATEX = (
    r"$\hspace{-9em}\bbox[white,5px]{Anna}$",
    r"\(\text{Anna}\)",
    r"$$\text{Anna}$$",
    r"\begin{align}Anna\end{align}",
)
"""What MathJax would run: in a line, in the other way to write it, on a line of its own, as an environment."""

CONTROLS = (
    "\x1b[8mAnna\x1b[2K",  # hides, and removes the line
    "\x9b8mAnna",  # the same with the one-character form
    "Anna\x07",  # rings
    "\x1b]8;;https://evil.example\x1b\\Anna\x1b]8;;\x1b\\",  # a link under other words
    "Anna\rBert",  # goes back to the start of the line
    "\u202eAnna\u2066",  # reorders
    "Anna\u2028Case-Seal: 0",  # a new line
    "Anna\x85Bert\x0b",
    "Anna\u200b\u2060\ufeff\u00ad",  # looks like Anna
    "\u200fAnna\u061c7\u200e",  # turns the text around it
    "\ud800Anna",  # half a character, which cannot be written
)
"""What a terminal, a page or a text file would obey."""

EVIL = " ".join((*LATEX, *CONTROLS[:3], CONTROLS[5], "<b>"))
"""What of it a cell of a CSV file can hold."""


def write_export(folder: Path) -> None:
    """Write a badge export and a doors file with it in every column, and a row that cannot be read."""
    write_csv(
        folder / "log.csv",
        ("timestamp", "UserID", "name", "reader_id", "outcome"),
        ("2019-04-12T14:20:29-06:00", EVIL, EVIL, EVIL, EVIL),
        ("2019-04-12T14:21:29-06:00", "4711", EVIL, EVIL, "denied"),
        ("2019-04-12T14:22:29-06:00", "4711", EVIL, EVIL, "granted"),
        (EVIL, "4711", EVIL, EVIL, "granted"),
    )
    write_csv(
        folder / "doors.csv",
        ("reader_id", "door", "view", "vendor", "camera_id", "clock_offset_s"),
        (EVIL, EVIL, EVIL, "meraki", EVIL, "3"),
    )


def write_csv(path: Path, *rows: Sequence[str]) -> None:
    """Write a file of comma-separated values."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)


CELLS = (
    """
    import json
    import pandas as pd
    import camkit
    from camkit import plots
    from camkit.directory import Cardholder
    from tests.support.hostile import EVIL

    camkit.notebook_defaults()

    class People:
        def lookup(self, cardholder_id):
            return Cardholder(cardholder_id, EVIL, EVIL, EVIL, note=EVIL)

        def close(self):
            pass

    log = camkit.load_badges("log.csv", timezone="America/Denver")
    log
    """,
    "log.events",
    "log.events['cardholder_id']",
    "log.rejected",
    "doors = camkit.load_doors('doors.csv')\ndoors",
    "picker = camkit.EventPicker(log.events, default=2)\npicker",
    "events = camkit.resolve(log.events.head(2), doors)\nevents",
    "snapshots = camkit.snapshots_for(events, {}, directory=People())\nsnapshots",
    "snapshots[0]",
    "snapshots.to_frame()",
    "snapshots[0].cardholder",
    "case = camkit.Case('case', operator=EVIL)\ncase.add_events(events)\ncase.add_snapshots(snapshots)\ncase",
    "case.events()",
    "panel = camkit.ReviewPanel(events, case, {}, directory=People())\npanel",
    "panel.wait()",
    "case.verify()",
    "camkit.check(log, snapshots)",
    "camkit.estimate_clock_offset(case)",
    "camkit.load_badges(EVIL.replace('/', ''))",
    "camkit.load_badges('log.csv', profile=EVIL)",
)
"""Shows every kind of result, and errors, with that text in it."""


def write_notebook(path: Path, *more: str) -> None:
    """Write the notebook that shows the text everywhere, with more cells below, and the files that it reads."""
    write_export(path.parent)
    cells: list[dict[str, object]] = [
        {
            "cell_type": "code", "id": f"cell-{number}", "metadata": {"tags": ["raises-exception"]},
            "source": "\n".join(line.removeprefix("    ") for line in source.strip().splitlines()),
            "outputs": [], "execution_count": None,
        }
        for number, source in enumerate((*CELLS, *more))
    ]  # fmt: skip
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    book = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(book))
