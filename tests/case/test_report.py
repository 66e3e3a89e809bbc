"""The report: one page that says everything, fetches nothing and runs nothing."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from datetime import timedelta
from itertools import groupby
from operator import attrgetter

import pytest
from bs4 import BeautifulSoup

from camkit.badges import Camera, Door
from camkit.cameras import Result, Snapshot
from camkit.case import Case
from camkit.directory import Cardholder
from camkit.errors import OutputError
from tests.support.browser import browser_page, needs_chromium
from tests.support.cases import (
    CAMERA,
    DOOR,
    MADE_AT,
    at_doors,
    frame,
    look,
    made_up,
    made_up_events,
    made_up_snapshot,
    main_of,
    review,
)

pytestmark = pytest.mark.not_quick

HOSTILE = """"'><script>alert(1)</script><img src=http://evil.example/x onerror=alert(1)>{{ 7 * 7 }}"""


@pytest.fixture(scope="module")
def seen(demo):
    "What the demo site's cameras saw at the picked events"
    return look(demo)


@pytest.fixture
def case(tmp_path):
    "An empty case"
    with Case(tmp_path / "front-door", operator="R. Investigator") as case:
        yield case


def page(case: Case) -> BeautifulSoup:
    "The report as it was written"
    return BeautifulSoup(case.report(now=MADE_AT).read_text("utf-8"), "html.parser")


def card(soup: BeautifulSoup, event: object) -> BeautifulSoup:
    "The card of one event"
    return soup.find(id=f"event-{event}")


def words(soup: BeautifulSoup) -> str:
    "What is read, in one line"
    for inline in soup.find_all("bdi"):
        inline.unwrap()
    soup.smooth()
    return " ".join(soup.get_text(" ").split())


def embedded(soup: BeautifulSoup) -> list[bytes]:
    "The images in it"
    return [base64.b64decode(image["src"].partition(",")[2]) for image in soup.find_all("img")]


def test_a_card_shows_both_pictures(case, seen):
    "The snapshot and the directory's photo are in the page itself, byte for byte"
    review(case, seen)
    soup = page(case)
    for event, snapshots in groupby(seen, key=attrgetter("event")):
        taken = list(snapshots)
        expected = [snapshot.picture.content for snapshot in taken if snapshot.ok]
        assert embedded(card(soup, event.event_id)) == [*expected, taken[0].cardholder.photo]


def test_a_card_describes_the_event_and_how_the_picture_was_fetched(case, seen):
    "Times in the site's zone and in UTC, door, holder, camera, hash, flags, source, requests"
    review(case, seen)
    laboratory = words(card(page(case), 7))
    for said in (
        "Event 7: Zoë Lindqvist (00071234) at Laboratory (HQ-R4)",
        "Fri 2019-04-12 14:26:19 MDT 2019-04-12 20:26:19 UTC",
        "asked for Fri 2019-04-12 14:25:32 MDT",
        "The reader's clock is 47 s ahead of the camera's; the time asked for is corrected.",
        "Cisco Meraki camera",
        main_of(seen, 7).sha256,
        "sample_badges.csv, line 9",
        main_of(seen, 7).picture.replies[-1].server_date,
    ):
        assert said in laboratory
    assert "the vendor says it shows 2019-04-12 17:33:36.445000 UTC, 0.4 s after the event" in words(
        card(page(case), 3)
    )


def test_a_card_says_before_and_behind(case):
    "Of a reader's clock, of the moment asked for, and of the moment that the vendor gives"
    slow = replace(CAMERA, clock_offset_s=-3.5)
    case.add_events(made_up(1))
    seen = frame(made_up_snapshot(0, b"x", door=replace(DOOR, cameras=(slow,)), camera=slow), b"x", -5)
    captured = seen.picture.requested_at - timedelta(seconds=0.5)
    case.add_snapshots([replace(seen, picture=replace(seen.picture, captured_at=captured))])
    said = words(card(page(case), 0))
    assert re.search(r"asked for [^,]*, 5 s before the event;", said)
    assert re.search(r"the vendor says it shows [^,]*, 5\.5 s before the event\.", said)
    assert "The reader's clock is 3.5 s behind the camera's; the time asked for is corrected." in said


