"""Every row of the table: the kit says what happened, and goes on."""

from __future__ import annotations

import re
from importlib import import_module

import pytest

from tests.adversaries.desk import make_desk
from tests.adversaries.rows import ROWS

for _module in ("file_manager", "insider", "outsiders"):
    import_module(f"tests.adversaries.{_module}")


@pytest.fixture
def desk(tmp_path):
    "A finished case"
    desk = make_desk(tmp_path / "front-door")
    yield desk
    desk.case.close()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.who} {row.does}")
def test_what_the_kit_says(desk, row):
    "In camkit's own words, never a raw error"
    said = row.attack(desk)
    assert re.search(row.says, said), said


def test_the_table_is_as_long_as_promised():
    "At least forty attacks, each of its own"
    assert len({(row.who, row.does) for row in ROWS}) == len(ROWS) >= 40
