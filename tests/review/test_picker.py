"""The event picker's view, driven through its traits as a browser would."""

from __future__ import annotations

import ipywidgets as ipw
import nbformat
import pandas as pd
import pytest
from nbclient import NotebookClient

from camkit.badges import flag_events, load_badges
from camkit.case import Case
from camkit.directory import Cardholder, load_directory
from camkit.errors import InputError
from camkit.review.picker import NAMES, EventPicker
from tests.conftest import ROOT
from tests.review.test_picker_state import make_events
from tests.support.cases import at_doors, made_up_events

CHOOSE = """
from camkit.review.picker import EventPicker
from tests.review.test_picker_state import make_events
picker = EventPicker(make_events(), default=2)
picker
"""


@pytest.fixture
def picker() -> EventPicker:
    """Six events, the first two picked, the site in Denver."""
    return EventPicker(make_events(), default=2, timezone="America/Denver")


def controls(widget: ipw.Widget) -> dict[str, ipw.Widget]:
    """All that can be typed into, chosen from or pressed, by its label."""
    found = {}
    for child in getattr(widget, "children", ()):
        found |= controls(child)
        if isinstance(child, ipw.Text | ipw.SelectMultiple | ipw.Button | ipw.Checkbox):
            found[child.description] = child
    return found


def field(picker: EventPicker, label: str) -> ipw.Widget:
    """The control with this label."""
    return controls(picker)[label]


def rows(picker: EventPicker) -> str:
    """The rows of the table as they go to the browser."""
    return picker.table.get_state()["_dt_args"]["data_json"]


def test_starts_with_the_default_picks(picker):
    "Without a browser the picker gives the default, and the table shows it as picked"
    assert picker.picked.index.tolist() == [40, 39]
    assert picker.table.selected_rows == [0, 1]


def test_a_case_that_was_begun_goes_on_with_its_own_events(tmp_path):
    "A new one begins with the default; events of another log are an error"
    log = made_up_events(4)
    with Case(tmp_path / "case") as case:
        assert EventPicker(log, 3, begun=case.events()).picked.index.tolist() == [0, 1, 2]
        case.add_events(at_doors(log.iloc[[1, 3]]))
        assert EventPicker(log, 3, begun=case.events()).picked.index.tolist() == [1, 3]


@pytest.mark.parametrize(
    "other",
    [
        lambda log: log.iloc[:2],
        lambda log: log.assign(cardholder_id="4712"),
        lambda log: log.assign(event_time=log["event_time"] + pd.Timedelta(days=1)),
        lambda log: log.assign(reader_id=pd.NA),
    ],
)
def test_a_case_of_another_log_picks_nothing_of_this_one(tmp_path, other):
    "Though its events have the same labels: they would be those of other people"
    log = made_up_events(4)
    with Case(tmp_path / "case") as case:
        case.add_events(at_doors(log.iloc[[1, 3]]))
        with pytest.raises(InputError, match=r"of the case's 2 events do not have the same number in this"):
            EventPicker(other(log), begun=case)


def test_a_case_with_events_without_reader_goes_on(tmp_path):
    "What is missing in the log is missing in the case"
    log = made_up_events(2, reader_id=pd.NA)
    with Case(tmp_path / "case") as case:
        case.add_events(at_doors(log))
        assert len(EventPicker(log, begun=case.events()).picked) == 2


def test_of_the_sample_some_are_picked_of_any_other_log_none(tmp_path):
    "A careless Run All puts nobody into a case; one byte more or another file beside it is another log"
    sample = ROOT / "data" / "sample_badges.csv"
    log = load_badges(sample, timezone="America/Denver")
    assert EventPicker(log, sample_picks=3).picked.index.tolist() == [0, 1, 2]
    own = tmp_path / "sample_badges.csv"
    own.write_bytes(sample.read_bytes() + b"\n")
    for other in (own, [sample, own]):
        picker = EventPicker(load_badges(other, timezone="America/Denver"), sample_picks=3)
        with pytest.raises(InputError, match=r"No events are picked. Pick some in the table above, then run"):
            _ = picker.picked
        picker.table.selected_rows = [5]
        assert picker.picked.index.tolist() == [5]


def test_rows_picked_in_the_browser_are_picked(picker):
    "What the table reports becomes the picks, and is counted"
    picker.table.selected_rows = [0, 5]
    assert picker.picked.index.tolist() == [40, 35]
    assert (
        repr(picker) == "EventPicker: 2 of 6 events picked, 6 shown when this cell ran; run it again to pick"
    )


@pytest.mark.parametrize(
    ("label", "value", "labels"),
    [
        ("From", "2019-04-12 06:00", [36, 35]),
        ("To", "2019-04-12 03:00", [40, 39]),
        ("Cardholder", "ada", [40, 37]),
        ("Other text", "bold", [39]),
        ("Reader", ("R2",), [39, 35]),
        ("Outcome", ("denied", "unknown"), [39, 37]),
    ],
)
def test_each_field_filters_the_table(picker, label, value, labels):
    "A field's value decides what is shown, not what is picked; picking all picks just that"
    field(picker, label).value = value
    assert picker.picked.index.tolist() == [40, 39]
    field(picker, "Clear picks").click()
    field(picker, "Pick all shown").click()
    assert picker.picked.index.tolist() == labels


