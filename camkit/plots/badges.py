"""Pictures of a badge log: when the doors are used, who went where, what could not be read.

Each function draws on the `Axes` it is given (or a new one) and returns it. Colours are Okabe and Ito's,
which colour-blind readers can tell apart; text from the log is drawn as it is, never as markup.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, tzinfo

import matplotlib.dates as mdates
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from camkit.badges import FLAGS
from camkit.errors import InputError
from camkit.support.timezones import as_zone

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#000000")
VERMILION, GREY = "#D55E00", "#8A8A8A"
MOST_READERS, MOST_PEOPLE, LONGEST_NAME = 30, len(COLOURS), 32
CHOSEN_PEOPLE = 3
FLAG_MARKERS = dict(zip(FLAGS, "osD^vphd", strict=True))


def plot_events_by_hour(
    events: pd.DataFrame,
    doors: pd.DataFrame | None = None,
    timezone: str | tzinfo | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Show how many badge events each door has in each hour of the day.

    Parameters
    ----------
    events : pandas.DataFrame
        Events as `load_badges` gives them.
    doors : pandas.DataFrame, optional
        The readers, as `load_doors` gives them: rows are then called by ``door``.
    timezone : str or datetime.tzinfo, optional
        The site's zone. If left out, the one in ``events.attrs["timezone"]``, else UTC.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    matplotlib.axes.Axes
        A heat map: hours from left to right, doors from top to bottom, the busiest first. Of more than 30
        doors the busiest 30 are shown, and the title says so. An hour without any event is left white.
    """
    zone = _zone(events, timezone)
    door = _door_names(events, doors)
    hour = events["event_time"].dt.tz_convert(zone).dt.hour
    counts = pd.crosstab(door, hour).reindex(columns=range(24), fill_value=0)
    counts = counts.loc[counts.sum(axis=1).sort_values(ascending=False, kind="stable").index]
    shown = counts.head(MOST_READERS)
    ax = ax or _new_axes(9, 1.8 + 0.34 * max(len(shown), 3))
    title = f"{len(events):,} badge events by hour and door"
    if len(shown) < len(counts):
        title += f", the busiest {len(shown)} of {len(counts):,} doors"
    ax.set_title(title, loc="left")
    ax.set_xlabel(f"hour of the day ({zone})")
    if shown.empty:
        return _say(ax, "No badge event.")
    cells = np.ma.masked_equal(shown.to_numpy(), 0)
    image = ax.pcolormesh(cells, cmap="viridis_r", edgecolors="white", linewidth=0.8)
    ax.set_xlim(0, 24)
    ax.set_xticks(range(0, 25, 3), [f"{tick:02d}:00" for tick in range(0, 25, 3)])
    ax.set_yticks(np.arange(len(shown)) + 0.5, [_plain(name) for name in shown.index])
    ax.invert_yaxis()
    ax.tick_params(axis="y", length=0)
    ax.figure.colorbar(image, ax=ax, label="events (white: none)", pad=0.02)
    return ax


