"""The report: one page that says everything, fetches nothing and runs nothing."""

from __future__ import annotations

import base64
import re
from copy import copy
from dataclasses import replace
from datetime import timedelta
from itertools import groupby
from operator import attrgetter

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from camkit.badges import Camera, Door, flag_events, load_badges, load_doors
from camkit.cameras import Result, Snapshot
from camkit.case import VERDICTS, Case, VerdictLabel
from camkit.directory import Cardholder
from camkit.errors import OutputError
from tests.conftest import ROOT
from tests.support.browser import browser_page, needs_chromium
from tests.support.cases import (
    CAMERA,
    DOOR,
    MADE_AT,
    ZONE,
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
    "What is read, in one line; where a space is missing, it is missing here"
    soup = copy(soup)
    for line_break in soup.find_all("br"):
        line_break.replace_with(" ")
    for inline in soup.find_all(["bdi", "span", "a", "b", "code", "em"]):
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
        "Zoë Lindqvist (00071234) at Laboratory (HQ-R4), Fri 12 April 2019 14:26:19 MDT Not decided",
        "Granted at Laboratory (HQ-R4), Fri 12 April 2019 14:26:19 MDT 2019-04-12 20:26:19 UTC, by the reader's clock.",
        "asked for Fri 12 April 2019 14:25:32 MDT",
        "The reader's clock is 47 s ahead of the camera's; the time asked for is corrected.",
        "Cisco Meraki camera",
        main_of(seen, 7).sha256,
        "sample_badges.csv, line 9",
    ):
        assert said in laboratory
    fetched = words(page(case).find("h2", string="How the pictures were fetched").parent)
    assert main_of(seen, 7).picture.replies[-1].server_date in fetched
    assert "the vendor says it shows 2019-04-12 17:33:36.445000 UTC, 0.4 s after the event" in words(
        card(page(case), 3)
    )


def test_an_alarm_is_called_by_what_it_is(case):
    "In the event's card and in the list of events; not that it is unknown what the reader did"
    case.add_events(made_up(1, outcome="unknown", kind="forced"))
    case.record_verdict(0, "no_picture")
    soup = page(case)
    assert "Door forced open" in words(soup)
    assert "It is not known what the reader did" not in words(soup)


def test_an_alarm_without_a_badge_is_not_the_use_of_an_unknown_one(case):
    "A door that was forced open has no holder, and no photo to compare with"
    case.add_events(made_up(1, outcome="unknown", kind="forced", cardholder_id=None))
    case.record_verdict(0, "no_picture")
    soup = page(case)
    said = words(soup)
    assert "Door forced open at" in said and "No badge was used" in said
    assert "unknown badge" not in said and "photo of the badge's holder" not in words(card(soup, 0))


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
    assert first.startswith("badge 4711 at reader HQ-R9, which is not in the doors table, Mon 5 January 2026")
    assert "Granted at reader HQ-R9, which is not in the doors table, Mon" in first
    assert "No camera was asked: reader HQ-R9 is not in the doors table." in first
    assert second.startswith("badge 4711 at a reader that the log does not name, Mon 5 January 2026")
    assert "What the camera saw" not in first + second


def test_a_card_lists_every_verdict(case, seen):
    "The latest with its note, then the earlier ones and the earlier notes"
    review(case, seen)
    said = words(card(page(case), 1))
    latest, earlier = said.split("Earlier", 1)
    assert "Verdict Mismatch by R. Investigator, " in latest
    assert "It is David Cohen who comes in." in latest
    assert "Unclear by R. Investigator, " in earlier
    assert "Too dark?" in earlier
    assert said.count("It is David Cohen who comes in.") == 1