def test_an_event_without_a_door_says_that_no_camera_was_asked(case):
    "In the summary, in its heading, and where its picture would be, which then does not have a caption"
    case.add_events(made_up(2, reader_id=["HQ-R9", None]))
    for label, reader in enumerate(["HQ-R9", ""]):
        event = made_up_snapshot(label, b"", reader_id=reader, door=None).event
        why = event.why_no_camera
        case.add_snapshots([Snapshot(event, None, Result.NO_DOOR, why)])
    soup = page(case)
    summary = words(soup.find("tr", class_="sum"))
    assert (
        "0 with a picture, 0 without although one was asked for, 2 for which no camera was asked, 0 not"
        in summary
    )
    first, second = (words(card(soup, label)) for label in range(2))
    assert "at reader HQ-R9, which is not in the doors table Not decided" in first
    assert "Granted at reader HQ-R9, which is not in the doors table." in first
    assert "No camera was asked: reader HQ-R9 is not in the doors table." in first
    assert "at a reader that the log does not name Not decided" in second
    assert "What the camera saw" not in first + second


def test_a_card_lists_every_verdict(case, seen):
    "The latest is last, the earlier ones are before it, each with its note"
    review(case, seen)
    said = words(card(page(case), 1))
    assert said.index("Earlier Unclear R. Investigator") < said.index("Verdict Mismatch R. Investigator")
    assert "Too dark?" in said
    assert "It is David Cohen who comes in." in said


def test_flags_are_described_as_hints(case):
    "In words, with the other event"
    events = made_up_events(2)
    raised = (
        events[[]]
        .assign(too_fast=[False, True], too_fast_event=[None, 0])
        .astype({"too_fast_event": "Int64"})
    )
    case.add_events(at_doors(events), flags=raised)
    case.record_verdict(1, "unclear")
    assert "At another reader sooner than one can walk there (event 0). A flag is a hint" in words(
        card(page(case), 1)
    )


def test_a_chosen_frame_is_shown_with_its_distance(case):
    "Five seconds after the event, one of two pictures; the verdict before was on the other"
    case.add_events(made_up(1))
    first = made_up_snapshot(0, b"first")
    later = frame(first, b"later", 5)
    case.add_snapshots([first, later])
    case.record_verdict(0, "unclear")
    case.choose(0, later.sha256)
    said = words(card(page(case), 0))
    assert "5 s after the event" in said
    assert "One of 2 pictures" in said
    assert f"on picture {first.sha256[:16]}…" in said


def test_a_verdict_without_the_picture_that_is_shown_says_so(case):
    "It was given before there was one, or without looking at one"
    case.add_events(made_up(1))
    case.record_verdict(0, "nobody")
    assert "without a picture" not in words(card(page(case), 0))
    case.add_snapshots([made_up_snapshot(0, b"later")])
    assert re.search(
        r"Verdict Nobody R\. Investigator, \S+ \S+ UTC, without a picture", words(card(page(case), 0))
    )


def test_a_card_shows_the_picture_of_each_camera(case):
    "The one that stands for the event first; each with its view, its clock, its hash and its requests"
    inside, outside = (
        replace(CAMERA, view="inside"),
        replace(CAMERA, view="outside", camera_id="2", clock_offset_s=9.0),
    )
    door = replace(DOOR, cameras=(inside, outside))
    case.add_events(at_doors(made_up_events(2), door))
    seen = [
        made_up_snapshot(label, f"{camera.view} {label}".encode(), door=door, camera=camera)
        for label in range(2)
        for camera in door.cameras
    ]
    far = frame(seen[1], b"outside, later", 5)
    off = replace(seen[3], picture=None, result=Result.FAILED, reason="The camera is off.")
    case.add_snapshots([seen[0], far, seen[1], seen[2], replace(off, reason="busy"), off])
    soup = page(case)
    assert embedded(card(soup, 0))[:2] == [b"inside 0", b"outside 0"]
    said = words(card(soup, 0))
    assert "What the camera saw: inside" in said
    assert "What another camera saw: outside" in said
    assert "Outside: Cisco Meraki camera 2, asked for" in said
    assert "The reader's clock is 9 s ahead of the camera's; the time" in said
    assert seen[1].sha256 in said
    assert "No picture: The camera is off." in words(card(soup, 1))
    assert "camera outside Failed: The camera is off." in words(
        soup.find("h2", string="What could not be fetched").parent
    )
    case.choose(0, far.sha256)
    soup = page(case)
    assert embedded(card(soup, 0))[:2] == [b"outside, later", b"inside 0"]
    listed = words(soup.find("table", class_="hashes"))
    assert "event 0, outside (+5 s)" in listed
    assert "event 1, inside" in listed


