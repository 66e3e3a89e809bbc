"""The figures of the device status: right cells, right counts, and labels that are text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib import cbook
from matplotlib import pyplot as plt
from matplotlib.patches import Rectangle

from camkit.cameras.een import StatusHistory
from camkit.cameras.een.history import Report
from camkit.cameras.een.status_rules import CONNECTION_STATUS, STATUS_BITS
from camkit.errors import InputError
from camkit.plots.status import (
    OTHER_WORD,
    plot_overall_status,
    plot_silent_cameras,
    plot_status_bits,
    plot_status_timeline,
)
from camkit.plots.style import VERMILION

pytestmark = pytest.mark.not_quick

ONLINE, OFF, PASSWORD, BRIDGE = 1441847, 32803, 0x120121, 1179649


@pytest.fixture(autouse=True)
def no_figure_stays_open():
    "Figures are drawn without a screen and closed again"
    matplotlib.use("Agg")
    yield
    plt.close("all")


@pytest.fixture
def devices() -> pd.DataFrame:
    """Two silent cameras, one silent without a reason, a bridge, an unsupported one, one without a status."""
    return pd.DataFrame(
        {
            "id": ["100a0001", "100a0002", "100a0003", "100b0004", "100a0005", None],
            "name": ["Dock <b>3</b> $\\alpha$", "Gate", "Hall", "Bridge", "Old", "Nobody's"],
            "type": ["camera", "camera", "camera", "bridge", "camera", None],
            "device_status": pd.array([OFF, PASSWORD, ONLINE, BRIDGE, 0x60, None], dtype="Int64"),
            "is_unsupported": pd.array([0, 0, 0, 0, 1, None], dtype="Int64"),
        },
        index=pd.RangeIndex(1, 7, name="position"),
    )


@pytest.fixture
def silent() -> dict[str, str]:
    """Why the first three gave no picture."""
    return {
        "100a0001": "no matching asset",
        "100a0002": "proxy destination node connect timeout",
        "100a0003": "a $price$ and <b>more</b> " * 4,
    }


def cells(ax) -> np.ndarray:
    """The drawn matrix, NaN where nothing is drawn."""
    return ax.collections[0].get_array().filled(np.nan)


def labels(axis) -> list[str]:
    """The texts at an axis."""
    return [label.get_text() for label in axis.get_ticklabels()]


def assert_nothing_is_clipped(ax) -> None:
    """All that is drawn lies within the figure, give or take two pixels."""
    figure = ax.figure
    figure.canvas.draw()
    box, page = figure.get_tightbbox().transformed(figure.dpi_scale_trans), figure.bbox
    assert box.x0 >= -2 and box.y0 >= -2 and box.x1 <= page.x1 + 2 and box.y1 <= page.y1 + 2


def test_status_bits_has_a_column_a_device_and_a_row_a_bit(devices):
    "Set bits, set bits without meaning, clear bits and a missing status are four different things"
    ax = plot_status_bits(devices)
    drawn = pd.DataFrame(cells(ax), [label.split()[0] for label in labels(ax.yaxis)], devices.index)
    assert drawn.shape == (len(STATUS_BITS), len(devices))
    assert drawn.loc["REGISTERED"].tolist()[:5] == [0, 1, 1, 1, 0]
    assert drawn.loc["DEPRECATED_ONLINE"].tolist()[:5] == [2, 2, 2, 2, 0]
    assert drawn.loc["RESERVED_15"].tolist()[:5] == [2, 0, 0, 0, 0]
    assert drawn[6].isna().all()


def test_status_bits_marks_the_silent_devices(devices, silent):
    "A frame around each silent device, and its position above it"
    ax = plot_status_bits(devices, pd.Series(silent))
    frames = [patch for patch in ax.patches if isinstance(patch, Rectangle)]
    assert [frame.get_x() for frame in frames] == [0, 1, 2]
    assert labels(ax.child_axes[0].xaxis) == ["1", "2", "3"]


def test_overall_status_counts_every_device_once(devices):
    "The bars add up to the number of devices, each under its status, split by kind"
    ax = plot_overall_status(devices)
    written = dict(zip(labels(ax.yaxis), [text.get_text() for text in ax.texts], strict=True))
    assert written == {
        "No Change": "0",
        "Invalid": "0",
        "Off": "2  (camera 1, unsupported camera 1)",
        "Internet Offline": "0",
        "Online": "2  (camera 1, bridge 1)",
        "Password Needed": "1",
        "Offline": "0",
        "Unknown": "1",
    }
    assert sum(bar.get_width() for bars in ax.containers for bar in bars) == len(devices)
    online = [bars[4] for bars in ax.containers if bars[4].get_width()]
    assert [(bar.get_x(), bar.get_width()) for bar in online] == [(0, 1), (1, 1)]


def test_silent_cameras_frames_the_deciding_bit_and_shows_what_is_not_explained(devices, silent):
    "Off is decided by bit 17, Password Needed by bit 8; the one that says Online is emphasized"
    ax = plot_silent_cameras(devices, silent)
    columns = [label.split("\n")[0] for label in labels(ax.xaxis)]
    framed = [(round(frame.get_y()), columns[round(frame.get_x())]) for frame in ax.patches]
    assert framed == [(0, "ON"), (1, "NEEDS"), (2, "STREAMING")]
    verdicts = ax.child_axes[0].get_yticklabels()
    assert [verdict.get_text().split(":")[0] for verdict in verdicts] == ["Off", "Password Needed", "Online"]
    assert [verdict.get_color() == VERMILION for verdict in verdicts] == [False, False, True]
    assert ax.get_title() == "The status explains 2 of 3 silent cameras"


def test_silent_cameras_draws_a_status_that_decides_nothing(devices):
    "A status of 0 and a missing one are drawn without a frame"
    devices = devices.assign(device_status=pd.array([0, None, -1, 0, 0, 0], dtype="Int64"))
    ax = plot_silent_cameras(
        devices, dict.fromkeys(["100a0001", "100a0002", "100a0003"], "no matching asset")
    )
    assert list(ax.patches) == []
    assert [text.get_text() for text in ax.texts[:6]] == ["clear"] * 5 + ["no status"]


def test_a_silent_camera_that_is_not_in_the_list_is_an_error(devices):
    "A camera never disappears from the figure silently"
    with pytest.raises(InputError, match="no 100affff"):
        plot_silent_cameras(devices, {"100affff": "no matching asset"})


def test_names_and_errors_are_drawn_as_they_are(devices, silent):
    "Dollar signs and tags from outside are text; what is too long is cut, and shows that"
    ax = plot_silent_cameras(devices, silent)
    assert labels(ax.yaxis)[0] == r"Dock <b>3</b> \$\alpha\$  #1"
    assert labels(ax.child_axes[0].yaxis)[2] == r"Online: a \$price\$ and <b>more</b> a \$price\$ and <b>…"
    assert not any(
        cbook.is_math_text(label) for axes in (ax, ax.child_axes[0]) for label in labels(axes.yaxis)
    )


@pytest.mark.parametrize("plot", [plot_status_bits, plot_overall_status, plot_silent_cameras])
def test_nothing_is_clipped(plot, devices, silent):
    "All labels fit on the new figure"
    arguments = [devices] if plot is plot_overall_status else [devices, silent]
    assert_nothing_is_clipped(plot(*arguments))


@pytest.mark.parametrize("plot", [plot_status_bits, plot_overall_status, plot_silent_cameras])
def test_an_empty_list_draws(plot, devices):
    "No devices give an empty figure that says so, not a crash"
    arguments = [devices[:0]] if plot is plot_overall_status else [devices[:0], {}]
    ax = plot(*arguments)
    ax.figure.canvas.draw()
    assert " 0 " in ax.get_title() and not any(bar.get_width() for bar in ax.patches)


def test_draws_on_the_axes_it_is_given(devices):
    "The caller's axes come back, and no other figure is opened"
    _, ax = plt.subplots()
    assert plot_overall_status(devices, ax=ax) is ax
    assert len(plt.get_fignums()) == 1


# API v3: a word instead of bits


@pytest.fixture
def by_word(devices) -> pd.DataFrame:
    """The same devices as API v3 tells of them; one has a word that is not documented, one has none."""
    words = ["off", "invalidCredentials", "online", "bridgeOffline", "a new $word$", None]
    nothing = pd.array([None] * len(devices), dtype="Int64")
    return devices.assign(
        device_status=nothing, is_unsupported=nothing, connection_status=pd.array(words, dtype="string")
    )


def test_words_are_rows_where_there_are_no_bits(by_word):
    "One cell a device; a word that is not documented has its own row; no word is a missing status"
    ax = plot_status_bits(by_word)
    drawn = pd.DataFrame(cells(ax), labels(ax.yaxis), by_word.index)
    assert list(drawn.index) == [*CONNECTION_STATUS, OTHER_WORD]
    assert (drawn.iloc[:, :5].sum() == 1).all() and drawn[6].isna().all()
    assert drawn.loc["off", 1] == 1 and drawn.loc[OTHER_WORD, 5] == 1
    assert "instead of bits" in ax.get_ylabel()
    assert_nothing_is_clipped(ax)


def test_a_table_with_bits_is_drawn_by_them_with_or_without_the_column_of_words(devices):
    "A list of API v1 has the column, empty; a published table does not have it"
    with_column = devices.assign(connection_status=pd.array([None] * len(devices), dtype="string"))
    drawn = [cells(plot_status_bits(each)) for each in (devices, with_column)]
    assert np.array_equal(*drawn, equal_nan=True)


def test_the_overall_status_is_counted_from_the_words(by_word):
    "An undocumented word and none are Unknown"
    ax = plot_overall_status(by_word)
    counts = dict(zip(labels(ax.yaxis), (text.get_text().split()[0] for text in ax.texts), strict=True))
    assert {name: count for name, count in counts.items() if count != "0"} == {
        "Off": "1", "Internet Offline": "1", "Online": "1", "Password Needed": "1", "Unknown": "2"
    }  # fmt: skip


def test_silent_cameras_are_explained_by_their_word(by_word, silent):
    "The word that is said is framed; what it does not explain is emphasized"
    ax = plot_silent_cameras(by_word, silent)
    assert cells(ax).shape == (3, len(CONNECTION_STATUS)) and cells(ax).sum() == 3
    assert "explains 2 of 3" in ax.get_title() and "instead of bits" in ax.get_xlabel()
    assert len([patch for patch in ax.patches if isinstance(patch, Rectangle)]) == 3
    assert_nothing_is_clipped(ax)


# Over time

NOON = datetime(2019, 4, 8, 12, tzinfo=UTC)


def hour(number: float) -> datetime:
    return NOON + timedelta(hours=number)


def fleet(number: int) -> StatusHistory:
    """So many cameras, each offline for some seconds more than the one before, and one of which nothing is known."""
    reports = {
        f"100a{each:04d}": [
            Report(hour(-1), hour(5), "online"),
            Report(hour(5), hour(5) + timedelta(seconds=each), "deviceOffline"),
            Report(hour(5) + timedelta(seconds=each), None, "online"),
        ]
        for each in range(number - 1)
    }
    return StatusHistory.from_reports({**reports, "100affff": []}, hour(0), hour(10))


def right_labels(ax) -> list[str]:
    return labels(ax.child_axes[0].yaxis)


def test_the_timeline_has_a_row_a_camera_and_its_share_at_the_right(devices):
    "Names are text; a second offline is not online all the time; not known is not 0"
    ax = plot_status_timeline(fleet(4), devices)
    assert len(labels(ax.yaxis)) == 4
    assert right_labels(ax) == ["99.9 %", "99.9 %", "100.0 %", "not known"]
    assert any("Gate" in label for label in labels(ax.yaxis))
    assert_nothing_is_clipped(ax)


def test_of_many_cameras_the_worst_and_those_of_events_are_shown():
    "The title says how many are not"
    events = pd.DataFrame({"camera_id": ["100affff", None], "at": pd.to_datetime([hour(3), None], utc=True)})
    ax = plot_status_timeline(fleet(200), events=events)
    shown = [label.split()[-1] for label in labels(ax.yaxis)]
    assert shown[:2] == ["100affff", "100a0198"] and len(shown) == 30
    assert "30 of 200 cameras" in ax.get_title()
    assert [line.get_label() for line in ax.get_lines()] == ["event without a picture"]
    assert_nothing_is_clipped(ax)


def test_bars_are_where_the_status_was():
    "From the beginning of the window to its end, also where a span began before or goes on"
    ax = plot_status_timeline(fleet(3))
    drawn = sorted((bar.get_x(), bar.get_width()) for bar in ax.patches if round(bar.get_y() + 0.35) == 0)
    days = [(x - drawn[0][0]) for x, _ in drawn]
    assert days == pytest.approx([0, 5 / 24, 5 / 24 + 1 / 86400])
    assert drawn[-1][0] + drawn[-1][1] == pytest.approx(drawn[0][0] + 10 / 24)


@pytest.mark.parametrize("history", [StatusHistory.from_reports({}, NOON, NOON), fleet(1)])
def test_a_history_of_nothing_is_drawn(history):
    "Without cameras, without a length, and without a span"
    ax = plot_status_timeline(history)
    ax.figure.canvas.draw()
    assert not ax.patches


def test_an_id_that_is_mathematics_or_markup_is_text():
    "As are names"
    history = StatusHistory.from_reports({"$x$<b>": []}, hour(0), hour(1))
    names = pd.DataFrame({"id": ["$x$<b>"], "name": ["$\\frac{1}{0}$"]})
    ax = plot_status_timeline(history, names)
    ax.figure.canvas.draw()
    assert r"\$" in labels(ax.yaxis)[0]
