"""camkit: see who really came through the door.

Badge events, camera snapshots (Cisco Meraki, Eagle Eye Networks) and directory photos, side by side in a
notebook. Every public name is here; each is loaded when it is first used, so that importing camkit
costs next to nothing and changes nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from camkit._version import __version__

if TYPE_CHECKING:
    from camkit import errors, plots
    from camkit.badges import BadgeLog, DoorEvent, DoorEvents, flag_events, load_badges, load_doors, resolve
    from camkit.badges.stored import StoredLog, open_log, store_badges
    from camkit.cameras import Result, Snapshot, Snapshots, SnapshotSource, snapshots_for
    from camkit.cameras.een import (
        DeviceStatus,
        OverallStatus,
        StatusHistory,
        decode_status,
        explain_missing,
        explain_status,
        explained_by_status,
        overall_status,
        probe_cameras,
        usable_cameras,
    )
    from camkit.cameras.een.previews import DownloadRun, FleetRun, download_fleet, download_previews
    from camkit.case import (
        VERDICTS,
        Case,
        Verdict,
        VerdictLabel,
        add_demo_verdicts,
        estimate_clock_offset,
        link,
    )
    from camkit.directory import load_directory
    from camkit.errors import CamkitError
    from camkit.investigation import Investigation, load_investigation
    from camkit.review import EventPicker, ImportDialog, ReviewPanel
    from camkit.site import Site, connect
    from camkit.support.check import check
    from camkit.support.notebook import notebook_defaults

__all__ = ["CamkitError", "__version__", "check", "errors", "notebook_defaults", "plots"]
__all__ += ["BadgeLog", "DoorEvent", "DoorEvents", "flag_events", "load_badges", "load_doors", "resolve"]
__all__ += ["StoredLog", "open_log", "store_badges"]
__all__ += ["Result", "Snapshot", "SnapshotSource", "Snapshots", "snapshots_for"]
__all__ += [
    "DeviceStatus",
    "OverallStatus",
    "StatusHistory",
    "decode_status",
    "explain_missing",
    "explain_status",
]
__all__ += ["explained_by_status", "overall_status", "probe_cameras", "usable_cameras"]
__all__ += ["DownloadRun", "FleetRun", "download_fleet", "download_previews"]
__all__ += ["Site", "connect", "load_directory"]
__all__ += [
    "VERDICTS",
    "Case",
    "Verdict",
    "VerdictLabel",
    "add_demo_verdicts",
    "estimate_clock_offset",
    "link",
]
__all__ += ["Investigation", "load_investigation"]
__all__ += ["EventPicker", "ImportDialog", "ReviewPanel"]

_ROOMS = (
    "errors support.check support.notebook badges badges.stored directory cameras cameras.een cameras.een.previews "
    "site investigation case review"
).split()
"""Where the names are, in the order in which they are looked for: what imports most comes last."""


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'camkit' has no attribute {name!r}")
    if name in ("errors", "plots"):
        return import_module(f"camkit.{name}")
    rooms = (import_module(f"camkit.{room}") for room in _ROOMS)
    globals()[name] = value = next(getattr(room, name) for room in rooms if hasattr(room, name))
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
