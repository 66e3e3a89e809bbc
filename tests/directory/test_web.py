"""The web directory: entries of the demo site, and other kinds of pages."""

from __future__ import annotations

import base64
import io
import time

import pytest
from PIL import Image

from camkit import errors
from camkit.directory import Cardholder, WebDirectory, cardholder_html, web
from camkit.http import Limits
from tests.http.test_network import heartbeat
from tests.support.scripted import scripted, send

QUICK = Limits(connect_s=1, read_s=1, deadline_s=3, attempts=2, backoff_s=0.01, max_bytes=150_000)


def photo(kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (30, 40), "teal").save(buffer, kind)
    return buffer.getvalue()


def look_up(page: bytes, number: str = "007", picture: bytes = b"", **headers: str) -> Cardholder:
    """Look up a number in a directory with this page and this photo."""

    def answer(handler, _):
        is_page = handler.path.endswith(number)
        if is_page:
            send(handler, 200, page, **{"Content_Type": "text/html", **headers})
        else:
            send(handler, 404 if handler.path.endswith("gone") else 200, picture)

    with scripted(answer) as server:
        directory = WebDirectory(server.base + "/people/{user_id}", limits=QUICK)
        return directory.lookup(number)


def test_finds_name_title_department_and_photo(site):
    "An entry of the demo's directory is complete"
    person = site.directory.lookup("00071234")
    assert person.known and not person.note
    assert (person.name, person.cardholder_id) == ("Zoë Lindqvist", "00071234")
    assert person.title and person.department
    assert person.photo_type == "image/jpeg"
    assert Image.open(io.BytesIO(person.photo)).size == (320, 400)


def test_keeps_the_zeros_of_a_number(site):
    "The same digits without the zeros are another number"
    assert not site.directory.lookup("71234").known


@pytest.mark.parametrize("number", ["86549999", "", "..", ".", " ", "a/../b", "<b>x</b>", "é?#%"])
def test_says_that_a_number_is_unknown(site, number):
    "An unknown number is an entry with a note, whatever characters it has"
    person = site.directory.lookup(number)
    assert not person.known
    assert person.note == "not in the directory"


def test_reads_an_h_card():
    "h-card is the other common markup for people"
    page = b'<div class="h-card"><img class="u-photo" src="me.png"><b class="p-name">Ann  Lee</b> 007</div>'
    person = look_up(page, picture=photo())
    assert (person.name, person.photo_type, person.note) == ("Ann Lee", "image/png", "")


def test_reads_a_plain_page_that_shows_the_number():
    "Without markup the first heading is the name, if the page is about that number"
    page = b"<title>Staff</title><h1>Ann Lee</h1><p>Badge 007</p><img src='/me.gif'>"
    assert look_up(page, picture=photo("GIF")).name == "Ann Lee"
    assert look_up(page, picture=photo("GIF")).photo_type == "image/gif"


def test_does_not_take_a_sign_in_page_for_an_entry():
    "A page that does not show the number is not an entry"
    person = look_up(b"<h1>Please sign in</h1><img src='logo.png'>", picture=photo())
    assert not person.known
    assert "not an entry" in person.note


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("Copyright 2017", False),
        ("171", False),
        ("A17", False),
        ("1_17", False),
        ("Badge 17.", True),
        ("(17)", True),
        ("#17", True),
        ("17", True),
    ],
)
def test_looks_for_the_number_as_a_separate_word(text, known):
    "A year that contains the digits does not make a sign-in page an entry"
    assert look_up(f"<h1>Sign in</h1><p>{text}</p>".encode(), number="17").known is known


PERSON = (
    "<div itemscope itemtype=https://schema.org/Person><b itemprop=name>{}</b> {}"
    "<img itemprop=image src=me.jpg></div>"
)
CARD = "<div class=h-card><b class=p-name>{}</b> {}<img class=u-photo src=me.jpg></div>"


