"""What the cameras saw: pictures, and a snapshot for each event and camera."""

from camkit.cameras.fetcher import SnapshotFetcher
from camkit.cameras.fetching import snapshots_for
from camkit.cameras.lent import Lendable, borrowed, lend
from camkit.cameras.snapshots import Result, Snapshot, Snapshots
from camkit.cameras.source import Picture, SnapshotSource

__all__ = [
    "Lendable",
    "Picture",
    "Result",
    "Snapshot",
    "SnapshotFetcher",
    "SnapshotSource",
    "Snapshots",
    "borrowed",
    "lend",
    "snapshots_for",
]
