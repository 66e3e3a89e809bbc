"""The report of a case of many events: a page about the case, and pages of events beside it."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote

import pandas as pd
import pytest
from bs4 import BeautifulSoup

from camkit.badges import flag_events
from camkit.case import Case, report
from camkit.case.database import Stamp, insert
from camkit.errors import OutputError
from tests.case.test_bag import by_bagit, unzipped
from tests.case.test_report import HOSTILE, embedded, words
from tests.conftest import ROOT
from tests.support.cases import MADE_AT, at_doors, made_up, made_up_events, made_up_snapshot

pytestmark = pytest.mark.not_quick


@pytest.fixture(autouse=True)
def three_a_page(monkeypatch):
    "Pages of three events"
    monkeypatch.setattr("camkit.case.report_pages.PAGE", 3)


@pytest.fixture
def case(tmp_path):
    "Eight events, the later ones first; four have a picture, three a verdict"
    with Case(tmp_path / "front door #1", operator="R. Investigator") as case:
        case.add_events(made_up(8)[::-1])
        case.add_snapshots(made_up_snapshot(label, b"picture %d" % label) for label in range(4))
        for label in range(3):
            case.record_verdict(label, "match")
        yield case


def soup(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text("utf-8"), "html.parser")


def linked(path: Path) -> list[Path]:
    "The files that a page leads to"
    targets = [link["href"].partition("#")[0] for link in soup(path).find_all("a")]
    return [(path.parent / unquote(target)).resolve() for target in targets if target]


def pages_of(path: Path) -> list[Path]:
    "The pages that the first one lists"
    return [*dict.fromkeys(linked(path))]


def test_a_small_case_has_one_page(tmp_path):
    "All that fits on a page is in one file, as it is in any small case"
    with Case(tmp_path / "small") as case:
        case.add_events(made_up(3))
        path = case.report(now=MADE_AT)
        assert len(soup(path).find_all("tr")) > 3
    assert [file.name for file in path.parent.glob("report*")] == ["report.html"]


def test_each_event_is_on_one_page_in_the_order_of_time(case):
    "What was looked at has its card, the rest is in the list of what was not"
    pages = pages_of(case.report(now=MADE_AT))
    assert [page.name for page in pages] == ["page-0001.html", "page-0002.html", "page-0003.html"]
    cards = [[card["id"] for card in soup(page).find_all("article")] for page in pages]
    assert cards == [["event-0", "event-1", "event-2"], ["event-3"], []]
    said = [words(soup(page)) for page in pages]
    assert ["Events that were not looked at" in text for text in said] == [False, True, True]
    times = [f"5 January 2026 07:0{minute}:00 UTC" for minute in range(8)]
    assert [[time in text for text in said].count(True) for time in times] == [1] * 8


def test_every_picture_is_on_its_page_with_its_hash(case):
    "Embedded, so that a page opens by itself; the first page holds none"
    path = case.report(now=MADE_AT)
    pages = pages_of(path)
    shown = [content for page in pages for content in embedded(soup(page)) if content.startswith(b"picture")]
    assert shown == [b"picture %d" % label for label in range(4)]
    listed = "".join(words(soup(page)) for page in pages)
    assert all(sha256 in listed for sha256 in case.table("images")["sha256"])
    assert embedded(soup(path)) == []


def test_an_image_that_no_event_shows_is_listed_on_the_first_page(case):
    "Nothing that the case holds is without a place in the report"
    with case.database.writing() as connection:
        row = {
            "sha256": "ab" * 32,
            "path": f"images/ab/{'ab' * 32}.jpg",
            "bytes": 1,
            "media_type": "image/jpeg",
        }
        insert(connection, "images", {**row, **Stamp("R. Investigator").columns("added_at")})
    assert "ab" * 32 in words(soup(case.report(now=MADE_AT)))


def test_pages_lead_to_each_other_by_relative_links(case, tmp_path):
    "The folder and the page beside it can be moved together, whatever their names"
    path = case.report(tmp_path / "a report #1.html", now=MADE_AT)
    moved = tmp_path / "else where"
    moved.mkdir()
    for file in tmp_path.glob("a report*"):
        file.rename(moved / file.name)
    path = moved / path.name
    first, second, third = pages_of(path)
    assert {*linked(first)} == {path, second}
    assert {*linked(second)} == {path, first, third}
    assert {*linked(third)} == {path, second}


def test_the_first_page_counts_what_is_on_all(case):
    "Verdicts, what is still to do and where, and that the report is a draft"
    first = words(soup(case.report(now=MADE_AT)))
    assert "DRAFT. 5 events have no verdict yet. The list of pages below says where." in first
    assert "All 8 4 with a picture, 0 without although one was asked for, 4 not looked at." in first
    assert (
        "Page 2 Mon 5 January 2026 07:03:00 UTC Mon 5 January 2026 07:05:00 UTC 3 1 3 without a verdict."
        in first
    )


def test_every_page_says_what_it_belongs_to(case):
    "Printed alone, a page tells the case, its place in it, the seal and the time; that it is a draft, if the whole is"
    path = case.report(now=MADE_AT)
    for number, page in enumerate(pages_of(path), 1):
        text = page.read_text("utf-8")
        assert f"<title>DRAFT: front door #1: review of badge events, page {number} of 3</title>" in text
        assert f'content: "Events, page {number} of 3"' in text
        assert 'content: "DRAFT"' in text
        assert case.seal() in text
        assert soup(page).find("meta", {"http-equiv": "Content-Security-Policy"})


def test_reviewers_who_disagree_are_counted_on_the_first_page_and_named_on_the_other(case):
    "Nobody has to look through all pages to find them"
    with Case(case.folder, operator="B. Second") as second:
        second.record_verdict(1, "mismatch")
    path = case.report(now=MADE_AT)
    assert "The reviewers disagree on 1 event." in words(soup(path))
    assert "R. Investigator says" in words(soup(pages_of(path)[0]))


def test_a_flags_other_event_on_another_page_is_named(tmp_path):
    "By who, where and when, as on the same page"
    events = made_up_events(5, cardholder_id=[*"abcda"], outcome=["denied", *["granted"] * 4])
    events["event_time"] = events["event_time"].iloc[0] + pd.to_timedelta(range(5), unit="s")
    with Case(tmp_path / "flagged") as case:
        case.add_events(at_doors(events), flags=flag_events(events))
        case.record_note(4, "Again.")
        _, second = pages_of(case.report(now=MADE_AT))
    assert "The other event: badge a at reader R1, Mon 5 January 2026 07:00:00 UTC, denied." in words(
        soup(second)
    )


def test_an_earlier_report_leaves_no_page(case):
    "Of an event that is left out since, for example; what else is in the folder stays"
    path = case.report(now=MADE_AT)
    first = pages_of(path)[0].parent
    mine = [first.parent / "page-0001.html", first / "page-1 draft.html"]
    for file in mine:
        file.write_text("mine")
    for label in (5, 6, 7):
        case.exclude(label, "Picked by mistake")
    second = pages_of(case.report(now=MADE_AT))
    assert sorted(file.name for file in second[0].parent.iterdir()) == ["page-0001.html", "page-0002.html"]
    assert [*first.iterdir()] == mine[1:]
    for label in (3, 4):
        case.exclude(label, "Picked by mistake")
    case.report(now=MADE_AT)
    assert sorted(file for file in first.parent.rglob("*") if file.is_file()) == sorted(mine)
    for file in mine:
        file.unlink()
    case.report(now=MADE_AT)
    assert not first.parent.exists()


@pytest.mark.parametrize("moment", ["_made_as_a_whole", "_write", "_remove_earlier"])
def test_a_report_that_is_stopped_leaves_the_earlier_one_whole(case, monkeypatch, moment):
    "Its first page leads to its own pages, not to those of the new one"
    path = case.report(now=MADE_AT)
    before = {page: page.read_bytes() for page in (path, *pages_of(path))}
    case.record_verdict(0, "mismatch")

    def stopped(*args: object) -> None:
        if args[0] == path or moment != "_write":
            raise KeyboardInterrupt
        write(*args)

    write = report._write
    monkeypatch.setattr(report, moment, stopped)
    with pytest.raises(KeyboardInterrupt):
        case.report(now=MADE_AT + timedelta(minutes=1))
    if moment == "_remove_earlier":
        assert pages_of(path)[0] not in before
        assert all(page.is_file() for page in pages_of(path))
    else:
        assert {page: page.read_bytes() for page in (path, *pages_of(path))} == before
    monkeypatch.undo()
    monkeypatch.setattr("camkit.case.report_pages.PAGE", 3)
    path = case.report(now=MADE_AT + timedelta(minutes=2))
    assert len([*pages_of(path)[0].parent.parent.iterdir()]) == 1


def test_two_reports_of_almost_one_name_have_pages_of_their_own(case, tmp_path):
    "x.html and x.htm, of two cases"
    other = Case(tmp_path / "other")
    with other:
        other.add_events(made_up(4))
        paths = [case.report(tmp_path / "x.html", now=MADE_AT), other.report(tmp_path / "x.htm", now=MADE_AT)]
    assert [len(pages_of(path)) for path in paths] == [3, 2]
    assert all(page.is_file() for path in paths for page in pages_of(path))


def test_what_a_killed_report_left_is_removed_by_the_next(case):
    "It has pictures of people in it"
    code = f"""