@pytest.mark.parametrize(
    "page",
    [
        PERSON.format("Bob Roe", "no. 999"),
        CARD.format("Bob Roe", "") + "<p>No entry for 007</p>",
        CARD.format("Bob Roe", "<a href='?next=007'>007</a>"),
        CARD.format("Bob Roe", "007") + PERSON.format("Cid Doe", "007"),
        CARD.format("Bob Roe", "telephone 555-007"),
        CARD.format("Bob Roe", "<div class='p-org h-card'>Room 007</div>"),
        CARD.format("Bob Roe", "<form><input value=007>007</form>"),
        "<h1>Sign in</h1> <a href='?next=/p/007'>007</a>",
        "<h1>Sign in</h1> 007 <form><input type=password></form>",
        "<h1>Sign in</h1> <form>007</form>",
        "<h1>Results for 007</h1><li>Bob Roe <img src=me.jpg></li>",
        "<title>007</title><h1>Welcome</h1>",
        "<h1>Bob Roe</h1><h1>Cid Doe</h1>007",
        "<title>Bob Roe</title>007<img src=me.jpg>",
    ],
)
def test_nobody_is_taken_for_the_person_with_the_number(page):
    "The number is text beside one person; otherwise there is neither a name nor a photo, and the note says why"
    person = look_up(page.encode(), picture=photo())
    assert (person.name, person.photo) == ("", None)
    assert "entry" in person.note or "whose it is" in person.note


@pytest.mark.parametrize(
    "page",
    [
        PERSON.format("Bob Roe", "008") + PERSON.format("Ann Lee", "007"),
        CARD.format("Bob Roe", "008") + CARD.format("Ann Lee", "007"),
        "<i itemscope itemtype=https://schema.org/Organization><b itemprop=name>Acme</b></i>"
        + PERSON.format("Ann Lee", "007"),
        "<div class=h-card><div class='p-org h-card'><b class=p-name>Acme</b><img class=u-photo src=logo.gone></div>"
        "<b class=p-name>Ann Lee</b> 007 <img class=u-photo src=me.jpg></div>",
        "<div itemscope itemtype=https://schema.org/Person>"
        + PERSON.format("Her Manager", "001")
        + "<b itemprop=name>Ann Lee</b><i itemprop=identifier itemscope itemtype=https://schema.org/PropertyValue>"
        "<b itemprop=value>007</b></i><img src=me.jpg></div>",
        "<h1>Ann Lee</h1>007<a href=/><img src=logo.gone></a><img src=me.jpg><ul><li>Bob<img src=bob.gone></ul>",
    ],
)
def test_name_and_photo_are_those_of_the_person_with_the_number(page):
    "Not the first one's of the page, nor those of the organization or the manager inside the person's entry"
    person = look_up(page.encode(), picture=photo())
    assert (person.name, person.photo, person.note) == ("Ann Lee", photo(), "")


def test_of_several_pictures_none_is_taken_for_the_photo():
    "If the page does not say which of them is of the person"
    person = look_up(b"<h1>Ann Lee</h1>007<img src=logo.png><img src=me.jpg>", picture=photo())
    assert (person.name, person.photo) == ("Ann Lee", None)
    assert "surely of this person" in person.note


def led_to(answer: bytes, kind: str, place: str, address: str = "/people/{user_id}") -> Cardholder:
    """Look up a number in a directory that leads to another place."""

    def answered(handler, _):
        if handler.path == place:
            send(handler, 200, answer, Content_Type=kind)
        else:
            send(handler, 302, Location=place)

    with scripted(answered) as server:
        return WebDirectory(server.base + address, limits=QUICK).lookup("007")


