"""The last cell of a notebook."""

from __future__ import annotations

import pandas as pd
import pytest

from camkit import check
from camkit.cameras.een.v1.devices import table_of_rows
from camkit.errors import InputError


class Result:
    """A result with problems."""

    def __init__(self, *found: str) -> None:
        self.found = list(found)

    def problems(self) -> list[str]:
        "Those it was created with"
        return self.found


def test_names_every_problem_of_every_result(capsys):
    "All at once, one per line"
    check(Result("one."), Result(), Result("two.", "three."))
    assert capsys.readouterr().out == "- one.\n- two.\n- three.\n"


def test_says_so_if_there_are_no_problems(capsys):
    "Silence would be ambiguous"
    check(Result(), Result())
    assert capsys.readouterr().out == "All in order.\n"


def test_names_the_odd_rows_of_a_device_list(capsys):
    "A row that is too short is named by its position"
    check(table_of_rows([["00014750", "1005f2ed"]]))
    assert capsys.readouterr().out == "- Device at position 1: the row has 2 of at least 26 columns.\n"


def test_refuses_a_table_that_is_not_a_device_list():
    "The message says what it accepts"
    with pytest.raises(InputError, match="list of devices"):
        check(pd.DataFrame({"a": [1]}))


@pytest.mark.parametrize("odd", [3, "log", None])
def test_refuses_anything_else(odd):
    "The message names its type"
    with pytest.raises(InputError, match=f"not {type(odd).__name__}"):
        check(odd)
