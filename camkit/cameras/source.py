"""One image as it arrived, and what a vendor's client offers to fetch it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, runtime_checkable

from camkit.http import Reply


@dataclass(frozen=True)
class Picture:
    """One image as it arrived, and how it was fetched.

    Attributes
    ----------
    vendor, camera_id : str
        The camera that it is from.
    content : bytes
        The JPEG, unchanged.
    sha256 : str
        Of `content`, hexadecimal.
    requested_at : datetime.datetime
        The moment asked for, UTC-aware.
    captured_at : datetime.datetime or None
        The moment the vendor says it shows; None where the vendor does not say (Meraki).
    replies : tuple of camkit.http.Reply
        The answers that led to it, in order, without secrets.
    is_demo : bool
        Whether it was drawn by the built-in demo site and shows nobody.
    """

    vendor: str
    camera_id: str
    content: bytes = field(repr=False)
    sha256: str
    requested_at: datetime
    captured_at: datetime | None
    replies: tuple[Reply, ...] = field(repr=False, default=())
    is_demo: bool = False


@runtime_checkable
class SnapshotSource(Protocol):
    """What a vendor's client offers: the picture of one camera at one moment."""

    vendor: str

    def snapshot(self, camera_id: str, at: datetime) -> Picture:
        """Fetch it; raise `NoPicture` if there is none, another `ServiceError` if the service failed."""
        ...
