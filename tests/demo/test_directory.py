"""The demo's web directory, over HTTP."""

from __future__ import annotations

import io
from urllib.parse import urljoin

import pytest
import requests
from bs4 import BeautifulSoup
from PIL import Image

from camkit.demo.launch import DemoProcess
from camkit.demo.world.people import PEOPLE


def page(demo: DemoProcess, user_id: str) -> tuple[requests.Response, BeautifulSoup]:
    answer = requests.get(demo.info["directory"].format(user_id=user_id), timeout=10)
    return answer, BeautifulSoup(answer.text, "html.parser")


@pytest.mark.parametrize("person", PEOPLE, ids=lambda person: person.user_id)
def test_page_is_marked_up_as_a_person(demo, person):
    "Each cardholder's page is a schema.org Person with name, number, title, department and image"
    _, soup = page(demo, person.user_id)
    scope = soup.find(itemtype="https://schema.org/Person")
    found = {
        name: scope.find(itemprop=name).get_text(strip=True)
        for name in ("name", "identifier", "jobTitle", "department")
    }
    assert found == {
        "name": person.name,
        "identifier": person.user_id,
        "jobTitle": person.title,
        "department": person.department,
    }


def test_photo_is_beside_the_page(demo):
    "The image's relative address leads to a portrait"
    answer, soup = page(demo, "00071234")
    photo = requests.get(urljoin(answer.url, soup.find(itemprop="image")["src"]), timeout=10)
    assert photo.headers["content-type"] == "image/jpeg"
    assert Image.open(io.BytesIO(photo.content)).size == (320, 400)


@pytest.mark.parametrize("user_id", ["86549999", "71234", "%3Cb%3E"])
def test_unknown_number_is_a_404_page(demo, user_id):
    "An unknown number gets a page that says so, with the number as text; leading zeros matter"
    answer = requests.get(demo.info["directory"].format(user_id=user_id), timeout=10)
    assert answer.status_code == 404
    assert "no entry" in answer.text
    assert "<b>" not in answer.text


def test_unknown_photo_is_404(demo):
    "An unknown number has no photo"
    answer = requests.get(demo.info["directory"].format(user_id="86549999") + "/photo.jpg", timeout=10)
    assert answer.status_code == 404


def test_front_page_says_what_this_is(demo):
    "The front page says that this is a demo, and lists the people"
    text = requests.get(demo.info["een"] + "/", timeout=10).text
    assert "demo" in text
    assert all(person.user_id in text for person in PEOPLE)
