"""A case: what was looked at, what was found, and what proves it, in one folder."""

from camkit.case.case import Case
from camkit.case.clock_estimate import ClockOffsets, estimate_clock_offset
from camkit.case.decisions import MEANINGS, Decision, Verdict
from camkit.case.record import Record
from camkit.case.verify import Verification

__all__ = [
    "MEANINGS",
    "Case",
    "ClockOffsets",
    "Decision",
    "Record",
    "Verdict",
    "Verification",
    "estimate_clock_offset",
]
