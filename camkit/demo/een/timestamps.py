"""Eagle Eye timestamps: ``YYYYMMDDhhmmss.mmm``, UTC.

Source: EENCloud/api-docs, "Images and video", timestamps.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_ABSOLUTE = re.compile(r"\d{14}\.\d{3}")
_RELATIVE = re.compile(r"[+-]\d{1,15}")


@dataclass(frozen=True)
class Asked:
    """The moment a request names.

    Attributes
    ----------
    moment : datetime.datetime
        UTC-aware.
    is_now : bool
        Whether it said ``now``.
    relative : bool
        Whether it is ``now`` or an offset from it, so that the answer must not be cached.
    """

    moment: datetime
    is_now: bool = False
    relative: bool = False


def format_timestamp(moment: datetime) -> str:
    """A moment as the vendor writes it; finer than a millisecond is cut off."""
    return f"{moment.astimezone(UTC):%Y%m%d%H%M%S}.{moment.microsecond // 1000:03d}"


def parse_timestamp(text: str, now: datetime) -> Asked:
    """A timestamp parameter: absolute, ``now``, or an offset from now in milliseconds (``-5000``).

    Raises
    ------
    ValueError
        If it is none of these.
    """
    if text == "now":
        return Asked(now, is_now=True, relative=True)
    try:
        if _RELATIVE.fullmatch(text):
            return Asked(now + timedelta(milliseconds=int(text)), relative=True)
        if _ABSOLUTE.fullmatch(text):
            return Asked(datetime.strptime(text + "+0000", "%Y%m%d%H%M%S.%f%z"))
    except OverflowError:
        pass
    raise ValueError(f"not a timestamp: {text!r}")
