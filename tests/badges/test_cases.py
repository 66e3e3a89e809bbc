"""Small exports of real kinds, with what is right: `cases/cases.tsv` says which, and why."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from camkit.badges import load_badges

FOLDER = Path(__file__).with_name("cases")
with (FOLDER / "cases.tsv").open(newline="", encoding="utf-8") as table:
    CASES = list(csv.DictReader(table, delimiter="\t"))


@pytest.mark.parametrize("case", CASES, ids=[case["file"] for case in CASES])
def test_an_export_of_a_real_kind_is_read_right(case: dict[str, str]):
    "The counts, the first event and its cardholder, the outcomes, and what is said of it"
    log = load_badges(FOLDER / case["file"], **json.loads(case["arguments"]))

    tables = (log.events, log.rejected, log.duplicates, log.ignored)
    assert "/".join(str(len(table)) for table in tables) == case["counts"], case["why"]
    assert sum(map(len, tables)) == log.rows_read
    first = log.events.iloc[0]
    assert str(first["event_time"].tz_localize(None)) == case["first_event"], case["why"]
    assert first["cardholder_id"] == case["first_id"], case["why"]
    if case["outcomes"]:
        assert ",".join(log.events["outcome"]) == case["outcomes"], case["why"]
    said = " ".join(log.problems())
    for words in filter(None, case["said"].split("|")):
        assert words in said, case["why"]


def test_every_file_of_the_folder_is_a_case():
    "No case is forgotten in the table"
    assert {path.name for path in FOLDER.iterdir()} == {case["file"] for case in CASES} | {"cases.tsv"}
