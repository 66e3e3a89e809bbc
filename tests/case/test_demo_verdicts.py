"""The demo's case comes with verdicts; nobody else's does."""

from __future__ import annotations

import pytest

from camkit.case import Case, add_demo_verdicts
from camkit.demo.world.story import FIRST_ROWS, STRANGER
from camkit.site import Site, demo_site
from tests.support.cases import look, made_up, picked_at_doors

pytestmark = pytest.mark.not_quick


@pytest.fixture
def case(tmp_path, demo):
    "A case of the picked events, with what the demo site's cameras saw"
    with Case(tmp_path / "front-door", operator="R. Investigator") as case:
        case.add_events(picked_at_doors())
        case.add_snapshots(look(demo))
        yield case


@pytest.fixture
def site(demo):
    "The demo site, as a notebook knows it"
    with demo_site(demo.info) as site:
        yield site


def test_the_demos_case_is_decided_as_its_pictures_show(case, site):
    "By who is in them according to the story: the holder, somebody else, more than one, nobody; or no camera"
    add_demo_verdicts(case, site)
    events = case.events()
    assert case.undecided().empty
    for label, told in enumerate(FIRST_ROWS):
        verdict = events.loc[label, "verdict"]
        if told.kind == "camera_off":
            assert verdict == "no_picture"
        else:
            holder_only = (told.cardholder_id,)
            expected = {(): "nobody", holder_only: "match", (told.cardholder_id, STRANGER): "several"}
            assert verdict == expected.get(told.seen, "mismatch")
    assert set(events["verdict"]) == {"match", "mismatch", "several", "nobody", "no_picture"}
    assert "David Cohen" in events.loc[1, "note"]
    assert events["note"].notna().tolist() == [
        told.kind in ("borrowed", "tailgating", "empty") for told in FIRST_ROWS
    ]
    assert set(events["operator"]) == {"Demo reviewer"}


def test_a_verdict_that_somebody_gave_stands_alone(case, site):
    "Also when it differs; and a second run adds nothing"
    case.record_verdict(0, "unclear")
    case.exclude(1, "picked by mistake")
    add_demo_verdicts(case, site)
    assert case.events().loc[0, "verdict"] == "unclear"
    assert 1 not in case.decisions()
    before = case.seal()
    add_demo_verdicts(case, site)
    assert case.seal() == before


def test_with_a_real_account_nothing_happens(case):
    "Nor with the demo site for events of another log"
    before = case.seal()
    add_demo_verdicts(case, Site())
    assert case.seal() == before


def test_events_of_another_log_get_no_verdict(tmp_path, site):
    "Only those of the sample are known"
    with Case(tmp_path / "other") as case:
        case.add_events(made_up(2))
        add_demo_verdicts(case, site)
        assert case.decisions() == {}
