"""A case: what was looked at, what was found, and what proves it, in one folder."""

from camkit.case.case import Case
from camkit.case.clock_offsets import ClockOffsets, estimate_clock_offset
from camkit.case.decisions import MEANINGS, Verdict
from camkit.case.verify import Verification

__all__ = ["MEANINGS", "Case", "ClockOffsets", "Verdict", "Verification", "estimate_clock_offset"]
