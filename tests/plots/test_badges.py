"""Figures of a badge log."""

from __future__ import annotations

import io
from collections.abc import Iterator

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
import pytest
from matplotlib.axes import Axes
from PIL import Image

from camkit.badges import BadgeLog, load_badges
from camkit.badges.flags import flag_events
from camkit.errors import InputError
from camkit.plots.badges import plot_events_by_hour, plot_rejected, plot_timeline
from tests.conftest import ROOT

pytestmark = pytest.mark.not_quick

MESSY = ROOT / "data" / "messy_badges.csv"


@pytest.fixture(autouse=True)
def _no_window() -> Iterator[None]:
    """Draw without a screen, and leave no figure open."""
    with mpl.rc_context({"backend": "agg"}):
        yield
    plt.close("all")


@pytest.fixture
def log() -> BadgeLog:
    return load_badges(MESSY, timezone="America/Denver")


def draw(ax: Axes) -> tuple[int, int]:
    """Draw the whole figure; return its size in pixels."""
    picture = io.BytesIO()
    ax.figure.savefig(picture, dpi=90)
    with Image.open(picture) as image:
        return image.size


def labels(ax: Axes) -> list[str]:
    return [tick.get_text() for tick in ax.get_yticklabels()]


def test_draws_on_the_axes_given(log: BadgeLog) -> None:
    "Each plot uses the axes it is given and returns them"
    figure, axes = plt.subplots(3)
    assert plot_events_by_hour(log.events, ax=axes[0]) is axes[0]
    assert plot_timeline(log.events, ax=axes[1]) is axes[1]
    assert plot_rejected(log.rejected, ax=axes[2]) is axes[2]
    assert plt.get_fignums() == [figure.number]


def test_the_heat_map_counts_each_event_in_its_local_hour(log: BadgeLog) -> None:
    "The cells add up to the events, and the hours are those of the site's clock"
    ax = plot_events_by_hour(log.events)
    cells = ax.collections[0].get_array()
    assert cells.sum() == len(log.events)
    local = log.events["event_time"].dt.tz_convert("America/Denver").dt.hour.value_counts()
    assert cells.sum(axis=0).filled(0).tolist() == [int(local.get(hour, 0)) for hour in range(24)]
    assert "America/Denver" in ax.get_xlabel()
    assert draw(ax)[0] >= 800


def test_the_heat_map_names_readers_by_their_doors(log: BadgeLog) -> None:
    "Also with several cameras; a reader without a door keeps its own name, and so do events without a reader"
    events = log.events.copy()
    events.loc[0, "reader_id"] = None
    doors = pd.DataFrame({"reader_id": ["HQ-R1", "HQ-R1"], "door": "Main entrance", "view": ["in", "out"]})
    assert {"Main entrance", "HQ-R2", "(no reader)"} <= set(labels(plot_events_by_hour(events, doors)))


def test_a_heat_map_that_was_cut_says_so(log: BadgeLog) -> None:
    "Of many doors the busiest are shown, and the title says how many there are"
    events = log.events.assign(reader_id=[f"R{n % 40}" for n in range(len(log.events))])
    ax = plot_events_by_hour(events)
    assert len(labels(ax)) == 30
    assert "the busiest 30 of 40 doors" in ax.get_title(loc="left")


def test_the_timeline_marks_flags_in_its_legend(log: BadgeLog) -> None:
    "A mark for each kind of flag that occurs, explained in words"
    flags = flag_events(log.events, hours=("06:00", "20:00"))
    ax = plot_timeline(log.events, flags, cardholders=["86543202", "86543188"])
    legend = [" ".join(text.get_text().split()) for text in ax.get_legend().get_texts()]
    assert legend[:3] == ["86543202", "86543188", "denied"]
    assert "at another reader sooner than one can walk there" in legend
    assert "America/Denver" in ax.get_xlabel()
    assert draw(ax)[0] >= 800


def test_a_cardholder_whose_number_begins_with_an_underscore_is_in_the_legend(log: BadgeLog) -> None:
    "matplotlib leaves such labels out where it collects them itself"
    events = log.events.assign(cardholder_id=log.events["cardholder_id"].replace("86543202", "_temp$"))
    flags = flag_events(events, hours=("06:00", "20:00"))
    ax = plot_timeline(events, flags, cardholders=["_temp$", "86543188"])
    legend = [" ".join(text.get_text().split()) for text in ax.get_legend().get_texts()]
    assert legend[:3] == [r"_temp\$", "86543188", "denied"]
    assert "at another reader sooner than one can walk there" in legend
    draw(ax)


def test_the_timeline_chooses_those_with_most_flags(log: BadgeLog) -> None:
    "Without names the three with the most flags are shown"
    flags = flag_events(log.events)[["too_fast"]]
    ax = plot_timeline(log.events, flags)
    assert ax.get_title(loc="left").endswith("of 1 cardholders")


def test_the_timeline_refuses_more_people_than_colours(log: BadgeLog) -> None:
    "Seven colours cannot be distinguished"
    with pytest.raises(InputError, match="at most 6"):
        plot_timeline(log.events, cardholders=[str(n) for n in range(7)])


def test_the_bars_count_the_rejected_rows(log: BadgeLog) -> None:
    "One bar for each reason, with its number"
    ax = plot_rejected(log.rejected)
    assert sum(bar.get_width() for bar in ax.patches) == len(log.rejected)
    assert set(labels(ax)) == set(log.rejected["reason"])
    draw(ax)


def test_empty_logs_are_drawn_as_such(log: BadgeLog) -> None:
    "A figure without events, or without rejected rows, says so in words"
    nothing = log.events.iloc[:0]
    for ax in (plot_events_by_hour(nothing), plot_timeline(nothing), plot_rejected(log.rejected.iloc[:0])):
        assert "No" in ax.texts[0].get_text()
        draw(ax)


def test_text_from_the_log_is_not_mathematics(log: BadgeLog) -> None:
    "Dollar signs and underscores in names are drawn as they are; a long name is shortened"
    events = log.events.assign(reader_id=r"$\frac{1}{0$ a_b " + "x" * 200, cardholder_id="$x^2$")
    for ax in (plot_events_by_hour(events), plot_timeline(events, cardholders=["$x^2$"])):
        draw(ax)
        assert all(len(label) < 60 for label in labels(ax))
