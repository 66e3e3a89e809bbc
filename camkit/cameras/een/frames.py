"""One preview frame, read from an answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Self

from camkit.cameras.een.formats import een_time
from camkit.http import Reply
from camkit.support.jpeg import BadImage, check_ends, check_jpeg


@dataclass(frozen=True)
class ReceivedFrame:
    """One preview image as it arrived: it has a time, and begins and ends like a JPEG, but was not decoded.

    Attributes
    ----------
    at : datetime.datetime
        The vendor's time of the frame, UTC-aware.
    sha256 : str
        Of the content, hexadecimal.
    prev, next : str or None
        The neighbouring frames as the server names them, where it does: by a timestamp (API v1) or a token (v3).
    """

    camera_id: str
    at: datetime
    sha256: str
    prev: str | None
    next: str | None
    reply: Reply = field(repr=False)

    @property
    def timestamp(self) -> str:
        """The vendor's time as files are named by it, ``YYYYMMDDhhmmss.mmm``, UTC."""
        return een_time(self.at)

    @property
    def content(self) -> bytes:
        """The bytes, unchanged."""
        return self.reply.content

    @classmethod
    def read(cls, camera_id: str, reply: Reply, at: datetime, prev: str | None, next: str | None) -> Self:
        """Make a frame of an answer that has a time; raise `BadResponse` if it does not have a picture."""
        _require(check_jpeg if issubclass(cls, Frame) else check_ends, reply)
        digest = sha256(reply.content).hexdigest()
        return cls(camera_id, at, digest, prev, next, reply)

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