@pytest.mark.parametrize(
    ("answer", "kind", "place", "known"),
    [
        (CARD.format("Reception", "").encode(), "text/html", "/home", False),
        (b"<h1>Welcome</h1>007", "text/html", "/home", False),
        (photo(), "image/png", "/nobody.png", False),
        (CARD.format("Ann", "007").encode(), "text/html", "/ann", True),
        (b"<h1>Ann</h1>007", "text/html", "/people/007/", True),
        (photo(), "image/png", "/people/007/", True),
    ],
)
def test_another_page_is_not_an_entry_unless_its_person_has_the_number(answer, kind, place, known):
    "Many sites lead whatever they do not know to their first page, or to a picture of nobody"
    assert led_to(answer, kind, place).known is known


def test_another_query_is_another_page():
    "As another path is"
    assert not led_to(b"<h1>Welcome</h1>007", "text/html", "/p?id=1", "/p?id={user_id}").known


def test_finds_a_number_with_special_characters():
    "Characters with a meaning in a pattern, and spaces around it, do not matter"
    for number in ("a+b", "(1)", " 17 "):
        page = f"<h1>Ann</h1><p>Number: {number.strip()}</p>".encode()
        with scripted(lambda h, n, page=page: send(h, 200, page, Content_Type="text/html")) as server:
            assert WebDirectory(server.base + "/{user_id}", limits=QUICK).lookup(number).name == "Ann"


def test_a_page_that_is_an_image_is_the_photo():
    "Some directories answer with the photo itself"
    picture = photo("JPEG")
    person = look_up(picture, Content_Type="image/jpeg")
    assert (person.photo, person.photo_type, person.name) == (picture, "image/jpeg", "")


@pytest.mark.parametrize(
    ("picture", "said"),
    [
        (b"", "cannot be shown"),
        (b"<svg onload='alert(1)'/>", "cannot be shown"),
        (photo()[:60], "cannot be shown"),
        (b"x" * 200_000, "sent more than"),
    ],
)
def test_a_bad_photo_is_noted(picture, said):
    "The name is kept, and the note says what is wrong with the photo"
    person = look_up(b"<h1>Ann Lee</h1> 007 <img src='me.jpg'>", picture=picture)
    assert person.name == "Ann Lee"
    assert person.photo is None
    assert said in person.note


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("http://localhost:9/me.jpg", "another site"),
        ("http://127.0.0.1:9/me.jpg", "another site, 127.0.0.1:9"),
        ("file:///etc/passwd", "not have a web address"),
        (f"data:image/png;base64,{base64.b64encode(photo()).decode()}", "not have a web address"),
        ("http://[", "photo could not be fetched"),
        ("/me.gone", "photo could not be fetched (HTTP 404)"),
        ("", "does not show a photo"),
    ],
)
def test_fetches_photos_from_its_own_host_only(source, said):
    "An image address on another host is not followed, and the note says so"
    person = look_up(f"<h1>Ann Lee</h1> 007 <img src='{source}'>".encode(), picture=photo())
    assert person.photo is None
    assert said in person.note


def two_people(page: str):
    """A directory that redirects every number to Ann's page, and has another person's photo beside the numbers."""

    def answer(handler, _):
        if handler.path == "/people/ann/":
            send(handler, 200, page.encode(), Content_Type="text/html")
        elif handler.path == "/people/ann/me.jpg":
            send(handler, 200, photo("JPEG"), Content_Type="image/jpeg")
        elif handler.path.endswith("me.jpg"):
            send(handler, 200, photo("PNG"), Content_Type="image/png")
        else:
            send(handler, 302, Location="/people/ann/")

    return scripted(answer)


@pytest.mark.parametrize(
    ("page", "asked"),
    [
        ("<img src='me.jpg'>", "/people/ann/me.jpg"),
        ("<base href='/people/ann/'><img src='me.jpg'>", "/people/ann/me.jpg"),
        ("<base href='../bob/'><img src='me.jpg'>", "/people/bob/me.jpg"),
        (
            "<base target='_top'><base href='../bob/'><base href='/x/'><img src='me.jpg'>",
            "/people/bob/me.jpg",
        ),
        ("<base href='../bob/'><img src='/people/ann/me.jpg'>", "/people/ann/me.jpg"),
    ],
)
def test_looks_for_the_photo_where_a_browser_would(page, asked):
    "From the address that the page came from after redirects, or from the base that it names"
    with two_people(f"<div class=h-card><h1 class=p-name>Ann</h1>123{page}</div>") as server:
        person = WebDirectory(server.base + "/{user_id}", limits=QUICK).lookup("123")
    assert [seen.path for seen in server.seen] == ["/123", "/people/ann/", asked]
    assert person.photo_type == ("image/jpeg" if "ann" in asked else "image/png")


