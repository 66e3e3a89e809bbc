"""camkit: see who really came through the door.

Badge events, camera snapshots (Cisco Meraki, Eagle Eye Networks) and directory photos, side by side in a
notebook. Every public name is here; each is loaded when it is first used, so that importing camkit
costs next to nothing and changes nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from camkit._version import __version__ as __version__

_WHERE = {
    "connect": "camkit.site",
    "Site": "camkit.site",
    "load_badges": "camkit.badges",
    "BadgeLog": "camkit.badges",
    "flag_events": "camkit.badges.flags",
    "EventPicker": "camkit.review.picker",
    "load_doors": "camkit.badges.doors",
    "snapshots_for": "camkit.cameras.snapshots",
    "Snapshot": "camkit.cameras.snapshots",
    "Snapshots": "camkit.cameras.snapshots",
    "SnapshotSource": "camkit.cameras.snapshots",
    "Outcome": "camkit.cameras.snapshots",
    "usable_cameras": "camkit.cameras.een",
    "download_previews": "camkit.cameras.een.previews.download",
    "DownloadRun": "camkit.cameras.een.previews.run",
    "probe_cameras": "camkit.cameras.een.probe",
    "check": "camkit.support.check",
    "DeviceStatus": "camkit.cameras.een.status",
    "OverallStatus": "camkit.cameras.een.status",
    "decode_status": "camkit.cameras.een.status",
    "overall_status": "camkit.cameras.een.status",
    "explain_status": "camkit.cameras.een.status",
    "explained_by_status": "camkit.cameras.een.status",
    "ReviewPanel": "camkit.review.panel",
    "Case": "camkit.case",
    "Verdict": "camkit.case",
    "estimate_clock_offset": "camkit.case.clock_offsets",
    "CamkitError": "camkit.errors",
}

__all__ = [*_WHERE, "__version__", "errors", "plots"]

if TYPE_CHECKING:
    from camkit import errors as errors
    from camkit import plots as plots
    from camkit.badges import BadgeLog as BadgeLog
    from camkit.badges import load_badges as load_badges
    from camkit.badges.doors import load_doors as load_doors
    from camkit.badges.flags import flag_events as flag_events
    from camkit.cameras.een import usable_cameras as usable_cameras
    from camkit.cameras.een.previews.download import download_previews as download_previews
    from camkit.cameras.een.previews.run import DownloadRun as DownloadRun
    from camkit.cameras.een.probe import probe_cameras as probe_cameras
    from camkit.cameras.een.status import DeviceStatus as DeviceStatus
    from camkit.cameras.een.status import OverallStatus as OverallStatus
    from camkit.cameras.een.status import decode_status as decode_status
    from camkit.cameras.een.status import explain_status as explain_status
    from camkit.cameras.een.status import explained_by_status as explained_by_status
    from camkit.cameras.een.status import overall_status as overall_status
    from camkit.cameras.snapshots import Outcome as Outcome
    from camkit.cameras.snapshots import Snapshot as Snapshot
    from camkit.cameras.snapshots import Snapshots as Snapshots
    from camkit.cameras.snapshots import SnapshotSource as SnapshotSource
    from camkit.cameras.snapshots import snapshots_for as snapshots_for
    from camkit.case import Case as Case
    from camkit.case import Verdict as Verdict
    from camkit.case.clock_offsets import estimate_clock_offset as estimate_clock_offset
    from camkit.errors import CamkitError as CamkitError
    from camkit.review.panel import ReviewPanel as ReviewPanel
    from camkit.review.picker import EventPicker as EventPicker
    from camkit.site import Site as Site
    from camkit.site import connect as connect
    from camkit.support.check import check as check


def __getattr__(name: str) -> Any:
    if name in ("errors", "plots"):
        return import_module(f"camkit.{name}")
    if name in _WHERE:
        value = getattr(import_module(_WHERE[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'camkit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
