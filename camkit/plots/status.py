"""Figures of the device status: the bits of each device, the overall status of all, the silent cameras."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.dates import ConciseDateFormatter, date2num
from matplotlib.patches import Patch, Rectangle

from camkit.cameras.een import (
    CONNECTION_STATUS,
    STATUS_BITS,
    OverallStatus,
    Standing,
    StatusBit,
    StatusHistory,
    deciding_bits,
    decode_status,
    explained_by_status,
    overall_of,
    percent,
    rule_for,
)
from camkit.errors import InputError
from camkit.plots.style import BLUE, GREY, ORANGE, PALE, SKY, VERMILION, new_axes, plain

TIMELINE_COLOURS = {
    OverallStatus.ONLINE.value: PALE,
    OverallStatus.OFF.value: GREY,
    OverallStatus.INTERNET_OFFLINE.value: ORANGE,
    OverallStatus.PASSWORD_NEEDED.value: SKY,
    OverallStatus.OFFLINE.value: VERMILION,
}
OTHER_WORD = "another word"
KIND_COLOURS = {"camera": BLUE, "unsupported camera": ORANGE, "bridge": SKY, "other device": GREY}
LONGEST_NAME, LONGEST_ERROR, LONGEST_LABEL = 28, 70, 8  # characters


def plot_status_bits(
    devices: pd.DataFrame, silent: Mapping[str, str] | None = None, ax: Axes | None = None
) -> Axes:
    """Show which bits are set on which devices.

    Parameters
    ----------
    devices : pandas.DataFrame
        The device list by the vendor's column names; ``id`` and ``device_status`` are used. The index is
        what the x axis shows.
    silent : mapping or pandas.Series of str, optional
        Cameras that gave no picture: id to error text. They are marked.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    matplotlib.axes.Axes
        Devices from left to right; bits from top to bottom in four groups: those that decide the overall
        status, those that add to it, reserved and internal ones, deprecated ones. A column without colour
        is a device without a readable status. Devices of API v3 have no bits: then the rows are the vendor's words for
        the connection status.
    """
    if _has_words_only(devices):
        return _plot_words(devices, silent, ax or new_axes(10, 3.2))
    ax = ax or new_axes(10, 5.4)
    groups = _groups()
    bits = [bit for group in groups.values() for bit in group]
    is_set = _set_bits(devices, bits).T
    is_current = np.array([[bit.standing is Standing.CURRENT] for bit in bits])
    shades = np.where(is_current, is_set, is_set * 2)  # 0 clear, 1 set, 2 set without meaning
    _draw_matrix(ax, shades, linewidth=0.6)
    _label_matrix(ax, devices, [f"{bit.flag.name}  {bit.number}" for bit in bits])
    ax.set_ylabel("status bit")
    start = 0
    for name, group in groups.items():
        ax.axhline(start, color="black", linewidth=0.8)
        ax.text(
            1.01, start + len(group) / 2, name, transform=ax.get_yaxis_transform(), va="center", fontsize=9
        )
        start += len(group)
    handles = [Patch(color=BLUE, label="set"), Patch(color=GREY, label="set, but without meaning")]
    handles.append(Patch(color=PALE, label="clear"))
    handles += _hatch_missing(ax, is_set)
    _mark_silent(ax, devices, silent, len(bits), handles)
    ax.set_title(f"Status bits of {len(devices)} devices")
    return ax


def _plot_words(devices: pd.DataFrame, silent: Mapping[str, str] | None, ax: Axes) -> Axes:
    """The connection status of each device, a row for each of the vendor's words."""
    said = _said_words(devices)
    _draw_matrix(ax, said.to_numpy().T, linewidth=0.6)
    _label_matrix(ax, devices, [*map(str, said)])
    ax.set_ylabel("connection status,\na word instead of bits")
    handles = [Patch(color=BLUE, label="the device's status"), *_hatch_missing(ax, said.to_numpy())]
    _mark_silent(ax, devices, silent, len(said.columns), handles)
    ax.set_title(f"Connection status of {len(devices)} devices")
    return ax


