"""What a notebook answers about a file that it wrote."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from camkit.case import Case, link
from camkit.errors import InputError
from tests.conftest import ROOT
from tests.support.cases import made_up


@pytest.fixture
def case(tmp_path):
    "A case with a name that an address cannot have as it is"
    with Case(tmp_path / "front door & <b>") as case:
        case.add_events(made_up(1))
        yield case


def test_a_report_is_a_path_and_a_link_from_the_notebooks_folder(case):
    "Relative, so that nothing of the machine is in a stored notebook; the link leads to the file"
    path = case.report()
    shown = link(path)
    assert repr(shown) == os.path.relpath(path)
    anchor = BeautifulSoup(shown._repr_html_(), "html.parser").a
    assert anchor.text == os.path.relpath(path)
    assert anchor["href"].endswith("/front%20door%20%26%20%3Cb%3E/report.html")


@pytest.mark.not_quick
def test_a_bag_says_its_hash_and_the_seal_to_note(case):
    "Both as they are in the file"
    path = case.export()
    lines = repr(link(path)).splitlines()
    assert lines[1:3] == [
        f"SHA-256: {hashlib.sha256(path.read_bytes()).hexdigest()}",
        f"Seal: {case.seal()}",
    ]
    assert case.seal() in link(path)._repr_html_()


def test_a_file_that_is_not_there_is_an_input_error():
    "Said in a sentence"
    with pytest.raises(InputError, match="There is no file"):
        link(Path(ROOT) / "no-such-report.html")
