"""What all figures have in common: colours, new axes, text from outside, a file.

The colours are Okabe and Ito's, which colour-blind readers can tell apart.
"""

from __future__ import annotations

import io
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from camkit.errors import OutputError
from camkit.support.files import make_folder, write_whole
from camkit.visible import visible

BLUE, ORANGE, GREEN, PURPLE, SKY, BLACK = "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#000000"
VERMILION, GREY, PALE = "#D55E00", "#8A8A8A", "#EEF1F4"


def new_axes(width_in: float, height_in: float) -> Axes:
    """Axes on a figure of their own, sizes in inches."""
    return plt.subplots(figsize=(width_in, height_in), layout="constrained")[1]


def plain(text: object, longest: int) -> str:
    """Text from outside as matplotlib has to get it: on one line, shortened if long, never mathematics."""
    line = visible(" ".join(str(text).split()))
    line = line if len(line) <= longest else line[: longest - 1] + "…"
    return line.replace("$", r"\$")


def save_plot(ax: Axes, path: str | Path, *, dpi: int = 150) -> None:
    """Write the figure of some axes as a PNG, whole or not at all.

    Parameters
    ----------
    path : str or pathlib.Path
        Its folder is created if missing.
    dpi : int
        Dots per inch.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    path = Path(path)
    make_folder(path.parent)
    figure = ax.get_figure(root=True)
    if figure is None:
        raise OutputError("This plot was closed, so there is nothing to save: draw it again.")
    picture = io.BytesIO()
    # Without the software's version in it, the same figure gives the same bytes. "tight": the picture is as large as
    # what is drawn, as in a notebook; the figure's own size would cut a legend or a name that does not fit. The margin
    # is for a legend's large marks, which stand out of what matplotlib takes for its size.
    figure.savefig(
        picture, format="png", dpi=dpi, bbox_inches="tight", pad_inches=0.2, metadata={"Software": None}
    )
    write_whole(path, picture.getvalue())