def test_the_examples_in_the_time_fields_show_every_event():
    "Typed as they are, From and To include the first and the last event; a minute alone shows its events"
    events = make_events()
    events["event_time"] += pd.Timedelta(seconds=12)
    picker = EventPicker(events, timezone="America/Denver")
    for label in ("From", "To"):
        field(picker, label).value = field(picker, label).placeholder
    assert (
        repr(picker) == "EventPicker: 0 of 6 events picked, 6 shown when this cell ran; run it again to pick"
    )
    field(picker, "From").value = field(picker, "To").value
    assert (
        repr(picker) == "EventPicker: 0 of 6 events picked, 1 shown when this cell ran; run it again to pick"
    )


def test_picks_survive_filtering(picker):
    "A pick out of sight stays, and is marked again when it comes back into sight"
    field(picker, "Reader").value = ("R3",)
    picker.table.selected_rows = [0]
    field(picker, "Reader").value = ()
    assert picker.table.selected_rows == [0, 1, 4]


def test_show_all_empties_every_field_and_keeps_the_picks(picker):
    "Also a list, which a click alone cannot empty"
    field(picker, "Reader").value = ("R3",)
    field(picker, "From").value = "12.04.2019"
    field(picker, "Show all").click()
    assert field(picker, "Reader").value == () and field(picker, "From").value == ""
    assert len(picker.state.shown) == 6
    assert picker.picked.index.tolist() == [40, 39]


def test_clear_removes_every_pick(picker):
    "Also what the filters hide"
    field(picker, "Reader").value = ("R3",)
    field(picker, "Clear picks").click()
    assert picker.state.picked.empty
    assert ">0 of 6 events picked, 1 shown<" in picker.status.value


def test_a_time_that_cannot_be_read_is_reported_and_not_applied(picker):
    "The message says which field and why, escaped, and goes when the field is right"
    field(picker, "To").value = "<i>noon</i>"
    assert "To is not applied: &#x27;&lt;i&gt;noon&lt;/i&gt;&#x27; is not a time" in picker.message.value
    assert 'role="alert"' in picker.message.value
    assert ", 6 shown" in repr(picker)
    field(picker, "To").value = "2019-04-12"
    assert picker.message.value == ""


def test_a_range_that_ends_before_it_starts_says_so(picker):
    "An empty table has its reason beside it"
    field(picker, "From").value, field(picker, "To").value = "2019-04-13", "2019-04-12"
    assert "From is later than To" in picker.message.value


def test_one_day_is_a_range(picker):
    "The same day in both fields shows that day"
    field(picker, "From").value = field(picker, "To").value = "2019-04-12"
    assert picker.message.value == ""
    assert ", 6 shown" in repr(picker)


def test_text_from_the_log_is_text(picker):
    "Markup in cells and in column names reaches the table escaped"
    assert "&lt;b&gt;bold&lt;/b&gt;" in rows(picker)
    titled = EventPicker(make_events().rename(columns={"note": "<b>note</b>"}))
    assert "&lt;b&gt;note&lt;/b&gt;" in titled.table.get_state()["_dt_args"]["table_html"]


def test_text_that_rearranges_is_shown_as_its_number():
    "In lists, cells and column names; what is chosen is the value in the log"
    evil = "\u202e3R"
    events = make_events().replace("R3", evil).rename(columns={"note": evil})
    picker = EventPicker(events)
    readers = dict(field(picker, "Reader").options)
    assert readers["[U+202E]3R"] == evil
    shown = rows(picker) + picker.table.get_state()["_dt_args"]["table_html"]
    assert "[U+202E]3R" in rows(picker)
    assert evil not in shown
    assert "\\u202e" not in shown
    field(picker, "Reader").value = (evil,)
    assert ", 1 shown" in repr(picker)


def test_every_control_has_a_label(picker):
    "A screen reader can name each control"
    assert list(controls(picker)) == [
        *("From", "To", "Cardholder", "Other text", "Reader", "Outcome"),
        *("Show all", "Pick all shown", "Clear picks"),
    ]


def test_every_filter_has_a_label(tmp_path):
    "Those for flags, kinds, the case and the directory are there where there is something to choose"
    log = made_up_events(4, kind=["swipe", "swipe", "held", "swipe"])
    with Case(tmp_path / "case") as case:
        picker = EventPicker(log, begun=case, flags=flag_events(log), directory=Names())
        assert [
            label for label in controls(picker) if label not in controls(EventPicker(made_up_events(1)))
        ] == [*("Not reviewed yet", "Kind", "Flags", "Names from the directory")]