def test_a_camera_whose_view_was_renamed_is_not_another_one(case):
    "Such as one of a case that was upgraded, whose pictures have no view"
    case.add_events(made_up(1))
    renamed = replace(CAMERA, view="inside")
    later = made_up_snapshot(0, b"later", door=replace(DOOR, cameras=(renamed,)), camera=renamed)
    case.add_snapshots([made_up_snapshot(0, b"first"), frame(later, b"later", 5)])
    assert "another camera" not in words(card(page(case), 0))


def test_what_could_not_be_fetched_is_listed_with_its_reason(case, seen):
    "The camera that is off, and the person who is not in the directory"
    case.add_events(at_doors(made_up_events(1).set_axis([100])))
    nobody = Cardholder("4711", note="not in the directory (HTTP 404)")
    case.add_snapshots([made_up_snapshot(100, b"x", minute=0, cardholder=nobody)])
    review(case, seen)
    heading = page(case).find("h2", string="What could not be fetched")
    said = words(heading.parent)
    assert "Picture of event 6, Parking garage (HQ-R6)" in said
    assert main_of(seen, 6).reason in said
    assert "Directory entry of 4711 Not in the directory (HTTP 404)" in said


def test_events_that_nobody_looked_at_are_listed(case):
    "They have no card, but they are not left out"
    case.add_events(made_up(3))
    case.record_verdict(1, "unclear")
    soup = page(case)
    assert [article["id"] for article in soup.find_all("article")] == ["event-1"]
    rows = soup.find("h2", string="Events that were not looked at").parent.find_all("tr")
    assert [row.td.get_text() for row in rows[1:]] == ["0", "2"]


def test_the_summary_counts_every_event_once(case, seen):
    "By its latest verdict, or as not decided"
    review(case, seen)
    rows = page(case).find("table", class_="counts").find_all("tr")[1:]
    counts = {row.find_all("td")[0].get_text(strip=True): row.find_all("td")[1].get_text() for row in rows}
    assert counts == {
        "Match": "1",
        "Mismatch": "1",
        "Unclear": "0",
        "Nobody": "1",
        "Not decided": "5",
        "All": "8",
    }


def test_every_image_is_listed_with_its_hash(case, seen):
    "And with what it shows"
    review(case, seen)
    rows = page(case).find("table", class_="hashes").find_all("tr")[1:]
    listed = {row.code.get_text(): row.find_all("td")[1].get_text() for row in rows}
    assert set(listed) == set(case.table("images")["sha256"])
    assert listed[main_of(seen, 0).sha256] == "event 0, inside"
    assert "directory photo of 85063715" in listed.values()


def test_an_altered_image_is_not_shown_but_reported(case, seen):
    "On top and in its card"
    review(case, seen)
    (case.folder / case.table("images")["path"].iloc[0]).write_bytes(main_of(seen, 1).picture.content)
    soup = page(case)
    assert "1 thing is wrong" in words(soup.find(class_="unsound"))
    assert f"The file {main_of(seen, 0).sha256} is missing, altered" in words(card(soup, 0))
    assert embedded(card(soup, 0)) == [seen[1].picture.content, seen[1].cardholder.photo]


def test_the_seal_of_what_is_shown_is_in_the_report(case, seen):
    "Whoever has the report can check the case with it, also when more was added"
    review(case, seen)
    (seal,) = re.findall(r"Seal: ([0-9a-f]{64})", words(page(case)))
    case.record_verdict(0, "unclear")
    assert case.verify(seal=seal).ok


def test_two_reports_differ_in_one_line(case, seen):
    "The one that says when it was made"
    review(case, seen)
    first = case.report(now=MADE_AT).read_text().splitlines()
    second = case.report(now=MADE_AT + timedelta(days=1)).read_text().splitlines()
    differing = [pair for pair in zip(first, second, strict=True) if pair[0] != pair[1]]
    assert len(differing) == 1
    assert "Made at 2026-02-03 04:05:06 UTC by <bdi>R. Investigator</bdi>." in differing[0][0]


