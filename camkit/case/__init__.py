"""A case: what was looked at, what was found, and what proves it, in one folder."""

from camkit.case.case import Case
from camkit.case.decisions import Verdict
from camkit.case.verify import Verification

__all__ = ["Case", "Verdict", "Verification"]
