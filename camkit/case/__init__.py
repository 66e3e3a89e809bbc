"""A case: what was looked at, what was found, and what proves it, in one folder."""

from camkit.case.case import Case
from camkit.case.clock_estimate import ClockOffsets, estimate_clock_offset
from camkit.case.decisions import (
    DISPUTED,
    TAKE_BACK_S,
    TAKEN_KEYS,
    VERDICTS,
    Decision,
    Verdict,
    VerdictLabel,
    agreed,
    latest_opinions,
)
from camkit.case.demo_verdicts import add_demo_verdicts
from camkit.case.link import FileLink, link
from camkit.case.record import DATABASE, Record
from camkit.case.verify import Verification

__all__ = [
    "DATABASE",
    "DISPUTED",
    "TAKEN_KEYS",
    "TAKE_BACK_S",
    "VERDICTS",
    "Case",
    "ClockOffsets",
    "Decision",
    "FileLink",
    "Record",
    "Verdict",
    "VerdictLabel",
    "Verification",
    "add_demo_verdicts",
    "agreed",
    "estimate_clock_offset",
    "latest_opinions",
    "link",
]