def test_not_reviewed_yet_are_those_without_a_verdict(tmp_path):
    "One that is left out of the report is not to be reviewed either"
    log = made_up_events(4)
    with Case(tmp_path / "case") as case:
        case.add_events(at_doors(log.iloc[[1, 2, 3]]))
        picker = EventPicker(log, begun=case)
        case.record_verdict(1, "unclear")
        case.exclude(3, "Picked by mistake.")
        field(picker, "Not reviewed yet").value = True
        assert picker.state.shown.tolist() == [0, 2]
        assert picker.picked.index.tolist() == [1, 2, 3]


def test_a_case_goes_on_with_an_export_that_has_grown(tmp_path):
    "Its events are found by what they say; new ones get numbers of their own, and can be added"
    old, grown = tmp_path / "old.csv", tmp_path / "grown.csv"
    rows = [f"2026-05-0{day}T08:00:00Z,{day},R1,granted" for day in range(1, 7)]
    for path, lines in ((old, rows[:3]), (grown, rows[::-1])):
        path.write_text("\n".join(["timestamp,UserID,reader_id,outcome", *lines]) + "\n")
    with Case(tmp_path / "case") as case:
        case.add_events(at_doors(load_badges(old).events.loc[[0, 2]]))
        log = case.numbered(load_badges(grown))
        picker = EventPicker(log, begun=case, flags=flag_events(log.events))
        assert picker.picked["cardholder_id"].tolist() == ["3", "1"]
        picker.table.selected_rows = [0, 3, 5]
        case.add_events(at_doors(picker.picked), flags=flag_events(log.events))
        assert case.events()["cardholder_id"].tolist() == ["1", "3", "6"]


class Names:
    """A directory that knows some names, and has to be asked for each."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def lookup(self, cardholder_id: str) -> Cardholder:
        """The entry."""
        self.asked.append(cardholder_id)
        if cardholder_id.startswith("9"):
            raise ValueError("a defect")
        return Cardholder(cardholder_id, "Ann Li" if cardholder_id == "4" else "")


def test_a_web_directory_is_asked_for_some_names_on_demand():
    "At the press of a button, for the first in the table; the next press asks for the next ones only"
    numbers = [str(number) for number in range(NAMES + 5)]
    directory, log = Names(), made_up_events(NAMES + 5, cardholder_id=numbers)
    picker = EventPicker(log, directory=directory)
    picker._lookups.wait(1)
    assert directory.asked == []
    field(picker, "Cardholder").value = "ann"
    assert "This log has no names, so only numbers are searched. Press" in picker.message.value
    field(picker, "Cardholder").value = ""
    field(picker, "Names from the directory").click()
    assert picker._lookups.wait(10)
    assert sorted(directory.asked, key=int) == numbers[:NAMES]
    assert "Ann Li" in rows(picker)
    field(picker, "Cardholder").value = "ann"
    assert picker.state.shown.tolist() == [4]
    assert picker.message.value == ""
    field(picker, "Cardholder").value = ""
    field(picker, "Names from the directory").click()
    assert picker._lookups.wait(10)
    assert sorted(directory.asked, key=int) == numbers


def test_a_list_of_people_gives_its_names_at_once(tmp_path):
    "They are searched, too"
    (tmp_path / "people.csv").write_text("number,name\n4711,Ann Li\n")
    picker = EventPicker(made_up_events(2), directory=load_directory(tmp_path / "people.csv"))
    assert "Names from the directory" not in controls(picker)
    field(picker, "Cardholder").value = "li"
    assert picker.state.shown.tolist() == [0, 1]
    assert "Ann Li" in rows(picker)


def test_a_search_says_that_a_log_has_no_names():
    "A number is searched as ever"
    picker = EventPicker(made_up_events(2))
    field(picker, "Cardholder").value = "ann"
    assert "This log has no names, so only numbers are searched." in picker.message.value
    field(picker, "Cardholder").value = "47"
    assert picker.message.value == ""


def test_old_tables_are_closed(picker):
    "Filtering leaves one table, not one for each change"
    old = picker.table
    field(picker, "Cardholder").value = "ada"
    assert old.comm is None
    assert picker.table.comm is not None


def test_an_empty_log_can_be_shown():
    "No events, no crash"
    picker = EventPicker(make_events()[:0])
    field(picker, "Pick all shown").click()
    assert (
        repr(picker) == "EventPicker: 0 of 0 events picked, 0 shown when this cell ran; run it again to pick"
    )


@pytest.mark.not_quick
def test_in_a_notebook_without_a_browser_it_is_one_output(request):
    "Run headless, the picker leaves a widget view with a text beside it, and its default picks are there"
    cells = [nbformat.v4.new_code_cell(source.strip()) for source in (CHOOSE, "picker.picked.index.tolist()")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    resources = {"metadata": {"path": request.config.rootpath}}
    NotebookClient(notebook, timeout=60, kernel_name="python3", resources=resources).execute()
    (shown,), (picked,) = (cell["outputs"] for cell in notebook.cells)
    assert shown["output_type"] == "execute_result"
    assert (
        shown["data"]["text/plain"]
        == "EventPicker: 2 of 6 events picked, 6 shown when this cell ran; run it again to pick"
    )
    assert "application/vnd.jupyter.widget-view+json" in shown["data"]
    assert picked["data"]["text/plain"] == "[40, 39]"
