"""The figures of the device status: right cells, right counts, and labels that are text."""

from __future__ import annotations

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib import cbook
from matplotlib import pyplot as plt
from matplotlib.patches import Rectangle

from camkit.cameras.een import StatusHistory
from camkit.cameras.een.status_rules import STATUS_BITS
from camkit.errors import InputError
from camkit.plots.status import (
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


def test_positions_that_would_touch_are_one_above_the_other():
    "Of neighbours in a long list"
    table = pd.DataFrame(
        {"id": [f"{n:08x}" for n in range(90)], "device_status": pd.array([pd.NA] * 90, "Int64")},
        index=range(1, 91),
    )
    ax = plot_status_bits(table.assign(type="camera"), {f"{n:08x}": "" for n in (9, 32, 33, 34, 60)})
    assert labels(ax.child_axes[0].xaxis) == ["10", "33", "34\n", "35\n\n", "61"]


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
    assert labels(ax.child_axes[0].yaxis)[2] == (
        r"Online: a \$price\$ and <b>more</b> a \$price\$ and <b>more</b> a \$price\$ and <b>…"
    )
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


def v3_devices() -> pd.DataFrame:
    """Four devices as API v3 gives them."""
    return pd.DataFrame(
        {
            "id": ["a", "b", "c", "d"],
            "name": ["A", "$B$", "C", "D"],
            "type": ["camera", "camera", "camera", "bridge"],
            "device_status": pd.array([None] * 4, dtype="Int64"),
            "is_unsupported": pd.array([None] * 4, dtype="Int64"),
            "connection_status": pd.array(["online", "off", "strange", "deviceOffline"], dtype="string"),
        },
        index=range(1, 5),
    )


def test_devices_of_api_v3_are_drawn_by_the_vendors_words():
    "A row for each of the seven words, a cell for each device that has one of them, and no bits"
    ax = plot_status_bits(v3_devices(), {"b": "silent"})
    assert [label.get_text() for label in ax.get_yticklabels()][:2] == ["online", "off"]
    assert ax.collections[0].get_array().sum() == 4
    ax = plot_silent_cameras(v3_devices(), {"b": "silent", "c": "silent"})
    assert ax.get_title() == "The status explains 1 of 2 silent cameras"
    ax = plot_overall_status(v3_devices())
    assert ax.get_title() == "Overall status of 4 devices"


def test_a_word_that_is_not_documented_and_a_missing_one_are_not_the_same():
    "The first has a row of its own, the second is hatched as a missing status is"
    devices = v3_devices()
    drawn = cells(plot_status_bits(devices))
    assert drawn[:, :3].sum(axis=0).tolist() == [1, 1, 1] and drawn[-1].tolist() == [0, 0, 1, 0]
    devices.loc[1, "connection_status"] = pd.NA
    ax = plot_status_bits(devices)
    assert np.isnan(cells(ax)[:, 0]).all() and not np.isnan(cells(ax)[:, 1:]).any()
    assert "no status" in [text.get_text() for text in ax.get_legend().get_texts()]
    assert "instead of bits" in ax.get_ylabel()
    assert_nothing_is_clipped(ax)


def test_a_list_of_api_v1_is_drawn_by_its_bits_with_or_without_the_column_of_words(devices):
    "A list has the column, empty; a published table does not have it"
    with_column = devices.assign(connection_status=pd.array([None] * len(devices), dtype="string"))
    drawn = [cells(plot_status_bits(each)) for each in (devices, with_column)]
    assert np.array_equal(*drawn, equal_nan=True)


def test_a_minute_offline_is_seen_and_is_not_all_the_time():
    "Its bar is never thinner than a line, and its share is rounded down"
    start = pd.Timestamp("2019-04-01", tz="UTC")
    records = [
        ("a", "A", start, start + pd.Timedelta("1D"), "online", "Online"),
        ("a", "A", start + pd.Timedelta("1D"), start + pd.Timedelta("1D1min"), "deviceOffline", "Offline"),
        ("a", "A", start + pd.Timedelta("1D1min"), None, "online", "Online"),
    ]
    ax = plot_status_timeline(StatusHistory.from_records(records, start, start + pd.Timedelta("60D")))
    assert [bar.get_linewidth() > 0 for bar in ax.patches] == [False, True, False]
    assert [label.get_text() for label in ax.child_axes[0].get_yticklabels()] == ["99.9 %"]


def test_a_camera_whose_status_is_not_known_is_not_counted_as_offline():
    "The title counts it by itself, and its share is not a number"
    start = pd.Timestamp("2019-04-01", tz="UTC")
    records = [(each, each, start, None, each, each.capitalize()) for each in ("online", "off", "unknown")]
    ax = plot_status_timeline(StatusHistory.from_records(records, start, start + pd.Timedelta("1D")))
    assert ax.get_title() == "1 of 3 cameras were not online all the time, of 1 nothing is known"
    assert [label.get_text() for label in ax.child_axes[0].get_yticklabels()] == ["0.0 %", "not known"]
    ax = plot_status_timeline(StatusHistory.from_records(records, start, start + pd.Timedelta("1D")), rows=1)
    assert ax.get_title().endswith("1 more are not shown")


def test_the_timeline_shows_who_was_not_online_all_the_time():
    "With the share of the known time; who was always online is counted only"
    start = pd.Timestamp("2019-04-01", tz="UTC")
    hour = pd.Timedelta("1h")
    records = [
        ("a", "A", start, start + 6 * hour, "online", "Online"),
        ("a", "A", start + 6 * hour, None, "off", "Off"),
        ("b", "B", start, None, "online", "Online"),
    ]
    ax = plot_status_timeline(StatusHistory.from_records(records, start, start + 24 * hour))
    assert ax.get_title() == "1 of 2 cameras were not online all the time"
    assert [label.get_text() for label in ax.get_yticklabels()] == ["A"]
    assert [label.get_text() for label in ax.child_axes[0].get_yticklabels()] == ["25.0 %"]
    assert len(ax.patches) == 2
    plot_status_timeline(StatusHistory.from_records([], start, start + hour))
