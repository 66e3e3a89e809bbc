"""One preview frame, read from an answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Self

from camkit.cameras.een.formats import asset_time, parse_een_time
from camkit.http import Reply
from camkit.support.jpeg import BadImage, check_ends, check_jpeg


@dataclass(frozen=True)
class ReceivedFrame:
    """One preview image as it arrived: it has a time, and begins and ends like a JPEG, but was not decoded.

    Attributes
    ----------
    timestamp : str
        The vendor's time of the frame, ``YYYYMMDDhhmmss.mmm``, UTC.
    at : datetime.datetime
        The same, UTC-aware.
    sha256 : str
        Of the content, hexadecimal.
    prev, next : str or None
        The neighbouring frames' timestamps where the server knows them.
    """

    camera_id: str
    timestamp: str
    at: datetime
    sha256: str
    prev: str | None
    next: str | None
    reply: Reply = field(repr=False)

    @property
    def content(self) -> bytes:
        """The bytes, unchanged."""
        return self.reply.content

    @classmethod
    def from_reply(cls, camera_id: str, reply: Reply) -> Self:
        """Read a frame from an answer; raise `BadResponse` if it is not one."""
        _require(check_jpeg if issubclass(cls, Frame) else check_ends, reply)
        timestamp = asset_time(reply, "x-ee-timestamp") or ""
        return cls(
            camera_id=camera_id,
            timestamp=timestamp,
            at=parse_een_time(timestamp),
            sha256=sha256(reply.content).hexdigest(),
            prev=asset_time(reply, "x-ee-prev"),
            next=asset_time(reply, "x-ee-next"),
            reply=reply,
        )

    def check(self) -> Frame:
        """Decode the picture and return the proven frame; raise `BadResponse` if it is damaged."""
        _require(check_jpeg, self.reply)
        return Frame(**vars(self))


class Frame(ReceivedFrame):
    """One preview image of one camera, checked: a whole JPEG with a time."""


def _require(check: Callable[[bytes, str], object], reply: Reply) -> None:
    try:
        check(reply.content, reply.content_type)
        return
    except BadImage as error:
        problem = str(error)
    raise reply.bad(f"did not send a picture: {problem}")
