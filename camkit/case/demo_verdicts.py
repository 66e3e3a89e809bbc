"""Verdicts for a case of the demo site, so that its report shows what a finished one looks like."""

from __future__ import annotations

from typing import Any

from camkit.case.case import Case
from camkit.case.decisions import Verdict
from camkit.case.sources import Asked
from camkit.demo.world.story import FIRST_ROWS

REVIEWER = "Demo reviewer"
"""The invented person who gives them."""

_VERDICTS = {
    "match": Verdict.MATCH,
    "clock_offset": Verdict.MATCH,
    "borrowed": Verdict.MISMATCH,
    "tailgating": Verdict.SEVERAL,
    "empty": Verdict.NOBODY,
    "camera_off": Verdict.NO_PICTURE,
}
"""What is to be seen in the drawn pictures, by the kind of the story's event."""


def add_demo_verdicts(case: Case, site: Asked) -> None:
    """Give the verdicts of an invented reviewer on the first events of the sample log, if this is the demo site.

    Each is true to the drawn picture, and where somebody else is to be seen, a note says who. An event that has a
    verdict of anybody already gets none, nor does an event of another log. With a real account, nothing happens.

    Parameters
    ----------
    case : Case
        With the events and their pictures.
    site : Site
        As `camkit.connect` returns it.

    Raises
    ------
    CaseError
        If the case cannot be added to.
    """
    if not site.is_demo:
        return
    story = {(row.time, row.cardholder_id, row.reader_id): row for row in FIRST_ROWS}
    with Case(case.folder, operator=REVIEWER, make=False) as reviewed:
        undecided, labels = reviewed.undecided(), reviewed.labels()
        event: Any  # a row, of whose columns pandas' types know nothing
        for event in undecided.itertuples():
            told = story.get((event.event_time.to_pydatetime(), event.cardholder_id, event.reader_id))
            verdict = labels.get(_VERDICTS[told.kind]) if told else None
            if told and verdict and verdict.needs_picture == (event.result == "picture"):
                note = None if verdict.name == Verdict.MATCH else told.sentence
                reviewed.record_verdict(event.Index, verdict.name, note)
