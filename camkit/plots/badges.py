"""Figures of a badge log: when the doors are used, who went where, what could not be read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, tzinfo
from textwrap import fill

import matplotlib.dates as mdates
import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from camkit.badges import FLAGS, site_timezone
from camkit.errors import InputError
from camkit.plots.style import BLACK, BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILION, new_axes, plain

COLOURS = (BLUE, ORANGE, GREEN, PURPLE, SKY, BLACK)
MOST_READERS, MOST_PEOPLE = 30, len(COLOURS)
LONGEST_NAME, LONGEST_REASON, LONGEST_LINE = 32, 60, 38  # characters
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
        Events as `load_badges` returns them.
    doors : pandas.DataFrame, optional
        The readers, as `load_doors` returns them; rows are then named by ``door``.
    timezone : str or datetime.tzinfo, optional
        The site's zone. If left out, the one in ``events.attrs["timezone"]``, else UTC.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    matplotlib.axes.Axes
        A heat map: hours from left to right, doors from top to bottom, the busiest first. Of more than 30
        doors the busiest 30 are shown, and the title says so. An hour without events is left white.
    """
    zone = site_timezone(events, timezone) or UTC
    door = _door_names(events, doors)
    hour = events["event_time"].dt.tz_convert(zone).dt.hour
    counts = pd.crosstab(door, hour).reindex(columns=range(24), fill_value=0)
    counts = counts.loc[counts.sum(axis=1).sort_values(ascending=False, kind="stable").index]
    shown = counts.head(MOST_READERS)
    ax = ax or new_axes(9, 1.8 + 0.34 * max(len(shown), 3))
    title = f"{len(events):,} badge events by hour and door"
    if len(shown) < len(counts):
        title += f", the busiest {len(shown)} of {len(counts):,} doors"
    ax.set_title(title, loc="left")
    ax.set_xlabel(f"hour of the day ({plain(zone, LONGEST_NAME)})")
    if shown.empty:
        return _say(ax, "No badge events.")
    cells = np.ma.masked_equal(shown.to_numpy(), 0)
    image = ax.pcolormesh(cells, cmap="viridis_r", edgecolors="white", linewidth=0.8)
    ax.set_xlim(0, 24)
    ax.set_xticks(range(0, 25, 3), [f"{tick:02d}:00" for tick in range(0, 25, 3)])
    ax.set_yticks(np.arange(len(shown)) + 0.5, [plain(name, LONGEST_NAME) for name in shown.index])
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
    """Show where some cardholders' badges were used over time, and mark what looks odd.

    Parameters
    ----------
    events : pandas.DataFrame
        Events as `load_badges` returns them.
    flags : pandas.DataFrame, optional
        The events' flags, as `flag_events` returns them. Leave columns out to see fewer marks.
    cardholders : sequence of str, optional
        Whose badges; at most six, as many as there are colours. If left out, the three with the most flags,
        or the most events.
    doors : pandas.DataFrame, optional
        The readers, as `load_doors` returns them; rows are then named by ``door``.
    timezone : str or datetime.tzinfo, optional
        The site's zone. If left out, the one in ``events.attrs["timezone"]``, else UTC.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure if not given.

    Returns
    -------
    matplotlib.axes.Axes
        Time from left to right, doors from top to bottom; a line and a colour for each cardholder, a cross for
        a denied swipe, and around an event a mark for each of its flags.

    Raises
    ------
    InputError
        If there are more cardholders than colours.
    """
    zone = site_timezone(events, timezone) or UTC
    people = list(cardholders) if cardholders is not None else _most_flagged(events, flags)
    if len(people) > MOST_PEOPLE:
        raise InputError(
            f"A timeline shows at most {MOST_PEOPLE} cardholders, not {len(people)}: choose some."
        )
    theirs = events[events["cardholder_id"].isin(people)].sort_values("event_time", kind="stable")
    door = _door_names(theirs, doors)
    rows = {name: row for row, name in enumerate(sorted(set(door)))}
    ax = ax or new_axes(9, 2.8 + 0.5 * max(len(rows), 2))
    ax.set_title(f"{len(theirs):,} badge events of {len(people)} cardholders", loc="left")
    ax.set_xlabel(f"time ({plain(zone, LONGEST_NAME)})")
    if theirs.empty:
        return _say(ax, "No badge events of these cardholders.")
    # Cardholders are drawn a little apart in a door's row, so that none hides another.
    apart = {who: (rank + 1) / (len(people) + 1) - 0.5 for rank, who in enumerate(people)}
    points = pd.DataFrame(
        {
            "who": theirs["cardholder_id"],
            "moment": theirs["event_time"].dt.tz_localize(None),  # which matplotlib takes as UTC
            "day": theirs["event_time"].dt.tz_convert(zone).dt.date,
            "height": door.map(rows) + theirs["cardholder_id"].map(apart).astype(float),
            "denied": theirs["outcome"] == "denied",
        }
    )
    explained = [
        (_draw_path(ax, points[points["who"] == who], colour), plain(who, LONGEST_NAME))
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
    """Draw one cardholder's swipes, those of a day joined by a line; return what the legend shows for them."""
    for _, day in points.groupby("day"):
        ax.plot(day["moment"], day["height"], color=colour, linewidth=0.8, alpha=0.6)
    granted, denied = points[~points["denied"]], points[points["denied"]]
    dots = ax.scatter(granted["moment"], granted["height"], color=colour, s=14, zorder=3)
    ax.scatter(denied["moment"], denied["height"], color=colour, s=30, marker="x", zorder=3)
    return dots


def _finish_timeline(ax: Axes, zone: tzinfo, doors: list[str], explained: list[tuple[Artist, str]]) -> None:
    """Axes and legend of a timeline."""
    locator = mdates.AutoDateLocator(tz=zone)  # type: ignore[no-untyped-call]
    ax.xaxis.set_major_locator(locator)
    formatter = mdates.ConciseDateFormatter(locator, tz=zone)  # type: ignore[no-untyped-call]
    ax.xaxis.set_major_formatter(formatter)
    ax.set_yticks(range(len(doors)), [plain(name, LONGEST_NAME) for name in doors])
    ax.set_ylim(len(doors) - 0.5, -0.5)
    for edge in range(1, len(doors)):
        ax.axhline(edge - 0.5, color=GREY, linewidth=0.4)
    ax.tick_params(axis="y", length=0)
    ax.spines[["top", "right"]].set_visible(False)
    # Passed explicitly: by itself matplotlib leaves out labels that begin with "_", as a cardholder's may.
    artists, words = zip(*explained, strict=True)
    # Below the axis, by a distance in font sizes, whatever the height of the axes.
    ax.legend(
        artists,
        [
            fill(line, LONGEST_LINE) for line in words
        ],  # two columns of longer ones do not leave the axes any room
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
    ax = ax or new_axes(8, 1.4 + 0.4 * max(len(counts), 1))
    ax.set_title(f"{len(rejected):,} rows by reason", loc="left")
    if counts.empty:
        return _say(ax, "None.")
    bars = ax.barh(
        [plain(reason, LONGEST_REASON) for reason in counts.index], counts.to_numpy(), color=COLOURS[0]
    )
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
    """The name of each event's door."""
    reader = events["reader_id"].astype(object)
    if doors is not None:
        names = doors.drop_duplicates("reader_id")
        reader = reader.map(names.set_index("reader_id")["door"].astype(object)).fillna(reader)
    return reader.fillna("(no reader)").astype(str)


def _say(ax: Axes, what: str) -> Axes:
    """Write in an empty figure why it is empty."""
    ax.set(xticks=[], yticks=[])
    ax.text(0.5, 0.5, what, ha="center", va="center", transform=ax.transAxes, color=GREY)
    return ax