def test_text_from_outside_is_never_markup(tmp_path):
    "Hostile text in every field comes out as text: no script, no handler, no address, no template"
    events = made_up_events(
        1, cardholder_id=HOSTILE, reader_id=HOSTILE, outcome=HOSTILE, file=HOSTILE, more=HOSTILE
    )
    person = Cardholder(HOSTILE, HOSTILE, HOSTILE, HOSTILE, b"photo", HOSTILE, HOSTILE)
    door = Door(HOSTILE, HOSTILE, (Camera(HOSTILE, HOSTILE, HOSTILE, 1.0), Camera(HOSTILE, "2", HOSTILE)))
    shown = made_up_snapshot(
        HOSTILE, b"x", 0, cardholder_id=HOSTILE, reader_id=HOSTILE, cardholder=person, door=door
    )
    shown = replace(shown, picture=replace(shown.picture, vendor=HOSTILE, camera_id=HOSTILE))
    other = replace(shown, camera=door.cameras[1], picture=None, result=Result.FAILED, reason=HOSTILE)
    failed = replace(other, event=replace(shown.event, event_id="other"), camera=door.main)
    with Case(tmp_path / "case", operator=HOSTILE, name=HOSTILE) as case:
        case.add_events(
            at_doors(events.set_axis([HOSTILE])),
            flags=events[[]].set_axis([HOSTILE]).assign(**{HOSTILE: True}),
        )
        case.add_events(at_doors(events.set_axis(["other"])))
        case.add_snapshots([shown, other, failed], camera_names={HOSTILE: HOSTILE})
        case.record_verdict(HOSTILE, "match", HOSTILE)
        soup = page(case)
    assert soup.find_all(["script", "iframe", "object", "link"]) == []
    for tag in soup.find_all(True):
        assert not [name for name in tag.attrs if name.startswith("on")]
        assert tag.get("src", "data:image/").startswith("data:image/")
        assert tag.get("href", "#").startswith("#")
    assert soup.get_text().count("{{ 7 * 7 }}") > 20
    assert "49" not in words(soup.header)


def test_a_text_from_right_to_left_leaves_its_neighbours_alone(case):
    "A name is isolated from the text around it, and an override, which would reorder the rest, is shown as its number"
    name = "\u05e8\u05d5\u05ea"
    case.add_events(made_up(1, cardholder_id="\u202e123", reader_id="\u2067R\u2069"))
    shown = made_up_snapshot(0, b"x", 0, cardholder_id="\u202e123", reader_id="\u2067R\u2069")
    case.add_snapshots([replace(shown, cardholder=Cardholder("\u202e123", name))])
    soup = page(case)
    assert not set("\u202e\u2067\u2069") & set(str(soup))
    assert [str(part) for part in soup.h3.find_all("bdi")][:2] == [
        f"<bdi>{name}</bdi>",
        "<bdi>[U+202E]123</bdi>",
    ]


def test_an_empty_case_has_a_report(case):
    "It says that there is nothing"
    assert "0 with a picture" in words(page(case))


def test_a_report_is_written_where_it_should_be(case, tmp_path):
    "To a new folder as well, into one that is there; a place that cannot be written is an output error"
    assert case.report(tmp_path / "a" / "b" / "other.html").exists()
    assert case.report(tmp_path / "a") == tmp_path / "a" / "report.html"
    (tmp_path / "taken").write_text("")
    with pytest.raises(OutputError):
        case.report(tmp_path / "taken" / "report.html")
    (tmp_path / "report.html").mkdir()
    with pytest.raises(OutputError, match="cannot be written"):
        case.report(tmp_path)
    assert not list(tmp_path.glob(".*"))


@pytest.mark.browser
@needs_chromium
def test_the_report_opens_offline(case, seen):
    "A browser shows every picture, asks for nothing but the file, and reports no error"
    review(case, seen)
    path = case.report(now=MADE_AT)
    with browser_page() as browser:
        asked, complaints = [], []
        browser.on("request", lambda request: asked.append(request.url.partition(":")[0]))
        browser.on("console", lambda message: complaints.append(message.text))
        browser.goto(path.as_uri())
        widths = browser.evaluate("[...document.images].map(image => image.naturalWidth)")
    assert len(widths) == 18
    assert min(widths) > 100
    assert set(asked) <= {"file", "data"}
    assert complaints == []