def test_flags_are_described_as_hints(case):
    "In words, with the other event: who, where and when"
    events = made_up_events(2)
    raised = (
        events[[]]
        .assign(too_fast=[False, True], too_fast_event=[None, 0])
        .astype({"too_fast_event": "Int64"})
    )
    case.add_events(at_doors(events), flags=raised)
    case.record_verdict(1, "unclear")
    case.add_snapshots([made_up_snapshot(0, b"x")])
    assert (
        "At another reader sooner than one can walk there. The other event: Ann Li (4711) at Main entrance (R1), "
        "Mon 5 January 2026 07:00:00 UTC, granted. A flag is a hint" in words(card(page(case), 1))
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
    assert "Picture A: What the camera saw, 5 s after the event" in said
    assert "Picture B: Another picture, which a verdict is about" in said
    assert "One of 2 pictures" in said
    assert "Verdict Unclear by R. Investigator" in said
    assert "UTC, about picture B." in said
    assert embedded(card(page(case), 0))[:2] == [b"later", b"first"]


def test_a_verdict_without_the_picture_that_is_shown_says_so(case):
    "It was given before there was one, or without looking at one"
    case.add_events(made_up(1))
    case.record_verdict(0, "no_picture")
    assert "without a picture" not in words(card(page(case), 0))
    case.add_snapshots([made_up_snapshot(0, b"later")])
    assert re.search(
        r"Verdict No picture by R\. Investigator, [^,]* UTC, without a picture", words(card(page(case), 0))
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
    assert "Picture A: What the camera saw, “inside”" in said
    assert "Picture B: What another camera saw, “outside”" in said
    assert "Cisco Meraki camera 2, view “outside”, asked for" in said
    assert "The reader's clock is 9 s ahead of the camera's; the time" in said
    assert seen[1].sha256 in said
    assert "No picture: The camera is off." in words(card(soup, 1))
    assert "camera “outside” Failed: The camera is off." in words(
        soup.find("h2", string="What could not be fetched").parent
    )
    case.choose(0, far.sha256)
    soup = page(case)
    assert embedded(card(soup, 0))[:2] == [b"outside, later", b"inside 0"]
    listed = words(soup.find("table", class_="hashes"))
    assert (
        "Ann Li (4711) at Main entrance (R1), Mon 5 January 2026 07:00:00 UTC, “outside”, 5 s after" in listed
    )
    assert "Mon 5 January 2026 07:01:00 UTC, “inside”" in listed


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
    assert "Picture of Ingrid Sørensen (00082310) at Parking garage (HQ-R6), Fri 12 April 2019" in said
    assert main_of(seen, 6).reason in said
    assert "Directory entry of 4711 not in the directory (HTTP 404)" in said


def test_events_that_nobody_looked_at_are_listed(case):
    "They have no card, but they are not left out"
    case.add_events(made_up(3))
    case.record_verdict(1, "unclear")
    soup = page(case)
    assert [article["id"] for article in soup.find_all("article")] == ["event-1"]
    rows = soup.find("h2", string="Events that were not looked at").parent.find_all("tr")
    assert [row.find_all("td")[2].get_text() for row in rows[1:]] == [
        "Mon 5 January 2026 07:00:00 UTC",
        "Mon 5 January 2026 07:02:00 UTC",
    ]


def test_the_summary_counts_every_event_once(case, seen):
    "By its latest verdict, or as not decided"
    review(case, seen)
    rows = page(case).find("table", class_="counts").find_all("tr")[1:]
    counts = {row.find_all("td")[0].get_text(strip=True): row.find_all("td")[1].get_text() for row in rows}
    assert counts == {
        "Match": "1",
        "Mismatch": "1",
        "More than one person": "0",
        "Nobody there": "1",
        "Unclear": "0",
        "No picture": "0",
        "Not decided": "5",
        "All": "8",
    }


def test_every_image_is_listed_with_its_hash(case, seen):
    "And with what it shows"
    review(case, seen)
    rows = page(case).find("table", class_="hashes").find_all("tr")[1:]
    listed = {row.code.get_text(): words(row.find_all("td")[1]) for row in rows}
    assert set(listed) == set(case.table("images")["sha256"])
    assert listed[main_of(seen, 0).sha256] == (
        "Amara Okafor (85063715) at Main entrance (HQ-R1), Fri 12 April 2019 14:20:29 MDT, “inside”"
    )
    assert "directory photo of Amara Okafor" in listed.values()


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


def reviewed(case: Case, count: int = 3, **columns: object) -> None:
    "A case with a picture of each of some events, a minute apart"
    case.add_events(made_up(count, **columns))
    case.add_snapshots([made_up_snapshot(label, b"picture %d" % label) for label in range(count)])


def banners(soup: BeautifulSoup) -> list[str]:
    "What stands above everything"
    return [words(banner) for banner in soup.find_all(class_="alert")]


def test_events_are_in_the_order_of_time_and_named_by_who_where_and_when(case):
    "Whatever their order in the log; their labels are not words for a reader"
    events = made_up_events(3).iloc[::-1].set_axis([901, 902, 903])
    case.add_events(at_doors(events))
    case.add_snapshots([made_up_snapshot(label, b"%d" % label, 903 - label) for label in (901, 902, 903)])
    soup = page(case)
    assert [article["id"] for article in soup.find_all("article")] == ["event-903", "event-902", "event-901"]
    assert words(soup.h3).startswith("Ann Li (4711) at Main entrance (R1), Mon 5 January 2026 07:00:00 UTC")
    assert not re.search(r"\b90[123]\b|\bevent \d", words(soup), re.IGNORECASE)


def test_a_report_is_a_draft_until_all_is_decided_or_excluded(case):
    "It lists what is open; then the word is gone, from the title and from the printed pages as well"
    reviewed(case)
    case.record_verdict(0, "match")
    draft = page(case)
    assert "DRAFT" in draft.title.text
    assert "DRAFT" in draft.style.text
    (banner,) = banners(draft)
    assert banner.startswith("DRAFT. 2 events have no verdict yet: Ann Li (4711) at Main entrance (R1), Mon")
    assert "07:01:00" in banner and "07:02:00" in banner and "07:00:00" not in banner
    case.record_verdict(1, "unclear")
    case.exclude(2, "picked by mistake")
    done = page(case)
    assert banners(done) == []
    assert "DRAFT" not in str(done)
    case.include(2)
    assert banners(page(case))[0].startswith("DRAFT. 1 event has no verdict yet:")


def test_a_report_of_the_demo_site_says_so_on_every_page(case):
    "On top, in the title, in each card, and in the margin of each printed page; another case does not"
    reviewed(case, 1)
    assert "DEMO" not in str(page(case))
    shown = made_up_snapshot(0, b"drawn")
    with Case(case.folder.parent / "demo") as demo:
        demo.add_events(made_up(1))
        demo.add_snapshots([replace(shown, picture=replace(shown.picture, is_demo=True))])
        soup = page(demo)
    assert banners(soup)[0].startswith("DEMO. ")
    for place in (soup.title, soup.style, *soup.find_all("h3")):
        assert "DEMO" in place.text


def test_reviewers_who_disagree_are_named_on_top_in_the_list_and_in_the_card(case):
    "Who said what, when and why; neither overrules the other, and it counts as neither"
    reviewed(case, 1)
    case.record_verdict(0, "several", "A stranger comes in.")
    with Case(case.folder, operator="S. Second") as other:
        other.record_verdict(0, "match", "I see only her.")
        soup = page(case)
        top = banners(soup)[0]
        said = r"R\. Investigator says More than one person, [^;]*, because “A stranger comes in.”; "
        assert re.search(said + r"S\. Second says Match, [^;]*, because “I see only her.”", top)
        assert "Reviewers disagree" in words(soup.find("table", class_="list"))
        text = words(card(soup, 0))
        assert "Verdict The reviewers disagree." in text
        assert text.index("More than one person by R. Investigator") < text.index("Match by S. Second")
        counts = words(soup.find("table", class_="counts"))
        assert (
            "Match 0 " in counts and "More than one person 0 " in counts and "Reviewers disagree 1 " in counts
        )
        other.record_verdict(0, "several")
    assert banners(page(case)) == []


def test_every_picture_that_a_verdict_is_about_is_shown(case):
    "Also one that stands for the event no more, and that of an earlier verdict; each verdict says which"
    case.add_events(made_up(1))
    first = made_up_snapshot(0, b"first")
    frames = [first, frame(first, b"second", 5), frame(first, b"third", 10)]
    case.add_snapshots(frames)
    case.record_verdict(0, "match", image=frames[0].sha256)
    case.record_verdict(0, "unclear", image=frames[1].sha256)
    case.choose(0, frames[2].sha256)
    soup = page(case)
    assert embedded(card(soup, 0))[:3] == [b"third", b"first", b"second"]
    text = words(card(soup, 0))
    assert re.search(r"Unclear by R\. Investigator, [^,]*, about picture C\.", text)
    assert re.search(r"Earlier Match by R\. Investigator, [^,]*, about picture B\.", text)


def test_an_excluded_event_is_not_in_the_report(case):
    "Neither its name nor a picture nor the photo of its holder, but that it was left out, and why, and by whom"
    case.add_events(made_up(2, cardholder_id=["4711", "badge-0815"]))
    bystander = Cardholder("badge-0815", "Bea Bystander", photo=b"her photo", photo_type="image/png")
    hers = made_up_snapshot(1, b"her", cardholder_id="badge-0815", cardholder=bystander)
    case.add_snapshots([made_up_snapshot(0, b"picture 0"), hers])
    case.record_verdict(1, "match", "This is Bea.")
    case.exclude(1, "picked by mistake")
    soup = page(case)
    assert not re.search("Bea Bystander|This is Bea|badge-0815|07:01:00", str(soup))
    assert embedded(soup) == [b"picture 0", b"portrait"]
    assert "1 event is left out of this report" in words(soup)
    assert "“picked by mistake” (R. Investigator, " in words(soup)
    assert {row.code.get_text() for row in soup.find("table", class_="hashes").find_all("tr")[1:]} == {
        image for image in case.table("images")["sha256"] if case.image(image) in (b"picture 0", b"portrait")
    }


def test_verdicts_of_an_organization_are_shown_as_it_wrote_them(tmp_path):
    "Title and meaning, unchanged, and never markup"
    own = VerdictLabel("tuer", "<b>Tür offen</b>", "die Tür stand <i>offen</i>", "o", None)
    with Case(tmp_path / "case", verdicts=[*VERDICTS, own]) as case:
        reviewed(case, 1)
        case.record_verdict(0, "tuer")
        soup = page(case)
    assert "<b>Tür offen</b> 1 die Tür stand <i>offen</i>." in words(soup.find("table", class_="counts"))
    assert soup.find("i") is None


def test_the_sites_own_words_stay_as_they_were_in_quotes(case):
    "Views, cameras, and the export's further columns, which are named and not shown as code"
    inside = replace(CAMERA, view="innen")
    door = replace(DOOR, cameras=(inside,))
    case.add_events(at_doors(made_up_events(1, Bemerkung="türe war zu", Zähler="7"), door))
    shown = made_up_snapshot(0, b"x", door=door, camera=inside)
    case.add_snapshots([shown], camera_names={inside.camera_id: "kamera eingang"})
    text = words(page(case))
    assert "There it also says: “Bemerkung”: “türe war zu”; “Zähler”: “7”." in text
    assert "(“kamera eingang”), view “innen”" in text
    assert not re.search(r'\{"|"\}', text)


def test_a_name_in_the_log_is_used_where_the_directory_has_none(case):
    "Names come first"
    case.add_events(made_up(1, cardholder_name="Ann Li"))
    case.record_note(0, "Who is it?")
    soup = page(case)
    assert words(soup.h3).startswith("Ann Li (4711) at ")
    assert "There it also says" not in words(soup)
    assert "Note By R. Investigator, who gave no verdict: Who is it?" in words(card(soup, 0))


def test_a_flags_other_event_is_described_though_it_is_not_in_the_case(case, tmp_path):
    "As the sources say; if it is excluded, it is not described"
    rows = ["2026-01-05T07:00:00Z,4711,R1,denied", "2026-01-05T07:00:20Z,4711,R1,granted"]
    (tmp_path / "log.csv").write_text("\n".join(["timestamp,UserID,reader_id,outcome", *rows]))
    log = load_badges(tmp_path / "log.csv", timezone="UTC")
    raised = flag_events(log.events)
    case.add_events(at_doors(log.events.iloc[1:]), flags=raised)
    case.add_sources(log, flags=raised)
    case.record_verdict(1, "no_picture")
    other = "The other event: 4711 at reader (R1), Mon 2026-01-05 07:00:00 UTC; denied; log.csv, line 2."
    assert other in words(card(page(case), 1))
    case.add_events(at_doors(log.events.iloc[:1]))
    case.exclude(0, "not needed")
    assert "07:00:00" not in words(card(page(case), 1))


def test_the_report_says_what_it_rests_on(case, tmp_path):
    "Each file with its SHA-256, the rows that are not events, how flags were set; without an export it says so"
    reviewed(case, 1)
    assert "The badge export is not kept with this case" in words(page(case))
    log = load_badges(ROOT / "data" / "messy_badges.csv", timezone=ZONE)
    doors = load_doors(ROOT / "data" / "doors.csv")
    with Case(tmp_path / "messy") as messy:
        messy.add_sources(log, doors=doors, flags=flag_events(log.events, doors, ("06:00", "20:00")))
        text = words(page(messy).find(id="sources"))
        digests = messy.table("documents")["sha256"].tolist()
    for digest in digests:
        assert digest in text
    counts = (len(log.events), len(log.rejected), len(log.duplicates), len(log.ignored))
    assert min(counts) > 0
    events, rejected, duplicates, ignored = counts
    assert f"{log.rows_read} rows were read: {events} events, {rejected} that could not be read" in text
    assert f"{duplicates} that repeat another one, {ignored} that are not events" in text
    assert "events outside 06:00 to 20:00 (America/Denver)" in text


def test_no_space_is_missing_between_sentences(case, seen):
    "In a report that has everything: several pictures, verdicts, notes, flags, a reason"
    review(case, seen)
    case.exclude(3, "picked by mistake")
    case.choose(2, seen[4].sha256)  # the outside camera, whose reader's clock is ahead
    text = re.sub(r"https?://\S+|\S+\.(csv|sqlite|txt|py)\b|verify\(seal=…\)", "", words(page(case)))
    assert not re.findall(r"\w[.;:,!?][A-Za-z]\w*|\)\w|\w\(", text)


def test_the_page_allows_nothing_but_its_pictures_and_its_style(case):
    "No scripts, no forms, no other base address"
    policy = page(case).find("meta", attrs={"http-equiv": "Content-Security-Policy"})["content"]
    assert policy.split("; ") == [
        "default-src 'none'",
        "img-src data:",
        "style-src 'unsafe-inline'",
        "base-uri 'none'",
        "form-action 'none'",
    ]


def test_what_it_rests_on_is_never_markup(case, tmp_path):
    "Names of files and columns, reasons, notes and reviewers"
    name = HOSTILE.replace("/", "")
    rows = [[HOSTILE, "Badge", "Reader"], ["2026-01-05T07:00:00Z", "4711", "R1"], ["?" + HOSTILE, "1", "R1"]]
    table = pd.DataFrame(rows[1:], columns=rows[0])
    table.to_csv(tmp_path / f"{name}.csv", index=False)
    columns = {"event_time": HOSTILE, "cardholder_id": "Badge", "reader_id": "Reader"}
    log = load_badges(tmp_path / f"{name}.csv", timezone="UTC", columns=columns)
    case.add_events(at_doors(log.events))
    case.add_sources(log)
    with Case(case.folder, operator=HOSTILE) as other:
        other.record_note(0, HOSTILE)
        other.record_verdict(0, "unclear")
    case.record_verdict(0, "no_picture")
    case.add_events(at_doors(made_up_events(1).set_axis([100])))
    case.exclude(100, HOSTILE)
    soup = page(case)
    assert soup.find_all(["script", "iframe", "object", "link", "img"]) == []
    assert not [tag for tag in soup.find_all(True) for name in tag.attrs if name.startswith("on")]
    assert soup.get_text().count("{{ 7 * 7 }}") > 6
