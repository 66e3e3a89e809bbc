"""camkit: see who really came through the door.

Badge events, camera snapshots (Cisco Meraki, Eagle Eye Networks) and directory photos, side by side in a
notebook. Every public name is here; each is loaded when it is first used, so that importing camkit
costs next to nothing and changes nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_WHERE = {
    "connect": "camkit.site",
    "Site": "camkit.site",
    "load_badges": "camkit.badges",
    "BadgeLog": "camkit.badges",
    "flag_events": "camkit.flags",
    "EventPicker": "camkit.widgets",
    "load_doors": "camkit.doors",
    "snapshots_for": "camkit.snapshots",
    "Snapshot": "camkit.snapshots",
    "Snapshots": "camkit.snapshots",
    "SnapshotSource": "camkit.snapshots",
    "Outcome": "camkit.snapshots",
    "usable_cameras": "camkit.een",
    "download_previews": "camkit.download",
    "DownloadRun": "camkit.runs",
    "probe_cameras": "camkit.probe",
    "check": "camkit.checks",
    "DeviceStatus": "camkit.status",
    "OverallStatus": "camkit.status",
    "decode_status": "camkit.status",
    "overall_status": "camkit.status",
    "explain_status": "camkit.status",
    "explained_by_status": "camkit.status",
    "ReviewPanel": "camkit.review.panel",
    "Case": "camkit.case",
    "Verdict": "camkit.case",
    "estimate_clock_offset": "camkit.clocks",
    "CamkitError": "camkit.errors",
}

__all__ = [*_WHERE, "__version__", "errors", "plots"]

if TYPE_CHECKING:
    from camkit import errors as errors
    from camkit import plots as plots
    from camkit.badges import BadgeLog as BadgeLog
    from camkit.badges import load_badges as load_badges
    from camkit.case import Case as Case
    from camkit.case import Verdict as Verdict
    from camkit.checks import check as check
    from camkit.clocks import estimate_clock_offset as estimate_clock_offset
    from camkit.doors import load_doors as load_doors
    from camkit.download import download_previews as download_previews
    from camkit.een import usable_cameras as usable_cameras
    from camkit.errors import CamkitError as CamkitError
    from camkit.flags import flag_events as flag_events
    from camkit.probe import probe_cameras as probe_cameras
    from camkit.review.panel import ReviewPanel as ReviewPanel
    from camkit.runs import DownloadRun as DownloadRun
    from camkit.site import Site as Site
    from camkit.site import connect as connect
    from camkit.snapshots import Outcome as Outcome
    from camkit.snapshots import Snapshot as Snapshot
    from camkit.snapshots import Snapshots as Snapshots
    from camkit.snapshots import SnapshotSource as SnapshotSource
    from camkit.snapshots import snapshots_for as snapshots_for
    from camkit.status import DeviceStatus as DeviceStatus
    from camkit.status import OverallStatus as OverallStatus
    from camkit.status import decode_status as decode_status
    from camkit.status import explain_status as explain_status
    from camkit.status import explained_by_status as explained_by_status
    from camkit.status import overall_status as overall_status
    from camkit.widgets import EventPicker as EventPicker


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
