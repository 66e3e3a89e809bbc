"""What the cameras saw: pictures, and one snapshot for each event."""

from camkit.cameras.snapshots import Outcome, Snapshot, Snapshots, snapshots_for
from camkit.cameras.source import Picture, SnapshotSource

__all__ = ["Outcome", "Picture", "Snapshot", "SnapshotSource", "Snapshots", "snapshots_for"]
