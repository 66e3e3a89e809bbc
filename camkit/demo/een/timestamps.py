"""Eagle Eye timestamps: ``YYYYMMDDhhmmss.mmm``, UTC.

Source: EENCloud/api-docs, "Images and video", timestamps.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_ABSOLUTE = re.compile(r"\d{14}\.\d{3}", re.ASCII)
_RELATIVE = re.compile(r"[+-]\d{1,15}", re.ASCII)


@dataclass(frozen=True)
class RequestedTime:
    """The time that a request asks for.

    Attributes
    ----------
    moment : datetime.datetime
        UTC-aware.
    is_now : bool
        Whether the request says ``now``.
    relative : bool
        Whether it is ``now`` or an offset from it; then the answer must not be cached.
    """

    moment: datetime
    is_now: bool = False
    relative: bool = False


def format_timestamp(moment: datetime) -> str:
    """Format a moment as the vendor does, truncated to milliseconds."""
    return f"{moment.astimezone(UTC):%Y%m%d%H%M%S}.{moment.microsecond // 1000:03d}"


def parse_timestamp(text: str, now: datetime) -> RequestedTime:
    """Parse a timestamp parameter: absolute, ``now``, or an offset from now in milliseconds (``-5000``).

    Raises
    ------
    ValueError
        If it is none of these.
    """
    if text == "now":
        return RequestedTime(now, is_now=True, relative=True)
    try:
        if _RELATIVE.fullmatch(text):
            return RequestedTime(now + timedelta(milliseconds=int(text)), relative=True)
        if _ABSOLUTE.fullmatch(text):
            return RequestedTime(datetime.strptime(text + "+0000", "%Y%m%d%H%M%S.%f%z"))
    except OverflowError:
        pass
    raise ValueError(f"not a timestamp: {text!r}")
