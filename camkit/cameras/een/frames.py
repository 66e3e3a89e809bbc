"""One preview frame: read from an answer, and found nearest to a moment."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256

from camkit.cameras.een.formats import asset_time, parse_een_time
from camkit.errors import BadResponse, NoPicture
from camkit.http import Reply
from camkit.support.jpeg import BadImage, check_ends, check_jpeg


@dataclass(frozen=True)
class _Preview:
    """What `Frame` and `ReceivedFrame` have in common."""

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


class Frame(_Preview):
    """One preview image of one camera, checked: a whole JPEG with a time.

    Attributes
    ----------
    timestamp : str
        The vendor's time of the frame, ``YYYYMMDDhhmmss.mmm``, UTC.
    at : datetime.datetime
        The same, UTC-aware.
    content : bytes
        The JPEG, unchanged.
    sha256 : str
        Of the content, hexadecimal.
    prev, next : str or None
        The neighbouring frames' timestamps where the server knows them.
    """


class ReceivedFrame(_Preview):
    """One preview image as it arrived: it has a time, and begins and ends like a JPEG, but was not decoded."""

    @classmethod
    def from_reply(cls, camera_id: str, reply: Reply) -> ReceivedFrame:
        """Read a frame from an answer; raise `BadResponse` if it is not like one."""
        _require(check_ends, reply)
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


def _require(check: Callable[[bytes, str], object], reply: Reply) -> None:
    try:
        check(reply.content, reply.content_type)
        return
    except BadImage as error:
        problem = str(error)
    raise reply.bad(f"did not send a picture: {problem}")


def nearest_frame(
    fetch: Callable[[datetime, str], Frame], camera_id: str, at: datetime, tolerance_s: float
) -> Frame:
    """Find the frame nearest to a moment: the last one before it, or the first one after; see `EagleEye.snapshot`.

    `fetch` returns a camera's frame for a moment and a verb, ``prev`` or ``after``; it raises `NoPicture` if there
    is none.
    """
    found: list[Frame] = []
    refused: NoPicture | None = None
    # One millisecond later, because the vendor does not say whether `prev` includes the moment itself.
    for verb, moment in (("prev", at + timedelta(milliseconds=1)), ("after", at)):
        if found and not _next_may_be_nearer(found[0], at):
            break
        try:
            found.append(fetch(moment, verb))
        except NoPicture as error:
            refused = refused or error
    nearest = min(found, key=lambda frame: abs(frame.at - at), default=None)
    if nearest is not None and abs(nearest.at - at) <= timedelta(seconds=tolerance_s):
        return nearest
    said = refused.said if refused else ""
    if nearest is not None:
        near = f"the nearest is {abs(nearest.at - at).total_seconds():.0f} s away"
    else:
        near = f"it said {said!r}" if said else "it has none at all"
    raise NoPicture(
        f"Camera {camera_id} has no frame within {tolerance_s:g} s of {at:%Y-%m-%d %H:%M:%S} UTC: {near}.",
        url=refused.url if refused else None,
        status=refused.status if refused else None,
        said=said,
    )


def _next_may_be_nearer(before: Frame, at: datetime) -> bool:
    """Whether the frame after `before`, if there is one, may be nearer to the moment."""
    distance = abs(before.at - at)
    with suppress(BadResponse):  # a hint that cannot be read is ignored
        if before.next:
            return parse_een_time(before.next) - at < distance
    return bool(distance)
