"""A notebook with a review panel, for the browser tests and the benchmark."""

from __future__ import annotations

import json
from pathlib import Path

from tests.conftest import ROOT

ENVIRONMENT = {"PYTHONPATH": str(ROOT), "CAMKIT_DEMO": "1"}
"""For JupyterLab: its kernels can import the tests and use the demo site."""


def panel_of(events: str, *options: str) -> str:
    """A cell that reviews these events on a demo site with these options, in a case next to the notebook."""
    return f"""
import camkit
from camkit.demo.launch import DemoProcess
from camkit.site import demo_site
from tests.support.cases import ZONE, flags, picked
from tests.conftest import ROOT

demo = DemoProcess(*{options!r})
site = demo_site(demo.info, demo)
events = camkit.resolve({events}, camkit.load_doors(ROOT / "data" / "doors.csv"))
case = camkit.Case("case", operator="R. Investigator")
case.add_events(events, flags=flags())
panel = camkit.ReviewPanel(events, case, site.sources, directory=site.directory)
panel
"""


def write_notebook(path: Path, *cells: str) -> None:
    """Write a notebook of code cells."""
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    sources: list[dict[str, object]] = [
        {
            "cell_type": "code",
            "id": f"cell-{number}",
            "metadata": {},
            "source": cell.strip(),
            "outputs": [],
            "execution_count": None,
        }
        for number, cell in enumerate(cells)
    ]
    book = {"cells": sources, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(book))
