"""Figures of the device status: the bits of each device, the overall status of all, the silent cameras."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC
from math import floor
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import dates as mdates
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
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
    rule_for,
)
from camkit.errors import InputError
from camkit.plots.style import BLACK, BLUE, GREEN, GREY, ORANGE, PALE, PURPLE, SKY, VERMILION, new_axes, plain

KIND_COLOURS = {"camera": BLUE, "unsupported camera": ORANGE, "bridge": SKY, "other device": GREY}
OVERALL_COLOURS = {
    OverallStatus.ONLINE: GREEN,
    OverallStatus.OFF: ORANGE,
    OverallStatus.INTERNET_OFFLINE: VERMILION,
    OverallStatus.PASSWORD_NEEDED: PURPLE,
    OverallStatus.OFFLINE: BLACK,
    OverallStatus.UNKNOWN: GREY,
}
OTHER_WORD = "another word"
MOST_CAMERAS = 30
LONGEST_NAME, LONGEST_ERROR, LONGEST_LABEL = 28, 44, 8  # characters


def plot_status_bits(
    devices: pd.DataFrame, silent: Mapping[str, str] | None = None, ax: Axes | None = None
) -> Axes:
    """Show which bits are set on which devices.

    Parameters
    ----------
    devices : pandas.DataFrame
        The device list by the vendor's column names; ``id``, ``device_status`` and, where there is one,
        ``connection_status`` are used. The index is what the x axis shows.
    silent : mapping or pandas.Series of str, optional
        Cameras that gave no picture: id to error text. They are marked.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    matplotlib.axes.Axes
        Devices from left to right; bits from top to bottom in four groups: those that decide the overall
        status, those that add to it, reserved and internal ones, deprecated ones. A column without colour
        is a device without a readable status. API v3 gives a word instead of bits: then the rows are its words.
    """
    by_word = _is_by_word(devices)
    ax = ax or new_axes(10, 3.2 if by_word else 5.4)
    groups = {} if by_word else _groups()
    bits = [bit for group in groups.values() for bit in group]
    if by_word:
        words = _said_words(devices)
        names, is_set = [*map(str, words)], words.to_numpy().T
        shades = is_set
        handles = [Patch(color=BLUE, label="the status"), Patch(color=PALE, label="not this one")]
    else:
        names, is_set = [f"{bit.flag.name}  {bit.number}" for bit in bits], _set_bits(devices, bits).T
        is_current = np.array([[bit.standing is Standing.CURRENT] for bit in bits])
        shades = np.where(is_current, is_set, is_set * 2)  # 0 clear, 1 set, 2 set without meaning
        handles = [Patch(color=BLUE, label="set"), Patch(color=GREY, label="set, but without meaning")]
        handles.append(Patch(color=PALE, label="clear"))
    _draw_matrix(ax, shades, linewidth=0.6)
    ax.set_yticks(np.arange(len(names)) + 0.5, names, fontsize=8)
    ticks = [0, *range(9, len(devices), 10)] if len(devices) else []
    ax.set_xticks(np.array(ticks) + 0.5, [plain(devices.index[tick], LONGEST_LABEL) for tick in ticks])
    ax.tick_params(length=0)
    ax.set_xlabel("device, by its position in the list")
    ax.set_ylabel("connection status,\na word instead of bits" if by_word else "status bit")
    start = 0
    for name, group in groups.items():
        ax.axhline(start, color="black", linewidth=0.8)
        ax.text(
            1.01, start + len(group) / 2, name, transform=ax.get_yaxis_transform(), va="center", fontsize=9
        )
        start += len(group)
    if np.isnan(is_set).any():
        ax.patch.set(hatch="////", edgecolor=GREY)  # shows where no cell is drawn
        handles.append(Patch(facecolor="white", hatch="////", edgecolor=GREY, label="no status"))
    if silent is not None:
        columns = devices.index.get_indexer_for(_silent_devices(devices, silent).index)
        _mark_devices(ax, columns, devices.index, len(names))
        handles.append(Patch(facecolor="none", edgecolor=VERMILION, label="gave no picture"))
    ax.legend(
        handles=handles,
        ncols=len(handles),
        loc="upper center",
        bbox_to_anchor=(0.5, -0.24 if by_word else -0.12),
        frameon=False,
    )
    ax.set_title(f"{'Connection status' if by_word else 'Status bits'} of {len(devices)} devices")
    return ax


def plot_overall_status(devices: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Show how many devices there are of each overall status.

    Parameters
    ----------
    devices : pandas.DataFrame
        The device list by the vendor's column names; ``type``, ``device_status``, ``is_unsupported`` and, where there
        is one, ``connection_status`` are used.
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
        at them; beside them the overall status and the error text. API v3 gives a word instead of bits: then the
        columns are its words.
    """
    chosen = _silent_devices(devices, silent)
    ax = ax or new_axes(10, 1.6 + 0.38 * len(chosen))
    explained = explained_by_status(chosen)
    if _is_by_word(devices):
        words = _said_words(chosen)
        is_set, decisive = words.to_numpy(), words.to_numpy() == 1
        columns = [re.sub(r"([a-z])([A-Z ])", "\\1\n\\2", word) for word in map(str, words)]
        cell_words, said = ("", "said"), "framed: the word that the vendor gives, instead of bits"
    else:
        bits = deciding_bits()
        is_set, decisive = _set_bits(chosen, bits), _decisive(chosen, bits)
        columns = [f"{bit.flag.name}\nbit {bit.number}".replace("_", "\n") for bit in bits]
        cell_words, said = ("clear", "set"), "framed: the bit that decides"
    _draw_matrix(ax, is_set, linewidth=2)
    _write_cells(ax, is_set, cell_words)
    for row, column in np.argwhere(decisive):
        corner = column + 0.04, row + 0.05
        ax.add_patch(Rectangle(corner, 0.92, 0.9, fill=False, linewidth=1.6, zorder=3))
    ax.set_xticks(np.arange(len(columns)) + 0.5, columns, fontsize=8)
    ax.set_xlabel(said, fontsize=9)
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


