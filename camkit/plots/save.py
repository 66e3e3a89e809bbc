"""Keep a figure as a file."""

from __future__ import annotations

import io
from pathlib import Path

from matplotlib.axes import Axes

from camkit.errors import OutputError
from camkit.support.files import make_folder, write_whole


def save_plot(ax: Axes, path: str | Path, *, dpi: int = 150) -> None:
    """Write the figure of some axes as a PNG, whole or not at all.

    Parameters
    ----------
    path : str or pathlib.Path
        Its folder is made where it is missing.
    dpi : int
        Dots per inch.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    path = Path(path)
    make_folder(path.parent)
    picture = io.BytesIO()
    # Without the software's version in it, the same figure gives the same bytes.
    figure = ax.get_figure(root=True)
    if figure is None:
        raise OutputError("These axes belong to no figure any more, so there is nothing to save.")
    figure.savefig(picture, format="png", dpi=dpi, metadata={"Software": None})
    write_whole(path, picture.getvalue())
