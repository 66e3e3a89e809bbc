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
    "flag_events": "camkit.badges",
    "EventPicker": "camkit.review",
    "load_doors": "camkit.badges",
    "resolve": "camkit.badges",
    "DoorEvent": "camkit.badges",
    "DoorEvents": "camkit.badges",
    "snapshots_for": "camkit.cameras",
    "Snapshot": "camkit.cameras",
    "Snapshots": "camkit.cameras",
    "SnapshotSource": "camkit.cameras",
    "Result": "camkit.cameras",
    "usable_cameras": "camkit.cameras.een",
    "download_previews": "camkit.cameras.een.previews",
    "DownloadRun": "camkit.cameras.een.previews",
    "probe_cameras": "camkit.cameras.een",
    "check": "camkit.support.check",
    "DeviceStatus": "camkit.cameras.een",
    "OverallStatus": "camkit.cameras.een",
    "decode_status": "camkit.cameras.een",
    "overall_status": "camkit.cameras.een",
    "explain_status": "camkit.cameras.een",
    "explained_by_status": "camkit.cameras.een",
    "ReviewPanel": "camkit.review",
    "Case": "camkit.case",
    "Verdict": "camkit.case",
    "estimate_clock_offset": "camkit.case",
    "CamkitError": "camkit.errors",
}

__all__ = [*_WHERE, "__version__", "errors", "plots"]

if TYPE_CHECKING:
    from camkit import errors as errors
    from camkit import plots as plots
    from camkit.badges import BadgeLog as BadgeLog
    from camkit.badges import DoorEvent as DoorEvent
    from camkit.badges import DoorEvents as DoorEvents
    from camkit.badges import flag_events as flag_events
    from camkit.badges import load_badges as load_badges
    from camkit.badges import load_doors as load_doors
    from camkit.badges import resolve as resolve
    from camkit.cameras import Result as Result
    from camkit.cameras import Snapshot as Snapshot
    from camkit.cameras import Snapshots as Snapshots
    from camkit.cameras import SnapshotSource as SnapshotSource
    from camkit.cameras import snapshots_for as snapshots_for
    from camkit.cameras.een import DeviceStatus as DeviceStatus
    from camkit.cameras.een import OverallStatus as OverallStatus
    from camkit.cameras.een import decode_status as decode_status
    from camkit.cameras.een import explain_status as explain_status
    from camkit.cameras.een import explained_by_status as explained_by_status
    from camkit.cameras.een import overall_status as overall_status
    from camkit.cameras.een import probe_cameras as probe_cameras
    from camkit.cameras.een import usable_cameras as usable_cameras
    from camkit.cameras.een.previews import DownloadRun as DownloadRun
    from camkit.cameras.een.previews import download_previews as download_previews
    from camkit.case import Case as Case
    from camkit.case import Verdict as Verdict
    from camkit.case import estimate_clock_offset as estimate_clock_offset
    from camkit.errors import CamkitError as CamkitError
    from camkit.review import EventPicker as EventPicker
    from camkit.review import ReviewPanel as ReviewPanel
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