@pytest.mark.parametrize(
    ("base", "said"), [("http://localhost:9/", "another site"), ("http://[", "photo could not be fetched")]
)
def test_a_base_does_not_lead_to_another_host(base, said):
    "The photo has to be on the directory's own host, also if the page names another base"
    person = look_up(f"<base href='{base}'><h1>Ann Lee</h1> 007 <img src='me.jpg'>".encode(), picture=photo())
    assert (person.name, person.photo) == ("Ann Lee", None)
    assert said in person.note


@pytest.mark.parametrize(
    "page",
    [
        b"<p>007</p><![foo bar",
        b"007" + b"x" * 2**20,
        b"007" + b"<b>" * 200_000,
        b"007" + b"&" * 200_000,
        b"007<b " + b"a=1 " * 200_000 + b">",
    ],
    ids=["rejected", "large", "nested", "entities", "attributes"],
)
def test_a_page_that_cannot_be_read_is_a_note(page):
    "One that the parser rejects, or that would take it seconds"
    with scripted(lambda h, n: send(h, 200, page, Content_Type="text/html")) as server:
        person = WebDirectory(server.base + "/{user_id}").lookup("007")
    assert not person.known and person.note.startswith("its page cannot be read")
    assert ("1024 KiB" in person.note) is (len(page) > 10_000)


@pytest.mark.parametrize(
    ("name", "encoding", "header", "meta"),
    [
        ("Ann\u200ee", "utf-8", "text/html; charset=utf-8", ""),
        ("Ann\u200ee", "utf-8", "text/html", ""),
        ("Zoë", "utf-8", "text/html; charset=UTF-8", '<meta charset="latin-1">'),
        ("Ann\u200ee", "utf-8", "text/html; charset=no-such-thing", ""),
        ("佐藤", "shift_jis", 'text/html; charset="Shift_JIS"', ""),
        ("佐藤", "shift_jis", "text/html", '<meta charset="shift_jis">'),
        ("Zoë", "cp1252", "text/html; charset=windows-1252", ""),
    ],
)
def test_a_name_is_read_in_the_encoding_of_its_page(name, encoding, header, meta):
    "Which the header says, or the page; UTF-8 if neither does: a guess would make another name of it"
    page = f"<head>{meta}</head><h1>{name}</h1><p>007</p>".encode(encoding)
    assert look_up(page, Content_Type=header).name == name


@pytest.mark.not_quick
@pytest.mark.parametrize(
    "markup", [b"<b>" * 12_000, b"<p class=a>" * 10_000, b"<i a>" * 12_000, b"&a" * 24_000]
)
def test_reading_a_page_does_not_stop_others(markup, capfd):
    "A page within the limits may take a second, during which the panel goes on; nothing is printed"
    with heartbeat() as gaps:
        assert look_up(b"<h1>Ann Lee</h1><p>007</p>" + markup).name == "Ann Lee"
    assert len(gaps) > 2  # one that froze all would leave room for two: before it and after it
    assert capfd.readouterr() == ("", "")


def test_a_page_that_takes_too_long_is_a_note(monkeypatch):
    "However it manages that"
    monkeypatch.setattr(web, "PAGE_S", 0.0)
    assert look_up(b"<h1>Ann Lee</h1><p>007</p>" + b"<b>" * 9_000).note == "its page takes too long to read"