import os
from camkit.case import Case, report, report_pages
report_pages.PAGE = 3
write = report._write
def killed(path, *rest):
    write(path, *rest)
    os.kill(os.getpid(), 9)
report._write = killed
Case({str(case.folder)!r}).report()
"""
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=100).returncode == -9
    (left,) = case.folder.glob(".report.html-pages.*")
    assert [*left.rglob("page-0001.html")]
    case.report(now=MADE_AT)
    assert not left.exists()


def test_a_link_in_place_of_the_folder_is_not_followed(case, tmp_path):
    "The folder of a case may be from somebody else: nothing is written or removed where a link leads"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "page-0009.html").write_text("mine")
    (case.folder / "report.html-pages").symlink_to(elsewhere)
    with pytest.raises(OutputError, match="is a link or a file"):
        case.report(now=MADE_AT)
    assert [file.name for file in elsewhere.iterdir()] == ["page-0009.html"]


def test_text_from_outside_is_not_markup_on_any_page(tmp_path):
    "Neither in the names of holders nor in notes"
    with Case(tmp_path / "hostile", operator=HOSTILE) as case:
        case.add_events(made_up(4, cardholder_id=HOSTILE))
        case.record_note(0, HOSTILE)
        path = case.report(now=MADE_AT)
    for page in (path, *pages_of(path)):
        assert not soup(page).find_all(["script", "img"])


def test_the_pages_are_in_the_bag(case, tmp_path):
    "With their hashes in the manifest, and links that work there"
    bag = unzipped(case.export(tmp_path / "bag.zip", now=MADE_AT))
    assert by_bagit(bag)
    data = bag / "data"
    pages = pages_of(data / "report.html")
    assert [page.name for page in pages] == [f"page-000{number}.html" for number in (1, 2, 3)]
    assert pages[0].parent.parent == data.resolve() / "report.html-pages"
    assert all(page.is_file() for page in pages)
    assert "report.html-pages/" in (data / "README.txt").read_text()


def test_the_same_case_gives_the_same_pages(case, tmp_path):
    "Everything in them follows from the case and the time that is put on them"
    first, again = (case.report(tmp_path / name / "report.html", now=MADE_AT) for name in ("a", "b"))
    for one, other in zip([first, *pages_of(first)], [again, *pages_of(again)], strict=True):
        assert one.read_bytes() == other.read_bytes()
