"""The last cell of a notebook."""

from __future__ import annotations

import pandas as pd
import pytest

from camkit.badges import load_badges
from camkit.checks import check
from camkit.errors import InputError
from tests.conftest import ROOT


def test_says_that_all_is_in_order(capsys):
    "Of a sample without a fault"
    check(load_badges(ROOT / "data/sample_badges.csv"))
    assert capsys.readouterr().out == "All in order.\n"


def test_names_every_problem_of_every_result(capsys):
    "One line each"
    devices = pd.DataFrame({"row_problem": [None, "no id", None, "no status"]})
    check(load_badges(ROOT / "data/sample_badges.csv"), devices)
    assert capsys.readouterr().out == "- Device at position 1: no id.\n- Device at position 3: no status.\n"


@pytest.mark.parametrize(
    ("odd", "said"), [(3, "no int"), ("log", "no str"), (pd.DataFrame(), "list of devices")]
)
def test_refuses_what_is_no_result(odd, said):
    "With a word of what it takes"
    with pytest.raises(InputError, match=said):
        check(odd)