@pytest.mark.not_quick
@pytest.mark.parametrize("open_end", [b"<a ", b"<a b='", b'<a b="', b"<!--", b"</", b"<b>"])
def test_unfinished_markup_takes_no_longer_than_other_markup(open_end):
    "html.parser alone would take two hundred times as long for twenty thousand pieces without an end"

    def cpu_s(markup: bytes) -> float:
        start = time.process_time()  # a page is read in a thread of its own
        assert look_up(b"<h1>Ann Lee</h1><p>007</p>" + markup).name == "Ann Lee"
        return time.process_time() - start

    assert cpu_s(open_end * 9_000) < 20 * cpu_s(b"<b></b>" * 4_500)


def test_a_lone_surrogate_in_a_number_is_a_note():
    "No address can have it, so nothing is sent"
    with scripted(lambda h, n: send(h, 200)) as server:
        person = WebDirectory(server.base + "/{user_id}", limits=QUICK).lookup("12\ud800")
    assert "an address cannot have" in person.note
    assert not server.seen


def test_an_unreachable_directory_is_a_note():
    "No connection, an error and a refusal are notes, not exceptions: the picture matters more"
    assert "did not answer" in WebDirectory("http://127.0.0.1:9/{user_id}", limits=QUICK).lookup("1").note
    for status in (401, 500, 418):
        with scripted(lambda h, n, status=status: send(h, status)) as server:
            found = WebDirectory(server.base + "/{user_id}", limits=QUICK).lookup("1")
        assert found.note == f"the directory answered with HTTP {status}"


def test_shows_text_from_outside_as_text():
    "Markup in a name does not become markup in the notebook"
    page = b"<div class='h-card'><b class='p-name'>&lt;img src=x onerror=alert(1)&gt;</b> 007</div>"
    shown = look_up(page)._repr_html_()
    assert "<img src=x" not in shown
    assert "&lt;img src=x" in shown


def test_an_address_that_cannot_work_is_a_settings_error():
    "Without {user_id}, without a scheme or with a password in it, before any request"
    for address in (
        "https://people.example/",
        "people.example/{user_id}",
        "https://me:secret@h.example/{user_id}",
    ):
        with pytest.raises(errors.SettingsError) as caught:
            WebDirectory(address)
        assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("directory", "log", "same"),
    [
        ("Priya Raman", "Raman, Priya", True),
        ("Zoë Lindqvist", "zoe LINDQVIST", True),
        ("Ana Maria Silva", "Ana Silva", True),
        ("Priya Raman", "", True),
        ("", "Karl Other", False),
        ("Priya Raman", "Karl Other", False),
        ("Priya Raman", "Priya Rao", False),
    ],
)
def test_whether_two_names_may_be_one_person(directory, log, same):
    "Order, case, accents and further names do not matter; another family name does"
    assert Cardholder("1", directory).is_named(log) is same


def test_a_card_says_if_the_badge_log_gives_another_name():
    "A badge that was given to somebody else since then"
    html = cardholder_html(Cardholder("1", "Priya Raman"), "Karl <Other>")
    assert "the badge log gives the name Karl &lt;Other&gt;" in html
    assert "badge log" not in cardholder_html(Cardholder("1", "Priya Raman"), "RAMAN Priya")
    unknown = Cardholder("1", note="not in the directory")
    assert "the badge log gives the name Maria" in cardholder_html(unknown, "Maria")


@pytest.mark.parametrize("around", ["header", "nav", "footer", "div role=search"])
def test_a_search_box_that_is_on_every_page_is_no_obstacle(around):
    "Around the content, where sites have it"
    box = f"<{around}><form><input name=q></form></{around.split()[0]}>"
    assert look_up(f"{box}<h1>Ann Lee</h1><p>007</p>".encode()).name == "Ann Lee"
    assert look_up(b"<form><input name=q></form><h1>Ann Lee</h1><p>007</p>").note.startswith(
        "the page has a form"
    )