def plot_status_timeline(
    history: StatusHistory,
    devices: pd.DataFrame | None = None,
    events: pd.DataFrame | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Show when each camera was online, and why not.

    Parameters
    ----------
    history : StatusHistory
        As `EagleEye.status_history` returns it.
    devices : pandas.DataFrame, optional
        The device list, for the cameras' names; ``id`` and ``name`` are used.
    events : pandas.DataFrame, optional
        As `events_without_picture` returns them: they are marked.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    matplotlib.axes.Axes
        Time from left to right, in UTC; a bar for each camera in the colours of its overall status, and at its right
        the share of the known time in which it was online, rounded down. The cameras of events come first, then those
        that were online least. Of more than 30 cameras 30 are shown, and the title says so. Time without a bar is
        not known.
    """
    share = history.share_online()
    marked = share.index.isin(() if events is None else events["camera_id"].dropna())
    order = share.assign(last=~marked).sort_values(["last", "online", "known"], kind="stable").index
    shown = order[:MOST_CAMERAS]
    ax = ax or new_axes(10, 1.6 + 0.24 * max(len(shown), 2))
    rows = {camera_id: row for row, camera_id in enumerate(shown)}
    for overall, colour in OVERALL_COLOURS.items():
        spans = history.clipped().query("overall == @overall.value and camera_id in @rows")
        if spans.empty:
            continue
        left, right = (_date_numbers(spans[name]) for name in ("start", "end"))
        ax.barh(  # the edge keeps a short span visible
            spans["camera_id"].map(rows), right - left, left=left, height=0.7, color=colour, edgecolor=colour,
            linewidth=0.0 if overall is OverallStatus.ONLINE else 0.8,
            zorder=2 if overall is OverallStatus.ONLINE else 3, label=overall.value,
        )  # fmt: skip
    if events is not None:
        at = events[events["camera_id"].isin(shown) & events["at"].between(history.start, history.end)]
        if len(at):
            ax.plot(
                _date_numbers(at["at"]), at["camera_id"].map(rows) - 0.35, "v", color=BLUE, markeredgecolor="white",
                markersize=8, zorder=4, label="event without a picture",
            )  # fmt: skip
    _label_timeline(ax, history, share.loc[shown, "online"], {} if devices is None else _names(devices))
    more = f", {len(shown)} of {len(share)} cameras" if len(shown) < len(share) else ""
    ax.set_title(
        f"Status from {history.start:%Y-%m-%d %H:%M:%S} to {history.end:%Y-%m-%d %H:%M:%S} UTC{more}"
    )
    return ax


def _label_timeline(ax: Axes, history: StatusHistory, online: pd.Series, names: Mapping[str, str]) -> None:
    """Names at the left, shares at the right, times below, the legend under them."""
    ticks = np.arange(len(online))
    ax.set_yticks(
        ticks,
        [f"{plain(names.get(id_, ''), LONGEST_NAME)}  {plain(id_, LONGEST_LABEL)}" for id_ in online.index],
    )
    ax.set_ylim(max(len(online), 1) - 0.5, -0.5)
    first, last = _date_numbers([history.start, history.end])
    ax.set_xlim(first, max(last, first + 1 / 86400))
    locator = mdates.AutoDateLocator(tz=UTC)  # type: ignore[no-untyped-call]
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator, tz=UTC))  # type: ignore[no-untyped-call]
    ax.set_xlabel("time (UTC); where there is no bar, the status is not known")
    right = ax.secondary_yaxis("right")
    right.set_yticks(ticks, [_percent(share) for share in online])
    right.set_ylabel("online, of the known time")
    for axis in (ax, right):
        axis.tick_params(axis="y", length=0, labelsize=8)
        axis.spines[:].set_visible(False)
    handles, labels = ax.get_legend_handles_labels()
    if handles:
        ax.figure.legend(
            handles, labels, ncols=len(handles), loc="outside lower center", frameon=False, fontsize=9
        )


def _date_numbers(times: Any) -> np.ndarray:
    """Times as matplotlib counts them, in days."""
    return np.asarray(mdates.date2num(times), dtype=float)  # type: ignore[no-untyped-call]


def _names(devices: pd.DataFrame) -> dict[str, str]:
    known = devices.dropna(subset=["id", "name"])
    return dict(zip(known["id"], known["name"], strict=True))


def _percent(share: float) -> str:
    """A share, rounded down: what was offline for a minute was not online all the time."""
    if np.isnan(share):
        return "not known"
    return "< 0.1 %" if 0 < share < 0.001 else f"{floor(round(share * 1000, 6)) / 10:.1f} %"


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


def _decisive(devices: pd.DataFrame, bits: Sequence[StatusBit]) -> np.ndarray:
    """Which bit decides the overall status; (device, bit)."""
    flags = [bit.flag for bit in bits]
    readable = ~decode_status(devices["device_status"]).isna().any(axis=1)
    rows = [
        [is_readable and rule_for(int(status)).flag == flag for flag in flags]
        for status, is_readable in zip(devices["device_status"], readable, strict=True)
    ]
    return np.array(rows, dtype=bool).reshape(len(devices), len(bits))


def _is_by_word(devices: pd.DataFrame) -> bool:
    """Whether the status is a word, as API v3 gives it, and not bits."""
    return (
        "connection_status" in devices
        and bool(devices["connection_status"].notna().any())
        and bool(devices["device_status"].isna().all())
    )


def _said_words(devices: pd.DataFrame) -> pd.DataFrame:
    """1 where a word of API v3 is the device's status, 0 where not, NaN where there is no status; (device, word)."""
    said = devices["connection_status"]
    words = list(CONNECTION_STATUS)
    is_other = said.notna() & ~said.isin(words)
    cells = pd.DataFrame({word: said.eq(word).fillna(False) for word in words}).astype(float)
    if is_other.any():
        cells[OTHER_WORD] = is_other.astype(float)
    return cells.where(said.notna(), np.nan)


def _write_cells(ax: Axes, is_set: np.ndarray, words: tuple[str, str]) -> None:
    """Write into each cell what its colour means."""
    for (row, column), value in np.ndenumerate(is_set):
        word = "no status" if np.isnan(value) else words[int(value)]
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
    top.set_xticks(
        columns + 0.5,
        [plain(labels[column], LONGEST_LABEL) for column in columns],
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
