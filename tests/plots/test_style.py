"""What every figure has in common: nothing is cut in the file, and text from outside is text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib import cbook
from matplotlib.axes import Axes
from matplotlib.text import Text
from PIL import Image

from camkit import plots
from camkit.badges import FLAGS, load_badges
from camkit.cameras.een import DeviceStatus
from tests.support.hostile import EVIL, write_csv

pytestmark = [pytest.mark.not_quick, pytest.mark.filterwarnings("error")]

LONG = "A name as long as somebody who tests the limits of a figure would make it " * 2


@pytest.fixture(autouse=True)
def _no_window() -> Iterator[None]:
    "Draw without a screen, and leave no figure open"
    with mpl.rc_context({"backend": "agg"}):
        yield
    plt.close("all")


def figures(folder: Path, name: str) -> list[Axes]:
    """One of each figure, with this name for everything that an investigator or a vendor names."""
    hours = range(8, 20)
    rows = [(f"2019-04-12T{hour:02}:00:00Z", f"{name}{hour % 3}", name, f"{name[:-1]}") for hour in hours]
    write_csv(
        folder / "log.csv", ("timestamp", "UserID", "name", "reader_id"), *rows, (name, name, name, name)
    )
    log = load_badges(folder / "log.csv", timezone="America/Denver")
    marks = pd.DataFrame(True, log.events.index, list(FLAGS))  # every flag: the longest legend
    devices = pd.DataFrame(
        {
            "id": ["100a0001", "100a0002"],
            "name": [name, name],
            "type": ["camera", "camera"],
            "device_status": pd.array([32803, int(DeviceStatus.ON)], dtype="Int64"),
            "is_unsupported": pd.array([0, 1], dtype="Int64"),
        },
        index=[f"{name} 1", f"{name} 2"],
    )
    silent = dict.fromkeys(devices["id"], name)
    return [
        plots.plot_events_by_hour(log.events),
        plots.plot_timeline(log.events, marks),
        plots.plot_rejected(log.rejected.assign(reason=name)),
        plots.plot_status_bits(devices, silent),
        plots.plot_overall_status(devices),
        plots.plot_silent_cameras(devices, silent),
    ]


def on_the_edge(path: Path, width_px: int = 3) -> int:
    """Count the pixels at the edge of a picture that are not white."""
    with Image.open(path) as image:
        pixels = np.asarray(image.convert("L"))
    inner = pixels[width_px:-width_px, width_px:-width_px]
    return int((pixels < 250).sum() - (inner < 250).sum())


@pytest.mark.parametrize("name", ["Anna", LONG])
def test_nothing_is_cut_in_a_saved_figure(tmp_path: Path, name: str) -> None:
    "Of every figure, with short and with long names and every entry of the legend, the edge of the file is blank"
    assert [_saved(ax, tmp_path) for ax in figures(tmp_path, name)] == [0] * 6


def _saved(ax: Axes, folder: Path) -> int:
    plots.save_plot(ax, folder / "figure.png")
    return on_the_edge(folder / "figure.png")


def test_nothing_is_cut_on_axes_of_ones_own(tmp_path: Path) -> None:
    "A legend that is larger than the figure that it was drawn in is in the file"
    figures(tmp_path, "Anna")
    log = load_badges(tmp_path / "log.csv", timezone="UTC")
    _, ax = plt.subplots(figsize=(2, 2))
    plots.plot_timeline(log.events, pd.DataFrame(True, log.events.index, list(FLAGS)), ax=ax)
    assert _saved(ax, tmp_path) == 0


def test_a_figure_that_is_cut_is_found(tmp_path: Path) -> None:
    "The measure can fail: matplotlib's own way to save cuts the same legend"
    figures(tmp_path, "Anna")[1].figure.savefig(tmp_path / "figure.png")
    assert on_the_edge(tmp_path / "figure.png") > 0


def test_no_text_of_any_figure_is_mathematics_or_obeyed(tmp_path: Path) -> None:
    "Titles, labels of axes and ticks, legends and notes: dollar signs are drawn, control characters named"
    texts = []
    for ax in figures(tmp_path, EVIL):
        ax.figure.canvas.draw()
        texts += [text.get_text() for text in ax.figure.findobj(Text)]
    assert sum("hspace" in text for text in texts) >= 6
    assert [text for text in texts if cbook.is_math_text(text) is True] == []
    assert [text for text in texts if not text.replace("\n", "").isprintable()] == []