def plot_overall_status(devices: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Show how many devices there are of each overall status.

    Parameters
    ----------
    devices : pandas.DataFrame
        The device list by the vendor's column names; ``type``, ``device_status``, ``connection_status`` and
        ``is_unsupported`` are used.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    matplotlib.axes.Axes
        A bar for each overall status in the order of the rules, split by kind of device, counts written.
    """
    ax = ax or new_axes(9, 4)
    overall = overall_of(devices)
    counts = pd.crosstab(overall.to_numpy(), _kinds(devices).to_numpy()).reindex(
        index=[status.value for status in OverallStatus], columns=list(KIND_COLOURS), fill_value=0
    )
    left = pd.Series(0, counts.index)
    for kind, colour in KIND_COLOURS.items():
        ax.barh(counts.index, counts[kind], left=left, color=colour, edgecolor="white")
        left += counts[kind]
    for row, (_, count) in enumerate(counts.iterrows()):
        parts = [f"{kind} {n}" for kind, n in count.items() if n]
        text = f"{count.sum()}" + (f"  ({', '.join(parts)})" if len(parts) > 1 else "")
        ax.annotate(text, (left.iloc[row], row), (4, 0), textcoords="offset points", va="center")
    ax.set_xlim(0, max(1.35 * left.max(), 1))  # room for the text after the longest bar
    ax.invert_yaxis()
    ax.spines[["top", "right"]].set_visible(False)
    ax.set_xlabel("devices")
    ax.set_ylabel("overall status, in the order of the rules")
    handles = [Patch(color=colour, label=kind) for kind, colour in KIND_COLOURS.items()]
    ax.legend(handles=handles, frameon=False, loc="lower right")
    ax.set_title(f"Overall status of {len(devices)} devices")
    return ax


def plot_silent_cameras(devices: pd.DataFrame, silent: Mapping[str, str], ax: Axes | None = None) -> Axes:
    """Show what the status of each silent camera says, and whether that explains its silence.

    Parameters
    ----------
    devices : pandas.DataFrame
        As for `plot_status_bits`, with ``name`` and ``type``.
    silent : mapping or pandas.Series of str
        Cameras that gave no picture: id to error text.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    matplotlib.axes.Axes
        A row for each silent camera and a column for each deciding bit, in the order in which the rules look
        at them, or, by API v3, for each of the vendor's words; beside them the overall status and the error text.
    """
    chosen = _silent_devices(devices, silent)
    width = 13 if _has_words_only(chosen) else 10  # API v3 says more in words
    ax = ax or new_axes(width, 1.6 + 0.38 * len(chosen))
    explained = explained_by_status(chosen)
    if _has_words_only(chosen):
        _draw_words(ax, chosen)
    else:
        _draw_deciding_bits(ax, chosen, explained["overall"])
    names = [
        f"{plain(name, LONGEST_NAME)}  #{plain(position, LONGEST_LABEL)}"
        for position, name in explained["name"].items()
    ]
    ax.set_yticks(np.arange(len(names)) + 0.5, names, fontsize=9)
    _write_verdicts(ax, explained, silent)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set_title(f"The status explains {explained['explains_silence'].sum()} of {len(chosen)} silent cameras")
    return ax


def plot_status_timeline(history: StatusHistory, ax: Axes | None = None, *, rows: int = 25) -> Axes:
    """Show when the cameras were not online.

    Parameters
    ----------
    history : StatusHistory
        As `EagleEye.status_history` returns it.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.
    rows : int
        The most cameras that are drawn: those that were online least.

    Returns
    -------
    matplotlib.axes.Axes
        A row for each camera that was not online all the time, coloured by overall status, with the share of the known
        time online to the right. What is white is not known.
    """
    shares = history.share_online()
    drawn = shares[~(shares["online"] == 1)].head(rows)
    ax = ax or new_axes(10, 1.6 + 0.26 * max(len(drawn), 1))
    for row, camera_id in enumerate(drawn.index):
        spans = history.spans[history.spans["id"] == camera_id]
        widths = spans["end"] - spans["start"]
        for start, width, overall in zip(spans["start"], widths, spans["overall"], strict=True):
            colour = TIMELINE_COLOURS.get(overall, "white")
            # Minutes of some weeks are less than a pixel: the edge of what is not online keeps them in sight.
            edge = 0.0 if overall == OverallStatus.ONLINE else 0.8
            ax.barh(
                row,
                width,
                left=start,
                height=0.75,
                color=colour,
                edgecolor=colour,
                linewidth=edge,
                zorder=2 + edge,
            )
    names = [plain(name, LONGEST_NAME) for name in drawn["name"]]
    ax.set_yticks(np.arange(len(drawn)), names, fontsize=8)
    edges = [date2num(at) for at in (history.start, history.end)]  # type: ignore[no-untyped-call]  # it has no types
    ax.set_xlim(*edges)
    ax.set_ylim(len(drawn) - 0.4, -0.6)
    right = ax.secondary_yaxis("right")
    said = [percent(share) for share in drawn["online"]]
    right.set_yticks(np.arange(len(drawn)), said, fontsize=8)
    right.set_ylabel("share of the known time online")
    for axis in (ax, right):
        axis.tick_params(axis="y", length=0)
    ax.spines[:].set_visible(False)
    right.spines[:].set_visible(False)
    ticks = ConciseDateFormatter(ax.xaxis.get_major_locator())  # type: ignore[no-untyped-call]  # it has no types
    ax.xaxis.set_major_formatter(ticks)
    ax.set_xlabel("UTC")
    shown = set(history.spans.loc[history.spans["id"].isin(drawn.index), "overall"])
    handles = [Patch(color=c, label=word.lower()) for word, c in TIMELINE_COLOURS.items() if word in shown]
    _legend_below(ax, handles)
    known = shares["online"].dropna()
    more = len(shares) - int((known == 1).sum()) - len(drawn)
    parts = [
        f"{int((known < 1).sum())} of {len(shares)} cameras were not online all the time",
        f"of {len(shares) - len(known)} nothing is known" if len(known) < len(shares) else "",
        f"{more} more are not shown" if more else "",
    ]
    ax.set_title(", ".join(part for part in parts if part))
    return ax


def _has_words_only(devices: pd.DataFrame) -> bool:
    """Whether no device has a bitmask and some have a connection status, as by API v3."""
    if "connection_status" not in devices:
        return False
    return bool(devices["device_status"].isna().all() and devices["connection_status"].notna().any())


def _draw_deciding_bits(ax: Axes, devices: pd.DataFrame, overalls: pd.Series) -> None:
    """A row for each device, a column for each deciding bit; the one that decides is framed."""
    bits = deciding_bits()
    is_set = _set_bits(devices, bits)
    _draw_matrix(ax, is_set, linewidth=2)
    _write_bits(ax, is_set)
    flags = [bit.flag for bit in bits]
    for row, (status, overall) in enumerate(zip(devices["device_status"], overalls, strict=True)):
        decisive = None if overall == OverallStatus.UNKNOWN else rule_for(int(status)).flag
        if decisive in flags:
            corner = flags.index(decisive) + 0.04, row + 0.05
            ax.add_patch(Rectangle(corner, 0.92, 0.9, fill=False, linewidth=1.6, zorder=3))
    bit_names = [f"{bit.flag.name}\nbit {bit.number}".replace("_", "\n") for bit in bits]
    ax.set_xticks(np.arange(len(bits)) + 0.5, bit_names, fontsize=8)
    ax.set_xlabel("framed: the bit that decides", fontsize=9)


def _draw_words(ax: Axes, devices: pd.DataFrame) -> None:
    """A row for each device, a column for each of the vendor's words."""
    said = _said_words(devices)
    _draw_matrix(ax, said.to_numpy(), linewidth=2)
    ax.set_xticks(np.arange(len(said.columns)) + 0.5, [_broken(str(word)) for word in said], fontsize=8)
    ax.set_xlabel("connection status, a word instead of bits", fontsize=9)


def _said_words(devices: pd.DataFrame) -> pd.DataFrame:
    """1 where a word is the device's status, 0 where not, NaN where there is none; (device, word)."""
    said = devices["connection_status"]
    cells = pd.DataFrame({word: said.eq(word).fillna(False) for word in CONNECTION_STATUS}).astype(float)
    is_other = said.notna() & ~said.isin([*CONNECTION_STATUS])
    if is_other.any():  # one that the vendor does not document
        cells[OTHER_WORD] = is_other.astype(float)
    return cells.where(said.notna(), np.nan)


def _hatch_missing(ax: Axes, is_set: np.ndarray) -> list[Patch]:
    """Show where no cell is drawn; what the legend needs for that."""
    if not np.isnan(is_set).any():
        return []
    ax.patch.set(hatch="////", edgecolor=GREY)
    return [Patch(facecolor="white", hatch="////", edgecolor=GREY, label="no status")]


def _broken(word: str) -> str:
    """One of the vendor's words in lines: ``invalid`` above ``Credentials``."""
    return "".join(f"\n{letter}" if letter.isupper() else letter for letter in word)


def _label_matrix(ax: Axes, devices: pd.DataFrame, rows: Sequence[str]) -> None:
    """Name the rows, and the columns by the devices' positions."""
    ax.set_yticks(np.arange(len(rows)) + 0.5, rows, fontsize=8)
    ticks = [0, *range(9, len(devices), 10)] if len(devices) else []
    ax.set_xticks(np.array(ticks) + 0.5, [plain(devices.index[tick], LONGEST_LABEL) for tick in ticks])
    ax.tick_params(length=0)
    ax.set_xlabel("device, by its position in the list")


def _mark_silent(
    ax: Axes, devices: pd.DataFrame, silent: Mapping[str, str] | None, height: int, handles: list[Patch]
) -> None:
    """Mark the cameras that gave no picture, and draw the legend."""
    if silent is not None:
        columns = devices.index.get_indexer_for(_silent_devices(devices, silent).index)
        _mark_devices(ax, columns, devices.index, height)
        handles = [*handles, Patch(facecolor="none", edgecolor=VERMILION, label="gave no picture")]
    _legend_below(ax, handles)


def _legend_below(ax: Axes, handles: Sequence[Patch]) -> None:
    """Draw a legend in one line below the axes, whatever their height."""
    height = ax.get_window_extent().height / ax.figure.dpi
    ax.legend(
        handles=handles,
        ncols=max(1, len(handles)),
        loc="upper center",
        bbox_to_anchor=(0.5, -0.52 / max(height, 0.1)),
        frameon=False,
    )


def _silent_devices(devices: pd.DataFrame, silent: Mapping[str, str]) -> pd.DataFrame:
    """The rows of the cameras that gave no picture."""
    missing = set(silent.keys()) - set(devices["id"])
    if missing:
        raise InputError(
            f"The list of devices has no {', '.join(sorted(missing))}: give the list that these cameras are from."
        )
    return devices[devices["id"].isin(list(silent.keys()))]


def _set_bits(devices: pd.DataFrame, bits: Sequence[StatusBit]) -> np.ndarray:
    """1 where a bit is set, 0 where it is clear, NaN where there is no status; (device, bit)."""
    decoded = decode_status(devices["device_status"])[[bit.flag.name for bit in bits]]
    return decoded.to_numpy(dtype=float, na_value=np.nan)


def _draw_matrix(ax: Axes, shades: np.ndarray, linewidth: float) -> None:
    """Cells of one unit, the first row on top; NaN stays empty."""
    colours = ListedColormap([PALE, BLUE, GREY])
    ax.pcolormesh(shades, cmap=colours, vmin=0, vmax=2, edgecolors="white", linewidth=linewidth)
    ax.invert_yaxis()


def _groups() -> dict[str, list[StatusBit]]:
    """All bits, by what they decide."""
    deciding = [bit for bit in STATUS_BITS if bit in deciding_bits()]
    current = [bit for bit in STATUS_BITS if bit.standing is Standing.CURRENT]
    deprecated = [bit for bit in STATUS_BITS if bit.standing is Standing.DEPRECATED]
    return {
        "decide": deciding,
        "say more": [bit for bit in current if bit not in deciding],
        "reserved,\ninternal": [bit for bit in STATUS_BITS if bit not in current + deprecated],
        "deprecated": deprecated,
    }


def _write_bits(ax: Axes, is_set: np.ndarray) -> None:
    """Write into each cell what its colour means."""
    for (row, column), value in np.ndenumerate(is_set):
        word = "no status" if np.isnan(value) else "set" if value else "clear"
        colour = "white" if value == 1 else "black"
        ax.text(column + 0.5, row + 0.5, word, ha="center", va="center", color=colour, fontsize=9)


def _write_verdicts(ax: Axes, explained: pd.DataFrame, silent: Mapping[str, str]) -> None:
    """Write overall status and error text to the right; what the status does not explain is emphasized."""
    pairs = zip(explained["overall"], explained["id"], strict=True)
    verdicts = [f"{overall}: {plain(silent[id_], LONGEST_ERROR)}" for overall, id_ in pairs]
    right = ax.secondary_yaxis("right")
    right.set_yticks(np.arange(len(verdicts)) + 0.5, verdicts, fontsize=9)
    right.tick_params(length=0)
    right.spines[:].set_visible(False)
    for label, is_explained in zip(right.get_yticklabels(), explained["explains_silence"], strict=True):
        label.set(color="black" if is_explained else VERMILION, weight="normal" if is_explained else "bold")


def _mark_devices(ax: Axes, columns: np.ndarray, labels: pd.Index, height: int) -> None:
    """Frame whole columns, and write their positions above them."""
    for column in columns:
        ax.add_patch(
            Rectangle((column, 0), 1, height, fill=False, edgecolor=VERMILION, linewidth=1.2, zorder=3)
        )
    top = ax.secondary_xaxis("top")
    names = [plain(labels[column], LONGEST_LABEL) for column in columns]
    width = ax.get_window_extent().width / ax.figure.dpi * 72 / max(len(labels), 1)  # of a column, points
    level, shown = 0, []
    for name, gap in zip(names, np.diff(columns, prepend=-len(labels)), strict=True):
        # One line higher where it would touch the one before.
        level = level + 1 if gap * width < 5.5 * len(name) else 0
        shown.append(name + "\n" * (level % 3))
    top.set_xticks(
        columns + 0.5,
        shown,
        color=VERMILION,
        fontsize=8,
    )
    top.tick_params(length=0, pad=1)


def _kinds(devices: pd.DataFrame) -> pd.Series:
    """What each device is, in the words of the legend."""
    kinds = devices["type"].astype("string").fillna("")
    is_camera = kinds.str.endswith("camera")
    unsupported = is_camera & devices["is_unsupported"].fillna(0).astype(bool)
    return (
        pd.Series("other device", devices.index)
        .mask(kinds == "bridge", "bridge")
        .mask(is_camera, "camera")
        .mask(unsupported, "unsupported camera")
    )