def plot_timeline(
    events: pd.DataFrame,
    flags: pd.DataFrame | None = None,
    cardholders: Sequence[str] | None = None,
    doors: pd.DataFrame | None = None,
    timezone: str | tzinfo | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Show where some cardholders' badges were used, one after the other, with what looks odd marked.

    Parameters
    ----------
    events : pandas.DataFrame
        Events as `load_badges` gives them.
    flags : pandas.DataFrame, optional
        What `flag_events` says of them. Leave columns out to see fewer marks.
    cardholders : sequence of str, optional
        Whose; at most six, which is what colours tell apart. If left out, the three with the most flags,
        or the most events.
    doors : pandas.DataFrame, optional
        The readers, as `load_doors` gives them: rows are then called by ``door``.
    timezone : str or datetime.tzinfo, optional
        The site's zone. If left out, the one in ``events.attrs["timezone"]``, else UTC.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    matplotlib.axes.Axes
        Time from left to right, doors from top to bottom; a line and a colour for each cardholder, a cross for
        a denied swipe, and around an event one mark for each of its flags.

    Raises
    ------
    InputError
        If more cardholders are asked for than can be told apart.
    """
    zone = _zone(events, timezone)
    people = list(cardholders) if cardholders is not None else _most_flagged(events, flags)
    if len(people) > MOST_PEOPLE:
        raise InputError(
            f"A timeline shows at most {MOST_PEOPLE} cardholders, not {len(people)}: choose some."
        )
    theirs = events[events["cardholder_id"].isin(people)].sort_values("event_time", kind="stable")
    door = _door_names(theirs, doors)
    rows = {name: row for row, name in enumerate(sorted(set(door)))}
    ax = ax or _new_axes(9, 2.8 + 0.5 * max(len(rows), 2))
    ax.set_title(f"{len(theirs):,} badge events of {len(people)} cardholders", loc="left")
    ax.set_xlabel(f"time ({zone})")
    if theirs.empty:
        return _say(ax, "No badge event of these cardholders.")
    # Cardholders stand a little apart in a door's row, so that none hides another.
    apart = {who: (rank + 1) / (len(people) + 1) - 0.5 for rank, who in enumerate(people)}
    points = pd.DataFrame(
        {
            "who": theirs["cardholder_id"],
            "moment": theirs["event_time"].dt.tz_localize(None),  # matplotlib takes it for UTC
            "day": theirs["event_time"].dt.tz_convert(zone).dt.date,
            "height": door.map(rows) + theirs["cardholder_id"].map(apart).astype(float),
            "denied": theirs["outcome"] == "denied",
        }
    )
    explained = [
        (_draw_path(ax, points[points["who"] == who], colour), _plain(who))
        for who, colour in zip(people, COLOURS, strict=False)
    ]
    explained.append((ax.scatter([], [], color=GREY, marker="x"), "denied"))
    marks = pd.DataFrame() if flags is None else flags.loc[theirs.index]
    for size, name in enumerate(name for name in FLAGS if name in marks and marks[name].any()):
        hit = points[marks[name]]
        mark = ax.scatter(
            hit["moment"],
            hit["height"],
            s=70 + 45 * size,
            marker=FLAG_MARKERS[name],
            facecolors="none",
            edgecolors=VERMILION,
            linewidths=1.2,
            zorder=4,
        )
        explained.append((mark, FLAGS[name]))
    _finish_timeline(ax, zone, list(rows), explained)
    return ax


def _draw_path(ax: Axes, points: pd.DataFrame, colour: str) -> Artist:
    """Draw one cardholder's swipes, those of a day joined by a line; give what stands for them in the legend."""
    for _, day in points.groupby("day"):
        ax.plot(day["moment"], day["height"], color=colour, linewidth=0.8, alpha=0.6)
    granted, denied = points[~points["denied"]], points[points["denied"]]
    dots = ax.scatter(granted["moment"], granted["height"], color=colour, s=14, zorder=3)
    ax.scatter(denied["moment"], denied["height"], color=colour, s=30, marker="x", zorder=3)
    return dots


def _finish_timeline(ax: Axes, zone: tzinfo, doors: list[str], explained: list[tuple[Artist, str]]) -> None:
    """Axes and legend of a timeline."""
    locator = mdates.AutoDateLocator(tz=zone)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator, tz=zone))
    ax.set_yticks(range(len(doors)), [_plain(name) for name in doors])
    ax.set_ylim(len(doors) - 0.5, -0.5)
    for edge in range(1, len(doors)):
        ax.axhline(edge - 0.5, color=GREY, linewidth=0.4)
    ax.tick_params(axis="y", length=0)
    ax.spines[["top", "right"]].set_visible(False)
    # Told what to show: matplotlib leaves out a label that begins with "_", as a cardholder's number may.
    artists, words = zip(*explained, strict=True)
    ax.legend(
        artists,
        words,
        # Below the axis, by a distance in letters, however high the axes are.
        loc="upper left",
        bbox_to_anchor=(0, 0),
        borderaxespad=5,
        ncols=2,
        frameon=False,
        fontsize=9,
    )


def plot_rejected(rejected: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Show how many rows were rejected for which reason.

    Parameters
    ----------
    rejected : pandas.DataFrame
        ``BadgeLog.rejected``, or ``BadgeLog.ignored``.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    matplotlib.axes.Axes
        A bar for each reason, the most frequent on top, with its number of rows.
    """
    counts = rejected["reason"].value_counts().iloc[::-1]
    ax = ax or _new_axes(8, 1.4 + 0.4 * max(len(counts), 1))
    ax.set_title(f"{len(rejected):,} rows by reason", loc="left")
    if counts.empty:
        return _say(ax, "None.")
    bars = ax.barh([_plain(reason, 60) for reason in counts.index], counts.to_numpy(), color=COLOURS[0])
    ax.bar_label(bars, [f"{count:,}" for count in counts], padding=4)
    ax.set_xlabel("rows")
    ax.margins(x=0.12)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    ax.tick_params(axis="y", length=0)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def _most_flagged(events: pd.DataFrame, flags: pd.DataFrame | None) -> list[str]:
    """The cardholders with the most flags, or without flags those with the most events."""
    count = pd.Series(1, index=events.index)
    if flags is not None:
        count = flags.loc[events.index, [name for name in FLAGS if name in flags]].sum(axis=1)
    by_person = count.groupby(events["cardholder_id"]).sum()
    first = by_person[by_person > 0].sort_values(ascending=False, kind="stable").head(CHOSEN_PEOPLE)
    return [str(who) for who in first.index]


def _door_names(events: pd.DataFrame, doors: pd.DataFrame | None) -> pd.Series:
    """What each event's door is called."""
    reader = events["reader_id"].astype(object)
    if doors is not None:
        reader = reader.map(doors.set_index("reader_id")["door"].astype(object)).fillna(reader)
    return reader.fillna("(no reader)").astype(str)


def _zone(events: pd.DataFrame, zone: str | tzinfo | None) -> tzinfo:
    return as_zone(zone) or as_zone(events.attrs.get("timezone")) or UTC


def _plain(text: object, longest: int = LONGEST_NAME) -> str:
    """Text from a log as matplotlib shall draw it: as it is, without mathematics, shortened if long."""
    line = " ".join(str(text).split())
    line = line if len(line) <= longest else line[: longest - 1] + "…"
    return line.replace("$", r"\$")


def _new_axes(width: float, height: float) -> Axes:
    _, ax = plt.subplots(figsize=(width, height), layout="constrained")
    return ax


def _say(ax: Axes, what: str) -> Axes:
    """Say in an empty picture why it is empty."""
    ax.set(xticks=[], yticks=[])
    ax.text(0.5, 0.5, what, ha="center", va="center", transform=ax.transAxes, color=GREY)
    return ax
